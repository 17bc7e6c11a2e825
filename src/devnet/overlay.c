/* overlay.c — see overlay.h. */
#include "devnet/overlay.h"

/* Columns whose keys begin with an account id, with what may follow it. */
static bool belongs(struct str key, struct str account)
{
    struct str rest;

    if (key.len == 0)
        return false;
    if (key.ptr[0] == COL_GLOBAL_CODE)
        return true;
    rest = str_skip(key, 1);
    if (!str_starts(rest, account))
        return false;
    rest = str_skip(rest, account.len);
    switch (key.ptr[0]) {
    case COL_ACCOUNT:
    case COL_CODE:
        return rest.len == 0;
    case COL_ACCESS_KEY:
        return rest.len > 0 && rest.ptr[0] == COL_ACCESS_KEY;
    case COL_DATA:
        return rest.len > 0 && rest.ptr[0] == ',';
    default:
        return false;
    }
}

static void copy_prefix(struct kv *to, const struct kv *from, struct str prefix)
{
    struct kv_iter it = kv_walk(from, prefix);

    while (kv_next(&it))
        kv_load(to, it.key, it.value);
}

static void copy_now(struct kv *to, const struct kv *from, struct str account)
{
    static const enum column single[] = {COL_ACCOUNT, COL_CODE};
    static const enum column many[] = {COL_ACCESS_KEY, COL_DATA};
    const char global = COL_GLOBAL_CODE;
    struct skey k;

    for (size_t i = 0; i < countof(single); i++) {
        const struct str key = skey_account(&k, single[i], account);
        const struct str v = kv_get(from, key);

        if (v.ptr)
            kv_load(to, key, v);
    }
    for (size_t i = 0; i < countof(many); i++)
        copy_prefix(to, from, skey_sub(&k, many[i], account, STR_NONE));
    copy_prefix(to, from, str_from(&global, 1));
}

struct kv *overlay_at(struct reader *r, uint64_t height, struct str account)
{
    struct kv *kv = kv_new();
    const struct block *b = r->head;

    copy_now(kv, r->kv, account);
    while (b->height > height) {
        if (!b->has_rows) {
            kv_free(kv);
            return NULL;
        }
        for (size_t i = 0; i < b->sealed.n_rows; i++) {
            const struct kv_row *row = &b->sealed.rows[i];

            if (!belongs(row->key, account))
                continue;
            if (row->before)
                kv_put(kv, row->key, kv_val_str(row->before));
            else
                kv_del(kv, row->key);
        }
        b = reader_at(r, b->prev_height);
        if (!b) {
            kv_free(kv);
            return NULL;
        }
    }
    return kv;
}
