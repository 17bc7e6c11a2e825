/* forward.c — see forward.h. */
#include "coordinator/forward.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "coordinator/reply.h"
#include "http/client.h"
#include "http/line.h"

#define THREADS    2
#define QUEUE_MAX  32
#define HOLD_MS    30000
#define CALL_MS    10000
#define BODY_MAX   262144 /* what a keystore takes */
#define ANSWER_MAX 262144
#define URL_MAX    2048

struct forwarder {
    const char *url;
    pthread_t thread[THREADS];
    struct line *line;
};

static void answer(struct forwarder *f, struct http_client *http, const struct lined *w)
{
    char room[URL_MAX + 1];
    const char *path = w->what;
    struct buf url = BUF_OVER(room), body = BUF_INIT(ANSWER_MAX), why = WHY_INIT;
    bool post = strcmp(http_req_method(w->r), "POST") == 0;
    const struct http_call call = {.method = post ? "POST" : "GET",
                                   .url = room,
                                   .body = post ? http_req_body(w->r) : STR_NONE,
                                   .content_type = post ? "application/json" : NULL,
                                   .timeout_ms = CALL_MS,
                                   .max_body = ANSWER_MAX};
    unsigned status = 0;

    buf_addf(&url, "%s%s", f->url, path);
    if (url.full || http_client_call(http, &call, &status, &body, &why)) {
        log_unusual("keystore_away", "path=%s why=%s", path, buf_z(&why));
        reply_error(w->r, 502, "the keystore does not answer");
    } else {
        http_reply(w->r, status, "application/json", buf_str(&body));
    }
    buf_release(&body);
    buf_release(&why);
}

static void *forwarder_main(void *ctx)
{
    struct forwarder *f = ctx;
    struct http_client *http = http_client_new();
    struct lined w;

    while (!line_take(f->line, UINT64_MAX, &w))
        answer(f, http, &w);
    http_client_free(http);
    return NULL;
}

struct forwarder *forwarder_start(const char *url)
{
    struct forwarder *f = mem_new(struct forwarder);

    f->url = url;
    f->line = line_new(QUEUE_MAX, HOLD_MS);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&f->thread[i], NULL, forwarder_main, f))
            BUG("no threads");
    return f;
}

void forwarder_stop(struct forwarder *f)
{
    if (!f)
        return;
    line_stop(f->line);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(f->thread[i], NULL);
    line_free(f->line);
    mem_free(f);
}

void forward(struct forwarder *f, struct http_req *r, const char *path)
{
    if (http_req_body(r).len > BODY_MAX) {
        reply_error(r, 413, "the body is larger than a keystore takes");
        return;
    }
    if (!line_put(f->line, &(struct lined){.r = r, .what = path}))
        reply_error(r, 503, "too many questions to the keystore at once");
}
