/*
 * cmd_doctor.c — `outlayer doctor`: can this machine do it, and if not, what to do about it.
 *
 * Each check is a function that reports one line or a few. It looks at the machine always, and at
 * services where their address was given. Nothing is changed: what it tries, it tries in processes
 * and files of its own that are gone afterwards.
 */
#include "cli/commands.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "builder/builder.h"
#include "cli/term.h"
#include "codec/put.h"
#include "guest/self_test.h"
#include "http/client.h"
#include "near/key.h"
#include "near/rpc.h"
#include "proc/self.h"

#define CALL_MS       5000
#define ANSWER_MAX    65536
#define TEXT_MAX      2000
#define FIRST_PORT    3030 /* those that `outlayer up` takes by itself */
#define LAST_PORT     3034
#define DISK_MB_LEAST 2048 /* one build, and room for what is kept */
#define RAM_MB_LEAST  2048
#define SKEW_S        30 /* between our clock and the chain's last block */

struct doctor_opts {
    const char *home, *rpc_url, *contract_id, *coordinator_url, *keystore_url, *key_file;
    bool json;
};

static const struct opt doctor_options[] = {
    OPT_TEXT("home", "DIR", struct doctor_opts, home, "OUTLAYER_HOME",
             "where things will be kept (default ~/.outlayer)"),
    OPT_TEXT("rpc-url", "URL", struct doctor_opts, rpc_url, "OUTLAYER_RPC_URL",
             "a NEAR node to ask"),
    OPT_TEXT("contract-id", "ACCOUNT", struct doctor_opts, contract_id, "OUTLAYER_CONTRACT_ID",
             "the OutLayer contract that should be there"),
    OPT_TEXT("key-file", "FILE", struct doctor_opts, key_file, "OUTLAYER_KEY_FILE",
             "a key that should be usable there"),
    OPT_TEXT("coordinator-url", "URL", struct doctor_opts, coordinator_url,
             "OUTLAYER_COORDINATOR_URL", "a coordinator that should be ready"),
    OPT_TEXT("keystore-url", "URL", struct doctor_opts, keystore_url, "OUTLAYER_KEYSTORE_URL",
             "a keystore that should answer"),
    OPT_FLAG("json", struct doctor_opts, json, "print one JSON object"),
    OPT_END,
};

static const char *const doctor_examples[] = {
    "outlayer doctor",
    "outlayer doctor --rpc-url https://rpc.testnet.near.org --contract-id outlayer.testnet",
    "outlayer doctor --json",
    NULL,
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "say whether this machine can run everything, and what to do where not",
    .usage = "[options]",
    .about =
        "Tries each wall of the sandboxes for real, and looks at programs, compilers, folders,\n"
        "kernel, ports and clock; at node, coordinator and keystore when they are named.\n\n"
        "What only limits what can be done (no Rust compiler, a port that is taken) is a\n"
        "warning and no failure.",
    .options = doctor_options,
    .examples = doctor_examples,
    .statuses = "0 nothing is in the way, 1 something is, 3 wrong usage.",
    .run = cmd_doctor,
};

enum level { FINE, WARNING, FAILURE };

struct doctor {
    struct doctor_opts o;
    struct arena arena;
    struct buf json; /* the checks as an array */
    unsigned count[FAILURE + 1];
};

/* One finding; `todo` says what to do about it unless all is fine. */
static void tell(struct doctor *d, enum level level, const char *check, const char *what,
                 const char *todo)
{
    static const char *const names[] = {"ok", "warning", "failure"};
    static const char *const marks[] = {"ok  ", "note", "FAIL"};
    static const enum term_style styles[] = {TERM_GOOD, TERM_NAME, TERM_BAD};

    d->count[level]++;
    if (level == FINE)
        todo = NULL;
    if (!d->o.json) {
        printf("%s%s%s %-12s %s\n", term(stdout, styles[level]), marks[level],
               term(stdout, TERM_PLAIN), check, what);
        if (todo && *todo)
            printf("%18s→ %s\n", "", todo);
        return;
    }
    json_obj(&d->json);
    put_z(&d->json, "check", check);
    put_z(&d->json, "level", names[level]);
    put_z(&d->json, "what", what);
    if (todo && *todo)
        put_z(&d->json, "todo", todo);
    json_obj_end(&d->json);
}

static void check_programs(struct doctor *d)
{
    static const char *const names[] = {
        "outlayer-devnet", "outlayer-coordinator", "outlayer-worker",   "outlayer-fetch",
        "outlayer-exec",   "outlayer-compile",     "outlayer-keystore", "outlayer-keyholder",
    };
    struct buf missing = BUF_INIT(TEXT_MAX);
    const char *path;

    for (size_t i = 0; i < countof(names); i++)
        if (self_exe(&d->arena, names[i], &path, NULL))
            buf_addf(&missing, " %s", names[i]);
    if (missing.len)
        tell(d, FAILURE, "programs",
             "these executables are not beside this one:", buf_z(&missing) + 1);
    else
        tell(d, FINE, "programs", "all executables are where they belong", NULL);
    if (self_share(&d->arena, "outlayer.wasm", &path, NULL))
        tell(d, WARNING, "contracts", "the contracts are not built, so `outlayer up` cannot start",
             "make contracts");
    else
        tell(d, FINE, "contracts", "built", NULL);
    buf_release(&missing);
}

static bool has_wall(struct json walls, const char *name)
{
    struct json_iter it = json_iter(walls);

    while (json_next(&it))
        if (json_str_eq(it.value, str_of(name)))
            return true;
    return false;
}

/* The walls around guests, one act after the other. */
static void check_walls(struct doctor *d)
{
    struct buf report = BUF_INIT(SELF_TEST_REPORT_MAX), why = WHY_INIT, text = BUF_INIT(TEXT_MAX);
    struct json doc, walls;
    struct json_iter it;
    unsigned held = 0;
    enum err e = guest_self_test(NULL, &report, &why);

    if (!report.len || !json_parse(buf_str(&report), &doc, NULL)) {
        tell(d, FAILURE, "guests", buf_z(&why), "reinstall; then run `outlayer doctor` again");
        goto out;
    }
    it = json_iter(json_get(doc, "acts"));
    while (json_next(&it)) {
        struct str act = STR("?"), in = STR("?");
        bool ok = false;

        if (json_bool(json_get(it.value, "held"), &ok) && ok) {
            held++;
            continue;
        }
        buf_clear(&text);
        (void)!json_plain(json_get(it.value, "act"), &act);
        (void)!json_plain(json_get(it.value, "in"), &in);
        buf_addf(&text, "a process behind the walls does not end as it must at: %.*s (%.*s)",
                 STR_ARG(act), STR_ARG(in));
        tell(d, FAILURE, "guests", buf_z(&text),
             "run no guests here: use a kernel with seccomp filters, outside containers that "
             "change them");
    }
    if (!e) {
        buf_clear(&text);
        buf_addf(&text, "%u acts behind the walls tried, each ended as it must", held);
        tell(d, FINE, "guests", buf_z(&text), NULL);
    } else if (held) {
        tell(d, FAILURE, "guests", buf_z(&why), NULL);
    }
    walls = json_get(doc, "walls");
    if (!has_wall(walls, "landlock"))
        tell(d, WARNING, "landlock", "this kernel has no Landlock; seccomp alone keeps files away",
             "boot with lsm=landlock,… (Linux 5.13 or newer) for a second wall");
    else
        tell(d, FINE, "landlock", "stands", NULL);
    if (!has_wall(walls, "user"))
        tell(d, WARNING, "user", "guests keep the user of the worker: it could not be left",
             "start the worker as root, or as a user of its own that owns nothing else");
    else
        tell(d, FINE, "user", "guests are nobody, without capabilities", NULL);
out:
    buf_release(&report);
    buf_release(&why);
    buf_release(&text);
}

static void check_builds(struct doctor *d)
{
    struct str toolchain = build_toolchain(&d->arena);
    struct build_host host = {STR_NONE, STR_NONE, STR_NONE};
    struct buf why = WHY_INIT, text = BUF_INIT(TEXT_MAX);

    if (build_self_test(NULL, toolchain, &d->arena, &host, &why)) {
        tell(d, WARNING, "builds", buf_z(&why),
             "programs from repositories are left to other workers until this is mended");
    } else {
        tell(d, FINE, "builds", "the sandbox around compilers stands", NULL);
        const struct {
            const char *name, *todo;
            struct str version;
        } languages[] = {
            {"C", "tools/install-deps", host.c},
            {"Go", "tools/install-deps", host.go},
            {"Rust", "make toolchain", host.rust},
        };
        for (size_t i = 0; i < countof(languages); i++) {
            buf_clear(&text);
            if (languages[i].version.len)
                buf_addf(&text, "%.*s", STR_ARG(str_head(languages[i].version, 200)));
            else
                buf_addf(&text, "repositories in %s cannot be compiled", languages[i].name);
            tell(d, languages[i].version.len ? FINE : WARNING, languages[i].name, buf_z(&text),
                 languages[i].version.len ? NULL : languages[i].todo);
        }
    }
    buf_release(&why);
    buf_release(&text);
}

/* Can a file be made there, and is there room? The folder itself need not be there yet. */
static void check_folder(struct doctor *d, const char *check, const char *dir)
{
    struct buf path = BUF_INIT(4096), text = BUF_INIT(TEXT_MAX);
    struct statvfs fs;
    unsigned long long mb;
    char *slash;
    int fd;

    buf_addz(&path, dir);
    /* What is there of it. */
    while (!path.full && access(buf_z(&path), F_OK) && (slash = strrchr(path.ptr, '/')) &&
           slash != path.ptr) {
        *slash = '\0';
        path.len = (size_t)(slash - path.ptr);
    }
    if (statvfs(buf_z(&path), &fs)) {
        buf_addf(&text, "'%s' cannot be looked at: %s", dir, strerror(errno));
        tell(d, FAILURE, check, buf_z(&text), "choose another folder with --home");
        goto out;
    }
    mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    buf_addz(&path, "/.outlayer-doctor-XXXXXX");
    fd = path.full ? -1 : mkstemp(path.ptr);
    if (fd < 0) {
        buf_addf(&text, "'%s' cannot be written: %s", dir, strerror(errno));
        tell(d, FAILURE, check, buf_z(&text), "give it to this user, or choose another folder");
        goto out;
    }
    unlink(path.ptr);
    fd_close(&fd);
    buf_addf(&text, "'%s' can be written, %llu MB are free", dir, mb);
    tell(d, mb < DISK_MB_LEAST ? WARNING : FINE, check, buf_z(&text),
         mb < DISK_MB_LEAST ? "make room: a build and its caches take some 2 GB" : NULL);
out:
    buf_release(&path);
    buf_release(&text);
}

static void check_folders(struct doctor *d)
{
    const char *user = getenv("HOME"), *cache = getenv("OUTLAYER_CACHE"),
               *xdg = getenv("XDG_CACHE_HOME");
    struct buf path = BUF_INIT(4096);

    if (d->o.home)
        buf_addz(&path, d->o.home);
    else
        buf_addf(&path, "%s/.outlayer", user ? user : "");
    check_folder(d, "home", buf_z(&path));
    buf_clear(&path);
    if (cache && *cache)
        buf_addz(&path, cache);
    else if (xdg && *xdg)
        buf_addf(&path, "%s/outlayer", xdg);
    else
        buf_addf(&path, "%s/.cache/outlayer", user ? user : "");
    check_folder(d, "cache", buf_z(&path));
    buf_release(&path);
}

static void check_machine(struct doctor *d)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
    unsigned long long mb =
        (unsigned long long)(pages > 0 ? pages : 0) * (unsigned long long)sysconf(_SC_PAGESIZE) >>
        20;
    struct buf text = BUF_INIT(TEXT_MAX);
    struct utsname u;

    if (!uname(&u))
        buf_addf(&text, "%s %s, ", u.sysname, u.release);
    buf_addf(&text, "%ld cores (as many slots in a worker), %llu MB", cores, mb);
    tell(d, mb < RAM_MB_LEAST ? WARNING : FINE, "machine", buf_z(&text),
         mb < RAM_MB_LEAST ? "a guest may take 512 MB, a build 4 GB: lower --slots" : NULL);
    buf_release(&text);
}

static bool port_free(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(port),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
              !bind(fd, (struct sockaddr *)&a, sizeof(a));

    fd_close(&fd);
    return ok;
}

static void check_ports(struct doctor *d)
{
    struct buf taken = BUF_INIT(TEXT_MAX);

    for (uint16_t port = FIRST_PORT; port <= LAST_PORT; port++)
        if (!port_free(port))
            buf_addf(&taken, " %u", port);
    if (taken.len) {
        struct buf text = BUF_INIT(TEXT_MAX);

        buf_addf(&text, "taken:%s", buf_z(&taken));
        tell(d, WARNING, "ports", buf_z(&text),
             "a network may run here already; another takes `outlayer up --port-base 0`");
        buf_release(&text);
    } else {
        tell(d, FINE, "ports", "3030 to 3034 are free for `outlayer up`", NULL);
    }
    buf_release(&taken);
}

static void check_key(struct doctor *d, struct rpc *rpc)
{
    struct buf why = WHY_INIT, text = BUF_INIT(TEXT_MAX);
    struct rpc_key_state state;
    struct near_key key;

    if (near_key_load(d->o.key_file, &key, &why)) {
        tell(d, FAILURE, "key", buf_z(&why), "outlayer-worker wants it like that, mode 0600");
    } else if (rpc &&
               rpc_view_access_key(rpc, account_id_str(&key.account), &key.key.pub, &state, &why)) {
        tell(d, FAILURE, "key", buf_z(&why), "add the key to the account, or name another file");
    } else {
        buf_addf(&text, "that of '%s'%s", key.account.s,
                 !rpc                ? ""
                 : state.full_access ? ", with full access"
                                     : ", for function calls");
        tell(d, rpc && state.full_access ? WARNING : FINE, "key", buf_z(&text),
             rpc && state.full_access ? "a worker needs a function-call key only, see docs/guides/"
                                        "worker.md"
                                      : NULL);
        near_key_wipe(&key);
    }
    buf_release(&why);
    buf_release(&text);
}

/* The node, our clock by its last block, and what should be on its chain. */
static void check_chain(struct doctor *d)
{
    struct rpc *rpc = d->o.rpc_url ? rpc_new(d->o.rpc_url) : NULL;
    struct buf why = WHY_INIT, chain = BUF_INIT(64), text = BUF_INIT(TEXT_MAX);
    struct rpc_account account;
    struct rpc_block block;
    long long off;

    if (d->o.key_file)
        check_key(d, rpc);
    if (!rpc) {
        tell(d, clock_unix_ns() / 1000000000 < 1750000000 ? FAILURE : FINE, "clock",
             clock_unix_ns() / 1000000000 < 1750000000 ? "it is set to long ago"
                                                       : "plausible; --rpc-url compares it",
             "set it, with NTP for example");
        goto out;
    }
    if (rpc_chain_id(rpc, &chain, &why) || rpc_block_final(rpc, &block, &why)) {
        tell(d, FAILURE, "node", buf_z(&why), "is the address right, does the node run?");
        goto out;
    }
    buf_addf(&text, "'%s', final block %llu", buf_z(&chain), (unsigned long long)block.height);
    tell(d, FINE, "node", buf_z(&text), NULL);
    off = ((long long)clock_unix_ns() - (long long)block.timestamp_ns) / 1000000000;
    buf_clear(&text);
    buf_addf(&text, "%lld seconds %s the chain's last final block", off < 0 ? -off : off,
             off < 0 ? "before" : "after");
    tell(d, off < -SKEW_S || off > SKEW_S ? WARNING : FINE, "clock", buf_z(&text),
         off < -SKEW_S  ? "this clock is slow: set it, with NTP for example"
         : off > SKEW_S ? "the node is behind, or this clock is fast"
                        : NULL);
    if (!d->o.contract_id)
        goto out;
    if (rpc_view_account(rpc, str_of(d->o.contract_id), &account, &why)) {
        tell(d, FAILURE, "contract", buf_z(&why), "is --contract-id right for this chain?");
    } else {
        buf_clear(&text);
        buf_addf(&text, "'%s' has %s", d->o.contract_id,
                 hash_is_zero(&account.code_hash) ? "no code" : "code");
        tell(d, hash_is_zero(&account.code_hash) ? FAILURE : FINE, "contract", buf_z(&text),
             hash_is_zero(&account.code_hash) ? "deploy the contract there" : NULL);
    }
out:
    rpc_free(rpc);
    buf_release(&why);
    buf_release(&chain);
    buf_release(&text);
}

/* A service that says at `path` how it is. */
static void check_service(struct doctor *d, const char *check, const char *base, const char *path)
{
    struct http_client *http = http_client_new();
    struct buf url = BUF_INIT(2100), body = BUF_INIT(ANSWER_MAX), why = WHY_INIT,
               text = BUF_INIT(TEXT_MAX);
    struct http_call call = {.method = "GET", .timeout_ms = CALL_MS, .max_body = ANSWER_MAX};
    unsigned status = 0;
    size_t n = strlen(base);

    while (n && base[n - 1] == '/')
        n--;
    buf_addf(&url, "%.*s%s", (int)(n < 2000 ? n : 2000), base, path);
    call.url = buf_z(&url);
    if (http_client_call(http, &call, &status, &body, &why)) {
        tell(d, FAILURE, check, buf_z(&why), "is the address right, does it run?");
    } else {
        struct str said = str_trim(str_head(buf_str(&body), 300));

        buf_addf(&text, "status %u: %.*s", status, STR_ARG(said));
        tell(d, status == 200 ? FINE : FAILURE, check, buf_z(&text),
             status == 200 ? NULL : "its log says more");
    }
    http_client_free(http);
    buf_release(&url);
    buf_release(&body);
    buf_release(&why);
    buf_release(&text);
}

static void conclude(struct doctor *d)
{
    struct buf out = BUF_INIT(1 << 20);

    if (!d->o.json) {
        printf("\n%u fine, %u to note, %u in the way\n", d->count[FINE], d->count[WARNING],
               d->count[FAILURE]);
        return;
    }
    json_arr_end(&d->json);
    json_obj(&out);
    put_bool(&out, "ok", !d->count[FAILURE]);
    put_raw(&out, "checks", buf_str(&d->json));
    json_obj_end(&out);
    puts(buf_z(&out));
    buf_release(&out);
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor d = {.json = BUF_INIT(1 << 19)};
    struct buf why = WHY_INIT;
    int operands, status;

    if (!command_begin(&command_doctor, argc, argv, &d.o, &operands, &status))
        return status;
    if (operands < argc) {
        (void)err_put(&why, ERR_FORMAT, "doctor takes no operand, but '%s' was given",
                      argv[operands]);
        status = command_misused(&command_doctor, &why);
        buf_release(&why);
        return status;
    }
    json_arr(&d.json);
    check_programs(&d);
    check_machine(&d);
    check_walls(&d);
    check_builds(&d);
    check_folders(&d);
    check_ports(&d);
    check_chain(&d);
    if (d.o.coordinator_url)
        check_service(&d, "coordinator", d.o.coordinator_url, "/readyz");
    if (d.o.keystore_url)
        check_service(&d, "keystore", d.o.keystore_url, "/health");
    conclude(&d);
    buf_release(&d.json);
    arena_release(&d.arena);
    return d.count[FAILURE] ? EXIT_FAILED : EXIT_DONE;
}
