/* code.c — see code.h. */
#include "engine/code.h"

#include "codec/wire.h"

#define TAG_LEN  8u
#define TAIL_LEN (4 + 1 + TAG_LEN)

static const char core_tag[TAG_LEN + 1] = "OLmodule", component_tag[TAG_LEN + 1] = "OLcompon";

void code_close(struct buf *code, enum module_form form, struct str wasm)
{
    struct str manifest = STR_NONE;
    enum section_find how = section_find(wasm, STR(CODE_MANIFEST), &manifest);

    manifest = str_head(how == SECTION_FOUND ? manifest : STR_NONE, CODE_MANIFEST_MAX + 1);
    buf_add_str(code, manifest);
    wr_u32(code, (uint32_t)manifest.len);
    wr_u8(code, (uint8_t)how);
    buf_add(code, form == MODULE_CORE ? core_tag : component_tag, TAG_LEN);
}

bool code_split(struct str code, struct code_parts *out)
{
    struct str tail = str_skip(code, code.len > TAIL_LEN ? code.len - TAIL_LEN : 0);
    struct str rest = str_head(code, code.len - tail.len), tag;
    struct rd r = rd_over(tail);
    uint32_t len = rd_u32(&r);
    uint8_t how = rd_u8(&r);

    tag = rd_fixed(&r, TAG_LEN);
    if (!rd_end(&r) || len > rest.len || len > CODE_MANIFEST_MAX + 1 || how > SECTION_TWICE ||
        (!str_eqz(tag, core_tag) && !str_eqz(tag, component_tag)))
        return false;
    *out = (struct code_parts){
        .form = str_eqz(tag, core_tag) ? MODULE_CORE : MODULE_COMPONENT,
        .machine = str_head(rest, rest.len - len),
        .how = (enum section_find)how,
        .manifest = str_skip(rest, rest.len - len),
    };
    return true;
}
