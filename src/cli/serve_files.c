/* serve_files.c — see serve_files.h. */
#include "cli/serve_files.h"

#include <pthread.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "http/server.h"

#define NAME_MAX_BYTES 128
#define CONNS_MAX      32

struct served {
    char name[NAME_MAX_BYTES];
    struct buf bytes;
};

struct file_server {
    struct http_server *http;
    pthread_mutex_t lock; /* over files and count */
    struct served files[SERVED_FILES_MAX];
    size_t count;
    char url[64];
};

static void handle(void *ctx, struct http_req *r)
{
    struct file_server *s = ctx;
    struct str path = str_skip(http_req_path(r), 1);
    bool found = false;

    if (strcmp(http_req_method(r), "GET") != 0) {
        http_reply(r, 405, "text/plain", STR("only GET\n"));
        return;
    }
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count && !found; i++) {
        if (!str_eqz(path, s->files[i].name))
            continue;
        found = true;
        http_reply(r, 200, "application/wasm", buf_str(&s->files[i].bytes));
    }
    pthread_mutex_unlock(&s->lock);
    if (!found)
        http_reply(r, 404, "text/plain", STR("no such file\n"));
}

enum err file_server_start(uint16_t port, struct file_server **out, struct buf *why)
{
    struct file_server *s = mem_new(struct file_server);
    struct buf url = BUF_OVER(s->url);
    enum err e;

    pthread_mutex_init(&s->lock, NULL);
    e = http_server_start(&(struct http_server_opts){.host = "127.0.0.1",
                                                     .port = port,
                                                     .max_body = 1,
                                                     .max_conns = CONNS_MAX,
                                                     .handle = handle,
                                                     .ctx = s},
                          &s->http, why);
    if (e) {
        file_server_stop(s);
        return e;
    }
    buf_addf(&url, "http://127.0.0.1:%u", http_server_port(s->http));
    *out = s;
    return ERR_OK;
}

void file_server_stop(struct file_server *s)
{
    if (!s)
        return;
    if (s->http)
        http_server_stop(s->http);
    for (size_t i = 0; i < s->count; i++)
        buf_release(&s->files[i].bytes);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

const char *file_server_url(const struct file_server *s)
{
    return s->url;
}

enum err file_server_add(struct file_server *s, const char *name, const char *path,
                         struct hash256 *hash, size_t *size, struct buf *why)
{
    struct buf bytes = BUF_INIT(SERVED_FILE_MAX);
    enum err e = file_read(path, &bytes, why);
    bool fits;

    if (e) {
        buf_release(&bytes);
        return e;
    }
    *hash = sha256(buf_str(&bytes));
    *size = bytes.len;
    pthread_mutex_lock(&s->lock);
    fits = s->count < SERVED_FILES_MAX && strlen(name) < NAME_MAX_BYTES;
    if (fits) {
        memcpy(s->files[s->count].name, name, strlen(name) + 1);
        s->files[s->count++].bytes = bytes;
    }
    pthread_mutex_unlock(&s->lock);
    if (!fits) {
        buf_release(&bytes);
        return err_put(why, ERR_TOO_BIG, "'%s' is one file too many, or its name is too long",
                       name);
    }
    return ERR_OK;
}
