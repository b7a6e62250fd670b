/* Payloads of tokens: even under our own key, only the layout that minting writes is taken, for either kind.
 */
#include "unit/token/token_world.h"

#define ANCHOR "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define ISS    "{\"iss\":\"http://127.0.0.1:8092\","
#define SUB    "\"sub\":\"" ANCHOR "\","
#define AUD    "\"aud\":\"worker-1\","
#define TIMES  "\"iat\":1767225600,\"exp\":1767229200,"
#define JTI    "\"jti\":\"w8PDw8PDw8PDw8PDw8PDww\","
#define CNF    "\"cnf\":{\"jkt\":\"srKysrKysrKysrKysrKysrKysrKysrKysrKysrKysrI\"}"

struct payload {
    const char *text;
    enum ak_err err;
};
static const struct payload payloads[] = {
    {ISS SUB AUD TIMES JTI CNF "}", AK_OK},
    /* issuer, audience */
    {"{\"iss\":\"http://127.0.0.1:8093\"," SUB AUD TIMES JTI CNF "}", AK_E_MEANING},
    {"{\"iss\":\"\"," SUB AUD TIMES JTI CNF "}", AK_E_MEANING},
    {ISS SUB "\"aud\":\"worker-2\"," TIMES JTI CNF "}", AK_E_MEANING},
    {ISS SUB "\"aud\":[\"worker-1\"]," TIMES JTI CNF "}", AK_E_FORMAT},
    /* subject */
    {ISS "\"sub\":\"\"," AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS "\"sub\":\"" ANCHOR "a1\"," AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS "\"sub\":\"0x" ANCHOR "\"," AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS "\"sub\":\"" ANCHOR "/agent-1\"," AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS "\"sub\":\"" ANCHOR "/\"," AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS "\"sub\":\"A1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"," AUD TIMES JTI CNF
         "}",
        AK_E_FORMAT},
    /* missing, doubled, reordered, unknown members; white space */
    {ISS SUB AUD TIMES JTI "}", AK_E_FORMAT},
    {ISS SUB AUD TIMES CNF "}", AK_E_FORMAT},
    {ISS SUB AUD JTI CNF "}", AK_E_FORMAT},
    {ISS AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS SUB SUB AUD TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS AUD SUB TIMES JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI CNF ",\"admin\":true}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI CNF ",\"gen\":0,\"scope\":\"\"}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI CNF " }", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI CNF "}}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI CNF, AK_E_FORMAT},
    {"{}", AK_E_FORMAT},
    {"[]", AK_E_FORMAT},
    /* numbers */
    {ISS SUB AUD "\"iat\":-1,\"exp\":1767229200," JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD "\"iat\":01767225600,\"exp\":1767229200," JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD "\"iat\":1767225600.0,\"exp\":1767229200," JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD "\"iat\":\"1767225600\",\"exp\":1767229200," JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD "\"iat\":18446744073709551616,\"exp\":1767229200," JTI CNF "}", AK_E_FORMAT},
    {ISS SUB AUD "\"iat\":1767225600,\"exp\":18446744073709551615," JTI CNF "}", AK_E_MEANING},
    {ISS SUB AUD "\"iat\":1767225600,\"exp\":1767225600," JTI CNF "}", AK_E_MEANING},
    {ISS SUB AUD "\"iat\":1767225600,\"exp\":1767225599," JTI CNF "}", AK_E_MEANING},
    {ISS SUB AUD "\"iat\":1767225600,\"exp\":1767225659," JTI CNF "}", AK_E_MEANING},
    {ISS SUB AUD "\"iat\":1767225600,\"exp\":1767312001," JTI CNF "}", AK_E_MEANING},
    /* jti, cnf */
    {ISS SUB AUD TIMES "\"jti\":\"w8PDw8PDw8PDw8PDw8PDw\"," CNF "}", AK_E_FORMAT},
    {ISS SUB AUD TIMES "\"jti\":\"w8PDw8PDw8PDw8PDw8PDwx\"," CNF "}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI "\"cnf\":{\"jkt\":\"\"}}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI "\"cnf\":{}}", AK_E_FORMAT},
    {ISS SUB AUD TIMES JTI "\"cnf\":{\"jwk\":\"srKysrKysrKysrKysrKysrKysrKysrKysrKysrKysrI\"}}", AK_E_FORMAT},
};

static void test_payloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(payloads); i++) {
        char text[AK_TOKEN_TEXT_MAX];
        struct ak_span token = test_jws(&session_signer, ak_span(session_key.header, session_key.header_len),
            ak_span_str(payloads[i].text), text, sizeof text);
        enum ak_err err = verify(token, AK_TOKEN_SESSION);
        if (err != payloads[i].err) print_error("%s\n", payloads[i].text);
        assert_int_equal(err, payloads[i].err);
    }
}

#define AGENT_HEAD(sub) ISS "\"sub\":\"" ANCHOR sub "\"," AUD "\"iat\":1767225600,\"exp\":1767226200," JTI CNF
static const struct payload agent_payloads[] = {
    {AGENT_HEAD("/agent-1") ",\"gen\":7,\"scope\":\"a\"}", AK_OK},
    {AGENT_HEAD("/agent-1") ",\"gen\":4294967295,\"scope\":\"\"}", AK_OK},
    {AGENT_HEAD("/agent-1") ",\"gen\":4294967296,\"scope\":\"\"}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-1") ",\"gen\":07,\"scope\":\"\"}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-1") ",\"gen\":,\"scope\":\"\"}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-1") "}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-1") ",\"scope\":\"\",\"gen\":7}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-1/0") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/Agent-1") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/-agent") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/agent-") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/..") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("//a") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/a b") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("/\xc3\xa4") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD(
         "/a234567890123456789012345678901234567890123456789012345678901234") ",\"gen\":7,\"scope\":\"a\"}",
        AK_OK},
    {AGENT_HEAD(
         "/a2345678901234567890123456789012345678901234567890123456789012345") ",\"gen\":7,\"scope\":\"a\"}",
        AK_E_FORMAT},
    {AGENT_HEAD("/") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
    {AGENT_HEAD("") ",\"gen\":7,\"scope\":\"a\"}", AK_E_FORMAT},
};

static void test_agent_payloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(agent_payloads); i++) {
        char text[AK_TOKEN_TEXT_MAX];
        struct ak_span token = test_jws(&agent_signer, ak_span(agent_key.header, agent_key.header_len),
            ak_span_str(agent_payloads[i].text), text, sizeof text);
        enum ak_err err = verify(token, AK_TOKEN_AGENT);
        if (err != agent_payloads[i].err) print_error("%s\n", agent_payloads[i].text);
        assert_int_equal(err, agent_payloads[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_agent_payloads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
