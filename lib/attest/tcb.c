#include "attest/tcb.h"

#include <string.h>

const struct svn_level *svn_level_of(const struct svn_level *level, size_t n, uint32_t svn)
{
    for (size_t i = 0; i < n; i++)
        if (level[i].isvsvn <= svn)
            return &level[i];
    return NULL;
}

enum tcb_status tcb_merge(enum tcb_status platform, enum tcb_status other)
{
    if (other == TCB_REVOKED)
        return TCB_REVOKED;
    if (other != TCB_OUT_OF_DATE)
        return platform;
    switch (platform) {
    case TCB_UP_TO_DATE:
    case TCB_SW_HARDENING:
        return TCB_OUT_OF_DATE;
    case TCB_CONFIG:
    case TCB_CONFIG_SW_HARDENING:
        return TCB_OUT_OF_DATE_CONFIG;
    default:
        return platform;
    }
}

/* Keeps the list sorted; what does not fit cannot be: three levels of ADVISORIES_MAX. */
static void add_advisories(struct attest_verdict *v, struct advisories more)
{
    struct str rest = more.array, id;

    _Static_assert(VERDICT_ADVISORIES_MAX >= 3 * ADVISORIES_MAX, "three levels fit");
    while (advisory_each(&rest, &id)) {
        size_t at = v->advisories;
        bool twice = false;

        for (size_t i = 0; i < v->advisories; i++)
            twice |= str_eq(v->advisory[i], id);
        if (twice)
            continue;
        for (; at > 0 && str_cmp(v->advisory[at - 1], id) > 0; at--)
            v->advisory[at] = v->advisory[at - 1];
        v->advisory[at] = id;
        v->advisories++;
    }
}

static uint8_t byte(struct str s, size_t i)
{
    return (uint8_t)s.ptr[i];
}

static const struct tdx_module *identity_of(const struct tcb_info *tcb, uint8_t version)
{
    for (size_t i = 0; i < tcb->identities; i++)
        if (tcb->identity[i].version == version)
            return &tcb->identity[i];
    return NULL;
}

/* The module is one that Intel describes; *level NULL when it has no levels of its own. */
static enum attest_code rate_module(const struct tcb_info *tcb, const struct td_report *td,
                                    const struct svn_level **level)
{
    uint8_t svn = byte(td->tee_tcb_svn, 0), version = byte(td->tee_tcb_svn, 1);
    const struct tdx_module *m = version           ? identity_of(tcb, version)
                                 : tcb->has_module ? &tcb->module
                                                   : NULL;

    *level = NULL;
    if (!m || !str_eq(td->mr_signer_seam, str_from(m->mr_signer, sizeof m->mr_signer)))
        return ATTEST_E_TDX_MODULE;
    for (size_t i = 0; i < sizeof m->mask; i++) {
        uint8_t have = byte(td->seam_attributes, i);

        if ((have & m->mask[i]) != (m->attributes[i] & m->mask[i]) || (have & ~m->mask[i]))
            return ATTEST_E_TDX_MODULE;
    }
    if (!version)
        return ATTEST_OK;
    *level = svn_level_of(m->level, m->n, svn);
    return *level ? ATTEST_OK : ATTEST_E_TDX_MODULE_TCB;
}

static bool sgx_fits(const struct tcb_level *l, const struct pck *p)
{
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (p->components[i] < l->sgx[i])
            return false;
    return p->pcesvn >= l->pcesvn;
}

/* With a versioned module the first two bytes are judged by the module's identity alone. */
static bool tdx_fits(const struct tcb_level *l, const struct td_report *td)
{
    for (size_t i = byte(td->tee_tcb_svn, 1) ? 2 : 0; i < TCB_COMPONENTS; i++)
        if (byte(td->tee_tcb_svn, i) < l->tdx[i])
            return false;
    return true;
}

/* The newest level that the machine reaches; *sgx: the newest without regard to TDX. */
static const struct tcb_level *platform_level(const struct tcb_info *tcb,
                                              const struct attest_verdict *v,
                                              const struct tcb_level **sgx)
{
    *sgx = NULL;
    for (size_t i = 0; i < tcb->levels; i++) {
        const struct tcb_level *l = &tcb->level[i];

        if (!sgx_fits(l, &v->pck))
            continue;
        if (!*sgx)
            *sgx = l;
        if (v->quote.tee == TEE_SGX || tdx_fits(l, &v->quote.td))
            return l;
    }
    return NULL;
}

/* Is the machine patched already, and only this TD was started before? */
static bool relaunch_helps(const struct tcb_info *tcb, const struct td_report *td)
{
    const struct tcb_level *newest = &tcb->level[0];
    uint8_t svn = byte(td->tee_tcb_svn2, 0), version = byte(td->tee_tcb_svn2, 1);
    const struct tdx_module *m;

    if (byte(td->tee_tcb_svn2, 2) < newest->tdx[2])
        return false;
    if (!version)
        return svn >= newest->tdx[0];
    m = identity_of(tcb, version);
    return m && m->n && svn >= m->level[0].isvsvn;
}

static enum tcb_status advise(const struct tcb_info *tcb, const struct td_report *td,
                              enum tcb_status merged, enum tcb_status module, enum tcb_status qe,
                              enum tcb_status sgx)
{
    bool config;

    if (!td->v15 || (merged != TCB_OUT_OF_DATE && merged != TCB_OUT_OF_DATE_CONFIG) ||
        module != TCB_OUT_OF_DATE || qe != TCB_UP_TO_DATE || sgx == TCB_OUT_OF_DATE ||
        sgx == TCB_OUT_OF_DATE_CONFIG || sgx == TCB_REVOKED || !relaunch_helps(tcb, td))
        return merged;
    config =
        merged == TCB_OUT_OF_DATE_CONFIG || sgx == TCB_CONFIG || sgx == TCB_CONFIG_SW_HARDENING;
    return config ? TCB_RELAUNCH_CONFIG : TCB_RELAUNCH;
}

enum attest_code tcb_rate(const struct tcb_info *tcb, const struct svn_level *qe,
                          struct attest_verdict *v)
{
    const struct td_report *td = &v->quote.td;
    const struct svn_level *module = NULL;
    const struct tcb_level *level, *sgx;
    enum attest_code code = ATTEST_OK;
    enum tcb_status merged;

    if (v->quote.tee == TEE_TDX)
        code = rate_module(tcb, td, &module);
    if (code)
        return code;
    level = platform_level(tcb, v, &sgx);
    if (!level)
        return ATTEST_E_TCB_LEVEL;
    merged = level->status;
    if (module)
        merged = tcb_merge(merged, module->status);
    if (module)
        merged = advise(tcb, td, merged, module->status, qe->status, sgx->status);
    merged = tcb_merge(merged, qe->status);
    v->platform = level->status;
    v->module = module ? module->status : TCB_NONE;
    v->qe = qe->status;
    v->status = merged;
    add_advisories(v, level->advisories);
    if (module)
        add_advisories(v, module->advisories);
    add_advisories(v, qe->advisories);
    return merged == TCB_REVOKED ? ATTEST_E_TCB_REVOKED : ATTEST_OK;
}
