#include "engine/wat.h"

#include "engine/engine_internal.h"

enum err wat_assemble(struct str text, struct buf *out, struct buf *why)
{
    wasm_byte_vec_t v;
    wasmtime_error_t *e = wasmtime_wat2wasm(text.ptr, text.len, &v);

    if (e != NULL)
        return engine_err(e, ERR_FORMAT, "malformed WebAssembly text", why);
    buf_add(out, v.data, v.size);
    wasm_byte_vec_delete(&v);
    return out->full ? err_put(why, ERR_TOO_BIG, "the module is too large") : ERR_OK;
}
