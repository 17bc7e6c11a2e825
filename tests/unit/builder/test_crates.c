/* Compiled crates kept between builds: that they are, that they change nothing, and that nobody
 * leaves something in them for others. Needs the registry, as users do. */
#include "projects.h"
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define ITOA_SUM "3bd1574e617a9a6c1f8f8181bd7e841e1f20e4277607ef28945765188d6284d4"

static const char toml[] = "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
                           "[dependencies]\nitoa = \"=1.0.19\"\n";
static const char lock[] =
    "version = 4\n\n"
    "[[package]]\nname = \"hello\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n]\n\n"
    "[[package]]\nname = \"itoa\"\nversion = \"1.0.19\"\n"
    "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
    "checksum = \"" ITOA_SUM "\"\n";
#define MAIN_RS(word)                                                                              \
    "fn main() { println!(\"" word                                                                 \
    " {}\", itoa::Buffer::new().format(std::env::args().count())); }\n"
static const char reused[] = "as compiled for an earlier build";

static void store_new(struct store *s, const char *name)
{
    struct buf at = BUF_INIT(256), why = WHY_INIT;

    buf_addf(&at, "%s/%s", folder, name);
    assert_ok(store_init(s, buf_z(&at), 1u << 30, &why), why);
    buf_release(&at);
}

/* How many files it has; *size of the last. */
static unsigned store_files(const struct store *s, off_t *size)
{
    DIR *d = opendir(s->dir);
    struct dirent *entry;
    struct stat st;
    unsigned n = 0;

    assert_non_null(d);
    while ((entry = readdir(d)))
        if (entry->d_name[0] != '.') {
            assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
            *size = st.st_size;
            n++;
        }
    closedir(d);
    return n;
}

static void project(const char *repo, const char *manifest, const char *main_rs)
{
    put(repo, "Cargo.toml", manifest);
    put(repo, "Cargo.lock", lock);
    put(repo, "src/main.rs", main_rs);
    commit(repo);
}

/* Build it; the log has `text`, or has it not. */
static struct hash256 logged(const char *repo, const struct store *s, const char *text, bool has)
{
    struct arena a = ARENA_INIT;
    struct built b = build(&a, repo, (struct how){.crates = s});
    struct hash256 is = b.sha256;

    if (b.result != COMPILE_OK || (str_find(b.log, str_of(text)) < b.log.len) != has)
        fail_msg("%s: %.*s\n%.*s", repo, STR_ARG(b.error), STR_ARG(b.log));
    fd_close(&b.fd);
    arena_release(&a);
    return is;
}

static void kept(void **state)
{
    struct hash256 first, again, apart;
    struct store s;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "kept-crates");
    project("kept", toml, MAIN_RS("one"));
    (void)logged("kept", &s, "Compiling itoa", true);
    assert_int_equal(store_files(&s, &size), 1);
    assert_true(size > 10000);
    project("kept", toml, MAIN_RS("two"));
    first = logged("kept", &s, "Compiling itoa", false);
    again = logged("kept", &s, reused, true);
    assert_true(hash_eq(&first, &again));
    assert_int_equal(store_files(&s, &size), 1);
    /* The same without anything kept, and all of it compiled at once. */
    apart = logged("kept", NULL, "Compiling itoa", true);
    assert_true(hash_eq(&first, &apart));
    sh("echo '[patch.crates-io]' >> %s/kept/Cargo.toml", folder);
    commit("kept");
    apart = logged("kept", &s, reused, false);
    assert_true(hash_eq(&first, &apart));
    assert_int_equal(store_files(&s, &size), 1);
}

/* Somebody's project with the same skeleton as another's, who does what harm a build can do. */
static void poisoned(void **state)
{
    static const char evil[] =
        "use std::{fs, path::Path};\n"
        "fn spoil(at: &Path) {\n"
        "    for e in fs::read_dir(at).into_iter().flatten().flatten() {\n"
        "        let p = e.path();\n"
        "        if p.is_dir() { spoil(&p); } else if p.to_string_lossy().contains(\"itoa\") {\n"
        "            let _ = fs::write(&p, \"pub struct Buffer; impl Buffer { pub fn new() -> "
        "Self { Buffer } pub fn format(&self, _: usize) -> &str { \\\"poison\\\" } }\");\n"
        "        }\n"
        "    }\n"
        "}\n"
        "fn main() {\n"
        "    spoil(Path::new(\"/work/cargo\"));\n"
        "    spoil(Path::new(\"/work/target\"));\n"
        "    for n in 3..64 { let _ = fs::write(format!(\"/proc/self/fd/{n}\"), \"poison\"); }\n"
        "    println!(\"cargo:warning=spoilt\");\n"
        "}\n";
    struct hash256 honest, with;
    struct arena a = ARENA_INIT;
    struct store s, fresh;
    struct built b;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "shared-crates");
    store_new(&fresh, "fresh-crates");
    put("evil", "build.rs", evil);
    project("evil", toml, MAIN_RS("evil"));
    /* Whether it comes to an end, having spoilt what it was made from, is its own affair. */
    b = build(&a, "evil", (struct how){.crates = &s});
    assert_true(str_find(b.log, STR("Compiling itoa")) < b.log.len);
    fd_close(&b.fd);
    assert_int_equal(store_files(&s, &size), 1);
    assert_true(size > 10000);
    put("honest", "build.rs", "fn main() {}\n");
    project("honest", toml, MAIN_RS("honest"));
    honest = logged("honest", &fresh, reused, false);
    with = logged("honest", &s, reused, true);
    assert_true(hash_eq(&honest, &with));
    arena_release(&a);
}

/* What projects are made of besides src/main.rs: their crates are compiled apart all the same. */
static void shapes(void **state)
{
    static const char manifest[] =
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
        "build = \"make/it.rs\"\ndefault-run = \"hello\"\n"
        "[lib]\npath = 'code/lib.rs'\n"
        "[[bin]]\nname = \"named\"\npath = \"./named.rs\"\n"
        "[[bench]]\nname = \"speed\"\nharness = false\n"
        "[[example]]\nname = \"show\"\n"
        "[lints.rust]\ndead_code = \"deny\"\nmissing_docs = \"deny\"\n"
        "[profile.release]\nlto = true\n"
        "[dependencies]\nitoa = \"=1.0.19\"\nmacros = { path = \"macros\" }\n"
        "[workspace]\nmembers = [\"macros\"]\n";
    static const char more[] = "\n[[package]]\nname = \"macros\"\nversion = \"0.1.0\"\n";
    struct store s;
    struct buf text = BUF_INIT(4096);
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "shapes-crates");
    put("shapes", "make/it.rs", "//! A.\nfn main() { println!(\"cargo:rustc-env=WORD=made\"); }\n");
    put("shapes", "code/lib.rs",
        "//! A.\n/** B */ pub fn f() -> &'static str { env!(\"WORD\") }\n");
    put("shapes", "named.rs", "//! A.\nfn main() {}\n");
    put("shapes", "src/bin/other/main.rs", "//! A.\nfn main() {}\n");
    put("shapes", "benches/speed.rs", "fn main() {}\n");
    put("shapes", "examples/show.rs", "fn main() {}\n");
    put("shapes", "macros/Cargo.toml",
        "[package]\nname = \"macros\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
        "[lib]\nproc-macro = true\n");
    put("shapes", "macros/src/lib.rs",
        "use proc_macro::TokenStream;\n#[proc_macro] pub fn seven(_: TokenStream) -> TokenStream { "
        "\"7\".parse().unwrap() }\n");
    put("shapes", ".cargo/config.toml", "[build]\ntarget = \"wasm32-wasip1\"\n");
    put("shapes", "outlayer.toml", "[build]\nprogram = \"hello\"\n");
    buf_addz(&text, lock);
    buf_addz(&text, more);
    project("shapes", manifest,
            "//! A.\nfn main() { println!(\"{} {}\", hello::f(), "
            "itoa::Buffer::new().format(macros::seven!())); }\n");
    put("shapes", "Cargo.lock", "");
    sh("cd %s/shapes && printf '%%s' '%s' | sed 's/^ \"itoa\",$/&\\n \"macros\",/' > Cargo.lock",
       folder, buf_z(&text));
    commit("shapes");
    (void)logged("shapes", &s, "Compiling itoa", true);
    assert_int_equal(store_files(&s, &size), 1);
    assert_true(size > 10000);
    put("shapes", "code/lib.rs",
        "//! A.\n/** C */ pub fn f() -> &'static str { env!(\"WORD\") }\n");
    commit("shapes");
    (void)logged("shapes", &s, reused, true);
    buf_release(&text);
}

/* Projects that put their own code in the place of the registry's. */
static void replaced(void **state)
{
    static const char own[] = "pub struct Buffer; impl Buffer { pub fn new() -> Self { Buffer } "
                              "pub fn format(&self, _: usize) -> &str { \"own\" } }\n";
    static const char own_toml[] = "[package]\nname = \"itoa\"\nversion = \"1.0.19\"\n";
    static const char patched_lock[] =
        "version = 4\n\n"
        "[[package]]\nname = \"hello\"\nversion = \"0.1.0\"\n"
        "dependencies = [\n \"itoa\",\n \"memchr\",\n]\n\n"
        "[[package]]\nname = \"itoa\"\nversion = \"1.0.19\"\n\n"
        "[[package]]\nname = \"memchr\"\nversion = \"2.8.3\"\n"
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        "checksum = \"cf8baf1c55e62ffcace7a9f06f4bd9cd3f0c4beb022d3b367256b91b87513d98\"\n";
    /* of the manifest's lines, the first and the last */
    static const char *const patches[][2] = {
        {"", "[patch.crates-io]\nitoa = { path = \"itoa\" }\n"},
        {"", "[ patch . crates-io ]\nitoa.path = \"itoa\"\n"},
        {"", "  [\"p\\u0061tch\".\"crates-io\"]\nitoa = { path = \"itoa\" }\n"},
        {"patch.crates-io.itoa.path = \"itoa\"\n", ""},
        {"\xef\xbb\xbf'patch' = { crates-io = { itoa = { path = \"itoa\" } } }\r\n", ""},
    };
    struct hash256 honest, with;
    struct store s;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "replaced-crates");
    put("patch", "itoa/Cargo.toml", own_toml);
    put("patch", "itoa/src/lib.rs", own);
    put("patch", "src/main.rs", MAIN_RS("patch"));
    put("patch", "Cargo.lock", patched_lock);
    for (size_t i = 0; i < countof(patches); i++) {
        struct buf manifest = BUF_INIT(1024);

        buf_addf(&manifest, "%s%smemchr = \"=2.8.3\"\n%s", patches[i][0], toml, patches[i][1]);
        put("patch", "Cargo.toml", buf_z(&manifest));
        commit("patch");
        (void)logged("patch", &s, "Compiling itoa v1.0.19 (/work/src/itoa)", true);
        assert_int_equal(store_files(&s, &size), 0);
        buf_release(&manifest);
    }
    /* A folder of crates that says of its own code that it is the registry's. */
    put("vendor", ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"own\"\n"
        "[source.own]\ndirectory = \"vendor\"\n");
    put("vendor", "vendor/itoa/Cargo.toml", own_toml);
    put("vendor", "vendor/itoa/src/lib.rs", own);
    put("vendor", "vendor/itoa/.cargo-checksum.json",
        "{\"files\":{},\"package\":\"" ITOA_SUM "\"}");
    project("vendor", toml, MAIN_RS("vendor"));
    (void)logged("vendor", &s, "Compiling itoa", true);
    assert_int_equal(store_files(&s, &size), 1);
    assert_int_equal(size, 1); /* refused, and not tried again */
    (void)logged("vendor", &s, "Compiling itoa", true);
    project("trusting", toml, MAIN_RS("trusting"));
    honest = logged("trusting", NULL, reused, false);
    with = logged("trusting", &s, reused, false);
    assert_true(hash_eq(&honest, &with));
}

/* Settings that make more of the project take part than its skeleton has. */
static void settings(void **state)
{
    static const char *const lines[] = {
        "include = [{ path = \"../more.toml\", optional = true }]\n",
        "[env]\nHERE = { value = \"src\", relative = true }\n",
        "paths = [\"own\"]\n",
    };
    struct hash256 plain, with;
    struct store s;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "settings-crates");
    put("settings", "own/Cargo.toml",
        "[package]\nname = \"unused\"\nversion = \"0.1.0\"\n[workspace]\n");
    put("settings", "own/src/lib.rs", "");
    project("settings", toml, MAIN_RS("settings"));
    plain = logged("settings", NULL, reused, false);
    for (size_t i = 0; i < countof(lines); i++) {
        put("settings", ".cargo/config.toml", lines[i]);
        commit("settings");
        with = logged("settings", &s, "Compiling itoa", true);
        assert_true(hash_eq(&plain, &with));
    }
    sh("cd %s/settings && mv .cargo/config.toml more.toml && ln -s ../more.toml "
       ".cargo/config.toml",
       folder);
    commit("settings");
    (void)logged("settings", &s, "Compiling itoa", true);
    sh("cd %s/settings && mv .cargo more && ln -s more .cargo", folder);
    commit("settings");
    (void)logged("settings", &s, "Compiling itoa", true);
    assert_int_equal(store_files(&s, &size), 0);
}

/* A crate that does not compile for the target is told after one try; whether an empty file of ours
 * was to blame has to be found out with the project itself. */
static void refused_crates(void **state)
{
    static const char mark[] = "Compiling socket2";
    struct arena a = ARENA_INIT;
    struct store s;
    struct built b;
    size_t at;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "refused-crates");
    put("socket", "Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
        "[dependencies]\nsocket2 = \"=0.4.10\"\n");
    put("socket", "src/main.rs", hello_rs);
    sh("cd %s/socket && /usr/bin/cargo generate-lockfile -q", folder);
    commit("socket");
    b = build(&a, "socket", (struct how){.crates = &s});
    assert_int_equal(b.result, COMPILE_CODE);
    assert_true(str_find(b.error, STR("E0583")) < b.error.len);
    at = str_find(b.log, str_of(mark));
    assert_true(at < b.log.len);
    b.log = str_skip(b.log, at + 1);
    assert_true(str_find(b.log, str_of(mark)) == b.log.len);
    assert_int_equal(store_files(&s, &size), 0);
    project("lint",
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
            "[lints.rust]\nunused_crate_dependencies = \"deny\"\n"
            "[dependencies]\nitoa = \"=1.0.19\"\n",
            MAIN_RS("lint"));
    (void)logged("lint", &s, "Compiling itoa", true);
    assert_int_equal(store_files(&s, &size), 1);
    assert_int_equal(size, 1);
    arena_release(&a);
}

static void damaged(void **state)
{
    struct hash256 first, again;
    struct store s;
    off_t size;

    (void)state;
    if (!has_rust())
        skip();
    store_new(&s, "damaged-crates");
    project("damaged", toml, MAIN_RS("damaged"));
    first = logged("damaged", &s, reused, false);
    assert_int_equal(store_files(&s, &size), 1);
    sh("cd %s && for f in *; do dd if=/dev/zero of=$f bs=1 seek=%d count=9 conv=notrunc "
       "status=none; "
       "done",
       s.dir, (int)(size / 2));
    again = logged("damaged", &s, "Compiling itoa", true);
    assert_true(hash_eq(&first, &again));
    /* It was made anew, by a child that has not seen the project, and is there for the next. */
    again = logged("damaged", &s, reused, true);
    assert_true(hash_eq(&first, &again));
    sh("cd %s && for f in *; do truncate -s %d $f; done", s.dir, (int)(size / 2));
    again = logged("damaged", &s, reused, false);
    assert_true(hash_eq(&first, &again));
    again = logged("damaged", &s, reused, true);
    assert_true(hash_eq(&first, &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept),           cmocka_unit_test(poisoned), cmocka_unit_test(shapes),
        cmocka_unit_test(replaced),       cmocka_unit_test(settings), cmocka_unit_test(damaged),
        cmocka_unit_test(refused_crates),
    };

    return cmocka_run_group_tests(tests, projects_setup, projects_teardown);
}
