/* project_client.c — see project_client.h. */
#include "cli/project_client.h"

#include "codec/put.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (4u << 20)
#define PAGE       50

static bool name_ok(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return s.len >= 1 && s.len <= PROJECT_NAME_MAX;
}

struct str project_id_owner(struct str id, struct str *name)
{
    struct str owner, rest = str_cut(id, '/', &owner);

    if (name)
        *name = rest;
    return owner;
}

enum err project_id_parse(struct str text, struct str account, struct arena *a, struct str *id,
                          struct buf *why)
{
    struct buf b = BUF_INIT(PROJECT_ID_MAX);
    struct str name = text, owner = account;

    if (str_has_byte(text, '/'))
        owner = project_id_owner(text, &name);
    else if (!account.len)
        return err_put(why, ERR_FORMAT, "'%.*s': say whose it is, OWNER/%.*s, or give --key-file",
                       STR_ARG(text), STR_ARG(text));
    if (!account_id_valid(owner) || !name_ok(name))
        return err_put(why, ERR_FORMAT,
                       "'%.*s' is no project: OWNER/NAME, the name of 1 to %d of A-Z a-z 0-9 _ -",
                       STR_ARG(str_head(text, 200)), PROJECT_NAME_MAX);
    buf_add_str(&b, owner);
    buf_add_byte(&b, '/');
    buf_add_str(&b, name);
    *id = arena_str(a, buf_str(&b));
    buf_release(&b);
    return ERR_OK;
}

bool project_read(struct json v, struct project *out)
{
    struct project p = {.doc = v};

    if (!json_plain(json_get(v, "project_id"), &p.id) ||
        !json_plain(json_get(v, "owner"), &p.owner) || !json_plain(json_get(v, "name"), &p.name) ||
        !json_plain(json_get(v, "uuid"), &p.uuid) ||
        !json_plain(json_get(v, "active_version"), &p.active) ||
        !json_u64(json_get(v, "created_at"), &p.created_ns) ||
        !json_u128_str(json_get(v, "storage_deposit"), &p.deposit))
        return false;
    *out = p;
    return true;
}

static void id_args(struct buf *out, struct str id)
{
    json_obj(out);
    put_str(out, "project_id", id);
}

/* A sentence with the names that there are. */
static enum err absent(struct client *c, struct str id, struct buf *why)
{
    struct buf args = BUF_INIT(512), answer = BUF_INIT(ANSWER_MAX), names = BUF_INIT(400);
    struct str name, owner = project_id_owner(id, &name);
    struct json list;
    struct json_iter it;

    json_obj(&args);
    put_str(&args, "account_id", owner);
    json_obj_end(&args);
    if (!client_view(c, "list_user_projects", buf_str(&args), &answer, &list, NULL)) {
        it = json_iter(list);
        while (json_next(&it)) {
            struct project p;

            if (project_read(it.value, &p))
                buf_addf(&names, "%s%.*s", names.len ? ", " : "", STR_ARG(p.name));
        }
    }
    (void)err_put(why, ERR_ABSENT, "'%.*s' has no project '%.*s'%s%s", STR_ARG(owner),
                  STR_ARG(name), names.len ? "; it has " : "", buf_z(&names));
    buf_release(&args);
    buf_release(&answer);
    buf_release(&names);
    return ERR_ABSENT;
}

enum err project_get(struct client *c, struct str id, struct arena *a, struct project *out,
                     struct buf *why)
{
    struct buf args = BUF_INIT(512), answer = BUF_INIT(ANSWER_MAX);
    struct json v;
    enum err e;

    id_args(&args, id);
    json_obj_end(&args);
    e = client_view(c, "get_project", buf_str(&args), &answer, &v, why);
    if (!e && json_is_null(v))
        e = absent(c, id, why);
    if (!e && (!json_parse(arena_str(a, v.text), &v, NULL) || !project_read(v, out)))
        e = err_put(why, ERR_UPSTREAM, "the contract's get_project() answered no project");
    buf_release(&args);
    buf_release(&answer);
    return e;
}

/* Removing one moves another, so the contract's order says nothing. */
static int by_age(const void *a, const void *b)
{
    const struct project_version *x = a, *y = b;

    if (x->added_ns != y->added_ns)
        return x->added_ns < y->added_ns ? -1 : 1;
    return str_cmp(x->key, y->key);
}

static bool version_read(struct json v, struct project_version *out)
{
    out->doc = v;
    out->source = json_get(v, "source");
    return json_plain(json_get(v, "wasm_hash"), &out->key) &&
           json_type(out->source) == JSON_OBJECT &&
           json_u64(json_get(v, "added_at"), &out->added_ns) &&
           json_bool(json_get(v, "is_active"), &out->active);
}

static enum err page_get(struct client *c, struct str id, struct arena *a,
                         struct project_versions *out, size_t *got, struct buf *why)
{
    struct buf args = BUF_INIT(512), answer = BUF_INIT(ANSWER_MAX);
    struct json list;
    struct json_iter it;
    enum err e;

    id_args(&args, id);
    put_u64(&args, "from_index", out->n);
    put_u64(&args, "limit", PAGE);
    json_obj_end(&args);
    e = client_view(c, "list_versions", buf_str(&args), &answer, &list, why);
    if (!e && (json_type(list) != JSON_ARRAY || json_count(list) > PAGE ||
               !json_parse(arena_str(a, list.text), &list, NULL)))
        e = err_put(why, ERR_UPSTREAM, "the contract's list_versions() answered no list");
    if (!e) {
        *got = json_count(list);
        it = json_iter(list);
        while (!e && json_next(&it))
            if (out->n == PROJECT_VERSIONS_MAX || !version_read(it.value, &out->list[out->n++]))
                e = err_put(why, ERR_UPSTREAM, "the contract's list_versions() has no version %zu",
                            out->n);
    }
    buf_release(&args);
    buf_release(&answer);
    return e;
}

enum err project_versions_get(struct client *c, struct str id, struct arena *a,
                              struct project_versions *out, struct buf *why)
{
    size_t got = PAGE;
    enum err e = ERR_OK;

    out->n = 0;
    while (!e && got == PAGE && out->n < PROJECT_VERSIONS_MAX)
        e = page_get(c, id, a, out, &got, why);
    if (!e)
        qsort(out->list, out->n, sizeof(*out->list), by_age);
    return e;
}

static bool meant(const struct project_version *v, struct str text)
{
    struct str commit = str_skip(v->key, str_find(v->key, STR("@")) + 1);

    return str_starts(v->key, text) || (commit.len && str_starts(commit, text));
}

enum err project_version_find(const struct project_versions *l, struct str text,
                              const struct project_version **out, struct buf *why)
{
    const struct project_version *found = NULL;

    for (size_t i = 0; i < l->n; i++) {
        const struct project_version *v = &l->list[i];

        if (str_eq(v->key, text)) {
            *out = v;
            return ERR_OK;
        }
        if (!text.len || !meant(v, text))
            continue;
        if (found)
            return err_put(why, ERR_CONFLICT, "'%.*s' can be %.*s and %.*s; say more of it",
                           STR_ARG(text), STR_ARG(found->key), STR_ARG(v->key));
        found = v;
    }
    if (!found)
        return err_put(why, ERR_ABSENT,
                       "there is no version '%.*s'; `outlayer project versions` lists them",
                       STR_ARG(str_head(text, 300)));
    *out = found;
    return ERR_OK;
}

const struct project_version *project_version_before(const struct project_versions *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->list[i].active)
            return i ? &l->list[i - 1] : NULL;
    return NULL;
}
