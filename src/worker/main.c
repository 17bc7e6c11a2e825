/*
 * outlayer-worker — takes jobs from the coordinator, runs them, answers the contract.
 *
 * It holds the operator's function-call key, which can call four methods of the contract and spend
 * nothing but gas. It must never parse foreign bytes that it can leave to a child: downloads are
 * made by outlayer-fetch, programs are run by outlayer-exec. It trusts neither the coordinator
 * (what it says is read back from the chain) nor the guest (its output is bytes).
 *
 * Three threads: this one leases and runs, one job at a time; the keeper renews leases and waits
 * for the end; the courier carries answers to the chain. Killed at any instant, the next start
 * finds the outbox and goes on.
 *
 * Next to read: work.c, then courier.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/options.h"
#include "codec/hex.h"
#include "near/fastfs.h"
#include "near/rpc.h"
#include "proc/self.h"
#include "worker/work.h"

#define PATH_BYTES     4096
#define LEASE_WAIT_MS  30000
#define FAULT_WAIT_MS  500
#define FAULT_WAIT_MAX 5000
#define TOKEN_FILE_MAX 512
#define MB             (1024 * 1024)

struct options {
    const char *coordinator_url, *rpc_url, *contract_id, *operator_id, *key_file, *token_file,
        *home, *network_id, *worker_id, *toolchain, *fastfs_key, *fastfs_receiver, *fastfs_url,
        *isolation, *keystore_url, *keystore_token, *guest_rpc_url;
    uint64_t cache_mb;
    bool allow_http_loopback, guest_loopback, guest_rpc_read_only, die_with_parent;
};

static const struct opt table[] = {
    OPT_TEXT("coordinator-url", "URL", struct options, coordinator_url, "OUTLAYER_COORDINATOR_URL",
             "where jobs come from"),
    OPT_TEXT("rpc-url", "URL", struct options, rpc_url, "OUTLAYER_RPC_URL",
             "a NEAR node's JSON-RPC"),
    OPT_TEXT("contract-id", "ACCOUNT", struct options, contract_id, "OUTLAYER_CONTRACT_ID",
             "the OutLayer contract"),
    OPT_TEXT("operator-id", "ACCOUNT", struct options, operator_id, "OUTLAYER_OPERATOR_ID",
             "account that answers; default: the one in the key file"),
    OPT_TEXT("key-file", "FILE", struct options, key_file, "OUTLAYER_KEY_FILE",
             "its function-call key, mode 0600"),
    OPT_TEXT("token-file", "FILE", struct options, token_file, "OUTLAYER_WORKER_TOKEN_FILE",
             "the coordinator's bearer token, mode 0600"),
    OPT_TEXT("home", "DIR", struct options, home, "OUTLAYER_WORKER_HOME",
             "outbox and caches; one worker per folder"),
    OPT_TEXT("network-id", "NAME", struct options, network_id, "OUTLAYER_NETWORK_ID",
             "what guests see as NEAR_NETWORK_ID; default: the node's chain id"),
    OPT_TEXT("worker-id", "NAME", struct options, worker_id, "OUTLAYER_WORKER_ID",
             "name at the coordinator; default: made once and kept in --home"),
    OPT_TEXT("toolchain", "DIR", struct options, toolchain, "OUTLAYER_TOOLCHAIN",
             "compilers that tools/build-toolchain made; default: in the user's cache"),
    OPT_TEXT("fastfs-key-file", "FILE", struct options, fastfs_key, "OUTLAYER_FASTFS_KEY_FILE",
             "key that publishes programs on FastFS, mode 0600; default: none"),
    OPT_TEXT("fastfs-receiver", "ACCOUNT", struct options, fastfs_receiver,
             "OUTLAYER_FASTFS_RECEIVER", "account that files are sent to (fastfs.near)"),
    OPT_TEXT("fastfs-url", "TEMPLATE", struct options, fastfs_url, "OUTLAYER_FASTFS_URL",
             "where they are served (" FASTFS_URL ")"),
    OPT_TEXT("keystore-url", "URL", struct options, keystore_url, "OUTLAYER_KEYSTORE_URL",
             "where secrets come from; default: none"),
    OPT_TEXT("keystore-token-file", "FILE", struct options, keystore_token,
             "OUTLAYER_KEYSTORE_TOKEN_FILE", "its bearer token, mode 0600"),
    OPT_TEXT("guest-rpc-url", "URL", struct options, guest_rpc_url, "OUTLAYER_GUEST_RPC_URL",
             "the node that programs ask through near:rpc/api; none: they get none (--rpc-url)"),
    OPT_FLAG("guest-rpc-read-only", struct options, guest_rpc_read_only,
             "refuse the transactions that programs send there"),
    OPT_U64("cache-mb", "N", struct options, cache_mb, 16, 1048576, "OUTLAYER_CACHE_MB",
            "downloaded programs kept on disk, in MiB (256)"),
    OPT_FLAG("allow-http-loopback", struct options, allow_http_loopback,
             "development: programs and repositories may come from this machine"),
    OPT_TEXT("isolation", "WHICH", struct options, isolation, "OUTLAYER_ISOLATION",
             "tenant: a process serves one sender's runs of one program, memory fresh each time "
             "(default); run: a process for every run"),
    OPT_FLAG("allow-guest-loopback", struct options, guest_loopback,
             "development: programs that run may send HTTP requests to this machine"),
    OPT_FLAG("die-with-parent", struct options, die_with_parent, "end when the starter ends"),
    OPT_END,
};

static enum err options_check(const struct options *o, struct buf *why)
{
    const struct {
        const char *name, *value;
    } needed[] = {
        {"coordinator-url", o->coordinator_url}, {"rpc-url", o->rpc_url},
        {"contract-id", o->contract_id},         {"key-file", o->key_file},
        {"token-file", o->token_file},           {"home", o->home},
    };

    for (size_t i = 0; i < countof(needed); i++)
        if (!needed[i].value || !needed[i].value[0])
            return err_put(why, ERR_FORMAT, "--%s is missing; see --help", needed[i].name);
    if (o->keystore_url && !o->keystore_token)
        return err_put(why, ERR_FORMAT, "--keystore-url needs --keystore-token-file");
    if (!account_id_valid(str_of(o->contract_id)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", o->contract_id);
    if (!account_id_valid(str_of(o->fastfs_receiver)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", o->fastfs_receiver);
    if (o->isolation && strcmp(o->isolation, "tenant") != 0 && strcmp(o->isolation, "run") != 0)
        return err_put(why, ERR_FORMAT, "--isolation is tenant or run, not '%s'", o->isolation);
    return ERR_OK;
}

static enum err path_in(const char *home, const char *name, char out[PATH_BYTES], struct buf *why)
{
    struct buf b = {.ptr = out, .cap = PATH_BYTES - 1, .max = PATH_BYTES - 1, .fixed = true};

    buf_addf(&b, "%s/%s", home, name);
    return b.full ? err_put(why, ERR_TOO_BIG, "the path '%.100s…' is too long", home) : ERR_OK;
}

static void random_hex(char *out, size_t bytes)
{
    uint8_t room[16];
    struct buf b = {.ptr = out, .cap = 2 * bytes, .max = 2 * bytes, .fixed = true};

    BUG_ON(bytes > sizeof(room));
    random_bytes(room, bytes);
    hex_put(&b, room, bytes);
}

/* The coordinator knows a worker by a name that outlives the process, and its start by another. */
static enum err name_make(const struct options *o, struct worker_name *out, struct buf *why)
{
    struct buf id = BUF_OVER(out->id);
    char path[PATH_BYTES], digits[17] = "";
    enum err e;

    memset(out, 0, sizeof(*out));
    random_hex(out->session, 16);
    if (o->worker_id) {
        buf_addz(&id, o->worker_id);
        return id.full || !id.len ? err_put(why, ERR_FORMAT, "--worker-id is empty or too long")
                                  : ERR_OK;
    }
    e = path_in(o->home, "worker-id", path, why);
    if (e)
        return e;
    e = file_read(path, &id, why);
    if (e != ERR_ABSENT)
        return e;
    random_hex(digits, 8);
    buf_addf(&id, "worker-%s", digits);
    return file_write_atomic(path, buf_str(&id), 0600, why);
}

static enum err key_load(const struct options *o, struct near_key *out, struct buf *why)
{
    enum err e = near_key_load(o->key_file, out, why);

    if (!e && o->operator_id && !str_eqz(account_id_str(&out->account), o->operator_id)) {
        e = err_put(why, ERR_CONFLICT, "the key in '%s' is that of '%s', not of '%s'", o->key_file,
                    out->account.s, o->operator_id);
        near_key_wipe(out);
    }
    return e;
}

static enum err token_load(const char *path, struct buf *out, struct buf *why)
{
    enum err e = file_read(path, out, why);

    if (!e && !str_trim(buf_str(out)).len)
        e = err_put(why, ERR_FORMAT, "the token file '%s' is empty", path);
    return e;
}

/* Ask the node until it answers: a network that is still starting is no reason to give up. */
static void network_wait(struct worker *w, const struct options *o, struct buf *name)
{
    struct buf why = WHY_INIT;

    for (;;) {
        buf_clear(name);
        if (!rpc_chain_id(w->rpc, name, &why))
            break;
        log_unusual("node_not_there", "url=%s why=%s", o->rpc_url, buf_z(&why));
        clock_sleep_ms(FAULT_WAIT_MS);
    }
    w->network_id = o->network_id ? o->network_id : buf_z(name);
    buf_release(&why);
}

NORETURN static void serve(struct worker *w, const struct worker_name *who)
{
    uint64_t pause = FAULT_WAIT_MS;

    for (;;) {
        struct arena a = ARENA_INIT;
        struct buf why = WHY_INIT;
        struct lease l;
        enum err e;

        if (courier_open(w->courier) >= OUTBOX_OPEN_MAX - 16) {
            clock_sleep_ms(FAULT_WAIT_MS);
            continue;
        }
        e = coordinator_lease(w->coordinator, who, LEASE_WAIT_MS, &a, &l, &why);
        if (!e && l.contract_id.len && !str_eq(l.contract_id, w->contract_id))
            e = err_put(&why, ERR_CONFLICT, "the coordinator follows '%.*s', we answer for '%.*s'",
                        STR_ARG(l.contract_id), STR_ARG(w->contract_id));
        if (!e) {
            work_one(w, &l, &a);
            pause = FAULT_WAIT_MS;
        } else if (e != ERR_EMPTY) {
            log_unusual("no_lease", "why=%s", buf_z(&why));
            clock_sleep_ms(pause);
            pause = pause * 2 > FAULT_WAIT_MAX ? FAULT_WAIT_MAX : pause * 2;
        }
        buf_release(&why);
        arena_release(&a);
    }
}

static enum err start(const struct options *o, struct buf *why)
{
    /* Static: other threads use them until the process ends. */
    static struct worker w;
    static struct near_key key, fastfs_key;
    static struct worker_name who;
    static char token_room[TOKEN_FILE_MAX + 1], keystore_room[TOKEN_FILE_MAX + 1], network_room[64];
    struct buf token = BUF_OVER(token_room), network = BUF_OVER(network_room);
    struct buf keystore = BUF_OVER(keystore_room);
    struct courier_opts courier = {
        .key = &key, .rpc_url = o->rpc_url, .coordinator_url = o->coordinator_url};
    char outbox_path[PATH_BYTES];
    int signal_fd;
    enum err e = self_signal_fd(&signal_fd, why);

    if (!e)
        e = dir_make(o->home, why);
    if (!e)
        e = key_load(o, &key, why);
    if (!e && o->fastfs_key) {
        e = near_key_load(o->fastfs_key, &fastfs_key, why);
        w.fastfs_key = &fastfs_key;
    }
    w.fastfs_receiver = str_of(o->fastfs_receiver);
    w.fastfs_url = str_of(o->fastfs_url);
    if (!e)
        e = token_load(o->token_file, &token, why);
    if (!e && o->keystore_url)
        e = token_load(o->keystore_token, &keystore, why);
    if (!e)
        e = name_make(o, &who, why);
    if (!e)
        e = path_in(o->home, "outbox.db", outbox_path, why);
    if (!e)
        e = outbox_open(outbox_path, &w.outbox, why);
    if (!e)
        e = outbox_prune(w.outbox, why);
    w.runner.fresh_process = o->isolation && strcmp(o->isolation, "run") == 0;
    w.runner.guest_loopback = o->guest_loopback;
    if (!e)
        e = runner_init(&w.runner, o->home, o->cache_mb * MB, o->toolchain, o->allow_http_loopback,
                        why);
    if (e)
        return e;
    courier.token = str_trim(buf_str(&token));
    e = keeper_start(o->coordinator_url, courier.token, &who, signal_fd, &w.keeper, why);
    if (e)
        return e;
    w.contract_id = str_of(o->contract_id);
    w.rpc = rpc_new(o->rpc_url);
    if (o->keystore_url)
        w.keystore =
            keystore_client_new(o->keystore_url, str_trim(buf_str(&keystore)), &key, w.contract_id);
    w.give.keystore = w.keystore;
    w.give.rpc_read_only = o->guest_rpc_read_only;
    if (!o->guest_rpc_url)
        w.give.rpc = rpc_new(o->rpc_url);
    else if (strcmp(o->guest_rpc_url, "none") != 0)
        w.give.rpc = rpc_new(o->guest_rpc_url);
    w.coordinator = coordinator_new(o->coordinator_url, courier.token);
    network_wait(&w, o, &network);
    courier.outbox = w.outbox;
    courier.keeper = w.keeper;
    e = courier_start(&courier, &w.courier, why);
    if (e)
        return e;
    log_info("ready", "worker=%s contract=%s operator=%s network=%s", who.id, o->contract_id,
             key.account.s, w.network_id);
    printf("{\"ready\":true}\n");
    fflush(stdout);
    serve(&w, &who);
}

int main(int argc, char **argv)
{
    struct options o = {
        .cache_mb = 256, .fastfs_receiver = "fastfs.near", .fastfs_url = FASTFS_URL};
    struct buf why = WHY_INIT;
    bool help = false;
    int operands = 0;
    enum err e;

    self_init("outlayer-worker");
    crypto_init();
    e = self_conceal(&why);
    if (!e)
        e = options_read(table, argc, argv, &o, &help, &operands, &why);
    if (help) {
        struct buf text = BUF_INIT(16384);

        buf_addz(&text, "usage: outlayer-worker [OPTION…]\n\n"
                        "Takes jobs from the coordinator, runs them, answers the contract.\n\n");
        options_print(table, &text);
        fputs(buf_z(&text), stdout);
        buf_release(&text);
        return 0;
    }
    if (!e && operands < argc)
        e = err_put(&why, ERR_FORMAT, "'%s' is no option; see --help", argv[operands]);
    if (!e)
        e = options_check(&o, &why);
    if (e) {
        fprintf(stderr, "outlayer-worker: %s\n", buf_z(&why));
        return 2;
    }
    if (o.die_with_parent)
        self_die_with_parent();
    e = start(&o, &why);
    log_broken("not_started", "why=%s", buf_z(&why));
    buf_release(&why);
    return e ? 1 : 0;
}
