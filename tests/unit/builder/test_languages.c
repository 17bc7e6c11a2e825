/* Every kind of project that the guide names, in every place where it may lie. */
#include "projects.h"

#include "test.h"

#include "compile/project.h"

static const char go_mod[] = "module x\n\ngo 1.19\n";
static const char go_main[] = "package main\n\nfunc main() { println(\"hello\") }\n";

static void go(void **state)
{
    (void)state;
    if (!go_find())
        skip();
    put("go", "go.mod", go_mod);
    put("go", "main.go", go_main);
    commit("go");
    (void)built("go", (struct how){0});
    refused("go", (struct how){.target = "wasm32-wasip2"}, COMPILE_PROJECT, "for wasm32-wasip1");
    put("go", "go.mod", "module x\n\ngo 1.19\n\nrequire example.com/y v1.0.0\n");
    put("go", "main.go", "package main\n\nimport \"example.com/y\"\n\nfunc main() { y.F() }\n");
    commit("go");
    refused("go", (struct how){0}, COMPILE_CODE, "main.go:3:8: missing go.sum entry");
    /* What is needed lies there. */
    put("go", "vendor/modules.txt", "# example.com/y v1.0.0\n## explicit\nexample.com/y\n");
    put("go", "vendor/example.com/y/y.go", "package y\n\nfunc F() { println(\"vendored\") }\n");
    put("go", "go.sum", "example.com/y v1.0.0/go.mod h1:AAAA\n");
    commit("go");
    (void)built("go", (struct how){0});
}

/* The compiler's own words, and not that it failed. */
static void go_errors(void **state)
{
    (void)state;
    if (!go_find())
        skip();
    put("go-wrong", "go.mod", go_mod);
    put("go-wrong", "main.go", "package main\n\nfunc main() { x := 1 }\n");
    commit("go-wrong");
    refused("go-wrong", (struct how){0}, COMPILE_CODE, "./main.go:3:15: declared and not used: x");
    put("go-wrong", "main.go", go_main);
    put("go-wrong", "go.mod", "module x\n\ngo 1.999\n");
    commit("go-wrong");
    refused("go-wrong", (struct how){0}, COMPILE_CODE, "go.mod requires go >= 1.999");
    put("go-wrong", "go.mod", go_mod);
    put("go-wrong", "main.go", "package lib\n");
    commit("go-wrong");
    refused("go-wrong", (struct how){0}, COMPILE_PROJECT, "has to be main");
}

static void c(void **state)
{
    (void)state;
    put("c-src", "src/a.c", "#include \"a.h\"\nint main(void) { return A; }\n");
    put("c-src", "src/a.h", "#define A 0\n");
    commit("c-src");
    (void)built("c-src", (struct how){0});
    put("c-own", "Makefile", "x.wasm: a.c\n\tgcc -c -o $@ a.c\n");
    put("c-own", "a.c", "int a;\n");
    commit("c-own");
    refused("c-own", (struct how){0}, COMPILE_PROJECT, "has to compile with $(CC)");
    put("c-none", "Makefile", "all:\n\ttrue\n");
    commit("c-none");
    refused("c-none", (struct how){0}, COMPILE_PROJECT, "make leaves NAME.wasm");
}

/* outlayer.toml as people write it. */
static void manifests(void **state)
{
    static const char *const good[] = {
        "[build]\nlanguage = \"c\"\nprogram = \"b\"\n",
        "# what\n[build]  # of it\n\tprogram='b' # this\n",
        "[other]\nprogram = \"a\"\n[ build ]\nprogram = \"b\"\n\n[more]\nprogram = \"a\"\n",
    };
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[build]\nlanguage = \"cobol\"\n", "known are rust, c and go"},
        {"[build]\nprogram = \"../../usr/lib/x\"\n", "the build made: "},
        {"[build.x]\nprogram = \"b\"\n", "several programs"},
    };

    (void)state;
    put("manifest", "a.c", hello_c);
    put("manifest", "Makefile", "all:\n\t$(CC) -o a.wasm a.c\n\t$(CC) -O2 -o b.wasm a.c\n");
    for (size_t i = 0; i < countof(good); i++) {
        put("manifest", "outlayer.toml", good[i]);
        commit("manifest");
        (void)built("manifest", (struct how){0});
    }
    for (size_t i = 0; i < countof(bad); i++) {
        struct arena a = ARENA_INIT;
        struct built b;

        put("manifest", "outlayer.toml", bad[i].text);
        commit("manifest");
        b = build(&a, "manifest", (struct how){0});
        assert_int_not_equal(b.result, COMPILE_OK);
        assert_true(str_find(b.error, str_of(bad[i].why)) < b.error.len);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go),
        cmocka_unit_test(go_errors),
        cmocka_unit_test(c),
        cmocka_unit_test(manifests),
    };

    return cmocka_run_group_tests(tests, projects_setup, projects_teardown);
}
