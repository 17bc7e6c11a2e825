/*
 * egress.h — which hosts a program may ask, by its own manifest: the custom section
 * `outlayer.manifest`, JSON (docs/formats/manifest.md).
 *
 * A program without a manifest, or with one that does not speak of the network, may ask what its
 * run may ask. One with a list is held to it. One whose manifest cannot be read asks nobody:
 * somebody meant to hold it to something. A connector, a program that others entrust with their own
 * accounts elsewhere, asks nobody unless it lists whom.
 *
 * Source: interface specification 5.6, "Manifest".
 */
#ifndef GUEST_EGRESS_H
#define GUEST_EGRESS_H

#include "base/buf.h"
#include "engine/section.h"

#define EGRESS_HOSTS_MAX 256u

enum egress_rule {
    EGRESS_OPEN, /* says nothing about the network */
    EGRESS_LIST,
    EGRESS_BROKEN, /* `fault` */
};

struct egress {
    enum egress_rule rule;
    bool connector; /* has a connector_id */
    const char *fault;
    struct str hosts[EGRESS_HOSTS_MAX];
    size_t nhosts;
    struct buf text; /* what the hosts point into */
};
#define EGRESS_INIT ((struct egress){.rule = EGRESS_OPEN})

/* From a program's section; what it was before is forgotten. */
void egress_read(struct egress *e, enum section_find how, struct str manifest);
void egress_release(struct egress *e);

/* May the program ask this host? If not, `text` is appended to: why, and what would allow it.
 * `connector`: it is one whatever its manifest says. */
MUST_USE bool egress_allows(const struct egress *e, bool connector, struct str host,
                            struct buf *text);

/* Hosts are the same whatever the case of their letters, and with or without a last dot. */
bool egress_same_host(struct str a, struct str b);

/* Does the project belong to the platform's connectors? */
bool egress_connector_project(struct str project_id);
/* What a connector must be given: an object with a top-level "operation" that is not blank. */
bool egress_has_operation(struct str input);

#endif
