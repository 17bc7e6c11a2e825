/* ask.c — see ask.h. */
#include "fastfs/ask.h"

static bool starts_nocase(struct str s, struct str lower)
{
    if (s.len < lower.len)
        return false;
    for (size_t i = 0; i < lower.len; i++) {
        char c = s.ptr[i];

        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != lower.ptr[i])
            return false;
    }
    return true;
}

enum ask_range ask_range(struct str header, uint64_t size, uint64_t *from, uint64_t *n)
{
    struct str first, last;
    uint64_t a, b;

    /* Several ranges may be answered with the whole, and an empty file has only that. */
    if (!size || !starts_nocase(header, STR("bytes=")))
        return ASK_WHOLE;
    last = str_cut(str_trim(str_skip(header, 6)), '-', &first);
    if (first.len == header.len - 6) /* no '-' at all */
        return ASK_WHOLE;
    if (!first.len) {
        if (!str_u64(last, &b))
            return ASK_WHOLE;
        if (!b)
            return ASK_NEVER;
        *n = b < size ? b : size;
        *from = size - *n;
        return ASK_PART;
    }
    if (!str_u64(first, &a))
        return ASK_WHOLE;
    b = UINT64_MAX;
    if (last.len && (!str_u64(last, &b) || b < a))
        return ASK_WHOLE;
    if (a >= size)
        return ASK_NEVER;
    *from = a;
    *n = (b < size ? b : size - 1) - a + 1;
    return ASK_PART;
}

bool ask_listed(struct str header, struct str etag, bool weak)
{
    if (str_eqz(str_trim(header), "*"))
        return true;
    /* Our tags hold no comma. */
    while (header.len) {
        struct str tag;

        header = str_cut(header, ',', &tag);
        tag = str_trim(tag);
        if (weak && str_starts(tag, STR("W/")))
            tag = str_skip(tag, 2);
        if (str_eq(tag, etag))
            return true;
    }
    return false;
}

bool ask_accepts(struct str header, struct str type)
{
    while (header.len) {
        struct str one, name;

        header = str_cut(header, ',', &one);
        (void)str_cut(one, ';', &name);
        name = str_trim(name);
        if (name.len == type.len && starts_nocase(name, type))
            return true;
    }
    return false;
}
