/* The certificate's DER, written from its one shape: no library of certificates is asked. */
#include "base/crypto/p256_cert.h"

#include "base/crypto/p256_der.h"

enum { SEQUENCE = 0x30, SET = 0x31, INTEGER = 0x02, BIT_STRING = 0x03, UTF8_STRING = 0x0c, VERSION = 0xa0 };

/* SEQUENCE { ecdsa-with-SHA256 }. spec: RFC 5758 3.2 */
static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
/* id-at-commonName */
static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};
/* [0] { INTEGER 2 }: version 3 */
static const uint8_t version3[] = {VERSION, 0x03, INTEGER, 0x01, 0x02};

/* Definite length in its shortest form; everything here is below 65536. */
static void put_head(struct ak_buf *buf, uint8_t tag, size_t len)
{
    ak_buf_put_u8(buf, tag);
    if (len >= 256) {
        ak_buf_put_u8(buf, 0x82);
        ak_buf_put_u16(buf, (uint16_t)len);
        return;
    }
    if (len >= 128) ak_buf_put_u8(buf, 0x81);
    ak_buf_put_u8(buf, (uint8_t)len);
}

static void put_serial(struct ak_buf *buf, uint32_t serial)
{
    uint8_t bytes[5] = {
        0, (uint8_t)(serial >> 24), (uint8_t)(serial >> 16), (uint8_t)(serial >> 8), (uint8_t)serial};
    size_t skip = 0;
    while (skip < 4 && bytes[skip] == 0 && bytes[skip + 1] < 0x80) skip++;
    put_head(buf, INTEGER, sizeof bytes - skip);
    ak_buf_put(buf, ak_span(bytes + skip, sizeof bytes - skip));
}

static void put_name(struct ak_buf *buf, struct ak_span name)
{
    size_t attribute = sizeof common_name + 2 + name.len;
    put_head(buf, SEQUENCE, attribute + 4);
    put_head(buf, SET, attribute + 2);
    put_head(buf, SEQUENCE, attribute);
    ak_buf_put(buf, AK_SPAN_ARR(common_name));
    put_head(buf, UTF8_STRING, name.len);
    ak_buf_put(buf, name);
}

/* 2020 as UTCTime, and the date that RFC 5280 4.1.2.5 gives to certificates without an end. */
static void put_validity(struct ak_buf *buf)
{
    static const char validity[] = "\x30\x20\x17\x0d"
                                   "200101000000Z"
                                   "\x18\x0f"
                                   "99991231235959Z";
    ak_buf_put(buf, ak_span(validity, sizeof validity - 1));
}

static void put_body(struct ak_buf *buf, const struct ak_p256_pub *pub, struct ak_span name, uint32_t serial)
{
    uint8_t spki[91];
    ak_p256_pub_spki(pub, spki);
    ak_buf_put(buf, AK_SPAN_ARR(version3));
    put_serial(buf, serial);
    ak_buf_put(buf, AK_SPAN_ARR(algorithm));
    put_name(buf, name);
    put_validity(buf);
    put_name(buf, name);
    ak_buf_put(buf, AK_SPAN_ARR(spki));
}

static void put_signed(struct ak_buf *buf, struct ak_span to_be_signed, const uint8_t sig[64])
{
    uint8_t der[AK_P256_DER_MAX];
    size_t der_len = ak_p256_der_encode(sig, der);
    put_head(buf, SEQUENCE, to_be_signed.len + sizeof algorithm + 2 + 1 + der_len);
    ak_buf_put(buf, to_be_signed);
    ak_buf_put(buf, AK_SPAN_ARR(algorithm));
    put_head(buf, BIT_STRING, 1 + der_len);
    ak_buf_put_u8(buf, 0); /* no unused bits */
    ak_buf_put(buf, ak_span(der, der_len));
}

enum ak_err ak_p256_cert_put(
    struct ak_buf *buf, const struct ak_secret32 *scalar, const char *name, uint32_t serial)
{
    struct ak_span text = ak_span_str(name);
    uint8_t body_bytes[AK_P256_CERT_MAX], signed_bytes[AK_P256_CERT_MAX];
    struct ak_buf body = AK_BUF_ARR(body_bytes), to_be_signed = AK_BUF_ARR(signed_bytes);
    struct ak_p256_pub pub;
    uint8_t sig[64];
    if (text.len == 0 || text.len > AK_P256_CERT_NAME_MAX) return AK_E_ARG;
    AK_TRY(ak_p256_pub_from_scalar(scalar, &pub));
    put_body(&body, &pub, text, serial);
    put_head(&to_be_signed, SEQUENCE, body.len);
    ak_buf_put(&to_be_signed, ak_buf_span(&body));
    AK_TRY(ak_buf_check(&to_be_signed));
    AK_TRY(ak_p256_sign_fixed(scalar, ak_buf_span(&to_be_signed), sig));
    struct ak_buf before = *buf;
    put_signed(buf, ak_buf_span(&to_be_signed), sig);
    enum ak_err err = ak_buf_check(buf);
    if (err) *buf = before;
    return err;
}
