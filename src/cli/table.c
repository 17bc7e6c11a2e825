/* table.c — see table.h. */
#include "cli/table.h"

#include <stdio.h>

#include "base/mem.h"
#include "cli/term.h"

static size_t characters(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += (s.ptr[i] & 0xc0) != 0x80;
    return n;
}

static void print_rows(struct table *t)
{
    for (size_t r = 0; r < t->rows; r++) {
        const struct str *cell = &t->cell[r * t->columns];

        if (!r)
            fputs(term(stdout, TERM_DIM), stdout);
        for (size_t c = 0; c < t->columns; c++) {
            printf("%.*s", STR_ARG(cell[c]));
            if (c + 1 < t->columns)
                printf("%*s", (int)(t->width[c] - characters(cell[c]) + 2), "");
        }
        printf("%s\n", r ? "" : term(stdout, TERM_PLAIN));
    }
}

void table_begin(struct table *t, const char *const *heads)
{
    struct str cells[TABLE_COLUMNS] = {{0}};

    *t = (struct table){.arena = ARENA_INIT};
    for (; heads[t->columns]; t->columns++) {
        BUG_ON(t->columns == TABLE_COLUMNS);
        cells[t->columns] = str_of(heads[t->columns]);
    }
    t->cell = mem_alloc(TABLE_ROWS * t->columns * sizeof(*t->cell));
    table_row(t, cells);
}

void table_row(struct table *t, const struct str *cells)
{
    if (t->rows == TABLE_ROWS) {
        print_rows(t);
        t->rows = 1; /* the head */
    }
    for (size_t c = 0; c < t->columns; c++) {
        size_t n = characters(cells[c]);

        t->cell[t->rows * t->columns + c] = arena_str(&t->arena, cells[c]);
        t->width[c] = n > t->width[c] ? n : t->width[c];
    }
    t->rows++;
}

void table_end(struct table *t, bool print)
{
    if (print)
        print_rows(t);
    mem_free(t->cell);
    arena_release(&t->arena);
}
