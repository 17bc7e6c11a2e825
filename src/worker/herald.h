/*
 * herald.h — brings what was signed to the coordinator and to the chain, and quotes to those who
 * ask for one.
 *
 * Two threads. One empties the ledger: epochs, then statements in their order, then batches; and
 * lets the register anchor the batches that are closed. The other waits for wishes: the coordinator
 * passes on who wants a quote over one statement, with a nonce of his own or over the record of the
 * older layout. What is quoted is looked up in our own ledger: nobody gets a quote over bytes that
 * he chose.
 *
 * A coordinator that is away or that has lost its memory gets everything again.
 */
#ifndef WORKER_HERALD_H
#define WORKER_HERALD_H

#include "worker/ledger.h"
#include "worker/notary.h"

struct herald;

struct herald_opts {
    struct outbox *outbox;
    const char *coordinator_url, *worker_id;
    struct str token;
    struct pass *pass; /* as for coordinator_new() */
    struct quote_source *source;
    const struct notary_register *registrar; /* NULL: nothing is anchored */
};
/* All of `o` is borrowed for good: a herald works until the process ends. */
MUST_USE enum err herald_start(const struct herald_opts *o, struct herald **out, struct buf *why);
/* There is something new in the ledger. */
void herald_wake(struct herald *h);

#endif
