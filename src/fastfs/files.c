/* files.c — see files.h. */
#include "fastfs/files.h"

#include <string.h>

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE position (name TEXT PRIMARY KEY, height BIGINT NOT NULL, "
        "hash TEXT NOT NULL) STRICT;"
        "CREATE TABLE file (sender TEXT NOT NULL, receiver TEXT NOT NULL, path TEXT NOT NULL, "
        "mime TEXT NOT NULL, content BYTEA NOT NULL, sha256 BYTEA NOT NULL, size BIGINT NOT NULL, "
        "height BIGINT NOT NULL, PRIMARY KEY (sender, receiver, path)) STRICT;"
        "CREATE TABLE part (sender TEXT NOT NULL, receiver TEXT NOT NULL, path TEXT NOT NULL, "
        "nonce BIGINT NOT NULL, place BIGINT NOT NULL, full_size BIGINT NOT NULL, "
        "content BYTEA NOT NULL, size BIGINT NOT NULL, height BIGINT NOT NULL, "
        "PRIMARY KEY (sender, receiver, path, nonce, place)) STRICT;"},
};

enum err files_open(struct files *f, const char *path, uint64_t bytes_max, struct buf *why)
{
    const struct db_opts o = {.path = path, .durable = DB_NORMAL};
    enum err e;

    *f = (struct files){.bytes_max = bytes_max};
    e = db_open(&o, &f->db, why);
    if (!e)
        e = db_migrate(f->db, "fastfs", migrations, countof(migrations), why);
    return e;
}

void files_close(struct files *f)
{
    db_close(f->db);
    f->db = NULL;
}

enum err files_position(struct files *f, struct files_at *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db, "SELECT height, hash FROM position WHERE name = 'blocks'", &s, why);

    memset(out, 0, sizeof(*out));
    if (!e)
        e = db_step(s, why);
    if (!e) {
        struct buf hash = BUF_OVER(out->hash);

        out->next = db_u64(s, 0);
        buf_add_str(&hash, db_text(s, 1));
        out->known = true;
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err files_begin(struct files *f, struct buf *why)
{
    return db_begin(f->db, why);
}

void files_undo(struct files *f)
{
    db_rollback(f->db);
}

enum err files_end(struct files *f, uint64_t next, struct str hash, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "INSERT INTO position (name, height, hash) VALUES ('blocks', $1, $2) "
                         "ON CONFLICT (name) DO UPDATE SET height = excluded.height, "
                         "hash = excluded.hash",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, next);
    db_bind_text(s, 2, hash);
    e = db_run(s, why);
    db_done(&s);
    return e ? e : db_commit(f->db, why);
}

static void bind_name(struct db_stmt *s, struct str sender, struct str receiver, struct str path)
{
    db_bind_text(s, 1, sender);
    db_bind_text(s, 2, receiver);
    db_bind_text(s, 3, path);
}

static enum err sum(struct files *f, const char *sql, uint64_t *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db, sql, &s, why);

    if (!e)
        e = db_step(s, why);
    if (!e)
        *out = db_u64(s, 0);
    db_done(&s);
    return e;
}

static enum err forget(struct files *f, const char *sql, struct str sender, struct str receiver,
                       struct str path, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db, sql, &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

static enum err put(struct files *f, struct str sender, struct str receiver, struct str path,
                    struct str mime, struct str content, uint64_t height, struct buf *why)
{
    const struct hash256 hash = sha256(content);
    struct db_stmt *s = NULL;
    uint64_t have = 0;
    enum err e = sum(f, "SELECT COALESCE(SUM(size), 0) FROM file", &have, why);

    if (!e && have + content.len > f->bytes_max)
        return err_put(why, ERR_TOO_BIG, "there is no room for a file of %zu bytes", content.len);
    if (!e)
        e = db_stmt(
            f->db,
            "INSERT INTO file (sender, receiver, path, mime, content, sha256, size, height) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (sender, receiver, path) "
            "DO UPDATE SET mime = excluded.mime, content = excluded.content, "
            "sha256 = excluded.sha256, size = excluded.size, height = excluded.height",
            &s, why);
    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    db_bind_text(s, 4, mime.len ? mime : STR("application/octet-stream"));
    db_bind_blob(s, 5, content.len ? content : STR(""));
    db_bind_blob(s, 6, str_from(hash.b, sizeof(hash.b)));
    db_bind_u64(s, 7, content.len);
    db_bind_u64(s, 8, height);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

static enum err part_put(struct files *f, struct str sender, struct str receiver,
                         const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "INSERT INTO part (sender, receiver, path, nonce, place, full_size, "
                         "content, size, height) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                         "ON CONFLICT (sender, receiver, path, nonce, place) DO NOTHING",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, c->path);
    db_bind_u64(s, 4, c->nonce);
    db_bind_u64(s, 5, c->offset);
    db_bind_u64(s, 6, c->full_size);
    db_bind_blob(s, 7, c->content);
    db_bind_u64(s, 8, c->content.len);
    db_bind_u64(s, 9, height);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* All parts of a nonce, one after another: *whole says whether nothing is missing. */
static enum err join(struct files *f, struct str sender, struct str receiver,
                     const struct fastfs_call *c, struct buf *out, bool *whole, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "SELECT place, content FROM part WHERE sender = $1 AND receiver = $2 AND "
                         "path = $3 AND nonce = $4 AND full_size = $5 ORDER BY place",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, c->path);
    db_bind_u64(s, 4, c->nonce);
    db_bind_u64(s, 5, c->full_size);
    while (!(e = db_step(s, why)) && db_u64(s, 0) == out->len)
        buf_add_str(out, db_blob(s, 1));
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    *whole = e == ERR_EMPTY && out->len == c->full_size;
    return ERR_OK;
}

/* Parts of files that never became whole must not fill the disk. */
static enum err parts_bound(struct files *f, struct buf *why)
{
    uint64_t have = 0;
    enum err e = sum(f, "SELECT COALESCE(SUM(size), 0) FROM part", &have, why);

    if (!e && have > FILES_PARTS_MAX)
        e = db_exec(f->db,
                    "DELETE FROM part WHERE height <= (SELECT (MIN(height) + MAX(height)) / 2 FROM "
                    "part)",
                    why);
    return e;
}

static enum err part_take(struct files *f, struct str sender, struct str receiver,
                          const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    struct buf content = BUF_INIT(FASTFS_FILE_MAX);
    bool whole = false;
    enum err e = part_put(f, sender, receiver, c, height, why);

    if (!e)
        e = join(f, sender, receiver, c, &content, &whole, why);
    if (!e && whole) {
        e = put(f, sender, receiver, c->path, c->mime, buf_str(&content), height, why);
        if (!e || e == ERR_TOO_BIG) {
            enum err gone =
                forget(f, "DELETE FROM part WHERE sender = $1 AND receiver = $2 AND path = $3",
                       sender, receiver, c->path, why);

            e = gone ? gone : e;
        }
    } else if (!e) {
        e = parts_bound(f, why);
    }
    buf_release(&content);
    return e;
}

enum err files_take(struct files *f, struct str sender, struct str receiver,
                    const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    if (c->partial)
        return part_take(f, sender, receiver, c, height, why);
    if (c->deleted)
        return forget(f, "DELETE FROM file WHERE sender = $1 AND receiver = $2 AND path = $3",
                      sender, receiver, c->path, why);
    return put(f, sender, receiver, c->path, c->mime, c->content, height, why);
}

enum err files_get(struct files *f, struct str sender, struct str receiver, struct str path,
                   struct arena *a, struct file *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "SELECT mime, content, sha256 FROM file WHERE sender = $1 AND receiver = "
                         "$2 AND path = $3",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    e = db_step(s, why);
    if (!e && db_blob(s, 2).len != sizeof(out->sha256.b))
        e = err_put(why, ERR_DB, "a file's hash is not a hash");
    if (!e) {
        out->mime = arena_str(a, db_text(s, 0));
        out->content = arena_str(a, db_blob(s, 1));
        memcpy(out->sha256.b, db_blob(s, 2).ptr, sizeof(out->sha256.b));
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_ABSENT : e;
}
