/* guest.c — the supervisor's side of the exec child; see guest.h. */
#include "guest/guest.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/cache.h"
#include "engine/code.h"
#include "engine/module.h"
#include "engine/settings.h"
#include "guest/broker.h"
#include "guest/compile.h"
#include "guest/exec_msg.h"
#include "guest/host.h"
#include "guest/host_msg.h"
#include "guest/net_msg.h"
#include "proc/memfd.h"
#include "proc/self.h"

struct guest {
    struct arena arena;
    struct exec_program exec;
    bool has_cache;
    struct cache cache;
    bool fresh_process;

    struct child child;   /* runs guests, or none */
    struct child spare;   /* started ahead, its hello not read yet */
    struct child leaving; /* ended, not waited for yet */
    bool loaded;          /* the child has `wasm` loaded */
    struct hash256 wasm;  /* the program met last */
    struct hash256 tenant;
    int code;      /* its machine code, sealed, or -1: checked once, used by many children */
    unsigned runs; /* of this child */
    uint64_t next_id;
    uint32_t walls;
    struct broker broker;
    struct egress egress; /* of the program that is loaded */
    struct host_desk desk;
    struct buf message;  /* reused; wiped after each run */
    struct frame answer; /* reused */
};

static uint64_t after(uint64_t ms)
{
    return clock_mono_ms() + ms;
}

/* What compiled code is kept under. */
static const char *engine(const struct guest *g)
{
    return engine_id(g->exec.profile);
}

/* End the child. Its memory takes a while to be given back: that is waited for later. */
static void retire(struct guest *g)
{
    child_kill(&g->leaving);
    if (g->child.pid)
        kill(g->child.pid, SIGKILL);
    g->leaving = g->child;
    g->child = CHILD_NONE;
    g->loaded = false;
    g->runs = 0;
    broker_end(&g->broker);
}

/* A child that can load a program: the spare, or a new one. */
static enum err take_child(struct guest *g, struct buf *why)
{
    enum err e = ERR_OK;

    if (g->child.pid)
        return ERR_OK;
    if (g->spare.pid) {
        g->child = g->spare;
        g->spare = CHILD_NONE;
    } else {
        e = exec_child_start(&g->exec, "run", &g->child, why);
    }
    return e ? e : exec_child_greet(&g->exec, &g->child, &g->answer, &g->walls, why);
}

void guest_ready(struct guest *g)
{
    child_kill(&g->leaving);
    /* When none can be started, the next run says why. */
    if (!g->spare.pid && (g->fresh_process || !g->child.pid) &&
        exec_child_start(&g->exec, "run", &g->spare, NULL) != ERR_OK)
        g->spare = CHILD_NONE;
}

enum err guest_start(const struct guest_options *o, struct guest **out, struct buf *why)
{
    struct guest *g = mem_new(struct guest);
    enum err e = ERR_OK;

    *g = (struct guest){
        .child = CHILD_NONE,
        .spare = CHILD_NONE,
        .leaving = CHILD_NONE,
        .code = -1,
        .exec.profile = o->profile,
        .fresh_process = o->fresh_process,
        .message = BUF_INIT(EXEC_RUN_MAX),
        .answer = FRAME_INIT(EXEC_RESULT_MAX),
    };
    broker_init(&g->broker, NULL);
    host_desk_init(&g->desk);
    if (o->fetch_path)
        g->broker.path = arena_z(&g->arena, str_of(o->fetch_path));
    else if (self_exe(&g->arena, "outlayer-fetch", &g->broker.path, NULL) != ERR_OK)
        g->broker.path = "/nonexistent"; /* guests' requests fail, nothing else */
    if (o->exec_path)
        g->exec.path = arena_z(&g->arena, str_of(o->exec_path));
    else
        e = self_exe(&g->arena, "outlayer-exec", &g->exec.path, why);
    if (!e && o->cache_dir) {
        BUG_ON(o->key == NULL);
        e = cache_init(&g->cache, o->cache_dir, o->key, o->cache_bytes_max, why);
        g->has_cache = !e;
    }
    if (!e)
        e = take_child(g, why);
    if (e) {
        guest_stop(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

void guest_stop(struct guest *g)
{
    if (g == NULL)
        return;
    retire(g);
    child_kill(&g->leaving);
    child_kill(&g->spare);
    fd_close(&g->code);
    cache_release(&g->cache);
    broker_release(&g->broker);
    egress_release(&g->egress);
    host_desk_release(&g->desk);
    buf_wipe(&g->message);
    frame_release(&g->answer);
    arena_release(&g->arena);
    mem_free(g);
}

void guest_idle(struct guest *g)
{
    retire(g);
    child_kill(&g->leaving);
    child_kill(&g->spare);
}

void guest_isolate(struct guest *g, bool fresh_process)
{
    g->fresh_process = fresh_process;
}

pid_t guest_pid(const struct guest *g)
{
    return g->child.pid;
}

uint32_t guest_walls(const struct guest *g)
{
    return g->walls;
}

bool guest_has(const struct guest *g, const struct hash256 *wasm)
{
    if (hash_eq(&g->wasm, wasm) && (g->loaded || g->code >= 0))
        return true;
    return g->has_cache && cache_has(&g->cache, engine(g), wasm);
}

/* A sealed copy of the file, once its hash is what was promised. */
static enum err take_wasm(int fd, const struct hash256 *want, int *out, struct buf *why)
{
    struct buf bytes = BUF_INIT(MODULE_WASM_MAX);
    struct hash256 have;
    enum err e;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(why, "read the program from its start");
    e = fd_read_all(fd, &bytes, why);
    if (e == ERR_TOO_BIG)
        e = err_put(why, ERR_TOO_BIG, "the program has more than %u bytes", MODULE_WASM_MAX);
    if (e)
        goto out;
    have = sha256(buf_str(&bytes));
    if (!hash_eq(&have, want)) {
        char hex[80];
        struct buf h = BUF_OVER(hex);
        hash_put_hex(&h, &have);
        e = err_put(why, ERR_CONFLICT, "the program's SHA-256 is '%s', not what was asked for",
                    hex);
        goto out;
    }
    e = memfd_of("wasm", buf_str(&bytes), out, why);
out:
    buf_release(&bytes);
    return e;
}

/* What cannot be kept is compiled again next time. */
static void keep(struct guest *g)
{
    struct str map = STR_NONE;

    if (memfd_map(g->code, CACHE_FILE_MAX, &map, NULL) == ERR_OK &&
        cache_put(&g->cache, engine(g), &g->wasm, map, NULL) != ERR_OK)
        cache_drop(&g->cache, engine(g), &g->wasm);
    memfd_unmap(&map);
}

/* Compile and keep, or take what another thread has compiled while this one waited for its turn. */
static enum err compile(struct guest *g, int wasm_fd, struct guest_note *note, struct buf *why)
{
    uint64_t start = clock_mono_us();
    int copy = -1;
    enum err e;

    /* What made guest_has() promise too much goes, so that the next caller brings the file. */
    if (g->has_cache)
        cache_drop(&g->cache, engine(g), &g->wasm);
    if (wasm_fd < 0)
        return err_put(why, ERR_ABSENT, "the program's file is needed: no compiled code is cached");
    e = take_wasm(wasm_fd, &g->wasm, &copy, why);
    if (e)
        return e;
    compile_turn_take();
    note->cached =
        g->has_cache && cache_get(&g->cache, engine(g), &g->wasm, &g->code, NULL) == ERR_OK;
    if (!note->cached) {
        e = compile_module(&g->exec, copy, &g->code, why);
        if (!e && g->has_cache)
            keep(g);
        note->compile_us = clock_mono_us() - start;
    }
    compile_turn_give();
    fd_close(&copy);
    return e;
}

/* What the program says of itself lies behind its code. */
static enum err read_manifest(struct guest *g, struct buf *why)
{
    struct str map = STR_NONE;
    struct code_parts parts;
    enum err e = memfd_map(g->code, CACHE_FILE_MAX, &map, why);

    if (!e && !code_split(map, &parts))
        e = err_put(why, ERR_UPSTREAM, "the compiled code has lost its end");
    if (!e)
        egress_read(&g->egress, parts.how, parts.manifest);
    memfd_unmap(&map);
    return e;
}

static enum err load(struct guest *g, enum exec_status *status, struct buf *why)
{
    struct exec_answer a;
    enum err e = take_child(g, why);

    if (e)
        return e;
    buf_clear(&g->message);
    exec_load_write(&g->message, &g->wasm);
    e = frame_send(g->child.sock, EXEC_LOAD, buf_str(&g->message), &g->code, 1,
                   after(EXEC_START_MS_MAX), why);
    if (!e)
        e = exec_child_expect(&g->child, &g->answer, EXEC_LOADED, EXEC_SENTENCE_MAX + 64,
                              after(EXEC_START_MS_MAX), why);
    if (!e && !exec_answer_read(buf_str(&g->answer.body), &a))
        e = err_put(why, ERR_UPSTREAM, "the exec child's answer is malformed");
    if (!e && a.status != EXEC_DONE)
        err_put(why, ERR_FORMAT, "%.*s", STR_ARG(a.sentence));
    if (e || a.status != EXEC_DONE)
        retire(g); /* a child loads once */
    if (e)
        return e;
    *status = a.status;
    if (a.status != EXEC_DONE)
        return ERR_OK;
    g->loaded = true;
    g->runs = 0;
    e = read_manifest(g, why);
    if (e)
        retire(g);
    return e;
}

enum err guest_compile(struct guest *g, int wasm_fd, const struct hash256 *wasm,
                       struct guest_note *note, struct buf *why)
{
    struct guest_note unused, *n = note ? note : &unused;
    enum err e;

    BUG_ON(!g->has_cache);
    *n = (struct guest_note){0};
    if (g->loaded)
        retire(g);
    fd_close(&g->code);
    g->wasm = *wasm;
    if (cache_get(&g->cache, engine(g), wasm, &g->code, NULL) == ERR_OK) {
        n->cached = true;
        return ERR_OK;
    }
    g->code = -1;
    e = compile(g, wasm_fd, n, why);
    if (!e && !cache_has(&g->cache, engine(g), wasm))
        e = err_put(why, ERR_IO,
                    "the compiled code cannot be kept: is the disk full, or the code "
                    "larger than the cache?");
    return e;
}

/* Have a child with the program loaded. ERR_FORMAT: a bad module; `why` is for the user. */
static enum err prepare(struct guest *g, int wasm_fd, const struct hash256 *wasm,
                        const struct hash256 *tenant, struct guest_note *note, struct buf *why)
{
    enum exec_status status = EXEC_STALE;
    uint64_t start = clock_mono_us();
    enum err e;

    if (g->loaded && hash_eq(&g->wasm, wasm) && hash_eq(&g->tenant, tenant) &&
        g->runs < GUEST_RUNS_MAX && !g->fresh_process && !child_wait(&g->child, 0, NULL)) {
        note->warm = note->cached = true;
        return ERR_OK;
    }
    if (g->loaded)
        retire(g);
    g->tenant = *tenant;
    if (!hash_eq(&g->wasm, wasm)) {
        fd_close(&g->code);
        g->wasm = *wasm;
    }
    if (g->code < 0 && g->has_cache &&
        cache_get(&g->cache, engine(g), wasm, &g->code, NULL) != ERR_OK)
        g->code = -1;
    note->cached = g->code >= 0;
    if (note->cached) {
        e = load(g, &status, why);
        if (e)
            return e;
    }
    if (status == EXEC_STALE) {
        fd_close(&g->code);
        e = compile(g, wasm_fd, note, why);
        if (!e)
            e = load(g, &status, why);
        if (e)
            return e;
        /* Our own code of a moment ago: it is the program that asks for more than there is room
         * for, tables above all, and does so on every machine. */
        if (status == EXEC_STALE)
            status = EXEC_BAD_MODULE;
    }
    note->load_us = clock_mono_us() - start - note->compile_us;
    switch (status) {
    case EXEC_DONE:
        return ERR_OK;
    case EXEC_BAD_MODULE:
        return ERR_FORMAT;
    case EXEC_STALE:
    case EXEC_FAILED:
        break;
    }
    return ERR_UPSTREAM;
}

#define MAX(a, b)      ((a) > (b) ? (a) : (b))
#define FRAME_BODY_MAX MAX(EXEC_RESULT_MAX, MAX(NET_MESSAGE_MAX, HOST_CALL_BODY_MAX))

/* The result's frame; requests and calls that come before it are answered. */
static enum err result_frame(struct guest *g, const struct run_job *job, uint64_t deadline,
                             struct run_result *out, struct buf *why)
{
    enum err e;

    for (;;) {
        g->answer.body.max = FRAME_BODY_MAX;
        e = frame_recv(g->child.sock, &g->answer, deadline, why);
        if (!e && g->answer.nfds)
            e = err_put(why, ERR_UPSTREAM, "the exec child sent descriptors");
        if (e || g->answer.type == EXEC_RESULT)
            return e;
        if (g->answer.type == EXEC_HTTP)
            e = broker_answer(&g->broker, g->child.sock, buf_str(&g->answer.body), g->next_id,
                              job->policy, out, why);
        else if (g->answer.type == EXEC_CALL)
            e = host_desk_answer(&g->desk, g->child.sock, buf_str(&g->answer.body), g->next_id,
                                 job->servers, deadline - GUEST_GRACE_MS, why);
        else
            e = err_put(why, ERR_UPSTREAM, "the exec child answered with message %u",
                        g->answer.type);
        if (e)
            return e == ERR_FORMAT ? ERR_UPSTREAM : e;
    }
}

/* The result from the child's message, with stdout in a second frame when it is long. */
static enum err take_result(struct guest *g, const struct run_job *job, uint64_t deadline,
                            struct run_result *out, struct buf *why)
{
    size_t out_max = (size_t)job->limits.max_memory_mb << 20;
    struct exec_result r;
    enum err e = result_frame(g, job, deadline, out, why);

    if (e)
        return e;
    if (!exec_result_read(buf_str(&g->answer.body), out_max, &r) || r.id != g->next_id)
        return err_put(why, ERR_UPSTREAM, "the exec child's result is malformed");
    out->outcome = r.outcome;
    out->exit_code = r.exit_code;
    out->instructions = r.instructions;
    out->memory_bytes = r.memory_bytes;
    out->wall_us = r.wall_us;
    out->cpu_us = r.cpu_us;
    out->clock = r.clock;
    out->random = r.random;
    buf_add_str(&out->text, r.text);
    buf_add_str(&out->err, r.err);
    buf_add_str(&out->out, r.out);
    if (r.out_len > EXEC_INLINE_MAX) {
        struct frame f = FRAME_INIT(0);
        e = exec_child_expect(&g->child, &f, EXEC_OUTPUT, r.out_len, after(EXEC_START_MS_MAX), why);
        if (!e && f.body.len != r.out_len)
            e = err_put(why, ERR_UPSTREAM, "the exec child's output is malformed");
        if (!e) {
            buf_release(&out->out);
            out->out = f.body;
            out->out.max = out_max;
            f.body = BUF_INIT(0);
        }
        frame_release(&f);
    }
    if (!e && g->exec.profile) {
        struct frame f = FRAME_INIT(0);
        e = exec_child_expect(&g->child, &f, EXEC_PROFILE, RUN_PROFILE_MAX,
                              after(EXEC_START_MS_MAX), why);
        buf_add_str(&out->profile, e ? STR_NONE : buf_str(&f.body));
        frame_release(&f);
    }
    return e;
}

/* Nobody keeps what a run was given or gave longer than needed. */
static void wipe(struct buf *b)
{
    if (b->len)
        mem_wipe(b->ptr, b->len);
    buf_clear(b);
}

enum err guest_run(struct guest *g, int wasm_fd, const struct hash256 *wasm,
                   const struct run_job *job, struct run_result *out, struct guest_note *note,
                   struct buf *why)
{
    struct guest_note unused, *n = note ? note : &unused;
    struct buf sentence = WHY_INIT;
    const struct hash256 tenant = sha256(job->tenant);
    struct run_result r;
    uint64_t start, deadline;
    enum err e = run_job_check(job, why);

    if (e)
        return e;
    *n = (struct guest_note){0};
    run_result_init(&r, &job->limits);
    e = prepare(g, wasm_fd, wasm, &tenant, n, &sentence);
    if (e == ERR_FORMAT) {
        r.outcome = OUTCOME_MODULE;
        buf_add_str(&r.text, buf_str(&sentence));
        e = ERR_OK;
        goto out;
    }
    if (e) {
        err_put(why, e, "%s", buf_z(&sentence));
        goto out;
    }
    if ((job->connector || g->egress.connector) && !egress_has_operation(job->input)) {
        r.outcome = OUTCOME_REFUSED;
        buf_addz(&r.text, "the program is a connector: its input must be a JSON object with an "
                          "\"operation\" that is not blank");
        goto out;
    }
    g->next_id++;
    g->runs++;
    broker_begin(&g->broker, &g->egress, job->connector);
    host_desk_begin(&g->desk);
    buf_clear(&g->message);
    exec_run_write(&g->message, g->next_id, job);
    start = clock_mono_us();
    deadline = after(job->limits.max_wall_ms + GUEST_GRACE_MS);
    e = frame_send(g->child.sock, EXEC_RUN, buf_str(&g->message), NULL, 0, deadline, why);
    wipe(&g->message);
    if (!e)
        e = take_result(g, job, deadline, &r, why);
    memcpy(r.calls, g->desk.calls, sizeof(r.calls));
    broker_finish(&g->broker, g->next_id, &r);
    wipe(&g->answer.body);
    if (e == ERR_TIMEOUT) {
        /* The engine should have ended it. The count died with the process: all is charged. */
        retire(g);
        r.outcome = OUTCOME_TIMEOUT;
        r.clock = r.random = true; /* for all we know */
        r.instructions = job->limits.max_instructions;
        r.wall_us = clock_mono_us() - start;
        run_text_timeout(&r.text, job->limits.max_wall_ms, r.instructions);
        e = ERR_OK;
    } else if (e == ERR_CLOSED) {
        r.outcome = OUTCOME_FAULT;
        buf_clear(&r.text);
        r.wall_us = clock_mono_us() - start;
        buf_addz(&r.text, "the process that ran the program is gone: ");
        exec_child_end(&g->child, &r.text);
        retire(g);
        e = ERR_OK;
    } else if (e || r.outcome == OUTCOME_FAULT || g->fresh_process) {
        retire(g);
    }
out:
    if (e)
        run_result_release(&r);
    else
        *out = r;
    buf_release(&sentence);
    return e;
}
