/* Reads names, one a line, and writes for each the FNV-1a hash of the variable's value as JSON, or
 * null: that a secret is there can be seen without showing it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char name[300];
    int n = 0;

    putchar('{');
    while (fgets(name, sizeof(name), stdin)) {
        const char *value;

        name[strcspn(name, "\n")] = '\0';
        value = getenv(name);
        printf("%s\"%s\":", n++ ? "," : "", name);
        if (value) {
            uint64_t h = UINT64_C(14695981039346656037);

            for (; *value; value++)
                h = (h ^ (unsigned char)*value) * UINT64_C(1099511628211);
            printf("\"%016llx\"", (unsigned long long)h);
        } else {
            printf("null");
        }
    }
    putchar('}');
    return 0;
}
