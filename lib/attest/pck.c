#include "attest/pck.h"

#include <string.h>

#include "attest/der.h"

/* The part of every OID in the extension; one or two numbers follow. */
static const uint8_t base[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum {
    PCK_PPID = 1,
    PCK_TCB = 2,
    PCK_PCEID = 3,
    PCK_FMSPC = 4,
    PCK_TYPE = 5,
    PCK_INSTANCE = 6,
    PCK_LAST = 7,
    TCB_PCESVN = 17,
    TCB_CPUSVN = 18,
};

/* SEQUENCE { OID below `base`, value }: the number after the base, and the value, not yet read. */
static bool member(struct str *list, size_t depth, unsigned *number, struct str *value)
{
    struct str one, oid;

    if (!der_take(list, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &oid) ||
        oid.len != sizeof base + depth || !str_starts(oid, str_from(base, sizeof base)) ||
        (depth == 2 && oid.ptr[sizeof base] != PCK_TCB))
        return false;
    *number = (uint8_t)oid.ptr[oid.len - 1];
    *value = one;
    return true;
}

/* All of `in` is an OCTET STRING of `n` bytes. */
static bool octets(struct str in, void *out, size_t n)
{
    struct str body;

    if (!der_take(&in, DER_OCTETS, &body) || in.len || body.len != n)
        return false;
    memcpy(out, body.ptr, n);
    return true;
}

static bool small(struct str in, uint8_t tag, uint32_t max, uint32_t *out)
{
    struct str body;

    return der_take(&in, tag, &body) && !in.len && der_small(body, max, out);
}

static bool read_tcb(struct str in, struct pck *p)
{
    struct str list, value;
    uint32_t seen = 0, v;
    unsigned number;

    if (!der_take(&in, DER_SEQUENCE, &list) || in.len)
        return false;
    while (list.len) {
        if (!member(&list, 2, &number, &value) || number < 1 || number > TCB_CPUSVN ||
            (seen & 1u << number))
            return false;
        seen |= 1u << number;
        if (number == TCB_CPUSVN) {
            if (!octets(value, p->cpusvn, sizeof p->cpusvn))
                return false;
        } else if (number == TCB_PCESVN) {
            if (!small(value, DER_INTEGER, UINT16_MAX, &v))
                return false;
            p->pcesvn = (uint16_t)v;
        } else {
            if (!small(value, DER_INTEGER, UINT8_MAX, &v))
                return false;
            p->components[number - 1] = (uint8_t)v;
        }
    }
    return seen == (1u << (TCB_CPUSVN + 1)) - 2;
}

bool pck_read(struct str extension, struct pck *out)
{
    struct pck p = {0};
    struct str list, value;
    unsigned seen = 0, number;
    const unsigned needed =
        1u << PCK_PPID | 1u << PCK_TCB | 1u << PCK_PCEID | 1u << PCK_FMSPC | 1u << PCK_TYPE;

    if (!der_take(&extension, DER_SEQUENCE, &list) || extension.len)
        return false;
    while (list.len) {
        bool ok = true;

        if (!member(&list, 1, &number, &value) || number < 1 || number > PCK_LAST ||
            (seen & 1u << number))
            return false;
        seen |= 1u << number;
        switch (number) {
        case PCK_PPID:
            ok = octets(value, p.ppid, sizeof p.ppid);
            break;
        case PCK_TCB:
            ok = read_tcb(value, &p);
            break;
        case PCK_PCEID:
            ok = octets(value, p.pceid, sizeof p.pceid);
            break;
        case PCK_FMSPC:
            ok = octets(value, p.fmspc, sizeof p.fmspc);
            break;
        case PCK_TYPE:
            ok = small(value, DER_ENUM, 2, &p.sgx_type);
            break;
        case PCK_INSTANCE:
            ok = octets(value, p.instance, sizeof p.instance);
            p.has_instance = true;
            break;
        default: /* how the platform was configured: nothing that is judged here */
            break;
        }
        if (!ok)
            return false;
    }
    if ((seen & needed) != needed)
        return false;
    *out = p;
    return true;
}
