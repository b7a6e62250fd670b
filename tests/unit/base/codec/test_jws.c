/* Compact JWS: the RFC's example, each part missing or altered, limits of text and memory, what the header
 * must say. */
#include "unit/check.h"

#include "base/codec/base64.h"
#include "base/codec/jose.h"

/* RFC 7515 A.3 */
static const char rfc_jws[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char rfc_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char rfc_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc_d[] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
enum { MAX = 4096 };

static struct ak_p256_pub rfc_pub(void)
{
    struct ak_p256_pub pub;
    assert_int_equal(ak_base64url_decode_fixed(ak_span_str(rfc_x), pub.xy, 32), AK_OK);
    assert_int_equal(ak_base64url_decode_fixed(ak_span_str(rfc_y), pub.xy + 32, 32), AK_OK);
    return pub;
}

static enum ak_err split_verify(struct ak_span text, const struct ak_p256_pub *pub)
{
    uint8_t memory[MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_jws jws;
    AK_TRY(ak_jws_split(text, MAX, &buf, &jws));
    return ak_jws_verify(&jws, pub);
}

static void published_example(void **state)
{
    (void)state;
    uint8_t memory[sizeof rfc_jws - 1];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_jws jws;
    struct ak_p256_pub pub = rfc_pub();
    assert_int_equal(ak_jws_split(ak_span_str(rfc_jws), MAX, &buf, &jws), AK_OK);
    assert_true(ak_span_eq(jws.header, AK_SPAN_LIT("{\"alg\":\"ES256\"}")));
    assert_true(ak_span_starts(jws.payload, AK_SPAN_LIT("{\"iss\":\"joe\",\r\n \"exp\":1300819380,")));
    assert_int_equal(jws.signing_input.len, 20 + 1 + 94);
    assert_int_equal(jws.signature[0], 0x0e);
    assert_int_equal(jws.signature[63], 0xd5);
    assert_int_equal(ak_jws_verify(&jws, &pub), AK_OK);
}

/* Each character set to another one of the alphabet: never accepted. */
static void every_character_altered(void **state)
{
    (void)state;
    struct ak_p256_pub pub = rfc_pub();
    char text[sizeof rfc_jws];
    for (size_t at = 0; at < sizeof rfc_jws - 1; at++) {
        memcpy(text, rfc_jws, sizeof rfc_jws);
        text[at] = text[at] == 'A' ? 'B' : 'A';
        assert_int_not_equal(split_verify(ak_span_str(text), &pub), AK_OK);
        text[at] = '.';
        if (rfc_jws[at] != '.') assert_int_equal(split_verify(ak_span_str(text), &pub), AK_E_FORMAT);
        text[at] = '=';
        assert_int_equal(split_verify(ak_span_str(text), &pub), AK_E_FORMAT);
    }
    for (size_t len = 0; len < sizeof rfc_jws - 1; len++)
        assert_int_equal(split_verify(ak_span(rfc_jws, len), &pub), AK_E_FORMAT);
    pub.xy[63] ^= 1;
    assert_int_equal(split_verify(ak_span_str(rfc_jws), &pub), AK_E_MEANING);
}

static void three_parts_none_empty(void **state)
{
    (void)state;
    struct ak_p256_pub pub = rfc_pub();
    const char *signature = strrchr(rfc_jws, '.') + 1;
    const char *before[] = {"", ".", "..", "e30.", ".e30.", "e30..", "e30.e30", "e30.e30..", ".e30.e30.",
        "e30.e30.e30.", "e31.e30.", "e30.e31.", "e30=.e30.", "e30 .e30."};
    for (size_t i = 0; i < AK_COUNT(before); i++) {
        char text[256];
        struct ak_buf buf = AK_BUF_ARR(text);
        ak_buf_put_str(&buf, before[i]);
        ak_buf_put_str(&buf, signature);
        assert_int_equal(split_verify(ak_buf_span(&buf), &pub), AK_E_FORMAT);
    }
    char text[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, "e30.e30.");
    ak_buf_put_str(&buf, signature);
    assert_int_equal(split_verify(ak_buf_span(&buf), &pub), AK_E_AUTH);
    ak_buf_put_str(&buf, ".");
    assert_int_equal(split_verify(ak_buf_span(&buf), &pub), AK_E_FORMAT);
}

static void limits_at_each_side(void **state)
{
    (void)state;
    uint8_t memory[MAX];
    struct ak_jws jws;
    size_t len = sizeof rfc_jws - 1;
    for (size_t max = len - 1; max <= len + 1; max++) {
        struct ak_buf buf = AK_BUF_ARR(memory);
        assert_int_equal(ak_jws_split(ak_span_str(rfc_jws), max, &buf, &jws), max < len ? AK_E_LIMIT : AK_OK);
    }
    /* 15 bytes of header and 70 of payload. */
    for (size_t cap = 0; cap <= 86; cap++) {
        struct ak_buf buf = ak_buf(memory, cap);
        assert_int_equal(ak_jws_split(ak_span_str(rfc_jws), MAX, &buf, &jws), cap < 85 ? AK_E_FULL : AK_OK);
        assert_int_equal(buf.len, cap < 85 ? 0 : 85);
        if (cap < 85) assert_null(jws.header.ptr);
    }
    struct ak_buf failed = {memory, 0, sizeof memory, true};
    assert_int_equal(ak_jws_split(ak_span_str(rfc_jws), MAX, &failed, &jws), AK_E_FULL);
}

/* RFC 7515 A.2 has a signature of 256 bytes; here one, none, and more than the memory. */
static void parts_of_any_algorithm(void **state)
{
    (void)state;
    uint8_t memory[MAX];
    struct ak_jws_parts parts;
    struct ak_span text = AK_SPAN_LIT("e30.YWI.AAA");
    for (size_t cap = 0; cap <= 7; cap++) {
        struct ak_buf buf = ak_buf(memory, cap);
        assert_int_equal(ak_jws_split_parts(text, MAX, &buf, &parts), cap < 6 ? AK_E_FULL : AK_OK);
        assert_int_equal(buf.len, cap < 6 ? 0 : 6);
        if (cap < 6) assert_null(parts.header.ptr);
    }
    assert_true(ak_span_eq(parts.signing_input, AK_SPAN_LIT("e30.YWI")));
    assert_true(ak_span_eq(parts.header, AK_SPAN_LIT("{}")));
    assert_true(ak_span_eq(parts.payload, AK_SPAN_LIT("ab")));
    assert_int_equal(parts.signature.len, 2);
    static const char *const bad[] = {
        "", "e30.YWI", "e30.YWI.", ".YWI.AAA", "e30..AAA", "e30.YWI.AAA.", "e30.YWI.AAB"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        struct ak_buf buf = AK_BUF_ARR(memory);
        assert_int_equal(ak_jws_split_parts(ak_span_str(bad[i]), MAX, &buf, &parts), AK_E_FORMAT);
        assert_int_equal(buf.len, 0);
    }
    struct ak_buf buf = AK_BUF_ARR(memory), failed = {memory, 0, sizeof memory, true};
    assert_int_equal(ak_jws_split_parts(text, text.len - 1, &buf, &parts), AK_E_LIMIT);
    assert_int_equal(ak_jws_split_parts(text, MAX, &failed, &parts), AK_E_FULL);
}

static void open_signer(struct ak_p256_signer *signer)
{
    struct ak_secret32 scalar;
    assert_int_equal(ak_base64url_decode_fixed(ak_span_str(rfc_d), scalar.bytes, 32), AK_OK);
    assert_int_equal(ak_p256_signer_open(signer, &scalar), AK_OK);
}

static void signs_what_it_verifies(void **state)
{
    (void)state;
    struct ak_p256_signer signer;
    struct ak_p256_pub pub = rfc_pub();
    open_signer(&signer);
    char text[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, "DPoP ");
    assert_int_equal(
        ak_jws_sign(&buf, AK_SPAN_LIT("{\"alg\":\"ES256\"}"), AK_SPAN_LIT("{\"a\":1}"), &signer), AK_OK);
    assert_memory_equal(text, "DPoP eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.", 37);
    assert_int_equal(buf.len, 37 + 86);
    assert_int_equal(split_verify(ak_span(text + 5, buf.len - 5), &pub), AK_OK);
    ak_p256_signer_close(&signer);
}

static void signing_needs_its_room(void **state)
{
    (void)state;
    struct ak_p256_signer signer;
    open_signer(&signer);
    for (size_t cap = 0; cap <= 95; cap += cap == 7 ? 85 : 1) {
        char text[96];
        struct ak_buf buf = ak_buf(text, cap);
        enum ak_err err = ak_jws_sign(&buf, AK_SPAN_LIT("{}"), AK_SPAN_LIT("{}"), &signer);
        assert_int_equal(err, cap < 94 ? AK_E_FULL : AK_OK);
        assert_int_equal(buf.len, cap < 94 ? 0 : 94);
    }
    ak_p256_signer_close(&signer);
}

static enum ak_err open_header(const char *header, const char *typ)
{
    struct ak_jws jws = {.header = ak_span_str(header)};
    struct ak_json json;
    enum ak_err err = ak_jws_header_open(&jws, typ, &json);
    if (err == AK_OK) assert_non_null(json.root);
    if (err != AK_OK) assert_null(json.root);
    ak_json_done(&json);
    return err;
}

static void header_must_say_es256(void **state)
{
    (void)state;
    assert_int_equal(open_header("{\"alg\":\"ES256\"}", NULL), AK_OK);
    assert_int_equal(open_header("{\"alg\":\"ES256\",\"kid\":\"x\",\"typ\":\"at+jwt\"}", "at+jwt"), AK_OK);
    const char *bad[] = {"{}", "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"es256\"}",
        "{\"alg\":\"ES256K\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"\"}",
        "{\"alg\":256}", "{\"alg\":null}", "{\"alg\":[\"ES256\"]}", "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"ES256\",\"crit\":[]}", "{\"alg\":\"ES256\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"b64\":true}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(open_header(bad[i], NULL), AK_E_MEANING);
    const char *malformed[] = {"", "x", "[]", "\"ES256\"", "{\"alg\":\"ES256\"",
        "{\"alg\":\"ES256\",\"alg\":\"none\"}", "{\"alg\":\"none\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\"}{}"};
    for (size_t i = 0; i < AK_COUNT(malformed); i++)
        assert_int_equal(open_header(malformed[i], NULL), AK_E_FORMAT);
}

static void header_must_say_its_typ(void **state)
{
    (void)state;
    assert_int_equal(open_header("{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}", "dpop+jwt"), AK_OK);
    assert_int_equal(open_header("{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}", "at+jwt"), AK_E_MEANING);
    assert_int_equal(open_header("{\"alg\":\"ES256\",\"typ\":\"DPOP+JWT\"}", "dpop+jwt"), AK_E_MEANING);
    assert_int_equal(open_header("{\"alg\":\"ES256\",\"typ\":7}", "dpop+jwt"), AK_E_MEANING);
    assert_int_equal(open_header("{\"alg\":\"ES256\"}", "dpop+jwt"), AK_E_MEANING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_example),
        cmocka_unit_test(every_character_altered),
        cmocka_unit_test(three_parts_none_empty),
        cmocka_unit_test(limits_at_each_side),
        cmocka_unit_test(parts_of_any_algorithm),
        cmocka_unit_test(signs_what_it_verifies),
        cmocka_unit_test(signing_needs_its_room),
        cmocka_unit_test(header_must_say_es256),
        cmocka_unit_test(header_must_say_its_typ),
    };
    return cmocka_run_group_tests_name("jws", tests, NULL, NULL);
}
