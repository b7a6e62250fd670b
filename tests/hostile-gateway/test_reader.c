/* A gateway that wants a credential's value: it asks in the name of who passes through it, and puts a key of
 * its own where the reader's stood. Whatever it makes of proofs, tokens and connections, no value is sealed
 * to it (I1). */
#include "hostile-gateway/people.h"

#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"
#include "core/vault/delivery.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_vault.h"

static struct hostile h;
static const char *worker;
static struct hostile_device alice, mallory;
static uint8_t anchor[32], delivery[32];
static const struct ak_secret32 reader = {{0x11, 1}}, gateways = {{0x22, 2}};
static uint8_t reader_key[32], gateways_key[32];
static uint64_t next_conn = 1;
static size_t asked, opened; /* reads the gateway tried for itself, and values it had of them */

#define VALUE "sk-a-value-nobody-else-may-see"

static struct ak_span info_of(struct ak_buf *buf, const char *call)
{
    ak_vault_put_info(buf, call, anchor, AK_SPAN_LIT("openrouter"), AK_SPAN_EMPTY);
    return ak_buf_span(buf);
}

static void store(void)
{
    static uint8_t sealed[sizeof VALUE - 1 + AK_HPKE_OVERHEAD];
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    const struct ak_secret32 ephemeral = {{0x33, 3}};
    const struct ak_msg_delivery_key_request none = {0};
    struct ak_msg_delivery_key_reply key;
    struct ak_msg_credential_reply reply;
    const struct hostile_call ask = {.id = AK_CALL_DELIVERY_KEY, .request = &none};
    struct ak_msg_credential_put_request put = {
        .service = AK_SPAN_LIT("openrouter"), .sealed = AK_SPAN_ARR(sealed)};
    hostile_must(&h, &ask, &key);
    memcpy(delivery, key.public_key, sizeof delivery);
    assert_int_equal(ak_hpke_seal(key.public_key, &ephemeral, info_of(&info, "credential-put"), AK_SPAN_EMPTY,
                         AK_SPAN_LIT(VALUE), put.enc, sealed),
        AK_OK);
    const struct hostile_call call = {
        .id = AK_CALL_CREDENTIAL_PUT, .request = &put, .device = &alice, .token = alice.token};
    hostile_must(&h, &call, &reply);
}

static int make(void **state)
{
    struct ak_msg_session_reply reply;
    (void)state;
    assert_int_equal(ak_x25519_pub(&reader, reader_key), AK_OK);
    assert_int_equal(ak_x25519_pub(&gateways, gateways_key), AK_OK);
    hostile_init(&h, worker);
    hostile_start(&h, true);
    hostile_device_make(&alice, 1);
    hostile_device_make(&mallory, 3);
    hostile_sign_in(&h, &alice, "email:alice@demo.example", &reply);
    memcpy(anchor, reply.anchor, 32);
    hostile_sign_in(&h, &mallory, "email:mallory@demo.example", &reply);
    store();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hostile_stop(&h);
    hostile_done(&h);
    return 0;
}

/* Does `scalar` open the value of this answer, as who holds it and knows the delivery key opens one? */
static bool opens(const struct ak_secret32 *scalar, const struct ak_frame_reply *answer)
{
    struct ak_secret32 shared;
    assert_int_equal(ak_x25519_shared(scalar, delivery, &shared), AK_OK);
    const struct ak_hpke_psk psk = {AK_SPAN_ARR(shared.bytes), AK_SPAN_ARR(delivery)};
    uint8_t memory[AK_VAULT_INFO_MAX], plain[256];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_msg_credential_read_reply reply;
    if (answer->code != AK_CODE_OK) return false;
    assert_int_equal(ak_msg_decode(&ak_credential_read_reply_msg, answer->body, &reply, NULL), AK_OK);
    assert_true(reply.sealed.len <= sizeof plain);
    return ak_hpke_open_psk(scalar, reply.enc, &psk, info_of(&info, "credential-read"), AK_SPAN_EMPTY,
               reply.sealed, plain) == AK_OK &&
           ak_span_eq(ak_span(plain, reply.sealed.len - AK_HPKE_OVERHEAD), AK_SPAN_LIT(VALUE));
}

/* A read to `key`; `how` says by what proof, token and connection. The answer's code, and whether `scalar`
 * opens it. */
static enum ak_code read_to(
    const uint8_t key[32], struct hostile_call how, const struct ak_secret32 *scalar, bool *out_opened)
{
    struct ak_msg_credential_read_request request = {.service = AK_SPAN_LIT("openrouter")};
    struct ak_frame_reply answer;
    memcpy(request.key, key, 32);
    how.id = AK_CALL_CREDENTIAL_READ;
    how.request = &request;
    if (!how.token) how.token = alice.token;
    enum ak_code code = hostile_ask(&h, &how, &answer);
    *out_opened = opens(scalar, &answer);
    return code;
}

static void alice_reads(struct hostile_call how)
{
    bool opened_it = false;
    assert_int_equal(read_to(reader_key, how, &reader, &opened_it), AK_CODE_OK);
    assert_true(opened_it);
}

/* The gateway asks for itself. */
static void gateway_reads(struct hostile_call how, enum ak_code want)
{
    bool opened_it = false;
    enum ak_code code = read_to(gateways_key, how, &gateways, &opened_it);
    asked++;
    opened += opened_it;
    if (code != want) fail_msg("%s, not %s", ak_code_name(code), ak_code_name(want));
}

/* Alice proves a connection by a read of her own. */
static uint64_t proved_conn(void)
{
    uint64_t conn = next_conn++;
    const struct hostile_call how = {.device = &alice, .reader_key = reader_key, .conn = conn};
    alice_reads(how);
    return conn;
}

static void who_was_meant_reads(void **state)
{
    (void)state;
    uint64_t conn = proved_conn();
    for (int i = 0; i < 3; i++) alice_reads((struct hostile_call){.conn = conn});
}

static void puts_its_own_key_in_place(void **state)
{
    (void)state;
    uint64_t conn = proved_conn();
    gateway_reads((struct hostile_call){.conn = conn}, AK_CODE_PROOF_REQUIRED);
    gateway_reads((struct hostile_call){.device = &alice, .reader_key = reader_key, .conn = next_conn++},
        AK_CODE_BAD_SIGNATURE); /* beside a fresh proof of hers */
    gateway_reads((struct hostile_call){.device = &alice, .conn = next_conn++}, AK_CODE_BAD_SIGNATURE);
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++)
        gateway_reads((struct hostile_call){.conn = conn, .transport = transport}, AK_CODE_PROOF_REQUIRED);
    alice_reads((struct hostile_call){.conn = conn});
}

/* A connection that she proved for something else has no reader's key that it could fill in. */
static void asks_where_no_key_was_named(void **state)
{
    (void)state;
    const struct ak_msg_account_request none = {0};
    struct ak_msg_account_reply reply;
    uint64_t conn = next_conn++;
    const struct hostile_call use = {
        .id = AK_CALL_ACCOUNT, .request = &none, .device = &alice, .token = alice.token, .conn = conn};
    hostile_must(&h, &use, &reply);
    gateway_reads((struct hostile_call){.conn = conn}, AK_CODE_PROOF_REQUIRED);
}

static void replays_the_proof_for_its_key(void **state)
{
    (void)state;
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    struct ak_msg_credential_read_request request = {.service = AK_SPAN_LIT("openrouter")};
    memcpy(request.key, reader_key, 32);
    struct hostile_call call = {.id = AK_CALL_CREDENTIAL_READ,
        .request = &request,
        .device = &alice,
        .token = alice.token,
        .reader_key = reader_key,
        .conn = next_conn++};
    hostile_proof(&h, &call, &proof);
    const struct hostile_call held = {.proof = ak_buf_span(&proof), .conn = call.conn};
    gateway_reads(held, AK_CODE_BAD_SIGNATURE); /* hers, held back and spent on a read to another key */
    gateway_reads(held, AK_CODE_PROOF_REPLAYED);
    gateway_reads(
        (struct hostile_call){.proof = ak_buf_span(&proof), .conn = next_conn++}, AK_CODE_PROOF_REPLAYED);
    gateway_reads((struct hostile_call){.conn = call.conn}, AK_CODE_PROOF_REQUIRED);
    /* each byte of a fresh one altered, as one would who writes another key into it */
    proof = AK_BUF_ARR(memory);
    hostile_proof(&h, &call, &proof);
    for (size_t i = 0; i < proof.len; i += 5) {
        uint8_t was = memory[i];
        bool opened_it = false;
        memory[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(
            read_to(gateways_key, (struct hostile_call){.proof = ak_buf_span(&proof), .conn = next_conn++},
                &gateways, &opened_it),
            AK_CODE_OK);
        asked++;
        opened += opened_it;
        memory[i] = was;
    }
}

/* Its own device proves a connection for its own key, and then her token goes on it; or her proof goes where
 * its key was proved. */
static void moves_a_key_between_connections(void **state)
{
    (void)state;
    const struct ak_msg_account_request none = {0};
    struct ak_msg_account_reply reply;
    uint64_t conn = next_conn++;
    const struct hostile_call own = {.id = AK_CALL_ACCOUNT,
        .request = &none,
        .device = &mallory,
        .token = mallory.token,
        .reader_key = gateways_key,
        .conn = conn};
    hostile_must(&h, &own, &reply);
    gateway_reads((struct hostile_call){.conn = conn}, AK_CODE_PROOF_REQUIRED);
    gateway_reads((struct hostile_call){.conn = conn + 8192}, AK_CODE_PROOF_REQUIRED);
    gateway_reads((struct hostile_call){.device = &mallory, .reader_key = gateways_key, .conn = conn},
        AK_CODE_BAD_SIGNATURE); /* its proof, her token */
    alice_reads((struct hostile_call){.device = &alice, .reader_key = reader_key, .conn = conn});
    gateway_reads((struct hostile_call){.conn = conn}, AK_CODE_PROOF_REQUIRED);
    hostile_must(&h, &own, &reply);
    gateway_reads((struct hostile_call){.conn = conn}, AK_CODE_PROOF_REQUIRED);
    bool opened_it = false;
    assert_int_equal(read_to(reader_key, (struct hostile_call){.conn = conn}, &gateways, &opened_it),
        AK_CODE_PROOF_REQUIRED); /* nor does she read on what is its connection now */
}

/* It may have the value sealed to her, which is a use with an entry; what comes is not for it. */
static void asks_in_her_name(void **state)
{
    (void)state;
    bool opened_it = false;
    uint64_t conn = proved_conn();
    assert_int_equal(
        read_to(reader_key, (struct hostile_call){.conn = conn}, &gateways, &opened_it), AK_CODE_OK);
    asked++;
    opened += opened_it;
}

/* Everybody opens what is sealed to a key of small order; the keeper takes none, proved or not. */
static void offers_keys_that_everybody_opens(void **state)
{
    (void)state;
    bool opened_it = false;
    uint8_t weak[32] = {0};
    for (weak[0] = 0; weak[0] < 2; weak[0]++) {
        const struct hostile_call how = {.device = &alice, .reader_key = weak, .conn = next_conn++};
        assert_int_equal(read_to(weak, how, &gateways, &opened_it), AK_CODE_INVALID_REQUEST);
    }
}

static void no_value_was_read(void **state)
{
    (void)state;
    print_message("hostile-reader: %zu reads for itself, %zu values\n", asked, opened);
    assert_true(asked > 100);
    assert_int_equal(opened, 0);
    assert_true(hostile_alive(&h));
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_meant_reads),
        cmocka_unit_test(puts_its_own_key_in_place),
        cmocka_unit_test(asks_where_no_key_was_named),
        cmocka_unit_test(replays_the_proof_for_its_key),
        cmocka_unit_test(moves_a_key_between_connections),
        cmocka_unit_test(asks_in_her_name),
        cmocka_unit_test(offers_keys_that_everybody_opens),
        cmocka_unit_test(no_value_was_read),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
