/* rpc_query.c — looking at accounts, keys, code, state, and calling views. */
#include "devnet/rpc_internal.h"

#include "codec/base58.h"
#include "codec/put.h"
#include "devnet/overlay.h"
#include "devnet/view.h"
#include "devnet/view_call.h"

#define STATE_VIEW_MAX 50000 /* bytes of state, code not counted, that are listed at once */
#define KEYS_VIEW_MAX  1000
#define PAGE_MAX       10000

/* One look: the block asked for, and the state after it. */
struct look {
    struct call *c;
    struct reader *r;
    const struct block *block;
    const struct kv *kv;
    bool flat; /* the newer methods: failures are errors, never a result */
};

static void put_place(struct look *l)
{
    put_u64(&l->c->out, "block_height", l->block->height);
    json_key(&l->c->out, "block_hash");
    view_hash(&l->c->out, &l->block->hash);
}

static struct str place_info(struct look *l, const char *name, struct str value)
{
    struct buf b = BUF_INIT(4096);
    struct str s;

    json_obj(&b);
    put_str(&b, name, value);
    put_u64(&b, "block_height", l->block->height);
    json_key(&b, "block_hash");
    view_hash(&b, &l->block->hash);
    json_obj_end(&b);
    s = arena_str(l->c->a, buf_str(&b));
    buf_release(&b);
    return s;
}

static enum answer unknown_account(struct look *l, const struct account_id *id)
{
    return call_handler_text(l->c, "UNKNOWN_ACCOUNT",
                             place_info(l, "requested_account_id", account_id_str(id)),
                             "account %s does not exist while viewing", id->s);
}

/* The older form of a failure: a result with an "error" in it. */
static enum answer soft_error(struct look *l, struct str text)
{
    struct buf *b = &l->c->out;

    json_obj(b);
    put_str(b, "error", text);
    json_key(b, "logs");
    json_arr(b);
    json_arr_end(b);
    put_place(l);
    json_obj_end(b);
    return ANSWERED;
}

static bool wants_account(struct look *l, struct account_id *id, enum answer *fail)
{
    return call_account(l->c, "account_id", id, fail);
}

/* ------------------------------------------------------------------ account and code */

static enum answer view_account(struct look *l)
{
    struct account_id id;
    struct account a;
    enum answer fail;

    if (!wants_account(l, &id, &fail))
        return fail;
    if (!account_get(l->kv, account_id_str(&id), &a))
        return unknown_account(l, &id);
    json_obj(&l->c->out);
    view_account_fields(&l->c->out, &a);
    put_place(l);
    json_obj_end(&l->c->out);
    return ANSWERED;
}

static enum answer put_code(struct look *l, struct str code, const struct hash256 *hash)
{
    json_obj(&l->c->out);
    json_key(&l->c->out, "code_base64");
    view_base64(&l->c->out, code);
    json_key(&l->c->out, "hash");
    view_hash(&l->c->out, hash);
    put_place(l);
    json_obj_end(&l->c->out);
    return ANSWERED;
}

static enum answer view_code(struct look *l)
{
    struct account_id id;
    struct account a;
    struct hash256 hash;
    struct str code;
    enum answer fail;

    if (!wants_account(l, &id, &fail))
        return fail;
    if (!account_get(l->kv, account_id_str(&id), &a))
        return unknown_account(l, &id);
    code = account_code(l->kv, account_id_str(&id), &a, &hash);
    if (!code.ptr)
        return call_handler_text(
            l->c, "NO_CONTRACT_CODE", place_info(l, "contract_account_id", account_id_str(&id)),
            "Contract code for contract ID #%s has never been observed on the node", id.s);
    return put_code(l, code, &hash);
}

static enum answer no_global(struct look *l, const struct global_id *g)
{
    struct buf b = BUF_INIT(4096), hash = BUF_INIT(64);
    const char *kind = g->by_account ? "account_id" : "hash";
    struct str id = g->account_id;
    enum answer a;

    hash_put_base58(&hash, &g->hash);
    if (!g->by_account)
        id = buf_str(&hash);
    json_obj(&b);
    json_key(&b, "identifier");
    json_obj(&b);
    put_str(&b, kind, id);
    json_obj_end(&b);
    put_u64(&b, "block_height", l->block->height);
    json_key(&b, "block_hash");
    view_hash(&b, &l->block->hash);
    json_obj_end(&b);
    a = call_handler_text(
        l->c, "NO_GLOBAL_CONTRACT_CODE", buf_str(&b),
        g->by_account ? "Global contract code with identifier AccountId(AccountId(\"%.*s\")) "
                        "has never been observed on the node"
                      : "Global contract code with identifier CodeHash(%.*s) has never been "
                        "observed on the node",
        STR_ARG(id));
    buf_release(&b);
    buf_release(&hash);
    return a;
}

static enum answer view_global(struct look *l, bool by_account)
{
    struct global_id g = {.by_account = by_account};
    struct account_id id;
    struct skey k;
    struct str code;
    struct hash256 hash;
    enum answer fail;

    if (by_account) {
        if (!wants_account(l, &id, &fail))
            return fail;
        g.account_id = account_id_str(&id);
    } else if (!call_hash(l->c, "code_hash", -1, &g.hash, &fail)) {
        return fail;
    }
    code = kv_get(l->kv, skey_global(&k, COL_GLOBAL_CODE, &g));
    if (!code.ptr)
        return no_global(l, &g);
    hash = sha256(code);
    return put_code(l, code, &hash);
}

static enum answer view_global_by_hash(struct look *l)
{
    return view_global(l, false);
}

static enum answer view_global_by_account(struct look *l)
{
    return view_global(l, true);
}

/* ------------------------------------------------------------------ state */

static enum answer view_state(struct look *l)
{
    struct call *c = l->c;
    struct account_id id;
    struct account a;
    struct str prefix = STR(""), after = STR_NONE;
    struct kv_iter it;
    struct skey k, from;
    uint64_t limit = 0, n = 0;
    struct str last = STR_NONE;
    enum answer fail;

    if (!wants_account(l, &id, &fail) ||
        !call_base64(c, json_get(c->params, "prefix_base64"), "prefix_base64", &prefix, &fail))
        return fail;
    if (!json_is_null(json_get(c->params, "after_key_base64")) &&
        !call_base64(c, json_get(c->params, "after_key_base64"), "after_key_base64", &after, &fail))
        return fail;
    if (!json_is_null(json_get(c->params, "limit")) &&
        (!json_u64(json_get(c->params, "limit"), &limit) || limit == 0 || limit > PAGE_MAX))
        return call_parse_error(c, STR("Failed parsing args: invalid `limit`"));
    if (prefix.len > KV_KEY_MAX / 2 || after.len > KV_KEY_MAX / 2)
        return call_parse_error(c, STR("Failed parsing args: the key is too long"));
    if (!account_get(l->kv, account_id_str(&id), &a))
        return unknown_account(l, &id);
    if (limit == 0 &&
        a.storage_usage - account_code_usage(l->kv, account_id_str(&id), &a) > STATE_VIEW_MAX)
        return call_handler_text(c, "TOO_LARGE_CONTRACT_STATE",
                                 place_info(l, "contract_account_id", account_id_str(&id)),
                                 "State of contract %s is too large to be viewed", id.s);
    skey_sub(&k, COL_DATA, account_id_str(&id), prefix);
    if (after.ptr)
        it = kv_walk_after(l->kv, str_from(k.b, k.len),
                           skey_sub(&from, COL_DATA, account_id_str(&id), after));
    else
        it = kv_walk(l->kv, str_from(k.b, k.len));
    json_obj(&c->out);
    json_key(&c->out, "values");
    json_arr(&c->out);
    while ((limit == 0 || n < limit) && kv_next(&it)) {
        last = str_skip(it.key, 2 + id.len);
        n++;
        json_obj(&c->out);
        json_key(&c->out, "key");
        view_base64(&c->out, last);
        json_key(&c->out, "value");
        view_base64(&c->out, it.value);
        json_obj_end(&c->out);
    }
    json_arr_end(&c->out);
    if (limit > 0 && n == limit && kv_next(&it)) {
        json_key(&c->out, "last_key");
        view_base64(&c->out, last);
    }
    put_place(l);
    json_obj_end(&c->out);
    return ANSWERED;
}

/* ------------------------------------------------------------------ keys */

static enum answer view_access_key_of(struct look *l)
{
    struct account_id id;
    struct public_key pk;
    struct access_key k;
    struct buf text = BUF_INIT(4096);
    struct buf *b = &l->c->out;
    enum answer fail;

    if (!wants_account(l, &id, &fail) || !call_key(l->c, "public_key", &pk, &fail))
        return fail;
    if (!key_get(l->kv, l->c->a, account_id_str(&id), pk, &k)) {
        enum answer a;

        buf_addz(&text, "access key ");
        public_key_put(&text, pk);
        buf_addz(&text, " does not exist while viewing");
        if (l->flat) {
            struct buf key = BUF_INIT(4096);

            public_key_put(&key, pk);
            a = call_handler_text(l->c, "UNKNOWN_ACCESS_KEY",
                                  place_info(l, "public_key", buf_str(&key)), "%s", buf_z(&text));
            buf_release(&key);
        } else {
            a = soft_error(l, buf_str(&text));
        }
        buf_release(&text);
        return a;
    }
    json_obj(b);
    view_access_key_fields(b, &k);
    put_place(l);
    json_obj_end(b);
    return ANSWERED;
}

static enum answer view_access_key_list(struct look *l)
{
    struct account_id id;
    struct kv_iter it;
    struct skey k;
    struct buf *b = &l->c->out;
    enum answer fail;

    if (!wants_account(l, &id, &fail))
        return fail;
    it = kv_walk(l->kv, skey_sub(&k, COL_ACCESS_KEY, account_id_str(&id), STR_NONE));
    json_obj(b);
    json_key(b, "keys");
    json_arr(b);
    for (size_t n = 0; n < KEYS_VIEW_MAX && kv_next(&it); n++) {
        struct rd r = rd_over(str_skip(it.key, 2 + id.len));
        struct access_key key;

        json_obj(b);
        json_key(b, "public_key");
        view_key(b, public_key_read(&r));
        r = rd_over(it.value);
        key = access_key_read(&r, l->c->a);
        json_key(b, "access_key");
        view_access_key(b, &key);
        json_obj_end(b);
    }
    json_arr_end(b);
    put_place(l);
    json_obj_end(b);
    return ANSWERED;
}

static enum answer view_gas_key_nonces(struct look *l)
{
    struct buf text = BUF_INIT(4096);
    struct account_id id;
    struct public_key pk;
    enum answer fail, answer;

    if (!wants_account(l, &id, &fail) || !call_key(l->c, "public_key", &pk, &fail))
        return fail;
    public_key_put(&text, pk);
    answer =
        call_handler_text(l->c, "UNKNOWN_GAS_KEY", place_info(l, "public_key", buf_str(&text)),
                          "Gas key for public key %s does not exist while viewing", buf_z(&text));
    buf_release(&text);
    return answer;
}

/* ------------------------------------------------------------------ view calls */

static void put_result(struct look *l, const struct vm_outcome *o)
{
    struct buf *b = &l->c->out;

    json_obj(b);
    json_key(b, "result");
    json_arr(b);
    if (o->returns == VM_RETURN_VALUE)
        for (size_t i = 0; i < o->value.len; i++)
            json_put_u64(b, (uint8_t)o->value.ptr[i]);
    json_arr_end(b);
    json_key(b, "logs");
    json_arr(b);
    for (size_t i = 0; i < o->n_logs; i++)
        json_put_str(b, o->logs[i]);
    json_arr_end(b);
    put_place(l);
    json_obj_end(b);
}

static enum answer view_failed(struct look *l, const struct vm_outcome *o)
{
    struct buf text = BUF_INIT(1u << 20);
    struct str s;

    vm_fail_put_view(&text, o);
    s = arena_str(l->c->a, buf_str(&text));
    buf_release(&text);
    if (l->flat)
        return call_handler_text(l->c, "CONTRACT_EXECUTION_ERROR", place_info(l, "vm_error", s),
                                 "%.*s", STR_ARG(str_head(s, 1024)));
    return soft_error(l, s);
}

static enum answer call_view(struct look *l, const struct account_id *id, struct str method,
                             struct str args)
{
    struct arena a = ARENA_INIT;
    struct vm_outcome *o = arena_new(&a, struct vm_outcome);
    struct buf why = WHY_INIT;
    enum answer answer = ANSWERED;
    enum err e = view_call(l->c->chain, l->kv, l->block, id, method, args, &a, o, &why);

    if (e == ERR_ABSENT)
        answer = unknown_account(l, id);
    else if (e)
        answer = call_internal(l->c, buf_str(&why));
    else if (o->fail != VM_OK)
        answer = view_failed(l, o);
    else
        put_result(l, o);
    buf_release(&why);
    arena_release(&a);
    return answer;
}

static enum answer call_function(struct look *l)
{
    struct call *c = l->c;
    struct account_id id;
    struct buf method = BUF_INIT(4096);
    struct str args, name;
    enum answer fail;

    if (!wants_account(l, &id, &fail) ||
        !call_base64(c, json_get(c->params, "args_base64"), "args_base64", &args, &fail))
        return fail;
    if (!json_str(json_get(c->params, "method_name"), &method) || method.full) {
        buf_release(&method);
        return call_parse_error(c, STR("Failed parsing args: missing field `method_name`"));
    }
    name = arena_str(c->a, buf_str(&method));
    buf_release(&method);
    return call_view(l, &id, name, args);
}

/* ------------------------------------------------------------------ requests */

typedef enum answer look_fn(struct look *l);

static const struct {
    const char *type;
    look_fn *look;
} looks[] = {
    {"view_account", view_account},
    {"view_code", view_code},
    {"view_state", view_state},
    {"view_access_key", view_access_key_of},
    {"view_access_key_list", view_access_key_list},
    {"call_function", call_function},
    {"view_global_contract_code", view_global_by_hash},
    {"view_global_contract_code_by_account_id", view_global_by_account},
    {"view_gas_key_nonces", view_gas_key_nonces},
};

/* Look at the block that the parameters name, or at the head. */
static enum answer look_at(struct call *c, look_fn *look, bool flat)
{
    struct look l = {.c = c, .flat = flat};
    struct reader r;
    struct kv *old = NULL;
    struct str account;
    enum answer answer;

    chain_read(c->chain, &r);
    l.r = &r;
    if (!call_block(c, &r, &l.block, &answer)) {
        chain_read_end(&r);
        return answer;
    }
    l.kv = r.kv;
    if (l.block != r.head && json_plain(json_get(c->params, "account_id"), &account)) {
        old = overlay_at(&r, l.block->height, account);
        l.kv = old;
    }
    if (!l.kv)
        answer = call_handler_text(
            c, "GARBAGE_COLLECTED_BLOCK",
            call_json(c, "{\"block_height\":%llu}", (unsigned long long)l.block->height),
            "The data for block #%llu is garbage collected on this node, use an archival node to "
            "fetch historical data",
            (unsigned long long)l.block->height);
    else
        answer = look(&l);
    kv_free(old);
    chain_read_end(&r);
    return answer;
}

/* ["account/x",""], ["access_key/x/ed25519:…",""], ["call/x/method","<base58 args>"] … */
static enum answer query_path(struct call *c)
{
    static const struct {
        const char *first;
        const char *type;
    } kinds[] = {{"account", "view_account"},
                 {"code", "view_code"},
                 {"contract", "view_state"},
                 {"access_key", "view_access_key_list"},
                 {"call", "call_function"}};
    struct buf b = BUF_INIT(RPC_BODY_MAX);
    struct str path, data = STR(""), first, account, rest, bytes = STR("");
    const char *type = NULL;
    struct json params;
    size_t n;

    if (!json_plain(json_at(c->params, 0), &path))
        return call_parse_error(c, STR("Failed parsing args: expected a path"));
    if (json_type(json_at(c->params, 1)) != JSON_ABSENT &&
        (!json_plain(json_at(c->params, 1), &data) || data.len > BASE58_MAX))
        return call_parse_error(c, STR("Failed parsing args: invalid base58 data"));
    rest = str_cut(path, '/', &first);
    rest = str_cut(rest, '/', &account);
    for (size_t i = 0; i < countof(kinds); i++)
        if (str_eqz(first, kinds[i].first))
            type = kinds[i].type;
    if (!type)
        return call_parse_error(c, STR("Failed parsing args: unknown path"));
    if (str_eqz(first, "access_key") && rest.len)
        type = "view_access_key";
    /* The length of the decoded bytes is not known: try them all, they are few. */
    for (n = 0; data.len && n <= BASE58_MAX; n++) {
        char room[BASE58_MAX];

        if (base58_get(data, room, n)) {
            bytes = arena_str(c->a, str_from(room, n));
            break;
        }
    }
    json_obj(&b);
    put_str(&b, "account_id", account);
    put_z(&b, "finality", "optimistic");
    put_z(&b, "request_type", type);
    put_str(&b, "public_key", rest);
    put_str(&b, "method_name", rest);
    json_key(&b, "args_base64");
    view_base64(&b, bytes);
    json_key(&b, "prefix_base64");
    view_base64(&b, bytes);
    json_obj_end(&b);
    BUG_ON(!json_parse(arena_str(c->a, buf_str(&b)), &params, NULL));
    buf_release(&b);
    c->params = params;
    return rpc_query(c);
}

enum answer rpc_query(struct call *c)
{
    const struct json type = json_get(c->params, "request_type");

    if (json_type(c->params) == JSON_ARRAY && json_type(json_at(c->params, 0)) == JSON_STRING)
        return query_path(c);
    for (size_t i = 0; i < countof(looks); i++)
        if (json_str_eq(type, str_of(looks[i].type)))
            return look_at(c, looks[i].look, false);
    return call_parse_error(c, STR("Failed parsing args: unknown or missing `request_type`"));
}

enum answer rpc_view_account(struct call *c)
{
    return look_at(c, view_account, true);
}

enum answer rpc_view_code(struct call *c)
{
    return look_at(c, view_code, true);
}

enum answer rpc_view_state(struct call *c)
{
    return look_at(c, view_state, true);
}

enum answer rpc_view_access_key(struct call *c)
{
    return look_at(c, view_access_key_of, true);
}

enum answer rpc_view_access_key_list(struct call *c)
{
    return look_at(c, view_access_key_list, true);
}

enum answer rpc_call_function(struct call *c)
{
    return look_at(c, call_function, true);
}
