/*
 * linear.h — linear memories of components, counted together.
 *
 * A component may have several memories; the limit is on all of them at once, and what is told
 * afterwards is their sum at its largest. The engine asks here for every memory and every growth.
 * Address space is reserved once per process and used again; what a run left in it is given back to
 * the kernel before the next one can see it.
 *
 * Thread: one run at a time.
 */
#ifndef ENGINE_LINEAR_H
#define ENGINE_LINEAR_H

#include <wasmtime.h>

#include "base/def.h"

#define LINEAR_MEMORIES_MAX 8u

struct linear_slot {
    struct linear *owner;
    uint8_t *base;           /* reserved; NULL: not yet */
    size_t reserved, mapped; /* with its guard */
    size_t open;             /* bytes from the start that can be read and written */
    size_t size;             /* of the memory that lies here now */
    bool used;
};

struct linear {
    struct linear_slot slots[LINEAR_MEMORIES_MAX];
    size_t limit, size, peak;
    size_t refused; /* bytes that a memory wanted at its start and did not get, or 0 */
};

void linear_attach(struct linear *l, wasm_config_t *config); /* `l` must outlive the engine */
void linear_begin(struct linear *l, size_t limit);
void linear_release(struct linear *l); /* after the engine */

#endif
