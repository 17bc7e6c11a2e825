/*
 * statement.c — answers that an attested machine vouches for.
 *
 * When the owner asks for it, an answer is taken only with the worker's statement about the run,
 * signed with a key that the operator's register contract got by a quote and put here. So a stolen
 * access key answers nothing. The statement must be about this request, its program, its input,
 * its result and what is charged for it.
 *
 * The form of a statement is that of lib/attest/statement.h. Who does not ask for it pays for one
 * test of a bit.
 */
#include <string.h>

#include "attest/label.h"
#include "codec/hex.h"
#include "outlayer/outlayer.h"

#define TAG_KEY  'k' /* session id → key, last second */
#define TEXT_MAX 4096u
enum { COMPILE, EXECUTE };

static struct str hex_arg(struct json args, const char *name)
{
    struct str text = arg_str(args, name);
    uint8_t *bytes = mem_alloc(text.len / 2);

    if (!hex_get(text, bytes, text.len / 2))
        near_bad_args("expected hexadecimal:", name);
    return str_from(bytes, text.len / 2);
}

/* session_id, statement_key: hexadecimal; not_after: seconds, 0 takes the key away. */
NEAR_CALL(set_statement_key)
{
    struct str key = near_key(TAG_KEY, hex_arg(args, "session_id"));
    struct str statement_key = hex_arg(args, "statement_key");
    uint64_t not_after = arg_u64(args, "not_after");
    struct buf b = near_buf();
    struct config c;

    config_for_operator(&c);
    REQUIRE(statement_key.len == 32, "expected 32 bytes");
    buf_add_str(&b, statement_key);
    wr_u64(&b, not_after);
    if (not_after)
        near_write_buf(key, &b);
    else
        near_remove(key);
}

NEAR_CALL(set_statements_required)
{
    struct config c;
    config_for_owner(&c);
    c.flags = (uint8_t)((c.flags & ~FLAG_STATEMENTS) |
                        (arg_bool(args, "required") ? FLAG_STATEMENTS : 0));
    config_store(&c);
}

NEAR_VIEW(are_statements_required)
{
    struct config c;
    config_load(&c);
    near_return_bool(c.flags & FLAG_STATEMENTS);
}

/* What we compare, of all that is in a statement. */
struct statement {
    struct str session, wasm, input, delivered;
    uint64_t request_id, instructions, time_ms, compile_ms;
    uint8_t kind, origin, status;
};

static void skip_texts(struct rd *r, unsigned n)
{
    while (n--)
        rd_bytes(r, TEXT_MAX);
}

static void read(struct rd *r, struct statement *s)
{
    rd_fixed(r, 2);
    s->session = rd_fixed(r, 32);
    rd_fixed(r, 8 + 32); /* number, predecessor */
    s->kind = rd_u8(r);
    s->origin = rd_u8(r);
    s->request_id = rd_u64(r);
    rd_fixed(r, 32 + 32 + 8); /* data id, transaction, block: of the first of several yields */
    skip_texts(r, 1);         /* caller */
    skip_texts(r, rd_bool(r) ? 2 : 0);
    if (rd_bool(r)) {
        skip_texts(r, 1); /* URL */
    } else {
        skip_texts(r, 2); /* repository, reference, commit */
        rd_fixed(r, 20);
    }
    skip_texts(r, 1); /* target */
    s->wasm = rd_fixed(r, 32);
    rd_fixed(r, 8);
    rd_fixed(r, rd_bool(r) ? 32 : 0); /* statement of the build */
    s->input = rd_fixed(r, 32);
    rd_fixed(r, 8 + 32); /* its length, environment */
    if (rd_bool(r)) {
        skip_texts(r, 2); /* secrets */
        rd_fixed(r, 32);
    }
    rd_fixed(r, 8 + 4 + 8); /* limits */
    s->status = rd_u8(r);
    rd_fixed(r, 4 + 32 + 8 + 1); /* exit code, stdout, format */
    s->delivered = rd_fixed(r, 32);
    s->instructions = rd_u64(r);
    s->time_ms = rd_u64(r);
    s->compile_ms = rd_u64(r);
}

static bool is_hash_of(struct str hash, struct str bytes)
{
    uint8_t h[32];

    near_sha256(bytes, h);
    return str_eq(hash, str_from(h, sizeof h));
}

/* The program that the request names by its hash. */
static bool is_program(const struct statement *s, const struct source *from)
{
    uint8_t h[32];

    return from->kind != SOURCE_WASM_URL ||
           (hex_get(from->b, h, sizeof h) && str_eq(s->wasm, str_from(h, sizeof h)));
}

void statement_check(const struct request *q, struct json args, struct str delivered,
                     const struct answer *a)
{
    struct buf message = near_buf();
    struct str row = STR_NONE, sig, key;
    struct statement s;

    label_put(&message, LABEL_STATEMENT);
    buf_add_str(&message, hex_arg(args, "statement"));
    sig = hex_arg(args, "signature");
    struct rd r = rd_over(str_skip(buf_str(&message), LABEL_LEN));
    read(&r, &s);
    REQUIRE(!r.bad && near_read(near_key(TAG_KEY, s.session), &row),
            "The statement is of no registered session");
    r = rd_over(row);
    key = rd_fixed(&r, 32);
    REQUIRE(near_timestamp() / 1000000000u <= rd_u64(&r), "The statement's session is over");
    REQUIRE(sig.len == 64 && near_ed25519_verify((const uint8_t *)sig.ptr, buf_str(&message),
                                                 (const uint8_t *)key.ptr),
            "The statement is not signed by its session");
    REQUIRE(s.origin == 0 && s.request_id == q->id &&
                (s.kind == COMPILE ||
                 (is_hash_of(s.input, q->input) && is_program(&s, &q->resolved))) &&
                (s.status == 0) == a->success && is_hash_of(s.delivered, delivered) &&
                s.instructions == a->used.instructions && s.time_ms == a->used.time_ms &&
                s.compile_ms == a->used.compile_ms,
            "The statement is about something else");
}
