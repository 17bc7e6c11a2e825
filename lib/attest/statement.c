#include "attest/statement.h"

#include <string.h>

#include "codec/wire.h"

const char *statement_status_name(enum statement_status s)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = (text),
        STATEMENT_STATUSES(X)
#undef X
    };

    return names[s];
}

/* ------------------------------------------------------------------ writing */

static void wr_hash(struct buf *b, const struct hash256 *h)
{
    buf_add(b, h->b, sizeof h->b);
}

static void wr_option(struct buf *b, bool there, const struct hash256 *h)
{
    wr_u8(b, there);
    if (there)
        wr_hash(b, h);
}

static void wr_origin(struct buf *b, const struct statement *s)
{
    wr_u8(b, (uint8_t)s->origin);
    if (s->origin == ORIGIN_CHAIN) {
        wr_u64(b, s->chain.request_id);
        wr_hash(b, &s->chain.data_id);
        wr_hash(b, &s->chain.tx_hash);
        wr_u64(b, s->chain.block_height);
    } else {
        buf_add(b, s->https.call_id, sizeof s->https.call_id);
        wr_bytes(b, s->https.payment_owner);
        wr_u32(b, s->https.payment_nonce);
    }
}

static void wr_code(struct buf *b, const struct statement *s)
{
    wr_u8(b, s->has_project);
    if (s->has_project) {
        wr_bytes(b, s->project_id);
        wr_bytes(b, s->version_key);
    }
    wr_u8(b, (uint8_t)s->source);
    if (s->source == CODE_GITHUB) {
        wr_bytes(b, s->repo);
        wr_bytes(b, s->requested_ref);
        buf_add(b, s->commit, sizeof s->commit);
    } else {
        wr_bytes(b, s->url);
    }
    wr_bytes(b, s->build_target);
    wr_hash(b, &s->wasm_sha256);
    wr_u64(b, s->wasm_len);
    wr_option(b, s->has_build, &s->build_statement);
}

void statement_write(struct buf *b, const struct statement *s)
{
    wr_u16(b, STATEMENT_FORMAT);
    wr_hash(b, &s->session);
    wr_u64(b, s->seq);
    wr_hash(b, &s->prev);
    wr_u8(b, (uint8_t)s->kind);
    wr_origin(b, s);
    wr_bytes(b, s->caller);
    wr_code(b, s);
    wr_hash(b, &s->input_sha256);
    wr_u64(b, s->input_len);
    wr_hash(b, &s->env_sha256);
    wr_u8(b, s->has_secrets);
    if (s->has_secrets) {
        wr_bytes(b, s->secrets_account);
        wr_bytes(b, s->secrets_profile);
        wr_hash(b, &s->secrets_sha256);
    }
    wr_u64(b, s->max_instructions);
    wr_u32(b, s->max_memory_mb);
    wr_u64(b, s->max_seconds);
    wr_u8(b, (uint8_t)s->status);
    wr_u32(b, (uint32_t)s->exit_code);
    wr_hash(b, &s->stdout_sha256);
    wr_u64(b, s->stdout_len);
    wr_u8(b, (uint8_t)s->format);
    wr_hash(b, &s->delivered_sha256);
    wr_u64(b, s->instructions);
    wr_u64(b, s->time_ms);
    wr_u64(b, s->compile_time_ms);
    wr_u32(b, s->effects);
    wr_option(b, s->has_transcript, &s->transcript_root);
    wr_u128(b, s->payment);
    wr_u8(b, (uint8_t)s->payment_unit);
    wr_u64(b, s->started_ms);
    wr_u64(b, s->finished_ms);
}

/* ------------------------------------------------------------------ reading */

static struct hash256 rd_hash(struct rd *r)
{
    struct hash256 h;

    rd_copy(r, h.b, sizeof h.b);
    return h;
}

/* A number below `count`. */
static uint8_t rd_below(struct rd *r, unsigned count)
{
    uint8_t v = rd_u8(r);

    if (v >= count) {
        rd_fail(r);
        return 0;
    }
    return v;
}

static struct str rd_name(struct rd *r)
{
    return rd_text(r, STATEMENT_TEXT_MAX);
}

static void rd_origin(struct rd *r, struct statement *s)
{
    s->origin = (enum statement_origin)rd_below(r, 2);
    if (s->origin == ORIGIN_CHAIN) {
        s->chain.request_id = rd_u64(r);
        s->chain.data_id = rd_hash(r);
        s->chain.tx_hash = rd_hash(r);
        s->chain.block_height = rd_u64(r);
    } else {
        rd_copy(r, s->https.call_id, sizeof s->https.call_id);
        s->https.payment_owner = rd_name(r);
        s->https.payment_nonce = rd_u32(r);
    }
}

static void rd_code(struct rd *r, struct statement *s)
{
    s->has_project = rd_bool(r);
    if (s->has_project) {
        s->project_id = rd_name(r);
        s->version_key = rd_name(r);
    }
    s->source = (enum statement_source)rd_below(r, 2);
    if (s->source == CODE_GITHUB) {
        s->repo = rd_name(r);
        s->requested_ref = rd_name(r);
        rd_copy(r, s->commit, sizeof s->commit);
    } else {
        s->url = rd_name(r);
    }
    s->build_target = rd_name(r);
    s->wasm_sha256 = rd_hash(r);
    s->wasm_len = rd_u64(r);
    s->has_build = rd_bool(r);
    if (s->has_build)
        s->build_statement = rd_hash(r);
}

static void rd_rest(struct rd *r, struct statement *s)
{
    s->input_sha256 = rd_hash(r);
    s->input_len = rd_u64(r);
    s->env_sha256 = rd_hash(r);
    s->has_secrets = rd_bool(r);
    if (s->has_secrets) {
        s->secrets_account = rd_name(r);
        s->secrets_profile = rd_name(r);
        s->secrets_sha256 = rd_hash(r);
    }
    s->max_instructions = rd_u64(r);
    s->max_memory_mb = rd_u32(r);
    s->max_seconds = rd_u64(r);
    s->status = (enum statement_status)rd_below(r, STATEMENT_STATUS_COUNT);
    s->exit_code = (int32_t)rd_u32(r);
    s->stdout_sha256 = rd_hash(r);
    s->stdout_len = rd_u64(r);
    s->format = (enum delivered_format)rd_below(r, 3);
    s->delivered_sha256 = rd_hash(r);
    s->instructions = rd_u64(r);
    s->time_ms = rd_u64(r);
    s->compile_time_ms = rd_u64(r);
    s->effects = rd_u32(r);
    if (s->effects & ~(uint32_t)EFFECTS_ALL)
        rd_fail(r);
    s->has_transcript = rd_bool(r);
    if (s->has_transcript)
        s->transcript_root = rd_hash(r);
    s->payment = rd_u128(r);
    s->payment_unit = (enum payment_unit)rd_below(r, 3);
    s->started_ms = rd_u64(r);
    s->finished_ms = rd_u64(r);
}

enum err statement_read(struct str bytes, struct statement *out, struct buf *why)
{
    struct rd r = rd_over(bytes);
    struct statement s;
    uint16_t format = rd_u16(&r);

    memset(&s, 0, sizeof s);
    if (!r.bad && format != STATEMENT_FORMAT)
        return err_put(why, ERR_FORMAT, "the statement's format is %u, not %u", format,
                       STATEMENT_FORMAT);
    s.session = rd_hash(&r);
    s.seq = rd_u64(&r);
    s.prev = rd_hash(&r);
    s.kind = (enum statement_kind)rd_below(&r, 2);
    rd_origin(&r, &s);
    s.caller = rd_name(&r);
    rd_code(&r, &s);
    rd_rest(&r, &s);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "the statement is malformed at byte %zu", r.at);
    *out = s;
    return ERR_OK;
}

/* ------------------------------------------------------------------ signing */

static void message(struct buf *b, struct str bytes)
{
    label_put(b, LABEL_STATEMENT);
    buf_add_str(b, bytes);
    BUG_ON(b->full);
}

struct hash256 statement_digest(struct str bytes)
{
    struct buf b = BUF_INIT(bytes.len + LABEL_LEN + 1);
    struct hash256 h;

    buf_add_byte(&b, 0); /* a leaf, RFC 6962 */
    message(&b, bytes);
    h = sha256(buf_str(&b));
    buf_release(&b);
    return h;
}

enum err statement_follows(struct str before, struct str next, struct buf *why)
{
    struct statement a = {0}, b = {0};
    struct hash256 digest = {{0}};
    enum err e = statement_read(next, &b, why);

    if (!e && before.ptr)
        e = statement_read(before, &a, why);
    if (e)
        return e;
    if (before.ptr) {
        digest = statement_digest(before);
        if (!hash_eq(&a.session, &b.session))
            return err_put(why, ERR_CONFLICT, "the statements are of two sessions");
    }
    if (b.seq != (before.ptr ? a.seq + 1 : 0))
        return err_put(why, ERR_CONFLICT, "statement %llu does not follow: there is a gap",
                       (unsigned long long)b.seq);
    if (!hash_eq(&b.prev, &digest))
        return err_put(why, ERR_CONFLICT, "statement %llu names another predecessor",
                       (unsigned long long)b.seq);
    return ERR_OK;
}

struct ed25519_sig statement_sign(const struct ed25519_key *key, struct str bytes)
{
    struct buf b = BUF_INIT(bytes.len + LABEL_LEN);
    struct ed25519_sig sig;

    message(&b, bytes);
    sig = ed25519_sign(key, buf_str(&b));
    buf_release(&b);
    return sig;
}

bool statement_signed_by(const struct ed25519_pub *key, struct str bytes,
                         const struct ed25519_sig *sig)
{
    struct buf b = BUF_INIT(bytes.len + LABEL_LEN);
    bool ok;

    message(&b, bytes);
    ok = ed25519_verify(key, buf_str(&b), sig);
    buf_release(&b);
    return ok;
}

void statement_quote_data(const struct hash256 *digest, const uint8_t nonce[32], uint8_t out[64])
{
    uint8_t both[64];

    memcpy(both, digest->b, 32);
    memcpy(both + 32, nonce, 32);
    label_report_data(LABEL_QUOTE, str_from(both, sizeof both), out);
}
