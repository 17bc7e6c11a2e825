/*
 * pages.h — the web pages, read once at the start and served from memory.
 *
 * They lie under share/outlayer/web; which there are, and under which paths, is the table in
 * pages.c. Nothing else is ever read. They run under a content security policy that allows this
 * server's scripts and styles and nothing else: what they show comes from strangers.
 *
 * Thread: any, once read.
 */
#ifndef COORDINATOR_PAGES_H
#define COORDINATOR_PAGES_H

#include "base/err.h"
#include "http/server.h"

struct pages;

/* ERR_ABSENT: a file is missing. */
MUST_USE enum err pages_read(struct pages **out, struct buf *why);
void pages_free(struct pages *p); /* NULL is fine */

/* Answer with the page for this path; false: there is none, or `p` is NULL. */
MUST_USE bool pages_serve(const struct pages *p, struct http_req *r);

#endif
