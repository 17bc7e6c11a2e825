/* keyholder_msg.c — see keyholder_msg.h. */
#include "keyholder/keyholder_msg.h"

#include <string.h>

void open_write(struct buf *out, const struct open *o)
{
    wr_bytes(out, o->seed);
    wr_bytes(out, o->cipher);
    buf_add(out, o->to, sizeof(o->to));
    buf_add(out, o->nonce, sizeof(o->nonce));
}

bool open_read(struct str bytes, struct open *out)
{
    struct rd r = rd_over(bytes);

    out->seed = rd_text(&r, HOLDER_SEED_MAX);
    out->cipher = rd_bytes(&r, HOLDER_CIPHER_MAX);
    rd_copy(&r, out->to, sizeof(out->to));
    rd_copy(&r, out->nonce, sizeof(out->nonce));
    return rd_end(&r);
}

void keep_write(struct buf *out, const struct keep *k)
{
    wr_bytes(out, k->seed);
    wr_u8(out, k->is_public);
    wr_bytes(out, k->key);
    wr_bytes(out, k->value);
}

bool keep_read(struct str bytes, struct keep *out)
{
    struct rd r = rd_over(bytes);

    out->seed = rd_text(&r, SPACE_SEED_MAX);
    out->is_public = rd_bool(&r);
    out->key = rd_text(&r, STORAGE_KEY_MAX);
    out->value = rd_bytes(&r, STORAGE_VALUE_MAX);
    return rd_end(&r);
}

void fetch_write(struct buf *out, const struct fetch *f)
{
    wr_bytes(out, f->seed);
    buf_add(out, f->to, sizeof(f->to));
    buf_add(out, f->nonce, sizeof(f->nonce));
    wr_u8(out, f->is_public);
    wr_u8(out, f->values);
    wr_u32(out, (uint32_t)f->n);
    for (size_t i = 0; i < f->n; i++) {
        wr_bytes(out, f->key[i]);
        if (f->values)
            wr_bytes(out, f->value[i]);
    }
}

bool fetch_read(struct str bytes, struct fetch *out)
{
    struct rd r = rd_over(bytes);

    out->seed = rd_text(&r, SPACE_SEED_MAX);
    rd_copy(&r, out->to, sizeof(out->to));
    rd_copy(&r, out->nonce, sizeof(out->nonce));
    out->is_public = rd_bool(&r);
    out->values = rd_bool(&r);
    out->n = rd_count(&r, out->values ? 1 : HOLDER_FETCH_MAX);
    for (size_t i = 0; i < out->n; i++) {
        out->key[i] = rd_bytes(&r, STORAGE_KEY_MAX + BOX_OVERHEAD);
        out->value[i] = STR_NONE;
        if (out->values)
            out->value[i] = rd_bytes(&r, STORAGE_VALUE_MAX + BOX_OVERHEAD);
    }
    if (out->is_public && !out->values) /* a public key opens beside its value only */
        rd_fail(&r);
    return rd_end(&r);
}

void merge_write(struct buf *out, const struct merge *m)
{
    wr_bytes(out, m->seed);
    wr_bytes(out, m->base);
    wr_u8(out, m->reset);
    wr_u8(out, (uint8_t)m->form);
    wr_bytes(out, m->update);
    wr_u8(out, m->names_given);
    wr_u32(out, (uint32_t)m->nnames);
    for (size_t i = 0; i < m->nnames; i++)
        wr_bytes(out, m->name[i]);
    wr_u32(out, (uint32_t)m->ngenerate);
    for (size_t i = 0; i < m->ngenerate; i++) {
        wr_bytes(out, m->generate[i].name);
        wr_bytes(out, m->generate[i].type);
    }
}

bool merge_read(struct str bytes, struct merge *out)
{
    struct rd r = rd_over(bytes);
    uint8_t form;

    out->seed = rd_text(&r, HOLDER_SEED_MAX);
    out->base = rd_bytes(&r, HOLDER_CIPHER_MAX);
    out->reset = rd_bool(&r);
    form = rd_u8(&r);
    if (form > UPDATE_SEALED)
        rd_fail(&r);
    out->form = (enum update_form)form;
    out->update = rd_bytes(&r, HOLDER_CIPHER_MAX);
    out->names_given = rd_bool(&r);
    out->nnames = rd_count(&r, SECRETS_MAX);
    for (size_t i = 0; i < out->nnames; i++)
        out->name[i] = rd_text(&r, SECRET_NAME_MAX);
    out->ngenerate = rd_count(&r, SECRETS_GENERATE_MAX);
    for (size_t i = 0; i < out->ngenerate; i++) {
        out->generate[i].name = rd_text(&r, SECRET_NAME_MAX);
        out->generate[i].type = rd_text(&r, SECRET_NAME_MAX);
    }
    return rd_end(&r);
}

static void names_write(struct buf *out, const struct name_list *l)
{
    wr_u32(out, (uint32_t)l->n);
    for (size_t i = 0; i < l->n; i++)
        wr_bytes(out, l->name[i]);
}

static void names_read(struct rd *r, struct name_list *l)
{
    l->n = rd_count(r, 2 * SECRETS_MAX);
    for (size_t i = 0; i < l->n; i++)
        l->name[i] = rd_text(r, SECRET_NAME_MAX);
}

void merged_write(struct buf *out, const struct merged *m)
{
    wr_bytes(out, m->cipher);
    names_write(out, &m->preserved);
    names_write(out, &m->updated);
    names_write(out, &m->removed);
    names_write(out, &m->all);
}

bool merged_read(struct rd *r, struct merged *out)
{
    out->cipher = rd_bytes(r, HOLDER_CIPHER_MAX);
    names_read(r, &out->preserved);
    names_read(r, &out->updated);
    names_read(r, &out->removed);
    names_read(r, &out->all);
    return rd_end(r);
}
