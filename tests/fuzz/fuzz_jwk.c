/* JWK: a key that is read is on the curve, says what it is, and reads the same when it is written again. */
#include "fuzz/fuzz.h"

#include "base/codec/jose.h"

enum { MAX_TEXT = 4096 };

static void check_accepted(struct ak_json_value jwk, const struct ak_p256_pub *pub)
{
    char text[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    struct ak_json json;
    struct ak_p256_pub again;
    uint8_t first[32];
    uint8_t second[32];
    AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(jwk, "kty"), AK_SPAN_LIT("EC")));
    AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(jwk, "crv"), AK_SPAN_LIT("P-256")));
    AK_FUZZ_CHECK(!ak_json_get(jwk, "d").node);
    AK_FUZZ_CHECK(ak_p256_pub_validate(pub) == AK_OK);
    ak_jwk_put(&w, pub);
    AK_FUZZ_CHECK(ak_json_parse(ak_buf_span(&buf), sizeof text, &json) == AK_OK);
    AK_FUZZ_CHECK(ak_jwk_parse(ak_json_root(&json), &again) == AK_OK);
    AK_FUZZ_CHECK(memcmp(pub, &again, sizeof again) == 0);
    ak_jwk_thumbprint(pub, first);
    ak_jwk_thumbprint(&again, second);
    AK_FUZZ_CHECK(memcmp(first, second, sizeof first) == 0);
    ak_json_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_json json;
    struct ak_p256_pub pub;
    static const struct ak_p256_pub none;
    if (ak_json_parse(ak_span(data, len), MAX_TEXT, &json) != AK_OK) return 0;
    if (ak_jwk_parse(ak_json_root(&json), &pub) == AK_OK)
        check_accepted(ak_json_root(&json), &pub);
    else
        AK_FUZZ_CHECK(memcmp(&pub, &none, sizeof pub) == 0);
    ak_json_done(&json);
    return 0;
}
