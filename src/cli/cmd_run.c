/*
 * cmd_run.c — `outlayer run`: run a program here as a worker would run it.
 *
 * The same exec child, limits and sandbox as in production (lib/guest): the instructions it counts
 * are those that the chain will charge for. Nothing is sent anywhere.
 */
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/run_given.h"
#include "cli/flame.h"
#include "cli/term.h"
#include "codec/put.h"
#include "guest/guest.h"
#include "guest/run_report.h"

/* The contract's fees as it is deployed; its owner may change them later. In yoctoNEAR. */
#define FEE_BASE        ((u128)1000000000000000000u * 1000u)
#define FEE_PER_MILLION ((u128)100000000000000u) /* instructions */
#define FEE_PER_MS      ((u128)100000000000000000u)

#define PROFILE_FILE_MAX (64u << 20)
#define PROFILE_TOP      8

struct run_opts {
    const char *input, *input_file;
    uint64_t max_instructions, max_memory_mb, max_seconds, net_requests, net_at_once, net_mb;
    struct opt_list env, hosts;
    const char *limits, *env_file, *target, *profile;
    struct given_opts given;
    bool json, logs, no_cache, no_network, loopback;
};

static const struct opt run_options[] = {
    OPT_TEXT("input", "TEXT", struct run_opts, input, NULL, "what the program reads on stdin"),
    OPT_TEXT("input-file", "FILE", struct run_opts, input_file, NULL,
             "the same from a file; - is this command's own stdin"),
    OPT_U64("max-instructions", "N", struct run_opts, max_instructions, 1, RUN_INSTRUCTIONS_MAX,
            NULL, "instructions it may execute (default 1000000000)"),
    OPT_U64("max-memory-mb", "N", struct run_opts, max_memory_mb, 1, RUN_MEMORY_MB_MAX, NULL,
            "MiB of linear memory, and of output (default 128)"),
    OPT_U64("max-seconds", "N", struct run_opts, max_seconds, 1, RUN_WALL_MS_MAX / 1000, NULL,
            "seconds it may take (default 60)"),
    OPT_LIST("env", "NAME=VALUE", struct run_opts, env, "an environment variable; may be repeated"),
    OPT_TEXT("env-file", "FILE", struct run_opts, env_file, NULL,
             "environment variables, one NAME=VALUE a line; empty lines and # lines are skipped"),
    OPT_TEXT("limits", "WHICH", struct run_opts, limits, NULL,
             "production: the contract's defaults (as without this); none: the most that can be "
             "asked for; else a JSON file like the request's resource_limits"),
    OPT_TEXT(
        "build-target", "NAME", struct run_opts, target, NULL,
        "refuse it unless it is for wasm32-wasip1 or wasm32-wasip2 (default: what the file is)"),
    OPT_LIST("allow-host", "HOST", struct run_opts, hosts,
             "let its HTTP requests reach this host only; may be repeated (default: every public "
             "host, as in production)"),
    OPT_FLAG("allow-loopback", struct run_opts, loopback,
             "for development: let its HTTP requests reach this machine"),
    OPT_FLAG("no-network", struct run_opts, no_network, "refuse all HTTP requests"),
    OPT_U64("net-requests", "N", struct run_opts, net_requests, 1, 10000, NULL,
            "HTTP requests it may send (default 100)"),
    OPT_U64("net-at-once", "N", struct run_opts, net_at_once, 1, NET_OPEN_MAX, NULL,
            "of them at the same time (default 32)"),
    OPT_U64("net-mb", "N", struct run_opts, net_mb, 1, 65536, NULL,
            "MiB they may send and receive (default 64)"),
    OPT_TEXT("storage", "FILE", struct run_opts, given.storage, NULL,
             "give it near:storage/api, kept in this file (made when absent); memory: for this run "
             "only. Its account is NEAR_SENDER_ID of the environment, else user.test"),
    OPT_TEXT("rpc", "URL", struct run_opts, given.rpc, NULL,
             "give it near:rpc/api: the NEAR node to ask, and to send its transactions to"),
    OPT_TEXT("vrf-seed", "TEXT", struct run_opts, given.vrf_seed, NULL,
             "give it near:vrf/api, for tries: values are drawn with a key made of this text"),
    OPT_FLAG("logs", struct run_opts, logs,
             "show the program's stderr and its HTTP requests, also when it succeeds"),
    OPT_TEXT("profile", "FILE", struct run_opts, profile, NULL,
             "write where its instructions were spent: a flame graph (SVG), or folded stacks when "
             "the name ends with .folded"),
    OPT_FLAG("json", struct run_opts, json, "print one JSON object instead of the output"),
    OPT_FLAG("no-cache", struct run_opts, no_cache, "compile it even when it was compiled before"),
    OPT_END,
};

static const struct net_settings run_settings = {
    .hosts = "--allow-host",
    .requests = "--net-requests",
    .at_once = "--net-at-once",
    .bytes = "--net-mb",
    .loopback = "--allow-loopback",
    .none = "--no-network",
};

static const char *const run_examples[] = {
    "outlayer run build/share/outlayer/guests/random.wasm --input '{\"min\":1,\"max\":100}'",
    "outlayer run guest.wasm --input-file in.json --env LANG=en --json",
    "outlayer run guest.wasm --input-file in.json --profile guest.svg",
    "outlayer run counter.wasm --storage counter.db --env NEAR_SENDER_ID=alice.near",
    "outlayer run dice.wasm --vrf-seed tries --rpc https://rpc.testnet.near.org",
    NULL,
};

const struct command command_run = {
    .name = "run",
    .summary = "run a WebAssembly program as a worker would",
    .usage = "FILE.wasm [options]",
    .about = "Runs a wasm32-wasip1 or wasm32-wasip2 program in the worker's own sandbox under the "
             "given limits and\n"
             "reports what it used and what the run would have cost. The program's output goes to\n"
             "stdout, the report to stderr.",
    .options = run_options,
    .examples = run_examples,
    .statuses = "0 it succeeded, 1 it failed or could not be run, 3 wrong usage.",
    .run = cmd_run,
};

/* Where compiled code is kept between runs; false: nowhere. */
static bool cache_folder(struct buf *dir)
{
    const char *own = getenv("OUTLAYER_CACHE"), *xdg = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");

    if (own && *own)
        buf_addf(dir, "%s", own);
    else if (xdg && *xdg)
        buf_addf(dir, "%s/outlayer", xdg);
    else if (home && *home)
        buf_addf(dir, "%s/.cache/outlayer", home);
    return dir->len && !dir->full;
}

/* A cache that cannot be used costs time, nothing else. */
static enum err start(const struct run_opts *o, struct guest **out, struct buf *why)
{
    char dir_z[2048], key_z[2048];
    struct buf dir = BUF_OVER(dir_z), key_path = BUF_OVER(key_z);
    struct guest_options options = {.profile = o->profile != NULL};
    struct mac_key key;
    enum err e;

    if (!o->no_cache && cache_folder(&dir)) {
        buf_addf(&key_path, "%s/guests.key", dir_z);
        buf_addz(&dir, "/guests");
        if (!dir.full && !key_path.full && dir_make(dir_z, NULL) == ERR_OK &&
            mac_key_load(key_z, &key, NULL) == ERR_OK) {
            options.cache_dir = dir_z;
            options.key = &key;
        }
    }
    e = guest_start(&options, out, why);
    mac_key_wipe(&key);
    return e;
}

/* Where instructions were spent, into the file that was asked for. */
static enum err write_profile(const char *path, const char *program, const struct run_result *r,
                              struct buf *why)
{
    struct buf svg = BUF_INIT(PROFILE_FILE_MAX), title = BUF_INIT(1024), top = BUF_INIT(4096);
    struct str folded = buf_str(&r->profile);
    enum err e = ERR_OK;

    if (!str_ends(str_of(path), STR(".folded"))) {
        buf_addf(&title, "%.300s: %llu instructions by function", program,
                 (unsigned long long)r->instructions);
        e = flame_put(folded, buf_z(&title), &svg, why);
        folded = buf_str(&svg);
    }
    if (!e)
        e = file_write_atomic(path, folded, 0644, why);
    if (!e) {
        flame_top(buf_str(&r->profile), PROFILE_TOP, &top);
        fprintf(stderr, "%s%s%s\n%s", term(stderr, TERM_DIM),
                top.len ? "most instructions were spent in:"
                        : "the program executed too few instructions for a profile",
                term(stderr, TERM_PLAIN), buf_z(&top));
    }
    buf_release(&svg);
    buf_release(&title);
    buf_release(&top);
    return e;
}

static enum err read_input(const struct run_opts *o, struct buf *input, struct buf *why)
{
    enum err e;

    if (o->input && o->input_file)
        return err_put(why, ERR_RANGE, "give --input or --input-file, not both");
    if (o->input)
        buf_addz(input, o->input);
    if (input->full)
        return err_put(why, ERR_TOO_BIG, "the input has more than %u bytes", RUN_INPUT_MAX);
    if (!o->input_file)
        return ERR_OK;
    if (strcmp(o->input_file, "-") == 0)
        e = fd_read_all(STDIN_FILENO, input, why);
    else
        e = file_read(o->input_file, input, why);
    if (e == ERR_TOO_BIG)
        err_put(why, e, "the input has more than %u bytes", RUN_INPUT_MAX);
    return e;
}

struct vars {
    struct run_var list[RUN_ENV_MAX];
    size_t n;
    struct buf file; /* what a file's variables point into; may be secrets */
};

/* A later one replaces an earlier one of the same name. */
static enum err add_var(struct vars *v, struct str item, struct buf *why)
{
    struct run_var var;
    size_t i = 0;

    if (!str_has_byte(item, '='))
        return err_put(why, ERR_FORMAT, "an environment variable is no NAME=VALUE");
    var.value = str_cut(item, '=', &var.name);
    while (i < v->n && !str_eq(v->list[i].name, var.name))
        i++;
    if (i == RUN_ENV_MAX)
        return err_put(why, ERR_RANGE, "more than %u environment variables", RUN_ENV_MAX);
    v->list[i] = var;
    v->n += i == v->n;
    return ERR_OK;
}

static enum err read_env(const struct run_opts *o, struct vars *vars, struct buf *why)
{
    struct str rest, line;
    enum err e = ERR_OK;

    if (o->env_file)
        e = file_read(o->env_file, &vars->file, why);
    rest = buf_str(&vars->file);
    while (!e && rest.len) {
        rest = str_cut(rest, '\n', &line);
        if (str_ends(line, STR("\r")))
            line.len--;
        if (str_trim(line).len && str_trim(line).ptr[0] != '#')
            e = add_var(vars, line, why);
    }
    for (size_t i = 0; i < o->env.n && !e; i++)
        e = add_var(vars, str_of(o->env.item[i]), why);
    return e;
}

/* A member of a file of limits, when it is there. */
static bool limit_of(struct json doc, const char *name, uint64_t *out)
{
    struct json v = json_get(doc, name);
    return json_is_null(v) || json_u64(v, out);
}

/* What --limits says, before the options for single limits. */
static enum err read_limits(struct run_opts *o, struct buf *why)
{
    struct run_opts base = {
        .max_instructions = 1000000000, .max_memory_mb = 128, .max_seconds = 60};
    struct buf text = BUF_INIT(65536);
    struct json doc;
    enum err e = ERR_OK;

    if (o->limits && strcmp(o->limits, "none") == 0) {
        base.max_instructions = RUN_INSTRUCTIONS_MAX;
        base.max_memory_mb = RUN_MEMORY_MB_MAX;
        base.max_seconds = RUN_WALL_MS_MAX / 1000;
    } else if (o->limits && strcmp(o->limits, "production") != 0) {
        e = file_read(o->limits, &text, why);
        if (!e && (!json_parse(buf_str(&text), &doc, NULL) ||
                   !limit_of(doc, "max_instructions", &base.max_instructions) ||
                   !limit_of(doc, "max_memory_mb", &base.max_memory_mb) ||
                   !limit_of(doc, "max_execution_seconds", &base.max_seconds)))
            e = err_put(why, ERR_FORMAT, "'%s' holds no resource_limits", o->limits);
    }
    if (!o->max_instructions)
        o->max_instructions = base.max_instructions;
    if (!o->max_memory_mb)
        o->max_memory_mb = base.max_memory_mb;
    if (!o->max_seconds)
        o->max_seconds = base.max_seconds;
    buf_release(&text);
    return e;
}

/* base + instructions/10^6 and milliseconds at their price, as the contract charges them. */
static u128 cost(const struct run_result *r)
{
    return FEE_BASE + r->instructions / 1000000 * FEE_PER_MILLION + run_time_ms(r) * FEE_PER_MS;
}

static void print_json(const struct run_result *r, uint64_t refund_usd)
{
    struct buf b = BUF_INIT((r->out.len + r->text.len) * 6 + 4096 + RUN_REPORT_MAX);
    bool ok = r->outcome == OUTCOME_OK;

    json_obj(&b);
    put_bool(&b, "success", ok);
    json_key(&b, "output");
    if (str_is_utf8(buf_str(&r->out))) {
        json_put_str(&b, buf_str(&r->out));
    } else {
        json_put_null(&b);
        put_base64(&b, "output_base64", buf_str(&r->out));
    }
    json_key(&b, "error");
    if (ok) {
        json_put_null(&b);
    } else {
        json_obj(&b);
        put_z(&b, "code", outcome_code(r->outcome));
        json_key(&b, "message");
        json_put_lossy(&b, buf_str(&r->text));
        json_obj_end(&b);
    }
    put_u64(&b, "instructions", r->instructions);
    put_u64(&b, "time_ms", run_time_ms(r));
    run_report_members(&b, r);
    put_u64(&b, "refund_usd", refund_usd);
    put_u128(&b, "estimated_cost_yocto", cost(r));
    json_obj_end(&b);
    printf("%s\n", buf_z(&b));
    buf_release(&b);
}

/* Yoctos as NEAR with 7 digits: enough for one millisecond. */
static void near_text(u128 yocto, struct buf *out)
{
    u128 step = (u128)100000000000000000u; /* 10^-7 NEAR */
    u128 steps = (yocto + step / 2) / step;

    buf_addf(out, "%llu.%07llu", (unsigned long long)(steps / 10000000),
             (unsigned long long)(steps % 10000000));
}

static void print_attempts(const struct run_result *r)
{
    for (size_t i = 0; i < r->nattempts; i++) {
        const struct net_attempt *a = &r->attempts[i];
        fprintf(stderr, "%srequest%s  %s", term(stderr, TERM_DIM), term(stderr, TERM_PLAIN),
                a->host);
        if (a->port)
            fprintf(stderr, ":%u", a->port);
        if (*a->address)
            fprintf(stderr, " (%s)", a->address);
        if (a->error)
            fprintf(stderr, "  %s: %s\n", net_error_code(a->error), a->text);
        else
            fprintf(stderr, "  %u, %llu bytes sent, %llu received, %u ms\n", a->status,
                    (unsigned long long)a->sent, (unsigned long long)a->received, a->time_ms);
    }
}

static void print_text(const struct run_result *r, const struct guest_note *note,
                       uint64_t refund_usd, bool logs)
{
    char near_z[64];
    struct buf near = BUF_OVER(near_z);
    bool ok = r->outcome == OUTCOME_OK;

    fwrite(r->out.ptr ? r->out.ptr : "", 1, r->out.len, stdout);
    if (r->out.len && !str_ends(buf_str(&r->out), STR("\n")) && isatty(STDOUT_FILENO))
        putchar('\n');
    fflush(stdout);
    near_text(cost(r), &near);
    if (!ok) {
        fprintf(stderr, "%sfailed%s (%s): %s\n", term(stderr, TERM_BAD), term(stderr, TERM_PLAIN),
                outcome_code(r->outcome), buf_z(&r->text));
    }
    if (r->err.len && (ok || logs)) {
        fprintf(stderr, "%sstderr of the program:%s\n%s%s", term(stderr, TERM_DIM),
                term(stderr, TERM_PLAIN), buf_z(&r->err),
                str_ends(buf_str(&r->err), STR("\n")) ? "" : "\n");
    }
    if (logs)
        print_attempts(r);
    fprintf(stderr, "%s%s%s  %llu instructions, %llu.%03llu ms, %llu KiB of memory, %s NEAR",
            term(stderr, ok ? TERM_GOOD : TERM_BAD), ok ? "ok" : "not ok", term(stderr, TERM_PLAIN),
            (unsigned long long)r->instructions, (unsigned long long)(r->wall_us / 1000),
            (unsigned long long)(r->wall_us % 1000), (unsigned long long)(r->memory_bytes / 1024),
            near_z);
    if (r->requests)
        fprintf(stderr, ", %u HTTP request%s", r->requests, r->requests == 1 ? "" : "s");
    if (refund_usd)
        fprintf(stderr, ", gives back %llu.%06llu USD", (unsigned long long)(refund_usd / 1000000),
                (unsigned long long)(refund_usd % 1000000));
    if (note->compile_us)
        fprintf(stderr, " (compiled in %llu ms)", (unsigned long long)(note->compile_us / 1000));
    fputc('\n', stderr);
}

static enum err run_file(const struct run_opts *o, const char *path, struct run_job *job,
                         struct run_result *result, struct guest_note *note, uint64_t *refund_usd,
                         struct buf *why)
{
    struct given *given = mem_new(struct given);
    struct buf wasm = BUF_INIT(10u << 20);
    struct guest *g = NULL;
    struct hash256 hash;
    int fd = -1;
    enum err e = file_read(path, &wasm, why);

    if (e)
        goto out;
    hash = sha256(buf_str(&wasm));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        e = err_sys(why, "open '%s'", path);
        goto out;
    }
    e = given_begin(given, &o->given, &hash, job, why);
    if (!e)
        e = start(o, &g, why);
    if (!e)
        e = guest_run(g, fd, &hash, job, result, note, why);
    if (!e && result->outcome == OUTCOME_OK)
        *refund_usd = given->payment.refund_usd;
out:
    given_end(given);
    mem_free(given);
    guest_stop(g);
    fd_close(&fd);
    buf_release(&wasm);
    return e;
}

int cmd_run(int argc, char **argv)
{
    struct run_opts o = {0};
    struct buf input = BUF_INIT(RUN_INPUT_MAX), why = WHY_INIT;
    struct str hosts[OPT_LIST_MAX];
    struct net_policy policy = net_policy_default(&run_settings);
    struct vars vars = {.file = BUF_INIT(RUN_ENV_BYTES_MAX)};
    struct run_result result = {0};
    struct guest_note note = {0};
    struct run_job job = {0};
    uint64_t refund_usd = 0;
    int first, status;
    enum err e;

    if (!command_begin(&command_run, argc, argv, &o, &first, &status))
        return status;
    if (argc - first != 1)
        e = err_put(&why, ERR_RANGE, "give one WebAssembly file to run");
    else
        e = read_env(&o, &vars, &why);
    if (!e)
        e = read_limits(&o, &why);
    if (!e && !run_target_parse(str_of(o.target), &job.target))
        e = err_put(&why, ERR_RANGE, "'%s' is no build target; wasm32-wasip1 and wasm32-wasip2 are",
                    o.target);
    if (!e && o.max_seconds > RUN_WALL_MS_MAX / 1000)
        e = err_put(&why, ERR_RANGE, "a run takes %u seconds at most", RUN_WALL_MS_MAX / 1000);
    for (size_t i = 0; i < o.hosts.n; i++)
        hosts[i] = str_of(o.hosts.item[i]);
    policy.hosts = o.hosts.n ? hosts : NULL;
    policy.nhosts = o.hosts.n;
    policy.loopback = o.loopback;
    policy.denied = o.no_network;
    if (o.net_requests)
        policy.requests_max = (uint32_t)o.net_requests;
    if (o.net_at_once)
        policy.at_once_max = (uint32_t)o.net_at_once;
    if (o.net_mb)
        policy.bytes_max = o.net_mb << 20;
    job.policy = &policy;
    job.limits = (struct run_limits){.max_instructions = o.max_instructions,
                                     .max_memory_mb = (uint32_t)o.max_memory_mb,
                                     .max_wall_ms = (uint32_t)o.max_seconds * 1000};
    job.env = vars.list;
    job.nenv = vars.n;
    if (!e)
        e = run_job_check(&job, &why);
    if (e) {
        status = command_misused(&command_run, &why);
        goto out;
    }
    e = read_input(&o, &input, &why);
    job.input = buf_str(&input);
    if (!e)
        e = run_file(&o, argv[first], &job, &result, &note, &refund_usd, &why);
    if (e) {
        status = command_failed(&why);
        goto out;
    }
    if (o.json)
        print_json(&result, refund_usd);
    else
        print_text(&result, &note, refund_usd, o.logs);
    status = result.outcome == OUTCOME_OK ? EXIT_DONE : EXIT_FAILED;
    if (o.profile && write_profile(o.profile, argv[first], &result, &why))
        status = command_failed(&why);
    run_result_release(&result);
out:
    buf_release(&input);
    buf_wipe(&vars.file);
    buf_release(&why);
    return status;
}
