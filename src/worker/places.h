/*
 * places.h — where guests run: one sandboxed child for each slot, shared by all of them.
 *
 * A slot takes a place for one job and gives it back. It gets the place where the same program ran
 * for the same tenant last, whose child may still be warm (guest/guest.h), else the one that was
 * not used for longest. A child that has nothing to do for PLACES_IDLE_MS is ended.
 *
 * Thread: any. A place that was taken belongs to one thread until it is given back. Children die
 * with the thread that started them: slots last as long as the process.
 */
#ifndef WORKER_PLACES_H
#define WORKER_PLACES_H

#include "guest/guest.h"
#include "worker/settings.h"

#define PLACES_IDLE_MS 60000

struct places;

/* Starts the first child, so that it fails early where the sandbox cannot stand. Texts and the key
 * in `o` are borrowed for good. */
MUST_USE enum err places_open(const struct guest_options *o, struct places **out, struct buf *why);
void places_close(struct places *p); /* all given back; NULL is fine */

/* At most SLOTS_MAX at once. */
MUST_USE enum err places_take(struct places *p, const struct hash256 *wasm, struct str tenant,
                              struct guest **out, struct buf *why);
/* `wasm` and `tenant` are what it served now. */
void places_give(struct places *p, struct guest *g, const struct hash256 *wasm, struct str tenant);
/* Is compiled code at hand? As guest_has(). */
bool places_have(struct places *p, const struct hash256 *wasm);
/* While there is time: start children that the next runs will need, end those idle for long. */
void places_tend(struct places *p);
/* A process of its own for every run, from the next run on? */
void places_isolate(struct places *p, bool fresh_process);

#endif
