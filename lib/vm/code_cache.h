/*
 * code_cache.h — compiled contracts by code hash: in memory, and on disk when a folder is given.
 *
 * A contract is prepared and compiled once; who asks for one that another thread is at work on
 * waits for it. A refusal is kept like a module: the code under a hash never changes. Entries that
 * are not in use go when there are too many, least recently used first.
 *
 * Memory: code_get() lends an entry until code_put().  Thread: any.
 */
#ifndef VM_CODE_CACHE_H
#define VM_CODE_CACHE_H

#include "engine/contract.h"
#include "vm/prepare.h"

struct code {
    enum prepare_fault refused; /* PREPARE_OK: `module` or `engine_refused` */
    struct contract_module *module;
    struct str engine_refused; /* why the engine would not load it */
};

struct code_cache;

MUST_USE enum err code_cache_new(struct contract_engine *e, const struct params *p, size_t max,
                                 const char *dir, struct code_cache **out, struct buf *why);
void code_cache_free(struct code_cache *c);

/* `hash` is the SHA-256 of `wasm`. */
const struct code *code_get(struct code_cache *c, const uint8_t hash[32], struct str wasm);
void code_put(struct code_cache *c, const struct code *code);

#endif
