/* json_put.c — writing; see json.h. */
#include "codec/hex.h"
#include "codec/json.h"

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
    json_key_str(b, str_of(key));
}

void json_esc(struct buf *b, struct str s)
{
    size_t run = 0; /* bytes before `i` not yet added */

    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        char two[2] = {'\\', 0};

        switch (c) {
        case '"':
        case '\\':
            two[1] = (char)c;
            break;
        case '\b':
            two[1] = 'b';
            break;
        case '\f':
            two[1] = 'f';
            break;
        case '\n':
            two[1] = 'n';
            break;
        case '\r':
            two[1] = 'r';
            break;
        case '\t':
            two[1] = 't';
            break;
        default:
            if (c >= 0x20)
                continue;
        }
        buf_add(b, s.ptr + run, i - run);
        run = i + 1;
        if (two[1]) {
            buf_add(b, two, 2);
        } else {
            buf_addz(b, "\\u00");
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
