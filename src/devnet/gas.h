/*
 * gas.h — what transactions and receipts cost, from the parameter tables.
 *
 * "sir" means that the sender is the receiver. Sums that leave 64 bits (128 for money) are
 * reported, never wrapped. Source: nearcore runtime/runtime/src/config.rs, NEP-642.
 */
#ifndef DEVNET_GAS_H
#define DEVNET_GAS_H

#include "near/action.h"
#include "vm/params.h"

/* Burnt when the actions are sent to `receiver`. False on overflow. */
MUST_USE bool gas_send(const struct params *p, bool sir, const struct action *x, size_t n,
                       struct str receiver, uint64_t *out);
/* Burnt when one action runs there; a delegate's inner actions not included. */
uint64_t gas_exec(const struct params *p, const struct action *x, struct str receiver);
/* The same for all, with those inside a delegate and the receipt it makes. */
MUST_USE bool gas_prepaid_exec(const struct params *p, const struct action *x, size_t n,
                               struct str receiver, uint64_t *out);
/* Paid ahead for sending what is inside a delegate. */
MUST_USE bool gas_prepaid_send(const struct params *p, const struct action *x, size_t n,
                               uint64_t *out);
/* Gas attached to function calls, also inside a delegate. */
MUST_USE bool gas_attached(const struct action *x, size_t n, uint64_t *out);
/* Deposits, also inside a delegate. */
MUST_USE bool deposits(const struct action *x, size_t n, u128 *out);

struct tx_cost {
    uint64_t burnt;     /* by turning the transaction into a receipt */
    uint64_t remaining; /* paid ahead for running it */
    u128 price;         /* per gas of what remains: becomes the receipt's */
    u128 burnt_amount;
    u128 total; /* with deposits */
};
MUST_USE bool tx_cost(const struct params *p, struct str signer, struct str receiver,
                      const struct action *x, size_t n, u128 gas_price, struct tx_cost *out);

MUST_USE bool gas_add(uint64_t *sum, uint64_t more);
MUST_USE bool money_add(u128 *sum, u128 more);
MUST_USE bool gas_price_of(u128 price, uint64_t gas, u128 *out);

/* Fee of implicit creation goes with transfers to these ids, whether they exist or not. */
enum id_kind { ID_NAMED, ID_NEAR_IMPLICIT, ID_ETH_IMPLICIT, ID_DETERMINISTIC, ID_UNIVERSAL };
enum id_kind id_kind_of(const struct params *p, struct str id);

#endif
