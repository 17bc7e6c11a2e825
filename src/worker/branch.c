/* branch.c — see branch.h. */
#include "worker/branch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "codec/put.h"

#define SECONDS  60u
#define KEEP_S   3600u
#define TEXT_MAX 1024

/* Beside the records of builds, which are pruned together. */
static void path_of(const struct builds *b, struct str repo, struct str commit, struct buf *path)
{
    struct buf text = BUF_INIT(REPO_MAX * 2 + REF_MAX);
    struct hash256 key;

    buf_addf(&text, "%.*s\n%.*s\n", STR_ARG(repo), STR_ARG(commit));
    key = sha256(buf_str(&text));
    buf_addf(path, "%s/", b->dir);
    hash_put_hex(path, &key);
    buf_addz(path, ".branch");
    BUG_ON(text.full || path->full);
    buf_release(&text);
}

/* {"branch":"main"}, or null */
static bool name_read(struct json doc, struct arena *a, struct str *branch)
{
    struct json v = json_get(doc, "branch");
    struct buf name = BUF_INIT(REF_MAX);
    bool ok = json_type(v) == JSON_NULL || json_str(v, &name);

    if (ok)
        *branch = json_type(v) == JSON_NULL ? STR_NONE : arena_str(a, buf_str(&name));
    buf_release(&name);
    return ok;
}

static bool kept(const char *path, struct arena *a, struct str *branch)
{
    struct buf text = BUF_INIT(TEXT_MAX);
    struct json doc;
    uint64_t at, now = clock_unix_ns() / 1000000000u;
    bool ok = !file_read(path, &text, NULL) && json_parse(buf_str(&text), &doc, NULL) &&
              json_u64(json_get(doc, "at_unix_s"), &at) && at <= now && now - at < KEEP_S &&
              name_read(doc, a, branch);

    buf_release(&text);
    return ok;
}

static void keep(const char *path, struct str branch)
{
    struct buf text = BUF_INIT(TEXT_MAX), why = WHY_INIT;

    json_obj(&text);
    json_key(&text, "branch");
    if (branch.ptr)
        json_put_str(&text, branch);
    else
        json_put_null(&text);
    put_u64(&text, "at_unix_s", clock_unix_ns() / 1000000000u);
    json_obj_end(&text);
    if (file_write_atomic(path, buf_str(&text), 0600, &why))
        log_unusual("branch_not_kept", "why=%s", buf_z(&why));
    buf_release(&text);
    buf_release(&why);
}

static enum err look(const struct builds *b, struct str repo, struct str commit, struct arena *a,
                     struct str *branch, struct buf *why)
{
    const struct compile_ask ask = {.what = COMPILE_BRANCH,
                                    .repo = repo,
                                    .ref = commit,
                                    .target = STR("wasm32-wasip1"),
                                    .seconds = SECONDS,
                                    .memory_mb = b->memory_mb,
                                    .disk_mb = b->disk_mb,
                                    .dev = b->dev,
                                    .toolchain = b->toolchain,
                                    .registries = b->registries};
    struct json doc;
    struct built r;
    enum err e = build_run(NULL, &ask, NULL, NULL, NULL, a, &r, why);

    if (e)
        return e;
    if (r.result == COMPILE_OK)
        return json_parse(r.record, &doc, NULL) && name_read(doc, a, branch)
                   ? ERR_OK
                   : err_put(why, ERR_IO, "the compile child names no branch");
    if (r.result == COMPILE_FAULT || r.result == COMPILE_NETWORK)
        return err_put(why, ERR_UPSTREAM, "%.*s", STR_ARG(r.error));
    return err_put(why, ERR_DENIED,
                   "Access to secrets denied. Secrets of a repository are for commits that one of "
                   "its branches or tags leads to. (%.*s)",
                   STR_ARG(str_head(r.error, 500)));
}

enum err branch_of(const struct builds *b, const struct code_source *source, struct arena *a,
                   struct str *branch, struct buf *why)
{
    struct buf url = BUF_INIT(REPO_MAX * 2), path = BUF_INIT(STORE_PATH_MAX + 96);
    enum err e = repo_normalise(source->repo, b->dev, &url, why);

    if (!e) {
        path_of(b, buf_str(&url), source->commit, &path);
        if (!kept(buf_z(&path), a, branch)) {
            e = look(b, buf_str(&url), source->commit, a, branch, why);
            if (!e)
                keep(buf_z(&path), *branch);
        }
    }
    buf_release(&url);
    buf_release(&path);
    return e;
}
