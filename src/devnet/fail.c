/* fail.c — see fail.h. */
#include "devnet/fail.h"

#include <stdarg.h>
#include <string.h>

#include "codec/put.h"

#define FAIL_MAX (1u << 20)

static struct str finish(struct arena *a, struct buf *b)
{
    struct str s;

    BUG_ON(b->full);
    s = arena_str(a, buf_str(b));
    buf_release(b);
    return s;
}

struct str fail(struct arena *a, const char *name, const char *spec, ...)
{
    struct buf b = BUF_INIT(FAIL_MAX);
    uint64_t low;
    va_list ap;

    if (!spec) {
        json_putz(&b, name);
        return finish(a, &b);
    }
    va_start(ap, spec);
    json_obj(&b);
    json_key(&b, name);
    json_obj(&b);
    for (struct str rest = str_of(spec), type, field; rest.len;) {
        rest = str_cut(rest, ' ', &type);
        rest = str_cut(rest, ' ', &field);
        json_key_str(&b, field);
        switch (type.ptr[0]) {
        case 's':
            json_put_str(&b, va_arg(ap, struct str));
            break;
        case 'u':
            json_put_u64(&b, va_arg(ap, uint64_t));
            break;
        case 'm':
            low = va_arg(ap, uint64_t);
            json_put_u128_str(&b, (u128)va_arg(ap, uint64_t) << 64 | low);
            break;
        case 'j':
            json_put_raw(&b, va_arg(ap, struct str));
            break;
        default:
            BUG("unknown field type");
        }
    }
    json_obj_end(&b);
    json_obj_end(&b);
    va_end(ap);
    return finish(a, &b);
}

struct str fail_in(struct arena *a, const char *name, struct str inner)
{
    struct buf b = BUF_INIT(FAIL_MAX);

    json_obj(&b);
    put_raw(&b, name, inner);
    json_obj_end(&b);
    return finish(a, &b);
}
