/* Proofs whose headers and claims no client makes, well signed by the device: each is refused (I15, I20). */
#include "unit/token/dpop_world.h"

/* The JSON with each % replaced by the public JWK's members ("kty":…,…) and each $ by the nonce. */
static struct ak_span fill(const char *json, struct ak_buf *buf)
{
    buf->len = 0;
    for (; *json; json++) {
        if (*json == '%') {
            char jwk[256];
            struct ak_buf j = AK_BUF_ARR(jwk);
            struct ak_json_writer w = ak_json_writer(&j);
            ak_jwk_put(&w, &device.pub);
            ak_buf_put(buf, ak_span_sub(ak_buf_span(&j), 1, j.len - 2));
        } else if (*json == '$') {
            ak_buf_put(buf, ak_nonce_text(&nonces));
        } else {
            ak_buf_put_u8(buf, (uint8_t)*json);
        }
    }
    assert_int_equal(ak_buf_check(buf), AK_OK);
    return ak_buf_span(buf);
}

#define GOOD_HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%}}"
#define BASE        "\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token\",\"jti\":\"12345678\""
#define GOOD_CLAIMS "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\"}"

static void forge(const char *header, const char *claims, enum ak_dpop_fault want)
{
    char header_bytes[1024], claims_bytes[1024], text[AK_LIMIT_PROOF];
    struct ak_buf h = AK_BUF_ARR(header_bytes), c = AK_BUF_ARR(claims_bytes);
    struct ak_dpop_expect e = an_expect();
    e.token = AK_SPAN_EMPTY;
    struct ak_span proof = test_jws(&device, fill(header, &h), fill(claims, &c), text, sizeof text);
    struct ak_dpop_proof out;
    enum ak_dpop_fault fault;
    (void)verify(proof, &e, &out, &fault);
    if (fault != want) print_error("%s\n%s\n", header, claims);
    assert_int_equal(fault, want);
}

static void test_headers(void **state)
{
    (void)state;
    forge(GOOD_HEADER, GOOD_CLAIMS, AK_DPOP_FINE);
    forge("{\"jwk\":{%},\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}", GOOD_CLAIMS, AK_DPOP_FINE);
    const char *bad[] = {
        "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+JWT\",\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"typ\":\"application/dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"typ\":[\"dpop+jwt\"],\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":null}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":[{%}]}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%,\"d\":"
        "\"REREREREREREREREREREREREREREREREREREREREREQ\"}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%},\"kid\":\"x\"}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%},\"crit\":[\"b64\"],\"b64\":false}",
        "{\"typ\":\"dpop+jwt\",\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{%}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"alg\":\"ES256\",\"jwk\":{%}}",
        "[]",
        "null",
        "{",
        "x",
    };
    for (size_t i = 0; i < AK_COUNT(bad); i++) forge(bad[i], GOOD_CLAIMS, AK_DPOP_HEADER);
}

static void test_claims(void **state)
{
    (void)state;
    const char *bad[] = {
        "{}",
        "[]",
        "null",
        "{" BASE ",\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":\"1767225600\",\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":1767225600.5,\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":-1,\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":null,\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":7}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"nonce\":\"$\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"exp\":1767225700}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"htu2\":\"x\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ath\":null}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ath\":\"\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_bh\":\"\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_bh\":\"QkM\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_rk\":\"\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_rk\":\"UksA\"}",
        "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_rk\":7}",
        "{" BASE
        ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_rk\":\"UksAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{" BASE
        ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_rk\":\"UksAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"}",
        "{" BASE
        ",\"iat\":1767225600,\"nonce\":\"$\",\"ak_bh\":\"QkMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"}",
        "{\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token\",\"iat\":1767225600,\"nonce\":\"$\"}",
        "{\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token\",\"jti\":\"1234567\",\"iat\":1767225600,"
        "\"nonce\":\"$\"}",
        "{\"htm\":\"POST\",\"jti\":\"12345678\",\"iat\":1767225600,\"nonce\":\"$\"}",
        "{\"htu\":\"http://127.0.0.1:8092/v1/"
        "token\",\"jti\":\"12345678\",\"iat\":1767225600,\"nonce\":\"$\"}",
        "{\"htm\":[\"POST\"],\"htu\":\"http://127.0.0.1:8092/v1/"
        "token\",\"jti\":\"12345678\",\"iat\":1767225600}",
    };
    for (size_t i = 0; i < AK_COUNT(bad); i++) forge(GOOD_HEADER, bad[i], AK_DPOP_FORM);
    forge(GOOD_HEADER,
        "{\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token?x=1\",\"jti\":\"12345678\","
        "\"iat\":1767225600,\"nonce\":\"$\"}",
        AK_DPOP_URL);
    forge(GOOD_HEADER,
        "{\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token#x\",\"jti\":\"12345678\","
        "\"iat\":1767225600,\"nonce\":\"$\"}",
        AK_DPOP_URL);
    forge(GOOD_HEADER, "{" BASE ",\"iat\":1767225600,\"nonce\":\"$\",\"ath\":\"x\"}", AK_DPOP_TOKEN);
}

static void test_jti_limits(void **state)
{
    (void)state;
    char claims[512], jti[130];
    for (size_t len = 127; len <= 129; len++) {
        memset(jti, 'j', len);
        jti[len] = 0;
        struct ak_buf c = AK_BUF_ARR(claims);
        ak_buf_put_str(&c, "{\"htm\":\"POST\",\"htu\":\"http://127.0.0.1:8092/v1/token\",\"iat\":1767225600,"
                           "\"nonce\":\"$\",\"jti\":\"");
        ak_buf_put_str(&c, jti);
        ak_buf_put_str(&c, "\"}");
        assert_int_equal(ak_buf_terminate(&c), AK_OK);
        forge(GOOD_HEADER, claims, len <= AK_DPOP_JTI_MAX ? AK_DPOP_FINE : AK_DPOP_FORM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_claims), cmocka_unit_test(test_jti_limits)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
