/* Bytes between the contract, its registers and the host. */
#include <string.h>

#include "base/mem.h"
#include "near/account_id.h"
#include "vm/host.h"

static bool in_memory(struct host *h, uint64_t len, uint64_t ptr)
{
    return (ptr <= h->memory_len && len <= h->memory_len - ptr) || host_fail_memory(h);
}

bool host_read_memory(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    if (!gas_pay(h, EXT_read_memory_base) || !gas_pay_per(h, EXT_read_memory_byte, len) ||
        !in_memory(h, len, ptr))
        return false;
    *out = str_from(h->memory + ptr, len);
    return true;
}

bool host_read(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    return len == UINT64_MAX ? host_register(h, ptr, out) : host_read_memory(h, len, ptr, out);
}

bool host_read_u128(struct host *h, uint64_t ptr, u128 *out)
{
    struct str s = STR_NONE;
    u128 v = 0;

    if (!host_read_memory(h, 16, ptr, &s))
        return false;
    for (unsigned i = 16; i > 0; i--)
        v = v << 8 | (uint8_t)s.ptr[i - 1];
    *out = v;
    return true;
}

bool host_write_memory(struct host *h, uint64_t ptr, struct str bytes)
{
    if (!gas_pay(h, EXT_write_memory_base) || !gas_pay_per(h, EXT_write_memory_byte, bytes.len) ||
        !in_memory(h, bytes.len, ptr))
        return false;
    if (bytes.len > 0)
        memcpy(h->memory + ptr, bytes.ptr, bytes.len);
    return true;
}

bool host_write_u128(struct host *h, uint64_t ptr, u128 v)
{
    char b[16];

    for (unsigned i = 0; i < 16; i++)
        b[i] = (char)(uint8_t)(v >> (8 * i));
    return host_write_memory(h, ptr, str_from(b, sizeof b));
}

/* ------------------------------------------------------------------ registers */

static struct host_register *find(const struct host *h, uint64_t id)
{
    for (size_t i = 0; i < h->n_registers; i++)
        if (h->registers[i].id == id)
            return (struct host_register *)(uintptr_t)&h->registers[i];
    return NULL;
}

const struct host_register *host_register_find(const struct host *h, uint64_t id)
{
    return find(h, id);
}

bool host_register(struct host *h, uint64_t id, struct str *out)
{
    const struct host_register *r = find(h, id);

    if (r == NULL)
        return host_fail_number(h, "InvalidRegisterId", "register_id", id,
                                "Accessed invalid register id: ", "");
    if (!gas_pay(h, EXT_read_register_base) || !gas_pay_per(h, EXT_read_register_byte, r->len))
        return false;
    *out = (struct str){r->ptr, r->len};
    return true;
}

/* The register to be overwritten or added; NULL after failing. */
static struct host_register *room_for(struct host *h, uint64_t id, uint64_t len)
{
    struct host_register *r = find(h, id);
    uint64_t bytes = h->registers_bytes - (r != NULL ? r->len + 8 : 0) + len + 8;

    /* With all registers in use even replacing one fails: a quirk that contracts live with. */
    if (len > h->p->max_register_size || h->n_registers >= h->p->max_number_registers ||
        bytes > h->p->registers_memory_limit) {
        host_fail_memory(h);
        return NULL;
    }
    h->registers_bytes = bytes;
    if (r == NULL) {
        r = &h->registers[h->n_registers++];
        *r = (struct host_register){.id = id};
    }
    return r;
}

bool host_set(struct host *h, uint64_t id, struct str bytes)
{
    struct host_register *r;

    if (!gas_pay(h, EXT_write_register_base) || !gas_pay_per(h, EXT_write_register_byte, bytes.len))
        return false;
    r = room_for(h, id, bytes.len);
    if (r == NULL)
        return false;
    if (r->own_cap < bytes.len || r->own == NULL) {
        /* `bytes` may be this very register: copy before letting go. */
        char *fresh = mem_alloc(bytes.len + 16);

        if (bytes.len > 0)
            memcpy(fresh, bytes.ptr, bytes.len);
        mem_free(r->own);
        r->own = fresh;
        r->own_cap = bytes.len + 16;
    } else if (bytes.len > 0) {
        memmove(r->own, bytes.ptr, bytes.len);
    }
    r->ptr = r->own;
    r->len = bytes.len;
    return true;
}

bool host_set_borrowed(struct host *h, uint64_t id, struct str bytes)
{
    struct host_register *r;

    if (!gas_pay(h, EXT_write_register_base) ||
        (h->p->protocol < 82 && !gas_pay_per(h, EXT_write_register_byte, bytes.len)))
        return false;
    r = room_for(h, id, bytes.len);
    if (r == NULL)
        return false;
    r->ptr = bytes.ptr;
    r->len = bytes.len;
    return true;
}

void host_registers_release(struct host *h)
{
    for (size_t i = 0; i < h->n_registers; i++)
        mem_free(h->registers[i].own);
    h->n_registers = 0;
}

/* ------------------------------------------------------------------ account ids */

bool host_read_account(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    struct str s = STR_NONE;

    if (!host_read(h, len, ptr, &s) || !gas_pay(h, EXT_utf8_decoding_base) ||
        !gas_pay_per(h, EXT_utf8_decoding_byte, s.len))
        return false;
    if (!str_is_utf8(s))
        return host_fail(h, "BadUTF8", "String encoding is bad UTF-8 sequence.");
    if (h->p->account_id_validity_rules_version >= 2 && !account_id_valid(s))
        return host_fail(h, "InvalidAccountId", "VM Logic returned an invalid account id");
    *out = arena_str(h->a, s);
    return true;
}

void *host_grow(struct host *h, void *array, size_t n, size_t *cap, size_t size)
{
    void *more;

    if (n < *cap)
        return array;
    *cap = *cap == 0 ? 8 : *cap * 2;
    more = arena_alloc_n(h->a, *cap, size);
    if (n > 0)
        memcpy(more, array, n * size);
    return more;
}
