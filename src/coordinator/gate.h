/*
 * gate.h — with --register-id only workers whose keys a registered quote binds come in.
 *
 * The bearer token says that somebody belongs to the operator; a session (secrets/sessions.h) says
 * that he holds the keys of a quote that the register contract has taken. A worker enters one with
 * /workers/tee-challenge and /workers/register-tee and names it in X-TEE-Session from then on.
 * Sessions are in memory: after a restart workers enter again.
 *
 * Whether a request has a session is looked up without waiting. The chain is asked by one thread of
 * the gate's own, which answers registrations and confirms sessions again and again.
 */
#ifndef COORDINATOR_GATE_H
#define COORDINATOR_GATE_H

#include "http/server.h"
#include "secrets/sessions.h"

struct gate;

/* Texts are borrowed. The chain is asked about each session every `recheck_s`. */
struct gate *gate_new(const char *rpc_url, struct str contract_id, struct str register_id,
                      uint64_t recheck_s);
void gate_free(struct gate *g); /* NULL is fine */
void *gate_main(void *gate);    /* its thread; ends after */
void gate_stop(struct gate *g); /* after the HTTP server */

/* Has the request a session? Otherwise it has been answered with 401. */
MUST_USE bool gate_passes(struct gate *g, struct http_req *r);
void gate_challenge(struct gate *g, struct http_req *r);
/* Answered later, by the thread. */
void gate_register(struct gate *g, struct http_req *r);

#endif
