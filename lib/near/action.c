#include "near/action.h"

#include <string.h>

/* NEP-461: a signed message that is no transaction starts with 2^30 + the number of its NEP. */
#define DELEGATE_PREFIX    (UINT32_C(0x40000000) + 366)
#define DELEGATE_V2_PREFIX (UINT32_C(0x40000000) + 611)

struct str account_id_read(struct rd *r)
{
    struct str s = rd_text(r, ACCOUNT_ID_MAX);

    if (!r->bad && !account_id_valid(s))
        rd_fail(r);
    return s;
}

void tx_nonce_write(struct buf *out, struct tx_nonce n)
{
    wr_u8(out, n.has_index);
    wr_u64(out, n.nonce);
    if (n.has_index)
        wr_u16(out, n.index);
}

struct tx_nonce tx_nonce_read(struct rd *r)
{
    struct tx_nonce n = {.has_index = rd_bool(r)};

    n.nonce = rd_u64(r);
    if (n.has_index)
        n.index = rd_u16(r);
    return n;
}

static bool permission_is_gas(enum permission_kind k)
{
    return k == PERMISSION_GAS_KEY_FUNCTION_CALL || k == PERMISSION_GAS_KEY_FULL_ACCESS;
}

static bool permission_is_call(enum permission_kind k)
{
    return k == PERMISSION_FUNCTION_CALL || k == PERMISSION_GAS_KEY_FUNCTION_CALL;
}

void access_key_write(struct buf *out, const struct access_key *k)
{
    wr_u64(out, k->nonce);
    wr_u8(out, (uint8_t)k->kind);
    if (permission_is_gas(k->kind)) {
        wr_u128(out, k->gas_balance);
        wr_u16(out, k->gas_nonces);
    }
    if (!permission_is_call(k->kind))
        return;
    wr_u8(out, k->has_allowance);
    if (k->has_allowance)
        wr_u128(out, k->allowance);
    wr_bytes(out, k->receiver_id);
    wr_u32(out, (uint32_t)k->nmethods);
    for (size_t i = 0; i < k->nmethods; i++)
        wr_bytes(out, k->methods[i]);
}

struct access_key access_key_read(struct rd *r, struct arena *a)
{
    struct access_key k = {.nonce = rd_u64(r)};
    uint8_t tag = rd_u8(r);
    struct str *methods;

    if (tag > PERMISSION_GAS_KEY_FULL_ACCESS) {
        rd_fail(r);
        return k;
    }
    k.kind = (enum permission_kind)tag;
    if (permission_is_gas(k.kind)) {
        k.gas_balance = rd_u128(r);
        k.gas_nonces = rd_u16(r);
    }
    if (!permission_is_call(k.kind))
        return k;
    k.has_allowance = rd_bool(r);
    if (k.has_allowance)
        k.allowance = rd_u128(r);
    k.receiver_id = rd_text(r, TX_SIZE_MAX);
    k.nmethods = rd_count(r, ACTION_STRINGS_MAX);
    methods = arena_new_n(a, struct str, k.nmethods);
    for (size_t i = 0; i < k.nmethods && !r->bad; i++)
        methods[i] = rd_text(r, TX_SIZE_MAX);
    k.methods = methods;
    return k;
}

static void global_id_write(struct buf *out, const struct global_id *g)
{
    wr_u8(out, g->by_account);
    if (g->by_account)
        wr_bytes(out, g->account_id);
    else
        buf_add(out, g->hash.b, sizeof(g->hash.b));
}

static struct global_id global_id_read(struct rd *r)
{
    struct global_id g = {.by_account = rd_bool(r)};

    if (g.by_account)
        g.account_id = account_id_read(r);
    else
        rd_copy(r, g.hash.b, sizeof(g.hash.b));
    return g;
}

static void delegate_payload_write(struct buf *out, const struct delegate *d)
{
    if (d->version == 2)
        wr_u8(out, 0);
    wr_bytes(out, d->sender_id);
    wr_bytes(out, d->receiver_id);
    actions_write(out, d->actions, d->nactions);
    if (d->version == 2)
        tx_nonce_write(out, d->nonce);
    else
        wr_u64(out, d->nonce.nonce);
    wr_u64(out, d->max_block_height);
    public_key_write(out, d->key);
}

static struct hash256 delegate_hash(uint8_t version, struct str payload)
{
    char prefix[4];
    struct sha256 s;
    uint32_t p = version == 2 ? DELEGATE_V2_PREFIX : DELEGATE_PREFIX;

    for (int i = 0; i < 4; i++)
        prefix[i] = (char)(p >> (8 * i));
    sha256_init(&s);
    sha256_add(&s, str_from(prefix, sizeof(prefix)));
    sha256_add(&s, payload);
    return sha256_final(&s);
}

struct hash256 delegate_digest(const struct delegate *d)
{
    struct buf payload = BUF_INIT(TX_SIZE_MAX);
    struct hash256 h;

    delegate_payload_write(&payload, d);
    h = delegate_hash(d->version, buf_str(&payload));
    buf_release(&payload);
    return h;
}

static struct action action_read_at(struct rd *r, struct arena *a, bool inner);

static const struct action *actions_read_at(struct rd *r, struct arena *a, size_t *n, bool inner)
{
    uint32_t count = rd_count(r, ACTIONS_MAX);
    struct action *list;

    *n = 0;
    /* Each action has at least its tag: a count that the rest cannot hold asks for no memory. */
    if (r->bad || count > rd_left(r)) {
        rd_fail(r);
        return NULL;
    }
    list = arena_new_n(a, struct action, count);
    for (uint32_t i = 0; i < count && !r->bad; i++)
        list[i] = action_read_at(r, a, inner);
    *n = count;
    return list;
}

static const struct delegate *delegate_read(struct rd *r, struct arena *a, uint8_t version)
{
    struct delegate *d = arena_new(a, struct delegate);
    size_t from = r->at;

    d->version = version;
    if (version == 2 && rd_u8(r) != 0)
        rd_fail(r);
    d->sender_id = account_id_read(r);
    d->receiver_id = account_id_read(r);
    d->actions = actions_read_at(r, a, &d->nactions, true);
    if (version == 2)
        d->nonce = tx_nonce_read(r);
    else
        d->nonce.nonce = rd_u64(r);
    d->max_block_height = rd_u64(r);
    d->key = public_key_read(r);
    if (!r->bad)
        d->digest = delegate_hash(version, str_from(r->in.ptr + from, r->at - from));
    d->signature = signature_read(r);
    return d;
}

static void state_init_read(struct rd *r, struct arena *a, struct action *out)
{
    size_t from = r->at, n;
    struct state_entry *entries;

    if (rd_u8(r) != 0)
        rd_fail(r);
    out->state_init.code = global_id_read(r);
    n = rd_count(r, STATE_INIT_ENTRY_MAX);
    entries = arena_new_n(a, struct state_entry, n);
    for (size_t i = 0; i < n && !r->bad; i++) {
        entries[i].key = rd_bytes(r, ACTION_BYTES_MAX);
        entries[i].value = rd_bytes(r, ACTION_BYTES_MAX);
        /* A map is written in the order of its keys, each once. */
        if (i && str_cmp(entries[i - 1].key, entries[i].key) >= 0)
            rd_fail(r);
    }
    out->state_init.entries = entries;
    out->state_init.nentries = n;
    if (!r->bad)
        out->state_init.raw = str_from(r->in.ptr + from, r->at - from);
    out->state_init.deposit = rd_u128(r);
}

static struct action action_read_at(struct rd *r, struct arena *a, bool inner)
{
    struct action x;
    uint8_t tag = rd_u8(r);

    memset(&x, 0, sizeof(x));
    if (tag > ACTION_UNIVERSAL_STATE_INIT) {
        rd_fail(r);
        return x;
    }
    x.kind = (enum action_kind)tag;
    switch (x.kind) {
    case ACTION_CREATE_ACCOUNT:
        break;
    case ACTION_DEPLOY_CONTRACT:
        x.code = rd_bytes(r, ACTION_BYTES_MAX);
        break;
    case ACTION_FUNCTION_CALL:
        x.call.method = rd_text(r, ACTION_BYTES_MAX);
        x.call.args = rd_bytes(r, ACTION_BYTES_MAX);
        x.call.gas = rd_u64(r);
        x.call.deposit = rd_u128(r);
        break;
    case ACTION_TRANSFER:
        x.deposit = rd_u128(r);
        break;
    case ACTION_STAKE:
        x.stake.amount = rd_u128(r);
        x.stake.key = public_key_read(r);
        break;
    case ACTION_ADD_KEY:
        x.add_key.key = public_key_read(r);
        x.add_key.access = access_key_read(r, a);
        break;
    case ACTION_DELETE_KEY:
        x.key = public_key_read(r);
        break;
    case ACTION_DELETE_ACCOUNT:
        x.beneficiary_id = account_id_read(r);
        break;
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
        if (inner)
            rd_fail(r);
        else
            x.delegate = delegate_read(r, a, x.kind == ACTION_DELEGATE ? 1 : 2);
        break;
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        x.deploy_global.code = rd_bytes(r, ACTION_BYTES_MAX);
        x.deploy_global.by_account = rd_bool(r);
        break;
    case ACTION_USE_GLOBAL_CONTRACT:
        x.use_global = global_id_read(r);
        break;
    case ACTION_DETERMINISTIC_STATE_INIT:
        state_init_read(r, a, &x);
        break;
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        x.gas_key.key = public_key_read(r);
        x.gas_key.amount = rd_u128(r);
        break;
    case ACTION_UNIVERSAL_STATE_INIT:
        x.universal.raw = rd_bytes(r, ACTION_BYTES_MAX);
        x.universal.deposit = rd_u128(r);
        break;
    }
    return x;
}

const struct action *actions_read(struct rd *r, struct arena *a, size_t *n)
{
    return actions_read_at(r, a, n, false);
}

static void state_init_write(struct buf *out, const struct action *x)
{
    wr_u8(out, 0);
    global_id_write(out, &x->state_init.code);
    wr_u32(out, (uint32_t)x->state_init.nentries);
    for (size_t i = 0; i < x->state_init.nentries; i++) {
        wr_bytes(out, x->state_init.entries[i].key);
        wr_bytes(out, x->state_init.entries[i].value);
    }
    wr_u128(out, x->state_init.deposit);
}

void action_write(struct buf *out, const struct action *x)
{
    wr_u8(out, (uint8_t)x->kind);
    switch (x->kind) {
    case ACTION_CREATE_ACCOUNT:
        break;
    case ACTION_DEPLOY_CONTRACT:
        wr_bytes(out, x->code);
        break;
    case ACTION_FUNCTION_CALL:
        wr_bytes(out, x->call.method);
        wr_bytes(out, x->call.args);
        wr_u64(out, x->call.gas);
        wr_u128(out, x->call.deposit);
        break;
    case ACTION_TRANSFER:
        wr_u128(out, x->deposit);
        break;
    case ACTION_STAKE:
        wr_u128(out, x->stake.amount);
        public_key_write(out, x->stake.key);
        break;
    case ACTION_ADD_KEY:
        public_key_write(out, x->add_key.key);
        access_key_write(out, &x->add_key.access);
        break;
    case ACTION_DELETE_KEY:
        public_key_write(out, x->key);
        break;
    case ACTION_DELETE_ACCOUNT:
        wr_bytes(out, x->beneficiary_id);
        break;
    case ACTION_DELEGATE:
    case ACTION_DELEGATE_V2:
        delegate_payload_write(out, x->delegate);
        signature_write(out, x->delegate->signature);
        break;
    case ACTION_DEPLOY_GLOBAL_CONTRACT:
        wr_bytes(out, x->deploy_global.code);
        wr_u8(out, x->deploy_global.by_account);
        break;
    case ACTION_USE_GLOBAL_CONTRACT:
        global_id_write(out, &x->use_global);
        break;
    case ACTION_DETERMINISTIC_STATE_INIT:
        state_init_write(out, x);
        break;
    case ACTION_TRANSFER_TO_GAS_KEY:
    case ACTION_WITHDRAW_FROM_GAS_KEY:
        public_key_write(out, x->gas_key.key);
        wr_u128(out, x->gas_key.amount);
        break;
    case ACTION_UNIVERSAL_STATE_INIT:
        wr_bytes(out, x->universal.raw);
        wr_u128(out, x->universal.deposit);
        break;
    }
}

void actions_write(struct buf *out, const struct action *list, size_t n)
{
    wr_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        action_write(out, &list[i]);
}
