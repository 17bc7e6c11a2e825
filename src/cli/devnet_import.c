/*
 * devnet_import.c — one account of another network, contract and state, copied into the chain.
 *
 * What it holds in money is not copied but made enough for its storage and more. The root account's
 * key is added to it with full access, so that it can be called and upgraded here.
 */
#include <stdio.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/devnet.h"
#include "codec/base64.h"
#include "near/key.h"

#define PATCH_MAX   (12u << 20)
#define IMPORT_NEAR 1000
#define KEY_BYTES   82 /* that a full-access key counts as */
#define IMPORT_MS   60000

struct import {
    struct rpc *from;
    struct buf params, answer, records;
};

/* One `query` of the far node; false: it has no such thing. */
static enum err query(struct import *m, const char *type, const char *account, const char *more,
                      struct json *result, struct buf *why)
{
    buf_clear(&m->params);
    buf_addf(&m->params, "{\"request_type\":\"%s\",\"finality\":\"final\",\"account_id\":\"%s\"%s}",
             type, account, more);
    return rpc_call(m->from, "query", buf_str(&m->params), IMPORT_MS, &m->answer, result, why);
}

static enum err put_account(struct import *m, const char *account, const struct near_key *root,
                            struct buf *why)
{
    const u128 one = (u128)UINT64_C(1000000000000) * UINT64_C(1000000000000);
    struct json view;
    uint64_t usage;
    struct str hash;
    enum err e = query(m, "view_account", account, "", &view, why);

    if (e)
        return e;
    if (!json_u64(json_get(view, "storage_usage"), &usage) ||
        !json_plain(json_get(view, "code_hash"), &hash))
        return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no account", account);
    usage += KEY_BYTES;
    buf_addf(&m->records, "{\"Account\":{\"account_id\":\"%s\",\"account\":{\"amount\":\"",
             account);
    buf_add_u128(&m->records, IMPORT_NEAR * one);
    buf_addf(
        &m->records,
        "\",\"locked\":\"0\",\"code_hash\":\"%.*s\",\"storage_usage\":%llu,\"version\":\"V1\"}}},",
        STR_ARG(hash), (unsigned long long)usage);
    buf_addf(&m->records, "{\"AccessKey\":{\"account_id\":\"%s\",\"public_key\":\"", account);
    ed25519_pub_put(&m->records, &root->key.pub);
    buf_addz(&m->records, "\",\"access_key\":{\"nonce\":0,\"permission\":\"FullAccess\"}}}");
    return ERR_OK;
}

static enum err put_code(struct import *m, const char *account, struct buf *why)
{
    struct json view;
    struct str code;
    enum err e = query(m, "view_code", account, "", &view, why);

    if (e)
        return rpc_fault(m->from) == RPC_NO_CONTRACT ? ERR_OK : e;
    if (!json_plain(json_get(view, "code_base64"), &code))
        return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no contract", account);
    buf_addf(&m->records, ",{\"Contract\":{\"account_id\":\"%s\",\"code\":\"%.*s\"}}", account,
             STR_ARG(code));
    return ERR_OK;
}

static enum err put_state(struct import *m, const char *account, size_t *n, struct buf *why)
{
    struct json view;
    struct json_iter it;
    enum err e = query(m, "view_state", account, ",\"prefix_base64\":\"\"", &view, why);

    if (e)
        return e;
    it = json_iter(json_get(view, "values"));
    while (json_next(&it)) {
        struct str key, value;

        if (!json_plain(json_get(it.value, "key"), &key) ||
            !json_plain(json_get(it.value, "value"), &value))
            return err_put(why, ERR_UPSTREAM, "the node's answer about '%s' is no state", account);
        buf_addf(&m->records, ",{\"Data\":{\"account_id\":\"%s\",\"data_key\":\"", account);
        buf_add_str(&m->records, key);
        buf_addz(&m->records, "\",\"value\":\"");
        buf_add_str(&m->records, value);
        buf_addz(&m->records, "\"}}");
        (*n)++;
    }
    return ERR_OK;
}

static enum err import(struct import *m, const struct devnet_opts *o, struct rpc *to,
                       const char *account, size_t *entries, struct buf *why)
{
    struct near_key root;
    struct json result;
    char path[4096];
    enum err e;

    (void)snprintf(path, sizeof(path), "%s/credentials/localnet/" DEVNET_ROOT ".json", o->home);
    e = near_key_load(path, &root, why);
    if (e)
        return e;
    buf_addz(&m->records, "{\"records\":[");
    e = put_account(m, account, &root, why);
    near_key_wipe(&root);
    if (!e)
        e = put_code(m, account, why);
    if (!e)
        e = put_state(m, account, entries, why);
    buf_addz(&m->records, "]}");
    if (!e && m->records.full)
        e = err_put(why, ERR_TOO_BIG, "'%s' is too large to be imported", account);
    if (!e)
        e = rpc_call(to, "sandbox_patch_state", buf_str(&m->records), IMPORT_MS, &m->answer,
                     &result, why);
    return e;
}

int devnet_import(const struct devnet_opts *o, struct rpc *rpc, const char *account)
{
    struct import m = {.from = rpc_new(o->from),
                       .params = BUF_INIT(4096),
                       .answer = BUF_INIT(RPC_ANSWER_MAX),
                       .records = BUF_INIT(PATCH_MAX)};
    struct buf why = WHY_INIT;
    size_t entries = 0;
    int status = EXIT_DONE;

    if (!account_id_valid(str_of(account))) {
        (void)err_put(&why, ERR_FORMAT, "'%s' is no account id", account);
        status = command_misused(&command_devnet, &why);
    } else if (import(&m, o, rpc, account, &entries, &why)) {
        status = command_failed(&why);
    } else {
        printf("%s is here, with %zu entries of state; the key of %s opens it\n", account, entries,
               DEVNET_ROOT);
    }
    rpc_free(m.from);
    buf_release(&m.params);
    buf_release(&m.answer);
    buf_release(&m.records);
    buf_release(&why);
    return status;
}
