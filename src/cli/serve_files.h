/*
 * serve_files.h — a few files on a loopback port: where the local network's programs come from.
 *
 * Only what was added is served, from memory; there is no way from a URL to the disk.
 *
 * Thread: add files before or after the start; requests are answered in the server's thread.
 */
#ifndef CLI_SERVE_FILES_H
#define CLI_SERVE_FILES_H

#include "base/err.h"
#include "crypto/hash.h"

#define SERVED_FILES_MAX 16
#define SERVED_FILE_MAX  (10u << 20) /* bytes, as large as a program may be */

struct file_server;

/* Port 0: any free one. */
MUST_USE enum err file_server_start(uint16_t port, struct file_server **out, struct buf *why);
void file_server_stop(struct file_server *s); /* NULL is fine */
/* "http://127.0.0.1:PORT" */
const char *file_server_url(const struct file_server *s);

/*
 * Serve the bytes of `path` as /NAME.
 *
 *   hash, size   of the file, for whoever asks for it
 */
MUST_USE enum err file_server_add(struct file_server *s, const char *name, const char *path,
                                  struct hash256 *hash, size_t *size, struct buf *why);

#endif
