/*
 * cmd_build_log.c — `outlayer build-log`: what the compilers said about a request's program.
 *
 * Asks the coordinator, which has it from the worker that compiled; for a program that was there
 * already it is the log of the build that made it.
 */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "http/client.h"

#define LOG_MAX (1u << 20)
#define CALL_MS 30000

struct build_log_opts {
    const char *coordinator_url;
};

static const struct opt build_log_options[] = {
    OPT_TEXT("coordinator-url", "URL", struct build_log_opts, coordinator_url,
             "OUTLAYER_COORDINATOR_URL", "the coordinator (default http://127.0.0.1:3031)"),
    OPT_END,
};

static const char *const build_log_examples[] = {
    "outlayer build-log 41",
    "outlayer build-log 41 --coordinator-url https://coordinator.example > build.log",
    NULL,
};

const struct command command_build_log = {
    .name = "build-log",
    .summary = "what the compilers said about a request's program",
    .usage = "REQUEST [options]",
    .about = "Prints the whole log of the build that a request's program came from, whether it\n"
             "succeeded or not; of a very long one the beginning and the end.",
    .options = build_log_options,
    .examples = build_log_examples,
    .run = cmd_build_log,
};

static enum err fetch(const char *base, uint64_t request, struct buf *out, struct buf *why)
{
    struct http_client *http = http_client_new();
    struct buf url = BUF_INIT(2048);
    const size_t n = str_of(base).len;
    const bool slash = n && base[n - 1] == '/';
    struct http_call call = {.method = "GET", .timeout_ms = CALL_MS, .max_body = LOG_MAX};
    unsigned status = 0;
    enum err e;

    buf_addf(&url, "%.*s/requests/%llu/build-log", (int)(n - slash), base,
             (unsigned long long)request);
    call.url = buf_z(&url);
    e = http_client_call(http, &call, &status, out, why);
    if (!e && status == 404)
        e = err_put(why, ERR_ABSENT,
                    "there is no build log of request %llu: nothing was compiled for it, or it was "
                    "too long ago",
                    (unsigned long long)request);
    else if (!e && status != 200)
        e = err_put(why, ERR_UPSTREAM, "'%s' answered with status %u", buf_z(&url), status);
    buf_release(&url);
    http_client_free(http);
    return e;
}

int cmd_build_log(int argc, char **argv)
{
    struct build_log_opts o = {.coordinator_url = "http://127.0.0.1:3031"};
    struct buf why = WHY_INIT, text = BUF_INIT(LOG_MAX);
    int operands, status;
    uint64_t request;

    if (!command_begin(&command_build_log, argc, argv, &o, &operands, &status))
        return status;
    if (argc - operands != 1 || !str_u64(str_of(argv[operands]), &request)) {
        (void)err_put(&why, ERR_FORMAT, "which request? give its number");
        status = command_misused(&command_build_log, &why);
    } else if (fetch(o.coordinator_url, request, &text, &why)) {
        status = command_failed(&why);
    } else {
        fwrite(text.ptr, 1, text.len, stdout);
        status = EXIT_DONE;
    }
    buf_release(&why);
    buf_release(&text);
    return status;
}
