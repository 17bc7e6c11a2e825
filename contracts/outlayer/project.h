/*
 * project.h — registered programs: a name of an owner, its versions, and which one is active.
 *
 * A project's row holds a short hash of each version's key; the position in that list is the
 * version's own row. So a run by name reads two rows, and the whole project costs less storage than
 * the deposit taken for it. `project_id` is "<owner>/<name>" and changes when the project is given
 * away; `uuid` is its storage namespace and never changes.
 */
#ifndef OUTLAYER_PROJECT_H
#define OUTLAYER_PROJECT_H

#include "outlayer/outlayer.h"

#define NAME_MAX_BYTES 64u
#define VERSIONS_MAX   200u
#define NAMES_BYTES    32768u /* of the projects of one owner; of those with prices */
#define TAG_PROJECT    'p'    /* project id → struct project */
#define TAG_VERSION    'v'    /* uuid u64, position u32 → source, time */
#define TAG_OWNED      'u'    /* account → names of its projects */
#define TAG_ACCEPTED   'a'    /* receiver, project id → nothing */
#define TAG_PRICES     'c'    /* project id → price list, JSON */

struct project {
    struct str id;
    uint64_t uuid, created;
    bool priced;
    uint32_t active; /* a position */
    struct str keys; /* 8 bytes for each version */
};

struct version {
    struct source source;
    uint64_t added;
};

bool project_load(struct str id, struct project *p);
void project_store(const struct project *p);
uint32_t project_versions(const struct project *p);
struct str project_uuid_text(uint64_t uuid);
struct str project_owner(const struct project *p);

/* A row that is a list of names. */
void names_add(struct str key, struct str name);
void names_remove(struct str key, struct str name);
struct rd names_read(struct str key);
bool names_next(struct rd *r, struct str *name);

/* prices.c: the project is gone. */
void prices_forget(struct str project_id);

#endif
