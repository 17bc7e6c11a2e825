/* Writes to stdout without end and does not care whether it fails. */
#include <string.h>
#include <unistd.h>

int main(void)
{
    static char block[65536];
    memset(block, 'x', sizeof(block));
    for (;;)
        if (write(1, block, sizeof(block)) < 0)
            continue;
}
