/* test_keyring.c — the master's file, epochs, and the questions that a keyholder answers. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "base/file.h"
#include "crypto/ecies.h"
#include "keyholder/serve.h"

#define SEED STR("project:alice.near/app:alice.near")

static char dir[64], master[128], key[128], phrase[128], copy[128];

static int set_up(void **state)
{
    struct buf b = BUF_OVER(dir);

    (void)state;
    buf_addz(&b, "/tmp/test-keyring-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(master, sizeof(master), "%s/master", dir);
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(phrase, sizeof(phrase), "%s/phrase", dir);
    snprintf(copy, sizeof(copy), "%s/copy", dir);
    assert_int_equal(file_write_atomic(key, STR("0123456789abcdef0123456789abcdef"), 0600, NULL),
                     ERR_OK);
    assert_int_equal(file_write_atomic(phrase, STR("correct horse\n"), 0600, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return dir_remove(dir, NULL) ? 1 : 0;
}

static void keeps_epochs(void **state)
{
    struct lock by_key = {.key_file = key}, by_phrase = {.passphrase_file = phrase};
    struct keyring k = {.n = 0}, back;
    struct buf why = WHY_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(keyring_load(master, &by_key, &back, &why), ERR_ABSENT);
    assert_ok(keyring_rotate(&k, &why), why);
    assert_ok(keyring_rotate(&k, &why), why);
    assert_memory_not_equal(k.epoch[0].master.b, k.epoch[1].master.b, MASTER_BYTES);
    assert_ok(keyring_store(master, &by_key, &k, true, &why), why);
    assert_int_equal(stat(master, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(keyring_load(master, &by_key, &back, &why), why);
    assert_int_equal(back.n, 2);
    assert_memory_equal(back.epoch[1].master.b, k.epoch[1].master.b, MASTER_BYTES);
    assert_int_equal(back.epoch[1].number, 2);
    /* never over another, with another lock, or by others' eyes */
    assert_int_equal(keyring_store(master, &by_key, &k, true, &why), ERR_CONFLICT);
    assert_int_equal(keyring_load(master, &by_phrase, &back, &why), ERR_FORMAT);
    assert_int_equal(keyring_load(master,
                                  &(struct lock){.key_file = key, .passphrase_file = phrase}, &back,
                                  &why),
                     ERR_FORMAT);
    assert_ok(keyring_store(copy, &by_phrase, &k, true, &why), why);
    assert_ok(keyring_load(copy, &by_phrase, &back, &why), why);
    assert_memory_equal(back.epoch[0].master.b, k.epoch[0].master.b, MASTER_BYTES);
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(keyring_load(master, &by_key, &back, &why), ERR_DENIED);
    assert_int_equal(chmod(key, 0600), 0);
    while (k.n < KEYRING_MAX)
        assert_ok(keyring_rotate(&k, &why), why);
    assert_int_equal(keyring_rotate(&k, &why), ERR_TOO_BIG);
    assert_ok(keyring_store(master, &by_key, &k, false, &why), why);
    assert_ok(keyring_load(master, &by_key, &back, &why), why);
    assert_int_equal(back.n, KEYRING_MAX);
    keyring_wipe(&back);
    assert_int_equal(back.n, 0);
    buf_release(&why);
}

static struct str payload(const struct buf *answer)
{
    if (answer->ptr[0] != ERR_OK)
        fail_msg("%s", answer->ptr + 1);
    return str_skip(buf_str(answer), 1);
}

static struct keyring ring_of(size_t n)
{
    struct keyring k = {.n = 0};

    while (k.n < n)
        assert_int_equal(keyring_rotate(&k, NULL), ERR_OK);
    return k;
}

/* Seal with what the keyholder says is the key, have it opened for a box key. */
static void gives_only_sealed(void **state)
{
    struct keyring k = ring_of(1);
    struct buf answer = BUF_INIT(HOLDER_MSG_MAX), cipher = BUF_INIT(4096), body = BUF_INIT(8192);
    struct buf plain = BUF_INIT(4096), why = WHY_INIT;
    struct open o = {.seed = SEED};
    struct x25519_key box;

    (void)state;
    serve_answer(&k, HOLDER_PUBKEY, SEED, &answer);
    assert_int_equal(payload(&answer).len, 36);
    assert_ok(ecies_seal((const uint8_t *)payload(&answer).ptr + 4,
                         STR("{\"A\":\"secret-value\",\"NEAR_SENDER_ID\":\"x\"}"), &cipher, &why),
              why);
    x25519_generate(&box);
    o.cipher = buf_str(&cipher);
    memcpy(o.to, box.pub, sizeof(o.to));
    memset(o.nonce, 9, sizeof(o.nonce));
    open_write(&body, &o);
    buf_clear(&answer);
    serve_answer(&k, HOLDER_OPEN, buf_str(&body), &answer);
    assert_true(str_find(payload(&answer), STR("secret-value")) == payload(&answer).len);
    assert_ok(ecies_open(&box, payload(&answer), &plain, &why), why);
    assert_memory_equal(plain.ptr + 32, o.nonce, 32);
    assert_str(str_skip(buf_str(&plain), RELEASE_HEAD), "{\"A\":\"secret-value\"}");
    /* a later epoch opens it too, another master does not */
    assert_int_equal(keyring_rotate(&k, NULL), ERR_OK);
    buf_clear(&answer);
    serve_answer(&k, HOLDER_OPEN, buf_str(&body), &answer);
    (void)payload(&answer);
    k = ring_of(3);
    buf_clear(&answer);
    serve_answer(&k, HOLDER_OPEN, buf_str(&body), &answer);
    assert_int_equal(answer.ptr[0], ERR_DENIED);
    for (size_t n = 0; n < body.len; n++) {
        buf_clear(&answer);
        serve_answer(&k, HOLDER_OPEN, str_head(buf_str(&body), n), &answer);
        assert_int_not_equal(answer.ptr[0], ERR_OK);
    }
    buf_release(&answer);
    buf_release(&cipher);
    buf_release(&body);
    buf_release(&plain);
    buf_release(&why);
}

static void ask(const struct keyring *k, enum holder_ask what, struct buf *body, struct buf *answer)
{
    buf_clear(answer);
    serve_answer(k, (uint16_t)what, buf_str(body), answer);
    buf_clear(body);
}

/* What the keyholder tells of one record, or the error. */
static enum err fetched(const struct keyring *k, struct fetch f, struct buf *plain)
{
    struct buf body = BUF_INIT(HOLDER_MSG_MAX), answer = BUF_INIT(HOLDER_MSG_MAX);
    struct x25519_key box;
    enum err e;

    x25519_generate(&box);
    memcpy(f.to, box.pub, sizeof(f.to));
    memset(f.nonce, 7, sizeof(f.nonce));
    fetch_write(&body, &f);
    ask(k, HOLDER_FETCH, &body, &answer);
    e = (enum err)answer.ptr[0];
    buf_clear(plain);
    if (!e) {
        assert_true(str_find(buf_str(&answer), STR("the value")) == answer.len);
        assert_int_equal(ecies_open(&box, payload(&answer), plain, NULL), ERR_OK);
        assert_true(str_starts(buf_str(plain), STR(SPACE_LABEL)));
        assert_int_equal(plain->ptr[32], 7);
    }
    buf_release(&body);
    buf_release(&answer);
    return e;
}

#define SPACE STR("storage:p0000000000000001:alice.near")

static void keeps_records(void **state)
{
    struct keyring k = ring_of(1), stranger = ring_of(1);
    struct buf sealed = BUF_INIT(HOLDER_MSG_MAX), opened = BUF_INIT(HOLDER_MSG_MAX),
               body = BUF_INIT(HOLDER_MSG_MAX), plain = BUF_INIT(HOLDER_MSG_MAX);
    struct keep q = {.seed = SPACE, .key = STR("name"), .value = STR("the value")};
    struct fetch f = {.seed = SPACE, .values = true, .n = 1}, g;
    struct rd r;

    (void)state;
    keep_write(&body, &q);
    ask(&k, HOLDER_KEEP, &body, &sealed);
    assert_true(str_find(buf_str(&sealed), STR("the value")) == sealed.len);
    r = rd_over(payload(&sealed));
    f.key[0] = rd_bytes(&r, 1000);
    f.value[0] = rd_bytes(&r, 1000);
    assert_true(rd_end(&r));
    assert_int_equal(fetched(&k, f, &plain), ERR_OK);
    r = rd_over(str_skip(buf_str(&plain), RELEASE_HEAD));
    assert_str(rd_bytes(&r, 100), "name");
    assert_str(rd_bytes(&r, 100), "the value");
    assert_true(rd_end(&r));
    /* A later epoch opens it, another master, project or account does not. */
    assert_int_equal(keyring_rotate(&k, NULL), ERR_OK);
    assert_int_equal(fetched(&k, f, &plain), ERR_OK);
    assert_int_equal(fetched(&stranger, f, &plain), ERR_DENIED);
    g = f;
    g.seed = STR("storage:p0000000000000001:bob.near");
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    g.seed = STR("storage:p0000000000000002:alice.near");
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    g.seed = SEED; /* of a secret */
    assert_int_equal(fetched(&k, g, &plain), ERR_FORMAT);
    /* Nor as a public one, nor its boxes the other way round. */
    g = f;
    g.is_public = true;
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    g = f;
    g.key[0] = f.value[0];
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    /* Keys alone, many; one that is wrong spoils all. */
    g = f;
    g.values = false;
    g.n = 2;
    g.key[1] = f.key[0];
    assert_int_equal(fetched(&k, g, &plain), ERR_OK);
    assert_int_equal(plain.len, RELEASE_HEAD + 2 * (4 + 4));
    g.key[1] = f.value[0];
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    /* A public value is bound to its key's box. */
    q.is_public = true;
    keep_write(&body, &q);
    ask(&k, HOLDER_KEEP, &body, &opened);
    r = rd_over(payload(&opened));
    g = (struct fetch){.seed = SPACE, .is_public = true, .values = true, .n = 1};
    g.key[0] = rd_bytes(&r, 1000);
    assert_int_equal(rd_bytes(&r, 1000).len, 0);
    g.value[0] = STR("the value");
    assert_int_equal(fetched(&k, g, &plain), ERR_OK);
    g.value[0] = STR("the Value");
    assert_int_equal(fetched(&k, g, &plain), ERR_DENIED);
    /* No key, and what is no storage. */
    q.key = STR("");
    keep_write(&body, &q);
    ask(&k, HOLDER_KEEP, &body, &opened);
    assert_int_equal(opened.ptr[0], ERR_FORMAT);
    q = (struct keep){.seed = SEED, .key = STR("k")};
    keep_write(&body, &q);
    ask(&k, HOLDER_KEEP, &body, &opened);
    assert_int_equal(opened.ptr[0], ERR_FORMAT);
    fetch_write(&body, &f);
    for (size_t n = 0; n < body.len; n++) {
        buf_clear(&opened);
        serve_answer(&k, HOLDER_FETCH, str_head(buf_str(&body), n), &opened);
        assert_int_equal(opened.ptr[0], ERR_FORMAT);
    }
    buf_release(&sealed);
    buf_release(&opened);
    buf_release(&body);
    buf_release(&plain);
}

static void merges(void **state)
{
    static struct merge m;
    static struct merged told;
    struct keyring k = ring_of(1);
    struct buf answer = BUF_INIT(HOLDER_MSG_MAX), body = BUF_INIT(HOLDER_MSG_MAX);
    struct buf base = BUF_INIT(4096);
    struct rd r;

    (void)state;
    m = (struct merge){
        .seed = SEED, .form = UPDATE_CLEAR, .update = STR("{\"A\":\"1\",\"B\":\"2\"}")};
    m.generate[0] = (struct generate){STR("PROTECTED_K"), STR("hex16")};
    m.ngenerate = 1;
    merge_write(&body, &m);
    serve_answer(&k, HOLDER_MERGE, buf_str(&body), &answer);
    r = rd_over(payload(&answer));
    assert_true(merged_read(&r, &told));
    assert_int_equal(told.all.n, 3);
    buf_add_str(&base, told.cipher);
    /* dropped but what was drawn; the announced names must be those that are there */
    m = (struct merge){.seed = SEED,
                       .base = buf_str(&base),
                       .reset = true,
                       .form = UPDATE_CLEAR,
                       .update = STR("{\"C\":\"3\"}"),
                       .names_given = true,
                       .nnames = 1,
                       .name = {STR("C")}};
    buf_clear(&body);
    buf_clear(&answer);
    merge_write(&body, &m);
    serve_answer(&k, HOLDER_MERGE, buf_str(&body), &answer);
    r = rd_over(payload(&answer));
    assert_true(merged_read(&r, &told));
    assert_int_equal(told.all.n, 2);
    assert_int_equal(told.removed.n, 2);
    assert_int_equal(told.preserved.n, 1);
    m.name[0] = STR("D");
    buf_clear(&body);
    buf_clear(&answer);
    merge_write(&body, &m);
    serve_answer(&k, HOLDER_MERGE, buf_str(&body), &answer);
    assert_int_equal(answer.ptr[0], ERR_CONFLICT);
    /* what nobody may choose */
    m = (struct merge){
        .seed = SEED, .form = UPDATE_CLEAR, .update = STR("{\"PROTECTED_K\":\"1\"}")};
    buf_clear(&body);
    buf_clear(&answer);
    merge_write(&body, &m);
    serve_answer(&k, HOLDER_MERGE, buf_str(&body), &answer);
    assert_int_equal(answer.ptr[0], ERR_DENIED);
    buf_clear(&answer);
    serve_answer(&k, 77, STR("?"), &answer);
    assert_int_equal(answer.ptr[0], ERR_FORMAT);
    buf_release(&answer);
    buf_release(&body);
    buf_release(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_epochs),
        cmocka_unit_test(gives_only_sealed),
        cmocka_unit_test(keeps_records),
        cmocka_unit_test(merges),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
