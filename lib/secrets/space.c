/* space.c — see space.h. */
#include "secrets/space.h"

#include <string.h>

#include "near/account_id.h"

#define SEED "storage:"

bool space_ok(const struct space *s)
{
    if (s->project.len != STORAGE_UUID_LEN || s->project.ptr[0] != 'p')
        return false;
    for (size_t i = 1; i < s->project.len; i++)
        if (!str_has_byte(STR("0123456789abcdef"), s->project.ptr[i]))
            return false;
    return str_eqz(s->account, STORAGE_WORKER) || account_id_valid(s->account);
}

void space_seed(struct buf *out, const struct space *s)
{
    buf_addz(out, SEED);
    buf_add_str(out, s->project);
    buf_add_byte(out, ':');
    buf_add_str(out, s->account);
}

bool space_of_seed(struct str seed, struct space *out)
{
    struct space s;

    if (!str_starts(seed, STR(SEED)))
        return false;
    s.account = str_cut(str_skip(seed, sizeof(SEED) - 1), ':', &s.project);
    if (!space_ok(&s))
        return false;
    *out = s;
    return true;
}

void space_key(const struct master *m, struct str seed, struct box_key *out)
{
    char room[4 + SPACE_SEED_MAX + 1];
    struct buf msg = BUF_OVER(room);

    buf_addz(&msg, "box:");
    buf_add_str(&msg, seed);
    BUG_ON(msg.full);
    hmac_sha256(str_from(m->b, sizeof(m->b)), buf_str(&msg), out->b);
}

void place_of_key(struct buf *out)
{
    buf_addz(out, "key");
}

void place_of_value(struct buf *out, const struct hash256 *key)
{
    buf_addz(out, "value");
    buf_add(out, key->b, sizeof(key->b));
}

void place_of_public(struct buf *out, struct str value)
{
    struct hash256 h = sha256(value);

    buf_addz(out, "public");
    buf_add(out, h.b, sizeof(h.b));
}
