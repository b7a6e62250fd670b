/* Identities of an account: linked only when they are shown to be the person's, each of one account (I8, I10,
 * I15). */
#include "unit/engine/link_box.h"

static const char mail[] = "second@demo.example";

/* The account's own address: at once, and its omni names the account in every call. */
static void test_own_address(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_link_item items[AK_STATE_LINKED_ACCOUNT + 1];
    struct ak_msg_link_reply reply;
    struct box_value value = box_value(w->alice.wallet);
    uint8_t omni[32];
    box_omni("evm", value.text, omni);
    assert_int_equal(box_derive(h, &w->alice, omni), AK_CODE_ACCOUNT_MISMATCH);
    assert_int_equal(box_link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
    h_reply(h, &ak_link_reply_msg, &reply);
    assert_true(reply.linked);
    assert_memory_equal(reply.omni_account, omni, 32);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_int_equal(box_derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(box_derive(h, &w->bob, omni), AK_CODE_ACCOUNT_MISMATCH); /* I8 */
    assert_int_equal(box_link_own(h, &w->alice, w->alice.wallet), AK_CODE_ALREADY_DONE);
    assert_int_equal(box_link_own(h, &w->alice, w->bob.wallet), AK_CODE_INVALID_REQUEST); /* not shown */
    assert_int_equal(box_links(h, &w->alice, items), 2);
    assert_true(ak_span_eq(items[0].how, AK_SPAN_LIT("opened")));
    assert_true(ak_span_eq(items[1].how, AK_SPAN_LIT("derived")));
    assert_memory_equal(items[1].address, w->alice.wallet, 20);
    h_restart(h, true);
    assert_int_equal(box_derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->alice, omni, NULL), AK_CODE_OK); /* it recovers nothing: at once */
    assert_int_equal(box_unlink(h, &w->alice, omni, NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(box_derive(h, &w->alice, omni), AK_CODE_ACCOUNT_MISMATCH);
}

static void test_a_wallet(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet, other;
    struct ak_msg_sign_in_reply reply;
    box_wallet(&wallet, 1);
    box_wallet(&other, 2);
    struct box_shown shown = box_show(h, &w->bob.device, &wallet);
    assert_int_equal(
        box_link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_INVALID_SIWE); /* his device */
    shown = box_show(h, &w->alice.device, &wallet);
    assert_int_equal(box_link_shown(h, &w->alice, other.address, &shown), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        box_link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_ALREADY_CONSUMED); /* I10 */
    shown = box_show(h, &w->alice.device, &wallet);
    shown.signature[5] ^= 1;
    assert_int_equal(box_link_shown(h, &w->alice, wallet.address, &shown), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_ALREADY_DONE);
    assert_int_equal(box_link_wallet(h, &w->bob, &wallet), AK_CODE_ALREADY_EXISTS);
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
        struct box_shown shown = box_show(&w->h, &w->alice.device, &wallet);
        h_tick(&w->h, UINT64_C(600) * 1000 + (late ? 0 : 1000));
        assert_int_equal(box_link_shown(&w->h, &w->alice, wallet.address, &shown),
            late ? AK_CODE_OK : AK_CODE_EXPIRED_REQUEST);
    }
}

static void test_mail(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device *hers = &w->alice.device;
    uint8_t omni[32];
    box_omni("email", mail, omni);
    assert_int_equal(box_link_mail(h, &w->alice, &w->bob.device, mail, mail), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_link_mail(h, &w->alice, hers, "x@demo.example", mail), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        box_link_mail(h, &w->alice, hers, "bob@demo.example", "bob@demo.example"), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(box_link_mail(h, &w->alice, hers, mail, mail), AK_CODE_OK);
    assert_int_equal(box_derive(h, &w->alice, omni), AK_CODE_OK);
    assert_int_equal(box_link_mail(h, &w->bob, &w->bob.device, mail, mail), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(box_mail(h, hers, mail, NULL), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->bob.device, mail, NULL), AK_CODE_PENDING); /* no account of his own */
}

/* The device signs which identity; who passes it on changes nothing of that, and shows either one thing. */
static void test_what_is_signed(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_value value = box_value(w->alice.wallet);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    uint8_t other[32] = {1};
    struct h_how how = {.bh = other};
    assert_int_equal(box_link(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.no_bh = true};
    assert_int_equal(box_link(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.path = "/v1/wallet/unlink"};
    assert_int_equal(box_link(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.transport = AK_TRANSPORT_LOOPBACK};
    assert_int_equal(box_link(h, &w->alice, &request, &how), AK_CODE_NOT_FOUND);
    how = (struct h_how){.proof_by = &w->bob.device};
    assert_int_equal(box_link(h, &w->alice, &request, &how), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        h_call(h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_LINK, &request), AK_CODE_INVALID_TOKEN);
    request.identity_value = AK_SPAN_LIT("0xABCDEF");
    assert_int_equal(box_link(h, &w->alice, &request, NULL), AK_CODE_INVALID_REQUEST);
    request = (struct ak_msg_link_request){.identity_type = AK_SPAN_LIT("email"),
        .identity_value = ak_span_str(mail),
        .siwe_message = AK_SPAN_LIT("x"),
        .answer = AK_SPAN_LIT("x")};
    for (unsigned present = 0; present < 8; present++) {
        request.present = present << AK_LINK_REQUEST_SIWE_MESSAGE;
        enum ak_code code = box_link(h, &w->alice, &request, NULL);
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

/* The operator's word opens no account of an address that is derived here, nor of one linked elsewhere. */
static void test_local_sign_in(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_session_reply reply;
    char text[64];
    (void)snprintf(text, sizeof text, "evm:%s", box_value(w->alice.wallet).text);
    struct ak_msg_local_session_request local = {.identity = ak_span_str(text)};
    assert_int_equal(h_call(h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_DENIED);
    assert_int_equal(box_link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
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
        assert_int_equal(box_link_wallet(&w->h, &w->alice, &wallet),
            i < AK_STATE_LINKED_ACCOUNT ? AK_CODE_OK : AK_CODE_DENIED);
        h_tick(&w->h, 1000);
    }
}

static void test_repeats(void **state)
{
    struct world *w = *state;
    struct ak_msg_link_reply reply;
    struct box_value value = box_value(w->alice.wallet);
    struct ak_msg_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(value.text)};
    struct h_how how = {.key = "one-key"};
    uint64_t before = h_size(&w->h);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(box_link(&w->h, &w->alice, &request, &how), AK_CODE_OK);
        h_reply(&w->h, &ak_link_reply_msg, &reply);
        assert_true(reply.linked);
    }
    assert_int_equal(h_count(&w->h, before, AK_ENTRY_IDENTITY_LINKED), 1);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(box_link_own(&w->h, &w->bob, w->bob.wallet), AK_CODE_DENIED); /* gives rights */
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
        WORLD_TEST(test_local_sign_in),
        WORLD_TEST(test_as_many_as_may_be),
        WORLD_TEST(test_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
