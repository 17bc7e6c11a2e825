/*
 * net.h — a guest's HTTP requests on their way to the supervisor (engine/net.h, guest/net_msg.h).
 *
 * One request is under way at a time; others wait here, so that neither side ever writes while the
 * other one does.
 */
#ifndef EXEC_NET_H
#define EXEC_NET_H

#include "engine/net.h"
#include "proc/frame.h"

#define EXEC_FRAME_MS          10000u /* for a frame that has begun to come, or to go */
#define EXEC_NET_WAITING_MAX   128u
#define EXEC_NET_WAITING_BYTES (16u << 20)

struct exec_net {
    struct net_host host; /* what the engine gets */
    int sock;
    uint64_t run;
    bool under_way;
    /* An answer that came before the guest looked for one: nothing is sent until it is taken. */
    bool has_early;
    uint32_t early_id;
    struct net_response early;
    struct buf waiting[EXEC_NET_WAITING_MAX]; /* a ring of messages */
    size_t first, n, bytes;
};

void exec_net_init(struct exec_net *x, int sock);
void exec_net_begin(struct exec_net *x, uint64_t run);
void exec_net_end(struct exec_net *x); /* forget what waits */

/* Wait until nothing is under way, so that the socket is free for something else. ERR_TIMEOUT:
 * the monotonic clock is at `deadline_ns`. */
MUST_USE enum err exec_net_settle(struct exec_net *x, uint64_t deadline_ns);

/* Wait for a frame to begin; nothing of it is read. */
MUST_USE enum err exec_await(int sock, uint64_t deadline_ns);

#endif
