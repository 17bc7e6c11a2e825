/* account_id.c — see account_id.h. */
#include "near/account_id.h"

#include <string.h>

#include "codec/hex.h"

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

bool account_id_valid(struct str s)
{
    bool after_separator = true; /* none may come first */

    if (s.len < 2 || s.len > ACCOUNT_ID_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (is_separator(c)) {
            if (after_separator)
                return false;
            after_separator = true;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            after_separator = false;
        } else {
            return false;
        }
    }
    return !after_separator;
}

bool account_id_parse(struct str s, struct account_id *out)
{
    if (!account_id_valid(s))
        return false;
    *out = (struct account_id){.len = (uint8_t)s.len};
    memcpy(out->s, s.ptr, s.len);
    return true;
}

struct str account_id_str(const struct account_id *a)
{
    return str_from(a->s, a->len);
}

bool account_id_eq(const struct account_id *a, const struct account_id *b)
{
    return str_eq(account_id_str(a), account_id_str(b));
}

bool account_id_is_implicit(struct str s)
{
    return s.len == 64 && hex_is_lower(s);
}

bool account_id_is_eth_implicit(struct str s)
{
    return s.len == 42 && str_starts(s, STR("0x")) && hex_is_lower(str_skip(s, 2));
}

bool account_id_is_sub_of(struct str x, struct str p)
{
    struct str head;
    struct str tail = str_cut(x, '.', &head);

    return head.len < x.len && str_eq(tail, p);
}
