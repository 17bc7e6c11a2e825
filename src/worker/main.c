/*
 * outlayer-worker — takes jobs from the coordinator, runs them, answers the contract.
 *
 * It holds a function-call key of the operator's account, which can call four methods of the
 * contract and spend nothing but gas: from a file, or made here and registered by a quote. It must
 * never parse foreign bytes that it can leave to a child: downloads are made by outlayer-fetch,
 * programs are run by outlayer-exec. It trusts neither the coordinator (what it says is read back
 * from the chain) nor the guest (its output is bytes).
 *
 * Threads: each slot leases and runs one job after the other; the keeper renews leases; the courier
 * carries answers to the chain; one waits for signals. Killed at any instant, the next start finds
 * the outbox and goes on.
 *
 * Next to read: work.c, then slots.c and courier.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/usage.h"
#include "codec/hex.h"
#include "near/fastfs.h"
#include "near/rpc.h"
#include "proc/self.h"
#include "worker/registrar.h"
#include "worker/signals.h"

#define IPFS_GATEWAY   "https://ipfs.io"
#define FAULT_WAIT_MS  500
#define TOKEN_FILE_MAX 512
#define MB             (1024 * 1024)

struct options {
    const char *coordinator_url, *rpc_url, *contract_id, *operator_id, *key_file, *token_file,
        *home, *network_id, *worker_id, *toolchain, *fastfs_key, *fastfs_receiver, *fastfs_url,
        *keystore_url, *keystore_token, *settings_file, *guest_rpc_url, *quote_source, *register_id,
        *ipfs_gateway, *init_key_file;
    struct settings settings;
    uint64_t epoch_s, batch_s;
    uint64_t guest_requests, guest_at_once, guest_net_mb, code_cache_mb, crates_mb;
    struct opt_list guest_hosts;
    bool guest_no_network;
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
    OPT_TEXT(
        "init-key-file", "FILE", struct options, init_key_file, "OUTLAYER_INIT_KEY_FILE",
        "instead of it: the key, mode 0600, of the account that may register; the worker makes "
        "its own key and registers it by a TDX quote"),
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
    OPT_TEXT("ipfs-gateway", "URL", struct options, ipfs_gateway, "OUTLAYER_IPFS_GATEWAY",
             "where ipfs:// URLs are fetched (" IPFS_GATEWAY "); empty: they are refused"),
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
    SETTINGS_ROWS(struct options, settings.),
    OPT_U64("code-cache-mb", "N", struct options, code_cache_mb, 16, 1048576,
            "OUTLAYER_CODE_CACHE_MB", "compiled programs kept on disk, in MiB (1024)"),
    OPT_U64("crates-mb", "N", struct options, crates_mb, 0, 1048576, "OUTLAYER_CRATES_MB",
            "compiled crates of the Rust registry kept on disk, in MiB (2048); 0: none"),
    OPT_TEXT("settings", "FILE", struct options, settings_file, "OUTLAYER_WORKER_SETTINGS",
             "the six options above as lines of 'name = value', read again on SIGHUP; what stands "
             "there counts more than what is given here"),
    OPT_TEXT("quote-source", "WHICH", struct options, quote_source, "OUTLAYER_QUOTE_SOURCE",
             "what attests this machine: dstack[:SOCKET], configfs[:DIR], simulator:DIR "
             "(SIMULATED), none; default: auto, whichever is there"),
    OPT_TEXT("register-id", "ACCOUNT", struct options, register_id, "OUTLAYER_REGISTER_ID",
             "the register contract; default: the operator's account"),
    OPT_U64("epoch-seconds", "N", struct options, epoch_s, 1, EPOCH_S_MAX, NULL,
            "between two quotes of this worker (21600)"),
    OPT_U64("batch-seconds", "N", struct options, batch_s, 1, 3600, NULL,
            "statements of so long are anchored together (60)"),
    OPT_FLAG("allow-http-loopback", struct options, allow_http_loopback,
             "development: programs and repositories may come from this machine"),
    OPT_LIST(
        "guest-host", "HOST", struct options, guest_hosts,
        "programs may send HTTP requests to this host only; may be repeated (every public one)"),
    OPT_FLAG("guest-no-network", struct options, guest_no_network,
             "programs may send no HTTP requests at all"),
    OPT_U64("guest-requests", "N", struct options, guest_requests, 1, 10000,
            "OUTLAYER_GUEST_REQUESTS", "of one run (100)"),
    OPT_U64("guest-at-once", "N", struct options, guest_at_once, 1, NET_OPEN_MAX,
            "OUTLAYER_GUEST_AT_ONCE", "of them at the same time (32)"),
    OPT_U64("guest-net-mb", "N", struct options, guest_net_mb, 1, 65536, "OUTLAYER_GUEST_NET_MB",
            "MiB that they may send and receive in one run (64)"),
    OPT_FLAG("allow-guest-loopback", struct options, guest_loopback,
             "development: programs that run may send HTTP requests to this machine"),
    OPT_FLAG("die-with-parent", struct options, die_with_parent, "end when the starter ends"),
    OPT_END,
};

/* What the settings above are called when a program wants more than they allow. */
static const struct net_settings guest_settings = {
    .hosts = "the worker's --guest-host",
    .requests = "the worker's --guest-requests",
    .at_once = "the worker's --guest-at-once",
    .bytes = "the worker's --guest-net-mb",
    .loopback = "the worker's --allow-guest-loopback",
    .none = "the worker's --guest-no-network",
};

static void guest_policy(const struct options *o, struct net_policy *p)
{
    static struct str hosts[OPT_LIST_MAX];

    *p = net_policy_default(&guest_settings);
    for (size_t i = 0; i < o->guest_hosts.n; i++)
        hosts[i] = str_of(o->guest_hosts.item[i]);
    p->hosts = o->guest_hosts.n ? hosts : NULL;
    p->nhosts = o->guest_hosts.n;
    p->denied = o->guest_no_network;
    p->loopback = o->guest_loopback;
    if (o->guest_requests)
        p->requests_max = (uint32_t)o->guest_requests;
    if (o->guest_at_once)
        p->at_once_max = (uint32_t)o->guest_at_once;
    if (o->guest_net_mb)
        p->bytes_max = o->guest_net_mb * MB;
}

static const char *const examples[] = {
    "outlayer-worker --coordinator-url https://coordinator.example --token-file token \\\n"
    "      --rpc-url https://rpc.testnet.near.org --contract-id outlayer.testnet \\\n"
    "      --operator-id operator.testnet --key-file operator.json --home /var/lib/outlayer/worker",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-worker",
    .summary = "take jobs from the coordinator, run them, answer the contract",
    .usage = "--coordinator-url URL --token-file FILE --rpc-url URL --contract-id ACCOUNT\n"
             "       --key-file FILE|--init-key-file FILE --home DIR [options]",
    .about =
        "Prints {\"ready\":true} when it serves. SIGTERM or Ctrl-C: jobs that run may end, then "
        "it\n"
        "does; a second one ends it at once. SIGHUP: --settings is read again.\n"
        "docs/guides/worker.md says how to run one; `outlayer doctor` whether this machine can.",
    .options = table,
    .examples = examples,
};

static enum err options_check(const struct options *o, struct buf *why)
{
    const struct {
        const char *name, *value;
    } needed[] = {
        {"coordinator-url", o->coordinator_url},
        {"rpc-url", o->rpc_url},
        {"contract-id", o->contract_id},
        {"token-file", o->token_file},
        {"home", o->home},
    };

    for (size_t i = 0; i < countof(needed); i++)
        if (!needed[i].value || !needed[i].value[0])
            return err_put(why, ERR_FORMAT, "--%s is missing", needed[i].name);
    if (!o->key_file == !o->init_key_file)
        return err_put(why, ERR_FORMAT,
                       "give --key-file (OUTLAYER_KEY_FILE) or --init-key-file, and not both");
    if (o->init_key_file && !o->operator_id)
        return err_put(why, ERR_FORMAT, "--init-key-file needs --operator-id");
    if (o->init_key_file && strcmp(o->quote_source, QUOTE_NONE) == 0)
        return err_put(why, ERR_FORMAT, "--init-key-file needs a --quote-source");
    if (o->keystore_url && !o->keystore_token)
        return err_put(why, ERR_FORMAT, "--keystore-url needs --keystore-token-file");
    if (!account_id_valid(str_of(o->contract_id)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", o->contract_id);
    if (!account_id_valid(str_of(o->fastfs_receiver)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", o->fastfs_receiver);
    return ERR_OK;
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
    char path[FILE_PATH_MAX], digits[17] = "";
    enum err e;

    memset(out, 0, sizeof(*out));
    random_hex(out->session, 16);
    if (o->worker_id) {
        buf_addz(&id, o->worker_id);
        return id.full || !id.len ? err_put(why, ERR_FORMAT, "--worker-id is empty or too long")
                                  : ERR_OK;
    }
    e = file_path(o->home, "worker-id", path, why);
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
    enum err e;

    if (o->init_key_file) { /* never written down */
        ed25519_generate(&out->key);
        return account_id_parse(str_of(o->operator_id), &out->account)
                   ? ERR_OK
                   : err_put(why, ERR_FORMAT, "'%s' is no account id", o->operator_id);
    }
    e = near_key_load(o->key_file, out, why);
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
static const char *network_wait(const struct options *o, struct buf *name)
{
    struct rpc *rpc = rpc_new(o->rpc_url);
    struct buf why = WHY_INIT;

    for (unsigned n = 1;; n++) {
        buf_clear(name);
        if (!rpc_chain_id(rpc, name, &why))
            break;
        if ((n & (n - 1)) == 0) /* ever less often */
            log_unusual("node_not_there", "url=%s why=%s", o->rpc_url, buf_z(&why));
        clock_sleep_ms(FAULT_WAIT_MS);
    }
    rpc_free(rpc);
    buf_release(&why);
    return o->network_id ? o->network_id : buf_z(name);
}

static enum err outbox_start(const struct options *o, struct outbox **out, struct buf *why)
{
    char path[FILE_PATH_MAX];
    enum err e = file_path(o->home, "outbox.db", path, why);

    if (!e)
        e = outbox_open(path, out, why);
    if (!e)
        e = outbox_prune(*out, why);
    if (!e)
        e = ledger_open(*out, why);
    return e;
}

/* NULL: programs get no node. */
static const char *guest_rpc_url(const struct options *o)
{
    if (!o->guest_rpc_url)
        return o->rpc_url;
    return strcmp(o->guest_rpc_url, "none") == 0 ? NULL : o->guest_rpc_url;
}

static enum err attest_start(struct worker *w, const struct options *o, const struct near_key *key,
                             const struct x25519_key *box, const char *worker_id, struct str token,
                             struct pass *pass, struct buf *why)
{
    static struct near_key init_key;
    const struct str contract =
        o->register_id ? str_of(o->register_id) : account_id_str(&key->account);
    const struct notary_register *registrar = NULL;
    enum err e = o->init_key_file ? near_key_load(o->init_key_file, &init_key, why) : ERR_OK;

    if (e)
        return e;
    if (o->init_key_file)
        registrar = registrar_hooks(
            registrar_new(o->rpc_url, &init_key, contract, w->contract_id, &key->key.pub));
    const struct notary_opts opts = {
        .source = o->quote_source,
        .outbox = w->outbox,
        .key = key,
        .rpc_url = o->rpc_url,
        .coordinator_url = o->coordinator_url,
        .worker_id = worker_id,
        .token = token,
        .pass = pass,
        .network_id = str_of(w->network_id),
        .outlayer_contract = w->contract_id,
        .register_contract = contract,
        .epoch_s = o->epoch_s,
        .batch_s = o->batch_s,
        .registrar = registrar,
        .box_key = str_from(box->pub, sizeof(box->pub)),
    };

    e = notary_start(&opts, &w->notary, why);
    if (!e && registrar && !w->notary)
        e = err_put(why, ERR_ABSENT,
                    "this machine gives no TDX quote to register with; see "
                    "--quote-source");
    return e;
}

static enum err start(const struct options *o, struct buf *why)
{
    /* Static: other threads use them until the process ends. */
    static struct runner runner;
    static struct worker shared = {.runner = &runner};
    static struct near_key key;
    static struct publisher publisher;
    static struct x25519_key box; /* secrets are sealed to it; every epoch's quote binds it */
    static struct quoted_box quoted;
    static struct worker_name who;
    static char token_room[TOKEN_FILE_MAX + 1], keystore_room[TOKEN_FILE_MAX + 1], network_room[64];
    struct buf token = BUF_OVER(token_room), network = BUF_OVER(network_room);
    struct buf keystore = BUF_OVER(keystore_room);
    struct courier_opts courier = {
        .key = &key, .rpc_url = o->rpc_url, .coordinator_url = o->coordinator_url};
    struct signals_opts ending = {.coordinator_url = o->coordinator_url,
                                  .settings_file = o->settings_file,
                                  .who = &who,
                                  .given = o->settings,
                                  .runner = &runner};
    struct slots_opts slots = {.shared = &shared,
                               .who = &who,
                               .rpc_url = o->rpc_url,
                               .coordinator_url = o->coordinator_url,
                               .keystore_url = o->keystore_url,
                               .key = &key,
                               .quoted = &quoted,
                               .guest_rpc_url = guest_rpc_url(o),
                               .guest_rpc_read_only = o->guest_rpc_read_only,
                               .allow_http_loopback = o->allow_http_loopback,
                               .ipfs_gateway = o->ipfs_gateway};
    struct settings settings = o->settings;
    struct arena a = ARENA_INIT;
    struct signals *signals;
    struct pass *pass;
    int signal_fd;
    enum err e = signals_block(&signal_fd, why);

    if (!e)
        e = settings_read(o->settings_file, &a, &settings, why);
    if (!e)
        e = dir_make(o->home, why);
    if (!e)
        e = key_load(o, &key, why);
    if (!e && o->fastfs_key)
        e = near_key_load(o->fastfs_key, &publisher.key, why);
    if (!e)
        e = token_load(o->token_file, &token, why);
    if (!e && o->keystore_url)
        e = token_load(o->keystore_token, &keystore, why);
    if (!e)
        e = name_make(o, &who, why);
    if (!e)
        e = outbox_start(o, &shared.outbox, why);
    if (!e && o->fastfs_key) {
        publisher.outbox = shared.outbox;
        publisher.receiver = str_of(o->fastfs_receiver);
        publisher.url = str_of(o->fastfs_url);
        e = publisher_open(&publisher, why);
        shared.publisher = &publisher;
    }
    runner.fresh_process = settings_fresh_process(&settings);
    runner.code_bytes_max = o->code_cache_mb * MB;
    runner.crates_bytes_max = o->crates_mb * MB;
    guest_policy(o, &runner.policy);
    if (!e)
        e = runner_init(&runner, o->home, settings.cache_mb * MB, o->toolchain,
                        o->allow_http_loopback, why);
    arena_release(&a);
    if (e)
        return e;
    shared.contract_id = str_of(o->contract_id);
    courier.token = slots.token = ending.token = str_trim(buf_str(&token));
    slots.keystore_token = str_trim(buf_str(&keystore));
    pass = courier.pass = slots.pass = ending.pass = pass_new(&key, shared.contract_id);
    e = keeper_start(o->coordinator_url, courier.token, pass, &who, &shared.keeper, why);
    ending.keeper = courier.keeper = shared.keeper;
    if (!e)
        e = signals_start(&ending, signal_fd, &signals, why);
    if (e)
        return e;
    shared.network_id = publisher.network_id = network_wait(o, &network);
    x25519_generate(&box);
    e = attest_start(&shared, o, &key, &box, who.id, courier.token, pass, why);
    quoted = (struct quoted_box){.box = &box, .notary = shared.notary};
    pass_quoted(pass, &quoted);
    if (e)
        return e;
    courier.outbox = shared.outbox;
    e = courier_start(&courier, &shared.courier, why);
    if (!e)
        e = signals_serve(signals, slots_new(&slots), shared.courier, why);
    if (e)
        return e;
    log_info("ready", "worker=%s contract=%s operator=%s network=%s", who.id, o->contract_id,
             key.account.s, shared.network_id);
    printf("{\"ready\":true}\n");
    fflush(stdout);
    /* The first child of the first place is this thread's, so it stays. */
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct options o = {.settings = SETTINGS_DEFAULT,
                        .crates_mb = BUILD_CRATES_MB,
                        .epoch_s = EPOCH_S,
                        .batch_s = BATCH_S,
                        .quote_source = QUOTE_SOURCE,
                        .fastfs_receiver = "fastfs.near",
                        .fastfs_url = FASTFS_URL,
                        .ipfs_gateway = IPFS_GATEWAY};
    struct buf why = WHY_INIT;
    int status;
    enum err e;

    self_init("outlayer-worker");
    crypto_init();
    e = self_conceal(&why);
    if (!e && !usage_begin(&usage, argc, argv, &o, NULL, &status))
        return status;
    if (!e && options_check(&o, &why))
        return usage_wrong(&usage, &why);
    if (o.die_with_parent)
        self_die_with_parent();
    if (!e)
        e = start(&o, &why);
    log_broken("not_started", "why=%s", buf_z(&why));
    buf_release(&why);
    return e ? 1 : 0;
}
