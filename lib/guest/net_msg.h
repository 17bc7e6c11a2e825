/*
 * net_msg.h — HTTP requests of a guest on their way: exec child → supervisor → broker, and back.
 *
 *     child → supervisor    http    run, id, request
 *     supervisor → child    answer  run, id, response
 *     supervisor → broker   ask     time, bytes, loopback, request
 *     broker → supervisor   told    response, address, port, bytes sent and received, time
 *
 * A child has one request under way at a time. Everything that comes from a child or a broker is a
 * stranger's word: readers check the syntax of methods, hosts, paths and headers, so that nothing
 * can be put between the lines of a request.
 *
 * Readers borrow from the body they read.
 */
#ifndef GUEST_NET_MSG_H
#define GUEST_NET_MSG_H

#include "engine/net.h"

/* All of a request or an answer, and what is added to it. */
#define NET_ASK_MAX                                                                                \
    (NET_SEND_MAX + NET_HEAD_MAX + NET_FIELDS_MAX * 8 + NET_METHOD_MAX + NET_AUTHORITY_MAX +       \
     NET_PATH_MAX + 256)
#define NET_TOLD_MAX (NET_RECEIVE_MAX + NET_HEAD_MAX + NET_FIELDS_MAX * 8 + NET_TEXT_MAX + 256)

enum net_type { NET_ASK = 64, NET_TOLD };

void net_request_write(struct buf *b, uint64_t run, uint32_t id, const struct net_request *q);
MUST_USE bool net_request_read(struct str body, uint64_t *run, uint32_t *id, struct net_request *q,
                               struct net_field fields[NET_FIELDS_MAX]);

void net_response_write(struct buf *b, uint64_t run, uint32_t id, const struct net_response *r);
MUST_USE bool net_response_read(struct str body, uint64_t *run, uint32_t *id,
                                struct net_response *r);

struct net_ask {
    uint32_t timeout_ms;
    uint32_t max_bytes; /* of the answer's body */
    bool loopback;
    struct net_request request;
};

void net_ask_write(struct buf *b, const struct net_ask *a);
MUST_USE bool net_ask_read(struct str body, struct net_ask *a,
                           struct net_field fields[NET_FIELDS_MAX]);

struct net_told {
    struct net_response response;
    struct str address;
    uint16_t port;
    uint64_t sent, received;
    uint32_t time_ms;
};

void net_told_write(struct buf *b, const struct net_told *t);
MUST_USE bool net_told_read(struct str body, struct net_told *t);

#endif
