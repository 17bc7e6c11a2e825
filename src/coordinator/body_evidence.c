/* body_evidence.c — bodies with evidence; see bodies.h. That it is signed and in order is for
 * evidence.c. */
#include "codec/hex.h"
#include "coordinator/bodies.h"
#include "coordinator/member.h"

#define LOG_MAX       (1u << 20) /* bytes of an event log, of a configuration */
#define HASH_TEXT_MAX 64

const char *epoch_body(struct json body, struct arena *a, struct epoch_row *e,
                       struct str *collateral)
{
    if (!member_hash(json_get(body, "session_id"), &e->session))
        return "'session_id' must be 64 hex digits";
    if (!member_id(json_get(body, "worker"), &e->worker))
        return "'worker' must be 1 to 64 printable characters";
    if (!json_bool(json_get(body, "simulated"), &e->simulated))
        return "'simulated' must be true or false";
    if (!member_base64(json_get(body, "manifest"), MANIFEST_MAX, a, &e->manifest) ||
        !e->manifest.ptr)
        return "'manifest' must be base64";
    if (!member_base64(json_get(body, "quote"), QUOTE_MAX, a, &e->quote) || !e->quote.ptr)
        return "'quote' must be base64";
    if (!member_text(json_get(body, "event_log"), LOG_MAX, a, &e->event_log) ||
        !member_text(json_get(body, "vm_config"), LOG_MAX, a, &e->vm_config) ||
        !member_text(json_get(body, "app_compose"), LOG_MAX, a, &e->app_compose))
        return "'event_log', 'vm_config' and 'app_compose' must be texts";
    if (!member_text(json_get(body, "collateral"), COLLATERAL_MAX, a, collateral))
        return "'collateral' must be a text";
    return NULL;
}

static const char *statement_get(struct json v, struct arena *a, struct statement_row *s)
{
    uint64_t created = 0;

    if (!member_base64(json_get(v, "statement"), STATEMENT_MAX, a, &s->bytes) || !s->bytes.ptr)
        return "'statement' must be base64";
    if (!member_sig(json_get(v, "signature"), &s->sig))
        return "'signature' must be 128 hex digits";
    if (!member_count(json_get(v, "job_id"), &s->job_id))
        return "'job_id' must be a number";
    if (!member_count(json_get(v, "created_at"), &created))
        return "'created_at' must be a number";
    s->created_s = (int64_t)created;
    if (!member_text(json_get(v, "attached_usd"), EVIDENCE_USD_MAX, a, &s->attached_usd))
        return "'attached_usd' must be a text";
    if (!member_base64(json_get(v, "input"), EVIDENCE_PAYLOAD_MAX, a, &s->input) ||
        !member_base64(json_get(v, "delivered"), EVIDENCE_PAYLOAD_MAX, a, &s->delivered))
        return "'input' and 'delivered' must be base64 of at most 8192 bytes";
    return NULL;
}

const char *statements_body(struct json body, struct arena *a, struct hash256 *session,
                            struct statement_row **rows, size_t *n)
{
    struct json list = json_get(body, "statements");
    const char *wrong = NULL;
    size_t count, i = 0;

    if (!member_hash(json_get(body, "session_id"), session))
        return "'session_id' must be 64 hex digits";
    if (json_type(list) != JSON_ARRAY)
        return "'statements' must be a list";
    count = json_count(list);
    if (count > STATEMENTS_AT_ONCE)
        return "at most 256 statements at once";
    *rows = arena_new_n(a, struct statement_row, count);
    for (struct json_iter it = json_iter(list); !wrong && json_next(&it); i++) {
        (*rows)[i].session = *session;
        wrong = statement_get(it.value, a, &(*rows)[i]);
    }
    *n = count;
    return wrong;
}

const char *batch_body(struct json body, struct arena *a, struct batch_row *b)
{
    struct json height = json_get(body, "block_height");

    if (!member_base64(json_get(body, "head"), BATCH_HEAD_LEN, a, &b->head_bytes) ||
        !b->head_bytes.ptr || batch_head_read(b->head_bytes, &b->head, NULL) ||
        b->head.first_seq > INT64_MAX)
        return "'head' must be the base64 of a batch head";
    if (!member_sig(json_get(body, "signature"), &b->sig))
        return "'signature' must be 128 hex digits";
    if (!json_bool(json_get(body, "closed"), &b->closed))
        return "'closed' must be true or false";
    if (!member_text(json_get(body, "transaction"), HASH_TEXT_MAX, a, &b->anchor_tx) ||
        !member_text(json_get(body, "contract"), HASH_TEXT_MAX, a, &b->anchor_contract))
        return "'transaction' and 'contract' must be texts";
    if (!json_is_null(height) && !member_count(height, &b->anchor_height))
        return "'block_height' must be a number";
    return NULL;
}

const char *wishes_body(struct json body, struct str *worker, uint64_t *wait_ms)
{
    if (!member_id(json_get(body, "worker"), worker) ||
        !json_u64(json_get(body, "wait_ms"), wait_ms))
        return "'worker' must be 1 to 64 printable characters and 'wait_ms' a number";
    return NULL;
}

const char *quote_body(struct json body, struct arena *a, struct quote_told *q)
{
    struct json nonce = json_get(body, "nonce");
    struct str error, hex;
    uint8_t bytes[32];

    if (!member_hash(json_get(body, "digest"), &q->digest) ||
        !member_base64(json_get(body, "quote"), QUOTE_MAX, a, &q->quote) ||
        !member_text(json_get(body, "error"), WHY_MAX, a, &error) || (!q->quote.ptr && !error.ptr))
        return "'digest' must be 64 hex digits, and 'quote' base64 or 'error' a text";
    q->nonce = STR("");
    if (json_is_null(nonce))
        return NULL;
    if (!json_plain(nonce, &hex) || !hex_get(hex, bytes, sizeof bytes))
        return "'nonce' must be 64 hex digits";
    q->nonce = arena_str(a, str_from(bytes, sizeof bytes));
    return NULL;
}
