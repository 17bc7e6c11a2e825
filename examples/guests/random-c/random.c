/*
 * random.c — a guest in C: a random number between two bounds.
 *
 * Input on stdin:    {"min":1,"max":100}
 * Output on stdout:  {"random_number":42}
 *
 * What a guest is: an ordinary program. Its input is stdin, its result stdout; exit code 0 means
 * success; on failure the caller reads what it wrote to stderr.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 4096

/* The whole number after "name": in `json`; this input is too small for a JSON library. */
static int64_t member(const char *json, const char *name)
{
    char key[32];
    const char *p;
    char *end;
    long long v;

    snprintf(key, sizeof(key), "\"%s\"", name);
    p = strstr(json, key);
    if (p)
        p = strchr(p + strlen(key), ':');
    if (!p) {
        fprintf(stderr, "the input has no \"%s\"; give {\"min\":1,\"max\":100}\n", name);
        exit(1);
    }
    v = strtoll(p + 1, &end, 10);
    if (end == p + 1) {
        fprintf(stderr, "\"%s\" is not a whole number\n", name);
        exit(1);
    }
    return v;
}

/* 0 … n-1, every value equally likely: draws above the last multiple of n are thrown away. */
static uint64_t below(uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, v;

    do {
        if (getentropy(&v, sizeof(v)) != 0) {
            fprintf(stderr, "no random numbers\n");
            exit(1);
        }
    } while (v >= limit);
    return v % n;
}

int main(void)
{
    char input[INPUT_MAX + 1];
    size_t n = fread(input, 1, INPUT_MAX, stdin);
    int64_t min, max;

    input[n] = '\0';
    min = member(input, "min");
    max = member(input, "max");
    if (min > max || (uint64_t)max - (uint64_t)min == UINT64_MAX) {
        fprintf(stderr, "min %lld is not below max %lld\n", (long long)min, (long long)max);
        return 1;
    }
    printf("{\"random_number\":%lld}",
           (long long)((uint64_t)min + below((uint64_t)max - (uint64_t)min + 1)));
    return 0;
}
