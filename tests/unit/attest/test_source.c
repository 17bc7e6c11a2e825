/*
 * Sources of quotes: the guest agent's protocol over a real Unix socket with right, padded, cut
 * and foreign answers; configfs-tsm over files that behave as the kernel's do, with a second
 * writer; the simulator from quote to verdict; and the provisioning service on loopback.
 */
#include "vectors.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attest/eventlog.h"
#include "attest/pcs.h"
#include "attest/policy.h"
#include "attest/sim.h"
#include "attest/source_kind.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/hex.h"
#include "crypto/ed25519.h"
#include "http/server.h"

/* ------------------------------------------------------------------ a guest agent */

struct agent {
    char dir[64], path[128];
    int listener;
    pthread_t thread;
    unsigned status;
    struct str body; /* what it answers */
    char seen[4096]; /* the last request */
};

static void answer_one(struct agent *g, int fd)
{
    struct buf reply = BUF_INIT(VECTOR_MAX);
    size_t n = 0;
    ssize_t got;

    /* the head, then a body that ends with a brace */
    while (n < sizeof g->seen - 1 && (got = read(fd, g->seen + n, sizeof g->seen - 1 - n)) > 0) {
        n += (size_t)got;
        g->seen[n] = '\0';
        if (strstr(g->seen, "\r\n\r\n") && g->seen[n - 1] == '}')
            break;
    }
    buf_addf(&reply, "HTTP/1.1 %u X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", g->status,
             g->body.len);
    buf_add_str(&reply, g->body);
    assert_int_equal(fd_write_all(fd, reply.ptr, reply.len, NULL), ERR_OK);
    buf_release(&reply);
}

static void *serve(void *ctx)
{
    struct agent *g = ctx;
    int fd;

    while ((fd = accept(g->listener, NULL, NULL)) >= 0) {
        answer_one(g, fd);
        close(fd);
    }
    return NULL;
}

static void agent_start(struct agent *g, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct buf path = BUF_OVER(g->path), to = BUF_OVER(at.sun_path);

    memcpy(g->dir, "/tmp/outlayer-agent-XXXXXX", sizeof "/tmp/outlayer-agent-XXXXXX");
    assert_non_null(mkdtemp(g->dir));
    buf_addf(&path, "%s/%s", g->dir, name);
    buf_addz(&to, g->path);
    g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(g->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(g->listener, 8), 0);
    assert_int_equal(pthread_create(&g->thread, NULL, serve, g), 0);
}

static void agent_stop(struct agent *g)
{
    shutdown(g->listener, SHUT_RDWR);
    pthread_join(g->thread, NULL);
    close(g->listener);
    assert_int_equal(dir_remove(g->dir, NULL), ERR_OK);
}

static enum err ask(struct agent *g, const uint8_t data[64], struct evidence *ev, struct buf *why)
{
    struct buf name = BUF_INIT(256);
    struct quote_source *s;
    enum err e;

    buf_addf(&name, "dstack:%s", g->path);
    assert_int_equal(quote_source_open(buf_z(&name), &s, why), ERR_OK);
    assert_str(str_of(quote_source_name(s)), "dstack");
    e = quote_source_get(s, data, ev, why);
    quote_source_close(s);
    buf_release(&name);
    return e;
}

static void test_dstack(void **state)
{
    static struct agent g;
    struct arena a = ARENA_INIT;
    struct str file = vector_file(&a, "dstack/getquote-v1.json");
    struct str short_file = vector_file(&a, "dstack/getquote-lite.json");
    struct buf why = WHY_INIT;
    uint8_t data[64] = {0x12, 0x34};
    struct eventlog log;
    struct evidence ev;
    struct quote q;

    (void)state;
    agent_start(&g, "dstack.sock");
    g.status = 200;
    g.body = file;
    assert_ok(ask(&g, data, &ev, &why), why);
    assert_non_null(strstr(g.seen, "POST /GetQuote HTTP/1.1\r\n"));
    assert_non_null(strstr(g.seen, "\r\n\r\n{\"report_data\":\"12340000"));
    assert_int_equal(ev.quote.len, 4936); /* without the agent's padding */
    assert_int_equal(quote_read(buf_str(&ev.quote), &q), ATTEST_OK);
    assert_ok(eventlog_read_json(buf_str(&ev.event_log), &a, &log, &why), why);
    assert_int_equal(eventlog_matches(&log, &q.td), EVENTLOG_ALL_MATCH);
    assert_true(ev.vm_config.len > 0);
    evidence_release(&ev);
    /* a quote over something else */
    g.body = short_file;
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    assert_true(str_find(buf_str(&why), STR("other report data")) < why.len);
    /* not a quote, not hexadecimal, not JSON, an error, an error that is no JSON */
    g.body = STR("{\"quote\":\"04000200\"}");
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    g.body = STR("{\"quote\":\"xyzxyz\"}");
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    g.body = STR("{\"quote\":");
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    g.status = 400;
    g.body = STR("{\"error\":\"quoting is out of order\"}");
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    assert_true(str_find(buf_str(&why), STR("out of order")) < why.len);
    g.body = STR("oops");
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    agent_stop(&g);
    /* a socket that is not there */
    assert_int_equal(ask(&g, data, &ev, &why), ERR_UPSTREAM);
    buf_release(&why);
    arena_release(&a);
}

static void test_dstack_legacy(void **state)
{
    static struct agent g;
    struct arena a = ARENA_INIT;
    struct buf why = WHY_INIT;
    uint8_t data[64] = {0x12, 0x34};
    struct evidence ev;

    (void)state;
    agent_start(&g, "tappd.sock");
    g.status = 200;
    g.body = vector_file(&a, "dstack/getquote-v1.json");
    assert_ok(ask(&g, data, &ev, &why), why);
    assert_non_null(strstr(g.seen, "POST /prpc/Tappd.RawQuote HTTP/1.1\r\n"));
    evidence_release(&ev);
    agent_stop(&g);
    buf_release(&why);
    arena_release(&a);
}

static void test_compose(void **state)
{
    static struct agent g;
    struct buf name = BUF_INIT(256), out = BUF_INIT(1024), why = WHY_INIT;
    struct quote_source *s;

    (void)state;
    agent_start(&g, "dstack.sock");
    g.status = 200;
    g.body = STR("{\"tcb_info\":\"{\\\"app_compose\\\":\\\"{ \\\\\\\"a\\\\\\\":1}\\\"}\"}");
    buf_addf(&name, "dstack:%s", g.path);
    assert_ok(quote_source_open(buf_z(&name), &s, &why), why);
    assert_ok(quote_source_compose(s, &out, &why), why);
    assert_buf(out, "{ \"a\":1}"); /* to the byte */
    g.body = STR("{}");
    assert_int_equal(quote_source_compose(s, &out, &why), ERR_UPSTREAM);
    assert_int_equal(quote_source_collateral(s, 0, &out, &why), ERR_ABSENT);
    quote_source_close(s);
    agent_stop(&g);
    buf_release(&name);
    buf_release(&out);
    buf_release(&why);
}

/* ------------------------------------------------------------------ configfs */

/* Attributes as the kernel has them: one entry, a generation that each write raises. */
struct tsm {
    bool there;
    uint64_t generation;
    uint8_t in[64];
    struct str quote;
    const char *provider;
    unsigned made, removed, reads, interfere, busy;
    int fail_write;
};

static int t_mkdir(void *ctx, const char *path)
{
    struct tsm *t = ctx;

    (void)path;
    if (t->there)
        return EEXIST;
    t->there = true;
    t->generation = 0;
    t->made++;
    return 0;
}

static int t_rmdir(void *ctx, const char *path)
{
    struct tsm *t = ctx;

    (void)path;
    t->there = false;
    t->removed++;
    return 0;
}

static int t_read(void *ctx, const char *path, struct buf *out)
{
    struct tsm *t = ctx;
    struct str p = str_of(path);

    if (!t->there)
        return ENOENT;
    if (str_ends(p, STR("/provider"))) {
        buf_addz(out, t->provider);
    } else if (str_ends(p, STR("/generation"))) {
        buf_add_u64(out, t->generation);
        buf_addz(out, "\n");
    } else if (str_ends(p, STR("/outblob"))) {
        t->reads++;
        if (t->busy) {
            t->busy--;
            return EBUSY;
        }
        if (t->interfere) {
            t->interfere--;
            t->generation++; /* somebody wrote while the quote was made */
        }
        buf_add_str(out, t->quote);
    } else {
        return ENOENT;
    }
    return 0;
}

static int t_write(void *ctx, const char *path, struct str bytes)
{
    struct tsm *t = ctx;

    if (t->fail_write)
        return t->fail_write;
    if (!str_ends(str_of(path), STR("/inblob")) || bytes.len != 64)
        return EINVAL;
    memcpy(t->in, bytes.ptr, 64);
    t->generation++;
    return 0;
}

static enum err ask_kernel(struct tsm *t, const uint8_t data[64], struct evidence *ev,
                           struct buf *why)
{
    struct tsm_ops ops = {t_mkdir, t_rmdir, t_read, t_write, t, 1};
    struct quote_source *s = source_configfs_over("/config/tsm/report", &ops);
    enum err e = quote_source_get(s, data, ev, why);

    assert_str(str_of(quote_source_name(s)), "configfs");
    assert_int_equal(t->made, t->removed); /* nothing is left behind */
    quote_source_close(s);
    return e;
}

static void test_configfs(void **state)
{
    struct arena a = ARENA_INIT;
    struct tsm t = {.quote = vector_file(&a, "quotes/tdx-v4-90c06f-dstack.bin"),
                    .provider = "tdx_guest\n"};
    struct buf why = WHY_INIT;
    uint8_t data[64];
    struct evidence ev;
    struct quote q;

    (void)state;
    assert_int_equal(quote_read(t.quote, &q), ATTEST_OK);
    memcpy(data, quote_report_data(&q).ptr, 64);
    assert_ok(ask_kernel(&t, data, &ev, &why), why);
    assert_memory_equal(t.in, data, 64);
    assert_int_equal(ev.quote.len, q.canonical.len);
    evidence_release(&ev);
    /* a second writer: thrown away and asked again, but not for ever */
    t.interfere = 1;
    t.reads = 0;
    assert_ok(ask_kernel(&t, data, &ev, &why), why);
    assert_int_equal(t.reads, 2);
    evidence_release(&ev);
    t.interfere = 1000;
    t.reads = 0;
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_CONFLICT);
    assert_int_equal(t.reads, 3);
    t.interfere = 0;
    /* a busy host */
    t.busy = 2;
    assert_ok(ask_kernel(&t, data, &ev, &why), why);
    evidence_release(&ev);
    t.busy = 1000;
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_TIMEOUT);
    t.busy = 0;
    t.fail_write = EACCES;
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_DENIED);
    t.fail_write = 0;
    t.provider = "sev_guest\n";
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_ABSENT);
    t.provider = "tdx_guest\n";
    data[0] ^= 1; /* the quote is over other bytes */
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_UPSTREAM);
    t.quote = STR(""); /* how older kernels say that the host failed */
    assert_int_equal(ask_kernel(&t, data, &ev, &why), ERR_IO);
    buf_release(&why);
    arena_release(&a);
}

/* ------------------------------------------------------------------ simulator */

static void test_simulator(void **state)
{
    char dir[] = "/tmp/outlayer-source-XXXXXX";
    struct buf name = BUF_INIT(256), coll = BUF_INIT(SIM_COLLATERAL_MAX), why = WHY_INIT,
               app = BUF_INIT(4096), root = BUF_INIT(8192);
    struct arena a = ARENA_INIT;
    struct quote_source *s;
    struct evidence ev;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);
    struct attest_policy strict = ATTEST_POLICY_STRICT;
    struct attest_root trust = {.simulated = true};
    struct attest_input in = {.collateral = c, .root = &trust, .crypto = &attest_crypto_native};
    struct eventlog log;
    struct str payload;
    uint8_t data[64], hash[32];

    (void)state;
    assert_non_null(mkdtemp(dir));
    buf_addf(&name, "simulator:%s", dir);
    assert_ok(quote_source_open(buf_z(&name), &s, &why), why);
    assert_str(str_of(quote_source_name(s)), "SIMULATED");
    assert_true(quote_source_simulated(s));
    random_bytes(data, sizeof data);
    assert_ok(quote_source_get(s, data, &ev, &why), why);
    in.at = (int64_t)(clock_unix_ns() / 1000000000);
    assert_ok(quote_source_collateral(s, in.at, &coll, &why), why);
    assert_ok(collateral_read(buf_str(&coll), &a, c, &why), why);
    buf_clear(&name);
    buf_addf(&name, "%s/root.der", dir);
    assert_ok(file_read(buf_z(&name), &root, &why), why);
    trust.der = buf_str(&root);
    in.quote = buf_str(&ev.quote);
    assert_int_equal(attest_verify(&in, &a, v), ATTEST_OK);
    strict.report_data = str_from(data, sizeof data);
    assert_int_equal(attest_appraise(&strict, v, NULL), 0);
    assert_true(v->simulated);
    /* its log leads to its registers, and its compose hash is that of what it runs */
    assert_ok(eventlog_read_json(buf_str(&ev.event_log), &a, &log, &why), why);
    assert_int_equal(eventlog_matches(&log, &v->quote.td), EVENTLOG_ALL_MATCH);
    assert_ok(quote_source_compose(s, &app, &why), why);
    compose_hash(buf_str(&app), hash);
    assert_ok(eventlog_find(&log, "compose-hash", &payload, &why), why);
    assert_true(str_eq(payload, str_from(hash, sizeof hash)));
    assert_true(compose_is_config(hash, &v->quote.td));
    /* without the root nothing of it holds */
    in.root = NULL;
    assert_int_equal(attest_verify(&in, &a, v), ATTEST_E_CHAIN_UNTRUSTED);
    evidence_release(&ev);
    quote_source_close(s);
    assert_int_equal(dir_remove(dir, NULL), ERR_OK);
    buf_release(&name);
    buf_release(&coll);
    buf_release(&app);
    buf_release(&root);
    buf_release(&why);
    arena_release(&a);
}

static void test_names(void **state)
{
    struct buf why = WHY_INIT;
    struct quote_source *s;

    (void)state;
    assert_int_equal(quote_source_open("tpm", &s, &why), ERR_FORMAT);
    assert_int_equal(quote_source_open("simulator", &s, &why), ERR_FORMAT);
    assert_int_equal(quote_source_open("configfs:/nonexistent/tsm", &s, &why), ERR_ABSENT);
    buf_release(&why);
}

/* ------------------------------------------------------------------ provisioning service */

struct service {
    struct arena a;
    struct json collateral; /* what it publishes */
    bool no_header;
};

static struct str part(struct service *sv, const char *name)
{
    struct buf b = BUF_INIT(VECTOR_MAX);
    struct str s;

    assert_true(json_str(json_get(sv->collateral, name), &b));
    s = arena_str(&sv->a, buf_str(&b));
    buf_release(&b);
    return s;
}

static void reply_document(struct service *sv, struct http_req *r, const char *object,
                           const char *name, const char *header)
{
    struct buf body = BUF_INIT(VECTOR_MAX), chain = BUF_INIT(64 * 1024), key = BUF_INIT(64);
    struct str pem;

    buf_addf(&key, "%s_issuer_chain", name);
    pem = part(sv, buf_z(&key));
    for (size_t i = 0; i < pem.len; i++)
        buf_addf(&chain, pem.ptr[i] == '\n' || pem.ptr[i] == ' ' ? "%%%02X" : "%c", pem.ptr[i]);
    buf_clear(&key);
    buf_addf(&key, "%s_signature", name);
    buf_addf(&body, "{\"%s\":%.*s,\"signature\":\"%.*s\"}\n", object, STR_ARG(part(sv, name)),
             STR_ARG(part(sv, buf_z(&key))));
    if (!sv->no_header)
        http_reply_header(r, header, buf_z(&chain));
    http_reply(r, 200, "application/json", buf_str(&body));
    buf_release(&body);
    buf_release(&chain);
    buf_release(&key);
}

static void publish(void *ctx, struct http_req *r)
{
    struct service *sv = ctx;
    struct str path = http_req_path(r);
    struct buf bytes = BUF_INIT(VECTOR_MAX);

    if (str_eqz(path, "/tdx/certification/v4/tcb") &&
        str_eqz(http_req_query(r, "fmspc"), "b0c06f000000")) {
        reply_document(sv, r, "tcbInfo", "tcb_info", "TCB-Info-Issuer-Chain");
    } else if (str_eqz(path, "/tdx/certification/v4/qe/identity")) {
        reply_document(sv, r, "enclaveIdentity", "qe_identity",
                       "SGX-Enclave-Identity-Issuer-Chain");
    } else if (str_eqz(path, "/sgx/certification/v4/pckcrl") &&
               str_eqz(http_req_query(r, "ca"), "platform")) {
        struct str hex = part(sv, "pck_crl"), pem = part(sv, "pck_crl_issuer_chain");

        assert_true(hex_get(hex, buf_room(&bytes, hex.len / 2), hex.len / 2));
        if (!sv->no_header) {
            struct buf chain = BUF_INIT(64 * 1024);

            for (size_t i = 0; i < pem.len; i++)
                buf_addf(&chain, pem.ptr[i] == '\n' || pem.ptr[i] == ' ' ? "%%%02X" : "%c",
                         pem.ptr[i]);
            http_reply_header(r, "SGX-PCK-CRL-Issuer-Chain", buf_z(&chain));
            buf_release(&chain);
        }
        http_reply(r, 200, "application/pkix-crl", buf_str(&bytes));
    } else if (str_eqz(path, "/root.der")) {
        struct str hex = part(sv, "root_ca_crl");

        assert_true(hex_get(hex, buf_room(&bytes, hex.len / 2), hex.len / 2));
        http_reply(r, 200, "application/pkix-crl", buf_str(&bytes));
    } else if (str_eqz(path, "/sgx/certification/v4/rootcacrl")) {
        http_reply(r, 200, "text/plain", part(sv, "root_ca_crl"));
    } else {
        http_reply(r, 404, "text/plain", STR("no such thing"));
    }
    buf_release(&bytes);
}

static void test_pcs(void **state)
{
    struct service sv = {.a = ARENA_INIT};
    struct http_server *server;
    struct http_server_opts opts = {
        .host = "127.0.0.1", .max_body = 1024, .max_conns = 8, .handle = publish, .ctx = &sv};
    struct http_client *client = http_client_new();
    struct buf base = BUF_INIT(128), root = BUF_INIT(128), out = BUF_INIT(COLLATERAL_MAX),
               why = WHY_INIT, path = BUF_INIT(4096), back = BUF_INIT(COLLATERAL_MAX);
    struct arena a = ARENA_INIT;
    struct collateral *c = arena_new(&a, struct collateral);
    struct attest_verdict *v = arena_new(&a, struct attest_verdict);
    struct attest_input in = {.collateral = c, .at = 1787894484, .crypto = &attest_crypto_native};
    char dir[] = "/tmp/outlayer-archive-XXXXXX";
    struct pcs_wish w;
    struct quote q;

    (void)state;
    assert_true(
        json_parse(vector_collateral(&sv.a, STR("b0c06f-tdx-2026-08")), &sv.collateral, NULL));
    assert_ok(http_server_start(&opts, &server, &why), why);
    buf_addf(&base, "http://127.0.0.1:%u", http_server_port(server));
    assert_int_equal(quote_read(vector_file(&a, "quotes/tdx-v4-b0c06f.bin"), &q), ATTEST_OK);
    assert_true(pcs_wish_for(&q, &w));
    assert_false(w.processor_ca);
    assert_true(w.https_only);
    w.url = buf_z(&base);
    for (int text = 0; text < 2; text++) { /* the root's list as DER and as a cache sends it */
        buf_clear(&root);
        buf_clear(&out);
        buf_addf(&root, "%s/%s", buf_z(&base),
                 text ? "sgx/certification/v4/rootcacrl" : "root.der");
        w.root_crl = buf_z(&root);
        w.https_only = false;
        assert_ok(pcs_fetch(client, &w, &out, &why), why);
        assert_ok(collateral_read(buf_str(&out), &a, c, &why), why);
        assert_int_equal(attest_check_collateral(&in, v), ATTEST_OK);
        in.quote = vector_file(&a, "quotes/tdx-v4-b0c06f.bin");
        assert_int_equal(attest_verify(&in, &a, v), ATTEST_OK);
    }
    /* kept under its hash, and read back the same */
    assert_non_null(mkdtemp(dir));
    assert_ok(pcs_archive(dir, buf_str(&out), c, v, &path, &why), why);
    assert_ok(file_read(buf_z(&path), &back, &why), why);
    assert_true(str_eq(buf_str(&back), buf_str(&out)));
    assert_int_equal(dir_remove(dir, NULL), ERR_OK);
    /* plain http is refused unless allowed; an unknown processor; a chain that is not sent */
    buf_clear(&out);
    w.https_only = true;
    assert_int_equal(pcs_fetch(client, &w, &out, &why), ERR_DENIED);
    assert_int_equal(out.len, 0);
    w.https_only = false;
    w.fmspc[0] ^= 1;
    assert_int_equal(pcs_fetch(client, &w, &out, &why), ERR_ABSENT);
    w.fmspc[0] ^= 1;
    sv.no_header = true;
    assert_int_equal(pcs_fetch(client, &w, &out, &why), ERR_UPSTREAM);
    assert_int_equal(out.len, 0);
    http_server_stop(server);
    http_client_free(client);
    buf_release(&base);
    buf_release(&root);
    buf_release(&out);
    buf_release(&why);
    buf_release(&path);
    buf_release(&back);
    arena_release(&a);
    arena_release(&sv.a);
}

/* Signed bytes are cut out of the service's real answers, not written anew. */
static void test_pcs_cut(void **state)
{
    struct json_iter it = json_iter(json_get(vector_expected(), "pcs_responses"));
    size_t n = 0;

    (void)state;
    while (json_next(&it)) {
        struct arena a = ARENA_INIT;
        struct buf path = BUF_INIT(256);
        struct str name, body, object, sig, want;
        struct str field = vector_text(it.value, "signed_object");
        uint64_t at = 0, len = 0;
        uint8_t hash[32];

        assert_true(json_plain(it.key, &name));
        buf_addf(&path, "pcs-responses/%.*s", STR_ARG(name));
        body = vector_named(&a, buf_str(&path));
        assert_true(pcs_cut(body, arena_z(&a, field), &object, &sig));
        assert_true(json_u64(json_get(it.value, "signed_offset"), &at) &&
                    json_u64(json_get(it.value, "signed_len"), &len));
        assert_ptr_equal(object.ptr, body.ptr + at);
        assert_int_equal(object.len, len);
        attest_crypto_native.sha256(object, hash);
        want = vector_hex(&a, json_get(it.value, "signed_sha256"));
        assert_memory_equal(hash, want.ptr, 32);
        assert_int_equal(sig.len, 128);
        assert_false(pcs_cut(str_head(body, body.len / 2), arena_z(&a, field), &object, &sig));
        buf_release(&path);
        arena_release(&a);
        n++;
    }
    assert_int_equal(n, 5);
}

static void test_pcs_headers(void **state)
{
    static const char *const files[] = {"pcs-responses/sgx-pck-crl-issuer-chain.header",
                                        "pcs-responses/tcb-info-issuer-chain-2018.header"};

    (void)state;
    for (size_t i = 0; i < countof(files); i++) {
        struct arena a = ARENA_INIT;
        struct buf out = BUF_INIT(64 * 1024);
        struct cert_chain *c = arena_new(&a, struct cert_chain);
        struct str line = str_trim(vector_file(&a, files[i]));

        assert_true(pcs_unescape(line, &out));
        assert_true(chain_read(buf_str(&out), &a, c));
        assert_int_equal(c->n, 2);
        assert_true(str_eq(c->cert[1].der, attest_root_intel.der));
        buf_clear(&out);
        assert_false(pcs_unescape(STR("%4"), &out));
        assert_false(pcs_unescape(STR("%zz"), &out));
        buf_release(&out);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dstack),      cmocka_unit_test(test_dstack_legacy),
        cmocka_unit_test(test_compose),     cmocka_unit_test(test_configfs),
        cmocka_unit_test(test_simulator),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_pcs),         cmocka_unit_test(test_pcs_cut),
        cmocka_unit_test(test_pcs_headers),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
