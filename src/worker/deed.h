/*
 * deed.h — what was done for a request, gathered while it is done, and the statement it becomes.
 *
 * Memory: texts live in the job's arena.  Thread: one.
 */
#ifndef WORKER_DEED_H
#define WORKER_DEED_H

#include "attest/statement.h"
#include "engine/outcome.h"
#include "near/request.h"

struct answer;
struct build;
struct env;
struct lease;

struct deed {
    uint64_t began_ms, began_mono_ms; /* when it was taken on: Unix time, and for durations */
    /* The program. */
    uint64_t wasm_len; /* 0: only machine code of it was at hand, from before */
    struct str repo;   /* as it was compiled; ptr NULL: not */
    uint8_t commit[20];
    struct str build_input; /* deed_build_input(); ptr NULL: nothing is compiled */
    bool has_build;
    struct hash256 build_statement;
    /* The run; what it had and what it did. */
    struct hash256 env_sha256;
    bool has_secrets;
    struct str secrets_account, secrets_profile;
    struct hash256 secrets_sha256;
    bool fetch_failed, ran;
    enum outcome outcome;
    int32_t exit_code;
    struct hash256 stdout_sha256;
    uint64_t stdout_len;
    uint32_t effects;
};

void deed_begin(struct deed *d);
/* The environment without secrets: before they are added. */
void deed_env(struct deed *d, const struct env *env);
void deed_run(struct deed *d, const struct run_result *r);
void deed_build(struct deed *d, const struct build *b);

/* What its caller gets: of a success the value's text, of a failure the error in `args`, which
 * answer_call() has made. */
void deed_delivered(const struct answer *a, struct str args, struct buf *out);
/* What a compilation was asked, in one canonical spelling: {"build_key","commit","recipe","repo",
 * "target"}; the key covers the versions of the toolchain. */
void deed_build_input(const struct build *b, struct buf *out);

/* All but session, number and predecessor, of the answer to a request; a->deed says the rest. Of
 * kind compile when nothing was to be run. `delivered` is what deed_delivered() made; texts of
 * `out` borrow from the arguments. */
void deed_statement(const struct lease *l, const struct request *r, const struct answer *a,
                    struct str delivered, struct statement *out);
/* Of a compilation by itself, as it ended; `log` is what its requester is told. */
void deed_build_statement(const struct lease *l, const struct request *r, const struct answer *a,
                          const struct build *b, bool ok, struct str log, struct statement *out);

#endif
