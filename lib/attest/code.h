/*
 * code.h — why evidence is refused: one code per step of verification and per rule of policy.
 *
 * E_ codes say that Intel does not vouch for it, P_ codes that we do not accept what Intel vouches
 * for. The names are part of the interface: reports, vectors and other verifiers use them.
 */
#ifndef ATTEST_CODE_H
#define ATTEST_CODE_H

#include "base/def.h"

/* In the order in which verification asks. */
#define ATTEST_CODES(X)                                                                            \
    X(E_QUOTE_SHORT, "the quote ends before it is complete")                                       \
    X(E_QUOTE_VERSION, "the quote's version is not 3, 4 or 5")                                     \
    X(E_QUOTE_KEYTYPE, "the attestation key is not ECDSA on P-256")                                \
    X(E_QUOTE_VENDOR, "the quoting enclave is not Intel's")                                        \
    X(E_QUOTE_TEE, "the kind of machine does not fit the quote's version")                         \
    X(E_QUOTE_BODY_SIZE, "the report's size does not fit its type")                                \
    X(E_QUOTE_CERTDATA, "the certification data is of an unknown type or does not fit")            \
    X(E_COLL_PARSE, "the collateral is malformed")                                                 \
    X(E_CHAIN_UNTRUSTED, "a certificate chain does not end in the trusted root")                   \
    X(E_CHAIN_INVALID, "a certificate chain is not what it must be")                               \
    X(E_CHAIN_TIME, "a certificate is not valid at this time")                                     \
    X(E_CRL_INVALID, "a revocation list is not of its authority")                                  \
    X(E_CRL_TIME, "a revocation list is not current at this time")                                 \
    X(E_REVOKED, "a certificate has been revoked")                                                 \
    X(E_TCBINFO_SIG, "the TCB info is not signed by its signer")                                   \
    X(E_TCBINFO_TIME, "the TCB info is not current at this time")                                  \
    X(E_TCBINFO_KIND, "the TCB info is of another kind")                                           \
    X(E_QEID_SIG, "the QE identity is not signed by its signer")                                   \
    X(E_QEID_TIME, "the QE identity is not current at this time")                                  \
    X(E_QEID_KIND, "the QE identity is of another kind")                                           \
    X(E_PCK_EXT, "the PCK certificate does not describe its machine")                              \
    X(E_FMSPC, "the TCB info is for another kind of processor")                                    \
    X(E_PCEID, "the TCB info is for another provisioning enclave")                                 \
    X(E_QE_REPORT_SIG, "the quoting enclave's report is not signed by the machine")                \
    X(E_QE_BINDING, "the quoting enclave does not vouch for the attestation key")                  \
    X(E_QE_IDENTITY, "the quoting enclave is not the one Intel describes")                         \
    X(E_QE_TCB, "the quoting enclave is older than every level Intel rates")                       \
    X(E_QUOTE_SIG, "the report is not signed by the attestation key")                              \
    X(E_TDX_MODULE, "the TDX module is not one Intel describes")                                   \
    X(E_TDX_MODULE_TCB, "the TDX module is older than every level Intel rates")                    \
    X(E_TCB_LEVEL, "the machine is below every level Intel rates")                                 \
    X(E_TCB_REVOKED, "Intel has revoked this patch level")                                         \
    X(P_TCB_STATUS, "the patch level is not acceptable")                                           \
    X(P_ADVISORY, "an advisory applies that the policy denies")                                    \
    X(P_DEBUG, "the machine can be debugged by its host")                                          \
    X(P_TD_ATTR, "the machine has an attribute that is not allowed")                               \
    X(P_MIGRATABLE, "the machine can be moved by another")                                         \
    X(P_SEPT_VE, "the machine does not disable EPT violation exceptions")                          \
    X(P_SERVICE_TD, "a service machine is bound to it that is not on the list")                    \
    X(P_MEASUREMENT, "the measurements are not approved")                                          \
    X(P_REPORT_DATA, "the report data is not what it must bind")                                   \
    X(P_PLATFORM, "the processor is not on the list")                                              \
    X(P_COLLATERAL_AGE, "the collateral is older than a live check allows")                        \
    X(P_EVENT_LOG, "the event log does not lead to the measured registers")

enum attest_code {
    ATTEST_OK,
#define X(name, text) ATTEST_##name,
    ATTEST_CODES(X)
#undef X
        ATTEST_CODE_COUNT
};

const char *attest_code_name(enum attest_code c); /* "E_QUOTE_SHORT"; "OK" */
const char *attest_code_text(enum attest_code c); /* a clause without a full stop */

/* What Intel says about a patch level; in the order of the documents. */
#define TCB_STATUSES(X)                                                                            \
    X(UP_TO_DATE, "UpToDate")                                                                      \
    X(SW_HARDENING, "SWHardeningNeeded")                                                           \
    X(CONFIG, "ConfigurationNeeded")                                                               \
    X(CONFIG_SW_HARDENING, "ConfigurationAndSWHardeningNeeded")                                    \
    X(OUT_OF_DATE, "OutOfDate")                                                                    \
    X(OUT_OF_DATE_CONFIG, "OutOfDateConfigurationNeeded")                                          \
    X(REVOKED, "Revoked")                                                                          \
    X(RELAUNCH, "TDRelaunchAdvised")                                                               \
    X(RELAUNCH_CONFIG, "TDRelaunchAdvisedConfigurationNeeded")

enum tcb_status {
    TCB_NONE, /* not rated */
#define X(name, text) TCB_##name,
    TCB_STATUSES(X)
#undef X
};

const char *tcb_status_name(enum tcb_status s); /* NULL for TCB_NONE */

#endif
