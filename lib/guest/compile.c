/* compile.c — see compile.h. */
#include "guest/compile.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/cache.h"
#include "guest/exec_msg.h"
#include "proc/memfd.h"

/* Turns are numbered; a thread has its turn while its number is under `ended` + cores. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended_one = PTHREAD_COND_INITIALIZER;
static uint64_t taken, ended;

void compile_turn_take(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const uint64_t at_once = cores > 0 ? (uint64_t)cores : 1;
    uint64_t mine;

    pthread_mutex_lock(&lock);
    mine = taken++;
    while (mine >= ended + at_once)
        pthread_cond_wait(&ended_one, &lock);
    pthread_mutex_unlock(&lock);
}

void compile_turn_give(void)
{
    pthread_mutex_lock(&lock);
    ended++;
    pthread_cond_broadcast(&ended_one);
    pthread_mutex_unlock(&lock);
}

/* Of its time a child got so little of the machine that this says nothing about the module. */
static bool starved(const struct child *c)
{
    struct timespec t;
    clockid_t used;

    return clock_getcpuclockid(c->pid, &used) == 0 && clock_gettime(used, &t) == 0 &&
           (uint64_t)t.tv_sec * 1000 < COMPILE_MS_MAX / 2;
}

/* The child did not answer: `e` is why, as the socket has it. */
static enum err no_answer(struct child *c, enum err e, struct buf *why)
{
    struct buf text = BUF_INIT(200);
    int by;

    if (e == ERR_TIMEOUT)
        return starved(c)
                   ? err_put(why, ERR_UPSTREAM, "this machine is too busy to compile the module")
                   : err_put(why, ERR_FORMAT, "the module takes longer than %u seconds to compile",
                             COMPILE_MS_MAX / 1000);
    if (e != ERR_CLOSED)
        return e;
    by = exec_child_end(c, &text);
    /* Out of memory or of time: a module made to do that. Any other end is ours. */
    if (by == SIGABRT || by == SIGXCPU)
        e = err_put(why, ERR_FORMAT,
                    "the module cannot be compiled within the limits of memory and time");
    else
        e = err_put(why, ERR_UPSTREAM, "the compiler is gone: %s", buf_z(&text));
    buf_release(&text);
    return e;
}

/* Code that the child has written to `to`, and of which it said that it has `len` bytes. */
static enum err seal(int to, uint64_t len, struct buf *why)
{
    struct str map = STR_NONE;
    enum err e = memfd_seal(to, why);

    if (!e)
        e = memfd_map(to, CACHE_FILE_MAX, &map, why);
    if (!e && map.len != len)
        e = err_put(why, ERR_UPSTREAM, "the compiler's answer is malformed");
    memfd_unmap(&map);
    return e;
}

enum err compile_module(const struct exec_program *p, int wasm, int *code, struct buf *why)
{
    struct child c = CHILD_NONE;
    struct frame f = FRAME_INIT(0);
    struct exec_answer a;
    uint32_t walls;
    int to = -1, fds[2];
    enum err e = exec_child_start(p, "compile", &c, why);

    if (!e)
        e = exec_child_greet(p, &c, &f, &walls, why);
    if (!e)
        e = memfd_new("code", &to, why);
    if (e)
        goto out;
    fds[0] = wasm;
    fds[1] = to;
    e = frame_send(c.sock, EXEC_COMPILE, STR_NONE, fds, 2, clock_mono_ms() + EXEC_START_MS_MAX,
                   why);
    if (!e)
        e = exec_child_expect(&c, &f, EXEC_COMPILED, EXEC_SENTENCE_MAX + 64,
                              clock_mono_ms() + COMPILE_MS_MAX, why);
    if (e) {
        e = no_answer(&c, e, why);
        goto out;
    }
    if (!exec_answer_read(buf_str(&f.body), &a))
        e = err_put(why, ERR_UPSTREAM, "the compiler's answer is malformed");
    else if (a.status != EXEC_DONE)
        e = err_put(why, a.status == EXEC_BAD_MODULE ? ERR_FORMAT : ERR_UPSTREAM, "%.*s",
                    STR_ARG(a.sentence));
    child_kill(&c); /* before sealing, so that nothing has the memory mapped for writing */
    if (!e)
        e = seal(to, a.code_len, why);
    if (!e) {
        *code = to;
        to = -1;
    }
out:
    fd_close(&to);
    child_kill(&c);
    frame_release(&f);
    return e;
}
