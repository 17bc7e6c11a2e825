/* egress.c — see egress.h. */
#include "guest/egress.h"

#include "codec/json.h"
#include "engine/code.h"
#include "engine/net.h"

void egress_release(struct egress *e)
{
    buf_release(&e->text);
    *e = EGRESS_INIT;
}

static void broken(struct egress *e, const char *fault)
{
    e->rule = EGRESS_BROKEN;
    e->fault = fault;
    e->nhosts = 0;
}

static void read_hosts(struct egress *e, struct json list)
{
    struct json_iter it = json_iter(list);

    if (json_type(list) != JSON_ARRAY) {
        broken(e, "its 'network' is no list of hosts");
        return;
    }
    e->rule = EGRESS_LIST;
    while (json_next(&it)) {
        struct str host;
        if (!json_plain(it.value, &host) || !host.len || host.len >= NET_HOST_MAX) {
            broken(e, "its 'network' holds something that is no host");
            return;
        }
        if (e->nhosts == EGRESS_HOSTS_MAX) {
            broken(e, "its 'network' has more than 256 hosts");
            return;
        }
        e->hosts[e->nhosts++] = host;
    }
}

void egress_read(struct egress *e, enum section_find how, struct str manifest)
{
    struct json doc, list;

    egress_release(e);
    if (how == SECTION_NONE)
        return;
    if (how == SECTION_TWICE) {
        broken(e, "it has several that differ");
        return;
    }
    if (manifest.len > CODE_MANIFEST_MAX) {
        broken(e, "it is longer than 65536 bytes");
        return;
    }
    e->text = BUF_INIT(CODE_MANIFEST_MAX);
    buf_add_str(&e->text, manifest);
    if (!json_parse(buf_str(&e->text), &doc, NULL) || json_type(doc) != JSON_OBJECT) {
        broken(e, "it is no JSON object");
        return;
    }
    e->connector = !json_is_null(json_get(doc, "connector_id"));
    list = json_get(json_get(doc, "capabilities"), "network");
    if (!list.text.ptr)
        list = json_get(doc, "network");
    if (list.text.ptr)
        read_hosts(e, list);
}

bool egress_same_host(struct str a, struct str b)
{
    a.len -= str_ends(a, STR("."));
    b.len -= str_ends(b, STR("."));
    return net_same_name(a, b);
}

bool egress_allows(const struct egress *e, bool connector, struct str host, struct buf *text)
{
    switch (e->rule) {
    case EGRESS_OPEN:
        if (!connector && !e->connector)
            return true;
        buf_addz(text, "a connector may ask only the hosts that its manifest lists, and there is "
                       "no list");
        break;
    case EGRESS_LIST:
        for (size_t i = 0; i < e->nhosts; i++)
            if (egress_same_host(host, e->hosts[i]))
                return true;
        buf_addz(text, "this host is not among those that the program's manifest lists");
        break;
    case EGRESS_BROKEN:
        buf_addf(text, "the program's manifest cannot be read (%s), so it may ask nobody",
                 e->fault);
        break;
    }
    buf_addf(text, "; build it with \"network\":[\"%.*s\"] in its " CODE_MANIFEST, STR_ARG(host));
    return false;
}

bool egress_connector_project(struct str project_id)
{
    return str_starts(project_id, STR("connectors.outlayer.near/")) ||
           str_starts(project_id, STR("connectors.outlayer.testnet/"));
}

bool egress_has_operation(struct str input)
{
    struct buf name = BUF_INIT(input.len + 1);
    struct json doc;
    bool has = json_parse(input, &doc, NULL) && json_type(doc) == JSON_OBJECT &&
               json_str(json_get(doc, "operation"), &name) && str_trim(buf_str(&name)).len > 0;

    buf_wipe(&name);
    return has;
}
