/*
 * net.h — a guest's HTTP requests: asked for at the supervisor, then spoken over their own streams
 * with the process that makes them (engine/net.h, guest/net_msg.h).
 *
 * Asking is question and answer on the socket to the supervisor: nothing is left under way there.
 */
#ifndef EXEC_NET_H
#define EXEC_NET_H

#include "engine/net.h"
#include "proc/frame.h"

#define EXEC_FRAME_MS 10000u /* for a frame that has begun to come, or to go */

struct exec_net {
    struct net_host host; /* what the engine gets */
    int sock;
    uint64_t run;
};

void exec_net_init(struct exec_net *x, int sock);
void exec_net_begin(struct exec_net *x, uint64_t run);

#endif
