/* DPoP: what a client makes verifies; every other key, call, time, nonce, token and form is refused
 * (I10, I15, I20). Values of RFC 9449 where they apply. */
#include "base/codec/hex.h"
#include "unit/token/dpop_world.h"

static void test_round_trip(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    uint8_t jkt[32];
    ak_jwk_thumbprint(&device.pub, jkt);
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_memory_equal(proof.jkt, jkt, 32);
    assert_int_equal(proof.iat, TEST_NOW_S);
    assert_int_equal(proof.nonce_slot, nonces.slot);
    assert_false(proof.has_bh);
    struct ak_dpop_proof first = proof;
    m.bh = bh;
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_true(proof.has_bh);
    assert_memory_equal(proof.bh, bh, 32);
    assert_memory_equal(proof.jti_hash, first.jti_hash, 32); /* the same jti is the same use */
    assert_false(proof.has_rk);
    m.rk = rk;
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_true(proof.has_bh && proof.has_rk);
    assert_memory_equal(proof.bh, bh, 32);
    assert_memory_equal(proof.rk, rk, 32);
    m.bh = NULL;
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_true(!proof.has_bh && proof.has_rk);
    m.jti[15] = 1;
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_memory_not_equal(proof.jti_hash, first.jti_hash, 32);
    m.token = AK_SPAN_EMPTY;
    e.token = AK_SPAN_EMPTY;
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    m.url = AK_SPAN_LIT("https://worker.example/v1/token");
    assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_OK);
    assert_int_equal(ak_dpop_verify(make(&m, text), &e, &nonces, &proof, NULL), AK_OK);
}

/* Each character changed: none passes. */
static void test_each_character_altered(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    m.bh = bh;
    m.rk = rk;
    struct ak_dpop_expect e = an_expect();
    struct ak_span proof_text = make(&m, text);
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    for (size_t i = 0; i < proof_text.len; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(proof_text, &e, &proof, &fault), AK_OK);
        text[i] = was;
    }
    for (size_t len = 0; len < proof_text.len; len++) {
        assert_int_not_equal(verify(ak_span(text, len), &e, &proof, &fault), AK_OK);
    }
    assert_int_equal(verify(proof_text, &e, &proof, &fault), AK_OK);
}

static void test_other_call(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    struct ak_span proof = make(&m, text);
    struct ak_dpop_expect e = an_expect();
    const char *methods[] = {"GET", "post", "POSTS", "POS", ""};
    for (size_t i = 0; i < AK_COUNT(methods); i++) {
        e.method = ak_span_str(methods[i]);
        expect_fault(proof, &e, AK_DPOP_METHOD);
    }
    e = an_expect();
    const char *paths[] = {"/v1/tokens", "/v1/toke", "/v1/token/", "/V1/token", "", "/", "/v1/token?a=1"};
    for (size_t i = 0; i < AK_COUNT(paths); i++) {
        e.path = ak_span_str(paths[i]);
        expect_fault(proof, &e, AK_DPOP_URL);
    }
    e = an_expect();
    e.origins = origins + 1;
    e.origin_count = 1;
    expect_fault(proof, &e, AK_DPOP_URL);
    e.origin_count = 0;
    expect_fault(proof, &e, AK_DPOP_URL);
    const char *urls[] = {"http://127.0.0.1:80920/v1/token", "https://127.0.0.1:8092/v1/token",
        "http://127.0.0.1:8092/v1/token/", "http://127.0.0.1:8092//v1/token",
        "http://localhost:8092/v1/token", "http://127.0.0.1:8092", "http://127.0.0.1:8092/v1/%74oken"};
    e = an_expect();
    for (size_t i = 0; i < AK_COUNT(urls); i++) {
        m.url = ak_span_str(urls[i]);
        expect_fault(make(&m, text), &e, AK_DPOP_URL);
    }
}

static void test_times(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_expect e = an_expect();
    const struct {
        uint64_t iat;
        bool good;
    } cases[] = {{TEST_NOW_S - AK_DPOP_IAT_SECS, true}, {TEST_NOW_S - AK_DPOP_IAT_SECS - 1, false},
        {TEST_NOW_S + AK_DPOP_IAT_SECS, true}, {TEST_NOW_S + AK_DPOP_IAT_SECS + 1, false}, {0, false},
        {INT64_MAX, false}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_dpop_make m = a_make();
        m.iat = cases[i].iat;
        expect_fault(make(&m, text), &e, cases[i].good ? AK_DPOP_FINE : AK_DPOP_TIME);
    }
}

/* No nonce, another's, an old one, one of before a restart. */
static void test_nonces(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_make m = a_make();
    struct ak_secret32 other_key = {{8}};
    struct ak_nonce restarted;
    ak_nonce_init(&restarted, &other_key, nonces.worker_id, TEST_NOW_S * 1000);
    const struct ak_span bad[] = {AK_SPAN_EMPTY, AK_SPAN_LIT("x"), ak_nonce_text(&restarted)};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        m.nonce = bad[i];
        struct ak_dpop_proof proof;
        enum ak_dpop_fault fault;
        assert_int_equal(verify(make(&m, text), &e, &proof, &fault), AK_E_EXPIRED);
        assert_int_equal(fault, AK_DPOP_NONCE);
    }
    m = a_make();
    struct ak_span proof_text = make(&m, text);
    struct ak_nonce later = nonces;
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    ak_nonce_advance(&later, TEST_NOW_S * 1000 + 60000);
    assert_int_equal(ak_dpop_verify(proof_text, &e, &later, &proof, &fault), AK_OK);
    assert_int_equal(proof.nonce_slot + 1, later.slot);
    ak_nonce_advance(&later, TEST_NOW_S * 1000 + 120000);
    assert_int_equal(ak_dpop_verify(proof_text, &e, &later, &proof, &fault), AK_E_EXPIRED);
}

/* A proof on its way to another server: that one's nonces are taken, ours are not asked. */
static void test_relayed_nonces(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    const struct ak_span relayed[] = {AK_SPAN_LIT("new"), AK_SPAN_LIT("old"), AK_SPAN_EMPTY};
    e.relayed = relayed;
    e.relayed_count = AK_COUNT(relayed);
    static const char *const good[] = {"new", "old"}, *const bad[] = {"", "ol", "olds", "other"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        m.nonce = ak_span_str(good[i]);
        assert_int_equal(ak_dpop_verify(make(&m, text), &e, NULL, &proof, &fault), AK_OK);
        assert_int_equal(proof.nonce_slot, 0);
        assert_int_equal(ak_dpop_verify(make(&m, text), &e, &nonces, &proof, &fault), AK_E_EXPIRED);
    }
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        m.nonce = ak_span_str(bad[i]);
        assert_int_equal(ak_dpop_verify(make(&m, text), &e, NULL, &proof, &fault), AK_E_EXPIRED);
        assert_int_equal(fault, AK_DPOP_NONCE);
    }
    e.relayed_count = 0;
    m.nonce = ak_span_str(good[0]);
    assert_int_equal(ak_dpop_verify(make(&m, text), &e, NULL, &proof, &fault), AK_E_EXPIRED);
}

static void test_token_binding(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_make m = a_make();
    m.token = AK_SPAN_LIT("a.b.d");
    expect_fault(make(&m, text), &e, AK_DPOP_TOKEN);
    m.token = AK_SPAN_EMPTY;
    expect_fault(make(&m, text), &e, AK_DPOP_TOKEN);
    m = a_make();
    e.token = AK_SPAN_EMPTY; /* a proof for a token, presented without it */
    expect_fault(make(&m, text), &e, AK_DPOP_TOKEN);
}

static void test_sizes(void **state)
{
    (void)state;
    static char text[AK_LIMIT_PROOF + 1];
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    expect_fault(AK_SPAN_EMPTY, &e, AK_DPOP_MISSING);
    memset(text, 'A', sizeof text);
    assert_int_equal(verify(AK_SPAN_ARR(text), &e, &proof, &fault), AK_E_LIMIT);
    assert_int_equal(fault, AK_DPOP_FORM);
    expect_fault(ak_span(text, AK_LIMIT_PROOF), &e, AK_DPOP_FORM);
    expect_fault(AK_SPAN_LIT("."), &e, AK_DPOP_FORM);
    expect_fault(AK_SPAN_LIT(".."), &e, AK_DPOP_FORM);
    expect_fault(AK_SPAN_LIT("..."), &e, AK_DPOP_FORM);
}

/* Signed by another key than the one in the header. */
static void test_other_signer(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    struct ak_dpop_expect e = an_expect();
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_dpop_proof proof;
    enum ak_dpop_fault fault;
    assert_int_equal(ak_dpop_make(&buf, &stranger.signer, &device.pub, &m), AK_OK);
    assert_int_equal(verify(ak_buf_span(&buf), &e, &proof, &fault), AK_E_AUTH);
    assert_int_equal(fault, AK_DPOP_SIGNATURE);
    /* The stranger's own proof is good, but for the stranger. */
    buf.len = 0;
    assert_int_equal(ak_dpop_make(&buf, &stranger.signer, &stranger.pub, &m), AK_OK);
    assert_int_equal(verify(ak_buf_span(&buf), &e, &proof, &fault), AK_OK);
    uint8_t jkt[32];
    ak_jwk_thumbprint(&device.pub, jkt);
    assert_memory_not_equal(proof.jkt, jkt, 32);
}

/* One client's jti cannot use up another's. */
static void test_jti_is_per_device(void **state)
{
    (void)state;
    char a_text[AK_LIMIT_PROOF], b_text[AK_LIMIT_PROOF];
    struct ak_dpop_make m = a_make();
    struct ak_dpop_expect e = an_expect();
    struct ak_dpop_proof a, b;
    enum ak_dpop_fault fault;
    struct ak_buf buf = AK_BUF_ARR(b_text);
    assert_int_equal(ak_dpop_make(&buf, &stranger.signer, &stranger.pub, &m), AK_OK);
    assert_int_equal(verify(make(&m, a_text), &e, &a, &fault), AK_OK);
    assert_int_equal(verify(ak_buf_span(&buf), &e, &b, &fault), AK_OK);
    assert_memory_not_equal(a.jti_hash, b.jti_hash, 32);
}

static void test_make_refuses(void **state)
{
    (void)state;
    char text[AK_LIMIT_PROOF], url[600] = "http://a/";
    struct ak_buf buf = AK_BUF_ARR(text);
    const char *urls[] = {"", "/v1/token", "ftp://a/", "http://a/?x", "http://a/#x", "http://a/ b",
        "http://a/\"", "http://a/\n"};
    struct ak_dpop_make m;
    for (size_t i = 0; i < AK_COUNT(urls); i++) {
        m = a_make();
        m.url = ak_span_str(urls[i]);
        assert_int_equal(ak_dpop_make(&buf, &device.signer, &device.pub, &m), AK_E_ARG);
    }
    const char *methods[] = {"", "post", "PO ST", "POST\"", "AAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < AK_COUNT(methods); i++) {
        m = a_make();
        m.method = ak_span_str(methods[i]);
        assert_int_equal(ak_dpop_make(&buf, &device.signer, &device.pub, &m), AK_E_ARG);
    }
    memset(url + 9, 'a', sizeof url - 9);
    m = a_make();
    m.bh = bh;
    m.url = ak_span(url, AK_DPOP_URL_MAX);
    assert_int_equal(ak_dpop_make(&buf, &device.signer, &device.pub, &m), AK_OK);
    assert_true(buf.len <= AK_LIMIT_PROOF);
    buf.len = 0;
    m.url = ak_span(url, AK_DPOP_URL_MAX + 1);
    assert_int_equal(ak_dpop_make(&buf, &device.signer, &device.pub, &m), AK_E_ARG);
    m = a_make();
    for (size_t cap = 0; cap < 300; cap += 13) {
        struct ak_buf small = ak_buf(text, cap);
        assert_int_equal(ak_dpop_make(&small, &device.signer, &device.pub, &m), AK_E_FULL);
        assert_int_equal(small.len, 0);
        assert_false(small.failed);
    }
}

/* The proof of RFC 9449 4.2 (figure 2) and the ath of 7.1 (figure 13). */
static void test_rfc9449(void **state)
{
    (void)state;
    static const char rfc[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZ"
        "OXpD"
        "a0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNy"
        "diI6"
        "IlAtMjU2In19."
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGU"
        "uY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-"
        "FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NV"
        "Y-FNyJK70nfbV37xRZT3Lg";
    const struct ak_span origin[] = {AK_SPAN_LIT("https://server.example.com")};
    struct ak_dpop_expect e = {.method = AK_SPAN_LIT("POST"),
        .origins = origin,
        .origin_count = 1,
        .path = AK_SPAN_LIT("/token"),
        .now_s = 1562262616};
    /* Everything of it is good; it only has no nonce, which is always required here. */
    expect_fault(AK_SPAN_LIT(rfc), &e, AK_DPOP_NONCE);
    e.path = AK_SPAN_LIT("/other");
    expect_fault(AK_SPAN_LIT(rfc), &e, AK_DPOP_URL);
    uint8_t ath[32];
    char text[43];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_sha256(AK_SPAN_LIT("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"), ath);
    ak_base64url_encode(&buf, AK_SPAN_ARR(ath));
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_each_character_altered), cmocka_unit_test(test_other_call),
        cmocka_unit_test(test_times), cmocka_unit_test(test_nonces), cmocka_unit_test(test_relayed_nonces),
        cmocka_unit_test(test_token_binding), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_other_signer), cmocka_unit_test(test_jti_is_per_device),
        cmocka_unit_test(test_make_refuses), cmocka_unit_test(test_rfc9449)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
