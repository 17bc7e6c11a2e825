/* Blocks of the stream as the gateway reads them, and the addresses it is asked for. */
#include "fastfs/block.h"
#include "fastfs/gateway.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), host, path, sender, receiver, name;
    struct arena a = ARENA_INIT;
    struct block b;

    if (block_read(in, &a, &b, NULL) == ERR_OK)
        for (size_t i = 0; i < b.n; i++)
            BUG_ON(!fastfs_path_ok(b.list[i].call.path));
    path = str_cut(in, '\n', &host);
    if (gateway_name(host, path, STR("fastfs.io"), &sender, &receiver, &name))
        BUG_ON(!sender.len || !receiver.len || !fastfs_path_ok(name));
    arena_release(&a);
    return 0;
}
