/* builder.c — see builder.h. */
#include "builder/builder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "codec/json.h"
#include "proc/frame.h"
#include "proc/memfd.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define GRACE_MS    10000u /* for the child to tidy up and say that time was up */
#define FRAMES_MAX  100000u
#define ID_LINE_MAX 512

static enum err child_start(const char *exe, struct child *out, struct buf *why)
{
    static const char *const argv[] = {"outlayer-compile", NULL};
    struct arena a = ARENA_INIT;
    struct spawn s = {.argv = argv, .in = -1, .out = -1, .err = STDERR_FILENO, .socket = true};
    enum err e = ERR_OK;

    s.path = exe;
    if (!exe)
        e = self_exe(&a, "outlayer-compile", &s.path, why);
    if (!e)
        e = spawn_start(&s, out, why);
    arena_release(&a);
    return e;
}

/* The program is what the child says it is, and cannot change any more. */
static enum err program_check(const struct compile_answer *answer, int fd, struct buf *why)
{
    struct hash256 is;
    struct stat st;
    struct str map;
    enum err e;

    if (fd < 0 || !memfd_is_sealed(fd) || fstat(fd, &st) || (uint64_t)st.st_size != answer->size)
        return err_put(why, ERR_FORMAT, "the compile child gave something that is no program");
    e = memfd_map(fd, COMPILE_WASM_MAX, &map, why);
    if (e)
        return e;
    is = sha256(map);
    memfd_unmap(&map);
    if (!hash_eq(&is, &answer->sha256))
        return err_put(why, ERR_FORMAT, "the compile child gave another program than it said");
    return ERR_OK;
}

static enum err answer_take(struct frame *f, enum compile_what what, struct arena *a,
                            struct built *out, struct buf *why)
{
    bool wants_program = what == COMPILE_BUILD;
    bool of_commit = what != COMPILE_SELF_TEST && what != COMPILE_CRATES;
    struct compile_answer answer;
    enum err e = compile_answer_read(buf_str(&f->body), &answer, why);

    if (!e && answer.result == COMPILE_OK && of_commit && !answer.commit.len)
        e = err_put(why, ERR_FORMAT, "the compile child does not say which commit it is");
    if (!e && answer.result == COMPILE_OK && wants_program)
        e = program_check(&answer, f->fds[0], why);
    if (e)
        return e;
    *out = (struct built){.result = answer.result,
                          .commit = arena_str(a, answer.commit),
                          .error = arena_str(a, answer.error),
                          .record = arena_str(a, answer.record),
                          .log = arena_str(a, answer.log),
                          .sha256 = answer.sha256,
                          .size = answer.size,
                          .time_ms = answer.time_ms,
                          .fd = -1};
    if (answer.result == COMPILE_OK && wants_program) {
        out->fd = f->fds[0];
        f->fds[0] = -1;
    }
    return ERR_OK;
}

/* One build, and the children that work for it. */
struct run {
    const char *exe;
    const struct compile_ask *ask;
    const struct store *crates;
    build_news *news;
    void *ctx;
    struct arena *a;
    uint64_t start_ms, deadline_ms;
    unsigned wants;        /* how often the child has asked for crates */
    struct str crates_log; /* of the second child */
};

/* Once, and once more when what was kept of an earlier build turns out to be damaged. */
#define WANTS_MAX 2

static enum err tell(const struct run *r, struct str body, struct buf *why)
{
    struct compile_progress p;
    enum err e = compile_progress_read(body, &p, why);

    if (e)
        return e;
    p.elapsed_ms = (uint32_t)(clock_mono_ms() - r->start_ms);
    if (p.phase == COMPILE_STARTING && r->wants)
        p.phase = COMPILE_DEPENDENCIES; /* of the second child */
    if (r->news && !r->news(r->ctx, &p))
        return err_put(why, ERR_CLOSED, "the build was given up");
    return ERR_OK;
}

static enum err crates_give(struct run *r, const struct child *to, struct str skeleton,
                            struct buf *why);

/* Ask a child of its own, and hear it out. `archive`: what it may write to, or -1. */
static enum err talk(struct run *r, const struct compile_ask *ask, int archive, struct built *out,
                     struct buf *why)
{
    struct buf body = BUF_INIT(COMPILE_ASK_MAX);
    struct child child = CHILD_NONE;
    bool done = false;
    enum err e;

    compile_ask_write(&body, ask);
    e = body.full ? err_put(why, ERR_TOO_BIG, "the question to the compile child is too long")
                  : child_start(r->exe, &child, why);
    if (!e)
        e = frame_send(child.sock, COMPILE_ASK, buf_str(&body), &archive, archive >= 0,
                       r->deadline_ms, why);
    for (unsigned i = 0; !e && !done; i++) {
        struct frame f = FRAME_INIT(COMPILE_MSG_MAX);

        e = frame_recv(child.sock, &f, r->deadline_ms, why);
        if (!e && i >= FRAMES_MAX)
            e = err_put(why, ERR_FORMAT, "the compile child does not stop talking");
        if (!e && f.type == COMPILE_ANSWER) {
            e = answer_take(&f, ask->what, r->a, out, why);
            done = !e;
        } else if (!e && f.type == COMPILE_PROGRESS) {
            e = tell(r, buf_str(&f.body), why);
        } else if (!e && f.type == COMPILE_WANT && ask->what == COMPILE_BUILD &&
                   r->wants < WANTS_MAX) {
            r->wants++;
            e = crates_give(r, &child, buf_str(&f.body), why);
        } else if (!e) {
            e = err_put(why, ERR_FORMAT, "the compile child said something unknown");
        }
        frame_release(&f);
    }
    child_stop(&child, done ? 1000 : 0);
    buf_release(&body);
    return e;
}

/* All that the archive is made from. What a crate's build script may run, such as a C compiler, is
 * in these folders: an update of the machine changes them. */
static enum err crates_key(const struct compile_ask *ask, struct str skeleton, struct hash256 *out,
                           struct buf *why)
{
    static const char *const tools[] = {"/usr/bin", "/usr/local/bin"};
    struct buf text = BUF_INIT(COMPILE_ASK_MAX);
    enum err e;

    buf_addf(&text, "crates\n%d\n%.*s\n%.*s\n", BUILD_RECIPE, STR_ARG(ask->target),
             STR_ARG(ask->registries));
    for (size_t i = 0; i < countof(tools); i++) {
        struct stat st = {0};

        (void)!stat(tools[i], &st);
        buf_addf(&text, "%lld.%09ld\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    }
    e = build_toolchain_id(ask->toolchain, &text, why);
    buf_addz(&text, "\n");
    buf_add_str(&text, skeleton);
    BUG_ON(text.full);
    *out = sha256(buf_str(&text));
    buf_release(&text);
    return e;
}

/* What is kept where crates cannot be had apart, so that it is not tried for each commit. */
#define REFUSED_BYTES 1

static enum err crates_make(struct run *r, struct str skeleton, const struct hash256 *key, int *fd,
                            struct compile_give *out, struct buf *why)
{
    struct compile_ask ask = *r->ask;
    uint64_t now = clock_mono_ms(), left;
    struct buf ignored = WHY_INIT;
    struct built b;
    struct stat st;
    enum err e;

    ask.what = COMPILE_CRATES;
    ask.repo = ask.ref = STR_NONE;
    ask.skeleton = skeleton;
    /* It ends before the one that waits for it does. */
    left = now + GRACE_MS < r->deadline_ms ? r->deadline_ms - GRACE_MS - now : 0;
    ask.seconds = left < 2000 ? 1 : (uint32_t)(left / 1000);
    e = memfd_new("outlayer-crates", fd, why);
    if (!e)
        e = talk(r, &ask, *fd, &b, why);
    if (e)
        return e;
    r->crates_log = b.log;
    *out = (struct compile_give){.result = b.result, .error = b.error};
    if (b.result != COMPILE_OK && b.result != COMPILE_PROJECT)
        return ERR_OK;
    /* Not kept is made again, no more. */
    if (b.result != COMPILE_OK && (ftruncate(*fd, 0) || pwrite(*fd, "-", 1, 0) != REFUSED_BYTES))
        return ERR_OK;
    if (r->crates && !fstat(*fd, &st) &&
        store_put(r->crates, key, *fd, (uint64_t)st.st_size, &ignored))
        log_unusual("crates_not_kept", "why=%s", buf_z(&ignored));
    buf_release(&ignored);
    return ERR_OK;
}

/* Answer a child that has asked for its crates. */
static enum err crates_give(struct run *r, const struct child *to, struct str skeleton,
                            struct buf *why)
{
    struct compile_give give = {.result = COMPILE_OK};
    struct buf body = BUF_INIT(COMPILE_ERROR_MAX + 64);
    struct hash256 key;
    uint64_t size = 0;
    int fd = -1;
    enum err e = crates_key(r->ask, skeleton, &key, why);

    if (!e && (!r->crates || r->wants > 1 || store_get(r->crates, &key, &fd, &size, NULL)))
        e = crates_make(r, skeleton, &key, &fd, &give, why);
    else if (!e && size == REFUSED_BYTES)
        give.result = COMPILE_PROJECT;
    else if (!e)
        r->crates_log = STR("crates: as compiled for an earlier build\n");
    if (!e && give.result == COMPILE_OK && lseek(fd, 0, SEEK_SET))
        e = err_sys(why, "cannot read the archive of crates");
    if (!e) {
        compile_give_write(&body, &give);
        e = frame_send(to->sock, COMPILE_GIVE, buf_str(&body), &fd, give.result == COMPILE_OK,
                       r->deadline_ms, why);
        /* Its time was up meanwhile: it has said so, and gone. */
        if (e == ERR_CLOSED)
            e = ERR_OK;
    }
    fd_close(&fd);
    buf_release(&body);
    return e;
}

/* One log of both; the beginning of the crates' goes when it is too long. */
static struct str log_join(const struct run *r, struct str log)
{
    struct buf all = BUF_INIT(COMPILE_LOG_MAX);
    size_t room = COMPILE_LOG_MAX - log.len;
    struct str first = r->crates_log, joined;

    if (!first.len)
        return log;
    if (first.len > room) {
        first = str_skip(first, first.len - room);
        first = str_skip(first, str_find(first, STR("\n")));
    }
    buf_add_str(&all, first);
    buf_add_str(&all, log);
    joined = arena_str(r->a, buf_str(&all));
    buf_release(&all);
    return joined;
}

enum err build_run(const char *exe, const struct compile_ask *ask, const struct store *crates,
                   build_news *news, void *ctx, struct arena *a, struct built *out, struct buf *why)
{
    uint64_t now = clock_mono_ms();
    struct run r = {.exe = exe,
                    .ask = ask,
                    .crates = crates,
                    .news = news,
                    .ctx = ctx,
                    .a = a,
                    .start_ms = now,
                    .deadline_ms = now + (uint64_t)ask->seconds * 1000 + GRACE_MS};
    enum err e = talk(&r, ask, -1, out, why);

    if (!e)
        out->log = log_join(&r, out->log);
    return e;
}

static struct str version_of(struct json doc, const char *language, struct arena *a)
{
    struct buf text = BUF_INIT(ID_LINE_MAX * 2);
    struct json v = json_get(doc, language);
    struct str s = json_str(v, &text) ? arena_str(a, buf_str(&text)) : STR_NONE;

    buf_release(&text);
    return s;
}

enum err build_self_test(const char *exe, struct str toolchain, struct arena *a,
                         struct build_host *out, struct buf *why)
{
    const struct compile_ask ask = {.what = COMPILE_SELF_TEST,
                                    .seconds = SELF_TEST_SECONDS,
                                    .memory_mb = BUILD_MEMORY_MB_DEFAULT,
                                    .disk_mb = BUILD_DISK_MB_DEFAULT,
                                    .toolchain = toolchain};
    struct built b;
    struct json doc;
    enum err e = build_run(exe, &ask, NULL, NULL, NULL, a, &b, why);

    if (e)
        return e;
    if (b.result != COMPILE_OK)
        return err_put(why, ERR_DENIED, "this machine cannot build: %.*s", STR_ARG(b.error));
    if (!json_parse(b.record, &doc, NULL))
        return err_put(why, ERR_FORMAT, "the compile child's self-test answers no JSON");
    *out = (struct build_host){.c = version_of(doc, "c", a),
                               .go = version_of(doc, "go", a),
                               .rust = version_of(doc, "rust", a)};
    return ERR_OK;
}

bool build_cache(const char *name, struct buf *path)
{
    const char *cache = getenv("OUTLAYER_CACHE"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");

    if (cache && cache[0])
        buf_addf(path, "%s/%s", cache, name);
    else if (xdg && xdg[0])
        buf_addf(path, "%s/outlayer/%s", xdg, name);
    else if (home && home[0])
        buf_addf(path, "%s/.cache/outlayer/%s", home, name);
    return path->len && !path->full;
}

struct str build_toolchain(struct arena *a)
{
    const char *told = getenv("OUTLAYER_TOOLCHAIN");
    struct buf path = BUF_INIT(COMPILE_PATH_MAX);
    char real[COMPILE_PATH_MAX * 2];
    struct str found = STR_NONE;
    char *resolved;

    if (told && told[0])
        buf_addz(&path, told);
    else
        (void)build_cache("toolchain", &path);
    /* The link moves to a newer folder; a build stays with the one it began with. */
    resolved = path.len && !path.full ? realpath(buf_z(&path), NULL) : NULL;
    if (resolved) {
        struct buf whole = BUF_OVER(real);

        buf_addz(&whole, resolved);
        if (!whole.full && whole.len <= COMPILE_PATH_MAX)
            found = arena_str(a, buf_str(&whole));
    }
    free(resolved);
    buf_release(&path);
    return found;
}

enum err build_toolchain_id(struct str dir, struct buf *out, struct buf *why)
{
    struct buf path = BUF_INIT(COMPILE_PATH_MAX + 8), text = BUF_INIT(ID_LINE_MAX);
    enum err e = ERR_ABSENT;

    buf_add_str(&path, dir);
    buf_addz(&path, "/id");
    if (dir.len)
        e = file_read(buf_z(&path), &text, why);
    if (e == ERR_ABSENT)
        e = err_put(why, ERR_ABSENT, "there is no toolchain; make one with tools/build-toolchain");
    if (!e) {
        struct str line;

        (void)str_cut(buf_str(&text), '\n', &line);
        buf_add_str(out, line);
    }
    buf_release(&path);
    buf_release(&text);
    return e;
}
