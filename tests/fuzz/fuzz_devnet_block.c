/* fuzz_devnet_block.c — blocks and receipts as they are read back: no bytes may do harm. */
#include "base/buf.h"
#include "devnet/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str bytes = str_from(data, size);
    struct arena a = ARENA_INIT;
    struct rd r = rd_over(bytes);
    struct block *b;
    struct receipt *receipt = receipt_load(&r, &a);

    if (rd_end(&r)) {
        struct buf again = BUF_INIT(1u << 24);

        receipt_store(&again, receipt);
        (void)again.full;
        buf_release(&again);
    }
    arena_release(&a);
    if (block_load(bytes, &b, NULL) == ERR_OK) {
        struct buf again = BUF_INIT(1u << 24);

        block_store(b, &again);
        buf_release(&again);
        block_free(b);
    }
    return 0;
}
