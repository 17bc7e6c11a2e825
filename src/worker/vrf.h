/* vrf.h — verifiable randomness as the keystore draws it (guest/host_vrf.h), in the worker's
 * session.
 */
#ifndef WORKER_VRF_H
#define WORKER_VRF_H

#include "guest/host_vrf.h"
#include "worker/keystore.h"

/* Borrows `c`. */
struct vrf_source vrf_source_keystore(struct keystore_client *c);

#endif
