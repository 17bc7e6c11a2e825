/*
 * registrar.h — calls of the register contract, signed by the account that may register; what a
 * notary asks to be let in (notary.h).
 *
 * Each call sends one transaction and waits until it has run; what was sent and not answered is
 * asked for again by its hash, never signed anew. The one that anchors a batch is kept on disk
 * first, so that holds over a restart too. docs/register.md has the methods.
 *
 * Thread: any; calls take turns.
 */
#ifndef WORKER_REGISTRAR_H
#define WORKER_REGISTRAR_H

#include "worker/notary.h"

struct registrar;

/* `worker` is the key to be registered. Everything is borrowed, and all of it works until the
 * process ends. */
struct registrar *registrar_new(const char *rpc_url, const struct near_key *init_key,
                                struct str register_contract, struct str outlayer_contract,
                                const struct ed25519_pub *worker);
const struct notary_register *registrar_hooks(struct registrar *r);

#endif
