#include "coordinator/totals.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "codec/put.h"
#include "coordinator/columns.h"

#define DAY_S      86400
#define DAYS_SHOWN 30
#define DATE_LEN   10 /* 2026-05-01, which sorts as text */

/* Columns of `total`, in the order of the SQL below. */
enum {
    EXECUTIONS,
    SUCCEEDED,
    FIRST_STATUS, /* of `statuses` */
    ACCOUNTS = FIRST_STATUS + 5,
    TIMED,
    TIME_MS,
    INSTRUCTIONS,               /* two parts … */
    CHARGED = INSTRUCTIONS + 2, /* … four: 2^31 of them can be summed before one overflows */
    COLUMNS = CHARGED + 4,
};
_Static_assert(COLUMNS == TOTAL_COLUMNS, "a column of totals is missing");

static const char *const statuses[] = {"access_denied", "compilation_failed", "execution_failed",
                                       "insufficient_payment", "custom"};

#define SUMS                                                                                       \
    "executions, succeeded, access_denied, compilation_failed, execution_failed, "                 \
    "insufficient_payment, custom, accounts, timed, time_ms, instructions0, instructions1, "       \
    "charged0, charged1, charged2, charged3"
#define ADD(column) column " = total." column " + excluded." column

/* ------------------------------------------------------------------ counting */

static void parts(int64_t *out, size_t n, u128 v)
{
    for (size_t i = 0; i < n; i++, v >>= 32)
        out[i] = (int64_t)(uint32_t)v;
}

static u128 whole(const struct db_stmt *s, unsigned col, unsigned n)
{
    u128 v = 0;

    while (n--)
        v = (v << 32) + db_u64(s, col + n);
    return v;
}

#define RESULT                                                                                     \
    "SELECT t.status, t.success, t.instructions, t.time_ms, t.charged, t.worker, t.done_ms, "      \
    "r.sender_id, r.repo, r.commit_ref FROM result t JOIN request r ON r.id = t.id "

static void count(const struct db_stmt *s, struct counted *out)
{
    struct str status = db_text(s, 0), worker = str_head(db_text(s, 5), TOTAL_WORKER_MAX);

    *out = (struct counted){.n = {[EXECUTIONS] = 1, [SUCCEEDED] = db_i64(s, 1)}};
    for (size_t i = 0; i < countof(statuses); i++)
        out->n[FIRST_STATUS + i] = str_eqz(status, statuses[i]);
    if (!db_null(s, 2))
        parts(&out->n[INSTRUCTIONS], 2, db_u64(s, 2));
    if (!db_null(s, 3)) {
        out->n[TIMED] = 1;
        out->n[TIME_MS] = (int64_t)(db_u64(s, 3) < UINT32_MAX ? db_u64(s, 3) : UINT32_MAX);
    }
    if (!db_null(s, 4))
        parts(&out->n[CHARGED], 4, db_u128(s, 4));
    if (worker.len)
        memcpy(out->worker, worker.ptr, worker.len);
}

/* Add to one row of totals. `*made`: it was not there before; NULL: never mind. */
static enum err add(struct db *d, enum total_kind kind, struct str name, struct str commit,
                    const int64_t n[COLUMNS], bool *made, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e =
        db_ask(
            d,
            "INSERT INTO total (kind, name, last_commit, " SUMS ") VALUES ($1, $2, $3, "
            "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) "
            "ON CONFLICT (kind, name) DO UPDATE SET "
            "last_commit = COALESCE(excluded.last_commit, total.last_commit), " ADD("executions") ", " ADD("succeeded") ", " ADD("access_denied") ", " ADD("compilation_failed") ", " ADD("execution_failed") ", " ADD("insufficient_payment") ", " ADD(
                "custom") ", " ADD("accounts") ", " ADD("timed") ", " ADD("time_ms") ", " ADD("inst"
                                                                                              "ruct"
                                                                                              "ions"
                                                                                              "0") ", " ADD("instructions1") ", " ADD("charged0") ", " ADD("charged1") ", " ADD("charged2") ", " ADD("charged3") " RETURNING executions",
            &s, why, AS_U64(kind), AS_TEXT(name), AS_TEXT(commit));

    if (e)
        return e;
    for (unsigned i = 0; i < COLUMNS; i++)
        db_bind_i64(s, 4 + i, n[i]);
    e = db_step(s, why);
    if (!e && made)
        *made = n[EXECUTIONS] && db_i64(s, 0) == n[EXECUTIONS];
    db_done(&s);
    return e;
}

static struct str date_of(uint64_t ms, char out[DATE_LEN + 1])
{
    time_t at = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&at, &tm);
    return str_from(out, strftime(out, DATE_LEN + 1, "%Y-%m-%d", &tm));
}

static bool any(const int64_t n[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        if (n[i])
            return true;
    return false;
}

/* The result in `s` counts for `is`, and did count for `was`. */
static enum err change(struct db *d, const struct db_stmt *s, const struct counted *was,
                       const struct counted *is, struct buf *why)
{
    struct str account = db_text(s, 7), repo = db_text(s, 8);
    bool moved = strcmp(was->worker, is->worker) != 0, new_account = false;
    int64_t more[COLUMNS], less[COLUMNS];
    char date[DATE_LEN + 1];
    enum err e = ERR_OK;

    for (size_t i = 0; i < COLUMNS; i++) {
        more[i] = is->n[i] - was->n[i];
        less[i] = -was->n[i];
    }
    if (moved && was->worker[0])
        e = add(d, TOTAL_WORKER, str_of(was->worker), STR_NONE, less, NULL, why);
    if (!e && is->worker[0] && (moved || any(more)))
        e = add(d, TOTAL_WORKER, str_of(is->worker), STR_NONE, moved ? is->n : more, NULL, why);
    if (e || !any(more))
        return e;
    if (account.ptr)
        e = add(d, TOTAL_ACCOUNT, account, STR_NONE, more, &new_account, why);
    if (!e && repo.ptr)
        e = add(d, TOTAL_REPO, repo, db_text(s, 9), more, NULL, why);
    if (!e && more[EXECUTIONS])
        e = add(d, TOTAL_DAY, date_of(db_u64(s, 6), date), STR_NONE, more, NULL, why);
    more[ACCOUNTS] = new_account;
    return e ? e : add(d, TOTAL_ALL, STR(""), STR_NONE, more, NULL, why);
}

enum err total_take(struct db *d, uint64_t job_id, struct counted *was, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, RESULT "WHERE t.id = $1", &s, why, AS_U64(job_id));

    *was = (struct counted){.worker = ""};
    if (!e)
        e = db_step(s, why);
    if (!e)
        count(s, was);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err total_put(struct db *d, uint64_t job_id, const struct counted *was, struct buf *why)
{
    struct counted is;
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, RESULT "WHERE t.id = $1", &s, why, AS_U64(job_id));

    if (!e)
        e = db_step(s, why);
    if (!e) {
        count(s, &is);
        e = change(d, s, was, &is, why);
    }
    db_done(&s);
    return e;
}

static enum err fill(struct db *d, uint64_t *rows, struct buf *why)
{
    static const struct counted nothing;
    struct db_stmt *s = NULL;
    enum err e = add(d, TOTAL_ALL, STR(""), STR_NONE, nothing.n, NULL, why);

    if (!e)
        e = db_stmt(d, RESULT "ORDER BY t.id", &s, why);
    while (!e && !(e = db_step(s, why))) {
        struct counted is;

        count(s, &is);
        e = change(d, s, &nothing, &is, why);
        ++*rows;
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err totals_fill(struct db *d, struct buf *why)
{
    uint64_t there, rows = 0;
    enum err e =
        db_number(d, "SELECT COUNT(*) FROM total WHERE kind = $1", &there, why, AS_U64(TOTAL_ALL));

    if (e || there)
        return e;
    e = db_begin(d, why);
    if (e)
        return e;
    e = db_end(d, fill(d, &rows, why), why);
    if (!e && rows)
        log_info("totals_counted", "executions=%llu", (unsigned long long)rows);
    return e;
}

/* ------------------------------------------------------------------ what is shown */

/* The row of one name, of columns SUMS and last_commit; ERR_EMPTY: it has none. */
static enum err row_of(struct db *d, enum total_kind kind, struct str name, struct db_stmt **s,
                       struct buf *why)
{
    enum err e = db_ask(d, "SELECT " SUMS ", last_commit FROM total WHERE kind = $1 AND name = $2",
                        s, why, AS_U64(kind), AS_TEXT(name));

    return e ? e : db_step(*s, why);
}

/* `s` NULL: nothing has run. */
static uint64_t sum(const struct db_stmt *s, unsigned col)
{
    return s ? db_u64(s, col) : 0;
}

static void put_use(struct buf *out, const struct db_stmt *s)
{
    u128 instructions = s ? whole(s, INSTRUCTIONS, 2) : 0;

    put_u64(out, "total_instructions_used",
            instructions < UINT64_MAX ? (uint64_t)instructions : UINT64_MAX);
    put_u64(out, "average_execution_time_ms", sum(s, TIMED) ? sum(s, TIME_MS) / sum(s, TIMED) : 0);
}

static void put_charged(struct buf *out, const char *key, const struct db_stmt *s)
{
    put_u128(out, key, s ? whole(s, CHARGED, 4) : 0);
}

enum err stats_write(struct db *d, uint64_t active_workers, struct buf *out, struct buf *why)
{
    static const char *const keys[] = {"access_denied_executions", "compilation_failed_executions",
                                       "execution_failed_executions",
                                       "insufficient_payment_executions", "custom_executions"};
    struct db_stmt *s = NULL;
    enum err e = row_of(d, TOTAL_ALL, STR(""), &s, why);

    if (!e) {
        json_obj(out);
        put_u64(out, "total_executions", sum(s, EXECUTIONS));
        put_u64(out, "successful_executions", sum(s, SUCCEEDED));
        put_u64(out, "failed_executions", sum(s, EXECUTIONS) - sum(s, SUCCEEDED));
        for (unsigned i = 0; i < countof(keys); i++)
            put_u64(out, keys[i], sum(s, FIRST_STATUS + i));
        put_use(out, s);
        put_charged(out, "total_near_paid_yocto", s);
        put_u64(out, "unique_users", sum(s, ACCOUNTS));
        put_u64(out, "active_workers", active_workers);
        json_obj_end(out);
    }
    db_done(&s);
    return e;
}

enum err user_write(struct db *d, struct str account, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = row_of(d, TOTAL_ACCOUNT, account, &s, why);
    const struct db_stmt *row = e ? NULL : s;

    if (!e || e == ERR_EMPTY) {
        json_obj(out);
        put_str(out, "user_account_id", account);
        put_u64(out, "total_executions", sum(row, EXECUTIONS));
        put_u64(out, "successful_executions", sum(row, SUCCEEDED));
        put_charged(out, "total_near_spent_yocto", row);
        put_use(out, row);
        json_obj_end(out);
        e = ERR_OK;
    }
    db_done(&s);
    return e;
}

enum err worker_totals(struct db *d, struct str worker, struct worker_totals *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = row_of(d, TOTAL_WORKER, worker, &s, why);
    const struct db_stmt *row = e ? NULL : s;

    if (!e || e == ERR_EMPTY) {
        out->completed = sum(row, SUCCEEDED);
        out->failed = sum(row, EXECUTIONS) - sum(row, SUCCEEDED);
        e = ERR_OK;
    }
    db_done(&s);
    return e;
}

static void put_day(struct buf *out, const struct db_stmt *s)
{
    col_text(out, "date", s, 0);
    col_u64(out, "count", s, 1);
}

enum err per_day_write(struct db *d, uint64_t now_ms, struct buf *out, struct buf *why)
{
    uint64_t back = (uint64_t)(DAYS_SHOWN - 1) * DAY_S * 1000;
    struct db_stmt *s = NULL;
    char first[DATE_LEN + 1];
    enum err e = db_ask(
        d, "SELECT name, executions FROM total WHERE kind = $1 AND name >= $2 ORDER BY name", &s,
        why, AS_U64(TOTAL_DAY), AS_TEXT(date_of(now_ms > back ? now_ms - back : 0, first)));

    return e ? e : rows_write(&s, put_day, out, why);
}

static void put_repo(struct buf *out, const struct db_stmt *s)
{
    col_text(out, "github_repo", s, COLUMNS + 1);
    put_u64(out, "total_executions", sum(s, EXECUTIONS));
    put_u64(out, "successful_executions", sum(s, SUCCEEDED));
    put_u64(out, "failed_executions", sum(s, EXECUTIONS) - sum(s, SUCCEEDED));
    put_use(out, s);
    col_text(out, "last_commit", s, COLUMNS);
}

enum err repos_write(struct db *d, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    /* 2 is TOTAL_REPO, as the index has it */
    enum err e = db_ask(d,
                        "SELECT " SUMS ", last_commit, name FROM total WHERE kind = 2 "
                        "ORDER BY executions DESC, name LIMIT $1",
                        &s, why, AS_U64(REPOS_MAX));

    return e ? e : rows_write(&s, put_repo, out, why);
}
