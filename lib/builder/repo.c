/* repo.c — see repo.h. */
#include "builder/repo.h"

static const char *const hosts[] = {"github.com", "codeload.github.com"};

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static bool has_dots(struct str s)
{
    return str_find(s, STR("..")) < s.len;
}

static bool is_host(struct str s)
{
    for (size_t i = 0; i < countof(hosts); i++)
        if (str_eqz(s, hosts[i]))
            return true;
    return false;
}

/* Off the end: slashes, then ".git". */
static struct str tail_trim(struct str s)
{
    while (str_ends(s, STR("/")))
        s.len--;
    if (str_ends(s, STR(".git")))
        s.len -= 4;
    return s;
}

/* "owner/name", and nothing a shell, a URL or git could take for something else. */
static bool path_ok(struct str s)
{
    struct str owner, name = str_cut(s, '/', &owner);

    if (!owner.len || !name.len || owner.ptr[0] == '-' || name.ptr[0] == '-' || has_dots(s) ||
        str_eqz(owner, ".") || str_eqz(name, "."))
        return false;
    for (size_t i = 0; i < owner.len; i++)
        if (!name_byte(owner.ptr[i]))
            return false;
    for (size_t i = 0; i < name.len; i++)
        if (!name_byte(name.ptr[i]))
            return false;
    return true;
}

static bool loopback_split(struct str rest, struct str *authority, struct str *host, unsigned *port)
{
    struct str path = str_cut(rest, '/', authority), digits;
    uint64_t n = 80;

    digits = str_cut(*authority, ':', host);
    if (digits.ptr && digits.len && (!str_u64(digits, &n) || !n || n > 65535))
        return false;
    *port = (unsigned)n;
    return path.len && (str_eqz(*host, "127.0.0.1") || str_eqz(*host, "localhost"));
}

static enum err dev_normalise(struct str name, struct buf *url, struct buf *why)
{
    struct str authority, host, rest = tail_trim(name);
    unsigned port;

    for (size_t i = 0; i < rest.len; i++)
        if (!name_byte(rest.ptr[i]) && rest.ptr[i] != '/' && rest.ptr[i] != ':')
            return err_put(why, ERR_FORMAT, "'%.*s' has characters that no repository has",
                           STR_ARG(name));
    if (has_dots(rest))
        return err_put(why, ERR_FORMAT, "'%.*s' has '..' in it", STR_ARG(name));
    if (str_starts(rest, STR("http://")) &&
        !loopback_split(str_skip(rest, 7), &authority, &host, &port))
        return err_put(why, ERR_DENIED, "http is for this machine only, not for '%.*s'",
                       STR_ARG(name));
    buf_add_str(url, rest);
    return ERR_OK;
}

enum err repo_normalise(struct str name, bool dev, struct buf *url, struct buf *why)
{
    struct str rest = name, host, path;

    if (!name.len || name.len > REPO_MAX)
        return err_put(why, ERR_FORMAT, "a repository's name has 1 to %d bytes", REPO_MAX);
    if (dev && (str_starts(name, STR("http://")) || str_starts(name, STR("file:///"))))
        return dev_normalise(name, url, why);
    if (str_starts(rest, STR("git@"))) {
        path = str_cut(str_skip(rest, 4), ':', &host);
    } else {
        bool plain = true;

        if (str_starts(rest, STR("https://"))) {
            rest = str_skip(rest, 8);
            plain = false;
        } else if (str_starts(rest, STR("ssh://git@"))) {
            rest = str_skip(rest, 10);
            plain = false;
        } else if (str_find(rest, STR("://")) < rest.len) {
            return err_put(why, ERR_DENIED, "'%.*s' is not fetched by https", STR_ARG(name));
        }
        path = str_cut(rest, '/', &host);
        /* "u/r": the first part is no host. */
        if (plain && !str_has_byte(host, '.') && !str_has_byte(path, '/')) {
            path = rest;
            host = str_of(hosts[0]);
        }
    }
    path = tail_trim(path);
    if (!is_host(host))
        return err_put(why, ERR_DENIED, "'%.*s' is not on github.com", STR_ARG(name));
    if (!path_ok(path))
        return err_put(why, ERR_FORMAT, "'%.*s' does not name an owner and a repository",
                       STR_ARG(name));
    buf_addf(url, "https://%.*s/%.*s", STR_ARG(host), STR_ARG(path));
    return ERR_OK;
}

struct str repo_bare(struct str url)
{
    return str_starts(url, STR("https://")) ? str_skip(url, 8) : url;
}

bool repo_endpoint(struct str url, struct str *host, unsigned *port)
{
    struct str authority;

    if (str_starts(url, STR("http://")))
        return loopback_split(str_skip(url, 7), &authority, host, port);
    if (!str_starts(url, STR("https://")))
        return false;
    (void)str_cut(str_skip(url, 8), '/', host);
    *port = 443;
    return true;
}

enum err ref_check(struct str ref, struct buf *why)
{
    if (!ref.len || ref.len > REF_MAX)
        return err_put(why, ERR_FORMAT, "a branch, tag or commit has 1 to %d bytes", REF_MAX);
    for (size_t i = 0; i < ref.len; i++)
        if (!name_byte(ref.ptr[i]) && ref.ptr[i] != '/' && ref.ptr[i] != '+')
            return err_put(why, ERR_FORMAT,
                           "the branch, tag or commit has characters other than A-Z a-z 0-9 . _ / "
                           "+ -");
    if (ref.ptr[0] == '-' || ref.ptr[0] == '/' || has_dots(ref))
        return err_put(why, ERR_FORMAT,
                       "'%.*s' is no branch, tag or commit: it starts with '-' or '/', or has '..'",
                       STR_ARG(ref));
    return ERR_OK;
}

bool ref_is_sha(struct str ref)
{
    if (ref.len != SHA_HEX)
        return false;
    for (size_t i = 0; i < ref.len; i++) {
        char c = ref.ptr[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

struct str target_normalise(struct str name)
{
    if (!name.len || str_eqz(name, "wasm32-wasip1") || str_eqz(name, "wasm32-wasi"))
        return STR("wasm32-wasip1");
    return str_eqz(name, "wasm32-wasip2") ? STR("wasm32-wasip2") : STR_NONE;
}
