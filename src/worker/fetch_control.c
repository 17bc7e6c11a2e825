/* fetch_control.c — see fetch_control.h. */
#include "worker/fetch_control.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "proc/frame.h"
#include "proc/self.h"

#define GRACE_MS 5000 /* over the download's own time */

void fetcher_init(struct fetcher *f, bool allow_http_loopback, const char *ipfs_gateway)
{
    *f = (struct fetcher){.child = CHILD_NONE,
                          .allow_http_loopback = allow_http_loopback,
                          .ipfs_gateway = ipfs_gateway};
}

/* A content id and, optional, a path below it: what needs no escaping and climbs nowhere. */
static bool ipfs_name_ok(struct str s)
{
    if (!s.len || s.ptr[0] == '/' || str_find(s, STR("..")) < s.len)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '/' && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

/* Where `url` is fetched from: itself, or a gateway. false: nowhere, and *out says why. */
static bool locate(const struct fetcher *f, struct str url, struct buf *place, struct fetched *out)
{
    struct str name = str_skip(url, sizeof("ipfs://") - 1), gateway;

    out->result = FETCH_REFUSED;
    if (!str_starts(url, STR("ipfs://"))) {
        buf_add_str(place, url);
    } else if (!f->ipfs_gateway || !f->ipfs_gateway[0]) {
        buf_addz(&out->text, "this worker has no gateway for ipfs://; use an https:// URL");
        return false;
    } else if (!ipfs_name_ok(name)) {
        buf_addz(&out->text, "after ipfs:// comes a content id, and perhaps a path");
        return false;
    } else {
        gateway = str_of(f->ipfs_gateway);
        while (str_ends(gateway, STR("/")))
            gateway = str_head(gateway, gateway.len - 1);
        buf_addf(place, "%.*s/ipfs/%.*s", STR_ARG(gateway), STR_ARG(name));
    }
    if (place->full)
        buf_addf(&out->text, "the URL is longer than %d bytes", FETCH_URL_MAX);
    return !place->full;
}

static enum err child_ready(struct fetcher *f, struct buf *why)
{
    static const char *const argv[] = {"outlayer-fetch", NULL};
    struct arena a = ARENA_INIT;
    struct spawn s = {.argv = argv, .in = -1, .out = -1, .err = STDERR_FILENO, .socket = true};
    enum err e;

    if (f->child.pid && child_wait(&f->child, 0, NULL))
        child_stop(&f->child, 0);
    if (f->child.pid)
        return ERR_OK;
    e = self_exe(&a, "outlayer-fetch", &s.path, why);
    if (!e)
        e = spawn_start(&s, &f->child, why);
    arena_release(&a);
    return e;
}

/* One question, with `fd` when there is one, and its answer, which borrows from `answer`. */
static enum err talk(struct fetcher *f, uint16_t type, const struct buf *body, const int *fd,
                     uint64_t time_ms, struct frame *answer, struct fetch_answer *out,
                     struct buf *why)
{
    uint64_t deadline = clock_mono_ms() + time_ms + GRACE_MS;
    enum err e = frame_send(f->child.sock, type, buf_str(body), fd, fd != NULL, deadline, why);

    if (!e)
        e = frame_recv(f->child.sock, answer, deadline, why);
    if (!e && answer->type != FETCH_ANSWER)
        e = err_put(why, ERR_FORMAT, "the fetch child said something that is no answer");
    if (!e)
        e = fetch_answer_read(buf_str(&answer->body), out, why);
    return e;
}

static enum err ask(struct fetcher *f, struct str url, const struct hash256 *sha256, int fd,
                    struct fetched *out, struct buf *why)
{
    const struct fetch_ask q = {.url = url,
                                .sha256 = *sha256,
                                .max_bytes = FETCH_WASM_MAX,
                                .time_ms = FETCH_WASM_MS,
                                .allow_http_loopback = f->allow_http_loopback};
    char room[FETCH_MSG_MAX];
    struct buf body = BUF_OVER(room);
    struct frame answer = FRAME_INIT(FETCH_MSG_MAX);
    struct fetch_answer a;
    enum err e;

    fetch_ask_write(&body, &q);
    e = talk(f, FETCH_ASK, &body, &fd, FETCH_WASM_MS, &answer, &a, why);
    if (!e) {
        out->result = a.result;
        out->status = a.status;
        out->size = a.size;
        out->time_ms = a.time_ms;
        out->sha256 = a.sha256;
        buf_add_str(&out->text, a.text);
    }
    frame_release(&answer);
    return e;
}

enum err fetcher_get(struct fetcher *f, struct str url, const struct hash256 *sha256,
                     struct fetched *out, int *fd, struct buf *why)
{
    char room[FETCH_URL_MAX + 1];
    struct buf place = BUF_OVER(room);
    struct stat st;
    int mem = -1;
    enum err e;

    if (!locate(f, url, &place, out))
        return ERR_OK;
    e = child_ready(f, why);
    if (e)
        return e;
    mem = memfd_create("outlayer-wasm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (mem < 0)
        return err_sys(why, "cannot make a memory file");
    e = ask(f, buf_str(&place), sha256, mem, out, why);
    if (e)
        child_stop(&f->child, 0); /* whatever it is doing, it is not what we expect */
    if (!e && out->result == FETCH_OK &&
        (fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ||
         fstat(mem, &st) || (uint64_t)st.st_size != out->size || out->size > FETCH_WASM_MAX))
        e = err_put(why, ERR_IO, "the fetch child wrote something else than it said");
    if (!e && out->result == FETCH_OK) {
        *fd = mem;
        mem = -1;
    }
    fd_close(&mem);
    return e;
}

enum err fetcher_ref(struct fetcher *f, struct str repo, struct str ref, char commit[SHA_HEX + 1],
                     struct buf *why)
{
    const struct fetch_ref q = {.repo = repo,
                                .ref = ref,
                                .time_ms = FETCH_REF_MS,
                                .allow_http_loopback = f->allow_http_loopback};
    char room[FETCH_MSG_MAX];
    struct buf body = BUF_OVER(room);
    struct fetch_answer a;
    struct frame answer = FRAME_INIT(FETCH_MSG_MAX);
    enum err e = child_ready(f, why);

    if (e)
        return e;
    fetch_ref_write(&body, &q);
    e = talk(f, FETCH_REF, &body, NULL, FETCH_REF_MS, &answer, &a, why);
    if (e)
        child_stop(&f->child, 0);
    else if (a.result != FETCH_OK || !ref_is_sha(a.text))
        e = err_put(why, ERR_ABSENT, "%.*s", STR_ARG(a.text));
    if (!e) {
        memcpy(commit, a.text.ptr, SHA_HEX);
        commit[SHA_HEX] = '\0';
    }
    frame_release(&answer);
    return e;
}
