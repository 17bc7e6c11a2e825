/* Keccak, SHA-3 and RIPEMD-160 against published values, and around the edges of their blocks. */
#include <string.h>

#include "codec/hex.h"
#include "crypto/keccak.h"
#include "crypto/ripemd160.h"
#include "test.h"

static void is(const uint8_t *got, size_t n, const char *want)
{
    struct buf b = BUF_INIT(256);

    hex_put(&b, got, n);
    assert_buf(b, want);
    buf_release(&b);
}

static void published(void **state)
{
    uint8_t o[64];

    (void)state;
    keccak256(STR(""), o);
    is(o, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    keccak512(STR(""), o);
    is(o, 64,
       "0eab42de4c3ceb9235fc91acffe746b29c29a8c366b7c60e4e67c466f36a4304"
       "c00fa9caf9d87976ba469bcbe06713b435f091ef2769fb160cdab33d3670680e");
    sha3_256(STR("abc"), o);
    is(o, 32, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    sha3_384(STR("abc"), o);
    is(o, 48,
       "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
       "98d88cea927ac7f539f1edf228376d25");
    sha3_512(STR("abc"), o);
    is(o, 64,
       "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
       "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
    ripemd160(STR(""), o);
    is(o, 20, "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    ripemd160(STR("abcdefghijklmnopqrstuvwxyz"), o);
    is(o, 20, "f71c27109c692c1b56bbdceb5b9d2865b3708dbc");
    ripemd160(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), o);
    is(o, 20, "b0e20b6e3116640286ed3a87a5713079b21f5189");
}

/* Around the block: values from OpenSSL and hashlib. */
static void block_edges(void **state)
{
    char a[300];
    uint8_t o[64];

    (void)state;
    memset(a, 'a', sizeof a);
    sha3_384(str_from(a, 300), o);
    is(o, 48,
       "710407a09900e031ccc8fd2dfa11b67a5f2e22bd877dc3506f545577bfa92b27"
       "e71dbc9403345c1708ba180572e3eaed");
    sha3_256(str_from(a, 136), o);
    is(o, 32, "3fc5559f14db8e453a0a3091edbd2bc25e11528d81c66fa570a4efdcc2695ee1");
    sha3_256(str_from(a, 135), o);
    is(o, 32, "8094bb53c44cfb1e67b7c30447f9a1c33696d2463ecc1d9c92538913392843c9");
    ripemd160(str_from(a, 55), o);
    is(o, 20, "0d8a8c9063a48576a7c97e9f95253a6e53ff6765");
    ripemd160(str_from(a, 56), o);
    is(o, 20, "e72334b46c83cc70bef979e15453706c95b888be");
    ripemd160(str_from(a, 64), o);
    is(o, 20, "9dfb7d374ad924f3f88de96291c33e9abed53e32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published),
        cmocka_unit_test(block_edges),
    };

    return cmocka_run_group_tests_name("hashes of the chain", tests, NULL, NULL);
}
