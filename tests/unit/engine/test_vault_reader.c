/* To whom a credential is sealed: only to the key that the device proved, in the request or for its
 * connection (I1). What the gateway puts beside a proof, or moves between connections, opens nothing. */
#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_token.h"
#include "unit/engine/vault_world.h"

static const uint8_t own_key[32] = {1, 2, 3, 9}, other_key[32] = {4, 5, 6, 9};

static int setup(void **state)
{
    (void)vault_world_setup(state);
    return put_text(*state, "openrouter", NULL, "sk-1") != AK_CODE_OK;
}

#define READER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, vault_world_teardown)

/* The agent asks for the credential under `key`. What is refused leaves no entry and costs no use. */
static enum ak_code reads(struct world *w, const uint8_t key[32], const struct h_how *how)
{
    struct ak_msg_credential_read_request request = {.service = AK_SPAN_LIT("openrouter")};
    struct ak_msg_credential_read_reply reply;
    uint64_t before = h_size(&w->h);
    size_t done = box.done[AK_VAULT_READ];
    memcpy(request.key, key, 32);
    enum ak_code code =
        h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_CREDENTIAL_READ, &request, how);
    assert_int_equal(h_size(&w->h) - before, code ? 0 : 1);
    assert_int_equal(box.done[AK_VAULT_READ] - done, code ? 0 : 1);
    if (code) return code;
    h_reply(&w->h, &ak_credential_read_reply_msg, &reply);
    assert_memory_equal(reply.enc, key, 32); /* the box says so to whom it sealed */
    return code;
}

static void the_proof_names_the_key(void **state)
{
    struct world *w = *state;
    struct h_how right = {.rk = own_key}, other = {.rk = other_key}, none = {.no_rk = true};
    assert_int_equal(reads(w, own_key, &right), AK_CODE_OK);
    assert_int_equal(reads(w, own_key, &other), AK_CODE_BAD_SIGNATURE);
    assert_non_null(strstr(message(w), "ak_rk"));
    assert_int_equal(reads(w, own_key, &none), AK_CODE_BAD_SIGNATURE);
    for (size_t at = 0; at < 32; at++) {
        uint8_t near[32];
        memcpy(near, own_key, 32);
        near[at] ^= 1;
        assert_int_equal(reads(w, near, &right), AK_CODE_BAD_SIGNATURE);
    }
}

static void one_proof_serves_a_connection(void **state)
{
    struct world *w = *state;
    struct h_how with = {.conn = 7, .rk = own_key}, without = {.conn = 7, .no_proof = true};
    struct h_how elsewhere = {.conn = 8, .no_proof = true}, nowhere = {.conn = 0, .no_proof = true};
    assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(reads(w, own_key, &with), AK_CODE_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(reads(w, own_key, &without), AK_CODE_OK);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_PROOF_REQUIRED);
    assert_non_null(strstr(message(w), "ak_rk"));
    assert_int_equal(reads(w, own_key, &elsewhere), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(reads(w, own_key, &nowhere), AK_CODE_PROOF_REQUIRED);
    h_tick(&w->h, AK_ENGINE_CONN_MS - 1);
    H_CHECK(h_agent_renew(&w->h, &w->agent) == AK_CODE_OK); /* the same device, a newer token */
    assert_int_equal(reads(w, own_key, &without), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
}

/* A proof of another use of the device serves as well; it is the device's word for the connection. */
static void any_use_may_name_the_key(void **state)
{
    struct world *w = *state;
    struct ak_msg_sign_request sign = {.message = AK_SPAN_LIT("hello")};
    struct h_how with = {.conn = 7, .rk = own_key}, without = {.conn = 7, .no_proof = true};
    memcpy(sign.omni_account, w->agent.anchor, 32);
    assert_int_equal(
        h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &sign, &with),
        AK_CODE_OK);
    assert_int_equal(reads(w, own_key, &without), AK_CODE_OK);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_PROOF_REQUIRED);
}

static void the_newest_proof_counts(void **state)
{
    struct world *w = *state;
    struct h_how first = {.conn = 7, .rk = own_key}, second = {.conn = 7, .rk = other_key};
    struct h_how bare = {.conn = 7, .no_rk = true}, without = {.conn = 7, .no_proof = true};
    assert_int_equal(reads(w, own_key, &first), AK_CODE_OK);
    assert_int_equal(reads(w, other_key, &second), AK_CODE_OK);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_OK);
    assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(reads(w, other_key, &bare), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_PROOF_REQUIRED); /* it took the key away */
}

/* A proof that was used is no proof: it cannot bring its key to another connection, or back to its own. */
static void a_replayed_proof_brings_no_key(void **state)
{
    struct world *w = *state;
    uint8_t old[AK_LIMIT_PROOF];
    struct h_how first = {.conn = 7, .rk = own_key}, second = {.conn = 7, .rk = other_key};
    assert_int_equal(reads(w, own_key, &first), AK_CODE_OK);
    struct h_how replay = {.raw_proof = true, .proof = ak_span(old, w->h.proof_len)};
    memcpy(old, w->h.proof, w->h.proof_len);
    assert_int_equal(reads(w, other_key, &second), AK_CODE_OK);
    for (uint64_t conn = 7; conn <= 8; conn++) {
        struct h_how without = {.conn = conn, .no_proof = true};
        replay.conn = conn;
        assert_int_equal(reads(w, own_key, &replay), AK_CODE_PROOF_REPLAYED);
        assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
    }
}

/* A connection that two devices use: each one's proof ends the other's, and neither reads to the other's key.
 */
static void two_devices_on_one_connection(void **state)
{
    struct world *w = *state;
    struct ak_msg_account_request none = {0};
    struct h_how alices = {.conn = 7, .rk = other_key}, agents = {.conn = 7, .rk = own_key};
    struct h_how without = {.conn = 7, .no_proof = true};
    assert_int_equal(reads(w, own_key, &agents), AK_CODE_OK);
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, &none, &alices), AK_CODE_OK);
    assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_PROOF_REQUIRED);
    /* mallory's proof beside the agent's token is none */
    struct h_how foreign = {.conn = 7, .rk = other_key, .proof_by = &w->bob.device};
    assert_int_equal(reads(w, other_key, &foreign), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(reads(w, other_key, &without), AK_CODE_PROOF_REQUIRED);
}

/* Where a proof goes with each request, each names the key. */
static void nothing_is_remembered_on_plain_transport(void **state)
{
    struct world *w = *state;
    struct h_how with = {.conn = 7, .transport = AK_TRANSPORT_PLAIN, .rk = own_key};
    struct h_how bare = {.conn = 7, .transport = AK_TRANSPORT_PLAIN, .no_rk = true};
    struct h_how without = {.conn = 7, .transport = AK_TRANSPORT_PLAIN, .no_proof = true};
    assert_int_equal(reads(w, own_key, &with), AK_CODE_OK);
    assert_int_equal(reads(w, own_key, &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(reads(w, own_key, &bare), AK_CODE_BAD_SIGNATURE);
}

static void only_uses_take_the_claim(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_change_request change = {.label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_token_request renew = {.label = AK_SPAN_LIT("agent-1")};
    struct h_how with = {.rk = own_key};
    memcpy(renew.account, w->agent.anchor, 32);
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_SUSPEND, &change, &with),
        AK_CODE_BAD_SIGNATURE);
    assert_non_null(strstr(message(w), "ak_rk"));
    assert_int_equal(h_call_how(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &renew, &with),
        AK_CODE_BAD_SIGNATURE);
}

/* Everybody knows what is sealed to such a key; it is refused before it costs an entry, proved or not. */
static void keys_of_small_order_are_refused(void **state)
{
    struct world *w = *state;
    uint8_t zero[32] = {0}, one[32] = {1}, high[32] = {1};
    const uint8_t *const keys[] = {zero, one, high};
    high[31] = 0x80;
    for (size_t i = 0; i < AK_COUNT(keys); i++) {
        struct h_how with = {.rk = keys[i]};
        assert_int_equal(reads(w, keys[i], &with), AK_CODE_INVALID_REQUEST);
        assert_non_null(strstr(message(w), "small order"));
    }
    uint8_t two[32] = {2};
    struct h_how with = {.rk = two};
    assert_int_equal(reads(w, two, &with), AK_CODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READER_TEST(the_proof_names_the_key),
        READER_TEST(one_proof_serves_a_connection),
        READER_TEST(any_use_may_name_the_key),
        READER_TEST(the_newest_proof_counts),
        READER_TEST(a_replayed_proof_brings_no_key),
        READER_TEST(two_devices_on_one_connection),
        READER_TEST(nothing_is_remembered_on_plain_transport),
        READER_TEST(only_uses_take_the_claim),
        READER_TEST(keys_of_small_order_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
