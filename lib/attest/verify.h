/*
 * verify.h — does Intel vouch for this quote at this time?
 *
 * One pass over quote, collateral and time, in a fixed order; the first thing that does not hold
 * gives its code. No clock, no file, no socket: the same input gives the same verdict for ever.
 * Whether what Intel vouches for is acceptable is another question: policy.h.
 *
 * Cryptography comes in through a table, so that a smart contract can bring its own.
 *
 * A root other than Intel's is used only when the caller hands it in. A root for simulated
 * machines has `simulated` set; its certificates carry names that begin with SIMULATED instead of
 * Intel, and the verdict says so.
 *
 * Memory: the verdict borrows from the quote, the collateral and the arena.  Thread: any.
 */
#ifndef ATTEST_VERIFY_H
#define ATTEST_VERIFY_H

#include "attest/collateral.h"
#include "attest/quote.h"

struct attest_crypto {
    /* ECDSA on P-256; key x ‖ y, signature r ‖ s. False also for a key that is not on the curve. */
    bool (*p256_verify)(const uint8_t key[64], const uint8_t digest[32], const uint8_t sig[64]);
    void (*sha256)(struct str bytes, uint8_t out[32]);
};

/* OpenSSL and libsodium. */
extern const struct attest_crypto attest_crypto_native;

struct attest_root {
    struct str der; /* the certificate */
    bool simulated;
};

extern const struct attest_root attest_root_intel;

#define VERDICT_ADVISORIES_MAX 192

/* Latest start and earliest end of everything that the verdict rests on, in UTC seconds. */
struct attest_window {
    int64_t from, until;
};

struct attest_verdict {
    enum attest_code code;
    const char *subject; /* what the code is about: "the PCK chain in the quote"; may be NULL */
    bool simulated;      /* judged under a simulator's root */
    /* Set as far as it came: the quote when its structure is right, … */
    bool has_quote, has_pck;
    struct quote quote;
    struct pck pck;
    struct str pck_issuer, pck_serial;
    int64_t pck_from, pck_until;
    struct attest_window window; /* of documents, lists and certificates; from > until: empty */
    unsigned signatures;         /* that were checked */
    /* … and these when the code is ATTEST_OK, or E_TCB_REVOKED. */
    enum tcb_status status, platform, module, qe;
    uint32_t tcb_evaluation, qe_evaluation;
    struct str advisory[VERDICT_ADVISORIES_MAX]; /* sorted, no id twice */
    size_t advisories;
};

struct attest_input {
    struct str quote;
    const struct collateral *collateral;
    int64_t at;                     /* UTC seconds */
    const struct attest_root *root; /* NULL: Intel's */
    const struct attest_crypto *crypto;
};

/* The verdict; gives back its code. `a` gets the certificates of the quote. */
enum attest_code attest_verify(const struct attest_input *in, struct arena *a,
                               struct attest_verdict *out);

/*
 * The same for collateral alone: chains, lists, documents, without a machine. The quote of the
 * input is not looked at.
 */
enum attest_code attest_check_collateral(const struct attest_input *in, struct attest_verdict *out);

#endif
