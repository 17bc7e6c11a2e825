/* worker.c — the workers and their epochs: rows, expiry, revocation. */
#include <string.h>

#include "codec/base58.h"
#include "register/register.h"
#include "sdk/map.h"
#include "sdk/row.h"

#define EVENT_STANDARD STR("outlayer-register")
#define EVENT_VERSION  STR("1.0.0")
#define KEYS_AT_ONCE   15u /* each may have two sessions, and costs up to three receipts */
#define TELL_GAS       (5 * TGAS)

static const struct row_field worker_fields[] = {
    ROW(worker, session),
    ROW(worker, before),
    ROW(worker, expires),
    ROW(worker, since),
};

static const struct row_field session_fields[] = {
    ROW(session, key),        ROW(session, manifest), ROW(session, fmspc),
    ROW(session, ppid),       ROW(session, height),   ROW(session, registered),
    ROW(session, statements), ROW(session, anchored),
};

static struct map workers(void)
{
    return map_of('w', STR_NONE);
}

static void read_row(struct str row, void *out, const struct row_field *fields, size_t n)
{
    struct rd r = rd_over(row);
    row_read(&r, out, fields, n);
    REQUIRE(rd_end(&r), "Cannot deserialize the contract state.");
}

bool worker_load(struct str key, struct worker *out)
{
    struct str row;
    if (!map_get(workers(), key, &row))
        return false;
    read_row(row, out, worker_fields, countof(worker_fields));
    return true;
}

bool worker_at(uint32_t i, struct str *key, struct worker *out)
{
    struct str row;
    if (!map_at(workers(), i, key, &row))
        return false;
    read_row(row, out, worker_fields, countof(worker_fields));
    return true;
}

uint32_t worker_count(void)
{
    return map_count(workers());
}

void worker_store(struct str key, const struct worker *w)
{
    struct buf b = near_buf();
    row_write(&b, w, worker_fields, countof(worker_fields));
    map_put(workers(), key, buf_str(&b));
}

bool session_load(struct str id, struct session *out)
{
    struct str row;
    if (!near_read(near_key('s', id), &row))
        return false;
    read_row(row, out, session_fields, countof(session_fields));
    return true;
}

void session_store(struct str id, const struct session *s)
{
    struct buf b = near_buf();
    row_write(&b, s, session_fields, countof(session_fields));
    near_write_buf(near_key('s', id), &b);
}

/*
 * The OutLayer contract learns the key that signs a session's statements, or that there is none any
 * more; it asks for statements when its owner wants it. A receipt of its own: whatever becomes of
 * it, the registration stands.
 */
static void tell_key(struct str id, const struct manifest *m, uint64_t not_after)
{
    struct buf b = near_buf();

    json_obj(&b);
    put_hex(&b, "session_id", id);
    put_hex(&b, "statement_key", str_from(m->statement_key, 32));
    put_u64(&b, "not_after", not_after);
    json_obj_end(&b);
    promise_call(promise_batch(m->outlayer_contract), "set_statement_key", buf_str(&b), 0, TELL_GAS,
                 0);
}

static void manifest_of(const struct session *s, struct manifest *out)
{
    REQUIRE(manifest_read(s->manifest, out, NULL) == ERR_OK,
            "Cannot deserialize the contract state.");
}

void session_begin(struct str id, const struct session *s)
{
    struct manifest m;

    manifest_of(s, &m);
    session_store(id, s);
    tell_key(id, &m, m.not_after);
}

void session_remove(struct str id)
{
    struct session s;
    struct manifest m;

    if (!session_load(id, &s))
        return;
    manifest_of(&s, &m);
    near_remove(near_key('s', id));
    tell_key(id, &m, 0);
}

/* ---- leaving ---- */

void worker_remove(struct str key, const struct worker *w, const char *reason)
{
    struct buf b = near_buf();

    if (w->session.len)
        session_remove(w->session);
    if (w->before.len)
        session_remove(w->before);
    map_remove(workers(), key);
    /* A receipt of its own: one that fails, because somebody else took the key, stops no other. */
    promise_delete_key(promise_batch(near_current()), (const uint8_t *)key.ptr);
    json_obj(&b);
    put_key(&b, "public_key", key);
    put_str(&b, "reason", str_of(reason));
    json_obj_end(&b);
    event("worker_removed", buf_str(&b));
}

uint32_t workers_sweep(uint32_t i, uint32_t n)
{
    uint64_t now = now_seconds();
    struct str key;
    struct worker w;
    uint32_t removed = 0;

    for (; n && worker_at(i, &key, &w); n--) {
        if (w.expires && w.expires + GRACE_SECONDS < now) {
            worker_remove(key, &w, "expired"); /* another takes its place */
            removed++;
        } else {
            i++;
        }
    }
    return removed;
}

/* Anybody: what has expired has expired. → how many were removed. */
NEAR_CALL(remove_expired_workers)
{
    uint32_t from = 0, limit = KEYS_AT_ONCE;

    arg_opt_u32(args, "from_index", &from);
    arg_opt_u32(args, "limit", &limit);
    near_return_u64(workers_sweep(from, limit < KEYS_AT_ONCE ? limit : KEYS_AT_ONCE));
}

bool key_is_revoked(struct str key)
{
    return near_has(near_key('x', key));
}

/* The owner: these keys go and never come back, registered or not. */
NEAR_CALL(remove_worker_keys)
{
    struct json_iter it = json_iter(arg_array(args, "public_keys"));
    struct settings s;
    struct worker w;
    uint32_t n = 0;

    settings_for_owner(&s);
    while (json_next(&it)) {
        struct str key = key_arg(near_json_str(it.value, "public_keys"));

        REQUIRE(n++ < KEYS_AT_ONCE, "At most 15 keys at a time");
        near_write(near_key('x', key), STR_NONE);
        if (worker_load(key, &w))
            worker_remove(key, &w, "revoked");
    }
}

/* ---- words ---- */

struct str key_arg(struct str text)
{
    const struct str curve = STR("ed25519:");
    uint8_t *key = mem_alloc(32);

    REQUIRE(str_starts(text, curve) && base58_get(str_skip(text, curve.len), key, 32),
            "A public key is ed25519: and 32 bytes in base58");
    return str_from(key, 32);
}

void put_key(struct buf *b, const char *name, struct str key)
{
    struct buf text = near_buf();

    buf_addz(&text, "ed25519:");
    base58_put(&text, key.ptr, key.len);
    put_str(b, name, buf_str(&text));
}

void event(const char *name, struct str data)
{
    near_event(EVENT_STANDARD, EVENT_VERSION, name, data);
}

uint64_t now_seconds(void)
{
    return near_timestamp() / 1000000000u;
}
