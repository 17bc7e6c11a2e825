/* serve.c — see serve.h. */
#include "exec/serve.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/run.h"
#include "engine/settings.h"
#include "exec/host.h"
#include "exec/net.h"
#include "exec/sandbox.h"
#include "guest/exec_msg.h"
#include "proc/frame.h"
#include "proc/memfd.h"

/* The engine is made before the sandbox is entered; these are the only states of the process. */
struct server {
    int sock;
    struct engine *engine;
    bool profiled;
    struct module *module;
    struct hash256 wasm;
    struct frame frame;
    struct buf answer;
    struct run_var vars[RUN_ENV_MAX];
    struct exec_net net;
    struct exec_host host;
};

static enum err say_hello(struct server *s, uint32_t walls, struct buf *why)
{
    const struct exec_hello hello = {.engine = str_of(engine_id(s->profiled)), .walls = walls};

    buf_clear(&s->answer);
    exec_hello_write(&s->answer, &hello);
    return frame_send(s->sock, EXEC_HELLO, buf_str(&s->answer), NULL, 0, FRAME_FOREVER, why);
}

static enum err answer(struct server *s, enum exec_type type, enum err how, struct str sentence,
                       uint64_t code_len, struct buf *why)
{
    struct exec_answer a = {.sentence = sentence, .code_len = code_len};

    switch (how) {
    case ERR_OK:
        a.status = EXEC_DONE;
        break;
    case ERR_FORMAT:
    case ERR_TOO_BIG:
        a.status = EXEC_BAD_MODULE;
        break;
    case ERR_ABSENT:
        a.status = EXEC_STALE;
        break;
    default:
        a.status = EXEC_FAILED;
        break;
    }
    buf_clear(&s->answer);
    exec_answer_write(&s->answer, &a);
    return frame_send(s->sock, (uint16_t)type, buf_str(&s->answer), NULL, 0, FRAME_FOREVER, why);
}

static void server_release(struct server *s)
{
    module_free(s->module);
    engine_free(s->engine);
    frame_release(&s->frame);
    buf_wipe(&s->answer);
    mem_free(s);
}

static struct server *server_new(int sock, enum engine_kind kind, bool profiled)
{
    struct server *s = mem_new(struct server);

    s->sock = sock;
    s->profiled = profiled;
    s->engine = engine_new(kind);
    s->frame = FRAME_INIT(EXEC_RUN_MAX);
    s->answer = BUF_INIT(EXEC_RESULT_MAX);
    exec_net_init(&s->net, sock);
    exec_host_init(&s->host, &s->net);
    return s;
}

enum err serve_compile(int sock, bool profiled, struct buf *why)
{
    struct server *s =
        server_new(sock, profiled ? ENGINE_COMPILE_PROFILE : ENGINE_COMPILE, profiled);
    struct buf code = BUF_INIT(MODULE_CODE_MAX), sentence = WHY_INIT;
    struct str wasm = STR_NONE;
    uint32_t walls = 0;
    enum err e, how;

    e = sandbox_enter(SANDBOX_COMPILE, &walls, why);
    if (!e)
        e = say_hello(s, walls, why);
    if (!e)
        e = frame_recv(sock, &s->frame, FRAME_FOREVER, why);
    if (!e && (s->frame.type != EXEC_COMPILE || s->frame.nfds != 2 || s->frame.body.len))
        e = err_put(why, ERR_FORMAT, "message %u where a module was expected", s->frame.type);
    if (!e)
        e = memfd_map(s->frame.fds[0], MODULE_WASM_MAX, &wasm, why);
    if (e)
        goto out;
    how = module_compile(s->engine, wasm, &code, &sentence);
    if (!how)
        how = fd_write_all(s->frame.fds[1], code.ptr, code.len, &sentence);
    e = answer(s, EXEC_COMPILED, how, buf_str(&sentence), code.len, why);
out:
    memfd_unmap(&wasm);
    buf_release(&code);
    buf_release(&sentence);
    server_release(s);
    return e;
}

/* Take the machine code; only a sealed file cannot change between its check and its use. */
static enum err serve_load(struct server *s, struct buf *why)
{
    struct buf sentence = WHY_INIT;
    struct str code = STR_NONE;
    enum err e = ERR_OK, how;

    if (s->module || s->frame.nfds != 1 || !exec_load_read(buf_str(&s->frame.body), &s->wasm) ||
        !memfd_is_sealed(s->frame.fds[0]))
        return err_put(why, ERR_FORMAT, "the message 'load' is malformed or the second one");
    how = memfd_map(s->frame.fds[0], MODULE_CODE_MAX, &code, &sentence);
    if (!how)
        how = module_load(s->engine, code, &s->module, &sentence);
    memfd_unmap(&code);
    fd_close(&s->frame.fds[0]);
    s->frame.nfds = 0;
    if (!how)
        e = sandbox_loaded(why);
    if (!e)
        e = answer(s, EXEC_LOADED, how, buf_str(&sentence), 0, why);
    buf_release(&sentence);
    return e;
}

static enum err serve_one(struct server *s, struct buf *why)
{
    struct run_result r;
    struct run_job job;
    uint64_t id;
    enum err e;

    if (!s->module || s->frame.nfds || !exec_run_read(buf_str(&s->frame.body), &id, &job, s->vars))
        return err_put(why, ERR_FORMAT, "the message 'run' is malformed or comes before 'load'");
    run_result_init(&r, &job.limits);
    job.net = &s->net.host;
    job.port = &s->host.port;
    exec_net_begin(&s->net, id);
    run_module(s->engine, s->module, &job, &r);
    exec_host_end(&s->host);
    const struct exec_result answer = {
        .id = id,
        .outcome = r.outcome,
        .exit_code = r.exit_code,
        .instructions = r.instructions,
        .memory_bytes = r.memory_bytes,
        .wall_us = r.wall_us,
        .cpu_us = r.cpu_us,
        .clock = r.clock,
        .random = r.random,
        .text = buf_str(&r.text),
        .err = buf_str(&r.err),
        .out_len = r.out.len,
        .out = r.out.len <= EXEC_INLINE_MAX ? buf_str(&r.out) : STR_NONE,
    };
    buf_clear(&s->answer);
    exec_result_write(&s->answer, &answer);
    e = frame_send(s->sock, EXEC_RESULT, buf_str(&s->answer), NULL, 0, FRAME_FOREVER, why);
    if (!e && r.out.len > EXEC_INLINE_MAX)
        e = frame_send(s->sock, EXEC_OUTPUT, buf_str(&r.out), NULL, 0, FRAME_FOREVER, why);
    if (!e && s->profiled)
        e = frame_send(s->sock, EXEC_PROFILE, buf_str(&r.profile), NULL, 0, FRAME_FOREVER, why);
    /* Nothing of this run waits in memory for the next one. */
    run_result_release(&r);
    mem_wipe(s->answer.ptr, s->answer.len);
    mem_wipe(s->frame.body.ptr, s->frame.body.len);
    return e;
}

enum err serve_run(int sock, bool profiled, struct buf *why)
{
    struct server *s = server_new(sock, profiled ? ENGINE_RUN_PROFILE : ENGINE_RUN, profiled);
    uint32_t walls = 0;
    enum err e;

    e = sandbox_enter(SANDBOX_RUN, &walls, why);
    if (!e)
        e = say_hello(s, walls, why);
    while (!e) {
        e = frame_recv(sock, &s->frame, FRAME_FOREVER, why);
        if (e)
            break;
        switch (s->frame.type) {
        case EXEC_LOAD:
            e = serve_load(s, why);
            break;
        case EXEC_RUN:
            e = serve_one(s, why);
            break;
        case EXEC_CALL_ANSWER: /* to a call that the run did not wait for */
            break;
        default:
            e = err_put(why, ERR_FORMAT, "message %u is not for this process", s->frame.type);
            break;
        }
    }
    server_release(s);
    return e;
}
