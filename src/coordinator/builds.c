/* builds.c — see builds.h. */
#include "coordinator/builds.h"

#include "codec/put.h"
#include "coordinator/prune.h"

enum err build_put(struct db *d, const struct build_row *b, struct buf *why)
{
    uint64_t n = 0;
    enum err e =
        db_do(d,
              "INSERT INTO build (key, repo, commit_id, target, ok, sha256, size, "
              "compile_ms, made_ms, record, log, signer, signature, worker) VALUES "
              "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
              "ON CONFLICT (key) DO UPDATE SET ok = excluded.ok, "
              "sha256 = excluded.sha256, size = excluded.size, "
              "compile_ms = excluded.compile_ms, made_ms = excluded.made_ms, "
              "record = excluded.record, log = excluded.log, signer = excluded.signer, "
              "signature = excluded.signature, worker = excluded.worker",
              why, AS_TEXT(b->key), AS_TEXT(b->repo), AS_TEXT(b->commit), AS_TEXT(b->target),
              AS_BOOL(b->ok), AS_TEXT(b->ok ? b->sha256 : STR_NONE), AS_U64(b->size),
              AS_U64(b->compile_ms), AS_U64(b->made_ms), AS_TEXT(b->ok ? b->record : STR_NONE),
              AS_TEXT(b->log), AS_TEXT(b->ok ? b->signer : STR_NONE),
              AS_TEXT(b->ok ? b->signature : STR_NONE), AS_TEXT(b->worker));

    if (!e)
        e = db_number_n(d, "SELECT COUNT(*) FROM build", &n, why, NULL, 0);
    if (!e && n > BUILDS_KEPT)
        e = db_exec(d,
                    "DELETE FROM build WHERE key IN "
                    "(SELECT key FROM build ORDER BY made_ms LIMIT 1)",
                    why);
    return e;
}

enum err build_write(struct db *d, struct str key, struct buf *out, struct buf *why)
{
    static const char *const texts[] = {"sha256", "record", "signer", "signature"};
    static const char *const numbers[] = {"size", "compile_ms", "made_ms"};
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT sha256, record, signer, signature, size, compile_ms, made_ms "
                        "FROM build WHERE key = $1 AND ok = 1",
                        &s, why, AS_TEXT(key));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e) {
        json_obj(out);
        for (unsigned i = 0; i < countof(texts); i++) {
            json_key(out, texts[i]);
            if (i == 1)
                json_put_raw(out, db_text(s, i));
            else
                json_put_str(out, db_text(s, i));
        }
        for (unsigned i = 0; i < countof(numbers); i++) {
            json_key(out, numbers[i]);
            json_put_u64(out, db_u64(s, countof(texts) + i));
        }
        json_obj_end(out);
    }
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such build") : e;
}

enum err job_build_put(struct db *d, const struct job_build *b, struct buf *why)
{
    return db_do(d,
                 "INSERT INTO job_build (job_id, key, cached, compile_ms, cost) VALUES "
                 "($1, $2, $3, $4, $5) ON CONFLICT (job_id) DO UPDATE SET "
                 "key = excluded.key, cached = excluded.cached, "
                 "compile_ms = excluded.compile_ms, cost = excluded.cost",
                 why, AS_U64(b->job_id), AS_TEXT(b->key), AS_BOOL(b->cached), AS_U64(b->compile_ms),
                 AS_U128(b->cost));
}

enum err build_log_write(struct db *d, uint64_t request_id, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT b.log FROM request r JOIN job_build j ON j.job_id = r.id "
                        "JOIN build b ON b.key = j.key "
                        "WHERE r.request_id = $1 AND b.log IS NOT NULL ORDER BY r.id DESC LIMIT 1",
                        &s, why, AS_U64(request_id));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e)
        buf_add_str(out, db_text(s, 0));
    db_done(&s);
    if (e != ERR_EMPTY)
        return e;
    e = gone_request(d, request_id, why);
    return e ? e
             : err_put(why, ERR_ABSENT,
                       "there is no build log of this request, or it is no longer kept");
}

enum err program_has(struct db *d, struct str sha256, bool *has, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, "SELECT 1 FROM program WHERE sha256 = $1", &s, why, AS_TEXT(sha256));

    if (e)
        return e;
    e = db_step(s, why);
    db_done(&s);
    *has = e == ERR_OK;
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err program_put(struct db *d, struct str sha256, struct str bytes, uint64_t now_ms,
                     struct buf *why)
{
    uint64_t sum = 0;
    enum err e = db_do(d,
                       "INSERT INTO program (sha256, used_ms, size, bytes) VALUES "
                       "($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING",
                       why, AS_TEXT(sha256), AS_U64(now_ms), AS_U64(bytes.len), AS_BLOB(bytes));

    while (!e) {
        e = db_number_n(d, "SELECT COALESCE(SUM(size), 0) FROM program", &sum, why, NULL, 0);
        if (e || sum <= PROGRAMS_KEPT)
            break;
        e = db_exec(d,
                    "DELETE FROM program WHERE sha256 IN "
                    "(SELECT sha256 FROM program ORDER BY used_ms LIMIT 1)",
                    why);
    }
    return e;
}

enum err program_write(struct db *d, struct str sha256, uint64_t now_ms, struct buf *out,
                       struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d, "UPDATE program SET used_ms = $2 WHERE sha256 = $1 RETURNING bytes", &s,
                        why, AS_TEXT(sha256), AS_U64(now_ms));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e)
        buf_add_str(out, db_blob(s, 0));
    db_done(&s);
    return e == ERR_EMPTY ? err_put(why, ERR_ABSENT, "no such program") : e;
}

enum err build_lock(struct db *d, struct str key, struct str holder, uint64_t ms, uint64_t now_ms,
                    bool *got, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_do(d, "DELETE FROM build_lock WHERE until_ms < $1", why, AS_U64(now_ms));

    if (!e)
        e = db_ask(d,
                   "INSERT INTO build_lock (key, holder, until_ms) VALUES ($1, $2, $3) "
                   "ON CONFLICT (key) DO UPDATE SET until_ms = excluded.until_ms "
                   "WHERE build_lock.holder = excluded.holder RETURNING key",
                   &s, why, AS_TEXT(key), AS_TEXT(holder), AS_U64(now_ms + ms));
    if (e)
        return e;
    e = db_step(s, why);
    *got = e == ERR_OK;
    db_done(&s);
    return e == ERR_EMPTY ? ERR_OK : e;
}

enum err build_unlock(struct db *d, struct str key, struct str holder, struct buf *why)
{
    return db_do(d, "DELETE FROM build_lock WHERE key = $1 AND holder = $2", why, AS_TEXT(key),
                 AS_TEXT(holder));
}

enum err wasm_info_write(struct db *d, struct str repo, struct str commit, struct str target,
                         struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT sha256, size, made_ms FROM build WHERE repo = $1 AND "
                        "commit_id = $2 AND target = $3 AND ok = 1 ORDER BY made_ms DESC LIMIT 1",
                        &s, why, AS_TEXT(repo), AS_TEXT(commit), AS_TEXT(target));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e || e == ERR_EMPTY) {
        json_obj(out);
        put_bool(out, "exists", !e);
        json_key(out, "checksum");
        if (e)
            json_put_null(out);
        else
            json_put_str(out, db_text(s, 0));
        json_key(out, "file_size");
        if (e)
            json_put_null(out);
        else
            json_put_u64(out, db_u64(s, 1));
        json_key(out, "created_at");
        if (e)
            json_put_null(out);
        else
            json_put_u64(out, db_u64(s, 2) / 1000);
        json_obj_end(out);
        e = ERR_OK;
    }
    db_done(&s);
    return e;
}

enum err wasm_exists_write(struct db *d, struct str sha256, struct buf *out, struct buf *why)
{
    struct db_stmt *s = NULL;
    enum err e = db_ask(d,
                        "SELECT made_ms FROM build WHERE sha256 = $1 AND ok = 1 "
                        "ORDER BY made_ms DESC LIMIT 1",
                        &s, why, AS_TEXT(sha256));

    if (e)
        return e;
    e = db_step(s, why);
    if (!e || e == ERR_EMPTY) {
        json_obj(out);
        put_bool(out, "exists", !e);
        json_key(out, "created_at");
        if (e)
            json_put_null(out);
        else
            json_put_u64(out, db_u64(s, 0) / 1000);
        json_obj_end(out);
        e = ERR_OK;
    }
    db_done(&s);
    return e;
}
