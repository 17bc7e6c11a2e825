/* self.c — see self.h. */
#include "proc/self.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sanitized.h"

#define PATH_BYTES 4096

enum err self_folder(char out[PATH_BYTES], struct buf *why)
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_BYTES - 1);
    char *slash;

    if (n < 0)
        return err_sys(why, "find this executable");
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
    return ERR_OK;
}

/* The first of `tries` (formats of folder and name) that exists. */
static enum err find(struct arena *a, const char *folder, const char *const *tries, size_t n,
                     const char *name, const char **out)
{
    char path[PATH_BYTES];

    for (size_t i = 0; i < n; i++) {
        struct buf b = BUF_OVER(path);

        buf_addz(&b, folder);
        buf_addz(&b, tries[i]);
        buf_addz(&b, name);
        if (!b.full && file_exists(path)) {
            *out = arena_z(a, buf_str(&b));
            return ERR_OK;
        }
    }
    return ERR_ABSENT;
}

enum err self_exe(struct arena *a, const char *name, const char **out, struct buf *why)
{
    static const char *const tries[] = {"/", "/../libexec/outlayer/"};
    char folder[PATH_BYTES];
    enum err e = self_folder(folder, why);

    if (!e && find(a, folder, tries, countof(tries), name, out))
        e = err_put(why, ERR_ABSENT,
                    "no executable '%s' in '%s' or its ../libexec/outlayer: install or build it",
                    name, folder);
    return e;
}

enum err self_share(struct arena *a, const char *name, const char **out, struct buf *why)
{
    static const char *const beside[] = {"/share/outlayer/"}, *const given[] = {"/"};
    const char *share = getenv("OUTLAYER_SHARE");
    char folder[PATH_BYTES], *slash;
    enum err e = self_folder(folder, why);

    if (e)
        return e;
    if (share && !find(a, share, given, 1, name, out))
        return ERR_OK;
    slash = strrchr(folder, '/'); /* beside bin/ */
    if (slash)
        *slash = '\0';
    if (!find(a, folder, beside, 1, name, out))
        return ERR_OK;
    return err_put(why, ERR_ABSENT, "no data file '%s' in '%s/share/outlayer': install or build it",
                   name, folder);
}

void self_init(const char *name)
{
    struct rlimit none = {0, 0};

    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(077);
    log_init(name);
}

void self_die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

enum err self_conceal(struct buf *why)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return err_sys(why, "cannot keep this process' memory from others");
    return ERR_OK;
}

enum err self_signal_fd(int *out, struct buf *why)
{
    static const int list[] = {SIGTERM, SIGINT};

    return self_signal_fd_of(list, countof(list), out, why);
}

enum err self_signal_fd_of(const int *list, size_t n, int *out, struct buf *why)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, list[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd < 0)
        return err_sys(why, "watch for signals");
    *out = fd;
    return ERR_OK;
}

void self_ready(const char *host, unsigned port)
{
    printf("{\"ready\":true,\"url\":\"http://%s:%u\"}\n", host, port);
    fflush(stdout);
}
