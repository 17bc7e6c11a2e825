/*
 * test_hostile_modules.c — modules made to hurt whoever compiles or loads them: each gets an answer
 * in time and the next program runs as if nothing had been. Through the real exec child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/ed25519.h"
#include "guest/exec_msg.h"
#include "guest/guest.h"
#include "proc/memfd.h"

#define MODULE_BYTES (64u << 20)
#define BODY_BYTES   7600000u /* about the most that one function may have */
#define PATIENCE_MS  90000u
#define ONE_PAGE     "\5\3\1\0\1", 5

static const struct run_limits usual = {
    .max_instructions = 10000000, .max_memory_mb = 64, .max_wall_ms = 5000};

static void leb(struct buf *b, size_t n)
{
    do {
        uint8_t byte = n & 127;

        n >>= 7;
        buf_add_byte(b, (uint8_t)(byte | (n ? 128 : 0)));
    } while (n);
}

static void section(struct buf *m, int id, const struct buf *content)
{
    buf_add_byte(m, (uint8_t)id);
    leb(m, content->len);
    buf_add_str(m, buf_str(content));
}

/* A command of `n` functions () -> (), the first is _start, all with this body: locals and code;
 * `more` is its tables and memories. */
static void command(struct buf *m, size_t n, const struct buf *body, const char *more, size_t len)
{
    struct buf s = BUF_INIT(MODULE_BYTES);

    buf_add(m, "\0asm\1\0\0\0", 8);
    buf_add(&s, "\1\x60\0\0", 4);
    section(m, 1, &s);
    buf_clear(&s);
    leb(&s, n);
    for (size_t i = 0; i < n; i++)
        leb(&s, 0);
    section(m, 3, &s);
    buf_add(m, more, len);
    buf_clear(&s);
    buf_add(&s, "\2\6_start\0\0\6memory\2\0", 19);
    section(m, 7, &s);
    buf_clear(&s);
    leb(&s, n);
    for (size_t i = 0; i < n; i++) {
        leb(&s, body->len);
        buf_add_str(&s, buf_str(body));
    }
    section(m, 10, &s);
    assert_false(m->full || s.full);
    buf_release(&s);
}

static void blocks_in_blocks(struct buf *m)
{
    struct buf b = BUF_INIT(BODY_BYTES);
    const size_t n = 300000;

    leb(&b, 0);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, "\2\x40", 2);
    for (size_t i = 0; i <= n; i++)
        buf_add_byte(&b, 0x0b);
    command(m, 1, &b, ONE_PAGE);
    buf_release(&b);
}

/* Every variable is changed on a path of its own: what compilers keep of it grows as the square. */
static void many_locals(struct buf *m)
{
    struct buf b = BUF_INIT(BODY_BYTES);
    const size_t n = 50000;

    leb(&b, 1);
    leb(&b, n);
    buf_add_byte(&b, 0x7f);
    buf_add(&b, "\3\x40", 2); /* loop */
    for (size_t i = 0; i < n; i++) {
        buf_add_byte(&b, 0x20); /* local.get; if; i32.const 1; local.set; end */
        leb(&b, i);
        buf_add(&b, "\4\x40\x41\1\x21", 5);
        leb(&b, (i * 7919) % n);
        buf_add_byte(&b, 0x0b);
    }
    buf_add(&b, "\x20\0\x0d\0\x0b\x0b", 6); /* local.get 0; br_if 0; end; end */
    command(m, 1, &b, ONE_PAGE);
    buf_release(&b);
}

static void jump_tables(struct buf *m)
{
    struct buf b = BUF_INIT(BODY_BYTES);

    leb(&b, 0);
    for (int i = 0; i < 100; i++) {
        buf_add(&b, "\2\x40\x41\0\x0e", 5); /* block; i32.const 0; br_table */
        leb(&b, 65000);
        for (int k = 0; k <= 65000; k++)
            leb(&b, 0);
        buf_add_byte(&b, 0x0b);
    }
    buf_add_byte(&b, 0x0b);
    command(m, 1, &b, ONE_PAGE);
    buf_release(&b);
}

static void many_functions(struct buf *m)
{
    struct buf b = BUF_INIT(16);

    buf_add(&b, "\0\x0b", 2);
    command(m, 50000, &b, ONE_PAGE);
    buf_release(&b);
}

static void a_huge_table(struct buf *m)
{
    struct buf b = BUF_INIT(16);

    buf_add(&b, "\0\x0b", 2);
    command(m, 1, &b, "\4\7\1\x70\0\x80\xad\xe2\4\5\3\1\0\1", 14); /* 10,000,000 funcref */
    buf_release(&b);
}

static void all_the_memory(struct buf *m)
{
    struct buf b = BUF_INIT(16);

    buf_add(&b, "\0\x0b", 2);
    command(m, 1, &b, "\5\5\1\0\x80\x80\4", 7); /* 65,536 pages */
    buf_release(&b);
}

static void components_in_components(struct buf *m)
{
    struct buf inner = BUF_INIT(MODULE_BYTES), outer = BUF_INIT(MODULE_BYTES);

    buf_add(&inner, "\0asm\x0d\0\1\0", 8);
    for (int i = 0; i < 2000; i++) {
        buf_clear(&outer);
        buf_add(&outer, "\0asm\x0d\0\1\0", 8);
        section(&outer, 4, &inner);
        buf_clear(&inner);
        buf_add_str(&inner, buf_str(&outer));
    }
    buf_add_str(m, buf_str(&inner));
    buf_release(&inner);
    buf_release(&outer);
}

static enum outcome try_it(struct guest *g, struct str wasm, struct buf *text)
{
    const struct run_job job = {.limits = usual, .input = STR("still here")};
    struct hash256 hash = sha256(wasm);
    struct buf why = WHY_INIT;
    struct run_result r;
    enum outcome got;
    int fd = -1;

    assert_int_equal(memfd_of("hostile", wasm, &fd, &why), ERR_OK);
    if (guest_run(g, fd, &hash, &job, &r, NULL, &why) != ERR_OK)
        fail_msg("no answer: %s", buf_z(&why));
    buf_clear(text);
    buf_add_str(text, r.outcome == OUTCOME_OK ? buf_str(&r.out) : buf_str(&r.text));
    got = r.outcome;
    run_result_release(&r);
    buf_release(&why);
    close(fd);
    return got;
}

static void each_gets_an_answer_and_hurts_nobody(void **state)
{
    static const struct {
        const char *name;
        void (*make)(struct buf *);
        const char *says; /* NULL: it may run */
    } cases[] = {
        {"blocks in blocks", blocks_in_blocks, NULL},
        {"many locals", many_locals, NULL},
        {"jump tables", jump_tables, NULL},
        {"many functions", many_functions, NULL},
        {"a huge table", a_huge_table, "table"},
        {"all the memory", all_the_memory, "more than the 512"},
        {"components in components", components_in_components, "component"},
    };
    const struct guest_options o = {.exec_path = BIN_DIR "/outlayer-exec"};
    struct buf why = WHY_INIT, text = BUF_INIT(65536), echo = BUF_INIT(1u << 20);
    struct guest *g = NULL;
    (void)state;

    assert_int_equal(file_read(SHARE_DIR "/guests/test/echo.wasm", &echo, &why), ERR_OK);
    if (guest_start(&o, &g, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf m = BUF_INIT(MODULE_BYTES);
        uint64_t start = clock_mono_ms(), ms;
        enum outcome got;

        cases[i].make(&m);
        got = try_it(g, buf_str(&m), &text);
        ms = clock_mono_ms() - start;
        print_message("%s: %zu bytes, %llu ms, %s %s\n", cases[i].name, m.len,
                      (unsigned long long)ms, outcome_code(got), buf_z(&text));
        assert_true(ms < PATIENCE_MS);
        if (got != OUTCOME_OK && !text.len)
            fail_msg("%s: refused without a word", cases[i].name);
        if (cases[i].says && (got == OUTCOME_OK || !strstr(buf_z(&text), cases[i].says)))
            fail_msg("%s: '%s' is not in: %s", cases[i].name, cases[i].says, buf_z(&text));
        assert_int_equal(try_it(g, buf_str(&echo), &text), OUTCOME_OK);
        assert_string_equal(buf_z(&text), "still here");
        buf_release(&m);
    }
    guest_stop(g);
    buf_release(&echo);
    buf_release(&text);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_gets_an_answer_and_hurts_nobody)};

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
