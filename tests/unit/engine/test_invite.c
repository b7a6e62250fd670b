/* Invites: once, by whoever holds the code, as long as its maker is enrolled; shared places (I9, I10, I18).
 */
#include <time.h>

#include "core/engine/internal.h"
#include "unit/engine/world.h"

static enum ak_code invite(
    struct world *w, struct h_person *by, const char *label, const char *scope, char out[64])
{
    struct ak_msg_pair_invite_request request = {.label = ak_span_str(label),
        .scope = ak_span_str(scope),
        .rate = 9,
        .present = 1u << AK_PAIR_INVITE_REQUEST_SCOPE | 1u << AK_PAIR_INVITE_REQUEST_RATE};
    struct ak_msg_pair_invite_reply reply;
    enum ak_code code = h_call(&w->h, &by->device, h_token(by), AK_CALL_PAIR_INVITE, &request);
    if (code) return code;
    h_reply(&w->h, &ak_pair_invite_reply_msg, &reply);
    memset(out, 0, 64);
    memcpy(out, reply.code.ptr, reply.code.len);
    return code;
}

static enum ak_code redeem(struct world *w, struct h_device *device, const char *code_text,
    struct ak_msg_pair_status_reply *out_reply)
{
    struct ak_msg_pair_redeem_request request = {.code = ak_span_str(code_text)};
    enum ak_code code = h_call(&w->h, device, AK_SPAN_EMPTY, AK_CALL_PAIR_REDEEM, &request);
    if (!code) h_reply(&w->h, &ak_pair_status_reply_msg, out_reply);
    return code;
}

static void test_invite_once(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_status_reply reply;
    struct h_device device;
    char code[64];
    h_device(&device, 30);
    assert_int_equal(invite(w, &w->alice, "batch", "openrouter", code), AK_CODE_OK);
    assert_int_equal(strlen(code), 4 + 27); /* 160 bits */
    for (size_t i = 0; code[i]; i++) {
        code[i] ^= 1;
        assert_int_equal(redeem(w, &device, code, &reply), AK_CODE_EXPIRED_REQUEST);
        code[i] ^= 1;
    }
    assert_int_equal(redeem(w, &device, code, &reply), AK_CODE_OK);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_true(reply.agent_token.len > 0);
    assert_int_equal(redeem(w, &device, code, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(redeem(w, &w->bob.device, code, &reply), AK_CODE_EXPIRED_REQUEST);
    h_device_done(&device);
}

static void test_invite_refusals(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_status_reply reply;
    char code[64];
    assert_int_equal(invite(w, &w->alice, "Bad Label", "", code), AK_CODE_INVALID_PATH);
    assert_int_equal(invite(w, &w->alice, "ok", "cap:nothing", code), AK_CODE_INVALID_REQUEST);
    assert_int_equal(invite(w, &w->alice, "ok", "", code), AK_CODE_OK);
    h_tick(&w->h, AK_ENGINE_INVITE_MS - 1);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(redeem(w, &w->agent.device, code, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(invite(w, &w->alice, "ok", "", code), AK_CODE_OK);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->agent.device, code, &reply), AK_CODE_DENIED);
    assert_int_equal(invite(w, &w->alice, "ok", "", code), AK_CODE_DENIED); /* gives rights */
    assert_string_equal(h_rule(&w->h), "active");
    h_restart(&w->h, true);
    assert_int_equal(redeem(w, &w->agent.device, code, &reply), AK_CODE_EXPIRED_REQUEST);
}

/* An account has its share of the places; another still finds one. */
static void test_invites_are_bounded(void **state)
{
    struct world *w = *state;
    char code[64];
    for (unsigned i = 0; i < AK_ENGINE_INVITES_ACCOUNT; i++)
        assert_int_equal(invite(w, &w->alice, "many", "", code), AK_CODE_OK);
    assert_int_equal(invite(w, &w->alice, "many", "", code), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(invite(w, &w->bob, "many", "", code), AK_CODE_OK);
}

/* Who was removed says no more who comes: neither do the invites that the device made before (I9). */
static void test_invite_of_a_removed_device(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_status_reply reply;
    struct ak_msg_device_remove_request gone = {0};
    struct h_person thief;
    char theirs[64], own[64];
    h_second(&w->h, &w->alice, &thief, 3);
    assert_int_equal(invite(w, &w->alice, "mine", "", own), AK_CODE_OK);
    for (unsigned i = 1; i < AK_ENGINE_INVITES_ACCOUNT; i++)
        assert_int_equal(invite(w, &thief, "theirs", "openrouter", theirs), AK_CODE_OK);
    assert_int_equal(invite(w, &w->alice, "more", "", own), AK_CODE_RATE_LIMIT_EXCEEDED);
    memcpy(gone.id, thief.device.jkt, 32);
    assert_int_equal(h_call(&w->h, &thief.device, h_token(&thief), AK_CALL_DEVICE_REMOVE, &gone), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->bobs.device, theirs, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(redeem(w, &w->bobs.device, own, &reply), AK_CODE_OK);
    assert_int_equal(invite(w, &w->alice, "more", "", own), AK_CODE_OK); /* its places are free again */
    h_device_done(&thief.device);
    h_tick(&w->h, 1);
    h_second(&w->h, &w->alice, &thief, 3); /* the same key once more: what it said before is not said again */
    assert_int_equal(redeem(w, &w->agent.device, theirs, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(invite(w, &thief, "theirs", "", theirs), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->agent.device, theirs, &reply), AK_CODE_OK);
    h_device_done(&thief.device);
}

/* A few accounts that hold all places give way to one that has fewer, the first to end first (I18). */
static void test_invites_are_shared(void **state)
{
    struct world *w = *state;
    enum { HOLDERS = AK_ENGINE_INVITES / AK_ENGINE_INVITES_ACCOUNT + 1 };
    static struct h_person holders[HOLDERS];
    struct ak_msg_pair_status_reply reply;
    char first[64] = "", second[64] = "", last[64], code[64];
    unsigned made = 0;
    for (unsigned n = 0; n < HOLDERS; n++) {
        char name[16];
        (void)snprintf(name, sizeof name, "holder%u", n);
        h_person(&w->h, &holders[n], name, 400 + n);
        for (unsigned i = 0; i < AK_ENGINE_INVITES_ACCOUNT && made < AK_ENGINE_INVITES; i++, made++) {
            char *kept = made == 0 ? first : made == 1 ? second : code;
            assert_int_equal(invite(w, &holders[n], "many", "", kept), AK_CODE_OK);
            h_tick(&w->h, 1);
        }
    }
    assert_int_equal(redeem(w, &w->agent.device, first, &reply), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(invite(w, &holders[HOLDERS - 2], "late", "", code), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(invite(w, &holders[0], "late", "openrouter", last), AK_CODE_OK); /* in the first place */
    assert_int_equal(invite(w, &w->bob, "few", "openrouter", code), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->agent.device, second, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(redeem(w, &w->bobs.device, last, &reply), AK_CODE_OK);
    assert_memory_equal(reply.anchor, holders[0].anchor, 32);
    assert_int_equal(redeem(w, &w->agent.device, code, &reply), AK_CODE_OK);
    assert_memory_equal(reply.anchor, w->bob.anchor, 32);
    for (unsigned n = 0; n < HOLDERS; n++) h_device_done(&holders[n].device);
}

/* Two accounts push each other out of a place neither at once nor in turn: only who has more than the asker
 * will have gives way. */
static void test_equal_shares_stay(void **state)
{
    struct world *w = *state;
    enum { HOLDERS = AK_ENGINE_INVITES / AK_ENGINE_INVITES_ACCOUNT + 1 };
    static struct h_person holders[HOLDERS];
    char code[64];
    unsigned made = 0;
    for (unsigned n = 0; n < HOLDERS; n++) {
        char name[16];
        (void)snprintf(name, sizeof name, "even%u", n);
        h_person(&w->h, &holders[n], name, 400 + n);
    }
    for (; made < AK_ENGINE_INVITES; made++)
        assert_int_equal(invite(w, &holders[made % HOLDERS], "many", "", code), AK_CODE_OK);
    for (unsigned n = 0; n < HOLDERS; n++)
        assert_int_equal(invite(w, &holders[n], "more", "", code), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(invite(w, &w->bob, "few", "", code), AK_CODE_OK);
    for (unsigned n = 0; n < HOLDERS; n++) h_device_done(&holders[n].device);
}

/* Each is paid for, as other changes are, though it has no entry before it is redeemed. */
static void test_invites_are_paid_for(void **state)
{
    struct world *w = *state;
    char code[64];
    h_tick(&w->h, 60000);
    ak_engine_storage_low(w->h.engine, true);
    for (unsigned i = 0; i < AK_ENGINE_CONTROL_PER_MINUTE_LOW; i++)
        assert_int_equal(invite(w, &w->bob, "one", "", code), AK_CODE_OK);
    assert_int_equal(invite(w, &w->bob, "one", "", code), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 60000 / AK_ENGINE_CONTROL_PER_MINUTE_LOW);
    assert_int_equal(invite(w, &w->bob, "one", "", code), AK_CODE_OK);
}

static double used_s(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* As after as many devices that came and went: each look for a device goes through all of them. */
static void fill_devices(struct world *w, struct h_person *person)
{
    struct ak_state *state = &w->h.engine->state;
    struct ak_account *account = ak_state_account(state, person->anchor, NULL);
    for (unsigned i = 1; i < AK_STATE_DEVICES_ACCOUNT; i++) {
        struct ak_device *device = ak_vec_add(&state->devices);
        assert_non_null(device);
        *device = (struct ak_device){.removed = true, .next = account->first_device};
        account->first_device = state->devices.count - 1;
    }
}

/* A few accounts of equal shares and many devices hold all places: that none gives way is found out as fast
 * as that there is room (I18). */
static void test_a_full_table_costs_no_time(void **state)
{
    struct world *w = *state;
    enum { SHARE = 94, HOLDERS = AK_ENGINE_INVITES / SHARE + 1, TRIES = 10 };
    static struct h_person holders[HOLDERS];
    char code[64];
    unsigned made = 0;
    double room_s = 0;
    for (unsigned n = 0; n < HOLDERS; n++) {
        char name[16];
        (void)snprintf(name, sizeof name, "equal%u", n);
        h_person(&w->h, &holders[n], name, 400 + n);
        fill_devices(w, &holders[n]);
        double before_s = used_s();
        for (unsigned i = 0; i < SHARE && made < AK_ENGINE_INVITES; i++, made++)
            assert_int_equal(invite(w, &holders[n], "many", "", code), AK_CODE_OK);
        room_s += used_s() - before_s;
    }
    double full_s = used_s();
    for (unsigned i = 0; i < TRIES; i++)
        assert_int_equal(invite(w, &holders[0], "more", "", code), AK_CODE_RATE_LIMIT_EXCEEDED);
    full_s = used_s() - full_s;
    assert_true(full_s / TRIES < 10 * room_s / AK_ENGINE_INVITES);
    for (unsigned n = 0; n < HOLDERS; n++) h_device_done(&holders[n].device);
}

/* An invite for an agent that exists, for one that is gone, and for one that is suspended. */
static void test_invite_for_agents_that_exist(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_status_reply reply;
    char code[64];
    assert_int_equal(invite(w, &w->alice, "agent-1", "openrouter", code), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->bobs.device, code, &reply), AK_CODE_OK);
    assert_int_equal(reply.generation, 1);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_DENIED);
    assert_int_equal(invite(w, &w->alice, "agent-1", "openrouter", code), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->bobs.device, code, &reply), AK_CODE_DENIED);
    assert_int_equal(invite(w, &w->alice, "agent-1", "", code), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(redeem(w, &w->bobs.device, code, &reply), AK_CODE_ALREADY_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_invite_once),
        WORLD_TEST(test_invite_refusals),
        WORLD_TEST(test_invites_are_bounded),
        WORLD_TEST(test_invite_of_a_removed_device),
        WORLD_TEST(test_invites_are_shared),
        WORLD_TEST(test_equal_shares_stay),
        WORLD_TEST(test_invites_are_paid_for),
        WORLD_TEST(test_a_full_table_costs_no_time),
        WORLD_TEST(test_invite_for_agents_that_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
