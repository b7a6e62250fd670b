/* The issuer: what is published, who gets a token for a cloud, on record first (I3), not after suspend (I5),
 * not for another account or audience (I8, I20), never beyond the limits, across restarts and rotations (I7).
 */
#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "core/engine/internal.h"
#include "unit/engine/world.h"

static struct h_agent cloud; /* of alice, with cap:oidc */

static int setup(void **state)
{
    if (world_setup(state)) return 1;
    struct world *w = *state;
    h_agent(&w->h, &w->alice, &cloud, 30, "cloud", "cap:oidc?aud=sts.amazonaws.com", 1000);
    return 0;
}

static int teardown(void **state)
{
    h_device_done(&cloud.device);
    return world_teardown(state);
}

static enum ak_code mint_as(struct world *w, struct h_device *device, struct ak_span token, const char *aud)
{
    struct ak_msg_mint_request request = {.aud = ak_span_str(aud), .present = aud ? 1u : 0};
    return h_call(&w->h, device, token, AK_CALL_MINT_OIDC_JWT, &request);
}

static enum ak_code agent_mints(struct world *w, const char *aud)
{
    return mint_as(w, &cloud.device, h_agent_token(&cloud), aud);
}

static enum ak_code person_mints(struct world *w, const char *aud)
{
    return mint_as(w, &w->alice.device, h_token(&w->alice), aud);
}

/* The published key of place `i`; false where there is none. */
static bool published(struct world *w, size_t i, struct ak_msg_jwk *out_jwk)
{
    static struct ak_msg_jwks_reply jwks;
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_JWKS, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_jwks_reply_msg, &jwks);
    for (size_t at = 0; ak_list_next(&jwks.keys, &ak_jwk_msg, out_jwk); at++)
        if (at == i) return true;
    return false;
}

static void jwk_pub(const struct ak_msg_jwk *jwk, struct ak_p256_pub *out_pub)
{
    memcpy(out_pub->xy, jwk->x, 32);
    memcpy(out_pub->xy + 32, jwk->y, 32);
}

/* Whether the token of the last answer verifies under the published key of place `i`, and its claims. */
static bool verifies(
    struct world *w, const struct ak_msg_mint_reply *minted, size_t i, char out_payload[2048])
{
    static uint8_t memory[AK_OIDC_TEXT_MAX];
    char text[AK_OIDC_TEXT_MAX];
    struct ak_buf room = AK_BUF_ARR(memory);
    struct ak_jws jws;
    struct ak_msg_jwk jwk;
    struct ak_p256_pub pub;
    size_t len = minted->jwt.len;
    memcpy(text, minted->jwt.ptr, len);
    assert_int_equal(ak_jws_split(ak_span(text, len), AK_OIDC_TEXT_MAX, &room, &jws), AK_OK);
    if (!published(w, i, &jwk)) return false;
    jwk_pub(&jwk, &pub);
    memcpy(out_payload, jws.payload.ptr, jws.payload.len);
    out_payload[jws.payload.len] = 0;
    return ak_jws_verify(&jws, &pub) == AK_OK && ak_span_contains(jws.header, jwk.kid);
}

static void test_what_is_published(void **state)
{
    struct world *w = *state;
    struct ak_msg_oidc_configuration_reply config;
    struct ak_msg_jwk jwk;
    struct ak_p256_pub pub;
    uint8_t print[32], cert[512];
    size_t len = 0;
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_OIDC_CONFIGURATION, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_oidc_configuration_reply_msg, &config);
    assert_true(ak_span_eq(config.issuer, AK_SPAN_LIT(H_ISSUER)));
    assert_true(ak_span_eq(config.jwks_uri, AK_SPAN_LIT(H_ISSUER "/.well-known/jwks.json")));
    assert_true(ak_span_eq(config.algorithms, AK_SPAN_LIT("ES256")));
    assert_true(published(w, 0, &jwk));
    assert_true(ak_span_starts(jwk.kid, AK_SPAN_LIT("ak-oidc-")));
    jwk_pub(&jwk, &pub);
    ak_jwk_thumbprint(&pub, print);
    char text[32] = {0};
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64url_encode(&buf, ak_span(print, 12));
    assert_true(ak_span_eq(ak_span_sub(jwk.kid, 8, 16), ak_buf_span(&buf)));
    assert_int_equal(ak_base64_decode(jwk.x5c, cert, sizeof cert, &len), AK_OK);
    assert_true(ak_span_contains(ak_span(cert, len), AK_SPAN_ARR(pub.xy)));
    assert_false(published(w, 1, &jwk));
}

static void test_an_agents_token(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    struct ak_entry entry;
    char payload[2048], jti[64];
    uint64_t before = h_size(&w->h);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    assert_true(ak_span_eq(minted.aud, AK_SPAN_LIT("sts.amazonaws.com")));
    assert_int_equal(minted.expires_at, w->h.wall_ms / 1000 + 300);
    h_entry(&w->h, minted.entry_index, &entry);
    assert_int_equal(entry.type, AK_ENTRY_OIDC_MINTED);
    assert_int_equal(h_count(&w->h, before, AK_ENTRY_OIDC_MINTED), 1);
    assert_true(ak_span_eq(entry.audience, AK_SPAN_LIT("sts.amazonaws.com")));
    assert_true(ak_span_eq(entry.label, AK_SPAN_LIT("cloud")));
    assert_int_equal(entry.expires_at_ms, minted.expires_at * 1000);
    assert_int_equal(entry.valid_until_ms, (minted.expires_at + 900) * 1000);
    (void)snprintf(jti, sizeof jti, "\"jti\":\"%.*s\"", (int)entry.nonce.len, (const char *)entry.nonce.ptr);
    assert_true(verifies(w, &minted, 0, payload));
    assert_non_null(strstr(payload, jti));
    assert_non_null(strstr(payload, "\"iss\":\"" H_ISSUER "\""));
    assert_non_null(strstr(payload, ":cloud\",\"aud\":\"sts.amazonaws.com\""));
    assert_non_null(strstr(payload, "\"agentkeys_path\":[\"/cloud\"]"));
}

/* The token leaves only when it is signed and its entry durable (I3). */
static void test_it_waits_for_its_entry_and_its_job(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_request request = {0};
    struct h_how how = {0};
    w->h.manual = true;
    assert_int_equal(
        h_step(&w->h, &cloud.device, h_agent_token(&cloud), AK_CALL_MINT_OIDC_JWT, &request, &how),
        AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_JOB | AK_WAIT_DURABLE);
    assert_int_equal(w->h.out.size, h_size(&w->h));
    struct ak_msg_mint_reply blank;
    h_reply(&w->h, &ak_mint_reply_msg, &blank);
    for (size_t i = 0; i < AK_OIDC_SIGNATURE_LEN; i++)
        assert_int_equal(blank.jwt.ptr[blank.jwt.len - 1 - i], '-'); /* no signature before the job */
    w->h.out.job.result = AK_E_CRYPTO;
    assert_int_equal(ak_job_patch(&w->h.out.job, &w->h.out.body), AK_E_STATE);
    assert_int_equal(h_job(&w->h), AK_OK);
    struct ak_job job = w->h.out.job;
    struct ak_buf shorter = w->h.out.body;
    shorter.len = job.patch_at + AK_OIDC_SIGNATURE_LEN - 1;
    assert_int_equal(ak_job_patch(&job, &shorter), AK_E_STATE);
    shorter.len = AK_OIDC_SIGNATURE_LEN - 1;
    assert_int_equal(ak_job_patch(&job, &shorter), AK_E_STATE);
    h_settle(&w->h);
}

/* One thread's key is opened once and again for another version. */
static void test_a_threads_key(void **state)
{
    struct world *w = *state;
    struct ak_job_keys keys = {0};
    uint8_t first[64];
    struct ak_msg_mint_request request = {0};
    struct h_how how = {0};
    w->h.manual = true;
    assert_int_equal(
        h_step(&w->h, &cloud.device, h_agent_token(&cloud), AK_CALL_MINT_OIDC_JWT, &request, &how),
        AK_CODE_OK);
    struct ak_job job = w->h.out.job;
    ak_job_run(&job, &keys);
    assert_int_equal(job.result, AK_OK);
    assert_int_equal(keys.issuer_version, 1);
    void *opened = keys.issuer.key;
    memcpy(first, job.signature, 64);
    ak_job_run(&job, &keys);
    assert_ptr_equal(keys.issuer.key, opened);
    assert_memory_not_equal(first, job.signature, 64); /* another nonce each time */
    job.issuer_version = 2;
    ak_job_run(&job, &keys);
    assert_int_equal(keys.issuer_version, 2);
    job.issuer_version = 0;
    ak_job_run(&job, &keys);
    assert_int_not_equal(job.result, AK_OK);
    for (size_t i = 0; i < 64; i++) assert_int_equal(job.signature[i], 0);
    assert_null(keys.issuer.key);
    ak_job_keys_done(&keys);
    h_settle(&w->h);
}

static void test_a_persons_token(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    char payload[2048];
    assert_int_equal(person_mints(w, "api://AzureADTokenExchange"), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    assert_true(verifies(w, &minted, 0, payload));
    assert_null(strstr(payload, "agentkeys_path"));
    assert_non_null(strstr(payload, "\"aud\":\"api://AzureADTokenExchange\""));
}

static void test_who_is_refused(void **state)
{
    struct world *w = *state;
    assert_int_equal(agent_mints(w, "sts.example"), AK_CODE_DENIED); /* another audience than its scope's */
    assert_string_equal(h_rule(&w->h), "narrowing");
    static const char *const own[] = {"agentkeys-vault", H_ISSUER, H_ISSUER "/"};
    for (size_t i = 0; i < AK_COUNT(own); i++) {
        assert_int_equal(agent_mints(w, own[i]), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), "operation");
        assert_int_equal(person_mints(w, own[i]), AK_CODE_DENIED); /* nobody, whatever the scope */
        assert_string_equal(h_rule(&w->h), "operation");
    }
    static const char *const bad[] = {"*", "sts.*", "a b", "a\"b", "a,b", "\xc3\xa9"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(person_mints(w, bad[i]), AK_CODE_INVALID_REQUEST);
        assert_int_equal(agent_mints(w, bad[i]), AK_CODE_INVALID_REQUEST);
    }
    assert_int_equal(mint_as(w, &w->agent.device, h_agent_token(&w->agent), NULL), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "scope");
    assert_int_equal(mint_as(w, &w->bobs.device, h_agent_token(&cloud), NULL), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(mint_as(w, NULL, AK_SPAN_EMPTY, NULL), AK_CODE_UNAUTHORIZED);
    assert_int_equal(mint_as(w, &cloud.device, AK_SPAN_EMPTY, NULL), AK_CODE_UNAUTHORIZED);
    h_tick(&w->h, AK_TOKEN_AGENT_SECS * 1000);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_TOKEN_EXPIRED);
    h_tick(&w->h, AK_TOKEN_SESSION_SECS * 1000);
    assert_int_equal(person_mints(w, NULL), AK_CODE_TOKEN_EXPIRED);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_OIDC_MINTED), 0);
}

/* I20: a token for a cloud opens nothing here. */
static void test_it_is_no_token_of_ours(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    uint8_t text[AK_OIDC_TEXT_MAX];
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    size_t len = minted.jwt.len;
    memcpy(text, minted.jwt.ptr, len);
    assert_int_equal(mint_as(w, &cloud.device, ak_span(text, len), NULL), AK_CODE_INVALID_TOKEN);
}

/* ---- suspend (I5) ---- */

static uint64_t cloud_until(struct world *w)
{
    struct ak_msg_agent_change_reply reply;
    h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
    return ak_msg_has(&reply, AK_AGENT_CHANGE_REPLY_CLOUD_UNTIL) ? reply.cloud_until : 0;
}

static void test_suspend_says_until_when(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "cloud"), AK_CODE_OK);
    assert_int_equal(cloud_until(w), 0); /* nothing was minted */
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "cloud"), AK_CODE_OK);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_tick(&w->h, 7000);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    uint64_t until = minted.expires_at + 900;
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "cloud"), AK_CODE_OK);
    assert_int_equal(cloud_until(w), until);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "active");
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "cloud"), AK_CODE_OK);
    h_restart(&w->h, false); /* true across a crash, even where the setting is another by then */
    w->h.conf.sts_secs = 3600;
    h_restart(&w->h, true);
    h_tick(&w->h, 1000);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "cloud"), AK_CODE_OK);
    assert_int_equal(cloud_until(w), until);
    h_tick(&w->h, (until - w->h.wall_ms / 1000) * 1000);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "cloud"), AK_CODE_OK);
    assert_int_equal(cloud_until(w), 0); /* over */
}

static void test_the_account_suspended(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    struct ak_msg_done_reply done;
    struct ak_msg_account_change_request request = {0};
    assert_int_equal(person_mints(w, NULL), AK_CODE_OK);
    h_tick(&w->h, 1000);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    uint64_t until = minted.expires_at + 900;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_done_reply_msg, &done);
    assert_true(ak_msg_has(&done, AK_DONE_REPLY_CLOUD_UNTIL));
    assert_int_equal(done.cloud_until, until);
    assert_int_equal(person_mints(w, NULL), AK_CODE_DENIED);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_DENIED);
    assert_int_equal(mint_as(w, &w->bob.device, h_token(&w->bob), NULL), AK_CODE_OK); /* nobody else's */
}

/* A rotation retires the old generation's tokens at once; what it minted is still told. */
static void test_a_retired_generation(void **state)
{
    struct world *w = *state;
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "cloud"), AK_CODE_OK);
    assert_true(cloud_until(w) > w->h.wall_ms / 1000);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "generation");
    assert_int_equal(h_agent_renew(&w->h, &cloud), AK_CODE_OK);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
}

/* ---- limits (I7) ---- */

static unsigned drain(struct world *w)
{
    for (unsigned n = 0; n < 100; n++) {
        enum ak_code code = n % 2 ? person_mints(w, NULL) : agent_mints(w, NULL);
        if (code == AK_CODE_RATE_LIMIT_EXCEEDED) return n;
        assert_int_equal(code, AK_CODE_OK);
    }
    return UINT32_MAX;
}

static void test_thirty_an_hour_an_account(void **state)
{
    struct world *w = *state;
    struct ak_msg_error_reply error;
    assert_int_equal(drain(w), 30);
    assert_string_equal(h_rule(&w->h), "rate");
    h_error(&w->h, &error);
    assert_int_equal(error.retry_after_secs, 120);
    assert_true(ak_span_contains(error.limit, AK_SPAN_LIT("30 tokens an hour")));
    assert_int_equal(mint_as(w, &w->bob.device, h_token(&w->bob), NULL), AK_CODE_OK); /* bob's are his own */
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);                /* other uses go on */
    h_tick(&w->h, 119999);
    assert_int_equal(person_mints(w, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_restart(&w->h, true);
    assert_int_equal(person_mints(w, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 1);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    assert_int_equal(person_mints(w, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_restart(&w->h, false); /* a crash leaves empty buckets, never full ones */
    h_tick(&w->h, 110000);
    assert_int_equal(person_mints(w, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
}

/* The path's own bucket counts mints as uses. */
static void test_the_paths_bucket(void **state)
{
    struct world *w = *state;
    struct h_agent few;
    h_agent(&w->h, &w->alice, &few, 31, "few", "cap:oidc,cap:sign-message", 3);
    for (unsigned i = 0; i < 2; i++) /* the token was the first use */
        assert_int_equal(mint_as(w, &few.device, h_agent_token(&few), NULL), AK_CODE_OK);
    assert_int_equal(mint_as(w, &few.device, h_agent_token(&few), NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_agent_sign(&w->h, &few, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_device_done(&few.device);
}

static void explain(struct world *w, const char *aud, const char *decision, const char *rule)
{
    struct ak_msg_explain_reply reply;
    struct ak_msg_explain_request request = {.operation = AK_SPAN_LIT("oidc"),
        .path = AK_SPAN_LIT("/cloud"),
        .aud = ak_span_str(aud),
        .present = 1u << AK_EXPLAIN_REQUEST_OPERATION | 1u << AK_EXPLAIN_REQUEST_PATH};
    if (aud) request.present |= 1u << AK_EXPLAIN_REQUEST_AUD;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_EXPLAIN, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_explain_reply_msg, &reply);
    assert_true(ak_span_eq(reply.decision, ak_span_str(decision)));
    if (rule) assert_true(ak_span_eq(reply.rule, ak_span_str(rule)));
}

static void test_explain_says_the_same(void **state)
{
    struct world *w = *state;
    explain(w, NULL, "allow", NULL);
    explain(w, "sts.amazonaws.com", "allow", NULL);
    explain(w, "sts.example", "deny", "narrowing");
    explain(w, "agentkeys-vault", "deny", "operation");
    assert_int_equal(drain(w), 30);
    explain(w, NULL, "deny", "rate");
}

static void test_a_full_disk(void **state)
{
    struct world *w = *state;
    ak_engine_storage_low(w->h.engine, true);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_STORAGE_FULL);
    ak_engine_storage_low(w->h.engine, false);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
}

/* ---- rotation of the issuer's key ---- */

static void test_rotation_with_overlap(void **state)
{
    struct world *w = *state;
    struct ak_msg_mint_reply minted;
    struct ak_msg_jwk old, now;
    char kid[64], payload[2048];
    static uint8_t first[AK_OIDC_TEXT_MAX];
    assert_true(published(w, 0, &old));
    (void)snprintf(kid, sizeof kid, "%.*s", (int)old.kid.len, (const char *)old.kid.ptr);
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &minted);
    memcpy(first, minted.jwt.ptr, minted.jwt.len);
    minted.jwt.ptr = first;
    uint64_t ends = minted.expires_at;
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, false), AK_OK);
    h_settle(&w->h);
    assert_true(published(w, 0, &now));
    assert_false(ak_span_eq(now.kid, ak_span_str(kid)));
    assert_true(published(w, 1, &old));
    assert_true(ak_span_eq(old.kid, ak_span_str(kid)));
    assert_false(verifies(w, &minted, 0, payload));
    assert_true(verifies(w, &minted, 1, payload)); /* out before, still good */
    struct ak_msg_mint_reply second;
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_mint_reply_msg, &second);
    assert_true(verifies(w, &second, 0, payload));
    assert_int_equal(
        ak_engine_issuer_rotate(w->h.engine, false), AK_E_STATE); /* tokens of the first are out */
    h_restart(&w->h, true);
    assert_true(published(w, 1, &old));
    h_tick(&w->h, ends * 1000 - w->h.wall_ms - 1);
    assert_true(published(w, 1, &old));
    h_tick(&w->h, 1);
    assert_false(published(w, 1, &old)); /* its last token is over */
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, false), AK_OK);
    h_settle(&w->h);
    assert_int_equal(ak_engine_state(w->h.engine)->issuer_version, 3);
}

/* Of a key that got out, nothing stays published. */
static void test_revoking_a_key(void **state)
{
    struct world *w = *state;
    struct ak_msg_jwk jwk;
    assert_int_equal(agent_mints(w, NULL), AK_CODE_OK);
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, false), AK_OK);
    assert_true(published(w, 1, &jwk));
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, true), AK_OK);
    assert_false(published(w, 1, &jwk));
    h_settle(&w->h);
    h_restart(&w->h, true);
    assert_true(published(w, 0, &jwk));
    assert_false(published(w, 1, &jwk));
    assert_int_equal(ak_engine_state(w->h.engine)->issuer_version, 3);
}

/* What is no successor is no rotation. */
static void test_the_fold_of_a_rotation(void **state)
{
    struct world *w = *state;
    struct ak_state copy = *ak_engine_state(w->h.engine);
    struct ak_entry_ref ref = {0};
    static const uint64_t bad[][2] = {{0, 1}, {1, 1}, {1, 3}, {2, 3}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        struct ak_entry entry = {.type = AK_ENTRY_ISSUER_KEY_ROTATED, .from = bad[i][0], .to = bad[i][1]};
        assert_int_equal(ak_state_apply(&copy, &ref, &entry), AK_E_MEANING);
    }
    w->h.engine->state.issuer_version = UINT32_MAX;
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, true), AK_E_STATE);
    w->h.engine->state.issuer_version = 1;
    w->h.engine->started = false;
    assert_int_equal(ak_engine_issuer_rotate(w->h.engine, true), AK_E_STATE);
    w->h.engine->started = true;
}

#define OIDC_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {OIDC_TEST(test_what_is_published), OIDC_TEST(test_an_agents_token),
        OIDC_TEST(test_it_waits_for_its_entry_and_its_job), OIDC_TEST(test_a_threads_key),
        OIDC_TEST(test_a_persons_token), OIDC_TEST(test_who_is_refused),
        OIDC_TEST(test_it_is_no_token_of_ours), OIDC_TEST(test_suspend_says_until_when),
        OIDC_TEST(test_the_account_suspended), OIDC_TEST(test_a_retired_generation),
        OIDC_TEST(test_thirty_an_hour_an_account), OIDC_TEST(test_the_paths_bucket),
        OIDC_TEST(test_explain_says_the_same), OIDC_TEST(test_a_full_disk),
        OIDC_TEST(test_rotation_with_overlap), OIDC_TEST(test_revoking_a_key),
        OIDC_TEST(test_the_fold_of_a_rotation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
