/*
 * outlayer-fetch — the worker's hand on the network.
 *
 * Started by the worker with a socket at descriptor 3. It is asked for a URL and handed a
 * descriptor; it streams the file into that descriptor, hashing as it goes, and answers with size
 * and hash or with what went wrong. It holds no key, reads no file of ours, and what it says is
 * believed only as far as the hash goes: the worker's request names it.
 *
 * It also asks git servers which commit a branch is (refs.h).
 *
 * Started as `outlayer-fetch http` it makes the requests of a running guest instead (broker.h).
 *
 * Ends when the worker closes its side. Next to read: fetch_msg.h, then lib/http/download.c.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/ed25519.h"
#include "fetch/broker.h"
#include "fetch/fetch_msg.h"
#include "fetch/refs.h"
#include "http/download.h"
#include "proc/frame.h"
#include "proc/net_wall.h"
#include "proc/usage.h"
#include "proc/self.h"
#include "proc/spawn.h"

#define FILES_MAX 512 /* a stream and a connection for each request, and what resolving takes */

struct file {
    int fd;
    uint64_t size;
    struct sha256 hash;
};

static bool keep(void *ctx, struct str piece)
{
    struct file *f = ctx;

    if (fd_write_all(f->fd, piece.ptr, piece.len, NULL))
        return false;
    sha256_add(&f->hash, piece);
    f->size += piece.len;
    return true;
}

static enum fetch_result result_of(enum err e)
{
    switch (e) {
    case ERR_OK:
        return FETCH_OK;
    case ERR_DENIED:
    case ERR_FORMAT:
        return FETCH_REFUSED;
    case ERR_ABSENT:
        return FETCH_STATUS;
    case ERR_TOO_BIG:
        return FETCH_TOO_BIG;
    case ERR_TIMEOUT:
        return FETCH_TIMEOUT;
    case ERR_UPSTREAM:
        return FETCH_UNREACHABLE;
    case ERR_EMPTY:
    case ERR_RANGE:
    case ERR_CONFLICT:
    case ERR_BUSY:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_DB:
    case ERR_GUEST:
    case ERR_GONE:
        break;
    }
    return FETCH_FAULT;
}

static void fetch_one(struct downloader *d, const struct fetch_ask *ask, int fd,
                      struct fetch_answer *out, struct buf *why)
{
    struct file file = {.fd = fd};
    const struct download what = {.url = ask->url,
                                  .timeout_ms = ask->time_ms,
                                  .max_bytes = ask->max_bytes,
                                  .allow_http_loopback = ask->allow_http_loopback,
                                  .sink = keep,
                                  .ctx = &file};
    uint64_t start = clock_mono_ms();
    unsigned status = 0;

    memset(out, 0, sizeof(*out));
    sha256_init(&file.hash);
    out->result = result_of(download(d, &what, &status, why));
    out->time_ms = (uint32_t)(clock_mono_ms() - start);
    out->status = (uint16_t)status;
    if (out->result == FETCH_OK) {
        out->size = file.size;
        out->sha256 = sha256_final(&file.hash);
        if (!hash_eq(&out->sha256, &ask->sha256)) {
            out->result = FETCH_WRONG_HASH;
            (void)err_put(why, ERR_DENIED, "the file is not the one that was asked for");
        }
    }
    out->text = buf_str(why);
}

static bool gather(void *ctx, struct str piece)
{
    struct buf *b = ctx;

    buf_add_str(b, piece);
    return !b->full;
}

/* Which commit a name means; `said` gets it, or why it is not known. */
static void resolve(struct downloader *d, const struct fetch_ref *ask, struct fetch_answer *out,
                    struct buf *said)
{
    static const char *const headers[] = {"Git-Protocol: version=2",
                                          "Content-Type: application/x-git-upload-pack-request",
                                          "Accept: application/x-git-upload-pack-result", NULL};
    struct buf url = BUF_INIT(DOWNLOAD_URL_MAX), body = BUF_INIT(REFS_BODY_MAX);
    struct buf answer = BUF_INIT(REFS_ANSWER_MAX);
    const uint64_t start = clock_mono_ms();
    unsigned status = 0;
    struct str commit;
    enum err e;

    memset(out, 0, sizeof(*out));
    buf_addf(&url, "%.*s/git-upload-pack", STR_ARG(ask->repo));
    refs_ask_write(&body, ask->ref);
    const struct download what = {.url = buf_str(&url),
                                  .timeout_ms = ask->time_ms,
                                  .max_bytes = REFS_ANSWER_MAX,
                                  .allow_http_loopback = ask->allow_http_loopback,
                                  .body = buf_str(&body),
                                  .headers = headers,
                                  .sink = gather,
                                  .ctx = &answer};
    e = download(d, &what, &status, said);
    if (!e)
        e = refs_answer_read(buf_str(&answer), ask->ref, &commit, said);
    out->result = result_of(e);
    out->status = (uint16_t)status;
    out->time_ms = (uint32_t)(clock_mono_ms() - start);
    if (!e)
        buf_add_str(said, commit);
    out->text = buf_str(said);
    buf_release(&url);
    buf_release(&body);
    buf_release(&answer);
}

/* One question and its answer. */
static enum err serve_one(struct downloader *d, struct buf *why)
{
    struct frame f = FRAME_INIT(FETCH_MSG_MAX);
    char room[FETCH_MSG_MAX], said_room[FETCH_TEXT_MAX + 1];
    struct buf body = BUF_OVER(room), said = BUF_OVER(said_room);
    struct fetch_answer answer;
    struct fetch_ask ask;
    struct fetch_ref ref;
    enum err e = frame_recv(SPAWN_SOCKET_FD, &f, FRAME_FOREVER, why);

    if (!e && f.type == FETCH_ASK && f.nfds == 1) {
        e = fetch_ask_read(buf_str(&f.body), &ask, why);
        if (!e)
            fetch_one(d, &ask, f.fds[0], &answer, &said);
    } else if (!e && f.type == FETCH_REF && !f.nfds) {
        e = fetch_ref_read(buf_str(&f.body), &ref, why);
        if (!e)
            resolve(d, &ref, &answer, &said);
    } else if (!e) {
        e = err_put(why, ERR_FORMAT, "the worker sent something that is no question");
    }
    if (!e) {
        fetch_answer_write(&body, &answer);
        e = frame_send(SPAWN_SOCKET_FD, FETCH_ANSWER, buf_str(&body), NULL, 0, FRAME_FOREVER, why);
    }
    frame_release(&f);
    return e;
}

int main(int argc, char **argv)
{
    const struct net_wall wall = {.descriptors = FILES_MAX, .file_bytes = FETCH_SIZE_MAX};
    struct buf why = WHY_INIT;
    struct downloader *d;
    int status;
    bool broker = argc == 2 && strcmp(argv[1], "http") == 0;
    enum err e;

    self_init("outlayer-fetch");
    if (!usage_child("outlayer-fetch", "download for a worker, or make a program's requests", argc,
                     argv, &status))
        return status;
    signal(SIGXFSZ, SIG_IGN); /* a file over its limit is an error of write(), not the end of us */
    crypto_init();
    d = downloader_new();
    e = net_wall_enter(&wall, &why);
    if (!e && broker)
        e = broker_serve(SPAWN_SOCKET_FD, &why);
    while (!e)
        e = serve_one(d, &why);
    downloader_free(d);
    if (e != ERR_CLOSED)
        log_broken("fetch_ended", "why=%s", buf_z(&why));
    buf_release(&why);
    return e == ERR_CLOSED ? 0 : 1;
}
