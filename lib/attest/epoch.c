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
    struct batch_tree tree; /* the batch that grows */
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

struct str signed_statement_head(const struct signed_statement *s)
{
    return str_from(s->head_bytes, sizeof s->head_bytes);
}

/* The head of the batch with one statement more; `tree` has it already. */
static void sign_head(const struct epoch *e, const struct batch_tree *tree, uint64_t time_ms,
                      struct signed_statement *out)
{
    struct buf b = {.ptr = (char *)out->head_bytes,
                    .cap = BATCH_HEAD_LEN,
                    .max = BATCH_HEAD_LEN,
                    .fixed = true};

    out->head = (struct batch_head){.session = e->session,
                                    .root = batch_tree_root(tree),
                                    .first_seq = e->seq + 1 - tree->n,
                                    .count = tree->n,
                                    .time_ms = time_ms};
    batch_head_write(&b, &out->head);
    out->head_sig = ed25519_sign(&e->key, buf_str(&b));
}

static enum err sign(struct epoch *e, struct statement *s, epoch_keep *keep, void *ctx,
                     struct signed_statement *out, struct buf *why)
{
    struct signed_statement made = {.bytes = BUF_INIT(STATEMENT_MAX), .seq = e->seq};
    struct batch_tree tree = e->tree;
    struct statement check;
    enum err err;

    if (tree.n == EPOCH_BATCH_MAX)
        tree = (struct batch_tree){.n = 0};
    s->session = e->session;
    s->seq = e->seq;
    s->prev = e->prev;
    statement_write(&made.bytes, s);
    err = made.bytes.full
              ? err_put(why, ERR_TOO_BIG, "the statement has more than %u bytes", STATEMENT_MAX)
              : statement_read(buf_str(&made.bytes), &check, why);
    if (!err) {
        made.sig = statement_sign(&e->key, buf_str(&made.bytes));
        made.digest = statement_digest(buf_str(&made.bytes));
        batch_tree_add(&tree, &made.digest);
        sign_head(e, &tree, s->finished_ms, &made);
        err = keep ? keep(ctx, &made, why) : ERR_OK;
    }
    if (err) {
        signed_statement_release(&made);
        return err;
    }
    e->tree = tree;
    e->prev = made.digest;
    e->seq++;
    *out = made;
    return ERR_OK;
}

enum err epoch_sign(struct epoch *e, struct statement *s, epoch_keep *keep, void *ctx,
                    struct signed_statement *out, struct buf *why)
{
    enum err err;

    pthread_mutex_lock(&e->lock);
    err = sign(e, s, keep, ctx, out, why);
    pthread_mutex_unlock(&e->lock);
    return err;
}

bool epoch_cut(struct epoch *e, uint64_t *next)
{
    bool any;

    pthread_mutex_lock(&e->lock);
    any = e->tree.n != 0;
    e->tree = (struct batch_tree){.n = 0};
    *next = e->seq;
    pthread_mutex_unlock(&e->lock);
    return any;
}
