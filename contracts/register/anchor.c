/*
 * anchor.c — roots of batches of statements, in the order of their numbers.
 *
 * Anybody may bring a batch: the session's statement key has signed its head. A batch begins with
 * the number that the one before ended with, so nothing can be left out or put in between once it
 * is anchored. The root stays in the event, the session keeps the count.
 */
#include "attest/batch_head.h"
#include "codec/base64.h"
#include "register/register.h"

#define ANCHOR_DAYS 1u /* after the end of the epoch */

static struct str base64_arg(struct json args, const char *name)
{
    struct buf b = near_buf();

    if (!base64_get(arg_str(args, name), &b))
        near_bad_args("expected base64:", name);
    return buf_str(&b);
}

static void announce(const struct session *s, const struct batch_head *h, bool simulated)
{
    struct buf b = near_buf();

    json_obj(&b);
    put_hex(&b, "session_id", str_from(h->session.b, 32));
    put_key(&b, "public_key", s->key);
    put_u64(&b, "first_seq", h->first_seq);
    put_u64(&b, "count", h->count);
    put_hex(&b, "root", str_from(h->root.b, 32));
    put_u64(&b, "time_ms", h->time_ms);
    put_bool(&b, "simulated", simulated);
    json_obj_end(&b);
    event("batch_anchored", buf_str(&b));
}

/*
 * head       base64 of the signed head (lib/attest/batch_head.h), label and all
 * signature  base64 of 64 bytes
 * → the number that the next batch must begin with
 */
NEAR_CALL(anchor_batch)
{
    struct str head = base64_arg(args, "head"), signature = base64_arg(args, "signature");
    struct buf why = WHY_INIT;
    struct settings c;
    struct session s;
    struct batch_head h;
    struct manifest m;

    settings_load(&c);
    if (batch_head_read(head, &h, &why))
        near_panic(buf_str(&why));
    REQUIRE(session_load(str_from(h.session.b, 32), &s), "There is no such session");
    if (manifest_read(s.manifest, &m, &why))
        near_panic(buf_str(&why));
    REQUIRE(now_seconds() <= m.not_after + ANCHOR_DAYS * 86400, "The session is over");
    REQUIRE(signature.len == 64 &&
                near_ed25519_verify((const uint8_t *)signature.ptr, head, m.statement_key),
            "The batch is not signed with the session's statement key");
    if (h.first_seq != s.statements)
        PANIC("The batch begins with statement {}, but {} is next", near_dec(h.first_seq),
              near_dec(s.statements));
    s.statements += h.count;
    s.anchored = now_seconds();
    session_store(str_from(h.session.b, 32), &s);
    announce(&s, &h, c.root.len > 0);
    near_return_u64(s.statements);
}
