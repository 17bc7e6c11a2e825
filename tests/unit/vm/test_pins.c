/*
 * Gas to the unit, against figures measured on the reference node's virtual machine (crate
 * near-vm-runner 0.38, protocol 88): instructions, host functions, loading, traps.
 */
#include "chain.h"
#include "codec/hex.h"
#include "test.h"

struct pin {
    const char *name;
    uint64_t gas;
    uint64_t ops; /* of them instructions; 0: not told */
    const char *value;
    const char *text;
    const char *wasm;
};

static const struct pin pins[] = {
    {"empty method", 75796156U, 8, "", "",
     "0061736d0100000001040160000003020100070501016d00000a040102000b"},
    {"a loop of 1,000 rounds", 7528262597U, 9009, "", "",
     "0061736d0100000001040160000003020100070501016d00000a18011601017f0340200041016a21"
     "00200041e807490d000b0b0015046e616d650206010001000169030601000100016c"},
    {"storage_write of a new entry", 70274591069U, 15, "", "",
     "0061736d01000000010d0260057e7e7e7e7e017e60000002150103656e760d73746f726167655f77"
     "726974650000030201010503010001070501016d00010a11010f0042014200420a4201420010001a"
     "0b0b11010041000b0b6b30313233343536373839000b046e616d65010401000177"},
    {"memory.fill of 4,096 bytes", 3492029912U, 4139, "", "",
     "0061736d01000000010401600000030201000503010001070501016d00000a0f010d00410041aa01"
     "418020fc0b000b"},
    {"log and value", 14147212245U, 14, "68656c6c6f", "",
     "0061736d0100000001090260027e7e0060000002230203656e76086c6f675f75746638000003656e"
     "760c76616c75655f72657475726e0000030201010503010001070501016d00020a10010e00420542"
     "1010004205421010010b0b0b010041100b0568656c6c6f0012046e616d65010b0200036c6f670103"
     "726574"},
    {"input through memory", 12158446402U, 17, "6162636465666768696a", "",
     "0061736d0100000001120460017e0060017e017e60027e7e0060000002470403656e7605696e7075"
     "74000003656e760c72656769737465725f6c656e000103656e760d726561645f7265676973746572"
     "000203656e760c76616c75655f72657475726e0002030201030503010001070501016d00040a1601"
     "14004200100042004200100242001001420010030b001d046e616d650116040005696e7075740103"
     "6c656e020272720303726574"},
    {"memory.grow by 3", 117131078U, 45, "", "",
     "0061736d01000000010401600000030201000503010001070501016d00000a09010700410340001a"
     "0b"},
    {"memory.grow to the limit and beyond", 4013250789U, 1112, "0004000000040000ffffffff00080000",
     "",
     "0061736d0100000001090260027e7e0060000002140103656e760c76616c75655f72657475726e00"
     "00030201010503010001070501016d00010a2b01290041003f003602004104418008400036020041"
     "0841014000360200410c3f003602004210420010000b000d046e616d650106010003726574"},
    {"memory.init, data.drop, memory.copy", 232433494U, 111, "", "",
     "0061736d01000000010401600000030201000503010001070501016d00000c01010a1c011a004100"
     "41004110fc080000fc090041e40041004110fc0a00000b0b13010110303132333435363738396162"
     "63646566000b046e616d65090401000164"},
    {"a call with two parameters", 129264167U, 24, "", "",
     "0061736d01000000010a0260027f7f017f6000000303020001070501016d00010a13020700200020"
     "016a0b09004101410210001a0b000d046e616d650106010003616464"},
    {"block, br_if, if, br_table", 121859363U, 15, "", "",
     "0061736d0100000001040160000003020100070501016d00000a1a011800024041000d0041010440"
     "010501010b41000e0100000b0b000d046e616d650306010001000162"},
    {"tables", 237567152U, 104, "", "",
     "0061736d010000000104016000000303020000040401700004070501016d00010907010041000b01"
     "000a2d0202000b280041001100004101d2002600fc10001a4102d0704102fc110041022500d11ad0"
     "704105fc0f001a0b0011046e616d65010401000166040401000174"},
    {"start before the method", 107988206U, 18, "", "",
     "0061736d010000000104016000000303020000070501016d00010801000a0902040001010b02000b"
     "000b046e616d65010401000173"},
    {"recursion without end", 30415630717U, 36864, "", "Accessed memory outside the bounds.",
     "0061736d0100000001040160000003020100070501016d00000a0601040010000b000b046e616d65"
     "010401000166"},
    {"a loop without end", 300000000000000U, 0, "", "Exceeded the prepaid gas.",
     "0061736d0100000001040160000003020100070501016d00000a0901070003400c000b0b000d046e"
     "616d65030601000100016c"},
    {"unreachable in a run", 85889489U, 11, "",
     "WebAssembly trap: An `unreachable` opcode was executed.",
     "0061736d0100000001040160000003020100070501016d00000a0b01090041011a0041011a0b"},
    {"division by zero", 106319555U, 12, "",
     "WebAssembly trap: An arithmetic exception, e.g. divided by zero.",
     "0061736d0100000001040160000003020100070501016d00000a0e010c01017f410120006e1a0101"
     "0b000d046e616d650206010001000169"},
    {"memory.fill out of bounds", 176856310U, 107, "",
     "WebAssembly trap: Memory out of bounds trap.",
     "0061736d01000000010401600000030201000503010001070501016d00000a11010f0041f8ffff3f"
     "410141c000fc0b000b"},
    {"call_indirect beyond the table", 103584748U, 10, "",
     "WebAssembly trap: Memory out of bounds trap.",
     "0061736d0100000001040160000003020100040401700004070501016d00000a0901070041091100"
     "000b000b046e616d65040401000174"},
    {"call_indirect to null", 103584748U, 10, "", "WebAssembly trap: Indirect call to null.",
     "0061736d0100000001040160000003020100040401700004070501016d00000a0901070041011100"
     "000b000b046e616d65040401000174"},
    {"storage_read", 62376593203U, 13, "", "",
     "0061736d01000000010b0260037e7e7e017e60000002140103656e760c73746f726167655f726561"
     "640000030201010503010001070501016d00010a0d010b0042014200420010001a0b0b0701004100"
     "0b016b000b046e616d65010401000172"},
    {"sha3_256", 14430313338U, 15,
     "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", "",
     "0061736d01000000010f0360037e7e7e0060027e7e0060000002230203656e7608736861335f3235"
     "36000003656e760c76616c75655f72657475726e000103020102070501016d00020a120110004200"
     "420042011000427f420110010b0010046e616d650109020001680103726574"},
    {"chain_id", 6088342164U, 13, "74657374", "",
     "0061736d01000000010d0360017e0060027e7e0060000002230203656e7608636861696e5f696400"
     "0003656e760c76616c75655f72657475726e000103020102070501016d00020a0e010c0042001000"
     "427f420010010b0010046e616d650109020001630103726574"},
    {"a promise returned", 326327408131U, 24, "", "",
     "0061736d0100000001190460027e7e017e60087e7e7e7e7e7e7e7e0060017e006000000261030365"
     "6e761470726f6d6973655f62617463685f637265617465000003656e762970726f6d6973655f6261"
     "7463685f616374696f6e5f66756e6374696f6e5f63616c6c5f776569676874000103656e760e7072"
     "6f6d6973655f72657475726e0002030201030503010001070501016d00030a2a012801017e420942"
     "00100021002000420442104202422042304280a0e5b9c2910142001001200010020b0b1f03004100"
     "0b09646176652e6e6561720041100b0470696e670041200b027b7d001b046e616d65010c03000163"
     "01016602037265740206010301000170"},
    {"a yield id used twice", 986121391758U, 35, "0000000000000000ffffffffffffffff", "",
     "0061736d0100000001160360097e7e7e7e7e7e7e7e7e017e60027e7e0060000002370203656e761c"
     "70726f6d6973655f7969656c645f6372656174655f776974685f6964000003656e760c76616c7565"
     "5f72657475726e0001030201020503010001070501016d00020a4f014d0041800142024200420042"
     "0042c0004280a0e5b9c291014200422042e0001000370300418801420242004200420042c0004280"
     "a0e5b9c291014200422042e0001000370300421042800110010b0b08010041000b0263620010046e"
     "616d650109020001790103726574"},
    {"an unknown import", 92089303U, 0, "", "Link Error: unknown or invalid import",
     "0061736d0100000001040160000002130103656e760b6e6f6e6578697374656e7400000302010007"
     "0501016d00010a040102000b"},
    {"two results", 0U, 0, "", "Deserialization",
     "0061736d010000000109026000027f7f6000000303020001070501016d00010a0f02060041014102"
     "0b060010001a1a0b000b046e616d65010401000166"},
};

static struct vm *vm;

static struct vm_outcome run(struct chain *ch, const struct vm_context *c)
{
    struct buf why = WHY_INIT;
    struct vm_outcome o = {0};

    assert_ok(vm_call(vm, &ch->a, c, &ch->ext, &o, &why), why);
    buf_release(&why);
    return o;
}

static void check(const struct pin *p)
{
    struct buf value = BUF_INIT(1 << 16);
    struct vm_context c;
    struct vm_outcome o;
    struct chain ch;

    chain_init(&ch);
    chain_set(&ch, STR("k"), STR("0123456789"));
    if (str_eqz(str_of(p->name), "storage_write of a new entry"))
        ch.n_rows = 0;
    c = chain_context(chain_wasm(&ch.a, p->wasm));
    c.input = STR("abcdefghij");
    o = run(&ch, &c);
    if (!str_eqz(o.text, p->text) || o.gas_burnt != p->gas ||
        (p->ops != 0 && o.profile_wasm / 822756 != p->ops))
        fail_msg("%s: burnt %llu (%llu operators), want %llu (%llu); '%.*s'", p->name,
                 (unsigned long long)o.gas_burnt, (unsigned long long)(o.profile_wasm / 822756),
                 (unsigned long long)p->gas, (unsigned long long)p->ops, STR_ARG(o.text));
    hex_put(&value, o.value.ptr, o.value.len);
    assert_buf(value, p->value);
    buf_release(&value);
    chain_release(&ch);
}

static void test_pinned(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(pins); i++)
        check(&pins[i]);
}

static const struct pin *pin(const char *name)
{
    for (size_t i = 0; i < countof(pins); i++)
        if (str_eqz(str_of(name), pins[i].name))
            return &pins[i];
    BUG("no such pin");
}

static void test_details(void **state)
{
    struct vm_context c;
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wasm(&ch.a, pin("storage_write of a new entry")->wasm));
    o = run(&ch, &c);
    assert_str(chain_get(&ch, STR("k")), "0123456789");
    assert_int_equal(o.storage_usage, 1000 + 1 + 10 + 40);
    c.view = true;
    o = run(&ch, &c);
    assert_str(o.text, "storage_write is not allowed in view calls");
    assert_str(o.debug, "HostError(ProhibitedInView { method_name: \"storage_write\" })");
    assert_int_equal(o.gas_burnt, 434822993);

    c = chain_context(chain_wasm(&ch.a, pin("log and value")->wasm));
    o = run(&ch, &c);
    assert_int_equal(o.n_logs, 1);
    assert_str(o.logs[0], "hello");

    c = chain_context(chain_wasm(&ch.a, pin("a promise returned")->wasm));
    o = run(&ch, &c);
    assert_int_equal(o.returns, VM_RETURN_RECEIPT);
    assert_int_equal(o.gas_used, 6214400323735);
    assert_int_equal(o.n_receipts, 1);
    assert_str(o.receipts[0].receiver, "dave.near");
    assert_int_equal(o.receipts[0].n_actions, 1);
    assert_int_equal(o.receipts[0].actions[0].kind, VM_FUNCTION_CALL);
    assert_str(o.receipts[0].actions[0].method, "ping");
    assert_str(o.receipts[0].actions[0].args, "{}");
    assert_int_equal(o.receipts[0].actions[0].gas, 5000000000000);

    c = chain_context(chain_wasm(&ch.a, pin("a yield id used twice")->wasm));
    o = run(&ch, &c);
    assert_int_equal(o.gas_used, 6874185363626);
    assert_int_equal(o.n_receipts, 1);
    assert_true(o.receipts[0].yield && o.receipts[0].has_yield_id);
    assert_str(o.receipts[0].receiver, "alice.near");
    chain_release(&ch);
}

static void test_limits_of_gas(void **state)
{
    struct vm_context c;
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wasm(&ch.a, pin("a loop without end")->wasm));
    c.prepaid_gas = 1000000000000000U;
    o = run(&ch, &c);
    assert_int_equal(o.gas_burnt, 1000000000000000);
    assert_str(o.text, "Exceeded the maximum amount of gas allowed to burn per contract.");
    c = chain_context(chain_wasm(&ch.a, pin("empty method")->wasm));
    c.prepaid_gas = 50000000;
    o = run(&ch, &c);
    assert_int_equal(o.gas_burnt, 50000000);
    assert_str(o.text, "Exceeded the prepaid gas.");
    chain_release(&ch);
}

static void test_methods(void **state)
{
    struct buf json = BUF_INIT(1024);
    struct vm_context c;
    struct vm_outcome o;
    struct chain ch;

    (void)state;
    chain_init(&ch);
    c = chain_context(chain_wasm(&ch.a, pin("empty method")->wasm));
    c.method = STR("other");
    o = run(&ch, &c);
    assert_int_equal(o.gas_burnt, 0);
    vm_fail_put_json(&json, &c, &o);
    assert_buf(json, "{\"MethodResolveError\":\"MethodNotFound\"}");
    buf_clear(&json);
    c.method = STR("");
    o = run(&ch, &c);
    vm_fail_put_json(&json, &c, &o);
    assert_buf(json, "{\"MethodResolveError\":\"MethodEmptyName\"}");
    buf_clear(&json);
    c = chain_context(chain_wat(&ch.a, "(module (func (export \"m\") (param i32)))"));
    o = run(&ch, &c);
    vm_fail_put_json(&json, &c, &o);
    assert_buf(json, "{\"MethodResolveError\":\"MethodInvalidSignature\"}");
    buf_clear(&json);
    c.code = STR_NONE;
    o = run(&ch, &c);
    vm_fail_put_json(&json, &c, &o);
    assert_buf(json,
               "{\"CompilationError\":{\"CodeDoesNotExist\":{\"account_id\":\"alice.near\"}}}");
    buf_clear(&json);
    c = chain_context(chain_wasm(&ch.a, pin("two results")->wasm));
    o = run(&ch, &c);
    vm_fail_put_json(&json, &c, &o);
    assert_buf(json, "{\"CompilationError\":{\"PrepareError\":\"Deserialization\"}}");
    buf_release(&json);
    chain_release(&ch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_limits_of_gas),
        cmocka_unit_test(test_methods),
    };

    int failed;

    vm = vm_for_tests(88);
    failed = cmocka_run_group_tests_name("vm pins", tests, NULL, NULL);
    vm_free(vm);
    return failed;
}
