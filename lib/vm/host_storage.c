/* The account's storage as the contract sees it. */
#include "vm/host_fns.h"

#define LARGE_READ 4000 /* values above it do not lie inside their trie node */

static bool pay_touch(struct host *h, struct vm_touch t)
{
    return (t.fresh == 0 || gas_pay_per(h, EXT_touching_trie_node, t.fresh)) &&
           (t.cached == 0 || gas_pay_per(h, EXT_read_cached_trie_node, t.cached));
}

static bool read_key(struct host *h, uint64_t len, uint64_t ptr, struct str *out)
{
    if (!host_read(h, len, ptr, out))
        return false;
    if (out->len > h->p->max_length_storage_key)
        return host_fail_limit(h, "KeyLengthExceeded", "length", out->len,
                               h->p->max_length_storage_key, "The length of a storage key ",
                               " exceeds the limit ", "");
    return true;
}

bool host_storage_write(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str key = STR_NONE, value = STR_NONE, old = STR_NONE;
    struct vm_touch touch = {0};
    enum err e;

    if (!gas_pay(h, EXT_base))
        return false;
    if (h->c->view)
        return host_fail_view(h, "storage_write");
    if (!gas_pay(h, EXT_storage_write_base) || !read_key(h, a[0], a[1], &key) ||
        !host_read(h, a[2], a[3], &value))
        return false;
    if (value.len > h->p->max_length_storage_value)
        return host_fail_limit(h, "ValueLengthExceeded", "length", value.len,
                               h->p->max_length_storage_value, "The length of a storage value ",
                               " exceeds the limit ", "");
    if (!gas_pay_per(h, EXT_storage_write_key_byte, key.len) ||
        !gas_pay_per(h, EXT_storage_write_value_byte, value.len))
        return false;
    e = h->x->storage_write(h->x->arg, key, value, &old, &touch, h->why);
    if (e)
        return host_broken(h, e);
    if ((old.ptr != NULL && !gas_pay_per(h, EXT_storage_write_evicted_byte, old.len)) ||
        !pay_touch(h, touch))
        return false;
    if (old.ptr == NULL) {
        h->storage_usage += key.len + value.len + h->p->storage_num_extra_bytes_record;
        return true;
    }
    h->storage_usage = h->storage_usage - old.len + value.len;
    *r = 1;
    return host_set(h, a[4], old);
}

bool host_storage_read(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str key = STR_NONE, value = STR_NONE;
    enum err e;

    if (!gas_pay(h, EXT_base) || !gas_pay(h, EXT_storage_read_base) ||
        !read_key(h, a[0], a[1], &key) || !gas_pay_per(h, EXT_storage_read_key_byte, key.len))
        return false;
    e = h->x->storage_read(h->x->arg, key, &value, h->why);
    if (e)
        return host_broken(h, e);
    if (value.ptr == NULL)
        return true;
    if (!gas_pay_per(h, EXT_storage_read_value_byte, value.len))
        return false;
    if (value.len > LARGE_READ &&
        (!gas_pay(h, EXT_storage_large_read_overhead_base) ||
         !gas_pay_per(h, EXT_storage_large_read_overhead_byte, value.len)))
        return false;
    *r = 1;
    return host_set(h, a[2], value);
}

bool host_storage_remove(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str key = STR_NONE, old = STR_NONE;
    struct vm_touch touch = {0};
    enum err e;

    if (!gas_pay(h, EXT_base))
        return false;
    if (h->c->view)
        return host_fail_view(h, "storage_remove");
    if (!gas_pay(h, EXT_storage_remove_base) || !read_key(h, a[0], a[1], &key) ||
        !gas_pay_per(h, EXT_storage_remove_key_byte, key.len))
        return false;
    e = h->x->storage_remove(h->x->arg, key, &old, &touch, h->why);
    if (e)
        return host_broken(h, e);
    if ((old.ptr != NULL && !gas_pay_per(h, EXT_storage_remove_ret_value_byte, old.len)) ||
        !pay_touch(h, touch))
        return false;
    if (old.ptr == NULL)
        return true;
    h->storage_usage -= key.len + old.len + h->p->storage_num_extra_bytes_record;
    *r = 1;
    return host_set(h, a[2], old);
}

bool host_storage_has_key(struct host *h, const uint64_t *a, uint64_t *r)
{
    struct str key = STR_NONE;
    bool there = false;
    enum err e;

    if (!gas_pay(h, EXT_base) || !gas_pay(h, EXT_storage_has_key_base) ||
        !read_key(h, a[0], a[1], &key) || !gas_pay_per(h, EXT_storage_has_key_byte, key.len))
        return false;
    e = h->x->storage_has(h->x->arg, key, &there, h->why);
    if (e)
        return host_broken(h, e);
    *r = there;
    return true;
}

static bool deprecated(struct host *h, const char *function)
{
    return host_fail_text(h, "Deprecated", "method_name", str_of(function),
                          "Attempted to call deprecated host function ");
}

bool host_storage_iter_prefix(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    (void)r;
    return deprecated(h, "storage_iter_prefix");
}

bool host_storage_iter_range(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    (void)r;
    return deprecated(h, "storage_iter_range");
}

bool host_storage_iter_next(struct host *h, const uint64_t *a, uint64_t *r)
{
    (void)a;
    (void)r;
    return deprecated(h, "storage_iter_next");
}
