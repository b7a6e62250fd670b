/* State, nonce and PKCE: RFC 7636's own pair, values that depend on each of their parts, forged states. */
#include "unit/check.h"

#include "base/codec/base64.h"
#include "core/rp/flow.h"

static const struct ak_secret32 key = {{7}}, other_key = {{8}};
static const uint8_t id[AK_RP_ID_LEN] = {1, 2, 3}, other_id[AK_RP_ID_LEN] = {1, 2, 4};

static struct ak_span make(
    const struct ak_secret32 *under, const uint8_t *about, const char *provider, char text[AK_RP_STATE_MAX])
{
    struct ak_buf buf = ak_buf(text, AK_RP_STATE_MAX);
    ak_rp_state_put(under, about, ak_span_str(provider), &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    return ak_buf_span(&buf);
}

static void state_reads_back(void **state)
{
    (void)state;
    static const char *const names[] = {"ab", "google", "abcdefghijklmnop"};
    char text[AK_RP_STATE_MAX];
    uint8_t got[AK_RP_ID_LEN];
    struct ak_span provider;
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        struct ak_span made = make(&key, id, names[i], text);
        assert_int_equal(made.len, strlen(names[i]) + 1 + 64);
        assert_int_equal(ak_rp_state_read(&key, made, got, &provider), AK_OK);
        assert_memory_equal(got, id, sizeof id);
        assert_true(ak_span_eq(provider, ak_span_str(names[i])));
    }
}

static enum ak_err read_state(struct ak_span text)
{
    static const uint8_t zero[AK_RP_ID_LEN];
    uint8_t got[AK_RP_ID_LEN] = {9};
    struct ak_span provider = AK_SPAN_LIT("x");
    enum ak_err err = ak_rp_state_read(&key, text, got, &provider);
    if (err) {
        assert_memory_equal(got, zero, sizeof zero);
        assert_int_equal(provider.len, 0);
    }
    return err;
}

static void state_forged(void **state)
{
    (void)state;
    char text[AK_RP_STATE_MAX], other[AK_RP_STATE_MAX];
    struct ak_span made = make(&key, id, "google", text);
    for (size_t i = 0; i < made.len; i++) { /* no character can be another one */
        char was = text[i];
        text[i] = was == 'a' ? 'b' : 'a';
        assert_int_not_equal(read_state(made), AK_OK);
        text[i] = was;
    }
    assert_int_equal(read_state(make(&other_key, id, "google", other)), AK_E_AUTH);
    (void)make(&key, id, "gitlab", other);
    memcpy(other, "google", 6); /* another provider's */
    assert_int_equal(read_state(ak_span(other, made.len)), AK_E_AUTH);
    for (size_t len = 0; len < made.len; len++)
        assert_int_equal(read_state(ak_span(made.ptr, len)), AK_E_FORMAT);
    assert_int_equal(read_state(ak_span_str(".")), AK_E_FORMAT);
    (void)make(&key, id, "Google", other); /* even where it was made so */
    assert_int_equal(read_state(ak_span(other, made.len)), AK_E_FORMAT);
}

/* Each part changes the value, and no two kinds of value are the same. */
static void parts_count(void **state)
{
    (void)state;
    static const uint8_t device[32] = {1}, other_device[32] = {2};
    char texts[8][AK_RP_TEXT_LEN];
    ak_rp_nonce(&key, id, AK_SPAN_LIT("google"), device, texts[0]);
    ak_rp_nonce(&other_key, id, AK_SPAN_LIT("google"), device, texts[1]);
    ak_rp_nonce(&key, other_id, AK_SPAN_LIT("google"), device, texts[2]);
    ak_rp_nonce(&key, id, AK_SPAN_LIT("abcdefghijklmnop"), device, texts[3]);
    ak_rp_nonce(&key, id, AK_SPAN_LIT("google"), other_device, texts[4]);
    ak_rp_verifier(&key, id, texts[5]);
    ak_rp_verifier(&other_key, id, texts[6]);
    ak_rp_verifier(&key, other_id, texts[7]);
    for (size_t i = 0; i < AK_COUNT(texts); i++)
        for (size_t k = 0; k < i; k++) assert_memory_not_equal(texts[i], texts[k], AK_RP_TEXT_LEN);
    uint8_t bytes[32];
    for (size_t i = 0; i < AK_COUNT(texts); i++)
        assert_int_equal(ak_base64url_decode_fixed(AK_SPAN_ARR(texts[i]), bytes, sizeof bytes), AK_OK);
}

/* spec: RFC 7636 appendix B */
static void rfc7636_pair(void **state)
{
    (void)state;
    char text[AK_RP_TEXT_LEN];
    ak_rp_challenge(AK_SPAN_LIT("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), text);
    assert_memory_equal(text, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", AK_RP_TEXT_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_reads_back),
        cmocka_unit_test(state_forged),
        cmocka_unit_test(parts_count),
        cmocka_unit_test(rfc7636_pair),
    };
    return cmocka_run_group_tests_name("rp-flow", tests, NULL, NULL);
}
