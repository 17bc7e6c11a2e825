/* storage.c — keys and rows. */
#include "sdk/host.h"
#include "sdk/near.h"

#define REG  0u
#define P(p) ((uint64_t)(uintptr_t)(p))

struct str near_key(char tag, struct str rest)
{
    struct buf b = BUF_INIT(rest.len + 1);
    buf_add_byte(&b, (uint8_t)tag);
    buf_add_str(&b, rest);
    return buf_str(&b);
}

struct str near_key_u64(char tag, uint64_t n)
{
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(n >> (56 - 8 * i));
    return near_key(tag, str_from(be, sizeof(be)));
}

static struct str value(void)
{
    uint64_t n = host_register_len(REG);
    if (n == 0 || n == UINT64_MAX)
        return (struct str){"", 0};
    char *p = mem_alloc((size_t)n);
    host_read_register(REG, P(p));
    return str_from(p, (size_t)n);
}

bool near_has(struct str key)
{
    return host_storage_has_key(key.len, P(key.ptr)) == 1;
}

bool near_read(struct str key, struct str *out)
{
    if (host_storage_read(key.len, P(key.ptr), REG) != 1)
        return false;
    *out = value();
    return true;
}

void near_write(struct str key, struct str v)
{
    host_storage_write(key.len, P(key.ptr), v.len, P(v.ptr), REG);
}

void near_write_buf(struct str key, const struct buf *v)
{
    REQUIRE(!v->full, "too long");
    near_write(key, buf_str(v));
}

bool near_remove(struct str key)
{
    return host_storage_remove(key.len, P(key.ptr), REG) == 1;
}

bool near_take(struct str key, struct str *out)
{
    if (host_storage_remove(key.len, P(key.ptr), REG) != 1)
        return false;
    *out = value();
    return true;
}
