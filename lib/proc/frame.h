/*
 * frame.h — messages between our processes over a socket pair: u32 body length, u16 type, body.
 *
 * The pair is a stream, because a guest's input may be larger than a datagram. Descriptors travel
 * with the first byte of their frame (SCM_RIGHTS) and arrive close-on-exec.
 *
 * Blocking, with a deadline. A frame over the reader's maximum, a short one, or more descriptors
 * than asked for is ERR_FORMAT and the channel is dead: the caller closes it and ends the peer.
 */
#ifndef PROC_FRAME_H
#define PROC_FRAME_H

#include "base/err.h"

#define FRAME_FDS_MAX 4
#define FRAME_FOREVER UINT64_MAX

/* `deadline_ms` is on clock_mono_ms(). Gives ERR_CLOSED when the peer has gone, ERR_TIMEOUT. */
MUST_USE enum err frame_send(int sock, uint16_t type, struct str body, const int *fds, size_t nfds,
                             uint64_t deadline_ms, struct buf *why);

struct frame {
    uint16_t type;
    struct buf body;        /* set body.max before: the longest body taken */
    int fds[FRAME_FDS_MAX]; /* the receiver owns them; -1 where none */
    size_t nfds;
};
#define FRAME_INIT(max_body) ((struct frame){.body = BUF_INIT(max_body), .fds = {-1, -1, -1, -1}})
MUST_USE enum err frame_recv(int sock, struct frame *f, uint64_t deadline_ms, struct buf *why);
void frame_release(struct frame *f); /* closes descriptors nobody took, frees the body */

#endif
