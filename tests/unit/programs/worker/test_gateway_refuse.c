/* What is refused without the keeper: it sees no frame of it. */
#include "gateway_harness.h"

#include "base/limits.h"

struct direct {
    const char *request;
    unsigned status;
    const char *code;
};

static const struct direct directs[] = {
    {"GET /" H "\r\n", 404, "not_found"},
    {"GET /tee" H "\r\n", 404, "not_found"},
    {"GET /v1/none" H "\r\n", 404, "not_found"},
    {"GET /dev/sign-message" H "\r\n", 503, "signer_disabled"},
    {"POST /dev/anything" H "\r\n", 503, "signer_disabled"},
    {"GET /device" H "\r\n", 404, "not_found"},
    {"GET /tee/attestation?nonce=00" H "\r\n", 404, "no_evidence"},
    {"GET /tee/sign-message" H "\r\n", 405, "method_not_allowed"},
    {"DELETE /v1/agents" H "\r\n", 405, "method_not_allowed"},
    {"POST /healthz" H "Content-Length: 0\r\n\r\n", 405, "method_not_allowed"},
    {"GET /v1/agents" H "\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: Bearer tok\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoP\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoP \r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoPtok1\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H TOKEN TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/agents" H TOKEN PROOF PROOF "\r\n", 400, "invalid_request"},
    {"POST /v1/agents/a/suspend" H TOKEN JSON EMPTY, 401, "proof_required"},
    {"POST /v1/token" H JSON EMPTY, 401, "proof_required"},
    {"POST /v1/agents/a/suspend" H PROOF JSON EMPTY, 401, "unauthorized"},
    {CHANGE "Idempotency-Key: a b\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Idempotency-Key: a\tb\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Idempotency-Key: 12345678901234567890123456789012345678901234567890123456789012345\r\n" EMPTY,
        400, "invalid_request"},
    {CHANGE "Idempotency-Key: a\r\nIdempotency-Key: b\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Idempotency-Key: \xe9\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Content-Length: 9\r\n\r\n{\"no\":1} ", 400, "invalid_request"},
    {"POST /v1/agents/a/suspend?label=b" H TOKEN PROOF JSON EMPTY, 400, "invalid_request"},
    {"POST /v1/agents/a/suspend?x=b" H TOKEN PROOF JSON EMPTY, 400, "invalid_request"},
    {"GET /v1/audit?since=1&since=2" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?since=%zz" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?since=x" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?path=x" H TOKEN "\r\n", 400, "invalid_path"},
    {"GET /v1/ledger/proof/inclusion" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/agents" H TOKEN JSON EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN "Content-Type: text/plain\r\n" EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN "Content-Type: application/jsonx\r\n" EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON JSON EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 0\r\n\r\n", 400, "invalid_omni_account"},
    {"POST /tee/sign-message" H TOKEN JSON EMPTY, 400, "invalid_omni_account"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 2\r\n\r\n[]", 400, "invalid_json"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 4\r\n\r\nnull", 400, "invalid_json"},
    {"GET /v1/agents" H TOKEN TOKEN "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 65537\r\n\r\n", 413, "too_large"},
};

/* None of these costs the keeper anything: it sees no frame. */
static void answers_without_the_keeper(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(directs); i++) {
        unsigned status = gw_ask(NULL, directs[i].request);
        if (status != directs[i].status) fail_msg("%u for\n%s\n%s", status, directs[i].request, gw.answer);
        gw_assert_error(directs[i].code);
        if (status == 401) gw_assert_header("WWW-Authenticate: DPoP algs=\"ES256\"");
        if (status == 405) gw_assert_header("Allow: ");
    }
    struct ak_span frame;
    assert_int_equal(ak_channel_wait(&gw.channel, 1, &frame), AK_E_EXPIRED);
}

static void bounds_tokens_and_proofs(void **state)
{
    (void)state;
    static char request[16 * 1024];
    static char word[AK_LIMIT_TOKEN + 2];
    for (size_t len = AK_LIMIT_TOKEN; len <= AK_LIMIT_TOKEN + 1; len++) {
        memset(word, 't', len);
        word[len] = 0;
        snprintf(request, sizeof request, "GET /v1/agents" H "Authorization: dpop %s\r\n\r\n", word);
        int fd = gw_dial(NULL);
        gw_say(fd, request);
        if (len <= AK_LIMIT_TOKEN) {
            struct ak_frame_request got = gw_take_request();
            assert_int_equal(got.token.len, len);
            const struct ak_msg_error_reply error = {.error = AK_SPAN_LIT("x"), .message = AK_SPAN_LIT("y")};
            gw_push_reply(&got, AK_CODE_INVALID_TOKEN, gw_error_reply(&error), NULL);
            assert_int_equal(gw_hear(fd), 401);
        } else {
            assert_int_equal(gw_hear(fd), 401);
            gw_assert_error("invalid_token");
        }
        close(fd);
    }
    memset(word, 'p', AK_LIMIT_PROOF + 1);
    word[AK_LIMIT_PROOF + 1] = 0;
    snprintf(request, sizeof request, "GET /v1/agents" H TOKEN "DPoP: %s\r\n\r\n", word);
    assert_int_equal(gw_ask(NULL, request), 401);
    gw_assert_error("bad_signature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_without_the_keeper),
        cmocka_unit_test(bounds_tokens_and_proofs),
    };
    return cmocka_run_group_tests(tests, gw_open_serving, gw_close_serving);
}
