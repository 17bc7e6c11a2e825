/* The outbox: states, one answer per request, rows that outlive the process. */
#include <stdlib.h>

#include "base/file.h"
#include "test.h"
#include "worker/outbox.h"

static char dir[] = "/tmp/outlayer-test-outbox-XXXXXX";
static char path[64];

static struct outbox *open_it(void)
{
    struct buf why = WHY_INIT;
    struct outbox *o = NULL;

    assert_ok(outbox_open(path, &o, &why), why);
    buf_release(&why);
    return o;
}

static struct parcel parcel(uint64_t request_id)
{
    return (struct parcel){.contract_id = STR("outlayer.test"),
                           .request_id = request_id,
                           .data_id = {{(uint8_t)request_id}},
                           .job_id = request_id + 100,
                           .token = 1,
                           .method = STR("resolve_execution"),
                           .args = STR("{\"a\":\"\0\"}"),
                           .report = STR("{}")};
}

static void test_states(void **state)
{
    (void)state;
    const struct hash256 hash = {{7}};
    struct outbox *o = open_it();
    struct arena a = ARENA_INIT;
    struct parcel p = parcel(1), got;
    uint64_t ids[10], id = p.id;
    size_t n = 99;

    assert_int_equal(outbox_put(o, &p, NULL, NULL, NULL), ERR_OK);
    assert_int_not_equal(p.id, id);
    assert_int_equal(outbox_put(o, &p, NULL, NULL, NULL), ERR_CONFLICT);
    assert_int_equal(outbox_get(o, p.id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.state, OUTBOX_READY);
    assert_true(str_eq(got.args, p.args));
    assert_null(got.tx.ptr);
    assert_int_equal(outbox_signed(o, p.id, 55, STR("bytes\0of tx"), &hash, NULL), ERR_OK);

    /* The process ends here; the next one finds what was signed. */
    outbox_close(o);
    o = open_it();
    assert_int_equal(outbox_open_ids(o, ids, 10, &n, NULL), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(ids[0], p.id);
    assert_int_equal(outbox_get(o, p.id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.state, OUTBOX_SIGNED);
    assert_int_equal(got.nonce, 55);
    assert_true(str_eq(got.tx, STR("bytes\0of tx")));
    assert_true(hash_eq(&got.tx_hash, &hash));

    assert_int_equal(outbox_unsigned(o, p.id, NULL), ERR_OK);
    assert_int_equal(outbox_get(o, p.id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.state, OUTBOX_READY);
    assert_int_equal(outbox_answered(o, p.id, STR("{\"tx\":1}"), NULL), ERR_OK);
    /* What the contract has can no longer be sent. */
    assert_int_equal(outbox_unsigned(o, p.id, NULL), ERR_OK);
    assert_int_equal(outbox_get(o, p.id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.state, OUTBOX_ANSWERED);
    assert_str(got.outcome, "{\"tx\":1}");
    assert_int_equal(outbox_told(o, p.id, NULL), ERR_OK);
    assert_int_equal(outbox_open_ids(o, ids, 10, &n, NULL), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(outbox_prune(o, NULL), ERR_OK);
    assert_int_equal(outbox_get(o, p.id, &a, &got, NULL), ERR_OK); /* kept for a day */
    arena_release(&a);
    outbox_close(o);
}

static void test_adopt(void **state)
{
    (void)state;
    struct outbox *o = open_it();
    struct arena a = ARENA_INIT;
    struct parcel p = parcel(2), got;
    struct hash256 other = {{99}};
    uint64_t id = 0;

    assert_int_equal(outbox_adopt(o, p.contract_id, 2, &p.data_id, 1, 2, &id, NULL), ERR_EMPTY);
    assert_int_equal(outbox_put(o, &p, NULL, NULL, NULL), ERR_OK);
    assert_int_equal(outbox_adopt(o, p.contract_id, 2, &other, 1, 2, &id, NULL), ERR_EMPTY);
    assert_int_equal(outbox_adopt(o, STR("x.test"), 2, &p.data_id, 1, 2, &id, NULL), ERR_EMPTY);
    assert_int_equal(id, 0);
    assert_int_equal(outbox_adopt(o, p.contract_id, 2, &p.data_id, 500, 9, &id, NULL), ERR_OK);
    assert_int_equal(id, p.id);
    assert_int_equal(outbox_get(o, id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.job_id, 500);
    assert_int_equal(got.token, 9);
    /* Told under an old lease: to be told again under the new one. */
    assert_int_equal(outbox_told(o, id, NULL), ERR_OK);
    assert_int_equal(outbox_adopt(o, p.contract_id, 2, &p.data_id, 500, 10, &id, NULL), ERR_OK);
    assert_int_equal(outbox_get(o, id, &a, &got, NULL), ERR_OK);
    assert_int_equal(got.state, OUTBOX_ANSWERED);
    assert_int_equal(outbox_get(o, 12345, &a, &got, NULL), ERR_EMPTY);
    arena_release(&a);
    outbox_close(o);
}

static void test_alone(void **state)
{
    (void)state;
    struct outbox *o = open_it(), *second = NULL;
    struct buf why = WHY_INIT;

    assert_int_not_equal(outbox_open(path, &second, &why), ERR_OK);
    assert_true(why.len > 0);
    assert_null(second);
    outbox_close(o);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_alone),
    };
    struct buf p = BUF_OVER(path);
    int rc;

    if (!mkdtemp(dir))
        return 1;
    buf_addf(&p, "%s/outbox.db", dir);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    return dir_remove(dir, NULL) ? 1 : rc;
}
