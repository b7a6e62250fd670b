/* What a person links and unlinks through it (I15). */
#include "hostile-broker/hostile_broker.h"

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
    static struct hb_passed its, hers;
    hb_make_word(&its, "mallory@demo.example", &alice);
    hb_make_word(&hers, "second@demo.example", &alice);
    const struct ak_msg_link_request approved = {.identity_type = AK_SPAN_LIT("email"),
        .identity_value = AK_SPAN_LIT("second@demo.example"),
        .answer = ak_span(hers.text, hers.len),
        .present = 1u << AK_LINK_REQUEST_ANSWER};
    struct ak_msg_link_request altered = approved;
    altered.identity_value = AK_SPAN_LIT("mallory@demo.example");
    altered.answer = ak_span(its.text, its.len);
    struct hostile_call call = link_call(&altered, &approved);
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    altered.identity_value = approved.identity_value; /* its word, under her identity */
    call = link_call(&altered, &approved);
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
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
    hostile_expect(&h, &other, AK_CODE_BAD_SIGNATURE);
    call.proof = ak_buf_span(&proof);
    hostile_expect(&h, &call, AK_CODE_OK);
    hostile_expect(&h, &call, AK_CODE_PROOF_REPLAYED);
    /* now that the address is hers, too: its word for it on its own device is a recovery like any other */
    struct ak_frame_reply reply;
    assert_int_equal(hb_say("second@demo.example", &mallory, &reply), AK_CODE_PENDING);
    assert_true(hb_is_shown(&alice));
    hb_cancel(&mallory);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    hb_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_what_she_asked_for),
        cmocka_unit_test(hb_the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, hb_make, hb_drop);
}
