/*
 * request.h — an execution as the OutLayer contract asks for it.
 *
 * Two texts say the same: the `request_data` of an execution_requested event, and what the
 * contract's view get_request() answers. They differ in what they call the sender (event: the
 * signer of the transaction; view: the direct caller) and in how they write money. Limits that are
 * missing or null get the documented defaults, whichever text they come from.
 *
 * Memory: strings borrow from the JSON text or live in the arena.
 * Source: OutLayer documentation, "NEAR Integration".
 */
#ifndef NEAR_REQUEST_H
#define NEAR_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"

#define REQUEST_TEXT_MAX   (4u << 20) /* bytes of either JSON text */
#define REQUEST_INPUT_MAX  (1u << 20) /* bytes of input_data; a transaction holds little more */
#define REQUEST_URL_MAX    2048
#define REQUEST_REPO_MAX   512
#define REQUEST_COMMIT_MAX 256
#define REQUEST_TARGET_MAX 64
#define REQUEST_NAME_MAX   256 /* profile, project id, uuid */

#define LIMIT_INSTRUCTIONS_DEFAULT UINT64_C(1000000000)
#define LIMIT_INSTRUCTIONS_MAX     UINT64_C(500000000000)
#define LIMIT_MEMORY_MB_DEFAULT    128
#define LIMIT_MEMORY_MB_MAX        512
#define LIMIT_SECONDS_DEFAULT      60
#define LIMIT_SECONDS_MAX          180

enum source_kind { SOURCE_GITHUB, SOURCE_WASM_URL };
struct code_source {
    enum source_kind kind;
    struct str repo, commit;    /* GITHUB */
    struct str url;             /* WASM_URL */
    struct hash256 wasm_sha256; /* WASM_URL */
    struct str target;          /* "wasm32-wasip1" or "wasm32-wasip2" unless foreign;
                                 * empty: not said, of a WASM_URL */
};

struct resource_limits {
    uint64_t instructions;
    uint32_t memory_mb;
    uint64_t seconds;
};

enum response_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_BYTES };

struct request {
    uint64_t id;
    struct str sender_id;
    struct str predecessor_id; /* event only */
    struct str signer_id;      /* view only, and empty where the contract does not tell it */
    struct code_source source; /* a project is resolved to one already */
    struct resource_limits limits;
    struct str input;
    bool input_in_state; /* event only: the input is in the view's answer */
    struct str secrets_profile, secrets_account_id; /* ptr NULL: none */
    enum response_format format;
    u128 payment, attached_usd;
    uint64_t timestamp_ns;
    bool compile_only, force_rebuild, store_on_fastfs;
    bool use_bound_identity;             /* event only */
    struct str project_id, project_uuid; /* ptr NULL: none */
    /* view only */
    bool has_data_id;
    struct hash256 data_id;
    bool output_submitted;
};

/* ERR_FORMAT, ERR_RANGE: `why` names the member. Unknown members are passed over. */
MUST_USE enum err request_parse(struct json request_data, struct arena *a, struct request *out,
                                struct buf *why);
MUST_USE enum err request_parse_stored(struct json answer, struct arena *a, struct request *out,
                                       struct buf *why);
/* The same program, target included. */
bool code_source_eq(const struct code_source *a, const struct code_source *b);
const char *response_format_name(enum response_format f); /* "Text" */

#endif
