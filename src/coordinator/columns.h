/* columns.h — columns of a row: as members of a JSON object (NULL becomes null), as values to keep.
 */
#ifndef COORDINATOR_COLUMNS_H
#define COORDINATOR_COLUMNS_H

#include "base/arena.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "db/db.h"

void col_text(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_raw(struct buf *b, const char *key, const struct db_stmt *s, unsigned col); /* JSON text */
void col_u64(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_bool(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_u128(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_hex(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);

/* Every row as an object of a JSON array, its members by `put`. Ends the statement. */
MUST_USE enum err rows_write(struct db_stmt **s,
                             void (*put)(struct buf *b, const struct db_stmt *s), struct buf *out,
                             struct buf *why);

/* Text or bytes that outlive the row; NULL stays NULL. */
struct str kept(struct arena *a, struct str s);
struct hash256 hash_col(const struct db_stmt *s, unsigned col);

#endif
