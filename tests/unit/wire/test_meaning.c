/* The hash a device signs: typed in from an encoding made elsewhere (docs/formats), and different for each
 * change of call or field (I15). */
#include "unit/wire/fill.h"

#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_broker.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_vault.h"

static struct fill fill;
static uint8_t body_memory[FILL_BODY];

static void assert_meaning(
    const struct ak_msg *msg, const char *call, const void *message, const char *want_hex)
{
    uint8_t want[32];
    uint8_t got[32];
    struct ak_buf body = AK_BUF_ARR(body_memory);
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(want_hex), want, 32), AK_OK);
    assert_int_equal(ak_msg_encode(msg, message, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(msg, call, ak_buf_span(&body), got), AK_OK);
    assert_memory_equal(got, want, 32);
}

static void has_the_published_values(void **state)
{
    (void)state;
    const struct ak_msg_agent_change_request suspend = {
        .present = 3, .label = AK_SPAN_LIT("agent-1"), .generation = 3};
    assert_meaning(&ak_agent_change_request_msg, "agent-suspend", &suspend,
        "afa9e73f4419654ef9839900a638fffe9d92d7350f453c8c20e83dc091e6de43");

    struct ak_msg_pair_approve_request approve = {.present = 0x7f,
        .kind = AK_SPAN_LIT("agent"),
        .label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("sign-siwe@app.example,sign-message"),
        .rate = 100,
        .valid_until_at = 1893456000};
    for (uint8_t i = 0; i < 16; i++) approve.request_id[i] = i;
    for (uint8_t i = 0; i < 32; i++) approve.device[i] = (uint8_t)(0xd0 + i % 16);
    assert_meaning(&ak_pair_approve_request_msg, "pair-approve", &approve,
        "a03e1ef9d46f76721951b85889c466181e5919dc9f0c15b89fd34183f50ef710");

    const struct ak_msg_account_change_request account = {0};
    assert_meaning(&ak_account_change_request_msg, "account-suspend", &account,
        "eca7b031201794532bdeb854e6742ceabbed06e786eca45fc22da300db5b4af6");

    struct ak_msg_device_remove_request removal = {.present = 3};
    memset(removal.id, 7, 32);
    memset(removal.recovery_code, 9, sizeof removal.recovery_code);
    assert_meaning(&ak_device_remove_request_msg, "device-remove", &removal,
        "5df4d44f8ca25f7e7829b93cc34e7ce584c1bb9cb2d788611eb862b7e938cb05");

    static uint8_t sealed[AK_WIRE_SEALED_MAX];
    memset(sealed, 'x', sizeof sealed);
    struct ak_msg_credential_put_request put = {.present = 15,
        .service = AK_SPAN_LIT("openrouter"),
        .path = AK_SPAN_LIT("/agent-1"),
        .sealed = ak_span(sealed, 17)};
    memset(put.enc, 8, 32);
    assert_meaning(&ak_credential_put_request_msg, "credential-put", &put,
        "1841b036fd8ca8189e612eaaf8f9532c00592a7ff1da30fee18e1dbb6c70136f");
    put.present = 13;
    put.sealed = AK_SPAN_ARR(sealed);
    assert_meaning(&ak_credential_put_request_msg, "credential-put", &put,
        "c322fce63f13ef2779637ba6a889f0601ef20a3588d6ba1ef63c913778b4ea75");
}

/* Bytes of the body before what is added on the way, which stands last and in `link` alone. */
static size_t signed_len(const struct ak_call *call, struct ak_span body)
{
    struct ak_reader reader = ak_reader(body);
    for (size_t i = 0; i < call->request->count; i++) {
        struct ak_span value;
        bool there = false;
        if (call->request->fields[i].flags & AK_MSG_UNSIGNED) {
            assert_string_equal(call->name, "link");
            assert_true(i >= AK_LINK_REQUEST_SIWE_MESSAGE);
            return body.len - reader.len;
        }
        assert_int_equal(ak_field_read(&call->request->fields[i], &reader, &there, &value), AK_OK);
    }
    return body.len;
}

/* Every byte of a body matters: no two bodies that decode have one meaning. */
static void changes_with_each_field(void **state)
{
    (void)state;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *call = ak_call_get(id);
        if (call->auth != AK_AUTH_CHANGE) continue;
        struct ak_buf body = AK_BUF_ARR(body_memory);
        uint8_t base[32];
        uint8_t got[32];
        uint64_t decoded[FILL_STRUCT_WORDS];
        fill_message(&fill, call->request, FILL_LARGE);
        assert_int_equal(ak_msg_encode(call->request, fill.message, &body), AK_OK);
        assert_int_equal(ak_msg_meaning(call->request, call->name, ak_buf_span(&body), base), AK_OK);
        size_t len = signed_len(call, ak_buf_span(&body));
        for (size_t i = 0; i<len; i += body.len> 16384 ? 211 : 1) { /* a long one: by samples */
            body_memory[i] ^= 1;
            if (ak_msg_decode(call->request, ak_buf_span(&body), decoded, NULL) == AK_OK) {
                assert_int_equal(ak_msg_meaning(call->request, call->name, ak_buf_span(&body), got), AK_OK);
                assert_memory_not_equal(base, got, 32);
            }
            body_memory[i] ^= 1;
        }
    }
}

/* What a device signs for the broker's link is what the keeper recomputes of its own message. */
static void is_one_for_both_links(void **state)
{
    (void)state;
    struct ak_msg_wallet_link_request asked = {
        .identity_type = AK_SPAN_LIT("email"), .identity_value = AK_SPAN_LIT("alice@demo.example")};
    const struct ak_msg_link_request passed = {.present = 1u << AK_LINK_REQUEST_ANSWER,
        .identity_type = asked.identity_type,
        .identity_value = asked.identity_value,
        .answer = AK_SPAN_LIT("a.b.c")};
    uint8_t here[32], there[32];
    struct ak_buf body = AK_BUF_ARR(body_memory);
    asked.present = 1u << AK_WALLET_LINK_REQUEST_REQUEST_ID | 1u << AK_WALLET_LINK_REQUEST_SIGNATURE;
    assert_int_equal(ak_msg_encode(&ak_wallet_link_request_msg, &asked, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_wallet_link_request_msg, "link", ak_buf_span(&body), here), AK_OK);
    body.len = 0;
    assert_int_equal(ak_msg_encode(&ak_link_request_msg, &passed, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_link_request_msg, "link", ak_buf_span(&body), there), AK_OK);
    assert_memory_equal(here, there, 32);
}

static void changes_with_the_call(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "agent-suspend", "agent-resume", "agent-rotate", "agent-decommission", ""};
    const struct ak_msg_agent_change_request change = {.present = 1, .label = AK_SPAN_LIT("a")};
    uint8_t hashes[AK_COUNT(calls)][32];
    struct ak_buf body = AK_BUF_ARR(body_memory);
    assert_int_equal(ak_msg_encode(&ak_agent_change_request_msg, &change, &body), AK_OK);
    for (size_t i = 0; i < AK_COUNT(calls); i++) {
        assert_int_equal(
            ak_msg_meaning(&ak_agent_change_request_msg, calls[i], ak_buf_span(&body), hashes[i]), AK_OK);
        for (size_t k = 0; k < i; k++) assert_memory_not_equal(hashes[i], hashes[k], 32);
    }
}

/* An absent field and a field of its zero value are two things. */
static void tells_absent_from_zero(void **state)
{
    (void)state;
    struct ak_msg_agent_change_request change = {.present = 1, .label = AK_SPAN_LIT("a")};
    uint8_t absent[32];
    uint8_t zero[32];
    struct ak_buf body = AK_BUF_ARR(body_memory);
    assert_int_equal(ak_msg_encode(&ak_agent_change_request_msg, &change, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_agent_change_request_msg, "x", ak_buf_span(&body), absent), AK_OK);
    body.len = 0;
    change.present = 3;
    assert_int_equal(ak_msg_encode(&ak_agent_change_request_msg, &change, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_agent_change_request_msg, "x", ak_buf_span(&body), zero), AK_OK);
    assert_memory_not_equal(absent, zero, 32);
}

static void refuses_damaged_bodies(void **state)
{
    (void)state;
    const struct ak_msg_agent_change_request change = {.present = 3, .label = AK_SPAN_LIT("abc")};
    static const uint8_t zeros[32];
    struct ak_buf body = AK_BUF_ARR(body_memory);
    assert_int_equal(ak_msg_encode(&ak_agent_change_request_msg, &change, &body), AK_OK);
    for (size_t len = 0; len < body.len; len++) {
        uint8_t got[32];
        memset(got, 1, sizeof got);
        assert_int_not_equal(
            ak_msg_meaning(&ak_agent_change_request_msg, "x", ak_span(body.ptr, len), got), AK_OK);
        assert_memory_equal(got, zeros, 32);
    }
    uint8_t got[32];
    ak_buf_put_u8(&body, 0);
    assert_int_equal(ak_msg_meaning(&ak_agent_change_request_msg, "x", ak_buf_span(&body), got), AK_E_FORMAT);
    assert_memory_equal(got, zeros, 32);
}

struct odd {
    uint32_t present;
    struct ak_span text;
    struct ak_list list;
};
static const struct ak_field odd_item_fields[] = {AK_FIELD(odd, text, "t", AK_KIND_TEXT, 0, 1, 9)};
static const struct ak_msg odd_item_msg = AK_MSG("odd item", odd, odd_item_fields);
static const struct ak_field long_fields[] = {AK_FIELD(odd, text, "t", AK_KIND_TEXT, 0, 0, 10000)};
static const struct ak_msg long_msg = AK_MSG("long", odd, long_fields);
static const struct ak_field list_fields[] = {AK_FIELD_LIST(odd, list, "l", &odd_item_msg)};
static const struct ak_msg list_msg = AK_MSG("list", odd, list_fields);

/* Where not all of a message goes into its meaning, it has none. */
static void is_of_the_whole_message(void **state)
{
    (void)state;
    static uint8_t text[10000], memory[10100];
    static const uint8_t zeros[32];
    uint8_t got[32];
    struct odd message = {.text = ak_span(text, 7000)};
    struct ak_buf body = AK_BUF_ARR(memory);
    memset(text, 'a', sizeof text);
    assert_int_equal(ak_msg_encode(&long_msg, &message, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&long_msg, "x", ak_buf_span(&body), got), AK_OK);
    message.text.len = 9000;
    body.len = 0;
    assert_int_equal(ak_msg_encode(&long_msg, &message, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&long_msg, "x", ak_buf_span(&body), got), AK_E_FULL);
    assert_memory_equal(got, zeros, 32);
    body.len = 0;
    assert_int_equal(ak_msg_encode(&list_msg, &message, &body), AK_OK);
    assert_int_equal(ak_msg_meaning(&list_msg, "x", ak_buf_span(&body), got), AK_E_UNSUPPORTED);
    assert_memory_equal(got, zeros, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_published_values),
        cmocka_unit_test(changes_with_each_field),
        cmocka_unit_test(is_one_for_both_links),
        cmocka_unit_test(changes_with_the_call),
        cmocka_unit_test(tells_absent_from_zero),
        cmocka_unit_test(refuses_damaged_bodies),
        cmocka_unit_test(is_of_the_whole_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
