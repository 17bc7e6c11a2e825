/* Reads a number N and writes N bytes: the digits 0 to 9 over and over. */
#include <stdio.h>

int main(void)
{
    unsigned long n = 0;
    if (scanf("%lu", &n) != 1)
        return 1;
    for (unsigned long i = 0; i < n; i++)
        putchar((int)('0' + i % 10));
    return 0;
}
