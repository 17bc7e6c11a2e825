/*
 * download.h — fetching what a stranger's URL names (libcurl).
 *
 * Only https, only to public addresses; a developer may allow http to loopback as well. The
 * address is checked when the connection is made, so a name that changes its meaning gains
 * nothing. Redirects are followed here, one by one, each checked like the first URL (where
 * something is sent along, none are). No cookies, no credentials, no proxies. The bytes go to a
 * sink as they come and may be stopped by it.
 *
 * One `struct downloader` per thread: it keeps connections open between calls.
 */
#ifndef HTTP_DOWNLOAD_H
#define HTTP_DOWNLOAD_H

#include "base/err.h"

#define DOWNLOAD_URL_MAX       2048
#define DOWNLOAD_REDIRECTS_MAX 5

struct downloader;
struct downloader *downloader_new(void);
void downloader_free(struct downloader *d);

struct download {
    struct str url;
    uint64_t timeout_ms; /* for all of it, redirects included */
    uint64_t max_bytes;
    bool allow_http_loopback;
    struct str body;                           /* posted; ptr NULL: a plain GET */
    const char *const *headers;                /* "Name: value" … NULL; may be NULL */
    bool (*sink)(void *ctx, struct str piece); /* false: stop, ERR_IO */
    void *ctx;
};

/*
 * ERR_OK        status 200 and all bytes went to the sink
 * ERR_DENIED    the URL, a redirect or an address is not allowed
 * ERR_ABSENT    answered with another status, see `*status`
 * ERR_TOO_BIG   more than max_bytes
 * ERR_TIMEOUT
 * ERR_UPSTREAM  no such host, no connection, bad certificate, cut off
 * ERR_IO        the sink refused
 */
MUST_USE enum err download(struct downloader *d, const struct download *what, unsigned *status,
                           struct buf *why);

#endif
