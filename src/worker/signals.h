/*
 * signals.h — ending and changing a worker that runs.
 *
 *     SIGTERM, SIGINT   no new jobs; those that run are finished and their answers sent, for at
 * most `drain_seconds`; what is left then goes back to the coordinator, so that another worker can
 * take it at once, and the process ends the same again    hand back and end now SIGHUP read the
 * settings file (settings.h) and go by it
 *
 * Nothing has to be finished: answers in the outbox are sent by the next start, and a job that was
 * not handed back is leased anew when its lease runs out.
 */
#ifndef WORKER_SIGNALS_H
#define WORKER_SIGNALS_H

#include "worker/slots.h"

struct signals;

struct signals_opts {
    const char *coordinator_url, *settings_file; /* settings_file NULL: none */
    struct str token;
    struct pass *pass; /* as for coordinator_new() */
    const struct worker_name *who;
    struct settings given; /* by the command line */
    struct keeper *keeper;
    struct runner *runner;
};

/* Before any thread is started: from now on these signals only come out of the descriptor. */
MUST_USE enum err signals_block(int *fd, struct buf *why);
/* Watch, in a thread of its own. Options are borrowed for good. */
MUST_USE enum err signals_start(const struct signals_opts *o, int fd, struct signals **out,
                                struct buf *why);
/* There is work now that has to be ended properly. Sets the number of slots, too. */
MUST_USE enum err signals_serve(struct signals *s, struct slots *slots, struct courier *courier,
                                struct buf *why);

#endif
