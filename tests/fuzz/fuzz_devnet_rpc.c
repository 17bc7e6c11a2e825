/* fuzz_devnet_rpc.c — any body at the RPC door: an answer comes, the chain stands. */
#include "base/err.h"
#include "crypto/ed25519.h"
#include "devnet/rpc_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct chain *chain;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct memory mem = {.deadline_ms = 1}; /* nothing waits */
    struct buf out = BUF_INIT(RPC_RESULT_MAX);
    unsigned status;
    struct json v;

    if (!chain) {
        const struct chain_opts o = {.protocol = 88, .block_time_ms = 1000};

        crypto_init();
        if (chain_open(&o, &chain, NULL))
            return 0;
        chain_produce(chain);
    }
    if (rpc_dispatch(chain, &a, &mem, str_from(data, size), &out, &status) != WAITING)
        BUG_ON(!json_parse(buf_str(&out), &v, NULL));
    else
        chain_produce(chain);
    buf_release(&out);
    arena_release(&a);
    return 0;
}
