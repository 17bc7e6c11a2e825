/* network.c — see network.h. */
#include "cli/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/term.h"
#include "codec/json.h"
#include "proc/self.h"

#define READY_MS       30000
#define READY_LINE_MAX 1024
#define GRACE_MS       5000 /* from SIGTERM to SIGKILL */
#define ARGS_MAX       48
#define ENV_MAX        16
#define TAIL_LINES     15
#define TAIL_BYTES     16384

static const struct {
    const char *name, *exe;
} parts[NETWORK_PARTS] = {
    [PART_CHAIN] = {"chain", "outlayer-devnet"},
    [PART_COORDINATOR] = {"coordinator", "outlayer-coordinator"},
    [PART_FASTFS] = {"fastfs", "outlayer-fastfs"},
    [PART_KEYSTORE] = {"keystore", "outlayer-keystore"},
    [PART_WORKER] = {"worker", "outlayer-worker"},
};

enum err network_env(struct network *n, const char *key_file, const char *reg, struct buf *why)
{
    struct buf b = BUF_INIT(16384);
    char bin[4096];
    enum err e = self_folder(bin, why);

    if (e)
        return e;
    buf_addf(&b,
             "# . %s/env\n"
             "case \":$PATH:\" in *:'%s':*) ;; *) export PATH='%s':\"$PATH\" ;; esac\n"
             "export OUTLAYER_KEY_FILE='%s'\n"
             "export OUTLAYER_REGISTER_ID='%s'\n"
             "export OUTLAYER_DEVNET_HOME='%s'\n",
             n->home, bin, bin, key_file, reg, n->home);
    buf_addf(&b,
             "export OUTLAYER_RPC_URL='%s'\n"
             "export OUTLAYER_COORDINATOR_URL='%s'\n"
             "export OUTLAYER_FASTFS_URL='%s/{sender}/{receiver}/{path}'\n"
             "export OUTLAYER_KEYSTORE_URL='%s'\n",
             n->part[PART_CHAIN].url, n->part[PART_COORDINATOR].url, n->part[PART_FASTFS].url,
             n->part[PART_KEYSTORE].url);
    e = file_write_atomic(network_path(n, "env"), buf_str(&b), 0600, why);
    buf_release(&b);
    return e;
}

const char *network_path(struct network *n, const char *below)
{
    struct buf b = BUF_INIT(4096);
    const char *path;

    buf_addf(&b, "%s/%s", n->home, below);
    path = arena_z(&n->arena, buf_str(&b));
    buf_release(&b);
    return path;
}

/* The lock file holds the number of the process that holds it, for the message. */
static enum err take_lock(struct network *n, struct buf *why)
{
    const char *path = network_path(n, "lock");
    char text[32] = "";
    ssize_t len;

    n->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (n->lock < 0)
        return err_sys(why, "open '%s'", path);
    if (flock(n->lock, LOCK_EX | LOCK_NB) < 0) {
        len = pread(n->lock, text, sizeof text - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        fd_close(&n->lock);
        return err_put(why, ERR_BUSY,
                       "'%s' is in use by another 'outlayer up' (process %s): stop that one with "
                       "Ctrl-C, or give this one a folder of its own with --home",
                       n->home, *text ? text : "unknown");
    }
    len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(n->lock, 0) < 0 || pwrite(n->lock, text, (size_t)len, 0) != len)
        return err_sys(why, "write '%s'", path);
    return ERR_OK;
}

enum err network_open(struct network *n, const char *home, struct buf *why)
{
    enum err e;

    *n = NETWORK_NONE;
    e = dir_make(home, why);
    if (e)
        return e;
    n->home = realpath(home, NULL);
    if (!n->home)
        return err_sys(why, "find '%s'", home);
    e = take_lock(n, why);
    if (!e)
        e = dir_make(network_path(n, "logs"), why);
    if (!e)
        e = self_signal_fd(&n->signals, why);
    return e;
}

void network_close(struct network *n)
{
    for (size_t i = NETWORK_PARTS; i-- > 0;) {
        child_stop(&n->part[i].child, GRACE_MS);
        fd_close(&n->part[i].out);
    }
    fd_close(&n->signals);
    fd_close(&n->lock);
    free((void *)(uintptr_t)n->home); /* realpath's */
    n->home = NULL;
    arena_release(&n->arena);
}

/* What a part needs to know of our environment, and nothing that happens to be in it besides. */
static void choose_environment(struct network *n, const char *env[ENV_MAX + 1])
{
    static const char *const names[] = {
        "PATH",         "TZ",           "TMPDIR",        "OUTLAYER_LOG",     "OUTLAYER_SHARE",
        "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"};
    size_t count = 0;

    for (size_t i = 0; i < countof(names); i++) {
        const char *value = getenv(names[i]);
        struct buf b = BUF_INIT(8192);

        if (!value)
            continue;
        buf_addf(&b, "%s=%s", names[i], value);
        env[count++] = arena_z(&n->arena, buf_str(&b));
        buf_release(&b);
    }
    env[count] = NULL;
}

enum err network_start(struct network *n, enum network_part which, const char *const *args,
                       struct buf *why)
{
    struct network_proc *p = &n->part[which];
    const char *argv[ARGS_MAX + 2], *env[ENV_MAX + 1], *exe;
    struct buf name = BUF_INIT(64);
    int log = -1, pipes[2] = {-1, -1};
    size_t argc = 0;
    enum err e;

    e = self_exe(&n->arena, parts[which].exe, &exe, why);
    if (e)
        return e;
    argv[argc++] = parts[which].exe;
    for (; *args; args++) {
        BUG_ON(argc > ARGS_MAX);
        argv[argc++] = *args;
    }
    argv[argc] = NULL;
    choose_environment(n, env);

    buf_addf(&name, "logs/%s.log", parts[which].name);
    p->log = network_path(n, buf_z(&name));
    buf_release(&name);
    log = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) {
        e = err_sys(why, "open '%s'", p->log);
        goto out;
    }
    p->log_from = (long)lseek(log, 0, SEEK_END);
    if (pipe2(pipes, O_CLOEXEC) < 0) {
        e = err_sys(why, "make a pipe");
        goto out;
    }
    e = spawn_start(
        &(struct spawn){
            .path = exe, .argv = argv, .envp = env, .in = -1, .out = pipes[1], .err = log},
        &p->child, why);
    if (e)
        goto out;
    p->out = pipes[0];
    pipes[0] = -1;
out:
    fd_close(&log);
    fd_close(&pipes[0]);
    fd_close(&pipes[1]);
    return e;
}

enum network_state network_watch(struct network *n, uint64_t ms)
{
    struct pollfd p[1 + NETWORK_PARTS] = {{.fd = n->signals, .events = POLLIN}};
    int timeout = ms > INT32_MAX ? -1 : (int)ms;

    for (size_t i = 0; i < NETWORK_PARTS; i++)
        p[1 + i] = (struct pollfd){.fd = n->part[i].child.pidfd, .events = POLLIN};
    if (n->state != NETWORK_RUNS || poll(p, countof(p), timeout) <= 0)
        return n->state;
    /* Ctrl-C first: a part that ended because of it is no fault. */
    if (p[0].revents)
        return n->state = NETWORK_INTERRUPTED;
    for (size_t i = 0; i < NETWORK_PARTS; i++) {
        struct network_proc *part = &n->part[i];

        if (p[1 + i].revents && child_wait(&part->child, 0, &part->status)) {
            part->ended = true;
            n->state = NETWORK_BROKEN;
        }
    }
    return n->state;
}

enum err network_check(struct network *n, struct buf *why)
{
    switch (network_watch(n, 0)) {
    case NETWORK_RUNS:
        return ERR_OK;
    case NETWORK_INTERRUPTED:
        return err_put(why, ERR_CLOSED, "interrupted");
    case NETWORK_BROKEN:
        for (size_t i = 0; i < NETWORK_PARTS; i++)
            if (n->part[i].ended)
                return err_put(why, ERR_CLOSED, "the %s has ended", parts[i].name);
        break;
    }
    BUG("network broken by nobody");
}

static enum err read_ready(struct network *n, struct network_proc *p, const char *name,
                           struct str line, struct buf *why)
{
    struct json v;
    bool ready = false;
    struct str url;

    if (!json_parse(line, &v, NULL) || !json_bool(json_get(v, "ready"), &ready) || !ready)
        return err_put(why, ERR_UPSTREAM, "the %s said '%.*s' instead of that it is ready", name,
                       STR_ARG(str_head(line, 200)));
    if (json_plain(json_get(v, "url"), &url))
        p->url = arena_z(&n->arena, url);
    return ERR_OK;
}

enum err network_await(struct network *n, enum network_part which, struct buf *why)
{
    struct network_proc *p = &n->part[which];
    uint64_t end = clock_mono_ms() + READY_MS;
    char line[READY_LINE_MAX];
    size_t have = 0;

    for (;;) {
        struct pollfd fds[3] = {{.fd = p->out, .events = POLLIN},
                                {.fd = p->child.pidfd, .events = POLLIN},
                                {.fd = n->signals, .events = POLLIN}};
        uint64_t now = clock_mono_ms();
        const char *eol;
        ssize_t got;
        enum err e;

        if (now >= end)
            return err_put(why, ERR_TIMEOUT, "the %s was not ready after %d s; its log is '%s'",
                           parts[which].name, READY_MS / 1000, p->log);
        if (poll(fds, countof(fds), (int)(end - now)) < 0 && errno != EINTR)
            return err_sys(why, "wait for the %s", parts[which].name);
        /* What it said before it ended counts. */
        if (fds[0].revents & POLLIN) {
            got = read(p->out, line + have, sizeof line - have);
            have += got > 0 ? (size_t)got : 0;
            eol = memchr(line, '\n', have);
            if (eol)
                return read_ready(n, p, parts[which].name, str_from(line, (size_t)(eol - line)),
                                  why);
            if (have == sizeof line)
                return err_put(why, ERR_UPSTREAM, "the %s says too much", parts[which].name);
            if (got > 0)
                continue;
        }
        e = network_check(n, why);
        if (e)
            return e;
    }
}

/* The last lines that this run wrote. */
static void print_tail(const struct network_proc *p)
{
    char text[TAIL_BYTES + 1];
    size_t lines = 0, from;
    ssize_t len;
    off_t size, start;
    int fd = open(p->log, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    size = lseek(fd, 0, SEEK_END);
    start = size - TAIL_BYTES > p->log_from ? size - TAIL_BYTES : p->log_from;
    len = pread(fd, text, TAIL_BYTES, start);
    fd_close(&fd);
    if (len <= 0)
        return;
    text[len] = '\0';
    for (from = (size_t)len; from > 0; from--)
        if (text[from - 1] == '\n' && from < (size_t)len && ++lines == TAIL_LINES)
            break;
    fprintf(stderr, "%s", term(stderr, TERM_DIM));
    fwrite(text + from, 1, (size_t)len - from, stderr);
    fprintf(stderr, "%s%s", text[len - 1] == '\n' ? "" : "\n", term(stderr, TERM_PLAIN));
}

void network_explain(const struct network *n)
{
    for (size_t i = 0; i < NETWORK_PARTS; i++) {
        const struct network_proc *p = &n->part[i];

        if (!p->ended)
            continue;
        if (WIFSIGNALED(p->status))
            fprintf(stderr, "\nThe %s was ended by signal %d (%s).", parts[i].name,
                    WTERMSIG(p->status), strsignal(WTERMSIG(p->status)));
        else
            fprintf(stderr, "\nThe %s ended with status %d.", parts[i].name,
                    WEXITSTATUS(p->status));
        fprintf(stderr, " Its last lines, from %s:\n", p->log);
        print_tail(p);
        fprintf(stderr,
                "What to do: `outlayer up` again goes on where this ended. When it ends the same "
                "way,\nset OUTLAYER_LOG=debug to see more, or begin anew with another --home.\n");
    }
}

uint16_t network_port_taken(uint16_t base, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)(base + i)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        bool taken;

        if (fd < 0)
            return 0; /* whoever binds it next will say so */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        taken = bind(fd, (const struct sockaddr *)(const void *)&at, sizeof at) < 0;
        fd_close(&fd);
        if (taken)
            return (uint16_t)(base + i);
    }
    return 0;
}
