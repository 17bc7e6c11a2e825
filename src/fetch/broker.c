/* broker.c — see broker.h. */
#include "fetch/broker.h"

#include "base/clock.h"
#include "guest/net_msg.h"
#include "http/exchange.h"
#include "proc/frame.h"

static enum net_error error_of(enum exchange_end end)
{
    static const enum net_error errors[] = {
        [EXCHANGE_OK] = NET_NONE,         [EXCHANGE_BAD_URL] = NET_URI,
        [EXCHANGE_NO_HOST] = NET_DNS,     [EXCHANGE_PROHIBITED] = NET_PROHIBITED,
        [EXCHANGE_REFUSED] = NET_REFUSED, [EXCHANGE_TIMEOUT] = NET_READ_TIMEOUT,
        [EXCHANGE_TLS] = NET_TLS,         [EXCHANGE_CUT] = NET_CUT,
        [EXCHANGE_TOO_BIG] = NET_TOO_BIG, [EXCHANGE_PROTOCOL] = NET_PROTOCOL,
    };
    return errors[end];
}

/* The head's lines; what is no header by our rule is left out. */
static void take_fields(struct str head, struct net_response *out)
{
    while (head.len && out->nfields < NET_FIELDS_MAX) {
        struct str line, name, value;
        head = str_cut(head, '\n', &line);
        value = str_trim(str_cut(line, ':', &name));
        if (net_is_token(name) && name.len <= NET_NAME_MAX && net_is_value(value))
            out->fields[out->nfields++] = (struct net_field){name, value};
    }
}

static enum err answer(int sock, struct exchanger *x, const struct net_ask *ask, struct buf *why)
{
    const struct net_request *q = &ask->request;
    struct buf url = BUF_INIT(EXCHANGE_URL_MAX), body = BUF_INIT(NET_TOLD_MAX);
    struct exchange_field fields[NET_FIELDS_MAX];
    struct exchange what = {.method = q->method,
                            .fields = fields,
                            .nfields = q->nfields,
                            .body = q->body,
                            .timeout_ms = ask->timeout_ms,
                            .max_bytes = ask->max_bytes,
                            .allow_loopback = ask->loopback};
    struct exchange_result r;
    uint64_t start = clock_mono_ms();
    enum err e;

    buf_addf(&url, "%s://%.*s%s%.*s", q->https ? "https" : "http", STR_ARG(q->authority),
             q->path.len && q->path.ptr[0] == '/' ? "" : "/", STR_ARG(q->path));
    for (size_t i = 0; i < q->nfields; i++)
        fields[i] = (struct exchange_field){q->fields[i].name, q->fields[i].value};
    what.url = buf_str(&url);
    exchange(x, &what, &r);
    struct net_told told = {.response = {.error = error_of(r.end),
                                         .text = buf_str(&r.why),
                                         .status = (uint16_t)r.status},
                            .address = str_of(r.address),
                            .port = r.port,
                            .sent = r.sent,
                            .received = r.received,
                            .time_ms = (uint32_t)(clock_mono_ms() - start)};
    if (r.end == EXCHANGE_OK) {
        take_fields(buf_str(&r.head), &told.response);
        told.response.body = buf_str(&r.body);
    }
    net_told_write(&body, &told);
    e = frame_send(sock, NET_TOLD, buf_str(&body), NULL, 0, FRAME_FOREVER, why);
    exchange_result_release(&r);
    buf_wipe(&body);
    buf_wipe(&url);
    return e;
}

enum err broker_serve(int sock, struct buf *why)
{
    struct frame f = FRAME_INIT(NET_ASK_MAX);
    struct net_field fields[NET_FIELDS_MAX];
    struct exchanger *x = exchanger_new();
    struct net_ask ask = {0};
    enum err e = ERR_OK;

    while (!e) {
        e = frame_recv(sock, &f, FRAME_FOREVER, why);
        if (!e && (f.type != NET_ASK || f.nfds || !net_ask_read(buf_str(&f.body), &ask, fields)))
            e = err_put(why, ERR_FORMAT, "the supervisor sent something that is no request");
        if (!e)
            e = answer(sock, x, &ask, why);
    }
    exchanger_free(x);
    frame_release(&f);
    return e;
}
