/*
 * broker.h — requests of a running guest, made for it: one question, one answer (guest/net_msg.h).
 *
 * The supervisor has decided that the host may be asked; the address is decided here, after the
 * only time that the name is resolved (http/exchange.h).
 */
#ifndef FETCH_BROKER_H
#define FETCH_BROKER_H

#include "base/err.h"

/* Until the supervisor goes: ERR_CLOSED. */
MUST_USE enum err broker_serve(int sock, struct buf *why);

#endif
