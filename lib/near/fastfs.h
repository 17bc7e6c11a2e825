/*
 * fastfs.h — files kept on the chain: the arguments of a function call are the file.
 *
 * A call of `__fastdata_fastfs` to a receiver that has no such method: it fails, and whoever reads
 * blocks has the bytes for good. A file of at most FASTFS_PART bytes is one call ("simple"), a
 * longer one is several ("partial") with the same nonce. Files are told apart by who sent the call,
 * who was to receive it, and their path.
 *
 *     u8 0  string path  option<string mime, bytes content>          (no value: delete the file)
 *     u8 1  string path  u32 offset  u32 full size  string mime  bytes chunk  u32 nonce
 *
 * Borsh; what is read borrows from the input. Thread: any.
 * Source: FastData protocol, github.com/fastnear/fastdata-indexer.
 */
#ifndef NEAR_FASTFS_H
#define NEAR_FASTFS_H

#include "base/err.h"

#define FASTFS_METHOD   "__fastdata_fastfs"
#define FASTFS_PART     1048576u    /* bytes of a file in one call */
#define FASTFS_FILE_MAX (32u << 20) /* bytes of a file that we write or keep */
#define FASTFS_PATH_MAX 1024
#define FASTFS_MIME_MAX 128
#define FASTFS_CALL_MAX (FASTFS_PART + 4096u)
#define FASTFS_EPOCH_S  1769376240u /* the nonce of partial files counts seconds from here */
#define FASTFS_URL      "https://{sender}.fastfs.io/{receiver}/{path}"

struct fastfs_call {
    struct str path, mime, content;
    bool deleted; /* simple ones only */
    bool partial;
    uint32_t offset, full_size, nonce; /* partial ones only */
};

void fastfs_write(struct buf *out, const struct fastfs_call *c);
/* ERR_FORMAT, also for a path that no URL leads to, and for parts that are not FASTFS_PART bytes,
 * one after another, the last one as long as it must be. */
MUST_USE enum err fastfs_read(struct str args, struct fastfs_call *out, struct buf *why);

/* How many calls a file of `size` bytes takes, and the i-th of them. */
size_t fastfs_parts(size_t size);
struct fastfs_call fastfs_part(struct str path, struct str mime, struct str content, size_t i,
                               uint32_t nonce);

/* Names with `/` between them: UTF-8 without control characters and `\`, none empty, `.` or `..`.
 */
bool fastfs_path_ok(struct str path);
/* A path as it stands in a URL: what may not is percent-encoded. */
void fastfs_path_put(struct buf *out, struct str path);
/* By the ending of its name; "application/octet-stream" for others. */
const char *fastfs_mime(struct str path);
/* A URL template with {sender}, {receiver} and {path} filled in. */
void fastfs_url_put(struct buf *out, struct str template, struct str sender, struct str receiver,
                    struct str path);

#endif
