/* Writes its input, unchanged. */
#include <stdio.h>

int main(void)
{
    static char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof(block), stdin)) > 0)
        fwrite(block, 1, n, stdout);
    return 0;
}
