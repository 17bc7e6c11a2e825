/* Writes its environment as one JSON object, in the order it got it, and its argument count. */
#include <stdio.h>

extern char **environ;

static void put(const char *s, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

int main(void)
{
    putchar('{');
    for (char **e = environ; e && *e; e++) {
        size_t n = 0, len;
        while ((*e)[n] && (*e)[n] != '=')
            n++;
        for (len = n + 1; (*e)[len]; len++)
            ;
        if (e != environ)
            putchar(',');
        put(*e, n);
        putchar(':');
        put(*e + n + 1, len - n - 1);
    }
    putchar('}');
    return 0;
}
