/* A provider's signatures: the RS256 and ES256 groups of Wycheproof's JWS file, each with its key as the only
 * one of a set. A key that is not for this makes no set; no text of such a group verifies. */
#include "vectors/vec.h"

#include "base/codec/json.h"
#include "core/rp/signed.h"

enum { MAX_TEXT = 8192 };

static struct ak_span get_string(struct ak_json_value object, const char *key)
{
    struct ak_span text;
    assert_int_equal(ak_json_string(ak_json_get(object, key), &text), AK_OK);
    return text;
}

static bool accepts(const struct ak_rp_jwks *jwks, struct ak_span text)
{
    uint8_t bytes[MAX_TEXT];
    struct ak_buf memory = AK_BUF_ARR(bytes);
    struct ak_span payload;
    const char *rule;
    return ak_rp_signed_open(text, MAX_TEXT, jwks, &memory, &payload, &rule) == AK_OK;
}

static void put_key_ops(struct ak_json_writer *w, struct ak_json_value ops)
{
    struct ak_span text;
    if (!ops.node) return;
    ak_json_key(w, "key_ops");
    ak_json_open_array(w);
    for (size_t i = 0; i < ak_json_len(ops); i++) {
        assert_int_equal(ak_json_string(ak_json_at(ops, i), &text), AK_OK);
        ak_json_put_string(w, text);
    }
    ak_json_close_array(w);
}

/* The key as a set: its public members alone, as a provider would publish it. */
static enum ak_err read_set(struct ak_json_value jwk, struct ak_rp_jwks *out_jwks)
{
    static const char *const members[] = {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"};
    char text[MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "keys");
    ak_json_open_array(&w);
    ak_json_open_object(&w);
    for (size_t i = 0; i < AK_COUNT(members); i++) {
        if (!ak_json_get(jwk, members[i]).node) continue;
        ak_json_key(&w, members[i]);
        ak_json_put_string(&w, get_string(jwk, members[i]));
    }
    put_key_ops(&w, ak_json_get(jwk, "key_ops"));
    ak_json_close_object(&w);
    ak_json_close_array(&w);
    ak_json_close_object(&w);
    return ak_rp_jwks_parse(ak_buf_span(&buf), out_jwks);
}

static bool is_ours(struct ak_json_value jwk)
{
    struct ak_json_value alg = ak_json_get(jwk, "alg");
    return ak_json_string_is(alg, AK_SPAN_LIT("RS256")) || ak_json_string_is(alg, AK_SPAN_LIT("ES256"));
}

static void check_group(struct ak_json_value group, struct vec_count *counts)
{
    struct ak_rp_jwks jwks;
    struct ak_json_value jwk = ak_json_get(group, "public"), tests = ak_json_get(group, "tests");
    if (!jwk.node) jwk = ak_json_get(group, "private");
    bool ours = is_ours(jwk), read = read_set(jwk, &jwks) == AK_OK;
    assert_int_equal(read, ours);
    for (size_t i = 0; i < ak_json_len(tests); i++) {
        struct ak_json_value test = ak_json_at(tests, i);
        bool valid = ours && ak_json_string_is(ak_json_get(test, "result"), AK_SPAN_LIT("valid"));
        struct ak_span text = get_string(test, "jws");
        bool accepted = accepts(&jwks, text);
        valid = valid && !ak_span_contains(text, AK_SPAN_LIT("..")); /* an empty payload is no JSON */
        uint64_t id = 0;
        assert_int_equal(ak_json_u64(ak_json_get(test, "tcId"), &id), AK_OK);
        if (accepted != valid) fail_msg("test %u", (unsigned)id);
        counts->accepted += accepted;
        counts->refused += ours && !accepted;
        counts->not_applicable += !ours;
    }
}

static void wycheproof_jws(void **state)
{
    struct ak_json_value root = {*state}, groups = ak_json_get(root, "testGroups");
    struct vec_count counts = {0};
    for (size_t i = 0; i < ak_json_len(groups); i++) check_group(ak_json_at(groups, i), &counts);
    vec_report("provider's JWS", counts);
}

int main(void)
{
    json_t *jws = vec_load("wycheproof/json_web_signature_test.json");
    if (!jws) return VEC_SKIP;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(wycheproof_jws, jws)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(jws);
    return failed;
}
