/*
 * broker.h — the only way from a build to the network.
 *
 * A process that stays in the machine's network namespace and accepts connections from the build's
 * (it is handed a socket that was made there). It speaks SOCKS 5 (RFC 1928) without a login: name
 * and port, nothing else. It connects to what is on its list and refuses the rest, so that tools
 * which fetch dependencies reach their registry and nothing else: TLS goes through it untouched.
 *
 * The list is made before it starts and can only get shorter. Addresses are resolved by the broker
 * and judged, too: a name on the list that means an address it should not is refused, whoever made
 * it mean that. What it refused can be asked for afterwards. It has no files, no keys, no user of
 * its own among ours, and system calls by a list (proc/net_wall.h). Thread: the only one.
 */
#ifndef COMPILE_BROKER_H
#define COMPILE_BROKER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

#define BROKER_ALLOW_MAX   16
#define BROKER_HOST_MAX    255
#define BROKER_REFUSED_MAX 512                 /* bytes of names told */
#define BROKER_CONNS_MAX   64                  /* at once */
#define BROKER_BYTES_MAX   (UINT64_C(2) << 30) /* both ways, all connections */

enum broker_reach {
    BROKER_PUBLIC,   /* a stranger chose the name: public addresses only */
    BROKER_OPERATOR, /* a registry, which the operator chose: also in private networks, but never
                        this machine or its link */
    BROKER_LOOPBACK, /* for development: this machine only */
};

struct broker_target {
    enum broker_reach reach;
    char host[BROKER_HOST_MAX + 1];
    unsigned port;
};

struct broker {
    struct broker_target allow[BROKER_ALLOW_MAX];
    size_t n;
    pid_t pid;
    int sock; /* to it; -1 before it started */
};
#define BROKER_INIT ((struct broker){.sock = -1})

/* false: no room, or no name. */
MUST_USE bool broker_allow(struct broker *b, struct str host, unsigned port,
                           enum broker_reach reach);
/* Of the answers to a name: may one be connected to? */
bool broker_reaches(enum broker_reach reach, const struct sockaddr *sa);
/* Fork it, in the namespaces of now, as `uid`; it ends with us. */
MUST_USE enum err broker_start(struct broker *b, uid_t uid, gid_t gid, struct buf *why);
/* Give it the listening socket. */
MUST_USE enum err broker_open(struct broker *b, int door, struct buf *why);
/* From now on only what is BROKER_OPERATOR; connections end. */
MUST_USE enum err broker_narrow(struct broker *b, struct buf *why);
/* Append the names it has refused since it was asked last, separated by spaces. */
void broker_refused(struct broker *b, struct buf *out);

#endif
