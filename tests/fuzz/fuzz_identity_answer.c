/* The broker's answers: a payload that was signed by the key and is taken makes an answer that is taken
 * again; a text that is none gives none. The input is the payload, and the text as it is. */
#include "fuzz/fuzz.h"

#include "base/codec/jose.h"
#include "core/token/identity_answer.h"

static const struct ak_span iss = {(const uint8_t *)"https://b", 9}, aud = {(const uint8_t *)"https://w", 9};

/* A key for tests only. */
static struct ak_p256_signer signer;
static struct ak_p256_pub pub;

static void set_up(void)
{
    if (signer.key) return;
    struct ak_secret32 scalar;
    memset(scalar.bytes, 0x11, sizeof scalar.bytes);
    AK_FUZZ_CHECK(ak_p256_pub_from_scalar(&scalar, &pub) == AK_OK);
    AK_FUZZ_CHECK(ak_p256_signer_open(&signer, &scalar) == AK_OK);
}

static void check(struct ak_span text)
{
    struct ak_identity_answer answer, again;
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf made = AK_BUF_ARR(memory);
    if (ak_identity_answer_verify(text, &pub, iss, aud, 1767225600, &answer) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&answer, sizeof answer));
        return;
    }
    AK_FUZZ_CHECK(ak_identity_answer_make(&made, &signer, iss, aud, &answer) == AK_OK);
    AK_FUZZ_CHECK(ak_identity_answer_verify(ak_buf_span(&made), &pub, iss, aud, 1767225600, &again) == AK_OK);
    AK_FUZZ_CHECK(memcmp(answer.jkt, again.jkt, 32) == 0 && memcmp(answer.jti, again.jti, 16) == 0 &&
                  answer.exp == again.exp && answer.value_len == again.value_len &&
                  memcmp(answer.value, again.value, answer.value_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_json json;
    set_up();
    check(ak_span(data, len));
    if (ak_json_parse(ak_span(data, len), AK_IDENTITY_ANSWER_MAX, &json) != AK_OK)
        return 0; /* spares a signature */
    ak_json_done(&json);
    if (ak_jws_sign(&text, AK_SPAN_LIT("{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\"}"), ak_span(data, len),
            &signer) == AK_OK)
        check(ak_buf_span(&text));
    return 0;
}
