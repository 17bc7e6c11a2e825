/*
 * map.h — a map from bytes to bytes in the contract's storage that can be walked by index.
 *
 * Each entry takes two rows (key → index and value, index → key) and the map one for its count.
 * Removing moves the last entry into the hole, so indices are dense but not stable over removals.
 * No map may begin with the prefix of another: end variable prefixes with a byte that cannot be
 * part of them.
 */
#ifndef SDK_MAP_H
#define SDK_MAP_H

#include "sdk/near.h"

struct map {
    struct str prefix;
};

struct map map_of(char tag, struct str rest); /* prefix: tag ‖ rest */
uint32_t map_count(struct map m);
bool map_get(struct map m, struct str key, struct str *value);
bool map_has(struct map m, struct str key);
bool map_put(struct map m, struct str key, struct str value); /* true: a new entry */
bool map_remove(struct map m, struct str key);
/* The i-th entry; false when there are not so many. `value` may be NULL. */
bool map_at(struct map m, uint32_t i, struct str *key, struct str *value);

#endif
