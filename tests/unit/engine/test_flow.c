/* The demo's way through the engine: what each call answers and writes, and that a restart changes nothing.
 */
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/evm/statement.h"
#include "unit/engine/world.h"

static void check_signature(struct h *h, const char *text, const uint8_t address[20])
{
    struct ak_msg_sign_reply reply;
    uint8_t digest[32];
    h_reply(h, &ak_sign_reply_msg, &reply);
    ak_eip191_digest(ak_span_str(text), digest);
    assert_memory_equal(reply.address, address, 20);
    assert_int_equal(reply.key_version, 1);
    assert_int_equal(ak_evm_verify(digest, reply.signature, address), AK_OK);
    struct ak_entry entry;
    h_entry(h, reply.entry_index, &entry);
    assert_int_equal(entry.type, AK_ENTRY_MESSAGE_SIGNED);
}

static void test_agent_signs_with_its_own_key(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    assert_int_equal(h_agent_sign(h, &w->agent, "hello"), AK_CODE_OK);
    assert_memory_not_equal(w->agent.address, w->alice.wallet, 20);
    check_signature(h, "hello", w->agent.address);
    struct ak_entry entry;
    h_entry(h, h_size(h) - 1, &entry);
    assert_true(ak_span_eq(entry.label, AK_SPAN_LIT("agent-1")));
    assert_true(ak_span_eq(entry.operation, AK_SPAN_LIT("sign-message")));
    assert_memory_equal(entry.anchor, w->alice.anchor, 32);
    assert_memory_equal(entry.actor, w->agent.device.jkt, 32);
    assert_true(entry.tat_us > 0 && entry.has_request_id);
}

static void test_session_signs_with_the_user_key(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_person_sign(&w->h, &w->alice, "hello"), AK_CODE_OK);
    check_signature(&w->h, "hello", w->alice.wallet);
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_false(ak_entry_has(&entry, AK_F_LABEL));
}

static void test_addresses(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_derive_request request = {.path = AK_SPAN_LIT("/agent-1"), .present = 0};
    struct ak_msg_derive_reply reply;
    memcpy(request.omni_account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_DERIVE_ADDRESS, &request), AK_CODE_OK);
    h_reply(h, &ak_derive_reply_msg, &reply);
    assert_memory_equal(reply.address, w->alice.wallet, 20);
    request.present = 1u << AK_DERIVE_REQUEST_PATH;
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_DERIVE_ADDRESS, &request), AK_CODE_OK);
    h_reply(h, &ak_derive_reply_msg, &reply);
    assert_memory_equal(reply.address, w->agent.address, 20);
    assert_int_equal(reply.generation, 0);
    request.path = AK_SPAN_LIT("/agent-1/0");
    assert_int_equal(
        h_call(h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_DERIVE_ADDRESS, &request), AK_CODE_OK);
    h_reply(h, &ak_derive_reply_msg, &reply);
    assert_memory_equal(reply.address, w->agent.address, 20);
    request.path = AK_SPAN_LIT("/agent-1/1");
    assert_int_equal(h_call(h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_DERIVE_ADDRESS, &request),
        AK_CODE_DENIED);
    assert_string_equal(h_rule(h), "generation");
    request.path = AK_SPAN_LIT("agent-1");
    assert_int_equal(h_call(h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_DERIVE_ADDRESS, &request),
        AK_CODE_INVALID_PATH);
}

static void test_the_demo(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    uint8_t first_address[20];
    memcpy(first_address, w->agent.address, 20);
    /* suspend: the token that is still valid is refused at once (I5) */
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_DENIED);
    assert_string_equal(h_rule(h), "active");
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_OK);
    /* rotate: the old generation never signs again (I6) */
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_DENIED);
    assert_string_equal(h_rule(h), "generation");
    assert_int_equal(h_agent_renew(h, &w->agent), AK_CODE_OK);
    assert_int_equal(w->agent.generation, 1);
    assert_memory_not_equal(w->agent.address, first_address, 20);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_OK);
    check_signature(h, "a", w->agent.address);
    /* a crash: history as before; h_restart compares the states */
    h_restart(h, false);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(h, 61000);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_OK);
    check_signature(h, "a", w->agent.address);
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_DENIED);
    assert_string_equal(h_rule(h), "decommissioned");
    h_restart(h, true);
    assert_int_equal(h_agent_sign(h, &w->agent, "a"), AK_CODE_DENIED);
}

/* Lineage: anybody can verify the statement by both addresses. */
static void test_lineage(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_agent_show_request request = {.label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_lineage_reply reply;
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_OK);
    h_reply(h, &ak_lineage_reply_msg, &reply);
    struct ak_lineage lineage = {.base_path = reply.base_path, .generation = (uint32_t)reply.generation};
    memcpy(lineage.agent, w->agent.address, 20);
    memcpy(lineage.user, w->alice.wallet, 20);
    assert_true(ak_span_eq(reply.base_path, AK_SPAN_LIT("/agent-1")));
    assert_int_equal(
        ak_statement_lineage_verify(&lineage, reply.agent_signature, reply.user_signature), AK_OK);
    struct ak_entry entry;
    h_entry(h, reply.entry_index, &entry);
    assert_true(ak_span_eq(entry.operation, AK_SPAN_LIT("lineage")));
    assert_memory_equal(entry.message_hash, reply.digest, 32);
    h_restart(h, true);
}

/* It is counted as a signature of the session, not of the agent; and refused where neither may sign. */
static void test_lineage_is_decided(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_agent_show_request request = {.label = AK_SPAN_LIT("agent-1")};
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_OK);
    assert_int_equal(h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request),
        AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_person_sign(h, &w->alice, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_agent_sign(h, &w->agent, "x"), AK_CODE_OK);
    h_restart(h, true);
    assert_int_equal(h_person_sign(h, &w->alice, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(h, 61000);
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_DENIED);
    assert_string_equal(h_rule(h), "active");
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_OK);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_DENIED);
    request.label = AK_SPAN_LIT("nobody");
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_NOT_FOUND);
}

static void test_attestation_is_absent(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_ATTESTATION, NULL), AK_CODE_NO_EVIDENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_agent_signs_with_its_own_key),
        WORLD_TEST(test_session_signs_with_the_user_key),
        WORLD_TEST(test_addresses),
        WORLD_TEST(test_the_demo),
        WORLD_TEST(test_lineage),
        WORLD_TEST(test_lineage_is_decided),
        WORLD_TEST(test_attestation_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
