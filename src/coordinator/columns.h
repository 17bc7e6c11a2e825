/* columns.h — columns of a row as members of a JSON object; NULL becomes null. */
#ifndef COORDINATOR_COLUMNS_H
#define COORDINATOR_COLUMNS_H

#include "codec/json.h"
#include "db/db.h"

void col_text(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_raw(struct buf *b, const char *key, const struct db_stmt *s, unsigned col); /* JSON text */
void col_u64(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_bool(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_u128(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_hex(struct buf *b, const char *key, const struct db_stmt *s, unsigned col);
void col_none(struct buf *b, const char *key); /* null */

#endif
