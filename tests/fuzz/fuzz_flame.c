/* Folded stacks of a profile, which come out of a process that has run a stranger's program. What
 * is drawn of them holds no markup of theirs. */
#include "cli/flame.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str folded = str_from((const char *)data, size);
    struct buf svg = BUF_INIT(16u << 20), top = BUF_INIT(4096);
    struct str rest;
    size_t open = 0, close = 0;

    if (size <= 65536 && flame_put(folded, "fuzz", &svg, NULL) == ERR_OK) {
        for (rest = buf_str(&svg); rest.len; rest = str_skip(rest, 1)) {
            open += str_starts(rest, STR("<title>"));
            close += str_starts(rest, STR("</title>"));
            BUG_ON((uint8_t)rest.ptr[0] >= 0x7f);
        }
        BUG_ON(open != close);
    }
    flame_top(folded, 8, &top);
    buf_release(&svg);
    buf_release(&top);
    return 0;
}
