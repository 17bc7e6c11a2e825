/*
 * row.h — the stored form of a struct, from one list of its members.
 *
 *     static const struct row_field fields[] = {ROW(request, payment), ROW(request, input)};
 *     row_write(&b, &q, fields, countof(fields));
 *     row_read(&r, &q, fields, countof(fields));
 *
 * The same list writes and reads, so the two cannot disagree, and it costs three bytes of code a
 * member. The form is borsh: integers little-endian, text with its length in 4 bytes. Members may
 * be bool, uint8_t, uint32_t (and enums), uint64_t, u128, struct str and struct yield_id.
 */
#ifndef SDK_ROW_H
#define SDK_ROW_H

#include "sdk/near.h"

enum row_type { ROW_BOOL, ROW_U8, ROW_U32, ROW_U64, ROW_U128, ROW_STR, ROW_ID };

struct row_field {
    uint8_t type;
    uint16_t at;
};

#define ROW(s, member)                                                                             \
    {                                                                                              \
        _Generic(((struct s *)0)->member, bool                                                     \
                 : ROW_BOOL, uint8_t                                                               \
                 : ROW_U8, uint32_t                                                                \
                 : ROW_U32, uint64_t                                                               \
                 : ROW_U64, u128                                                                   \
                 : ROW_U128, struct str                                                            \
                 : ROW_STR, struct yield_id                                                        \
                 : ROW_ID),                                                                        \
            offsetof(struct s, member)                                                             \
    }

void row_write(struct buf *b, const void *object, const struct row_field *fields, size_t n);
/* Borrows text from the reader's input; the reader goes bad on a value that cannot be. */
void row_read(struct rd *r, void *object, const struct row_field *fields, size_t n);

#endif
