#include "cli/evidence.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/pem.h"
#include "attest/utc.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/term.h"
#include "codec/base64.h"
#include "codec/hex.h"

enum err evidence_file(struct arena *a, const char *path, struct str *out, struct buf *why)
{
    struct buf all = BUF_INIT(EVIDENCE_FILE_MAX);
    enum err e =
        strcmp(path, "-") == 0 ? fd_read_all(STDIN_FILENO, &all, why) : file_read(path, &all, why);

    if (!e)
        *out = arena_str(a, buf_str(&all));
    buf_release(&all);
    return e;
}

/* Version 3, 4 or 5 as two bytes: no text begins like that. */
static bool is_binary(struct str s)
{
    return s.len > 1 && s.ptr[1] == 0;
}

enum err evidence_quote(struct arena *a, const char *path, struct str *out, struct buf *why)
{
    struct buf bytes = BUF_INIT(EVIDENCE_FILE_MAX);
    struct str s, text;
    enum err e = evidence_file(a, path, &s, why);

    if (e)
        return e;
    text = str_trim(s);
    if (str_starts(text, STR("0x")))
        text = str_skip(text, 2);
    if (!is_binary(s) && text.len && text.len % 2 == 0) {
        char *to = arena_alloc(a, text.len / 2);

        if (hex_get(text, to, text.len / 2))
            s = str_from(to, text.len / 2);
        else if (base64_get(text, &bytes))
            s = arena_str(a, buf_str(&bytes));
    }
    buf_release(&bytes);
    *out = s;
    return ERR_OK;
}

enum err evidence_time(const char *text, int64_t *out, struct buf *why)
{
    uint64_t seconds;

    if (!text)
        *out = (int64_t)(clock_unix_ns() / 1000000000);
    else if (str_u64(str_of(text), &seconds) && seconds <= INT64_MAX)
        *out = (int64_t)seconds;
    else if (!utc_get(str_of(text), out))
        return err_put(why, ERR_FORMAT,
                       "'%s' is no time; write 2026-08-13T10:45:38Z or seconds since 1970", text);
    return ERR_OK;
}

enum err evidence_root(struct arena *a, const char *path, struct attest_root *out, struct buf *why)
{
    struct str certs[PEM_CERTS_MAX], s;
    struct x509_cert cert;
    size_t n;
    enum err e;

    *out = attest_root_intel;
    if (!path)
        return ERR_OK;
    e = evidence_file(a, path, &s, why);
    if (e)
        return e;
    if (pem_read(s, a, certs, &n) && n == 1)
        s = certs[0];
    if (!x509_cert_read(s, &cert))
        return err_put(why, ERR_FORMAT, "'%s' is no certificate in DER or PEM", path);
    if (!str_starts(cert.cn, STR("SIMULATED ")))
        return err_put(why, ERR_DENIED,
                       "'%s' is not the root of a simulator; Intel's root is built in", path);
    fprintf(stderr, "%sSIMULATED%s: judged under '%s', which proves nothing about hardware.\n",
            term(stderr, TERM_BAD), term(stderr, TERM_PLAIN), path);
    *out = (struct attest_root){.der = s, .simulated = true};
    return ERR_OK;
}

int evidence_status(enum attest_outcome o)
{
    return o == ATTEST_PASS ? EXIT_DONE : o == ATTEST_FAIL ? EXIT_FAILED : EXIT_UNDECIDED;
}
