/* test_store.c — what is on disk after any end of the process. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "testchain.h"

static char folder[] = "/tmp/devnet-store-XXXXXX";

static struct chain_opts options(void)
{
    return (struct chain_opts){.home = folder, .protocol = 88, .block_time_ms = 1000};
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    if (dir_remove(folder, NULL))
        return -1;
    (void)snprintf(folder, sizeof(folder), "/tmp/devnet-store-XXXXXX");
    return 0;
}

static void comes_back_as_it_was(void **state)
{
    const struct chain_opts o = options();
    struct tc t;
    struct action x = tc_transfer(NEAR_YOCTO);
    struct hash256 tx, head;
    struct reader r;
    uint64_t height;
    u128 balance;
    const struct outcome *out;

    (void)state;
    tc_open_with(&t, &o);
    tc_account(&t, "alice.test", 10, STR_NONE);
    tc_account(&t, "bob.test", 10, STR_NONE);
    tx = tc_send(&t, "alice.test", "bob.test", &x, 1);
    tc_block(&t); /* the receipt is on its way */
    chain_read(t.c, &r);
    head = r.head->hash;
    height = r.head->height;
    chain_read_end(&r);
    balance = tc_balance(&t, "bob.test");
    tc_close(&t);

    tc_open_with(&t, &o);
    chain_read(t.c, &r);
    assert_int_equal(r.head->height, height);
    assert_true(hash_eq(&r.head->hash, &head));
    chain_read_end(&r);
    assert_true(tc_balance(&t, "bob.test") == balance);
    assert_non_null(tc_outcome(&t, &tx, NULL));
    tc_settle(&t);
    assert_true(tc_balance(&t, "bob.test") == balance + NEAR_YOCTO);
    out = tc_first(&t, &tx);
    assert_int_equal(out->status, STATUS_VALUE);
    tc_close(&t);
}

/* Blocks that memory has let go are read from disk, by height, by hash, by what is in them. */
static void old_blocks_are_on_disk(void **state)
{
    const struct chain_opts o = options();
    struct tc t;
    struct action x = tc_transfer(1);
    struct hash256 tx, hash;
    struct reader r;
    uint64_t height;
    size_t at;
    const struct block *b;

    (void)state;
    tc_open_with(&t, &o);
    tc_account(&t, "alice.test", 10, STR_NONE);
    tx = tc_send(&t, "alice.test", "alice.test", &x, 1);
    tc_block(&t);
    assert_non_null(tc_outcome(&t, &tx, &height));
    chain_read(t.c, &r);
    hash = reader_at(&r, height)->hash;
    chain_read_end(&r);
    for (int i = 0; i < HISTORY_BLOCKS_MAX + 10; i++)
        chain_produce(t.c);
    chain_read(t.c, &r);
    b = reader_at(&r, height);
    assert_non_null(b);
    assert_false(b->has_rows);
    assert_true(reader_by_hash(&r, &hash) == b);
    assert_true(reader_find(&r, HISTORY_TX, &tx, &at) == b);
    assert_true(hash_eq(&b->txs.at[at].hash, &tx));
    assert_int_equal(reader_after(&r, height)->height, height + 1);
    assert_int_equal(reader_genesis(&r)->height, 0);
    assert_null(reader_at(&r, r.head->height + 1));
    chain_read_end(&r);
    tc_close(&t);
}

/* Killed at some instant between blocks: what was told to be in a block is there. */
static void survives_kill(void **state)
{
    const struct chain_opts o = options();

    (void)state;
    for (int round = 0; round < 4; round++) {
        struct hash256 seen[64];
        int pipes[2];
        ssize_t got = 0, n;
        pid_t pid;
        struct tc t;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            tc_open_with(&t, &o);
            if (tc_balance(&t, "alice.test") == 0)
                tc_account(&t, "alice.test", 1000, STR_NONE);
            t.nonces = (tc_height(&t) + 1) * 100;
            for (;;) {
                struct action x = tc_transfer(1);
                const struct hash256 tx = tc_send(&t, "alice.test", "node0", &x, 1);

                chain_produce(t.c);
                if (tc_outcome(&t, &tx, NULL))
                    if (write(pipes[1], &tx, sizeof(tx)) != sizeof(tx))
                        _exit(0);
            }
        }
        close(pipes[1]);
        while (got < (ssize_t)sizeof(seen) &&
               (n = read(pipes[0], (char *)seen + got, sizeof(seen) - (size_t)got)) > 0)
            got += n;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(pipes[0]);

        tc_open_with(&t, &o);
        for (size_t i = 0; i < (size_t)got / sizeof(seen[0]); i++)
            assert_non_null(tc_outcome(&t, &seen[i], NULL));
        assert_true(chain_supply_holds(t.c));
        tc_settle(&t);
        tc_close(&t);
    }
}

static void another_protocol_is_refused(void **state)
{
    struct chain_opts o = options();
    struct buf why = WHY_INIT;
    struct chain *c;
    struct tc t;

    (void)state;
    tc_open_with(&t, &o);
    tc_close(&t);
    o.protocol = 79;
    assert_int_equal(chain_open(&o, &c, &why), ERR_CONFLICT);
    assert_non_null(strstr(buf_z(&why), "protocol 88, not 79"));
    o.protocol = 80;
    assert_int_equal(chain_open(&o, &c, &why), ERR_RANGE);
    buf_release(&why);
}

static void old_blocks_are_let_go(void **state)
{
    struct chain_opts o = options();
    struct tc t;
    struct reader r;

    (void)state;
    o.keep_blocks = 10;
    tc_open_with(&t, &o);
    while (tc_height(&t) < 2000)
        chain_produce(t.c);
    tc_close(&t);
    tc_open_with(&t, &o); /* nothing in memory but the last few */
    chain_read(t.c, &r);
    assert_null(reader_at(&r, 1900));
    assert_non_null(reader_at(&r, 1995));
    assert_non_null(reader_genesis(&r));
    chain_read_end(&r);
    tc_close(&t);
}

static void put_file(const char *path, const char *text)
{
    struct buf why = WHY_INIT;

    if (file_write_atomic(path, str_of(text), 0600, &why))
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
}

static void genesis_records(void **state)
{
    struct chain_opts o = options();
    struct buf why = WHY_INIT;
    char path[128];
    struct chain *c;
    struct account a;
    struct tc t;

    (void)state;
    snprintf(path, sizeof(path), "%s/genesis.json", folder);
    o.genesis = path;
    put_file(path,
             "{\"records\":[{\"Account\":{\"account_id\":\"rich.test\",\"account\":{"
             "\"amount\":\"77\",\"locked\":\"0\",\"code_hash\":"
             "\"11111111111111111111111111111111\",\"storage_usage\":100,\"version\":\"V1\"}}}]}");
    tc_open_with(&t, &o);
    assert_true(tc_get(&t, "rich.test", &a));
    assert_true(a.amount == 77);
    tc_block(&t); /* counts the supply */
    tc_close(&t);
    assert_int_equal(teardown(state), 0);
    assert_int_equal(setup(state), 0);

    snprintf(path, sizeof(path), "%s/genesis.json", folder);
    put_file(path, "{\"records\":[{\"Account\":{\"account_id\":\"Wrong\"}}]}");
    assert_int_equal(chain_open(&o, &c, &why), ERR_FORMAT);
    assert_string_equal(buf_z(&why), "record 0 has no valid 'account_id'");
    put_file(path, "{\"records\":[{\"Nothing\":{}}]}");
    assert_int_equal(chain_open(&o, &c, &why), ERR_FORMAT);
    put_file(path, "{\"records\":");
    assert_int_equal(chain_open(&o, &c, &why), ERR_FORMAT);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(old_blocks_are_on_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_kill, setup, teardown),
        cmocka_unit_test_setup_teardown(another_protocol_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(old_blocks_are_let_go, setup, teardown),
        cmocka_unit_test_setup_teardown(genesis_records, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
