/* form.c — what a file that should be WebAssembly is; see module.h. */
#include <string.h>

#include "engine/module.h"

struct magic {
    const char *bytes;
    size_t len;
    const char *what;
};

/* What people really send instead: the wrong build product, an error page, an archive. */
static const struct magic magics[] = {
    {"\x7f"
     "ELF",
     4, "a native Linux program"},
    {"MZ", 2, "a Windows program"},
    {"\xcf\xfa\xed\xfe", 4, "a macOS program"},
    {"\x1f\x8b", 2, "a gzip archive"},
    {"PK\x03\x04", 4, "a zip archive"},
    {"(module", 7, "WebAssembly text; assemble it first"},
    {"(component", 10, "WebAssembly text; assemble it first"},
    {"<!", 2, "a web page"},
    {"<html", 5, "a web page"},
    {"{", 1, "JSON text"},
    {"version https://git-lfs", 23, "a git LFS pointer"},
    {"#!", 2, "a script"},
    {"!<arch>", 7, "a static library; link it to a program first"},
    {"\xca\xfe\xba\xbe", 4, "a Java class or a macOS program"},
    {"%PDF", 4, "a PDF document"},
    {"<?xml", 5, "an XML document"},
    {"BZh", 3, "a bzip2 archive"},
    {"\xfd\x37zXZ", 5, "an xz archive"},
    {"\x28\xb5\x2f\xfd", 4, "a zstd archive"},
};

enum module_form module_form(struct str wasm, const char **what)
{
    const char *looks = "no WebAssembly";

    if (wasm.len >= 8 && memcmp(wasm.ptr, "\0asm", 4) == 0) {
        const uint8_t *v = (const uint8_t *)wasm.ptr + 4;
        unsigned version = v[0] | (unsigned)v[1] << 8, layer = v[2] | (unsigned)v[3] << 8;
        if (layer == 0 && version == 1)
            return MODULE_CORE;
        if (layer == 1)
            return MODULE_COMPONENT;
        looks = "WebAssembly of an unknown version";
    } else if (wasm.len == 0) {
        looks = "empty";
    } else if (wasm.len >= 4 && memcmp(wasm.ptr, "\0asm", 4) == 0) {
        looks = "WebAssembly cut off in its header";
    } else {
        for (size_t i = 0; i < countof(magics); i++)
            if (str_starts(wasm, str_from(magics[i].bytes, magics[i].len)))
                looks = magics[i].what;
    }
    if (what)
        *what = looks;
    return MODULE_OTHER;
}
