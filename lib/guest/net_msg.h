/*
 * net_msg.h — HTTP requests of a guest on their way: exec child → supervisor → broker, and back.
 *
 *     child → supervisor    http    run, head of the request
 *     supervisor → broker   ask     run, id, budgets, head; descriptor: one end of a stream
 *     supervisor → child    answer  run, and the other end of it; or why not
 *
 *     on the stream, while supervisor and child go on:
 *     child → broker        piece   of the request's body; an empty one is its end
 *     broker → child        head    of the answer
 *                           piece   of its body
 *                           end     and how
 *
 *     broker → supervisor   told    run, id, what became of it: before the child sees the end
 *
 * Everything that comes from a child or a broker is a stranger's word: readers check the syntax of
 * methods, hosts, paths and headers, so that nothing can be put between the lines of a request.
 *
 * Readers borrow from the body they read.
 */
#ifndef GUEST_NET_MSG_H
#define GUEST_NET_MSG_H

#include "engine/net.h"

/* A head with all that is added to it in any message. */
#define NET_MESSAGE_MAX                                                                            \
    (NET_HEAD_MAX + NET_FIELDS_MAX * 8 + NET_METHOD_MAX + NET_AUTHORITY_MAX + NET_PATH_MAX +       \
     NET_TEXT_MAX + 256)

enum net_type { NET_ASK = 64, NET_TOLD, NET_PIECE, NET_HEAD, NET_END };

void net_request_write(struct buf *b, uint64_t run, const struct net_request *q);
MUST_USE bool net_request_read(struct str body, uint64_t *run, struct net_request *q,
                               struct net_field fields[NET_FIELDS_MAX]);

/* Whether it is being made: no error, then a descriptor goes along, and the time it has. */
struct net_answer {
    enum net_error error;
    struct str text;
    uint32_t timeout_ms;
};
void net_answer_write(struct buf *b, uint64_t run, const struct net_answer *a);
MUST_USE bool net_answer_read(struct str body, uint64_t *run, struct net_answer *a);

struct net_ask {
    uint64_t run;
    uint32_t id;
    uint32_t timeout_ms;
    uint64_t bytes_max; /* of the run: all its requests together */
    bool loopback;
    struct str setting; /* what would allow it; empty: nothing */
    struct net_request request;
};
void net_ask_write(struct buf *b, const struct net_ask *a);
MUST_USE bool net_ask_read(struct str body, struct net_ask *a,
                           struct net_field fields[NET_FIELDS_MAX]);

void net_head_write(struct buf *b, const struct net_response *r);
MUST_USE bool net_head_read(struct str body, struct net_response *r);
void net_end_write(struct buf *b, const struct net_response *r);
MUST_USE bool net_end_read(struct str body, struct net_response *r);

struct net_told {
    uint64_t run;
    uint32_t id;
    enum net_error error;
    struct str text;
    uint16_t status;
    struct str address;
    uint16_t port;
    uint64_t sent, received;
    uint32_t time_ms;
};
void net_told_write(struct buf *b, const struct net_told *t);
MUST_USE bool net_told_read(struct str body, struct net_told *t);

#endif
