/*
 * page.h — what people and programs see where there is no file: the home page, folders, 404.
 *
 * As HTML for browsers, as JSON for whoever asks for that or for nothing in particular (folders),
 * as a sentence otherwise. Names in them were chosen by strangers: they are escaped.
 *
 * Memory: appended to `out`. Thread: any.
 */
#ifndef FASTFS_PAGE_H
#define FASTFS_PAGE_H

#include "fastfs/gateway.h"

#define PAGE_MAX    (8u << 20)
/* Our pages have no scripts and load nothing. */
#define PAGE_POLICY "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"

enum page_form { PAGE_HTML, PAGE_JSON, PAGE_TEXT };

void page_home(struct buf *out, enum page_form form, const struct gateway_status *s);
/* One sentence, and what to do next; `more` may be empty. */
void page_absent(struct buf *out, enum page_form form, const char *what, struct str more);
/* Files below a folder; `base` is what stands before their paths in a URL. */
void page_folder(struct buf *out, enum page_form form, const struct gateway_name *name,
                 struct str base, const struct files_row *rows, size_t n);
void page_sender(struct buf *out, enum page_form form, struct str sender, struct str base,
                 const struct str *receivers, size_t n);

#endif
