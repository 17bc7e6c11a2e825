#include "attest/docs.h"

#include <string.h>

#include "attest/utc.h"
#include "codec/hex.h"

#define TCB_INFO_VERSION    3
#define QE_IDENTITY_VERSION 2

bool json_strict(struct json v, unsigned depth)
{
    struct str seen[DOC_MEMBERS_MAX], name;
    struct json_iter it = json_iter(v);
    enum json_type type = json_type(v);
    size_t n = 0;

    if (type != JSON_ARRAY && type != JSON_OBJECT)
        return true;
    if (depth == 0)
        return false;
    while (json_next(&it)) {
        if (type == JSON_OBJECT) {
            if (n == countof(seen) || !json_plain(it.key, &name))
                return false;
            for (size_t i = 0; i < n; i++)
                if (str_eq(seen[i], name))
                    return false;
            seen[n++] = name;
        }
        if (!json_strict(it.value, depth - 1))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ values */

static bool get_hex(struct json v, void *out, size_t n)
{
    struct str text;

    return json_plain(v, &text) && hex_get(text, out, n);
}

static bool get_date(struct json v, int64_t *out)
{
    struct str text;

    return json_plain(v, &text) && utc_get(text, out);
}

static bool get_u32(struct json v, uint32_t max, uint32_t *out)
{
    return json_u32(v, out) && *out <= max;
}

static bool get_status(struct json v, enum tcb_status *out)
{
    struct str text;

    if (!json_plain(v, &text))
        return false;
    for (enum tcb_status s = TCB_UP_TO_DATE; s <= TCB_REVOKED; s++) {
        if (str_eqz(text, tcb_status_name(s))) {
            *out = s;
            return true;
        }
    }
    return false;
}

static bool get_advisories(struct json v, struct advisories *out)
{
    struct json_iter it = json_iter(v);
    struct str id;
    size_t n = 0;

    if (json_type(v) == JSON_ABSENT)
        return true;
    if (json_type(v) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        if (++n > ADVISORIES_MAX || !json_plain(it.value, &id) || !id.len ||
            id.len > ADVISORY_LEN_MAX)
            return false;
        for (size_t i = 0; i < id.len; i++)
            if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
                return false;
    }
    out->array = v.text;
    return true;
}

/* After the array's bracket, or where the last id ended. */
bool advisory_each(struct str *rest, struct str *id)
{
    size_t at = str_find(*rest, STR("\""));

    if (at >= rest->len)
        return false;
    *rest = str_skip(*rest, at + 1);
    at = str_find(*rest, STR("\""));
    *id = str_head(*rest, at);
    *rest = str_skip(*rest, at + 1);
    return true;
}

/* 16 objects with an svn of one byte each. */
static bool get_components(struct json v, uint8_t out[TCB_COMPONENTS])
{
    struct json_iter it = json_iter(v);
    uint32_t svn;
    size_t n = 0;

    if (json_type(v) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        if (n == TCB_COMPONENTS || !get_u32(json_get(it.value, "svn"), UINT8_MAX, &svn))
            return false;
        out[n++] = (uint8_t)svn;
    }
    return n == TCB_COMPONENTS;
}

/* ------------------------------------------------------------------ both documents */

/* The document, its id, version and dates. */
static const char *read_head(struct str text, struct json *doc, struct doc_head *out)
{
    struct str id;

    if (!json_parse(text, doc, NULL) || json_type(*doc) != JSON_OBJECT)
        return "JSON";
    if (doc->text.len != text.len) /* white space around it is signed too, but not Intel's form */
        return "JSON";
    if (!json_strict(*doc, DOC_DEPTH_MAX))
        return "JSON (a member twice, an escaped name, or nested too deep)";
    if (!json_plain(json_get(*doc, "id"), &id) || id.len >= sizeof out->id)
        return "id";
    memset(out->id, 0, sizeof out->id);
    memcpy(out->id, id.ptr, id.len);
    if (!json_u32(json_get(*doc, "version"), &out->version))
        return "version";
    if (!get_date(json_get(*doc, "issueDate"), &out->issued))
        return "issueDate";
    if (!get_date(json_get(*doc, "nextUpdate"), &out->next))
        return "nextUpdate";
    return NULL;
}

/* Levels rated by one number: of modules and of the quoting enclave. */
static bool svn_levels(struct json list, struct svn_level *out, size_t *n)
{
    struct json_iter it = json_iter(list);

    *n = 0;
    if (json_type(list) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        struct svn_level l = {0};

        if (*n == MODULE_LEVELS_MAX ||
            !get_u32(json_get(json_get(it.value, "tcb"), "isvsvn"), UINT16_MAX, &l.isvsvn) ||
            !get_date(json_get(it.value, "tcbDate"), &l.date) ||
            !get_status(json_get(it.value, "tcbStatus"), &l.status) ||
            !get_advisories(json_get(it.value, "advisoryIDs"), &l.advisories))
            return false;
        out[(*n)++] = l;
    }
    /* Newest first, whatever order they came in. */
    for (size_t i = 1; i < *n; i++)
        for (size_t j = i; j > 0 && out[j - 1].isvsvn < out[j].isvsvn; j--) {
            struct svn_level l = out[j];

            out[j] = out[j - 1];
            out[j - 1] = l;
        }
    return true;
}

/* ------------------------------------------------------------------ TCB info */

static bool read_module(struct json v, struct tdx_module *out)
{
    return json_type(v) == JSON_OBJECT &&
           get_hex(json_get(v, "mrsigner"), out->mr_signer, sizeof out->mr_signer) &&
           get_hex(json_get(v, "attributes"), out->attributes, sizeof out->attributes) &&
           get_hex(json_get(v, "attributesMask"), out->mask, sizeof out->mask);
}

static bool read_identities(struct json list, struct tcb_info *out)
{
    struct json_iter it = json_iter(list);
    struct str id;

    if (json_type(list) == JSON_ABSENT) /* documents before TDX 1.5 */
        return true;
    if (json_type(list) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        struct tdx_module *m = &out->identity[out->identities];

        if (out->identities == MODULES_MAX || !json_plain(json_get(it.value, "id"), &id) ||
            id.len != 6 || !str_starts(id, STR("TDX_")) ||
            !hex_get(str_skip(id, 4), &m->version, 1) || !read_module(it.value, m) ||
            !svn_levels(json_get(it.value, "tcbLevels"), m->level, &m->n))
            return false;
        for (size_t i = 0; i < out->identities; i++)
            if (out->identity[i].version == m->version)
                return false;
        out->identities++;
    }
    return true;
}

static bool read_level(struct json v, bool tdx, struct tcb_level *out)
{
    struct json tcb = json_get(v, "tcb");

    return get_components(json_get(tcb, "sgxtcbcomponents"), out->sgx) &&
           (!tdx || get_components(json_get(tcb, "tdxtcbcomponents"), out->tdx)) &&
           get_u32(json_get(tcb, "pcesvn"), UINT16_MAX, &out->pcesvn) &&
           get_date(json_get(v, "tcbDate"), &out->date) &&
           get_status(json_get(v, "tcbStatus"), &out->status) &&
           get_advisories(json_get(v, "advisoryIDs"), &out->advisories);
}

/* Below zero: `a` is older. */
static int level_cmp(const struct tcb_level *a, const struct tcb_level *b)
{
    int c = memcmp(a->sgx, b->sgx, sizeof a->sgx);

    if (!c)
        c = (a->pcesvn > b->pcesvn) - (a->pcesvn < b->pcesvn);
    return c ? c : memcmp(a->tdx, b->tdx, sizeof a->tdx);
}

static bool read_levels(struct json list, struct tcb_info *out)
{
    struct json_iter it = json_iter(list);

    if (json_type(list) != JSON_ARRAY)
        return false;
    while (json_next(&it)) {
        struct tcb_level l = {0};
        size_t at = out->levels;

        if (at == TCB_LEVELS_MAX || !read_level(it.value, out->tdx, &l))
            return false;
        for (; at > 0 && level_cmp(&out->level[at - 1], &l) < 0; at--)
            out->level[at] = out->level[at - 1];
        out->level[at] = l;
        out->levels++;
    }
    return true;
}

const char *tcb_info_read(struct str text, struct tcb_info *out)
{
    struct json doc;
    const char *wrong;

    memset(out, 0, sizeof *out);
    wrong = read_head(text, &doc, &out->head);
    if (wrong || out->head.version != TCB_INFO_VERSION)
        return wrong;
    out->tdx = str_eqz(str_of(out->head.id), "TDX");
    if (!get_u32(json_get(doc, "tcbEvaluationDataNumber"), UINT32_MAX, &out->head.evaluation))
        return "tcbEvaluationDataNumber";
    if (!get_hex(json_get(doc, "fmspc"), out->fmspc, sizeof out->fmspc))
        return "fmspc";
    if (!get_hex(json_get(doc, "pceId"), out->pceid, sizeof out->pceid))
        return "pceId";
    if (!json_u32(json_get(doc, "tcbType"), &out->tcb_type))
        return "tcbType";
    if (out->tdx) {
        out->has_module = json_type(json_get(doc, "tdxModule")) != JSON_ABSENT;
        if (out->has_module && !read_module(json_get(doc, "tdxModule"), &out->module))
            return "tdxModule";
        if (!read_identities(json_get(doc, "tdxModuleIdentities"), out))
            return "tdxModuleIdentities";
    }
    return read_levels(json_get(doc, "tcbLevels"), out) ? NULL : "tcbLevels";
}

/* ------------------------------------------------------------------ QE identity */

static bool get_big_endian(struct json v, uint32_t *out)
{
    uint8_t b[4];

    if (!get_hex(v, b, sizeof b))
        return false;
    *out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return true;
}

const char *qe_identity_read(struct str text, struct qe_identity *out)
{
    struct json doc;
    const char *wrong;

    memset(out, 0, sizeof *out);
    wrong = read_head(text, &doc, &out->head);
    if (wrong || out->head.version != QE_IDENTITY_VERSION)
        return wrong;
    if (!get_u32(json_get(doc, "tcbEvaluationDataNumber"), UINT32_MAX, &out->head.evaluation))
        return "tcbEvaluationDataNumber";
    if (!get_big_endian(json_get(doc, "miscselect"), &out->misc_select) ||
        !get_big_endian(json_get(doc, "miscselectMask"), &out->misc_mask))
        return "miscselect";
    if (!get_hex(json_get(doc, "attributes"), out->attributes, sizeof out->attributes) ||
        !get_hex(json_get(doc, "attributesMask"), out->attributes_mask,
                 sizeof out->attributes_mask))
        return "attributes";
    if (!get_hex(json_get(doc, "mrsigner"), out->mr_signer, sizeof out->mr_signer))
        return "mrsigner";
    if (!get_u32(json_get(doc, "isvprodid"), UINT16_MAX, &out->isv_prod_id))
        return "isvprodid";
    return svn_levels(json_get(doc, "tcbLevels"), out->level, &out->n) ? NULL : "tcbLevels";
}
