/*
 * view_call.h — a contract's view method, run over a state that it cannot change.
 *
 * What a view may not do the machine refuses before it asks. Thread: that of the reader.
 */
#ifndef DEVNET_VIEW_CALL_H
#define DEVNET_VIEW_CALL_H

#include "devnet/chain.h"
#include "vm/vm.h"

/*
 * `kv` is the state after `block`; what `out` points to is in `a` or in `kv`.
 *
 * ERR_OK      out->fail says whether it failed
 * ERR_ABSENT  there is no such account
 * others      a fault of ours
 */
MUST_USE enum err view_call(struct chain *chain, const struct kv *kv, const struct block *block,
                            const struct account_id *id, struct str method, struct str args,
                            struct arena *a, struct vm_outcome *out, struct buf *why);

#endif
