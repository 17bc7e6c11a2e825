/* holder.c — see holder.h. */
#include "keystore/holder.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proc/frame.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define START_MS 30000 /* a passphrase is stretched in it */
#define ASK_MS   10000
#define ARGS_MAX 16
#define STOP_MS  500

struct holder {
    pthread_mutex_t lock;
    struct child child;
    unsigned epochs;
    bool broken;
};

/* `*e_told` is what the keyholder says; the rest of the body is in `out`. */
static enum err receive(struct holder *h, uint64_t ms, struct buf *out, enum err *told,
                        struct buf *why)
{
    struct frame f = FRAME_INIT(HOLDER_MSG_MAX);
    enum err e = frame_recv(h->child.sock, &f, clock_mono_ms() + ms, why);
    struct rd r;
    uint8_t code;

    if (!e) {
        r = rd_over(buf_str(&f.body));
        code = rd_u8(&r);
        if (r.bad || f.type != HOLDER_ANSWER || code > ERR_GUEST) {
            e = err_put(why, ERR_FORMAT, "the keyholder's answer is malformed");
        } else {
            *told = (enum err)code;
            buf_add_str(out, str_skip(buf_str(&f.body), 1));
        }
    }
    frame_release(&f);
    return e;
}

static enum err ask(struct holder *h, enum holder_ask what, struct str body, struct buf *out,
                    struct buf *why)
{
    enum err e, told = ERR_OK;

    pthread_mutex_lock(&h->lock);
    e = h->broken ? err_put(why, ERR_CLOSED, "the keyholder has gone")
                  : frame_send(h->child.sock, (uint16_t)what, body, NULL, 0,
                               clock_mono_ms() + ASK_MS, why);
    if (!e)
        e = receive(h, ASK_MS, out, &told, why);
    /* A channel out of step could give one caller the answer of another. */
    if (e)
        h->broken = true;
    pthread_mutex_unlock(&h->lock);
    if (!e && told)
        e = err_put(why, told, "%.*s", STR_ARG(buf_str(out)));
    return e;
}

enum err holder_start(const struct holder_opts *o, struct holder **out, struct buf *why)
{
    struct holder *h = mem_new(struct holder);
    struct arena a = ARENA_INIT;
    const char *argv[ARGS_MAX] = {"outlayer-keyholder", "serve", "--master-file", o->master_file};
    struct spawn s = {.argv = argv, .in = -1, .out = -1, .err = STDERR_FILENO, .socket = true};
    struct buf text = BUF_INIT(WHY_MAX);
    enum err e, told = ERR_OK;
    size_t n = 4;

    h->child = CHILD_NONE;
    pthread_mutex_init(&h->lock, NULL);
    if (o->seal_key_file) {
        argv[n++] = "--seal-key-file";
        argv[n++] = o->seal_key_file;
    }
    if (o->passphrase_file) {
        argv[n++] = "--passphrase-file";
        argv[n++] = o->passphrase_file;
    }
    if (o->create)
        argv[n++] = "--create";
    if (o->allow_unlocked)
        argv[n++] = "--allow-unlocked-memory";
    argv[n] = NULL;
    e = self_exe(&a, "outlayer-keyholder", &s.path, why);
    if (!e)
        e = spawn_start(&s, &h->child, why);
    if (!e)
        e = receive(h, START_MS, &text, &told, why);
    if (!e && told)
        e = err_put(why, told, "%s", buf_z(&text));
    if (!e && text.len == 1) {
        h->epochs = (uint8_t)text.ptr[0];
        *out = h;
        h = NULL;
    } else if (!e) {
        e = err_put(why, ERR_FORMAT, "the keyholder's first answer is malformed");
    }
    holder_stop(h);
    buf_release(&text);
    arena_release(&a);
    return e;
}

void holder_stop(struct holder *h)
{
    if (!h)
        return;
    child_stop(&h->child, STOP_MS);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

bool holder_broken(struct holder *h)
{
    bool broken;

    pthread_mutex_lock(&h->lock);
    broken = h->broken;
    pthread_mutex_unlock(&h->lock);
    return broken;
}

int holder_pidfd(const struct holder *h)
{
    return h->child.pidfd;
}

unsigned holder_epochs(struct holder *h)
{
    unsigned n;

    pthread_mutex_lock(&h->lock);
    n = h->epochs;
    pthread_mutex_unlock(&h->lock);
    return n;
}

/* Epochs are only ever added: each that is known has to be in the new one, at its place. */
static enum err none_missing(struct holder *was, struct holder *is, struct buf *why)
{
    struct vrf_key old[HOLDER_EPOCHS_MAX], new[HOLDER_EPOCHS_MAX];
    size_t nold = 0, nnew = 0;
    enum err e = holder_vrf_keys(was, old, countof(old), &nold, why);

    if (!e)
        e = holder_vrf_keys(is, new, countof(new), &nnew, why);
    for (size_t i = 0; i < nold && !e; i++)
        if (i >= nnew || old[i].epoch != new[i].epoch ||
            memcmp(&old[i].pub, &new[i].pub, sizeof(old[i].pub)) != 0)
            e = err_put(why, ERR_CONFLICT, "the master file has no longer epoch %u",
                        (unsigned)old[i].epoch);
    return e;
}

enum err holder_reload(struct holder *h, const struct holder_opts *o, struct buf *why)
{
    struct holder_opts again = *o;
    struct holder *fresh = NULL;
    enum err e;

    again.create = false;
    e = holder_start(&again, &fresh, why);
    if (!e)
        e = none_missing(h, fresh, why);
    if (!e) {
        struct child old;

        BUG_ON(!fresh);
        pthread_mutex_lock(&h->lock);
        old = h->child;
        h->child = fresh->child;
        h->epochs = fresh->epochs;
        pthread_mutex_unlock(&h->lock);
        fresh->child = old;
    }
    holder_stop(fresh);
    return e;
}

static enum err malformed(struct buf *why)
{
    return err_put(why, ERR_FORMAT, "the keyholder's answer is malformed");
}

enum err holder_pubkey(struct holder *h, struct str seed, uint8_t out[32], struct buf *why)
{
    struct buf answer = BUF_INIT(WHY_MAX);
    enum err e = ask(h, HOLDER_PUBKEY, seed, &answer, why);

    if (!e) {
        struct rd r = rd_over(buf_str(&answer));

        (void)rd_u32(&r);
        rd_copy(&r, out, 32);
        if (!rd_end(&r))
            e = malformed(why);
    }
    buf_release(&answer);
    return e;
}

enum err holder_vrf_keys(struct holder *h, struct vrf_key *out, size_t max, size_t *n,
                         struct buf *why)
{
    struct buf answer = BUF_INIT(WHY_MAX);
    enum err e = ask(h, HOLDER_VRF_KEYS, STR(""), &answer, why);

    if (!e) {
        struct rd r = rd_over(buf_str(&answer));
        size_t count = rd_u8(&r);

        for (size_t i = 0; i < count && i < max; i++) {
            out[i].epoch = rd_u32(&r);
            rd_copy(&r, out[i].pub.b, sizeof(out[i].pub.b));
        }
        if (!count || count > max || !rd_end(&r))
            e = malformed(why);
        else
            *n = count;
    }
    buf_release(&answer);
    return e;
}

enum err holder_vrf(struct holder *h, struct str alpha, struct vrf *out, struct ed25519_pub *pub,
                    struct buf *why)
{
    struct buf answer = BUF_INIT(WHY_MAX);
    enum err e = ask(h, HOLDER_VRF, alpha, &answer, why);

    if (!e) {
        struct rd r = rd_over(buf_str(&answer));

        rd_copy(&r, out->proof.b, sizeof(out->proof.b));
        rd_copy(&r, out->output, sizeof(out->output));
        rd_copy(&r, pub->b, sizeof(pub->b));
        if (!rd_end(&r))
            e = malformed(why);
    }
    buf_release(&answer);
    return e;
}

enum err holder_open(struct holder *h, const struct open *o, struct buf *box, struct buf *why)
{
    struct buf body = BUF_INIT(HOLDER_MSG_MAX), answer = BUF_INIT(HOLDER_MSG_MAX);
    enum err e;

    open_write(&body, o);
    BUG_ON(body.full);
    e = ask(h, HOLDER_OPEN, buf_str(&body), &answer, why);
    if (!e)
        buf_add_str(box, buf_str(&answer));
    buf_release(&body);
    buf_release(&answer);
    return e;
}

enum err holder_keep(struct holder *h, const struct keep *k, struct buf *answer, struct str *key,
                     struct str *value, struct buf *why)
{
    struct buf body = BUF_INIT(HOLDER_MSG_MAX);
    enum err e;

    keep_write(&body, k);
    BUG_ON(body.full);
    e = ask(h, HOLDER_KEEP, buf_str(&body), answer, why);
    if (!e) {
        struct rd r = rd_over(buf_str(answer));

        *key = rd_bytes(&r, STORAGE_KEY_MAX + BOX_OVERHEAD);
        *value = rd_bytes(&r, STORAGE_VALUE_MAX + BOX_OVERHEAD);
        if (!rd_end(&r))
            e = malformed(why);
    }
    buf_wipe(&body);
    return e;
}

enum err holder_fetch(struct holder *h, const struct fetch *f, struct buf *box, struct buf *why)
{
    struct buf body = BUF_INIT(HOLDER_MSG_MAX);
    enum err e;

    fetch_write(&body, f);
    BUG_ON(body.full);
    e = ask(h, HOLDER_FETCH, buf_str(&body), box, why);
    buf_release(&body);
    return e;
}

enum err holder_merge(struct holder *h, const struct merge *m, struct buf *answer,
                      struct merged *out, struct buf *why)
{
    /* It may hold what a user sends in the clear: it never moves, and is wiped. */
    char *room = mem_alloc(HOLDER_MSG_MAX + 1);
    struct buf body = {.ptr = room, .cap = HOLDER_MSG_MAX, .max = HOLDER_MSG_MAX, .fixed = true};
    enum err e;

    merge_write(&body, m);
    BUG_ON(body.full);
    e = ask(h, HOLDER_MERGE, buf_str(&body), answer, why);
    if (!e) {
        struct rd r = rd_over(buf_str(answer));

        if (!merged_read(&r, out))
            e = malformed(why);
    }
    mem_wipe(room, HOLDER_MSG_MAX);
    mem_free(room);
    return e;
}
