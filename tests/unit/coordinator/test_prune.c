/*
 * What is kept and what goes: executions by age and by room, evidence by whether the chain has its
 * anchor, totals never.
 */
#include "fixture.h"

#include <string.h>

#include "coordinator/builds.h"
#include "coordinator/columns.h"
#include "coordinator/executions.h"
#include "coordinator/jobq.h"
#include "coordinator/prune.h"
#include "coordinator/results.h"
#include "coordinator/totals.h"

#define DAY_MS UINT64_C(86400000)
#define NOW    (1000 * DAY_MS)

static int start(void **state)
{
    (void)fixture_new(state, NOW);
    return 0;
}

static uint64_t number(struct fixture *f, const char *sql)
{
    uint64_t n = 0;

    assert_int_equal(db_number_n(f->d, sql, &n, &f->why, NULL, 0), 0);
    return n;
}

static void run(struct fixture *f, const char *sql)
{
    if (db_exec(f->d, sql, &f->why))
        fail_msg("%s", buf_z(&f->why));
}

/* An execution asked for at `ms`; `done`: and ended. */
static uint64_t execution(struct fixture *f, uint64_t request, uint64_t ms, bool done,
                          struct str output)
{
    const struct block_head head = {.height = 5, .timestamp_ns = 1};
    const struct lease_ask ask = {STR("w"), STR("s"), 0};
    const struct job_result r = {
        .status = STR("completed"), .success = true, .output = output, .run = STR("{}")};
    struct job j = {0};
    uint64_t id = 0, told;

    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(jobq_add(f->d,
                              &(struct block_event){.kind = EV_REQUESTED,
                                                    .request_id = request,
                                                    .request_data = STR("{}"),
                                                    .sender_id = STR("alice.test"),
                                                    .payment = 1},
                              &head, 100, ms, &id, &f->why),
                     0);
    if (done) {
        assert_int_equal(jobq_lease(f->d, &f->a, &ask, 1000, ms, &j, &f->why), 0);
        assert_int_equal(jobq_complete(f->d, j.id, j.token, &r, ms, &told, &f->why), 0);
    }
    assert_int_equal(db_end(f->d, ERR_OK, &f->why), 0);
    return id;
}

/* Until nothing is due; gives how often something was. */
static unsigned prune(struct fixture *f, struct keep k)
{
    unsigned times = 0;
    uint64_t n = 1;

    for (; n; times++) {
        if (prune_step(f->d, &k, NOW, &n, &f->why))
            fail_msg("%s", buf_z(&f->why));
        assert_true(n <= PRUNE_BATCH && times < 10000);
    }
    return times - 1;
}

static void test_by_age(void **state)
{
    struct fixture *f = *state;
    uint64_t before, all;

    for (uint64_t i = 1; i <= 200; i++)
        execution(f, i, i <= 150 ? NOW - 31 * DAY_MS + i : NOW - 29 * DAY_MS + i, true,
                  STR("\"x\""));
    run(f, "INSERT INTO job_build (job_id, key, cached, compile_ms, cost) VALUES "
           "(1, 'k', 1, 0, x'00000000000000000000000000000000')");
    all = number(f, "SELECT executions FROM total WHERE kind = 0");
    assert_int_equal(all, 200);
    assert_int_equal(prune(f, (struct keep){0, 0}), 0);
    assert_int_equal(prune(f, (struct keep){40, 0}), 0);
    before = number(f, "SELECT COUNT(*) FROM step");
    assert_int_equal(prune(f, (struct keep){30, 0}), 3); /* 64 and 64 and 22 */
    assert_int_equal(number(f, "SELECT COUNT(*) FROM request"), 50);
    assert_int_equal(number(f, "SELECT MIN(id) FROM request"), 151);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM job"), 50);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM result"), 50);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM job_build"), 0);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM step"), before / 4);
    assert_int_equal(number(f, "SELECT executions FROM total WHERE kind = 0"), all);

    /* What is gone is told from what never was. */
    assert_int_equal(request_write(f->d, 150, 0, &f->out, &f->why), ERR_GONE);
    assert_non_null(strstr(buf_z(&f->why), "no longer kept"));
    assert_int_equal(request_write(f->d, 151, 0, &f->out, &f->why), 0);
    assert_int_equal(request_write(f->d, 999, 0, &f->out, &f->why), ERR_ABSENT);
    assert_int_equal(execution_write(f->d, 1, &f->out, &f->why), ERR_GONE);
    assert_int_equal(execution_write(f->d, 0, &f->out, &f->why), ERR_ABSENT);
    assert_int_equal(execution_write(f->d, 999, &f->out, &f->why), ERR_ABSENT);
    assert_int_equal(build_log_write(f->d, 150, &f->out, &f->why), ERR_GONE);
    assert_int_equal(build_log_write(f->d, 151, &f->out, &f->why), ERR_ABSENT);
}

/* What has not ended stays, however old, and so does what came after it. */
static void test_not_ended(void **state)
{
    struct fixture *f = *state;

    execution(f, 1, NOW - 90 * DAY_MS, true, STR_NONE);
    execution(f, 2, NOW - 90 * DAY_MS, false, STR_NONE);
    assert_int_equal(prune(f, (struct keep){30, 0}), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM request"), 1);
    assert_int_equal(number(f, "SELECT request_id FROM request"), 2);
}

static void test_by_room(void **state)
{
    struct fixture *f = *state;
    struct buf big = BUF_INIT(1 << 20);
    uint64_t used, left;

    json_str_open(&big);
    for (unsigned i = 0; i < 20000; i++)
        buf_addz(&big, "twenty bytes of it, ");
    json_str_close(&big);
    for (uint64_t i = 1; i <= 20; i++)
        execution(f, i, i <= 15 ? NOW - 5 * DAY_MS : NOW - DAY_MS / 2, true, buf_str(&big));
    assert_int_equal(db_used(f->d, &used, &f->why), 0);
    assert_true(used > 7u << 20);
    assert_int_equal(prune(f, (struct keep){30, 100}), 0);
    /* What is a day old goes first, what is younger never. */
    prune(f, (struct keep){30, 1});
    left = number(f, "SELECT COUNT(*) FROM request");
    assert_int_equal(left, 5);
    assert_int_equal(db_used(f->d, &used, &f->why), 0);
    assert_true(used < 4u << 20);
    buf_release(&big);
}

/* A session of `n` statements at `ms`; the first `anchored` of them in a batch on the chain. */
static void session(struct fixture *f, uint8_t byte, unsigned n, unsigned anchored, uint64_t ms)
{
    struct hash256 id, digest;

    memset(id.b, byte, sizeof(id.b));
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(db_do(f->d,
                           "INSERT INTO epoch (session, worker, simulated, manifest, quote, "
                           "received_ms) VALUES ($1, 'w', 1, x'00', x'00', $2)",
                           &f->why, AS_BLOB(hash_str(&id)), AS_U64(ms)),
                     0);
    for (unsigned i = 0; i < n; i++) {
        digest = sha256(str_from((const char *)&(unsigned){byte * 100000u + i}, sizeof(unsigned)));
        assert_int_equal(
            db_do(f->d,
                  "INSERT INTO statement (session, seq, digest, bytes, sig, kind, job_id, "
                  "created_s, input, delivered, received_ms) VALUES ($1, $2, $3, x'00', x'00', 1, "
                  "$4, 0, x'11', x'22', $5)",
                  &f->why, AS_BLOB(hash_str(&id)), AS_U64(i), AS_BLOB(hash_str(&digest)),
                  AS_U64(i + 1), AS_U64(ms + i)),
            0);
        assert_int_equal(db_do(f->d,
                               "INSERT INTO quote (digest, nonce, quote, made_ms) VALUES "
                               "($1, x'', x'33', $2)",
                               &f->why, AS_BLOB(hash_str(&digest)), AS_U64(ms)),
                         0);
    }
    for (unsigned first = 0; first < n; first += anchored ? anchored : n)
        assert_int_equal(
            db_do(f->d,
                  "INSERT INTO batch (session, first_seq, count, head, sig, closed, anchor_tx) "
                  "VALUES ($1, $2, $3, x'00', x'00', 1, $4)",
                  &f->why, AS_BLOB(hash_str(&id)), AS_U64(first), AS_U64(anchored ? anchored : n),
                  AS_TEXT(anchored && !first ? STR("TX") : STR_NONE)),
            0);
    assert_int_equal(db_end(f->d, ERR_OK, &f->why), 0);
}

static void test_evidence(void **state)
{
    struct fixture *f = *state;

    session(f, 1, 3000, 1500, NOW - 90 * DAY_MS); /* half of it is on the chain */
    session(f, 2, 10, 10, NOW - 90 * DAY_MS);     /* all of it */
    session(f, 3, 200, 0, NOW - 90 * DAY_MS);     /* nothing */
    session(f, 4, 200, 0, NOW - 5 * DAY_MS);      /* too young */
    session(f, 5, 0, 0, NOW - 90 * DAY_MS);       /* never said anything */
    session(f, 6, 10, 0, NOW - 90 * DAY_MS);      /* and one that speaks still */
    run(f, "UPDATE statement SET received_ms = 86313600000 WHERE seq = 9 AND session = "
           "x'0606060606060606060606060606060606060606060606060606060606060606'");
    run(f,
        "INSERT INTO collateral (sha256, text, source, fmspc, from_s, until_s, received_ms) "
        "VALUES (x'01', 't', 's', 'f', 78624000, 78710400, 1)"); /* of day 910: of the old ones */
    run(f, "INSERT INTO collateral (sha256, text, source, fmspc, from_s, until_s, received_ms) "
           "VALUES (x'02', 't', 's', 'f', 60000000, 60000001, 1)"); /* of nobody's time */
    execution(f, 1, NOW - 90 * DAY_MS, true, STR_NONE);
    prune(f, (struct keep){30, 0});
    assert_int_equal(number(f, "SELECT COUNT(*) FROM statement"), 1500 + 10 + 200 + 10);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM quote"), 1500 + 10 + 200 + 10);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM epoch"), 4);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM batch"), 1 + 1 + 1 + 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM collateral"), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM collateral WHERE sha256 = x'01'"), 1);
    /* of the execution that went, the statements stay without what went in and out */
    assert_int_equal(number(f, "SELECT COUNT(*) FROM statement WHERE job_id = 1"), 4);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM statement WHERE job_id = 1 AND input IS NULL "
                               "AND delivered IS NULL"),
                     4);
    assert_int_equal(prune(f, (struct keep){30, 0}), 0);
}

static void test_build_logs(void **state)
{
    struct fixture *f = *state;

    run(f, "INSERT INTO build (key, repo, commit_id, target, ok, size, compile_ms, made_ms, log) "
           "VALUES ('a', 'r', 'c', 't', 1, 1, 1, 1, 'old'), "
           "('b', 'r', 'c', 't', 1, 1, 1, 86313600000, 'new')");
    prune(f, (struct keep){30, 0});
    assert_int_equal(number(f, "SELECT COUNT(*) FROM build"), 2);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM build WHERE log IS NULL AND key = 'a'"), 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM build WHERE log = 'new'"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, fixture_free)
    const struct CMUnitTest tests[] = {T(test_by_age), T(test_not_ended), T(test_by_room),
                                       T(test_evidence), T(test_build_logs)};

    return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
