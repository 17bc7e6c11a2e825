/* Patterns of strangers over texts of strangers: the first line is the pattern. Ends soon, always.
 */
#include "secrets/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_from(data, size), head, text = str_cut(in, '\n', &head);
    struct arena a = ARENA_INIT;
    const struct pattern *p;

    if (!pattern_parse(head, &a, &p, NULL))
        (void)pattern_match(p, str_head(text, 64));
    arena_release(&a);
    return 0;
}
