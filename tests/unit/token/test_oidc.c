/* Tokens for clouds: the exact claims, and that no tag, audience or issuer holds what it must not. */
#include "base/codec/jose.h"
#include "core/token/oidc.h"
#include "unit/token/keys.h"

static const char issuer[] = "https://keys.example";
static const char wallet_hex[] = "0x5555555555555555555555555555555555555555";

static struct ak_oidc_key key_of(uint8_t byte, uint32_t version)
{
    struct ak_secret32 scalar;
    struct ak_oidc_key key;
    memset(scalar.bytes, byte, sizeof scalar.bytes);
    assert_int_equal(ak_oidc_key_init(&key, version, &scalar), AK_OK);
    return key;
}

static struct ak_oidc_claims claims_of(const char *label)
{
    struct ak_oidc_claims claims = {.iss = ak_span_str(issuer),
        .aud = AK_SPAN_LIT("sts.amazonaws.com"),
        .label = ak_span_str(label),
        .generation = 7,
        .iat = TEST_NOW_S,
        .exp = TEST_NOW_S + 300};
    memset(claims.home_wallet, 0x55, 20);
    memset(claims.anchor, 0x33, 32);
    memset(claims.jti, 0, 16);
    return claims;
}

static enum ak_err put(const struct ak_oidc_claims *claims, char *out, size_t cap, size_t *out_len)
{
    struct ak_oidc_key key = key_of(0x11, 1);
    struct ak_buf buf = ak_buf(out, cap);
    enum ak_err err = ak_oidc_put(&buf, &key, claims);
    *out_len = buf.len;
    return err;
}

/* What a receiver reads: header and payload of the text. */
static void parts_of(const struct ak_oidc_claims *claims, char out_header[256], char out_payload[2048])
{
    char text[AK_OIDC_TEXT_MAX];
    size_t len = 0, header_len = 0, payload_len = 0;
    assert_int_equal(put(claims, text, sizeof text, &len), AK_OK);
    struct ak_span all = ak_span(text, len);
    size_t dot = ak_span_find(all, 0, '.');
    assert_int_equal(all.ptr[len - 1], '.');
    assert_int_equal(
        ak_base64url_decode(ak_span_sub(all, 0, dot), (uint8_t *)out_header, 255, &header_len), AK_OK);
    assert_int_equal(ak_base64url_decode(ak_span_sub(all, dot + 1, len - dot - 2), (uint8_t *)out_payload,
                         2047, &payload_len),
        AK_OK);
    out_header[header_len] = out_payload[payload_len] = 0;
}

#define ANCHOR "3333333333333333333333333333333333333333333333333333333333333333"

static void an_agents_claims_byte_for_byte(void **state)
{
    (void)state;
    char header[256], payload[2048], want[256];
    struct ak_oidc_claims claims = claims_of("agent-1");
    struct ak_oidc_key key = key_of(0x11, 1);
    parts_of(&claims, header, payload);
    (void)snprintf(want, sizeof want, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", key.kid);
    assert_string_equal(header, want);
    assert_memory_equal(key.kid, "ak-oidc-", 8);
    assert_int_equal(strlen(key.kid), 24);
    assert_string_equal(payload,
        "{\"iss\":\"https://keys.example\","
        "\"sub\":\"agentkeys:agent:0x5555555555555555555555555555555555555555:agent-1\","
        "\"aud\":\"sts.amazonaws.com\",\"iat\":1767225600,\"exp\":1767225900,"
        "\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\","
        "\"agentkeys_user_wallet\":\"0x5555555555555555555555555555555555555555\","
        "\"agentkeys_anchor\":\"" ANCHOR "\","
        "\"agentkeys_path\":\"/agent-1\",\"agentkeys_generation\":7,"
        "\"https://aws.amazon.com/tags\":{\"principal_tags\":{"
        "\"agentkeys_user_wallet\":[\"0x5555555555555555555555555555555555555555\"],"
        "\"agentkeys_path\":[\"/agent-1\"]},"
        "\"transitive_tag_keys\":[\"agentkeys_user_wallet\",\"agentkeys_path\"]}}");
}

static void a_persons_claims_name_no_path(void **state)
{
    (void)state;
    char header[256], payload[2048];
    struct ak_oidc_claims claims = claims_of("");
    parts_of(&claims, header, payload);
    assert_string_equal(payload,
        "{\"iss\":\"https://keys.example\","
        "\"sub\":\"agentkeys:agent:0x5555555555555555555555555555555555555555\","
        "\"aud\":\"sts.amazonaws.com\",\"iat\":1767225600,\"exp\":1767225900,"
        "\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\","
        "\"agentkeys_user_wallet\":\"0x5555555555555555555555555555555555555555\","
        "\"agentkeys_anchor\":\"" ANCHOR "\","
        "\"https://aws.amazon.com/tags\":{\"principal_tags\":{"
        "\"agentkeys_user_wallet\":[\"0x5555555555555555555555555555555555555555\"]},"
        "\"transitive_tag_keys\":[\"agentkeys_user_wallet\"]}}");
}

/* A `*` as a tag's value would match everything in a bucket's policy. */
static void tags_are_never_patterns(void **state)
{
    (void)state;
    char text[AK_OIDC_TEXT_MAX];
    size_t len = 0;
    static const char *const labels[] = {"*", "agent-*", "a?", "a/b", "/a", "a ", "A", "a\"", "a\\", "-a",
        "a-", "${x}", "a:b", "\xc3\xa9", "01234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < AK_COUNT(labels); i++) {
        struct ak_oidc_claims claims = claims_of(labels[i]);
        assert_int_equal(put(&claims, text, sizeof text, &len), AK_E_ARG);
        assert_int_equal(len, 0);
    }
    static const char *const wallets[] = {"", "*", "0x*", "0x", "0x555555555555555555555555555555555555555",
        "0x55555555555555555555555555555555555555555", "0X5555555555555555555555555555555555555555",
        "0x555555555555555555555555555555555555555G", "0x555555555555555555555555555555555555555A",
        "0x555555555555555555555555555555555555555*", "5555555555555555555555555555555555555555xx"};
    for (size_t i = 0; i < AK_COUNT(wallets); i++)
        assert_false(ak_oidc_tag_wallet_valid(ak_span_str(wallets[i])));
    assert_true(ak_oidc_tag_wallet_valid(ak_span_str(wallet_hex)));
    static const char *const paths[] = {
        "", "/", "*", "/*", "agent-1", "//agent-1", "/agent-1/0", "/agent-1/"};
    for (size_t i = 0; i < AK_COUNT(paths); i++) assert_false(ak_oidc_tag_path_valid(ak_span_str(paths[i])));
    assert_true(ak_oidc_tag_path_valid(AK_SPAN_LIT("/agent-1")));
}

static void audiences(void **state)
{
    (void)state;
    char text[AK_OIDC_TEXT_MAX], longest[201];
    size_t len = 0;
    struct ak_oidc_claims claims = claims_of("agent-1");
    memset(longest, 'a', sizeof longest);
    for (unsigned c = 0; c < 256; c++) {
        uint8_t one[3] = {'x', (uint8_t)c, 'y'};
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                    c == '_' || c == ':' || c == '/' || c == '-';
        assert_int_equal(ak_oidc_audience_valid(AK_SPAN_ARR(one)), good);
        claims.aud = AK_SPAN_ARR(one);
        assert_int_equal(put(&claims, text, sizeof text, &len), good ? AK_OK : AK_E_ARG);
    }
    assert_false(ak_oidc_audience_valid(AK_SPAN_EMPTY));
    assert_true(ak_oidc_audience_valid(ak_span(longest, 200)));
    assert_false(ak_oidc_audience_valid(ak_span(longest, 201)));
    struct ak_span iss = ak_span_str(issuer);
    assert_true(ak_oidc_audience_own(AK_SPAN_LIT("agentkeys-vault"), iss));
    assert_true(ak_oidc_audience_own(iss, iss));
    assert_true(ak_oidc_audience_own(AK_SPAN_LIT("https://keys.example/"), iss));
    assert_false(ak_oidc_audience_own(AK_SPAN_LIT("https://keys.example/x"), iss));
    assert_false(ak_oidc_audience_own(AK_SPAN_LIT("agentkeys-vault2"), iss));
    assert_false(ak_oidc_audience_own(AK_SPAN_LIT("sts.amazonaws.com"), iss));
}

static void lifetimes_and_issuers(void **state)
{
    (void)state;
    char text[AK_OIDC_TEXT_MAX], longest[257];
    size_t len = 0;
    static const struct {
        uint64_t secs;
        enum ak_err err;
    } lives[] = {{0, AK_E_LIMIT}, {59, AK_E_LIMIT}, {60, AK_OK}, {3600, AK_OK}, {3601, AK_E_LIMIT}};
    struct ak_oidc_claims claims = claims_of("agent-1");
    for (size_t i = 0; i < AK_COUNT(lives); i++) {
        claims.exp = claims.iat + lives[i].secs;
        assert_int_equal(put(&claims, text, sizeof text, &len), lives[i].err);
    }
    claims.exp = claims.iat - 1;
    assert_int_equal(put(&claims, text, sizeof text, &len), AK_E_LIMIT);
    memset(longest, 'a', sizeof longest);
    static const char *const bad[] = {
        "", "https://a b", "https://a\"", "https://a\\", "https://\x7f", "h\xc3\xa9"};
    claims = claims_of("agent-1");
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        claims.iss = ak_span_str(bad[i]);
        assert_int_equal(put(&claims, text, sizeof text, &len), AK_E_ARG);
    }
    claims.iss = ak_span(longest, 257);
    assert_int_equal(put(&claims, text, sizeof text, &len), AK_E_ARG);
}

/* The longest of everything fits the limit, with the signature; and one byte less of room does not. */
static void the_longest_fits(void **state)
{
    (void)state;
    static char label[64], aud[200], iss[256];
    char text[AK_OIDC_TEXT_MAX];
    size_t len = 0, again = 0;
    memset(label, 'a', sizeof label);
    memset(aud, 'a', sizeof aud);
    memset(iss, 'a', sizeof iss);
    struct ak_oidc_claims claims = claims_of("");
    claims.label = AK_SPAN_ARR(label);
    claims.aud = AK_SPAN_ARR(aud);
    claims.iss = AK_SPAN_ARR(iss);
    claims.generation = UINT32_MAX;
    claims.iat = UINT64_MAX - 3600;
    claims.exp = UINT64_MAX;
    assert_int_equal(put(&claims, text, sizeof text, &len), AK_OK);
    assert_true(len + AK_OIDC_SIGNATURE_LEN <= AK_OIDC_TEXT_MAX);
    assert_int_equal(put(&claims, text, len, &again), AK_OK);
    assert_int_equal(put(&claims, text, len - 1, &again), AK_E_FULL);
    assert_int_equal(again, 0);
}

/* I20: what we mint for clouds is none of our own tokens, even under a key of ours. */
static void it_is_no_token_of_ours(void **state)
{
    (void)state;
    char text[AK_OIDC_TEXT_MAX];
    uint8_t memory[AK_OIDC_TEXT_MAX], sig[64];
    struct test_key signer = test_key(0x11);
    struct ak_token_key keys[2];
    struct ak_token_claims read;
    struct ak_token_issuer ours = {ak_span_str(issuer), ak_span_str(issuer)};
    struct ak_oidc_claims claims = claims_of("agent-1");
    struct ak_buf buf = AK_BUF_ARR(text), room = AK_BUF_ARR(memory);
    struct ak_oidc_key key = key_of(0x11, 1);
    assert_int_equal(ak_token_key_init(&keys[0], AK_TOKEN_SESSION, &signer.pub), AK_OK);
    assert_int_equal(ak_token_key_init(&keys[1], AK_TOKEN_AGENT, &signer.pub), AK_OK);
    claims.aud = ours.aud;
    assert_int_equal(ak_oidc_put(&buf, &key, &claims), AK_OK);
    assert_int_equal(ak_p256_sign(&signer.signer, ak_span(text, buf.len - 1), sig), AK_OK);
    ak_base64url_encode(&buf, AK_SPAN_ARR(sig));
    assert_int_equal(ak_token_peek_kind(ak_buf_span(&buf), keys, 2), AK_TOKEN_NONE);
    assert_int_equal(
        ak_token_verify(ak_buf_span(&buf), keys, 2, &ours, TEST_NOW_S, &room, &read), AK_E_MEANING);
    ak_p256_signer_close(&signer.signer);
}

static void keys_of_versions(void **state)
{
    (void)state;
    struct ak_oidc_key one = key_of(0x11, 1), again = key_of(0x11, 1), two = key_of(0x12, 2);
    assert_memory_equal(one.cert, again.cert, sizeof one.cert);
    assert_string_equal(one.kid, again.kid);
    assert_string_not_equal(one.kid, two.kid);
    assert_int_equal(two.version, 2);
    struct ak_secret32 zero = {{0}};
    assert_int_equal(ak_oidc_key_init(&one, 1, &zero), AK_E_MEANING);
    assert_int_equal(one.version, 0);
    assert_int_equal(one.cert_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_agents_claims_byte_for_byte),
        cmocka_unit_test(a_persons_claims_name_no_path), cmocka_unit_test(tags_are_never_patterns),
        cmocka_unit_test(audiences), cmocka_unit_test(lifetimes_and_issuers),
        cmocka_unit_test(the_longest_fits), cmocka_unit_test(it_is_no_token_of_ours),
        cmocka_unit_test(keys_of_versions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
