/* devnet_contract.c — contracts of one's own on a development chain: put there, called, viewed. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/amount.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/devnet.h"
#include "near/tx.h"

#define NEW_NEAR "100" /* what an account that is made for a contract gets */
#define CODE_MAX (1400 * 1024)

static int refused(const char *what, const char *given)
{
    struct buf why = WHY_INIT;
    int status;

    (void)err_put(&why, ERR_FORMAT, "'%s' is no %s", given, what);
    status = command_misused(&command_devnet, &why);
    buf_release(&why);
    return status;
}

static enum err key_of(const struct devnet_opts *o, const char *account, struct near_key *key,
                       struct buf *why)
{
    char path[DEVNET_PATH];

    devnet_credentials(o, account, path);
    return near_key_load(path, key, why);
}

static enum err deploy(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                       const char *file, struct buf *why)
{
    struct buf code = BUF_INIT(CODE_MAX);
    struct action put = {.kind = ACTION_DEPLOY_CONTRACT};
    struct near_key key;
    enum err e = file_read(file, &code, why);

    if (!e && !str_starts(buf_str(&code), STR("\0asm")))
        e = err_put(why, ERR_FORMAT, "'%s' is no WebAssembly", file);
    if (!e)
        e = key_of(o, account, &key, why);
    if (!e) {
        put.code = buf_str(&code);
        e = devnet_send(rpc, &key, str_of(account), &put, 1, why);
        near_key_wipe(&key);
    }
    if (!e)
        printf("%s has the contract '%s', %zu bytes\n", account, file, code.len);
    buf_release(&code);
    return e;
}

int devnet_deploy(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                  const char *file)
{
    struct buf why = WHY_INIT;
    struct rpc_account state;
    int status = EXIT_DONE;

    if (!account_id_valid(str_of(account)))
        return refused("account", account);
    if (rpc_view_account(rpc, str_of(account), &state, &why) &&
        rpc_fault(rpc) == RPC_UNKNOWN_ACCOUNT)
        status = devnet_fund(o, rpc, account, NEW_NEAR);
    if (status == EXIT_DONE && deploy(o, rpc, account, file, &why))
        status = command_failed(&why);
    buf_release(&why);
    return status;
}

/* Logs go to stderr, each with the contract that wrote it. */
static void print_logs(const struct outcome *outcome)
{
    struct outcome_logs logs = outcome_logs(outcome);
    struct buf line = BUF_INIT(32768);
    struct str who;

    while (outcome_next_log(&logs)) {
        buf_clear(&line);
        if (json_plain(logs.executor_id, &who) && json_str(logs.log, &line))
            fprintf(stderr, "%.*s: %s\n", STR_ARG(who), buf_z(&line));
    }
    buf_release(&line);
}

int devnet_call(const struct devnet_opts *o, struct rpc *rpc, const char *account,
                const char *method, const char *args)
{
    struct client c = {.rpc = rpc, .contract_id = str_of(account)};
    struct buf why = WHY_INIT, answer = BUF_INIT(RPC_ANSWER_MAX), text = BUF_INIT(RPC_ANSWER_MAX);
    struct client_call call = {.method = method,
                               .args = str_of(args),
                               .gas = o->tgas * CLIENT_TGAS,
                               .wait_ms = CLIENT_WAIT_MS};
    struct outcome outcome;
    int status = EXIT_DONE;

    if (!account_id_valid(str_of(account)))
        return refused("account", account);
    if (o->deposit && !near_amount_parse(str_of(o->deposit), &call.deposit))
        return refused("amount of NEAR", o->deposit);
    if (key_of(o, o->as ? o->as : account, &c.key, &why) ||
        client_send(&c, &call, &answer, &outcome, &why)) {
        status = command_failed(&why);
    } else {
        print_logs(&outcome);
        if (outcome.status == OUTCOME_FAILED) {
            outcome_failure_text(&outcome, &why);
            status = command_failed(&why);
        } else if (outcome_value(&outcome, &text) && text.len) {
            printf("%.*s\n", STR_ARG(buf_str(&text)));
        }
    }
    near_key_wipe(&c.key);
    buf_release(&why);
    buf_release(&answer);
    buf_release(&text);
    return status;
}

int devnet_view(struct rpc *rpc, const char *account, const char *method, const char *args)
{
    struct buf why = WHY_INIT, answer = BUF_INIT(RPC_ANSWER_MAX);
    int status = EXIT_DONE;

    if (!account_id_valid(str_of(account)))
        return refused("account", account);
    if (rpc_view_call(rpc, str_of(account), method, str_of(args), &answer, &why))
        status = command_failed(&why);
    else
        printf("%.*s\n", STR_ARG(buf_str(&answer)));
    buf_release(&why);
    buf_release(&answer);
    return status;
}
