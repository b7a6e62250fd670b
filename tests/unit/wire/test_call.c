/* The table of calls: a snapshot of every URL and what it must be proved by, matching, and URLs built from
 * bodies. */
#include "unit/wire/fill.h"

static struct ak_msg_param params[4];
static size_t count;
static unsigned id;

static enum ak_err match(const char *method, const char *path, const char *prefix)
{
    return ak_call_match(ak_span_str(method), ak_span_str(path), prefix, params, &count, &id);
}

/* A change of this list is a change of the contract (docs/api/openapi.yaml, CHANGELOG.md). */
static const char snapshot[] = "derive-address POST $/derive-address use dev\n"
                               "sign-message POST $/sign-message use dev\n"
                               "attestation GET $/attestation public\n"
                               "local-session POST /v1/local/session proof local dev\n"
                               "logout POST /v1/logout use session dev\n"
                               "account GET /v1/account use session dev\n"
                               "account-suspend POST /v1/account/suspend change session\n"
                               "account-resume POST /v1/account/resume change session\n"
                               "recovery GET /v1/recovery use session\n"
                               "recovery-cancel POST /v1/recovery/cancel change session\n"
                               "device-request POST /v1/devices proof\n"
                               "devices GET /v1/devices use session\n"
                               "device-remove POST /v1/devices/{id}/remove change session\n"
                               "pair-request POST /v1/pair/request proof\n"
                               "pair-list GET /v1/pair use session\n"
                               "pair-status GET /v1/pair/{id} proof\n"
                               "pair-approve POST /v1/pair/approve change session\n"
                               "pair-refuse POST /v1/pair/refuse change session\n"
                               "pair-invite POST /v1/pair/invite change session\n"
                               "pair-redeem POST /v1/pair/redeem proof\n"
                               "agents GET /v1/agents use session\n"
                               "agent GET /v1/agents/{label} use\n"
                               "agent-suspend POST /v1/agents/{label}/suspend change session\n"
                               "agent-resume POST /v1/agents/{label}/resume change session\n"
                               "agent-rotate POST /v1/agents/{label}/rotate change session\n"
                               "agent-policy POST /v1/agents/{label}/policy change session\n"
                               "agent-decommission POST /v1/agents/{label}/decommission change session\n"
                               "agent-lineage GET /v1/agents/{label}/lineage use session\n"
                               "token POST /v1/token proof\n"
                               "explain POST /v1/explain use\n"
                               "audit GET /v1/audit use\n"
                               "checkpoint GET /v1/ledger/checkpoint public\n"
                               "checkpoint-seal POST /v1/ledger/checkpoint use session\n"
                               "inclusion GET /v1/ledger/proof/inclusion use\n"
                               "consistency GET /v1/ledger/proof/consistency public\n"
                               "delivery-key GET /v1/delivery-key public\n"
                               "credential-put PUT /v1/credentials/{service} change session\n"
                               "credential-read GET /v1/credentials/{service} use\n"
                               "credential-delete DELETE /v1/credentials/{service} change session\n"
                               "credential-list GET /v1/credentials use\n"
                               "credential-rollback POST /v1/credentials/{service}/rollback change session\n"
                               "service-define PUT /v1/services/{service} change session\n"
                               "service-show GET /v1/services/{service} use\n"
                               "service-list GET /v1/services use\n"
                               "epoch-list GET /v1/epochs use session\n"
                               "epoch-rotate POST /v1/epochs/rotate change session\n"
                               "epoch-destroy POST /v1/epochs/destroy change session\n"
                               "oidc-configuration GET /.well-known/openid-configuration public\n"
                               "jwks GET /.well-known/jwks.json public\n"
                               "mint-oidc-jwt POST /v1/mint-oidc-jwt use\n"
                               "trust GET /v1/trust use session\n"
                               "trust-change POST /v1/trust change session\n"
                               "sign-in-nonce GET /internal/v1/nonce public internal\n"
                               "wallet-started POST /internal/v1/wallet-started sign-in internal\n"
                               "wallet-answered POST /internal/v1/wallet-answered sign-in internal\n"
                               "identity-answered POST /internal/v1/identity-answered sign-in internal\n"
                               "recovery-seen POST /v1/recovery/seen change session\n"
                               "link POST /internal/v1/link change session internal\n"
                               "unlink POST /internal/v1/unlink change session internal\n"
                               "links GET /internal/v1/links use session internal\n"
                               "notices POST /internal/v1/notices public internal\n"
                               "recovery-code POST /v1/recovery/code change session\n";

static void is_the_contract(void **state)
{
    (void)state;
    static const char *const auths[] = {"public", "proof", "use", "change", "sign-in"};
    char text[8192];
    size_t len = 0;
    for (unsigned i = 0; i < AK_CALL_COUNT; i++) {
        const struct ak_call *call = ak_call_get(i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s %s%s %s%s%s%s%s\n", call->name,
            call->method, call->flags & AK_CALL_SIGNER ? "$" : "", call->path, auths[call->auth],
            call->flags & AK_CALL_SESSION ? " session" : "", call->flags & AK_CALL_LOCAL ? " local" : "",
            call->flags & AK_CALL_INTERNAL ? " internal" : "", call->flags & AK_CALL_DEV ? " dev" : "");
    }
    assert_string_equal(text, snapshot);
    assert_null(ak_call_get(AK_CALL_COUNT));
}

/* Changes need a person's session; what needs a session is never public (I4). */
static void asks_enough_of_each(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AK_CALL_COUNT; i++) {
        const struct ak_call *call = ak_call_get(i);
        if (call->auth == AK_AUTH_CHANGE) assert_true(call->flags & AK_CALL_SESSION);
        if (call->flags & AK_CALL_SESSION) assert_true(call->auth >= AK_AUTH_USE);
        if (strcmp(call->method, "GET") == 0) assert_true(call->auth != AK_AUTH_CHANGE);
        assert_non_null(call->request);
        assert_non_null(call->reply);
    }
}

static void finds_each(void **state)
{
    (void)state;
    char path[128];
    for (unsigned i = 0; i < AK_CALL_COUNT; i++) {
        const struct ak_call *call = ak_call_get(i);
        const char *brace = strchr(call->path, '{');
        bool signer = call->flags & AK_CALL_SIGNER;
        if (brace)
            snprintf(path, sizeof path, "%s%.*sx-1%s", signer ? "/tee" : "", (int)(brace - call->path),
                call->path, strchr(brace, '}') + 1);
        else
            snprintf(path, sizeof path, "%s%s", signer ? "/tee" : "", call->path);
        if (match(call->method, path, "/tee") != AK_OK || id != i)
            fail_msg("%s %s: %u", call->method, path, id);
        assert_int_equal(count, brace ? 1 : 0);
        if (brace) assert_true(ak_span_eq(params[0].value, AK_SPAN_LIT("x-1")));
        assert_int_equal(match("PATCH", path, "/tee"), AK_E_UNSUPPORTED);
        if (signer) assert_int_equal(match(call->method, path, "/dev"), AK_E_NOT_FOUND);
    }
}

static void finds_nothing_else(void **state)
{
    (void)state;
    static const char *const paths[] = {"", "/", "//", "/tee", "/tee/", "/tee/sign-message/",
        "/tee//sign-message", "/teesign-message", "/sign-message", "/tee/sign-messag", "/tee/sign-messages",
        "/TEE/sign-message", "/v1/agents/", "/v1/agents//suspend", "/v1/agents/a/", "/v1/agents/a/suspend/",
        "/v1/agents/a/b/suspend", "/v1/agents/a/suspen", "/v1/account/", "/v1/pair/x/y", "/v1",
        "/v1/devices/x", "/v1/devices//remove", "http://a/tee/sign-message", "/v1/agents/a/suspend?x"};
    for (size_t i = 0; i < AK_COUNT(paths); i++) {
        if (match("POST", paths[i], "/tee") != AK_E_NOT_FOUND) fail_msg("%s: %u", paths[i], id);
        assert_int_equal(id, AK_CALL_COUNT);
        assert_int_equal(count, 0);
    }
    assert_int_equal(match("post", "/tee/sign-message", "/tee"), AK_E_UNSUPPORTED);
    assert_int_equal(match("POSTX", "/tee/sign-message", "/tee"), AK_E_UNSUPPORTED);
}

/* A literal path goes before a pattern that would take it too. */
static void prefers_literals(void **state)
{
    (void)state;
    assert_int_equal(match("POST", "/v1/pair/request", "/tee"), AK_OK);
    assert_int_equal(id, AK_CALL_PAIR_REQUEST);
    assert_int_equal(match("GET", "/v1/pair/request", "/tee"), AK_OK);
    assert_int_equal(id, AK_CALL_PAIR_STATUS); /* whose id it is not: the field refuses it */
    assert_int_equal(match("GET", "/v1/agents/suspend", "/tee"), AK_OK);
    assert_int_equal(id, AK_CALL_AGENT_SHOW);
}

/* The URL that is built from a body is found again, with the same fields. */
static void builds_what_it_finds(void **state)
{
    (void)state;
    static struct fill fill;
    static uint8_t body_memory[FILL_BODY];
    for (unsigned i = 0; i < AK_CALL_COUNT; i++) {
        const struct ak_call *call = ak_call_get(i);
        uint8_t memory[2048];
        struct ak_buf url = AK_BUF_ARR(memory);
        struct ak_buf body = AK_BUF_ARR(body_memory);
        fill_message(&fill, call->request, FILL_SMALL);
        assert_int_equal(ak_msg_encode(call->request, fill.message, &body), AK_OK);
        assert_int_equal(ak_call_put_path(i, "/dev", ak_buf_span(&body), true, &url), AK_OK);
        struct ak_span path = ak_span_sub(ak_buf_span(&url), 0, ak_span_find(ak_buf_span(&url), 0, '?'));
        assert_int_equal(ak_call_match(ak_span_str(call->method), path, "/dev", params, &count, &id), AK_OK);
        assert_int_equal(id, i);
        uint8_t url_memory[2048];
        struct ak_buf values = AK_BUF_ARR(url_memory);
        struct ak_msg_param all[FILL_PARAMS] = {0};
        size_t all_count = fill_params(call->request, ak_buf_span(&body), &values, all);
        for (size_t k = 0; k < count; k++) {
            assert_true(k < all_count);
            assert_true(ak_span_eq(params[k].value, all[k].value));
        }
        url.len = 0;
        assert_int_equal(
            ak_call_put_path(i, "/dev", ak_span(body.ptr, body.len ? body.len - 1 : 0), true, &url) != AK_OK,
            body.len > 0);
    }
    struct ak_buf out = AK_BUF_ARR(body_memory);
    assert_int_equal(ak_call_put_path(AK_CALL_COUNT, "/dev", AK_SPAN_EMPTY, true, &out), AK_E_ARG);
}

/* Only what brings a sealed value may be long. */
static void limits_bodies(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= AK_CALL_COUNT; i++)
        assert_int_equal(ak_call_body_max(i), i == AK_CALL_CREDENTIAL_PUT ? 98304 : 65536);
}

static void puts_queries(void **state)
{
    (void)state;
    static const uint8_t body[] = {1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 1, 0, 0, 0, 2, '/', 'a', 0, 1, 1};
    uint8_t memory[128];
    struct ak_buf url = AK_BUF_ARR(memory);
    assert_int_equal(ak_call_put_path(AK_CALL_AUDIT, "/tee", AK_SPAN_ARR(body), true, &url), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&url), AK_SPAN_LIT("/v1/audit?since=7&path=/a&proofs=1")));
    url.len = 0;
    assert_int_equal(ak_call_put_path(AK_CALL_AUDIT, "/tee", AK_SPAN_ARR(body), false, &url), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&url), AK_SPAN_LIT("/v1/audit")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_contract),
        cmocka_unit_test(asks_enough_of_each),
        cmocka_unit_test(finds_each),
        cmocka_unit_test(finds_nothing_else),
        cmocka_unit_test(prefers_literals),
        cmocka_unit_test(builds_what_it_finds),
        cmocka_unit_test(limits_bodies),
        cmocka_unit_test(puts_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
