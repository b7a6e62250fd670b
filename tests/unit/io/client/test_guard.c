/* A verdict holds for ten minutes on the connection that it was given on, and for no other question. */
#include "unit/check.h"

#include <curl/curl.h>

#include "io/client/evidence.h"

static struct ak_guard guard;
static const uint8_t nonce[32] = {1};

static int begin(void **state)
{
    (void)state;
    memset(&guard, 0, sizeof guard);
    return 0;
}

/* As the hook does, which a real connection calls (tests/tpm2/attest_client.mjs). */
static void ask_on_a_connection(void)
{
    ak_guard_ask(&guard, nonce);
    guard.asked_on = ++guard.newest;
}

static void a_verdict_ends(void **state)
{
    (void)state;
    assert_false(ak_guard_is_verified(&guard, 0));
    ask_on_a_connection();
    assert_true(guard.asking);
    ak_guard_settle(&guard, true, 1000);
    assert_false(guard.asking);
    assert_true(ak_guard_is_verified(&guard, 1000));
    assert_true(ak_guard_is_verified(&guard, 1000 + AK_GUARD_VERDICT_MS - 1));
    assert_false(ak_guard_is_verified(&guard, 1000 + AK_GUARD_VERDICT_MS));
    assert_false(ak_guard_is_verified(&guard, 1000 + AK_GUARD_VERDICT_MS + 1));
}

static void a_new_question_ends_the_old_verdict(void **state)
{
    (void)state;
    ask_on_a_connection();
    ak_guard_settle(&guard, true, 1000);
    ask_on_a_connection();
    assert_false(ak_guard_is_verified(&guard, 1000));
    ak_guard_settle(&guard, false, 1000);
    assert_false(ak_guard_is_verified(&guard, 1000));
}

/* Where no connection was made there is nothing that a good answer could be about. */
static void a_verdict_needs_a_connection(void **state)
{
    (void)state;
    ak_guard_ask(&guard, nonce);
    ak_guard_settle(&guard, true, 1000);
    assert_false(ak_guard_is_verified(&guard, 1000));
}

static void each_question_has_its_own_view(void **state)
{
    (void)state;
    memset(&guard.seen, 0xff, sizeof guard.seen);
    ak_guard_ask(&guard, nonce);
    assert_memory_equal(guard.seen.nonce, nonce, 32);
    const struct ak_channel_binding clean = {.nonce = {1}};
    assert_memory_equal(&guard.seen, &clean, sizeof clean);
}

static void a_device_shows_its_certificate(void **state)
{
    (void)state;
    struct ak_client_device device = {0};
    struct ak_secret32 scalar;
    memset(&scalar, 0x11, sizeof scalar);
    assert_int_equal(ak_p256_pub_from_scalar(&scalar, &device.pub), AK_OK);
    assert_int_equal(ak_p256_signer_open(&device.signer, &scalar), AK_OK);
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    assert_int_equal(ak_guard_open(&guard, curl, &device), AK_OK);
    assert_true(guard.on && guard.certificate);
    assert_int_equal(ak_guard_open(&guard, curl, NULL), AK_OK);
    assert_true(guard.on && !guard.certificate);
    ak_guard_close(&guard);
    assert_false(guard.on);
    curl_easy_cleanup(curl);
    ak_client_device_close(&device);
}

/* Nothing can be bound to what is no TLS; and nothing leaves then. */
static void demands_tls(void **state)
{
    (void)state;
    struct ak_target target;
    struct ak_client client;
    struct ak_client_error error;
    const char *reason = "";
    assert_int_equal(ak_target_parse("http://127.0.0.1:1/tee", &target, &reason), AK_OK);
    assert_int_equal(ak_client_open(&client, &target, NULL, NULL, 1000), AK_OK);
    assert_int_equal(ak_client_ensure(&client, &error), AK_OK); /* none is demanded */
    assert_null(ak_client_demand_copy(&client));
    struct ak_client_evidence *evidence = calloc(1, sizeof *evidence);
    assert_non_null(evidence);
    evidence->has_config = true;
    assert_int_equal(ak_client_demand(&client, evidence), AK_E_ARG);
    assert_int_not_equal(ak_client_get(&client, "/healthz", &error), AK_OK);
    evidence->message_len = 7;
    struct ak_client_evidence *copy = ak_client_demand_copy(&client);
    assert_non_null(copy);
    assert_true(copy->has_config && copy->message_len == 0 && copy->verdict.failed == 0);
    free(copy);
    ak_client_close(&client);
}

static void a_floor_only_rises(void **state)
{
    (void)state;
    struct ak_client_evidence *evidence = calloc(1, sizeof *evidence);
    assert_non_null(evidence);
    assert_true(ak_client_evidence_floor(evidence, 0)); /* none was asked before */
    assert_true(evidence->policy.tpm.has_min_counter);
    assert_true(ak_client_evidence_floor(evidence, 7));
    assert_false(ak_client_evidence_floor(evidence, 7));
    assert_false(ak_client_evidence_floor(evidence, 6));
    assert_int_equal(evidence->policy.tpm.min_counter, 7);
    assert_true(ak_client_evidence_floor(evidence, 8));
    assert_int_equal(evidence->policy.tpm.min_counter, 8);
    free(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_verdict_ends, begin),
        cmocka_unit_test_setup(a_new_question_ends_the_old_verdict, begin),
        cmocka_unit_test_setup(a_verdict_needs_a_connection, begin),
        cmocka_unit_test_setup(each_question_has_its_own_view, begin),
        cmocka_unit_test_setup(a_device_shows_its_certificate, begin),
        cmocka_unit_test_setup(demands_tls, begin),
        cmocka_unit_test(a_floor_only_rises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
