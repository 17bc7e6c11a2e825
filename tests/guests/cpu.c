/*
 * cpu.c — work for the benchmark of metering: "sha256 N", "sort N" or "json N" on stdin, a checksum
 * on stdout. Plain loops as real guests have them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* One block of SHA-256 (FIPS 180-4), with round constants computed once as it says: the first 32
 * bits of the fractional parts of the cube roots of the first 64 primes. */
static uint32_t k[64];

static void make_constants(void)
{
    unsigned n = 0;
    for (unsigned p = 2; n < 64; p++) {
        unsigned d = 2;
        while (d * d <= p && p % d)
            d++;
        if (d * d <= p)
            continue;
        double root = 1;
        for (int i = 0; i < 60; i++)
            root = root - (root * root * root - p) / (3 * root * root);
        k[n++] = (uint32_t)((root - (uint32_t)root) * 4294967296.0);
    }
}

static void block(uint32_t h[8], const uint32_t in[16])
{
    uint32_t w[64], s[8];
    memcpy(w, in, 64);
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, h, 32);
    for (int i = 0; i < 64; i++) {
        uint32_t a = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t t = s[7] + a + choose + k[i] + w[i];
        uint32_t b = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        memmove(s + 1, s, 28);
        s[4] += t;
        s[0] = t + b + most;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

static uint32_t hash(unsigned n)
{
    uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8}, in[16];
    make_constants();
    for (unsigned i = 0; i < n; i++) {
        for (int j = 0; j < 16; j++)
            in[j] = next_random();
        block(h, in);
    }
    return h[0];
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t sort(unsigned n)
{
    uint32_t *v = malloc(n * sizeof(*v));
    for (unsigned i = 0; i < n; i++)
        v[i] = next_random();
    qsort(v, n, sizeof(*v), by_value);
    return v[n / 2];
}

/* Write an array of objects, then sum the numbers of one member by scanning the text. */
static uint32_t json(unsigned n)
{
    char *text = malloc((size_t)n * 64 + 16), *p = text;
    uint32_t sum = 0;
    *p++ = '[';
    for (unsigned i = 0; i < n; i++)
        p += sprintf(p, "%s{\"id\":%u,\"name\":\"item \\\"%u\\\"\",\"value\":%u}", i ? "," : "", i,
                     i, next_random() % 1000);
    strcpy(p, "]");
    unsigned depth = 0;
    for (p = text; *p; p++) {
        if (*p == '[' || *p == '{') {
            depth++;
        } else if (*p == ']' || *p == '}') {
            depth--;
        } else if (*p == '"') {
            const char *start = ++p;
            while (*p != '"')
                p += *p == '\\' ? 2 : 1;
            if (p - start == 5 && memcmp(start, "value", 5) == 0)
                sum += (uint32_t)strtoul(p + 2, NULL, 10);
        }
    }
    return sum + depth;
}

int main(void)
{
    char what[16];
    unsigned n;
    if (scanf("%15s %u", what, &n) != 2 || n == 0 || n > 10000000)
        return 1;
    uint32_t r = strcmp(what, "sha256") == 0 ? hash(n)
                 : strcmp(what, "sort") == 0 ? sort(n)
                                             : json(n);
    printf("%u", r);
    return 0;
}
