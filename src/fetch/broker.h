/*
 * broker.h — requests of a running guest, made for it (guest/net_msg.h), each in a thread.
 *
 * The supervisor has decided that the host may be asked; the address is decided here, after the
 * only time that the name is resolved (http/exchange.h). The guest's bytes come and go over the
 * request's own stream. How it went is told to the supervisor before the guest sees its end.
 */
#ifndef FETCH_BROKER_H
#define FETCH_BROKER_H

#include "base/err.h"

/* Until the supervisor goes: ERR_CLOSED. */
MUST_USE enum err broker_serve(int sock, struct buf *why);

#endif
