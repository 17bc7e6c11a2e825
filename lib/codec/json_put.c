/* json_put.c — writing; see json.h. */
#include "codec/hex.h"
#include "codec/json.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* A value or a name comes next: put the comma that must stand before it. */
static void comma(struct buf *b)
{
    char last = b->len ? b->ptr[b->len - 1] : ':';

    if (last != ':' && last != '[' && last != '{' && last != ',')
        buf_add_byte(b, ',');
}

void json_obj(struct buf *b)
{
    comma(b);
    buf_add_byte(b, '{');
}

void json_obj_end(struct buf *b)
{
    buf_add_byte(b, '}');
}

void json_arr(struct buf *b)
{
    comma(b);
    buf_add_byte(b, '[');
}

void json_arr_end(struct buf *b)
{
    buf_add_byte(b, ']');
}

void json_key_str(struct buf *b, struct str key)
{
    json_put_str(b, key);
    buf_add_byte(b, ':');
}

void json_key(struct buf *b, const char *key)
{
    comma(b);
    buf_add_byte(b, '"');
    buf_addz(b, key);
    buf_add_byte(b, '"');
    buf_add_byte(b, ':');
}

/* In each byte of the result the high bit tells whether that byte of `w` is below `n` (n <= 128); a
 * borrow can spoil only bytes above a true one. */
static uint64_t below(uint64_t w, uint64_t n)
{
    return (w - n * ONES) & ~w & HIGHS;
}

size_t json_run(struct str s)
{
    size_t i = 0;
    uint64_t w;

    for (; s.len - i >= 8; i += 8) {
        __builtin_memcpy(&w, s.ptr + i, 8);
        if (below(w, 0x20) | below(w ^ '"' * ONES, 1) | below(w ^ '\\' * ONES, 1))
            break;
    }
    while (i < s.len && s.ptr[i] != '"' && s.ptr[i] != '\\' && (uint8_t)s.ptr[i] >= 0x20)
        i++;
    return i;
}

void json_esc(struct buf *b, struct str s)
{
    size_t run = 0; /* bytes before `i` not yet added */

    for (size_t i = 0; (i += json_run(str_skip(s, i))) < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        char as = 0; /* the letter of a short escape */

        switch (c) {
        case '"':
        case '\\':
            as = (char)c;
            break;
        case '\b':
            as = 'b';
            break;
        case '\f':
            as = 'f';
            break;
        case '\n':
            as = 'n';
            break;
        case '\r':
            as = 'r';
            break;
        case '\t':
            as = 't';
            break;
        default:
            break; /* another control character */
        }
        buf_add(b, s.ptr + run, i - run);
        run = i + 1;
        buf_add_byte(b, '\\');
        if (as) {
            buf_add_byte(b, (uint8_t)as);
        } else {
            buf_addz(b, "u00");
            hex_put(b, &c, 1);
        }
    }
    buf_add_str(b, str_skip(s, run));
}

void json_str_open(struct buf *b)
{
    comma(b);
    buf_add_byte(b, '"');
}

void json_str_close(struct buf *b)
{
    buf_add_byte(b, '"');
}

void json_put_str(struct buf *b, struct str s)
{
    json_str_open(b);
    json_esc(b, s);
    json_str_close(b);
}

void json_putz(struct buf *b, const char *z)
{
    json_put_str(b, str_of(z));
}

void json_put_u64(struct buf *b, uint64_t v)
{
    comma(b);
    buf_add_u64(b, v);
}

void json_put_i64(struct buf *b, int64_t v)
{
    comma(b);
    if (v < 0)
        buf_add_byte(b, '-');
    buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_put_u128(struct buf *b, u128 v)
{
    comma(b);
    buf_add_u128(b, v);
}

void json_put_u128_str(struct buf *b, u128 v)
{
    json_str_open(b);
    buf_add_u128(b, v);
    json_str_close(b);
}

void json_put_bool(struct buf *b, bool v)
{
    comma(b);
    buf_addz(b, v ? "true" : "false");
}

void json_put_null(struct buf *b)
{
    comma(b);
    buf_addz(b, "null");
}

void json_put_raw(struct buf *b, struct str value)
{
    comma(b);
    buf_add_str(b, value);
}
