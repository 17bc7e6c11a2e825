/* wall.c — see wall.h. */
#include "compile/wall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sanitized.h"
#include "compile/broker.h"

#define BUILD_UID_BASE 1900000000u /* far above the users that machines have */
#define NOBODY         65534u

#define DOOR_BACKLOG 64

static enum err write_to(const char *path, const char *text, struct buf *why)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    enum err e = fd < 0 ? err_sys(why, "cannot open '%s'", path) : ERR_OK;

    if (!e)
        e = fd_write_all(fd, text, str_of(text).len, why);
    fd_close(&fd);
    return e;
}

/* Not root: a user namespace gives the rights to make the others. */
static enum err user_enter(uid_t uid, gid_t gid, struct buf *why)
{
    char map[64];
    enum err e;

    if (unshare(CLONE_NEWUSER))
        return err_sys(why,
                       "the kernel refuses a user namespace, which building needs (see the sysctl "
                       "user.max_user_namespaces and kernel.unprivileged_userns_clone)");
    snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
    e = write_to("/proc/self/setgroups", "deny", why);
    if (!e)
        e = write_to("/proc/self/uid_map", map, why);
    snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
    if (!e)
        e = write_to("/proc/self/gid_map", map, why);
    return e;
}

/* Opened before the user changes and before /mnt is covered; -1 when there is none to show. */
static enum err dir_open(struct str path, int *out, struct buf *why)
{
    struct buf z = BUF_INIT(4096);
    enum err e = ERR_OK;

    *out = -1;
    if (path.len) {
        buf_add_str(&z, path);
        *out = open(buf_z(&z), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (*out < 0)
            e = err_sys(why, "cannot open the folder '%s'", buf_z(&z));
    }
    buf_release(&z);
    return e;
}

static enum err show(int fd, const char *at, struct buf *why)
{
    char from[64];

    if (fd < 0)
        return ERR_OK;
    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    if (mkdir(at, 0755) || mount(from, at, NULL, MS_BIND, NULL) ||
        mount(NULL, at, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
        return err_sys(why, "cannot show a folder at '%s'", at);
    return ERR_OK;
}

static enum err mounts_make(const struct wall *w, uid_t uid, gid_t gid, struct buf *why)
{
    char options[160];
    int toolchain = -1, repo = -1;
    enum err e = dir_open(w->toolchain, &toolchain, why);

    if (!e)
        e = dir_open(w->repo_dir, &repo, why);
    snprintf(options, sizeof(options), "size=%um,nr_inodes=%u,mode=0700,uid=%u,gid=%u", w->disk_mb,
             (unsigned)WALL_FILES_MAX, uid, gid);
    if (!e && (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
               mount("build", WALL_DIR, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755") ||
               mkdir(WALL_WORK, 0755) ||
               mount("work", WALL_WORK, "tmpfs", MS_NOSUID | MS_NODEV, options)))
        e = err_sys(why, "cannot make a folder in memory for the build");
    if (!e)
        e = show(toolchain, WALL_TOOLCHAIN, why);
    if (!e)
        e = show(repo, WALL_REPO, why);
    fd_close(&toolchain);
    fd_close(&repo);
    return e;
}

/* In the new network namespace: loopback up, and a socket on it that the broker accepts from. */
static enum err door_make(int *out, struct buf *why)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(WALL_PROXY_PORT),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct ifreq lo = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    lo.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ||
        bind(fd, (const struct sockaddr *)&at, sizeof(at)) || listen(fd, DOOR_BACKLOG)) {
        enum err e = err_sys(why, "cannot make the build's network");

        fd_close(&fd);
        return e;
    }
    *out = fd;
    return ERR_OK;
}

static enum err limit(int what, rlim_t max, struct buf *why)
{
    const struct rlimit l = {max, max};

    if (setrlimit(what, &l))
        return err_sys(why, "cannot limit the build's resources");
    return ERR_OK;
}

static enum err limits_set(const struct wall *w, struct buf *why)
{
    enum err e = limit(RLIMIT_NOFILE, 4096, why);

    if (!e)
        e = limit(RLIMIT_CORE, 0, why);
    if (!e)
        e = limit(RLIMIT_NPROC, WALL_PROCS_MAX, why);
    if (!e)
        e = limit(RLIMIT_FSIZE, (rlim_t)w->disk_mb << 20, why);
    if (!e && !SANITIZED)
        e = limit(RLIMIT_AS, (rlim_t)w->memory_mb << 20, why);
    return e;
}

static enum err user_drop(uid_t uid, gid_t gid, pid_t parent, struct buf *why)
{
    if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
        return err_sys(why, "cannot become the build's own user");
    /* Changing the user forgets that we end with the worker, and closes /proc/self to us. */
    prctl(PR_SET_DUMPABLE, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return err_put(why, ERR_CLOSED, "the worker has gone");
    return ERR_OK;
}

enum err wall_enter(const struct wall *w, struct buf *why)
{
    bool root = geteuid() == 0;
    uid_t uid = geteuid();
    gid_t gid = getegid();
    pid_t parent = getppid();
    int door = -1;
    enum err e = ERR_OK;

    if (!root) {
        e = user_enter(uid, gid, why);
    } else {
        uid = BUILD_UID_BASE + (uid_t)getpid();
        /* Inside a container whose users end earlier there is only this one. */
        if (setresgid((gid_t)-1, uid, (gid_t)-1) || setresgid((gid_t)-1, 0, (gid_t)-1))
            uid = NOBODY;
        gid = uid;
    }
    if (!e && unshare(CLONE_NEWNS | CLONE_NEWIPC))
        e = err_sys(why, "the kernel refuses a mount namespace, which building needs");
    if (!e)
        e = mounts_make(w, uid, gid, why);
    if (!e)
        e = broker_start(w->broker, uid, gid, why);
    if (!e && unshare(CLONE_NEWNET))
        e = err_sys(why, "the kernel refuses a network namespace, which building needs");
    if (!e)
        e = door_make(&door, why);
    if (!e)
        e = broker_open(w->broker, door, why);
    fd_close(&door);
    if (!e)
        e = limits_set(w, why);
    if (!e && root)
        e = user_drop(uid, gid, parent, why);
    if (!e && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        e = err_sys(why, "cannot give up privileges");
    if (!e && chdir(WALL_WORK))
        e = err_sys(why, "cannot enter the build's folder");
    return e;
}
