/*
 * machine.h — a SIMULATED TDX machine that wants to answer for OutLayer, for tests of the register
 * contract: it makes the arguments of the contract's methods.
 *
 * Everything in it may be changed before a function is called. Texts live in its arena.
 */
#ifndef TESTS_CONTRACT_MACHINE_H
#define TESTS_CONTRACT_MACHINE_H

#include "attest/batch.h"
#include "attest/manifest.h"
#include "attest/sim.h"
#include "crypto/ed25519.h"

struct machine {
    struct arena arena;
    struct sim *sim;
    struct sim_spec spec;
    struct manifest manifest; /* near_key and statement_key follow the keys below */
    struct ed25519_key near, statement;
    uint8_t session[32]; /* of the last registration's quote */
    size_t junk;         /* bytes after the quote */
};

/* At `now` seconds; for the contract `me` and the OutLayer contract `outlayer`. */
void machine_open(struct machine *m, int64_t now, const char *me, const char *outlayer);
void machine_close(struct machine *m);
/* Another pair of keys. */
void machine_new_keys(struct machine *m);

struct str machine_new_args(struct machine *m, const char *owner, const char *registrar,
                            const char *outlayer);                    /* of `new` */
struct str machine_collateral(struct machine *m);                     /* of update_collateral */
struct str machine_measurements(struct machine *m, const char *more); /* of add_approved_… */
/* Of register_worker_key; `challenge` is the contract's answer, in quotes. */
struct str machine_registration(struct machine *m, struct str challenge);
/* The same without a manifest: the quote carries the key itself. */
struct str machine_plain(struct machine *m);
/* Of anchor_batch, for statements first … first + count - 1 of the session. */
struct str machine_batch(struct machine *m, uint64_t first, uint64_t count);
struct str machine_key(struct machine *m); /* "ed25519:…" */

#endif
