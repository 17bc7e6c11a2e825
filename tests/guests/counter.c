/* Says how often it has run in this memory: always once, whatever ran before. */
#include <stdio.h>

static unsigned runs;
static char stain[1 << 20];

int main(void)
{
    unsigned found = 0;
    for (unsigned i = 0; i < sizeof(stain); i += 4096) {
        found += stain[i] != 0;
        stain[i] = 1;
    }
    printf("%u %u", ++runs, found);
    return 0;
}
