/* publish.c — see publish.h. */
#include "worker/publish.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "builder/builder.h"
#include "codec/put.h"
#include "db/db.h"
#include "near/fastfs_send.h"
#include "proc/memfd.h"

#define ANSWER_MAX 4096
#define PLACE_MAX  512

static const struct db_migration migrations[] = {
    {1, "CREATE TABLE published (id BIGSERIAL PRIMARY KEY, place TEXT NOT NULL UNIQUE, "
        "at_s BIGINT NOT NULL) STRICT"},
};

static enum err migrate_in(void *ctx, struct db *d, struct buf *why)
{
    (void)ctx;
    return db_migrate(d, "published", migrations, countof(migrations), why);
}

enum err publisher_open(struct publisher *p, struct buf *why)
{
    pthread_mutex_init(&p->lock, NULL);
    return outbox_alone(p->outbox, migrate_in, NULL, why);
}

/* ---- what was sent ---- */

struct note {
    const struct publisher *p;
    struct str path;
    uint64_t now_s;
    bool known;
};

static void bind_place(const struct note *n, struct db_stmt *s, char room[PLACE_MAX])
{
    struct buf b = {.ptr = room, .cap = PLACE_MAX - 1, .max = PLACE_MAX - 1, .fixed = true};

    buf_addf(&b, "%s %.*s/%.*s/%.*s", n->p->network_id, STR_ARG(account_id_str(&n->p->key.account)),
             STR_ARG(n->p->receiver), STR_ARG(n->path));
    BUG_ON(b.full);
    db_bind_text(s, 1, buf_str(&b));
}

static enum err known_in(void *ctx, struct db *d, struct buf *why)
{
    struct note *n = ctx;
    char room[PLACE_MAX];
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d, "SELECT 1 FROM published WHERE place = $1 AND at_s > $2", &s, why);

    if (e)
        return e;
    bind_place(n, s, room);
    db_bind_u64(s, 2, n->now_s > PUBLISH_AGAIN_S ? n->now_s - PUBLISH_AGAIN_S : 0);
    e = db_step(s, why);
    n->known = !e;
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

static enum err note_in(void *ctx, struct db *d, struct buf *why)
{
    struct note *n = ctx;
    char room[PLACE_MAX];
    struct db_stmt *s = NULL;
    enum err e = db_stmt(d,
                         "INSERT INTO published (place, at_s) VALUES ($1, $2) "
                         "ON CONFLICT (place) DO UPDATE SET at_s = excluded.at_s",
                         &s, why);

    if (e)
        return e;
    bind_place(n, s, room);
    db_bind_u64(s, 2, n->now_s);
    e = db_run(s, why);
    db_done(&s);
    if (!e)
        e = db_stmt(d, "DELETE FROM published WHERE id <= (SELECT MAX(id) FROM published) - $1", &s,
                    why);
    if (e)
        return e;
    db_bind_u64(s, 1, PUBLISH_ROWS);
    e = db_run(s, why);
    db_done(&s);
    return e;
}

enum err publish_known(struct publisher *p, struct str path, uint64_t now_s, bool *is,
                       struct buf *why)
{
    struct note n = {.p = p, .path = path, .now_s = now_s};
    enum err e = outbox_with(p->outbox, known_in, &n, why);

    *is = n.known;
    return e;
}

enum err publish_note(struct publisher *p, struct str path, uint64_t now_s, struct buf *why)
{
    struct note n = {.p = p, .path = path, .now_s = now_s};

    return outbox_with(p->outbox, note_in, &n, why);
}

/* ---- sending ---- */

static enum err send_once(struct publisher *p, struct rpc *rpc, const struct fastfs_file *f,
                          struct buf *why)
{
    struct buf said = WHY_INIT;
    bool known = false;
    enum err e;

    pthread_mutex_lock(&p->lock);
    e = publish_known(p, f->path, clock_unix_ns() / 1000000000, &known, why);
    if (!e && !known)
        e = fastfs_send(rpc, &p->key, f, NULL, NULL, why);
    /* Not noted, it is sent once more than needed. */
    if (!e && !known && publish_note(p, f->path, clock_unix_ns() / 1000000000, &said))
        log_unusual("publication_not_noted", "why=%s", buf_z(&said));
    pthread_mutex_unlock(&p->lock);
    buf_release(&said);
    return e;
}

static void answer_url(const struct publisher *p, const struct request *r, struct str path,
                       struct answer *answer)
{
    struct buf text = BUF_INIT(ANSWER_MAX), url = BUF_INIT(2048);

    fastfs_url_put(&url, p->url, account_id_str(&p->key.account), p->receiver, path);
    json_obj(&text);
    put_str(&text, "fastfs_url", buf_str(&url));
    put_str(&text, "wasm_hash", str_head(path, 64));
    json_obj_end(&text);
    answer_output(answer, r->format, buf_str(&text));
    snprintf(answer->note, sizeof(answer->note), "Published to %s", buf_z(&url));
    buf_release(&text);
    buf_release(&url);
}

enum err publish(struct publisher *p, struct rpc *rpc, const struct store *store,
                 const struct request *r, int fd, struct answer *answer, struct buf *why)
{
    char name[80];
    struct buf path = BUF_OVER(name), text = BUF_INIT(ANSWER_MAX);
    struct fastfs_file f = {
        .receiver = p->receiver, .mime = STR("application/wasm"), .nonce = fastfs_nonce()};
    struct hash256 is;
    enum err e = memfd_map(fd, COMPILE_WASM_MAX, &f.content, why);

    if (e)
        return e;
    /* What lies in the store may have been touched; what is published stays for ever. */
    is = sha256(f.content);
    hash_put_hex(&path, &is);
    buf_addz(&path, ".wasm");
    f.path = buf_str(&path);
    if (!hash_eq(&is, &r->source.wasm_sha256)) {
        store_drop(store, &r->source.wasm_sha256);
        e = err_put(why, ERR_CONFLICT, "the stored program is not what it was");
    } else if (!str_starts(f.content, STR("\0asm"))) {
        answer_fail(answer, ANSWER_EXECUTION_FAILED,
                    STR("The file is no WebAssembly; only programs are stored on FastFS"));
        e = ERR_GUEST;
    } else {
        e = send_once(p, rpc, &f, why);
    }
    if (e == ERR_DENIED) {
        buf_addf(&text, "The chain did not take the file for FastFS: %s", buf_z(why));
        answer_fail(answer, ANSWER_EXECUTION_FAILED, buf_str(&text));
    } else if (!e) {
        answer_url(p, r, f.path, answer);
    }
    memfd_unmap(&f.content);
    buf_release(&text);
    return e == ERR_DENIED || e == ERR_GUEST ? ERR_OK : e;
}
