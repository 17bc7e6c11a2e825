/*
 * route_secrets.c — what anybody may ask a keystore, at the coordinator's address.
 */
#include "coordinator/forward.h"
#include "coordinator/reply.h"
#include "coordinator/routes.h"

static void hand_on(struct coord *c, struct http_req *r, const char *path)
{
    if (!c->keystore)
        reply_error(r, 503, "this coordinator was started without a keystore (--keystore-url)");
    else if (http_req_header(r, "X-Customer-Vault").ptr)
        reply_error(r, 400, "the keystore has no vaults; leave out X-Customer-Vault");
    else
        forward(c->keystore, r, path);
}

void route_secrets_pubkey(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    hand_on(c, r, "/pubkey");
}

void route_secrets_generate(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    hand_on(c, r, "/add_generated_secret");
}

void route_secrets_update(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    hand_on(c, r, "/update_user_secrets");
}

void route_vrf_pubkey(struct coord *c, struct http_req *r, struct str arg UNUSED)
{
    hand_on(c, r, "/vrf/pubkey");
}
