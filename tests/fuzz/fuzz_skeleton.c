/* What one compile child says of a project, read by another. */
#include "codec/wire.h"
#include "compile/skeleton.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), path, text;
    struct buf again = BUF_INIT(size + 1);
    struct rd r = rd_over(in);

    while (skeleton_next(&r, &path, &text)) {
        BUG_ON(!skeleton_path_ok(path) || path.ptr[0] == '/');
        wr_bytes(&again, path);
        wr_bytes(&again, text);
    }
    if (rd_end(&r))
        BUG_ON(!str_eq(buf_str(&again), in));
    buf_release(&again);
    return 0;
}
