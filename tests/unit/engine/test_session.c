/* Sessions: which identities sign in locally, and that a logout ends every session before it (I5). */
#include "unit/engine/account_box.h"

static void test_local_sessions(void **state)
{
    struct world *w = *state;
    const struct {
        const char *identity;
        enum ak_code code;
    } rows[] = {
        {"email:alice@demo.example", AK_CODE_OK},
        {"email:Alice@demo.example", AK_CODE_INVALID_REQUEST},
        {"alice@demo.example", AK_CODE_INVALID_REQUEST},
        {"phone:1234", AK_CODE_INVALID_REQUEST},
        {"email:", AK_CODE_INVALID_REQUEST},
        {"email:bob@demo.example", AK_CODE_DEVICE_NOT_ENROLLED},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_msg_local_session_request request = {.identity = ak_span_str(rows[i].identity)};
        assert_int_equal(
            h_call(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), rows[i].code);
    }
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:carol@demo.example")};
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++) {
        if (transport == AK_TRANSPORT_OPERATOR) continue;
        struct h_how how = {.transport = transport};
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request, &how),
            AK_CODE_NOT_FOUND);
    }
    assert_int_equal(
        h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), AK_CODE_PROOF_REQUIRED);
}

static void test_local_sign_in_off(void **state)
{
    (void)state;
    static struct h h;
    struct ak_engine_conf conf = h_conf();
    struct h_device device;
    conf.sign_in_local = false;
    h_open_with(&h, &conf);
    h_device(&device, 1);
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:carol@demo.example")};
    assert_int_equal(h_call(&h, &device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), AK_CODE_NOT_FOUND);
    h_device_done(&device);
    h_close(&h);
}

static void test_logout(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_INVALID_TOKEN);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
    h_restart(&w->h, true);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_INVALID_TOKEN);
    box_refresh(&w->h, &w->alice);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    h_device_done(&phone.device);
}

/* Sign in and out again within one second: each logout ends every session before it. */
static void test_logout_twice_in_a_second(void **state)
{
    struct world *w = *state;
    struct h_person old[5];
    h_tick(&w->h, 250);
    for (size_t i = 0; i < AK_COUNT(old); i++) {
        old[i] = w->alice;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
        h_tick(&w->h, 10);
        box_refresh(&w->h, &w->alice);
        assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(h_person_sign(&w->h, &old[k], "x"), AK_CODE_INVALID_TOKEN);
    }
    h_restart(&w->h, true);
    for (size_t k = 0; k < AK_COUNT(old); k++)
        assert_int_equal(h_person_sign(&w->h, &old[k], "x"), AK_CODE_INVALID_TOKEN);
}

/* Each logout waits for a seal: a device has twenty a minute, and no other device loses any by it. */
static void test_logouts_are_counted(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_error_reply error;
    h_second(&w->h, &w->alice, &phone, 3);
    for (unsigned i = 0; i <= AK_ENGINE_LOGOUTS_PER_MINUTE; i++) {
        box_refresh(&w->h, &w->alice);
        uint64_t size = h_size(&w->h);
        enum ak_code code = h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL);
        assert_int_equal(code, i < AK_ENGINE_LOGOUTS_PER_MINUTE ? AK_CODE_OK : AK_CODE_RATE_LIMIT_EXCEEDED);
        assert_int_equal(h_size(&w->h), size + !code);
    }
    h_error(&w->h, &error);
    assert_int_equal(error.retry_after_secs, 3);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK); /* the session is there still */
    assert_int_equal(h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    h_tick(&w->h, 3000);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    h_device_done(&phone.device);
}

/* A logout at a full second, with the session of that very second. */
static void test_logout_on_the_second(void **state)
{
    struct world *w = *state;
    struct h_person old = w->alice;
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &old, "x"), AK_CODE_INVALID_TOKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_local_sessions),
        WORLD_TEST(test_local_sign_in_off),
        WORLD_TEST(test_logout),
        WORLD_TEST(test_logout_twice_in_a_second),
        WORLD_TEST(test_logouts_are_counted),
        WORLD_TEST(test_logout_on_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
