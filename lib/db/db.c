/*
 * db.c — what is the same for every engine: the cache of statements, the rules of transactions,
 * typed values, migrations.
 */
#include "db/db.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "db/db_engine.h"

struct db_stmt {
    struct db *db;
    const char *sql;
    void *stmt;    /* the engine's; NULL: this place of the cache is empty */
    uint64_t used; /* for eviction */
    bool taken, row;
    enum err fault; /* of a bind, told by the next step */
    struct buf why;
};

struct db {
    const struct db_engine *e;
    void *conn;
    uint64_t clock;
    const char *tx_file; /* where the open transaction began; NULL: none */
    int tx_line;
    struct db_stmt stmts[DB_STMTS_MAX];
};

enum err db_open(const struct db_opts *o, struct db **out, struct buf *why)
{
    struct db *d = mem_new(struct db);
    enum err e;

    d->e = &db_sqlite;
    e = d->e->open(o, &d->conn, why);
    if (e) {
        mem_free(d);
        return e;
    }
    *out = d;
    return ERR_OK;
}

enum err db_open_reader(const struct db *d, struct db **out, struct buf *why)
{
    struct db *r = mem_new(struct db);
    enum err e = d->e->open_reader(d->conn, &r->conn, why);

    r->e = d->e;
    if (e)
        mem_free(r);
    else
        *out = r;
    return e;
}

void db_close(struct db *d)
{
    if (!d)
        return;
    db_rollback(d);
    for (size_t i = 0; i < DB_STMTS_MAX; i++) {
        BUG_ON(d->stmts[i].taken);
        if (d->stmts[i].stmt)
            d->e->finalize(d->stmts[i].stmt);
        buf_release(&d->stmts[i].why);
    }
    d->e->close(d->conn);
    mem_free(d);
}

enum err db_begin_at(struct db *d, const char *file, int line, struct buf *why)
{
    enum err e;

    if (d->tx_file) {
        fprintf(stderr, "%s:%d: the transaction of %s:%d is still open\n", file, line, d->tx_file,
                d->tx_line);
        BUG("transactions do not nest");
    }
    e = d->e->begin(d->conn, why);
    if (e)
        return e;
    d->tx_file = file;
    d->tx_line = line;
    return ERR_OK;
}

enum err db_commit(struct db *d, struct buf *why)
{
    BUG_ON(!d->tx_file);
    d->tx_file = NULL;
    return d->e->commit(d->conn, why);
}

void db_rollback(struct db *d)
{
    if (!d->tx_file)
        return;
    d->tx_file = NULL;
    d->e->rollback(d->conn);
}

enum err db_used(struct db *d, uint64_t *out, struct buf *why)
{
    return d->e->used(d->conn, out, why);
}

uint64_t db_log_size(const struct db *d)
{
    return d->e->log_size(d->conn);
}

enum err db_checkpoint(struct db *d, struct buf *why)
{
    return d->e->checkpoint(d->conn, why);
}

enum err db_end(struct db *d, enum err e, struct buf *why)
{
    if (!e)
        return db_commit(d, why);
    db_rollback(d);
    return e;
}

enum err db_flush(struct db *d, struct buf *why)
{
    return d->e->flush(d->conn, why);
}

/* The place for `sql`: the one that has it, an empty one, or the one unused for longest. */
static struct db_stmt *place(struct db *d, const char *sql)
{
    struct db_stmt *best = NULL;

    for (size_t i = 0; i < DB_STMTS_MAX; i++) {
        struct db_stmt *s = &d->stmts[i];

        if (s->stmt && !s->taken && s->sql == sql)
            return s;
    }
    for (size_t i = 0; i < DB_STMTS_MAX; i++) {
        struct db_stmt *s = &d->stmts[i];

        if (s->taken)
            continue;
        if (!s->stmt)
            return s;
        if (!best || s->used < best->used)
            best = s;
    }
    if (!best)
        BUG("more than DB_STMTS_MAX statements in use");
    d->e->finalize(best->stmt);
    best->stmt = NULL;
    return best;
}

enum err db_stmt(struct db *d, const char *sql, struct db_stmt **out, struct buf *why)
{
    struct db_stmt *s = place(d, sql);
    enum err e;

    if (!s->stmt) {
        e = d->e->prepare(d->conn, sql, &s->stmt, why);
        if (e)
            return e;
        s->db = d;
        s->sql = sql;
    }
    s->used = ++d->clock;
    s->taken = true;
    s->row = false;
    s->fault = ERR_OK;
    *out = s;
    return ERR_OK;
}

void db_done(struct db_stmt **s)
{
    if (!*s)
        return;
    (*s)->db->e->reset((*s)->stmt);
    (*s)->taken = false;
    buf_release(&(*s)->why);
    *s = NULL;
}

void db_again(struct db_stmt *s)
{
    s->db->e->reset(s->stmt);
    s->row = false;
    s->fault = ERR_OK;
    buf_release(&s->why);
}

static void bind(struct db_stmt *s, unsigned at, const struct db_value *v)
{
    BUG_ON(!s->taken || s->row || at < 1 || at > DB_PARAMS_MAX);
    if (s->fault)
        return;
    s->why = WHY_INIT;
    if (v->s.len > DB_VALUE_MAX)
        s->fault = err_put(&s->why, ERR_RANGE, "a value of %zu bytes is too long for the database",
                           v->s.len);
    else
        s->fault = s->db->e->bind(s->stmt, at, v, &s->why);
}

void db_bind_null(struct db_stmt *s, unsigned at)
{
    bind(s, at, &(struct db_value){.type = DB_NULL});
}

void db_bind_i64(struct db_stmt *s, unsigned at, int64_t v)
{
    bind(s, at, &(struct db_value){.type = DB_INT, .i = v});
}

void db_bind_u64(struct db_stmt *s, unsigned at, uint64_t v)
{
    if (v <= INT64_MAX) {
        db_bind_i64(s, at, (int64_t)v);
    } else if (!s->fault) {
        s->why = WHY_INIT;
        s->fault =
            err_put(&s->why, ERR_RANGE, "'%llu' is over 2^63-1, the database's largest number",
                    (unsigned long long)v);
    }
}

void db_bind_bool(struct db_stmt *s, unsigned at, bool v)
{
    db_bind_i64(s, at, v ? 1 : 0);
}

void db_bind_text(struct db_stmt *s, unsigned at, struct str v)
{
    bind(s, at, &(struct db_value){.type = v.ptr ? DB_TEXT : DB_NULL, .s = v});
}

void db_bind_blob(struct db_stmt *s, unsigned at, struct str v)
{
    bind(s, at, &(struct db_value){.type = v.ptr ? DB_BLOB : DB_NULL, .s = v});
}

enum err db_step(struct db_stmt *s, struct buf *why)
{
    enum err e;

    BUG_ON(!s->taken);
    s->row = false;
    if (s->fault)
        return err_put(why, s->fault, "%s", buf_z(&s->why));
    e = s->db->e->step(s->stmt, why);
    s->row = e == ERR_OK;
    return e;
}

enum err db_run(struct db_stmt *s, struct buf *why)
{
    enum err e;

    do
        e = db_step(s, why);
    while (e == ERR_OK);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err db_exec(struct db *d, const char *sql, struct buf *why)
{
    return db_do_n(d, sql, why, NULL, 0);
}

enum err db_ask_n(struct db *d, const char *sql, struct db_stmt **out, struct buf *why,
                  const struct db_arg *args, size_t n)
{
    enum err e = db_stmt(d, sql, out, why);

    for (unsigned i = 0; !e && i < n; i++) {
        switch (args[i].type) {
        case DB_ARG_NULL:
            db_bind_null(*out, i + 1);
            break;
        case DB_ARG_I64:
            db_bind_i64(*out, i + 1, args[i].v.i64);
            break;
        case DB_ARG_U64:
            db_bind_u64(*out, i + 1, args[i].v.u64);
            break;
        case DB_ARG_U128:
            db_bind_u128(*out, i + 1, args[i].v.u128);
            break;
        case DB_ARG_TEXT:
            db_bind_text(*out, i + 1, args[i].v.str);
            break;
        case DB_ARG_BLOB:
            db_bind_blob(*out, i + 1, args[i].v.str);
            break;
        }
    }
    return e;
}

enum err db_do_n(struct db *d, const char *sql, struct buf *why, const struct db_arg *args,
                 size_t n)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask_n(d, sql, &s, why, args, n);

    if (!e)
        e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err db_number_n(struct db *d, const char *sql, uint64_t *out, struct buf *why,
                     const struct db_arg *args, size_t n)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask_n(d, sql, &s, why, args, n);

    if (!e)
        e = db_step(s, why);
    if (!e || e == ERR_EMPTY)
        *out = e || db_null(s, 0) ? 0 : db_u64(s, 0);
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

uint64_t db_changes(const struct db *d)
{
    return d->e->changes(d->conn);
}

unsigned db_col(const struct db_stmt *s, const char *name)
{
    unsigned n = s->db->e->cols(s->stmt);

    for (unsigned i = 0; i < n; i++)
        if (!strcmp(s->db->e->col_name(s->stmt, i), name))
            return i;
    fprintf(stderr, "no column '%s' in: %s\n", name, s->sql);
    BUG("a column that is not there");
}

static struct db_value col(const struct db_stmt *s, unsigned at)
{
    struct db_value v;

    BUG_ON(!s->row || at >= s->db->e->cols(s->stmt));
    s->db->e->col(s->stmt, at, &v);
    return v;
}

static struct db_value col_of(const struct db_stmt *s, unsigned at, enum db_value_type type)
{
    struct db_value v = col(s, at);

    if (v.type != type) {
        fprintf(stderr, "column %u has another type in: %s\n", at, s->sql);
        BUG("a column read as another type");
    }
    return v;
}

bool db_null(const struct db_stmt *s, unsigned at)
{
    return col(s, at).type == DB_NULL;
}

int64_t db_i64(const struct db_stmt *s, unsigned at)
{
    return col_of(s, at, DB_INT).i;
}

uint64_t db_u64(const struct db_stmt *s, unsigned at)
{
    int64_t v = db_i64(s, at);

    BUG_ON(v < 0);
    return (uint64_t)v;
}

bool db_bool(const struct db_stmt *s, unsigned at)
{
    return db_i64(s, at) != 0;
}

struct str db_text(const struct db_stmt *s, unsigned at)
{
    return db_null(s, at) ? STR_NONE : col_of(s, at, DB_TEXT).s;
}

struct str db_blob(const struct db_stmt *s, unsigned at)
{
    return db_null(s, at) ? STR_NONE : col_of(s, at, DB_BLOB).s;
}

u128 db_u128(const struct db_stmt *s, unsigned at)
{
    struct str b = col_of(s, at, DB_BLOB).s;
    u128 v = 0;

    BUG_ON(b.len != 16);
    for (size_t i = 0; i < 16; i++)
        v = v << 8 | (uint8_t)b.ptr[i];
    return v;
}

/* The engine keeps a copy of these sixteen bytes only: everything else is borrowed. */
void db_bind_u128(struct db_stmt *s, unsigned at, u128 v)
{
    char b[16];

    for (size_t i = 16; i--; v >>= 8)
        b[i] = (char)(uint8_t)v;
    bind(s, at, &(struct db_value){.type = DB_BLOB, .i = 1, .s = {b, sizeof b}});
}

/* Migrations. */

static enum err version_of(struct db *d, const char *schema, uint64_t *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_exec(d,
                         "CREATE TABLE IF NOT EXISTS db_schema (name TEXT PRIMARY KEY NOT NULL, "
                         "version BIGINT NOT NULL)",
                         why);

    if (e)
        return e;
    e = db_stmt(d, "SELECT version FROM db_schema WHERE name = $1", &s, why);
    if (e)
        return e;
    db_bind_text(s, 1, str_of(schema));
    e = db_step(s, why);
    if (e == ERR_OK)
        *out = db_u64(s, 0);
    else if (e == ERR_EMPTY)
        *out = 0;
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

static enum err migrate_one(struct db *d, const char *schema, const struct db_migration *m,
                            struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = d->e->script(d->conn, m->sql, why);

    if (e)
        return e;
    e = db_stmt(d,
                "INSERT INTO db_schema (name, version) VALUES ($1, $2) "
                "ON CONFLICT (name) DO UPDATE SET version = excluded.version",
                &s, why);
    if (e)
        return e;
    db_bind_text(s, 1, str_of(schema));
    db_bind_u64(s, 2, m->number);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err db_migrate(struct db *d, const char *schema, const struct db_migration *list, size_t n,
                    struct buf *why)
{
    uint64_t have = 0;
    enum err e = version_of(d, schema, &have, why);

    if (e)
        return e;
    if (have > n)
        return err_put(
            why, ERR_CONFLICT,
            "the database's schema '%s' is at version %llu, this program knows %zu; use a "
            "newer program",
            schema, (unsigned long long)have, n);
    for (size_t i = (size_t)have; i < n; i++) {
        BUG_ON(list[i].number != i + 1);
        e = db_begin(d, why);
        if (e)
            return e;
        e = migrate_one(d, schema, &list[i], why);
        if (e) {
            db_rollback(d);
            return e;
        }
        e = db_commit(d, why);
        if (e)
            return e;
    }
    return ERR_OK;
}
