/*
 * main.c — outlayer-devnet: a NEAR chain in one process, for development and tests.
 *
 * It holds accounts, contracts and the keys of its own root account and validator, and answers as a
 * node does. It is not needed in production, takes part in no network and must never be given keys
 * of a real one. Next: chain.h (blocks), apply.h (what they do), rpc.h (what clients see).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "devnet/rpc.h"
#include "proc/self.h"

#define PROGRAM "outlayer-devnet"

struct settings {
    const char *home, *host;
    const char *genesis;
    uint64_t port, block_time_ms, protocol, yield_blocks, gas_limit_tgas, keep_blocks;
    bool instant, die_with_parent;
};

enum kind { TEXT, NUMBER, FLAG };

struct option {
    const char *name, *env, *arg, *help;
    enum kind kind;
    void *to;
    uint64_t min, max;
};

struct devnet {
    struct chain *chain;
    struct rpc *rpc;
};

/* ------------------------------------------------------------------ settings */

static void usage(FILE *f, const struct option *o, size_t n)
{
    fprintf(f, "usage: " PROGRAM " --home DIR [options]\n"
               "A NEAR chain in one process: JSON-RPC and block stream on one port.\n\n");
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  --%-18s %-6s %s\n", o[i].name, o[i].arg, o[i].help);
}

static bool set_option(const struct option *o, const char *value, const char *from)
{
    uint64_t v;

    switch (o->kind) {
    case TEXT:
        *(const char **)o->to = value;
        return true;
    case FLAG:
        *(bool *)o->to = true;
        return true;
    case NUMBER:
        if (!str_u64(str_of(value), &v) || v < o->min || v > o->max) {
            fprintf(stderr, PROGRAM ": %s%s must be a number from %llu to %llu, not '%s'\n", from,
                    o->name, (unsigned long long)o->min, (unsigned long long)o->max, value);
            return false;
        }
        *(uint64_t *)o->to = v;
        return true;
    }
    return false;
}

static const struct option *find(const struct option *o, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqz(name, o[i].name))
            return &o[i];
    return NULL;
}

/* 0: go on; otherwise the exit status plus one. */
static int read_args(int argc, char **argv, const struct option *o, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *v = o[i].env ? getenv(o[i].env) : NULL;

        if (v && *v && !set_option(&o[i], v, "the environment's "))
            return 2 + 1;
    }
    for (int i = 1; i < argc; i++) {
        struct str name, value = str_of(argv[i]);
        const struct option *x;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout, o, n);
            return 1;
        }
        value = str_cut(str_skip(value, 2), '=', &name);
        x = strncmp(argv[i], "--", 2) == 0 ? find(o, n, name) : NULL;
        if (!x) {
            fprintf(stderr, PROGRAM ": unknown option '%s'; try --help\n", argv[i]);
            return 2 + 1;
        }
        if (x->kind != FLAG && !value.len) {
            if (++i >= argc) {
                fprintf(stderr, PROGRAM ": option '--%s' needs a value\n", x->name);
                return 2 + 1;
            }
            value = str_of(argv[i]);
        }
        if (!set_option(x, value.ptr, "--"))
            return 2 + 1;
    }
    return 0;
}

/* ------------------------------------------------------------------ running */

static void on_block(void *arg)
{
    struct devnet *d = arg;

    if (d->rpc)
        rpc_on_block(d->rpc);
}

static enum err wait_for_signal(struct buf *why)
{
    struct signalfd_siginfo info;
    int fd = -1;
    enum err e = self_signal_fd(&fd, why);

    if (e)
        return e;
    while (read(fd, &info, sizeof(info)) < 0)
        ;
    fd_close(&fd);
    return ERR_OK;
}

static enum err serve(const struct settings *s, struct buf *why)
{
    struct devnet d = {0};
    const struct chain_opts o = {
        .home = s->home,
        .protocol = (uint32_t)s->protocol,
        .block_time_ms = s->block_time_ms,
        .instant = s->instant,
        .yield_blocks = s->yield_blocks,
        .keep_blocks = s->keep_blocks,
        .genesis = s->genesis,
        .gas_limit = s->gas_limit_tgas * UINT64_C(1000000000000),
        .on_block = on_block,
        .arg = &d,
    };
    int fd = -1;
    enum err e = dir_make(s->home, why);

    /* Signals are blocked before any thread is made, so that only the descriptor sees them. */
    if (!e)
        e = self_signal_fd(&fd, why);
    fd_close(&fd);
    if (!e)
        e = chain_open(&o, &d.chain, why);
    if (!e)
        e = rpc_start(d.chain, s->host, (uint16_t)s->port, &d.rpc, why);
    if (!e) {
        chain_start(d.chain);
        log_info("ready", "port=%u protocol=%u home=%s", rpc_port(d.rpc), o.protocol, s->home);
        printf("{\"ready\":true,\"url\":\"http://%s:%u\"}\n", s->host, rpc_port(d.rpc));
        fflush(stdout);
        e = wait_for_signal(why);
        chain_stop(d.chain);
    }
    rpc_stop(d.rpc);
    chain_close(d.chain);
    return e;
}

int main(int argc, char **argv)
{
    struct settings s = {.host = "127.0.0.1",
                         .block_time_ms = BLOCK_TIME_MS,
                         .protocol = 88,
                         .keep_blocks = 1000000};
    const struct option options[] = {
        {"home", "OUTLAYER_DEVNET_HOME", "DIR", "where the chain and its keys are kept (needed)",
         TEXT, &s.home, 0, 0},
        {"host", "OUTLAYER_DEVNET_HOST", "ADDR", "address to listen on (127.0.0.1)", TEXT, &s.host,
         0, 0},
        {"port", "OUTLAYER_DEVNET_PORT", "N", "port; 0 takes any free one (0)", NUMBER, &s.port, 0,
         65535},
        {"block-time", "OUTLAYER_DEVNET_BLOCK_TIME", "MS", "the same as --block-time-ms", NUMBER,
         &s.block_time_ms, 1, 3600000},
        {"block-time-ms", "OUTLAYER_DEVNET_BLOCK_TIME_MS", "MS",
         "a block every MS milliseconds (200)", NUMBER, &s.block_time_ms, 1, 3600000},
        {"instant", NULL, "", "besides, a block as soon as there is work", FLAG, &s.instant, 0, 0},
        {"protocol-version", "OUTLAYER_DEVNET_PROTOCOL_VERSION", "N", "79 or 88 (88)", NUMBER,
         &s.protocol, 1, UINT32_MAX},
        {"yield-blocks", "OUTLAYER_DEVNET_YIELD_BLOCKS", "N",
         "blocks until a yield times out (200); another number is not what the network does",
         NUMBER, &s.yield_blocks, 1, 1000000},
        {"gas-limit-tgas", "OUTLAYER_DEVNET_GAS_LIMIT_TGAS", "N",
         "gas of one block in Tgas (1000); another number is not what the network does", NUMBER,
         &s.gas_limit_tgas, 1, 1000000},
        {"keep-blocks", "OUTLAYER_DEVNET_KEEP_BLOCKS", "N",
         "blocks that stay on disk (1000000); 0 keeps all", NUMBER, &s.keep_blocks, 0, UINT64_MAX},
        {"genesis", "OUTLAYER_DEVNET_GENESIS", "FILE",
         "records for a new chain, as sandbox_patch_state takes them: {\"records\":[…]}", TEXT,
         &s.genesis, 0, 0},
        {"die-with-parent", NULL, "", "end when the process that started this one ends", FLAG,
         &s.die_with_parent, 0, 0},
    };
    struct buf why = WHY_INIT;
    int status;

    self_init(PROGRAM);
    log_init(PROGRAM);
    crypto_init();
    status = read_args(argc, argv, options, countof(options));
    if (status)
        return status - 1;
    if (!s.home) {
        fprintf(stderr, PROGRAM ": option '--home DIR' is needed; try --help\n");
        return 2;
    }
    if (s.die_with_parent)
        self_die_with_parent();
    if (serve(&s, &why)) {
        fprintf(stderr, PROGRAM ": %s\n", buf_z(&why));
        status = 1;
    }
    buf_release(&why);
    return status;
}
