/*
 * devnet_import.c — one account of another network, contract and state, copied into the chain.
 *
 * Everything is read as of one block, so that the state is one that the contract has had. What the
 * account holds in money is not copied but made enough for its storage and more. Its keys stay
 * behind: the root account's key is added with full access, so that it can be called and upgraded
 * here. What a node does not show (above its limit for view_state) cannot be copied.
 */
#include <stdio.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/devnet.h"
#include "codec/base64.h"
#include "near/key.h"

#define PATCH_BYTES (4u << 20)  /* of records sent at once */
#define PATCH_MAX   (14u << 20) /* with the largest record: a contract of 4 MiB, or a value */
#define CODE_MAX    (4u << 20)
#define IMPORT_NEAR 1000
#define KEY_BYTES   82 /* that a full-access key counts as */
#define IMPORT_MS   60000
#define PAGES_MAX   100000
#define PAGE        ",\"limit\":100"

struct import {
    struct rpc *from, *to;
    const char *account;
    struct buf params, answer, records;
    struct buf global;        /* the question for a global contract; empty: the code is its own */
    struct hash256 code_hash; /* of what is put here */
    char block[80];           /* which block is asked about, after the first answer a certain one */
    uint64_t usage;
    size_t entries;
};

/* One `query` of the far node; `more` is a part of a JSON object. */
static enum err query(struct import *m, const char *type, const char *more, struct json *result,
                      struct buf *why)
{
    buf_clear(&m->params);
    buf_addf(&m->params, "{\"request_type\":\"%s\",%s,%s}", type, m->block, more);
    return rpc_call(m->from, "query", buf_str(&m->params), IMPORT_MS, &m->answer, result, why);
}

static enum err query_account(struct import *m, const char *type, const char *more,
                              struct json *result, struct buf *why)
{
    struct buf who = BUF_INIT(8192);
    enum err e;

    buf_addf(&who, "\"account_id\":\"%s\"%s", m->account, more);
    e = query(m, type, buf_z(&who), result, why);
    buf_release(&who);
    return e;
}

/* Send what has gathered when it is more than `limit`. */
static enum err flush(struct import *m, size_t limit, struct buf *why)
{
    struct buf params = BUF_INIT(PATCH_MAX + 64);
    struct json result;
    enum err e;

    if (m->records.full)
        return err_put(why, ERR_TOO_BIG, "'%s' is too large to be imported", m->account);
    if (m->records.len <= limit)
        return ERR_OK;
    buf_addf(&params, "{\"records\":[");
    buf_add_str(&params, buf_str(&m->records));
    buf_addz(&params, "]}");
    e = rpc_call(m->to, "sandbox_patch_state", buf_str(&params), IMPORT_MS, &m->answer, &result,
                 why);
    buf_clear(&m->records);
    buf_release(&params);
    return e;
}

static void begin_record(struct import *m, const char *kind)
{
    buf_addf(&m->records, "%s{\"%s\":{\"account_id\":\"%s\",", m->records.len ? "," : "", kind,
             m->account);
}

static enum err read_account(struct import *m, struct buf *why)
{
    struct json view;
    struct str hash, block;
    enum err e = query_account(m, "view_account", "", &view, why);

    if (e)
        return e;
    if (!json_u64(json_get(view, "storage_usage"), &m->usage) ||
        !json_plain(json_get(view, "code_hash"), &hash) || !hash_from_base58(hash, &m->code_hash) ||
        !json_plain(json_get(view, "block_hash"), &block) || block.len > 44)
        return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no account", m->account);
    if (json_plain(json_get(view, "global_contract_hash"), &hash))
        buf_addf(&m->global, "\"code_hash\":\"%.*s\"", STR_ARG(hash));
    else if (json_plain(json_get(view, "global_contract_account_id"), &hash))
        buf_addf(&m->global, "\"account_id\":\"%.*s\"", STR_ARG(hash));
    (void)snprintf(m->block, sizeof(m->block), "\"block_id\":\"%.*s\"", STR_ARG(block));
    return ERR_OK;
}

/* A global contract becomes the account's own: there may be no such one here. */
static enum err put_code(struct import *m, struct buf *why)
{
    struct buf bytes = BUF_INIT(CODE_MAX);
    struct json view;
    struct str code;
    enum err e;

    if (m->global.len == 0)
        e = query_account(m, "view_code", "", &view, why);
    else
        e = query(m,
                  str_starts(buf_str(&m->global), STR("\"code_hash\""))
                      ? "view_global_contract_code"
                      : "view_global_contract_code_by_account_id",
                  buf_z(&m->global), &view, why);
    if (!e && (!json_plain(json_get(view, "code_base64"), &code) || !base64_get(code, &bytes)))
        e = err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no contract", m->account);
    if (!e) {
        m->code_hash = sha256(buf_str(&bytes));
        m->usage += m->global.len ? bytes.len : 0;
        begin_record(m, "Contract");
        buf_addz(&m->records, "\"code\":\"");
        buf_add_str(&m->records, code);
        buf_addz(&m->records, "\"}}");
        e = flush(m, PATCH_BYTES, why);
    }
    buf_release(&bytes);
    return e;
}

static enum err put_entries(struct import *m, struct json values, struct buf *why)
{
    struct json_iter it = json_iter(values);

    if (json_type(values) != JSON_ARRAY)
        return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no state", m->account);
    while (json_next(&it)) {
        struct str key, value;

        if (!json_plain(json_get(it.value, "key"), &key) ||
            !json_plain(json_get(it.value, "value"), &value))
            return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no state",
                           m->account);
        begin_record(m, "Data");
        buf_addz(&m->records, "\"data_key\":\"");
        buf_add_str(&m->records, key);
        buf_addz(&m->records, "\",\"value\":\"");
        buf_add_str(&m->records, value);
        buf_addz(&m->records, "\"}}");
        m->entries++;
    }
    return ERR_OK;
}

/* Newer nodes give a large state in pages, each with the key it ended at; older ones do not know
 * the limit and refuse a large state. */
static enum err put_state(struct import *m, struct buf *why)
{
    struct buf more = BUF_INIT(8192);
    struct json view;
    struct str last;
    enum err e = ERR_OK;

    buf_addz(&more, ",\"prefix_base64\":\"\"" PAGE);
    for (size_t page = 0; !e && more.len > 0; page++) {
        if (page == PAGES_MAX)
            e = err_put(why, ERR_TOO_BIG, "the state of '%s' has no end", m->account);
        else
            e = query_account(m, "view_state", buf_z(&more), &view, why);
        if (!e)
            e = put_entries(m, json_get(view, "values"), why);
        buf_clear(&more);
        if (!e && json_plain(json_get(view, "last_key"), &last))
            buf_addf(&more, ",\"prefix_base64\":\"\"" PAGE ",\"after_key_base64\":\"%.*s\"",
                     STR_ARG(last));
        if (!e)
            e = flush(m, PATCH_BYTES, why);
    }
    buf_release(&more);
    return e;
}

/* The account comes last: until then nobody sees half of it. */
static enum err put_account(struct import *m, const struct near_key *root, struct buf *why)
{
    const u128 one = (u128)UINT64_C(1000000000000) * UINT64_C(1000000000000);

    begin_record(m, "Account");
    buf_addz(&m->records, "\"account\":{\"amount\":\"");
    buf_add_u128(&m->records, IMPORT_NEAR * one);
    buf_addz(&m->records, "\",\"locked\":\"0\",\"code_hash\":\"");
    hash_put_base58(&m->records, &m->code_hash);
    buf_addz(&m->records, "\",\"storage_usage\":");
    buf_add_u64(&m->records, m->usage + KEY_BYTES);
    buf_addz(&m->records, ",\"version\":\"V1\"}}}");
    begin_record(m, "AccessKey");
    buf_addz(&m->records, "\"public_key\":\"");
    ed25519_pub_put(&m->records, &root->key.pub);
    buf_addz(&m->records, "\",\"access_key\":{\"nonce\":0,\"permission\":\"FullAccess\"}}}");
    return flush(m, 0, why);
}

/* What is here would be mixed with what comes. */
static enum err must_be_absent(struct import *m, struct buf *why)
{
    struct buf absent = WHY_INIT;
    struct rpc_account here;
    enum err e = rpc_view_account(m->to, str_of(m->account), &here, &absent);

    if (!e)
        e = err_put(why, ERR_CONFLICT,
                    "'%s' is on this chain already: import into a chain without it, or go back to "
                    "a snapshot",
                    m->account);
    else if (rpc_fault(m->to) == RPC_UNKNOWN_ACCOUNT)
        e = ERR_OK;
    else
        (void)err_put(why, e, "%s", buf_z(&absent));
    buf_release(&absent);
    return e;
}

static enum err import(struct import *m, const struct devnet_opts *o, struct buf *why)
{
    struct near_key root;
    char path[4096];
    enum err e;

    (void)snprintf(path, sizeof(path), "%s/credentials/localnet/" DEVNET_ROOT ".json", o->home);
    e = near_key_load(path, &root, why);
    if (e)
        return e;
    e = must_be_absent(m, why);
    if (!e)
        e = read_account(m, why);
    if (!e && (m->global.len || !hash_is_zero(&m->code_hash)))
        e = put_code(m, why);
    if (!e)
        e = put_state(m, why);
    if (!e)
        e = put_account(m, &root, why);
    near_key_wipe(&root);
    return e;
}

int devnet_import(const struct devnet_opts *o, struct rpc *rpc, const char *account)
{
    struct import m = {.from = rpc_new(o->from),
                       .to = rpc,
                       .account = account,
                       .params = BUF_INIT(16384),
                       .answer = BUF_INIT(RPC_ANSWER_MAX),
                       .records = BUF_INIT(PATCH_MAX),
                       .global = BUF_INIT(256),
                       .block = "\"finality\":\"final\""};
    struct buf why = WHY_INIT;
    int status = EXIT_DONE;

    if (!account_id_valid(str_of(account))) {
        (void)err_put(&why, ERR_FORMAT, "'%s' is no account id", account);
        status = command_misused(&command_devnet, &why);
    } else if (import(&m, o, &why)) {
        status = command_failed(&why);
    } else {
        printf("%s is here, with %zu entries of state; the key of %s opens it\n", account,
               m.entries, DEVNET_ROOT);
    }
    rpc_free(m.from);
    buf_release(&m.params);
    buf_release(&m.answer);
    buf_release(&m.records);
    buf_release(&m.global);
    buf_release(&why);
    return status;
}
