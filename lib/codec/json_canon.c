/* json_canon.c — see json_canon.h. */
#include "codec/json_canon.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct member {
    struct str name; /* decoded */
    struct json value;
    size_t place;
};

static bool canon(struct arena *a, struct json v, struct buf *out);

static int by_name(const void *x, const void *y)
{
    const struct member *a = x, *b = y;
    int c = str_cmp(a->name, b->name);

    return c ? c : (a->place > b->place) - (a->place < b->place);
}

static struct str decoded(struct arena *a, struct json v)
{
    size_t n = json_str_len(v);
    char *p = arena_alloc(a, n + 1);
    struct buf b = {.ptr = p, .cap = n, .max = n, .fixed = true};

    BUG_ON(!json_str(v, &b) || b.full);
    return buf_str(&b);
}

static bool canon_object(struct arena *a, struct json v, struct buf *out)
{
    size_t n = json_count(v), at = 0;
    struct member *all = arena_new_n(a, struct member, n + 1);
    struct json_iter it = json_iter(v);

    while (json_next(&it)) {
        all[at] = (struct member){decoded(a, it.key), it.value, at};
        at++;
    }
    qsort(all, n, sizeof(*all), by_name);
    json_obj(out);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && str_eq(all[i].name, all[i + 1].name))
            continue; /* the last of duplicates counts */
        json_key_str(out, all[i].name);
        if (!canon(a, all[i].value, out))
            return false;
    }
    json_obj_end(out);
    return true;
}

/* Shortest digits of a finite double > 0 that read back to the same, and where the point stands:
 * value = 0.DIGITS x 10^point. */
static size_t shortest(double d, char digits[20], int *point)
{
    char text[40];

    for (int precision = 0; precision < 18; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, d);
        if (strtod(text, NULL) == d)
            break;
    }
    char *e = strchr(text, 'e');
    size_t n = 0;

    *point = (int)strtol(e + 1, NULL, 10) + 1;
    for (char *p = text; p < e; p++)
        if (*p != '.')
            digits[n++] = *p;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

static bool canon_double(struct arena *a, struct json v, struct buf *out)
{
    double d = strtod(arena_z(a, v.text), NULL);
    char digits[20] = {0};
    int point = 0;
    size_t n;

    if (isinf(d))
        return false;
    if (signbit(d))
        buf_add_byte(out, '-');
    d = fabs(d);
    if (d == 0) {
        buf_addz(out, "0.0");
        return true;
    }
    n = shortest(d, digits, &point);
    if (point > 0 && point <= 16) { /* 1234.5 or 1200.0 */
        for (int i = 0; i < point; i++)
            buf_add_byte(out, (size_t)i < n ? (uint8_t)digits[i] : '0');
        buf_add_byte(out, '.');
        if ((size_t)point < n)
            buf_add(out, digits + point, n - (size_t)point);
        else
            buf_add_byte(out, '0');
    } else if (point > -5 && point <= 0) { /* 0.00012 */
        buf_addz(out, "0.");
        for (int i = point; i < 0; i++)
            buf_add_byte(out, '0');
        buf_add(out, digits, n);
    } else { /* 1.5e-7 */
        buf_add_byte(out, (uint8_t)digits[0]);
        if (n > 1) {
            buf_add_byte(out, '.');
            buf_add(out, digits + 1, n - 1);
        }
        buf_addf(out, "e%d", point - 1);
    }
    return true;
}

static bool canon_number(struct arena *a, struct json v, struct buf *out)
{
    uint64_t u;
    int64_t i;

    if (str_eqz(v.text, "-0")) {
        json_put_raw(out, STR("-0.0"));
        return true;
    }
    if (json_u64(v, &u) || json_i64(v, &i)) {
        json_put_raw(out, v.text);
        return true;
    }
    json_put_raw(out, STR("")); /* only the comma */
    return canon_double(a, v, out);
}

static bool canon(struct arena *a, struct json v, struct buf *out)
{
    switch (json_type(v)) {
    case JSON_OBJECT:
        return canon_object(a, v, out);
    case JSON_ARRAY: {
        struct json_iter it = json_iter(v);

        json_arr(out);
        while (json_next(&it))
            if (!canon(a, it.value, out))
                return false;
        json_arr_end(out);
        return true;
    }
    case JSON_STRING:
        json_put_str(out, decoded(a, v));
        return true;
    case JSON_NUMBER:
        return canon_number(a, v, out);
    case JSON_BOOL:
    case JSON_NULL:
        json_put_raw(out, v.text);
        return true;
    case JSON_ABSENT:
        break;
    }
    return false;
}

bool json_canon(struct json v, struct buf *out)
{
    struct arena a = ARENA_INIT;
    bool ok = canon(&a, v, out);

    arena_release(&a);
    return ok;
}
