/*
 * secrets_input.h — secrets from where nobody else sees them: a file, stdin, or typed without echo.
 *
 * Never from arguments: those are in the list of processes and in the shell's history. A text is a
 * JSON object of strings, or lines of NAME=VALUE as in .env files (blank lines and # are passed
 * over, quotes around a value come off).
 *
 * Memory: `out` is one buffer that never moves; wipe it.
 */
#ifndef CLI_SECRETS_INPUT_H
#define CLI_SECRETS_INPUT_H

#include "proc/options.h"
#include "secrets/secret_set.h"

/*
 * Write the secrets as one JSON object into `out`, which is fixed and holds SECRETS_TEXT_MAX bytes.
 *
 *   file    path, "-" for stdin, or NULL: stdin unless it is a terminal or something is prompted
 * for prompt  names to ask for on the terminal
 */
MUST_USE enum err secrets_input(const char *file, const struct opt_list *prompt, struct buf *out,
                                struct buf *why);

/* The lines of a .env file as a JSON object. */
MUST_USE enum err secrets_lines(struct str text, struct buf *out, struct buf *why);

#endif
