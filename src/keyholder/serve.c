/* serve.c — see serve.h. */
#include "keyholder/serve.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/ecies.h"
#include "secrets/alpha.h"

_Static_assert(HOLDER_EPOCHS_MAX == KEYRING_MAX, "messages hold every epoch");

/* Everything that is ever in the clear, in one place that is locked and wiped. */
static struct {
    char base[SECRETS_TEXT_MAX + 1], update[SECRETS_TEXT_MAX + 1];
    char result[RELEASE_HEAD + 2 * SECRETS_TEXT_MAX + 1];
    char drawn[SECRETS_GENERATE_MAX * (SECRET_GENERATED_MAX + SECRET_NAME_MAX + 8) + 1];
    struct secret_set base_set, update_set, drawn_set;
} clear;

static const struct epoch *newest(const struct keyring *k)
{
    return &k->epoch[k->n - 1];
}

/* With the key of any epoch, the newest first; then in the older form. */
static enum err open_any(const struct keyring *k, struct str seed, struct str cipher,
                         struct buf *out, struct buf *why)
{
    enum err e = ERR_DENIED;

    for (size_t i = k->n; i-- > 0 && e;) {
        struct x25519_key key;

        derive_x25519(&k->epoch[i].master, seed, &key);
        buf_clear(out);
        e = ecies_open(&key, cipher, out, why);
        x25519_wipe(&key);
    }
    for (size_t i = k->n; i-- > 0 && e;) {
        struct ed25519_key key;

        derive_ed25519(&k->epoch[i].master, seed, &key);
        buf_clear(out);
        e = ecies_open_legacy(&key.pub, cipher, out, NULL);
        ed25519_wipe(&key);
    }
    return e;
}

static void pubkey(const struct keyring *k, struct str seed, struct buf *out)
{
    struct x25519_key key;

    derive_x25519(&newest(k)->master, seed, &key);
    wr_u32(out, newest(k)->number);
    buf_add(out, key.pub, sizeof(key.pub));
    x25519_wipe(&key);
}

static void vrf_keys(const struct keyring *k, struct buf *out)
{
    wr_u8(out, (uint8_t)k->n);
    for (size_t i = 0; i < k->n; i++) {
        struct ed25519_key key;

        derive_ed25519(&k->epoch[i].master, VRF_SEED, &key);
        wr_u32(out, k->epoch[i].number);
        buf_add(out, key.pub.b, sizeof(key.pub.b));
        ed25519_wipe(&key);
    }
}

static void vrf(const struct keyring *k, struct str alpha, struct buf *out)
{
    struct ed25519_key key;
    struct vrf v;

    derive_ed25519(&newest(k)->master, VRF_SEED, &key);
    vrf_make(&key, alpha, &v);
    buf_add(out, v.proof.b, sizeof(v.proof.b));
    buf_add(out, v.output, sizeof(v.output));
    buf_add(out, key.pub.b, sizeof(key.pub.b));
    ed25519_wipe(&key);
}

static enum err release(const struct keyring *k, const struct open *o, struct buf *out,
                        struct buf *why)
{
    struct buf base = BUF_OVER(clear.base), result = BUF_OVER(clear.result);
    struct buf json = BUF_OVER(clear.update);
    char label[32] = RELEASE_LABEL;
    enum err e = open_any(k, o->seed, o->cipher, &base, why);

    if (!e)
        e = secret_set_parse(buf_str(&base), &clear.base_set, why);
    if (e)
        return e;
    secret_set_strip(&clear.base_set);
    secret_set_put(&json, &clear.base_set);
    buf_add(&result, label, sizeof(label));
    buf_add(&result, o->nonce, sizeof(o->nonce));
    buf_add_str(&result, buf_str(&json));
    BUG_ON(json.full || result.full);
    return ecies_seal(o->to, buf_str(&result), out, why);
}

/* ---- merging ---- */

static enum err update_read(const struct keyring *k, const struct merge *m, struct buf *why)
{
    struct buf update = BUF_OVER(clear.update);
    enum err e = ERR_OK;

    clear.update_set.n = 0;
    switch (m->form) {
    case UPDATE_NONE:
        return ERR_OK;
    case UPDATE_CLEAR:
        e = secret_set_parse(m->update, &clear.update_set, why);
        break;
    case UPDATE_SEALED:
        e = open_any(k, m->seed, m->update, &update, why);
        if (!e)
            e = secret_set_parse(buf_str(&update), &clear.update_set, why);
        break;
    }
    if (!e)
        e = secret_set_check_names(&clear.update_set, why);
    if (e || !m->names_given)
        return e;
    for (size_t i = 0; i < m->nnames && !e; i++)
        if (!secret_set_find(&clear.update_set, m->name[i]))
            e = err_put(why, ERR_CONFLICT, "'%.*s' was announced and is not there",
                        STR_ARG(m->name[i]));
    if (!e && m->nnames != clear.update_set.n)
        e = err_put(why, ERR_CONFLICT, "there are other secrets than were announced");
    return e;
}

/* Draw what is asked for, as a JSON object like any other. */
static enum err draw(const struct merge *m, struct buf *why)
{
    struct buf json = BUF_OVER(clear.drawn);
    char room[SECRET_GENERATED_MAX + 1];
    enum err e = ERR_OK;

    json_obj(&json);
    for (size_t i = 0; i < m->ngenerate && !e; i++) {
        struct buf value = BUF_OVER(room);

        e = secret_name_check(m->generate[i].name, true, why);
        if (!e && secret_set_find(&clear.base_set, m->generate[i].name))
            e = err_put(why, ERR_CONFLICT, "'%.*s' is there already and cannot be changed",
                        STR_ARG(m->generate[i].name));
        if (!e)
            e = secret_generate(m->generate[i].type, &value, why);
        if (e)
            break;
        json_key_str(&json, m->generate[i].name);
        json_put_str(&json, buf_str(&value));
    }
    json_obj_end(&json);
    mem_wipe(room, sizeof(room));
    BUG_ON(json.full);
    return e ? e : secret_set_parse(buf_str(&json), &clear.drawn_set, why);
}

static void list_add(struct name_list *l, struct str name)
{
    BUG_ON(l->n == countof(l->name));
    l->name[l->n++] = name;
}

static enum err merge(const struct keyring *k, const struct merge *m, struct buf *out,
                      struct buf *why)
{
    static struct merged told;
    struct buf base = BUF_OVER(clear.base), result = BUF_OVER(clear.result);
    struct buf cipher = BUF_INIT(HOLDER_CIPHER_MAX);
    struct secret_set *b = &clear.base_set;
    struct x25519_key key;
    enum err e = ERR_OK;

    memset(&told, 0, sizeof(told));
    b->n = 0;
    if (m->base.len) {
        e = open_any(k, m->seed, m->base, &base, why);
        if (!e)
            e = secret_set_parse(buf_str(&base), b, why);
    }
    if (!e)
        e = update_read(k, m, why);
    if (!e)
        e = draw(m, why);
    if (e)
        return e;
    for (size_t i = 0; i < b->n; i++) {
        if (secret_name_protected(b->list[i].name))
            list_add(&told.preserved, b->list[i].name);
        else if (m->reset && !secret_set_find(&clear.update_set, b->list[i].name))
            list_add(&told.removed, b->list[i].name);
    }
    for (size_t i = 0; i < clear.update_set.n; i++)
        list_add(&told.updated, clear.update_set.list[i].name);
    e = secret_set_merge(b, &clear.update_set, m->reset, why);
    if (!e)
        e = secret_set_merge(b, &clear.drawn_set, false, why);
    if (e)
        return e;
    for (size_t i = 0; i < b->n; i++)
        list_add(&told.all, b->list[i].name);
    secret_set_put(&result, b);
    if (result.full || result.len > SECRETS_TEXT_MAX)
        return err_put(why, ERR_TOO_BIG, "all secrets together have more than %d bytes",
                       SECRETS_TEXT_MAX);
    derive_x25519(&newest(k)->master, m->seed, &key);
    e = ecies_seal(key.pub, buf_str(&result), &cipher, why);
    x25519_wipe(&key);
    if (!e) {
        told.cipher = buf_str(&cipher);
        merged_write(out, &told);
    }
    buf_release(&cipher);
    return e;
}

/* ---- what projects keep ---- */

/* Of storage, in the clear; wiped as far as it was used. */
static struct {
    char key[STORAGE_KEY_MAX + 1];
    char told[RELEASE_HEAD + STORAGE_VALUE_MAX + HOLDER_FETCH_MAX * (STORAGE_KEY_MAX + 8) + 1];
} kept;

static enum err keep(const struct keyring *k, const struct keep *q, struct buf *out,
                     struct buf *why)
{
    char room[PLACE_MAX + 1];
    struct buf place = BUF_OVER(room), box = BUF_INIT(STORAGE_VALUE_MAX + BOX_OVERHEAD);
    struct hash256 h = sha256(q->key);
    struct space space;
    struct box_key key;

    if (!space_of_seed(q->seed, &space) || !q->key.len)
        return err_put(why, ERR_FORMAT, "that is no storage of a project, or no key");
    space_key(&newest(k)->master, q->seed, &key);
    if (q->is_public)
        place_of_public(&place, q->value);
    else
        place_of_key(&place);
    box_seal(&key, buf_str(&place), q->key, &box);
    wr_bytes(out, buf_str(&box));
    buf_clear(&place);
    buf_clear(&box);
    place_of_value(&place, &h);
    if (!q->is_public)
        box_seal(&key, buf_str(&place), q->value, &box);
    BUG_ON(place.full || box.full);
    wr_bytes(out, buf_str(&box));
    buf_release(&box);
    box_key_wipe(&key);
    return ERR_OK;
}

/* One record to the end of `told`, with the key of one epoch. */
static enum err fetch_with(const struct box_key *key, const struct fetch *q, size_t i,
                           struct buf *told, struct buf *why)
{
    char room[PLACE_MAX + 1];
    struct buf place = BUF_OVER(room), name = BUF_OVER(kept.key);
    size_t before = told->len;
    struct hash256 h;
    enum err e;

    if (q->is_public)
        place_of_public(&place, q->value[i]);
    else
        place_of_key(&place);
    e = box_open(key, buf_str(&place), q->key[i], &name, why);
    if (e)
        return e;
    wr_bytes(told, buf_str(&name));
    if (!q->values)
        return ERR_OK;
    if (q->is_public) {
        wr_bytes(told, q->value[i]);
        return ERR_OK;
    }
    h = sha256(buf_str(&name));
    buf_clear(&place);
    place_of_value(&place, &h);
    wr_u32(told, (uint32_t)(q->value[i].len > BOX_OVERHEAD ? q->value[i].len - BOX_OVERHEAD : 0));
    e = box_open(key, buf_str(&place), q->value[i], told, why);
    if (e)
        told->len = before;
    return e;
}

static enum err fetch(const struct keyring *k, const struct fetch *q, struct buf *out,
                      struct buf *why)
{
    struct buf told = BUF_OVER(kept.told);
    char label[32] = SPACE_LABEL;
    struct box_key key[KEYRING_MAX];
    struct space space;
    enum err e = ERR_OK;

    if (!space_of_seed(q->seed, &space))
        return err_put(why, ERR_FORMAT, "that is no storage of a project");
    for (size_t i = 0; i < k->n; i++)
        space_key(&k->epoch[i].master, q->seed, &key[i]);
    buf_add(&told, label, sizeof(label));
    buf_add(&told, q->nonce, sizeof(q->nonce));
    for (size_t r = 0; !e && r < q->n; r++) {
        e = ERR_DENIED;
        for (size_t i = k->n; i-- > 0 && e;)
            e = fetch_with(&key[i], q, r, &told, why);
    }
    BUG_ON(told.full);
    if (e)
        e = err_put(why, ERR_DENIED, "the record does not open here");
    if (!e)
        e = ecies_seal(q->to, buf_str(&told), out, why);
    mem_wipe(kept.told, told.len);
    mem_wipe(kept.key, sizeof(kept.key));
    mem_wipe(key, sizeof(key));
    return e;
}

static enum err answer(const struct keyring *k, uint16_t ask, struct str body, struct buf *out,
                       struct buf *why)
{
    static struct merge m;
    static struct fetch f;
    struct keep q;
    struct alpha alpha;
    struct open o;
    enum err e;

    switch (ask) {
    case HOLDER_PUBKEY:
        if (!body.len || body.len > HOLDER_SEED_MAX)
            break;
        pubkey(k, body, out);
        return ERR_OK;
    case HOLDER_VRF_KEYS:
        vrf_keys(k, out);
        return ERR_OK;
    case HOLDER_VRF: /* nothing else may be signed with this key */
        e = alpha_parse(body, &alpha, why);
        if (!e)
            vrf(k, body, out);
        return e;
    case HOLDER_OPEN:
        return open_read(body, &o) ? release(k, &o, out, why)
                                   : err_put(why, ERR_FORMAT, "the question is malformed");
    case HOLDER_MERGE:
        return merge_read(body, &m) ? merge(k, &m, out, why)
                                    : err_put(why, ERR_FORMAT, "the question is malformed");
    case HOLDER_KEEP:
        return keep_read(body, &q) ? keep(k, &q, out, why)
                                   : err_put(why, ERR_FORMAT, "the question is malformed");
    case HOLDER_FETCH:
        return fetch_read(body, &f) ? fetch(k, &f, out, why)
                                    : err_put(why, ERR_FORMAT, "the question is malformed");
    default:
        break;
    }
    return err_put(why, ERR_FORMAT, "the keyholder is not asked that");
}

void serve_answer(const struct keyring *k, uint16_t ask, struct str body, struct buf *out)
{
    struct buf why = WHY_INIT;
    enum err e;

    wr_u8(out, ERR_OK);
    e = answer(k, ask, body, out, &why);
    if (e) {
        buf_clear(out);
        wr_u8(out, (uint8_t)e);
        buf_add_str(out, buf_str(&why));
    }
    mem_wipe(&clear, sizeof(clear));
    buf_release(&why);
}
