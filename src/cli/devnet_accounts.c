/* devnet_accounts.c — accounts of a development chain: listed, made, given money. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/devnet.h"
#include "codec/put.h"
#include "near/tx.h"

#define ACCOUNTS_MAX 10000

void devnet_credentials(const struct devnet_opts *o, const char *account, char out[DEVNET_PATH])
{
    (void)snprintf(out, DEVNET_PATH, "%s/credentials/localnet%s%s%s", o->home, account ? "/" : "",
                   account ? account : "", account ? ".json" : "");
}

/* ------------------------------------------------------------------ listing */

struct names {
    char **at;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Accounts that have a key file, sorted. */
static enum err find_names(const struct devnet_opts *o, struct arena *a, struct names *out,
                           struct buf *why)
{
    char folder[DEVNET_PATH];
    struct dirent *e;
    DIR *d;

    devnet_credentials(o, NULL, folder);
    d = opendir(folder);
    if (!d)
        return errno == ENOENT ? err_put(why, ERR_ABSENT,
                                         "no chain in '%s'; give --home (that of `outlayer up` is "
                                         "~/.outlayer/local), or start one",
                                         o->home)
                               : err_sys(why, "cannot read '%s'", folder);
    out->at = mem_new_n(char *, ACCOUNTS_MAX);
    while (out->n < ACCOUNTS_MAX && (e = readdir(d)) != NULL) {
        const struct str name = str_of(e->d_name);

        if (str_ends(name, STR(".json")) && account_id_valid(str_head(name, name.len - 5)))
            out->at[out->n++] = arena_z(a, str_head(name, name.len - 5));
    }
    closedir(d);
    qsort(out->at, out->n, sizeof(char *), by_name);
    return ERR_OK;
}

static void put_account(const struct devnet_opts *o, struct rpc *rpc, const char *name,
                        struct buf *json)
{
    struct rpc_account account;
    struct buf why = WHY_INIT, amount = BUF_INIT(64);
    char path[DEVNET_PATH];
    const bool there = rpc_view_account(rpc, str_of(name), &account, &why) == ERR_OK;

    devnet_credentials(o, name, path);
    if (there)
        near_amount_put(&amount, account.amount);
    if (o->json) {
        json_obj(json);
        put_z(json, "account_id", name);
        json_key(json, "amount_yocto");
        if (there)
            json_put_u128_str(json, account.amount);
        else
            json_put_null(json);
        put_z(json, "key_file", path);
        json_obj_end(json);
    } else {
        printf("%-32s %-24s %s\n", name, there ? buf_z(&amount) : "not on the chain", path);
    }
    buf_release(&why);
    buf_release(&amount);
}

int devnet_accounts(const struct devnet_opts *o, struct rpc *rpc)
{
    struct arena a = ARENA_INIT;
    struct names names = {0};
    struct buf why = WHY_INIT, json = BUF_INIT(64u << 20);
    int status = EXIT_DONE;

    if (find_names(o, &a, &names, &why)) {
        status = command_failed(&why);
    } else {
        json_obj(&json);
        json_key(&json, "accounts");
        json_arr(&json);
        for (size_t i = 0; i < names.n; i++)
            put_account(o, rpc, names.at[i], &json);
        json_arr_end(&json);
        json_obj_end(&json);
        if (o->json)
            printf("%s\n", buf_z(&json));
    }
    mem_free(names.at);
    buf_release(&json);
    buf_release(&why);
    arena_release(&a);
    return status;
}

/* ------------------------------------------------------------------ funding */

enum err devnet_send(struct rpc *rpc, const struct near_key *key, struct str to,
                     const struct action *actions, size_t n, struct buf *why)
{
    struct buf bytes = BUF_INIT(SIGNED_TX_MAX), answer = BUF_INIT(RPC_ANSWER_MAX);
    struct rpc_key_state state;
    struct json result;
    struct tx tx;
    enum err e =
        rpc_view_access_key(rpc, account_id_str(&key->account), &key->key.pub, &state, why);

    if (!e) {
        tx = (struct tx){.signer_id = account_id_str(&key->account),
                         .key = public_key_of(&key->key.pub),
                         .nonce.nonce = state.nonce + 1,
                         .receiver_id = to,
                         .block_hash = state.block_hash,
                         .actions = actions,
                         .nactions = n};
        (void)tx_sign(&tx, &key->key, &bytes);
        e = rpc_send_tx(rpc, buf_str(&bytes), TX_WAIT_EXECUTED_OPTIMISTIC, &answer, &result, why);
    }
    if (!e && json_type(json_get(json_get(result, "status"), "Failure")) == JSON_OBJECT)
        e = err_put(why, ERR_UPSTREAM, "the chain refused it: %.*s",
                    STR_ARG(json_get(json_get(result, "status"), "Failure").text));
    buf_release(&bytes);
    buf_release(&answer);
    return e;
}

/* A new account below the root, with a key of its own in a file. */
static enum err create(const struct devnet_opts *o, struct rpc *rpc, const struct near_key *root,
                       struct str account, u128 amount, struct buf *why)
{
    struct action x[3] = {{.kind = ACTION_CREATE_ACCOUNT},
                          {.kind = ACTION_TRANSFER, .deposit = amount},
                          {.kind = ACTION_ADD_KEY}};
    struct near_key key;
    char path[DEVNET_PATH];
    enum err e;

    if (!account_id_is_sub_of(account, account_id_str(&root->account)))
        return err_put(why, ERR_DENIED,
                       "'%.*s' is not there, and only names ending in '.%s' can be made",
                       STR_ARG(account), root->account.s);
    memset(&key, 0, sizeof(key));
    BUG_ON(!account_id_parse(account, &key.account));
    ed25519_generate(&key.key);
    x[2].add_key.key = public_key_of(&key.key.pub);
    x[2].add_key.access.kind = PERMISSION_FULL_ACCESS;
    devnet_credentials(o, key.account.s, path);
    /* The key first: an account whose key is lost would be of no use. */
    e = near_key_store(path, &key, why);
    if (!e)
        e = devnet_send(rpc, root, account, x, 3, why);
    if (!e)
        printf("made %s, key in %s\n", key.account.s, path);
    near_key_wipe(&key);
    return e;
}

static enum err fund(const struct devnet_opts *o, struct rpc *rpc, struct str account, u128 amount,
                     struct buf *why)
{
    const struct action give = {.kind = ACTION_TRANSFER, .deposit = amount};
    struct rpc_account state;
    struct near_key root;
    char path[DEVNET_PATH];
    enum err e;

    devnet_credentials(o, DEVNET_ROOT, path);
    e = near_key_load(path, &root, why);
    if (e)
        return e;
    e = rpc_view_account(rpc, account, &state, why);
    if (e && rpc_fault(rpc) == RPC_UNKNOWN_ACCOUNT && !account_id_is_implicit(account))
        e = create(o, rpc, &root, account, amount, why);
    else if (!e || rpc_fault(rpc) == RPC_UNKNOWN_ACCOUNT)
        e = devnet_send(rpc, &root, account, &give, 1, why);
    near_key_wipe(&root);
    return e;
}

int devnet_fund(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                const char *amount)
{
    struct buf why = WHY_INIT, text = BUF_INIT(64);
    struct rpc_account state;
    int status = EXIT_DONE;
    u128 yocto;

    if (!account_id_valid(str_of(account)) || !near_amount_parse(str_of(amount), &yocto)) {
        (void)err_put(&why, ERR_FORMAT, "'%s' is no account, or '%s' no amount of NEAR", account,
                      amount);
        status = command_misused(&command_devnet, &why);
    } else if (fund(o, rpc, str_of(account), yocto, &why) ||
               rpc_view_account(rpc, str_of(account), &state, &why)) {
        status = command_failed(&why);
    } else {
        near_amount_put(&text, state.amount);
        printf("%s has %s NEAR\n", account, buf_z(&text));
    }
    buf_release(&why);
    buf_release(&text);
    return status;
}
