/*
 * Totals against the rows they are of: whatever order reports, the contract's word and failures
 * come in, and for a database that was made before there were totals.
 */
#include "fixture.h"

#include <string.h>

#include "codec/json.h"
#include "coordinator/jobq.h"
#include "coordinator/totals.h"

#define DAY_MS   UINT64_C(86400000)
#define ACCOUNTS 7
#define ROUNDS   3000

static uint64_t next_request, dice;

static int start(void **state)
{
    (void)fixture_new(state, 1780000000000);
    next_request = 0;
    dice = 88172645463325252;
    return 0;
}

static unsigned roll(unsigned n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice % n);
}

static void add(struct fixture *f)
{
    static const char *const repos[] = {NULL, "https://github.com/a/one",
                                        "https://github.com/a/two"};
    const char *repo = repos[roll(3)];
    struct block_head head = {.height = next_request, .timestamp_ns = 1};
    char sender[32], commit[16];
    uint64_t id;

    snprintf(sender, sizeof(sender), "user%u.test", roll(ACCOUNTS));
    snprintf(commit, sizeof(commit), "c%llu", (unsigned long long)next_request);
    assert_int_equal(
        jobq_add(f->d,
                 &(struct block_event){.kind = EV_REQUESTED,
                                       .request_id = next_request++,
                                       .request_data = STR("{}"),
                                       .sender_id = roll(20) ? str_of(sender) : STR_NONE,
                                       .repo = repo ? str_of(repo) : STR_NONE,
                                       .commit = repo ? str_of(commit) : STR_NONE,
                                       .payment = 1},
                 &head, roll(10) ? 100000 : 1, f->now, &id, &f->why),
        0);
}

static void finish(struct fixture *f)
{
    struct block_event ev = {.kind = EV_COMPLETED,
                             .request_id = roll((unsigned)next_request + 1),
                             .success = roll(3) != 0,
                             .charged = ((u128)roll(1u << 31) << 64) + roll(1u << 31),
                             .refunded = 3};

    assert_int_equal(jobq_finish(f->d, &ev, 5, f->now, &f->why), 0);
}

static void report(struct fixture *f)
{
    static const char *const failures[] = {"access_denied",        "compilation_failed",
                                           "execution_failed",     "failed",
                                           "insufficient_payment", "custom"};
    const struct lease_ask ask = {roll(2) ? STR("w1") : STR("w2"), STR("s"), 0};
    bool ok = roll(2);
    struct job_result r = {.status = ok ? STR("completed") : str_of(failures[roll(6)]),
                           .success = ok,
                           .has_use = roll(2),
                           .instructions = (uint64_t)roll(1u << 31) << 18,
                           .time_ms = roll(1000),
                           .has_charged = roll(2),
                           .charged = (u128)1 << roll(100)};
    struct job j;
    uint64_t request;
    enum err e = jobq_lease(f->d, &f->a, &ask, 1000, f->now, &j, &f->why);

    if (e == ERR_EMPTY)
        return;
    assert_int_equal(e, 0);
    if (roll(4) == 0) /* the contract speaks first */
        finish(f);
    if (roll(8))
        assert_int_equal(jobq_complete(f->d, j.id, j.token, &r, f->now, &request, &f->why), 0);
    arena_release(&f->a);
}

static void history(struct fixture *f)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct changed list;

        f->now += roll((unsigned)(DAY_MS / 50));
        assert_int_equal(db_begin(f->d, &f->why), 0);
        switch (roll(8)) {
        case 0:
        case 1:
        case 2:
            add(f);
            break;
        case 3:
            finish(f);
            break;
        case 4:
            assert_int_equal(jobq_deadline(f->d, next_request, f->now, &list, &f->why), 0);
            assert_int_equal(jobq_expire(f->d, f->now, &list, &f->why), 0);
            break;
        default:
            report(f);
        }
        (void)!db_end(f->d, roll(10) ? ERR_OK : ERR_EMPTY, &f->why); /* some come to nothing */
    }
}

static uint64_t number(struct fixture *f, const char *sql, struct str arg)
{
    uint64_t n = 0;

    assert_int_equal(db_number(f->d, sql, &n, &f->why, AS_TEXT(arg)), 0);
    return n;
}

static u128 charged_by(struct fixture *f, struct str account)
{
    struct db_stmt *s = NULL;
    u128 sum = 0;

    assert_int_equal(db_ask(f->d,
                            "SELECT t.charged FROM result t JOIN request r ON r.id = t.id "
                            "WHERE t.charged IS NOT NULL AND ($1 = '' OR r.sender_id = $1)",
                            &s, &f->why, AS_TEXT(account)),
                     0);
    while (!db_step(s, &f->why))
        sum += db_u128(s, 0);
    db_done(&s);
    return sum;
}

static uint64_t member(struct json v, const char *key)
{
    uint64_t n = 0;

    assert_true(json_u64(json_get(v, key), &n));
    return n;
}

static void check_charged(struct json v, const char *key, u128 want)
{
    struct buf b = BUF_INIT(64);

    json_put_u128_str(&b, want);
    assert_true(str_eq(json_get(v, key).text, buf_str(&b)));
    buf_release(&b);
}

static struct json parsed(struct buf *b)
{
    struct json v;

    assert_true(json_parse(buf_str(b), &v, NULL));
    return v;
}

static uint64_t done_since(struct fixture *f, uint64_t day)
{
    uint64_t n = 0;

    assert_int_equal(db_number(f->d, "SELECT COUNT(*) FROM result WHERE done_ms >= $1", &n, &f->why,
                               AS_U64(day * DAY_MS)),
                     0);
    return n;
}

/* Every total against a sum over the rows. */
static void check(struct fixture *f)
{
    static const char *const statuses[] = {"access_denied", "compilation_failed",
                                           "execution_failed", "insufficient_payment", "custom"};
    struct buf b = BUF_INIT(1 << 20);
    struct worker_totals w;
    struct json v;
    uint64_t days = 0;

    assert_int_equal(stats_write(f->d, 5, &b, &f->why), 0);
    v = parsed(&b);
    assert_int_equal(member(v, "total_executions"),
                     number(f, "SELECT COUNT(*) FROM result WHERE $1 = ''", STR("")));
    assert_int_equal(member(v, "successful_executions"),
                     number(f, "SELECT SUM(success) FROM result WHERE $1 = ''", STR("")));
    assert_int_equal(member(v, "failed_executions"),
                     number(f, "SELECT SUM(1 - success) FROM result WHERE $1 = ''", STR("")));
    for (size_t i = 0; i < countof(statuses); i++) {
        char key[64];

        snprintf(key, sizeof(key), "%s_executions", statuses[i]);
        assert_int_equal(member(v, key), number(f, "SELECT COUNT(*) FROM result WHERE status = $1",
                                                str_of(statuses[i])));
    }
    assert_true(member(v, "total_instructions_used") ==
                number(f, "SELECT SUM(instructions) FROM result WHERE $1 = ''", STR("")));
    assert_int_equal(
        member(v, "average_execution_time_ms"),
        number(f, "SELECT SUM(time_ms) / COUNT(time_ms) FROM result WHERE $1 = ''", STR("")));
    assert_int_equal(member(v, "unique_users"),
                     number(f,
                            "SELECT COUNT(DISTINCT r.sender_id) FROM result t "
                            "JOIN request r ON r.id = t.id WHERE $1 = ''",
                            STR("")));
    check_charged(v, "total_near_paid_yocto", charged_by(f, STR("")));
    for (unsigned i = 0; i <= ACCOUNTS; i++) { /* the last has run nothing */
        char name[32];

        snprintf(name, sizeof(name), "user%u.test", i);
        buf_clear(&b);
        assert_int_equal(user_write(f->d, str_of(name), &b, &f->why), 0);
        v = parsed(&b);
        assert_int_equal(member(v, "total_executions"),
                         number(f,
                                "SELECT COUNT(*) FROM result t JOIN request r ON r.id = t.id "
                                "WHERE r.sender_id = $1",
                                str_of(name)));
        check_charged(v, "total_near_spent_yocto", charged_by(f, str_of(name)));
    }
    for (unsigned i = 1; i < 3; i++) {
        struct str name = i == 1 ? STR("w1") : STR("w2");

        assert_int_equal(worker_totals(f->d, name, &w, &f->why), 0);
        assert_int_equal(w.completed,
                         number(f, "SELECT SUM(success) FROM result WHERE worker = $1", name));
        assert_int_equal(w.failed,
                         number(f, "SELECT SUM(1 - success) FROM result WHERE worker = $1", name));
    }
    buf_clear(&b);
    assert_int_equal(repos_write(f->d, &b, &f->why), 0);
    v = parsed(&b);
    for (struct json_iter it = json_iter(v); json_next(&it);) {
        struct str repo;

        assert_true(json_plain(json_get(it.value, "github_repo"), &repo));
        assert_int_equal(member(it.value, "total_executions"),
                         number(f,
                                "SELECT COUNT(*) FROM result t JOIN request r ON r.id = t.id "
                                "WHERE r.repo = $1",
                                repo));
    }
    buf_clear(&b);
    assert_int_equal(per_day_write(f->d, f->now, &b, &f->why), 0);
    v = parsed(&b);
    for (struct json_iter it = json_iter(v); json_next(&it);)
        days += member(it.value, "count");
    assert_int_equal(days, done_since(f, f->now / DAY_MS - 29));
    buf_release(&b);
}

static void test_whatever_happens(void **state)
{
    struct fixture *f = *state;

    history(f);
    check(f);
    reopen(f);
    check(f);
}

/* A database from before: nothing is lost, nothing counted twice. */
static void test_filled_once(void **state)
{
    static const char *const back[] = {
        "DROP TABLE total",
        "CREATE INDEX result_status ON result (status, id)",
        "CREATE INDEX result_done ON result (done_ms)",
        "CREATE INDEX result_worker ON result (worker)",
        "DROP TABLE pruned",
        "DROP INDEX epoch_open",
        "ALTER TABLE epoch DROP COLUMN settled",
        "UPDATE db_schema SET version = 1 WHERE name = 'executions'",
    };
    struct fixture *f = *state;

    history(f);
    for (size_t i = 0; i < countof(back); i++)
        assert_int_equal(db_exec(f->d, back[i], &f->why), 0);
    reopen(f);
    check(f);
    reopen(f);
    check(f);
    history(f);
    check(f);
}

/* Sums beyond what a column holds: by no liar's report do others' jobs stop ending. */
static void test_large_numbers(void **state)
{
    struct fixture *f = *state;
    struct job_result r = {.status = STR("completed"),
                           .success = true,
                           .has_use = true,
                           .instructions = INT64_MAX,
                           .time_ms = INT64_MAX,
                           .has_charged = true,
                           .charged = ~(u128)0 >> 2};
    const struct lease_ask ask = {STR("w1"), STR("s"), 0};
    struct buf b = BUF_INIT(4096);
    struct json v;

    for (unsigned i = 0; i < 3; i++) {
        struct job j;
        uint64_t request;

        add(f);
        assert_int_equal(jobq_lease(f->d, &f->a, &ask, 1000, f->now, &j, &f->why), 0);
        assert_int_equal(jobq_complete(f->d, j.id, j.token, &r, f->now, &request, &f->why), 0);
    }
    assert_int_equal(stats_write(f->d, 0, &b, &f->why), 0);
    v = parsed(&b);
    assert_true(member(v, "total_instructions_used") == UINT64_MAX);
    check_charged(v, "total_near_paid_yocto", 3 * (~(u128)0 >> 2));
    buf_release(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, fixture_free)
    const struct CMUnitTest tests[] = {
        T(test_whatever_happens),
        T(test_filled_once),
        T(test_large_numbers),
    };

    return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
