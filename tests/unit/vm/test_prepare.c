/* What is refused, with which name, and which fault wins when there are two. */
#include "base/mem.h"
#include "chain.h"
#include "test.h"
#include "vm/prepare.h"

static enum prepare_fault try_on(uint32_t protocol, struct str code)
{
    struct buf out = BUF_INIT(PREPARED_MAX);
    enum prepare_fault f = prepare(params_for(protocol), code, &out);

    buf_release(&out);
    return f;
}

static void refused(void **state)
{
    static const struct {
        const char *text;
        enum prepare_fault now, before; /* protocol 88 and 79 */
    } cases[] = {
        {"(module)", PREPARE_OK, PREPARE_OK},
        {"(module (memory 1 1))", PREPARE_OK, PREPARE_OK},
        {"(module (import \"env\" \"memory\" (memory 1 1)))", PREPARE_Memory, PREPARE_Memory},
        {"(module (import \"other\" \"f\" (func)))", PREPARE_Instantiate, PREPARE_Instantiate},
        {"(module (import \"env\" \"t\" (table 1 funcref)))", PREPARE_Instantiate,
         PREPARE_Instantiate},
        {"(module (import \"env\" \"g\" (global i32)))", PREPARE_Instantiate, PREPARE_Instantiate},
        {"(module (table 1 funcref) (table 1 funcref))", PREPARE_TooManyTables,
         PREPARE_Deserialization},
        {"(module (table 10001 funcref))", PREPARE_TooManyTableElements, PREPARE_OK},
        {"(module (table 1 externref))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (result i32 i32) unreachable))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (func (param v128)))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
         PREPARE_OK, PREPARE_Deserialization},
        {"(module (func (local funcref)))", PREPARE_OK, PREPARE_Deserialization},
        {"(module (func (local externref)))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (result i32) (i32.extend8_s (i32.const 1))))", PREPARE_OK, PREPARE_OK},
        {"(module (func (result i32) (i32.trunc_sat_f32_s (f32.const 1))))", PREPARE_OK,
         PREPARE_OK},
        {"(module (func $f) (func (return_call $f)))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (memory i64 1))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (memory 1) (memory 1))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (global i32 (i32.add (i32.const 1) (i32.const 1))))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (global $a i32 (i32.const 1)) (global i32 (global.get $a)))",
         PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (tag))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (data \"x\"))", PREPARE_OK, PREPARE_Deserialization},
        {"(module (func $f) (table funcref (elem $f)) (func (export \"m\") (drop (ref.func $f))))",
         PREPARE_OK, PREPARE_Deserialization},
        {"(module (func $f (param i32)) (start $f))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (func (i32.const 1)))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (drop)))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (result i32) (i64.const 1)))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (func (result i32) (if (result i32) (i32.const 1) (then (i32.const 1)))))",
         PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (result i32) unreachable (i32.add)))", PREPARE_OK, PREPARE_OK},
        {"(module (func (br 1)))", PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (func (drop (i32.load (i32.const 0)))))", PREPARE_Deserialization,
         PREPARE_Deserialization},
        {"(module (memory 1) (func (drop (i32.load align=8 (i32.const 0)))))",
         PREPARE_Deserialization, PREPARE_Deserialization},
        {"(module (global $g i32 (i32.const 1)) (func (global.set $g (i32.const 2))))",
         PREPARE_Deserialization, PREPARE_Deserialization},
    };
    struct arena a = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct str code;
        enum prepare_fault f;

        /* The assembler itself refuses what is too strange; those are made by hand below. */
        code = chain_wat(&a, cases[i].text);
        f = try_on(88, code);
        if (f != cases[i].now)
            fail_msg("%s: %s at 88", cases[i].text, prepare_name(f));
        f = try_on(79, code);
        if (f != cases[i].before)
            fail_msg("%s: %s at 79", cases[i].text, prepare_name(f));
    }
    arena_release(&a);
}

static void put(struct buf *b, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        buf_addz(b, text);
}

/* `head`, `times` × `unit`, `tail`. */
static enum prepare_fault repeated(const char *head, const char *unit, unsigned times,
                                   const char *tail)
{
    struct buf b = BUF_INIT((size_t)64 << 20);
    struct arena a = ARENA_INIT;
    enum prepare_fault f;

    put(&b, head, 1);
    put(&b, unit, times);
    put(&b, tail, 1);
    f = try_on(88, chain_wat(&a, buf_z(&b)));
    buf_release(&b);
    arena_release(&a);
    return f;
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(repeated("(module ", "(type (func))", 1024, ")"), PREPARE_OK);
    assert_int_equal(repeated("(module ", "(type (func))", 1025, ")"), PREPARE_TooManyTypes);
    assert_int_equal(repeated("(module ", "(func)", 10000, ")"), PREPARE_OK);
    assert_int_equal(
        repeated("(module (import \"env\" \"gas\" (func (param i32)))", "(func)", 10000, ")"),
        PREPARE_TooManyFunctions);
    assert_int_equal(repeated("(module (func ", "(block)", 5000, "))"), PREPARE_OK);
    assert_int_equal(repeated("(module (func ", "(block)", 5001, "))"),
                     PREPARE_TooManyBlocksPerFunction);
    assert_int_equal(repeated("(module (func (param ", "i32 ", 64, ")))"), PREPARE_OK);
    assert_int_equal(repeated("(module (func (param ", "i32 ", 65, ")))"),
                     PREPARE_TooManyParamsPerFunction);
    /* 1,024 values of 8 bytes are the most that may lie on the operand stack. */
    assert_int_equal(repeated("(module (func ", "(i64.const 0)", 1024, "unreachable))"),
                     PREPARE_OK);
    assert_int_equal(repeated("(module (func ", "(i64.const 0)", 1025, "unreachable))"),
                     PREPARE_OperandStackTooLarge);
    assert_int_equal(repeated("(module (func ", "nop ", 196000, "))"), PREPARE_OK);
    assert_int_equal(repeated("(module (func ", "nop ", 196608, "))"),
                     PREPARE_FunctionBodyTooLarge);
    /* One local for two bytes of code. */
    assert_int_equal(repeated("(module (func (local ", "i32 ", 100, ")))"), PREPARE_TooManyLocals);
    assert_int_equal(repeated("(module (func (local i32 i32 i32 i32) ", "nop ", 100, "))"),
                     PREPARE_OK);
    /* Every load gets a charge in front: so few bytes become too many. */
    assert_int_equal(
        repeated("(module (memory 1) ",
                 "(func (drop (i32.load (i32.const 0))) (drop (i32.load (i32.const 0))))", 9999,
                 ")"),
        PREPARE_OK);
}

static void cut_anywhere(void **state)
{
    struct arena a = ARENA_INIT;
    struct str code = chain_wat(
        &a, "(module (import \"env\" \"gas\" (func (param i32))) (memory 1) (table 1 funcref)"
            "(global (mut i32) (i32.const 1)) (func $f (export \"m\") (local i32 i64)"
            "(block (loop (br_if 0 (i32.const 0)))) (drop (i32.const 1)))"
            "(elem (i32.const 0) $f) (data (i32.const 0) \"abc\"))");

    unsigned whole = 0; /* a module may end behind a section, where nothing is promised yet */

    (void)state;
    assert_int_equal(try_on(88, code), PREPARE_OK);
    for (size_t n = 0; n < code.len; n++) {
        /* A copy of exactly so many bytes, so that a sanitizer sees any step too far. */
        char *cut = mem_alloc(n);

        for (size_t i = 0; i < n; i++)
            cut[i] = code.ptr[i];
        whole += try_on(88, str_from(cut, n)) == PREPARE_OK;
        mem_free(cut);
    }
    assert_int_equal(whole, 5); /* behind header, types, imports, code, data */
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(cut_anywhere),
    };

    return cmocka_run_group_tests_name("vm prepare", tests, NULL, NULL);
}
