/*
 * fail.h — the protocol's errors as the JSON that clients match on.
 *
 * An error is made once, where it is found, as finished JSON in the arena of the block or request:
 * "Name" for one without fields, {"Name":{…}} for others. Names and fields are those of
 * nearcore's errors (core/primitives/src/errors.rs).
 */
#ifndef DEVNET_FAIL_H
#define DEVNET_FAIL_H

#include "base/arena.h"

/*
 * `spec` lists the fields as "<type> <name>" pairs parted by blanks, in order: s text, u u64,
 * m money (a decimal string), j finished JSON; NULL: no fields. For each a value follows: struct
 * str, uint64_t, MONEY(u128), struct str.
 *
 *     fail(a, "InvalidNonce", "u tx_nonce u ak_nonce", tx->nonce, key.nonce)
 */
#define MONEY(v)                                                                                   \
    (uint64_t)(v), (uint64_t)((u128)(v) >> 64) /* compilers pass 128 bits differently */
struct str fail(struct arena *a, const char *name, const char *spec, ...);
/* {"name":inner} */
struct str fail_in(struct arena *a, const char *name, struct str inner);

#endif
