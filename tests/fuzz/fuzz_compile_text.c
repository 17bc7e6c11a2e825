/* What tools print, and a project's manifest: foreign text made harmless. */
#include "compile/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = BUF_INIT(4 * size + 16);
    struct str in = str_from(data, size), value;

    text_put_printable(&b, in);
    BUG_ON(b.full || !str_is_utf8(buf_str(&b)));
    for (size_t i = 0; i < b.len; i++)
        BUG_ON((uint8_t)b.ptr[i] < 0x20 || b.ptr[i] == 0x7f);
    value = toml_get(in, "build", "language");
    BUG_ON(value.len > in.len);
    value = rust_channel(in);
    BUG_ON(value.len > in.len);
    buf_release(&b);
    return 0;
}
