/*
 * yield.c — promises that wait for their contract to resume them (NEP-519).
 *
 * A yield is pending from its creation until its resume is delivered or its time is up. Since
 * version 83 creation marks it in the state at once (COL_YIELD_STATUS) and its receipt is stored in
 * the same block; before, it counted as pending only once the receipt had arrived a block later.
 * A resume that was made beats the timeout, whichever is delivered first.
 */
#include "devnet/apply_internal.h"

enum yield_status { YIELD_WAITING = 0, YIELD_RESUMED = 1 };

static bool marks_at_once(const struct apply *ap)
{
    return ap->p->protocol >= 83;
}

static void status_put(struct apply *ap, struct str account, const struct hash256 *data_id,
                       enum yield_status s)
{
    const char byte = (char)s;
    struct skey k;

    kv_put(ap->kv, skey_sub(&k, COL_YIELD_STATUS, account, hash_str(data_id)), str_from(&byte, 1));
}

static bool was_resumed(const struct apply *ap, struct str account, const struct hash256 *data_id)
{
    struct skey k;
    struct str s = kv_get(ap->kv, skey_sub(&k, COL_YIELD_STATUS, account, hash_str(data_id)));

    return s.len == 1 && s.ptr[0] == YIELD_RESUMED;
}

void yield_created(struct apply *ap, struct str account, const struct hash256 *data_id,
                   const struct hash256 *own_id)
{
    struct skey k;

    if (marks_at_once(ap))
        status_put(ap, account, data_id, YIELD_WAITING);
    if (own_id) {
        kv_put(ap->kv, skey_sub(&k, COL_YIELD_BY_ID, account, hash_str(own_id)), hash_str(data_id));
        kv_put(ap->kv, skey_sub(&k, COL_YIELD_ID_OF, account, hash_str(data_id)), hash_str(own_id));
    }
}

bool yield_is_pending(const struct apply *ap, struct str account, const struct hash256 *data_id)
{
    struct skey k;

    return kv_has(ap->kv, skey_sub(&k, marks_at_once(ap) ? COL_YIELD_STATUS : COL_YIELD, account,
                                   hash_str(data_id)));
}

bool yield_by_own_id(const struct apply *ap, struct str account, const struct hash256 *own_id,
                     struct hash256 *data_id)
{
    struct skey k;
    struct str v = kv_get(ap->kv, skey_sub(&k, COL_YIELD_BY_ID, account, hash_str(own_id)));
    struct rd r = rd_over(v);

    if (!v.ptr)
        return false;
    rd_copy(&r, data_id->b, sizeof(data_id->b));
    return true;
}

void yield_resumed(struct apply *ap, struct str account, const struct hash256 *data_id)
{
    if (marks_at_once(ap))
        status_put(ap, account, data_id, YIELD_RESUMED);
}

void yield_queue_timeout(struct apply *ap, struct str account, const struct hash256 *data_id)
{
    char bytes[256];
    struct buf b = BUF_OVER(bytes);

    wr_bytes(&b, account);
    buf_add_str(&b, hash_str(data_id));
    wr_u64(&b, ap->b->height + ap->yield_blocks);
    queue_push(ap->kv, COL_TIMEOUT_INDEX, COL_TIMEOUT, buf_str(&b));
}

void yield_arrived(struct apply *ap, const struct receipt *r)
{
    struct buf b = BUF_INIT(RECEIPT_BYTES_MAX);
    struct skey k;

    BUG_ON(r->n_inputs != 1);
    receipt_store(&b, r);
    kv_put(ap->kv, skey_sub(&k, COL_YIELD, account_id_str(&r->receiver), hash_str(&r->inputs[0])),
           buf_str(&b));
    buf_release(&b);
    apply_close(ap, CAUSE_POSTPONED, &r->id);
}

struct receipt *yield_take(struct apply *ap, const struct receipt *resume)
{
    const struct str account = account_id_str(&resume->receiver);
    const struct str data = hash_str(&resume->data_id);
    struct skey k;
    struct str record = kv_get(ap->kv, skey_sub(&k, COL_YIELD, account, data)), own;
    struct rd rd;
    struct receipt *r;

    if (!record.ptr)
        return NULL;
    if (!resume->has_data && was_resumed(ap, account, &resume->data_id))
        return NULL; /* time was up, but a resume is on its way */
    rd = rd_over(arena_str(ap->a, record));
    r = receipt_load(&rd, ap->a);
    BUG_ON(!rd_end(&rd));
    kv_del(ap->kv, skey_sub(&k, COL_YIELD, account, data));
    kv_del(ap->kv, skey_sub(&k, COL_YIELD_STATUS, account, data));
    own = kv_get(ap->kv, skey_sub(&k, COL_YIELD_ID_OF, account, data));
    if (own.ptr) {
        struct skey by;

        kv_del(ap->kv, skey_sub(&by, COL_YIELD_BY_ID, account, own));
        kv_del(ap->kv, str_from(k.b, k.len));
    }
    return r;
}

void yields_expire(struct apply *ap)
{
    uint64_t salt = 0;
    struct str record;

    while ((record = queue_first(ap->kv, COL_TIMEOUT_INDEX, COL_TIMEOUT)).ptr) {
        struct rd rd = rd_over(record);
        struct account_id account = account_id_of(rd_text(&rd, ACCOUNT_ID_MAX));
        struct hash256 data_id;
        struct skey k;
        struct str stored;

        rd_copy(&rd, data_id.b, sizeof(data_id.b));
        if (rd_u64(&rd) > ap->b->height)
            break;
        stored =
            kv_get(ap->kv, skey_sub(&k, COL_YIELD, account_id_str(&account), hash_str(&data_id)));
        if (stored.ptr && !was_resumed(ap, account_id_str(&account), &data_id)) {
            struct rd sr = rd_over(arena_str(ap->a, stored));
            const struct receipt *y = receipt_load(&sr, ap->a);
            struct receipt *r =
                receipt_new(ap, &y->tx_hash, account_id_str(&account), account_id_str(&account));

            r->kind = RECEIPT_RESUME;
            r->data_id = data_id;
            r->id = derive_id(&data_id, ap->b->height, salt++);
            apply_emit(ap, r);
        }
        queue_pop(ap->kv, COL_TIMEOUT_INDEX, COL_TIMEOUT);
    }
    apply_close(ap, CAUSE_NOT_WRITABLE, NULL);
}
