/* fetch_msg.c — see fetch_msg.h. */
#include "fetch/fetch_msg.h"

#include <string.h>

#include "codec/wire.h"

void fetch_ask_write(struct buf *out, const struct fetch_ask *a)
{
    wr_bytes(out, a->url);
    buf_add(out, a->sha256.b, sizeof(a->sha256.b));
    wr_u64(out, a->max_bytes);
    wr_u32(out, a->time_ms);
    wr_u8(out, a->allow_http_loopback);
}

enum err fetch_ask_read(struct str body, struct fetch_ask *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct fetch_ask a;

    memset(&a, 0, sizeof(a));
    a.url = rd_text(&r, FETCH_URL_MAX);
    rd_copy(&r, a.sha256.b, sizeof(a.sha256.b));
    a.max_bytes = rd_u64(&r);
    a.time_ms = rd_u32(&r);
    a.allow_http_loopback = rd_bool(&r);
    if (!a.max_bytes || a.max_bytes > FETCH_SIZE_MAX || !a.time_ms || a.time_ms > FETCH_MS_MAX)
        rd_fail(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed question to the fetch child at byte %zu", r.at);
    *out = a;
    return ERR_OK;
}

void fetch_ref_write(struct buf *out, const struct fetch_ref *r)
{
    wr_bytes(out, r->repo);
    wr_bytes(out, r->ref);
    wr_u32(out, r->time_ms);
    wr_u8(out, r->allow_http_loopback);
}

enum err fetch_ref_read(struct str body, struct fetch_ref *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct fetch_ref a;

    memset(&a, 0, sizeof(a));
    a.repo = rd_text(&r, REPO_MAX);
    a.ref = rd_text(&r, REF_MAX);
    a.time_ms = rd_u32(&r);
    a.allow_http_loopback = rd_bool(&r);
    if (!a.time_ms || a.time_ms > FETCH_MS_MAX)
        rd_fail(&r);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed question to the fetch child at byte %zu", r.at);
    *out = a;
    return ERR_OK;
}

void fetch_answer_write(struct buf *out, const struct fetch_answer *a)
{
    wr_u8(out, (uint8_t)a->result);
    wr_u16(out, a->status);
    wr_u64(out, a->size);
    wr_u32(out, a->time_ms);
    buf_add(out, a->sha256.b, sizeof(a->sha256.b));
    wr_bytes(out, str_head(a->text, FETCH_TEXT_MAX));
}

enum err fetch_answer_read(struct str body, struct fetch_answer *out, struct buf *why)
{
    struct rd r = rd_over(body);
    struct fetch_answer a;
    uint8_t result = rd_u8(&r);

    memset(&a, 0, sizeof(a));
    if (result >= FETCH_RESULTS)
        rd_fail(&r);
    a.result = (enum fetch_result)result;
    a.status = rd_u16(&r);
    a.size = rd_u64(&r);
    a.time_ms = rd_u32(&r);
    rd_copy(&r, a.sha256.b, sizeof(a.sha256.b));
    a.text = rd_bytes(&r, FETCH_TEXT_MAX);
    if (!rd_end(&r))
        return err_put(why, ERR_FORMAT, "malformed answer of the fetch child at byte %zu", r.at);
    *out = a;
    return ERR_OK;
}
