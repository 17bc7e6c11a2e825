/*
 * forward.h — questions about secrets, handed on to the keystore.
 *
 * Clients know one address, the coordinator's. It hands on what anybody may ask a keystore (public
 * keys, merging), and nothing that workers ask. What it sees are names and ciphertexts, unless a
 * client sends values in the clear, as older ones do; it keeps nothing of either.
 *
 * A few threads of its own wait for the keystore, so nobody else waits behind it.
 */
#ifndef COORDINATOR_FORWARD_H
#define COORDINATOR_FORWARD_H

#include "http/server.h"

struct forwarder;

/* `url` is borrowed. */
struct forwarder *forwarder_start(const char *url);
void forwarder_stop(struct forwarder *f); /* after the HTTP server; NULL is fine */

/* Answer `r` with what the keystore says to `path`; 503 when too many wait, 502 when it is away. */
void forward(struct forwarder *f, struct http_req *r, const char *path);

#endif
