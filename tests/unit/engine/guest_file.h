/* guest_file.h — the test guests as compiled code, for the tests of the engine. */
#ifndef TESTS_GUEST_FILE_H
#define TESTS_GUEST_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it */
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>

#include "base/file.h"
#include "engine/module.h"
#include "engine/run.h"

static inline void guest_wasm(const char *name, struct buf *out)
{
    char path[512];
    struct buf why = WHY_INIT;
    snprintf(path, sizeof(path), "%s/guests/%s.wasm", SHARE_DIR, name);
    if (file_read(path, out, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
}

/*
 * cmocka puts handlers of its own in for each test, over those by which the engine turns a fault
 * of the processor into a trap. Keep the engine's once, before the first test; give them back
 * before a guest runs.
 */
static const int guest_signal_list[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS};
static struct sigaction guest_signal_actions[4];

static inline void guest_signals_keep(void)
{
    for (int i = 0; i < 4; i++)
        sigaction(guest_signal_list[i], NULL, &guest_signal_actions[i]);
}

static inline void guest_signals_restore(void)
{
    for (int i = 0; i < 4; i++)
        sigaction(guest_signal_list[i], &guest_signal_actions[i], NULL);
}

#endif
