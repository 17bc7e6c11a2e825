/*
 * refs.h — asking a git server which commit a name means, in one round trip.
 *
 * Git's protocol 2 over HTTP: the command `ls-refs` is posted and answered by refs, one in each
 * pkt-line (four hexadecimal digits of length, then that many bytes less four). The server is asked
 * for the names that begin like ours and sends no others, however many it has.
 *
 * This is only the fast way. Whatever does not come as expected (a server that speaks only older
 * protocols, one that redirects, a name that is not there) is left to git itself.
 *
 * Source: git, Documentation/gitprotocol-v2.txt and gitprotocol-http.txt. Thread: any.
 */
#ifndef FETCH_REFS_H
#define FETCH_REFS_H

#include "base/err.h"

#define REFS_ANSWER_MAX (1u << 20)
#define REFS_BODY_MAX   2048

/* The question: what is posted to REPO/git-upload-pack. */
void refs_ask_write(struct buf *out, struct str ref);
/*
 * The commit among the lines of `answer`: of the branch, else of the tag `ref` (of what an
 * annotated one points at). Borrows.
 *
 * ERR_ABSENT  no such name    ERR_FORMAT  no such answer
 */
MUST_USE enum err refs_answer_read(struct str answer, struct str ref, struct str *commit,
                                   struct buf *why);

#endif
