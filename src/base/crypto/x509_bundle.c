/* Several certificates in one piece of bytes: PEM as people keep it, or DER as evidence carries it. */
#include "base/crypto/x509.h"

#include "base/codec/base64.h"

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

void ak_x509_bundle_done(struct ak_x509_bundle *bundle)
{
    for (size_t i = 0; i < bundle->count; i++) ak_x509_done(&bundle->certs[i]);
    bundle->count = 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct ak_span skip_space(struct ak_span text)
{
    while (text.len > 0 && is_space(text.ptr[0])) text = ak_span_sub(text, 1, text.len);
    return text;
}

static enum ak_err add(struct ak_x509_bundle *bundle, struct ak_span der)
{
    if (bundle->count == AK_X509_CHAIN_MAX) return AK_E_LIMIT;
    AK_TRY(ak_x509_parse(der, &bundle->certs[bundle->count]));
    bundle->count++;
    return AK_OK;
}

/* One block; `text` stands behind it then. */
static enum ak_err add_pem(struct ak_x509_bundle *bundle, struct ak_span *text)
{
    uint8_t base64[4 * AK_X509_DER_MAX / 3 + 4], der[AK_X509_DER_MAX];
    size_t at = sizeof begin - 1, len = 0, der_len = 0;
    if (!ak_span_starts(*text, AK_SPAN_LIT(begin))) return AK_E_FORMAT;
    for (; at < text->len && text->ptr[at] != '-'; at++) {
        if (is_space(text->ptr[at])) continue;
        if (len == sizeof base64) return AK_E_LIMIT;
        base64[len++] = text->ptr[at];
    }
    struct ak_span rest = ak_span_sub(*text, at, text->len);
    if (!ak_span_starts(rest, AK_SPAN_LIT(end))) return AK_E_FORMAT;
    AK_TRY(ak_base64_decode(ak_span(base64, len), der, sizeof der, &der_len));
    AK_TRY(add(bundle, ak_span(der, der_len)));
    *text = skip_space(ak_span_sub(rest, sizeof end - 1, rest.len));
    return AK_OK;
}

/* One SEQUENCE with a length of one to three bytes, from which the next one's place follows. spec:
 * X.690 8.1.3 */
static enum ak_err add_der(struct ak_x509_bundle *bundle, struct ak_span *bytes)
{
    const uint8_t *p = bytes->ptr;
    if (bytes->len < 4 || p[0] != 0x30) return AK_E_FORMAT;
    size_t len = 0;
    if (p[1] < 0x80)
        len = 2 + (size_t)p[1];
    else if (p[1] == 0x81)
        len = 3 + (size_t)p[2];
    else if (p[1] == 0x82)
        len = 4 + ((size_t)p[2] << 8 | p[3]);
    else
        return AK_E_LIMIT;
    if (len > bytes->len) return AK_E_FORMAT;
    AK_TRY(add(bundle, ak_span(p, len)));
    *bytes = ak_span_sub(*bytes, len, bytes->len);
    return AK_OK;
}

enum ak_err ak_x509_bundle_parse(struct ak_span bytes, struct ak_x509_bundle *out_bundle)
{
    enum ak_err err = AK_OK;
    out_bundle->count = 0;
    if (bytes.len > AK_X509_BUNDLE_MAX) return AK_E_LIMIT;
    bool pem = bytes.len > 0 && bytes.ptr[0] != 0x30;
    if (pem) bytes = skip_space(bytes);
    if (bytes.len == 0) return AK_E_FORMAT;
    while (err == AK_OK && bytes.len > 0)
        err = pem ? add_pem(out_bundle, &bytes) : add_der(out_bundle, &bytes);
    if (err != AK_OK) ak_x509_bundle_done(out_bundle);
    return err;
}
