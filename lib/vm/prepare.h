/*
 * prepare.h — turn a contract's code into the module that is compiled and run.
 *
 * The module is checked (wasm_module.h, wasm_body.h) and rewritten so that it counts its own gas
 * and stack: two globals, PREPARED_GAS and PREPARED_STACK, hold what is left. Before each charge
 * point the price is subtracted, at function entry also the frame; whoever goes below zero stops
 * with `unreachable`, and the host tells the reason from which global is negative. Nothing is
 * imported for it, so no index of the contract moves.
 *
 * The module's own memory is replaced by one of the protocol's size, exported as PREPARED_MEMORY;
 * its functions are exported under PREPARED_PREFIX, its start function as PREPARED_START (to be
 * called once the gas is set). Everything else is copied.
 *
 * Memory: the caller's buf.  Thread: any.
 * Source: nearcore docs, "Preparation"; charge points and stack accounting as the reference
 * node's metering (crate finite-wasm) places them.
 */
#ifndef VM_PREPARE_H
#define VM_PREPARE_H

#include "vm/wasm_module.h"

#define PREPARED_GAS    "gas"
#define PREPARED_STACK  "stack"
#define PREPARED_MEMORY "memory"
#define PREPARED_START  "start"
#define PREPARED_PREFIX "m:"

/* Bumped when the rewriting changes: part of the key of cached modules. */
#define PREPARE_VERSION 1

#define PREPARED_MAX ((size_t)64 << 20) /* bytes of a rewritten module */

/* Append the rewritten module to `out` (its content is undefined when a fault comes back). */
MUST_USE enum prepare_fault prepare(const struct params *p, struct str code, struct buf *out);

#endif
