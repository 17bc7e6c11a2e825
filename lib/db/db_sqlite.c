/*
 * db_sqlite.c — the SQLite engine: one file in WAL mode.
 *
 * In WAL mode a commit appends to the log; with synchronous=FULL the log is flushed before the
 * commit returns, with NORMAL only at checkpoints (sqlite.org/wal.html, sqlite.org/pragma.html).
 * Unless shared, the file is opened in exclusive locking mode: the index of the log then needs no
 * shared memory, and a second process is refused instead of seeing half of our assumptions. For
 * readers in this process the "unix-excl" file layer does the same (sqlite.org/vfs.html) and lets
 * its connections share that index.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "db/db_engine.h"

#define BUSY_MS    5000
#define SQL_MAX    (256 * 1024) /* bytes of a script */
#define SQL_SHOWN  80           /* bytes of a statement in a message */
#define CHECKPOINT 4000         /* pages of the log before it is written back */
#define CACHE_KB   16384
#define PATH_BYTES 4096

struct conn {
    sqlite3 *c;
    int log; /* the write-ahead log, to flush it without the connection */
    bool reader;
    const char *vfs;       /* of its files; NULL: the usual one */
    char path[PATH_BYTES]; /* empty: in memory */
};

struct stmt {
    sqlite3_stmt *s;
    unsigned params; /* highest $n */
    int index[DB_PARAMS_MAX + 1];
};

static enum err fault(sqlite3 *c, int rc, const char *sql, struct buf *why)
{
    struct str s = str_head(str_of(sql), SQL_SHOWN);
    const char *text = c ? sqlite3_errmsg(c) : sqlite3_errstr(rc);
    enum err e = ERR_DB;

    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        e = ERR_BUSY;
    else if ((rc & 0xff) == SQLITE_CONSTRAINT)
        e = ERR_CONFLICT;
    return err_put(why, e, "the database refused '%.*s': %s", STR_ARG(s), text);
}

static enum err plain(sqlite3 *c, const char *sql, struct buf *why)
{
    int rc = sqlite3_exec(c, sql, NULL, NULL, NULL);

    return rc ? fault(c, rc, sql, why) : ERR_OK;
}

static void engine_close(void *conn)
{
    struct conn *k = conn;

    fd_close(&k->log);
    if (sqlite3_close(k->c) != SQLITE_OK)
        BUG("a statement outlived its connection");
    mem_free(k);
}

/* SQLite's locks are on the database itself, so a descriptor of the log may come and go. */
static enum err log_open(struct conn *k, const char *path, struct buf *why)
{
    char name[PATH_BYTES];
    int n = snprintf(name, sizeof(name), "%s-wal", path);

    if (n < 0 || (size_t)n >= sizeof(name))
        return err_put(why, ERR_DB, "the path '%s' is too long", path);
    k->log = open(name, O_RDONLY | O_CLOEXEC);
    return k->log < 0 ? err_sys(why, "open '%s'", name) : ERR_OK;
}

static enum err engine_flush(void *conn, struct buf *why)
{
    struct conn *k = conn;

    if (k->log < 0) /* in memory */
        return ERR_OK;
    return fdatasync(k->log) ? err_sys(why, "flush the database's log") : ERR_OK;
}

static enum err set_up(sqlite3 *c, const struct db_opts *o, struct buf *why)
{
    char sql[512];

    sqlite3_busy_timeout(c, o->busy_ms ? (int)o->busy_ms : BUSY_MS);
    snprintf(sql, sizeof sql,
             "PRAGMA locking_mode=%s; PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; "
             "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA wal_autocheckpoint=%d; "
             "PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY",
             o->shared || o->readers ? "NORMAL" : "EXCLUSIVE",
             o->durable == DB_FULL ? "FULL" : "NORMAL", CHECKPOINT, CACHE_KB);
    return plain(c, sql, why);
}

static enum err engine_open(const struct db_opts *o, void **conn, struct buf *why)
{
    const char *name = o->path ? o->path : ":memory:";
    struct conn *k = mem_new(struct conn);
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    enum err e;
    int rc;

    k->log = -1;
    k->vfs = o->readers ? "unix-excl" : NULL;
    snprintf(k->path, sizeof(k->path), "%s", o->path ? o->path : "");
    rc = sqlite3_open_v2(name, &k->c, flags, k->vfs);
    if (rc)
        e = err_put(why, ERR_DB, "the database '%s' does not open: %s", name,
                    k->c ? sqlite3_errmsg(k->c) : sqlite3_errstr(rc));
    else
        e = set_up(k->c, o, why);
    /* The exclusive lock is taken with the first transaction, and the log is made by it. */
    if (!e)
        e = plain(k->c,
                  o->shared ? "SELECT COUNT(*) FROM sqlite_schema" : "BEGIN EXCLUSIVE; COMMIT",
                  why);
    if (!e && o->path)
        e = log_open(k, o->path, why);
    if (e == ERR_BUSY)
        e = err_put(why, e, "the database '%s' is open in another process", name);
    else if (e && !rc)
        e = err_put(why, e, "the database '%s' cannot be used: %s", name,
                    sqlite3_errcode(k->c) ? sqlite3_errmsg(k->c)
                    : why                 ? buf_z(why)
                                          : "");
    if (e) {
        engine_close(k);
        return e;
    }
    *conn = k;
    return ERR_OK;
}

static enum err engine_open_reader(const void *conn, void **reader, struct buf *why)
{
    const struct conn *of = conn;
    struct conn *k = mem_new(struct conn);
    char sql[128];
    enum err e;
    int rc;

    BUG_ON(!of->vfs);
    k->log = -1;
    k->reader = true;
    rc = sqlite3_open_v2(of->path, &k->c,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         of->vfs);
    snprintf(sql, sizeof sql,
             "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-%d; "
             "PRAGMA temp_store=MEMORY",
             CACHE_KB);
    e = rc ? fault(k->c, rc, "open", why) : plain(k->c, sql, why);
    if (e) {
        engine_close(k);
        return e;
    }
    sqlite3_busy_timeout(k->c, BUSY_MS);
    *reader = k;
    return ERR_OK;
}

static enum err engine_begin(void *conn, struct buf *why)
{
    struct conn *k = conn;

    return plain(k->c, k->reader ? "BEGIN" : "BEGIN IMMEDIATE", why);
}

static void engine_rollback(void *conn)
{
    /* It fails only where SQLite has rolled back by itself. */
    (void)sqlite3_exec(((struct conn *)conn)->c, "ROLLBACK", NULL, NULL, NULL);
}

static enum err engine_commit(void *conn, struct buf *why)
{
    enum err e = plain(((struct conn *)conn)->c, "COMMIT", why);

    if (e)
        engine_rollback(conn);
    return e;
}

static uint64_t engine_log_size(const void *conn)
{
    struct stat st;
    int log = ((const struct conn *)conn)->log;

    return log >= 0 && !fstat(log, &st) ? (uint64_t)st.st_size : 0;
}

static enum err engine_checkpoint(void *conn, struct buf *why)
{
    sqlite3 *c = ((struct conn *)conn)->c;
    int rc = sqlite3_wal_checkpoint_v2(c, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    return rc ? fault(c, rc, "checkpoint", why) : ERR_OK;
}

static enum err pragma(sqlite3 *c, const char *sql, uint64_t *out, struct buf *why)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c, sql, -1, &s, NULL);

    if (!rc)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? ERR_OK : fault(c, rc, sql, why);
}

static enum err engine_used(void *conn, uint64_t *out, struct buf *why)
{
    sqlite3 *c = ((struct conn *)conn)->c;
    uint64_t pages = 0, empty = 0, bytes = 0;
    enum err e = pragma(c, "PRAGMA page_count", &pages, why);

    if (!e)
        e = pragma(c, "PRAGMA freelist_count", &empty, why);
    if (!e)
        e = pragma(c, "PRAGMA page_size", &bytes, why);
    if (!e)
        *out = (pages - empty) * bytes;
    return e;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The words of db.h in SQLite's: only BIGINT, BYTEA and BIGSERIAL differ. */
static void translate(const char *sql, struct buf *out)
{
    static const struct {
        const char *from, *to;
    } words[] = {{"BIGINT", "INTEGER"}, {"BYTEA", "BLOB"}, {"BIGSERIAL", "INTEGER"}};

    while (*sql) {
        size_t n = 0, i;

        while (is_word(sql[n]))
            n++;
        for (i = 0; n && i < countof(words); i++)
            if (strlen(words[i].from) == n && !memcmp(sql, words[i].from, n))
                break;
        if (n && i < countof(words))
            buf_addz(out, words[i].to);
        else
            buf_add(out, sql, n ? n : 1);
        sql += n ? n : 1;
    }
}

static enum err engine_script(void *conn, const char *sql, struct buf *why)
{
    struct buf b = BUF_INIT(SQL_MAX);
    enum err e;

    translate(sql, &b);
    BUG_ON(b.full);
    e = plain(((struct conn *)conn)->c, buf_z(&b), why);
    buf_release(&b);
    return e;
}

static void engine_finalize(void *stmt)
{
    struct stmt *s = stmt;

    sqlite3_finalize(s->s);
    mem_free(s);
}

static enum err engine_prepare(void *conn, const char *sql, void **stmt, struct buf *why)
{
    struct buf b = BUF_INIT(SQL_MAX);
    struct stmt *s = mem_new(struct stmt);
    sqlite3 *c = ((struct conn *)conn)->c;
    const char *tail = NULL;
    int rc;

    translate(sql, &b);
    BUG_ON(b.full);
    rc = sqlite3_prepare_v3(c, buf_z(&b), (int)b.len + 1, SQLITE_PREPARE_PERSISTENT, &s->s, &tail);
    if (rc || !s->s) {
        enum err e = fault(c, rc ? rc : SQLITE_ERROR, sql, why);

        mem_free(s);
        buf_release(&b);
        return e == ERR_BUSY ? e : ERR_DB;
    }
    BUG_ON(*tail); /* one statement, not a script */
    buf_release(&b);
    /* SQLite numbers $n by first appearance; we mean the number. */
    for (int i = 1; i <= sqlite3_bind_parameter_count(s->s); i++) {
        const char *name = sqlite3_bind_parameter_name(s->s, i);
        uint64_t n = 0;

        if (!name || name[0] != '$' || !str_u64(str_of(name + 1), &n) || !n || n > DB_PARAMS_MAX)
            BUG("parameters are $1 … $40");
        s->index[n] = i;
        if (n > s->params)
            s->params = (unsigned)n;
    }
    *stmt = s;
    return ERR_OK;
}

static enum err engine_bind(void *stmt, unsigned at, const struct db_value *v, struct buf *why)
{
    struct stmt *s = stmt;
    int i = at <= DB_PARAMS_MAX ? s->index[at] : 0, rc = SQLITE_MISUSE;
    sqlite3_destructor_type keep = v->i ? SQLITE_TRANSIENT : SQLITE_STATIC;

    BUG_ON(!i);
    switch (v->type) {
    case DB_NULL:
        rc = sqlite3_bind_null(s->s, i);
        break;
    case DB_INT:
        rc = sqlite3_bind_int64(s->s, i, v->i);
        break;
    case DB_TEXT:
        rc = sqlite3_bind_text64(s->s, i, v->s.ptr, v->s.len, keep, SQLITE_UTF8);
        break;
    case DB_BLOB:
        rc = sqlite3_bind_blob64(s->s, i, v->s.ptr, v->s.len, keep);
        break;
    }
    return rc ? fault(sqlite3_db_handle(s->s), rc, sqlite3_sql(s->s), why) : ERR_OK;
}

static enum err engine_step(void *stmt, struct buf *why)
{
    struct stmt *s = stmt;
    int rc = sqlite3_step(s->s);

    if (rc == SQLITE_ROW)
        return ERR_OK;
    if (rc == SQLITE_DONE)
        return ERR_EMPTY;
    return fault(sqlite3_db_handle(s->s), rc, sqlite3_sql(s->s), why);
}

static void engine_reset(void *stmt)
{
    struct stmt *s = stmt;

    (void)sqlite3_reset(s->s); /* repeats the fault of the step */
    (void)sqlite3_clear_bindings(s->s);
}

static unsigned engine_cols(void *stmt)
{
    return (unsigned)sqlite3_column_count(((struct stmt *)stmt)->s);
}

static const char *engine_col_name(void *stmt, unsigned col)
{
    return sqlite3_column_name(((struct stmt *)stmt)->s, (int)col);
}

static void engine_col(void *stmt, unsigned col, struct db_value *out)
{
    sqlite3_stmt *s = ((struct stmt *)stmt)->s;
    int c = (int)col;

    *out = (struct db_value){.type = DB_NULL};
    switch (sqlite3_column_type(s, c)) {
    case SQLITE_INTEGER:
        out->type = DB_INT;
        out->i = sqlite3_column_int64(s, c);
        break;
    case SQLITE_TEXT:
        out->type = DB_TEXT;
        out->s.ptr = (const char *)sqlite3_column_text(s, c);
        out->s.len = (size_t)sqlite3_column_bytes(s, c);
        break;
    case SQLITE_BLOB:
        out->type = DB_BLOB;
        out->s.ptr = sqlite3_column_blob(s, c);
        out->s.len = (size_t)sqlite3_column_bytes(s, c);
        if (!out->s.ptr)
            out->s.ptr = ""; /* an empty blob is not NULL */
        break;
    default: /* SQLite's own numbers, not an enum: NULL, or REAL, which no table has */
        break;
    }
}

static uint64_t engine_changes(void *conn)
{
    return (uint64_t)sqlite3_changes64(((struct conn *)conn)->c);
}

const struct db_engine db_sqlite = {
    .name = "sqlite",
    .open = engine_open,
    .open_reader = engine_open_reader,
    .close = engine_close,
    .begin = engine_begin,
    .commit = engine_commit,
    .rollback = engine_rollback,
    .flush = engine_flush,
    .log_size = engine_log_size,
    .checkpoint = engine_checkpoint,
    .used = engine_used,
    .script = engine_script,
    .prepare = engine_prepare,
    .finalize = engine_finalize,
    .bind = engine_bind,
    .step = engine_step,
    .reset = engine_reset,
    .cols = engine_cols,
    .col_name = engine_col_name,
    .col = engine_col,
    .changes = engine_changes,
};
