/*
 * The queue: every transition, who may do it, and what is there after the file was opened anew.
 */
#include "fixture.h"

#include <string.h>

#include "codec/json.h"
#include "coordinator/builds.h"
#include "coordinator/jobq.h"
#include "coordinator/results.h"
#include "coordinator/totals.h"

#define LEASE_MS 1000

static int start(void **state)
{
    (void)fixture_new(state, 1000000);
    return 0;
}

/* Run `call` in a transaction of its own; gives its result. */
#define TX(f, call)                                                                                \
    ({                                                                                             \
        enum err tx_e;                                                                             \
        assert_int_equal(db_begin((f)->d, &(f)->why), 0);                                          \
        tx_e = (call);                                                                             \
        if (tx_e)                                                                                  \
            db_rollback((f)->d);                                                                   \
        else                                                                                       \
            assert_int_equal(db_commit((f)->d, &(f)->why), 0);                                     \
        tx_e;                                                                                      \
    })

static enum err add_of(struct fixture *f, const char *sender, uint64_t request, unsigned byte,
                       uint64_t height)
{
    struct block_event ev = {.kind = EV_REQUESTED,
                             .request_id = request,
                             .request_data = STR("{\"x\":1}"),
                             .sender_id = str_of(sender),
                             .tx_hash = STR("T"),
                             .repo = request % 2 ? STR("https://github.com/a/b") : STR_NONE,
                             .commit = STR("main"),
                             .payment = 7000};
    struct block_head head = {.height = height, .timestamp_ns = height * 10};
    uint64_t id;

    memset(ev.data_id.b, (int)byte, 32);
    return TX(f, jobq_add(f->d, &ev, &head, 200, f->now, &id, &f->why));
}

static enum err add(struct fixture *f, uint64_t request, unsigned byte, uint64_t height)
{
    return add_of(f, "alice.test", request, byte, height);
}

static enum err lease_shared(struct fixture *f, const char *worker, uint64_t owner_slots,
                             struct job *j)
{
    const struct lease_ask ask = {str_of(worker), STR("s"), owner_slots};

    return TX(f, jobq_lease(f->d, &f->a, &ask, LEASE_MS, f->now, j, &f->why));
}

static enum err lease(struct fixture *f, const char *worker, const char *session, struct job *j)
{
    const struct lease_ask ask = {str_of(worker), str_of(session), 0};

    return TX(f, jobq_lease(f->d, &f->a, &ask, LEASE_MS, f->now, j, &f->why));
}

static enum err complete(struct fixture *f, uint64_t id, uint64_t token, bool success)
{
    struct job_result r = {.status = success ? STR("completed") : STR("execution_failed"),
                           .success = success,
                           .output = success ? STR("{\"v\":42}") : STR_NONE,
                           .error = success ? STR_NONE : STR("trap"),
                           .has_use = true,
                           .instructions = 5000,
                           .time_ms = 7,
                           .resolve_tx = STR("TX"),
                           .has_charged = true,
                           .charged = 900};
    uint64_t request;

    return TX(f, jobq_complete(f->d, id, token, &r, f->now, &request, &f->why));
}

static enum err finish(struct fixture *f, uint64_t request, bool success)
{
    struct block_event ev = {.kind = EV_COMPLETED,
                             .request_id = request,
                             .success = success,
                             .error = success ? STR_NONE : STR("as the chain saw it"),
                             .charged = 1000,
                             .refunded = 6000};

    return TX(f, jobq_finish(f->d, &ev, 150, f->now, &f->why));
}

static size_t expire(struct fixture *f)
{
    struct changed list;

    assert_int_equal(TX(f, jobq_expire(f->d, f->now, &list, &f->why)), 0);
    return list.n;
}

/* The request's state as users read it. */
static struct json read_request(struct fixture *f, uint64_t request)
{
    struct json v;

    buf_clear(&f->out);
    assert_int_equal(request_write(f->d, request, 0, &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    return v;
}

static void assert_status(struct fixture *f, uint64_t request, const char *status)
{
    struct json v = json_get(read_request(f, request), "status");

    if (!json_str_eq(v, str_of(status)))
        fail_msg("%.*s is not %s", STR_ARG(v.text), status);
}

static void assert_steps(struct fixture *f, uint64_t request, const char *expected)
{
    struct json_iter it = json_iter(json_get(read_request(f, request), "steps"));
    struct buf b = BUF_INIT(4096);
    uint64_t n, last = 0;
    struct str s;

    while (json_next(&it)) {
        assert_true(json_u64(json_get(it.value, "n"), &n));
        assert_int_equal(n, ++last);
        assert_true(json_plain(json_get(it.value, "step"), &s));
        if (b.len)
            buf_addz(&b, " ");
        buf_add_str(&b, s);
    }
    assert_string_equal(buf_z(&b), expected);
    buf_release(&b);
}

static void test_once(void **state)
{
    struct fixture *f = *state;
    struct job j;

    assert_int_equal(add(f, 41, 1, 100), 0);
    assert_int_equal(add(f, 41, 1, 100), ERR_CONFLICT);
    assert_int_equal(add(f, 41, 1, 105), ERR_CONFLICT);
    reopen(f);
    assert_int_equal(add(f, 41, 1, 100), ERR_CONFLICT);
    assert_int_equal(add(f, 41, 2, 100), 0); /* the same request under a new yield */
    assert_int_equal(add(f, 42, 1, 101), 0);
    assert_int_equal(lease(f, "w", "", &j), 0);
    assert_int_equal(j.request_id, 41);
    assert_int_equal(j.data_id.b[5], 1);
    assert_int_equal(j.token, 1);
    assert_int_equal(j.attempt, 1);
    assert_int_equal(j.block_height, 100);
    assert_int_equal(j.block_timestamp_ns, 1000);
    assert_int_equal(j.deadline_height, 300);
    assert_true(str_eqz(j.request_data, "{\"x\":1}"));
    assert_true(str_eqz(j.transaction_hash, "T"));
    assert_null(j.receipt_id.ptr);
    assert_int_equal(lease(f, "w", "", &j), 0);
    assert_int_equal(j.data_id.b[5], 2);
    assert_int_equal(lease(f, "v", "", &j), 0);
    assert_int_equal(j.request_id, 42);
    assert_int_equal(lease(f, "w", "", &j), ERR_EMPTY);
}

static void test_happy(void **state)
{
    struct fixture *f = *state;
    uint64_t request = 0, n;
    struct json v;
    struct job j;

    assert_int_equal(add(f, 1, 1, 100), 0);
    assert_status(f, 1, "queued");
    assert_int_equal(lease(f, "w1", "", &j), 0);
    assert_status(f, 1, "running");
    f->now += 10;
    assert_int_equal(
        TX(f, jobq_progress(f->d, j.id, j.token, "fetched", STR("{\"bytes\":9,\"cached\":false}"),
                            0, f->now, &request, &f->why)),
        0);
    assert_int_equal(request, 1);
    assert_int_equal(TX(f, jobq_progress(f->d, j.id, j.token, "resolved", STR_NONE, 140, f->now,
                                         &request, &f->why)),
                     0);
    assert_int_equal(complete(f, j.id, j.token, true), 0);
    assert_status(f, 1, "completed");
    assert_int_equal(finish(f, 1, true), 0);
    assert_steps(f, 1, "queued leased fetched resolved completed");
    v = read_request(f, 1);
    assert_true(json_str_eq(json_get(v, "charged_yocto"), STR("1000")));
    assert_true(json_str_eq(json_get(v, "refunded_yocto"), STR("6000")));
    assert_true(json_u64(json_get(v, "completed_height"), &n) && n == 150);
    assert_true(json_u64(json_get(v, "instructions"), &n) && n == 5000);
    assert_true(json_u64(json_get(json_get(v, "output"), "v"), &n) && n == 42);
    assert_true(json_is_null(json_get(v, "error")));
    /* read twice, told once */
    assert_int_equal(finish(f, 1, true), 0);
    assert_steps(f, 1, "queued leased fetched resolved completed");
    /* only what is new */
    buf_clear(&f->out);
    assert_int_equal(request_write(f->d, 1, 4, &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    assert_int_equal(json_count(json_get(v, "steps")), 1);
    assert_int_equal(step_last(f->d, 1, &n, &f->why), 0);
    assert_int_equal(n, 5);
    assert_int_equal(step_last(f->d, 2, &n, &f->why), 0);
    assert_int_equal(n, 0);
    assert_int_equal(request_write(f->d, 2, 0, &f->out, &f->why), ERR_ABSENT);
}

static void test_fenced(void **state)
{
    struct fixture *f = *state;
    struct job a, b;
    uint64_t request;

    assert_int_equal(add(f, 1, 1, 100), 0);
    assert_int_equal(complete(f, 1, 0, true), ERR_CONFLICT); /* never leased */
    assert_int_equal(complete(f, 99, 1, true), ERR_ABSENT);
    assert_int_equal(complete(f, UINT64_MAX, 1, true), ERR_ABSENT);
    assert_int_equal(lease(f, "w1", "", &a), 0);
    f->now += LEASE_MS - 1;
    assert_int_equal(expire(f), 0);
    assert_int_equal(TX(f, jobq_renew(f->d, a.id, a.token, LEASE_MS, f->now, &f->why)), 0);
    f->now += LEASE_MS - 1;
    assert_int_equal(expire(f), 0);
    f->now += 1;
    assert_int_equal(expire(f), 1);
    assert_int_equal(TX(f, jobq_renew(f->d, a.id, a.token, LEASE_MS, f->now, &f->why)),
                     ERR_CONFLICT);
    f->now += JOB_BACKOFF_MAX;
    assert_int_equal(lease(f, "w2", "", &b), 0);
    assert_int_equal(b.id, a.id);
    assert_int_equal(b.attempt, 2);
    assert_true(b.token > a.token);
    /* the first worker comes back to life */
    assert_int_equal(TX(f, jobq_renew(f->d, a.id, a.token, LEASE_MS, f->now, &f->why)),
                     ERR_CONFLICT);
    assert_int_equal(
        TX(f, jobq_progress(f->d, a.id, a.token, "ran", STR_NONE, 0, f->now, &request, &f->why)),
        ERR_CONFLICT);
    assert_int_equal(
        TX(f, jobq_release(f->d, a.id, a.token, STR("x"), true, f->now, &request, &f->why)),
        ERR_CONFLICT);
    assert_int_equal(complete(f, a.id, a.token, false), ERR_CONFLICT);
    assert_int_equal(complete(f, b.id, b.token + 1, false), ERR_CONFLICT);
    assert_status(f, 1, "running");
    assert_int_equal(complete(f, b.id, b.token, true), 0);
    /* told again, after an answer that was lost: the same, and nothing changes */
    f->now += 5;
    assert_int_equal(complete(f, b.id, b.token, false), 0);
    assert_status(f, 1, "completed");
    assert_int_equal(complete(f, a.id, a.token, true), ERR_CONFLICT);
    assert_int_equal(TX(f, jobq_renew(f->d, b.id, b.token, LEASE_MS, f->now, &f->why)),
                     ERR_CONFLICT);
    assert_int_equal(lease(f, "w2", "", &b), ERR_EMPTY);
    assert_steps(f, 1, "queued leased expired leased");
}

static void test_late_but_alone(void **state)
{
    struct fixture *f = *state;
    struct job j;

    assert_int_equal(add(f, 1, 1, 100), 0);
    assert_int_equal(lease(f, "w1", "", &j), 0);
    f->now += LEASE_MS;
    assert_int_equal(expire(f), 1);
    assert_int_equal(complete(f, j.id, j.token, true), 0); /* nobody else had it */
    assert_status(f, 1, "completed");
    f->now += 100000;
    assert_int_equal(lease(f, "w2", "", &j), ERR_EMPTY);
}

static void test_attempts(void **state)
{
    struct fixture *f = *state;
    struct job j;

    assert_int_equal(add(f, 1, 1, 100), 0);
    for (unsigned i = 1; i <= JOB_LEASES_MAX; i++) {
        assert_int_equal(lease(f, "w1", "", &j), 0);
        assert_int_equal(j.attempt, i);
        f->now += LEASE_MS;
        assert_int_equal(expire(f), 1);
        if (i < JOB_LEASES_MAX) {
            assert_int_equal(lease(f, "w1", "", &j), ERR_EMPTY); /* not at once */
            f->now += JOB_BACKOFF_MAX;
        }
        reopen(f);
    }
    f->now += JOB_BACKOFF_MAX;
    assert_int_equal(lease(f, "w1", "", &j), ERR_EMPTY);
    assert_status(f, 1, "failed");
    /* it was not dead after all; its word is worth more than ours */
    assert_int_equal(complete(f, j.id, j.token, true), 0);
    assert_status(f, 1, "completed");
}

static void test_release(void **state)
{
    struct fixture *f = *state;
    struct job j;
    uint64_t request = 0;

    assert_int_equal(add(f, 1, 1, 100), 0);
    for (int i = 0; i < 20; i++) { /* a shutdown does not count */
        assert_int_equal(lease(f, "w", "", &j), 0);
        assert_int_equal(j.attempt, 1);
        assert_int_equal(TX(f, jobq_release(f->d, j.id, j.token, STR("shutdown"), false, f->now,
                                            &request, &f->why)),
                         0);
        assert_int_equal(request, 1);
    }
    for (unsigned i = 0; i < JOB_LEASES_MAX; i++) {
        assert_int_equal(lease(f, "w", "", &j), 0);
        assert_int_equal(TX(f, jobq_release(f->d, j.id, j.token, STR("a \"fault\"\n"), true, f->now,
                                            &request, &f->why)),
                         0);
        assert_int_equal(
            TX(f, jobq_release(f->d, j.id, j.token, STR("again"), true, f->now, &request, &f->why)),
            ERR_CONFLICT);
        f->now += JOB_BACKOFF_MAX;
    }
    assert_int_equal(lease(f, "w", "", &j), ERR_EMPTY);
    assert_status(f, 1, "failed");
}

static void test_worker_restarts(void **state)
{
    struct fixture *f = *state;
    struct changed list;
    struct job j;

    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(add(f, i, 1, 100), 0);
    assert_int_equal(lease(f, "w1", "s1", &j), 0);
    assert_int_equal(lease(f, "w1", "s1", &j), 0);
    assert_int_equal(lease(f, "w2", "s1", &j), 0);
    assert_int_equal(TX(f, jobq_expire_worker(f->d, STR("w1"), STR("s1"), f->now, &list, &f->why)),
                     0);
    assert_int_equal(list.n, 0);
    assert_int_equal(TX(f, jobq_expire_worker(f->d, STR("w1"), STR("s2"), f->now, &list, &f->why)),
                     0);
    assert_int_equal(list.n, 2);
    assert_int_equal(list.request_id[0] + list.request_id[1], 3);
    f->now += JOB_BACKOFF_MS;
    assert_int_equal(lease(f, "w1", "s2", &j), 0);
    assert_int_equal(j.request_id, 1);
    assert_int_equal(j.attempt, 2);
}

static void test_contract_has_the_last_word(void **state)
{
    struct fixture *f = *state;
    struct job j;

    /* over while still queued: cancelled, timed out, answered by another */
    assert_int_equal(add(f, 1, 1, 100), 0);
    assert_int_equal(finish(f, 1, false), 0);
    assert_status(f, 1, "execution_failed");
    assert_int_equal(lease(f, "w", "", &j), ERR_EMPTY);
    assert_steps(f, 1, "queued completed");

    /* over while leased; the worker's report then adds what it used */
    assert_int_equal(add(f, 2, 1, 100), 0);
    assert_int_equal(lease(f, "w", "", &j), 0);
    assert_int_equal(finish(f, 2, true), 0);
    assert_status(f, 2, "completed");
    assert_int_equal(expire(f), 0);
    assert_int_equal(complete(f, j.id, j.token, true), 0);
    assert_true(json_str_eq(json_get(read_request(f, 2), "charged_yocto"), STR("1000")));
    assert_true(json_str_eq(json_get(read_request(f, 2), "resolve_tx"), STR("TX")));

    /* a worker that says otherwise than the chain, before and after it */
    for (uint64_t id = 3; id <= 4; id++) {
        assert_int_equal(add(f, id, 1, 100), 0);
        assert_int_equal(lease(f, "w", "", &j), 0);
        if (id == 3)
            assert_int_equal(complete(f, j.id, j.token, true), 0);
        assert_int_equal(finish(f, id, false), 0);
        if (id == 4)
            assert_int_equal(complete(f, j.id, j.token, true), 0);
        assert_status(f, id, "execution_failed");
        assert_true(
            json_str_eq(json_get(read_request(f, id), "error"), STR("as the chain saw it")));
    }
    assert_int_equal(finish(f, 77, true), 0); /* of before our time */
}

static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct changed list;
    struct job j;

    assert_int_equal(add(f, 1, 1, 100), 0);
    assert_int_equal(add(f, 2, 1, 101), 0);
    assert_int_equal(add(f, 3, 1, 102), 0);
    assert_int_equal(lease(f, "w", "", &j), 0);
    assert_int_equal(TX(f, jobq_deadline(f->d, 301, f->now, &list, &f->why)), 0);
    assert_int_equal(list.n, 0); /* the first is being worked on, the second has one more block */
    assert_int_equal(TX(f, jobq_deadline(f->d, 302, f->now, &list, &f->why)), 0);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.request_id[0], 2);
    assert_status(f, 2, "failed");
    assert_status(f, 1, "running");
    assert_status(f, 3, "queued");
}

/* Random operations of three workers; at every moment a job is in one state, and in the end each
 * is done exactly once. */
static void test_random_walk(void **state)
{
    struct fixture *f = *state;
    struct job held[3] = {0};
    struct jobq_counts c;
    uint64_t request;
    unsigned seed = 12345, done = 0;

    for (uint64_t i = 1; i <= 60; i++)
        assert_int_equal(add(f, i, (unsigned)i, 100), 0);
    for (int step = 0; step < 4000 && done < 60; step++) {
        unsigned w = (unsigned)rand_r(&seed) % 3, what = (unsigned)rand_r(&seed) % 10;
        char name[3] = {'w', (char)('0' + w), 0};

        f->now += 50;
        if (what == 0)
            expire(f);
        if (what == 1)
            reopen(f);
        if (!held[w].id) {
            enum err e = lease(f, name, "", &held[w]);

            assert_true(e == 0 || e == ERR_EMPTY);
        } else if (what < 4) {
            held[w].id = 0; /* killed */
        } else if (what < 8) {
            enum err e = complete(f, held[w].id, held[w].token, true);

            assert_true(e == 0 || e == ERR_CONFLICT);
            held[w].id = 0;
        } else if (what == 8) {
            enum err e = TX(f, jobq_release(f->d, held[w].id, held[w].token, STR("shutdown"), false,
                                            f->now, &request, &f->why));

            assert_true(e == 0 || e == ERR_CONFLICT);
            held[w].id = 0;
        }
        assert_int_equal(jobq_count(f->d, &c, &f->why), 0);
        assert_true(c.queued + c.leased <= 60 - done);
        done = 60 - (unsigned)(c.queued + c.leased);
    }
    assert_int_equal(done, 60);
    buf_clear(&f->out);
    assert_int_equal(stats_write(f->d, 0, &f->out, &f->why), 0);
    {
        struct json v;
        uint64_t n;

        assert_true(json_parse(buf_str(&f->out), &v, NULL));
        assert_true(json_u64(json_get(v, "total_executions"), &n) && n == 60);
    }
}

static void test_lists(void **state)
{
    struct fixture *f = *state;
    struct job j;
    struct json v;
    uint64_t n;

    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(add(f, i, 1, 100), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lease(f, "w", "", &j), 0);
        assert_int_equal(complete(f, j.id, j.token, i != 1), 0);
    }
    buf_clear(&f->out);
    assert_int_equal(
        jobs_write(f->d, &(struct jobs_filter){.limit = 3, .offset = 1}, &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    assert_int_equal(json_count(v), 3);
    assert_true(json_u64(json_get(json_at(v, 0), "request_id"), &n) && n == 4);
    assert_true(json_str_eq(json_get(json_at(v, 0), "status"), STR("queued")));
    assert_true(json_str_eq(json_get(json_at(v, 2), "error_details"), STR("trap")));
    assert_true(json_str_eq(json_get(json_at(v, 2), "near_payment_yocto"), STR("7000")));
    assert_int_equal(json_count(json_at(v, 2)), 25);
    buf_clear(&f->out);
    assert_int_equal(jobs_write(f->d, &(struct jobs_filter){.limit = 9, .user = STR("' OR 1=1 --")},
                                &f->out, &f->why),
                     0);
    assert_string_equal(buf_z(&f->out), "[]");
    buf_clear(&f->out);
    assert_int_equal(repos_write(f->d, &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    assert_int_equal(json_count(v), 1);
    assert_true(json_u64(json_get(json_at(v, 0), "total_executions"), &n) && n == 2);
    assert_true(json_str_eq(json_get(json_at(v, 0), "last_commit"), STR("main")));
    buf_clear(&f->out);
    assert_int_equal(user_write(f->d, STR("alice.test"), &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    assert_true(json_u64(json_get(v, "total_executions"), &n) && n == 3);
    assert_true(json_str_eq(json_get(v, "total_near_spent_yocto"), STR("2700")));
    buf_clear(&f->out);
    assert_int_equal(stats_write(f->d, 2, &f->out, &f->why), 0);
    assert_true(json_parse(buf_str(&f->out), &v, NULL));
    assert_true(json_u64(json_get(v, "successful_executions"), &n) && n == 2);
    assert_true(json_u64(json_get(v, "execution_failed_executions"), &n) && n == 1);
    buf_clear(&f->out);
    assert_int_equal(per_day_write(f->d, f->now, &f->out, &f->why), 0);
    assert_string_equal(buf_z(&f->out), "[{\"date\":\"1970-01-01\",\"count\":3}]");
}

/* Lease until nothing is left; the requests in the order they came, and each job ended at once. */
static void assert_order(struct fixture *f, const uint64_t *requests, size_t n)
{
    struct job j;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(lease(f, "w", "s", &j), 0);
        assert_int_equal(j.request_id, requests[i]);
        assert_int_equal(complete(f, j.id, j.token, true), 0);
    }
    assert_int_equal(lease(f, "w", "s", &j), ERR_EMPTY);
}

/* Who floods the queue delays others by one job each, whenever they come. */
static void test_turns(void **state)
{
    struct fixture *f = *state;
    struct job j;

    for (uint64_t i = 1; i <= 6; i++)
        assert_int_equal(add_of(f, "flood.test", i, 1, 100), 0);
    assert_int_equal(add_of(f, "bob.test", 10, 1, 100), 0);
    assert_int_equal(add_of(f, "bob.test", 11, 1, 100), 0);
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(j.request_id, 1);
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(j.request_id, 10);
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(j.request_id, 2);
    /* Comes when the flood is under way, and does not wait for the rest of it. */
    assert_int_equal(add_of(f, "carol.test", 20, 1, 101), 0);
    assert_order(f, (const uint64_t[]){11, 20, 3, 4, 5, 6}, 6);
}

/* A job that was handed back keeps its turn, and its waiting does not let others run ahead. */
static void test_turn_kept(void **state)
{
    struct fixture *f = *state;
    uint64_t request;
    struct job j;

    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(add_of(f, "flood.test", i, 1, 100), 0);
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(
        TX(f, jobq_release(f->d, j.id, j.token, STR("node away"), true, f->now, &request, &f->why)),
        0);
    for (uint64_t i = 10; i <= 13; i++)
        assert_int_equal(add_of(f, "bob.test", i, 1, 100), 0);
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(j.request_id, 2);
    f->now += JOB_BACKOFF_MS;
    assert_int_equal(lease(f, "w", "s", &j), 0);
    assert_int_equal(j.request_id, 1);
    assert_order(f, (const uint64_t[]){10, 3, 11, 4, 12, 13}, 6);
}

/* A worker's share for one sender counts what runs there, not what waits for its block. */
static void test_share(void **state)
{
    struct fixture *f = *state;
    struct job a, b, c;
    uint64_t request, running;

    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(add_of(f, "flood.test", i, 1, 100), 0);
    assert_int_equal(lease_shared(f, "w", 2, &a), 0);
    assert_int_equal(lease_shared(f, "w", 2, &b), 0);
    assert_int_equal(lease_shared(f, "w", 2, &c), ERR_EMPTY);
    assert_int_equal(lease_shared(f, "other", 2, &c), 0);
    assert_int_equal(c.request_id, 3);
    assert_int_equal(add_of(f, "bob.test", 10, 1, 100), 0);
    assert_int_equal(lease_shared(f, "w", 2, &c), 0);
    assert_int_equal(c.request_id, 10);
    assert_int_equal(jobq_running(f->d, STR("w"), &running, &f->why), 0);
    assert_int_equal(running, a.id);
    assert_int_equal(
        TX(f, jobq_progress(f->d, a.id, a.token, "ran", STR_NONE, 0, f->now, &request, &f->why)),
        0);
    assert_int_equal(jobq_running(f->d, STR("w"), &running, &f->why), 0);
    assert_int_equal(running, b.id);
    assert_int_equal(lease_shared(f, "w", 2, &c), 0);
    assert_int_equal(c.request_id, 4);
    assert_int_equal(jobq_running(f->d, STR("nobody"), &running, &f->why), 0);
    assert_int_equal(running, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, fixture_free)
    const struct CMUnitTest tests[] = {
        T(test_once),
        T(test_happy),
        T(test_fenced),
        T(test_late_but_alone),
        T(test_attempts),
        T(test_release),
        T(test_worker_restarts),
        T(test_contract_has_the_last_word),
        T(test_deadline),
        T(test_random_walk),
        T(test_lists),
        T(test_turns),
        T(test_turn_kept),
        T(test_share),
    };

    return cmocka_run_group_tests_name("coordinator_jobq", tests, NULL, NULL);
}
