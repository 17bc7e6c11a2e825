/*
 * cmd_cache.c — `outlayer cache`: the compiled programs of a worker, from outside.
 *
 * A worker compiles a program when it is first asked for. `prewarm` does it before that, with the
 * same child, key and folder (docs/formats/worker-home.md), also while the worker runs. The others
 * look at the folder, check what lies in it, and make it smaller.
 */
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/put.h"
#include "engine/cache.h"
#include "engine/module.h"
#include "guest/guest.h"
#include "http/download.h"
#include "proc/memfd.h"

#define LIST_MAX (1u << 20) /* bytes of a list file */
#define GET_MS   60000
#define MB       (1024ull * 1024)

struct cache_opts {
    const char *home;
    uint64_t max_mb;
    bool json, loopback;
};

static const struct opt cache_options[] = {
    OPT_TEXT("home", "DIR", struct cache_opts, home, "OUTLAYER_WORKER_HOME",
             "the worker's folder, its --home"),
    OPT_U64("max-mb", "N", struct cache_opts, max_mb, 0, 1048576, NULL,
            "prune: how much may stay, in MiB (0: nothing)"),
    OPT_FLAG("allow-http-loopback", struct cache_opts, loopback,
             "prewarm: URLs may be http and on this machine"),
    OPT_FLAG("json", struct cache_opts, json, "print one JSON object a line"),
    OPT_END,
};

static const char *const cache_examples[] = {
    "outlayer cache prewarm --home /var/lib/outlayer/worker dice.wasm https://example.com/a.wasm",
    "outlayer cache prewarm --home /var/lib/outlayer/worker @popular.txt",
    "outlayer cache list --home /var/lib/outlayer/worker",
    "outlayer cache verify --home /var/lib/outlayer/worker",
    "outlayer cache prune --home /var/lib/outlayer/worker --max-mb 200",
    NULL,
};

const struct command command_cache = {
    .name = "cache",
    .summary = "compile programs ahead for a worker; look at what it keeps",
    .usage = "prewarm FILE|URL|@LIST… | list | verify | prune [options]",
    .about = "prewarm  compile modules before the first request for them; @LIST names a file with\n"
             "         one file or URL a line\n"
             "list     what is kept, longest unused first\n"
             "verify   check every file's authenticity, and remove those that do not pass\n"
             "prune    remove what was not used for longest until --max-mb is left\n\n"
             "Run it as the worker's user. Workers may go on meanwhile.",
    .verbs = "prewarm list verify prune",
    .options = cache_options,
    .examples = cache_examples,
    .run = cmd_cache,
};

struct at_home {
    const struct cache_opts *o;
    char code[FILE_PATH_MAX];
    struct mac_key key;
    struct cache cache;
    unsigned done, failed;
};

static enum err home_open(struct at_home *h, bool create, struct buf *why)
{
    char key_file[FILE_PATH_MAX];
    enum err e;

    if (!h->o->home)
        return err_put(why, ERR_FORMAT, "--home is missing: the worker's folder");
    if (!create && !file_exists(h->o->home))
        return err_put(why, ERR_ABSENT, "there is no worker's folder '%s'", h->o->home);
    e = file_path(h->o->home, "code", h->code, why);
    if (!e)
        e = file_path(h->o->home, "cache.key", key_file, why);
    if (!e)
        e = dir_make(h->o->home, why);
    if (!e)
        e = mac_key_load(key_file, &h->key, why);
    if (!e)
        e = cache_init(&h->cache, h->code, &h->key, 0, why);
    return e;
}

/* One line about one program. */
static void tell(struct at_home *h, const char *what, const struct hash256 *wasm, struct str name,
                 uint64_t bytes, uint64_t ms, const char *more)
{
    char hex[80];
    struct buf digits = BUF_OVER(hex), line = BUF_INIT(8192);

    hash_put_hex(&digits, wasm);
    if (h->o->json) {
        json_obj(&line);
        put_z(&line, "what", what);
        put_z(&line, "sha256", hex);
        if (name.len)
            put_str(&line, "name", name);
        put_u64(&line, "bytes", bytes);
        put_u64(&line, "ms", ms);
        if (more)
            put_z(&line, "note", more);
        json_obj_end(&line);
    } else {
        buf_addf(&line, "%-9s %s %9llu bytes", what, hex, (unsigned long long)bytes);
        if (ms)
            buf_addf(&line, " %5llu ms", (unsigned long long)ms);
        if (more)
            buf_addf(&line, "  %s", more);
        if (name.len)
            buf_addf(&line, "  %.*s", STR_ARG(str_head(name, 2000)));
    }
    puts(buf_z(&line));
    buf_release(&line);
}

/* ---- prewarm ---- */

static bool take(void *ctx, struct str piece)
{
    struct buf *b = ctx;

    buf_add_str(b, piece);
    return !b->full;
}

static enum err fetch(struct str url, bool loopback, struct buf *out, struct buf *why)
{
    struct downloader *d = downloader_new();
    const struct download what = {.url = url,
                                  .timeout_ms = GET_MS,
                                  .max_bytes = MODULE_WASM_MAX,
                                  .allow_http_loopback = loopback,
                                  .sink = take,
                                  .ctx = out};
    unsigned status = 0;
    enum err e = download(d, &what, &status, why);

    downloader_free(d);
    return e;
}

static bool is_url(struct str s)
{
    return str_starts(s, STR("https://")) || str_starts(s, STR("http://"));
}

static void warm(struct at_home *h, struct guest *g, struct str name)
{
    struct buf bytes = BUF_INIT(MODULE_WASM_MAX), why = WHY_INIT;
    char path[FILE_PATH_MAX];
    struct buf p = BUF_OVER(path);
    struct guest_note note;
    struct hash256 hash;
    int fd = -1;
    enum err e;

    buf_add_str(&p, name);
    if (p.full)
        e = err_put(&why, ERR_TOO_BIG, "the name is too long");
    else if (is_url(name))
        e = fetch(name, h->o->loopback, &bytes, &why);
    else
        e = file_read(path, &bytes, &why);
    if (!e)
        e = memfd_of("wasm", buf_str(&bytes), &fd, &why);
    if (!e) {
        hash = sha256(buf_str(&bytes));
        e = guest_compile(g, fd, &hash, &note, &why);
    }
    if (e) {
        h->failed++;
        fprintf(stderr, "%.*s: %s\n", STR_ARG(str_head(name, 2000)), buf_z(&why));
    } else {
        h->done++;
        tell(h, note.cached ? "there" : "compiled", &hash, name, bytes.len, note.compile_us / 1000,
             NULL);
    }
    fd_close(&fd);
    buf_release(&bytes);
    buf_release(&why);
}

static enum err warm_list(struct at_home *h, struct guest *g, const char *path, struct buf *why)
{
    struct buf text = BUF_INIT(LIST_MAX);
    enum err e = file_read(path, &text, why);
    struct str rest = buf_str(&text);

    while (!e && rest.len) {
        struct str line;

        rest = str_cut(rest, '\n', &line);
        line = str_trim(line);
        if (line.len && line.ptr[0] != '#')
            warm(h, g, line);
    }
    buf_release(&text);
    return e;
}

static enum err prewarm(struct at_home *h, int n, char **names, struct buf *why)
{
    const struct guest_options options = {.cache_dir = h->code, .key = &h->key};
    struct guest *g = NULL;
    enum err e = n ? ERR_OK : err_put(why, ERR_FORMAT, "name a file, a URL or @LIST");

    if (!e)
        e = guest_start(&options, &g, why);
    for (int i = 0; !e && i < n; i++) {
        if (names[i][0] == '@')
            e = warm_list(h, g, names[i] + 1, why);
        else
            warm(h, g, str_of(names[i]));
    }
    guest_stop(g);
    return e;
}

/* ---- what is there ---- */

static const char *when(int64_t unix_s, char out[32])
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(out, 32, "used %Y-%m-%d %H:%M", &tm))
        out[0] = '\0';
    return out;
}

/* Each entry; with `check`, what does not pass is removed. */
static enum err look(struct at_home *h, bool check, struct buf *why)
{
    struct cache_entry *list = NULL;
    uint64_t bytes = 0;
    size_t n = 0;
    enum err e = cache_list(&h->cache, &list, &n, why);

    for (size_t i = 0; !e && i < n; i++) {
        const struct cache_entry *at = &list[i];
        char text[32];
        int fd = -1;

        bytes += at->bytes;
        if (!at->named)
            continue; /* being written, or left over: goes by itself */
        if (!check) {
            h->done++;
            tell(h, "kept", &at->wasm, str_of(at->engine), at->bytes, 0,
                 when(at->used_unix_s, text));
        } else if (cache_peek(&h->cache, at->engine, &at->wasm, &fd) == ERR_OK) {
            h->done++;
            fd_close(&fd);
        } else {
            h->failed++;
            cache_drop(&h->cache, at->engine, &at->wasm);
            tell(h, "removed", &at->wasm, str_of(at->engine), at->bytes, 0,
                 "not what this worker wrote");
        }
    }
    if (!e && !h->o->json)
        fprintf(stderr, "%u %s, %.1f MiB together\n", h->done, check ? "sound" : "programs",
                (double)bytes / (double)MB);
    mem_free(list);
    return e;
}

int cmd_cache(int argc, char **argv)
{
    struct cache_opts o = {.max_mb = UINT64_MAX};
    struct at_home h = {.o = &o};
    struct buf why = WHY_INIT;
    const char *verb;
    int operands, status;
    enum err e;

    if (!command_begin(&command_cache, argc, argv, &o, &operands, &status))
        return status;
    verb = operands < argc ? argv[operands++] : "";
    if (strcmp(verb, "prewarm") != 0 && strcmp(verb, "list") != 0 && strcmp(verb, "verify") != 0 &&
        strcmp(verb, "prune") != 0)
        e = err_put(&why, ERR_FORMAT, "say what: prewarm, list, verify or prune");
    else if (strcmp(verb, "prune") == 0 && o.max_mb == UINT64_MAX)
        e = err_put(&why, ERR_FORMAT, "prune needs --max-mb");
    else
        e = home_open(&h, strcmp(verb, "prewarm") == 0, &why);
    if (!e && strcmp(verb, "prewarm") == 0)
        e = prewarm(&h, argc - operands, argv + operands, &why);
    else if (!e && strcmp(verb, "prune") == 0)
        cache_trim(&h.cache, o.max_mb * MB);
    else if (!e)
        e = look(&h, strcmp(verb, "verify") == 0, &why);
    if (e == ERR_FORMAT)
        status = command_misused(&command_cache, &why);
    else if (e)
        status = command_failed(&why);
    else
        status = h.failed ? EXIT_FAILED : EXIT_DONE;
    cache_release(&h.cache);
    mac_key_wipe(&h.key);
    buf_release(&why);
    return status;
}
