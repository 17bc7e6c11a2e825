/* net_msg.c — see net_msg.h. */
#include "guest/net_msg.h"

#include "codec/wire.h"

#define ADDRESS_MAX 47u

static void fields_write(struct buf *b, const struct net_field *fields, size_t n)
{
    wr_u32(b, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        wr_bytes(b, fields[i].name);
        wr_bytes(b, fields[i].value);
    }
}

static size_t fields_read(struct rd *r, struct net_field *fields)
{
    size_t n = rd_count(r, NET_FIELDS_MAX);

    for (size_t i = 0; i < n; i++) {
        fields[i].name = rd_bytes(r, NET_NAME_MAX);
        fields[i].value = rd_bytes(r, NET_HEAD_MAX);
        if (!net_is_token(fields[i].name) || !net_is_value(fields[i].value))
            rd_fail(r);
    }
    return n;
}

static void request_write(struct buf *b, const struct net_request *q)
{
    wr_bytes(b, q->method);
    wr_u8(b, q->https);
    wr_bytes(b, q->authority);
    wr_bytes(b, q->path);
    wr_u8(b, q->has_length);
    wr_u64(b, q->length);
    wr_u32(b, q->head_ms);
    wr_u32(b, q->gap_ms);
    fields_write(b, q->fields, q->nfields);
}

static void request_read(struct rd *r, struct net_request *q, struct net_field *fields)
{
    struct str host;

    q->method = rd_bytes(r, NET_METHOD_MAX);
    q->https = rd_bool(r);
    q->authority = rd_bytes(r, NET_AUTHORITY_MAX);
    q->path = rd_bytes(r, NET_PATH_MAX);
    q->has_length = rd_bool(r);
    q->length = rd_u64(r);
    q->head_ms = rd_u32(r);
    q->gap_ms = rd_u32(r);
    q->fields = fields;
    q->nfields = fields_read(r, fields);
    /* An exec child that its guest has taken over does not get past the policy on hosts by a Host
     * of its own, nor says twice how long its body is. */
    for (size_t i = 0; i < q->nfields; i++)
        if (net_is_hop(fields[i].name))
            rd_fail(r);
    if (!net_is_token(q->method) || !net_host(q->authority, &host) || !net_is_path(q->path) ||
        q->length > INT64_MAX)
        rd_fail(r);
}

void net_request_write(struct buf *b, uint64_t run, const struct net_request *q)
{
    wr_u64(b, run);
    request_write(b, q);
}

bool net_request_read(struct str body, uint64_t *run, struct net_request *q,
                      struct net_field fields[NET_FIELDS_MAX])
{
    struct rd r = rd_over(body);

    *run = rd_u64(&r);
    request_read(&r, q, fields);
    return rd_end(&r);
}

static void error_write(struct buf *b, enum net_error error, struct str text)
{
    wr_u8(b, (uint8_t)error);
    wr_bytes(b, str_head(text, NET_TEXT_MAX));
}

static enum net_error error_read(struct rd *r, struct str *text)
{
    uint8_t error = rd_u8(r);

    if (error >= NET_ERROR_COUNT)
        rd_fail(r);
    *text = rd_bytes(r, NET_TEXT_MAX);
    return (enum net_error)error;
}

void net_answer_write(struct buf *b, uint64_t run, const struct net_answer *a)
{
    wr_u64(b, run);
    error_write(b, a->error, a->text);
    wr_u32(b, a->timeout_ms);
}

bool net_answer_read(struct str body, uint64_t *run, struct net_answer *a)
{
    struct rd r = rd_over(body);

    *run = rd_u64(&r);
    a->error = error_read(&r, &a->text);
    a->timeout_ms = rd_u32(&r);
    return rd_end(&r);
}

void net_ask_write(struct buf *b, const struct net_ask *a)
{
    wr_u64(b, a->run);
    wr_u32(b, a->id);
    wr_u32(b, a->timeout_ms);
    wr_u64(b, a->bytes_max);
    wr_u8(b, a->loopback);
    wr_bytes(b, str_head(a->setting, NET_SETTING_MAX));
    request_write(b, &a->request);
}

bool net_ask_read(struct str body, struct net_ask *a, struct net_field fields[NET_FIELDS_MAX])
{
    struct rd r = rd_over(body);

    a->run = rd_u64(&r);
    a->id = rd_u32(&r);
    a->timeout_ms = rd_u32(&r);
    a->bytes_max = rd_u64(&r);
    a->loopback = rd_bool(&r);
    a->setting = rd_text(&r, NET_SETTING_MAX);
    request_read(&r, &a->request, fields);
    if (!a->timeout_ms)
        rd_fail(&r);
    return rd_end(&r);
}

void net_head_write(struct buf *b, const struct net_response *v)
{
    wr_u16(b, v->status);
    fields_write(b, v->fields, v->nfields);
}

bool net_head_read(struct str body, struct net_response *v)
{
    struct rd r = rd_over(body);

    v->status = rd_u16(&r);
    v->nfields = fields_read(&r, v->fields);
    return rd_end(&r);
}

void net_end_write(struct buf *b, const struct net_response *v)
{
    error_write(b, v->error, v->text);
    wr_u8(b, v->impatient);
}

bool net_end_read(struct str body, struct net_response *v)
{
    struct rd r = rd_over(body);

    v->error = error_read(&r, &v->text);
    v->impatient = rd_bool(&r);
    return rd_end(&r);
}

void net_told_write(struct buf *b, const struct net_told *t)
{
    wr_u64(b, t->run);
    wr_u32(b, t->id);
    error_write(b, t->error, t->text);
    wr_u16(b, t->status);
    wr_bytes(b, str_head(t->address, ADDRESS_MAX));
    wr_u16(b, t->port);
    wr_u64(b, t->sent);
    wr_u64(b, t->received);
    wr_u32(b, t->time_ms);
}

bool net_told_read(struct str body, struct net_told *t)
{
    struct rd r = rd_over(body);

    t->run = rd_u64(&r);
    t->id = rd_u32(&r);
    t->error = error_read(&r, &t->text);
    t->status = rd_u16(&r);
    t->address = rd_text(&r, ADDRESS_MAX);
    t->port = rd_u16(&r);
    t->sent = rd_u64(&r);
    t->received = rd_u64(&r);
    t->time_ms = rd_u32(&r);
    return rd_end(&r);
}
