/* Calls of a contract in C, and of small modules for single rules of the host. */
#include <string.h>

#include "base/file.h"
#include "chain.h"
#include "crypto/hash.h"
#include "test.h"

static struct vm *vm, *old;
static struct buf probe = BUF_INIT(1 << 20);

static struct vm_outcome run_on(struct vm *machine, struct chain *ch, const struct vm_context *c)
{
    struct buf why = WHY_INIT;
    struct vm_outcome o = {0};

    assert_ok(vm_call(machine, &ch->a, c, &ch->ext, &o, &why), why);
    buf_release(&why);
    return o;
}

static struct vm_outcome run(struct chain *ch, const struct vm_context *c)
{
    return run_on(vm, ch, c);
}

static struct vm_outcome run_wat(struct chain *ch, const char *text)
{
    struct vm_context c = chain_context(chain_wat(&ch->a, text));

    return run(ch, &c);
}

static void counter_counts(void **state)
{
    struct vm_context c = chain_context(buf_str(&probe));
    struct vm_outcome o, again;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c.method = STR("count");
    c.input = STR("{}");
    for (struct vm *const *m = (struct vm *[]){vm, old, NULL}; *m != NULL; m++) {
        ch.n_rows = 0;
        o = run_on(*m, &ch, &c);
        assert_int_equal(o.fail, VM_OK);
        assert_int_equal(o.returns, VM_RETURN_VALUE);
        assert_memory_equal(o.value.ptr, "\1\0\0\0\0\0\0\0", 8);
        assert_int_equal(o.n_logs, 1);
        assert_int_equal(o.storage_usage, 1000 + 7 + 8 + 40);
        again = run_on(*m, &ch, &c);
        assert_memory_equal(again.value.ptr, "\2\0\0\0\0\0\0\0", 8);
        assert_int_equal(again.storage_usage, 1000);
        assert_true(again.gas_burnt > o.gas_burnt);
        assert_int_equal(again.gas_used, again.gas_burnt);
    }
    chain_release(&ch);
}

static void nothing_survives_a_call(void **state)
{
    struct vm_context c;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wat(
        &ch.a, "(module (import \"env\" \"value_return\" (func $r (param i64 i64)))"
               "(memory 1) (global $g (mut i32) (i32.const 5)) (data (i32.const 100) \"x\")"
               "(func (export \"m\")"
               " (i32.store (i32.const 0) (i32.load (i32.const 60000000)))"
               " (i32.store8 (i32.const 4) (global.get $g))"
               " (i32.store8 (i32.const 5) (i32.load8_u (i32.const 100)))"
               " (i32.store (i32.const 60000000) (i32.const -1))"
               " (i32.store8 (i32.const 100) (i32.const 1))"
               " (global.set $g (i32.const 9))"
               " (call $r (i64.const 6) (i64.const 0))))"));
    for (int i = 0; i < 20; i++) {
        struct vm_outcome o = run(&ch, &c);

        assert_int_equal(o.value.len, 6);
        assert_memory_equal(o.value.ptr, "\0\0\0\0\5x", 6);
    }
    chain_release(&ch);
}

static void yield_and_resume(void **state)
{
    struct vm_context c = chain_context(buf_str(&probe));
    struct vm_promise_result result = {true, STR("forty-two")};
    struct vm_outcome o;
    struct chain ch;
    uint8_t id[32];

    (void)state;
    chain_init(&ch);
    c.method = STR("ask");
    o = run(&ch, &c);
    assert_int_equal(o.fail, VM_OK);
    assert_int_equal(o.n_receipts, 1);
    assert_true(o.receipts[0].yield);
    assert_int_equal(o.receipts[0].n_inputs, 1);
    memcpy(id, o.receipts[0].inputs[0], 32);
    assert_memory_equal(chain_get(&ch, STR("id")).ptr, id, 32);
    assert_int_equal(o.returns, VM_RETURN_RECEIPT);
    /* All that was left went to the callback, which had a weight. */
    assert_int_equal(o.gas_used, c.prepaid_gas);
    assert_int_equal(o.gas_spread, o.receipts[0].actions[0].gas);

    c.method = STR("resume");
    c.input = STR("forty-two");
    o = run(&ch, &c);
    assert_str(o.value, "0");
    assert_int_equal(o.n_resumes, 0);
    ch.has_pending = true;
    memcpy(ch.pending, id, 32);
    o = run(&ch, &c);
    assert_str(o.value, "1");
    assert_int_equal(o.n_resumes, 1);
    assert_memory_equal(o.resumes[0].data_id, id, 32);
    assert_str(o.resumes[0].data, "forty-two");
    assert_false(o.resumes[0].plain);

    c.method = STR("answer");
    c.promise_results = &result;
    c.n_promise_results = 1;
    o = run(&ch, &c);
    assert_str(o.value, "forty-two");
    result.ok = false;
    o = run(&ch, &c);
    assert_str(o.value, "timeout");
    chain_release(&ch);
}

static const char yield_twice[] =
    "(module (import \"env\" \"promise_yield_create\" (func $y (param i64 i64 i64 i64 i64 i64 i64) "
    "(result i64)))"
    "(import \"env\" \"promise_yield_resume\" (func $r (param i64 i64 i64 i64) (result i32)))"
    "(import \"env\" \"value_return\" (func $v (param i64 i64)))"
    "(memory 1) (data (i32.const 0) \"cb\")"
    "(func (export \"m\")"
    " (drop (call $y (i64.const 2) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) "
    "(i64.const 0) (i64.const 7)))"
    " (i32.store8 (i32.const 8) (call $r (i64.const -1) (i64.const 7) (i64.const 2) (i64.const 0)))"
    " (i32.store8 (i32.const 9) (call $r (i64.const -1) (i64.const 7) (i64.const 2) (i64.const 0)))"
    " (call $v (i64.const 2) (i64.const 8))))";

static void resume_in_the_creating_call(void **state)
{
    struct vm_context c;
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wat(&ch.a, yield_twice));
    o = run(&ch, &c);
    assert_memory_equal(o.value.ptr, "\1\1", 2);
    assert_int_equal(o.n_resumes, 2);
    assert_false(o.resumes[0].plain);
    assert_true(o.receipts[0].yield);
    o = run_on(old, &ch, &c);
    assert_memory_equal(o.value.ptr, "\1\0", 2);
    assert_int_equal(o.n_resumes, 1);
    assert_true(o.resumes[0].plain);
    assert_false(o.receipts[0].yield);
    chain_release(&ch);
}

static void promises_and_dependencies(void **state)
{
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    o = run_wat(
        &ch,
        "(module (import \"env\" \"promise_create\" (func $c (param i64 i64 i64 i64 i64 i64 i64 "
        "i64) (result i64)))"
        "(import \"env\" \"promise_and\" (func $and (param i64 i64) (result i64)))"
        "(import \"env\" \"promise_then\" (func $t (param i64 i64 i64 i64 i64 i64 i64 i64 i64) "
        "(result i64)))"
        "(import \"env\" \"promise_batch_action_transfer\" (func $x (param i64 i64)))"
        "(import \"env\" \"promise_return\" (func $r (param i64)))"
        "(memory 1) (data (i32.const 0) \"bob.near\") (data (i32.const 16) \"alice.near\") (data "
        "(i32.const 32) \"go\")"
        "(data (i32.const 64) \"\\64\")"
        "(func (export \"m\")"
        " (i64.store (i32.const 128) (call $c (i64.const 8) (i64.const 0) (i64.const 2) (i64.const "
        "32) (i64.const 0) (i64.const 0) (i64.const 80) (i64.const 1000000000000)))"
        " (i64.store (i32.const 136) (call $c (i64.const 10) (i64.const 16) (i64.const 2) "
        "(i64.const 32) (i64.const 2) (i64.const 32) (i64.const 80) (i64.const 2000000000000)))"
        " (call $x (i64.const 0) (i64.const 64))"
        " (i64.store (i32.const 144) (call $and (i64.const 128) (i64.const 2)))"
        " (i64.store (i32.const 152) (call $t (i64.load (i32.const 144)) (i64.const 10) (i64.const "
        "16) (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 80) (i64.const "
        "3000000000000)))"
        " (call $r (i64.load (i32.const 152)))))");
    assert_int_equal(o.fail, VM_OK);
    assert_int_equal(o.n_receipts, 3); /* the join is none */
    assert_str(o.receipts[0].receiver, "bob.near");
    assert_int_equal(o.receipts[0].n_actions, 2);
    assert_int_equal(o.receipts[0].actions[1].kind, VM_TRANSFER);
    assert_true(o.receipts[0].actions[1].amount == 0x64);
    assert_int_equal(o.receipts[0].n_outputs, 1);
    assert_str(o.receipts[0].outputs[0].receiver, "alice.near");
    assert_int_equal(o.receipts[2].n_inputs, 2);
    assert_memory_equal(o.receipts[2].inputs[0], o.receipts[0].outputs[0].data_id, 32);
    assert_memory_equal(o.receipts[2].inputs[1], o.receipts[1].outputs[0].data_id, 32);
    assert_int_equal(o.returns, VM_RETURN_RECEIPT);
    assert_int_equal(o.return_receipt, 2);
    assert_int_equal(o.receipts[1].actions[0].gas, 2000000000000);
    chain_release(&ch);
}

static void failures_have_their_texts(void **state)
{
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"(call $panic8 (i64.const 3) (i64.const 0))", "Smart contract panicked: a\"b"},
        {"(call $panic8 (i64.const 1) (i64.const 8))", "String encoding is bad UTF-8 sequence."},
        {"(call $panic)", "Smart contract panicked: explicit guest panic"},
        {"(call $rr (i64.const 5) (i64.const 0))", "Accessed invalid register id: 5"},
        {"(call $log (i64.const 16385) (i64.const 0))",
         "The length of a log message 16385 exceeds the limit 16384"},
        {"(call $log (i64.const 4) (i64.const 134217725))", "Accessed memory outside the bounds."},
        {"(call $ret (i64.const -2) (i64.const 0))", "Integer overflow."},
        {"(call $act (i64.const 9))", "9 does not correspond to existing promises"},
        {"(drop (call $iter (i64.const 0) (i64.const 0)))",
         "Attempted to call deprecated host function storage_iter_prefix"},
        {"(drop (call $bls (i64.const 5) (i64.const 0) (i64.const 0)))",
         "BLS12-381 invalid input: Incorrect input length for bls12381_p1_sum: 5 is not divisible "
         "by 97"},
        {"(call $bn (i64.const 66) (i64.const 0) (i64.const 0))",
         "AltBn128 invalid input: slice of size 66 cannot be precisely split into chunks of size "
         "65"},
        {"(call $bn (i64.const 65) (i64.const 0) (i64.const 0))",
         "AltBn128 invalid input: invalid bool: [61]"},
        {"(drop (call $pq (i64.const 5) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) "
         "(i64.const 0)))",
         "ML-DSA-65 signature verification error: invalid signature length: expected the input of "
         "3309 bytes, but 5 was given"},
    };
    char text[2048];
    struct chain ch;

    (void)state;
    chain_init(&ch);
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf b = BUF_OVER(text);
        struct vm_outcome o;

        buf_addf(
            &b,
            "(module (import \"env\" \"panic_utf8\" (func $panic8 (param i64 i64)))"
            "(import \"env\" \"panic\" (func $panic))"
            "(import \"env\" \"log_utf8\" (func $log (param i64 i64)))"
            "(import \"env\" \"value_return\" (func $ret (param i64 i64)))"
            "(import \"env\" \"read_register\" (func $rr (param i64 i64)))"
            "(import \"env\" \"promise_batch_action_create_account\" (func $act (param i64)))"
            "(import \"env\" \"storage_iter_prefix\" (func $iter (param i64 i64) (result i64)))"
            "(import \"env\" \"bls12381_p1_sum\" (func $bls (param i64 i64 i64) (result i64)))"
            "(import \"env\" \"alt_bn128_g1_sum\" (func $bn (param i64 i64 i64)))"
            "(import \"env\" \"ml_dsa_verify\" (func $pq (param i64 i64 i64 i64 i64 i64) "
            "(result i64)))"
            "(memory 1) (data (i32.const 0) \"a\\22b\") (data (i32.const 8) \"\\ff\")"
            "(func (export \"m\") %s))",
            cases[i].body);
        o = run_wat(&ch, text);
        assert_int_equal(o.fail, VM_FAIL_EXECUTION);
        assert_str(o.text, cases[i].text);
        if (i == 0)
            assert_str(o.debug, "HostError(GuestPanic { panic_msg: \"a\\\"b\" })");
    }
    chain_release(&ch);
}

static void old_protocol_differs(void **state)
{
    struct vm_context c;
    struct vm_outcome o, now;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wat(&ch.a, "(module (func $f (export \"m\") (call $f)))"));
    o = run_on(old, &ch, &c);
    assert_str(o.text, "WebAssembly trap: Stack overflow.");
    c = chain_context(chain_wat(&ch.a, "(module (memory 1) (func (export \"m\") (memory.fill "
                                       "(i32.const 0) (i32.const 0) (i32.const 1))))"));
    o = run_on(old, &ch, &c);
    assert_int_equal(o.fail, VM_FAIL_PREPARE);
    assert_str(o.text, "Deserialization");
    c = chain_context(chain_wat(
        &ch.a,
        "(module (import \"env\" \"chain_id\" (func $f (param i64))) (func (export \"m\")))"));
    assert_int_equal(run(&ch, &c).fail, VM_OK);
    o = run_on(old, &ch, &c);
    assert_str(o.text, "Link Error: unknown or invalid import");
    /* The register of the input costs by the byte only there. */
    c = chain_context(chain_wat(&ch.a, "(module (import \"env\" \"input\" (func $f (param i64))) "
                                       "(func (export \"m\") (call $f (i64.const 0))))"));
    c.input = STR("0123456789");
    o = run_on(old, &ch, &c);
    now = run(&ch, &c);
    assert_int_equal(o.gas_burnt - now.gas_burnt, 10 * 3801564);
    chain_release(&ch);
}

static void trie_nodes_are_paid(void **state)
{
    struct vm_context c = chain_context(buf_str(&probe));
    struct vm_outcome o, free_;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c.method = STR("count");
    free_ = run(&ch, &c);
    ch.n_rows = 0;
    ch.touch = (struct vm_touch){.fresh = 3, .cached = 2};
    o = run(&ch, &c);
    assert_int_equal(o.profile_ext[EXT_touching_trie_node], 3 * 2280000000ULL);
    assert_int_equal(o.profile_ext[EXT_read_cached_trie_node], 2 * 2280000000ULL);
    assert_int_equal(o.gas_burnt - free_.gas_burnt, 5 * 2280000000ULL);
    chain_release(&ch);
}

static void a_broken_chain_is_no_outcome(void **state)
{
    struct vm_context c = chain_context(buf_str(&probe));
    struct buf why = WHY_INIT;
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    ch.broken = true;
    c.method = STR("count");
    assert_int_equal(vm_call(vm, &ch.a, &c, &ch.ext, &o, &why), ERR_IO);
    assert_buf(why, "the disk is gone");
    buf_release(&why);
    chain_release(&ch);
}

static void weights_share_what_is_left(void **state)
{
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    o = run_wat(
        &ch,
        "(module (import \"env\" \"promise_batch_create\" (func $c (param i64 i64) (result i64)))"
        "(import \"env\" \"promise_batch_action_function_call_weight\" (func $f (param i64 i64 i64 "
        "i64 i64 i64 i64 i64)))"
        "(memory 1) (data (i32.const 0) \"bob.near\") (data (i32.const 16) \"go\")"
        "(func (export \"m\") (local $p i64) (local.set $p (call $c (i64.const 8) (i64.const 0)))"
        " (call $f (local.get $p) (i64.const 2) (i64.const 16) (i64.const 0) (i64.const 0) "
        "(i64.const 32) (i64.const 10) (i64.const 1))"
        " (call $f (local.get $p) (i64.const 2) (i64.const 16) (i64.const 0) (i64.const 0) "
        "(i64.const 32) (i64.const 20) (i64.const 2))"
        " (call $f (local.get $p) (i64.const 2) (i64.const 16) (i64.const 0) (i64.const 0) "
        "(i64.const 32) (i64.const 30) (i64.const 0))))");
    assert_int_equal(o.fail, VM_OK);
    assert_int_equal(o.gas_used, 300000000000000);
    assert_int_equal(o.receipts[0].actions[0].gas - 10, o.gas_spread / 3);
    assert_int_equal(o.receipts[0].actions[1].gas - 20, o.gas_spread - o.gas_spread / 3);
    assert_int_equal(o.receipts[0].actions[2].gas, 30);
    chain_release(&ch);
}

/* The id of universal accounts from their state init, and what is no state init (NEP-655). */
static void universal_ids(void **state)
{
    static const struct {
        const char *bytes; /* in the text's escapes */
        unsigned len;
        const char *value; /* status, then the register when there is one */
    } cases[] = {
        {"\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\03\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11"
         "\\11"
         "\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11\\11",
         43, "0ux8te7g99f9kqzdtp9h4qnwt9aczpgayymmtbdc50w199rcw3at1g"},
        {"\\00\\00\\00\\00\\00\\00\\00\\00\\00", 9, "1"},          /* cut */
        {"\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00", 11, "1"}, /* too long */
        {"\\01\\00\\00\\00\\00\\00\\00\\00\\00\\00", 10, "1"},     /* no such version */
        {"\\00\\00\\02\\00\\00\\00\\01\\00\\00\\00b\\00\\00\\00\\00\\01\\00\\00\\00a\\00\\00\\00\\0"
         "0"
         "\\00\\00\\00\\00",
         28, "2"}, /* keys out of order */
    };
    char text[2048];
    struct chain ch;

    (void)state;
    chain_init(&ch);
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf b = BUF_OVER(text);
        struct vm_outcome o;

        buf_addf(&b,
                 "(module (import \"env\" \"universal_state_init_to_account_id\" (func $u (param "
                 "i64 i64 i64) (result i64)))"
                 "(import \"env\" \"value_return\" (func $ret (param i64 i64)))"
                 "(memory 1) (data (i32.const 0) \"%s\")"
                 "(func (export \"m\") (local i64) (local.set 0 (call $u (i64.const %u) (i64.const "
                 "0) (i64.const 4)))"
                 "(if (i64.eqz (local.get 0)) (then (call $ret (i64.const -1) (i64.const 4)))"
                 "(else (i64.store8 (i32.const 99) (i64.add (local.get 0) (i64.const 48)))"
                 " (call $ret (i64.const 1) (i64.const 99))))))",
                 cases[i].bytes, cases[i].len);
        o = run_wat(&ch, text);
        assert_int_equal(o.fail, VM_OK);
        assert_str(o.value, cases[i].value);
    }
    chain_release(&ch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(universal_ids),
        cmocka_unit_test(counter_counts),
        cmocka_unit_test(nothing_survives_a_call),
        cmocka_unit_test(yield_and_resume),
        cmocka_unit_test(resume_in_the_creating_call),
        cmocka_unit_test(promises_and_dependencies),
        cmocka_unit_test(failures_have_their_texts),
        cmocka_unit_test(old_protocol_differs),
        cmocka_unit_test(trie_nodes_are_paid),
        cmocka_unit_test(a_broken_chain_is_no_outcome),
        cmocka_unit_test(weights_share_what_is_left),
    };
    int failed;

    vm = vm_for_tests(88);
    old = vm_for_tests(79);
    if (file_read("tests/probe.wasm", &probe, NULL) != ERR_OK)
        return 1;
    failed = cmocka_run_group_tests_name("vm calls", tests, NULL, NULL);
    vm_free(vm);
    vm_free(old);
    buf_release(&probe);
    return failed;
}
