/*
 * section.h — custom sections of a WebAssembly file, core module or component.
 *
 * Looks into the modules and components that lie in a component too, where linkers leave what the
 * source had. Reads foreign bytes: whatever is no section ends the search.
 *
 * Source: WebAssembly core specification, 5.5.3; component model, binary format.
 */
#ifndef ENGINE_SECTION_H
#define ENGINE_SECTION_H

#include "base/str.h"

#define SECTION_DEPTH_MAX 8u /* of components in components */

enum section_find {
    SECTION_NONE,
    SECTION_FOUND,
    SECTION_TWICE, /* several, and they differ */
};

/* `out` borrows from `wasm`; written when found. */
enum section_find section_find(struct str wasm, struct str name, struct str *out);

#endif
