/*
 * code_source.h — where a program comes from, as options say it and as the contract takes it.
 *
 *     --github alice/dice --commit main      {"GitHub":{"repo":"https://github.com/alice/dice",…}}
 *     --wasm https://… --hash 9b0e67…        {"WasmUrl":{"url":"https://…","hash":"9b0e67…",…}}
 *
 *     --wasm dice.wasm                       the same, once it lies on FastFS
 *
 * Without --hash what an address holds is downloaded, to hash it. A file is put on FastFS, where it
 * is named by its hash.
 */
#ifndef CLI_CODE_SOURCE_H
#define CLI_CODE_SOURCE_H

#include "cli/client.h"

#define SOURCE_JSON_MAX 8192

struct source_opts {
    const char *github, *commit, *wasm, *hash, *target;
    const char *fastfs_receiver, *fastfs_url;
};
/* Their rows in a command's table; `source` is the member of its struct. */
#define SOURCE_OPTIONS(type)                                                                       \
    OPT_TEXT("github", "REPO", type, source.github, NULL,                                          \
             "a repository: alice/dice, or its address"),                                          \
        OPT_TEXT("commit", "REF", type, source.commit, NULL,                                       \
                 "its branch, tag, or commit of 40 digits (default main)"),                        \
        OPT_TEXT("wasm", "URL|FILE", type, source.wasm, NULL,                                      \
                 "or a program that is built; a file is put on FastFS first"),                     \
        OPT_TEXT("hash", "HEX", type, source.hash, NULL,                                           \
                 "its SHA-256 (default: it is downloaded and hashed)"),                            \
        OPT_TEXT("build-target", "NAME", type, source.target, NULL,                                \
                 "wasm32-wasip1 or wasm32-wasip2 (default of repositories: wasm32-wasip1)"),       \
        OPT_TEXT("fastfs-receiver", "ACCOUNT", type, source.fastfs_receiver,                       \
                 "OUTLAYER_FASTFS_RECEIVER",                                                       \
                 "account that files are sent to (default fastfs.near)"),                          \
        OPT_TEXT(                                                                                  \
            "fastfs-url", "TEMPLATE", type, source.fastfs_url, "OUTLAYER_FASTFS_URL",              \
            "where they are served (default: as `outlayer upload`, or `outlayer up` for a node "   \
            "of this machine)")

/* Where files on FastFS are served: as given, else as suits the node. */
struct str source_fastfs_url(const char *given, const char *rpc_url);

bool source_given(const struct source_opts *o);
/* ERR_FORMAT: the options make no sense; others: the file could not be hashed or put on FastFS,
 * which takes the key of `c`. */
MUST_USE enum err source_put(const struct source_opts *o, const char *rpc_url, struct client *c,
                             struct buf *json, struct buf *why);

#endif
