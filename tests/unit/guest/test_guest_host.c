/* Calls of guests to the platform's interfaces: out of the child, to whoever serves them, and back;
 * what is refused, and that nothing of it ends a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "guest/guest.h"
#include "guest/host_msg.h"

#define EXEC  BIN_DIR "/outlayer-exec"
#define FETCH BIN_DIR "/outlayer-fetch"

static struct guest *g;

/* ---- who serves: keeps one value, tells what it was asked ---- */

static struct {
    struct buf value;
    char asked[16384];
    unsigned calls;
    uint32_t wait_ms;
} desk;

static void note(const char *kinds, const struct host_val *v, char *out, size_t room)
{
    bool option;
    char kind;
    size_t n = strlen(out);

    for (; (kind = host_kind_next(&kinds, &option)) && n < room - 100; v++) {
        if (v->none)
            n += (size_t)snprintf(out + n, room - n, " none");
        else if (kind == 's' || kind == 'l')
            n += (size_t)snprintf(out + n, room - n, " %.*s", STR_ARG(str_head(v->s, 20)));
        else
            n += (size_t)snprintf(out + n, room - n, " %lld", (long long)v->n);
    }
}

static enum err serve(void *ctx, const struct host_call *c, uint64_t deadline_ms,
                      struct host_reply *out, struct buf *why)
{
    assert_ptr_equal(ctx, &desk);
    assert_true(deadline_ms > clock_mono_ms());
    desk.calls++;
    if (desk.wait_ms)
        clock_sleep_ms(desk.wait_ms);
    snprintf(desk.asked, sizeof(desk.asked), "%s", c->fn->name);
    note(c->fn->params, c->args, desk.asked, sizeof(desk.asked));
    switch (c->fn - host_faces[HOST_STORAGE].fns) {
    case HOST_STORAGE_SET:
        buf_clear(&desk.value);
        buf_add_str(&desk.value, c->args[1].s);
        return ERR_OK;
    case HOST_STORAGE_GET:
        if (str_eqz(c->args[0].s, "bad"))
            return err_put(why, ERR_ABSENT, "no such thing as 'bad'");
        if (str_eqz(c->args[0].s, "silent"))
            return ERR_TIMEOUT;
        buf_add_str(&out->text[0], buf_str(&desk.value));
        return ERR_OK;
    case HOST_STORAGE_HAS:
    case HOST_STORAGE_DELETE:
        out->n[0] = desk.value.len > 0;
        return str_eqz(c->args[0].s, "bad") ? err_put(why, ERR_IO, "broken") : ERR_OK;
    case HOST_STORAGE_LIST_KEYS:
        buf_addz(&out->text[0], str_eqz(c->args[0].s, "raw") ? "\xff\xfe" : "[\"a\"]");
        return ERR_OK;
    case HOST_STORAGE_SET_IF_EQUALS:
        out->n[0] = false;
        buf_addz(&out->text[1], "now");
        return ERR_OK;
    case HOST_STORAGE_INCREMENT:
        out->n[0] = c->args[1].n;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

static int setup(void **state)
{
    const struct guest_options o = {.exec_path = EXEC, .fetch_path = FETCH};
    struct buf why = WHY_INIT;

    (void)state;
    desk.value = BUF_INIT(8u << 20);
    if (guest_start(&o, &g, &why) != ERR_OK) {
        print_error("%s\n", buf_z(&why));
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    guest_stop(g);
    buf_release(&desk.value);
    return 0;
}

static void run_as(const char *name, const char *input, const struct host_server *servers,
                   uint32_t wall_ms, struct run_result *r)
{
    struct net_policy policy = net_policy_default(NULL);
    static const struct run_var env[] = {{STR("NEAR_SENDER_ID"), STR("alice.near")}};
    policy.loopback = true;
    const struct run_job job = {
        .limits = {.max_instructions = 10000000000, .max_memory_mb = 512, .max_wall_ms = wall_ms},
        .policy = &policy,
        .servers = servers,
        .input = str_of(input),
        .env = env,
        .nenv = 1};
    struct buf why = WHY_INIT, bytes = BUF_INIT(10u << 20);
    char path[256];
    struct hash256 hash;
    int fd;

    snprintf(path, sizeof(path), SHARE_DIR "/guests/test/%s.wasm", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, &bytes, &why), ERR_OK);
    hash = sha256(buf_str(&bytes));
    desk.calls = 0;
    if (guest_run(g, fd, &hash, &job, r, NULL, &why) != ERR_OK)
        fail_msg("%s", buf_z(&why));
    close(fd);
    buf_release(&bytes);
    buf_release(&why);
}

static const struct host_server served[HOST_FACES] = {[HOST_STORAGE] = {serve, &desk}};

static void run(const char *input, struct run_result *r)
{
    run_as("near", input, served, 20000, r);
    if (r->outcome != OUTCOME_OK)
        fail_msg("%s: %s", outcome_code(r->outcome), buf_z(&r->text));
}

/* One call: what was asked, what the guest got. */
static void one(const char *call, const char *asked, const char *got)
{
    struct run_result r;

    run(call, &r);
    assert_string_equal(desk.asked, asked);
    if (r.out.len)
        r.out.ptr[r.out.len - 1] = '\0';
    assert_string_equal(buf_z(&r.out), got);
    run_result_release(&r);
}

static void values_arrive_in_both_directions(void **state)
{
    (void)state;
    one("set key value", "set key value", "\"\"");
    one("get key", "get key", "\"value\" \"\"");
    one("has key", "has key", "(true, \"\")");
    one("list pre", "list-keys pre", "(\"[\\\"a\\\"]\", \"\")");
    one("equals k a b", "set-if-equals k a b", "false \"now\" \"\"");
    one("increment n -5", "increment n -5", "(-5, \"\")");
    one("increment n 9223372036854775807", "increment n 9223372036854775807",
        "(9223372036854775807, \"\")");
    one("set-worker k v", "set-worker k v none", "\"\"");
    one("set-worker k v false", "set-worker k v 0", "\"\"");
    one("get-worker k", "get-worker k none", "\"\" \"\"");
    one("get-worker k p1", "get-worker k p1", "\"\" \"\"");
    one("clear", "clear-all", "\"\"");
    one("set - -", "set  ", "\"\"");
}

static void failures_are_told_and_end_nothing(void **state)
{
    struct run_result r;
    (void)state;
    one("get bad", "get bad", "\"\" \"no such thing as 'bad'\"");
    one("get silent", "get silent", "\"\" \"took too long\"");
    one("has bad", "has bad", "(false, \"broken\")");
    one("list raw", "list-keys raw",
        "(\"\", \"the answer is no text, or has more than 8388608 bytes\")");
    run("get bad\nset k v\nget k", &r);
    assert_non_null(strstr(buf_z(&r.out), "\"v\" \"\"\n"));
    run_result_release(&r);
}

static void large_values_and_their_limit(void **state)
{
    struct run_result r;
    (void)state;
    run("set k 1048576*x\nget k", &r);
    assert_string_equal(buf_z(&r.out), "\"\"\n1048576 bytes \"\"\n");
    run_result_release(&r);
    run("set k 3145729*x\nset 3145728*k x\nhas k", &r);
    assert_string_equal(buf_z(&r.out),
                        "\"the arguments have more than 3 MiB together\"\n"
                        "\"the arguments have more than 3 MiB together\"\n(true, \"\")\n");
    assert_int_equal(desk.calls, 1);
    run_result_release(&r);
    /* More than the engine copies out of a guest at once: the guest's fault, not ours. */
    run_as("near", "set k 100000000*x", served, 20000, &r);
    assert_int_equal(r.outcome, OUTCOME_TRAP);
    assert_int_equal(desk.calls, 0);
    run_result_release(&r);
}

static void calls_are_counted(void **state)
{
    struct run_result r;
    (void)state;
    run("times 10000 has k\nhas k", &r);
    assert_string_equal(buf_z(&r.out),
                        "(true, \"\")\n"
                        "(false, \"more than 10000 calls to 'near:storage/api' in one run\")\n");
    assert_int_equal(desk.calls, 10000);
    run_result_release(&r);
    run("has k", &r); /* each run anew */
    assert_string_equal(buf_z(&r.out), "(true, \"\")\n");
    run_result_release(&r);
}

static void time_in_calls_is_the_run_s(void **state)
{
    struct run_result r;
    (void)state;
    desk.wait_ms = 150;
    run("has k", &r);
    assert_in_range(r.wall_us, 150000, 2000000);
    run_result_release(&r);
    desk.wait_ms = 700;
    run_as("near", "has k\nset k late", served, 300, &r);
    assert_int_equal(r.outcome, OUTCOME_TIMEOUT);
    assert_in_range(r.wall_us, 300000, 650000); /* not as long as who serves it takes */
    run_result_release(&r);
    desk.wait_ms = 0;
    assert_string_not_equal(buf_z(&desk.value), "late");
    run("has k", &r); /* and the same child goes on */
    assert_string_equal(buf_z(&r.out), "(true, \"\")\n");
    run_result_release(&r);
}

static void the_released_library_links(void **state)
{
    struct run_result r;
    (void)state;
    /* get-worker gives nothing, increment what it was asked for */
    buf_clear(&desk.value);
    run_as("near_released", "", served, 20000, &r);
    if (r.outcome != OUTCOME_OK)
        fail_msg("%s", buf_z(&r.text));
    assert_string_equal(buf_z(&r.out), "alice.near false 1 1 false a");
    assert_int_equal(r.err.len, 0);
    run_result_release(&r);
}

static void a_run_without_it_does_not_start(void **state)
{
    struct run_result r;
    (void)state;
    run_as("near", "has k", NULL, 20000, &r);
    assert_int_equal(r.outcome, OUTCOME_MODULE);
    assert_int_equal(r.instructions, 0);
    assert_non_null(strstr(buf_z(&r.text), "the program imports 'near:storage/api'"));
    assert_non_null(strstr(buf_z(&r.text), "project"));
    run_result_release(&r);
}

/* ---- beside a request over HTTP ---- */

static void *answer_late(void *arg)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    char drain[4096];
    int fd = accept((int)(intptr_t)arg, NULL, NULL);

    if (read(fd, drain, sizeof(drain)) > 0) {
        clock_sleep_ms(200);
        if (write(fd, text, sizeof(text) - 1) < 0)
            perror("write");
    }
    close(fd);
    return NULL;
}

static void calls_and_requests_go_side_by_side(void **state)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    struct run_result r;
    char input[64];
    pthread_t t;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    assert_int_equal(pthread_create(&t, NULL, answer_late, (void *)(intptr_t)listener), 0);
    snprintf(input, sizeof(input), "during %u set k v\nget k", ntohs(a.sin_port));
    run(input, &r);
    assert_string_equal(buf_z(&r.out), "200 \"\"\n\"v\" \"\"\n");
    assert_int_equal(r.nattempts, 1);
    /* The guest ends with the head, perhaps before the body has come. */
    assert_true(r.attempts[0].error == NET_NONE || r.attempts[0].error == NET_CUT);
    run_result_release(&r);
    pthread_join(t, NULL);
    close(listener);
}

/* ---- messages ---- */

static void messages_of_a_stranger(void **state)
{
    const struct host_call c = {.fn = &host_faces[HOST_STORAGE].fns[HOST_STORAGE_SET_WORKER],
                                .args = {{.s = STR("k")}, {.s = STR("v")}, {.n = 1}}};
    struct buf b = BUF_INIT(1024);
    struct host_call out;
    uint64_t run;

    (void)state;
    host_call_write(&b, 7, &c);
    assert_true(host_call_read(buf_str(&b), &run, &out));
    assert_int_equal(run, 7);
    assert_ptr_equal(out.fn, c.fn);
    assert_int_equal(out.args[2].n, 1);
    for (size_t n = 0; n < b.len; n++) /* cut anywhere */
        assert_false(host_call_read(str_head(buf_str(&b), n), &run, &out));
    buf_add_byte(&b, 0);
    assert_false(host_call_read(buf_str(&b), &run, &out));
    b.len--;
    b.ptr[9] = 100; /* no such function */
    assert_false(host_call_read(buf_str(&b), &run, &out));
    b.ptr[8] = HOST_FACES; /* no such interface */
    b.ptr[9] = 0;
    assert_false(host_call_read(buf_str(&b), &run, &out));
    b.ptr[8] = HOST_STORAGE;
    b.ptr[9] = HOST_STORAGE_SET_WORKER;
    b.ptr[14] = '\xff'; /* a key that is no text */
    assert_false(host_call_read(buf_str(&b), &run, &out));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive_in_both_directions),
        cmocka_unit_test(failures_are_told_and_end_nothing),
        cmocka_unit_test(large_values_and_their_limit),
        cmocka_unit_test(calls_are_counted),
        cmocka_unit_test(time_in_calls_is_the_run_s),
        cmocka_unit_test(the_released_library_links),
        cmocka_unit_test(a_run_without_it_does_not_start),
        cmocka_unit_test(calls_and_requests_go_side_by_side),
        cmocka_unit_test(messages_of_a_stranger),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
