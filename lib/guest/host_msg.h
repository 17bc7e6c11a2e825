/*
 * host_msg.h — calls of a guest to the platform's interfaces on their way: exec child → supervisor,
 * and back.
 *
 *     child → supervisor    call    run, face, function, arguments by the function's kinds
 *     supervisor → child    answer  run, error; when that is empty, results by the function's kinds
 *
 * A value is: s, l: u32 length and bytes; t: u8; I, J: u64; before an option u8, 0 without a value.
 * A child has one call under way at a time, and no HTTP request beside it. What comes from a child
 * is a stranger's word: the reader checks every length, and that texts are UTF-8.
 *
 * Readers borrow from the body they read.
 */
#ifndef GUEST_HOST_MSG_H
#define GUEST_HOST_MSG_H

#include "engine/host.h"

#define HOST_CALL_BODY_MAX   (HOST_ASK_MAX + HOST_ARGS_MAX * 9 + 32)
#define HOST_ANSWER_BODY_MAX (HOST_TOLD_MAX + HOST_RESULTS_MAX * 9 + 32)

void host_call_write(struct buf *b, uint64_t run, const struct host_call *c);
MUST_USE bool host_call_read(struct str body, uint64_t *run, struct host_call *out);

/* `error` empty: the results in `r` */
void host_answer_write(struct buf *b, uint64_t run, const struct host_fn *fn, struct str error,
                       const struct host_reply *r);
MUST_USE bool host_answer_read(struct str body, const struct host_fn *fn, uint64_t *run,
                               struct host_answer *out);

#endif
