/* test_egress.c — manifests: where they are found in a program, and whom they let it ask. */
#include <string.h>

#include "test.h"

#include "engine/code.h"
#include "guest/egress.h"

/* A custom section `outlayer.manifest`, at most 127 bytes long, after what `b` holds. */
static void put_section(struct buf *b, const char *text)
{
    buf_add_byte(b, 0);
    buf_add_byte(b, (uint8_t)(1 + 17 + strlen(text)));
    buf_add_byte(b, 17);
    buf_addz(b, CODE_MANIFEST);
    buf_addz(b, text);
}

static void put_head(struct buf *b, bool component)
{
    buf_add(b, component ? "\0asm\x0d\0\1\0" : "\0asm\1\0\0\0", 8);
}

static enum section_find find(const struct buf *b, struct str *out)
{
    return section_find(buf_str(b), STR(CODE_MANIFEST), out);
}

static void found_wherever_linkers_leave_it(void **state)
{
    struct buf core = BUF_INIT(400), outer = BUF_INIT(1000);
    struct str s = STR_NONE;

    (void)state;
    put_head(&core, false);
    assert_int_equal(find(&core, &s), SECTION_NONE);
    buf_add(&core, "\0\5\4name", 7); /* another one */
    put_section(&core, "{}");
    assert_int_equal(find(&core, &s), SECTION_FOUND);
    assert_str(s, "{}");
    /* In a module within a component. */
    put_head(&outer, true);
    buf_add_byte(&outer, 1);
    buf_add_byte(&outer, (uint8_t)core.len);
    buf_add_str(&outer, buf_str(&core));
    assert_int_equal(find(&outer, &s), SECTION_FOUND);
    assert_str(s, "{}");
    put_section(&outer, "{}"); /* a copy */
    assert_int_equal(find(&outer, &s), SECTION_FOUND);
    put_section(&outer, "{\"network\":[]}");
    assert_int_equal(find(&outer, &s), SECTION_TWICE);
    /* Cut anywhere: nothing is read past the end. */
    for (size_t n = 0; n < outer.len; n++)
        (void)section_find(str_head(buf_str(&outer), n), STR(CODE_MANIFEST), &s);
    buf_release(&core);
    buf_release(&outer);
}

static void travels_behind_the_code(void **state)
{
    struct buf wasm = BUF_INIT(100000), code = BUF_INIT(200000);
    struct code_parts p;

    (void)state;
    put_head(&wasm, false);
    put_section(&wasm, "{\"a\":1}");
    buf_addz(&code, "machine code");
    code_close(&code, MODULE_CORE, buf_str(&wasm));
    assert_true(code_split(buf_str(&code), &p));
    assert_int_equal(p.form, MODULE_CORE);
    assert_str(p.machine, "machine code");
    assert_int_equal(p.how, SECTION_FOUND);
    assert_str(p.manifest, "{\"a\":1}");
    for (size_t n = 0; n < code.len; n++)
        assert_false(code_split(str_head(buf_str(&code), n), &p));
    buf_release(&wasm);
    buf_release(&code);
}

static void hosts(void **state)
{
    static const struct {
        const char *manifest, *host;
        bool allowed;
        const char *why; /* part of */
    } cases[] = {
        {"{}", "any.org", true, NULL},
        {"{\"operations\":[\"a\"]}", "any.org", true, NULL},
        {"{\"network\":[\"a.org\"]}", "a.org", true, NULL},
        {"{\"network\":[\"A.org.\"]}", "a.ORG", true, NULL},
        {"{\"network\":[\"a.org\"]}", "b.a.org", false, "\"network\":[\"b.a.org\"]"},
        {"{\"network\":[\"a.org\"]}", "a.org.evil.org", false, "manifest lists"},
        {"{\"network\":[\"*.org\"]}", "a.org", false, "manifest lists"},
        {"{\"network\":[]}", "a.org", false, "manifest lists"},
        {"{\"capabilities\":{\"network\":[\"a.org\"]}}", "a.org", true, NULL},
        {"{\"capabilities\":{\"network\":[]},\"network\":[\"a.org\"]}", "a.org", false, NULL},
        {"{\"connector_id\":\"x\"}", "a.org", false, "a connector may ask only"},
        {"{\"connector_id\":\"x\",\"network\":[\"a.org\"]}", "a.org", true, NULL},
        /* What cannot be understood allows nothing. */
        {"", "a.org", false, "no JSON object"},
        {"[]", "a.org", false, "no JSON object"},
        {"{\"network\":\"a.org\"}", "a.org", false, "no list"},
        {"{\"network\":null}", "a.org", false, "no list"},
        {"{\"network\":[1]}", "a.org", false, "no host"},
        {"{\"network\":[\"a.org\",\"\"]}", "a.org", false, "no host"},
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct egress e = EGRESS_INIT;
        struct buf why = BUF_INIT(1000);
        egress_read(&e, SECTION_FOUND, str_of(cases[i].manifest));
        if (egress_allows(&e, false, str_of(cases[i].host), &why) != cases[i].allowed)
            fail_msg("%s: %s", cases[i].manifest, cases[i].host);
        if (cases[i].why && !strstr(buf_z(&why), cases[i].why))
            fail_msg("%s: %s", cases[i].manifest, buf_z(&why));
        egress_release(&e);
        buf_release(&why);
    }
}

static void without_one(void **state)
{
    struct egress e = EGRESS_INIT;
    struct buf why = BUF_INIT(1000);

    (void)state;
    egress_read(&e, SECTION_NONE, STR_NONE);
    assert_true(egress_allows(&e, false, STR("a.org"), &why));
    assert_false(egress_allows(&e, true, STR("a.org"), &why)); /* a connector's project */
    egress_read(&e, SECTION_TWICE, STR_NONE);
    assert_false(egress_allows(&e, false, STR("a.org"), &why));
    egress_release(&e);
    buf_release(&why);
    assert_true(egress_connector_project(STR("connectors.outlayer.near/email")));
    assert_false(egress_connector_project(STR("evil.near/connectors.outlayer.near/")));
    assert_false(egress_connector_project(STR_NONE));
}

static void operations(void **state)
{
    (void)state;
    assert_true(egress_has_operation(STR("{\"operation\":\"send\"}")));
    assert_false(egress_has_operation(STR("{\"operation\":\" \"}")));
    assert_false(egress_has_operation(STR("{\"operation\":1}")));
    assert_false(egress_has_operation(STR("{\"a\":{\"operation\":\"send\"}}")));
    assert_false(egress_has_operation(STR("[\"operation\"]")));
    assert_false(egress_has_operation(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_wherever_linkers_leave_it),
        cmocka_unit_test(travels_behind_the_code),
        cmocka_unit_test(hosts),
        cmocka_unit_test(without_one),
        cmocka_unit_test(operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
