/* exec_child.c — see exec_child.h. */
#include "guest/exec_child.h"

#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "engine/settings.h"
#include "guest/exec_msg.h"

#ifdef NULL_SANDBOX
#define WALLS_NEEDED 0u
#else
/* Landlock and the change of user depend on the machine; they are added where they can be. */
#define WALLS_NEEDED (EXEC_WALL_NO_NEW_PRIVS | EXEC_WALL_LIMITS | EXEC_WALL_SECCOMP)
#endif

enum err exec_child_start(const struct exec_program *p, const char *work, struct child *out,
                          struct buf *why)
{
    const char *argv[] = {"outlayer-exec", work, p->profile ? "profile" : NULL, NULL};
    const struct spawn s = {
        .path = p->path, .argv = argv, .in = -1, .out = -1, .err = 2, .socket = true};

    return spawn_start(&s, out, why);
}

enum err exec_child_expect(const struct child *c, struct frame *f, uint16_t type, size_t max,
                           uint64_t deadline, struct buf *why)
{
    enum err e;

    f->body.max = max;
    e = frame_recv(c->sock, f, deadline, why);
    if (!e && (f->type != type || f->nfds))
        e = err_put(why, ERR_UPSTREAM, "the exec child answered with message %u, not %u", f->type,
                    type);
    return e;
}

enum err exec_child_greet(const struct exec_program *p, struct child *c, struct frame *f,
                          uint32_t *walls, struct buf *why)
{
    struct exec_hello hello;
    enum err e = exec_child_expect(c, f, EXEC_HELLO, EXEC_ENGINE_MAX + 64,
                                   clock_mono_ms() + EXEC_START_MS_MAX, why);

    /* Its engine is the one that compiled code is kept for and that the worker attests. */
    if (!e && (!exec_hello_read(buf_str(&f->body), &hello) ||
               !str_eqz(hello.engine, engine_id(p->profile))))
        e = err_put(why, ERR_UPSTREAM, "'%s' is of another version; install all executables anew",
                    p->path);
    if (!e && (hello.walls & WALLS_NEEDED) != WALLS_NEEDED)
        e = err_put(why, ERR_DENIED,
                    "the sandbox around guests does not stand on this machine (walls %#x of %#x)",
                    hello.walls, WALLS_NEEDED);
    if (e)
        child_kill(c);
    else
        *walls = hello.walls;
    return e;
}

int exec_child_end(struct child *c, struct buf *text)
{
    int status = 0;

    if (!child_wait(c, 200, &status))
        buf_addz(text, "it does not answer");
    else if (WIFSIGNALED(status))
        buf_addf(text, "it was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        buf_addf(text, "it ended with status %d", WEXITSTATUS(status));
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
