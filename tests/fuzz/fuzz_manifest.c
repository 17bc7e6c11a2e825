/* A program's file, and the manifest in it: found, put behind code, split off again, read. */
#include "base/mem.h"
#include "engine/code.h"
#include "guest/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(struct str code)
{
    struct egress e = EGRESS_INIT;
    struct buf why = WHY_INIT;
    struct code_parts p;

    if (!code_split(code, &p))
        return;
    egress_read(&e, p.how, p.manifest);
    BUG_ON(e.rule != EGRESS_LIST && e.nhosts);
    for (size_t i = 0; i < e.nhosts; i++)
        BUG_ON(!egress_allows(&e, true, e.hosts[i], NULL));
    if (e.rule == EGRESS_BROKEN)
        BUG_ON(egress_allows(&e, false, STR("example.org"), &why) || !why.len);
    egress_release(&e);
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str file = str_from((const char *)data, size);
    struct buf code = BUF_INIT(CODE_MANIFEST_MAX + 1024);
    struct code_parts p;

    split(file);
    buf_addz(&code, "code");
    code_close(&code, MODULE_CORE, file);
    BUG_ON(!code_split(buf_str(&code), &p) || !str_eqz(p.machine, "code"));
    split(buf_str(&code));
    BUG_ON(egress_has_operation(file) && !size);
    buf_release(&code);
    return 0;
}
