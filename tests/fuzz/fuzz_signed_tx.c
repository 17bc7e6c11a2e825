/* Whatever reads as a signed transaction writes back to the same bytes. */
#include "near/tx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct signed_tx t;

    if (signed_tx_read(str_from(data, size), &a, &t, NULL) == ERR_OK) {
        struct buf b = BUF_INIT(SIGNED_TX_MAX);

        tx_write(&b, &t.tx);
        signature_write(&b, t.signature);
        BUG_ON(b.full || !str_eq(buf_str(&b), str_from(data, size)));
        buf_release(&b);
    }
    arena_release(&a);
    return 0;
}
