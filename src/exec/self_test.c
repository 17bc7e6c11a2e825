/* self_test.c — see self_test.h. */
#include "exec/self_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/put.h"
#include "exec/acts.h"
#include "guest/exec_msg.h"
#include "proc/spawn.h"

#define REPORT_MAX 65536
#define FDS_TRIED  1024

extern char **environ;

static bool put_act(struct buf *out, const char *act, const char *in, bool held)
{
    json_obj(out);
    put_z(out, "act", act);
    put_z(out, "in", in);
    put_bool(out, "held", held);
    json_obj_end(out);
    return held;
}

static bool descriptors_inherited(void)
{
    for (int fd = SPAWN_SOCKET_FD + 1; fd < FDS_TRIED; fd++)
        if (lseek(fd, 0, SEEK_CUR) >= 0 || dup2(fd, fd) >= 0)
            return true;
    return false;
}

/* Which walls stand; those that depend on the machine may not. */
static uint32_t walls_of(void)
{
    uint32_t walls = 0;
    int status, fd[2];
    pid_t child;

    if (pipe(fd))
        return 0;
    child = fork();
    if (child == 0) {
        uint32_t w = 0;
        ssize_t n = 0;

        if (!sandbox_enter(SANDBOX_RUN, &w, NULL))
            n = write(fd[1], &w, sizeof(w));
        _exit(n != sizeof(w));
    }
    close(fd[1]);
    if (read(fd[0], &walls, sizeof(walls)) != sizeof(walls))
        walls = 0;
    close(fd[0]);
    if (child > 0)
        (void)waitpid(child, &status, 0);
    return walls;
}

static void put_walls(struct buf *out, uint32_t walls)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {EXEC_WALL_USER, "user"},
        {EXEC_WALL_LIMITS, "limits"},
        {EXEC_WALL_NO_NEW_PRIVS, "no_new_privs"},
        {EXEC_WALL_LANDLOCK, "landlock"},
        {EXEC_WALL_SECCOMP, "seccomp"},
    };

    json_arr(out);
    for (size_t i = 0; i < countof(names); i++)
        if (walls & names[i].bit)
            json_putz(out, names[i].name);
    json_arr_end(out);
}

int self_test(void)
{
    static const char *const in[] = {[SANDBOX_COMPILE] = "compile", [SANDBOX_RUN] = "run"};
    struct buf out = BUF_INIT(REPORT_MAX);
    bool held = true;
    size_t n;
    const struct act *acts = act_list(&n);
    uint32_t walls;

    json_obj(&out);
    json_key(&out, "acts");
    json_arr(&out);
    held &= put_act(&out, "inherit descriptors", "start", !descriptors_inherited());
    held &= put_act(&out, "inherit an environment", "start", !environ || !*environ);
    walls = walls_of();
    /* A build without walls has nothing to try: it says so by naming none. */
    for (size_t i = 0; walls && i < n; i++)
        for (size_t k = 0; k < countof(in); k++)
            held &= put_act(&out, acts[i].name, in[k],
                            act_try(&acts[i], (enum sandbox_kind)k) == acts[i].want[k]);
    json_arr_end(&out);
    json_key(&out, "walls");
    put_walls(&out, walls);
    json_obj_end(&out);
    puts(buf_z(&out));
    buf_release(&out);
    return !held;
}
