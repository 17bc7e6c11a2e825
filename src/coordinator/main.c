/*
 * outlayer-coordinator — queue and results of executions.
 *
 * It holds: what the contract asked for (public), what workers reported (public), the workers'
 * bearer token (as a hash). It must never see a plaintext secret and cannot forge a result: a
 * worker reads each request back from the chain, and only the worker's key may answer it.
 *
 * The block stream becomes jobs in follow.c and events.c, jobs are leased in jobq.c, the HTTP
 * interface is the table in routes.c. This file: settings, start, the leases that run out, stop.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/usage.h"
#include "coordinator/ack.h"
#include "coordinator/collect.h"
#include "coordinator/coord.h"
#include "coordinator/wishes.h"
#include "coordinator/forward.h"
#include "coordinator/gate.h"
#include "coordinator/pages.h"
#include "coordinator/readers.h"
#include "coordinator/schema.h"
#include "coordinator/throttle.h"
#include "coordinator/wait.h"
#include "near/account_id.h"
#include "crypto/token.h"
#include "proc/self.h"

#define TICK_MS        100
#define LOG_MAX        (64u << 20) /* bytes; four times what it has by itself */
#define JOIN_MS        1500
#define EVENT_STANDARD "near-outlayer"
#define EVENT_VERSION  "1.0.0"

/* The contract waits on with a new yield each 200 blocks while the request has time and gas, and
 * its execution_completed event ends the job. This bound only clears away jobs whose end was never
 * told: a transaction's gas, at most 1,000 Tgas, pays for no more than 625 yields. */
#define DEADLINE_BLOCKS 125000

struct settings {
    const char *db, *listen, *contract_id, *neardata_url, *collateral_url, *rpc_url, *token_file,
        *keystore_url, *register_id, *proxy;
    const char *standard, *durable;
    uint32_t proxy_addr;
    struct keep keep;
    uint64_t lease_ms, deadline_blocks, start_height, storage_mb, storage_keys, session_check_s,
        public_rate;
    bool die_with_parent;
};

static const struct opt options[] = {
    OPT_TEXT("db", "FILE", struct settings, db, "OUTLAYER_DB", "database file, made when absent"),
    OPT_TEXT("listen", "HOST:PORT", struct settings, listen, "OUTLAYER_LISTEN",
             "where to serve HTTP; port 0 takes a free one (default 127.0.0.1:0)"),
    OPT_TEXT("contract-id", "ACCOUNT", struct settings, contract_id, "OUTLAYER_CONTRACT_ID",
             "the OutLayer contract"),
    OPT_TEXT("collateral-url", "URL", struct settings, collateral_url, "OUTLAYER_PCS_URL",
             "where collateral of workers' machines comes from: a cache with the paths of Intel's "
             "service, or none (default: Intel's)"),
    OPT_TEXT("neardata-url", "URL", struct settings, neardata_url, "OUTLAYER_NEARDATA_URL",
             "block stream, as neardata.xyz serves it"),
    OPT_TEXT("rpc-url", "URL", struct settings, rpc_url, "OUTLAYER_RPC_URL",
             "a NEAR node, for prices; also the block stream when no other is given"),
    OPT_TEXT("worker-token-file", "FILE", struct settings, token_file, "OUTLAYER_WORKER_TOKEN_FILE",
             "file with the workers' bearer token"),
    OPT_TEXT("keystore-url", "URL", struct settings, keystore_url, "OUTLAYER_KEYSTORE_URL",
             "a keystore to hand questions under /secrets on to"),
    OPT_TEXT("register-id", "ACCOUNT", struct settings, register_id, "OUTLAYER_REGISTER_ID",
             "the register contract: workers need a session with keys that a quote it has taken "
             "binds; default: the bearer token is enough"),
    OPT_U64("session-check-seconds", "N", struct settings, session_check_s, 1, 600,
            "OUTLAYER_SESSION_CHECK_SECONDS",
            "how often the register is asked whether a session's key still stands (default 120)"),
    OPT_TEXT("event-standard", "NAME", struct settings, standard, "OUTLAYER_EVENT_STANDARD",
             "standard of the contract's events (default " EVENT_STANDARD ")"),
    OPT_TEXT("durable", "full|normal", struct settings, durable, "OUTLAYER_DURABLE",
             "what an answer to a worker survives: power loss, or the end of the process (default "
             "full)"),
    OPT_U64("lease-ms", "MS", struct settings, lease_ms, 1000, 600000, "OUTLAYER_LEASE_MS",
            "how long a worker holds a job between two signs of life (default 15000)"),
    OPT_U64("deadline-blocks", "N", struct settings, deadline_blocks, 1, 100000000,
            "OUTLAYER_DEADLINE_BLOCKS", "blocks after which nobody starts a job (default 125000)"),
    OPT_U64("start-height", "N", struct settings, start_height, 0, INT64_MAX - 1,
            "OUTLAYER_START_HEIGHT", "first block to read with a new database (default: the head)"),
    OPT_U64(
        "keep-days", "N", struct settings, keep.days, 0, 36500, "OUTLAYER_KEEP_DAYS",
        "days for which executions are kept; what is anchored stays; 0: for ever (default 180)"),
    OPT_U64("keep-mb", "N", struct settings, keep.mb, 0, 1000000000, "OUTLAYER_KEEP_MB",
            "MiB of the database beyond which executions older than a day go sooner; 0: no limit "
            "(default 20480)"),
    OPT_U64("public-rate", "N", struct settings, public_rate, 0, 100000, "OUTLAYER_PUBLIC_RATE",
            "requests a second that an address may make without the workers' token, ten seconds' "
            "worth at once; 0: any number (default 50)"),
    OPT_TEXT("proxy", "ADDRESS", struct settings, proxy, "OUTLAYER_PROXY",
             "IPv4 address of the proxy in front: its X-Forwarded-For says whom a request is "
             "counted for"),
    OPT_U64("storage-project-mb", "N", struct settings, storage_mb, 1, 1000000,
            "OUTLAYER_STORAGE_PROJECT_MB", "MiB that a project may keep (default 256)"),
    OPT_U64("storage-project-keys", "N", struct settings, storage_keys, 1, 1000000000,
            "OUTLAYER_STORAGE_PROJECT_KEYS", "keys that a project may keep (default 100000)"),
    OPT_FLAG("die-with-parent", struct settings, die_with_parent,
             "end when the process that started it ends"),
    OPT_END,
};

static const char *const examples[] = {
    "outlayer-coordinator --db coordinator.db --listen 127.0.0.1:8080 --contract-id "
    "outlayer.testnet \\\n"
    "      --neardata-url https://testnet.neardata.xyz --rpc-url https://rpc.testnet.near.org \\\n"
    "      --worker-token-file token",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-coordinator",
    .summary = "queue and results of OutLayer executions",
    .usage = "--db FILE --contract-id ACCOUNT --neardata-url|--rpc-url URL\n"
             "       --worker-token-file FILE [options]",
    .about = "Prints {\"ready\":true,\"url\":…} when it serves; SIGTERM or Ctrl-C ends it.",
    .options = options,
    .examples = examples,
};

static enum err settings_check(struct settings *s, struct buf *why)
{
    struct in_addr proxy = {0};

    if (!s->neardata_url)
        s->neardata_url = s->rpc_url;
    if (!s->db)
        return err_put(why, ERR_FORMAT, "no database: give --db FILE");
    if (!s->contract_id || !account_id_valid(str_of(s->contract_id)))
        return err_put(why, ERR_FORMAT, "no contract: give --contract-id ACCOUNT");
    if (!s->neardata_url)
        return err_put(why, ERR_FORMAT, "no block stream: give --neardata-url URL");
    if (!s->token_file)
        return err_put(why, ERR_FORMAT, "no worker token: give --worker-token-file FILE");
    if (s->register_id && !account_id_valid(str_of(s->register_id)))
        return err_put(why, ERR_FORMAT, "'%s' is no account id", s->register_id);
    if (s->register_id && !s->rpc_url)
        return err_put(why, ERR_FORMAT, "--register-id needs --rpc-url, where the register is");
    if (s->proxy && inet_pton(AF_INET, s->proxy, &proxy) != 1)
        return err_put(why, ERR_FORMAT, "'%s' is no IPv4 address of a proxy", s->proxy);
    s->proxy_addr = ntohl(proxy.s_addr);
    if (strcmp(s->durable, "full") != 0 && strcmp(s->durable, "normal") != 0)
        return err_put(why, ERR_FORMAT, "'%s' is not a durability: full or normal", s->durable);
    return ERR_OK;
}

/* Readers that never pause keep the database's log from starting over. Without the lock, which an
 * answer may need to come to its end. */
static void log_bound(struct coord *c)
{
    struct buf why = WHY_INIT;
    enum err e;

    if (db_log_size(c->db) < LOG_MAX)
        return;
    readers_pause(c->readers);
    coord_lock(c);
    e = db_checkpoint(c->db, &why);
    coord_unlock(c);
    readers_resume(c->readers);
    log_info("log_started_over", "why=%s", e ? buf_z(&why) : "readers did not pause");
    buf_release(&why);
}

/* Leases that ran out, and jobs whose time to be tried again has come. */
static void tick(struct coord *c)
{
    struct buf why = WHY_INIT;
    struct changed list = {.n = 0};
    uint64_t due = UINT64_MAX;
    enum err e;

    coord_lock(c);
    e = db_begin(c->db, &why);
    if (!e)
        e = jobq_expire(c->db, now_ms(), &list, &why);
    e = db_end(c->db, e, &why);
    if (!e && list.n) {
        log_unusual("leases_ran_out", "jobs=%zu", list.n);
        waiters_changed_all(c, &list);
    }
    if (!e && c->waiters)
        e = jobq_next(c->db, &due, &why);
    if (!e && due <= now_ms())
        waiters_serve(c);
    waiters_feed(c);
    coord_unlock(c);
    if (e)
        log_unusual("tick_failed", "%s", buf_z(&why));
    buf_release(&why);
}

static void run(struct coord *c, int signals)
{
    struct pollfd p = {.fd = signals, .events = POLLIN};

    for (;;) {
        int n = poll(&p, 1, TICK_MS);

        if (n > 0 || (n < 0 && errno != EINTR))
            break;
        tick(c);
        log_bound(c);
    }
}

/* A thread may be waiting for a server that hangs; it holds nothing that needs it to end. */
static bool join(pthread_t thread)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += JOIN_MS % 1000 * 1000000L;
    until.tv_sec += JOIN_MS / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

static enum err serve(struct coord *c, const struct settings *s, int signals, struct buf *why)
{
    struct http_server *http = NULL;
    char host[HTTP_HOST_MAX];
    uint16_t port = 0;
    pthread_t follower = 0, acks = 0, prices = 0, collector = 0, gate = 0, pruner = 0;
    bool collects = !s->collateral_url || strcmp(s->collateral_url, COLLECT_NONE) != 0;
    enum err e = http_listen_read(s->listen, host, &port, why);

    if (e)
        return e;
    e = readers_start(c, &c->readers, why);
    if (e)
        return e;
    if (s->keystore_url)
        c->keystore = forwarder_start(s->keystore_url);
    e = http_server_start(&(struct http_server_opts){.host = host,
                                                     .port = port,
                                                     .max_body = COORD_BODY_MAX,
                                                     .terms = routes_terms,
                                                     .max_conns = COORD_CONNS_MAX,
                                                     .handle = routes_handle,
                                                     .ctx = c},
                          &http, why);
    if (e) {
        forwarder_stop(c->keystore);
        readers_stop(c->readers);
        return e;
    }
    if (pthread_create(&acks, NULL, ack_main, c) || pthread_create(&pruner, NULL, prune_main, c) ||
        pthread_create(&follower, NULL, follow_main, c) ||
        (c->rpc_url && pthread_create(&prices, NULL, pricing_main, c)) ||
        (collects && pthread_create(&collector, NULL, collect_main, c)) ||
        (c->gate && pthread_create(&gate, NULL, gate_main, c->gate)))
        BUG("no threads");
    log_info("serving", "url=http://%s:%u contract=%s", host, http_server_port(http),
             s->contract_id);
    self_ready(host, http_server_port(http));
    run(c, signals);
    log_info("stopping", "signal=1");
    atomic_store(&c->stop, true);
    http_server_stop(http); /* answers that wait for the disk still get it */
    readers_stop(c->readers);
    forwarder_stop(c->keystore);
    if (c->gate)
        gate_stop(c->gate);
    ack_stop(c);
    pthread_join(acks, NULL);
    pthread_join(pruner, NULL);
    if (!join(follower) || (c->rpc_url && !join(prices)) || (collects && !join(collector)) ||
        (c->gate && !join(gate))) {
        log_info("stopped", "a server that was asked still hangs");
        _exit(0); /* each commit is on disk; the thread uses the memory that would be freed */
    }
    return ERR_OK;
}

static enum err start(struct coord *c, const struct settings *s, int signals, struct buf *why)
{
    enum err e = token_read(s->token_file, &c->worker_token, why);

    if (e)
        return e;
    c->collateral_url = s->collateral_url;
    c->neardata_url = s->neardata_url;
    c->rpc_url = s->rpc_url;
    c->filter =
        (struct event_filter){str_of(s->contract_id), str_of(s->standard), STR(EVENT_VERSION)};
    if (s->register_id)
        c->gate =
            gate_new(s->rpc_url, c->filter.contract_id, str_of(s->register_id), s->session_check_s);
    c->lease_ms = s->lease_ms;
    c->storage_quota = (struct quota){.bytes = s->storage_mb << 20, .keys = s->storage_keys};
    c->deadline_blocks = s->deadline_blocks;
    c->keep = s->keep;
    c->has_start = s->start_height != UINT64_MAX;
    c->start_height = s->start_height;
    c->started_ms = now_ms();
    feed_start(&c->feed, c->started_ms);
    c->wishes = wishes_new();
    c->throttle = throttle_new(s->public_rate, s->proxy_addr);
    e = pages_read(&c->pages, why);
    c->flush = strcmp(s->durable, "full") == 0;
    if (!e)
        e = db_open(&(struct db_opts){.path = s->db, .durable = DB_NORMAL, .readers = true}, &c->db,
                    why);
    if (!e)
        e = schema_migrate(c->db, why);
    if (!e)
        e = serve(c, s, signals, why);
    gate_free(c->gate);
    wishes_free(c->wishes);
    throttle_free(c->throttle);
    pages_free(c->pages);
    db_close(c->db);
    c->db = NULL;
    return e;
}

int main(int argc, char **argv)
{
    struct settings s = {.listen = "127.0.0.1:0",
                         .standard = EVENT_STANDARD,
                         .durable = "full",
                         .lease_ms = 15000,
                         .keep = {KEEP_DAYS, KEEP_MB},
                         .public_rate = 50,
                         .session_check_s = SESSION_RECHECK_MS / 1000,
                         .storage_mb = STORAGE_BYTES_MAX >> 20,
                         .storage_keys = STORAGE_KEYS_MAX,
                         .deadline_blocks = DEADLINE_BLOCKS,
                         .start_height = UINT64_MAX};
    struct coord *c = mem_new(struct coord);
    struct buf why = WHY_INIT;
    int status, signals = -1;
    enum err e = ERR_OK;

    self_init("outlayer-coordinator");
    if (!usage_begin(&usage, argc, argv, &s, NULL, &status))
        return mem_free(c), status;
    if (settings_check(&s, &why))
        return mem_free(c), usage_wrong(&usage, &why);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->ack_due, NULL);
    pthread_mutex_init(&c->feed_page.lock, NULL);
    c->feed_page.text = BUF_INIT(COORD_BODY_MAX);
    if (s.die_with_parent)
        self_die_with_parent();
    e = self_signal_fd(&signals, &why);
    if (!e)
        e = start(c, &s, signals, &why);
    if (e)
        fprintf(stderr, "outlayer-coordinator: %s\n", buf_z(&why));
    fd_close(&signals);
    pthread_cond_destroy(&c->ack_due);
    pthread_mutex_destroy(&c->feed_page.lock);
    buf_release(&c->feed_page.text);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
    buf_release(&why);
    return e ? 1 : 0;
}
