/* files.c — see files.h. */
#include "fastfs/files.h"

#include <string.h>

#include "base/mem.h"

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
    /* Larger contents left the database: everything is read from the chain again. */
    {2, "DROP TABLE file; DROP TABLE part; DELETE FROM position;"
        "CREATE TABLE file (sender TEXT NOT NULL, receiver TEXT NOT NULL, path TEXT NOT NULL, "
        "mime TEXT NOT NULL, apart BIGINT NOT NULL, content BYTEA NOT NULL, "
        "sha256 BYTEA NOT NULL, size BIGINT NOT NULL, height BIGINT NOT NULL, "
        "PRIMARY KEY (sender, receiver, path)) STRICT;"
        "CREATE INDEX file_apart ON file (sha256) WHERE apart = 1;"
        "CREATE TABLE upload (id BIGSERIAL PRIMARY KEY, sender TEXT NOT NULL, "
        "receiver TEXT NOT NULL, path TEXT NOT NULL, nonce BIGINT NOT NULL, "
        "full_size BIGINT NOT NULL, have BIGINT NOT NULL, bytes BIGINT NOT NULL, "
        "height BIGINT NOT NULL, UNIQUE (sender, receiver, path, nonce, full_size)) STRICT;"
        "CREATE INDEX upload_age ON upload (height, id)"},
};

/* ---- what a statement with a name or a hash needs ---- */

static void bind_name(struct db_stmt *s, struct str sender, struct str receiver, struct str path)
{
    db_bind_text(s, 1, sender);
    db_bind_text(s, 2, receiver);
    db_bind_text(s, 3, path);
}

static bool hash_col(struct db_stmt *s, unsigned col, struct hash256 *out)
{
    struct str b = db_blob(s, col);

    if (b.len != sizeof(out->b))
        return false;
    memcpy(out->b, b.ptr, sizeof(out->b));
    return true;
}

/* ---- open, close ---- */

/* What stands in the database, added up; also after a transaction that did not happen. */
static enum err add_up(struct files *f, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "SELECT COUNT(*), COALESCE(SUM(size), 0), "
                         "(SELECT COALESCE(SUM(bytes), 0) FROM upload), "
                         "(SELECT COUNT(*) FROM upload) FROM file",
                         &s, why);

    if (!e)
        e = db_step(s, why);
    if (!e) {
        f->n = db_u64(s, 0);
        f->bytes = db_u64(s, 1) + f->n * FILES_ROW_BYTES;
        f->waiting = db_u64(s, 2) + db_u64(s, 3) * FILES_ROW_BYTES;
    }
    db_done(&s);
    f->ngone = 0;
    return e;
}

/* Does a row refer to it? When that cannot be told, it may. */
static bool wanted(void *files, const struct content_name *name)
{
    struct files *f = files;
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         name->part ? "SELECT 1 FROM upload WHERE id = $1"
                                    : "SELECT 1 FROM file WHERE sha256 = $1 AND apart = 1 LIMIT 1",
                         &s, NULL);

    if (e)
        return true;
    if (name->part)
        db_bind_u64(s, 1, name->id);
    else
        db_bind_blob(s, 1, hash_str(&name->hash));
    e = db_step(s, NULL);
    db_done(&s);
    return e != ERR_EMPTY;
}

enum err files_open(struct files *f, const char *path, uint64_t bytes_max, struct buf *why)
{
    const struct db_opts o = {.path = path, .durable = DB_NORMAL, .shared = true};
    struct buf dir = BUF_INIT(4096);
    const bool write = bytes_max != 0;
    enum err e;

    *f = FILES_NONE;
    f->bytes_max = bytes_max;
    buf_addf(&dir, "%s.content", path);
    e = content_open(&f->content, buf_z(&dir), write, why);
    if (!e)
        e = db_open(&o, &f->db, why);
    if (!e && write)
        e = db_migrate(f->db, "fastfs", migrations, countof(migrations), why);
    if (!e && write)
        e = add_up(f, why);
    if (!e && write)
        e = content_sweep(&f->content, wanted, f, why);
    buf_release(&dir);
    return e;
}

void files_close(struct files *f)
{
    db_close(f->db);
    content_close(&f->content);
    mem_free(f->gone);
    *f = FILES_NONE;
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

/* ---- one file ---- */

static void gone_add(struct files *f, struct content_name name)
{
    if (f->ngone == f->gone_max) {
        size_t more = f->gone_max ? f->gone_max * 2 : 64;

        f->gone = mem_realloc(f->gone, f->gone_max * sizeof(*f->gone), more * sizeof(*f->gone));
        f->gone_max = more;
    }
    f->gone[f->ngone++] = name;
}

/* Forget the file of this name, if there is one. */
static enum err forget(struct files *f, struct str sender, struct str receiver, struct str path,
                       struct buf *why)
{
    struct db_stmt *s = NULL;
    struct content_name name = {.part = false};
    enum err e = db_stmt(f->db,
                         "DELETE FROM file WHERE sender = $1 AND receiver = $2 AND path = $3 "
                         "RETURNING size, sha256, apart",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    e = db_step(s, why);
    if (!e) {
        f->n--;
        f->bytes -= db_u64(s, 0) + FILES_ROW_BYTES;
        if (db_bool(s, 2) && hash_col(s, 1, &name.hash))
            gone_add(f, name);
        e = db_run(s, why);
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

/* How much larger than now everything would be with a file of this name and size. */
static enum err room_for(struct files *f, struct str sender, struct str receiver, struct str path,
                         uint64_t size, struct buf *why)
{
    struct db_stmt *s = NULL;
    uint64_t old = 0;
    enum err e = db_stmt(
        f->db, "SELECT size FROM file WHERE sender = $1 AND receiver = $2 AND path = $3", &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    e = db_step(s, why);
    if (!e)
        old = db_u64(s, 0) + FILES_ROW_BYTES;
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    if (f->bytes - old + size + FILES_ROW_BYTES > f->bytes_max)
        return err_put(why, ERR_TOO_BIG,
                       "there is no room for a file of %llu bytes; start with more --max-mb",
                       (unsigned long long)size);
    return ERR_OK;
}

/* `content` without a pointer: it lies with the larger ones, under its hash. */
static enum err put(struct files *f, struct str sender, struct str receiver,
                    const struct fastfs_call *c, struct str content, const struct hash256 *hash,
                    uint64_t size, uint64_t height, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = forget(f, sender, receiver, c->path, why);

    if (!e)
        e = db_stmt(f->db,
                    "INSERT INTO file (sender, receiver, path, mime, apart, content, sha256, size, "
                    "height) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    &s, why);
    if (e)
        return e;
    bind_name(s, sender, receiver, c->path);
    db_bind_text(s, 4, c->mime.len ? c->mime : STR("application/octet-stream"));
    db_bind_bool(s, 5, !content.ptr);
    db_bind_blob(s, 6, content.ptr ? content : STR(""));
    db_bind_blob(s, 7, hash_str(hash));
    db_bind_u64(s, 8, size);
    db_bind_u64(s, 9, height);
    e = db_run(s, why);
    db_done(&s);
    if (!e) {
        f->n++;
        f->bytes += size + FILES_ROW_BYTES;
    }
    return e;
}

static enum err simple_take(struct files *f, struct str sender, struct str receiver,
                            const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    const struct hash256 hash = sha256(c->content);
    struct str content = c->content.len ? c->content : STR("");
    enum err e = room_for(f, sender, receiver, c->path, c->content.len, why);

    if (!e && content.len > FILES_INLINE_MAX) {
        e = content_put(&f->content, &hash, content, why);
        content = STR_NONE;
    }
    return e ? e : put(f, sender, receiver, c, content, &hash, c->content.len, height, why);
}

/* ---- files in parts ---- */

struct upload {
    uint64_t id, bytes;
    uint32_t have; /* a bit for each part */
};

static enum err upload_forget(struct files *f, const struct upload *u, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db, "DELETE FROM upload WHERE id = $1", &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, u->id);
    e = db_run(s, why);
    db_done(&s);
    if (!e) {
        f->waiting -= u->bytes + FILES_ROW_BYTES;
        gone_add(f, (struct content_name){.part = true, .id = u->id});
    }
    return e;
}

/* The upload that this part belongs to; a new one has no parts yet. */
static enum err upload_of(struct files *f, struct str sender, struct str receiver,
                          const struct fastfs_call *c, uint64_t height, struct upload *out,
                          struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "INSERT INTO upload (sender, receiver, path, nonce, full_size, have, "
                         "bytes, height) VALUES ($1, $2, $3, $4, $5, 0, 0, $6) "
                         "ON CONFLICT (sender, receiver, path, nonce, full_size) "
                         "DO UPDATE SET height = excluded.height RETURNING id, have, bytes",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, c->path);
    db_bind_u64(s, 4, c->nonce);
    db_bind_u64(s, 5, c->full_size);
    db_bind_u64(s, 6, height);
    e = db_step(s, why);
    if (!e) {
        *out = (struct upload){
            .id = db_u64(s, 0), .have = (uint32_t)db_u64(s, 1), .bytes = db_u64(s, 2)};
        e = db_run(s, why);
    }
    db_done(&s);
    if (!e && !out->have)
        f->waiting += FILES_ROW_BYTES;
    return e;
}

static enum err upload_grow(struct files *f, struct upload *u, uint32_t part, size_t bytes,
                            struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db, "UPDATE upload SET have = $2, bytes = $3 WHERE id = $1", &s, why);

    if (e)
        return e;
    u->have |= UINT32_C(1) << part;
    u->bytes += bytes;
    f->waiting += bytes;
    db_bind_u64(s, 1, u->id);
    db_bind_u64(s, 2, u->have);
    db_bind_u64(s, 3, u->bytes);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

/* The upload that has waited longest, but not `but`. ERR_EMPTY. */
static enum err upload_oldest(struct files *f, uint64_t but, uint64_t *height, struct upload *out,
                              struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "SELECT id, bytes, height FROM upload WHERE id <> $1 "
                         "ORDER BY height, id LIMIT 1",
                         &s, why);

    if (e)
        return e;
    db_bind_u64(s, 1, but);
    e = db_step(s, why);
    if (!e) {
        *out = (struct upload){.id = db_u64(s, 0), .bytes = db_u64(s, 1)};
        *height = db_u64(s, 2);
    }
    db_done(&s);
    return e;
}

/* Uploads that never become whole must not fill the disk. */
static enum err uploads_bound(struct files *f, uint64_t but, uint64_t height, struct buf *why)
{
    struct upload u;
    uint64_t since;

    for (;;) {
        enum err e = upload_oldest(f, but, &since, &u, why);

        if (e == ERR_EMPTY ||
            (!e && f->waiting <= FILES_WAIT_MAX && since + FILES_WAIT_BLOCKS > height))
            return ERR_OK;
        if (!e)
            e = upload_forget(f, &u, why);
        if (e)
            return e;
    }
}

static enum err part_take(struct files *f, struct str sender, struct str receiver,
                          const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    const uint32_t part = c->offset / FASTFS_PART;
    struct hash256 hash;
    struct upload u;
    enum err e, gone;

    BUG_ON(part >= 32); /* fastfs_read() lets no longer file in */
    e = upload_of(f, sender, receiver, c, height, &u, why);
    if (e)
        return e;
    if (u.have & UINT32_C(1) << part)
        return ERR_OK; /* the first one counts */
    e = content_part(&f->content, u.id, !u.have, c->offset, c->content, why);
    if (!e)
        e = upload_grow(f, &u, part, c->content.len, why);
    if (e || u.bytes != c->full_size)
        return e ? e : uploads_bound(f, u.id, height, why);
    e = room_for(f, sender, receiver, c->path, c->full_size, why);
    if (!e)
        e = content_whole(&f->content, u.id, c->full_size, &hash, why);
    if (!e)
        e = put(f, sender, receiver, c, STR_NONE, &hash, c->full_size, height, why);
    if (e && e != ERR_TOO_BIG)
        return e;
    gone = upload_forget(f, &u, why);
    return gone ? gone : e;
}

/* ---- one block ---- */

enum err files_take(struct files *f, struct str sender, struct str receiver,
                    const struct fastfs_call *c, uint64_t height, struct buf *why)
{
    if (c->partial)
        return part_take(f, sender, receiver, c, height, why);
    if (c->deleted)
        return forget(f, sender, receiver, c->path, why);
    return simple_take(f, sender, receiver, c, height, why);
}

enum err files_begin(struct files *f, struct buf *why)
{
    return db_begin(f->db, why);
}

void files_undo(struct files *f)
{
    struct buf why = WHY_INIT;

    db_rollback(f->db);
    /* What cannot be read now cannot be written either, and is tried again. */
    if (add_up(f, &why))
        f->ngone = 0;
    buf_release(&why);
}

enum err files_end(struct files *f, uint64_t next, struct str hash, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = uploads_bound(f, 0, next, why);

    if (!e)
        e = db_stmt(f->db,
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
    if (!e)
        e = db_commit(f->db, why);
    if (e)
        return e;
    for (size_t i = 0; i < f->ngone; i++) {
        const struct content_name *name = &f->gone[i];

        /* The same bytes may have come again meanwhile, and numbers of uploads do. */
        if (wanted(f, name))
            continue;
        if (name->part)
            content_drop_part(&f->content, name->id);
        else
            content_drop(&f->content, &name->hash);
    }
    f->ngone = 0;
    return ERR_OK;
}

/* ---- reading ---- */

static enum err get(struct files *f, struct str sender, struct str receiver, struct str path,
                    struct arena *a, struct file *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    struct file got = {.fd = -1};
    enum err e = db_stmt(f->db,
                         "SELECT mime, content, sha256, size, height, apart FROM file "
                         "WHERE sender = $1 AND receiver = $2 AND path = $3",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path);
    e = db_step(s, why);
    if (!e && !hash_col(s, 2, &got.sha256))
        e = err_put(why, ERR_DB, "a file's hash is not a hash");
    if (!e) {
        got.mime = arena_str(a, db_text(s, 0));
        got.size = db_u64(s, 3);
        got.height = db_u64(s, 4);
        if (!db_bool(s, 5))
            got.content = arena_str(a, db_blob(s, 1));
        else if (content_get(&f->content, &got.sha256, got.size, &got.fd, why))
            e = ERR_IO; /* the row says that it is there */
    }
    db_done(&s);
    if (!e)
        *out = got;
    return e == ERR_EMPTY ? ERR_ABSENT : e;
}

enum err files_get(struct files *f, struct str sender, struct str receiver, struct str path,
                   struct arena *a, struct file *out, struct buf *why)
{
    enum err e = get(f, sender, receiver, path, a, out, why);

    /* Another file may have taken its place between the row and its content. */
    return e == ERR_IO ? get(f, sender, receiver, path, a, out, why) : e;
}

enum err files_waiting(struct files *f, struct str sender, struct str receiver, struct str path,
                       uint32_t *have, uint32_t *parts, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_stmt(f->db,
                         "SELECT have, full_size FROM upload WHERE sender = $1 AND receiver = $2 "
                         "AND path = $3 ORDER BY height DESC LIMIT 1",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, path.len ? path : STR(""));
    e = db_step(s, why);
    if (!e) {
        *have = (uint32_t)__builtin_popcountll(db_u64(s, 0));
        *parts = (uint32_t)fastfs_parts((size_t)db_u64(s, 1));
    }
    db_done(&s);
    return e == ERR_EMPTY ? ERR_ABSENT : e;
}

enum err files_list(struct files *f, struct str sender, struct str receiver, struct str prefix,
                    struct str after, struct arena *a, struct files_row **out, size_t *n,
                    struct buf *why)
{
    struct files_row *rows = arena_new_n(a, struct files_row, FILES_LIST_MAX);
    struct db_stmt *s = NULL;
    size_t have = 0;
    enum err e = db_stmt(f->db,
                         "SELECT path, mime, size FROM file WHERE sender = $1 AND receiver = $2 "
                         "AND path >= $3 AND path > $4 ORDER BY path",
                         &s, why);

    if (e)
        return e;
    bind_name(s, sender, receiver, prefix.len ? prefix : STR(""));
    db_bind_text(s, 4, after.len ? after : STR(""));
    while (have < FILES_LIST_MAX && !(e = db_step(s, why)) && str_starts(db_text(s, 0), prefix)) {
        rows[have++] = (struct files_row){.path = arena_str(a, db_text(s, 0)),
                                          .mime = arena_str(a, db_text(s, 1)),
                                          .size = db_u64(s, 2)};
    }
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    *out = rows;
    *n = have;
    return ERR_OK;
}

enum err files_receivers(struct files *f, struct str sender, struct str after, struct arena *a,
                         struct str **out, size_t *n, struct buf *why)
{
    struct str *ids = arena_new_n(a, struct str, FILES_LIST_MAX),
               last = after.len ? after : STR("");
    struct db_stmt *s = NULL;
    size_t have = 0;
    enum err e = db_stmt(f->db,
                         "SELECT receiver FROM file WHERE sender = $1 AND receiver > $2 "
                         "ORDER BY receiver LIMIT 1",
                         &s, why);

    /* One look at the index for each, however many files it has been sent. */
    while (!e && have < FILES_LIST_MAX) {
        db_bind_text(s, 1, sender);
        db_bind_text(s, 2, last);
        e = db_step(s, why);
        if (!e)
            last = ids[have++] = arena_str(a, db_text(s, 0));
        db_again(s);
    }
    db_done(&s);
    if (e && e != ERR_EMPTY)
        return e;
    *out = ids;
    *n = have;
    return ERR_OK;
}
