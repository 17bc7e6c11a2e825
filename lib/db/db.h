/*
 * db.h — rows on disk: statements, transactions, migrations. SQLite stands behind it; another
 * engine is another `struct db_engine` (db_engine.h), callers do not change.
 *
 * One SQL text serves every engine: parameters are $1, $2 …; use RETURNING, ON CONFLICT, no
 * functions of one engine alone. Tables are written with the words BIGINT, BYTEA, TEXT,
 * BIGSERIAL (a key the engine numbers) and close with `) STRICT`; the engine puts its own words.
 *
 * Values. Integers are signed 64 bits on disk: db_bind_u64 takes 0 … 2^63-1, more makes the
 * statement fail with ERR_RANGE (heights, nanoseconds, gas and nonces are far below). u128 is 16
 * bytes, big-endian, so it sorts as a number. Booleans are BIGINT 0 or 1.
 *
 * Statements are kept prepared by the connection, keyed by their text: take one with db_stmt(),
 * bind, step, give it back with db_done(), which also ends a half-read result. Binding never fails
 * by itself; what went wrong is told by the step. Reading a column of another type than asked is a
 * bug of the program, as tables are STRICT; ask db_null() first where NULL may stand.
 *
 *     e = db_ask(d, "SELECT height FROM cursor WHERE name = $1", &s, why, AS_TEXT(name));
 *     if (e)
 *         return e;
 *     e = db_step(s, why);
 *     if (!e)
 *         height = db_u64(s, 0);
 *     db_done(&s);
 *
 * Memory: text and blobs of a row live until the next step or db_done. Thread: one at a time; who
 * shares a `struct db` holds a lock from db_begin (or db_stmt) to db_commit (or db_done).
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/err.h"

#define DB_STMTS_MAX  128                /* prepared at once */
#define DB_PARAMS_MAX 40                 /* of a statement */
#define DB_VALUE_MAX  (64 * 1024 * 1024) /* bytes of a text or blob */

struct db;
struct db_stmt;

/* What a commit survives. */
enum db_durable {
    DB_FULL,   /* loss of power: flushed to disk before the commit returns */
    DB_NORMAL, /* the end of the process, also by kill -9; power loss may undo the last commits,
                  never half of one */
};

struct db_opts {
    const char *path; /* of the file; made when absent, its folder must be there. NULL: in memory */
    enum db_durable durable;
    bool shared;      /* other processes may have it open too; else they are refused */
    bool readers;     /* connections of this process will read beside it: db_open_reader */
    uint32_t busy_ms; /* wait for another's lock; 0: 5 seconds */
};

MUST_USE enum err db_open(const struct db_opts *o, struct db **out, struct buf *why);
/*
 * Another connection to the same file, of this process, that only reads: beside `d` and its
 * transactions, in a thread of its own, without a lock. Within db_begin … db_rollback it sees the
 * database as the last commit before its first statement left it, else each statement does. It is
 * closed before `d`, which was opened with `readers`.
 */
MUST_USE enum err db_open_reader(const struct db *d, struct db **out, struct buf *why);
void db_close(struct db *d); /* NULL is fine; an open transaction is rolled back */

/*
 * Transactions. They do not nest: a second db_begin is a bug, and the message says where the
 * first one was opened. The transaction takes the writer's lock at once.
 */
#define db_begin(d, why) db_begin_at((d), __FILE__, __LINE__, (why))
MUST_USE enum err db_begin_at(struct db *d, const char *file, int line, struct buf *why);
MUST_USE enum err db_commit(struct db *d, struct buf *why); /* when it fails, nothing happened */
/*
 * With DB_NORMAL: make all that is committed survive loss of power too. The only function that
 * another thread may call while `d` is in use: many commits can share one wait for the disk.
 */
MUST_USE enum err db_flush(struct db *d, struct buf *why);
/*
 * The write-ahead log starts over once all of it is in the file, which readers that never pause can
 * put off for ever: when it has grown, stop them for a moment and call db_checkpoint. ERR_BUSY: one
 * reads still.
 */
uint64_t db_log_size(const struct db *d); /* bytes */
MUST_USE enum err db_checkpoint(struct db *d, struct buf *why);
/* Bytes that are in use; what was deleted is room for what comes, the file does not shrink. */
MUST_USE enum err db_used(struct db *d, uint64_t *out, struct buf *why);
void db_rollback(struct db *d); /* fine when none is open */
/* How a transaction ends: commit when `e` is ERR_OK, else roll back and hand `e` on. */
MUST_USE enum err db_end(struct db *d, enum err e, struct buf *why);

/* `sql` must live as long as the connection: a literal. ERR_DB when the engine refuses it. */
MUST_USE enum err db_stmt(struct db *d, const char *sql, struct db_stmt **out, struct buf *why);
void db_done(struct db_stmt **s); /* sets it to NULL; fine on NULL */
void db_again(struct db_stmt *s); /* unbound and at its start, to be used once more */

/* `at` counts from 1, as in $1. Text and blobs are borrowed until db_done. */
void db_bind_null(struct db_stmt *s, unsigned at);
void db_bind_i64(struct db_stmt *s, unsigned at, int64_t v);
void db_bind_u64(struct db_stmt *s, unsigned at, uint64_t v);
void db_bind_bool(struct db_stmt *s, unsigned at, bool v);
void db_bind_u128(struct db_stmt *s, unsigned at, u128 v);
void db_bind_text(struct db_stmt *s, unsigned at, struct str v); /* ptr NULL: SQL NULL */
void db_bind_blob(struct db_stmt *s, unsigned at, struct str v); /* ptr NULL: SQL NULL */

/*
 * ERR_OK        a row stands ready
 * ERR_EMPTY     no (more) row; the statement has done its work
 * ERR_CONFLICT  a constraint does not hold: already there, or refers to nothing
 * ERR_BUSY      another process holds the lock
 * ERR_RANGE     a bound value does not fit
 * ERR_DB        anything else; `why` names the statement
 */
MUST_USE enum err db_step(struct db_stmt *s, struct buf *why);
/* Step to the end, dropping rows; ERR_OK where db_step ends with ERR_EMPTY. */
MUST_USE enum err db_run(struct db_stmt *s, struct buf *why);
/* db_stmt, db_run, db_done for a statement without parameters. */
MUST_USE enum err db_exec(struct db *d, const char *sql, struct buf *why);
uint64_t db_changes(const struct db *d); /* rows changed by the last finished statement */

/*
 * The same in one call, values in the order of $1, $2 …: AS_U64(id), AS_TEXT(name).
 *
 *   db_ask     a statement with its values, to be stepped and given back with db_done
 *   db_do      one that gives no rows, done
 *   db_number  the first column of the first row; 0 when there is none, or it is NULL
 */
struct db_arg {
    enum { DB_ARG_NULL, DB_ARG_I64, DB_ARG_U64, DB_ARG_U128, DB_ARG_TEXT, DB_ARG_BLOB } type;
    union {
        int64_t i64;
        uint64_t u64;
        u128 u128;
        struct str str;
    } v;
};
#define AS_NULL    ((struct db_arg){.type = DB_ARG_NULL})
#define AS_I64(n)  ((struct db_arg){.type = DB_ARG_I64, .v.i64 = (n)})
#define AS_U64(n)  ((struct db_arg){.type = DB_ARG_U64, .v.u64 = (n)})
#define AS_BOOL(b) ((struct db_arg){.type = DB_ARG_I64, .v.i64 = (b) ? 1 : 0})
#define AS_U128(n) ((struct db_arg){.type = DB_ARG_U128, .v.u128 = (n)})
#define AS_TEXT(s) ((struct db_arg){.type = DB_ARG_TEXT, .v.str = (s)})
#define AS_BLOB(s) ((struct db_arg){.type = DB_ARG_BLOB, .v.str = (s)})

#define DB_ARGS(...)                                                                               \
    (const struct db_arg[]){__VA_ARGS__},                                                          \
        sizeof((const struct db_arg[]){__VA_ARGS__}) / sizeof(struct db_arg)
#define db_ask(d, sql, s, why, ...)    db_ask_n((d), (sql), (s), (why), DB_ARGS(__VA_ARGS__))
#define db_do(d, sql, why, ...)        db_do_n((d), (sql), (why), DB_ARGS(__VA_ARGS__))
#define db_number(d, sql, n, why, ...) db_number_n((d), (sql), (n), (why), DB_ARGS(__VA_ARGS__))
MUST_USE enum err db_ask_n(struct db *d, const char *sql, struct db_stmt **out, struct buf *why,
                           const struct db_arg *args, size_t n);
MUST_USE enum err db_do_n(struct db *d, const char *sql, struct buf *why, const struct db_arg *args,
                          size_t n);
MUST_USE enum err db_number_n(struct db *d, const char *sql, uint64_t *out, struct buf *why,
                              const struct db_arg *args, size_t n);

/* Columns of the row that stands ready, counted from 0. */
unsigned db_col(const struct db_stmt *s, const char *name); /* a name not there is a bug */
bool db_null(const struct db_stmt *s, unsigned col);
int64_t db_i64(const struct db_stmt *s, unsigned col);
uint64_t db_u64(const struct db_stmt *s, unsigned col);
bool db_bool(const struct db_stmt *s, unsigned col);
u128 db_u128(const struct db_stmt *s, unsigned col);
struct str db_text(const struct db_stmt *s, unsigned col); /* STR_NONE when NULL */
struct str db_blob(const struct db_stmt *s, unsigned col); /* STR_NONE when NULL */

/*
 * Migrations: a numbered list, 1, 2, 3 …, never edited once released. Each runs once, in a
 * transaction of its own that also notes its number, under the name of the schema. A database
 * that has seen a higher number was made by a newer program: ERR_CONFLICT.
 */
struct db_migration {
    unsigned number;
    const char *sql; /* several statements, separated by ";" */
};
MUST_USE enum err db_migrate(struct db *d, const char *schema, const struct db_migration *list,
                             size_t n, struct buf *why);

#endif
