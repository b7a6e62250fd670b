/* Identities of an account: linked only when they are shown to be the person's, taken away by no device
 * alone, each of one account (I8, I9, I10, I15); and what a broker is told of recoveries. */
#include "core/engine/identity_state.h"
#include "core/evm/address.h"
#include "core/identity/identity.h"
#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

static const char mail[] = "second@demo.example";

struct value {
    char text[AK_EVM_ADDRESS_TEXT_LEN + 1];
};

static struct value value_of(const uint8_t address[20])
{
    struct value value = {{0}};
    struct ak_buf buf = AK_BUF_ARR(value.text);
    ak_evm_address_put(&buf, address);
    return value;
}

static void omni_of(const char *type, const char *value, uint8_t out_omni[32])
{
    assert_int_equal(ak_identity_omni(ak_span_str(type), ak_span_str(value), out_omni), AK_OK);
}

static enum ak_code link_how(
    struct h *h, struct h_person *person, const struct ak_msg_link_request *request, const struct h_how *how)
{
    return h_call_how(h, &person->device, h_token(person), AK_CALL_LINK, request, how);
}

static enum ak_code link_own(struct h *h, struct h_person *person, const uint8_t address[20])
{
    struct value value = value_of(address);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    return link_how(h, person, &request, NULL);
}

/* What a wallet's owner shows: the keeper's text for `device`, signed. */
struct shown {
    char text[2048];
    size_t len;
    uint8_t signature[65];
};

static struct shown show(struct h *h, struct h_device *device, const struct box_wallet *wallet)
{
    struct shown shown;
    shown.len = box_wallet_text(h, device, wallet, shown.text);
    assert_true(shown.len > 0);
    box_wallet_sign(wallet, ak_span(shown.text, shown.len), shown.signature);
    return shown;
}

static enum ak_code link_shown(
    struct h *h, struct h_person *person, const uint8_t address[20], const struct shown *shown)
{
    struct value value = value_of(address);
    struct ak_msg_link_request request = {.identity_type = AK_SPAN_LIT("evm"),
        .identity_value = ak_span_str(value.text),
        .siwe_message = ak_span(shown->text, shown->len),
        .present = 1u << AK_LINK_REQUEST_SIWE_MESSAGE | 1u << AK_LINK_REQUEST_SIGNATURE};
    memcpy(request.signature, shown->signature, 65);
    return link_how(h, person, &request, NULL);
}

static enum ak_code link_wallet(struct h *h, struct h_person *person, const struct box_wallet *wallet)
{
    struct shown shown = show(h, &person->device, wallet);
    return link_shown(h, person, wallet->address, &shown);
}

/* The broker's word for `says` on `device`, as what shows that `value` is the person's. */
static enum ak_code link_mail(
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
    return link_how(h, person, &request, NULL);
}

static enum ak_code unlink_with(
    struct h *h, struct h_person *person, const uint8_t omni[32], const uint8_t *code)
{
    struct ak_msg_unlink_request request = {.present = code ? 1u << AK_UNLINK_REQUEST_RECOVERY_CODE : 0};
    memcpy(request.omni_account, omni, 32);
    if (code) h_seal_code(h, &person->device, code, request.recovery_code);
    return h_call(h, &person->device, h_token(person), AK_CALL_UNLINK, &request);
}

static enum ak_code derive(struct h *h, struct h_person *person, const uint8_t omni[32])
{
    struct ak_msg_derive_request request = {0};
    memcpy(request.omni_account, omni, 32);
    return h_call(h, &person->device, h_token(person), AK_CALL_DERIVE_ADDRESS, &request);
}

static size_t count_links(struct h *h, struct h_person *person, struct ak_msg_link_item *items)
{
    struct ak_msg_link_list_reply reply;
    size_t count = 0;
    assert_int_equal(h_call(h, &person->device, h_token(person), AK_CALL_LINK_LIST, NULL), AK_CODE_OK);
    h_reply(h, &ak_link_list_reply_msg, &reply);
    assert_memory_equal(reply.anchor, person->anchor, 32);
    while (ak_list_next(&reply.links, &ak_link_item_msg, &items[count])) count++;
    return count;
}

/* The account's own address: at once, and its omni names the account in every call. */
static void test_own_address(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_link_item items[AK_STATE_LINKED_ACCOUNT + 1];
    struct ak_msg_link_reply reply;
    struct value value = value_of(w->alice.wallet);
    uint8_t omni[32];
    omni_of("evm", value.text, omni);
    assert_int_equal(derive(h, &w->alice, omni), AK_CODE_ACCOUNT_MISMATCH);
    assert_int_equal(link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
    h_reply(h, &ak_link_reply_msg, &reply);
    assert_true(reply.linked);
    assert_memory_equal(reply.omni_account, omni, 32);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_int_equal(derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(derive(h, &w->bob, omni), AK_CODE_ACCOUNT_MISMATCH); /* I8 */
    assert_int_equal(link_own(h, &w->alice, w->alice.wallet), AK_CODE_ALREADY_DONE);
    assert_int_equal(link_own(h, &w->alice, w->bob.wallet), AK_CODE_INVALID_REQUEST); /* not shown */
    assert_int_equal(count_links(h, &w->alice, items), 2);
    assert_true(ak_span_eq(items[0].how, AK_SPAN_LIT("opened")));
    assert_true(ak_span_eq(items[1].how, AK_SPAN_LIT("derived")));
    assert_memory_equal(items[1].address, w->alice.wallet, 20);
    h_restart(h, true);
    assert_int_equal(derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->alice, omni, NULL), AK_CODE_OK); /* it recovers nothing: at once */
    assert_int_equal(unlink_with(h, &w->alice, omni, NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(derive(h, &w->alice, omni), AK_CODE_ACCOUNT_MISMATCH);
}

static void test_a_wallet(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet, other;
    struct ak_msg_sign_in_reply reply;
    box_wallet(&wallet, 1);
    box_wallet(&other, 2);
    struct shown shown = show(h, &w->bob.device, &wallet);
    assert_int_equal(link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_INVALID_SIWE); /* his device */
    shown = show(h, &w->alice.device, &wallet);
    assert_int_equal(link_shown(h, &w->alice, other.address, &shown), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_ALREADY_CONSUMED); /* I10 */
    shown = show(h, &w->alice.device, &wallet);
    shown.signature[5] ^= 1;
    assert_int_equal(link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_ALREADY_DONE);
    assert_int_equal(link_wallet(h, &w->bob, &wallet), AK_CODE_ALREADY_EXISTS);
    /* it signs in to her account from now on, on her device; elsewhere it starts a recovery */
    assert_int_equal(box_wallet_in(h, &w->alice.device, &wallet), AK_CODE_OK);
    box_reply(h, &reply);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_false(reply.account_new);
    assert_int_equal(box_wallet_in(h, &w->bob.device, &wallet), AK_CODE_PENDING);
}

/* Ten minutes, no second more. */
static void test_a_text_gets_old(void **state)
{
    struct world *w = *state;
    struct box_wallet wallet;
    box_wallet(&wallet, 1);
    for (int late = 0; late < 2; late++) {
        struct shown shown = show(&w->h, &w->alice.device, &wallet);
        h_tick(&w->h, UINT64_C(600) * 1000 + (late ? 0 : 1000));
        assert_int_equal(link_shown(&w->h, &w->alice, wallet.address, &shown),
            late ? AK_CODE_OK : AK_CODE_EXPIRED_REQUEST);
    }
}

static void test_mail(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device *hers = &w->alice.device;
    uint8_t omni[32];
    omni_of("email", mail, omni);
    assert_int_equal(link_mail(h, &w->alice, &w->bob.device, mail, mail), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(link_mail(h, &w->alice, hers, "x@demo.example", mail), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        link_mail(h, &w->alice, hers, "bob@demo.example", "bob@demo.example"), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(link_mail(h, &w->alice, hers, mail, mail), AK_CODE_OK);
    assert_int_equal(derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(link_mail(h, &w->bob, &w->bob.device, mail, mail), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(box_mail(h, hers, mail, NULL), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->bob.device, mail, NULL), AK_CODE_PENDING); /* no account of his own */
}

/* The device signs which identity; who passes it on changes nothing of that, and shows either one thing. */
static void test_what_is_signed(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct value value = value_of(w->alice.wallet);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    uint8_t other[32] = {1};
    struct h_how how = {.bh = other};
    assert_int_equal(link_how(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.no_bh = true};
    assert_int_equal(link_how(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.path = "/v1/wallet/unlink"};
    assert_int_equal(link_how(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.transport = AK_TRANSPORT_LOOPBACK};
    assert_int_equal(link_how(h, &w->alice, &request, &how), AK_CODE_NOT_FOUND);
    how = (struct h_how){.proof_by = &w->bob.device};
    assert_int_equal(link_how(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        h_call(h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_LINK, &request), AK_CODE_INVALID_TOKEN);
    request.identity_value = AK_SPAN_LIT("0xABCDEF");
    assert_int_equal(link_how(h, &w->alice, &request, NULL), AK_CODE_INVALID_REQUEST);
    request = (struct ak_msg_link_request){.identity_type = AK_SPAN_LIT("email"),
        .identity_value = ak_span_str(mail),
        .siwe_message = AK_SPAN_LIT("x"),
        .answer = AK_SPAN_LIT("x")};
    for (unsigned present = 0; present < 8; present++) {
        request.present = present << AK_LINK_REQUEST_SIWE_MESSAGE;
        enum ak_code code = link_how(h, &w->alice, &request, NULL);
        assert_int_equal(code, present == 3   ? AK_CODE_INVALID_SIWE
                               : present == 4 ? AK_CODE_BAD_SIGNATURE
                                              : AK_CODE_INVALID_REQUEST);
    }
}

/* The proof's meaning is over the identity alone: the broker adds what shows it afterwards. */
static void test_what_is_added_is_not_signed(void **state)
{
    (void)state;
    uint8_t bare[32], full[32], memory[2][1024];
    struct ak_buf a = AK_BUF_ARR(memory[0]), b = AK_BUF_ARR(memory[1]);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("email"), .identity_value = ak_span_str(mail)};
    assert_int_equal(ak_msg_encode(&ak_link_request_msg, &request, &a), AK_OK);
    request.answer = AK_SPAN_LIT("a.b.c");
    request.siwe_message = AK_SPAN_LIT("a\nb");
    request.present = 7u << AK_LINK_REQUEST_SIWE_MESSAGE;
    assert_int_equal(ak_msg_encode(&ak_link_request_msg, &request, &b), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_link_request_msg, "link", ak_buf_span(&a), bare), AK_OK);
    assert_int_equal(ak_msg_meaning(&ak_link_request_msg, "link", ak_buf_span(&b), full), AK_OK);
    assert_memory_equal(bare, full, 32);
}

/* A link of old is not taken away by one device alone; the last one is by nobody. */
static void test_unlinking_waits(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct ak_msg_recovery_cancel_request cancel = {
        .what = AK_SPAN_LIT("identity-unlink"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    uint8_t omni[32];
    box_wallet(&wallet, 1);
    omni_of("evm", value_of(wallet.address).text, omni);
    assert_int_equal(unlink_with(h, &w->alice, w->alice.anchor, NULL), AK_CODE_DENIED); /* the last */
    assert_int_equal(link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->alice, w->alice.anchor, NULL), AK_CODE_DENIED);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->bob, omni, NULL), AK_CODE_NOT_FOUND); /* I8 */
    assert_int_equal(unlink_with(h, &w->alice, w->alice.anchor, NULL), AK_CODE_PENDING);
    assert_true(memmem(h->out.notice, h->out.notice_len, "identity-unlink", 15) != NULL);
    memcpy(cancel.device, w->alice.anchor, 32);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_CANCEL, &cancel), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->alice, omni, NULL), AK_CODE_OK); /* linked just now: at once */
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    for (int i = 0; i < 5; i++) h_tick(h, H_DAY_MS / 5);
    assert_int_equal(box_mail(h, &w->alice.device, "alice@demo.example", NULL), AK_CODE_OK);
    box_take_session(h, &w->alice);
    assert_int_equal(unlink_with(h, &w->alice, omni, NULL), AK_CODE_PENDING); /* not new any more */
    uint8_t wrong[32] = {1};
    assert_int_equal(unlink_with(h, &w->alice, omni, wrong), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(unlink_with(h, &w->alice, omni, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->alice, w->alice.anchor, w->alice.recovery_code), AK_CODE_DENIED);
}

/* The identity an account was opened with can go, its name stays: nobody opens another one under it. */
static void test_without_the_first_identity(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct ak_msg_link_item items[AK_STATE_LINKED_ACCOUNT + 1];
    const char first[] = "alice@demo.example";
    box_wallet(&wallet, 1);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(unlink_with(h, &w->alice, w->alice.anchor, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->alice.device, first, NULL), AK_CODE_DENIED);
    assert_int_equal(box_mail(h, &w->bob.device, first, NULL), AK_CODE_DENIED);
    struct ak_msg_local_session_request local = {.identity = AK_SPAN_LIT("email:alice@demo.example")};
    assert_int_equal(
        h_call(h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_DENIED);
    assert_int_equal(derive(h, &w->alice, w->alice.anchor), AK_CODE_OK); /* still the account's name */
    assert_int_equal(count_links(h, &w->alice, items), 1);
    assert_int_equal(box_wallet_in(h, &w->alice.device, &wallet), AK_CODE_OK);
    assert_int_equal(link_mail(h, &w->bob, &w->bob.device, first, first), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(link_mail(h, &w->alice, &w->alice.device, first, first), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->alice.device, first, NULL), AK_CODE_OK);
    assert_int_equal(count_links(h, &w->alice, items), 2);
}

/* The operator's word opens no account of an address that is derived here, nor of one linked elsewhere. */
static void test_local_sign_in(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_session_reply reply;
    char text[64];
    (void)snprintf(text, sizeof text, "evm:%s", value_of(w->alice.wallet).text);
    struct ak_msg_local_session_request local = {.identity = ak_span_str(text)};
    assert_int_equal(h_call(h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_DENIED);
    assert_int_equal(link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
    assert_int_equal(
        h_call(h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(h_call(h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_OK);
    h_reply(h, &ak_session_reply_msg, &reply);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
}

static void test_as_many_as_may_be(void **state)
{
    struct world *w = *state;
    struct box_wallet wallet;
    for (uint8_t i = 0; i <= AK_STATE_LINKED_ACCOUNT; i++) {
        box_wallet(&wallet, (uint8_t)(i + 1));
        assert_int_equal(link_wallet(&w->h, &w->alice, &wallet),
            i < AK_STATE_LINKED_ACCOUNT ? AK_CODE_OK : AK_CODE_DENIED);
        h_tick(&w->h, 1000);
    }
}

static void test_repeats(void **state)
{
    struct world *w = *state;
    struct ak_msg_link_reply reply;
    struct value value = value_of(w->alice.wallet);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    struct h_how how = {.key = "one-key"};
    uint64_t before = h_size(&w->h);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(link_how(&w->h, &w->alice, &request, &how), AK_CODE_OK);
        h_reply(&w->h, &ak_link_reply_msg, &reply);
        assert_true(reply.linked);
    }
    assert_int_equal(h_count(&w->h, before, AK_ENTRY_IDENTITY_LINKED), 1);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(link_own(&w->h, &w->bob, w->bob.wallet), AK_CODE_DENIED); /* gives rights */
}

/* ---- recovery by two identities ---- */

static enum ak_code cancel_recovery(
    struct h *h, struct h_person *person, const char *what, const struct h_device *device)
{
    struct ak_msg_recovery_cancel_request request = {
        .what = ak_span_str(what), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(request.device, device->jkt, 32);
    return h_call(h, &person->device, h_token(person), AK_CALL_RECOVERY_CANCEL, &request);
}

static void a_day(struct world *w)
{
    for (int i = 0; i < 5; i++) h_tick(&w->h, H_DAY_MS / 5);
    assert_int_equal(box_mail(&w->h, &w->alice.device, "alice@demo.example", NULL), AK_CODE_OK);
    box_take_session(&w->h, &w->alice);
}

/* Who shows two identities of old within ten minutes recovers, and no device ends that; two of which one came
 * only now are as good as one. */
static void test_two_identities(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person eve = {0};
    box_wallet(&wallet, 1);
    h_device(&eve.device, 30);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_PENDING);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in", &eve.device), AK_CODE_OK);
    a_day(w);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    h_tick(h, UINT64_C(600) * 1000); /* too late for together */
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_PENDING);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in-by-two", &eve.device), AK_CODE_NOT_FOUND);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in", &eve.device), AK_CODE_NOT_FOUND);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in-by-two", &eve.device), AK_CODE_DENIED);
    assert_true(memmem(h->out.notice, h->out.notice_len, "sign-in-by-two ", 15) != NULL);
    assert_int_equal(box_wallet_in(h, &w->bob.device, &wallet), AK_CODE_PENDING); /* another device: one */
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in", &w->bob.device), AK_CODE_OK);
    a_day(w);
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_OK);
    h_device_done(&eve.device);
}

/* Two identities take the place of a device that came after the owner's, and of none that was there before.
 */
static void test_two_identities_make_room(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person more, owner = {0}, late = {0};
    box_wallet(&wallet, 1);
    h_device(&owner.device, 30);
    h_device(&late.device, 31);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    a_day(w);
    assert_int_equal(box_mail(h, &owner.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &owner.device, &wallet), AK_CODE_PENDING);
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) {
        h_second(h, &w->alice, &more, 60 + i);
        h_device_done(&more.device);
    }
    for (int i = 0; i < 2; i++) h_tick(h, H_DAY_MS / 8);
    assert_int_equal(box_wallet_in(h, &owner.device, &wallet), AK_CODE_OK);
    assert_int_equal(h_count(h, 0, AK_ENTRY_DEVICE_REMOVED), 1);
    assert_int_equal(h_sign_in(h, &w->alice, "alice"), AK_CODE_OK); /* hers was there before */
    assert_int_equal(box_mail(h, &late.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &late.device, &wallet), AK_CODE_PENDING);
    a_day(w);
    assert_int_equal(box_wallet_in(h, &late.device, &wallet), AK_CODE_ALREADY_DONE); /* all of old by now */
    h_device_done(&owner.device);
    h_device_done(&late.device);
}

/* I9: a broker answers for any address, so two of them are its word alone, which every device may cancel. */
static void test_two_words_of_a_broker_are_one(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_person eve = {0};
    const char second[] = "alice@other.example";
    h_device(&eve.device, 31);
    assert_int_equal(link_mail(h, &w->alice, &w->alice.device, second, second), AK_CODE_OK);
    a_day(w);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_mail(h, &eve.device, second, NULL), AK_CODE_PENDING);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in-by-two", &eve.device), AK_CODE_NOT_FOUND);
    assert_int_equal(cancel_recovery(h, &w->alice, "sign-in", &eve.device), AK_CODE_OK);
    h_device_done(&eve.device);
}

/* Strangers who start recoveries do not keep the owner of the code out; nor do they end hers. */
static void test_the_code_has_its_place(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device strangers[AK_STATE_RECOVERIES_ACCOUNT + 1];
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_CODE};
    for (unsigned i = 0; i < AK_COUNT(strangers); i++) {
        h_device(&strangers[i], 100 + i);
        assert_int_equal(box_mail(h, &strangers[i], "alice@demo.example", NULL),
            i < AK_STATE_RECOVERIES_ACCOUNT ? AK_CODE_PENDING : AK_CODE_RATE_LIMIT_EXCEEDED);
    }
    h_seal_code(h, &strangers[AK_STATE_RECOVERIES_ACCOUNT], w->alice.recovery_code, says.recovery_code);
    assert_int_equal(
        box_mail(h, &strangers[AK_STATE_RECOVERIES_ACCOUNT], "alice@demo.example", &says), AK_CODE_PENDING);
    assert_int_equal(
        cancel_recovery(h, &w->alice, "sign-in-by-code", &strangers[AK_STATE_RECOVERIES_ACCOUNT]),
        AK_CODE_DENIED);
    unsigned refused = 0;
    for (unsigned i = 0; i < AK_STATE_RECOVERIES_ACCOUNT; i++)
        refused += box_mail(h, &strangers[i], "alice@demo.example", NULL) == AK_CODE_RATE_LIMIT_EXCEEDED;
    assert_int_equal(refused, 1); /* whose place it took */
    for (unsigned i = 0; i < AK_COUNT(strangers); i++) h_device_done(&strangers[i]);
}

/* ---- notices ---- */

static uint64_t notices(struct h *h, uint64_t since, uint64_t limit, struct ak_msg_notice_item *items,
    size_t cap, size_t *out_count)
{
    struct ak_msg_notice_request request = {
        .since = since, .limit = limit, .present = limit ? 1u << AK_NOTICE_REQUEST_LIMIT : 0};
    struct ak_msg_notice_reply reply;
    assert_int_equal(h_call(h, NULL, AK_SPAN_EMPTY, AK_CALL_NOTICES, &request), AK_CODE_OK);
    assert_int_equal(h_read(h), AK_CODE_OK);
    h_reply(h, &ak_notice_reply_msg, &reply);
    *out_count = 0;
    while (*out_count < cap && ak_list_next(&reply.notices, &ak_notice_item_msg, &items[*out_count]))
        (*out_count)++;
    return reply.next;
}

static void test_notices(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_notice_item items[8];
    size_t count = 0;
    uint64_t from = notices(h, 0, 0, items, 8, &count);
    assert_int_equal(count, 0);
    assert_int_equal(from, h_size(h));
    assert_int_equal(box_mail(h, &w->bob.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(h_person_sign(h, &w->bob, "x"), AK_CODE_OK);
    struct ak_msg_recovery_cancel_request cancel = {
        .what = AK_SPAN_LIT("sign-in"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(cancel.device, w->bob.device.jkt, 32);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_SEEN, &cancel), AK_CODE_OK);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_CANCEL, &cancel), AK_CODE_OK);
    uint64_t next = notices(h, from, 0, items, 8, &count);
    assert_int_equal(next, h_size(h));
    assert_int_equal(count, 3);
    const char *const states[] = {"started", "seen", "cancelled"};
    for (size_t i = 0; i < count; i++) {
        assert_true(ak_span_eq(items[i].state, ak_span_str(states[i])));
        assert_true(ak_span_eq(items[i].what, AK_SPAN_LIT("sign-in")));
        assert_memory_equal(items[i].anchor, w->alice.anchor, 32);
        assert_memory_equal(items[i].device, w->bob.device.jkt, 32);
        assert_int_equal(ak_msg_has(&items[i], AK_NOTICE_ITEM_READY_AT), i < 2);
    }
    assert_int_equal(items[0].ready_at, (h->wall_ms + H_DAY_MS) / 1000);
    /* page by page, none twice; beyond the end nothing */
    for (size_t i = 0; i < 3; i++) {
        from = notices(h, from, 1, items, 8, &count);
        assert_int_equal(count, 1);
        assert_true(ak_span_eq(items[0].state, ak_span_str(states[i])));
    }
    assert_int_equal(notices(h, UINT64_MAX, 0, items, 8, &count), h_size(h));
    assert_int_equal(count, 0);
}

/* A device that came by a recovery takes nothing away for a while, and a broker is told that it came. */
static void test_after_a_recovery(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person again = {0};
    struct ak_msg_notice_item items[8];
    size_t count = 0;
    uint8_t omni[32];
    box_wallet(&wallet, 1);
    omni_of("evm", value_of(wallet.address).text, omni);
    assert_int_equal(link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    h_device(&again.device, 70);
    assert_int_equal(box_mail(h, &again.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    uint64_t from = notices(h, 0, 0, items, 8, &count);
    a_day(w);
    assert_int_equal(box_mail(h, &again.device, "alice@demo.example", NULL), AK_CODE_OK);
    box_take_session(h, &again);
    assert_int_equal(unlink_with(h, &again, omni, NULL), AK_CODE_DENIED);
    (void)notices(h, from, 0, items, 8, &count);
    assert_int_equal(count, 1);
    assert_true(ak_span_eq(items[0].state, AK_SPAN_LIT("done")));
    h_device_done(&again.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_own_address),
        WORLD_TEST(test_a_wallet),
        WORLD_TEST(test_a_text_gets_old),
        WORLD_TEST(test_mail),
        WORLD_TEST(test_what_is_signed),
        cmocka_unit_test(test_what_is_added_is_not_signed),
        WORLD_TEST(test_unlinking_waits),
        WORLD_TEST(test_without_the_first_identity),
        WORLD_TEST(test_local_sign_in),
        WORLD_TEST(test_as_many_as_may_be),
        WORLD_TEST(test_repeats),
        WORLD_TEST(test_two_identities),
        WORLD_TEST(test_two_identities_make_room),
        WORLD_TEST(test_two_words_of_a_broker_are_one),
        WORLD_TEST(test_the_code_has_its_place),
        WORLD_TEST(test_notices),
        WORLD_TEST(test_after_a_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
