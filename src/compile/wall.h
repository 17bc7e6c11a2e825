/*
 * wall.h — what the compile child gives up before it touches anything foreign.
 *
 * wall_enter() takes the process out of the machine as far as it can go:
 *
 *   mounts    a mount namespace of its own, with the build's folder in memory (tmpfs) at
 *             WALL_WORK, bounded in bytes and files. Nobody outside sees it and it is gone with the
 *             last process of the build, whatever ended it.
 *   network   a network namespace of its own with nothing in it but the broker's door on
 *             127.0.0.1:WALL_PROXY_PORT (broker.h). Builds themselves have not even that.
 *   user      where it runs as root: a user of this build's own, so that files of the worker and
 *             other builds are closed to it and processes are counted for it alone.
 *   limits    processes, memory of each, descriptors, size of files; no core dumps, no new
 *             privileges.
 *
 * Each tool then runs in a sandbox of its own inside (sandbox.h). Thread: the only one.
 */
#ifndef COMPILE_WALL_H
#define COMPILE_WALL_H

#include "base/err.h"

#define WALL_DIR        "/mnt" /* covered, in our mount namespace only */
#define WALL_WORK       WALL_DIR "/work"
#define WALL_TOOLCHAIN  WALL_DIR "/toolchain"
#define WALL_REPO       WALL_DIR "/repo"
#define WALL_PROXY_PORT 1080
#define WALL_FILES_MAX  400000 /* files and folders of a build */
#define WALL_PROCS_MAX  512

struct broker;
struct wall {
    struct str toolchain;  /* shown at WALL_TOOLCHAIN; empty: none */
    struct str repo_dir;   /* shown at WALL_REPO, for file:// in development; empty: none */
    uint32_t memory_mb;    /* of one process */
    uint32_t disk_mb;      /* of WALL_WORK */
    struct broker *broker; /* started here */
};

MUST_USE enum err wall_enter(const struct wall *w, struct buf *why);

#endif
