#include <stdio.h>

unsigned long hash(const char *text);

int main(void)
{
    char line[4096];

    if (!fgets(line, sizeof(line), stdin))
        return 1;
    printf("%lu\n", hash(line));
    return 0;
}
