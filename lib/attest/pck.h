/*
 * pck.h — what Intel writes about a machine into its provisioning certificate (PCK).
 *
 * The extension 1.2.840.113741.1.13.1 of the certificate: machine and patch level. Freestanding.
 */
#ifndef ATTEST_PCK_H
#define ATTEST_PCK_H

#include "base/str.h"

#define TCB_COMPONENTS 16

struct pck {
    uint8_t ppid[16]; /* names the processor package */
    uint8_t components[TCB_COMPONENTS];
    uint16_t pcesvn;
    uint8_t cpusvn[16];
    uint8_t pceid[2];
    uint8_t fmspc[6]; /* family, model, stepping, platform, custom SKU */
    uint32_t sgx_type;
    bool has_instance;
    uint8_t instance[16]; /* platform instance id, Platform CA only */
};

/* `extension` is the body of the certificate's extension; false when anything is not as it must. */
MUST_USE bool pck_read(struct str extension, struct pck *out);

#endif
