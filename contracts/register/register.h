/*
 * register.h — who may answer for OutLayer: machines whose TDX quote Intel vouches for and whose
 * measurements the owner has approved.
 *
 * This contract lives on the operator's account. A machine that registers gets an access key of
 * that account which can call four methods of the OutLayer contract and nothing else, for as long
 * as its epoch lasts. The verifier is lib/attest, the same source that workers, keystores and the
 * command line run; time comes from the block.
 *
 * Whose machines: Intel's root, unless the contract was made for a simulator's root. That cannot
 * change later, and everything such a contract says carries "simulated":true.
 *
 * Trust: the owner approves measurements and revokes keys; one account may register, because
 * registering costs storage; anybody may bring newer collateral, anchor batches and clear away what
 * has expired, because all of that proves itself.
 *
 * Rows: "STATE" → settings; 'w' map of access keys → struct worker; 's' session id → struct
 * session; 'x' revoked key → nothing; 'p' map of platforms → collateral; 'm' → approved
 * measurements; 'h' → challenges on request, 'o' → the open one. docs/register.md has the methods.
 */
#ifndef REGISTER_H
#define REGISTER_H

#include "attest/manifest.h"
#include "attest/policy.h"
#include "attest/verify.h"
#include "sdk/near.h"

#define ALLOWANCE ((u128)10000000000000u * 1000000000000u) /* 10 NEAR of gas for a key */
#define WORKER_METHODS                                                                             \
    "resolve_execution,submit_execution_output_and_resolve,resume_topup,resume_delete_payment_key"
#define CHALLENGES_MAX     32u /* open at a time; the oldest makes room */
#define CHALLENGE_BLOCKS   1000u
#define SKEW_SECONDS       60u  /* a machine's clock may be ahead of the chain's */
#define GRACE_SECONDS      600u /* between the end of an epoch and the end of its key */
#define PLATFORMS_MAX      16u
#define COLLATERAL_ROW_MAX (64u * 1024) /* bytes of text; real ones have 14 to 20 KB */
#define MEASURED_MAX       32u
#define POLICY_MAX         4096u /* bytes of its JSON */
#define SWEEP_AT_ONCE      4u    /* expired workers that a registration looks for */
#define PAGE_MAX           100u

/* ---- settings ---- */

struct settings {
    uint8_t layout;
    struct str owner, registrar, outlayer; /* accounts; `registrar` may register */
    struct str root;                       /* a simulator's root certificate; empty: Intel's */
    struct str policy;                     /* JSON, checked; empty: the strict one */
    uint64_t challenges, registrations;
};

void settings_load(struct settings *s); /* panics when the contract is not initialised */
void settings_store(const struct settings *s);
void settings_for_owner(struct settings *s); /* load; panics unless the owner calls */
struct attest_root settings_root(const struct settings *s);

/* What the owner may loosen or tighten; see docs/register.md. */
struct rules {
    struct attest_policy policy; /* without measurements and report data */
    bool plain_keys;             /* quotes that bind nothing but a key are taken */
};
void rules_parse(struct str json, struct rules *out); /* panics on what is no policy */

/* ---- approved measurements ---- */

struct measured {
    struct attest_tuple tuple[MEASURED_MAX];
    size_t n;
};
void measured_load(struct measured *m);
void measured_put(struct buf *b, const struct attest_tuple *t); /* JSON */

/* ---- collateral ---- */

/* Which platform a quote comes from; panics with the verifier's code when it does not say. */
struct platform {
    uint8_t key[7]; /* FMSPC, then 0: Processor CA, 1: Platform CA */
};
struct platform platform_of(struct str quote, struct arena *a);
/* The collateral of a platform and the signatures in it that have been checked; panics: none. */
void collateral_load(const struct platform *p, struct arena *a, struct collateral *out);
void platform_name(struct buf *b, const struct platform *p); /* "90c06f000000 platform" */

/* ---- cryptography ---- */

extern const struct attest_crypto register_crypto;
/*
 * Signatures over collateral are checked when it is stored and remembered beside it, each as the
 * SHA-256 of key, digest and signature: what a registration has to check is only what its quote
 * brings.
 */
void memory_clear(void);
void memory_read(struct rd *r);
void memory_write(struct buf *b);

/* Panics with the code's name and text unless it is ATTEST_OK. */
void need_ok(const char *what, const struct attest_verdict *v);
NORETURN void refuse(const char *what, enum attest_code code, const char *subject);

/* ---- challenges ---- */

bool challenge_take(const uint8_t challenge[32]); /* false: never given, too old, or used */
void challenge_renew(struct settings *s);         /* another one lies open; store `s` after it */

/* ---- workers ---- */

struct worker {
    struct str session, before; /* ids of its epochs, this and the last; empty: none */
    uint64_t expires;           /* seconds; 0: never */
    uint64_t since;             /* seconds */
};

struct session {
    struct str key; /* access key of the worker */
    struct str manifest;
    struct str fmspc, ppid;
    uint64_t height, registered; /* block; seconds */
    uint64_t statements;         /* that have been anchored */
    uint64_t anchored;           /* seconds of the last anchor; 0: none */
};

bool worker_load(struct str key, struct worker *out);
bool worker_at(uint32_t i, struct str *key, struct worker *out);
uint32_t worker_count(void);
void worker_store(struct str key, const struct worker *w);
bool session_load(struct str id, struct session *out);
void session_store(struct str id, const struct session *s);
void session_begin(struct str id, const struct session *s); /* the OutLayer contract learns of it */
void session_remove(struct str id);                         /* … too */
/* Takes the key off the account and all rows away; an event says why. */
void worker_remove(struct str key, const struct worker *w, const char *reason);
/* Removes expired ones among `n` workers from the i-th on; gives how many. */
uint32_t workers_sweep(uint32_t i, uint32_t n);
bool key_is_revoked(struct str key);

/* ---- words ---- */

struct str key_arg(struct str text); /* 32 bytes of "ed25519:…"; panics otherwise */
void put_key(struct buf *b, const char *name, struct str key);
void event(const char *name, struct str data);
uint64_t now_seconds(void);

#endif
