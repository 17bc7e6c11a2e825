/*
 * outlayer-exec — the child that compiles a stranger's program, or runs it.
 *
 * Holds: one guest. Must never: read a byte of the guest before the sandbox stands, hold a key,
 * open a file, reach a network. Started by lib/guest with its socket at descriptor 3, an empty
 * environment and nothing else open; `compile` and `run` are two processes that never meet. A
 * second word, `profile`, makes or runs code that can be profiled.
 *
 * Read on in serve.c, then sandbox_linux.c and lib/engine/run.c.
 */
#include <string.h>

#include "base/log.h"
#include "exec/self_test.h"
#include "exec/serve.h"
#include "proc/usage.h"
#include "proc/self.h"
#include "proc/spawn.h"

int main(int argc, char **argv)
{
    struct buf why = WHY_INIT;
    bool profiled = argc == 3 && strcmp(argv[2], "profile") == 0;
    bool known = argc == 2 || profiled;
    int status;
    enum err e;

    self_init("exec");
    if (argc == 2 && strcmp(argv[1], "self-test") == 0)
        return self_test();
    if (!usage_child("outlayer-exec", "compile or run a program (self-test: do the walls stand?)",
                     argc, argv, &status))
        return status;
    if (known && strcmp(argv[1], "compile") == 0) {
        e = serve_compile(SPAWN_SOCKET_FD, profiled, &why);
    } else if (known && strcmp(argv[1], "run") == 0) {
        e = serve_run(SPAWN_SOCKET_FD, profiled, &why);
    } else {
        log_broken("usage", "known are compile, run and self-test");
        return USAGE_WRONG;
    }
    if (e && e != ERR_CLOSED)
        log_broken("exec_failed", "error=%s why=%s", err_name(e), buf_z(&why));
    buf_release(&why);
    return e && e != ERR_CLOSED;
}
