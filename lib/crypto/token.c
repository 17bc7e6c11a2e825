/* token.c — see token.h. */
#include "crypto/token.h"

#include "base/file.h"
#include "base/mem.h"

enum err token_read(const char *path, struct hash256 *out, struct buf *why)
{
    char room[TOKEN_MAX + 1];
    struct buf b = BUF_OVER(room);
    enum err e = file_read(path, &b, why);
    struct str token = str_trim(buf_str(&b));

    if (!e && token.len < TOKEN_MIN)
        e = err_put(why, ERR_FORMAT, "the token in '%s' is shorter than %d characters", path,
                    TOKEN_MIN);
    if (!e)
        *out = sha256(token);
    mem_wipe(room, sizeof(room));
    return e;
}

bool token_matches(struct str authorization, const struct hash256 *list, size_t n)
{
    const struct str scheme = STR("Bearer ");
    struct hash256 got;
    bool ok = false;

    if (!str_starts(authorization, scheme))
        return false;
    /* Both sides are hashed first: the comparison then tells neither content nor length. */
    got = sha256(str_skip(authorization, scheme.len));
    for (size_t i = 0; i < n; i++)
        ok |= mem_eq_secret(got.b, list[i].b, sizeof(got.b));
    return ok;
}
