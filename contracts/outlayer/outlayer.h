/*
 * outlayer.h — the main contract: request, yield, resolve, callback; money; projects; secrets.
 *
 * One row under "STATE" holds the settings and the counters, because each call that reads one of
 * them needs most of the others: one storage read in, one write out. Everything else has a key of
 * one tag byte and an id. A finished request leaves no row behind.
 *
 * Money: what a caller attaches belongs to its request until the request ends; then part of it
 * becomes a fee (`total_fees`) and the rest leaves as a transfer that nobody waits for. At every
 * moment balance >= what pending requests hold + storage deposits.
 *
 * Source of the behaviour: the platform's documentation, page "NEAR Integration";
 * docs/contract-methods.md lists every method and where it differs from the first implementation of
 * this interface.
 */
#ifndef OUTLAYER_H
#define OUTLAYER_H

#include "sdk/near.h"

/* ---- limits and prices ---- */

#define MAX_INSTRUCTIONS     UINT64_C(500000000000)
#define MAX_SECONDS          180u
#define MAX_COMPILE_SECONDS  300u
#define DEFAULT_INSTRUCTIONS UINT64_C(1000000000)
#define DEFAULT_MEMORY_MB    128u
#define DEFAULT_SECONDS      60u
#define GRACE_SECONDS        30u           /* to notice, fetch and answer a request */
#define STALE_SECONDS        600u          /* from then on its sender may cancel it */
#define INPUT_MAX            (256u * 1024) /* stored at the contract's cost while pending */
#define OUTPUT_MAX           (256u * 1024) /* the callback can pay for it with REARM_GAS */
#define INPUT_IN_STATE       10000u /* from this size on the event does not carry the input */
#define EVENT_LINE_MAX       15000u /* leaves room for other logs under NEAR_LOG_MAX */
#define URL_MAX              2048u
#define REPO_MAX             512u
#define COMMIT_MAX           256u
#define TARGET_MAX           64u
#define HASH_HEX             64u
#define PROFILE_MAX          64u
#define ERROR_MAX            1024u /* bytes of a failure that reach the caller and the event */
#define EVENT_NAME_MAX       64u
#define PAGE_DEFAULT         100u
#define PAGE_MAX             500u

#define YIELD_GAS  (50 * TGAS) /* least gas of a response callback; it gets all that is unused */
#define REARM_GAS  (30 * TGAS) /* the same when a timed-out request waits on */
#define REARM_COST (4 * TGAS)  /* to create that yield, generously */
#define FAIL_GAS   (4 * TGAS)  /* the call that fails on purpose */

/* ---- state ---- */

#define STATE_KEY    STR("STATE") /* → struct config */
#define STATE_LAYOUT 2u
#define TAG_REQUEST  'r' /* u64 → struct request */

/* Fees per unit have 64 bits: times a u64 they never overflow. */
enum fee {
    FEE_MILLION, /* instructions */
    FEE_MS,
    FEE_COMPILE_MS,
    FEE_BASE_USD,
    FEE_MILLION_USD,
    FEE_SEC_USD,
    FEE_COMPILE_MS_USD,
    FEES
};

struct fees {
    u128 base;
    uint64_t unit[FEES];
};

enum { FLAG_PAUSED = 1, FLAG_STATEMENTS = 2 };

struct config {
    uint8_t layout; /* of this row: STATE_LAYOUT */
    struct str owner, operator_id;
    struct str standard, version; /* of events */
    uint8_t flags;                /* of FLAG_… */
    struct fees fees;
    uint64_t next_request;
    uint64_t oldest;  /* every request below has ended */
    bool catching_up; /* `oldest` itself may have ended too */
    uint64_t executions;
    u128 total_fees;
    struct str token; /* the stablecoin's contract; empty: none */
    uint64_t projects_made;
};

void config_load(struct config *c); /* panics when the contract is not initialised */
void config_store(const struct config *c);
void config_for_owner(struct config *c); /* load; panics unless the owner calls */
void config_for_operator(struct config *c);
void config_not_paused(struct config *c);
void state_need(bool ok); /* panics: a row is not what this code writes */

/* ---- code sources ---- */

enum source_kind { SOURCE_GITHUB, SOURCE_WASM_URL, SOURCE_PROJECT };

struct source {
    uint8_t kind;
    struct str a;      /* repo | url | project_id */
    struct str b;      /* commit | hash, lower case | version_key; empty: the active version */
    struct str target; /* as given; empty when absent */
};

struct source source_parse(struct json v); /* panics on a shape that is no source */
/* Panics unless safe to hand to a worker; makes the hash lower case. Not for projects. */
void source_check(struct source *s);
void source_put(struct buf *b, const struct source *s); /* JSON */

/* ---- requests ---- */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_BYTES };

struct limits {
    uint64_t instructions, seconds;
    uint32_t memory_mb;
};

struct request {
    uint64_t id;
    struct yield_id data_id;
    struct str signer, predecessor, payer;
    struct source source, resolved;
    struct limits limits;
    u128 payment, attached_usd;
    uint64_t timestamp;
    struct str secrets_account; /* empty: no secrets_ref */
    struct str secrets_profile;
    uint8_t format;
    bool compile_only, force_rebuild, store_on_fastfs, use_bound_identity;
    struct str project_uuid; /* empty: no project */
    bool priced;             /* the project is paid per operation: */
    u128 price;
    uint32_t share_bp; /* of the author; the rest is the project owner's */
    struct str author;
    struct str input;
    struct str output; /* submitted ahead of the answer: the JSON value the caller will get */
};

bool request_load(uint64_t id, struct request *out);
bool request_take(uint64_t id, struct request *out); /* load and remove */
void request_store(const struct request *q);
struct str request_data(const struct request *q, bool input_in_state); /* JSON for the event */
void limits_put(struct buf *b, const struct limits *l);
struct limits limits_parse(struct json v); /* defaults filled in, not checked */
void secrets_ref_put(struct buf *b, const struct request *q);
struct str format_name(uint8_t f);
/* A yield that ends in on_execution_response; puts its id into `q`. */
uint64_t request_yield(struct request *q, uint64_t gas);

/* A request ended: move `oldest` on. Call after its row is gone. */
void request_ended(struct config *c, uint64_t id);

/* ---- answers ---- */

struct metrics {
    uint64_t instructions, time_ms, compile_ms;
    bool has_compile;
};

struct answer {
    bool success;
    struct json output; /* tagged, or null */
    struct str error;   /* "<category>: <message>" when !success */
    struct metrics used;
    struct json note; /* a string or null */
    uint64_t refund_usd;
};

void answer_parse(struct json v, struct answer *out); /* panics when malformed */
/* Panics unless the statement in `args` vouches for the answer.
 * `delivered` is what the caller gets: its value, or the reason of a failure. */
void statement_check(const struct request *q, struct json args, struct str delivered,
                     const struct answer *a);
/* What base64 stands for, as an array of numbers. */
void bytes_put(struct buf *b, struct str base64);
/* The JSON value the caller gets for a tagged output; false when it is not of this format. */
bool output_value(struct json output, uint8_t format, struct str *value);

/* ---- money ---- */

/* What an answered request costs: never more than its payment. */
u128 charge(const struct config *c, const struct request *q, const struct answer *a);
u128 cost_estimate(const struct fees *f, const struct limits *l);
u128 cost_actual(const struct fees *f, const struct metrics *m);
void pay(struct str to, u128 amount); /* a transfer nobody waits for; nothing when 0 */
void deposit_take(u128 required);     /* for storage; what is over goes back to the caller */
void need_yocto(void);                /* panics without a deposit */
void usd_credit(struct str who, u128 amount);
/* Take the attached stablecoin of a request from its predecessor's balance. */
void usd_attach(struct request *q);
/* The same back, when the request was not answered with success. */
void usd_return(const struct request *q);
/* After a success: pay author and project owner, return the rest. */
void usd_settle(const struct request *q, uint64_t refund_usd);

/* ---- projects ---- */

/* Fill `resolved`, `project_uuid`, `priced` from the project in `source`; panics without one. */
void project_resolve(struct request *q);
/* Find the operation in the input and its price; panics unless enough is attached. */
void price_check(struct request *q);
/* Of a subscription plan that is on sale. */
bool plan_price(uint64_t index, u128 *price);

/* ---- events ---- */

void log_charged(u128 amount);
void metrics_put(struct buf *b, const struct metrics *m);

struct completion {
    const struct request *q;
    bool success;
    struct str error; /* empty when success */
    struct metrics used;
    struct json note;
    u128 charged, refunded;
};
size_t event_completed(const struct config *c, const struct completion *e); /* gives its length */

/* ---- views ---- */

struct page {
    uint64_t from, limit;
};
/* `from_index` (0) and `limit` (`usual`, at most `most`) of a view. */
void page_parse(struct json args, uint64_t usual, uint64_t most, struct page *p);

#endif
