#include "unit/engine/sign_in_box.h"

#include "core/evm/address.h"
#include "core/evm/eip191.h"

static uint64_t jti;

struct ak_identity_answer box_answer(struct h *h, const struct h_device *device, const char *email)
{
    struct ak_identity_answer answer = {.type_len = 5,
        .value_len = (uint16_t)strlen(email),
        .type = "email",
        .iat = h->wall_ms / 1000,
        .exp = h->wall_ms / 1000 + AK_IDENTITY_ANSWER_SECS};
    memcpy(answer.value, email, answer.value_len);
    memcpy(answer.jkt, device->jkt, 32);
    jti++;
    memcpy(answer.jti, &jti, sizeof jti);
    return answer;
}

enum ak_code box_pass(struct h *h, struct h_device *device, const struct ak_identity_answer *answer,
    const struct ak_msg_sign_in *says, const struct h_how *how)
{
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct h_how own = how ? *how : (struct h_how){0};
    h_broker_key(&signer, &pub);
    H_CHECK(ak_identity_answer_make(&text, &signer, AK_SPAN_LIT(H_BROKER), AK_SPAN_LIT(H_ISSUER), answer) ==
            AK_OK);
    ak_p256_signer_close(&signer);
    struct ak_msg_identity_answered_request request = {
        .answer = ak_buf_span(&text), .poll_path = AK_SPAN_LIT(BOX_POLL)};
    if (says) {
        request.device = *says;
        request.present = says->present << AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME;
    }
    if (!own.device) own.device = says;
    return h_call_how(h, device, AK_SPAN_EMPTY, AK_CALL_IDENTITY_ANSWERED, &request, &own);
}

enum ak_code box_mail(
    struct h *h, struct h_device *device, const char *email, const struct ak_msg_sign_in *says)
{
    struct ak_identity_answer answer = box_answer(h, device, email);
    return box_pass(h, device, &answer, says, NULL);
}

/* ---- wallets ---- */

void box_wallet(struct box_wallet *wallet, uint8_t number)
{
    struct ak_k256_point point;
    *wallet = (struct box_wallet){.scalar = {{7, number}}};
    H_CHECK(ak_k256_point_from_scalar(&wallet->scalar, &point) == AK_OK);
    ak_evm_address(&point, wallet->address);
}

size_t box_wallet_text(struct h *h, struct h_device *device, const struct box_wallet *wallet, char *out_text)
{
    struct ak_msg_wallet_started_request request = {.chain_id = 1};
    struct ak_msg_wallet_started_reply reply;
    memcpy(request.address, wallet->address, 20);
    if (h_call(h, device, AK_SPAN_EMPTY, AK_CALL_WALLET_STARTED, &request) != AK_CODE_OK) return 0;
    h_reply(h, &ak_wallet_started_reply_msg, &reply);
    H_CHECK(reply.expires_at == h->wall_ms / 1000 + 45 * 60);
    memcpy(out_text, reply.siwe_message.ptr, reply.siwe_message.len);
    return reply.siwe_message.len;
}

enum ak_code box_wallet_answer(struct h *h, struct h_device *device, struct ak_span text,
    const uint8_t signature[65], const struct ak_msg_sign_in *says, const struct h_how *how)
{
    struct ak_msg_wallet_answered_request request = {.siwe_message = text};
    struct h_how own = how ? *how : (struct h_how){0};
    memcpy(request.signature, signature, 65);
    if (says) {
        request.device = *says;
        request.present = says->present << AK_WALLET_ANSWERED_REQUEST_DEVICE_NAME;
    }
    if (!own.device) own.device = says;
    return h_call_how(h, device, AK_SPAN_EMPTY, AK_CALL_WALLET_ANSWERED, &request, &own);
}

void box_wallet_sign(const struct box_wallet *wallet, struct ak_span text, uint8_t out_signature[65])
{
    uint8_t digest[32];
    ak_eip191_digest(text, digest);
    H_CHECK(ak_k256_sign(digest, &wallet->scalar, out_signature) == AK_OK);
}

enum ak_code box_wallet_in(struct h *h, struct h_device *device, const struct box_wallet *wallet)
{
    char text[2048];
    uint8_t signature[65];
    size_t len = box_wallet_text(h, device, wallet, text);
    if (len == 0) return h->out.code;
    box_wallet_sign(wallet, ak_span(text, len), signature);
    return box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL);
}

/* ---- answers ---- */

void box_reply(struct h *h, struct ak_msg_sign_in_reply *out_reply)
{
    h_reply(h, &ak_sign_in_reply_msg, out_reply);
}

void box_take_session(struct h *h, struct h_person *person)
{
    struct ak_msg_sign_in_reply reply;
    box_reply(h, &reply);
    H_CHECK(ak_span_eq(reply.state, AK_SPAN_LIT("session")) && reply.session_jwt.len <= sizeof person->token);
    memcpy(person->token, reply.session_jwt.ptr, reply.session_jwt.len);
    person->token_len = reply.session_jwt.len;
    memcpy(person->anchor, reply.anchor, 32);
    memcpy(person->wallet, reply.wallet_address, 20);
}
