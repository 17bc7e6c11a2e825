/*
 * schema.h — the coordinator's tables, all of them.
 *
 * What stands in a table is the matter of the file that reads and writes it: jobq.c and outcome.c,
 * results.c, totals.c, builds.c, evidence.c, collateral.c.
 */
#ifndef COORDINATOR_SCHEMA_H
#define COORDINATOR_SCHEMA_H

#include "db/db.h"

/* Bring a database, new or of an earlier version, to what this program knows. */
MUST_USE enum err schema_migrate(struct db *d, struct buf *why);

#endif
