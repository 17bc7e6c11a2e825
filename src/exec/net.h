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

#define EXEC_NET_WAITING_MAX   128u
#define EXEC_NET_WAITING_BYTES (16u << 20)

struct exec_net {
    struct net_host host; /* what the engine gets */
    int sock;
    uint64_t run;
    bool under_way;
    struct buf waiting[EXEC_NET_WAITING_MAX]; /* a ring of messages */
    size_t first, n, bytes;
};

void exec_net_init(struct exec_net *x, int sock);
void exec_net_begin(struct exec_net *x, uint64_t run);
void exec_net_end(struct exec_net *x); /* forget what waits */

#endif
