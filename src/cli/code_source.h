/*
 * code_source.h — where a program comes from, as options say it and as the contract takes it.
 *
 *     --github alice/dice --commit main      {"GitHub":{"repo":"https://github.com/alice/dice",…}}
 *     --wasm https://… --hash 9b0e67…        {"WasmUrl":{"url":"https://…","hash":"9b0e67…",…}}
 *
 * Without --hash the file is downloaded, to hash it.
 */
#ifndef CLI_CODE_SOURCE_H
#define CLI_CODE_SOURCE_H

#include "base/err.h"
#include "proc/options.h"

#define SOURCE_JSON_MAX 8192

struct source_opts {
    const char *github, *commit, *wasm, *hash, *target;
};
/* Their rows in a command's table; `source` is the member of its struct. */
#define SOURCE_OPTIONS(type)                                                                       \
    OPT_TEXT("github", "REPO", type, source.github, NULL,                                          \
             "a repository: alice/dice, or its address"),                                          \
        OPT_TEXT("commit", "REF", type, source.commit, NULL,                                       \
                 "its branch, tag, or commit of 40 digits (default main)"),                        \
        OPT_TEXT("wasm", "URL", type, source.wasm, NULL, "or a program that is built already"),    \
        OPT_TEXT("hash", "HEX", type, source.hash, NULL,                                           \
                 "its SHA-256 (default: it is downloaded and hashed)"),                            \
        OPT_TEXT("build-target", "NAME", type, source.target, NULL,                                \
                 "wasm32-wasip1 or wasm32-wasip2 (default of repositories: wasm32-wasip1)")

bool source_given(const struct source_opts *o);
/* ERR_FORMAT, ERR_DENIED: the options make no sense; others: the file could not be hashed. */
MUST_USE enum err source_put(const struct source_opts *o, struct buf *json, struct buf *why);

#endif
