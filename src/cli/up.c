/*
 * up.c — `outlayer up`: a whole network on this machine, in the order things need each other.
 *
 *     chain → (coordinator, accounts and contracts) → worker → file server → one request → wait
 *
 * It holds the keys of every local account and none of anything real. What each step does is in
 * the file named after it: network.c (processes), bootstrap.c (accounts, contracts),
 * serve_files.c (programs over http), story.c (the request). It ends when Ctrl-C comes, when a
 * part ends by itself, or with --once after the request.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "builder/builder.h"
#include "cli/bootstrap.h"
#include "cli/commands.h"
#include "cli/network.h"
#include "cli/report.h"
#include "cli/serve_files.h"
#include "cli/story.h"
#include "codec/put.h"
#include "proc/self.h"

#define PORT_USUAL   3030       /* where NEAR's tools look for a local node */
#define PORT_ANY     UINT64_MAX /* not given: the usual ones, or any when they are taken */
#define PORTS        5          /* chain, coordinator, files, fastfs, keystore */
#define LINE_MAX_OUT (STORY_OUTPUT_MAX + 4096)

struct up_opts {
    bool once, json;
    const char *home, *guest, *input;
    uint64_t port_base, block_time_ms;
};

static const struct opt up_options[] = {
    OPT_FLAG("once", struct up_opts, once,
             "stop after the request; the last line is its result as JSON"),
    OPT_TEXT("home", "DIR", struct up_opts, home, NULL,
             "where the chain, keys and logs are kept (default ~/.outlayer/local, or local in "
             "OUTLAYER_HOME; with --once a temporary folder)"),
    OPT_U64("port-base", "N", struct up_opts, port_base, 0, 65000, NULL,
            "first of five ports; 0: any free ones (default 3030, with --once 0)"),
    OPT_U64("block-time-ms", "MS", struct up_opts, block_time_ms, 10, 60000, NULL,
            "time between blocks (default 200)"),
    OPT_TEXT("guest", "FILE", struct up_opts, guest, NULL,
             "the WebAssembly program to run (default: the example `random`)"),
    OPT_TEXT("input", "TEXT", struct up_opts, input, NULL,
             "what the program reads on stdin (default {\"min\":1,\"max\":100})"),
    OPT_FLAG("json", struct up_opts, json, "print every step as one JSON object a line"),
    OPT_END,
};

static const char *const up_examples[] = {
    "outlayer up",
    "outlayer up --once",
    "outlayer up --once --guest build/share/outlayer/guests/random.wasm --input "
    "'{\"min\":1,\"max\":6}'",
    "outlayer up --home /tmp/chain --port-base 4000",
    NULL,
};

const struct command command_up = {
    .name = "up",
    .summary = "start a whole local network and send one request through it",
    .usage = "[options]",
    .about =
        "Starts an embedded chain with the contracts and funded accounts, a coordinator and a\n"
        "worker, then lets a user's contract ask for one run of a program and shows each step.\n"
        "It goes on until Ctrl-C; a second start on the same home continues the same chain.",
    .options = up_options,
    .examples = up_examples,
    .statuses =
        "0 done (or ended by Ctrl-C once it ran), 1 failed, 3 wrong usage, 130 interrupted.",
    .run = cmd_up,
};

/* Everything that `up` holds; released by up_release, in reverse. */
struct up {
    struct up_opts o;
    struct report report;
    struct network net;
    struct rpc *rpc;
    struct file_server *files;
    struct bootstrap boot;
    struct story_result result;
    const char *token_file, *keystore_token_file, *program_file, *program_url, *program_name;
    struct hash256 program_hash;
    uint64_t began_ms;
    char home[4096];
    bool home_is_temporary;
    uint16_t port[PORTS];
};

static enum err choose_home(struct up *u, struct buf *why)
{
    struct buf b = BUF_OVER(u->home);
    const char *tmp = getenv("TMPDIR"), *user = getenv("HOME"), *ours = getenv("OUTLAYER_HOME");

    if (u->o.home) {
        buf_addz(&b, u->o.home);
    } else if (u->o.once) {
        buf_addf(&b, "%s/outlayer-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (!b.full && !mkdtemp(u->home))
            return err_sys(why, "make a folder like '%s'", u->home);
        u->home_is_temporary = true;
    } else if (ours && *ours) {
        buf_addf(&b, "%s/local", ours);
    } else if (user && *user) {
        buf_addf(&b, "%s/.outlayer/local", user);
    } else {
        return err_put(why, ERR_ABSENT, "HOME is not set: say where to keep things with --home");
    }
    if (b.full || !*u->home)
        return err_put(why, ERR_RANGE, "the home folder's name is empty or too long");
    return ERR_OK;
}

/* Zeros stay zero: the part then takes any free port and says which. */
static enum err choose_ports(struct up *u, struct buf *why)
{
    uint64_t base = u->o.port_base;
    uint16_t taken;

    if (base == PORT_ANY) {
        base = u->o.once || network_port_taken(PORT_USUAL, PORTS) ? 0 : PORT_USUAL;
    } else if (base) {
        taken = network_port_taken((uint16_t)base, PORTS);
        if (taken)
            return err_put(why, ERR_BUSY,
                           "port %u is taken by another program: stop that one, or choose others "
                           "with --port-base (0: any free ones)",
                           taken);
    }
    for (size_t i = 0; i < PORTS && base; i++)
        u->port[i] = (uint16_t)(base + i);
    return ERR_OK;
}

/* An argument of a part, in the arena. */
static const char *join(struct up *u, const char *first, const char *second)
{
    struct buf b = BUF_INIT(4096);
    const char *z;

    buf_addf(&b, "%s%s", first, second);
    z = arena_z(&u->net.arena, buf_str(&b));
    buf_release(&b);
    return z;
}

/* A number as an argument of a part. */
static const char *number(struct up *u, const char *before, uint64_t v)
{
    char text[64];
    struct buf b = BUF_OVER(text);

    buf_addz(&b, before);
    buf_add_u64(&b, v);
    return arena_z(&u->net.arena, buf_str(&b));
}

static enum err start_chain(struct up *u, struct buf *why)
{
    const char *home = network_path(&u->net, "chain");
    const char *const args[] = {"--home",
                                home,
                                "--port",
                                number(u, "", u->port[0]),
                                "--block-time-ms",
                                number(u, "", u->o.block_time_ms),
                                "--die-with-parent",
                                NULL};
    struct rpc_block head;
    enum err e = network_start(&u->net, PART_CHAIN, args, why);

    if (!e)
        e = network_await(&u->net, PART_CHAIN, why);
    if (e)
        return e;
    u->rpc = rpc_new(u->net.part[PART_CHAIN].url);
    e = rpc_block_final(u->rpc, &head, why);
    if (!e)
        report_part(&u->report, "chain", "%s, at block %llu, a block every %llu ms",
                    u->net.part[PART_CHAIN].url, (unsigned long long)head.height,
                    (unsigned long long)u->o.block_time_ms);
    return e;
}

static enum err start_coordinator(struct up *u, struct buf *why)
{
    const char *chain = u->net.part[PART_CHAIN].url;
    const char *const args[] = {"--db",
                                network_path(&u->net, "coordinator/coordinator.db"),
                                "--listen",
                                number(u, "127.0.0.1:", u->port[1]),
                                "--contract-id",
                                ACCOUNT_OUTLAYER,
                                "--neardata-url",
                                chain,
                                "--rpc-url",
                                chain,
                                "--register-id",
                                ACCOUNT_OPERATOR,
                                "--worker-token-file",
                                u->token_file,
                                "--keystore-url",
                                u->net.part[PART_KEYSTORE].url,
                                "--die-with-parent",
                                NULL};
    enum err e = dir_make(network_path(&u->net, "coordinator"), why);

    if (!e)
        e = bootstrap_token(u->token_file, why);
    return e ? e : network_start(&u->net, PART_COORDINATOR, args, why);
}

static enum err prepare_accounts(struct up *u, struct buf *why)
{
    u->boot = (struct bootstrap){
        .net = &u->net,
        .rpc = u->rpc,
        .root_key_file = network_path(&u->net, "chain/credentials/" LOCAL_NETWORK_ID "/test.json"),
        .init_key_file = network_path(&u->net, "keys/init.json"),
        .fastfs_key_file = network_path(&u->net, "keys/fastfs.json"),
        .simulator_dir = network_path(&u->net, "simulator"),
    };
    return bootstrap_prepare(&u->boot, why);
}

static enum err make_accounts(struct up *u, struct buf *why)
{
    struct bootstrap *b = &u->boot;
    char outlayer_size[32], caller_size[32], register_size[32];
    struct buf outlayer = BUF_OVER(outlayer_size), caller = BUF_OVER(caller_size);
    struct buf reg = BUF_OVER(register_size);
    enum err e;

    e = bootstrap_run(b, why);
    if (e)
        return e;
    report_part(&u->report, "accounts", "%s, %s, %s, %s%s", ACCOUNT_OUTLAYER, ACCOUNT_OPERATOR,
                ACCOUNT_USER, ACCOUNT_CALLER, b->made ? "" : " (as before)");
    report_put_count(&outlayer, b->outlayer_size);
    report_put_count(&caller, b->caller_size);
    report_put_count(&reg, b->register_size);
    report_part(&u->report, "contracts",
                ACCOUNT_OUTLAYER " %s bytes, " ACCOUNT_OPERATOR " %s bytes, " ACCOUNT_CALLER
                                 " %s bytes",
                outlayer_size, register_size, caller_size);
    return ERR_OK;
}

static enum err start_fastfs(struct up *u, struct buf *why)
{
    const char *const args[] = {"--db",
                                network_path(&u->net, "fastfs/files.db"),
                                "--listen",
                                number(u, "127.0.0.1:", u->port[3]),
                                "--neardata-url",
                                u->net.part[PART_CHAIN].url,
                                "--start-height",
                                "0",
                                "--die-with-parent",
                                NULL};
    enum err e = dir_make(network_path(&u->net, "fastfs"), why);

    return e ? e : network_start(&u->net, PART_FASTFS, args, why);
}

static enum err start_keystore(struct up *u, struct buf *why)
{
    const char *const args[] = {"--listen",
                                number(u, "127.0.0.1:", u->port[4]),
                                "--rpc-url",
                                u->net.part[PART_CHAIN].url,
                                "--contract-id",
                                ACCOUNT_OUTLAYER,
                                "--operator-id",
                                ACCOUNT_OPERATOR,
                                "--register-id",
                                ACCOUNT_OPERATOR,
                                "--master-file",
                                network_path(&u->net, "keystore/master.sealed"),
                                "--seal-key-file",
                                network_path(&u->net, "keystore/seal.key"),
                                "--create-master",
                                "--allow-unlocked-memory",
                                "--worker-token-file",
                                u->keystore_token_file,
                                "--die-with-parent",
                                NULL};
    enum err e = dir_make(network_path(&u->net, "keystore"), why);

    if (!e)
        e = bootstrap_token(u->keystore_token_file, why);
    return e ? e : network_start(&u->net, PART_KEYSTORE, args, why);
}

static enum err start_worker(struct up *u, struct buf *why)
{
    const struct str toolchain = build_toolchain(&u->net.arena);
    const char *const args[] = {
        "--coordinator-url",
        u->net.part[PART_COORDINATOR].url,
        "--rpc-url",
        u->net.part[PART_CHAIN].url,
        "--contract-id",
        ACCOUNT_OUTLAYER,
        "--batch-seconds",
        "5",
        "--operator-id",
        ACCOUNT_OPERATOR,
        "--init-key-file",
        u->boot.init_key_file,
        "--token-file",
        u->token_file,
        "--home",
        network_path(&u->net, "worker"),
        "--quote-source",
        join(u, "simulator:", u->boot.simulator_dir),
        "--allow-http-loopback",
        "--die-with-parent",
        "--drain-seconds",
        "0",
        "--fastfs-key-file",
        u->boot.fastfs_key_file,
        "--fastfs-receiver",
        ACCOUNT_FASTFS,
        "--fastfs-url",
        join(u, u->net.part[PART_FASTFS].url, "/{sender}/{receiver}/{path}"),
        "--keystore-url",
        u->net.part[PART_KEYSTORE].url,
        "--keystore-token-file",
        u->keystore_token_file,
        toolchain.len ? "--toolchain" : NULL,
        toolchain.ptr,
        NULL};
    return network_start(&u->net, PART_WORKER, args, why);
}

static enum err await_worker(struct up *u, struct buf *why)
{
    enum err e = network_await(&u->net, PART_WORKER, why);

    if (!e)
        report_part(&u->report, "worker",
                    "registered at %s by a SIMULATED quote; its key is for four methods only",
                    ACCOUNT_OPERATOR);
    return e;
}

static enum err serve_program(struct up *u, struct buf *why)
{
    const char *file = u->o.guest, *slash;
    struct buf url = BUF_INIT(512);
    char bytes[32];
    struct buf count = BUF_OVER(bytes);
    size_t size;
    enum err e = ERR_OK;

    if (!file)
        e = self_share(&u->net.arena, "guests/random.wasm", &file, why);
    if (!e)
        e = file_server_start(u->port[2], &u->files, why);
    if (e)
        return e;
    slash = strrchr(file, '/');
    /* A URL of our own making: no file name can put anything odd into it. */
    u->program_name = u->o.guest ? "program.wasm" : "random.wasm";
    u->program_file = file;
    e = file_server_add(u->files, u->program_name, file, &u->program_hash, &size, why);
    if (e)
        return e;
    buf_addf(&url, "%s/%s", file_server_url(u->files), u->program_name);
    u->program_url = arena_z(&u->net.arena, buf_str(&url));
    buf_release(&url);
    report_put_count(&count, size);
    report_part(&u->report, "files", "%s (%s, %s bytes)", u->program_url, slash ? slash + 1 : file,
                bytes);
    return ERR_OK;
}

/* Programs must be there before anything is started for them. */
static enum err start_all(struct up *u, struct buf *why)
{
    enum err e;

    if (u->o.guest && !file_exists(u->o.guest))
        return err_put(why, ERR_ABSENT, "there is no file '%s'", u->o.guest);
    u->token_file = network_path(&u->net, "keys/worker-token");
    u->keystore_token_file = network_path(&u->net, "keys/keystore-token");
    e = dir_make(network_path(&u->net, "keys"), why);
    if (!e)
        e = choose_ports(u, why);
    if (!e)
        e = start_chain(u, why);
    if (!e)
        e = start_keystore(u, why);
    if (!e)
        e = start_fastfs(u, why);
    if (!e)
        e = prepare_accounts(u, why);
    /* The coordinator is told where the keystore is, which may have chosen its port itself. */
    if (!e)
        e = network_await(&u->net, PART_KEYSTORE, why);
    if (!e)
        e = start_coordinator(u, why);
    if (!e)
        e = network_await(&u->net, PART_COORDINATOR, why);
    if (!e)
        e = network_await(&u->net, PART_FASTFS, why);
    /* It gets ready while the contracts are deployed, and registers as soon as they are. */
    if (!e)
        e = start_worker(u, why);
    if (!e)
        e = make_accounts(u, why);
    if (e)
        return e;
    report_part(&u->report, "coordinator", "%s", u->net.part[PART_COORDINATOR].url);
    report_part(&u->report, "fastfs", "%s", u->net.part[PART_FASTFS].url);
    report_part(&u->report, "keystore", "%s", u->net.part[PART_KEYSTORE].url);
    e = await_worker(u, why);
    return e ? e : serve_program(u, why);
}

static enum err tell_story(struct up *u, struct buf *why)
{
    const struct story s = {
        .net = &u->net,
        .report = &u->report,
        .rpc = u->rpc,
        .coordinator_url = u->net.part[PART_COORDINATOR].url,
        .user_key_file = bootstrap_key_file(&u->net, ACCOUNT_USER),
        .program_url = u->program_url,
        .program_name = u->program_name,
        .program_hash = u->program_hash,
        .input = u->o.input,
    };

    report_title(&u->report, "\nOne request: %s calls %s, which asks %s to run %s with %s",
                 ACCOUNT_USER, ACCOUNT_CALLER, ACCOUNT_OUTLAYER, u->program_name, u->o.input);
    return story_run(&s, &u->result, why);
}

/* For a program that started us: where everything is, once it is there. */
static void print_ready(const struct up *u)
{
    struct buf b = BUF_INIT(16384);

    json_obj(&b);
    put_bool(&b, "ready", true);
    put_z(&b, "home", u->net.home);
    put_z(&b, "chain", u->net.part[PART_CHAIN].url);
    put_z(&b, "coordinator", u->net.part[PART_COORDINATOR].url);
    put_z(&b, "keystore", u->net.part[PART_KEYSTORE].url);
    put_z(&b, "program_url", u->program_url);
    put_hex(&b, "program_sha256", hash_str(&u->program_hash));
    put_u64(&b, "request_id", u->result.request_id);
    json_obj_end(&b);
    puts(buf_z(&b));
    buf_release(&b);
}

static void print_summary(const struct up *u)
{
    const struct report *r = &u->report;
    const char *chain = u->net.part[PART_CHAIN].url, *coord = u->net.part[PART_COORDINATOR].url;
    static const char *const who[][2] = {
        {ACCOUNT_USER, "a user with 10,000 NEAR"},
        {ACCOUNT_CALLER, "the example contract: call_outlayer"},
        {ACCOUNT_OUTLAYER, "the contract and its owner: request_execution"},
        {ACCOUNT_OPERATOR, "the worker's account"},
        {"test", "made all others, with a fortune"},
    };
    char hex[65];
    struct buf h = BUF_OVER(hex);

    hash_put_hex(&h, &u->program_hash);
    report_title(r, "\nWhere everything listens");
    report_text(r, "  chain        %s (JSON-RPC; blocks at /v0/block/HEIGHT)\n", chain);
    report_text(r, "  pages        %s/executions\n", coord);
    report_text(r, "  coordinator  %s (/requests/ID, /public/jobs, /health)\n", coord);
    report_text(r, "  fastfs       %s/SENDER/RECEIVER/PATH\n", u->net.part[PART_FASTFS].url);
    report_text(r, "  keystore     %s (for `outlayer secrets`)\n", u->net.part[PART_KEYSTORE].url);
    report_text(r, "  files        %s\n", u->program_url);
    report_text(r, "  logs         %s/logs/\n", u->net.home);
    report_title(r, "\nAccounts, with their keys in %s/credentials/%s/", u->net.home,
                 LOCAL_NETWORK_ID);
    for (size_t i = 0; i < countof(who); i++)
        report_text(r, "  %-21s %s\n", who[i][0], who[i][1]);
    report_title(r, "\nWhat to try next");
    report_text(
        r,
        "  . %s/env\n"
        "      `outlayer` is then on the PATH, finds this network and signs as " ACCOUNT_USER "\n",
        u->net.home);
    report_text(r, "  outlayer run %s --input '%s'\n", u->program_file, u->o.input);
    report_text(r, "  outlayer request --wasm %s --input '%s'\n", u->program_url, u->o.input);
    report_text(r, "  curl -s %s/requests/%llu\n", coord, (unsigned long long)u->result.request_id);
    report_text(r, "  request_execution on %s from your own contract, with this source:\n",
                ACCOUNT_OUTLAYER);
    report_text(r, "    {\"WasmUrl\":{\"url\":\"%s\",\"hash\":\"%s\"}}\n", u->program_url, hex);
    report_text(r, "  docs/guides/quickstart.md shows that with near-api-js and near-cli\n");
    report_text(r, "\nCtrl-C stops everything; `outlayer up%s%s` continues this chain.\n",
                u->o.home ? " --home " : "", u->o.home ? u->o.home : "");
}

/* The last line of --once, also when there was no result. */
static void print_result(const struct up *u, const struct buf *why)
{
    struct buf line = BUF_INIT(LINE_MAX_OUT);
    struct story_result none = STORY_RESULT_INIT;

    if (why) {
        buf_add_str(&none.error, buf_str(why));
        story_result_put(&none, &line);
    } else {
        story_result_put(&u->result, &line);
    }
    puts(buf_z(&line));
    buf_release(&line);
    story_result_release(&none);
}

static int run(struct up *u, struct buf *why)
{
    enum err e = start_all(u, why);

    if (!e) {
        report_text(&u->report, "Ready in %llu ms.\n",
                    (unsigned long long)(clock_mono_ms() - u->began_ms));
        e = network_env(&u->net, bootstrap_key_file(&u->net, ACCOUNT_USER), ACCOUNT_OPERATOR, why);
    }
    if (!e)
        e = tell_story(u, why);
    if (e)
        return u->net.state == NETWORK_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_FAILED;
    if (u->o.once)
        return u->result.success ? EXIT_DONE : EXIT_FAILED;
    if (u->o.json)
        print_ready(u);
    else
        print_summary(u);
    if (network_watch(&u->net, UINT64_MAX) == NETWORK_INTERRUPTED)
        return EXIT_DONE;
    (void)!network_check(&u->net, why);
    return EXIT_FAILED;
}

static void say_how_it_ended(struct up *u, int status, const struct buf *why)
{
    if (u->net.state == NETWORK_INTERRUPTED) {
        fprintf(stderr, "\nStopping the worker, the coordinator and the chain.\n");
    } else if (why->len) {
        command_failed(why);
        network_explain(&u->net);
    }
    if (u->net.home && (status != EXIT_DONE || u->net.state == NETWORK_INTERRUPTED))
        fprintf(stderr, "Everything is kept in %s.\n", u->net.home);
}

int cmd_up(int argc, char **argv)
{
    struct up u = {
        .o = {.port_base = PORT_ANY, .block_time_ms = 200, .input = "{\"min\":1,\"max\":100}"},
        .net = NETWORK_NONE,
        .result = STORY_RESULT_INIT,
        .began_ms = clock_mono_ms()};
    struct buf why = WHY_INIT;
    int operands, status = EXIT_FAILED;

    if (!command_begin(&command_up, argc, argv, &u.o, &operands, &status))
        return status;
    if (operands < argc) {
        err_put(&why, ERR_FORMAT, "'%s' is one argument too many", argv[operands]);
        status = command_misused(&command_up, &why);
        goto out;
    }
    u.report = (struct report){.json = u.o.json};
    if (choose_home(&u, &why) || network_open(&u.net, u.home, &why)) {
        status = command_failed(&why);
    } else {
        report_title(&u.report, "OutLayer, a local network in %s", u.net.home);
        status = run(&u, &why);
        say_how_it_ended(&u, status, &why);
    }
    file_server_stop(u.files);
    rpc_free(u.rpc);
    network_close(&u.net);
    if (u.home_is_temporary && status == EXIT_DONE)
        (void)!dir_remove(u.home, NULL);
    if (u.o.once)
        print_result(&u, status && why.len ? &why : NULL);
    story_result_release(&u.result);
out:
    buf_release(&why);
    return status;
}
