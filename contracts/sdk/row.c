/* row.c — see row.h. */
#include "sdk/row.h"

#include <string.h>

void row_write(struct buf *b, const void *object, const struct row_field *fields, size_t n)
{
    for (const struct row_field *f = fields; f < fields + n; f++) {
        const char *p = (const char *)object + f->at;
        switch (f->type) {
        case ROW_BOOL:
        case ROW_U8:
            buf_add(b, p, 1);
            break;
        case ROW_U32:
            wr_u32(b, *(const uint32_t *)(const void *)p);
            break;
        case ROW_U64:
            wr_u64(b, *(const uint64_t *)(const void *)p);
            break;
        case ROW_U128:
            wr_u128(b, *(const u128 *)(const void *)p);
            break;
        case ROW_STR:
            wr_bytes(b, *(const struct str *)(const void *)p);
            break;
        default:
            buf_add(b, p, sizeof(struct yield_id));
        }
    }
}

void row_read(struct rd *r, void *object, const struct row_field *fields, size_t n)
{
    for (const struct row_field *f = fields; f < fields + n; f++) {
        char *p = (char *)object + f->at;
        switch (f->type) {
        case ROW_BOOL:
            *(bool *)(void *)p = rd_bool(r);
            break;
        case ROW_U8:
            *(uint8_t *)(void *)p = rd_u8(r);
            break;
        case ROW_U32:
            *(uint32_t *)(void *)p = rd_u32(r);
            break;
        case ROW_U64:
            *(uint64_t *)(void *)p = rd_u64(r);
            break;
        case ROW_U128:
            *(u128 *)(void *)p = rd_u128(r);
            break;
        case ROW_STR:
            *(struct str *)(void *)p = rd_bytes(r, NEAR_BYTES_MAX);
            break;
        default:
            rd_copy(r, p, sizeof(struct yield_id));
        }
    }
}
