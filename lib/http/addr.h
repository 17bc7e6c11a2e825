/*
 * addr.h — which network addresses a program on behalf of strangers may connect to.
 *
 * Whoever names a URL must not reach our own machine or the networks behind it through us. The
 * check is made on the address a connection is about to be made to, never on a name: a name may
 * mean another address a moment later.
 *
 * Source: the IANA special-purpose address registries (RFC 6890 and its updates).
 */
#ifndef HTTP_ADDR_H
#define HTTP_ADDR_H

#include <sys/socket.h>

#include "base/def.h"

enum addr_kind {
    ADDR_PUBLIC,
    ADDR_LOOPBACK, /* 127/8, ::1 */
    ADDR_SPECIAL,  /* private, link-local, reserved, multicast, documentation, … */
};

/* IPv4 within IPv6 (mapped, compatible) counts as what it holds. Other families are special. */
enum addr_kind addr_kind(const struct sockaddr *sa);
/* Is it no further away than this machine and its link? Loopback, unspecified, link-local (where
 * clouds hand out credentials), multicast, broadcast. For those who may reach private networks. */
bool addr_is_near(const struct sockaddr *sa);

#endif
