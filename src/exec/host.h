/*
 * host.h — a guest's calls to the platform's interfaces on their way to the supervisor
 * (engine/host.h, guest/host_msg.h).
 *
 * Question and answer on the same socket as exec/net.h; each ends before anything else is asked.
 */
#ifndef EXEC_HOST_H
#define EXEC_HOST_H

#include "engine/host.h"
#include "exec/net.h"

struct exec_host {
    struct host_port port; /* what the engine gets */
    struct exec_net *net;
    struct buf message;
};

void exec_host_init(struct exec_host *x, struct exec_net *net);
void exec_host_end(struct exec_host *x); /* the run is over */

#endif
