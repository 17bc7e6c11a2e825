/* Repositories of this machine through the real compile child: what is built, what is refused, and
 * what a build cannot do. */
#include "projects.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "builder/builder.h"
#include "compile/project.h"

static void c_alone(void **state)
{
    struct hash256 first, again;

    (void)state;
    put("c", "main.c", hello_c);
    commit("c");
    first = built("c", (struct how){0});
    /* The same commit from another folder. */
    sh("cp -r %s/c %s/c-elsewhere", folder, folder);
    again = built("c-elsewhere", (struct how){.ref = "main"});
    assert_true(hash_eq(&first, &again));
    put("c", "main.c", "int main(void) { return 3; }\n");
    commit("c");
    again = built("c", (struct how){0});
    assert_false(hash_eq(&first, &again));
}

/* The same bytes at another hour, and on a machine of another name with another user's settings. */
static void same_bytes(void **state)
{
    static const char timed[] = "#include <stdio.h>\n"
                                "int main(void) { puts(__DATE__ __TIME__ __TIMESTAMP__); }\n";
    struct hash256 first, again;

    (void)state;
    put("hour", "main.c", timed);
    commit("hour");
    put("hour-make", "main.c", timed);
    put("hour-make", "Makefile", "x.wasm: main.c\n\t$(CC) -O2 -Wall -Werror -o $@ main.c\n");
    commit("hour-make");
    for (unsigned i = 0; i < 2; i++) {
        first = built(i ? "hour-make" : "hour", (struct how){0});
        clock_sleep_ms(1100);
        again = built(i ? "hour-make" : "hour", (struct how){0});
        assert_true(hash_eq(&first, &again));
    }
    if (geteuid() != 0 || !has_rust())
        return;
    put("elsewhere", "run",
        "#!/bin/sh\nexec unshare -u sh -c 'hostname elsewhere; umask 077; cd /; "
        "HOME=/nowhere LANG=de_DE.UTF-8 TZ=Asia/Tokyo exec \"$0\"' " COMPILE "\n");
    sh("chmod 755 %s/elsewhere/run", folder);
    put("named", "Cargo.toml", hello_toml);
    put("named", "src/main.rs", "fn main() { panic!(\"{}\", file!()); }\n");
    commit("named");
    first = built("named", (struct how){0});
    again = built("named", (struct how){.wrapper = "elsewhere/run"});
    assert_true(hash_eq(&first, &again));
}

static void rust_channels(void **state)
{
    static const char stable[] = "rustc 1.99.1 58cf8f9c3 rustup, files d62ffffa6563a1b3";
    static const char nightly[] = "rustc 1.97.0-nightly e50aa6fba 2026-05-20 rustup, files 00";
    static const char beta[] = "rustc 1.97.0-beta.3 e50aa6fba 2026-05-20 rustup, files 00";
    static const char *const same[][2] = {
        {stable, "stable"},
        {stable, "1.99.1"},
        {stable, "1.99"},
        {stable, "1.99.1-x86_64-unknown-linux-gnu"},
        {stable, "stable-x86_64-unknown-linux-gnu"},
        {nightly, "nightly"},
        {nightly, "nightly-2026-05-20"},
        {beta, "beta"},
        {beta, "1.97.0-beta.3"},
    };
    static const char *const other[][2] = {
        {stable, "1.9"},
        {stable, "1.99.1.1"},
        {stable, "1.98.0"},
        {stable, "nightly"},
        {stable, "stable-2026-01-01"},
        {nightly, "stable"},
        {nightly, "1.97"},
        {nightly, "nightly-2026-05-19"},
        {nightly, "beta"},
        {beta, "nightly"},
        {beta, "1.97.0"},
        {"rustc 1.99.1", "1.99."},
        {"none", "stable-x"},
    };

    (void)state;
    assert_str(rust_channel(STR("1.80.0\n")), "1.80.0");
    assert_str(rust_channel(STR("[toolchain]\nchannel = \"nightly-2024-01-01\"\n")),
               "nightly-2024-01-01");
    assert_str(rust_channel(STR("[toolchain]\npath = \"/x\"\n")), "");
    assert_str(rust_channel(STR("[other]\nchannel = \"x\"\n")), "");
    assert_str(rust_channel(STR("a b\n")), "");
    for (size_t i = 0; i < countof(same); i++)
        assert_true(rust_channel_is(str_of(same[i][0]), str_of(same[i][1])));
    for (size_t i = 0; i < countof(other); i++)
        assert_false(rust_channel_is(str_of(other[i][0]), str_of(other[i][1])));
    if (!has_rust())
        return;
    put("nightly", "Cargo.toml", hello_toml);
    put("nightly", "rust-toolchain.toml", "[toolchain]\nchannel = \"nightly\"\n");
    put("nightly", "src/main.rs", "#![feature(never_type)]\nfn main() {}\n");
    commit("nightly");
    refused("nightly", (struct how){0}, COMPILE_CODE, "rust-toolchain asks for 'nightly'");
}

/* What a build leaves where others might find it. */
static void planted(void **state)
{
    static const char *const projects[] = {"planter", "finder"};

    (void)state;
    put("planter", "Makefile",
        "x.wasm: a.c\n\tfor d in /tmp /dev/shm /work /work/home /work/cargo/registry /toolchain "
        "/toolchain/gocache /usr/lib /var/tmp; do mkdir -p $$d 2>/dev/null; echo planted > "
        "$$d/planted 2>/dev/null; done; $(CC) -o $@ a.c\n");
    put("finder", "Makefile",
        "x.wasm: a.c\n\tif find / -xdev -name planted 2>/dev/null | grep .; then exit 1; fi\n"
        "\tif find /tmp /dev/shm /work /toolchain -name planted | grep .; then exit 1; fi\n"
        "\t$(CC) -o $@ a.c\n");
    for (size_t i = 0; i < countof(projects); i++) {
        put(projects[i], "a.c", hello_c);
        commit(projects[i]);
        (void)built(projects[i], (struct how){0});
    }
}

static void c_makefile(void **state)
{
    (void)state;
    put("make", "a.c", hello_c);
    put("make", "b.c", "int b;\n");
    put("make", "Makefile", "build/x.wasm: a.c b.c\n\tmkdir -p build\n\t$(CC) -O2 -o $@ a.c b.c\n");
    commit("make");
    (void)built("make", (struct how){0});
}

static bool has_wasip2(void)
{
    struct arena a = ARENA_INIT;
    struct buf path = BUF_INIT(4096);
    bool has;

    buf_addf(&path, "%.*s/bin/wasm-component-ld", STR_ARG(build_toolchain(&a)));
    has = file_exists(buf_z(&path));
    buf_release(&path);
    arena_release(&a);
    return has;
}

static void components(void **state)
{
    static const struct how p2 = {.target = "wasm32-wasip2"};

    (void)state;
    if (!has_wasip2())
        skip();
    put("p2", "main.c", hello_c);
    commit("p2");
    (void)built("p2", p2);
    put("p2make", "main.c", hello_c);
    put("p2make", "Makefile", "x.wasm: main.c\n\t$(CC) -O2 -o $@ main.c\n");
    commit("p2make");
    (void)built("p2make", p2);
    put("p2rust", "Cargo.toml", hello_toml);
    put("p2rust", "src/main.rs", hello_rs);
    commit("p2rust");
    (void)built("p2rust", p2);
}

static void rust(void **state)
{
    struct hash256 first, again;

    (void)state;
    if (!has_rust())
        skip();
    put("rust", "Cargo.toml", hello_toml);
    put("rust", "src/main.rs", hello_rs);
    put("rust", "rust-toolchain", "nightly-2020-01-01\n");
    commit("rust");
    first = built("rust", (struct how){0});
    sh("cp -r %s/rust %s/rust-elsewhere", folder, folder);
    again = built("rust-elsewhere", (struct how){0});
    assert_true(hash_eq(&first, &again));
}

static void rust_workspace(void **state)
{
    (void)state;
    if (!has_rust())
        skip();
    put("ws", "Cargo.toml", "[workspace]\nmembers = [\"app\", \"more\"]\nresolver = \"2\"\n");
    put("ws", "app/Cargo.toml", hello_toml);
    put("ws", "app/src/main.rs", hello_rs);
    put("ws", "more/Cargo.toml",
        "[package]\nname = \"more\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    put("ws", "more/src/lib.rs", "pub fn f() {}\n");
    commit("ws");
    (void)built("ws", (struct how){0});
    put("ws", "more/src/main.rs", hello_rs);
    commit("ws");
    refused("ws", (struct how){0}, COMPILE_PROJECT, "several programs");
    put("ws", "outlayer.toml", "[build]\nprogram = \"more\"\n");
    commit("ws");
    (void)built("ws", (struct how){0});
}

static void refs(void **state)
{
    struct arena a = ARENA_INIT;
    struct built b;

    (void)state;
    put("refs", "main.c", hello_c);
    commit("refs");
    sh("cd %s/refs && git tag v1 && git -c user.name=t -c user.email=t@example.com tag -a v2 -m x "
       "&& git branch feature/x",
       folder);
    b = build(&a, "refs", (struct how){.what = COMPILE_RESOLVE});
    assert_int_equal(b.result, COMPILE_OK);
    assert_int_equal(b.commit.len, SHA_HEX);
    for (const char *const *ref = (const char *const[]){"v1", "v2", "feature/x", NULL}; *ref; ref++)
        assert_true(
            str_eq(b.commit,
                   build(&a, "refs", (struct how){.ref = *ref, .what = COMPILE_RESOLVE}).commit));
    (void)built("refs", (struct how){.ref = b.commit.ptr});
    refused("refs", (struct how){.ref = "nope"}, COMPILE_REF, "no branch or tag 'nope'");
    refused("refs", (struct how){.ref = "0123456789abcdef0123456789abcdef01234567"}, COMPILE_REF,
            "no commit");
    refused("nowhere", (struct how){0}, COMPILE_REPOSITORY, "there is no folder");
    sh("mkdir %s/plain", folder);
    refused("plain", (struct how){0}, COMPILE_REPOSITORY, "no public repository");
    arena_release(&a);
}

static void branch(const char *ref, enum compile_result want, const char *record)
{
    struct arena a = ARENA_INIT;
    struct built b = build(&a, "branches", (struct how){.ref = ref, .what = COMPILE_BRANCH});

    assert_int_equal(b.result, want);
    assert_true(str_eqz(b.record, record));
    arena_release(&a);
}

/* The commit that `name` is in the repository "branches". */
static const char *commit_of(struct arena *a, const char *name)
{
    char file[512];
    struct buf text = BUF_INIT(256);

    sh("cd %s/branches && git rev-parse '%s' > ../sha", folder, name);
    snprintf(file, sizeof(file), "%s/sha", folder);
    assert_int_equal(file_read(file, &text, NULL), ERR_OK);
    name = arena_z(a, str_trim(buf_str(&text)));
    buf_release(&text);
    return name;
}

static void branches(void **state)
{
    struct arena a = ARENA_INIT;
    const char *alien;

    (void)state;
    put("branches", "main.c", hello_c);
    commit("branches");
    sh("cd %s/branches && git branch -m main && git checkout -q -b a-first", folder);
    put("branches", "more.txt", "more");
    commit("branches");
    sh("cd %s/branches && git branch z-last && git checkout -q -b gone", folder);
    put("branches", "more.txt", "tagged");
    commit("branches");
    sh("cd %s/branches && git tag v1 && git checkout -q main && git branch -q -D gone", folder);
    /* As GitHub does with commits of forks. */
    sh("cd %s/branches && git config uploadpack.allowAnySHA1InWant true && git -c user.name=t -c "
       "user.email=t@example.com commit-tree -m fork 'main^{tree}' > ../alien && git update-ref "
       "refs/elsewhere/1 $(cat ../alien)",
       folder);
    branch(commit_of(&a, "main"), COMPILE_OK, "{\"branch\":\"main\"}");
    branch(commit_of(&a, "a-first"), COMPILE_OK, "{\"branch\":\"a-first\"}");
    branch(commit_of(&a, "v1"), COMPILE_OK, "{\"branch\":null}");
    alien = commit_of(&a, "refs/elsewhere/1");
    branch(alien, COMPILE_REF, "");
    (void)built("branches", (struct how){.ref = alien}); /* it can be had all the same */
    branch("0123456789abcdef0123456789abcdef01234567", COMPILE_REF, "");
    arena_release(&a);
}

static void wrong_projects(void **state)
{
    (void)state;
    put("empty", "README", "nothing\n");
    commit("empty");
    refused("empty", (struct how){0}, COMPILE_PROJECT, "nothing to build");
    put("two", "a.c", hello_c);
    put("two", "b.c", hello_c);
    commit("two");
    refused("two", (struct how){0}, COMPILE_PROJECT, "several C files");
    put("wrong", "a.c", "int main(void) { return nothing; }\n");
    commit("wrong");
    refused("wrong", (struct how){0}, COMPILE_CODE, "undeclared identifier 'nothing'");
    put("both", "Cargo.toml", hello_toml);
    put("both", "go.mod", "module x\n");
    commit("both");
    refused("both", (struct how){0}, COMPILE_PROJECT, "outlayer.toml");
    put("fake", "Makefile", "all:\n\techo no program > x.wasm\n");
    commit("fake");
    refused("fake", (struct how){0}, COMPILE_PROJECT, "no program for wasm32-wasip1");
    put("link", "Makefile", "all:\n\tln -s /etc/hostname x.wasm\n");
    commit("link");
    refused("link", (struct how){0}, COMPILE_PROJECT, "no program");
    put("fifo", "Makefile", "all:\n\tmkfifo x.wasm\n");
    commit("fifo");
    refused("fifo", (struct how){0}, COMPILE_PROJECT, "no program");
    if (has_rust()) {
        put("gitdep", "Cargo.toml",
            "[package]\nname = \"g\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n"
            "x = { git = \"https://example.com/x\" }\n");
        put("gitdep", "src/main.rs", hello_rs);
        commit("gitdep");
        refused("gitdep", (struct how){0}, COMPILE_PROJECT, "'example.com:443'");
        put("badrs", "Cargo.toml", hello_toml);
        put("badrs", "src/main.rs", "fn main() { let x: u32 = \"a\"; }\n");
        commit("badrs");
        refused("badrs", (struct how){0}, COMPILE_CODE, "error[E0308]");
    }
}

/* Each rule fails the build when it comes through. */
static void prison(void **state)
{
    (void)state;
    put("prison", "a.c", hello_c);
    put("prison", "probe.sh",
        "set -u\n"
        "for f in /root /home /etc/passwd /etc/shadow /var /srv /opt /run /mnt /repo "
        "/proc/1/root/mnt; "
        "do\n"
        "  [ ! -e \"$f\" ] || { echo \"SEES $f\"; exit 1; }\n"
        "done\n"
        "for f in /usr/x /x /toolchain/x /etc/x /dev/x /proc/sys/kernel/core_pattern; do\n"
        "  if (echo x > \"$f\") 2>/dev/null; then echo \"WRITES $f\"; exit 1; fi\n"
        "done\n"
        "[ $(ls -d /proc/[0-9]* | wc -l) -lt 12 ] || { echo SEES PROCESSES; exit 1; }\n"
        "! tr '\\0' '\\n' < /proc/1/environ | grep -q . || { echo SEES ENVIRONMENT; exit 1; }\n"
        "! (exec 5<>/dev/tcp/127.0.0.1/1080) 2>/dev/null || { echo REACHES BROKER; exit 1; }\n"
        "! (exec 5<>/dev/tcp/1.1.1.1/443) 2>/dev/null || { echo REACHES NETWORK; exit 1; }\n"
        "! unshare -Ur true 2>/dev/null || { echo MAKES NAMESPACES; exit 1; }\n"
        "! wasm-opt --version 2>/dev/null || { echo RUNS WASM-OPT; exit 1; }\n"
        "! mount -t tmpfs x /tmp 2>/dev/null || { echo MOUNTS; exit 1; }\n"
        "! kill -9 1 2>/dev/null || true\n"
        "[ \"$(ls /proc/self/fd | wc -l)\" -le 5 ] || { ls -l /proc/self/fd; exit 1; }\n"
        "grep -q '^CapBnd:.*0000000000000000$' /proc/self/status || { echo CAPABLE; exit 1; }\n"
        "grep -q '^Seccomp:.*2$' /proc/self/status || { echo UNFILTERED; exit 1; }\n");
    put("prison", "Makefile",
        "x.wasm: a.c\n\tbash probe.sh\n\t$(CC) -o $@ a.c\n\tsetsid sleep 98765432 &\n");
    commit("prison");
    (void)built("prison", (struct how){0});
    /* What it started has ended with it. */
    sh("! grep -sl '9876543[2]' /proc/[0-9]*/cmdline");
}

static void limits(void **state)
{
    uint64_t start = clock_mono_ms();

    (void)state;
    put("slow", "Makefile", "all:\n\tsleep 100\n");
    commit("slow");
    refused("slow", (struct how){.seconds = 2}, COMPILE_LIMIT, "longer than 2 seconds");
    put("quiet", "Makefile", "all:\n\texec >&- 2>&-; sleep 100\n");
    commit("quiet");
    refused("quiet", (struct how){.seconds = 2}, COMPILE_LIMIT, "longer than 2 seconds");
    put("bomb", "Makefile", "all:\n\tbash -c 'f() { f | f & }; f; sleep 100'\n");
    commit("bomb");
    refused("bomb", (struct how){.seconds = 4}, COMPILE_LIMIT, "longer than 4 seconds");
    put("disk", "Makefile", "all:\n\tdd if=/dev/zero of=big bs=1M count=200\n");
    commit("disk");
    refused("disk", (struct how){.disk_mb = 64}, COMPILE_LIMIT, "more than 64 MiB of disk");
    put("talk", "Makefile", "all:\n\tyes | head -c 50000000\n\tfalse\n");
    commit("talk");
    refused("talk", (struct how){0}, COMPILE_CODE, "make");
    put("memory", "Makefile",
        "all:\n\tbash -c 'for i in 1 2 3 4 5 6 7 8; do head -c 40000000 /dev/zero | "
        "tail -c 40000000 | sleep 5 & done; wait'; true\n");
    commit("memory");
    refused("memory", (struct how){.memory_mb = 128}, COMPILE_LIMIT, "more than 128 MiB of memory");
    assert_true(clock_mono_ms() - start < 60000);
}

static void self_test(void **state)
{
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT, path = BUF_INIT(256);
    struct build_host host;

    (void)state;
    assert_ok(build_self_test(COMPILE, build_toolchain(&a), &a, &host, &why), why);
    assert_true(str_find(host.c, STR("clang")) < host.c.len);
    assert_int_equal(host.rust.len > 0, has_rust());
    /* Where the kernel makes no namespaces: not a build that fails, but none. */
    put("cage", "run",
        "#!/bin/sh\nexec bwrap --dev-bind / / --unshare-user --disable-userns " COMPILE "\n");
    buf_addf(&path, "%s/cage/run", folder);
    assert_int_equal(chmod(buf_z(&path), 0755), 0);
    assert_int_equal(build_self_test(buf_z(&path), STR_NONE, &a, &host, &why), ERR_DENIED);
    assert_non_null(strstr(buf_z(&why), "this machine cannot build: "));
    buf_release(&why);
    buf_release(&path);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c_alone),        cmocka_unit_test(c_makefile),
        cmocka_unit_test(rust),           cmocka_unit_test(components),
        cmocka_unit_test(rust_workspace), cmocka_unit_test(refs),
        cmocka_unit_test(branches),       cmocka_unit_test(wrong_projects),
        cmocka_unit_test(prison),         cmocka_unit_test(limits),
        cmocka_unit_test(self_test),      cmocka_unit_test(same_bytes),
        cmocka_unit_test(rust_channels),  cmocka_unit_test(planted),
    };

    return cmocka_run_group_tests(tests, projects_setup, projects_teardown);
}
