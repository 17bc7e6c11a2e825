/* words.h — what came of a call, in the words that the oracle uses (src/): both sides must say the
 * same, to the byte. */
#ifndef TESTS_ORACLE_WORDS_H
#define TESTS_ORACLE_WORDS_H

#include "unit/vm/chain.h"

#define WORDS_MAX ((size_t)64 << 20)

/* Sorts the chain's rows. */
void outcome_words(struct buf *b, const struct vm_outcome *o, struct chain *chain);

#endif
