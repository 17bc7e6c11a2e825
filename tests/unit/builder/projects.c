/* projects.c — see projects.h. */
#include "projects.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

char folder[64];

int projects_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/outlayer-builder-XXXXXX");
    umask(022);
    return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

int projects_teardown(void **state)
{
    (void)state;
    return dir_remove(folder, NULL) == ERR_OK ? 0 : -1;
}

void sh(const char *fmt, ...)
{
    char line[4096];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (system(line) != 0)
        fail_msg("this failed: %s", line);
}

void put(const char *repo, const char *path, const char *text)
{
    struct buf at = BUF_INIT(512), why = WHY_INIT;

    buf_addf(&at, "%s/%s/%s", folder, repo, path);
    sh("mkdir -p \"$(dirname %s)\"", buf_z(&at));
    assert_ok(file_write_atomic(buf_z(&at), str_of(text), 0644, &why), why);
    buf_release(&at);
}

void commit(const char *repo)
{
    sh("cd %s/%s && { [ -d .git ] || git init -q -b main .; } && git add -A && "
       "GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' "
       "git -c user.name=t -c user.email=t@example.com commit -qm x --allow-empty",
       folder, repo);
}

struct built build(struct arena *a, const char *repo, struct how how)
{
    struct buf url = BUF_INIT(512), exe = BUF_INIT(512), why = WHY_INIT;
    struct built b;

    buf_addf(&url, "file://%s/%s", folder, repo);
    const struct compile_ask ask = {
        .what = how.what,
        .repo = buf_str(&url),
        .ref = str_of(how.ref ? how.ref : "main"),
        .target = target_normalise(str_of(how.target)),
        .seconds = how.seconds ? how.seconds : 300,
        .memory_mb = how.memory_mb ? how.memory_mb : 4096,
        .disk_mb = how.disk_mb ? how.disk_mb : 512,
        .dev = true,
        .toolchain = build_toolchain(a),
        .registries = STR(BUILD_REGISTRIES),
    };
    buf_addf(&exe, "%s/%s", folder, how.wrapper ? how.wrapper : "");
    assert_ok(
        build_run(how.wrapper ? buf_z(&exe) : COMPILE, &ask, how.crates, NULL, NULL, a, &b, &why),
        why);
    buf_release(&exe);
    buf_release(&url);
    return b;
}

void refused(const char *repo, struct how how, enum compile_result result, const char *text)
{
    struct arena a = ARENA_INIT;
    struct built b = build(&a, repo, how);

    if (b.result != result || str_find(b.error, str_of(text)) == b.error.len)
        fail_msg("got %s: '%.*s', want %s: '%s'\n%.*s", compile_result_name(b.result),
                 STR_ARG(b.error), compile_result_name(result), text, STR_ARG(b.log));
    assert_int_equal(b.fd, -1);
    arena_release(&a);
}

struct hash256 built(const char *repo, struct how how)
{
    struct arena a = ARENA_INIT;
    struct built b = build(&a, repo, how);
    struct hash256 is = b.sha256;

    if (b.result != COMPILE_OK)
        fail_msg("%s: %.*s\n%.*s", compile_result_name(b.result), STR_ARG(b.error), STR_ARG(b.log));
    assert_true(b.fd >= 0);
    assert_true(b.size > 100);
    fd_close(&b.fd);
    arena_release(&a);
    return is;
}

const char hello_c[] = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
const char hello_toml[] = "[package]\nname = \"hello\"\nversion = \"0.1.0\"\n"
                          "edition = \"2021\"\n";
const char hello_rs[] = "fn main() { println!(\"hello\"); }\n";

bool has_rust(void)
{
    struct arena a = ARENA_INIT;
    bool has = build_toolchain(&a).len > 0;

    arena_release(&a);
    return has;
}
