/* Key files: written, read back, and refused when they are wrong or open to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "near/key.h"

#define PUBLIC "ed25519:5BGSaf6YjVm7565VzWQHNxoyEjwr3jUpRJSGjREvU9dB"
#define PRIVATE                                                                                    \
    "ed25519:"                                                                                     \
    "3tgdk2wPraJzT4nsTuf86UX41xgPNk3MHnq8epARMdBNs29AFEztAuaQ7iHddDfXG9F2RzV1XNQYgJyAyoW51"        \
    "UBB"

static char dir[] = "/tmp/outlayer-test-key-XXXXXX";
static char path[64];

static enum err load_text(const char *text, unsigned mode, struct near_key *k, struct buf *why)
{
    assert_int_equal(file_write_atomic(path, str_of(text), mode, why), ERR_OK);
    assert_int_equal(chmod(path, mode), 0);
    return near_key_load(path, k, why);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct near_key k, back;
    struct buf why = WHY_INIT;
    struct stat st;

    ed25519_generate(&k.key);
    assert_true(account_id_parse(STR("worker.outlayer.test"), &k.account));
    assert_int_equal(near_key_store(path, &k, &why), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(near_key_load(path, &back, &why), ERR_OK);
    assert_memory_equal(&back.key, &k.key, sizeof(k.key));
    assert_true(account_id_eq(&back.account, &k.account));
    near_key_wipe(&k);
    for (size_t i = 0; i < sizeof(k); i++)
        assert_int_equal(((uint8_t *)&k)[i], 0);
}

static void test_both_spellings(void **state)
{
    (void)state;
    struct near_key k;
    struct buf why = WHY_INIT;

    assert_int_equal(load_text("{\"account_id\":\"a.near\",\"public_key\":\"" PUBLIC
                               "\",\"secret_key\":\"" PRIVATE "\"}",
                               0600, &k, &why),
                     ERR_OK);
    assert_int_equal(
        load_text("{\"account_id\":\"a.near\",\"private_key\":\"" PRIVATE "\"}", 0400, &k, &why),
        ERR_OK);
    assert_true(str_eqz(account_id_str(&k.account), "a.near"));
}

static void test_refused(void **state)
{
    (void)state;
    struct near_key k;
    struct buf why = WHY_INIT;

    memset(&k, 7, sizeof(k));
    assert_int_equal(
        load_text("{\"account_id\":\"a.near\",\"private_key\":\"" PRIVATE "\"}", 0640, &k, &why),
        ERR_DENIED);
    assert_non_null(strstr(buf_z(&why), "0640"));
    assert_int_equal(load_text("{\"account_id\":\"a.near\",\"public_key\":"
                               "\"ed25519:22skMptHjFWNyuEWY22ftn2AbLPSYpmYwGJRGwpNHbTV\","
                               "\"private_key\":\"" PRIVATE "\"}",
                               0600, &k, &why),
                     ERR_FORMAT);
    assert_null(strstr(buf_z(&why), "3tgdk2wP")); /* no secret in a message */
    assert_int_equal(
        load_text("{\"account_id\":\"A\",\"private_key\":\"" PRIVATE "\"}", 0600, &k, &why),
        ERR_FORMAT);
    assert_int_equal(load_text("{\"account_id\":\"a.near\"}", 0600, &k, &why), ERR_FORMAT);
    assert_int_equal(load_text("", 0600, &k, &why), ERR_FORMAT);
    assert_int_equal(load_text("[", 0600, &k, &why), ERR_FORMAT);
    assert_int_equal(near_key_load("/nonexistent/key.json", &k, &why), ERR_ABSENT);
    assert_int_equal(near_key_load("/tmp", &k, &why), ERR_FORMAT);
    for (size_t i = 0; i < sizeof(k); i++)
        assert_int_equal(((uint8_t *)&k)[i], 7); /* outputs only on success */
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_both_spellings),
        cmocka_unit_test(test_refused),
    };
    struct buf p = BUF_OVER(path);
    int rc;

    crypto_init();
    if (!mkdtemp(dir))
        return 1;
    buf_addf(&p, "%s/key.json", dir);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (dir_remove(dir, NULL))
        return 1;
    return rc;
}
