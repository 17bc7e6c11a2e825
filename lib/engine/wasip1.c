/*
 * wasip1.c — WASI preview 1 without files; see wasip1.h.
 *
 * Every function gets its arguments unboxed in `a` and leaves its errno in a[0]. Guest pointers are
 * 32 bits wide; mem() checks each before it is used.
 */
#include "engine/wasip1.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"

enum wasi_errno {
    E_SUCCESS = 0,
    E_BADF = 8,
    E_FAULT = 21,
    E_INVAL = 28,
    E_IO = 29,
    E_NOSYS = 52,
    E_NOTDIR = 54,
    E_NOTSOCK = 57,
    E_NOTSUP = 58,
    E_SPIPE = 70,
};

#define IOVS_MAX       1024u
#define POLL_SUBS_MAX  4096u
#define RIGHT_FD_READ  (1ull << 1)
#define RIGHT_FD_WRITE (1ull << 6)
#define RIGHT_POLL     (1ull << 27)

typedef wasmtime_val_raw_t val;

struct call {
    struct wasip1 *w;
    wasmtime_context_t *ctx;
    uint8_t *mem;
    size_t size;
    val *a;
};

void wasip1_init(struct wasip1 *w, const struct run_job *job, struct run_result *result)
{
    *w = (struct wasip1){.fds = {WASIP1_IN, WASIP1_OUT, WASIP1_ERR}};
    wasi_init(&w->wasi, job, result);
}

static uint32_t arg(const struct call *c, size_t i)
{
    return (uint32_t)c->a[i].i32;
}

/* `n` bytes of linear memory at `p`, or NULL. */
static uint8_t *mem(const struct call *c, uint32_t p, uint64_t n)
{
    return n <= c->size && p <= c->size - n ? c->mem + p : NULL;
}

static uint64_t get_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static bool put_le(const struct call *c, uint32_t at, uint64_t v, size_t n)
{
    uint8_t *p = mem(c, at, n);
    for (size_t i = 0; p && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
    return p != NULL;
}

static enum wasip1_stream stream(const struct call *c, uint32_t fd)
{
    return fd < countof(c->w->fds) ? c->w->fds[fd] : WASIP1_CLOSED;
}

/* End the run; run.c looks at `stop`, not at the message. */
static wasm_trap_t *stop(struct wasip1 *w, enum wasi_stop why)
{
    w->wasi.stop = why;
    return wasmtime_trap_new("stop", 4);
}

#define FN(name) static wasm_trap_t *name(struct call *c)
#define RET(e)                                                                                     \
    do {                                                                                           \
        c->a[0].i32 = (e);                                                                         \
        return NULL;                                                                               \
    } while (0)

/* ---- arguments and environment ---- */

FN(args_get)
{
    RET(E_SUCCESS);
}

FN(args_sizes_get)
{
    bool ok = put_le(c, arg(c, 0), 0, 4) && put_le(c, arg(c, 1), 0, 4);
    RET(ok ? E_SUCCESS : E_FAULT);
}

static uint32_t env_bytes(const struct run_job *job)
{
    size_t n = 0;
    for (size_t i = 0; i < job->nenv; i++)
        n += job->env[i].name.len + job->env[i].value.len + 2;
    return (uint32_t)n; /* bounded by run_job_check() */
}

FN(environ_sizes_get)
{
    const struct run_job *job = c->w->wasi.job;
    bool ok = put_le(c, arg(c, 0), job->nenv, 4) && put_le(c, arg(c, 1), env_bytes(job), 4);
    RET(ok ? E_SUCCESS : E_FAULT);
}

FN(environ_get)
{
    const struct run_job *job = c->w->wasi.job;
    uint32_t list = arg(c, 0), at = arg(c, 1);

    if (!mem(c, list, job->nenv * 4) || !mem(c, at, env_bytes(job)))
        RET(E_FAULT);
    for (size_t i = 0; i < job->nenv; i++) {
        const struct run_var *v = &job->env[i];
        uint8_t *p = c->mem + at;
        put_le(c, list + (uint32_t)i * 4, at, 4);
        memcpy(p, v->name.ptr, v->name.len);
        p += v->name.len;
        *p++ = '=';
        if (v->value.len)
            memcpy(p, v->value.ptr, v->value.len);
        p[v->value.len] = 0;
        at += (uint32_t)(v->name.len + v->value.len + 2);
    }
    RET(E_SUCCESS);
}

/* ---- clocks and random numbers ---- */

static bool clock_id(uint32_t id, clockid_t *out)
{
    static const clockid_t ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID,
                                    CLOCK_THREAD_CPUTIME_ID};
    if (id >= countof(ids))
        return false;
    *out = ids[id];
    return true;
}

static uint64_t guest_clock(struct wasip1 *w, clockid_t id)
{
    struct timespec t;

    wasi_saw_clock(&w->wasi);
    if (id == CLOCK_MONOTONIC)
        return wasi_guest_ns(&w->wasi, wasi_now_ns());
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

FN(clock_time_get)
{
    clockid_t id;
    if (!clock_id(arg(c, 0), &id))
        RET(E_INVAL);
    RET(put_le(c, arg(c, 2), guest_clock(c->w, id), 8) ? E_SUCCESS : E_FAULT);
}

FN(clock_res_get)
{
    clockid_t id;
    if (!clock_id(arg(c, 0), &id))
        RET(E_INVAL);
    RET(put_le(c, arg(c, 1), 1, 8) ? E_SUCCESS : E_FAULT);
}

FN(random_get)
{
    uint32_t n = arg(c, 1);
    uint8_t *p = mem(c, arg(c, 0), n);

    if (!p)
        RET(E_FAULT);
    if (!wasi_random(&c->w->wasi, p, n))
        return stop(c->w, WASI_TIME);
    RET(E_SUCCESS);
}

/* ---- the three streams ---- */

/* Length and place of vector `i`; false when outside memory. */
static bool iov(const struct call *c, uint32_t iovs, uint32_t i, uint8_t **p, uint32_t *n)
{
    const uint8_t *v = mem(c, iovs, (uint64_t)(i + 1) * 8);
    if (!v)
        return false;
    v += (size_t)i * 8;
    *n = (uint32_t)get_le(v + 4, 4);
    *p = mem(c, (uint32_t)get_le(v, 4), *n);
    return *p != NULL;
}

FN(fd_write)
{
    enum wasip1_stream to = stream(c, arg(c, 0));
    uint32_t iovs = arg(c, 1), count = arg(c, 2), nwritten = arg(c, 3);
    uint64_t total = 0;

    if (to != WASIP1_OUT && to != WASIP1_ERR)
        RET(E_BADF);
    if (count > IOVS_MAX)
        RET(E_INVAL);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *p;
        uint32_t n;
        if (!iov(c, iovs, i, &p, &n))
            RET(E_FAULT);
        if (to == WASIP1_ERR)
            wasi_err(&c->w->wasi, str_from(p, n));
        else if (!wasi_out(&c->w->wasi, str_from(p, n)))
            return stop(c->w, WASI_OUTPUT);
        total += n;
        if (total > UINT32_MAX)
            RET(E_INVAL);
    }
    RET(put_le(c, nwritten, total, 4) ? E_SUCCESS : E_FAULT);
}

FN(fd_read)
{
    uint32_t iovs = arg(c, 1), count = arg(c, 2), nread = arg(c, 3);
    struct wasip1 *w = c->w;
    size_t total = 0;

    if (stream(c, arg(c, 0)) != WASIP1_IN)
        RET(E_BADF);
    if (count > IOVS_MAX)
        RET(E_INVAL);
    for (uint32_t i = 0; i < count; i++) {
        struct str got;
        uint8_t *p;
        uint32_t n;
        if (!iov(c, iovs, i, &p, &n))
            RET(E_FAULT);
        got = wasi_in(&w->wasi, n);
        if (got.len)
            memcpy(p, got.ptr, got.len);
        total += got.len;
    }
    RET(put_le(c, nread, total, 4) ? E_SUCCESS : E_FAULT);
}

/* An open stream or not: the answer of functions that have nothing to do. */
FN(fd_known)
{
    RET(stream(c, arg(c, 0)) == WASIP1_CLOSED ? E_BADF : E_SUCCESS);
}

FN(fd_close)
{
    uint32_t fd = arg(c, 0);
    if (stream(c, fd) == WASIP1_CLOSED)
        RET(E_BADF);
    c->w->fds[fd] = WASIP1_CLOSED;
    RET(E_SUCCESS);
}

FN(fd_renumber)
{
    uint32_t from = arg(c, 0), to = arg(c, 1);
    if (stream(c, from) == WASIP1_CLOSED || stream(c, to) == WASIP1_CLOSED)
        RET(E_BADF);
    if (from != to) {
        c->w->fds[to] = c->w->fds[from];
        c->w->fds[from] = WASIP1_CLOSED;
    }
    RET(E_SUCCESS);
}

FN(fd_fdstat_get)
{
    enum wasip1_stream s = stream(c, arg(c, 0));
    uint8_t *p = mem(c, arg(c, 1), 24);
    uint64_t rights = RIGHT_POLL | (s == WASIP1_IN ? RIGHT_FD_READ : RIGHT_FD_WRITE);

    if (s == WASIP1_CLOSED)
        RET(E_BADF);
    if (!p)
        RET(E_FAULT);
    memset(p, 0, 24); /* type unknown, so no terminal; no flags */
    put_le(c, arg(c, 1) + 8, rights, 8);
    RET(E_SUCCESS);
}

FN(fd_filestat_get)
{
    uint8_t *p = mem(c, arg(c, 1), 64);
    if (stream(c, arg(c, 0)) == WASIP1_CLOSED)
        RET(E_BADF);
    if (!p)
        RET(E_FAULT);
    memset(p, 0, 64);
    RET(E_SUCCESS);
}

FN(fd_unseekable)
{
    RET(stream(c, arg(c, 0)) == WASIP1_CLOSED ? E_BADF : E_SPIPE);
}

FN(fd_no_folder)
{
    RET(stream(c, arg(c, 0)) == WASIP1_CLOSED ? E_BADF : E_NOTDIR);
}

FN(fd_no_file)
{
    RET(stream(c, arg(c, 0)) == WASIP1_CLOSED ? E_BADF : E_INVAL);
}

FN(fd_no_socket)
{
    RET(stream(c, arg(c, 0)) == WASIP1_CLOSED ? E_BADF : E_NOTSOCK);
}

FN(no_preopen)
{
    RET(E_BADF); /* how a program learns that there are no preopened folders */
}

/* path_symlink has its descriptor second, after a pointer and a length. */
FN(path_symlink)
{
    RET(stream(c, arg(c, 2)) == WASIP1_CLOSED ? E_BADF : E_NOTDIR);
}

/* ---- waiting ---- */

enum { SUB_SIZE = 48, EVENT_SIZE = 32, TAG_CLOCK = 0, TAG_READ = 1, TAG_WRITE = 2 };

struct sub {
    uint64_t userdata;
    uint8_t tag;
    uint8_t error;
    bool ready;
    uint64_t nbytes;
    uint64_t wait_ns; /* TAG_CLOCK: from now */
};

static struct sub sub_read(const struct call *c, const uint8_t *p)
{
    struct sub s = {.userdata = get_le(p, 8), .tag = p[8]};

    if (s.tag == TAG_CLOCK) {
        uint64_t timeout = get_le(p + 24, 8);
        bool absolute = get_le(p + 40, 2) & 1;
        clockid_t id;
        if (!clock_id((uint32_t)get_le(p + 16, 4), &id) || id == CLOCK_THREAD_CPUTIME_ID) {
            s.ready = true;
            s.error = E_INVAL;
            return s;
        }
        wasi_saw_clock(&c->w->wasi);
        if (absolute) {
            uint64_t now = guest_clock(c->w, id);
            timeout = timeout > now ? timeout - now : 0;
        }
        s.wait_ns = timeout;
        s.ready = timeout == 0;
        return s;
    }
    enum wasip1_stream fd = stream(c, (uint32_t)get_le(p + 16, 4));
    s.ready = true; /* streams never block here */
    if (s.tag == TAG_READ && fd == WASIP1_IN)
        s.nbytes = c->w->wasi.job->input.len - c->w->wasi.input_at;
    else if (s.tag == TAG_WRITE && (fd == WASIP1_OUT || fd == WASIP1_ERR))
        s.nbytes = 65536;
    else
        s.error = s.tag > TAG_WRITE ? E_INVAL : E_BADF;
    return s;
}

static void event_write(const struct call *c, uint32_t at, const struct sub *s)
{
    memset(c->mem + at, 0, EVENT_SIZE);
    put_le(c, at, s->userdata, 8);
    put_le(c, at + 8, s->error, 2);
    put_le(c, at + 10, s->tag, 1);
    put_le(c, at + 16, s->nbytes, 8);
}

FN(poll_oneoff)
{
    uint32_t in = arg(c, 0), out = arg(c, 1), n = arg(c, 2), nevents = arg(c, 3), events = 0;
    uint64_t least = UINT64_MAX;
    bool any = false;

    if (n == 0 || n > POLL_SUBS_MAX)
        RET(E_INVAL);
    if (!mem(c, in, (uint64_t)n * SUB_SIZE) || !mem(c, out, (uint64_t)n * EVENT_SIZE))
        RET(E_FAULT);
    for (uint32_t i = 0; i < n; i++) {
        struct sub s = sub_read(c, c->mem + in + (size_t)i * SUB_SIZE);
        any |= s.ready;
        if (!s.ready && s.wait_ns < least)
            least = s.wait_ns;
    }
    uint64_t now = wasi_now_ns();
    if (!any && !wasi_sleep(&c->w->wasi, least < UINT64_MAX - now ? now + least : UINT64_MAX))
        return stop(c->w, WASI_TIME);
    /* Subscriptions and events may overlap in a hostile guest; only its own memory suffers. */
    for (uint32_t i = 0; i < n; i++) {
        struct sub s = sub_read(c, c->mem + in + (size_t)i * SUB_SIZE);
        if (s.ready || (!any && s.tag == TAG_CLOCK && s.wait_ns <= least))
            event_write(c, out + events++ * EVENT_SIZE, &s);
    }
    RET(put_le(c, nevents, events, 4) ? E_SUCCESS : E_FAULT);
}

/* ---- the process ---- */

FN(proc_exit)
{
    c->w->wasi.exit_code = c->a[0].i32;
    return stop(c->w, WASI_EXITED);
}

FN(proc_raise)
{
    RET(E_NOTSUP);
}

FN(sched_yield)
{
    RET(E_SUCCESS);
}

/* i: 32 bits, I: 64 bits. All but proc_exit return an errno. */
static const struct host {
    const char *name;
    const char *params;
    wasm_trap_t *(*fn)(struct call *c);
} hosts[] = {
    {"args_get", "ii", args_get},
    {"args_sizes_get", "ii", args_sizes_get},
    {"clock_res_get", "ii", clock_res_get},
    {"clock_time_get", "iIi", clock_time_get},
    {"environ_get", "ii", environ_get},
    {"environ_sizes_get", "ii", environ_sizes_get},
    {"fd_advise", "iIIi", fd_unseekable},
    {"fd_allocate", "iII", fd_no_file},
    {"fd_close", "i", fd_close},
    {"fd_datasync", "i", fd_known},
    {"fd_fdstat_get", "ii", fd_fdstat_get},
    {"fd_fdstat_set_flags", "ii", fd_known},
    {"fd_fdstat_set_rights", "iII", fd_known},
    {"fd_filestat_get", "ii", fd_filestat_get},
    {"fd_filestat_set_size", "iI", fd_no_file},
    {"fd_filestat_set_times", "iIIi", fd_no_file},
    {"fd_pread", "iiiIi", fd_unseekable},
    {"fd_prestat_dir_name", "iii", no_preopen},
    {"fd_prestat_get", "ii", no_preopen},
    {"fd_pwrite", "iiiIi", fd_unseekable},
    {"fd_read", "iiii", fd_read},
    {"fd_readdir", "iiiIi", fd_no_folder},
    {"fd_renumber", "ii", fd_renumber},
    {"fd_seek", "iIii", fd_unseekable},
    {"fd_sync", "i", fd_known},
    {"fd_tell", "ii", fd_unseekable},
    {"fd_write", "iiii", fd_write},
    {"path_create_directory", "iii", fd_no_folder},
    {"path_filestat_get", "iiiii", fd_no_folder},
    {"path_filestat_set_times", "iiiiIIi", fd_no_folder},
    {"path_link", "iiiiiii", fd_no_folder},
    {"path_open", "iiiiiIIii", fd_no_folder},
    {"path_readlink", "iiiiii", fd_no_folder},
    {"path_remove_directory", "iii", fd_no_folder},
    {"path_rename", "iiiiii", fd_no_folder},
    {"path_symlink", "iiiii", path_symlink},
    {"path_unlink_file", "iii", fd_no_folder},
    {"poll_oneoff", "iiii", poll_oneoff},
    {"proc_exit", "i", proc_exit},
    {"proc_raise", "i", proc_raise},
    {"random_get", "ii", random_get},
    {"sched_yield", "", sched_yield},
    {"sock_accept", "iii", fd_no_socket},
    {"sock_recv", "iiiiii", fd_no_socket},
    {"sock_send", "iiiii", fd_no_socket},
    {"sock_shutdown", "ii", fd_no_socket},
};

bool wasip1_has(struct str name)
{
    for (size_t i = 0; i < countof(hosts); i++)
        if (str_eqz(name, hosts[i].name))
            return true;
    return false;
}

/* The caller's exported memory: looked up once a run, it cannot change its identity. */
static bool find_memory(struct wasip1 *w, wasmtime_caller_t *caller)
{
    wasmtime_extern_t item;

    if (w->has_memory)
        return true;
    if (!wasmtime_caller_export_get(caller, "memory", 6, &item))
        return false;
    if (item.kind == WASMTIME_EXTERN_MEMORY) {
        w->memory = item.of.memory;
        w->has_memory = true;
    } else {
        wasmtime_extern_delete(&item);
    }
    return w->has_memory;
}

static wasm_trap_t *enter(void *env, wasmtime_caller_t *caller, val *a, size_t n)
{
    const struct host *h = env;
    struct call c = {.ctx = wasmtime_caller_context(caller), .a = a};
    (void)n;

    c.w = wasmtime_context_get_data(c.ctx);
    if (wasi_late(&c.w->wasi)) /* host functions cost no fuel, so the slices do not see them */
        return stop(c.w, WASI_TIME);
    if (find_memory(c.w, caller)) {
        c.mem = wasmtime_memory_data(c.ctx, &c.w->memory);
        c.size = wasmtime_memory_data_size(c.ctx, &c.w->memory);
    }
    return h->fn(&c);
}

static wasm_functype_t *host_type(const struct host *h)
{
    wasm_valtype_t *types[16];
    wasm_valtype_vec_t params, results;
    size_t n = strlen(h->params);

    BUG_ON(n > countof(types));
    for (size_t i = 0; i < n; i++)
        types[i] = wasm_valtype_new(h->params[i] == 'I' ? WASM_I64 : WASM_I32);
    wasm_valtype_vec_new(&params, n, types);
    types[0] = wasm_valtype_new(WASM_I32);
    if (h->fn == proc_exit) {
        wasm_valtype_delete(types[0]);
        wasm_valtype_vec_new_empty(&results);
    } else {
        wasm_valtype_vec_new(&results, 1, types);
    }
    return wasm_functype_new(&params, &results);
}

enum err wasip1_define(wasmtime_linker_t *linker, struct buf *why)
{
    for (size_t i = 0; i < countof(hosts); i++) {
        const struct host *h = &hosts[i];
        wasm_functype_t *type = host_type(h);
        wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(
            linker, WASIP1_MODULE, strlen(WASIP1_MODULE), h->name, strlen(h->name), type, enter,
            (void *)(uintptr_t)h, NULL);
        wasm_functype_delete(type);
        if (error) {
            wasmtime_error_delete(error);
            return err_put(why, ERR_CONFLICT, "the host function '%s' was defined twice", h->name);
        }
    }
    return ERR_OK;
}
