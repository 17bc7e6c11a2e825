/* face.c — see face.h. */
#include "storage/face.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/wire.h"
#include "crypto/ed25519.h"

#define RECORD_MAX   (STORAGE_KEY_MAX + STORAGE_VALUE_MAX + 2 * STORAGE_SEALED_MORE)
#define COUNTER      8u
#define OPEN_AT_ONCE 200u /* keys */

/* One call. */
struct job {
    struct storage_face *f;
    struct storage_store *store;
    struct space space;
    struct hash256 hash; /* of the key */
    struct str key;
    struct host_reply *out;
    struct buf *why;
    struct buf bytes, sealed_key, sealed_value; /* wiped at the end */
};

static enum err key_check(struct job *j, struct str key)
{
    if (key.len == 0 || key.len > STORAGE_KEY_MAX)
        return err_put(j->why, ERR_RANGE, "a key has 1 to %u bytes, this one has %zu",
                       STORAGE_KEY_MAX, key.len);
    j->key = key;
    j->hash = sha256(key);
    return ERR_OK;
}

static enum err value_check(struct job *j, struct str value)
{
    if (value.len > STORAGE_VALUE_MAX)
        return err_put(j->why, ERR_TOO_BIG, "a value has at most %u bytes, this one has %zu",
                       STORAGE_VALUE_MAX, value.len);
    return ERR_OK;
}

static enum err version_check(struct job *j, struct str hex, struct hash256 *out)
{
    char room[65];
    struct buf lower = BUF_OVER(room);

    for (size_t i = 0; i < hex.len && i < 64; i++)
        buf_add_byte(&lower, (uint8_t)(hex.ptr[i] >= 'A' && hex.ptr[i] <= 'F' ? hex.ptr[i] + 32
                                                                              : hex.ptr[i]));
    if (hex.len != 64 || !hash_from_hex(buf_str(&lower), out))
        return err_put(j->why, ERR_FORMAT,
                       "a version is the SHA-256 of its wasm, 64 hexadecimal digits");
    return ERR_OK;
}

/* ---- one record ---- */

static enum err fetch(struct job *j, struct stored *r)
{
    buf_clear(&j->bytes);
    return j->store->get(j->store->ctx, &j->space, &j->hash, r, &j->bytes, j->why);
}

/* A record in the clear has a place only where public ones may be. */
static enum err open_value(struct job *j, const struct stored *r, struct buf *value)
{
    if (r->is_public && !str_eqz(j->space.account, STORAGE_WORKER))
        return err_put(j->why, ERR_UPSTREAM, "the stored value is not sealed");
    return j->store->open(j->store->ctx, &j->space, r, value, j->why);
}

static enum err put(struct job *j, struct str value, bool is_public, enum when when,
                    struct str expected, bool *done)
{
    struct put p = {.when = when, .expected = expected};
    enum err e;

    buf_clear(&j->sealed_key);
    buf_clear(&j->sealed_value);
    e = j->store->seal(j->store->ctx, &j->space, j->key, value, is_public, &j->sealed_key,
                       &j->sealed_value, j->why);
    if (e)
        return e;
    p.record = (struct stored){.key_hash = j->hash,
                               .key = buf_str(&j->sealed_key),
                               .value = is_public ? value : buf_str(&j->sealed_value),
                               .wasm = j->f->wasm,
                               .is_public = is_public};
    return j->store->put(j->store->ctx, &j->space, &p, done, j->why);
}

static enum err set(struct job *j, struct str value, bool is_public)
{
    enum err e = value_check(j, value);
    bool done;

    return e ? e : put(j, value, is_public, WHEN_ALWAYS, STR(""), &done);
}

static enum err get(struct job *j, const struct hash256 *version)
{
    struct stored r;
    enum err e = fetch(j, &r);

    if (e == ERR_EMPTY || (!e && version && !hash_eq(version, &r.wasm)))
        return ERR_OK;
    return e ? e : open_value(j, &r, &j->out->text[0]);
}

static enum err has(struct job *j)
{
    bool is = false;
    enum err e = j->store->has(j->store->ctx, &j->space, &j->hash, &is, j->why);

    j->out->n[0] = is;
    return e;
}

static enum err drop(struct job *j)
{
    bool was = false;
    enum err e = j->store->remove(j->store->ctx, &j->space, &j->hash, &was, j->why);

    j->out->n[0] = was;
    return e;
}

static enum err set_if_absent(struct job *j, struct str value)
{
    bool done = false, is = false;
    enum err e = value_check(j, value);

    if (!e)
        e = j->store->has(j->store->ctx, &j->space, &j->hash, &is, j->why);
    if (!e && !is) /* when it is there, nothing need be sealed */
        e = put(j, value, false, WHEN_ABSENT, STR(""), &done);
    j->out->n[0] = done;
    return e;
}

/* So that two who meet do not meet again each time. */
static void pause_before(unsigned try)
{
    uint8_t draw;

    if (try == 0)
        return;
    random_bytes(&draw, sizeof(draw));
    clock_sleep_ms(draw % (try < 4 ? 1u << try : 16u));
}

static enum err set_if_equals(struct job *j, struct str expected, struct str value)
{
    struct buf *current = &j->out->text[1];
    enum err e = value_check(j, value);

    for (unsigned i = 0; !e && i < STORAGE_TRIES; i++) {
        struct stored r;
        bool done = false;

        pause_before(i);
        buf_wipe(current);
        e = fetch(j, &r);
        if (e == ERR_EMPTY)
            return ERR_OK;
        if (!e)
            e = open_value(j, &r, current);
        if (e || !str_eq(buf_str(current), expected))
            return e;
        e = put(j, value, false, WHEN_EQUAL, r.value, &done);
        if (!e && done) {
            j->out->n[0] = true;
            buf_wipe(current);
            return ERR_OK;
        }
        /* Somebody wrote meanwhile, perhaps the same value: look again. */
    }
    buf_wipe(current);
    return e ? e : err_put(j->why, ERR_BUSY, "others keep changing this key; try again");
}

static void counter_write(uint8_t b[COUNTER], uint64_t n)
{
    for (size_t i = 0; i < COUNTER; i++)
        b[i] = (uint8_t)(n >> 8 * i);
}

static enum err counter_read(struct job *j, const struct stored *r, int64_t *out)
{
    struct buf value = BUF_INIT(STORAGE_VALUE_MAX);
    enum err e = open_value(j, r, &value);
    uint64_t n = 0;

    if (!e && value.len != COUNTER)
        e = err_put(j->why, ERR_FORMAT, "the value is no counter: it has %zu bytes, not 8",
                    value.len);
    for (size_t i = 0; !e && i < COUNTER; i++)
        n |= (uint64_t)(uint8_t)value.ptr[i] << 8 * i;
    *out = (int64_t)n;
    buf_wipe(&value);
    return e;
}

static enum err count(struct job *j, int64_t delta)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; !e && i < STORAGE_TRIES; i++) {
        struct stored r;
        int64_t n = 0, sum;
        uint8_t bytes[COUNTER];
        bool done = false, there;

        pause_before(i);
        e = fetch(j, &r);
        there = !e;
        if (!e)
            e = counter_read(j, &r, &n);
        if (e && e != ERR_EMPTY)
            return e;
        if (__builtin_add_overflow(n, delta, &sum))
            return err_put(j->why, ERR_RANGE, "the counter would overflow");
        counter_write(bytes, (uint64_t)sum);
        e = put(j, str_from(bytes, sizeof(bytes)), false, there ? WHEN_EQUAL : WHEN_ABSENT,
                there ? r.value : STR(""), &done);
        if (!e && done) {
            j->out->n[0] = (uint64_t)sum;
            return ERR_OK;
        }
    }
    return e ? e
             : err_put(j->why, ERR_BUSY, "others changed the counter %d times meanwhile; try again",
                       STORAGE_TRIES);
}

/* ---- the worker's area, and that of other projects ---- */

/* `room` takes a uuid that has to be looked up. ERR_EMPTY: no such project. */
static enum err other_project(struct job *j, struct str x, struct buf *room)
{
    enum err e;

    if (str_has_byte(x, '/')) {
        e = j->store->project(j->store->ctx, x, room, j->why);
        if (e)
            return e;
        x = buf_str(room);
    }
    j->space.project = x;
    if (!space_ok(&j->space))
        return err_put(j->why, ERR_FORMAT, "a project is named by its uuid or as owner/name");
    return ERR_OK;
}

static enum err get_worker(struct job *j, const struct host_val *project)
{
    char uuid[STORAGE_UUID_LEN + 1];
    struct buf room = BUF_OVER(uuid);
    struct stored r;
    enum err e = ERR_OK;

    if (!project->none)
        e = other_project(j, project->s, &room);
    if (!e)
        e = fetch(j, &r);
    if (e == ERR_EMPTY)
        return ERR_OK;
    if (!e && !r.is_public && !str_eq(j->space.project, j->f->project))
        e = err_put(j->why, ERR_DENIED, "this key of the other project is encrypted, not public");
    return e ? e : open_value(j, &r, &j->out->text[0]);
}

/* ---- lists ---- */

struct listing {
    struct job *j;
    struct arena a; /* what it holds is in the clear: names of keys, not values */
    struct str *key;
    size_t n, cap;
    struct str prefix;
    /* a page */
    struct stored page[OPEN_AT_ONCE];
    size_t npage;
    struct hash256 last;
};

static enum err on_record(void *ctx, const struct stored *r, struct buf *why UNUSED)
{
    struct listing *l = ctx;
    struct stored *to = &l->page[l->npage++];

    BUG_ON(l->npage > OPEN_AT_ONCE);
    *to = *r;
    to->key = arena_str(&l->a, r->key);
    l->last = r->key_hash;
    return ERR_OK;
}

static enum err take_keys(struct listing *l)
{
    struct buf keys = BUF_INIT(OPEN_AT_ONCE * (STORAGE_KEY_MAX + 4));
    struct job *j = l->j;
    struct rd r;
    enum err e = j->store->open_keys(j->store->ctx, &j->space, l->page, l->npage, &keys, j->why);

    r = rd_over(buf_str(&keys));
    for (size_t i = 0; !e && i < l->npage; i++) {
        struct str key = rd_text(&r, STORAGE_KEY_MAX);
        struct hash256 h = sha256(key);

        if (r.bad || !hash_eq(&h, &l->page[i].key_hash)) {
            e = err_put(j->why, ERR_UPSTREAM, "a stored key is not what its place says");
            break;
        }
        if (!str_starts(key, l->prefix))
            continue;
        if (l->n == l->cap) {
            size_t cap = l->cap ? 2 * l->cap : 256;
            struct str *more = arena_new_n(&l->a, struct str, cap);
            for (size_t k = 0; k < l->n; k++)
                more[k] = l->key[k];
            l->key = more;
            l->cap = cap;
        }
        l->key[l->n++] = arena_str(&l->a, key);
    }
    buf_wipe(&keys);
    return e;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static enum err list_keys(struct job *j, struct str prefix)
{
    struct listing *l = mem_new(struct listing);
    bool first = true;
    enum err e = ERR_OK;

    l->j = j;
    l->prefix = prefix;
    do {
        l->npage = 0;
        e = j->store->list(j->store->ctx, &j->space, first ? NULL : &l->last, OPEN_AT_ONCE,
                           on_record, l, j->why);
        first = false;
        if (!e && l->npage)
            e = take_keys(l);
    } while (!e && l->npage == OPEN_AT_ONCE);
    if (!e) {
        struct buf *out = &j->out->text[0];

        if (l->n)
            qsort(l->key, l->n, sizeof(*l->key), by_bytes);
        json_arr(out);
        for (size_t i = 0; i < l->n; i++)
            json_put_str(out, l->key[i]);
        json_arr_end(out);
        if (out->full)
            e = err_put(j->why, ERR_TOO_BIG, "there are too many keys for one list; use a prefix");
    }
    arena_release(&l->a);
    mem_free(l);
    return e;
}

static enum err clear(struct job *j, const struct hash256 *version)
{
    return j->store->clear(j->store->ctx, &j->space, version, j->why);
}

/* ---- */

static enum err serve(struct job *j, const struct host_call *c)
{
    enum host_storage_fn fn = (enum host_storage_fn)(c->fn - host_faces[HOST_STORAGE].fns);
    const struct host_val *a = c->args;
    struct hash256 version;
    enum err e = ERR_OK;

    switch (fn) {
    case HOST_STORAGE_LIST_KEYS:
        return list_keys(j, a[0].s);
    case HOST_STORAGE_CLEAR_ALL:
        return clear(j, NULL);
    case HOST_STORAGE_CLEAR_VERSION:
        e = version_check(j, a[0].s, &version);
        return e ? e : clear(j, &version);
    case HOST_STORAGE_SET:
    case HOST_STORAGE_GET:
    case HOST_STORAGE_HAS:
    case HOST_STORAGE_DELETE:
    case HOST_STORAGE_SET_IF_ABSENT:
    case HOST_STORAGE_SET_IF_EQUALS:
    case HOST_STORAGE_INCREMENT:
    case HOST_STORAGE_DECREMENT:
    case HOST_STORAGE_SET_WORKER:
    case HOST_STORAGE_GET_WORKER:
    case HOST_STORAGE_GET_BY_VERSION:
        e = key_check(j, a[0].s);
        break;
    }
    if (e)
        return e;
    switch (fn) {
    case HOST_STORAGE_SET:
        return set(j, a[1].s, false);
    case HOST_STORAGE_GET:
        return get(j, NULL);
    case HOST_STORAGE_HAS:
        return has(j);
    case HOST_STORAGE_DELETE:
        return drop(j);
    case HOST_STORAGE_SET_IF_ABSENT:
        return set_if_absent(j, a[1].s);
    case HOST_STORAGE_SET_IF_EQUALS:
        return set_if_equals(j, a[1].s, a[2].s);
    case HOST_STORAGE_INCREMENT:
        return count(j, (int64_t)a[1].n);
    case HOST_STORAGE_DECREMENT:
        if ((int64_t)a[1].n == INT64_MIN)
            return err_put(j->why, ERR_RANGE, "the counter would overflow");
        return count(j, -(int64_t)a[1].n);
    case HOST_STORAGE_SET_WORKER:
        j->space.account = STR(STORAGE_WORKER);
        return set(j, a[1].s, !a[2].none && !a[2].n);
    case HOST_STORAGE_GET_WORKER:
        j->space.account = STR(STORAGE_WORKER);
        return get_worker(j, &a[1]);
    case HOST_STORAGE_GET_BY_VERSION:
        e = version_check(j, a[1].s, &version);
        return e ? e : get(j, &version);
    case HOST_STORAGE_LIST_KEYS:
    case HOST_STORAGE_CLEAR_ALL:
    case HOST_STORAGE_CLEAR_VERSION:
        break;
    }
    BUG("done above");
}

enum err storage_serve(void *face, const struct host_call *c, uint64_t deadline_ms,
                       struct host_reply *out, struct buf *why)
{
    struct storage_face *f = face;
    struct job j = {.f = f,
                    .store = f->store,
                    .space = {.project = f->project, .account = f->account},
                    .out = out,
                    .why = why,
                    .bytes = BUF_INIT(2 * RECORD_MAX),
                    .sealed_key = BUF_INIT(STORAGE_KEY_MAX + STORAGE_SEALED_MORE),
                    .sealed_value = BUF_INIT(STORAGE_VALUE_MAX + STORAGE_SEALED_MORE)};
    enum err e;

    f->store->deadline_ms = deadline_ms;
    e = serve(&j, c);
    buf_wipe(&j.bytes);
    buf_wipe(&j.sealed_key);
    buf_wipe(&j.sealed_value);
    return e;
}
