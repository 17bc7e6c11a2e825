/*
 * pattern.h — regular expressions that cannot run away.
 *
 * A pattern becomes a list of at most PATTERN_STEPS_MAX steps, all of which are followed at once
 * over the text (Thompson's construction): the time is steps × bytes, whatever the pattern. There
 * is no backtracking, hence no back reference. It matches the whole text or not at all.
 *
 *     .  [a-z0-9_]  [^…]  \d \w \s \D \W \S  \. (any punctuation)  \n \r \t \xHH
 *     (…)  (?:…)  a|b  *  +  ?  {m}  {m,}  {m,n}  ^  $
 *
 * Everything else (flags, look-around, back references, Unicode classes, word boundaries) is
 * refused with its place. Bytes, not characters: the texts are account ids, which are ASCII.
 *
 * Memory: the pattern lives in the arena given.  Thread: any.
 */
#ifndef SECRETS_PATTERN_H
#define SECRETS_PATTERN_H

#include "base/arena.h"
#include "base/err.h"

#define PATTERN_BYTES_MAX  1024
#define PATTERN_STEPS_MAX  4096
#define PATTERN_SETS_MAX   256
#define PATTERN_DEPTH_MAX  64
#define PATTERN_REPEAT_MAX 1000

struct pattern;

MUST_USE enum err pattern_parse(struct str text, struct arena *a, const struct pattern **out,
                                struct buf *why);
/* The whole of `text`? */
bool pattern_match(const struct pattern *p, struct str text);

#endif
