/*
 * project_client.h — projects as the contract has them.
 *
 * A version is known by its key: the program's SHA-256, or `REPO@COMMIT`. People may shorten it:
 * the first characters of a key, or of the part behind the '@', as long as they mean one version.
 *
 * Memory: texts and JSON live in the arena given.
 */
#ifndef CLI_PROJECT_CLIENT_H
#define CLI_PROJECT_CLIENT_H

#include "base/arena.h"
#include "cli/client.h"

#define PROJECT_ID_MAX       160 /* bytes; an account id, '/' and a name */
#define PROJECT_NAME_MAX     64
#define PROJECT_VERSIONS_MAX 200 /* that the contract keeps */

struct project {
    struct str id, owner, name, uuid, active;
    uint64_t created_ns;
    u128 deposit;
    struct json doc; /* the contract's answer */
};

struct project_version {
    struct str key;
    struct json source; /* {"GitHub":…} or {"WasmUrl":…} */
    uint64_t added_ns;
    bool active;
    struct json doc;
};
struct project_versions {
    struct project_version list[PROJECT_VERSIONS_MAX]; /* oldest first */
    size_t n;
};

/* `alice.test/dice`, or `dice` for `account`'s. ERR_FORMAT. */
MUST_USE enum err project_id_parse(struct str text, struct str account, struct arena *a,
                                   struct str *id, struct buf *why);
struct str project_id_owner(struct str id, struct str *name); /* `name` may be NULL */

/* One object of get_project() or list_user_projects(). */
MUST_USE bool project_read(struct json v, struct project *out);
/* ERR_ABSENT: `why` names those that the owner has. */
MUST_USE enum err project_get(struct client *c, struct str id, struct arena *a, struct project *out,
                              struct buf *why);
MUST_USE enum err project_versions_get(struct client *c, struct str id, struct arena *a,
                                       struct project_versions *out, struct buf *why);

/* ERR_ABSENT, ERR_CONFLICT: more than one is meant. */
MUST_USE enum err project_version_find(const struct project_versions *l, struct str text,
                                       const struct project_version **out, struct buf *why);
/* The one that was added before the active one, or NULL. */
const struct project_version *project_version_before(const struct project_versions *l);

#endif
