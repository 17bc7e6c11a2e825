/* host.c — the table of the platform's interfaces; see host.h. */
#include "engine/host.h"

#define FN(id, name, params, results, bare) {name, params, results, bare, FACE},
#define FACE                                HOST_STORAGE
static const struct host_fn storage[] = {HOST_STORAGE_LIST(FN)};
#undef FACE
#define FACE HOST_RPC
static const struct host_fn rpc[] = {HOST_RPC_LIST(FN)};
#undef FACE
#define FACE HOST_PAYMENT
static const struct host_fn payment[] = {HOST_PAYMENT_LIST(FN)};
#undef FACE
#define FACE HOST_VRF
static const struct host_fn vrf[] = {HOST_VRF_LIST(FN)};
#undef FACE
#undef FN

const struct host_face host_faces[HOST_FACES] = {
    [HOST_STORAGE] = {"near:storage/api", "0.1.0", "0.2.0", storage, countof(storage), 10000,
                      "which only runs of a project have, on workers with a keystore; make one "
                      "with 'outlayer project create' and request it by its name (with 'outlayer "
                      "run': add --storage)"},
    [HOST_RPC] = {"near:rpc/api", "0.1.0", NULL, rpc, countof(rpc), 100,
                  "which this run does not have (with 'outlayer run': add --rpc URL)"},
    [HOST_PAYMENT] = {"near:payment/api", "0.1.0", NULL, payment, countof(payment), 100,
                      "which this run does not have"},
    [HOST_VRF] = {"near:vrf/api", "0.1.0", NULL, vrf, countof(vrf), 100,
                  "which only workers with a keystore have (with 'outlayer run': add --vrf-seed "
                  "TEXT)"},
};

const struct host_face *host_face_find(struct str import)
{
    struct str name, version = str_cut(import, '@', &name);

    for (size_t i = 0; i < HOST_FACES; i++) {
        const struct host_face *f = &host_faces[i];

        if (str_eqz(name, f->name) &&
            (str_eqz(version, f->version) || (f->later && str_eqz(version, f->later))))
            return f;
    }
    return NULL;
}

const struct host_fn *host_fn_find(const struct host_face *face, struct str name)
{
    for (size_t i = 0; i < face->nfns; i++)
        if (str_eqz(name, face->fns[i].name))
            return &face->fns[i];
    return NULL;
}

char host_kind_next(const char **kinds, bool *option)
{
    *option = **kinds == '?';
    if (*option)
        (*kinds)++;
    return **kinds ? *(*kinds)++ : '\0';
}
