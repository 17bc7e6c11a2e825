/* page.c — see page.h. */
#include "fastfs/page.h"

#include "codec/put.h"

static void esc(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.ptr[i]) {
        case '<':
            buf_addz(out, "&lt;");
            break;
        case '>':
            buf_addz(out, "&gt;");
            break;
        case '&':
            buf_addz(out, "&amp;");
            break;
        case '"':
            buf_addz(out, "&quot;");
            break;
        case '\'':
            buf_addz(out, "&#39;");
            break;
        default:
            buf_add_byte(out, (uint8_t)s.ptr[i]);
        }
    }
}

static void begin(struct buf *out, struct str title)
{
    buf_addz(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    esc(out, title);
    buf_addz(out, " · FastFS</title><style>:root{color-scheme:light dark}"
                  "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
                  "padding:0 1rem}code,td,li{overflow-wrap:anywhere}"
                  "td{padding:.2rem 1rem .2rem 0;vertical-align:top}"
                  ".n{text-align:right;white-space:nowrap}</style></head><body>\n<h1>");
    esc(out, title);
    buf_addz(out, "</h1>\n");
}

static void end(struct buf *out)
{
    buf_addz(out, "</body></html>\n");
}

static void put_size(struct buf *out, uint64_t bytes)
{
    if (bytes < 10000)
        buf_addf(out, "%llu bytes", (unsigned long long)bytes);
    else if (bytes < 10000 * UINT64_C(1024))
        buf_addf(out, "%llu KiB", (unsigned long long)(bytes + 512) / 1024);
    else
        buf_addf(out, "%llu MiB", (unsigned long long)(bytes + 524288) / 1048576);
}

void page_home(struct buf *out, enum page_form form, const struct gateway_status *s)
{
    const uint64_t behind = s->final >= s->height ? s->final - s->height + 1 : 0;

    if (form == PAGE_JSON) {
        json_obj(out);
        put_bool(out, "following", s->height && !s->fault[0]);
        put_u64(out, "height", s->height);
        put_u64(out, "behind", behind);
        put_u64(out, "files", s->files);
        put_u64(out, "bytes", s->bytes);
        put_bool(out, "full", s->full);
        put_opt_str(out, "fault", str_of(s->fault));
        json_obj_end(out);
        buf_addz(out, "\n");
        return;
    }
    begin(out, STR("Files on the chain"));
    buf_addz(out, "<p>This gateway serves files that transactions have put on the NEAR chain. A "
                  "file's address is <code>/SENDER/RECEIVER/PATH</code>; <code>/SENDER/</code> "
                  "shows what an account has sent.</p>\n<p>To put one there: "
                  "<code>outlayer upload FILE --key-file KEY</code></p>\n<p>");
    buf_addf(out, "%llu files, ", (unsigned long long)s->files);
    put_size(out, s->bytes);
    if (s->fault[0]) {
        buf_addz(out, ". It does not go on: ");
        esc(out, str_of(s->fault));
    } else if (!s->height) {
        buf_addz(out, ". It has not heard from the chain yet");
    } else {
        buf_addf(out, ", up to block %llu; %llu to go", (unsigned long long)s->height - 1,
                 (unsigned long long)behind);
    }
    buf_addz(out, s->full ? ". There was no room for all files.</p>\n" : ".</p>\n");
    end(out);
}

void page_absent(struct buf *out, enum page_form form, const char *what, struct str more)
{
    if (form == PAGE_JSON) {
        json_obj(out);
        put_str(out, "error", str_of(what));
        if (more.len)
            put_str(out, "more", more);
        json_obj_end(out);
        buf_addz(out, "\n");
    } else if (form == PAGE_TEXT) {
        buf_addf(out, "%s\n%.*s%s", what, STR_ARG(more), more.len ? "\n" : "");
    } else {
        begin(out, str_of(what));
        buf_addz(out, "<p>");
        esc(out, more);
        buf_addz(out, "</p>\n<p><a href=\"/\">What this is</a></p>\n");
        end(out);
    }
}

static void put_link(struct buf *out, struct str base, struct str path, const char *after)
{
    buf_addz(out, "<a href=\"");
    esc(out, base);
    /* What stays plain in a URL may still mean something here. */
    for (size_t i = 0; i < path.len; i++) {
        struct str one = {path.ptr + i, 1};

        if (one.ptr[0] == '\'' || one.ptr[0] == '&')
            esc(out, one);
        else
            fastfs_path_put(out, one);
    }
    buf_addf(out, "%s\">", after);
    esc(out, path);
    buf_addf(out, "%s</a>", after);
}

void page_folder(struct buf *out, enum page_form form, const struct gateway_name *name,
                 struct str base, const struct files_row *rows, size_t n)
{
    struct buf title = BUF_INIT(4096);

    if (form != PAGE_HTML) {
        json_obj(out);
        put_str(out, "sender", name->sender);
        put_str(out, "receiver", name->receiver);
        json_key(out, "files");
        json_arr(out);
        for (size_t i = 0; i < n; i++) {
            json_obj(out);
            put_str(out, "path", rows[i].path);
            put_str(out, "type", rows[i].mime);
            put_u64(out, "size", rows[i].size);
            json_obj_end(out);
        }
        json_arr_end(out);
        put_opt_str(out, "next", n == FILES_LIST_MAX ? rows[n - 1].path : STR_NONE);
        json_obj_end(out);
        buf_addz(out, "\n");
        return;
    }
    buf_addf(&title, "%.*s → %.*s", STR_ARG(name->sender), STR_ARG(name->receiver));
    if (name->path.len)
        buf_addf(&title, " / %.*s", STR_ARG(name->path));
    begin(out, buf_str(&title));
    buf_addf(out, "<table>\n");
    for (size_t i = 0; i < n; i++) {
        buf_addz(out, "<tr><td>");
        put_link(out, base, rows[i].path, "");
        buf_addz(out, "</td><td class=\"n\">");
        put_size(out, rows[i].size);
        buf_addz(out, "</td><td>");
        esc(out, rows[i].mime);
        buf_addz(out, "</td></tr>\n");
    }
    buf_addz(out, "</table>\n");
    if (n == FILES_LIST_MAX) {
        buf_addz(out, "<p><a href=\"?after=");
        for (size_t i = 0; i < rows[n - 1].path.len; i++)
            buf_addf(out, "%%%02X", (uint8_t)rows[n - 1].path.ptr[i]);
        buf_addz(out, "\">more</a></p>\n");
    }
    end(out);
    buf_release(&title);
}

void page_sender(struct buf *out, enum page_form form, struct str sender, struct str base,
                 const struct str *receivers, size_t n)
{
    if (form != PAGE_HTML) {
        json_obj(out);
        put_str(out, "sender", sender);
        json_key(out, "receivers");
        json_arr(out);
        for (size_t i = 0; i < n; i++)
            json_put_str(out, receivers[i]);
        json_arr_end(out);
        json_obj_end(out);
        buf_addz(out, "\n");
        return;
    }
    begin(out, sender);
    buf_addz(out, "<p>has sent files to</p>\n<ul>\n");
    for (size_t i = 0; i < n; i++) {
        buf_addz(out, "<li>");
        put_link(out, base, receivers[i], "/");
        buf_addz(out, "</li>\n");
    }
    buf_addz(out, "</ul>\n");
    end(out);
}
