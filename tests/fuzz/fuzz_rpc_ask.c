/* A guest's words for a node: whatever they are, what is asked is one JSON value and a known
 * method. The first byte is the function, lines are its arguments. */
#include <string.h>

#include "guest/rpc_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host_call c = {0};
    struct buf params = BUF_INIT(1u << 20), why = WHY_INIT;
    struct rpc_ask ask;
    struct str rest;
    struct json doc;

    if (!size || !str_is_utf8(str_from(data + 1, size - 1)))
        goto out;
    c.fn = &host_faces[HOST_RPC].fns[data[0] % host_faces[HOST_RPC].nfns];
    if (strcmp(c.fn->name, "call") == 0 || strcmp(c.fn->name, "transfer") == 0)
        goto out;
    rest = str_from(data + 1, size - 1);
    for (size_t i = 0; i < strlen(c.fn->params); i++)
        rest = str_cut(rest, '\n', &c.args[i].s);
    if (!rpc_ask_make(&c, &ask, &params, &why)) {
        BUG_ON(!json_parse(buf_str(&params), &doc, NULL));
        BUG_ON(json_type(doc) != JSON_OBJECT && json_type(doc) != JSON_ARRAY);
        BUG_ON(!ask.method || strstr(ask.method, "sandbox"));
    } else {
        BUG_ON(!why.len);
    }
out:
    buf_release(&params);
    buf_release(&why);
    return 0;
}
