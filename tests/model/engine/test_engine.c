/* Random histories of people, agents, crashes and stops against a reference that knows nothing of logs (I3,
 * I5, I6, I7, I16). A crash loses what was not durable, in the engine and in the reference; a client knows
 * only what was released. After every step both must agree. */
#include <time.h>

#include "base/crypto/sha256.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "model/engine/world.h"

static enum ak_code expected(enum ref_answer answer)
{
    return answer == REF_OK ? AK_CODE_OK : answer == REF_RATE ? AK_CODE_RATE_LIMIT_EXCEEDED : AK_CODE_DENIED;
}

static void check_answer(struct world *w, enum ak_code code, enum ref_answer answer, const char *rule)
{
    if (code != expected(answer) || (answer != REF_OK && strcmp(h_rule(&w->h), rule) != 0)) {
        fprintf(stderr, "answered %s %s, the reference says %s\n", ak_code_name(code),
            answer == REF_OK ? "" : h_rule(&w->h), answer == REF_OK ? "ok" : rule);
        fail();
    }
    if (answer == REF_OK)
        w->signatures++;
    else
        w->refusals++;
}

/* A session that works, made where the present one is over. */
static struct h_person *owner(struct world *w, unsigned a)
{
    struct h_person *person = &w->people[a];
    if (now_s(w) < w->session_exp_s[a] && !w->ref.accounts[a].logged_out) return person;
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_sign_in(&w->h, person, names[a]), AK_CODE_OK);
    w->session_exp_s[a] = now_s(w) + AK_TOKEN_SESSION_SECS;
    w->ref.accounts[a].logged_out = false;
    note_entries(w, size);
    settle(w); /* the client goes on with it only then */
    return person;
}

static void session_signs(struct world *w, unsigned a)
{
    struct h_person *person = owner(w, a);
    const char *rule = "";
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_person_sign(&w->h, person, "model");
    note_entries(w, size);
    enum ref_answer answer = ref_session_sign(&w->ref.accounts[a], seen_us(w), &rule);
    check_answer(w, code, answer, rule);
}

static void foreign_sign(struct world *w, unsigned a)
{
    struct h_person *person = owner(w, a);
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("model")};
    memcpy(request.omni_account, w->people[(a + 1) % REF_ACCOUNTS].anchor, 32);
    assert_int_equal(h_call(&w->h, &person->device, h_token(person), AK_CALL_SIGN_MESSAGE, &request),
        AK_CODE_ACCOUNT_MISMATCH);
}

/* Remembers a token until it is released. */
static void send_token(struct world *w, unsigned a, unsigned p, unsigned device, struct ak_span token,
    uint64_t generation, uint64_t exp_s)
{
    if (w->flight_count == FLIGHT) settle(w);
    struct flight *flight = &w->flights[w->flight_count++];
    *flight = (struct flight){.size = h_size(&w->h), .account = a, .path = p};
    flight->client = (struct client){
        .device = device, .has_token = true, .generation = (uint32_t)generation, .exp_s = exp_s};
    flight->client.token_len = token.len;
    memcpy(flight->client.token, token.ptr, token.len);
}

static void renew(struct world *w, unsigned a, unsigned p)
{
    struct client *client = &w->clients[a][p];
    struct ak_msg_token_request request = {.label = ak_span_str(labels[p])};
    struct ak_msg_token_reply reply;
    const char *rule = "";
    memcpy(request.account, w->people[a].anchor, 32);
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_call(&w->h, &w->devices[client->device], AK_SPAN_EMPTY, AK_CALL_TOKEN, &request);
    note_entries(w, size);
    struct ref_account *account = &w->ref.accounts[a];
    enum ref_answer answer = ref_token(account, &account->paths[p], client->device, seen_us(w), &rule);
    check_answer(w, code, answer, rule);
    if (answer != REF_OK) return;
    h_reply(&w->h, &ak_token_reply_msg, &reply);
    assert_int_equal(reply.generation, account->paths[p].generation);
    send_token(w, a, p, client->device, reply.agent_token, reply.generation, reply.expires_at);
}

static void agent_signs(struct world *w, unsigned a, unsigned p)
{
    struct client *client = &w->clients[a][p];
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("model")};
    const char *rule = "";
    if (!client->has_token || (now_s(w) >= client->exp_s && pick(w, 4))) {
        renew(w, a, p);
        return;
    }
    memcpy(request.omni_account, w->people[a].anchor, 32);
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_call(&w->h, &w->devices[client->device], ak_span(client->token, client->token_len),
        AK_CALL_SIGN_MESSAGE, &request);
    note_entries(w, size);
    if (now_s(w) >= client->exp_s) {
        assert_int_equal(code, AK_CODE_TOKEN_EXPIRED);
        return;
    }
    enum ref_answer answer = ref_sign(&w->ref.accounts[a], &w->ref.accounts[a].paths[p], client->generation,
        client->device, seen_us(w), &rule);
    check_answer(w, code, answer, rule);
    if (answer != REF_OK || pick(w, 8)) return;
    struct ak_msg_sign_reply reply;
    uint8_t digest[32];
    assert_int_equal(h_job(&w->h), AK_OK);
    h_reply(&w->h, &ak_sign_reply_msg, &reply);
    ak_eip191_digest(request.message, digest);
    assert_int_equal(ak_evm_verify(digest, reply.signature, reply.address), AK_OK);
}

static void fetch(struct world *w, unsigned a, unsigned p, unsigned device, const uint8_t id[16])
{
    struct ak_msg_pair_status_request request;
    struct ak_msg_pair_status_reply reply;
    const char *rule = "";
    memcpy(request.id, id, 16);
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_call(&w->h, &w->devices[device], AK_SPAN_EMPTY, AK_CALL_PAIR_STATUS, &request);
    note_entries(w, size);
    struct ref_account *account = &w->ref.accounts[a];
    enum ref_answer answer = ref_token(account, &account->paths[p], device, seen_us(w), &rule);
    check_answer(w, code, answer, rule);
    if (answer != REF_OK) return;
    h_reply(&w->h, &ak_pair_status_reply_msg, &reply);
    send_token(w, a, p, device, reply.agent_token, reply.generation, reply.expires_at);
}

static void pair(struct world *w, unsigned a, unsigned p)
{
    struct h_person *person = owner(w, a);
    struct ref_account *account = &w->ref.accounts[a];
    struct ref_path *path = &account->paths[p];
    unsigned device = (unsigned)pick(w, DEVICES);
    struct ak_msg_pair_request request = {.label = ak_span_str(labels[p])};
    struct ak_msg_pair_reply asked;
    struct h_how how = {.source = test_random_next(&w->random)};
    assert_int_equal(
        h_call_how(&w->h, &w->devices[device], AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, &request, &how),
        AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("agent"), .label = request.label};
    if (!path->exists) {
        yes.scope = AK_SPAN_LIT("cap:sign-message");
        yes.rate = 1 + pick(w, 200);
        yes.present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE | 1u << AK_PAIR_APPROVE_REQUEST_RATE;
    }
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, w->devices[device].jkt, 32);
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_call(&w->h, &person->device, h_token(person), AK_CALL_PAIR_APPROVE, &yes);
    note_entries(w, size);
    if (account->suspended) {
        assert_int_equal(code, AK_CODE_DENIED);
        return;
    }
    if (path->decommissioned) {
        assert_int_equal(code, AK_CODE_ALREADY_EXISTS);
        return;
    }
    assert_int_equal(code, AK_CODE_OK);
    if (path->exists)
        path->generation++;
    else
        *path = (struct ref_path){
            .exists = true, .may_sign = true, .rate = (uint32_t)yes.rate, .bucket = path->bucket};
    path->device = device;
    w->clients[a][p].device = device; /* the new program; it has no token yet */
    w->clients[a][p].has_token = false;
    if (pick(w, 8)) fetch(w, a, p, device, asked.request_id);
}

static void change(struct world *w, unsigned a, unsigned p, unsigned call)
{
    struct h_person *person = owner(w, a);
    struct ref_account *account = &w->ref.accounts[a];
    struct ref_path *path = &account->paths[p];
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_change(&w->h, person, call, labels[p]), want = AK_CODE_OK;
    note_entries(w, size);
    if (call == AK_CALL_AGENT_RESUME && account->suspended)
        want = AK_CODE_DENIED;
    else if (!path->exists)
        want = AK_CODE_NOT_FOUND;
    else if (path->decommissioned)
        want = AK_CODE_ALREADY_DONE;
    else if (call == AK_CALL_AGENT_SUSPEND)
        want = path->suspended ? AK_CODE_ALREADY_DONE : AK_CODE_OK;
    else if (call == AK_CALL_AGENT_RESUME)
        want = path->suspended ? AK_CODE_OK : AK_CODE_ALREADY_DONE;
    assert_int_equal(code, want);
    if (want) return;
    if (call == AK_CALL_AGENT_SUSPEND) path->suspended = true;
    if (call == AK_CALL_AGENT_RESUME) path->suspended = false;
    if (call == AK_CALL_AGENT_ROTATE) path->generation++;
    if (call == AK_CALL_AGENT_DECOMMISSION) path->decommissioned = true;
}

static void policy(struct world *w, unsigned a, unsigned p)
{
    struct h_person *person = owner(w, a);
    struct ref_account *account = &w->ref.accounts[a];
    struct ref_path *path = &account->paths[p];
    bool may_sign = pick(w, 4) != 0;
    struct ak_msg_agent_policy_request request = {.label = ak_span_str(labels[p]),
        .scope = may_sign ? AK_SPAN_LIT("cap:sign-message") : AK_SPAN_LIT("openrouter"),
        .rate = 1 + pick(w, 200),
        .present = 1u << AK_AGENT_POLICY_REQUEST_SCOPE | 1u << AK_AGENT_POLICY_REQUEST_RATE};
    uint64_t size = h_size(&w->h);
    enum ak_code code = h_call(&w->h, &person->device, h_token(person), AK_CALL_AGENT_POLICY, &request);
    note_entries(w, size);
    if (account->suspended) {
        assert_int_equal(code, AK_CODE_DENIED);
        return;
    }
    if (!path->exists || path->decommissioned) {
        assert_int_equal(code, path->exists ? AK_CODE_ALREADY_DONE : AK_CODE_NOT_FOUND);
        return;
    }
    assert_int_equal(code, AK_CODE_OK);
    path->may_sign = may_sign;
    path->rate = (uint32_t)request.rate;
}

static void account_change(struct world *w, unsigned a)
{
    struct h_person *person = owner(w, a);
    struct ref_account *account = &w->ref.accounts[a];
    struct ak_msg_account_change_request request = {.present = 0};
    unsigned call = account->suspended ? AK_CALL_ACCOUNT_RESUME : AK_CALL_ACCOUNT_SUSPEND;
    person->recovery_code[5] = account->code_turn;
    h_seal_code(&w->h, &person->device, person->recovery_code, request.recovery_code);
    if (account->suspended)
        request.present =
            1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE | 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH;
    if (account->suspended) person->recovery_code[5] = ++account->code_turn; /* each is used once */
    ak_sha256(AK_SPAN_ARR(person->recovery_code), request.recovery_hash);
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_call(&w->h, &person->device, h_token(person), call, &request), AK_CODE_OK);
    note_entries(w, size);
    account->suspended = !account->suspended;
}

static void logout(struct world *w, unsigned a)
{
    struct h_person *person = owner(w, a);
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_call(&w->h, &person->device, h_token(person), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    note_entries(w, size);
    w->ref.accounts[a].logged_out = true;
    assert_int_equal(h_person_sign(&w->h, person, "x"), AK_CODE_INVALID_TOKEN);
}

static void check_path(struct world *w, unsigned a, unsigned p)
{
    const struct ak_state *s = ak_engine_state(w->h.engine);
    const struct ref_path *path = &w->ref.accounts[a].paths[p];
    uint32_t number = 0;
    const struct ak_account *account = ak_state_account(s, w->people[a].anchor, &number);
    const struct ak_path_state *found = ak_state_path(s, number, ak_span_str(labels[p]), NULL);
    assert_int_equal(account->suspended, w->ref.accounts[a].suspended);
    assert_int_equal(found != NULL, path->exists);
    if (!found) return;
    assert_int_equal(found->generation, path->generation);
    assert_int_equal((found->flags & AK_PATH_SUSPENDED) != 0, path->suspended);
    assert_int_equal((found->flags & AK_PATH_DECOMMISSIONED) != 0, path->decommissioned);
    assert_int_equal(found->rate, path->rate);
    assert_memory_equal(found->device, w->devices[path->device].jkt, 32);
}

static void step(struct world *w)
{
    unsigned a = (unsigned)pick(w, REF_ACCOUNTS);
    unsigned p = (unsigned)(pick(w, 8) ? pick(w, REF_PATHS - 1) : REF_PATHS - 1);
    uint64_t what = pick(w, 1000), size = h_size(&w->h);
    if (!ak_engine_has_room(w->h.engine)) settle(w);
    h_tick(&w->h, pick(w, 20) ? pick(w, 1200) : pick(w, 90000));
    note_entries(w, size);
    if (w->ref.accounts[a].suspended && pick(w, 4) == 0)
        account_change(w, a);
    else if (w->ref.accounts[a].paths[p].suspended && pick(w, 4) == 0)
        change(w, a, p, AK_CALL_AGENT_RESUME);
    else if (what < 480)
        agent_signs(w, a, p);
    else if (what < 560)
        session_signs(w, a);
    else if (what < 660)
        renew(w, a, p);
    else if (what < 720)
        pair(w, a, p);
    else if (what < 760)
        change(w, a, p, AK_CALL_AGENT_SUSPEND);
    else if (what < 810)
        change(w, a, p, AK_CALL_AGENT_RESUME);
    else if (what < 840)
        change(w, a, p, AK_CALL_AGENT_ROTATE);
    else if (what < 842 && pick(w, 8) == 0)
        change(w, a, p, AK_CALL_AGENT_DECOMMISSION);
    else if (what < 880)
        policy(w, a, p);
    else if (what < 890)
        account_change(w, a);
    else if (what < 893)
        logout(w, a);
    else if (what < 903)
        foreign_sign(w, a);
    else if (what < 940)
        take(w);
    else if (what < 975)
        make_durable(w, w->h.batch_count - (pick(w, 3) && w->h.batch_count > w->h.durable));
    else if (what < 993)
        settle(w);
    else if (what < 997)
        crash(w);
    else
        stop(w);
    check_path(w, a, p);
}

static void begin(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->random.state = seed;
    h_open(&w->h);
    w->h.manual = true;
    for (unsigned i = 0; i < DEVICES; i++) h_device(&w->devices[i], 100 + i);
    for (unsigned a = 0; a < REF_ACCOUNTS; a++) {
        h_person(&w->h, &w->people[a], names[a], 1 + a);
        w->ref.accounts[a].code_turn = w->people[a].recovery_code[5];
        w->session_exp_s[a] = now_s(w) + AK_TOKEN_SESSION_SECS;
    }
    w->ref.last_entry_ms = w->h.wall_ms;
    take(w);
    for (size_t i = 0; i < w->h.batch_count; i++) w->saved[i] = w->ref;
    settle(w);
}

static void end(struct world *w)
{
    settle(w);
    for (unsigned a = 0; a < REF_ACCOUNTS; a++) {
        h_device_done(&w->people[a].device);
        for (unsigned p = 0; p < REF_PATHS; p++) check_path(w, a, p);
    }
    for (unsigned i = 0; i < DEVICES; i++) h_device_done(&w->devices[i]);
    free(w->saved);
    h_close(&w->h);
}

static void test_histories(void **state)
{
    (void)state;
    static struct world w;
    struct timespec from, now;
    uint64_t steps = 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (uint64_t run = 0; run < RUNS; run++) {
        uint64_t seed = 0x656e67696e650000 + run;
        begin(&w, seed);
        for (unsigned i = 0; i < STEPS; i++, steps++) {
            step(&w);
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
            if (now.tv_sec - from.tv_sec >= SECONDS) break;
        }
        printf("seed %#llx: %llu uses, %llu refusals, %llu crashes, %llu stops, %llu entries\n",
            (unsigned long long)seed, (unsigned long long)w.signatures, (unsigned long long)w.refusals,
            (unsigned long long)w.crashes, (unsigned long long)w.stops, (unsigned long long)h_size(&w.h));
        end(&w);
        if (now.tv_sec - from.tv_sec >= SECONDS) break;
    }
    printf("%llu steps in %lld s of this processor\n", (unsigned long long)steps,
        (long long)(now.tv_sec - from.tv_sec));
    assert_true(w.signatures > 0 && w.refusals > 0 && w.crashes + w.stops > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
