/* code_source.c — see code_source.h. */
#include "cli/code_source.h"

#include "base/file.h"
#include "builder/repo.h"
#include "codec/put.h"
#include "crypto/hash.h"
#include "http/download.h"
#include "near/fastfs_send.h"

#define WASM_MAX     (10u << 20) /* what a worker downloads */
#define DOWNLOAD_MS  30000
#define LOCAL_FASTFS "http://127.0.0.1:3033/{sender}/{receiver}/{path}" /* of `outlayer up` */

bool source_given(const struct source_opts *o)
{
    return o->github || o->wasm || o->commit || o->hash;
}

static bool keep(void *ctx, struct str piece)
{
    struct buf *b = ctx;

    buf_add_str(b, piece);
    return !b->full;
}

/* As a worker will fetch it, so what it would not get is no version. */
static enum err hash_of(struct str url, struct hash256 *out, struct buf *why)
{
    struct downloader *d = downloader_new();
    struct buf wasm = BUF_INIT(WASM_MAX);
    const struct download what = {.url = url,
                                  .timeout_ms = DOWNLOAD_MS,
                                  .max_bytes = WASM_MAX,
                                  .allow_http_loopback = true,
                                  .sink = keep,
                                  .ctx = &wasm};
    unsigned status = 0;
    enum err e = download(d, &what, &status, why);

    if (e && status)
        e = err_put(why, e, "'%.*s' cannot be hashed: it answered with status %u", STR_ARG(url),
                    status);
    if (!e && !str_starts(buf_str(&wasm), STR("\0asm")))
        e = err_put(why, ERR_FORMAT, "what is at '%.*s' is no WebAssembly", STR_ARG(url));
    if (!e)
        *out = sha256(buf_str(&wasm));
    downloader_free(d);
    buf_release(&wasm);
    return e;
}

static enum err put_github(const struct source_opts *o, struct str target, struct buf *json,
                           struct buf *why)
{
    struct buf url = BUF_INIT(REPO_MAX + 32);
    struct str ref = o->commit ? str_of(o->commit) : STR("main");
    /* Addresses of this machine too: only a worker for development takes them. */
    enum err e = repo_normalise(str_of(o->github), true, &url, why);

    if (!e)
        e = ref_check(ref, why);
    if (!e) {
        json_key(json, "GitHub");
        json_obj(json);
        put_text(json, "repo", buf_str(&url));
        put_text(json, "commit", ref);
        put_text(json, "build_target", target);
        json_obj_end(json);
    }
    buf_release(&url);
    return e;
}

struct str source_fastfs_url(const char *given, const char *rpc_url)
{
    struct str node = str_of(rpc_url);
    bool here =
        str_starts(node, STR("http://127.0.0.1")) || str_starts(node, STR("http://localhost"));

    return given ? str_of(given) : here ? STR(LOCAL_FASTFS) : STR(FASTFS_URL);
}

/* A file of this machine becomes one on FastFS, at `url`. */
static enum err publish(const struct source_opts *o, const char *rpc_url, struct client *c,
                        struct hash256 *hash, struct buf *url, struct buf *why)
{
    char room[80];
    struct buf content = BUF_INIT(WASM_MAX), path = BUF_OVER(room);
    struct fastfs_file f = {.receiver = o->fastfs_receiver ? str_of(o->fastfs_receiver)
                                                           : STR("fastfs.near"),
                            .mime = STR("application/wasm"),
                            .nonce = fastfs_nonce()};
    struct hash256 is;
    enum err e = file_read(o->wasm, &content, why);

    if (!e && !account_id_valid(f.receiver))
        e = err_put(why, ERR_FORMAT, "'%.*s' is no account id", STR_ARG(f.receiver));
    if (!e && !str_starts(buf_str(&content), STR("\0asm")))
        e = err_put(why, ERR_FORMAT, "'%s' is no WebAssembly", o->wasm);
    is = sha256(buf_str(&content));
    if (!e && o->hash && !hash_eq(&is, hash))
        e = err_put(why, ERR_FORMAT, "'%s' has another SHA-256 than --hash says", o->wasm);
    if (!e) {
        hash_put_hex(&path, &is);
        buf_addz(&path, ".wasm");
        f.path = buf_str(&path);
        f.content = buf_str(&content);
        e = fastfs_send(c->rpc, &c->key, &f, NULL, NULL, why);
    }
    if (!e) {
        fastfs_url_put(url, source_fastfs_url(o->fastfs_url, rpc_url), client_account(c),
                       f.receiver, f.path);
        *hash = is;
    }
    buf_release(&content);
    return e;
}

static enum err put_wasm(const struct source_opts *o, const char *rpc_url, struct client *c,
                         struct str target, struct buf *json, struct buf *why)
{
    struct str named = str_of(o->wasm);
    struct buf url = BUF_INIT(SOURCE_JSON_MAX);
    struct hash256 hash;
    enum err e = ERR_OK;

    if (!str_is_utf8(named))
        return err_put(why, ERR_FORMAT, "what --wasm names is not UTF-8");
    if (o->hash && !hash_from_hex(str_of(o->hash), &hash))
        return err_put(why, ERR_FORMAT, "--hash has 64 hexadecimal digits");
    if (str_find(named, STR("://")) == named.len) {
        e = publish(o, rpc_url, c, &hash, &url, why);
    } else {
        buf_add_str(&url, named);
        if (!o->hash)
            e = hash_of(named, &hash, why);
    }
    if (e)
        goto out;
    json_key(json, "WasmUrl");
    json_obj(json);
    put_text(json, "url", buf_str(&url));
    put_hex(json, "hash", hash_str(&hash));
    put_text(json, "build_target", target);
    json_obj_end(json);
out:
    buf_release(&url);
    return e;
}

enum err source_put(const struct source_opts *o, const char *rpc_url, struct client *c,
                    struct buf *json, struct buf *why)
{
    struct str target = STR_NONE;
    enum err e;

    if (!o->github == !o->wasm)
        return err_put(why, ERR_FORMAT, "say where the program is: --github REPO or --wasm URL");
    if ((o->github && o->hash) || (o->wasm && o->commit))
        return err_put(why, ERR_FORMAT, "--commit goes with --github, --hash with --wasm");
    if (o->target) {
        target = target_normalise(str_of(o->target));
        if (!target.ptr)
            return err_put(why, ERR_FORMAT,
                           "'%s' is no build target; wasm32-wasip1 and wasm32-wasip2 are",
                           o->target);
    }
    json_obj(json);
    e = o->github ? put_github(o, target, json, why) : put_wasm(o, rpc_url, c, target, json, why);
    json_obj_end(json);
    if (!e && json->full)
        e = err_put(why, ERR_TOO_BIG, "the source's name is too long");
    return e;
}
