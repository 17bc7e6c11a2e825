/*
 * fetch_msg.h — what worker and fetch child say to each other.
 *
 * One ASK at a time over the socket at descriptor 3, with the descriptor to write into; one ANSWER
 * to each. REF asks which commit a branch or tag of a repository is, and brings no descriptor. The
 * child has no files and no keys: all it can do is ask the network and write there.
 */
#ifndef FETCH_FETCH_MSG_H
#define FETCH_FETCH_MSG_H

#include "base/err.h"
#include "builder/repo.h"
#include "crypto/hash.h"

#define FETCH_URL_MAX  2048
#define FETCH_TEXT_MAX 512
#define FETCH_SIZE_MAX (64u << 20) /* bytes of a file, whatever an ASK says */
#define FETCH_MS_MAX   300000
#define FETCH_MSG_MAX  4096

enum fetch_type { FETCH_ASK = 1, FETCH_ANSWER = 2, FETCH_REF = 3 };

struct fetch_ask {
    struct str url;
    struct hash256 sha256; /* what the bytes must hash to */
    uint64_t max_bytes;    /* 1 … FETCH_SIZE_MAX */
    uint32_t time_ms;      /* 1 … FETCH_MS_MAX */
    bool allow_http_loopback;
};

struct fetch_ref {
    struct str repo; /* normalised (builder/repo.h) */
    struct str ref;
    uint32_t time_ms; /* 1 … FETCH_MS_MAX */
    bool allow_http_loopback;
};

enum fetch_result {
    FETCH_OK,
    FETCH_REFUSED, /* URL, redirect or address not allowed */
    FETCH_STATUS,  /* the server answered, not with the file */
    FETCH_WRONG_HASH,
    FETCH_TOO_BIG,
    FETCH_TIMEOUT,
    FETCH_UNREACHABLE, /* no such host, no connection, cut off */
    FETCH_FAULT,       /* ours: the descriptor cannot be written */
};
#define FETCH_RESULTS 8

struct fetch_answer {
    enum fetch_result result;
    uint16_t status; /* HTTP, 0: none */
    uint64_t size;   /* with FETCH_OK and FETCH_WRONG_HASH */
    uint32_t time_ms;
    struct hash256 sha256; /* of what came */
    struct str text;       /* a sentence, when not FETCH_OK; for a REF: the commit */
};

void fetch_ask_write(struct buf *out, const struct fetch_ask *a);
MUST_USE enum err fetch_ask_read(struct str body, struct fetch_ask *out, struct buf *why);
void fetch_ref_write(struct buf *out, const struct fetch_ref *r);
MUST_USE enum err fetch_ref_read(struct str body, struct fetch_ref *out, struct buf *why);
void fetch_answer_write(struct buf *out, const struct fetch_answer *a);
/* `out->text` borrows from `body`. */
MUST_USE enum err fetch_answer_read(struct str body, struct fetch_answer *out, struct buf *why);

#endif
