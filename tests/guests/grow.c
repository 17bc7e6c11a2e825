/* Grows its memory page by page until it is refused and says how many bytes it got. */
#include <stdio.h>

int main(void)
{
    while (__builtin_wasm_memory_grow(0, 1) != (unsigned long)-1)
        ;
    printf("%lu", __builtin_wasm_memory_size(0) * 65536ul);
    return 0;
}
