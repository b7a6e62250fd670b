/* The broker's words, the worker that they reach, and who is asked about. */
#include "hostile-broker/hostile_broker.h"

#include <unistd.h>

#include "base/codec/jose.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/wire/msg_sign.h"
#include "hostile-gateway/people.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

struct hostile h;
const char *hb_worker;
struct hostile_device alice, agent, mallory;
uint8_t alice_anchor[32], alice_wallet[20];
static struct ak_p256_signer broker_signer;

/* ---- the broker's words ---- */

void hb_meaning(const struct ak_msg_sign_in *says, uint8_t out_meaning[32])
{
    static const struct ak_msg_sign_in nothing;
    uint8_t memory[256];
    struct ak_buf body = AK_BUF_ARR(memory);
    assert_int_equal(ak_msg_encode(&ak_sign_in_msg, says ? says : &nothing, &body), AK_OK);
    assert_int_equal(
        ak_msg_meaning(&ak_sign_in_msg, AK_SIGN_IN_CALL, ak_buf_span(&body), out_meaning), AK_OK);
}

struct ak_identity_answer hb_word(const char *type, const char *value, const struct hostile_device *device)
{
    struct ak_identity_answer answer = {
        .type_len = (uint8_t)strlen(type), .value_len = (uint16_t)strlen(value)};
    memcpy(answer.type, type, answer.type_len);
    memcpy(answer.value, value, answer.value_len);
    memcpy(answer.jkt, device->jkt, 32);
    ak_random_bytes(answer.jti, sizeof answer.jti);
    answer.iat = ak_clock_wall_ms() / 1000;
    answer.exp = answer.iat + AK_IDENTITY_ANSWER_SECS;
    return answer;
}

void hb_sign_word(struct hb_passed *out, const struct ak_identity_answer *answer, const char *iss)
{
    struct ak_buf text = AK_BUF_ARR(out->text);
    assert_int_equal(
        ak_identity_answer_make(&text, &broker_signer, ak_span_str(iss), AK_SPAN_LIT(HOSTILE_ORIGIN), answer),
        AK_OK);
    out->len = text.len;
}

/* A call with the word and the device's proof for its poll, as it passes through the broker. */
void hb_pass(struct hb_passed *out, const struct hostile_device *device, const struct ak_msg_sign_in *says)
{
    hb_meaning(says, out->meaning);
    out->request = (struct ak_msg_identity_answered_request){
        .answer = ak_span(out->text, out->len), .poll_path = AK_SPAN_LIT(HB_POLL)};
    if (says) {
        out->request.device = *says;
        out->request.present = says->present << AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME;
    }
    out->call = (struct hostile_call){.id = AK_CALL_IDENTITY_ANSWERED,
        .request = &out->request,
        .device = device,
        .at_broker = HB_POLL,
        .method = "GET",
        .bh = out->meaning};
}

void hb_keep_proof(struct hb_passed *out)
{
    struct ak_buf proof = AK_BUF_ARR(out->proof);
    hostile_proof(&h, &out->call, &proof);
    out->proof_len = proof.len;
    out->call.proof = ak_span(out->proof, out->proof_len);
}

void hb_make_word(struct hb_passed *out, const char *mail, const struct hostile_device *device)
{
    struct ak_identity_answer answer = hb_word("email", mail, device);
    hb_sign_word(out, &answer, HOSTILE_BROKER);
    hb_pass(out, device, NULL);
}

enum ak_code hb_say(const char *mail, const struct hostile_device *device, struct ak_frame_reply *reply)
{
    static struct hb_passed passed;
    hb_make_word(&passed, mail, device);
    return hostile_ask(&h, &passed.call, reply);
}

/* While it was honest: the person signs in, and what she got passed through the broker. */
void hb_sign_in(struct hostile_device *device, const char *mail, struct ak_msg_sign_in_reply *out_reply)
{
    struct ak_frame_reply reply;
    assert_int_equal(hb_say(mail, device, &reply), AK_CODE_OK);
    assert_int_equal(ak_msg_decode(&ak_sign_in_reply_msg, reply.body, out_reply, NULL), AK_OK);
    hostile_keep_token(device, out_reply->session_jwt);
}

static void write_key(char path[80])
{
    const struct ak_secret32 scalar = {{0, 0xb0}};
    struct ak_p256_pub pub;
    char text[512];
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_p256_pub_from_scalar(&scalar, &pub), AK_OK);
    assert_int_equal(ak_p256_signer_open(&broker_signer, &scalar), AK_OK);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_jwk_put(&w, &pub);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    memcpy(path, "/tmp/ak-broker-XXXXXX", sizeof "/tmp/ak-broker-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, buf.len) == (ssize_t)buf.len);
    close(fd);
}

static char key_path[80], settings[256];

int hb_make(void **state)
{
    (void)state;
    struct ak_msg_sign_in_reply reply;
    write_key(key_path);
    hostile_init_for_broker(&h, hb_worker, key_path);
    (void)snprintf(settings, sizeof settings,
        "broker_url = " HOSTILE_BROKER "\nbroker_key = %s\nbroker_socket = /nowhere\n", key_path);
    h.settings = settings;
    hostile_start(&h, true);
    hostile_device_make(&alice, 1);
    hostile_device_make(&agent, 2);
    hostile_device_make(&mallory, 3);
    hb_sign_in(&alice, HB_MAIL, &reply);
    assert_true(reply.account_new && reply.device_count == 1);
    memcpy(alice_anchor, reply.anchor, 32);
    memcpy(alice_wallet, reply.wallet_address, 20);
    hostile_pair_agent(&h, &alice, alice_anchor, &agent);
    return 0;
}

int hb_drop(void **state)
{
    (void)state;
    hostile_stop(&h);
    hostile_done(&h);
    unlink(key_path);
    ak_p256_signer_close(&broker_signer);
    return 0;
}

/* ---- what it wants ---- */

bool hb_has_session(const struct ak_frame_reply *reply)
{
    struct ak_msg_sign_in_reply got;
    return ak_msg_decode(&ak_sign_in_reply_msg, reply->body, &got, NULL) == AK_OK && got.session_jwt.len > 0;
}

bool hb_is_shown(const struct hostile_device *device)
{
    const struct ak_msg_sign_request sign = {.present = 7, .message = AK_SPAN_LIT("hello")};
    struct ak_msg_sign_request request = sign;
    struct ak_frame_reply reply;
    memcpy(request.omni_account, alice_anchor, 32);
    request.path = device == &agent ? AK_SPAN_LIT("/agent-1") : AK_SPAN_EMPTY;
    request.present = device == &agent ? 7 : 3;
    const struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = device, .token = device->token};
    assert_int_equal(hostile_ask(&h, &call, &reply), AK_CODE_OK);
    return reply.notice.len > 0 && memmem(reply.notice.ptr, reply.notice.len, "sign-in", 7) != NULL;
}

void hb_cancel(const struct hostile_device *device)
{
    struct ak_msg_recovery_cancel_request request = {
        .what = AK_SPAN_LIT("sign-in"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(request.device, device->jkt, 32);
    const struct hostile_call call = {
        .id = AK_CALL_RECOVERY_CANCEL, .request = &request, .device = &alice, .token = alice.token};
    hostile_expect(&h, &call, AK_CODE_OK);
}

/* ---- wallets ---- */

struct hb_wallet hb_wallet(uint8_t number)
{
    struct hb_wallet wallet = {.scalar = {{7, number}}};
    struct ak_k256_point point;
    assert_int_equal(ak_k256_point_from_scalar(&wallet.scalar, &point), AK_OK);
    ak_evm_address(&point, wallet.address);
    return wallet;
}

void hb_get_text(struct hb_text *text, const uint8_t address[20], const struct hostile_device *device)
{
    struct ak_msg_wallet_started_request request = {.chain_id = 1};
    struct ak_msg_wallet_started_reply reply;
    memcpy(request.address, address, 20);
    const struct hostile_call call = {.id = AK_CALL_WALLET_STARTED,
        .request = &request,
        .device = device,
        .at_broker = "/v1/auth/wallet/start"};
    hostile_must(&h, &call, &reply);
    memcpy(text->bytes, reply.siwe_message.ptr, reply.siwe_message.len);
    text->len = reply.siwe_message.len;
}

void hb_sign_text(struct hb_text *text, const struct hb_wallet *wallet)
{
    uint8_t digest[32];
    ak_eip191_digest(ak_span(text->bytes, text->len), digest);
    assert_int_equal(ak_k256_sign(digest, &wallet->scalar, text->signature), AK_OK);
}

enum ak_code hb_answer(
    const struct hb_text *text, const struct hostile_device *device, struct ak_frame_reply *reply)
{
    uint8_t meaning[32];
    struct ak_msg_wallet_answered_request request = {.siwe_message = ak_span(text->bytes, text->len)};
    memcpy(request.signature, text->signature, 65);
    hb_meaning(NULL, meaning);
    const struct hostile_call call = {.id = AK_CALL_WALLET_ANSWERED,
        .request = &request,
        .device = device,
        .at_broker = "/v1/auth/wallet/verify",
        .bh = meaning};
    return hostile_ask(&h, &call, reply);
}

/* ---- in the end ---- */

/* After all of it: her account is as it was, with one device, and nothing waits. */
void hb_the_account_is_as_it_was(void **state)
{
    (void)state;
    const struct ak_msg_account_request none = {0};
    const struct ak_msg_recovery_list_request list = {0};
    struct ak_msg_account_reply account;
    struct ak_msg_recovery_list_reply waiting;
    const struct hostile_call look = {
        .id = AK_CALL_ACCOUNT, .request = &none, .device = &alice, .token = alice.token};
    hostile_must(&h, &look, &account);
    assert_int_equal(account.device_count, 1);
    assert_int_equal(account.agent_count, 1);
    const struct hostile_call what = {
        .id = AK_CALL_RECOVERY_LIST, .request = &list, .device = &alice, .token = alice.token};
    hostile_must(&h, &what, &waiting);
    assert_int_equal(waiting.items.bytes.len, 0);
}
