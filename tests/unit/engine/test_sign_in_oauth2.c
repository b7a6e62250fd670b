/* The broker's word for a provider's subject: it counts for a provider of the trust configuration with the
 * issuer that stands there, and then as for e-mail: new accounts, sessions, recoveries, links (I8, I9). */
#include "core/identity/identity.h"
#include "core/wire/msg_link.h"
#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

#define GOOGLE "https://accounts.google.com"
#define OKTA   "https://okta.demo.example"

static uint8_t trust_bytes[AK_TRUST_LEN_MAX];

static struct ak_span trust_with(const char *providers)
{
    struct ak_trust trust = {.recovery_wait_secs = H_DAY_MS / 1000, .recovery_wait_code_secs = 3600};
    struct ak_buf buf = AK_BUF_ARR(trust_bytes);
    assert_int_equal(ak_trust_set_providers(&trust, ak_span_str(providers)), AK_OK);
    assert_int_equal(ak_trust_encode(&trust, &buf), AK_OK);
    return ak_buf_span(&buf);
}

static int setup(void **state)
{
    static struct world world;
    struct ak_engine_conf conf = h_conf();
    conf.trust = trust_with("google " GOOGLE " demo, old https://id.demo.example, okta " OKTA " demo");
    h_open_with(&world.h, &conf);
    h_person(&world.h, &world.alice, "alice", 1);
    h_person(&world.h, &world.bob, "bob", 2);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    h_device_done(&w->alice.device);
    h_device_done(&w->bob.device);
    h_close(&w->h);
    return 0;
}

static struct ak_identity_answer word(
    struct h *h, const struct h_device *device, const char *type, const char *sub, const char *iss)
{
    struct ak_identity_answer answer = box_answer(h, device, sub);
    memset(answer.type, 0, sizeof answer.type);
    answer.type_len = (uint8_t)strlen(type);
    memcpy(answer.type, type, answer.type_len);
    answer.iss_len = (uint8_t)strlen(iss);
    memcpy(answer.iss, iss, answer.iss_len);
    return answer;
}

static enum ak_code say(
    struct h *h, struct h_device *device, const char *type, const char *sub, const char *iss)
{
    struct ak_identity_answer answer = word(h, device, type, sub, iss);
    return box_pass(h, device, &answer, NULL, NULL);
}

static bool says(struct h *h, const char *text)
{
    struct ak_msg_error_reply error;
    h_error(h, &error);
    return ak_span_contains(error.message, ak_span_str(text));
}

static void opens_an_account_and_signs_in(void **state)
{
    struct world *w = *state;
    struct h_person carol = {0};
    struct ak_msg_sign_in_reply reply;
    struct ak_entry entry;
    uint8_t omni[32];
    uint64_t size = h_size(&w->h);
    h_device(&carol.device, 30);
    assert_int_equal(say(&w->h, &carol.device, "oauth2_google", "248289761001", GOOGLE), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_true(reply.account_new && reply.device_count == 1);
    assert_true(ak_span_eq(reply.identity_type, AK_SPAN_LIT("oauth2_google")));
    assert_true(ak_span_eq(reply.identity_value, AK_SPAN_LIT("248289761001")));
    assert_int_equal(
        ak_identity_omni(AK_SPAN_LIT("oauth2_google"), AK_SPAN_LIT("248289761001"), omni), AK_OK);
    assert_memory_equal(reply.anchor, omni, 32);
    h_entry(&w->h, size, &entry);
    assert_int_equal(entry.type, AK_ENTRY_ACCOUNT_OPENED);
    assert_true(ak_span_eq(entry.identity_type, AK_SPAN_LIT("oauth2_google")));
    h_entry(&w->h, size + 2, &entry);
    assert_int_equal(entry.type, AK_ENTRY_SESSION_ISSUED);
    assert_true(ak_span_eq(entry.how, AK_SPAN_LIT("oauth2")));
    h_restart(&w->h, true);
    assert_int_equal(say(&w->h, &carol.device, "oauth2_google", "248289761001", GOOGLE), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_false(reply.account_new);
    /* the same subject elsewhere is somebody else, who has an account of his own */
    assert_int_equal(say(&w->h, &carol.device, "oauth2_okta", "248289761001", OKTA), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_true(reply.account_new);
    assert_memory_not_equal(reply.anchor, omni, 32);
    h_device_done(&carol.device);
}

/* Default deny: a provider that is not there, retired, or another's issuer. */
static void only_what_the_trust_configuration_has(void **state)
{
    struct world *w = *state;
    struct h_device device;
    static const struct {
        const char *type, *iss, *says;
    } rows[] = {
        {"oauth2_github", "https://github.com", "no identity provider of that name is in use here"},
        {"oauth2_old", "https://id.demo.example", "no identity provider of that name is in use here"},
        {"oauth2_goog", GOOGLE, "no identity provider of that name is in use here"},
        {"oauth2_googlex", GOOGLE, "agentkeys trust change --identity-providers"},
        {"oauth2_google", OKTA, "another issuer than the trust configuration has"},
        {"oauth2_google", GOOGLE "/", "another issuer than the trust configuration has"},
        {"oauth2_google", "https://accounts.google.co", "another issuer than the trust configuration has"},
    };
    uint64_t size = h_size(&w->h);
    h_device(&device, 31);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_equal(say(&w->h, &device, rows[i].type, "1", rows[i].iss), AK_CODE_DENIED);
        assert_true(says(&w->h, rows[i].says));
    }
    static const char *const none[] = {"oauth2_", "oauth2_g", "oauth2_Google", "oauth2_go-gle"};
    for (size_t i = 0; i < AK_COUNT(none); i++)
        assert_int_equal(say(&w->h, &device, none[i], "1", GOOGLE), AK_CODE_INVALID_REQUEST);
    assert_int_equal(h_size(&w->h), size);
    /* nothing was used up: the same word counts once its provider is there */
    struct ak_identity_answer answer = word(&w->h, &device, "oauth2_github", "1", "https://github.com");
    assert_int_equal(box_pass(&w->h, &device, &answer, NULL, NULL), AK_CODE_DENIED);
    w->h.conf.trust = trust_with("github https://github.com demo");
    h_restart(&w->h, true);
    assert_int_equal(box_pass(&w->h, &device, &answer, NULL, NULL), AK_CODE_OK);
    assert_int_equal(box_pass(&w->h, &device, &answer, NULL, NULL), AK_CODE_ALREADY_CONSUMED);
    h_device_done(&device);
}

static void nothing_without_a_trust_configuration(void **state)
{
    struct world *w = *state;
    struct h_device device;
    h_device(&device, 32);
    w->h.conf.trust = AK_SPAN_EMPTY;
    h_restart(&w->h, true);
    assert_int_equal(say(&w->h, &device, "oauth2_google", "1", GOOGLE), AK_CODE_DENIED);
    h_device_done(&device);
}

/* I9: on another device a recovery that waits and shows; a retired provider ends it. */
static void another_device_waits(void **state)
{
    struct world *w = *state;
    struct h_person carol = {0}, thief = {0};
    struct ak_msg_sign_in_reply reply;
    h_device(&carol.device, 33);
    h_device(&thief.device, 34);
    assert_int_equal(say(&w->h, &carol.device, "oauth2_google", "7", GOOGLE), AK_CODE_OK);
    box_take_session(&w->h, &carol);
    assert_int_equal(say(&w->h, &thief.device, "oauth2_google", "7", GOOGLE), AK_CODE_PENDING);
    box_reply(&w->h, &reply);
    assert_true(ak_span_eq(reply.state, AK_SPAN_LIT("recovery_pending")) && reply.session_jwt.len == 0);
    assert_int_equal(reply.ready_at, (w->h.wall_ms + H_DAY_MS) / 1000); /* a broker's word: the long wait */
    assert_int_equal(h_call(&w->h, &carol.device, h_token(&carol), AK_CALL_RECOVERY_LIST, NULL), AK_CODE_OK);
    assert_true(
        ak_span_contains(ak_span(w->h.out.notice, w->h.out.notice_len), AK_SPAN_LIT("sign-in ready_at=")));
    h_tick(&w->h, H_DAY_MS + 1000);
    assert_int_equal(say(&w->h, &carol.device, "oauth2_google", "7", GOOGLE), AK_CODE_OK); /* it was seen */
    w->h.conf.trust = trust_with("google " GOOGLE ", old https://id.demo.example, okta " OKTA " demo");
    h_restart(&w->h, true);
    assert_int_equal(say(&w->h, &thief.device, "oauth2_google", "7", GOOGLE), AK_CODE_DENIED);
    w->h.conf.trust = trust_with("google " GOOGLE " demo");
    h_restart(&w->h, true);
    assert_int_equal(say(&w->h, &thief.device, "oauth2_google", "7", GOOGLE), AK_CODE_OK);
    h_device_done(&carol.device);
    h_device_done(&thief.device);
}

/* ---- links ---- */

static enum ak_code link_as(struct h *h, struct h_person *person, const struct ak_identity_answer *answer,
    const char *type, const char *value)
{
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    h_broker_key(&signer, &pub);
    assert_int_equal(
        ak_identity_answer_make(&text, &signer, AK_SPAN_LIT(H_BROKER), AK_SPAN_LIT(H_ISSUER), answer), AK_OK);
    ak_p256_signer_close(&signer);
    const struct ak_msg_link_request request = {.identity_type = ak_span_str(type),
        .identity_value = ak_span_str(value),
        .answer = ak_buf_span(&text),
        .present = 1u << AK_LINK_REQUEST_ANSWER};
    return h_call(h, &person->device, h_token(person), AK_CALL_LINK, &request);
}

static void links_and_unlinks(void **state)
{
    struct world *w = *state;
    struct ak_msg_link_list_reply list;
    struct ak_msg_link_item item;
    struct ak_msg_sign_in_reply reply;
    struct ak_msg_unlink_request unlink = {0};
    struct ak_identity_answer hers = word(&w->h, &w->alice.device, "oauth2_google", "7", GOOGLE);
    assert_int_equal(link_as(&w->h, &w->alice, &hers, "oauth2_google", "8"), AK_CODE_BAD_SIGNATURE);
    hers = word(&w->h, &w->alice.device, "oauth2_google", "7", GOOGLE);
    assert_int_equal(link_as(&w->h, &w->alice, &hers, "oauth2_okta", "7"), AK_CODE_BAD_SIGNATURE);
    hers = word(&w->h, &w->alice.device, "oauth2_google", "7", OKTA);
    assert_int_equal(link_as(&w->h, &w->alice, &hers, "oauth2_google", "7"), AK_CODE_DENIED);
    hers = word(&w->h, &w->alice.device, "oauth2_google", "7", GOOGLE);
    assert_int_equal(link_as(&w->h, &w->alice, &hers, "oauth2_google", "7"), AK_CODE_OK);
    struct ak_identity_answer his = word(&w->h, &w->bob.device, "oauth2_google", "7", GOOGLE);
    assert_int_equal(link_as(&w->h, &w->bob, &his, "oauth2_google", "7"), AK_CODE_ALREADY_EXISTS);
    /* it signs in to her account */
    assert_int_equal(say(&w->h, &w->alice.device, "oauth2_google", "7", GOOGLE), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_false(reply.account_new);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LINK_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_link_list_reply_msg, &list);
    assert_true(ak_list_next(&list.links, &ak_link_item_msg, &item));
    assert_true(ak_list_next(&list.links, &ak_link_item_msg, &item));
    assert_true(ak_span_eq(item.identity_type, AK_SPAN_LIT("oauth2_google")));
    assert_true(ak_span_eq(item.how, AK_SPAN_LIT("broker")));
    memcpy(unlink.omni_account, item.omni_account, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_UNLINK, &unlink), AK_CODE_OK);
    assert_int_equal(say(&w->h, &w->alice.device, "oauth2_google", "7", GOOGLE), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_true(reply.account_new); /* as anybody's */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_an_account_and_signs_in),
        TEST(only_what_the_trust_configuration_has),
        TEST(nothing_without_a_trust_configuration),
        TEST(another_device_waits),
        TEST(links_and_unlinks),
    };
    return cmocka_run_group_tests_name("engine-sign-in-oauth2", tests, NULL, NULL);
}
