#include "unit/engine/link_box.h"

#include "core/identity/identity.h"

struct box_value box_value(const uint8_t address[20])
{
    struct box_value value = {{0}};
    struct ak_buf buf = AK_BUF_ARR(value.text);
    ak_evm_address_put(&buf, address);
    return value;
}

void box_omni(const char *type, const char *value, uint8_t out_omni[32])
{
    assert_int_equal(ak_identity_omni(ak_span_str(type), ak_span_str(value), out_omni), AK_OK);
}

enum ak_code box_link(
    struct h *h, struct h_person *person, const struct ak_msg_link_request *request, const struct h_how *how)
{
    return h_call_how(h, &person->device, h_token(person), AK_CALL_LINK, request, how);
}

enum ak_code box_link_own(struct h *h, struct h_person *person, const uint8_t address[20])
{
    struct box_value value = box_value(address);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    return box_link(h, person, &request, NULL);
}

struct box_shown box_show(struct h *h, struct h_device *device, const struct box_wallet *wallet)
{
    struct box_shown shown;
    shown.len = box_wallet_text(h, device, wallet, shown.text);
    assert_true(shown.len > 0);
    box_wallet_sign(wallet, ak_span(shown.text, shown.len), shown.signature);
    return shown;
}

enum ak_code box_link_shown(
    struct h *h, struct h_person *person, const uint8_t address[20], const struct box_shown *shown)
{
    struct box_value value = box_value(address);
    struct ak_msg_link_request request = {.identity_type = AK_SPAN_LIT("evm"),
        .identity_value = ak_span_str(value.text),
        .siwe_message = ak_span(shown->text, shown->len),
        .present = 1u << AK_LINK_REQUEST_SIWE_MESSAGE | 1u << AK_LINK_REQUEST_SIGNATURE};
    memcpy(request.signature, shown->signature, 65);
    return box_link(h, person, &request, NULL);
}

enum ak_code box_link_wallet(struct h *h, struct h_person *person, const struct box_wallet *wallet)
{
    struct box_shown shown = box_show(h, &person->device, wallet);
    return box_link_shown(h, person, wallet->address, &shown);
}

enum ak_code box_link_mail(
    struct h *h, struct h_person *person, const struct h_device *device, const char *says, const char *value)
{
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_identity_answer answer = box_answer(h, device, says);
    h_broker_key(&signer, &pub);
    assert_int_equal(
        ak_identity_answer_make(&text, &signer, AK_SPAN_LIT(H_BROKER), AK_SPAN_LIT(H_ISSUER), &answer),
        AK_OK);
    ak_p256_signer_close(&signer);
    struct ak_msg_link_request request = {.identity_type = AK_SPAN_LIT("email"),
        .identity_value = ak_span_str(value),
        .answer = ak_buf_span(&text),
        .present = 1u << AK_LINK_REQUEST_ANSWER};
    return box_link(h, person, &request, NULL);
}

enum ak_code box_unlink(struct h *h, struct h_person *person, const uint8_t omni[32], const uint8_t code[32])
{
    struct ak_msg_unlink_request request = {.present = code ? 1u << AK_UNLINK_REQUEST_RECOVERY_CODE : 0};
    memcpy(request.omni_account, omni, 32);
    if (code) h_seal_code(h, &person->device, code, request.recovery_code);
    return h_call(h, &person->device, h_token(person), AK_CALL_UNLINK, &request);
}

enum ak_code box_derive(struct h *h, struct h_person *person, const uint8_t omni[32])
{
    struct ak_msg_derive_request request = {0};
    memcpy(request.omni_account, omni, 32);
    return h_call(h, &person->device, h_token(person), AK_CALL_DERIVE_ADDRESS, &request);
}

size_t box_links(struct h *h, struct h_person *person, struct ak_msg_link_item *out_items)
{
    struct ak_msg_link_list_reply reply;
    size_t count = 0;
    assert_int_equal(h_call(h, &person->device, h_token(person), AK_CALL_LINK_LIST, NULL), AK_CODE_OK);
    h_reply(h, &ak_link_list_reply_msg, &reply);
    assert_memory_equal(reply.anchor, person->anchor, 32);
    while (ak_list_next(&reply.links, &ak_link_item_msg, &out_items[count])) count++;
    return count;
}

void box_a_day(struct world *w)
{
    for (int i = 0; i < 5; i++) h_tick(&w->h, H_DAY_MS / 5);
    assert_int_equal(box_mail(&w->h, &w->alice.device, "alice@demo.example", NULL), AK_CODE_OK);
    box_take_session(&w->h, &w->alice);
}

uint64_t box_notices(struct h *h, uint64_t since, uint64_t limit, struct ak_msg_notice_item *out_items,
    size_t cap, size_t *out_count)
{
    struct ak_msg_notice_request request = {
        .since = since, .limit = limit, .present = limit ? 1u << AK_NOTICE_REQUEST_LIMIT : 0};
    struct ak_msg_notice_reply reply;
    assert_int_equal(h_call(h, NULL, AK_SPAN_EMPTY, AK_CALL_NOTICES, &request), AK_CODE_OK);
    assert_int_equal(h_read(h), AK_CODE_OK);
    h_reply(h, &ak_notice_reply_msg, &reply);
    *out_count = 0;
    while (*out_count < cap && ak_list_next(&reply.notices, &ak_notice_item_msg, &out_items[*out_count]))
        (*out_count)++;
    return reply.next;
}
