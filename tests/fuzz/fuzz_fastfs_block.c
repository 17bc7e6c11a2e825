/* Blocks of the stream as the gateway reads them, and what it is asked for over HTTP. */
#include "fastfs/ask.h"
#include "fastfs/block.h"
#include "fastfs/gateway.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err see(void *ctx, struct str sender, struct str receiver,
                    const struct fastfs_call *call)
{
    (void)ctx;
    BUG_ON(!sender.len || !receiver.len || !fastfs_path_ok(call->path));
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), host, path;
    uint64_t from = 0, n = 0;
    struct gateway_name name;
    size_t malformed;
    struct block b;

    if (block_read(in, &b, NULL) == ERR_OK)
        (void)!block_files(&b, see, NULL, &malformed);
    path = str_cut(in, '\n', &host);
    if (gateway_name(host, path, STR("fastfs.io"), &name) == GATEWAY_FILE)
        BUG_ON(!name.sender.len || !name.receiver.len || !fastfs_path_ok(name.path));
    if (ask_range(in, 1000, &from, &n) == ASK_PART)
        BUG_ON(!n || from >= 1000 || n > 1000 - from);
    (void)ask_listed(in, STR("\"a\""), true);
    return 0;
}
