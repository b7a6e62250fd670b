/* JOSE: RFC 7515 A.3 and the Wycheproof files for JWS and JWK. Where the key is one of ours the verdict must
 * be the published one; every other key must be refused as what it is, and no other text may verify. */
#include "vectors/vec.h"

#include "base/codec/jose.h"

enum { MAX_TEXT = 8192 };

static enum ak_err verify(struct ak_span text, const struct ak_p256_pub *pub)
{
    uint8_t memory[MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_jws jws;
    struct ak_json header;
    AK_TRY(ak_jws_split(text, MAX_TEXT, &buf, &jws));
    AK_TRY(ak_jws_header_open(&jws, NULL, &header));
    ak_json_done(&header);
    return ak_jws_verify(&jws, pub);
}

static struct ak_span get_string(struct ak_json_value object, const char *key)
{
    struct ak_span text;
    assert_int_equal(ak_json_string(ak_json_get(object, key), &text), AK_OK);
    return text;
}

static void rfc7515_a3(void **state)
{
    struct ak_json_value root = {*state};
    struct ak_json_value jwk = ak_json_get(root, "jwk");
    struct ak_p256_pub pub;
    assert_int_equal(ak_jwk_parse(jwk, &pub), AK_E_MEANING); /* it has its private part */
    char public_text[512];
    struct ak_buf buf = AK_BUF_ARR(public_text);
    struct ak_json_writer w = ak_json_writer(&buf);
    const char *members[] = {"kty", "crv", "x", "y"};
    ak_json_open_object(&w);
    for (size_t i = 0; i < AK_COUNT(members); i++) {
        ak_json_key(&w, members[i]);
        ak_json_put_string(&w, get_string(jwk, members[i]));
    }
    ak_json_close_object(&w);
    struct ak_json public_json;
    assert_int_equal(ak_json_parse(ak_buf_span(&buf), sizeof public_text, &public_json), AK_OK);
    assert_int_equal(ak_jwk_parse(ak_json_root(&public_json), &pub), AK_OK);
    assert_int_equal(verify(get_string(root, "jws"), &pub), AK_OK);
    ak_json_done(&public_json);
}

static void check_group(struct ak_json_value group, struct ak_json_value jwk, struct vec_count *counts)
{
    struct ak_p256_pub pub;
    struct ak_json_value tests = ak_json_get(group, "tests");
    enum ak_err key = ak_jwk_parse(jwk, &pub);
    bool is_p256 = ak_json_string_is(ak_json_get(jwk, "crv"), AK_SPAN_LIT("P-256")) &&
                   ak_json_string_is(ak_json_get(jwk, "kty"), AK_SPAN_LIT("EC"));
    if (!is_p256) assert_int_equal(key, AK_E_UNSUPPORTED);
    for (size_t i = 0; i < ak_json_len(tests); i++) {
        struct ak_json_value test = ak_json_at(tests, i);
        bool valid = is_p256 && ak_json_string_is(ak_json_get(test, "result"), AK_SPAN_LIT("valid"));
        bool accepted = key == AK_OK && verify(get_string(test, "jws"), &pub) == AK_OK;
        uint64_t id = 0;
        assert_int_equal(ak_json_u64(ak_json_get(test, "tcId"), &id), AK_OK);
        if (accepted != valid) fail_msg("test %u", (unsigned)id);
        counts->accepted += accepted;
        counts->refused += is_p256 && !accepted;
        counts->not_applicable += !is_p256;
    }
}

static void wycheproof_jws(void **state)
{
    struct ak_json_value root = {*state};
    struct vec_count counts = {0};
    struct ak_json_value groups = ak_json_get(root, "testGroups");
    for (size_t i = 0; i < ak_json_len(groups); i++) {
        struct ak_json_value group = ak_json_at(groups, i);
        struct ak_json_value jwk = ak_json_get(group, "public");
        check_group(group, jwk.node ? jwk : ak_json_get(group, "private"), &counts);
    }
    vec_report("wycheproof JWS", counts);
    assert_int_equal(counts.accepted, 2);
    assert_int_equal(counts.refused, 14 + 2 + 23);
    assert_int_equal(counts.accepted + counts.refused + counts.not_applicable, 401);
}

/* No text of the file verifies under the key of its ES256 group but the two valid ones. */
static void wycheproof_jws_under_one_key(void **state)
{
    struct ak_json_value root = {*state};
    struct ak_json_value groups = ak_json_get(root, "testGroups");
    struct ak_p256_pub pub;
    assert_int_equal(ak_jwk_parse(ak_json_get(ak_json_at(groups, 1), "public"), &pub), AK_OK);
    unsigned verified = 0;
    for (size_t i = 0; i < ak_json_len(groups); i++) {
        struct ak_json_value group = ak_json_at(groups, i);
        struct ak_json_value tests = ak_json_get(group, "tests");
        for (size_t j = 0; j < ak_json_len(tests); j++) {
            if (verify(get_string(ak_json_at(tests, j), "jws"), &pub) != AK_OK) continue;
            verified++;
        }
    }
    /* The two valid texts, and the good text of the two groups whose key is for encryption. */
    assert_int_equal(verified, 4);
}

static void wycheproof_jwk(void **state)
{
    struct ak_json_value root = {*state};
    unsigned keys_seen = 0;
    unsigned keys_taken = 0;
    struct ak_json_value groups = ak_json_get(root, "testGroups");
    for (size_t i = 0; i < ak_json_len(groups); i++) {
        struct ak_json_value group = ak_json_at(groups, i);
        struct ak_json_value set = ak_json_get(group, "public");
        if (!set.node) set = ak_json_get(group, "private");
        struct ak_json_value keys = ak_json_get(set, "keys");
        struct ak_span jws = get_string(ak_json_at(ak_json_get(group, "tests"), 0), "jws");
        for (size_t k = 0; k < ak_json_len(keys); k++) {
            struct ak_p256_pub pub;
            keys_seen++;
            if (ak_jwk_parse(ak_json_at(keys, k), &pub) != AK_OK) continue;
            keys_taken++;
            assert_int_not_equal(verify(jws, &pub), AK_OK);
        }
    }
    print_message("wycheproof JWK: %u of %u keys are of our kind\n", keys_taken, keys_seen);
    assert_true(keys_seen >= 26);
}

int main(void)
{
    json_t *a3 = vec_load("jose/rfc7515-a3.json");
    json_t *jws = vec_load("wycheproof/json_web_signature_test.json");
    json_t *jwk = vec_load("wycheproof/json_web_key_test.json");
    if (!a3 || !jws || !jwk) return VEC_SKIP;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(rfc7515_a3, a3),
        cmocka_unit_test_prestate(wycheproof_jws, jws),
        cmocka_unit_test_prestate(wycheproof_jws_under_one_key, jws),
        cmocka_unit_test_prestate(wycheproof_jwk, jwk),
    };
    int failed = cmocka_run_group_tests_name("vec_jose", tests, NULL, NULL);
    json_decref(a3);
    json_decref(jws);
    json_decref(jwk);
    return failed;
}
