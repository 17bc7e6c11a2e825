/*
 * The database: values at their borders, transactions, statements taken twice, migrations, files
 * that are not ours, and what is there after the process was killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "db/db.h"

static const struct db_migration first[] = {
    {1, "CREATE TABLE item (id BIGSERIAL PRIMARY KEY, n BIGINT, t TEXT, b BYTEA) STRICT;"
        "CREATE TABLE part (item BIGINT NOT NULL REFERENCES item (id), k TEXT NOT NULL, "
        "PRIMARY KEY (item, k)) STRICT"},
};

struct fixture {
    char dir[64], path[96];
    struct db *d;
    struct buf why;
};

static struct db *open_at(const char *path, enum db_durable durable)
{
    struct buf why = WHY_INIT;
    struct db *d = NULL;

    if (db_open(&(struct db_opts){.path = path, .durable = durable, .busy_ms = 100}, &d, &why))
        fail_msg("%s", buf_z(&why));
    return d;
}

static int start(void **state)
{
    struct fixture *f = mem_new(struct fixture);

    snprintf(f->dir, sizeof f->dir, "/tmp/test_db.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/db", f->dir);
    f->why = WHY_INIT;
    f->d = open_at(f->path, DB_NORMAL);
    assert_int_equal(db_migrate(f->d, "test", first, 1, &f->why), 0);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    db_close(f->d);
    assert_int_equal(dir_remove(f->dir, NULL), 0);
    buf_release(&f->why);
    mem_free(f);
    return 0;
}

static uint64_t count(struct db *d)
{
    struct db_stmt *s = NULL;
    uint64_t n;

    assert_int_equal(db_stmt(d, "SELECT COUNT(*) AS n FROM item", &s, NULL), 0);
    assert_int_equal(db_step(s, NULL), 0);
    n = db_u64(s, db_col(s, "n"));
    db_done(&s);
    return n;
}

static enum err insert(struct db *d, int64_t n)
{
    struct db_stmt *s = NULL;
    enum err e;

    assert_int_equal(db_stmt(d, "INSERT INTO item (n) VALUES ($1)", &s, NULL), 0);
    db_bind_i64(s, 1, n);
    e = db_run(s, NULL);
    db_done(&s);
    return e;
}

static void test_values(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s = NULL;
    u128 big = ~(u128)0 - 5;

    /* parameters by number, whatever their order in the text */
    assert_int_equal(db_stmt(f->d,
                             "INSERT INTO item (b, t, n) VALUES ($3, $2, $1) RETURNING id, n, t, b",
                             &s, &f->why),
                     0);
    db_bind_u64(s, 1, INT64_MAX);
    db_bind_text(s, 2, str_from("a\0'b", 4));
    db_bind_u128(s, 3, big);
    assert_int_equal(db_step(s, &f->why), 0);
    assert_int_equal(db_u64(s, db_col(s, "id")), 1);
    assert_true(db_u64(s, 1) == INT64_MAX);
    assert_true(str_eq(db_text(s, 2), str_from("a\0'b", 4)));
    assert_true(db_u128(s, 3) == big);
    assert_int_equal(db_step(s, &f->why), ERR_EMPTY);
    assert_int_equal(db_changes(f->d), 1);

    db_again(s);
    db_bind_i64(s, 1, INT64_MIN);
    db_bind_text(s, 2, STR_NONE);
    db_bind_blob(s, 3, STR(""));
    assert_int_equal(db_step(s, &f->why), 0);
    assert_true(db_i64(s, 1) == INT64_MIN);
    assert_true(db_null(s, 2));
    assert_null(db_text(s, 2).ptr);
    assert_false(db_null(s, 3));
    assert_int_equal(db_blob(s, 3).len, 0);
    db_again(s); /* half read: unbound parameters are NULL */
    assert_int_equal(db_step(s, &f->why), 0);
    assert_true(db_null(s, 1) && db_null(s, 2) && db_null(s, 3));
    db_done(&s);
    assert_null(s);
    assert_int_equal(count(f->d), 3);
}

static void test_u128_sorts(void **state)
{
    static const uint64_t high[] = {0, 1, 0x100, UINT64_MAX};
    struct fixture *f = *state;
    struct db_stmt *s = NULL;
    u128 last = 0;

    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(db_stmt(f->d, "INSERT INTO item (b) VALUES ($1)", &s, NULL), 0);
        db_bind_u128(s, 1, (u128)high[i % 4] << 64 | high[(i * 7 + 3) % 4]);
        assert_int_equal(db_run(s, NULL), 0);
        db_done(&s);
    }
    assert_int_equal(db_stmt(f->d, "SELECT b FROM item ORDER BY b", &s, NULL), 0);
    while (!db_step(s, NULL)) {
        assert_true(db_u128(s, 0) >= last);
        last = db_u128(s, 0);
    }
    assert_true(last > 0);
    db_done(&s);
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s = NULL, *t = NULL;

    assert_int_equal(db_stmt(f->d, "SELEKT 1", &s, &f->why), ERR_DB);
    assert_null(s);
    assert_non_null(strstr(buf_z(&f->why), "SELEKT 1"));
    assert_int_equal(db_stmt(f->d, "SELECT x FROM nowhere", &s, &f->why), ERR_DB);

    assert_int_equal(db_stmt(f->d, "INSERT INTO item (n) VALUES ($1)", &s, &f->why), 0);
    db_bind_u64(s, 1, (uint64_t)INT64_MAX + 1);
    assert_int_equal(db_run(s, &f->why), ERR_RANGE);
    db_again(s);
    db_bind_text(s, 1, STR("x")); /* STRICT: no text in a number's column */
    assert_int_equal(db_run(s, &f->why), ERR_CONFLICT);
    db_done(&s);

    /* a foreign key that refers to nothing, a key there already */
    assert_int_equal(db_stmt(f->d, "INSERT INTO part (item, k) VALUES ($1, $2)", &s, NULL), 0);
    assert_int_equal(db_stmt(f->d, "INSERT INTO part (item, k) VALUES ($1, $2)", &t, NULL), 0);
    db_bind_u64(s, 1, 9);
    db_bind_text(s, 2, STR("k"));
    assert_int_equal(db_run(s, &f->why), ERR_CONFLICT);
    db_done(&s);
    db_done(&t);
    assert_int_equal(insert(f->d, 1), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(db_stmt(f->d, "INSERT INTO part (item, k) VALUES ($1, $2)", &s, NULL), 0);
        db_bind_u64(s, 1, 1);
        db_bind_text(s, 2, STR("k"));
        assert_int_equal(db_run(s, &f->why), i ? ERR_CONFLICT : 0);
        db_done(&s);
    }
    assert_int_equal(count(f->d), 1);
}

static void test_transactions(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(insert(f->d, 1), 0);
    db_rollback(f->d);
    db_rollback(f->d);
    assert_int_equal(count(f->d), 0);
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(insert(f->d, 1), 0);
    assert_int_equal(insert(f->d, 2), 0);
    assert_int_equal(db_commit(f->d, &f->why), 0);
    assert_int_equal(count(f->d), 2);
    assert_int_equal(db_flush(f->d, &f->why), 0);
    /* left open, then closed: rolled back */
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(insert(f->d, 3), 0);
    db_close(f->d);
    f->d = open_at(f->path, DB_FULL);
    assert_int_equal(count(f->d), 2);
}

static void test_nested_is_a_bug(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t pid;

    db_close(f->d);
    f->d = NULL;
    fflush(NULL);
    pid = fork();
    if (!pid) {
        struct db *d = open_at(f->path, DB_NORMAL);

        signal(SIGABRT, SIG_DFL);
        (void)!freopen("/dev/null", "w", stderr);
        if (db_begin(d, NULL) || db_begin(d, NULL))
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_more_statements_than_kept(void **state)
{
    struct fixture *f = *state;
    static char sql[DB_STMTS_MAX + 40][64];
    struct db_stmt *s = NULL;

    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < countof(sql); i++) {
            snprintf(sql[i], sizeof sql[i], "SELECT %u", i);
            assert_int_equal(db_stmt(f->d, sql[i], &s, NULL), 0);
            assert_int_equal(db_step(s, NULL), 0);
            assert_int_equal(db_u64(s, 0), i);
            db_done(&s);
        }
    }
}

static void test_migrations(void **state)
{
    static const struct db_migration second[] = {
        {1, "this has run already and is not looked at"},
        {2, "ALTER TABLE item ADD COLUMN more TEXT; CREATE INDEX item_n ON item (n)"},
    };
    static const struct db_migration broken[] = {
        {1, ""},
        {2, ""},
        {3, "CREATE TABLE half (x BIGINT) STRICT; INSERT INTO nowhere VALUES (1)"},
    };
    struct fixture *f = *state;
    struct db_stmt *s = NULL;

    assert_int_equal(insert(f->d, 1), 0);
    assert_int_equal(db_migrate(f->d, "test", second, 2, &f->why), 0);
    assert_int_equal(db_migrate(f->d, "test", second, 2, &f->why), 0);
    assert_int_equal(db_stmt(f->d, "SELECT more FROM item", &s, &f->why), 0);
    assert_int_equal(db_step(s, NULL), 0);
    assert_true(db_null(s, 0));
    db_done(&s);
    /* the half of a migration that worked is undone too */
    assert_int_equal(db_migrate(f->d, "test", broken, 3, &f->why), ERR_DB);
    assert_int_equal(db_stmt(f->d, "SELECT x FROM half", &s, &f->why), ERR_DB);
    /* an older program */
    assert_int_equal(db_migrate(f->d, "test", first, 1, &f->why), ERR_CONFLICT);
    assert_non_null(strstr(buf_z(&f->why), "newer"));
    /* another schema in the same file */
    assert_int_equal(
        db_migrate(f->d, "other", &(struct db_migration){1, "CREATE TABLE o (x TEXT)"}, 1, &f->why),
        0);
}

/* What another process is told that opens it. */
static int second_process(const char *path)
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (!pid) {
        execl("/proc/self/exe", "test_db", path, NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_files(void **state)
{
    struct fixture *f = *state;
    struct db *d = NULL, *second = NULL;
    char path[128];

    /* a second process (a second connection behaves the same) is refused, not confused */
    assert_int_equal(db_open(&(struct db_opts){.path = f->path, .busy_ms = 50}, &d, &f->why),
                     ERR_BUSY);
    assert_null(d);
    assert_int_equal(second_process(f->path), ERR_BUSY);
    snprintf(path, sizeof path, "%s/shared", f->dir);
    assert_int_equal(db_open(&(struct db_opts){.path = path, .shared = true}, &d, &f->why), 0);
    assert_int_equal(db_exec(d, "CREATE TABLE x (y BIGINT)", &f->why), 0);
    assert_int_equal(db_flush(d, &f->why), 0);
    assert_int_equal(db_open(&(struct db_opts){.path = path, .shared = true}, &second, &f->why), 0);
    assert_int_equal(db_exec(second, "INSERT INTO x VALUES (1)", &f->why), 0);
    assert_int_equal(db_begin(second, &f->why), 0);
    db_close(d);
    db_close(second);
    d = NULL;
    snprintf(path, sizeof path, "%s/no/such/folder", f->dir);
    assert_int_equal(db_open(&(struct db_opts){.path = path}, &d, &f->why), ERR_DB);
    snprintf(path, sizeof path, "%s/text", f->dir);
    assert_int_equal(file_write_atomic(path,
                                       STR("this is a text of some length and no database at all, "
                                           "however long one looks at it and at its hundred bytes"),
                                       0600, NULL),
                     0);
    assert_int_equal(db_open(&(struct db_opts){.path = path}, &d, &f->why), ERR_DB);
    assert_null(d);
}

/* A reader sees whole commits only, goes on seeing one within its transaction, and writes nothing.
 */
static void test_reader(void **state)
{
    struct fixture *f = *state;
    struct db *r = NULL;

    db_close(f->d);
    assert_int_equal(db_open(
                         &(struct db_opts){
                             .path = f->path, .durable = DB_NORMAL, .readers = true, .busy_ms = 50},
                         &f->d, &f->why),
                     0);
    assert_int_equal(insert(f->d, 1), 0);
    assert_int_equal(db_open_reader(f->d, &r, &f->why), 0);
    assert_int_equal(count(r), 1);
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(insert(f->d, 2), 0);
    assert_int_equal(count(r), 1); /* does not wait for the writer either */
    assert_int_equal(db_begin(r, &f->why), 0);
    assert_int_equal(count(r), 1);
    assert_int_equal(db_commit(f->d, &f->why), 0);
    assert_int_equal(count(r), 1);
    db_rollback(r);
    assert_int_equal(count(r), 2);
    assert_int_equal(insert(r, 3), ERR_DB);
    /* one that goes on reading keeps the log, and it starts over when he has done */
    assert_int_equal(db_begin(r, &f->why), 0);
    assert_int_equal(count(r), 2);
    assert_int_equal(insert(f->d, 3), 0);
    assert_true(db_log_size(f->d) > 0);
    assert_int_equal(db_checkpoint(f->d, &f->why), ERR_BUSY);
    assert_int_equal(count(r), 2);
    db_rollback(r);
    assert_int_equal(db_checkpoint(f->d, &f->why), 0);
    assert_int_equal(db_log_size(f->d), 0);
    assert_int_equal(count(r), 3);
    assert_int_equal(second_process(f->path), ERR_BUSY);
    db_close(r);
    assert_int_equal(count(f->d), 3);
}

/* Values in their order, and how a transaction ends. */
static void test_in_one_call(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s = NULL;
    uint64_t n = 9;

    assert_int_equal(db_number_n(f->d, "SELECT MAX(n) FROM item", &n, &f->why, NULL, 0), 0);
    assert_int_equal(n, 0);
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(db_do(f->d, "INSERT INTO item (n, t, b) VALUES ($1, $2, $3)", &f->why,
                           AS_U64(7), AS_TEXT(STR("seven")), AS_U128((u128)1 << 100)),
                     0);
    assert_int_equal(db_end(f->d, ERR_OK, &f->why), 0);
    assert_int_equal(db_begin(f->d, &f->why), 0);
    assert_int_equal(db_do(f->d, "INSERT INTO item (n, t, b) VALUES ($1, $2, $3)", &f->why,
                           AS_I64(-1), AS_NULL, AS_BLOB(STR("b"))),
                     0);
    assert_int_equal(db_end(f->d, ERR_ABSENT, &f->why), ERR_ABSENT);
    assert_int_equal(db_used(f->d, &n, &f->why), 0);
    assert_true(n >= 4096 && n < 1 << 20);
    assert_int_equal(count(f->d), 1);
    assert_int_equal(
        db_number(f->d, "SELECT n FROM item WHERE t = $1", &n, &f->why, AS_TEXT(STR("seven"))), 0);
    assert_int_equal(n, 7);
    assert_int_equal(
        db_number(f->d, "SELECT n FROM item WHERE t = $1", &n, &f->why, AS_TEXT(STR("no"))), 0);
    assert_int_equal(n, 0);
    assert_int_equal(db_do(f->d, "INSERT INTO item (n) VALUES ($1)", &f->why, AS_U64(UINT64_MAX)),
                     ERR_RANGE);
    assert_int_equal(db_ask(f->d, "SELECT b FROM item WHERE n = $1", &s, &f->why, AS_U64(7)), 0);
    assert_int_equal(db_step(s, &f->why), 0);
    assert_true(db_u128(s, 0) == (u128)1 << 100);
    db_done(&s);
}

static void test_killed(void **state)
{
    struct fixture *f = *state;

    db_close(f->d);
    f->d = NULL;
    for (int round = 1; round <= 3; round++) {
        int status, fds[2];
        uint64_t told = 0, n;
        char c;
        pid_t pid;

        assert_int_equal(pipe(fds), 0);
        fflush(NULL);
        pid = fork();
        if (!pid) {
            struct db *d = open_at(f->path, DB_NORMAL);

            for (int64_t i = 0;; i++) {
                if (db_begin(d, NULL) || insert(d, i) || insert(d, -i) || db_commit(d, NULL) ||
                    write(fds[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        close(fds[1]);
        while (told < 200 && read(fds[0], &c, 1) == 1)
            told++;
        kill(pid, SIGKILL);
        while (read(fds[0], &c, 1) == 1)
            told++;
        close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && told >= 200);
        f->d = open_at(f->path, DB_NORMAL);
        n = count(f->d);
        assert_int_equal(n % 2, 0); /* never half of a transaction */
        assert_true(n >= 2 * told); /* and every one that was acknowledged */
        assert_int_equal(db_exec(f->d, "DELETE FROM item", NULL), 0);
        db_close(f->d);
        f->d = NULL;
    }
}

int main(int argc, char **argv)
{
    struct db *d = NULL;

    if (argc > 1) /* the second process */
        return (int)db_open(&(struct db_opts){.path = argv[1], .busy_ms = 50}, &d, NULL);
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_values),       T(test_u128_sorts),      T(test_faults),
        T(test_transactions), T(test_nested_is_a_bug), T(test_more_statements_than_kept),
        T(test_migrations),   T(test_files),           T(test_killed),
        T(test_reader),       T(test_in_one_call),
    };

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
