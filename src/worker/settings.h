/*
 * settings.h — what a running worker can be told anew.
 *
 * The options below may also stand in a file (`--settings FILE`, lines of `name = value`, `#`
 * starts a comment). What stands there counts more than the command line, and is read again on
 * SIGHUP: a file with a fault in it changes nothing. Everything else needs a new start.
 */
#ifndef WORKER_SETTINGS_H
#define WORKER_SETTINGS_H

#include "proc/options.h"

#define SLOTS_MAX         64
#define DRAIN_SECONDS_MAX 3600

struct settings {
    uint64_t slots;       /* jobs at once; 0: one for each core */
    uint64_t owner_slots; /* of them for one sender; 0: see settings_owner_slots() */
    uint64_t drain_seconds;
    uint64_t cache_mb;
    uint64_t builds; /* repositories compiled at once; 0: see settings_builds() */
    const char *isolation;
};
#define SETTINGS_DEFAULT                                                                           \
    {                                                                                              \
        .drain_seconds = 20, .cache_mb = 256                                                       \
    }

/* Rows for a table over `type`, whose member `in` (with its dot, or nothing) is the settings. */
#define SETTINGS_ROWS(type, in)                                                                    \
    OPT_U64("slots", "N", type, in slots, 1, SLOTS_MAX, "OUTLAYER_SLOTS",                          \
            "jobs at once (one for each core)"),                                                   \
        OPT_U64("owner-slots", "N", type, in owner_slots, 1, SLOTS_MAX, "OUTLAYER_OWNER_SLOTS",    \
                "of them for jobs of one sender at once (three of four)"),                         \
        OPT_U64("drain-seconds", "N", type, in drain_seconds, 0, DRAIN_SECONDS_MAX,                \
                "OUTLAYER_DRAIN_SECONDS",                                                          \
                "how long jobs that run may take after SIGTERM before they are handed back (20)"), \
        OPT_U64("cache-mb", "N", type, in cache_mb, 16, 1048576, "OUTLAYER_CACHE_MB",              \
                "downloaded programs kept on disk, in MiB (256)"),                                 \
        OPT_U64("builds", "N", type, in builds, 1, SLOTS_MAX, "OUTLAYER_BUILDS",                   \
                "repositories compiled at once, up to 4 GiB of memory each (half of this "         \
                "machine's memory)"),                                                              \
        OPT_TEXT("isolation", "WHICH", type, in isolation, "OUTLAYER_ISOLATION",                   \
                 "tenant: a process serves one sender's runs of one program, memory fresh each "   \
                 "time (default); run: a process for every run")

/* Read `path` (NULL: there is none) over what `*s` holds, and check all of it. Texts point into
 * `a`. `*s` is written on ERR_OK only. */
MUST_USE enum err settings_read(const char *path, struct arena *a, struct settings *s,
                                struct buf *why);

/* What they come to. */
unsigned settings_slots(const struct settings *s);
unsigned settings_owner_slots(const struct settings *s);
unsigned settings_builds(const struct settings *s);
bool settings_fresh_process(const struct settings *s);

#endif
