/* The trust configuration is read by anyone of the worker's people and changed by an operator alone: two
 * devices of an account that has two, over exactly the bytes that were signed, once, and counting once it is
 * sealed (I9, I10, I15). */
#include "unit/engine/account_box.h"

#include "core/wire/msg_trust.h"

static struct ak_trust now, next;
static uint8_t now_bytes[AK_TRUST_LEN_MAX], next_bytes[AK_TRUST_LEN_MAX];
static struct ak_msg_trust_change_request change;

static struct ak_span encode(const struct ak_trust *trust, uint8_t memory[AK_TRUST_LEN_MAX])
{
    struct ak_buf buf = ak_buf(memory, AK_TRUST_LEN_MAX);
    assert_int_equal(ak_trust_encode(trust, &buf), AK_OK);
    return ak_buf_span(&buf);
}

/* `next` with what is in force before it, as a client sends it. */
static void make_change(void)
{
    change = (struct ak_msg_trust_change_request){.trust = encode(&next, next_bytes)};
    ak_trust_hash(encode(&now, now_bytes), change.from);
    ak_trust_hash(change.trust, change.to);
}

static struct ak_engine_conf conf_with(const char *operators)
{
    struct ak_engine_conf conf = h_conf();
    now = (struct ak_trust){.issuer = AK_SPAN_LIT(H_ISSUER),
        .recovery_wait_secs = H_DAY_MS / 1000,
        .recovery_wait_code_secs = 3600};
    assert_int_equal(ak_trust_set_operators(&now, ak_span_str(operators)), AK_OK);
    conf.trust = encode(&now, now_bytes);
    next = now;
    next.recovery_wait_secs *= 2;
    make_change();
    return conf;
}

static struct world *open_world(const char *operators)
{
    static struct world world;
    struct ak_engine_conf conf = conf_with(operators);
    h_open_with(&world.h, &conf);
    h_person(&world.h, &world.alice, "alice", 1);
    h_person(&world.h, &world.bob, "bob", 2);
    return &world;
}

static int setup(void **state)
{
    *state = open_world("email:alice@demo.example");
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    h_device_done(&w->alice.device);
    h_device_done(&w->bob.device);
    h_close(&w->h);
    return 0;
}

static enum ak_code ask(struct world *w, struct h_person *person)
{
    return h_call(&w->h, &person->device, h_token(person), AK_CALL_TRUST_CHANGE, &change);
}

static void assert_refused(struct world *w, struct h_person *person, enum ak_code code)
{
    uint64_t size = h_size(&w->h);
    assert_int_equal(ask(w, person), code);
    assert_int_equal(h_size(&w->h), size);
}

static void read_trust(struct world *w, struct h_person *person, struct ak_msg_trust_reply *out)
{
    assert_int_equal(h_call(&w->h, &person->device, h_token(person), AK_CALL_TRUST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_trust_reply_msg, out);
}

static void anyone_may_read_it(void **state)
{
    struct world *w = *state;
    struct ak_msg_trust_reply reply;
    read_trust(w, &w->bob, &reply);
    assert_memory_equal(reply.config, change.from, 32);
    assert_true(ak_span_eq(reply.trust, w->h.conf.trust));
    assert_true(ak_span_contains(reply.items, AK_SPAN_LIT("recovery_wait = 86400s\n")));
    assert_false(reply.operator_);
    assert_false(ak_msg_has(&reply, AK_TRUST_REPLY_PROPOSED));
    read_trust(w, &w->alice, &reply);
    assert_true(reply.operator_);
}

static void an_operator_with_one_device_changes_it(void **state)
{
    struct world *w = *state;
    struct ak_entry entry;
    uint64_t size = h_size(&w->h);
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_size(&w->h), size + 1);
    h_entry(&w->h, size, &entry);
    assert_int_equal(entry.type, AK_ENTRY_TRUST_CHANGED);
    assert_memory_equal(entry.config, change.to, 32);
    assert_memory_equal(entry.old_config, change.from, 32);
    assert_true(ak_span_eq(entry.trust, change.trust));
    assert_memory_equal(entry.anchor, w->alice.anchor, 32);
    /* what is in force changes with the restart; until then nothing follows it */
    assert_refused(w, &w->alice, AK_CODE_NOT_READY);
    const struct ak_state *folded = ak_engine_state(w->h.engine);
    assert_int_equal(folded->trust_size, size + 1);
    assert_true(ak_span_eq(ak_span(folded->trust, folded->trust_len), change.trust));
    h_restart(&w->h, true); /* holds replay against snapshot (I16) */
    assert_memory_equal(ak_engine_state(w->h.engine)->trust_config, change.to, 32);
    /* with the new one sealed, the same call is over, and the next one follows it */
    w->h.conf.trust = encode(&next, next_bytes);
    now = next;
    memcpy(now_bytes, next_bytes, sizeof now_bytes);
    w->h.conf.trust = ak_span(now_bytes, w->h.conf.trust.len);
    h_restart(&w->h, true);
    assert_refused(w, &w->alice, AK_CODE_GENERATION_CONFLICT);
    next.recovery_wait_secs--;
    make_change();
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
}

static void others_do_not(void **state)
{
    struct world *w = *state;
    assert_refused(w, &w->bob, AK_CODE_NOT_OPERATOR);
    struct h_how how = {.proof_by = &w->bob.device};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
        AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.no_proof = true};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
        AK_CODE_PROOF_REQUIRED);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->bob), AK_CALL_TRUST_CHANGE, &change),
        AK_CODE_BAD_SIGNATURE);
}

static void a_suspended_operator_does_not(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(ask(w, &w->alice), AK_CODE_DENIED);
}

static void nobody_where_no_operator_is_named(void **state)
{
    struct ak_msg_error_reply error;
    teardown(state);
    struct world *w = *state = open_world("");
    assert_refused(w, &w->alice, AK_CODE_NOT_OPERATOR);
    h_error(&w->h, &error);
    assert_true(ak_span_contains(error.message, AK_SPAN_LIT("no operator was named")));
}

/* I15: hash and contents go together, and what was signed is what counts. */
static void altered(void **state)
{
    struct world *w = *state;
    change.to[31] ^= 1;
    assert_refused(w, &w->alice, AK_CODE_INVALID_REQUEST);
    make_change();
    change.from[0] ^= 1;
    assert_refused(w, &w->alice, AK_CODE_GENERATION_CONFLICT);
    make_change();
    change.trust.len--;
    ak_trust_hash(change.trust, change.to);
    assert_refused(w, &w->alice, AK_CODE_INVALID_REQUEST);
    make_change();
    for (size_t i = 0; i < change.trust.len; i++) { /* the gateway alters a byte, and the hash with it */
        uint8_t meaning[32];
        make_change();
        struct ak_buf body = AK_BUF_ARR(w->h.request_body);
        assert_int_equal(ak_msg_encode(&ak_trust_change_request_msg, &change, &body), AK_OK);
        assert_int_equal(
            ak_msg_meaning(&ak_trust_change_request_msg, "trust-change", ak_buf_span(&body), meaning), AK_OK);
        next_bytes[i] ^= 1;
        ak_trust_hash(change.trust, change.to);
        struct h_how how = {.bh = meaning};
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
            AK_CODE_BAD_SIGNATURE);
    }
}

static void what_is_no_change(void **state)
{
    struct world *w = *state;
    next = now;
    make_change();
    assert_refused(w, &w->alice, AK_CODE_ALREADY_DONE);
    next.recovery_threshold = next.recipient_count = 1;
    make_change();
    assert_refused(w, &w->alice, AK_CODE_INVALID_REQUEST);
}

/* Accounts are named by a provider's name: it never comes to mean another issuer, not by going away first. */
static void a_provider_keeps_its_issuer(void **state)
{
    struct world *w = *state;
    struct ak_msg_error_reply error;
    next = now;
    assert_int_equal(
        ak_trust_set_providers(&next, AK_SPAN_LIT("google https://accounts.google.com demo")), AK_OK);
    make_change();
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
    now = next;
    w->h.conf.trust = encode(&now, now_bytes);
    h_restart(&w->h, true);
    static const char *const bad[] = {
        "google https://mallory.example demo", "", "other https://o.example demo"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_trust_set_providers(&next, ak_span_str(bad[i])), AK_OK);
        next.recovery_wait_secs++;
        make_change();
        assert_refused(w, &w->alice, AK_CODE_INVALID_REQUEST);
        h_error(&w->h, &error);
        assert_true(ak_span_contains(error.message, AK_SPAN_LIT("keeps its issuer for ever")));
    }
    assert_int_equal(ak_trust_set_providers(&next, AK_SPAN_LIT("google https://accounts.google.com")), AK_OK);
    make_change();
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK); /* retired */
}

static void what_the_settings_give_stays(void **state)
{
    struct world *w = *state;
    w->h.conf.trust_given = 1u << AK_TRUST_RECOVERY_WAIT;
    h_restart(&w->h, true);
    assert_refused(w, &w->alice, AK_CODE_TRUST_PINNED);
    next = now;
    next.recovery_wait_code_secs--;
    make_change();
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
}

static void a_replay_is_refused(void **state)
{
    struct world *w = *state;
    struct h_how how = {.key = "k"};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
        AK_CODE_OK);
    uint64_t size = h_size(&w->h);
    how = (struct h_how){.reuse_jti = true};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
        AK_CODE_PROOF_REPLAYED);
    how = (struct h_how){.key = "k"}; /* the same wish once more is told what it did */
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_TRUST_CHANGE, &change, &how),
        AK_CODE_OK);
    assert_int_equal(h_size(&w->h), size);
}

/* ---- two devices ---- */

static struct ak_span notice(const struct world *w)
{
    return ak_span(w->h.out.notice, w->h.out.notice_len);
}

static void wait_until_established(struct world *w)
{
    for (int hour = 0; hour < 25; hour++) h_tick(&w->h, 3600 * 1000);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
}

static void renew(struct world *w, struct h_person *phone)
{
    assert_int_equal(h_sign_in(&w->h, phone, "alice"), AK_CODE_OK);
}

static void one_device_of_two_only_proposes(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_trust_reply reply;
    h_second(&w->h, &w->alice, &phone, 3);
    uint64_t size = h_size(&w->h);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_RECOVERY_STARTED), 1);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_TRUST_CHANGED), 0);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING); /* the same device is no second voice … */
    assert_int_equal(ask(w, &phone), AK_CODE_PENDING);    /* … nor is one that was just enrolled */
    assert_true(ak_span_eq(notice(w), AK_SPAN_LIT("trust-change")));
    read_trust(w, &w->bob, &reply);
    assert_false(ak_msg_has(&reply, AK_TRUST_REPLY_PROPOSED));
    read_trust(w, &phone, &reply);
    assert_memory_equal(reply.proposed, change.to, 32);
    assert_memory_equal(reply.started_by, w->alice.device.jkt, 32);
    wait_until_established(w);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING); /* time alone changes nothing */
    h_restart(&w->h, true);
    renew(w, &phone);
    assert_int_equal(ask(w, &phone), AK_CODE_OK);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_RECOVERY_DONE), 1);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_TRUST_CHANGED), 1);
    assert_int_equal(notice(w).len, 0);
    h_device_done(&phone.device);
}

static void the_second_device_confirms_the_same_only(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    wait_until_established(w);
    renew(w, &phone);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    next.recovery_wait_secs++;
    make_change();
    assert_refused(w, &phone, AK_CODE_ALREADY_EXISTS);
    struct ak_msg_trust_reply reply;
    read_trust(w, &phone, &reply);
    assert_int_equal(box_cancel(&w->h, &phone, "trust-change", reply.proposed), AK_CODE_OK);
    assert_int_equal(ask(w, &phone), AK_CODE_PENDING);
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
    h_device_done(&phone.device);
}

/* None of the budget is left: nothing of it happens. One is: the end of the wait and the change itself are
 * one.
 */
static void it_is_confirmed_whole(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_agent agent;
    struct ak_msg_agent_policy_request policy = {.label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("openrouter"),
        .present = 1u << AK_AGENT_POLICY_REQUEST_SCOPE};
    h_second(&w->h, &w->alice, &phone, 3);
    h_agent(&w->h, &w->alice, &agent, 15, "agent-1", "cap:sign-message", 1);
    wait_until_established(w);
    renew(w, &phone);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    h_tick(&w->h, 60000);
    for (unsigned i = 0; i < AK_ENGINE_CONTROL_PER_MINUTE; i++)
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy), AK_CODE_OK);
    assert_int_equal(ask(w, &phone), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_DONE), 0);
    h_tick(&w->h, 60000 / AK_ENGINE_CONTROL_PER_MINUTE);
    assert_int_equal(ask(w, &phone), AK_CODE_OK);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_DONE), 1);
    h_device_done(&agent.device);
    h_device_done(&phone.device);
}

static void the_list_shows_what_waits(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    assert_int_equal(h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_RECOVERY_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_recovery_list_reply_msg, &reply);
    assert_true(ak_list_next(&reply.items, &ak_recovery_item_msg, &item));
    assert_true(ak_span_eq(item.what, AK_SPAN_LIT("trust-change")));
    assert_memory_equal(item.device, change.to, 32);
    assert_int_equal(item.ready_at, 0);
    h_device_done(&phone.device);
}

/* Other changes that wait are not taken for it, and where too many wait, it is one too many. */
static void beside_other_changes(void **state)
{
    struct world *w = *state;
    struct h_person devices[AK_STATE_CHANGES_ACCOUNT];
    struct ak_msg_trust_reply reply;
    struct ak_msg_device_remove_request remove = {0};
    for (unsigned i = 0; i < AK_STATE_CHANGES_ACCOUNT; i++) h_second(&w->h, &w->alice, &devices[i], 30 + i);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    for (unsigned i = 0; i < AK_STATE_CHANGES_ACCOUNT; i++) {
        memcpy(remove.id, devices[i].device.jkt, 32);
        enum ak_code code =
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove);
        bool fits = i + 1 < AK_STATE_CHANGES_ACCOUNT;
        assert_int_equal(code, fits ? AK_CODE_PENDING : AK_CODE_RATE_LIMIT_EXCEEDED);
    }
    read_trust(w, &w->alice, &reply); /* the oldest of them */
    assert_memory_equal(reply.proposed, change.to, 32);
    assert_int_equal(box_cancel(&w->h, &w->alice, "trust-change", change.to), AK_CODE_OK);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_PENDING);
    assert_refused(w, &w->alice, AK_CODE_RATE_LIMIT_EXCEEDED);
    for (unsigned i = 0; i < AK_STATE_CHANGES_ACCOUNT; i++) h_device_done(&devices[i].device);
}

/* A second device that is gone again leaves the last one alone with what was proposed. */
static void the_last_device_finishes_it(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_device_remove_request remove = {0};
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(ask(w, &w->alice), AK_CODE_PENDING);
    memcpy(remove.id, phone.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    uint64_t size = h_size(&w->h);
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_RECOVERY_DONE), 1);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_TRUST_CHANGED), 1);
    h_device_done(&phone.device);
}

/* ---- the fold ---- */

static void the_fold_refuses_what_does_not_follow(void **state)
{
    struct world *w = *state;
    struct ak_arena arena;
    struct ak_entry_ref ref = {.index = 1000};
    static uint8_t after_bytes[AK_TRUST_LEN_MAX];
    assert_int_equal(ak_trust_set_providers(&next, AK_SPAN_LIT("google https://a.example demo")), AK_OK);
    make_change();
    assert_int_equal(ask(w, &w->alice), AK_CODE_OK);
    struct ak_trust after = next;
    for (unsigned bad = 0; bad < 5; bad++) {
        after.recovery_wait_secs = 1 + after.recovery_wait_secs;
        if (bad == 4) after.provider_count = 0; /* a name is gone */
        struct ak_engine *engine = h_replay(&w->h, w->h.batch_count, &arena);
        struct ak_state *folded = (struct ak_state *)(uintptr_t)ak_engine_state(engine);
        const struct ak_account *alice = ak_state_account(folded, w->alice.anchor, NULL);
        struct ak_entry entry = {.type = AK_ENTRY_TRUST_CHANGED, .has_anchor = true, .seq = alice->seq + 1};
        memcpy(entry.anchor, w->alice.anchor, 32);
        memcpy(entry.prev_leaf, alice->last_leaf, 32);
        memcpy(entry.old_config, change.to, 32);
        entry.trust = encode(&after, after_bytes);
        ak_trust_hash(entry.trust, entry.config);
        if (bad == 1) entry.old_config[0] ^= 1;
        if (bad == 2) entry.config[0] ^= 1;
        if (bad == 3) entry.trust.len--;
        assert_int_equal(ak_state_apply(folded, &ref, &entry), bad ? AK_E_MEANING : AK_OK);
        ak_engine_free(engine);
        ak_arena_done(&arena);
    }
}

#define TRUST_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST_TEST(anyone_may_read_it),
        TRUST_TEST(an_operator_with_one_device_changes_it),
        TRUST_TEST(others_do_not),
        TRUST_TEST(a_suspended_operator_does_not),
        TRUST_TEST(nobody_where_no_operator_is_named),
        TRUST_TEST(altered),
        TRUST_TEST(what_is_no_change),
        TRUST_TEST(a_provider_keeps_its_issuer),
        TRUST_TEST(what_the_settings_give_stays),
        TRUST_TEST(a_replay_is_refused),
        TRUST_TEST(one_device_of_two_only_proposes),
        TRUST_TEST(the_second_device_confirms_the_same_only),
        TRUST_TEST(it_is_confirmed_whole),
        TRUST_TEST(the_list_shows_what_waits),
        TRUST_TEST(beside_other_changes),
        TRUST_TEST(the_last_device_finishes_it),
        TRUST_TEST(the_fold_refuses_what_does_not_follow),
    };
    return cmocka_run_group_tests_name("engine trust", tests, NULL, NULL);
}
