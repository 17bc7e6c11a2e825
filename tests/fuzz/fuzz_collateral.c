/*
 * Collateral from anybody, and its parts by themselves: the first byte says which. Signatures are
 * taken as good, so that what comes after them is reached.
 */
#include "attest/docs.h"
#include "attest/verify.h"
#include "crypto/hash.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool yes(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64])
{
    (void)key;
    (void)digest;
    (void)sig;
    return true;
}

static void hash(struct str bytes, uint8_t out[32])
{
    struct hash256 h = sha256(bytes);

    memcpy(out, h.b, sizeof h.b);
}

static const struct attest_crypto gullible = {.p256_verify = yes, .sha256 = hash};

static void whole(struct str text, struct arena *a)
{
    struct collateral *c = arena_new(a, struct collateral);
    struct attest_verdict *v = arena_new(a, struct attest_verdict);
    struct attest_input in = {.collateral = c, .at = 1751624191, .crypto = &gullible};

    if (collateral_read(text, a, c, NULL) == ERR_OK)
        attest_check_collateral(&in, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct str in = str_skip(str_from(data, size), 1);
    struct cert_chain *chain;
    struct x509_cert cert;
    struct x509_crl crl;
    struct pck pck;

    if (!size)
        return 0;
    chain = arena_new(&a, struct cert_chain);
    switch (data[0]) {
    case 'c':
        if (x509_cert_read(in, &cert))
            BUG_ON(cert.der.len != in.len);
        break;
    case 'r':
        if (x509_crl_read(in, &crl))
            (void)x509_crl_has(&crl, in);
        break;
    case 'p':
        if (chain_read(in, &a, chain))
            BUG_ON(!chain->n || chain->n > PEM_CERTS_MAX);
        break;
    case 'e':
        (void)!pck_read(in, &pck);
        break;
    case 't':
        (void)tcb_info_read(in, arena_new(&a, struct tcb_info));
        break;
    case 'q':
        (void)qe_identity_read(in, arena_new(&a, struct qe_identity));
        break;
    default:
        whole(str_from(data, size), &a);
    }
    arena_release(&a);
    return 0;
}
