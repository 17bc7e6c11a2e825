/*
 * vectors.h — the public quotes and collateral in tests/vectors/tdx, for every test of lib/attest.
 */
#ifndef TESTS_ATTEST_VECTORS_H
#define TESTS_ATTEST_VECTORS_H

#include "test.h"

#include "attest/verify.h"
#include "codec/json.h"

#define VECTOR_MAX (4 * 1024 * 1024)

/* All of tests/vectors/tdx/<name>; the test fails when it is not there. */
struct str vector_file(struct arena *a, const char *name);
struct str vector_named(struct arena *a, struct str name);
/* tests/vectors/tdx/collateral/<name>.json */
struct str vector_collateral(struct arena *a, struct str name);
/* expected.json, parsed once for the whole program. */
struct json vector_expected(void);
/* The bytes of hexadecimal text. */
struct str vector_hex(struct arena *a, struct json v);
/* A member that is plain text. */
struct str vector_text(struct json object, const char *key);

/* OpenSSL's and our own P-256 at once; the test fails when they disagree. */
extern const struct attest_crypto vector_crypto;
/* Verify with nothing but texts, as a user would: collateral that does not parse is E_COLL_PARSE.
 */
enum attest_code vector_verify(struct arena *a, struct str quote, struct str collateral, int64_t at,
                               struct attest_verdict *v);

/* The collateral's JSON with one member replaced. */
struct str vector_with(struct arena *a, struct str collateral, const char *field, struct str value);

#endif
