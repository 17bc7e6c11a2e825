/* wasip2_fields.c — headers of wasi:http; see wasip2_http.h. */
#include "base/mem.h"
#include "engine/wasip2_http.h"

static struct p2_object *p2_fields_new(void)
{
    struct p2_object *o = p2_new(P2_FIELDS, NULL);

    o->as.fields = mem_new(struct p2_fields);
    return o;
}

void p2_fields_free(struct p2_fields *f)
{
    for (size_t i = 0; i < f->n; i++) {
        buf_wipe(&f->list[i].name);
        buf_wipe(&f->list[i].value);
    }
    mem_free(f);
}

static void add(struct p2_fields *h, struct str name, struct str value)
{
    struct p2_header *to = &h->list[h->n++];

    to->name = BUF_INIT(NET_NAME_MAX);
    to->value = BUF_INIT(NET_HEAD_MAX);
    buf_add_str(&to->name, name);
    buf_add_str(&to->value, value);
    h->bytes += name.len + value.len;
}

/* NULL, or the header-error. */
static const char *append(struct p2_fields *h, struct str name, const struct buf *value)
{
    if (h->fixed)
        return "immutable";
    if (!net_is_token(name) || !net_is_value(buf_str(value)))
        return "invalid-syntax";
    if (net_is_hop(name) || h->n == NET_FIELDS_MAX || name.len > NET_NAME_MAX ||
        h->bytes + name.len + value->len > NET_HEAD_MAX)
        return "forbidden";
    add(h, name, buf_str(value));
    return NULL;
}

static const char *append_val(struct p2_fields *h, struct str name, const p2_val *value)
{
    struct buf bytes = BUF_INIT(NET_HEAD_MAX);
    const char *error;

    if (!p2_add_bytes(&bytes, value))
        error = "invalid-syntax";
    else
        error = bytes.full ? "forbidden" : append(h, name, &bytes);
    buf_wipe(&bytes);
    return error;
}

static void remove_all(struct p2_fields *h, struct str name)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->n; i++) {
        if (net_same_name(buf_str(&h->list[i].name), name)) {
            h->bytes -= h->list[i].name.len + h->list[i].value.len;
            buf_wipe(&h->list[i].name);
            buf_wipe(&h->list[i].value);
        } else {
            h->list[kept++] = h->list[i];
        }
    }
    h->n = kept;
}

struct p2_object *p2_fields_copy(const struct p2_fields *from, bool fixed)
{
    struct p2_object *o = p2_fields_new();

    for (size_t i = 0; i < from->n; i++)
        add(o->as.fields, buf_str(&from->list[i].name), buf_str(&from->list[i].value));
    o->as.fields->fixed = fixed;
    return o;
}

struct p2_object *p2_fields_of(const struct net_response *head)
{
    struct p2_object *o = p2_fields_new();

    for (size_t i = 0; i < head->nfields; i++)
        add(o->as.fields, head->fields[i].name, head->fields[i].value);
    o->as.fields->fixed = true;
    return o;
}

static p2_val header_result(const char *error)
{
    return error ? p2_err(p2_case(error, NULL)) : p2_result(true, NULL);
}

P2_FN(fields_new)
{
    P2_RET_HANDLE(p2_fields_new());
}

P2_FN(fields_from_list)
{
    struct p2_object *o = p2_fields_new();
    const char *error = NULL;

    for (size_t i = 0; i < c->a[0].of.list.size && !error; i++) {
        const p2_val *pair = &c->a[0].of.list.data[i];
        if (pair->kind != WASMTIME_COMPONENT_TUPLE || pair->of.tuple.size != 2)
            error = "invalid-syntax";
        else
            error =
                append_val(o->as.fields, p2_str(&pair->of.tuple.data[0]), &pair->of.tuple.data[1]);
    }
    if (error) {
        p2_unref(o);
        P2_RET(header_result(error));
    }
    P2_RET_OK_HANDLE(o);
}

P2_FN(fields_get)
{
    P2_GET(o, 0, P2_FIELDS);
    struct p2_fields *h = o->as.fields;
    struct str name = p2_str(&c->a[1]);
    size_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += net_same_name(buf_str(&h->list[i].name), name);
    p2_val list = p2_list(n);
    n = 0;
    for (size_t i = 0; i < h->n; i++)
        if (net_same_name(buf_str(&h->list[i].name), name))
            list.of.list.data[n++] = p2_bytes(buf_str(&h->list[i].value));
    P2_RET(list);
}

P2_FN(fields_has)
{
    P2_GET(o, 0, P2_FIELDS);
    bool has = false;

    for (size_t i = 0; i < o->as.fields->n; i++)
        has |= net_same_name(buf_str(&o->as.fields->list[i].name), p2_str(&c->a[1]));
    P2_RET(p2_bool(has));
}

P2_FN(fields_set)
{
    P2_GET(o, 0, P2_FIELDS);
    const char *error = o->as.fields->fixed ? "immutable" : NULL;

    if (!error && !net_is_token(p2_str(&c->a[1])))
        error = "invalid-syntax";
    if (!error)
        remove_all(o->as.fields, p2_str(&c->a[1]));
    for (size_t i = 0; i < c->a[2].of.list.size && !error; i++)
        error = append_val(o->as.fields, p2_str(&c->a[1]), &c->a[2].of.list.data[i]);
    P2_RET(header_result(error));
}

P2_FN(fields_delete)
{
    P2_GET(o, 0, P2_FIELDS);

    if (o->as.fields->fixed)
        P2_RET(header_result("immutable"));
    remove_all(o->as.fields, p2_str(&c->a[1]));
    P2_RET(header_result(NULL));
}

P2_FN(fields_append)
{
    P2_GET(o, 0, P2_FIELDS);
    P2_RET(header_result(append_val(o->as.fields, p2_str(&c->a[1]), &c->a[2])));
}

P2_FN(fields_entries)
{
    P2_GET(o, 0, P2_FIELDS);
    struct p2_fields *h = o->as.fields;
    p2_val list = p2_list(h->n);

    for (size_t i = 0; i < h->n; i++)
        list.of.list.data[i] =
            p2_tuple(p2_text(buf_str(&h->list[i].name)), p2_bytes(buf_str(&h->list[i].value)));
    P2_RET(list);
}

P2_FN(fields_clone)
{
    P2_GET(o, 0, P2_FIELDS);
    P2_RET_HANDLE(p2_fields_copy(o->as.fields, false));
}

static const struct p2_row rows[] = {
    {"[constructor]fields", "", true, fields_new},
    {"[static]fields.from-list", "l", true, fields_from_list},
    {"[method]fields.get", "hs", true, fields_get},
    {"[method]fields.has", "hs", true, fields_has},
    {"[method]fields.set", "hsl", true, fields_set},
    {"[method]fields.delete", "hs", true, fields_delete},
    {"[method]fields.append", "hsl", true, fields_append},
    {"[method]fields.entries", "h", true, fields_entries},
    {"[method]fields.clone", "h", true, fields_clone},
};

const struct p2_interface p2_fields_interface = {"wasi:http/types", rows, countof(rows), true,
                                                 NULL};
