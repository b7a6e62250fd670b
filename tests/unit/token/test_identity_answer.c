/* The broker's answers: what is made is taken, and every other spelling, key, time and audience is not. */
#include "core/token/identity_answer.h"

#include "unit/token/keys.h"

#define HEADER "{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\"}"
#define ISS    "https://broker.example"
#define AUD    "https://worker.example"
#define CLAIMS(iss, aud, iat, exp, jti, type, value, jkt, more)                                              \
    "{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"iat\":" iat ",\"exp\":" exp ",\"jti\":\"" jti                \
    "\",\"identity_type\":\"" type "\",\"identity_value\":\"" value "\",\"jkt\":\"" jkt "\"" more "}"
#define JTI  "000102030405060708090a0b0c0d0e0f"
#define JKT  "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define GOOD CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "a@b.example", JKT, "")

static enum ak_err verify_at(struct test_key *key, const char *header, const char *claims, uint64_t now_s,
    struct ak_identity_answer *out_answer)
{
    char text[4096];
    struct ak_span jws = test_jws(key, ak_span_str(header), ak_span_str(claims), text, sizeof text);
    return ak_identity_answer_verify(jws, &key->pub, AK_SPAN_LIT(ISS), AK_SPAN_LIT(AUD), now_s, out_answer);
}

static struct ak_identity_answer sample(void)
{
    struct ak_identity_answer answer = {
        .type_len = 5, .value_len = 11, .iat = TEST_NOW_S, .exp = TEST_NOW_S + 60};
    memcpy(answer.type, "email", 5);
    memcpy(answer.value, "a@b.example", 11);
    for (uint8_t i = 0; i < 32; i++) answer.jkt[i] = (uint8_t)(i + 1);
    for (uint8_t i = 0; i < 16; i++) answer.jti[i] = i;
    return answer;
}

static void made_is_taken(void **state)
{
    (void)state;
    struct test_key key = test_key(3);
    struct ak_identity_answer answer = sample(), got;
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    assert_int_equal(
        ak_identity_answer_make(&text, &key.signer, AK_SPAN_LIT(ISS), AK_SPAN_LIT(AUD), &answer), AK_OK);
    assert_int_equal(ak_identity_answer_verify(
                         ak_buf_span(&text), &key.pub, AK_SPAN_LIT(ISS), AK_SPAN_LIT(AUD), TEST_NOW_S, &got),
        AK_OK);
    assert_memory_equal(got.value, answer.value, sizeof got.value);
    assert_memory_equal(got.jkt, answer.jkt, 32);
    assert_memory_equal(got.jti, answer.jti, 16);
    assert_true(got.iat == answer.iat && got.exp == answer.exp && got.type_len == 5);
    /* and so is the fixed text of the same claims */
    assert_int_equal(verify_at(&key, HEADER, GOOD, TEST_NOW_S, &got), AK_OK);
    assert_memory_equal(&got, &answer, sizeof got);
    /* each byte altered */
    for (size_t i = 0; i < text.len; i++) {
        memory[i] ^= 1;
        assert_int_not_equal(ak_identity_answer_verify(ak_buf_span(&text), &key.pub, AK_SPAN_LIT(ISS),
                                 AK_SPAN_LIT(AUD), TEST_NOW_S, &got),
            AK_OK);
        memory[i] ^= 1;
    }
    ak_p256_signer_close(&key.signer);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *header, *claims;
        enum ak_err err;
    } cases[] = {
        {"{\"typ\":\"ak-session+jwt\",\"alg\":\"ES256\"}", GOOD, AK_E_MEANING}, /* I20 */
        {"{\"typ\":\"ak-identity+jwt\",\"alg\":\"none\"}", GOOD, AK_E_MEANING},
        {"{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\",\"kid\":\"1\"}", GOOD, AK_E_MEANING},
        {HEADER,
            CLAIMS("https://other.example", AUD, "1767225600", "1767225660", JTI, "email", "a@b", JKT, ""),
            AK_E_MEANING},
        {HEADER,
            CLAIMS(ISS, "https://other.example", "1767225600", "1767225660", JTI, "email", "a@b", JKT, ""),
            AK_E_MEANING},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225661", JTI, "email", "a@b", JKT, ""), AK_E_MEANING},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225600", JTI, "email", "a@b", JKT, ""), AK_E_MEANING},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "a@b", JKT, ",\"x\":1"),
            AK_E_FORMAT}, /* I4 */
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI "00", "email", "a@b", JKT, ""),
            AK_E_FORMAT},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "a@b", "AQID", ""), AK_E_FORMAT},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "", "a@b", JKT, ""), AK_E_FORMAT},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "", JKT, ""), AK_E_FORMAT},
        {HEADER, CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "a\\nb", JKT, ""), AK_E_FORMAT},
        {HEADER, CLAIMS(ISS, AUD, "\"1\"", "1767225660", JTI, "email", "a@b", JKT, ""), AK_E_FORMAT},
        {HEADER, "[]", AK_E_FORMAT},
        {HEADER, "{}", AK_E_FORMAT},
    };
    struct test_key key = test_key(3);
    struct ak_identity_answer got, none = {0};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        memset(&got, 0xff, sizeof got);
        enum ak_err err = verify_at(&key, cases[i].header, cases[i].claims, TEST_NOW_S, &got);
        if (err != cases[i].err) print_message("case %zu\n", i);
        assert_int_equal(err, cases[i].err);
        assert_memory_equal(&got, &none, sizeof got);
    }
    struct test_key other = test_key(4);
    char text[4096];
    struct ak_span jws = test_jws(&other, AK_SPAN_LIT(HEADER), AK_SPAN_LIT(GOOD), text, sizeof text);
    assert_int_equal(
        ak_identity_answer_verify(jws, &key.pub, AK_SPAN_LIT(ISS), AK_SPAN_LIT(AUD), TEST_NOW_S, &got),
        AK_E_AUTH);
    static char large[AK_IDENTITY_ANSWER_MAX + 1];
    memset(large, 'a', sizeof large);
    assert_int_equal(ak_identity_answer_verify(
                         AK_SPAN_ARR(large), &key.pub, AK_SPAN_LIT(ISS), AK_SPAN_LIT(AUD), TEST_NOW_S, &got),
        AK_E_LIMIT);
    ak_p256_signer_close(&key.signer);
    ak_p256_signer_close(&other.signer);
}

/* At a provider, and only there, the issuer is part of the word. */
static void issuer_of_a_provider(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        enum ak_err err;
    } cases[] = {
        {CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "oauth2_google", "1", JKT,
             ",\"identity_iss\":\"https://accounts.google.com\""),
            AK_OK},
        {CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "oauth2_google", "1", JKT, ""), AK_E_FORMAT},
        {CLAIMS(
             ISS, AUD, "1767225600", "1767225660", JTI, "oauth2_google", "1", JKT, ",\"identity_iss\":\"\""),
            AK_E_FORMAT},
        {CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "oauth2_google", "1", JKT, ",\"identity_iss\":7"),
            AK_E_FORMAT},
        {CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "oauth2_google", "1", JKT,
             ",\"identity_iss\":\"https://a.example\",\"x\":1"),
            AK_E_FORMAT},
        {CLAIMS(ISS, AUD, "1767225600", "1767225660", JTI, "email", "a@b.example", JKT,
             ",\"identity_iss\":\"https://a.example\""),
            AK_E_FORMAT},
    };
    struct test_key key = test_key(3);
    struct ak_identity_answer got;
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        assert_int_equal(verify_at(&key, HEADER, cases[i].claims, TEST_NOW_S, &got), cases[i].err);
        if (cases[i].err) continue;
        assert_int_equal(got.iss_len, 27);
        assert_memory_equal(got.iss, "https://accounts.google.com", 27);
    }
    ak_p256_signer_close(&key.signer);
}

static enum ak_err make_and_take(struct test_key *key, const struct ak_identity_answer *answer)
{
    char origin[AK_LIMIT_IDENTITY_VALUE];
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_identity_answer got;
    memset(origin, 'o', sizeof origin);
    AK_TRY(ak_identity_answer_make(&text, &key->signer, AK_SPAN_ARR(origin), AK_SPAN_ARR(origin), answer));
    AK_TRY(ak_identity_answer_verify(
        ak_buf_span(&text), &key->pub, AK_SPAN_ARR(origin), AK_SPAN_ARR(origin), TEST_NOW_S, &got));
    assert_memory_equal(got.iss, answer->iss, sizeof got.iss);
    return AK_OK;
}

/* The longest of everything fits; what has no issuer, or should have none, is not made. */
static void making_for_a_provider(void **state)
{
    (void)state;
    struct test_key key = test_key(3);
    struct ak_identity_answer answer = sample();
    answer.type_len = sizeof answer.type;
    memset(answer.type, 'x', sizeof answer.type);
    memcpy(answer.type, "oauth2_", 7);
    answer.value_len = sizeof answer.value;
    memset(answer.value, 'v', sizeof answer.value);
    assert_int_equal(make_and_take(&key, &answer), AK_E_ARG);
    answer.iss_len = sizeof answer.iss;
    memset(answer.iss, 'i', sizeof answer.iss);
    assert_int_equal(make_and_take(&key, &answer), AK_OK);
    answer.iss[3] = '"';
    assert_int_equal(make_and_take(&key, &answer), AK_E_ARG);
    answer.iss[3] = 'i';
    answer.iss_len++;
    assert_int_equal(make_and_take(&key, &answer), AK_E_ARG);
    answer = sample();
    answer.iss_len = 1;
    answer.iss[0] = 'i';
    assert_int_equal(make_and_take(&key, &answer), AK_E_ARG);
    ak_p256_signer_close(&key.signer);
}

static void times(void **state)
{
    (void)state;
    struct test_key key = test_key(3);
    struct ak_identity_answer got;
    assert_int_equal(verify_at(&key, HEADER, GOOD, TEST_NOW_S + 59, &got), AK_OK);
    assert_int_equal(verify_at(&key, HEADER, GOOD, TEST_NOW_S + 60, &got), AK_E_EXPIRED);
    uint64_t early = AK_IDENTITY_ANSWER_EARLY_SECS;
    assert_int_equal(verify_at(&key, HEADER, GOOD, TEST_NOW_S - early, &got), AK_OK);
    assert_int_equal(verify_at(&key, HEADER, GOOD, TEST_NOW_S - early - 1, &got), AK_E_EXPIRED);
    ak_p256_signer_close(&key.signer);
}

static void not_made(void **state)
{
    (void)state;
    struct test_key key = test_key(3);
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    const struct ak_span iss = AK_SPAN_LIT(ISS), aud = AK_SPAN_LIT(AUD);
    struct ak_identity_answer answer = sample();
    answer.value[1] = '"';
    assert_int_equal(ak_identity_answer_make(&text, &key.signer, iss, aud, &answer), AK_E_ARG);
    answer = sample();
    answer.exp = answer.iat + AK_IDENTITY_ANSWER_SECS + 1;
    assert_int_equal(ak_identity_answer_make(&text, &key.signer, iss, aud, &answer), AK_E_ARG);
    answer = sample();
    answer.type_len = 0;
    assert_int_equal(ak_identity_answer_make(&text, &key.signer, iss, aud, &answer), AK_E_ARG);
    answer = sample();
    assert_int_equal(ak_identity_answer_make(&text, &key.signer, AK_SPAN_EMPTY, aud, &answer), AK_E_ARG);
    text.cap = 100;
    assert_int_equal(ak_identity_answer_make(&text, &key.signer, iss, aud, &answer), AK_E_FULL);
    assert_int_equal(text.len, 0);
    ak_p256_signer_close(&key.signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_is_taken),
        cmocka_unit_test(refuses),
        cmocka_unit_test(issuer_of_a_provider),
        cmocka_unit_test(making_for_a_provider),
        cmocka_unit_test(times),
        cmocka_unit_test(not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
