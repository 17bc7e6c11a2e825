/* builder.c — see builder.h. */
#include "builder/builder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
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
    struct compile_answer answer;
    enum err e = compile_answer_read(buf_str(&f->body), &answer, why);

    if (!e && answer.result == COMPILE_OK && what != COMPILE_SELF_TEST && !answer.commit.len)
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

enum err build_run(const char *exe, const struct compile_ask *ask, build_news *news, void *ctx,
                   struct arena *a, struct built *out, struct buf *why)
{
    uint64_t deadline = clock_mono_ms() + (uint64_t)ask->seconds * 1000 + GRACE_MS;
    struct buf body = BUF_INIT(COMPILE_ASK_MAX);
    struct child child = CHILD_NONE;
    bool done = false;
    enum err e;

    compile_ask_write(&body, ask);
    e = body.full ? err_put(why, ERR_TOO_BIG, "the question to the compile child is too long")
                  : child_start(exe, &child, why);
    if (!e)
        e = frame_send(child.sock, COMPILE_ASK, buf_str(&body), NULL, 0, deadline, why);
    for (unsigned i = 0; !e && !done; i++) {
        struct frame f = FRAME_INIT(COMPILE_MSG_MAX);
        struct compile_progress p;

        e = frame_recv(child.sock, &f, deadline, why);
        if (!e && i >= FRAMES_MAX)
            e = err_put(why, ERR_FORMAT, "the compile child does not stop talking");
        if (!e && f.type == COMPILE_ANSWER) {
            e = answer_take(&f, ask->what, a, out, why);
            done = !e;
        } else if (!e && f.type == COMPILE_PROGRESS) {
            e = compile_progress_read(buf_str(&f.body), &p, why);
            if (!e && news && !news(ctx, &p))
                e = err_put(why, ERR_CLOSED, "the build was given up");
        } else if (!e) {
            e = err_put(why, ERR_FORMAT, "the compile child said something unknown");
        }
        frame_release(&f);
    }
    child_stop(&child, done ? 1000 : 0);
    buf_release(&body);
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
    enum err e = build_run(exe, &ask, NULL, NULL, a, &b, why);

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

struct str build_toolchain(struct arena *a)
{
    const char *told = getenv("OUTLAYER_TOOLCHAIN"), *cache = getenv("OUTLAYER_CACHE"),
               *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct buf path = BUF_INIT(COMPILE_PATH_MAX);
    char real[COMPILE_PATH_MAX * 2];
    struct str found = STR_NONE;
    char *resolved;

    if (told && told[0])
        buf_addz(&path, told);
    else if (cache && cache[0])
        buf_addf(&path, "%s/toolchain", cache);
    else if (xdg && xdg[0])
        buf_addf(&path, "%s/outlayer/toolchain", xdg);
    else if (home && home[0])
        buf_addf(&path, "%s/.cache/outlayer/toolchain", home);
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
