/* accessor.c — see accessor.h. */
#include "secrets/accessor.h"

#include "codec/hex.h"
#include "codec/put.h"
#include "near/account_id.h"

static const struct {
    const char *tag, *member, *absent;
} kinds[] = {
    [ACCESSOR_REPO] = {"Repo", "repo",
                       "Secrets not found for this repository, branch, and profile."},
    [ACCESSOR_WASM_HASH] = {"WasmHash", "hash",
                            "Secrets not found for this WASM hash and profile."},
    [ACCESSOR_PROJECT] = {"Project", "project_id",
                          "Secrets not found for this project ID and profile."},
    [ACCESSOR_PAYMENT_KEY] = {"System", NULL, "Payment key not found."},
};

/* The variant's name and its members, in either spelling. */
static bool split(struct json v, size_t *kind, struct json *in)
{
    struct json type = json_get(v, "type");
    struct json_iter it = json_iter(v);

    if (json_type(v) != JSON_OBJECT)
        return false;
    for (size_t i = 0; i < countof(kinds); i++)
        if (json_type(type) == JSON_STRING && json_str_eq(type, str_of(kinds[i].tag))) {
            *kind = i;
            *in = v;
            return true;
        }
    if (json_count(v) != 1 || !json_next(&it))
        return false;
    for (size_t i = 0; i < countof(kinds); i++)
        if (json_str_eq(it.key, str_of(kinds[i].tag))) {
            *kind = i;
            *in = it.value;
            return true;
        }
    return false;
}

/* A text without control characters. */
static enum err text(struct json v, const char *member, size_t max, struct arena *a,
                     struct str *out, struct buf *why)
{
    struct buf b = BUF_INIT(max);
    enum err e = ERR_OK;

    if (!json_str(v, &b) || b.full || !b.len)
        e = err_put(why, ERR_FORMAT, "'%s' of the accessor is no text of 1 to %zu bytes", member,
                    max);
    for (size_t i = 0; i < b.len && !e; i++)
        if ((unsigned char)b.ptr[i] <= ' ' || b.ptr[i] == 0x7f)
            e = err_put(why, ERR_FORMAT, "'%s' of the accessor has white space in it", member);
    if (!e)
        *out = arena_str(a, buf_str(&b));
    buf_release(&b);
    return e;
}

static bool is_payment_key(struct json v, struct json in)
{
    return json_str_eq(in, STR("PaymentKey")) ||
           json_type(json_get(v, "PaymentKey")) != JSON_ABSENT;
}

/* Upper case is taken and lowered: `p` is in the arena. */
static bool hash_lower(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char *c = (char *)(uintptr_t)(s.ptr + i);

        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c + 32);
    }
    return s.len == 64 && hex_is_lower(s);
}

enum err accessor_parse(struct json v, struct arena *a, struct accessor *out, struct buf *why)
{
    struct accessor x = {ACCESSOR_REPO, STR_NONE, STR_NONE};
    struct json in;
    size_t kind;
    enum err e;

    if (!split(v, &kind, &in))
        return err_put(why, ERR_FORMAT,
                       "the accessor is none of Repo, WasmHash, Project and System");
    x.kind = (enum accessor_kind)kind;
    if (x.kind == ACCESSOR_PAYMENT_KEY) {
        if (!is_payment_key(v, in))
            return err_put(why, ERR_FORMAT, "the only System accessor is PaymentKey");
        *out = x;
        return ERR_OK;
    }
    e = text(json_get(in, kinds[kind].member), kinds[kind].member, ACCESSOR_TEXT_MAX, a, &x.name,
             why);
    if (!e && x.kind == ACCESSOR_REPO && !json_is_null(json_get(in, "branch")))
        e = text(json_get(in, "branch"), "branch", ACCESSOR_BRANCH_MAX, a, &x.branch, why);
    if (!e && x.kind == ACCESSOR_WASM_HASH && !hash_lower(x.name))
        e = err_put(why, ERR_FORMAT, "a WASM hash has 64 hexadecimal digits");
    if (!e && x.kind == ACCESSOR_PROJECT) {
        struct str owner, name = str_cut(x.name, '/', &owner);

        if (!account_id_valid(owner) || !name.len)
            e = err_put(why, ERR_FORMAT, "a project id is OWNER/NAME");
    }
    if (!e)
        *out = x;
    return e;
}

static void put_members(struct buf *out, const struct accessor *a)
{
    put_str(out, kinds[a->kind].member, a->name);
    if (a->kind != ACCESSOR_REPO)
        return;
    json_key(out, "branch");
    if (a->branch.ptr)
        json_put_str(out, a->branch);
    else
        json_put_null(out);
}

void accessor_put(struct buf *out, const struct accessor *a)
{
    json_obj(out);
    json_key(out, kinds[a->kind].tag);
    if (a->kind == ACCESSOR_PAYMENT_KEY) {
        json_putz(out, "PaymentKey");
    } else {
        json_obj(out);
        put_members(out, a);
        json_obj_end(out);
    }
    json_obj_end(out);
}

void accessor_put_web(struct buf *out, const struct accessor *a)
{
    json_obj(out);
    put_z(out, "type", kinds[a->kind].tag);
    if (a->kind == ACCESSOR_PAYMENT_KEY) {
        json_key(out, "PaymentKey");
        json_obj(out);
        json_obj_end(out);
    } else {
        put_members(out, a);
    }
    json_obj_end(out);
}

bool accessor_eq(const struct accessor *a, const struct accessor *b)
{
    return a->kind == b->kind && str_eq(a->name, b->name) && !a->branch.ptr == !b->branch.ptr &&
           str_eq(a->branch, b->branch);
}

/* A colon belongs to a port only. Seeds put names together with colons, and a name with one could
 * stand for another owner's: `R:alice.near` of bob for `R` of alice, branch bob. */
static bool colons_ok(struct str s)
{
    struct str head, digits;
    uint64_t port;

    if (!str_has_byte(s, ':'))
        return true;
    s = str_cut(s, ':', &head);
    s = str_cut(s, '/', &digits);
    return head.len && digits.len <= 5 && str_u64(digits, &port) && s.len && !str_has_byte(s, ':');
}

/* "alice/dice": the first part is no host, so it is GitHub's, as in a request's source. */
static bool host_left_out(struct str s)
{
    struct str first, rest = str_cut(s, '/', &first);

    return first.len && rest.len && !str_has_byte(rest, '/') && !str_has_byte(first, '.') &&
           !str_has_byte(first, ':') && !str_eqz(first, "localhost");
}

enum err repo_name_normalise(struct str name, struct buf *out, struct buf *why)
{
    static const struct str schemes[] = {{"https://", 8}, {"http://", 7}, {"ssh://", 6}};
    struct str rest = name, host, path, front = STR_NONE;
    bool scheme = false;

    for (size_t i = 0; i < countof(schemes) && !scheme; i++)
        if (str_starts(rest, schemes[i])) {
            rest = str_skip(rest, schemes[i].len);
            scheme = true;
        }
    if (str_starts(rest, STR("git@")))
        rest = str_skip(rest, 4);
    /* No repository ends so, and what is normal stays as it is. */
    for (bool more = true; more;) {
        bool slash = str_ends(rest, STR("/")), git = str_ends(rest, STR(".git"));

        rest.len -= slash ? 1 : git ? 4 : 0;
        more = slash || git;
    }
    /* "host:path" as git's short form has it, but not "host:port/path" of a URL */
    path = str_cut(rest, ':', &host);
    if (!scheme && host.len < rest.len && !str_has_byte(host, '/') && str_has_byte(path, '/') &&
        !colons_ok(rest)) {
        front = host;
        rest = path;
    }
    if (!front.ptr && host_left_out(rest))
        front = STR("github.com");
    if (!rest.len || rest.len + front.len + (front.ptr != NULL) > ACCESSOR_TEXT_MAX)
        return err_put(why, ERR_FORMAT, "a repository's name has 1 to %d bytes", ACCESSOR_TEXT_MAX);
    if (!colons_ok(rest))
        return err_put(why, ERR_FORMAT,
                       "'%.*s' is no repository: a colon stands before a port only", STR_ARG(rest));
    if (front.ptr) {
        buf_add_str(out, front);
        buf_add_byte(out, '/');
    }
    buf_add_str(out, rest);
    return ERR_OK;
}

enum err accessor_seed(const struct accessor *a, struct str owner, struct str profile,
                       struct buf *out, struct buf *why)
{
    uint64_t nonce;
    enum err e;

    if (!account_id_valid(owner))
        return err_put(why, ERR_FORMAT, "the owner is no account id");
    switch (a->kind) {
    case ACCESSOR_REPO:
        e = repo_name_normalise(a->name, out, why);
        if (e)
            return e;
        buf_addf(out, ":%.*s", STR_ARG(owner));
        if (a->branch.ptr)
            buf_addf(out, ":%.*s", STR_ARG(a->branch));
        break;
    case ACCESSOR_WASM_HASH:
        buf_addf(out, "wasm_hash:%.*s:%.*s", STR_ARG(a->name), STR_ARG(owner));
        break;
    case ACCESSOR_PROJECT:
        buf_addf(out, "project:%.*s:%.*s", STR_ARG(a->name), STR_ARG(owner));
        break;
    case ACCESSOR_PAYMENT_KEY:
        if (!str_u64(profile, &nonce) || !nonce || nonce > INT32_MAX || profile.ptr[0] == '0')
            return err_put(why, ERR_FORMAT, "the profile of a payment key is its nonce");
        buf_addf(out, "system:payment_key:%.*s:%.*s", STR_ARG(owner), STR_ARG(profile));
        break;
    }
    if (out->full)
        return err_put(why, ERR_TOO_BIG, "the accessor is too long");
    return ERR_OK;
}

bool profile_valid(struct str p)
{
    if (!p.len || p.len > PROFILE_TEXT_MAX)
        return false;
    for (size_t i = 0; i < p.len; i++) {
        char c = p.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

const char *accessor_not_found(const struct accessor *a)
{
    return kinds[a->kind].absent;
}
