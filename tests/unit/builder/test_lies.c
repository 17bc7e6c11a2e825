/* A compile child that does not keep to the rules costs its build, and nothing else. The child is
 * this program again: what it is asked to build says how it lies. */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "builder/builder.h"
#include "proc/frame.h"
#include "proc/spawn.h"

#define SELF "/proc/self/exe"

static char dir[] = "/tmp/outlayer-test-lies-XXXXXX";

/* --- the child --- */

static void say(uint16_t type, struct str body, const int *fds, size_t n)
{
    (void)!frame_send(SPAWN_SOCKET_FD, type, body, fds, n, clock_mono_ms() + 5000, NULL);
}

static void answer(enum compile_result result, const char *error)
{
    const struct compile_answer a = {.result = result, .error = str_of(error)};
    struct buf body = BUF_INIT(COMPILE_MSG_MAX);

    compile_answer_write(&body, &a);
    say(COMPILE_ANSWER, buf_str(&body), NULL, 0);
    buf_release(&body);
}

/* Ask for crates and answer with what came: the result, and how many bytes. */
static void want(struct str skeleton, const int *fds, size_t n)
{
    struct frame f = FRAME_INIT(COMPILE_MSG_MAX);
    struct compile_give give = {.result = COMPILE_FAULT};
    char text[64];
    int size;

    say(COMPILE_WANT, skeleton, fds, n);
    if (frame_recv(SPAWN_SOCKET_FD, &f, clock_mono_ms() + 5000, NULL) ||
        compile_give_read(buf_str(&f.body), &give, NULL))
        _exit(1);
    size = f.fds[0] < 0 ? -1 : (int)lseek(f.fds[0], 0, SEEK_END);
    snprintf(text, sizeof(text), "%s, %d bytes", compile_result_name(give.result), size);
    answer(COMPILE_REPOSITORY, text);
    frame_release(&f);
}

static void build_lies(struct str how)
{
    struct buf big = BUF_INIT(2 * COMPILE_SKELETON_MAX);
    const int fds[] = {0, 1, 2, 2, 2};

    if (str_starts(how, STR("long")))
        for (size_t i = 0; i < COMPILE_SKELETON_MAX + str_eqz(how, "longer"); i++)
            buf_add_byte(&big, 'x');
    if (str_eqz(how, "gone")) {
        say(COMPILE_WANT, STR("slow"), NULL, 0);
        answer(COMPILE_LIMIT, "time was up");
    } else if (str_starts(how, STR("long"))) {
        want(buf_str(&big), NULL, 0);
    } else if (str_eqz(how, "descriptors")) {
        want(STR("archive"), fds, 4);
    } else if (str_eqz(how, "thrice")) {
        for (unsigned i = 0; i < 3; i++)
            say(COMPILE_WANT, STR("archive"), NULL, 0);
        answer(COMPILE_REPOSITORY, "never heard");
    } else if (str_eqz(how, "unknown")) {
        say(COMPILE_GIVE, STR(""), NULL, 0);
    } else if (str_eqz(how, "endless")) {
        const struct compile_progress p = {.phase = COMPILE_BUILDING};

        compile_progress_write(&big, &p);
        for (unsigned i = 0; i < 200000; i++)
            say(COMPILE_PROGRESS, buf_str(&big), NULL, 0);
    } else if (str_eqz(how, "nothing")) {
        answer(COMPILE_OK, "");
    } else {
        want(how, NULL, 0);
    }
    buf_release(&big);
}

static void crates_lie(struct str skeleton, int archive)
{
    if (str_eqz(skeleton, "slow")) {
        clock_sleep_ms(500);
        answer(COMPILE_LIMIT, "time was up here, too");
    } else if (str_eqz(skeleton, "nested")) {
        say(COMPILE_WANT, STR("archive"), NULL, 0);
    } else if (str_eqz(skeleton, "refused")) {
        answer(COMPILE_PROJECT, "no");
    } else if (str_eqz(skeleton, "archive")) {
        if (write(archive, "archive", 7) == 7)
            answer(COMPILE_OK, "");
    } else if (!str_eqz(skeleton, "dead")) {
        answer(COMPILE_OK, "");
    }
}

static int child(void)
{
    struct frame f = FRAME_INIT(COMPILE_ASK_MAX);
    struct compile_ask ask;

    if (frame_recv(SPAWN_SOCKET_FD, &f, clock_mono_ms() + 5000, NULL) ||
        compile_ask_read(buf_str(&f.body), &ask, NULL))
        return 1;
    if (ask.what == COMPILE_CRATES)
        crates_lie(ask.skeleton, f.fds[0]);
    else
        build_lies(ask.ref);
    frame_release(&f);
    return 0;
}

/* --- the tests --- */

static struct store crates;

static unsigned entries(const char *path)
{
    DIR *d = opendir(path);
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static enum err run(const char *how, enum compile_what what, struct built *out, struct arena *a,
                    struct buf *why)
{
    const struct compile_ask ask = {.what = what,
                                    .repo = STR("https://github.com/alice/liar"),
                                    .ref = str_of(how),
                                    .target = STR("wasm32-wasip1"),
                                    .seconds = 20,
                                    .memory_mb = 64,
                                    .disk_mb = 64,
                                    .toolchain = str_of(dir)};
    unsigned before = entries("/proc/self/fd");
    enum err e = build_run(SELF, &ask, &crates, NULL, NULL, a, out, why);

    assert_int_equal(entries("/proc/self/fd"), before); /* nothing it sent is left open */
    return e;
}

/* The build fails, and is told so. */
static void answered(const char *how, enum compile_result result, const char *text)
{
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct built b;

    assert_ok(run(how, COMPILE_BUILD, &b, &a, &why), why);
    assert_int_equal(b.result, result);
    assert_string_equal(b.error.ptr, text);
    arena_release(&a);
    buf_release(&why);
}

/* The child is not believed. */
static void unheard(const char *how, enum compile_what what, const char *text)
{
    struct buf why = WHY_INIT;
    struct arena a = ARENA_INIT;
    struct built b;

    assert_int_not_equal(run(how, what, &b, &a, &why), ERR_OK);
    if (!strstr(buf_z(&why), text))
        fail_msg("%s: %s", how, buf_z(&why));
    arena_release(&a);
    buf_release(&why);
}

static void frames(void **state)
{
    (void)state;
    unheard("unknown", COMPILE_BUILD, "something unknown");
    unheard("thrice", COMPILE_BUILD, "something unknown");
    unheard("archive", COMPILE_RESOLVE, "something unknown");
    unheard("archive", COMPILE_BRANCH, "something unknown");
    unheard("nested", COMPILE_BUILD, "something unknown");
    unheard("dead", COMPILE_BUILD, "has gone");
    unheard("longer", COMPILE_BUILD, "more than the");
    unheard("endless", COMPILE_BUILD, "does not stop talking");
    unheard("nothing", COMPILE_BUILD, "does not say which commit");
    answered("descriptors", COMPILE_REPOSITORY, "ok, 7 bytes");
}

/* A project may have as many manifests as a skeleton holds. */
static void long_skeleton(void **state)
{
    (void)state;
    answered("long", COMPILE_REPOSITORY, "ok, 0 bytes");
}

/* A build whose time is up while its crates are compiled has said so and gone: that is its answer,
 * and no fault of this machine. */
static void gone(void **state)
{
    (void)state;
    answered("gone", COMPILE_LIMIT, "time was up");
}

/* What is under a key stays, whatever the next one to ask for it does. */
static void keys(void **state)
{
    unsigned before;

    (void)state;
    answered("archive", COMPILE_REPOSITORY, "ok, 7 bytes");
    before = entries(crates.dir);
    unheard("thrice", COMPILE_BUILD, "something unknown");
    answered("archive", COMPILE_REPOSITORY, "ok, 7 bytes");
    assert_int_equal(entries(crates.dir), before);
    answered("refused", COMPILE_REPOSITORY, "project, -1 bytes");
    assert_int_equal(entries(crates.dir), before + 1);
}

static int setup(void **state)
{
    char path[64];

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/id", dir);
    if (file_write_atomic(path, STR("none\n"), 0600, NULL))
        return -1;
    snprintf(path, sizeof(path), "%s/crates", dir);
    return store_init(&crates, path, 1u << 20, NULL) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(dir, NULL) ? -1 : 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),
        cmocka_unit_test(long_skeleton),
        cmocka_unit_test(gone),
        cmocka_unit_test(keys),
    };

    if (argc == 1 && strcmp(argv[0], "outlayer-compile") == 0)
        return child();
    return cmocka_run_group_tests(tests, setup, teardown);
}
