/* Publishing: what was sent is known, also after the end of the process, for a day. */
#include <stdlib.h>

#include "base/file.h"
#include "test.h"
#include "worker/publish.h"

#define NOW UINT64_C(1800000000)

static char dir[] = "/tmp/outlayer-test-publish-XXXXXX";

static struct publisher begin(void)
{
    struct publisher p = {.receiver = STR("f.test"), .network_id = "localnet"};
    struct buf why = WHY_INIT;
    char path[64];

    snprintf(path, sizeof(path), "%s/outbox.db", dir);
    assert_true(account_id_parse(STR("worker.test"), &p.key.account));
    assert_ok(outbox_open(path, &p.outbox, &why), why);
    assert_ok(publisher_open(&p, &why), why);
    buf_release(&why);
    return p;
}

static bool known(struct publisher *p, const char *path, uint64_t now_s)
{
    struct buf why = WHY_INIT;
    bool is = false;

    assert_ok(publish_known(p, str_of(path), now_s, &is, &why), why);
    buf_release(&why);
    return is;
}

static void remembered(void **state)
{
    struct publisher p = begin();

    (void)state;
    assert_false(known(&p, "a.wasm", NOW));
    assert_int_equal(publish_note(&p, STR("a.wasm"), NOW, NULL), ERR_OK);
    assert_true(known(&p, "a.wasm", NOW));
    assert_false(known(&p, "b.wasm", NOW));
    outbox_close(p.outbox);
    p = begin();
    assert_true(known(&p, "a.wasm", NOW + PUBLISH_AGAIN_S - 1));
    assert_false(known(&p, "a.wasm", NOW + PUBLISH_AGAIN_S));
    assert_int_equal(publish_note(&p, STR("a.wasm"), NOW + PUBLISH_AGAIN_S, NULL), ERR_OK);
    assert_true(known(&p, "a.wasm", NOW + PUBLISH_AGAIN_S + 1));
    /* Elsewhere it is another file. */
    p.receiver = STR("g.test");
    assert_false(known(&p, "a.wasm", NOW));
    p.receiver = STR("f.test");
    p.network_id = "testnet";
    assert_false(known(&p, "a.wasm", NOW));
    outbox_close(p.outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(remembered)};
    int failed;

    if (!mkdtemp(dir))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    return dir_remove(dir, NULL) || failed;
}
