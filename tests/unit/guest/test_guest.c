/* Runs through the real exec child: sandboxed, with and without a cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/settings.h"
#include "guest/compile.h"
#include "guest/exec_msg.h"
#include "guest/guest.h"
#include "proc/memfd.h"

#define EXEC BIN_DIR "/outlayer-exec"

static const struct run_limits usual = {
    .max_instructions = 1000000000, .max_memory_mb = 128, .max_wall_ms = 60000};

static char folder[64];
static struct mac_key key;

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/outlayer-guest-XXXXXX");
    mac_key_new(&key);
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(folder, NULL) == ERR_OK ? 0 : -1;
}

static struct guest *start(bool cache, bool fresh)
{
    const struct guest_options o = {
        .exec_path = EXEC, .cache_dir = cache ? folder : NULL, .key = &key, .fresh_process = fresh};
    struct buf why = WHY_INIT;
    struct guest *g = NULL;

    if (guest_start(&o, &g, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
    return g;
}

static int open_guest(const char *name, struct hash256 *hash)
{
    struct buf bytes = BUF_INIT(10u << 20), why = WHY_INIT;
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/guests/%s.wasm", SHARE_DIR, name);
    if (file_read(path, &bytes, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    *hash = sha256(buf_str(&bytes));
    buf_release(&bytes);
    buf_release(&why);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void run(struct guest *g, const char *name, struct run_limits l, const char *input,
                struct run_result *r, struct guest_note *note)
{
    const struct run_job job = {.limits = l, .input = str_of(input)};
    struct buf why = WHY_INIT;
    struct hash256 hash;
    int fd = open_guest(name, &hash);

    if (guest_run(g, fd, &hash, &job, r, note, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    buf_release(&why);
    close(fd);
}

static void cold_cached_and_warm(void **state)
{
    struct guest *g = start(true, false);
    struct guest_note note;
    struct run_result r;
    (void)state;

    run(g, "test/echo", usual, "one", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "one");
    assert_false(note.cached);
    assert_true(note.compile_us > 0);
    run_result_release(&r);

    run(g, "test/echo", usual, "two", &r, &note);
    assert_string_equal(buf_z(&r.out), "two");
    assert_true(note.warm);
    run_result_release(&r);

    run(g, "random", usual, "{\"min\":3,\"max\":3}", &r, &note);
    assert_string_equal(buf_z(&r.out), "{\"random_number\":3}");
    assert_false(note.warm);
    run_result_release(&r);

    run(g, "test/echo", usual, "three", &r, &note);
    assert_string_equal(buf_z(&r.out), "three");
    assert_true(note.cached && !note.warm);
    assert_int_equal(note.compile_us, 0);
    run_result_release(&r);
    guest_stop(g);

    /* Another supervisor with the same key finds the code. */
    g = start(true, true);
    struct hash256 hash;
    close(open_guest("test/echo", &hash));
    assert_true(guest_has(g, &hash));
    for (int i = 0; i < 6; i++) {
        if (i % 2)
            guest_ready(g); /* with and without a spare */
        if (i == 4)
            guest_idle(g);
        run(g, "test/echo", usual, "four", &r, &note);
        assert_string_equal(buf_z(&r.out), "four");
        assert_true(note.cached && !note.warm);
        run_result_release(&r);
    }
    guest_stop(g);
}

/* Change one byte in each file of the cache. */
static void spoil(long offset_from_end)
{
    char dir[512], path[1024];
    struct dirent *e;
    DIR *d = opendir(folder), *sub;

    assert_non_null(d);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(dir, sizeof(dir), "%s/%s", folder, e->d_name);
        sub = opendir(dir);
        while (sub && (e = readdir(sub))) {
            FILE *f;
            int c;
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            f = fopen(path, "r+b");
            assert_non_null(f);
            fseek(f, offset_from_end, SEEK_END);
            c = fgetc(f);
            fseek(f, offset_from_end, SEEK_END);
            fputc(c ^ 1, f);
            fclose(f);
        }
        if (sub)
            closedir(sub);
    }
    closedir(d);
}

static void altered_code_is_not_run(void **state)
{
    struct guest *g = start(true, true);
    struct guest_note note;
    struct run_result r;
    (void)state;

    run(g, "test/echo", usual, "a", &r, &note);
    run_result_release(&r);
    run(g, "test/echo", usual, "b", &r, &note);
    assert_true(note.cached);
    run_result_release(&r);
    guest_stop(g);
    spoil(-1000);
    g = start(true, true);
    {
        /* Without the file it cannot be run, and is not promised a second time. */
        const struct run_job job = {.limits = usual};
        struct hash256 hash;
        close(open_guest("test/echo", &hash));
        assert_true(guest_has(g, &hash));
        assert_int_equal(guest_run(g, -1, &hash, &job, &r, NULL, NULL), ERR_ABSENT);
        assert_false(guest_has(g, &hash));
    }
    run(g, "test/echo", usual, "again", &r, &note);
    run_result_release(&r);
    spoil(-1000);
    guest_stop(g);
    g = start(true, true);
    run(g, "test/echo", usual, "c", &r, &note);
    assert_false(note.cached);
    assert_true(note.compile_us > 0);
    assert_string_equal(buf_z(&r.out), "c");
    run_result_release(&r);
    guest_stop(g);

    /* A key of another worker: nothing of this cache is believed. */
    mac_key_new(&key);
    g = start(true, true);
    run(g, "test/echo", usual, "d", &r, &note);
    assert_false(note.cached);
    run_result_release(&r);
    guest_stop(g);
}

static void outcomes_come_through(void **state)
{
    struct guest *g = start(true, false);
    struct guest_note note;
    struct run_limits l = usual;
    struct run_result r;
    (void)state;

    run(g, "test/exit1", usual, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_EXIT);
    assert_int_equal(r.exit_code, 1);
    assert_string_equal(buf_z(&r.text), "the city 'Atlantis' was not found");
    assert_string_equal(buf_z(&r.out), "half a result");
    run_result_release(&r);

    run(g, "test/trap", usual, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_TRAP);
    run_result_release(&r);
    run(g, "test/trap", usual, "", &r, &note); /* the guest's own trap does not cost the process */
    assert_true(note.warm);
    run_result_release(&r);

    l.max_instructions = 5000000;
    run(g, "test/loop", l, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_FUEL);
    assert_int_equal(r.instructions, 5000000);
    run_result_release(&r);

    l = usual;
    l.max_wall_ms = 200;
    l.max_instructions = RUN_INSTRUCTIONS_MAX;
    run(g, "test/loop", l, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_true(r.instructions > 1000000 && r.instructions < RUN_INSTRUCTIONS_MAX);
    assert_in_range(r.wall_us, 200000, 300000);
    run_result_release(&r);

    run(g, "test/sleep", l, "100000", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 200000, 300000);
    run_result_release(&r);

    l.max_wall_ms = 60000;
    l.max_memory_mb = 512;
    run(g, "test/grow", l, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "536870912");
    run_result_release(&r);

    run(g, "test/flood", usual, "", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_OUTPUT);
    assert_int_equal(r.out.len, 128u << 20);
    run_result_release(&r);
    guest_stop(g);
}

static void long_input_and_output(void **state)
{
    struct guest *g = start(false, false);
    static const size_t sizes[] = {0, 1, 1023, 65535, 65536, 65537, 1000000, RUN_INPUT_MAX};
    char *text = malloc(RUN_INPUT_MAX + 1);
    (void)state;

    for (size_t i = 0; i < countof(sizes); i++) {
        struct run_result r;
        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = (char)('a' + k % 23);
        text[sizes[i]] = '\0';
        run(g, "test/echo", usual, text, &r, NULL);
        assert_int_equal(r.outcome, OUTCOME_OK);
        assert_int_equal(r.out.len, sizes[i]);
        assert_true(str_eqz(buf_str(&r.out), text));
        run_result_release(&r);
    }
    free(text);
    guest_stop(g);
}

static void bad_files_say_what_they_are(void **state)
{
    static const struct {
        struct str bytes;
        const char *text;
    } cases[] = {
        {STR(""), "the file is empty; a program for wasm32-wasip1 or wasm32-wasip2 was expected"},
        {STR("<!DOCTYPE html><html>"),
         "the file is a web page; a program for wasm32-wasip1 or wasm32-wasip2 was expected"},
        {STR("\x7f"
             "ELF\x02\x01\x01"),
         "the file is a native Linux program; a program for wasm32-wasip1 or wasm32-wasip2 was "
         "expected"},
        {STR("\0asm\x0d\0\x01\0"), "the component is a library: it does not export "
                                   "'wasi:cli/run@0.2.x'; build a program with a main function "
                                   "for wasm32-wasip2"},
        {STR("\0asm\x01\0\0\0"), "the module is a library: it exports no function '_start'; build "
                                 "a program with a main function"},
        {STR("\0asm\x02\0\0\0"), "the file is WebAssembly of an unknown version; a program for "
                                 "wasm32-wasip1 or wasm32-wasip2 was expected"},
        /* type () -> (), import "env" "log" */
        {STR("\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03"
             "env"
             "\x03"
             "log"
             "\0\0"),
         "unknown import 'log' from 'env'; a wasm32-wasip1 program may import from "
         "'wasi_snapshot_preview1' only; a function "
         "was not linked, or it is a NEAR contract or made by Emscripten"},
        {STR("\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x23\x01\x16"
             "wasi_snapshot_preview1"
             "\x08"
             "fd_writx"
             "\0\0"),
         "unknown import 'fd_writx' from 'wasi_snapshot_preview1'"},
    };
    struct guest *g = start(true, false);
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        const struct run_job job = {.limits = usual};
        struct hash256 hash = sha256(cases[i].bytes);
        struct buf why = WHY_INIT;
        struct run_result r;
        int fd = -1;
        assert_int_equal(memfd_of("t", cases[i].bytes, &fd, &why), ERR_OK);
        if (guest_run(g, fd, &hash, &job, &r, NULL, &why) != ERR_OK)
            fail_msg("%zu: %s", i, buf_z(&why));
        assert_int_equal(r.outcome, OUTCOME_MODULE);
        assert_string_equal(buf_z(&r.text), cases[i].text);
        run_result_release(&r);
        buf_release(&why);
        close(fd);
    }
    guest_stop(g);
}

static void wrong_hash_and_no_file(void **state)
{
    struct guest *g = start(false, false);
    const struct run_job job = {.limits = usual};
    struct buf why = WHY_INIT;
    struct run_result r;
    struct hash256 hash;
    int fd = open_guest("test/echo", &hash);
    (void)state;

    assert_false(guest_has(g, &hash));
    assert_int_equal(guest_run(g, -1, &hash, &job, &r, NULL, &why), ERR_ABSENT);
    hash.b[0] ^= 1;
    assert_int_equal(guest_run(g, fd, &hash, &job, &r, NULL, &why), ERR_CONFLICT);
    assert_non_null(strstr(buf_z(&why), "SHA-256"));
    close(fd);
    buf_release(&why);
    guest_stop(g);
}

static void no_executable(void **state)
{
    const struct guest_options o = {.exec_path = "/nonexistent/outlayer-exec"};
    struct buf why = WHY_INIT;
    struct guest *g = NULL;
    (void)state;
    assert_int_not_equal(guest_start(&o, &g, &why), ERR_OK);
    assert_null(g);
    assert_non_null(strstr(buf_z(&why), "/nonexistent/outlayer-exec"));
    buf_release(&why);
}

static void a_process_serves_one_tenant(void **state)
{
    struct guest *g = start(true, false);
    struct run_job job = {.limits = usual, .input = STR("x"), .tenant = STR("alice.near")};
    struct buf why = WHY_INIT;
    struct guest_note note;
    struct run_result r;
    struct hash256 hash;
    int fd = open_guest("test/echo", &hash);
    pid_t first;
    (void)state;

    assert_int_equal(guest_run(g, fd, &hash, &job, &r, &note, &why), ERR_OK);
    run_result_release(&r);
    first = guest_pid(g);
    assert_int_equal(guest_run(g, fd, &hash, &job, &r, &note, &why), ERR_OK);
    run_result_release(&r);
    assert_true(note.warm);
    assert_int_equal(guest_pid(g), first);
    job.tenant = STR("bob.near");
    assert_int_equal(guest_run(g, fd, &hash, &job, &r, &note, &why), ERR_OK);
    run_result_release(&r);
    assert_false(note.warm);
    assert_int_not_equal(guest_pid(g), first);
    job.tenant = STR("alice.near");
    assert_int_equal(guest_run(g, fd, &hash, &job, &r, &note, &why), ERR_OK);
    run_result_release(&r);
    assert_false(note.warm);
    close(fd);
    buf_release(&why);
    guest_stop(g);
}

static void components_run_behind_the_walls(void **state)
{
    struct guest *g = start(true, false);
    struct guest_note note;
    struct run_result r;
    (void)state;

    for (int i = 0; i < 3; i++) {
        run(g, "test/p2", usual, "echo one", &r, &note);
        if (r.outcome != OUTCOME_OK)
            fail_msg("%s", buf_z(&r.text));
        assert_string_equal(buf_z(&r.out), "one");
        assert_int_equal(note.warm, i > 0);
        run_result_release(&r);
    }
    run(g, "test/p2", usual, "grow 100", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "100\n");
    run_result_release(&r);
    run(g, "test/p2", usual, "panic", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_TRAP);
    run_result_release(&r);
    run(g, "test/p2", usual, "env", &r, &note);
    assert_int_equal(r.outcome, OUTCOME_OK);
    assert_string_equal(buf_z(&r.out), "");
    assert_true(note.warm);
    run_result_release(&r);
    guest_stop(g);
}

/* A statement about a run says what of the machine it touched (worker/deed.h). */
static void clocks_and_chance_are_told(void **state)
{
    static const struct {
        const char *name, *input;
        bool clock, random;
    } runs[] = {
        {"test/echo", "one", false, false},
        {"test/sleep", "1", true, false},
        {"random", "{\"min\":1,\"max\":9}", false, true},
        {"test/echo", "two", false, false},
        {"test/p2", "random", false, true},
        {"test/p2", "sleep 1", true, false},
        {"test/p2", "echo 1", false, false},
    };
    struct guest *g = start(true, false);
    struct guest_note note;
    struct run_result r;
    (void)state;

    for (size_t i = 0; i < countof(runs); i++) {
        run(g, runs[i].name, usual, runs[i].input, &r, &note);
        if (r.outcome != OUTCOME_OK || r.clock != runs[i].clock || r.random != runs[i].random)
            fail_msg("%s %s: outcome %d, clock %d, random %d", runs[i].name, runs[i].input,
                     r.outcome, r.clock, r.random);
        run_result_release(&r);
    }
    guest_stop(g);
}

struct meanwhile {
    struct guest *guest;
    struct guest_note note;
    bool ran;
};

static void *run_meanwhile(void *ctx)
{
    struct meanwhile *m = ctx;
    struct run_result r;

    run(m->guest, "random", usual, "{\"min\":3,\"max\":3}", &r, &m->note);
    m->ran = r.outcome == OUTCOME_OK;
    run_result_release(&r);
    return NULL;
}

/* All turns are taken: what is compiled runs all the same; two that are not wait for one turn, and
 * only the first of them compiles. */
static void compiling_waits_for_its_turn(void **state)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct meanwhile m[2] = {{.guest = start(true, true)}, {.guest = start(true, true)}};
    struct guest *g = start(true, true);
    struct guest_note note;
    struct run_result r;
    pthread_t thread[2];
    (void)state;

    run(g, "test/echo", usual, "one", &r, &note);
    run_result_release(&r);
    for (long i = 0; i < cores; i++)
        compile_turn_take();
    for (size_t i = 0; i < countof(m); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_meanwhile, &m[i]), 0);
    for (int i = 0; i < 20; i++) {
        run(g, "test/echo", usual, "two", &r, &note);
        assert_true(note.cached);
        run_result_release(&r);
    }
    clock_sleep_ms(100);
    assert_false(m[0].ran || m[1].ran);
    compile_turn_give();
    for (size_t i = 0; i < countof(m); i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_true(m[0].ran && m[1].ran);
    assert_int_equal(m[0].note.cached + m[1].note.cached, 1);
    for (long i = 1; i < cores; i++)
        compile_turn_give();
    guest_stop(m[0].guest);
    guest_stop(m[1].guest);
    guest_stop(g);
}

/* The worker attests the engine that it knows: a child with another one runs nothing. */
static void another_engine_is_refused(void **state)
{
    char path[128];
    const struct guest_options o = {.exec_path = path};
    struct exec_hello hello = {.engine = str_of(engine_id(false)), .walls = UINT32_MAX};
    struct buf script = BUF_INIT(4096), body = BUF_INIT(1024), why = WHY_INIT;
    (void)state;

    snprintf(path, sizeof(path), "%s/exec", folder);
    for (int other = 0; other < 2; other++) {
        struct guest *g = NULL;

        if (other)
            hello.engine = STR("wasmtime-of-somebody-else");
        buf_clear(&body);
        buf_clear(&script);
        exec_hello_write(&body, &hello);
        /* A child that says hello, as a frame (proc/frame.h), and waits. */
        buf_addf(&script, "#!/bin/sh\nprintf '\\%03o\\0\\0\\0\\%03o\\0", (unsigned)body.len,
                 EXEC_HELLO);
        for (size_t i = 0; i < body.len; i++)
            buf_addf(&script, "\\%03o", (uint8_t)body.ptr[i]);
        buf_addz(&script, "' >&3\nread line <&3\n");
        assert_int_equal(file_write_atomic(path, buf_str(&script), 0700, NULL), ERR_OK);
        assert_int_equal(guest_start(&o, &g, &why), other ? ERR_UPSTREAM : ERR_OK);
        guest_stop(g);
    }
    assert_non_null(strstr(buf_z(&why), "is of another version"));
    buf_release(&script);
    buf_release(&body);
    buf_release(&why);
}

static void walls_stand(void **state)
{
    struct guest *g = start(false, false);
    uint32_t walls = guest_walls(g);
    (void)state;
#ifdef NULL_SANDBOX
    assert_int_equal(walls, 0);
#else
    assert_int_equal(walls & (EXEC_WALL_NO_NEW_PRIVS | EXEC_WALL_LIMITS | EXEC_WALL_SECCOMP),
                     EXEC_WALL_NO_NEW_PRIVS | EXEC_WALL_LIMITS | EXEC_WALL_SECCOMP);
#endif
    guest_stop(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cold_cached_and_warm, setup, teardown),
        cmocka_unit_test_setup_teardown(altered_code_is_not_run, setup, teardown),
        cmocka_unit_test_setup_teardown(outcomes_come_through, setup, teardown),
        cmocka_unit_test(long_input_and_output),
        cmocka_unit_test_setup_teardown(bad_files_say_what_they_are, setup, teardown),
        cmocka_unit_test(wrong_hash_and_no_file),
        cmocka_unit_test(no_executable),
        cmocka_unit_test(a_process_serves_one_tenant),
        cmocka_unit_test(components_run_behind_the_walls),
        cmocka_unit_test_setup_teardown(clocks_and_chance_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(compiling_waits_for_its_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(another_engine_is_refused, setup, teardown),
        cmocka_unit_test(walls_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
