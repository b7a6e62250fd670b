/* JWS: a text that splits is the one text of its parts; none but the published one verifies under its key. */
#include "fuzz/fuzz.h"

#include "base/codec/base64.h"
#include "base/codec/jose.h"

enum { MAX_TEXT = 4096 };

/* RFC 7515 A.3 */
static const char published[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
static const char key_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char key_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

static void check_again(const struct ak_jws *jws, struct ak_span text)
{
    char again[2 * MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(again);
    ak_base64url_encode(&buf, jws->header);
    ak_buf_put_u8(&buf, '.');
    ak_base64url_encode(&buf, jws->payload);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), jws->signing_input));
    ak_buf_put_u8(&buf, '.');
    ak_base64url_encode(&buf, AK_SPAN_ARR(jws->signature));
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), text));
}

static void check_header(const struct ak_jws *jws)
{
    struct ak_json any;
    struct ak_json typed;
    enum ak_err any_err = ak_jws_header_open(jws, NULL, &any);
    enum ak_err typed_err = ak_jws_header_open(jws, "dpop+jwt", &typed);
    AK_FUZZ_CHECK(typed_err != AK_OK || any_err == AK_OK);
    AK_FUZZ_CHECK((any_err == AK_OK) == (any.root != NULL) && (typed_err == AK_OK) == (typed.root != NULL));
    if (any_err == AK_OK)
        AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(ak_json_root(&any), "alg"), AK_SPAN_LIT("ES256")));
    ak_json_done(&any);
    ak_json_done(&typed);
}

/* Of any algorithm: what splits for ours splits there, too, into the same. */
static void check_parts(struct ak_span text, const struct ak_jws *jws, bool split)
{
    uint8_t memory[MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_jws_parts parts;
    enum ak_err err = ak_jws_split_parts(text, MAX_TEXT, &buf, &parts);
    if (err) AK_FUZZ_CHECK(!split && buf.len == 0 && parts.signing_input.len == 0);
    if (err) return;
    AK_FUZZ_CHECK(split == (parts.signature.len == sizeof jws->signature));
    if (!split) return;
    AK_FUZZ_CHECK(ak_span_eq(parts.header, jws->header) && ak_span_eq(parts.payload, jws->payload));
    AK_FUZZ_CHECK(ak_span_eq(parts.signature, AK_SPAN_ARR(jws->signature)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t memory[MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_p256_pub pub;
    struct ak_jws jws;
    struct ak_span text = ak_span(data, len);
    enum ak_err err = ak_jws_split(text, MAX_TEXT, &buf, &jws);
    check_parts(text, &jws, err == AK_OK);
    if (err != AK_OK) {
        AK_FUZZ_CHECK(buf.len == 0 && jws.signing_input.len == 0);
        AK_FUZZ_CHECK((err == AK_E_LIMIT) == (len > MAX_TEXT));
        return 0;
    }
    check_again(&jws, text);
    check_header(&jws);
    AK_FUZZ_CHECK(ak_base64url_decode_fixed(ak_span_str(key_x), pub.xy, 32) == AK_OK);
    AK_FUZZ_CHECK(ak_base64url_decode_fixed(ak_span_str(key_y), pub.xy + 32, 32) == AK_OK);
    bool is_published = ak_span_eq(jws.signing_input, ak_span_str(published));
    AK_FUZZ_CHECK(ak_jws_verify(&jws, &pub) != AK_OK || is_published);
    return 0;
}
