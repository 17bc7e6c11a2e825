#include "attest/pem.h"

#include "attest/x509.h"
#include "codec/base64.h"

#define BEGIN    STR("-----BEGIN CERTIFICATE-----")
#define END      STR("-----END CERTIFICATE-----")
/* Base64 of the largest certificate, with room for line ends. */
#define BODY_MAX (X509_CERT_MAX / 3 * 4 + 1024)

static bool blank(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

static bool body_get(struct str body, struct arena *a, struct str *der)
{
    struct buf digits = BUF_INIT(BODY_MAX), bytes = BUF_INIT(X509_CERT_MAX);
    bool ok;

    for (size_t i = 0; i < body.len; i++)
        if (!blank(body.ptr[i]))
            buf_add_byte(&digits, (uint8_t)body.ptr[i]);
    ok = !digits.full && base64_get(buf_str(&digits), &bytes) && !bytes.full && bytes.len > 0;
    if (ok)
        *der = arena_str(a, buf_str(&bytes));
    buf_release(&digits);
    buf_release(&bytes);
    return ok;
}

bool pem_read(struct str text, struct arena *a, struct str out[PEM_CERTS_MAX], size_t *n)
{
    struct str certs[PEM_CERTS_MAX];
    size_t count = 0, at;

    while (text.len && text.ptr[text.len - 1] == '\0')
        text.len--;
    for (;;) {
        while (text.len && blank(text.ptr[0]))
            text = str_skip(text, 1);
        if (!text.len)
            break;
        if (count == PEM_CERTS_MAX || !str_starts(text, BEGIN))
            return false;
        text = str_skip(text, BEGIN.len);
        at = str_find(text, END);
        if (at == text.len || !body_get(str_head(text, at), a, &certs[count++]))
            return false;
        text = str_skip(text, at + END.len);
    }
    if (!count)
        return false;
    for (size_t i = 0; i < count; i++)
        out[i] = certs[i];
    *n = count;
    return true;
}
