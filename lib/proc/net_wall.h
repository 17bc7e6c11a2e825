/*
 * net_wall.h — what a child that talks to the network for others gives up before it does.
 *
 * Limits on memory, file size and descriptors; no new privileges; files readable only where name
 * resolution and certificates live and writable nowhere (Landlock, where the kernel has it); system
 * calls by list (seccomp): no exec, no files opened for writing, no tracing, no mounts.
 * Built with a sanitizer, which wants more calls than the list has, only limits and privileges are
 * given up.
 */
#ifndef PROC_NET_WALL_H
#define PROC_NET_WALL_H

#include "base/err.h"

struct net_wall {
    unsigned descriptors;
    uint64_t file_bytes; /* of a file it was handed */
};
MUST_USE enum err net_wall_enter(const struct net_wall *w, struct buf *why);
/* This kernel cannot forbid reading: all that keeps files shut then is who the child runs as. */
bool net_wall_reads_all(void);

#endif
