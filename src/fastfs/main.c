/*
 * outlayer-fastfs — serves the files that transactions have put on the chain.
 *
 * It holds nothing but what every node has. It can withhold a file; it cannot forge one unnoticed
 * where the reader knows the hash, as everybody who names a program by WasmUrl does.
 *
 * Next to read: follow.c (blocks come in), files.c (what is kept), serve.c (files go out).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/ed25519.h"
#include "fastfs/gateway.h"
#include "near/account_id.h"
#include "proc/self.h"
#include "proc/usage.h"

#define MB      (1024 * 1024)
#define LEAVE_S 2 /* what the follower is given to end */

struct settings {
    const char *db, *listen, *stream_url, *domain, *only;
    uint64_t max_mb, start_height;
    bool die_with_parent;
};

static const struct opt table[] = {
    OPT_TEXT("db", "FILE", struct settings, db, "OUTLAYER_FASTFS_DB",
             "database file, made when absent; larger files go to FILE.content"),
    OPT_TEXT("listen", "HOST:PORT", struct settings, listen, "OUTLAYER_FASTFS_LISTEN",
             "where to serve HTTP; port 0 takes a free one (default 127.0.0.1:0)"),
    OPT_TEXT("neardata-url", "URL", struct settings, stream_url, "OUTLAYER_NEARDATA_URL",
             "block stream, as neardata.xyz serves it"),
    OPT_TEXT("domain", "NAME", struct settings, domain, "OUTLAYER_FASTFS_DOMAIN",
             "for SENDER.NAME/RECEIVER/PATH (default fastfs.io)"),
    OPT_U64("max-mb", "N", struct settings, max_mb, 1, 1048576, "OUTLAYER_FASTFS_MAX_MB",
            "MiB of files kept (default 4096)"),
    OPT_TEXT("only", "ACCOUNTS", struct settings, only, "OUTLAYER_FASTFS_ONLY",
             "keep files only from or to these, with commas between them (default: all)"),
    OPT_U64("start-height", "N", struct settings, start_height, 0, INT64_MAX - 1,
            "OUTLAYER_START_HEIGHT", "first block to read with a new database (default: the head)"),
    OPT_FLAG("die-with-parent", struct settings, die_with_parent, "end when the starter ends"),
    OPT_END,
};

static const char *const examples[] = {
    "outlayer-fastfs --db fastfs.db --neardata-url https://testnet.neardata.xyz --listen "
    "127.0.0.1:8080",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-fastfs",
    .summary = "serve files that transactions have put on the chain",
    .usage = "--db FILE --neardata-url URL [options]",
    .about = "Prints {\"ready\":true,\"url\":…} when it serves; SIGTERM or Ctrl-C ends it.",
    .options = table,
    .examples = examples,
};

/* The follower may be waiting for a stream that never answers. What it has not committed never
 * happened, so it can be left in the middle of anything. */
static void end_follower(pthread_t follower)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LEAVE_S;
    if (pthread_timedjoin_np(follower, NULL, &until))
        _exit(0);
}

static enum err serve(const struct settings *o, struct buf *why)
{
    static struct gateway g = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct http_server *server = NULL;
    struct pollfd p = {.fd = -1, .events = POLLIN};
    char host[HTTP_HOST_MAX] = "";
    struct http_server_opts http = {
        .host = host, .max_body = 1024, .max_conns = 256, .handle = gateway_serve, .ctx = &g};
    pthread_t follower;
    enum err e = http_listen_read(o->listen, host, &http.port, why);

    g.stream_url = o->stream_url;
    g.domain = o->domain;
    g.only = str_of(o->only);
    g.kept = g.served = FILES_NONE;
    g.has_start = o->start_height != UINT64_MAX;
    g.start_height = o->start_height;
    if (!e)
        e = self_signal_fd(&p.fd, why);
    if (!e)
        e = files_open(&g.kept, o->db, o->max_mb * MB, why);
    if (!e)
        e = files_open(&g.served, o->db, 0, why);
    if (!e)
        e = http_server_start(&http, &server, why);
    if (!e && pthread_create(&follower, NULL, gateway_follow, &g))
        e = err_put(why, ERR_IO, "cannot start a thread");
    if (!e) {
        log_info("ready", "port=%u", http_server_port(server));
        self_ready(host, http_server_port(server));
        while (poll(&p, 1, -1) < 1)
            ;
        atomic_store(&g.stop, true);
        http_server_stop(server);
        server = NULL;
        end_follower(follower);
    }
    if (server)
        http_server_stop(server);
    files_close(&g.served);
    files_close(&g.kept);
    return e;
}

static bool account_list_ok(struct str list)
{
    while (list.len) {
        struct str one;

        list = str_cut(list, ',', &one);
        if (!account_id_valid(one))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct settings o = {
        .listen = "127.0.0.1:0", .domain = "fastfs.io", .max_mb = 4096, .start_height = UINT64_MAX};
    struct buf why = WHY_INIT;
    int status;
    enum err e;

    self_init("outlayer-fastfs");
    crypto_init();
    if (!usage_begin(&usage, argc, argv, &o, NULL, &status))
        return status;
    if (!o.db || !o.stream_url)
        (void)err_put(&why, ERR_FORMAT, "--%s is missing", o.db ? "neardata-url" : "db");
    else if (!account_list_ok(str_of(o.only)))
        (void)err_put(&why, ERR_FORMAT, "--only takes account ids with commas between them");
    if (why.len)
        return usage_wrong(&usage, &why);
    if (o.die_with_parent)
        self_die_with_parent();
    e = serve(&o, &why);
    if (e)
        log_broken("not_started", "why=%s", buf_z(&why));
    buf_release(&why);
    return e ? 1 : 0;
}
