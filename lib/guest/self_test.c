/* self_test.c — see self_test.h. */
#include "guest/self_test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/json.h"
#include "guest/exec_msg.h"
#include "proc/memfd.h"
#include "proc/self.h"
#include "proc/spawn.h"

/* What it printed, into `out`. */
static enum err ask(const char *path, struct buf *out, struct buf *why)
{
    static const char *const argv[] = {"outlayer-exec", "self-test", NULL};
    struct spawn s = {.path = path, .argv = argv, .in = -1, .err = -1, .socket = true};
    struct child c = CHILD_NONE;
    int status = 0;
    enum err e = memfd_new("self-test", &s.out, why);

    if (e)
        return e;
    e = spawn_start(&s, &c, why);
    if (!e && !child_wait(&c, SELF_TEST_MS_MAX, &status))
        e = err_put(why, ERR_TIMEOUT, "the self-test of the sandbox does not end");
    child_kill(&c);
    if (!e && lseek(s.out, 0, SEEK_SET) < 0)
        e = err_sys(why, "read what the self-test said");
    if (!e)
        e = fd_read_all(s.out, out, why);
    if (!e && (WIFSIGNALED(status) || WEXITSTATUS(status) > 1 || !out->len))
        e = err_put(why, ERR_UPSTREAM, "'%s' has no self-test; install all executables anew", path);
    fd_close(&s.out);
    return e;
}

/* The first act that was not kept from happening. */
static enum err judge(struct str report, struct buf *why)
{
    struct json doc;
    struct json_iter it;
    unsigned acts = 0;

    if (!json_parse(report, &doc, NULL))
        return err_put(why, ERR_UPSTREAM, "the self-test of the sandbox answers no JSON");
    it = json_iter(json_get(doc, "acts"));
    for (; json_next(&it); acts++) {
        struct str act = STR("?"), in = STR("?");
        bool held = false;

        if (json_bool(json_get(it.value, "held"), &held) && held)
            continue;
        (void)!json_plain(json_get(it.value, "act"), &act);
        (void)!json_plain(json_get(it.value, "in"), &in);
        return err_put(
            why, ERR_DENIED,
            "the sandbox around guests does not hold on this machine: '%.*s' (%.*s) does "
            "not end as it must; run no guests here, and see `outlayer doctor`",
            STR_ARG(act), STR_ARG(in));
    }
#ifndef NULL_SANDBOX
    if (json_is_null(json_at(json_get(doc, "walls"), 0)))
        return err_put(why, ERR_DENIED,
                       "there is no sandbox around guests on this machine: the kernel refuses "
                       "seccomp filters, or this is a build for tests; see `outlayer doctor`");
#endif
    return acts ? ERR_OK : err_put(why, ERR_UPSTREAM, "the self-test of the sandbox tried nothing");
}

enum err guest_self_test(const char *exec_path, struct buf *report, struct buf *why)
{
    struct buf out = BUF_INIT(SELF_TEST_REPORT_MAX);
    struct arena a = ARENA_INIT;
    enum err e = ERR_OK;

    if (!exec_path)
        e = self_exe(&a, "outlayer-exec", &exec_path, why);
    if (!e)
        e = ask(exec_path, &out, why);
    if (!e && report)
        buf_add_str(report, str_trim(buf_str(&out)));
    if (!e)
        e = judge(buf_str(&out), why);
    buf_release(&out);
    arena_release(&a);
    return e;
}
