#include "attest/epoch.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

struct epoch {
    struct ed25519_key key;
    struct buf manifest;
    struct evidence evidence;
    struct hash256 session, prev;
    uint64_t seq;
    struct hash256 *leaf; /* since the last batch */
    size_t leaves, room;
    pthread_mutex_t lock;
};

enum err epoch_begin(struct quote_source *source, struct manifest *m, const uint8_t box_key[32],
                     struct epoch **out, struct buf *why)
{
    struct epoch *e = mem_new(struct epoch);
    struct manifest check;
    uint8_t data[64];
    enum err err;

    pthread_mutex_init(&e->lock, NULL);
    evidence_init(&e->evidence);
    e->manifest = BUF_INIT(MANIFEST_MAX);
    ed25519_generate(&e->key);
    memcpy(m->statement_key, e->key.pub.b, 32);
    if (box_key)
        memcpy(m->box_key, box_key, 32);
    random_bytes(m->boot_nonce, sizeof m->boot_nonce);
    manifest_write(&e->manifest, m);
    err = manifest_read(buf_str(&e->manifest), &check, why); /* nobody could read another */
    if (!err) {
        label_report_data(LABEL_WORKER, buf_str(&e->manifest), data);
        e->session = manifest_session(LABEL_WORKER, buf_str(&e->manifest));
        err = quote_source_get(source, data, &e->evidence, why);
    }
    if (err) {
        epoch_end(e);
        return err;
    }
    *out = e;
    return ERR_OK;
}

void epoch_end(struct epoch *e)
{
    if (!e)
        return;
    ed25519_wipe(&e->key);
    evidence_release(&e->evidence);
    buf_release(&e->manifest);
    mem_free(e->leaf);
    pthread_mutex_destroy(&e->lock);
    mem_free(e);
}

struct str epoch_manifest(const struct epoch *e)
{
    return buf_str(&e->manifest);
}

const struct evidence *epoch_evidence(const struct epoch *e)
{
    return &e->evidence;
}

struct hash256 epoch_session(const struct epoch *e)
{
    return e->session;
}

void signed_statement_release(struct signed_statement *s)
{
    buf_release(&s->bytes);
}

static void keep_leaf(struct epoch *e, const struct hash256 *digest)
{
    if (e->leaves == e->room) {
        size_t room = e->room ? e->room * 2 : 64;

        e->leaf = mem_realloc(e->leaf, e->room * sizeof *e->leaf, room * sizeof *e->leaf);
        e->room = room;
    }
    e->leaf[e->leaves++] = *digest;
}

static enum err sign(struct epoch *e, struct statement *s, struct signed_statement *out,
                     struct buf *why)
{
    struct buf bytes = BUF_INIT(STATEMENT_MAX);
    struct statement check;
    enum err err;

    if (e->leaves == EPOCH_BATCH_MAX)
        return err_put(why, ERR_BUSY, "%u statements wait for a batch; make one", EPOCH_BATCH_MAX);
    s->session = e->session;
    s->seq = e->seq;
    s->prev = e->prev;
    statement_write(&bytes, s);
    err = bytes.full
              ? err_put(why, ERR_TOO_BIG, "the statement has more than %u bytes", STATEMENT_MAX)
              : statement_read(buf_str(&bytes), &check, why);
    if (err) {
        buf_release(&bytes);
        return err;
    }
    out->sig = statement_sign(&e->key, buf_str(&bytes));
    out->digest = statement_digest(buf_str(&bytes));
    out->seq = e->seq;
    out->bytes = bytes;
    keep_leaf(e, &out->digest);
    e->prev = out->digest;
    e->seq++;
    return ERR_OK;
}

enum err epoch_sign(struct epoch *e, struct statement *s, struct signed_statement *out,
                    struct buf *why)
{
    enum err err;

    pthread_mutex_lock(&e->lock);
    err = sign(e, s, out, why);
    pthread_mutex_unlock(&e->lock);
    return err;
}

void batch_release(struct batch *b)
{
    buf_release(&b->message);
    mem_free(b->leaf);
    b->leaf = NULL;
}

enum err epoch_batch(struct epoch *e, uint64_t time_ms, struct batch *out, struct buf *why)
{
    struct batch b = {.message = BUF_INIT(BATCH_HEAD_LEN)};
    enum err err = ERR_OK;

    pthread_mutex_lock(&e->lock);
    if (!e->leaves) {
        err = err_put(why, ERR_EMPTY, "there is no statement since the last batch");
    } else {
        b.leaf = e->leaf;
        b.head = (struct batch_head){.session = e->session,
                                     .root = batch_root(e->leaf, e->leaves),
                                     .first_seq = e->seq - e->leaves,
                                     .count = e->leaves,
                                     .time_ms = time_ms};
        batch_head_write(&b.message, &b.head);
        b.sig = ed25519_sign(&e->key, buf_str(&b.message));
        e->leaf = NULL;
        e->leaves = e->room = 0;
        *out = b;
    }
    pthread_mutex_unlock(&e->lock);
    return err;
}
