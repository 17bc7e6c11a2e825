/* net.c — see net.h. */
#include "engine/net.h"

#include <string.h>

struct net_policy net_policy_default(const struct net_settings *settings)
{
    return (struct net_policy){.settings = settings,
                               .requests_max = NET_REQUESTS_MAX,
                               .at_once_max = NET_AT_ONCE_MAX,
                               .bytes_max = NET_BYTES_MAX,
                               .timeout_ms = NET_TIMEOUT_MS};
}

const char *net_error_code(enum net_error e)
{
    static const char *const codes[] = {
#define NET_ERROR(name, code) code,
        NET_ERROR_LIST(NET_ERROR)
#undef NET_ERROR
    };
    return e < NET_ERROR_COUNT ? codes[e] : "internal-error";
}

bool net_is_token(struct str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr(marks, c))))
            return false;
    }
    return s.len > 0;
}

bool net_is_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((uint8_t)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool net_is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] <= ' ' || (uint8_t)s.ptr[i] >= 0x7f)
            return false;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool net_same_name(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool net_is_hop(struct str name)
{
    static const char *const names[] = {
        "connection", "host",    "http2-settings",    "keep-alive",       "proxy-authenticate",
        "te",         "upgrade", "transfer-encoding", "proxy-connection", "proxy-authorization",
    };
    for (size_t i = 0; i < countof(names); i++)
        if (net_same_name(name, str_of(names[i])))
            return true;
    return false;
}

bool net_host(struct str authority, struct str *host)
{
    size_t end;

    if (!net_is_visible(authority))
        return false;
    for (size_t i = 0; i < authority.len; i++)
        if (strchr("@/\\?#%\"<>^`{|}", authority.ptr[i]))
            return false;
    if (authority.len && authority.ptr[0] == '[') {
        end = str_find(authority, STR("]"));
        if (end == authority.len)
            return false;
        *host = str_head(authority, end + 1);
    } else {
        end = str_find(authority, STR(":"));
        *host = str_head(authority, end);
    }
    if (str_ends(*host, STR(".")))
        host->len--;
    return host->len > 0 && host->len < NET_HOST_MAX;
}

bool net_is_path(struct str s)
{
    return net_is_visible(s) && (!s.len || s.ptr[0] == '/' || s.ptr[0] == '?');
}
