/* A provider's id_token, and the state that comes back with its code: claims that are signed and taken name a
 * subject that the broker's own word can say; a text that nobody signed names none; a state that reads is the
 * one that was made. The input is the claims, and each text as it is. */
#include "fuzz/fuzz.h"

#include "base/codec/jose.h"
#include "core/identity/identity.h"
#include "core/rp/flow.h"
#include "core/rp/id_token.h"
#include "core/token/identity_answer.h"

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"1\"}"

static const struct ak_rp_expected expected = {{(const uint8_t *)"https://id.example", 18},
    {(const uint8_t *)"c", 1}, {(const uint8_t *)"n", 1}, 1767225600};

/* A key for tests only. */
static struct ak_p256_signer signer;
static struct ak_rp_jwks jwks;

static void set_up(void)
{
    struct ak_secret32 scalar;
    struct ak_p256_pub pub;
    if (signer.key) return;
    memset(scalar.bytes, 0x11, sizeof scalar.bytes);
    AK_FUZZ_CHECK(ak_p256_pub_from_scalar(&scalar, &pub) == AK_OK);
    AK_FUZZ_CHECK(ak_p256_signer_open(&signer, &scalar) == AK_OK);
    jwks.count = 1;
    jwks.keys[0] = (struct ak_rp_key){.alg = AK_SIG_P256_SHA256, .len = 64, .kid_len = 1, .kid = "1"};
    memcpy(jwks.keys[0].bytes, pub.xy, sizeof pub.xy);
}

static enum ak_err verify(struct ak_span token, struct ak_rp_subject *out_subject)
{
    const char *rule = NULL;
    enum ak_err err = ak_rp_id_token_verify(token, &jwks, &expected, out_subject, &rule);
    AK_FUZZ_CHECK(rule && (rule[0] == '\0') == (err == AK_OK));
    if (err) AK_FUZZ_CHECK(fuzz_is_empty(out_subject, sizeof *out_subject));
    return err;
}

/* What is taken can be said on, and is an identity. */
static void check_subject(const struct ak_rp_subject *subject)
{
    struct ak_identity identity;
    struct ak_identity_answer answer = {
        .type_len = 9, .type = "oauth2_ab", .iss_len = 1, .iss = "i", .exp = 1};
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf word = AK_BUF_ARR(memory);
    AK_FUZZ_CHECK(ak_identity_validate(
                      AK_SPAN_LIT("oauth2_ab"), ak_span(subject->sub, subject->len), &identity) == AK_OK);
    memcpy(answer.value, subject->sub, subject->len);
    answer.value_len = subject->len;
    AK_FUZZ_CHECK(
        ak_identity_answer_make(&word, &signer, expected.client_id, expected.client_id, &answer) == AK_OK);
}

static void check_claims(struct ak_span claims)
{
    static uint8_t memory[2 * AK_RP_ID_TOKEN_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_rp_subject subject;
    struct ak_json json;
    if (ak_json_parse(claims, AK_RP_ID_TOKEN_MAX, &json) != AK_OK) return; /* spares a signature */
    ak_json_done(&json);
    if (ak_jws_sign(&text, AK_SPAN_LIT(HEADER), claims, &signer) != AK_OK) return;
    if (verify(ak_buf_span(&text), &subject) == AK_OK) check_subject(&subject);
    /* the same with a header that the input chose */
    text.len = 0;
    if (ak_jws_sign(&text, claims, AK_SPAN_LIT("{}"), &signer) == AK_OK)
        AK_FUZZ_CHECK(verify(ak_buf_span(&text), &subject) != AK_OK);
}

static void check_state(struct ak_span text)
{
    const struct ak_secret32 key = {{1}};
    uint8_t id[AK_RP_ID_LEN], memory[AK_RP_STATE_MAX];
    struct ak_span provider;
    struct ak_buf again = AK_BUF_ARR(memory);
    if (ak_rp_state_read(&key, text, id, &provider) != AK_OK) {
        AK_FUZZ_CHECK(provider.len == 0 && fuzz_is_empty(id, sizeof id));
        return;
    }
    ak_rp_state_put(&key, id, provider, &again);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_rp_subject subject;
    set_up();
    AK_FUZZ_CHECK(verify(ak_span(data, len), &subject) != AK_OK); /* nobody signed it */
    check_claims(ak_span(data, len));
    check_state(ak_span(data, len));
    return 0;
}
