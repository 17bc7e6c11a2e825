/* FNV-1a, 32 bits. */
unsigned long hash(const char *text);

unsigned long hash(const char *text)
{
    unsigned long h = 2166136261u;

    while (*text)
        h = ((h ^ (unsigned char)*text++) * 16777619u) & 0xffffffffu;
    return h;
}
