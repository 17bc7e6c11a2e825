/* routes.c — which path is answered where, who is let in, and how errors look. */
#include <string.h>

#include "base/log.h"
#include "crypto/token.h"
#include "codec/put.h"
#include "keystore/keystore.h"

#define BODY_MAX   262144
#define ANSWER_MAX (2u << 20) /* a sealed value of storage, in base64 */

static const struct {
    const char *method, *path;
    route_fn *run;
    bool worker;     /* needs a bearer token */
    size_t max_body; /* 0: BODY_MAX */
} routes[] = {
    {"GET", "/health", route_health, false},
    {"POST", "/pubkey", route_pubkey, false},
    {"GET", "/vrf/pubkey", route_vrf_pubkey, false},
    {"POST", "/add_generated_secret", route_add_generated, false},
    {"POST", "/update_user_secrets", route_update, false},
    {"POST", "/tee-challenge", route_challenge, true},
    {"POST", "/register-tee", route_register, true},
    {"POST", "/decrypt", route_decrypt, true},
    {"POST", "/vrf/generate", route_vrf, true},
    {"POST", "/storage/encrypt", route_storage_encrypt, true, KEYSTORE_BODY_MAX},
    {"POST", "/storage/decrypt", route_storage_decrypt, true, KEYSTORE_BODY_MAX},
};

static void reply(struct http_req *r, unsigned status, const char *error)
{
    struct buf b = BUF_INIT(8 * WHY_MAX);

    json_obj(&b);
    put_z(&b, "error", error);
    json_obj_end(&b);
    http_reply(r, status, "application/json", buf_str(&b));
    buf_release(&b);
}

static bool token_ok(const struct keystore *k, struct http_req *r)
{
    return token_matches(http_req_header(r, "Authorization"), k->token, k->ntokens);
}

/* 401 for who is not known, as clients expect it. */
static unsigned status_of(enum err e)
{
    return e == ERR_CLOSED ? 500 : err_http(e);
}

static void run(struct call *c, route_fn *fn)
{
    struct buf why = WHY_INIT;
    struct str body = http_req_body(c->r);
    bool post = strcmp(http_req_method(c->r), "POST") == 0;
    enum err e;

    if (post && (!json_parse(body.len ? body : STR("{}"), &c->body, NULL) ||
                 json_type(c->body) != JSON_OBJECT))
        e = err_put(&why, ERR_FORMAT, "the body is no JSON object");
    else
        e = fn(c, &why);
    if (!e && c->out->full)
        e = err_put(&why, ERR_TOO_BIG, "the answer is too large");
    if (e)
        log_info("refused", "path=%.*s error=%s why=%s", STR_ARG(http_req_path(c->r)), err_name(e),
                 buf_z(&why));
    if (e == ERR_EMPTY)
        reply(c->r, 401, buf_z(&why));
    else if (e)
        reply(c->r, status_of(e), buf_z(&why));
    else
        http_reply(c->r, 200, "application/json", buf_str(c->out));
    buf_release(&why);
}

void routes_answer(struct keystore *k, struct rpc *rpc, struct http_req *r)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct call c = {.k = k, .rpc = rpc, .r = r, .a = http_req_arena(r), .out = &out};
    struct str path = http_req_path(r);
    size_t i = 0;

    /* The same under /secrets, where the coordinator's clients look. */
    if (str_starts(path, STR("/secrets/")))
        path = str_skip(path, 8);
    while (i < countof(routes) &&
           (!str_eqz(path, routes[i].path) || strcmp(http_req_method(r), routes[i].method) != 0))
        i++;
    if (i == countof(routes))
        reply(r, 404, "this keystore does not offer that");
    else if (http_req_header(r, "X-Customer-Vault").ptr)
        reply(r, 400, "this keystore has no vaults; leave out X-Customer-Vault");
    else if (routes[i].worker && !token_ok(k, r))
        reply(r, 401, "the bearer token is missing or not allowed");
    else if (http_req_body(r).len > (routes[i].max_body ? routes[i].max_body : BODY_MAX))
        reply(r, 413, "the body is too large");
    else
        run(&c, routes[i].run);
    buf_release(&out);
}
