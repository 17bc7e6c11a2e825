/*
 * db_engine.h — what an engine does for db.c. Stays in this folder.
 *
 * Every function that can fail follows err.h; `conn` and `stmt` are the engine's own.
 */
#ifndef DB_DB_ENGINE_H
#define DB_DB_ENGINE_H

#include "db/db.h"

enum db_value_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };

struct db_value {
    enum db_value_type type;
    int64_t i;
    struct str s;
};

struct db_engine {
    const char *name;
    enum err (*open)(const struct db_opts *o, void **conn, struct buf *why);
    enum err (*open_reader)(const void *conn, void **reader, struct buf *why);
    void (*close)(void *conn);
    enum err (*begin)(void *conn, struct buf *why);
    enum err (*commit)(void *conn, struct buf *why); /* on failure rolled back */
    void (*rollback)(void *conn);
    enum err (*flush)(void *conn, struct buf *why); /* beside other calls */
    uint64_t (*log_size)(const void *conn);
    enum err (*checkpoint)(void *conn, struct buf *why);
    enum err (*used)(void *conn, uint64_t *out, struct buf *why); /* bytes */
    /* One or more statements in the words of db.h, without parameters or rows. */
    enum err (*script)(void *conn, const char *sql, struct buf *why);
    enum err (*prepare)(void *conn, const char *sql, void **stmt, struct buf *why);
    void (*finalize)(void *stmt);
    enum err (*bind)(void *stmt, unsigned at, const struct db_value *v, struct buf *why);
    enum err (*step)(void *stmt, struct buf *why); /* ERR_OK a row, ERR_EMPTY the end */
    void (*reset)(void *stmt);                     /* also unbinds */
    unsigned (*cols)(void *stmt);
    const char *(*col_name)(void *stmt, unsigned col);
    void (*col)(void *stmt, unsigned col, struct db_value *out);
    uint64_t (*changes)(void *conn);
};

extern const struct db_engine db_sqlite;

#endif
