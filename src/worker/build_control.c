/* build_control.c — see build_control.h. */
#include "worker/build_control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/log.h"
#include "codec/put.h"

#define OTHERS_WAIT_MS  1000 /* between two looks at what another machine compiles */
#define LOCK_EVERY_MS   5000 /* a lock at the coordinator is renewed */
#define RESOLVE_SECONDS 60u
#define NETWORK_TRIES   3
#define NETWORK_WAIT_MS 500
#define RECORD_MAX      8192
#define NAME_MAX_       (STORE_PATH_MAX + 100)

/* A requester must not be charged for what this machine cannot do. */
static void self_test(struct builds *b)
{
    struct buf why = WHY_INIT, line = BUF_INIT(4096);
    struct build_host host;

    if (build_self_test(NULL, b->toolchain, &b->arena, &host, &why)) {
        b->cannot = arena_str(&b->arena, buf_str(&why));
        log_unusual("cannot_build", "why=%s", buf_z(&why));
    } else {
        buf_addf(&line, "%.*s; %.*s; %.*s", STR_ARG(host.c), STR_ARG(host.go), STR_ARG(host.rust));
        b->compilers = arena_str(&b->arena, buf_str(&line));
        log_info("can_build", "c=%d go=%d rust=%d", host.c.len > 0, host.go.len > 0,
                 host.rust.len > 0);
    }
    buf_release(&why);
    buf_release(&line);
}

enum err builds_init(struct builds *b, const char *home, const struct store *store,
                     const char *toolchain, uint64_t crates_bytes_max, bool dev, struct buf *why)
{
    struct buf id = BUF_INIT(512), ignored = WHY_INIT, dir;
    char crates[STORE_PATH_MAX];
    struct buf crates_dir = BUF_OVER(crates);
    enum err e;

    *b = (struct builds){.store = store,
                         .registries = STR(BUILD_REGISTRIES),
                         .memory_mb = BUILD_MEMORY_MB_DEFAULT,
                         .disk_mb = BUILD_DISK_MB_DEFAULT,
                         .dev = dev};
    pthread_mutex_init(&b->gate.lock, NULL);
    pthread_cond_init(&b->gate.changed, NULL);
    b->gate.open = 1;
    dir = BUF_OVER(b->dir);
    buf_addf(&dir, "%s/builds", home);
    buf_addf(&crates_dir, "%s/crates", home);
    if (dir.full || crates_dir.full)
        return err_put(why, ERR_TOO_BIG, "the path '%.100s…' is too long", home);
    e = store_init(&b->crates, crates, crates_bytes_max, why);
    if (e)
        return e;
    b->toolchain = toolchain ? arena_str(&b->arena, str_of(toolchain)) : build_toolchain(&b->arena);
    /* Without one this worker compiles C and Go and says so to whoever asks for Rust. */
    if (b->toolchain.len && build_toolchain_id(b->toolchain, &id, &ignored)) {
        if (toolchain) {
            buf_release(&id);
            buf_release(&ignored);
            return err_put(why, ERR_ABSENT, "there is no toolchain at '%s'", toolchain);
        }
        b->toolchain = STR_NONE;
    }
    buf_release(&id);
    buf_release(&ignored);
    self_test(b);
    return dir_make(b->dir, why);
}

void builds_release(struct builds *b)
{
    arena_release(&b->arena);
}

void builds_at_once(struct builds *b, unsigned n)
{
    BUG_ON(n < 1);
    pthread_mutex_lock(&b->gate.lock);
    b->gate.open = n;
    pthread_cond_broadcast(&b->gate.changed);
    pthread_mutex_unlock(&b->gate.lock);
}

static void path_of(const struct builds *b, const struct hash256 *key, const char *more,
                    char out[NAME_MAX_])
{
    struct buf p = {.ptr = out, .cap = NAME_MAX_ - 1, .max = NAME_MAX_ - 1, .fixed = true};

    buf_addf(&p, "%s/", b->dir);
    hash_put_hex(&p, key);
    buf_addz(&p, more);
    BUG_ON(p.full);
}

static enum err fail(struct answer *answer, enum answer_status status, const char *text)
{
    answer_fail(answer, status, str_of(text));
    return ERR_GUEST;
}

/* How `build_run` went, as the requester is told. ERR_OK: well. What is no fault of the requester's
 * another worker may do: GitHub or a registry out of reach, a compiler that is not here. */
static enum err judge(const struct build *build, const struct built *r, struct answer *answer,
                      struct buf *why)
{
    bool ours = str_starts(build->repo, STR("https://")); /* the server; in development theirs */

    if (r->result == COMPILE_OK)
        return ERR_OK;
    if (r->result == COMPILE_FAULT)
        return err_put(why, ERR_IO, "the compile child failed: %.*s", STR_ARG(r->error));
    if (r->result == COMPILE_NETWORK && ours)
        return err_put(why, ERR_UPSTREAM, "%.*s", STR_ARG(r->error));
    if (r->result == COMPILE_TOOLCHAIN)
        return err_put(why, ERR_BUSY, "%.*s", STR_ARG(r->error));
    answer_fail(answer, ANSWER_COMPILATION_FAILED, r->error);
    return ERR_GUEST;
}

static struct compile_ask ask_of(const struct builds *b, const struct build *build, struct str ref)
{
    return (struct compile_ask){.repo = build->repo,
                                .ref = ref,
                                .target = build->target,
                                .seconds = RESOLVE_SECONDS,
                                .memory_mb = b->memory_mb,
                                .disk_mb = b->disk_mb,
                                .dev = b->dev,
                                .toolchain = b->toolchain,
                                .registries = b->registries};
}

/* The commit that a name means now; a full commit means itself. */
static enum err resolve(struct builds *b, struct fetcher *f, struct str ref, struct arena *a,
                        struct build *out, struct answer *answer, struct buf *why)
{
    struct compile_ask ask = ask_of(b, out, ref);
    struct buf said = WHY_INIT;
    char commit[SHA_HEX + 1];
    struct built r;
    enum err e = ERR_OK;

    if (ref_is_sha(ref)) {
        char *sha = arena_z(a, ref);

        for (char *c = sha; *c; c++)
            *c = *c >= 'A' && *c <= 'F' ? (char)(*c + 32) : *c;
        out->commit = str_of(sha);
        return ERR_OK;
    }
    if (f && !str_starts(out->repo, STR("file:"))) {
        e = fetcher_ref(f, out->repo, ref, commit, &said);
        if (!e)
            out->commit = arena_str(a, str_of(commit));
        buf_release(&said);
        if (!e)
            return ERR_OK;
    }
    ask.what = COMPILE_RESOLVE;
    for (unsigned i = 0; i < NETWORK_TRIES; i++) {
        if (i)
            clock_sleep_ms(NETWORK_WAIT_MS << i);
        e = build_run(NULL, &ask, NULL, NULL, NULL, a, &r, why);
        if (e || r.result != COMPILE_NETWORK)
            break;
    }
    if (!e)
        e = judge(out, &r, answer, why);
    if (!e)
        out->commit = r.commit;
    return e;
}

static void key_make(const struct builds *b, struct build *out)
{
    struct buf text = BUF_INIT(REPO_MAX * 2 + 8192);

    buf_addf(&text, "%.*s\n%.*s\n%.*s\n%.*s\n%d\n", STR_ARG(out->repo), STR_ARG(out->commit),
             STR_ARG(out->target), STR_ARG(b->compilers), BUILD_RECIPE);
    BUG_ON(text.full);
    out->key = sha256(buf_str(&text));
    buf_release(&text);
}

/* The record of an earlier build, if its program is still there. */
static bool look_up(struct builds *b, struct build *out)
{
    struct buf text = BUF_INIT(RECORD_MAX);
    char path[NAME_MAX_];
    struct build found = *out;
    struct str hash;
    struct json doc;
    bool ok;

    path_of(b, &out->key, "", path);
    ok = !file_read(path, &text, NULL) && json_parse(buf_str(&text), &doc, NULL) &&
         json_plain(json_get(doc, "sha256"), &hash) && hash_from_hex(hash, &found.sha256) &&
         json_u64(json_get(doc, "made_unix_s"), &found.made_unix_s) &&
         json_u64(json_get(doc, "compile_ms"), &found.ms) &&
         !store_get(b->store, &found.sha256, &found.fd, &found.size, NULL);
    buf_release(&text);
    if (ok) {
        *out = found;
        out->hit = true;
    }
    return ok;
}

static enum err lock_take(struct builds *b, struct build *out, struct buf *why)
{
    char path[NAME_MAX_];

    path_of(b, &out->key, ".lock", path);
    out->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out->lock < 0)
        return err_sys(why, "cannot open '%s'", path);
    while (flock(out->lock, LOCK_EX))
        if (errno != EINTR)
            return err_sys(why, "cannot lock '%s'", path);
    return ERR_OK;
}

static void record_make(const struct build *build, struct str record, struct buf *out)
{
    json_obj(out);
    put_hex(out, "sha256", hash_str(&build->sha256));
    put_u64(out, "made_unix_s", build->made_unix_s);
    put_u64(out, "compile_ms", build->ms);
    put_raw(out, "record", record);
    json_obj_end(out);
}

/* Keep what another machine has built, as if this one had. */
static bool take_shared(struct builds *b, struct build *out)
{
    struct buf why = WHY_INIT, text = BUF_INIT(RECORD_MAX);
    char path[NAME_MAX_];
    struct shared_build got;

    if (share_get(out->share, &out->key, &got, &why)) {
        buf_release(&why);
        return false;
    }
    out->sha256 = got.sha256;
    out->size = got.size;
    out->made_unix_s = got.made_unix_s;
    out->ms = got.compile_ms;
    out->fd = got.fd;
    out->hit = true;
    record_make(out, STR("null"), &text);
    path_of(b, &out->key, "", path);
    if (store_put(b->store, &out->sha256, out->fd, out->size, &why) ||
        file_write_atomic(path, buf_str(&text), 0600, &why))
        log_unusual("build_not_kept", "why=%s", buf_z(&why));
    buf_release(&text);
    buf_release(&why);
    return true;
}

/* Another machine's program, or the right to make it, whichever comes first. */
static void others(struct builds *b, struct build *out)
{
    uint64_t until = clock_mono_ms() + (uint64_t)BUILD_SECONDS_MAX * 1000;

    while (!take_shared(b, out)) {
        out->locked = share_lock(out->share, &out->key);
        if (out->locked || clock_mono_ms() > until)
            break;
        clock_sleep_ms(OTHERS_WAIT_MS);
    }
    /* It may have been finished between the question and the lock. */
    if (out->locked && out->share->coordinator)
        (void)take_shared(b, out);
}

enum err build_find(struct builds *b, struct fetcher *f, const struct build_share *share,
                    const struct code_source *source, bool force, struct arena *a,
                    struct build *out, struct answer *answer, struct buf *why)
{
    struct buf url = BUF_INIT(REPO_MAX * 2), text = WHY_INIT;
    enum err e = ERR_OK;

    *out = BUILD_NONE;
    if (b->cannot.len)
        return err_put(why, ERR_BUSY, "%.*s", STR_ARG(b->cannot));
    out->target = target_normalise(source->target);
    if (repo_normalise(source->repo, b->dev, &url, &text))
        e = fail(answer, ANSWER_CUSTOM, buf_z(&text));
    else if (ref_check(source->commit, &text))
        e = fail(answer, ANSWER_COMPILATION_FAILED, buf_z(&text));
    else if (!out->target.len)
        e = fail(answer, ANSWER_COMPILATION_FAILED,
                 "The build target is not supported; there are wasm32-wasip1 and wasm32-wasip2");
    out->repo = arena_str(a, buf_str(&url));
    buf_release(&url);
    buf_release(&text);
    if (!e)
        e = resolve(b, f, source->commit, a, out, answer, why);
    if (e)
        return e;
    key_make(b, out);
    out->share = share;
    if (!force && look_up(b, out))
        return ERR_OK;
    e = lock_take(b, out, why);
    if (!e && !force && !look_up(b, out))
        others(b, out);
    return e;
}

/* Remove the oldest files until there is room for another. */
static void prune(const struct builds *b)
{
    struct folder f;

    if (folder_open(&f, b->dir, NULL))
        return;
    folder_look(&f, NULL, FOLDER_NAME_MAX, SIZE_MAX);
    folder_trim(&f, UINT64_MAX, BUILDS_FILES_MAX - 1);
    folder_close(&f);
}

/* Keep program, record and log. What cannot be kept is built again, no more. */
static void keep(struct builds *b, const struct build *build, const struct built *r)
{
    struct buf text = BUF_INIT(RECORD_MAX), why = WHY_INIT;
    char path[NAME_MAX_];
    struct json doc;
    enum err e = ERR_FORMAT;

    prune(b);
    if (json_parse(r->record, &doc, NULL)) {
        record_make(build, doc.text, &text);
        path_of(b, &build->key, ".log", path);
        e = file_write_atomic(path, r->log, 0600, &why);
        if (!e)
            e = store_put(b->store, &build->sha256, r->fd, r->size, &why);
        path_of(b, &build->key, "", path);
        if (!e)
            e = file_write_atomic(path, buf_str(&text), 0600, &why);
    }
    if (e)
        log_unusual("build_not_kept", "why=%s", buf_z(&why));
    buf_release(&text);
    buf_release(&why);
}

/* News of a build that also keep its lock. */
struct listener {
    const struct build *build;
    build_news *news;
    void *ctx;
    uint64_t locked_ms;
};

static bool hear(void *ctx, const struct compile_progress *p)
{
    struct listener *l = ctx;
    uint64_t now = clock_mono_ms();

    if (l->build->locked && now - l->locked_ms > LOCK_EVERY_MS) {
        (void)share_lock(l->build->share, &l->build->key);
        l->locked_ms = now;
    }
    return !l->news || l->news(l->ctx, p);
}

/* Wait for one's turn, and leave with gate_leave(). What the build holds at the coordinator is kept
 * meanwhile, and whoever lost the job stops waiting. */
static enum err gate_enter(struct builds *b, struct listener *l, struct buf *why)
{
    const struct compile_progress waiting = {.phase = COMPILE_STARTING};
    uint64_t until = clock_mono_ms() + (uint64_t)BUILD_TURN_SECONDS * 1000;
    struct build_gate *g = &b->gate;
    enum err e = ERR_OK;

    pthread_mutex_lock(&g->lock);
    while (!e && g->busy >= g->open) {
        const unsigned open = g->open;
        struct timespec at;

        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec++;
        pthread_cond_timedwait(&g->changed, &g->lock, &at);
        pthread_mutex_unlock(&g->lock);
        if (!hear(l, &waiting) || clock_mono_ms() > until)
            e = err_put(why, ERR_BUSY, "%u build(s) run already, as --builds allows", open);
        pthread_mutex_lock(&g->lock);
    }
    g->busy += !e;
    pthread_mutex_unlock(&g->lock);
    return e;
}

static void gate_leave(struct builds *b)
{
    pthread_mutex_lock(&b->gate.lock);
    b->gate.busy--;
    pthread_cond_signal(&b->gate.changed);
    pthread_mutex_unlock(&b->gate.lock);
}

static struct build_told told(const struct build *build)
{
    return (struct build_told){.job_id = build->job_id,
                               .token = build->token,
                               .key = build->key,
                               .repo = build->repo,
                               .commit = build->commit,
                               .target = build->target,
                               .cached = true};
}

void build_found(const struct build *build)
{
    const struct build_told t = told(build);

    share_tell(build->share, &t);
}

enum err build_make(struct builds *b, struct build *build, uint32_t seconds, build_news *news,
                    void *ctx, struct answer *answer, struct buf *log, struct buf *why)
{
    struct compile_ask ask = ask_of(b, build, build->commit);
    struct listener l = {.build = build, .news = news, .ctx = ctx, .locked_ms = clock_mono_ms()};
    struct build_told t = told(build);
    struct arena a = ARENA_INIT;
    struct built r = {.fd = -1};
    enum err e = gate_enter(b, &l, why);
    uint64_t start = clock_mono_ms();

    if (e)
        return e;
    ask.seconds = seconds;
    e = build_run(NULL, &ask, &b->crates, hear, &l, &a, &r, why);
    gate_leave(b);
    answer->compile_ms = clock_mono_ms() - start;
    if (!e) {
        buf_add_str(log, str_skip(r.log, r.log.len > log->max ? r.log.len - log->max : 0));
        e = judge(build, &r, answer, why);
    }
    if (!e || e == ERR_GUEST) {
        t.cached = false;
        t.compile_ms = answer->compile_ms;
        t.cost = build->fee_per_ms * answer->compile_ms;
        t.built = &r;
        share_tell(build->share, &t);
    }
    if (!e) {
        build->sha256 = r.sha256;
        build->size = r.size;
        build->ms = answer->compile_ms;
        build->made_unix_s = clock_unix_ns() / 1000000000;
        keep(b, build, &r);
        build->fd = r.fd;
    }
    arena_release(&a);
    return e;
}

void build_done(const struct builds *b, struct build *build)
{
    char path[NAME_MAX_];

    if (build->locked)
        share_unlock(build->share, &build->key);
    build->locked = false;
    /* Who waits for it has the file open; who comes later finds the record, or builds again. */
    if (build->lock >= 0) {
        path_of(b, &build->key, ".lock", path);
        (void)!unlink(path);
    }
    fd_close(&build->lock);
    fd_close(&build->fd);
}

uint32_t build_affordable(u128 payment, u128 fee_per_ms, struct answer *answer)
{
    u128 seconds = fee_per_ms ? payment / fee_per_ms / 1000 : BUILD_SECONDS_MAX;
    char room[256];
    struct buf text = BUF_OVER(room);

    if (seconds >= BUILD_SECONDS_MAX)
        return BUILD_SECONDS_MAX;
    if (seconds >= BUILD_SECONDS_MIN)
        return (uint32_t)seconds;
    buf_addf(&text,
             "Insufficient payment for compilation: payment covers only %us but minimum is %us. "
             "Need at least ",
             (unsigned)seconds, BUILD_SECONDS_MIN);
    buf_add_u128(&text, fee_per_ms * 1000 * BUILD_SECONDS_MIN);
    buf_addz(&text, " yoctoNEAR");
    answer_fail(answer, ANSWER_INSUFFICIENT_PAYMENT, buf_str(&text));
    return 0;
}
