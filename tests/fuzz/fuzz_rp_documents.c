/* What a provider sends as JSON. A discovery document that is taken makes a URL to start at; a key of a set
 * is found by its own kid and takes no signature of zeros; of an answer comes its id_token or an error, never
 * both. */
#include "fuzz/fuzz.h"

#include "core/rp/discovery.h"
#include "core/rp/jwks.h"
#include "core/rp/token_answer.h"

static const struct ak_span issuer = {(const uint8_t *)"https://id.example", 18};
static const struct ak_span local = {(const uint8_t *)"http://127.0.0.1:3000", 21};

static void check_discovery(struct ak_span text, struct ak_span from, bool plain)
{
    static struct ak_rp_discovery got;
    static uint8_t memory[AK_RP_AUTHORIZE_MAX];
    struct ak_buf url = AK_BUF_ARR(memory);
    const struct ak_span x = AK_SPAN_LIT("x");
    if (ak_rp_discovery_parse(text, from, &got) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&got, sizeof got));
        return;
    }
    AK_FUZZ_CHECK(ak_rp_url_valid(ak_rp_text(&got.token), plain));
    AK_FUZZ_CHECK(ak_rp_url_valid(ak_rp_text(&got.jwks), plain));
    const struct ak_rp_authorize authorize = {ak_rp_text(&got.authorization), x, x, x, x, x, x};
    AK_FUZZ_CHECK(ak_rp_authorize_url(&url, &authorize) == AK_OK);
    AK_FUZZ_CHECK(ak_span_starts(ak_buf_span(&url), ak_rp_text(&got.authorization)));
    AK_FUZZ_CHECK(ak_rp_callback_iss_fits(&got, from, from));
}

static void check_jwks(struct ak_span text)
{
    static struct ak_rp_jwks jwks;
    static const uint8_t zeros[AK_RP_KEY_BYTES];
    if (ak_rp_jwks_parse(text, &jwks) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&jwks, sizeof jwks));
        return;
    }
    AK_FUZZ_CHECK(jwks.count > 0 && jwks.count <= AK_RP_KEYS_MAX);
    for (size_t i = 0; i < jwks.count; i++) {
        const struct ak_rp_key *key = &jwks.keys[i], *found;
        bool ec = key->alg == AK_SIG_P256_SHA256;
        AK_FUZZ_CHECK(ec ? key->len == 64 : key->len >= 256);
        if (i == 0) AK_FUZZ_CHECK(ak_rp_key_verify(key, text, ak_span(zeros, key->len)) != AK_OK);
        if (key->kid_len == 0) continue;
        struct ak_span alg = ec ? AK_SPAN_LIT("ES256") : AK_SPAN_LIT("RS256");
        AK_FUZZ_CHECK(ak_rp_jwks_find(&jwks, ak_span(key->kid, key->kid_len), alg, &found) == AK_OK);
        AK_FUZZ_CHECK(found == key);
    }
}

static void check_answer(struct ak_span text)
{
    static uint8_t memory[AK_RP_ID_TOKEN_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    char error[AK_RP_ERROR_MAX + 1];
    enum ak_err err = ak_rp_token_answer_parse(text, &token, error);
    AK_FUZZ_CHECK((token.len > 0) == (err == AK_OK));
    AK_FUZZ_CHECK(err == AK_E_MEANING || error[0] == '\0');
    for (const char *c = error; *c; c++) AK_FUZZ_CHECK(*c > 0x20 && *c < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_discovery(ak_span(data, len), issuer, false);
    check_discovery(ak_span(data, len), local, true);
    check_jwks(ak_span(data, len));
    check_answer(ak_span(data, len));
    return 0;
}
