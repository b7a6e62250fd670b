/* Calls against a server that answers from a script: when proofs go along, what is repeated, what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/base64.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_token.h"
#include "core/wire/msg_vault.h"
#include "io/client/client.h"
#include "io/client/profile.h"
#include "unit/io/client/scripted.h"

static char base[64], socket_path[100];
static struct ak_profile profile;
static struct ak_client_device device;
static struct ak_client client;
static struct ak_client_error error;

static int begin(void **state)
{
    struct ak_target target, like = {.prefix = "/tee"};
    bool made = false;
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/ak-client.XXXXXX");
    if (!mkdtemp(base) || ak_profile_open(base, "default", NULL, true, &profile) != AK_OK) return -1;
    (void)snprintf(socket_path, sizeof socket_path, "%s/s", base);
    if (!server_open(socket_path)) return -1;
    if (ak_client_device_open(profile.dir_fd, &device, &made) != AK_OK) return -1;
    if (ak_target_socket(socket_path, &like, &target) != AK_OK) return -1;
    if (ak_client_open(&client, &target, &device, NULL, 5000) != AK_OK) return -1;
    ak_client_use_token(&client, AK_SPAN_LIT("the.session.token"));
    return 0;
}

static int end(void **state)
{
    char path[100];
    (void)state;
    ak_client_close(&client);
    ak_client_device_close(&device);
    (void)close(server.listener);
    (void)unlinkat(profile.dir_fd, "device.key", 0);
    (void)unlinkat(profile.dir_fd, "lock", 0);
    ak_profile_close(&profile);
    (void)unlink(socket_path);
    (void)snprintf(path, sizeof path, "%s/default", base);
    return rmdir(path) || rmdir(base);
}

/* ---- what a request carried ---- */

static bool has(size_t i, const char *text)
{
    return strstr(server.requests[i], text) != NULL;
}

/* The claims of the proof of request i, as text. */
static const char *claims(size_t i)
{
    static uint8_t text[2048];
    size_t len = 0;
    const char *proof = strstr(server.requests[i], "\r\nDPoP: ");
    const char *first = proof ? strchr(proof, '.') : NULL;
    const char *second = first ? strchr(first + 1, '.') : NULL;
    assert_non_null(second);
    assert_int_equal(
        ak_base64url_decode(ak_span(first + 1, (size_t)(second - first - 1)), text, sizeof text - 1, &len),
        AK_OK);
    text[len] = 0;
    return (const char *)text;
}

#define ACCOUNT                                                                                              \
    "{\"anchor\":\"abababababababababababababababababababababababababababababababab\",\"home_wallet\":"      \
    "\"0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"key_version\":1,\"identity_type\":\"email\","          \
    "\"opened_at\":5,\"suspended\":false,\"device_count\":1,\"agent_count\":0,\"recovery_code_set\":true}"
#define NONCE(n)    "401 Unauthorized\r\nDPoP-Nonce: " n
#define ERROR(code) "{\"error\":\"" code "\",\"message\":\"m\"}"
#define CHANGED                                                                                              \
    "{\"anchor\":\"abababababababababababababababababababababababababababababababab\",\"label\":\"a\","      \
    "\"path\":\"/a/0\",\"status\":\"suspended\",\"generation\":0,\"address\":"                               \
    "\"0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"entry\":{\"index\":9,\"leaf_hash\":"                   \
    "\"abababababababababababababababababababababababababababababababab\"}}"

static enum ak_err account(void)
{
    struct ak_msg_account_request request = {0};
    struct ak_msg_account_reply reply;
    return ak_client_call(&client, AK_CALL_ACCOUNT, &request, &reply, &error);
}

static enum ak_err suspend(void)
{
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("a")};
    struct ak_msg_agent_change_reply reply;
    return ak_client_call(&client, AK_CALL_AGENT_SUSPEND, &request, &reply, &error);
}

/* A proof with the first request of a connection, none with those that follow. spec: policy.md, Devices */
static void test_proof_once_a_connection(void **state)
{
    (void)state;
    SCRIPT({NONCE("n1"), ERROR("use_dpop_nonce"), false}, {"200 OK", ACCOUNT, false},
        {"200 OK", ACCOUNT, false}, {"200 OK", ACCOUNT, true}, {"200 OK", ACCOUNT, true});
    for (int i = 0; i < 3; i++) assert_int_equal(account(), AK_OK);
    assert_int_equal(account(), AK_OK);
    finish(5);
    assert_int_equal(server.connections, 2);
    assert_true(has(0, "\r\nDPoP: ") && has(1, "\r\nDPoP: "));
    assert_false(has(2, "\r\nDPoP: ") || has(3, "\r\nDPoP: "));
    assert_non_null(strstr(claims(1), "\"nonce\":\"n1\""));
    assert_non_null(strstr(claims(1), "\"htu\":\"http://localhost/v1/account\""));
    assert_non_null(strstr(claims(1), "\"ath\":"));
    assert_null(strstr(claims(1), "ak_bh"));
    assert_true(has(1, "\r\nAuthorization: DPoP the.session.token\r\n"));
}

/* The connection is new and nobody knew: the worker asks, and gets its proof. */
static void test_new_connection_asks(void **state)
{
    (void)state;
    SCRIPT({"200 OK\r\nDPoP-Nonce: n1", ACCOUNT, true}, {NONCE("n2"), ERROR("proof_required"), false},
        {"200 OK", ACCOUNT, true});
    assert_int_equal(account(), AK_OK);
    assert_int_equal(account(), AK_OK);
    finish(3);
    assert_true(has(2, "\r\nDPoP: "));
    assert_non_null(strstr(claims(2), "\"nonce\":\"n2\""));
}

/* I15: each change has its own proof over what it means; its repeat is the same change. */
static void test_change(void **state)
{
    (void)state;
    SCRIPT(
        {NONCE("n1"), ERROR("use_dpop_nonce"), false}, {"200 OK", CHANGED, false}, {"200 OK", CHANGED, true});
    assert_int_equal(suspend(), AK_OK);
    assert_int_equal(suspend(), AK_OK);
    finish(3);
    char *keys[3];
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(strstr(claims(i), "\"ak_bh\":"));
        keys[i] = strstr(server.requests[i], "Idempotency-Key: ");
        assert_non_null(keys[i]);
    }
    assert_memory_equal(keys[0], keys[1], 17 + 32);
    assert_memory_not_equal(keys[1], keys[2], 17 + 32);
    assert_true(has(1, "POST /v1/agents/a/suspend HTTP/1.1\r\n"));
    assert_true(has(1, "\r\n\r\n{}"));
    char first[256];
    (void)snprintf(first, sizeof first, "%s", strstr(claims(1), "\"jti\":"));
    assert_null(strstr(claims(2), first)); /* I10: no proof twice */
}

#define READ                                                                                                 \
    "{\"service\":\"openrouter\",\"version\":1,\"epoch\":1,\"blob_id\":"                                     \
    "\"abababababababababababababababab\",\"enc\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\","          \
    "\"sealed\":\"AQEBAQEBAQEBAQEBAQEBAQ\",\"entry\":{\"index\":9,\"leaf_hash\":"                            \
    "\"abababababababababababababababababababababababababababababababab\"}}"

static enum ak_err read_credential(void)
{
    struct ak_msg_credential_read_request request = {.service = AK_SPAN_LIT("openrouter")};
    struct ak_msg_credential_read_reply reply;
    assert_int_equal(ak_client_reader(&client, request.key), AK_OK);
    return ak_client_call(&client, AK_CALL_CREDENTIAL_READ, &request, &reply, &error);
}

/* The key in request i's URL; with a proof, the one it names, and it is the same. */
static const char *reader_key(size_t i)
{
    static char keys[STEPS][44];
    char claim[64];
    const char *at = strstr(server.requests[i], "?key=");
    assert_non_null(at);
    (void)snprintf(keys[i], sizeof keys[i], "%.43s", at + 5);
    (void)snprintf(claim, sizeof claim, "\"ak_rk\":\"%s\"", keys[i]);
    if (has(i, "\r\nDPoP: ")) assert_non_null(strstr(claims(i), claim));
    return keys[i];
}

/* I1: the proof of a connection names the key to which credentials are sealed on it; a repeat keeps it,
 * another connection gets another. */
static void test_reads_name_their_key(void **state)
{
    (void)state;
    SCRIPT({"200 OK\r\nDPoP-Nonce: n1", ACCOUNT, false}, {NONCE("n2"), ERROR("nonce_expired"), false},
        {"200 OK", READ, false}, {"200 OK", READ, false}, {"200 OK", ACCOUNT, true}, {"200 OK", READ, false},
        {"200 OK", READ, true});
    assert_int_equal(account(), AK_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(read_credential(), AK_OK);
    assert_int_equal(account(), AK_OK);
    uint8_t first[32];
    struct ak_secret32 scalar = client.reader;
    memcpy(first, client.reader_pub, 32);
    assert_int_equal(ak_client_reader(&client, first), AK_OK); /* nothing was asked since: the same one */
    assert_memory_equal(&client.reader, &scalar, 32);
    ak_client_use_token(&client, AK_SPAN_LIT("the.next.token"));
    for (int i = 0; i < 2; i++) assert_int_equal(read_credential(), AK_OK);
    assert_memory_not_equal(&client.reader, &scalar, 32);
    finish(7);
    assert_null(strstr(claims(0), "ak_rk"));
    assert_true(has(1, "\r\nDPoP: ") && has(2, "\r\nDPoP: ")); /* the proof before named no key */
    assert_false(has(3, "\r\nDPoP: ") || has(4, "\r\nDPoP: ") || has(6, "\r\nDPoP: "));
    assert_string_equal(reader_key(1), reader_key(2));
    assert_string_equal(reader_key(2), reader_key(3));
    assert_true(has(5, "\r\nDPoP: "));
    assert_string_not_equal(reader_key(3), reader_key(5));
    assert_string_equal(reader_key(5), reader_key(6));
    uint8_t none[32] = {0};
    ak_client_close(&client);
    assert_memory_equal(&client.reader, none, 32);
}

/* Changes and calls of the device alone do not carry it. */
static void test_only_uses_name_the_key(void **state)
{
    (void)state;
    uint8_t key[32];
    SCRIPT({"200 OK", CHANGED, false}, {"200 OK", ACCOUNT, true});
    assert_int_equal(ak_client_reader(&client, key), AK_OK);
    assert_int_equal(suspend(), AK_OK);
    assert_int_equal(account(), AK_OK);
    finish(2);
    assert_null(strstr(claims(0), "ak_rk"));
    assert_non_null(strstr(claims(1), "ak_rk"));
}

static void test_repeats_once(void **state)
{
    (void)state;
    SCRIPT({NONCE("n1"), ERROR("use_dpop_nonce"), false}, {NONCE("n2"), ERROR("nonce_expired"), true});
    assert_int_equal(account(), AK_E_MEANING);
    finish(2);
    assert_string_equal(error.code, "nonce_expired");
    assert_int_equal(error.status, 401);
}

/* Other refusals are told, not repeated. */
static void test_no_repeat(void **state)
{
    (void)state;
    SCRIPT({NONCE("n1"), ERROR("token_expired"), false}, {NONCE("n1"), ERROR("proof_replayed"), false},
        {"503 Unavailable", ERROR("not_ready"), false}, {"403 Forbidden", ERROR("proof_required"), true});
    assert_int_equal(account(), AK_E_MEANING);
    assert_string_equal(error.code, "token_expired");
    assert_int_equal(account(), AK_E_MEANING);
    assert_string_equal(error.code, "proof_replayed");
    assert_int_equal(suspend(), AK_E_MEANING);
    assert_string_equal(error.code, "not_ready");
    assert_int_equal(account(), AK_E_MEANING);
    assert_string_equal(error.code, "proof_required"); /* which no 403 says */
    finish(4);
}

/* A call by proof alone brings no token. */
static void test_proof_only(void **state)
{
    (void)state;
    struct ak_msg_token_request request = {.label = AK_SPAN_LIT("a")};
    struct ak_msg_token_reply reply;
    SCRIPT({"200 OK",
        "{\"agent_token\":\"t\",\"expires_at\":1,\"path\":\"/a/0\",\"generation\":0,\"address\":"
        "\"0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"}",
        true});
    assert_int_equal(ak_client_call(&client, AK_CALL_TOKEN, &request, &reply, &error), AK_OK);
    finish(1);
    assert_false(has(0, "Authorization:"));
    assert_true(has(0, "\r\nDPoP: "));
    assert_null(strstr(claims(0), "\"ath\":"));
    assert_true(has(0, "{\"account\":\"00000000"));
}

static void test_public(void **state)
{
    (void)state;
    struct ak_msg_checkpoint_request request = {0};
    struct ak_msg_checkpoint_reply reply;
    SCRIPT({"200 OK\r\nAgentKeys-Notice: device-remove ready_at=5\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT",
        "{}", true});
    assert_int_equal(ak_client_call(&client, AK_CALL_CHECKPOINT, &request, &reply, &error), AK_E_FORMAT);
    finish(1);
    assert_false(has(0, "Authorization:") || has(0, "DPoP:"));
    assert_string_equal(error.code, "bad_answer");
    assert_string_equal(client.fetch.notice, "device-remove ready_at=5");
    assert_int_equal(client.fetch.date_s, 100);
}

/* Answers that no worker gives: the reply is empty, the error says so. */
static void test_bad_answers(void **state)
{
    (void)state;
    struct ak_msg_account_request request = {0};
    struct ak_msg_account_reply reply, zeros = {0};
    static const char *const bodies[] = {"", "not json", "[]", "{}", "{\"anchor\":7}"};
    for (size_t i = 0; i < AK_COUNT(bodies); i++) {
        SCRIPT({"200 OK", bodies[i], true});
        assert_int_equal(ak_client_call(&client, AK_CALL_ACCOUNT, &request, &reply, &error), AK_E_FORMAT);
        finish(1);
        assert_string_equal(error.code, "bad_answer");
        assert_memory_equal(&reply, &zeros, sizeof zeros);
    }
    SCRIPT({"302 Found\r\nLocation: http://192.0.2.1/", "", true}); /* no redirect is followed */
    assert_int_equal(account(), AK_E_MEANING);
    finish(1);
}

static void test_nobody_there(void **state)
{
    (void)state;
    (void)close(server.listener);
    (void)unlink(socket_path);
    assert_int_equal(account(), AK_E_IO);
    assert_string_equal(error.code, "unreachable");
    assert_int_equal(error.status, 0);
}

/* A request beyond its table never leaves. */
static void test_bad_request(void **state)
{
    (void)state;
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_EMPTY};
    struct ak_msg_agent_change_reply reply;
    assert_int_equal(ak_client_call(&client, AK_CALL_AGENT_SUSPEND, &request, &reply, &error), AK_E_ARG);
    assert_string_equal(error.code, "invalid_request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_proof_once_a_connection, begin, end),
        cmocka_unit_test_setup_teardown(test_new_connection_asks, begin, end),
        cmocka_unit_test_setup_teardown(test_change, begin, end),
        cmocka_unit_test_setup_teardown(test_reads_name_their_key, begin, end),
        cmocka_unit_test_setup_teardown(test_only_uses_name_the_key, begin, end),
        cmocka_unit_test_setup_teardown(test_repeats_once, begin, end),
        cmocka_unit_test_setup_teardown(test_no_repeat, begin, end),
        cmocka_unit_test_setup_teardown(test_proof_only, begin, end),
        cmocka_unit_test_setup_teardown(test_public, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_answers, begin, end),
        cmocka_unit_test_setup_teardown(test_nobody_there, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_request, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
