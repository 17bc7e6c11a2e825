/* Writes as many bytes as stdin says to stderr, the last line telling so, and fails with 7. */
#include <stdio.h>

int main(void)
{
    unsigned long n = 0;
    if (scanf("%lu", &n) != 1)
        n = 0;
    for (unsigned long i = 0; i < n; i++)
        fputc(i % 64 == 63 ? '\n' : 'e', stderr);
    fprintf(stderr, "end of %lu bytes\n", n);
    return 7;
}
