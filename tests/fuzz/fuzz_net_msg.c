/* Requests and answers of guests on their way: the first byte chooses the message. What is read is
 * written back alike, and holds what the readers promise. */
#include "guest/net_msg.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net_field fields[NET_FIELDS_MAX];

static void promised(const struct net_field *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        BUG_ON(!net_is_token(list[i].name) || str_has_byte(list[i].value, '\n') ||
               str_has_byte(list[i].value, '\r') || str_has_byte(list[i].value, '\0'));
}

static bool read_and_write(uint8_t which, struct str body, struct buf *again)
{
    struct net_told told = {0};
    struct net_response r = {0};
    struct net_request q = {0};
    struct net_answer a = {0};
    struct net_ask ask = {0};
    struct str host;
    uint64_t run;

    switch (which % 6) {
    case 0:
        if (!net_request_read(body, &run, &q, fields))
            return false;
        promised(q.fields, q.nfields);
        BUG_ON(!net_host(q.authority, &host) || host.len == 0 || host.len >= NET_HOST_MAX);
        net_request_write(again, run, &q);
        return true;
    case 1:
        if (!net_head_read(body, &r))
            return false;
        promised(r.fields, r.nfields);
        net_head_write(again, &r);
        return true;
    case 2:
        if (!net_ask_read(body, &ask, fields))
            return false;
        net_ask_write(again, &ask);
        return true;
    case 3:
        if (!net_told_read(body, &told))
            return false;
        net_told_write(again, &told);
        return true;
    case 4:
        if (!net_answer_read(body, &run, &a))
            return false;
        net_answer_write(again, run, &a);
        return true;
    default:
        if (!net_end_read(body, &r))
            return false;
        net_end_write(again, &r);
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf again = BUF_INIT(NET_MESSAGE_MAX);
    struct str body;

    if (size == 0)
        return 0;
    body = str_from(data + 1, size - 1);
    if (read_and_write(data[0], body, &again))
        BUG_ON(!str_eq(body, buf_str(&again)));
    buf_release(&again);
    return 0;
}
