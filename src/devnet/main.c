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
#include "proc/usage.h"
#include "proc/self.h"

struct settings {
    const char *home, *host;
    const char *genesis;
    uint64_t port, block_time_ms, protocol, yield_blocks, gas_limit_tgas, keep_blocks;
    bool instant, die_with_parent;
};

struct devnet {
    struct chain *chain;
    struct rpc *rpc;
};

static const struct opt options[] = {
    OPT_TEXT("home", "DIR", struct settings, home, "OUTLAYER_DEVNET_HOME",
             "where the chain and its keys are kept"),
    OPT_TEXT("host", "ADDR", struct settings, host, "OUTLAYER_DEVNET_HOST",
             "address to listen on (default 127.0.0.1)"),
    OPT_U64("port", "N", struct settings, port, 0, 65535, "OUTLAYER_DEVNET_PORT",
            "port (default 0: any free one)"),
    OPT_U64("block-time-ms", "MS", struct settings, block_time_ms, 1, 3600000,
            "OUTLAYER_DEVNET_BLOCK_TIME_MS", "milliseconds between blocks (default 200)"),
    OPT_FLAG("instant", struct settings, instant, "besides, a block as soon as there is work"),
    OPT_U64("protocol-version", "N", struct settings, protocol, 1, UINT32_MAX,
            "OUTLAYER_DEVNET_PROTOCOL_VERSION", "79 or 88 (default 88)"),
    OPT_U64("yield-blocks", "N", struct settings, yield_blocks, 1, 1000000,
            "OUTLAYER_DEVNET_YIELD_BLOCKS",
            "blocks until a yield times out (default 200); another number is not what the network "
            "does"),
    OPT_U64("gas-limit-tgas", "N", struct settings, gas_limit_tgas, 1, 1000000,
            "OUTLAYER_DEVNET_GAS_LIMIT_TGAS",
            "gas of one block in Tgas (default 1000); another number is not what the network does"),
    OPT_U64("keep-blocks", "N", struct settings, keep_blocks, 0, UINT64_MAX,
            "OUTLAYER_DEVNET_KEEP_BLOCKS",
            "blocks that stay on disk (default 1000000); 0 keeps all"),
    OPT_TEXT("genesis", "FILE", struct settings, genesis, "OUTLAYER_DEVNET_GENESIS",
             "records for a new chain, as sandbox_patch_state takes them: {\"records\":[…]}"),
    OPT_FLAG("die-with-parent", struct settings, die_with_parent,
             "end when the process that started it ends"),
    OPT_END,
};

static const char *const examples[] = {
    "outlayer-devnet --home /tmp/chain --port 3030 --instant",
    NULL,
};
static const struct usage usage = {
    .name = "outlayer-devnet",
    .summary = "a NEAR chain in one process: JSON-RPC and block stream on one port",
    .usage = "--home DIR [options]",
    .about = "Prints {\"ready\":true,\"url\":…} when it serves; SIGTERM or Ctrl-C ends it. "
             "`outlayer devnet`\n"
             "starts it and has commands for accounts and snapshots; docs/guides/devnet.md has the "
             "rest.",
    .options = options,
    .examples = examples,
};

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
        self_ready(s->host, rpc_port(d.rpc));
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
    struct buf why = WHY_INIT;
    int status;

    self_init(usage.name);
    log_init(usage.name);
    crypto_init();
    if (!usage_begin(&usage, argc, argv, &s, NULL, &status))
        return status;
    if (!s.home) {
        (void)err_put(&why, ERR_FORMAT, "--home is missing");
        return usage_wrong(&usage, &why);
    }
    if (s.die_with_parent)
        self_die_with_parent();
    if (serve(&s, &why)) {
        fprintf(stderr, "%s: %s\n", usage.name, buf_z(&why));
        status = 1;
    }
    buf_release(&why);
    return status;
}
