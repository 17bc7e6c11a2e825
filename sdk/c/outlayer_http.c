/*
 * outlayer_http.c — one HTTP request and its answer, over wasi:http (http.wat holds the types).
 *
 * Handles are resources of the host: what is `own` in the interface is given away by the call that
 * takes it, everything else is dropped here, children before parents.
 */
#include "outlayer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__asm__(".section \".custom_section.component-type:outlayer-http\",\"\",@\n"
#include "http_type.inc"
        ".text\n");

#define HTTP_MAX_DEFAULT (1024 * 1024)
#define CHUNK            4096 /* what wasi:io takes in one blocking write */
#define READ             65536

#define TYPES(name)                                                                                \
    __attribute__((import_module("wasi:http/types@0.2.4"), import_name(name))) extern
#define HANDLER(name)                                                                              \
    __attribute__((import_module("wasi:http/outgoing-handler@0.2.4"), import_name(name))) extern
#define STREAMS(name)                                                                              \
    __attribute__((import_module("wasi:io/streams@0.2.4"), import_name(name))) extern
#define IO_ERROR(name)                                                                             \
    __attribute__((import_module("wasi:io/error@0.2.4"), import_name(name))) extern
#define POLL(name) __attribute__((import_module("wasi:io/poll@0.2.4"), import_name(name))) extern

/* result<handle>, result<_, header-error> */
struct wire_handle {
    uint8_t failed;
    int handle;
};
/* error-code: the case, and for the last one (internal-error) a text that may be there */
struct wire_code {
    uint8_t code;
    uint8_t some __attribute__((aligned(8)));
    char *text;
    size_t len;
    char rest[12];
};
struct wire_done { /* result<_, error-code>, result<handle, error-code> */
    uint8_t failed;
    union {
        int handle;
        struct wire_code code;
    } is __attribute__((aligned(8)));
};
struct wire_response { /* option<result<result<handle, error-code>>> */
    uint8_t some;
    uint8_t twice __attribute__((aligned(8)));
    struct wire_done first __attribute__((aligned(8)));
};
struct wire_stream { /* result<list<u8>, stream-error>, result<_, stream-error> */
    uint8_t failed;
    union {
        struct {
            char *ptr;
            size_t len;
        } bytes;
        struct {
            uint8_t closed;
            int error;
        } why;
    } is;
};
_Static_assert(sizeof(struct wire_code) == 32 && sizeof(struct wire_done) == 40 &&
                   sizeof(struct wire_response) == 56 && sizeof(struct wire_stream) == 12,
               "the canonical ABI's layout");

/* clang-format off */
TYPES("[constructor]fields") int fields_new(void);
TYPES("[method]fields.append") void fields_append(int, const char *, size_t, const char *, size_t, uint8_t *);
TYPES("[resource-drop]fields") void fields_drop(int);
TYPES("[constructor]outgoing-request") int request_new(int);
TYPES("[method]outgoing-request.set-method") int request_method(int, int, const char *, size_t);
TYPES("[method]outgoing-request.set-scheme") int request_scheme(int, int, int, const char *, size_t);
TYPES("[method]outgoing-request.set-authority") int request_authority(int, int, const char *, size_t);
TYPES("[method]outgoing-request.set-path-with-query") int request_path(int, int, const char *, size_t);
TYPES("[method]outgoing-request.body") void request_body(int, struct wire_handle *);
TYPES("[resource-drop]outgoing-request") void request_drop(int);
TYPES("[method]outgoing-body.write") void body_write(int, struct wire_handle *);
TYPES("[static]outgoing-body.finish") void body_finish(int, int, int, struct wire_done *);
TYPES("[resource-drop]outgoing-body") void body_drop(int);
TYPES("[constructor]request-options") int options_new(void);
TYPES("[method]request-options.set-connect-timeout") int options_connect(int, int, uint64_t);
TYPES("[method]request-options.set-first-byte-timeout") int options_first(int, int, uint64_t);
TYPES("[method]request-options.set-between-bytes-timeout") int options_between(int, int, uint64_t);
TYPES("[method]future-incoming-response.subscribe") int future_subscribe(int);
TYPES("[method]future-incoming-response.get") void future_get(int, struct wire_response *);
TYPES("[resource-drop]future-incoming-response") void future_drop(int);
TYPES("[method]incoming-response.status") int response_status(int);
TYPES("[method]incoming-response.consume") void response_consume(int, struct wire_handle *);
TYPES("[resource-drop]incoming-response") void response_drop(int);
TYPES("[method]incoming-body.stream") void incoming_stream(int, struct wire_handle *);
TYPES("[resource-drop]incoming-body") void incoming_drop(int);
HANDLER("handle") void handle(int, int, int, struct wire_done *);
STREAMS("[method]input-stream.blocking-read") void stream_read(int, uint64_t, struct wire_stream *);
STREAMS("[resource-drop]input-stream") void input_drop(int);
STREAMS("[method]output-stream.blocking-write-and-flush") void stream_write(int, const void *, size_t, struct wire_stream *);
STREAMS("[resource-drop]output-stream") void output_drop(int);
IO_ERROR("[resource-drop]error") void io_error_drop(int);
POLL("[method]pollable.block") void pollable_block(int);
POLL("[resource-drop]pollable") void pollable_drop(int);
/* clang-format on */

extern void *cabi_realloc(void *old, size_t old_len, size_t align, size_t len); /* outlayer.c */

static char why_room[512];

static const char *whyf(const char *what, const char *detail)
{
    snprintf(why_room, sizeof(why_room), "%s%s", what, detail);
    return why_room;
}

static const char *code_name(const struct wire_code *c)
{
    static const char *const names[] = {
        "DNS timeout",
        "the host's name could not be resolved",
        "destination not found",
        "destination unavailable",
        "the worker does not connect to that address",
        "the address cannot be reached",
        "connection refused",
        "connection broken",
        "connecting took too long",
        "reading took too long",
        "writing took too long",
        "too many connections",
        "TLS protocol error",
        "TLS certificate error",
        "TLS alert received",
        "the worker's policy denies the request",
        "the request needs a length",
        "the request's body is too large",
        "the request's method is invalid",
        "the request's URL is invalid",
        "the request's URL is too long",
        "the request's headers are too large",
        "a header of the request is too large",
        "the request's trailers are too large",
        "a trailer of the request is too large",
        "the answer is incomplete",
        "the answer's headers are too large",
        "a header of the answer is too large",
        "the answer's body is too large",
        "the answer's trailers are too large",
        "a trailer of the answer is too large",
        "the answer's transfer coding is unknown",
        "the answer's content coding is unknown",
        "the answer took too long",
        "the protocol could not be upgraded",
        "HTTP protocol error",
        "loop detected",
        "configuration error",
        "the worker's error",
    };
    enum { LAST = sizeof(names) / sizeof(names[0]) - 1 };
    static char room[256];

    if (c->code > LAST)
        return "an unknown error";
    if (c->code != LAST || !c->some)
        return names[c->code];
    snprintf(room, sizeof(room), "%.*s", (int)c->len, c->text);
    return room;
}

static int method_case(const char *name)
{
    static const char *const names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    int i = 0;

    for (; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return i; /* other */
}

/* "Name: value\n" each, into a new list; -1 when one is not allowed. */
static int fields_of(const char *lines)
{
    int fields = fields_new();

    while (lines && *lines) {
        size_t line = strcspn(lines, "\r\n"), name = strcspn(lines, ":\r\n"), value = name + 1;
        uint8_t result[2] = {1, 0};

        if (name < line) {
            value += strspn(lines + value, " \t");
            fields_append(fields, lines, name, lines + value, line - value, result);
        }
        if (result[0]) {
            fields_drop(fields);
            return -1;
        }
        lines += line;
        lines += strspn(lines, "\r\n");
    }
    return fields;
}

/* The request without its body, owned by the caller. */
static const char *make_request(const struct outlayer_http *r, int *out)
{
    static const char *const schemes[] = {"http://", "https://"};
    const char *method = r->method ? r->method : "GET", *host, *path;
    int scheme = strncmp(r->url, schemes[1], 8) == 0, which = method_case(method), fields, req;
    size_t host_len;

    if (!scheme && strncmp(r->url, schemes[0], 7) != 0)
        return whyf("not an http or https URL: ", r->url);
    host = r->url + strlen(schemes[scheme]);
    host_len = strcspn(host, "/?#");
    path = host[host_len] == '/' ? host + host_len : "/";
    if (host[host_len] == '?')
        return whyf("the URL wants a / before its ?: ", r->url);
    fields = fields_of(r->headers);
    if (fields < 0)
        return "the worker does not take one of the headers";
    req = request_new(fields);
    if (request_method(req, which, method, which == 9 ? strlen(method) : 0) != 0 ||
        request_scheme(req, 1, scheme, "", 0) != 0 ||
        request_authority(req, 1, host, host_len) != 0 ||
        request_path(req, 1, path, strcspn(path, "#")) != 0) {
        request_drop(req);
        return whyf("the method or the URL is not valid: ", r->url);
    }
    *out = req;
    return NULL;
}

static const char *write_all(int out, const char *p, size_t len)
{
    while (len) {
        size_t n = len < CHUNK ? len : CHUNK;
        struct wire_stream wrote;

        stream_write(out, p, n, &wrote);
        if (wrote.failed) {
            if (!wrote.is.why.closed)
                io_error_drop(wrote.is.why.error);
            return "the body could not be sent";
        }
        p += n;
        len -= n;
    }
    return NULL;
}

/* Send the body, and say that it is complete. The caller's `body` is given away. */
static const char *send_body(int body, const struct outlayer_http *r)
{
    const char *why = NULL;
    struct wire_handle stream;
    struct wire_done done;

    if (r->body_len) {
        body_write(body, &stream);
        if (stream.failed) {
            body_drop(body);
            return "the body could not be sent";
        }
        why = write_all(stream.handle, r->body, r->body_len);
        output_drop(stream.handle);
    }
    if (why) {
        body_drop(body);
        return why;
    }
    body_finish(body, 0, 0, &done);
    return done.failed ? whyf("the body could not be sent: ", code_name(&done.is.code)) : NULL;
}

static int make_options(unsigned timeout_ms)
{
    uint64_t ns = (uint64_t)timeout_ms * 1000000;
    int o = options_new();

    /* What the worker does not take it replaces by its own. */
    (void)options_connect(o, 1, ns);
    (void)options_first(o, 1, ns);
    (void)options_between(o, 1, ns);
    return o;
}

/* Send it; the answer's head. */
static const char *exchange(const struct outlayer_http *r, int *response)
{
    struct wire_response got;
    struct wire_handle body;
    struct wire_done sent;
    int request, pollable;
    const char *why = make_request(r, &request);

    if (why)
        return why;
    request_body(request, &body);
    if (body.failed) {
        request_drop(request);
        return "the request has no body to write";
    }
    handle(request, r->timeout_ms != 0, r->timeout_ms ? make_options(r->timeout_ms) : 0, &sent);
    if (sent.failed) {
        body_drop(body.handle);
        return whyf("the request was refused: ", code_name(&sent.is.code));
    }
    why = send_body(body.handle, r);
    if (!why) {
        pollable = future_subscribe(sent.is.handle);
        pollable_block(pollable);
        pollable_drop(pollable);
        future_get(sent.is.handle, &got);
        if (!got.some || got.twice)
            why = "there is no answer";
        else if (got.first.failed)
            why = whyf("there is no answer: ", code_name(&got.first.is.code));
        else
            *response = got.first.is.handle;
    }
    future_drop(sent.is.handle);
    return why;
}

static const char *read_all(int in, size_t max, struct outlayer_bytes *out)
{
    struct outlayer_bytes all = {cabi_realloc(NULL, 0, 1, 0), 0};

    for (;;) {
        struct wire_stream got;

        stream_read(in, READ, &got);
        if (got.failed && got.is.why.closed)
            break;
        if (got.failed) {
            io_error_drop(got.is.why.error);
            outlayer_free(&all);
            return "the answer broke off";
        }
        if (got.is.bytes.len > max - all.len) {
            free(got.is.bytes.ptr);
            outlayer_free(&all);
            return "the answer is larger than asked for (struct outlayer_http, max)";
        }
        if (!got.is.bytes.len)
            continue;
        all.ptr = cabi_realloc(all.ptr, all.len, 1, all.len + got.is.bytes.len);
        memcpy(all.ptr + all.len, got.is.bytes.ptr, got.is.bytes.len);
        all.len += got.is.bytes.len;
        free(got.is.bytes.ptr);
    }
    *out = all;
    return NULL;
}

const char *outlayer_http(const struct outlayer_http *request, int *status,
                          struct outlayer_bytes *body)
{
    size_t max = request->max ? request->max : HTTP_MAX_DEFAULT;
    struct wire_handle incoming, stream;
    int response;
    const char *why = exchange(request, &response);

    if (why)
        return why;
    response_consume(response, &incoming);
    if (incoming.failed) {
        response_drop(response);
        return "the answer has no body";
    }
    incoming_stream(incoming.handle, &stream);
    if (stream.failed) {
        why = "the answer has no body";
    } else {
        why = read_all(stream.handle, max, body);
        input_drop(stream.handle);
    }
    incoming_drop(incoming.handle);
    if (!why)
        *status = response_status(response);
    response_drop(response);
    return why;
}

const char *outlayer_http_get(const char *url, int *status, struct outlayer_bytes *body)
{
    const struct outlayer_http r = {.url = url};

    return outlayer_http(&r, status, body);
}
