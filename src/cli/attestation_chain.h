/*
 * attestation_chain.h — what the chain says that a bundle must agree with: who asked what and when,
 * which machines the register approves of, which root it has.
 *
 * The node is believed; a hostile one can make a check pass that should not.
 */
#ifndef CLI_ATTESTATION_CHAIN_H
#define CLI_ATTESTATION_CHAIN_H

#include "attest/bundle.h"

struct chain_opts {
    const char *rpc_url;
    struct str contract, reg; /* the OutLayer contract, the register contract */
};

/* Fill in what `x` does not know yet, as far as the chain has it. Texts live in `a`. An error is
 * the node's, or the bundle's statement cannot be read. */
MUST_USE enum err attestation_chain(const struct chain_opts *o, const struct bundle *b,
                                    struct arena *a, struct bundle_expect *x, struct buf *why);

#endif
