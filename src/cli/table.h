/*
 * table.h — rows with columns that stand under each other, as wide as what is in them.
 *
 * Rows are gathered first and printed by table_end(), the last column as it is. Widths count
 * characters of UTF-8.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/arena.h"

#define TABLE_COLUMNS 8
#define TABLE_ROWS    4096 /* more are printed as a table of their own */

struct table {
    struct arena arena;
    struct str *cell; /* rows × columns */
    size_t columns, rows, width[TABLE_COLUMNS];
};

/* `heads`: names of the columns, NULL at the end. */
void table_begin(struct table *t, const char *const *heads);
/* As many cells as there are columns; they are copied. */
void table_row(struct table *t, const struct str *cells);
/* Print to stdout when `print` says so, and release. */
void table_end(struct table *t, bool print);

#endif
