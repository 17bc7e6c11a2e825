/* bootstrap.c — see bootstrap.h. */
#include "cli/bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/put.h"
#include "near/fastfs.h"
#include "near/outcome.h"
#include "near/tx.h"
#include "proc/self.h"

#define NEAR_YOCTO    (((u128)1000000000000u) * 1000000000000u)
#define TGAS          1000000000000u
#define CONTRACT_MAX  (2u << 20) /* bytes of a contract's module */
#define TOKEN_BYTES   32
#define P256_PROTOCOL 85 /* from here on there is a host function */

static const struct actor {
    const char *id, *parent;
    uint64_t near; /* what it is given */
} actors[] = {
    {ACCOUNT_OUTLAYER, "test", 1000},
    {ACCOUNT_USER, "test", 10000},
    {ACCOUNT_CALLER, "test", 100},
    {ACCOUNT_REGISTRAR, ACCOUNT_OUTLAYER, 100},
    {ACCOUNT_OPERATOR, ACCOUNT_OUTLAYER, 100},
};
enum { OUTLAYER, USER, CALLER, REGISTRAR, OPERATOR, ACTORS };

/* What the worker calls the register contract for. */
static const struct str registrar_methods[] = {
    {"request_challenge", 17},
    {"register_worker_key", 19},
    {"anchor_batch", 12},
};

/* A transaction that was sent and not yet looked after. */
struct sent {
    struct hash256 hash;
    const char *signer;
    const char *what; /* "create 'alice.test'" for the message */
};
#define SENT_MAX 8

struct work {
    struct bootstrap *b;
    struct near_key root, key[ACTORS], init_key, fastfs_key;
    struct str register_new; /* arguments of its `new` */
    struct buf register_code;
    bool there[ACTORS];
    struct sent sent[SENT_MAX];
    size_t nsent;
};

const char *bootstrap_key_file(struct network *n, const char *account_id)
{
    struct buf b = BUF_INIT(256);
    const char *path;

    buf_addf(&b, "credentials/" LOCAL_NETWORK_ID "/%s.json", account_id);
    path = network_path(n, buf_z(&b));
    buf_release(&b);
    return path;
}

/* The key in `path`, or a new one written there. */
static enum err key_at(const char *path, const char *account_id, struct near_key *out,
                       struct buf *why)
{
    enum err e;

    if (file_exists(path))
        return near_key_load(path, out, why);
    if (!account_id_parse(str_of(account_id), &out->account))
        BUG("account id");
    ed25519_generate(&out->key);
    e = near_key_store(path, out, why);
    if (e)
        near_key_wipe(out);
    return e;
}

enum err bootstrap_token(const char *path, struct buf *why)
{
    uint8_t token[TOKEN_BYTES];
    struct buf text = BUF_INIT(2 * TOKEN_BYTES);
    enum err e;

    if (file_exists(path))
        return ERR_OK;
    random_bytes(token, sizeof token);
    hex_put(&text, token, sizeof token);
    e = file_write_atomic(path, buf_str(&text), 0600, why);
    buf_wipe(&text);
    return e;
}

enum err bootstrap_send(struct rpc *rpc, const struct near_key *key, const char *receiver,
                        const struct action *actions, size_t n, uint64_t *nonce,
                        struct hash256 *hash, struct buf *why)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct rpc_key_state state;
    struct json result;
    struct tx tx;
    enum err e;

    e = rpc_view_access_key(rpc, account_id_str(&key->account), &key->key.pub, &state, why);
    if (e)
        goto out;
    tx = (struct tx){.signer_id = account_id_str(&key->account),
                     .key = public_key_of(&key->key.pub),
                     .nonce.nonce = (*nonce > state.nonce ? *nonce : state.nonce) + 1,
                     .receiver_id = str_of(receiver),
                     .block_hash = state.block_hash,
                     .actions = actions,
                     .nactions = n};
    *hash = tx_sign(&tx, &key->key, &bytes);
    if (bytes.full) {
        e = err_put(why, ERR_TOO_BIG, "a transaction to '%s' is too large", receiver);
        goto out;
    }
    e = rpc_send_tx(rpc, buf_str(&bytes), TX_WAIT_NONE, &answer, &result, why);
    if (!e)
        *nonce = tx.nonce.nonce;
out:
    buf_release(&bytes);
    buf_release(&answer);
    return e;
}

static enum err send(struct work *w, const struct near_key *key, const char *receiver,
                     const struct action *actions, size_t n, uint64_t *nonce, const char *what,
                     struct buf *why)
{
    struct sent *s = &w->sent[w->nsent];
    enum err e;

    BUG_ON(w->nsent == SENT_MAX);
    e = bootstrap_send(w->b->rpc, key, receiver, actions, n, nonce, &s->hash, why);
    if (e)
        return e;
    s->signer = key->account.s;
    s->what = what;
    w->nsent++;
    return ERR_OK;
}

/* Until everything that was sent has run, and well. */
static enum err settle(struct work *w, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), text = BUF_INIT(WHY_MAX / 2);
    enum err e = ERR_OK;

    for (size_t i = 0; i < w->nsent && !e; i++) {
        const struct sent *s = &w->sent[i];
        struct outcome o;
        struct json result;

        e = network_check(w->b->net, why);
        if (!e)
            e = rpc_tx(w->b->rpc, &s->hash, str_of(s->signer), TX_WAIT_EXECUTED_OPTIMISTIC, &answer,
                       &result, why);
        if (e)
            break;
        if (!outcome_read(result, &o) || o.status == OUTCOME_PENDING) {
            e = err_put(why, ERR_UPSTREAM, "the chain does not say how '%s' went", s->what);
        } else if (o.status == OUTCOME_FAILED) {
            outcome_failure_text(&o, &text);
            e = err_put(why, ERR_DENIED, "the chain refused to %s: %s", s->what, buf_z(&text));
        }
    }
    w->nsent = 0;
    buf_release(&answer);
    buf_release(&text);
    return e;
}

/* Absent is an answer here, and no reason for anything. */
static enum err look_up(struct work *w, struct buf *why)
{
    struct buf absent = WHY_INIT;
    enum err e = ERR_OK;

    for (size_t i = 0; i < ACTORS && !e; i++) {
        struct rpc_account state;

        e = rpc_view_account(w->b->rpc, str_of(actors[i].id), &state, &absent);
        w->there[i] = !e;
        if (e && rpc_fault(w->b->rpc) == RPC_UNKNOWN_ACCOUNT)
            e = ERR_OK;
    }
    if (e)
        err_put(why, e, "%s", buf_z(&absent));
    buf_release(&absent);
    return e;
}

static struct action add_key(const struct near_key *k, struct access_key access)
{
    return (struct action){.kind = ACTION_ADD_KEY,
                           .add_key = {.key = public_key_of(&k->key.pub), .access = access}};
}

static struct action add_init_key(const struct work *w)
{
    return add_key(&w->init_key, (struct access_key){.kind = PERMISSION_FUNCTION_CALL,
                                                     .receiver_id = STR(ACCOUNT_OPERATOR),
                                                     .methods = registrar_methods,
                                                     .nmethods = countof(registrar_methods)});
}

static struct action add_fastfs_key(const struct work *w)
{
    static const struct str method = {FASTFS_METHOD, sizeof(FASTFS_METHOD) - 1};

    return add_key(&w->fastfs_key, (struct access_key){.kind = PERMISSION_FUNCTION_CALL,
                                                       .receiver_id = STR(ACCOUNT_FASTFS),
                                                       .methods = &method,
                                                       .nmethods = 1});
}

static struct action call(const char *method, struct str args, uint64_t tgas)
{
    return (struct action){.kind = ACTION_FUNCTION_CALL,
                           .call = {.method = str_of(method), .args = args, .gas = tgas * TGAS}};
}

/* What the register contract has to know: of machines, and what they measure. */
#define TOLD 2
static void tell(const struct work *w, struct action out[TOLD])
{
    out[0] = call("update_collateral", w->b->reg.collateral, 60);
    out[1] = call("add_approved_measurements", w->b->reg.measurements, 20);
}

static enum err create(struct work *w, size_t i, const struct near_key *parent, uint64_t *nonce,
                       struct buf *why)
{
    static const char *const what[ACTORS] = {
        [OUTLAYER] = "create '" ACCOUNT_OUTLAYER "'",
        [USER] = "create '" ACCOUNT_USER "'",
        [CALLER] = "create '" ACCOUNT_CALLER "'",
        [REGISTRAR] = "create '" ACCOUNT_REGISTRAR "'",
        [OPERATOR] = "create '" ACCOUNT_OPERATOR "'",
    };
    struct action actions[6 + TOLD] = {
        {.kind = ACTION_CREATE_ACCOUNT},
        {.kind = ACTION_TRANSFER, .deposit = actors[i].near * NEAR_YOCTO},
        add_key(&w->key[i], (struct access_key){.kind = PERMISSION_FULL_ACCESS}),
    };
    size_t n = 3;

    if (i == REGISTRAR)
        actions[n++] = add_init_key(w);
    if (i == OPERATOR) {
        actions[n++] = add_fastfs_key(w);
        actions[n++] =
            (struct action){.kind = ACTION_DEPLOY_CONTRACT, .code = buf_str(&w->register_code)};
        actions[n++] = call("new", w->register_new, 20);
        tell(w, actions + n);
        n += TOLD;
    }
    w->b->made++;
    return send(w, parent, actors[i].id, actions, n, nonce, what[i], why);
}

static enum err read_module(struct work *w, const char *module, struct buf *code, struct buf *why)
{
    const char *path;
    enum err e = self_share(&w->b->net->arena, module, &path, why);

    return e ? e : file_read(path, code, why);
}

/* Deploy the code unless the account has just this one; a new account is also initialised. */
static enum err deploy(struct work *w, size_t i, struct str code, struct str init_args,
                       uint64_t *nonce, struct buf *why)
{
    static const char *const what[ACTORS] = {
        [OUTLAYER] = "deploy the contract on '" ACCOUNT_OUTLAYER "'",
        [CALLER] = "deploy the example on '" ACCOUNT_CALLER "'",
        [OPERATOR] = "deploy the register contract on '" ACCOUNT_OPERATOR "'",
    };
    struct rpc_account state;
    struct hash256 hash = sha256(code);
    const struct action actions[2] = {{.kind = ACTION_DEPLOY_CONTRACT, .code = code},
                                      call("new", init_args, 20)};
    enum err e = rpc_view_account(w->b->rpc, str_of(actors[i].id), &state, why);

    if (e || hash_eq(&hash, &state.code_hash))
        return e;
    return send(w, &w->key[i], actors[i].id, actions, hash_is_zero(&state.code_hash) ? 2 : 1, nonce,
                what[i], why);
}

static enum err deploy_file(struct work *w, size_t i, const char *module, struct str init_args,
                            size_t *size, uint64_t *nonce, struct buf *why)
{
    struct buf code = BUF_INIT(CONTRACT_MAX);
    enum err e = read_module(w, module, &code, why);

    *size = code.len;
    if (!e)
        e = deploy(w, i, buf_str(&code), init_args, nonce, why);
    buf_release(&code);
    return e;
}

/* ---- the register contract ---- */

/* The module that uses the host's P-256 does not load where there is none. */
static enum err choose_module(struct work *w, const char **module, struct buf *why)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX);
    struct json status;
    uint64_t version = 0;
    enum err e = rpc_call(w->b->rpc, "status", STR("[]"), RPC_CALL_MS, &answer, &status, why);

    if (!e && !json_u64(json_get(status, "protocol_version"), &version))
        e = err_put(why, ERR_UPSTREAM, "the chain does not say its protocol version");
    *module = version >= P256_PROTOCOL ? "register_p256.wasm" : "register.wasm";
    buf_release(&answer);
    return e;
}

static enum err prepare_register(struct work *w, struct buf *why)
{
    struct buf args = BUF_INIT(16 * 1024);
    const char *module;
    enum err e = choose_module(w, &module, why);

    if (!e)
        e = read_module(w, module, &w->register_code, why);
    json_obj(&args);
    put_z(&args, "owner_id", ACCOUNT_OUTLAYER);
    put_z(&args, "init_worker_account", ACCOUNT_REGISTRAR);
    put_z(&args, "outlayer_contract_id", ACCOUNT_OUTLAYER);
    put_str(&args, "simulated_root", w->b->reg.root);
    json_obj_end(&args);
    w->register_new = arena_str(&w->b->net->arena, buf_str(&args));
    w->b->register_size = w->register_code.len;
    buf_release(&args);
    return e;
}

/* A second start: documents have aged meanwhile, and the contract may be a newer one. */
static enum err refresh_register(struct work *w, struct buf *why)
{
    struct action told[TOLD];
    uint64_t nonce = 0, own_nonce = 0;
    enum err e = deploy(w, OPERATOR, buf_str(&w->register_code), w->register_new, &nonce, why);

    if (!e && w->nsent)
        e = settle(w, why);
    tell(w, told);
    return e ? e
             : send(w, &w->key[OUTLAYER], ACCOUNT_OPERATOR, told, TOLD, &own_nonce,
                    "tell '" ACCOUNT_OPERATOR "' of the simulated machines", why);
}

static enum err load_keys(struct work *w, struct buf *why)
{
    enum err e;

    e = near_key_load(w->b->root_key_file, &w->root, why);
    /* Beside the others, where tools look for it. */
    if (!e)
        e = near_key_store(bootstrap_key_file(w->b->net, "test"), &w->root, why);
    for (size_t i = 0; i < ACTORS && !e; i++)
        e = key_at(bootstrap_key_file(w->b->net, actors[i].id), actors[i].id, &w->key[i], why);
    if (!e)
        e = key_at(w->b->init_key_file, ACCOUNT_REGISTRAR, &w->init_key, why);
    if (!e)
        e = key_at(w->b->fastfs_key_file, ACCOUNT_OPERATOR, &w->fastfs_key, why);
    return e;
}

/* The accounts that `test` makes; the others are made by their own parent, in the second round. */
static enum err first_round(struct work *w, struct buf *why)
{
    uint64_t nonce = 0;
    enum err e = look_up(w, why);

    for (size_t i = 0; i < REGISTRAR && !e; i++)
        if (!w->there[i])
            e = create(w, i, &w->root, &nonce, why);
    return e ? e : settle(w, why);
}

/* An account without one of the worker's keys: its file was lost, and made anew. */
static enum err mend(struct work *w, size_t i, const struct near_key *k, struct action add,
                     struct buf *why)
{
    struct buf absent = WHY_INIT;
    struct rpc_key_state key;
    uint64_t nonce = 0;
    enum err e = rpc_view_access_key(w->b->rpc, str_of(actors[i].id), &k->key.pub, &key, &absent);

    if (e && rpc_fault(w->b->rpc) == RPC_UNKNOWN_KEY)
        e = send(w, &w->key[i], actors[i].id, &add, 1, &nonce, "give the worker its key", why);
    else if (e)
        err_put(why, e, "%s", buf_z(&absent));
    buf_release(&absent);
    return e;
}

static enum err second_round(struct work *w, struct buf *why)
{
    uint64_t nonce = 0, caller_nonce = 0;
    enum err e = ERR_OK;

    for (size_t i = REGISTRAR; i < ACTORS && !e; i++)
        if (!w->there[i])
            e = create(w, i, &w->key[OUTLAYER], &nonce, why);
    if (!e && w->there[REGISTRAR])
        e = mend(w, REGISTRAR, &w->init_key, add_init_key(w), why);
    if (!e && w->there[OPERATOR])
        e = mend(w, OPERATOR, &w->fastfs_key, add_fastfs_key(w), why);
    if (!e)
        e = deploy_file(
            w, OUTLAYER, "outlayer.wasm",
            STR("{\"owner_id\":\"" ACCOUNT_OUTLAYER "\",\"operator_id\":\"" ACCOUNT_OPERATOR "\"}"),
            &w->b->outlayer_size, &nonce, why);
    if (!e)
        e = deploy_file(w, CALLER, "caller.wasm", STR("{\"outlayer_id\":\"" ACCOUNT_OUTLAYER "\"}"),
                        &w->b->caller_size, &caller_nonce, why);
    if (!e)
        e = settle(w, why);
    if (!e && w->there[OPERATOR])
        e = refresh_register(w, why);
    return e ? e : settle(w, why);
}

static void work_release(struct work *w)
{
    buf_release(&w->register_code);
    near_key_wipe(&w->root);
    near_key_wipe(&w->init_key);
    near_key_wipe(&w->fastfs_key);
    for (size_t i = 0; i < ACTORS; i++)
        near_key_wipe(&w->key[i]);
}

enum err bootstrap_prepare(struct bootstrap *b, struct buf *why)
{
    struct work w = {.b = b};
    enum err e = dir_make(network_path(b->net, "credentials/" LOCAL_NETWORK_ID), why);

    if (!e)
        e = load_keys(&w, why);
    if (!e)
        e = local_register_make(b->simulator_dir, &b->net->arena, &b->reg, why);
    work_release(&w);
    return e;
}

enum err bootstrap_run(struct bootstrap *b, struct buf *why)
{
    struct work w = {.b = b, .register_code = BUF_INIT(CONTRACT_MAX)};
    enum err e;

    b->made = 0;
    e = load_keys(&w, why);
    if (!e)
        e = prepare_register(&w, why);
    if (!e)
        e = first_round(&w, why);
    if (!e)
        e = second_round(&w, why);
    b->found = ACTORS - b->made;
    work_release(&w);
    return e;
}
