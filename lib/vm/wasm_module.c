#include "vm/wasm_module.h"

#include <string.h>

#include "base/mem.h"

const char *prepare_name(enum prepare_fault f)
{
    static const char *const names[] = {"",
#define X(name) #name,
                                        PREPARE_LIST(X)
#undef X
    };

    return names[f];
}

static struct str name_of(struct wasm_in *r)
{
    uint32_t n = wasm_u32(r);
    struct str s;

    if (n > WASM_STRING_MAX)
        wasm_fail(r);
    s = wasm_bytes(r, r->bad ? 0 : n);
    if (!str_is_utf8(s))
        wasm_fail(r);
    return s;
}

/* A count of entries of at least one byte each: so it is bounded by what is left to read. */
static uint32_t count_of(struct wasm_in *r, uint32_t max)
{
    uint32_t n = wasm_u32(r);

    if (n > max || n > wasm_left(r)) {
        wasm_fail(r);
        return 0;
    }
    return n;
}

static uint8_t ref_type(struct wasm_in *r)
{
    uint8_t b = wasm_u8(r);

    if (b == 0x63) /* the long form of a nullable reference */
        b = wasm_u8(r);
    if (b != WASM_FUNCREF)
        wasm_fail(r);
    return b;
}

uint8_t wasm_value_type(struct wasm_in *r, const struct wasm_module *m)
{
    uint8_t b = wasm_peek(r);

    switch (b) {
    case WASM_I32:
    case WASM_I64:
    case WASM_F32:
    case WASM_F64:
        return wasm_u8(r);
    default:
        if (!m->bulk)
            wasm_fail(r);
        return r->bad ? WASM_ANY : ref_type(r);
    }
}

static bool done(const struct wasm_in *r)
{
    return !r->bad && r->p == r->end;
}

static enum prepare_fault bad_unless(bool ok)
{
    return ok ? PREPARE_OK : PREPARE_Deserialization;
}

static enum prepare_fault parse_types(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = wasm_u32(&r);

    if (r.bad)
        return PREPARE_Deserialization;
    if (n > m->params->max_types_per_contract)
        return PREPARE_TooManyTypes;
    if (n > WASM_TYPES_MAX || n > wasm_left(&r))
        return PREPARE_Deserialization;
    m->types = mem_new_n(struct wasm_type, n);
    m->n_types = n;
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        struct wasm_type *t = &m->types[i];
        uint32_t np, nr;
        uint8_t *params;

        if (wasm_u8(&r) != 0x60)
            wasm_fail(&r);
        np = count_of(&r, WASM_PARAMS_MAX);
        params = mem_alloc(np);
        t->params = params;
        t->n_params = np;
        for (uint32_t k = 0; k < np; k++)
            params[k] = wasm_value_type(&r, m);
        nr = wasm_u32(&r);
        if (nr > 1)
            wasm_fail(&r);
        else if (nr == 1)
            t->result = wasm_value_type(&r, m);
    }
    return bad_unless(done(&r));
}

static void limits_of(struct wasm_in *r, uint32_t max, uint32_t *initial)
{
    uint8_t flags = wasm_u8(r);
    uint32_t low, high;

    if (flags > 1)
        wasm_fail(r);
    low = wasm_u32(r);
    high = flags == 1 ? wasm_u32(r) : UINT32_MAX;
    if (low > max || low > high || (flags == 1 && max == WASM_PAGES_MAX && high > max))
        wasm_fail(r);
    *initial = low;
}

static uint32_t table_type(struct wasm_in *r)
{
    uint32_t initial;

    ref_type(r);
    limits_of(r, WASM_ENTRIES_MAX, &initial);
    return initial;
}

static struct wasm_global global_type(struct wasm_in *r, const struct wasm_module *m)
{
    struct wasm_global g = {.type = wasm_value_type(r, m)};
    uint8_t flag = wasm_u8(r);

    if (flag > 1)
        wasm_fail(r);
    g.mutable_ = flag == 1;
    return g;
}

static void push_func(struct wasm_module *m, uint32_t type)
{
    m->funcs[m->n_funcs++] = type;
}

static enum prepare_fault parse_imports(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_IMPORTS_MAX), initial, memories = 0, tables = 0;
    enum prepare_fault first = PREPARE_OK;

    m->funcs = mem_new_n(uint32_t, n);
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        struct str from = name_of(&r);
        enum prepare_fault f = PREPARE_OK;

        name_of(&r);
        switch (wasm_u8(&r)) {
        case 0: {
            uint32_t type = wasm_u32(&r);

            if (type >= m->n_types)
                wasm_fail(&r);
            push_func(m, type);
            m->n_imported++;
            if (m->funcs_left == 0)
                f = PREPARE_TooManyFunctions;
            else
                m->funcs_left--;
            break;
        }
        case 1:
            table_type(&r);
            if (++tables > (m->bulk ? 100 : 1))
                wasm_fail(&r);
            f = PREPARE_Instantiate;
            break;
        case 2:
            limits_of(&r, WASM_PAGES_MAX, &initial);
            if (++memories > 1)
                wasm_fail(&r);
            f = PREPARE_Memory;
            break;
        case 3:
            global_type(&r, m);
            f = PREPARE_Instantiate;
            break;
        default:
            wasm_fail(&r);
        }
        if (!str_eqz(from, "env"))
            f = PREPARE_Instantiate;
        if (first == PREPARE_OK)
            first = f;
    }
    /* The section is validated as a whole before its entries are looked at one by one. */
    return done(&r) ? first : PREPARE_Deserialization;
}

static enum prepare_fault parse_functions(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_FUNCS_MAX);

    m->funcs = mem_realloc(m->funcs, m->n_funcs * sizeof *m->funcs,
                           ((size_t)m->n_funcs + n + 1) * sizeof *m->funcs);
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        uint32_t type = wasm_u32(&r);

        if (type >= m->n_types)
            wasm_fail(&r);
        push_func(m, type);
    }
    return bad_unless(done(&r) && m->n_funcs <= WASM_FUNCS_MAX);
}

static enum prepare_fault parse_tables(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, m->bulk ? 100 : 1);
    bool large = false;

    for (uint32_t i = 0; i < n && !r.bad; i++)
        if (table_type(&r) > m->params->max_elements_per_contract_table)
            large = true;
    if (!done(&r))
        return PREPARE_Deserialization;
    if (n > m->params->max_tables_per_contract)
        return PREPARE_TooManyTables;
    m->n_tables = n;
    return large ? PREPARE_TooManyTableElements : PREPARE_OK;
}

static enum prepare_fault parse_memories(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, 1), initial;

    if (n == 1)
        limits_of(&r, WASM_PAGES_MAX, &initial);
    m->n_memories = n;
    return bad_unless(done(&r));
}

/* A constant expression that gives `want`. Imported globals do not exist, so no global.get. */
static void const_expr(struct wasm_in *r, struct wasm_module *m, uint8_t want)
{
    uint8_t got = WASM_ANY;
    uint32_t f;

    switch (wasm_u8(r)) {
    case 0x41:
        wasm_s32(r);
        got = WASM_I32;
        break;
    case 0x42:
        wasm_s64(r);
        got = WASM_I64;
        break;
    case 0x43:
        wasm_bytes(r, 4);
        got = WASM_F32;
        break;
    case 0x44:
        wasm_bytes(r, 8);
        got = WASM_F64;
        break;
    case 0xd0:
        got = ref_type(r);
        break;
    case 0xd2:
        f = wasm_u32(r);
        if (f < m->n_funcs)
            m->referenced[f] = true;
        else
            wasm_fail(r);
        got = WASM_FUNCREF;
        break;
    default:
        break;
    }
    if (got != want || (got == WASM_FUNCREF && !m->bulk) || wasm_u8(r) != 0x0b)
        wasm_fail(r);
}

static enum prepare_fault parse_globals(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_GLOBALS_MAX);

    m->global_entries = (struct str){(const char *)r.p, wasm_left(&r)};
    m->globals = mem_new_n(struct wasm_global, n);
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        m->globals[i] = global_type(&r, m);
        const_expr(&r, m, m->globals[i].type);
        m->n_globals++;
    }
    return bad_unless(done(&r));
}

/* FNV-1a, for finding an export name twice. */
static uint64_t name_hash(struct str s)
{
    uint64_t h = 0xcbf29ce484222325U;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3U;
    return h;
}

static bool names_unique(const struct wasm_export *e, uint32_t n)
{
    size_t slots = 16;
    uint32_t *at;
    bool unique = true;

    while (slots < (size_t)n * 2)
        slots *= 2;
    at = mem_new_n(uint32_t, slots);
    for (uint32_t i = 0; i < n && unique; i++) {
        size_t k = name_hash(e[i].name) & (slots - 1);

        while (at[k] != 0 && unique) {
            unique = !str_eq(e[at[k] - 1].name, e[i].name);
            k = (k + 1) & (slots - 1);
        }
        at[k] = i + 1;
    }
    mem_free(at);
    return unique;
}

static enum prepare_fault parse_exports(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_EXPORTS_MAX);

    m->exports = mem_new_n(struct wasm_export, n);
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        struct wasm_export *e = &m->exports[i];
        uint32_t bound = 0;

        e->name = name_of(&r);
        e->kind = wasm_u8(&r);
        e->index = wasm_u32(&r);
        switch (e->kind) {
        case 0:
            bound = m->n_funcs;
            if (e->index < bound)
                m->referenced[e->index] = true;
            break;
        case 1:
            bound = m->n_tables;
            break;
        case 2:
            bound = m->n_memories;
            break;
        case 3:
            bound = m->n_globals;
            break;
        default:
            break;
        }
        if (e->index >= bound)
            wasm_fail(&r);
        m->n_exports++;
    }
    return bad_unless(done(&r) && names_unique(m->exports, m->n_exports));
}

static enum prepare_fault parse_start(struct wasm_module *m, struct wasm_in r)
{
    const struct wasm_type *t;

    m->start = wasm_u32(&r);
    m->has_start = true;
    if (!done(&r) || m->start >= m->n_funcs)
        return PREPARE_Deserialization;
    t = &m->types[m->funcs[m->start]];
    return bad_unless(t->n_params == 0 && t->result == WASM_ANY);
}

static void element(struct wasm_in *r, struct wasm_module *m)
{
    uint32_t flags = wasm_u32(r), n, table = 0;

    if (flags > 7 || (!m->bulk && (flags & 5) != 0))
        wasm_fail(r);
    if ((flags & 1) == 0) {
        if ((flags & 2) != 0)
            table = wasm_u32(r);
        if (table >= m->n_tables)
            wasm_fail(r);
        const_expr(r, m, WASM_I32);
    }
    if ((flags & 3) != 0) {
        if ((flags & 4) != 0)
            ref_type(r);
        else if (wasm_u8(r) != 0)
            wasm_fail(r);
    }
    n = count_of(r, WASM_ENTRIES_MAX);
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        if ((flags & 4) != 0) {
            const_expr(r, m, WASM_FUNCREF);
        } else {
            uint32_t f = wasm_u32(r);

            if (f < m->n_funcs)
                m->referenced[f] = true;
            else
                wasm_fail(r);
        }
    }
}

static enum prepare_fault parse_elements(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_SEGMENTS_MAX);

    for (uint32_t i = 0; i < n && !r.bad; i++)
        element(&r, m);
    m->n_elements = n;
    return bad_unless(done(&r));
}

static enum prepare_fault parse_data_count(struct wasm_module *m, struct wasm_in r)
{
    m->data_count = wasm_u32(&r);
    m->has_data_count = true;
    return bad_unless(m->bulk && done(&r) && m->data_count <= WASM_SEGMENTS_MAX);
}

static enum prepare_fault parse_code(struct wasm_module *m, struct wasm_in r, wasm_body_fn each,
                                     void *arg)
{
    uint32_t n = wasm_u32(&r);

    if (r.bad)
        return PREPARE_Deserialization;
    if (n > m->funcs_left)
        return PREPARE_TooManyFunctions;
    m->funcs_left -= n;
    if (n != m->n_funcs - m->n_imported)
        return PREPARE_Deserialization;
    m->n_bodies = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = wasm_u32(&r);
        struct str body = wasm_bytes(&r, len);
        enum prepare_fault f;

        if (r.bad)
            return PREPARE_Deserialization;
        f = each(arg, m, m->n_imported + i, wasm_in_over((const uint8_t *)body.ptr, body.len));
        if (f != PREPARE_OK)
            return f;
    }
    return bad_unless(done(&r));
}

static enum prepare_fault parse_data(struct wasm_module *m, struct wasm_in r)
{
    uint32_t n = count_of(&r, WASM_SEGMENTS_MAX);

    if (m->has_data_count && n != m->data_count)
        return PREPARE_Deserialization;
    m->data_count = n;
    for (uint32_t i = 0; i < n && !r.bad; i++) {
        uint32_t flags = wasm_u32(&r), memory = 0, len;

        if (flags > 2 || (flags == 1 && !m->bulk))
            wasm_fail(&r);
        if (flags == 2)
            memory = wasm_u32(&r);
        if (flags != 1) {
            if (memory >= m->n_memories)
                wasm_fail(&r);
            const_expr(&r, m, WASM_I32);
        }
        len = wasm_u32(&r);
        wasm_bytes(&r, len);
    }
    return bad_unless(done(&r));
}

/* Where each section may stand; the data count section has a late number but an early place. */
static int place_of(uint8_t id)
{
    static const int place[WASM_SECTIONS] = {
        [WASM_TYPE] = 1,    [WASM_IMPORT] = 2,      [WASM_FUNCTION] = 3, [WASM_TABLE] = 4,
        [WASM_MEMORY] = 5,  [WASM_GLOBAL] = 6,      [WASM_EXPORT] = 7,   [WASM_START] = 8,
        [WASM_ELEMENT] = 9, [WASM_DATA_COUNT] = 10, [WASM_CODE] = 11,    [WASM_DATA] = 12,
    };

    return id < WASM_SECTIONS ? place[id] : 0;
}

static enum prepare_fault parse_section(struct wasm_module *m, uint8_t id, struct wasm_in r,
                                        wasm_body_fn each, void *arg)
{
    switch ((enum wasm_section)id) {
    case WASM_CUSTOM:
        name_of(&r);
        return bad_unless(!r.bad);
    case WASM_TYPE:
        return parse_types(m, r);
    case WASM_IMPORT:
        return parse_imports(m, r);
    case WASM_FUNCTION:
        return parse_functions(m, r);
    case WASM_TABLE:
        return parse_tables(m, r);
    case WASM_MEMORY:
        return parse_memories(m, r);
    case WASM_GLOBAL:
        return parse_globals(m, r);
    case WASM_EXPORT:
        return parse_exports(m, r);
    case WASM_START:
        return parse_start(m, r);
    case WASM_ELEMENT:
        return parse_elements(m, r);
    case WASM_CODE:
        return parse_code(m, r, each, arg);
    case WASM_DATA:
        return parse_data(m, r);
    case WASM_DATA_COUNT:
        return parse_data_count(m, r);
    case WASM_SECTIONS:
        break;
    }
    return PREPARE_Deserialization;
}

/* How many locals may be declared: a fixed number, and one for so many bytes of code. */
static uint64_t locals_allowed(const struct params *p, size_t code_len)
{
    uint64_t n = p->max_locals_per_contract;

    if (p->min_contract_size_per_local != UINT64_MAX &&
        code_len / p->min_contract_size_per_local < n)
        n = code_len / p->min_contract_size_per_local;
    return n;
}

enum prepare_fault wasm_module_parse(struct wasm_module *m, const struct params *p, struct str code,
                                     wasm_body_fn each, void *arg)
{
    static const uint8_t header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct wasm_in r = wasm_in_over((const uint8_t *)code.ptr, code.len);
    struct str head = wasm_bytes(&r, sizeof header);
    int place = 0;

    *m = (struct wasm_module){
        .params = p,
        .code = code,
        .bulk = p->reftypes_bulk_memory,
        .locals_left = locals_allowed(p, code.len),
        .funcs_left = p->max_functions_number_per_contract,
    };
    if (r.bad || memcmp(head.ptr, header, sizeof header) != 0)
        return PREPARE_Deserialization;
    while (r.p < r.end) {
        uint8_t id = wasm_u8(&r);
        uint32_t len = wasm_u32(&r);
        struct str body = wasm_bytes(&r, len);
        enum prepare_fault f;

        if (r.bad || id >= WASM_SECTIONS)
            return PREPARE_Deserialization;
        /* The type section's size limit is looked at before its place. */
        if (id != WASM_CUSTOM) {
            bool ordered = place_of(id) > place;

            if (!ordered && id != WASM_TYPE)
                return PREPARE_Deserialization;
            if (!ordered) {
                struct wasm_in types = wasm_in_over((const uint8_t *)body.ptr, body.len);

                return wasm_u32(&types) > p->max_types_per_contract ? PREPARE_TooManyTypes
                                                                    : PREPARE_Deserialization;
            }
            place = place_of(id);
            m->raw[id] = body;
            if (place > place_of(WASM_FUNCTION) && m->referenced == NULL)
                m->referenced = mem_new_n(bool, (size_t)m->n_funcs + 1);
        }
        f = parse_section(m, id, wasm_in_over((const uint8_t *)body.ptr, body.len), each, arg);
        if (f != PREPARE_OK)
            return f;
    }
    if (m->n_bodies != m->n_funcs - m->n_imported)
        return PREPARE_Deserialization;
    return bad_unless(!m->has_data_count || m->raw[WASM_DATA].ptr != NULL || m->data_count == 0);
}

void wasm_module_release(struct wasm_module *m)
{
    for (uint32_t i = 0; i < m->n_types; i++)
        mem_free((void *)(uintptr_t)m->types[i].params);
    mem_free(m->types);
    mem_free(m->funcs);
    mem_free(m->globals);
    mem_free(m->exports);
    mem_free(m->referenced);
    *m = (struct wasm_module){0};
}
