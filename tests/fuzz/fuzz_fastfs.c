/* Files on the chain: what reads writes back the same. */
#include "near/fastfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = BUF_INIT(FASTFS_CALL_MAX + 4096);
    struct str in = str_from(data, size);
    struct fastfs_call c;

    if (fastfs_read(in, &c, NULL) == ERR_OK) {
        fastfs_write(&b, &c);
        BUG_ON(!str_eq(buf_str(&b), in));
    }
    buf_release(&b);
    return 0;
}
