/* A broker that has gone over: with its signing key, all that passes through it, the socket to the worker and
 * the one that people reach, against an account that has a device. It gets no session, signature, credential
 * or token; a recovery that it starts is shown to the device and the agent on their next call (I9, I10, I15,
 * I20). */
#include "hostile-gateway/hostile.h"

#include <unistd.h>

#include "base/codec/jose.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/token/identity_answer.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_oidc.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_sign_in.h"
#include "core/wire/msg_token.h"
#include "core/wire/msg_vault.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

#define POLL "/v1/auth/email/status/0123456789abcdef"

static struct hostile h;
static const char *worker;
static struct ak_p256_signer broker_signer;
static struct hostile_device alice, agent, mallory;
static uint8_t alice_anchor[32], alice_wallet[20];
static const char alice_mail[] = "alice@demo.example";

/* ---- the broker's words ---- */

static void meaning_of(const struct ak_msg_sign_in *says, uint8_t out_meaning[32])
{
    static const struct ak_msg_sign_in nothing;
    uint8_t memory[256];
    struct ak_buf body = AK_BUF_ARR(memory);
    assert_int_equal(ak_msg_encode(&ak_sign_in_msg, says ? says : &nothing, &body), AK_OK);
    assert_int_equal(
        ak_msg_meaning(&ak_sign_in_msg, AK_SIGN_IN_CALL, ak_buf_span(&body), out_meaning), AK_OK);
}

static struct ak_identity_answer word(
    const char *type, const char *value, const struct hostile_device *device)
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

struct passed {
    uint8_t text[AK_IDENTITY_ANSWER_MAX];
    size_t len;
    uint8_t proof[AK_LIMIT_PROOF];
    size_t proof_len;
    uint8_t meaning[32];
    struct ak_msg_identity_answered_request request;
    struct hostile_call call;
};

static void sign_word(struct passed *out, const struct ak_identity_answer *answer, const char *iss)
{
    struct ak_buf text = AK_BUF_ARR(out->text);
    assert_int_equal(
        ak_identity_answer_make(&text, &broker_signer, ak_span_str(iss), AK_SPAN_LIT(HOSTILE_ORIGIN), answer),
        AK_OK);
    out->len = text.len;
}

/* A call with the word and the device's proof for its poll, as it passes through the broker. */
static void pass(struct passed *out, const struct hostile_device *device, const struct ak_msg_sign_in *says)
{
    meaning_of(says, out->meaning);
    out->request = (struct ak_msg_identity_answered_request){
        .answer = ak_span(out->text, out->len), .poll_path = AK_SPAN_LIT(POLL)};
    if (says) {
        out->request.device = *says;
        out->request.present = says->present << AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME;
    }
    out->call = (struct hostile_call){.id = AK_CALL_IDENTITY_ANSWERED,
        .request = &out->request,
        .device = device,
        .at_broker = POLL,
        .method = "GET",
        .bh = out->meaning};
}

static void keep_proof(struct passed *out)
{
    struct ak_buf proof = AK_BUF_ARR(out->proof);
    hostile_proof(&h, &out->call, &proof);
    out->proof_len = proof.len;
    out->call.proof = ak_span(out->proof, out->proof_len);
}

static void make_word(struct passed *out, const char *mail, const struct hostile_device *device)
{
    struct ak_identity_answer answer = word("email", mail, device);
    sign_word(out, &answer, HOSTILE_BROKER);
    pass(out, device, NULL);
}

static enum ak_code say(const char *mail, const struct hostile_device *device, struct ak_frame_reply *reply)
{
    static struct passed passed;
    make_word(&passed, mail, device);
    return hostile_ask(&h, &passed.call, reply);
}

static void copy_token(struct hostile_device *device, struct ak_span token)
{
    assert_true(token.len > 0 && token.len < sizeof device->token);
    memcpy(device->token, token.ptr, token.len);
    device->token[token.len] = 0;
}

/* While it was honest: the person signs in, and what she got passed through the broker. */
static void sign_in(struct hostile_device *device, const char *mail, struct ak_msg_sign_in_reply *out_reply)
{
    struct ak_frame_reply reply;
    assert_int_equal(say(mail, device, &reply), AK_CODE_OK);
    assert_int_equal(ak_msg_decode(&ak_sign_in_reply_msg, reply.body, out_reply, NULL), AK_OK);
    copy_token(device, out_reply->session_jwt);
}

static void pair_agent(void)
{
    struct ak_msg_pair_request ask = {
        .present = 7, .label = AK_SPAN_LIT("agent-1"), .want = AK_SPAN_LIT("cap:sign-message")};
    struct ak_msg_pair_reply asked;
    struct ak_msg_agent_change_reply approved;
    struct ak_msg_pair_status_reply got;
    memcpy(ask.account, alice_anchor, 32);
    const struct hostile_call pair = {.id = AK_CALL_PAIR_REQUEST, .request = &ask, .device = &agent};
    hostile_must(&h, &pair, &asked);
    struct ak_msg_pair_approve_request approve = {.present = 0x3f,
        .kind = AK_SPAN_LIT("agent"),
        .label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("cap:sign-message"),
        .rate = 1000};
    memcpy(approve.request_id, asked.request_id, 16);
    memcpy(approve.device, agent.jkt, 32);
    const struct hostile_call yes = {
        .id = AK_CALL_PAIR_APPROVE, .request = &approve, .device = &alice, .token = alice.token};
    struct ak_msg_pair_status_request poll = {0};
    memcpy(poll.id, asked.request_id, 16);
    hostile_must(&h, &yes, &approved);
    const struct hostile_call status = {.id = AK_CALL_PAIR_STATUS, .request = &poll, .device = &agent};
    hostile_must(&h, &status, &got);
    copy_token(&agent, got.agent_token);
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

static int make(void **state)
{
    (void)state;
    struct ak_msg_sign_in_reply reply;
    write_key(key_path);
    hostile_init_for_broker(&h, worker, key_path);
    (void)snprintf(settings, sizeof settings,
        "broker_url = " HOSTILE_BROKER "\nbroker_key = %s\nbroker_socket = /nowhere\n", key_path);
    h.settings = settings;
    hostile_start(&h, true);
    hostile_device_make(&alice, 1);
    hostile_device_make(&agent, 2);
    hostile_device_make(&mallory, 3);
    sign_in(&alice, alice_mail, &reply);
    assert_true(reply.account_new && reply.device_count == 1);
    memcpy(alice_anchor, reply.anchor, 32);
    memcpy(alice_wallet, reply.wallet_address, 20);
    pair_agent();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hostile_stop(&h);
    hostile_done(&h);
    unlink(key_path);
    ak_p256_signer_close(&broker_signer);
    return 0;
}

/* ---- what it wants ---- */

static bool has_session(const struct ak_frame_reply *reply)
{
    struct ak_msg_sign_in_reply got;
    return ak_msg_decode(&ak_sign_in_reply_msg, reply->body, &got, NULL) == AK_OK && got.session_jwt.len > 0;
}

static void expect(const struct hostile_call *call, enum ak_code want)
{
    enum ak_code code = hostile_ask(&h, call, NULL);
    if (code != want)
        fail_msg("%s: %s, not %s", ak_call_get(call->id)->name, ak_code_name(code), ak_code_name(want));
}

static bool is_shown(const struct hostile_device *device)
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

static void cancel(const struct hostile_device *device)
{
    struct ak_msg_recovery_cancel_request request = {
        .what = AK_SPAN_LIT("sign-in"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(request.device, device->jkt, 32);
    const struct hostile_call call = {
        .id = AK_CALL_RECOVERY_CANCEL, .request = &request, .device = &alice, .token = alice.token};
    expect(&call, AK_CODE_OK);
}

/* However often it says that Alice answered on its own device: a recovery, no session; and all see it. */
static void its_word_starts_a_recovery_that_all_see(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    assert_false(is_shown(&alice));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(say(alice_mail, &mallory, &reply), AK_CODE_PENDING);
        assert_false(has_session(&reply));
        assert_int_equal(reply.notice.len, 0);
    }
    assert_true(is_shown(&alice));
    assert_true(is_shown(&agent));
    cancel(&mallory);
    assert_false(is_shown(&alice));
    assert_int_equal(say(alice_mail, &mallory, &reply), AK_CODE_PENDING); /* from the beginning, and seen */
    assert_true(is_shown(&alice));
    cancel(&mallory);
}

/* Two at once, and after a restart: a word and a proof count once (I10). */
static void what_passed_counts_once(void **state)
{
    (void)state;
    static struct passed passed, other;
    struct ak_frame_reply replies[2];
    make_word(&passed, alice_mail, &alice);
    keep_proof(&passed);
    hostile_tell(&h, &passed.call);
    hostile_tell(&h, &passed.call);
    hostile_reply(&h, &replies[0]);
    bool first = replies[0].code == AK_CODE_OK;
    hostile_reply(&h, &replies[1]);
    assert_true(first != (replies[1].code == AK_CODE_OK));
    other = passed; /* the same word with a fresh proof of hers, as if she had polled again */
    other.call.request = &other.request;
    other.call.proof = AK_SPAN_EMPTY;
    expect(&other.call, AK_CODE_ALREADY_CONSUMED);
    make_word(&other, alice_mail, &alice); /* a fresh word with the proof that passed before */
    other.call.proof = passed.call.proof;
    expect(&other.call, AK_CODE_PROOF_REPLAYED);
    make_word(&passed, alice_mail, &alice);
    keep_proof(&passed);
    hostile_stop(&h);
    hostile_start(&h, true);
    expect(&passed.call, AK_CODE_USE_DPOP_NONCE);
}

/* Her proof with a word for its own device, its own proof with a word for hers. */
static void a_word_and_a_proof_are_for_one_device(void **state)
{
    (void)state;
    static struct passed hers, its;
    make_word(&hers, alice_mail, &alice);
    make_word(&its, alice_mail, &mallory);
    hers.call.device = &mallory;
    expect(&hers.call, AK_CODE_BAD_SIGNATURE);
    its.call.device = &alice;
    expect(&its.call, AK_CODE_BAD_SIGNATURE);
}

/* Nothing of what a device says of itself is added, left out or changed. */
static void what_a_device_says_stays(void **state)
{
    (void)state;
    static struct passed passed;
    struct ak_msg_sign_in says = {.device_name = AK_SPAN_LIT("laptop"), .present = 7};
    memset(says.recovery_hash, 1, 32);
    for (unsigned i = 0; i < 5; i++) {
        struct ak_identity_answer answer = word("email", "new@demo.example", &mallory);
        sign_word(&passed, &answer, HOSTILE_BROKER);
        pass(&passed, &mallory, &says);
        if (i == 0) passed.request.device.device_name = AK_SPAN_LIT("desktop");
        if (i == 1) passed.request.device.recovery_hash[31] ^= 1;
        if (i == 2) passed.request.device.recovery_code[0] ^= 1;
        if (i == 3) passed.request.present = 3u << AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME;
        if (i == 4) passed.request.poll_path = AK_SPAN_LIT("/v1/auth/email/status/other");
        expect(&passed.call, AK_CODE_BAD_SIGNATURE);
    }
}

/* Its key says who answered by mail, here and now; nothing else. */
static void its_key_says_nothing_else(void **state)
{
    (void)state;
    static struct passed passed;
    static const struct {
        const char *type, *value, *iss;
        uint64_t lifetime;
        int64_t late;
        enum ak_code code;
    } words[] = {
        {"evm", "0x00000000000000000000000000000000000000aa", HOSTILE_BROKER, 60, 0, AK_CODE_INVALID_REQUEST},
        {"oauth2_google", "1234567", HOSTILE_BROKER, 60, 0, AK_CODE_INVALID_REQUEST},
        {"email", "Alice@demo.example", HOSTILE_BROKER, 60, 0, AK_CODE_INVALID_REQUEST},
        {"email", alice_mail, HOSTILE_ORIGIN, 60, 0, AK_CODE_BAD_SIGNATURE},
        {"email", alice_mail, HOSTILE_BROKER, 60, -61, AK_CODE_EXPIRED_REQUEST},
        {"email", alice_mail, HOSTILE_BROKER, 60, 3600, AK_CODE_EXPIRED_REQUEST},
    };
    for (size_t i = 0; i < AK_COUNT(words); i++) {
        struct ak_identity_answer answer = word(words[i].type, words[i].value, &alice);
        answer.iat += (uint64_t)words[i].late;
        answer.exp = answer.iat + words[i].lifetime;
        sign_word(&passed, &answer, words[i].iss);
        pass(&passed, &alice, NULL);
        expect(&passed.call, words[i].code);
    }
    make_word(&passed, alice_mail, &alice);
    for (size_t i = 0; i < passed.len; i += 5) { /* each part of it, altered */
        uint8_t was = passed.text[i];
        passed.text[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(hostile_ask(&h, &passed.call, NULL), AK_CODE_OK);
        passed.text[i] = was;
    }
}

/* Tokens that passed through it, with its own key, with none, and with proofs that passed: nothing signed,
 * read, minted, changed or told. */
static void tokens_that_passed_are_worth_nothing(void **state)
{
    (void)state;
    static struct passed polled;
    static uint64_t none[512];
    unsigned tries = 0;
    make_word(&polled, alice_mail, &alice);
    keep_proof(&polled); /* one that she made for the broker */
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *row = ak_call_get(id);
        if (row->auth != AK_AUTH_USE && row->auth != AK_AUTH_CHANGE) continue;
        static const uint8_t zeros[1024];
        for (int how = 0; how < 3; how++) {
            struct hostile_call call = {.id = id,
                .raw_body = ak_span(zeros, 0),
                .token = id % 2 ? alice.token : agent.token,
                .device = how == 0   ? &mallory
                          : how == 2 ? &alice
                                     : NULL};
            if (row->request->size > sizeof none) fail_msg("%s: too large", row->name);
            if (how == 2) call.proof = polled.call.proof;
            if (row->request->count == 0) call.request = none;
            enum ak_code code = hostile_ask(&h, &call, NULL);
            if (code == AK_CODE_OK || code == AK_CODE_PENDING) fail_msg("%s: answered", row->name);
            tries++;
        }
    }
    assert_true(tries > 100);
}

/* The same with good bodies, where they would count. */
static void no_signature_credential_or_token(void **state)
{
    (void)state;
    struct ak_msg_sign_request sign = {.present = 3, .message = AK_SPAN_LIT("x")};
    struct ak_msg_mint_request mint = {0};
    struct ak_msg_token_request renew = {.label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_credential_read_request read = {.service = AK_SPAN_LIT("openrouter")};
    memcpy(sign.omni_account, alice_anchor, 32);
    memcpy(renew.account, alice_anchor, 32);
    memset(read.key, 9, 32);
    const struct hostile_call calls[] = {
        {.id = AK_CALL_SIGN_MESSAGE, .request = &sign, .token = alice.token},
        {.id = AK_CALL_MINT_OIDC_JWT, .request = &mint, .token = alice.token},
        {.id = AK_CALL_MINT_OIDC_JWT, .request = &mint, .token = agent.token},
        {.id = AK_CALL_CREDENTIAL_READ, .request = &read, .token = agent.token, .reader_key = read.key},
        {.id = AK_CALL_TOKEN, .request = &renew},
    };
    for (size_t i = 0; i < AK_COUNT(calls); i++)
        for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_BROKER; transport++) {
            struct hostile_call call = calls[i];
            call.device = &mallory;
            call.transport = transport;
            assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
            if (!call.token) continue;
            call.device = NULL;
            assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
        }
}

/* On its socket there is nothing else, and its calls are nowhere else. */
static void its_socket_is_for_its_calls(void **state)
{
    (void)state;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *row = ak_call_get(id);
        bool internal = row->flags & AK_CALL_INTERNAL;
        static uint64_t none[512];
        struct hostile_call call = {.id = id, .token = alice.token};
        if (row->request->count == 0) call.request = none;
        call.transport = internal ? AK_TRANSPORT_LOOPBACK : AK_TRANSPORT_BROKER;
        expect(&call, AK_CODE_NOT_FOUND);
    }
}

/* ---- links ---- */

static struct hostile_call link_call(const struct ak_msg_link_request *request, const void *approved)
{
    return (struct hostile_call){.id = AK_CALL_LINK,
        .request = request,
        .approved = approved,
        .device = &alice,
        .token = alice.token,
        .at_broker = "/v1/wallet/link"};
}

/* She links her second address; it puts its own in the place, or does more with her proof. */
static void links_what_she_asked_for(void **state)
{
    (void)state;
    static struct passed its, hers;
    make_word(&its, "mallory@demo.example", &alice);
    make_word(&hers, "second@demo.example", &alice);
    const struct ak_msg_link_request approved = {.identity_type = AK_SPAN_LIT("email"),
        .identity_value = AK_SPAN_LIT("second@demo.example"),
        .answer = ak_span(hers.text, hers.len),
        .present = 1u << AK_LINK_REQUEST_ANSWER};
    struct ak_msg_link_request altered = approved;
    altered.identity_value = AK_SPAN_LIT("mallory@demo.example");
    altered.answer = ak_span(its.text, its.len);
    struct hostile_call call = link_call(&altered, &approved);
    expect(&call, AK_CODE_BAD_SIGNATURE);
    altered.identity_value = approved.identity_value; /* its word, under her identity */
    call = link_call(&altered, &approved);
    expect(&call, AK_CODE_BAD_SIGNATURE);
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    call = link_call(&approved, NULL);
    hostile_proof(&h, &call, &proof);
    struct ak_msg_unlink_request unlink_her = {0};
    memcpy(unlink_her.omni_account, alice_anchor, 32);
    const struct hostile_call other = {.id = AK_CALL_UNLINK,
        .request = &unlink_her,
        .device = &alice,
        .token = alice.token,
        .proof = ak_buf_span(&proof)};
    expect(&other, AK_CODE_BAD_SIGNATURE);
    call.proof = ak_buf_span(&proof);
    expect(&call, AK_CODE_OK);
    expect(&call, AK_CODE_PROOF_REPLAYED);
    /* now that the address is hers, too: its word for it on its own device is a recovery like any other */
    struct ak_frame_reply reply;
    assert_int_equal(say("second@demo.example", &mallory, &reply), AK_CODE_PENDING);
    assert_true(is_shown(&alice));
    cancel(&mallory);
}

/* ---- wallets ---- */

struct wallet {
    struct ak_secret32 scalar;
    uint8_t address[20];
};

static struct wallet wallet_of(uint8_t number)
{
    struct wallet wallet = {.scalar = {{7, number}}};
    struct ak_k256_point point;
    assert_int_equal(ak_k256_point_from_scalar(&wallet.scalar, &point), AK_OK);
    ak_evm_address(&point, wallet.address);
    return wallet;
}

struct text {
    char bytes[2048];
    size_t len;
    uint8_t signature[65];
};

static void get_text(struct text *text, const uint8_t address[20], const struct hostile_device *device)
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

static void sign_text(struct text *text, const struct wallet *wallet)
{
    uint8_t digest[32];
    ak_eip191_digest(ak_span(text->bytes, text->len), digest);
    assert_int_equal(ak_k256_sign(digest, &wallet->scalar, text->signature), AK_OK);
}

static enum ak_code answer(
    const struct text *text, const struct hostile_device *device, struct ak_frame_reply *reply)
{
    uint8_t meaning[32];
    struct ak_msg_wallet_answered_request request = {.siwe_message = ak_span(text->bytes, text->len)};
    memcpy(request.signature, text->signature, 65);
    meaning_of(NULL, meaning);
    const struct hostile_call call = {.id = AK_CALL_WALLET_ANSWERED,
        .request = &request,
        .device = device,
        .at_broker = "/v1/auth/wallet/verify",
        .bh = meaning};
    return hostile_ask(&h, &call, reply);
}

/* It hands Carol the text for its own device. Whoever signs that without looking starts a recovery; the text
 * for her device is worth nothing on another, nor twice, nor after a restart. */
static void hands_out_texts_for_its_own_device(void **state)
{
    (void)state;
    static struct hostile_device carol;
    struct wallet own = wallet_of(1);
    struct ak_frame_reply reply;
    static struct text text;
    hostile_device_make(&carol, 4);
    get_text(&text, own.address, &carol);
    sign_text(&text, &own);
    assert_int_equal(answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    assert_int_equal(answer(&text, &carol, &reply), AK_CODE_OK);
    assert_true(has_session(&reply));
    assert_int_equal(answer(&text, &carol, &reply), AK_CODE_ALREADY_CONSUMED);
    get_text(&text, own.address, &mallory);
    sign_text(&text, &own);
    assert_int_equal(answer(&text, &mallory, &reply), AK_CODE_PENDING);
    assert_false(has_session(&reply));
    get_text(&text, own.address, &carol);
    sign_text(&text, &own);
    hostile_stop(&h);
    hostile_start(&h, true);
    assert_int_equal(answer(&text, &carol, &reply), AK_CODE_INVALID_SIWE);
}

/* Texts of its own making: other sites, other devices, other times, signed by the right wallet. */
static void makes_texts_of_its_own(void **state)
{
    (void)state;
    struct wallet own = wallet_of(2);
    struct ak_frame_reply reply;
    static struct text text;
    static const char *const swaps[][2] = {
        {"127.0.0.1:1 wants", "127.0.0.1:9 wants"},
        {"URI: http://127.0.0.1:1", "URI: http://127.0.0.1:9"},
        {"Chain ID: 1", "Chain ID: 5"},
        {"Nonce: ", "Nonce: 0"},
        {"urn:agentkeys:device:", "urn:agentkeys:devicf:"},
        {"Issued At: 2", "Issued At: 3"},
    };
    for (size_t i = 0; i < AK_COUNT(swaps); i++) {
        get_text(&text, own.address, &mallory);
        char *at = memmem(text.bytes, text.len, swaps[i][0], strlen(swaps[i][0]));
        assert_non_null(at);
        size_t was = strlen(swaps[i][0]), now = strlen(swaps[i][1]);
        memmove(at + now, at + was, (size_t)(text.bytes + text.len - (at + was)));
        memcpy(at, swaps[i][1], now);
        text.len = text.len - was + now;
        sign_text(&text, &own);
        assert_int_equal(answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    }
}

/* Keys that the worker derives prove nothing to it: her agent does not sign such a text, and her own address
 * opens and recovers nothing. */
static void derived_addresses_recover_nothing(void **state)
{
    (void)state;
    static struct text text;
    struct ak_frame_reply reply;
    get_text(&text, alice_wallet, &mallory);
    struct ak_msg_sign_request request = {.present = 3, .message = ak_span(text.bytes, text.len)};
    memcpy(request.omni_account, alice_anchor, 32);
    struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &alice, .token = alice.token};
    expect(&call, AK_CODE_INVALID_SIWE); /* not for this device */
    request.path = AK_SPAN_LIT("/agent-1");
    request.present = 7;
    call.device = &agent;
    call.token = agent.token;
    assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
    get_text(&text, alice_wallet, &alice);
    request = (struct ak_msg_sign_request){.present = 3, .message = ak_span(text.bytes, text.len)};
    memcpy(request.omni_account, alice_anchor, 32);
    struct ak_msg_sign_reply signed_by;
    call = (struct hostile_call){
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &alice, .token = alice.token};
    hostile_must(&h, &call, &signed_by);
    memcpy(text.signature, signed_by.signature, 65);
    assert_int_equal(answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    assert_int_equal(answer(&text, &alice, &reply), AK_CODE_OK);
}

/* After all of it: her account is as it was, with one device, and nothing waits. */
static void the_account_is_as_it_was(void **state)
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

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_word_starts_a_recovery_that_all_see),
        cmocka_unit_test(what_passed_counts_once),
        cmocka_unit_test(a_word_and_a_proof_are_for_one_device),
        cmocka_unit_test(what_a_device_says_stays),
        cmocka_unit_test(its_key_says_nothing_else),
        cmocka_unit_test(tokens_that_passed_are_worth_nothing),
        cmocka_unit_test(no_signature_credential_or_token),
        cmocka_unit_test(its_socket_is_for_its_calls),
        cmocka_unit_test(links_what_she_asked_for),
        cmocka_unit_test(hands_out_texts_for_its_own_device),
        cmocka_unit_test(makes_texts_of_its_own),
        cmocka_unit_test(derived_addresses_recover_nothing),
        cmocka_unit_test(the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
