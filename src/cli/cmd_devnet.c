/*
 * cmd_devnet.c — `outlayer devnet`: a chain for development, and what only such a chain can do.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/devnet.h"
#include "codec/put.h"
#include "crypto/ed25519.h"
#include "proc/self.h"

#define DEFAULT_PORT 3030
#define DEVNET_VERBS                                                                               \
    "say what: start, accounts, fund ACCOUNT [NEAR], deploy ACCOUNT FILE.wasm, call or view "      \
    "ACCOUNT METHOD [JSON], fast-forward BLOCKS, snapshot save|load NAME, import ACCOUNT or "      \
    "near-cli"
#define WAIT_MS 120000 /* snapshots of large chains take a while */

static const struct opt devnet_options[] = {
    OPT_TEXT("home", "DIR", struct devnet_opts, home, "OUTLAYER_DEVNET_HOME",
             "where the chain and its keys are kept (default ~/.local/share/outlayer/devnet)"),
    OPT_TEXT("rpc-url", "URL", struct devnet_opts, rpc_url, "OUTLAYER_RPC_URL",
             "the running chain (default http://127.0.0.1:3030)"),
    OPT_U64("port", "N", struct devnet_opts, port, 0, 65535, NULL, "start: port to listen on"),
    OPT_U64("block-time-ms", "MS", struct devnet_opts, block_time, 1, 3600000, NULL,
            "start: milliseconds between blocks (default 200)"),
    OPT_FLAG("instant", struct devnet_opts, instant, "start: besides, a block when there is work"),
    OPT_U64("protocol-version", "N", struct devnet_opts, protocol, 1, UINT32_MAX, NULL,
            "start: 79 or 88 (default 88)"),
    OPT_U64("yield-blocks", "N", struct devnet_opts, yield_blocks, 1, 1000000, NULL,
            "start: blocks until a yield times out; the network has 200"),
    OPT_TEXT("genesis", "FILE", struct devnet_opts, genesis, NULL,
             "start: records for a new chain, {\"records\":[…]}"),
    OPT_TEXT("from", "URL", struct devnet_opts, from, NULL,
             "import: a node's RPC (default https://rpc.testnet.near.org)"),
    OPT_TEXT("as", "ACCOUNT", struct devnet_opts, as, NULL,
             "call: who calls (default: the contract's own account)"),
    OPT_TEXT("deposit", "NEAR", struct devnet_opts, deposit, NULL, "call: what is attached"),
    OPT_U64("tgas", "N", struct devnet_opts, tgas, 1, 1000, NULL, "call: gas (default 300)"),
    OPT_FLAG("write", struct devnet_opts, write,
             "near-cli: write the entry and the keys to where near-cli-rs looks"),
    OPT_FLAG("json", struct devnet_opts, json, "accounts: one JSON object"),
    OPT_END,
};

static const char *const devnet_examples[] = {
    "outlayer devnet start --instant",
    "outlayer devnet fund alice.test 100",
    "outlayer devnet deploy counter.test build/share/outlayer/counter.wasm",
    "outlayer devnet call counter.test increment '{\"by\":2}' --as alice.test",
    "outlayer devnet view counter.test get",
    "outlayer devnet snapshot save clean",
    "outlayer devnet fast-forward 200",
    "outlayer devnet import counter.testnet --from https://rpc.testnet.near.org",
    NULL,
};

const struct command command_devnet = {
    .name = "devnet",
    .summary = "a NEAR chain for development",
    .usage = "start | accounts | fund ACCOUNT [NEAR] | deploy ACCOUNT FILE.wasm |\n"
             "       call ACCOUNT METHOD [JSON] | view ACCOUNT METHOD [JSON] |\n"
             "       fast-forward BLOCKS | snapshot save|load NAME | import ACCOUNT | near-cli",
    .about =
        "start          run the chain here until Ctrl-C\n"
        "accounts       the accounts whose keys are in the home folder, and what they hold\n"
        "fund           give NEAR to an account; one that is not there is made, with a key file\n"
        "deploy         put a contract on an account, which is made when it is not there\n"
        "call           call a method of a contract; logs go to stderr\n"
        "view           ask a method that changes nothing\n"
        "fast-forward   skip heights, and the time they would have taken\n"
        "snapshot       keep a copy of the whole chain, or go back to one\n"
        "import         copy an account's contract and state from a node; the root key opens it\n"
        "near-cli       print the network entry for near-cli-rs' config.toml",
    .verbs = "start accounts fund deploy call view fast-forward snapshot import near-cli",
    .options = devnet_options,
    .examples = devnet_examples,
    .run = cmd_devnet,
};

/* ------------------------------------------------------------------ start */

static int start(const struct devnet_opts *o)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    char port[16], block_time[16], protocol[16], yields[16];
    const char *argv[24], *path;
    size_t n = 0;

    if (self_exe(&a, "outlayer-devnet", &path, &why)) {
        const int status = command_failed(&why);

        buf_release(&why);
        arena_release(&a);
        return status;
    }
    (void)snprintf(port, sizeof(port), "%llu", (unsigned long long)o->port);
    (void)snprintf(block_time, sizeof(block_time), "%llu", (unsigned long long)o->block_time);
    (void)snprintf(protocol, sizeof(protocol), "%llu", (unsigned long long)o->protocol);
    (void)snprintf(yields, sizeof(yields), "%llu", (unsigned long long)o->yield_blocks);
    argv[n++] = path;
    argv[n++] = "--home";
    argv[n++] = o->home;
    argv[n++] = "--port";
    argv[n++] = port;
    argv[n++] = "--block-time-ms";
    argv[n++] = block_time;
    argv[n++] = "--protocol-version";
    argv[n++] = protocol;
    if (o->yield_blocks) {
        argv[n++] = "--yield-blocks";
        argv[n++] = yields;
    }
    if (o->genesis) {
        argv[n++] = "--genesis";
        argv[n++] = o->genesis;
    }
    if (o->instant)
        argv[n++] = "--instant";
    argv[n] = NULL;
    fprintf(stderr, "keys in %s/credentials/localnet; Ctrl-C stops it\n", o->home);
    execv(path, (char *const *)(uintptr_t)argv);
    fprintf(stderr, "Error: cannot start '%s': %s\n", path, strerror(errno));
    return EXIT_FAILED;
}

/* ------------------------------------------------------------------ a running chain */

static int ask(struct rpc *rpc, const char *method, struct str params)
{
    struct buf answer = BUF_INIT(RPC_ANSWER_MAX), why = WHY_INIT;
    struct json result;
    int status = EXIT_DONE;

    if (rpc_call(rpc, method, params, WAIT_MS, &answer, &result, &why))
        status = command_failed(&why);
    buf_release(&answer);
    buf_release(&why);
    return status;
}

static int fast_forward(struct rpc *rpc, const char *blocks)
{
    struct buf params = BUF_INIT(256), why = WHY_INIT;
    struct rpc_block head;
    uint64_t n;
    int status;

    if (!str_u64(str_of(blocks), &n)) {
        (void)err_put(&why, ERR_FORMAT, "'%s' is no number of blocks", blocks);
        status = command_misused(&command_devnet, &why);
        buf_release(&why);
        return status;
    }
    buf_addf(&params, "{\"delta_height\":%llu}", (unsigned long long)n);
    status = ask(rpc, "sandbox_fast_forward", buf_str(&params));
    if (status == EXIT_DONE && rpc_block_final(rpc, &head, &why) == ERR_OK)
        printf("at height %llu\n", (unsigned long long)head.height);
    buf_release(&params);
    buf_release(&why);
    return status;
}

static int snapshot(struct rpc *rpc, const char *what, const char *name)
{
    struct buf params = BUF_INIT(1024), why = WHY_INIT;
    int status;

    if (strcmp(what, "save") != 0 && strcmp(what, "load") != 0) {
        (void)err_put(&why, ERR_FORMAT, "a snapshot is saved or loaded, not '%s'", what);
        status = command_misused(&command_devnet, &why);
        buf_release(&why);
        return status;
    }
    json_obj(&params);
    put_z(&params, "name", name);
    json_obj_end(&params);
    status = ask(rpc, what[0] == 's' ? "sandbox_snapshot_save" : "sandbox_snapshot_load",
                 buf_str(&params));
    if (status == EXIT_DONE)
        printf("%s '%s'\n", what[0] == 's' ? "saved" : "back at", name);
    buf_release(&params);
    return status;
}

/* ------------------------------------------------------------------ words */

static int misused(const char *text)
{
    struct buf why = WHY_INIT;
    int status;

    (void)err_put(&why, ERR_FORMAT, "%s", text);
    status = command_misused(&command_devnet, &why);
    buf_release(&why);
    return status;
}

static int with_chain(const struct devnet_opts *o, int n, char **words)
{
    struct rpc *rpc = rpc_new(o->rpc_url);
    int status;

    if (strcmp(words[0], "accounts") == 0 && n == 1)
        status = devnet_accounts(o, rpc);
    else if (strcmp(words[0], "fund") == 0 && (n == 2 || n == 3))
        status = devnet_fund(o, rpc, words[1], n == 3 ? words[2] : "100");
    else if (strcmp(words[0], "deploy") == 0 && n == 3)
        status = devnet_deploy(o, rpc, words[1], words[2]);
    else if (strcmp(words[0], "call") == 0 && (n == 3 || n == 4))
        status = devnet_call(o, rpc, words[1], words[2], n == 4 ? words[3] : "{}");
    else if (strcmp(words[0], "view") == 0 && (n == 3 || n == 4))
        status = devnet_view(rpc, words[1], words[2], n == 4 ? words[3] : "{}");
    else if (strcmp(words[0], "fast-forward") == 0 && n == 2)
        status = fast_forward(rpc, words[1]);
    else if (strcmp(words[0], "snapshot") == 0 && n == 3)
        status = snapshot(rpc, words[1], words[2]);
    else if (strcmp(words[0], "import") == 0 && n == 2)
        status = devnet_import(o, rpc, words[1]);
    else
        status = misused(DEVNET_VERBS);
    rpc_free(rpc);
    return status;
}

int cmd_devnet(int argc, char **argv)
{
    struct devnet_opts o = {.port = DEFAULT_PORT,
                            .block_time = 200,
                            .protocol = 88,
                            .tgas = 300,
                            .from = "https://rpc.testnet.near.org"};
    char home[PATH_MAX], url[64];
    int operands, status;

    if (!command_begin(&command_devnet, argc, argv, &o, &operands, &status))
        return status;
    if (operands == argc)
        return misused(DEVNET_VERBS);
    if (!o.home) {
        const char *user = getenv("HOME");

        if (!user || !*user)
            return misused("there is no HOME; give --home DIR");
        (void)snprintf(home, sizeof(home), "%s/.local/share/outlayer/devnet", user);
        o.home = home;
    }
    if (!o.rpc_url) {
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%llu", (unsigned long long)o.port);
        o.rpc_url = url;
    }
    crypto_init();
    if (strcmp(argv[operands], "start") == 0 && argc - operands == 1)
        return start(&o);
    if (strcmp(argv[operands], "near-cli") == 0 && argc - operands == 1)
        return devnet_near_cli(&o);
    return with_chain(&o, argc - operands, argv + operands);
}
