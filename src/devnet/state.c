/* state.c — see state.h. */
#include "devnet/state.h"

#include <string.h>

#define RECORD_MAX KV_VALUE_MAX

/* ------------------------------------------------------------------ keys */

static void add(struct skey *k, const void *p, size_t n)
{
    BUG_ON(n > sizeof(k->b) - k->len);
    if (n)
        memcpy(k->b + k->len, p, n);
    k->len += n;
}

static void add_byte(struct skey *k, uint8_t c)
{
    add(k, &c, 1);
}

static void add_u64(struct skey *k, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        add_byte(k, (uint8_t)(v >> (8 * i)));
}

static struct str done(const struct skey *k)
{
    return str_from(k->b, k->len);
}

struct str skey_account(struct skey *k, enum column c, struct str account)
{
    k->len = 0;
    add_byte(k, (uint8_t)c);
    add(k, account.ptr, account.len);
    return done(k);
}

struct str skey_sub(struct skey *k, enum column c, struct str account, struct str rest)
{
    skey_account(k, c, account);
    add_byte(k, c == COL_ACCESS_KEY ? COL_ACCESS_KEY : ',');
    add(k, rest.ptr, rest.len);
    return done(k);
}

static struct str skey_index(struct skey *k, enum column c, uint64_t index)
{
    k->len = 0;
    add_byte(k, (uint8_t)c);
    add_u64(k, index);
    return done(k);
}

struct str skey_global(struct skey *k, enum column c, const struct global_id *id)
{
    k->len = 0;
    add_byte(k, (uint8_t)c);
    add_byte(k, id->by_account);
    if (id->by_account)
        add(k, id->account_id.ptr, id->account_id.len);
    else
        add(k, id->hash.b, sizeof(id->hash.b));
    return done(k);
}

bool skey_split(struct str key, struct str *account, struct str *rest)
{
    char sep;
    size_t at = 1;

    if (key.len == 0 || (key.ptr[0] != COL_ACCESS_KEY && key.ptr[0] != COL_DATA))
        return false;
    sep = key.ptr[0] == COL_ACCESS_KEY ? COL_ACCESS_KEY : ',';
    while (at < key.len && key.ptr[at] != sep)
        at++;
    if (at == key.len)
        return false;
    *account = str_from(key.ptr + 1, at - 1);
    *rest = str_skip(key, at + 1);
    return true;
}

/* ------------------------------------------------------------------ accounts */

bool account_parse(struct str record, struct account *out)
{
    struct rd r = rd_over(record);
    struct account a = {.amount = rd_u128(&r)};
    struct str s;

    if (a.amount != ~(u128)0) {
        a.locked = rd_u128(&r);
        rd_copy(&r, a.code_hash.b, sizeof(a.code_hash.b));
        a.storage_usage = rd_u64(&r);
        a.code = hash_is_zero(&a.code_hash) ? CODE_NONE : CODE_LOCAL;
    } else {
        if (rd_u8(&r) != 0)
            rd_fail(&r);
        a.amount = rd_u128(&r);
        a.locked = rd_u128(&r);
        a.storage_usage = rd_u64(&r);
        switch (rd_u8(&r)) {
        case CODE_NONE:
            a.code = CODE_NONE;
            break;
        case CODE_LOCAL:
            a.code = CODE_LOCAL;
            rd_copy(&r, a.code_hash.b, sizeof(a.code_hash.b));
            break;
        case CODE_GLOBAL_HASH:
            a.code = CODE_GLOBAL_HASH;
            rd_copy(&r, a.code_hash.b, sizeof(a.code_hash.b));
            break;
        case CODE_GLOBAL_ACCOUNT:
            a.code = CODE_GLOBAL_ACCOUNT;
            s = rd_text(&r, ACCOUNT_ID_MAX);
            if (!r.bad && !account_id_parse(s, &a.code_account))
                rd_fail(&r);
            break;
        default:
            rd_fail(&r);
        }
    }
    if (!rd_end(&r))
        return false;
    *out = a;
    return true;
}

bool account_get(const struct kv *kv, struct str id, struct account *out)
{
    struct skey k;
    struct str record = kv_get(kv, skey_account(&k, COL_ACCOUNT, id));

    if (!record.ptr)
        return false;
    BUG_ON(!account_parse(record, out));
    return true;
}

void account_put(struct kv *kv, struct str id, const struct account *a)
{
    struct skey k;
    char bytes[256];
    struct buf b = BUF_OVER(bytes);

    if (a->code == CODE_GLOBAL_HASH || a->code == CODE_GLOBAL_ACCOUNT) {
        wr_u128(&b, ~(u128)0);
        wr_u8(&b, 0);
        wr_u128(&b, a->amount);
        wr_u128(&b, a->locked);
        wr_u64(&b, a->storage_usage);
        wr_u8(&b, (uint8_t)a->code);
        if (a->code == CODE_GLOBAL_HASH)
            buf_add(&b, a->code_hash.b, sizeof(a->code_hash.b));
        else
            wr_bytes(&b, account_id_str(&a->code_account));
    } else {
        wr_u128(&b, a->amount);
        wr_u128(&b, a->locked);
        buf_add(&b, a->code_hash.b, sizeof(a->code_hash.b));
        wr_u64(&b, a->storage_usage);
    }
    BUG_ON(b.full);
    kv_put(kv, skey_account(&k, COL_ACCOUNT, id), buf_str(&b));
}

/* ------------------------------------------------------------------ code */

static struct str own_code_get(const struct kv *kv, struct str id)
{
    struct skey k;

    return kv_get(kv, skey_account(&k, COL_CODE, id));
}

void own_code_put(struct kv *kv, struct str id, struct str code)
{
    struct skey k;

    kv_put(kv, skey_account(&k, COL_CODE, id), code);
}

struct str account_code(const struct kv *kv, struct str id, const struct account *a,
                        struct hash256 *hash)
{
    struct global_id g = {0};
    struct str record;
    struct skey k;

    *hash = a->code_hash;
    switch (a->code) {
    case CODE_NONE:
        return STR_NONE;
    case CODE_LOCAL:
        return own_code_get(kv, id);
    case CODE_GLOBAL_HASH:
        g.hash = a->code_hash;
        break;
    case CODE_GLOBAL_ACCOUNT:
        g.by_account = true;
        g.account_id = account_id_str(&a->code_account);
        break;
    }
    record = kv_get(kv, skey_global(&k, COL_GLOBAL_CODE, &g));
    if (record.ptr && g.by_account)
        *hash = sha256(record);
    return record;
}

uint64_t account_code_usage(const struct kv *kv, struct str id, const struct account *a)
{
    switch (a->code) {
    case CODE_NONE:
        return 0;
    case CODE_LOCAL:
        return own_code_get(kv, id).len;
    case CODE_GLOBAL_HASH:
        return sizeof(struct hash256);
    case CODE_GLOBAL_ACCOUNT:
        return a->code_account.len;
    }
    return 0;
}

/* ------------------------------------------------------------------ access keys */

static struct str access_key_key(struct skey *k, struct str id, struct public_key pk)
{
    char bytes[PUBLIC_KEY_MAX + 2];
    struct buf b = BUF_OVER(bytes);

    public_key_write(&b, pk);
    BUG_ON(b.full);
    return skey_sub(k, COL_ACCESS_KEY, id, buf_str(&b));
}

bool key_get(const struct kv *kv, struct arena *a, struct str id, struct public_key pk,
             struct access_key *out)
{
    struct skey k;
    struct str record = kv_get(kv, access_key_key(&k, id, pk));
    struct rd r;

    if (!record.ptr)
        return false;
    r = rd_over(record);
    *out = access_key_read(&r, a);
    BUG_ON(!rd_end(&r));
    return true;
}

void key_put(struct kv *kv, struct str id, struct public_key pk, const struct access_key *k)
{
    struct skey key;
    struct buf b = BUF_INIT(RECORD_MAX);

    access_key_write(&b, k);
    kv_put(kv, access_key_key(&key, id, pk), buf_str(&b));
    buf_release(&b);
}

void key_del(struct kv *kv, struct str id, struct public_key pk)
{
    struct skey k;

    kv_del(kv, access_key_key(&k, id, pk));
}

uint64_t key_usage(struct public_key pk, const struct access_key *k, uint64_t record_overhead)
{
    uint64_t n = 1 + pk.bytes.len + 8 + 1 + record_overhead;

    if (k->kind == PERMISSION_FUNCTION_CALL) {
        n += k->has_allowance ? 17 : 1;
        n += 4 + k->receiver_id.len + 4;
        for (size_t i = 0; i < k->nmethods; i++)
            n += 4 + k->methods[i].len;
    }
    return n;
}

/* ------------------------------------------------------------------ numbers and queues */

uint64_t u64_get(const struct kv *kv, struct str key)
{
    struct str v = kv_get(kv, key);
    struct rd r = rd_over(v);

    return v.ptr ? rd_u64(&r) : 0;
}

void u64_put(struct kv *kv, struct str key, uint64_t v)
{
    char bytes[16];
    struct buf b = BUF_OVER(bytes);

    wr_u64(&b, v);
    kv_put(kv, key, buf_str(&b));
}

/* The bare column holds the indices; a shared column tells items apart by their longer key. */
struct queue queue_get(const struct kv *kv, enum column index)
{
    struct skey k;
    struct str v = kv_get(kv, skey_account(&k, index, STR_NONE));
    struct rd r = rd_over(v);
    struct queue q = {0};

    if (v.ptr) {
        q.first = rd_u64(&r);
        q.next = rd_u64(&r);
    }
    return q;
}

static void queue_set(struct kv *kv, enum column index, const struct queue *q)
{
    struct skey k;
    char bytes[32];
    struct buf b = BUF_OVER(bytes);

    wr_u64(&b, q->first);
    wr_u64(&b, q->next);
    kv_put(kv, skey_account(&k, index, STR_NONE), buf_str(&b));
}

void queue_push(struct kv *kv, enum column index, enum column items, struct str record)
{
    struct queue q = queue_get(kv, index);
    struct skey k;

    kv_put(kv, skey_index(&k, items, q.next++), record);
    queue_set(kv, index, &q);
}

struct str queue_first(const struct kv *kv, enum column index, enum column items)
{
    struct queue q = queue_get(kv, index);
    struct skey k;

    return q.first < q.next ? kv_get(kv, skey_index(&k, items, q.first)) : STR_NONE;
}

void queue_pop(struct kv *kv, enum column index, enum column items)
{
    struct queue q = queue_get(kv, index);
    struct skey k;

    kv_del(kv, skey_index(&k, items, q.first++));
    queue_set(kv, index, &q);
}
