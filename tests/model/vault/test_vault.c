/* Random histories of the vault against a reference that knows only what people stored: puts, reads,
 * deletions, roll-backs, rotations, sweeps, destructions, suspensions and time, with failing helpers and
 * crashes before and after each piece of work and each sync. A crash takes from engine and reference what was
 * not durable; blobs and data keys stay, as on a disk. Always: what is current reads back (I14), and what was
 * destroyed has no key left (I13, as far as the engine decides it). */
#include "core/state/vault_state.h"
#include "model/random.h"
#include "unit/check.h"
#include "unit/engine/vault_box.h"

enum { RUNS = 20, STEPS = 5200, PEOPLE = 2, PATHS = 2, SERVICES = 4, KEPT = AK_VAULT_VERSIONS };

struct kept {
    uint32_t version;
    uint32_t seed; /* of the value */
    uint32_t epoch;
};
struct credential {
    uint32_t last_version;
    uint32_t count;
    struct kept kept[KEPT]; /* newest first */
};
struct person {
    uint32_t epoch, old_epoch; /* 0: none */
    struct credential credentials[PATHS][SERVICES];
};
struct reference {
    struct person people[PEOPLE];
};

struct world {
    struct h h;
    struct box box;
    struct test_random random;
    struct reference now, durable;
    struct h_person people[PEOPLE];
    enum ak_code last; /* answer of the last call */
    uint64_t done, refused, crashes, moves, destroyed;
};

static const char *const names[PEOPLE] = {"alice", "bob"};
static const char *const paths[PATHS] = {NULL, "/a0"};
static const char *const services[SERVICES] = {"s0", "s1", "s2", "s3"};
static struct world world;

static uint64_t pick(uint64_t n)
{
    return test_random_below(&world.random, n);
}

static size_t value_of(uint32_t seed, uint8_t *out)
{
    size_t len = seed % 40;
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(seed >> (i % 4 * 8) ^ i);
    return len;
}

/* ---- durability ---- */

static void settle(void)
{
    h_settle(&world.h);
    world.durable = world.now;
}

static void sign_in(unsigned who)
{
    (void)h_sign_in(&world.h, &world.people[who], names[who]);
    settle();
}

static void crash(void)
{
    world.crashes++;
    world.box.fail = AK_VAULT_DONE;
    h_restart(&world.h, false);
    world.now = world.durable;
    h_tick(&world.h, 60 * 1000); /* buckets begin empty */
    for (unsigned who = 0; who < PEOPLE; who++) sign_in(who);
}

/* ---- what the reference takes from what was done ---- */

static void drop(struct credential *credential, uint32_t at)
{
    memmove(&credential->kept[at], &credential->kept[at + 1], (KEPT - at - 1) * sizeof credential->kept[0]);
    credential->count--;
}

static void push(struct person *person, struct credential *credential, uint32_t seed)
{
    if (person->epoch == 0) person->epoch = 1;
    if (credential->count == KEPT) credential->count--;
    memmove(&credential->kept[1], &credential->kept[0], credential->count * sizeof credential->kept[0]);
    credential->kept[0] = (struct kept){++credential->last_version, seed, person->epoch};
    credential->count++;
}

static void destroyed(struct person *person, uint32_t epoch)
{
    assert_int_equal(person->old_epoch, epoch);
    person->old_epoch = 0;
    world.destroyed++;
    for (unsigned i = 0; i < PATHS * SERVICES; i++) {
        struct credential *credential = &person->credentials[i / SERVICES][i % SERVICES];
        assert_true(credential->count == 0 || credential->kept[0].epoch != epoch); /* I14 */
        for (uint32_t at = 0; at < credential->count;)
            if (credential->kept[at].epoch == epoch)
                drop(credential, at);
            else
                at++;
    }
}

static unsigned person_of(const uint8_t anchor[32])
{
    for (unsigned who = 0; who < PEOPLE; who++)
        if (memcmp(world.people[who].anchor, anchor, 32) == 0) return who;
    fail();
    return 0;
}

/* Entries of the background, from `from` on. */
static void follow(uint64_t from)
{
    struct ak_entry entry;
    h_take(&world.h);
    for (uint64_t i = from; i < h_size(&world.h); i++) {
        h_entry(&world.h, i, &entry);
        if (!entry.has_anchor) continue;
        struct person *person = &world.now.people[person_of(entry.anchor)];
        if (entry.type == AK_ENTRY_EPOCH_ROTATED) {
            assert_int_equal(person->old_epoch, 0);
            person->old_epoch = person->epoch;
            person->epoch = (uint32_t)entry.to;
        }
        if (entry.type == AK_ENTRY_EPOCH_DESTROYED) destroyed(person, (uint32_t)entry.epoch);
        if (entry.type != AK_ENTRY_BLOB_MOVED) continue;
        world.moves++;
        unsigned path = ak_entry_has(&entry, AK_F_LABEL) ? 1 : 0;
        struct credential *credential = &person->credentials[path][entry.credential.ptr[1] - '0'];
        assert_int_equal(credential->kept[0].epoch, entry.from);
        credential->kept[0].epoch = (uint32_t)entry.to;
    }
}

/* ---- steps ---- */

/* Does the request's vault work; false where the machine died on the way. */
static bool do_work(void)
{
    while (world.h.out.vault.kind != AK_VAULT_NONE) {
        struct ak_vault_work work = world.h.out.vault;
        struct ak_vault_result result;
        if (pick(150) == 0) return false;
        if (pick(60) == 0) { /* something else comes first */
            struct ak_outcome out = world.h.out;
            uint64_t from = h_size(&world.h);
            (void)box_background(&world.h, &world.box);
            follow(from);
            world.h.out = out;
        }
        box_work(&world.box, &work, &world.h.out.body, &result);
        if (pick(150) == 0) return false;
        world.h.out.vault.kind = AK_VAULT_NONE;
        if (work.kind == AK_VAULT_READ && result.code == AK_VAULT_DONE) return true;
        ak_engine_vault_done(world.h.engine, &work, &result, &world.h.out);
    }
    return true;
}

/* Ends a call: true where it was done and answered. */
static bool end(enum ak_code code, unsigned who)
{
    if (code == AK_CODE_OK && !do_work()) {
        crash();
        return false;
    }
    world.last = code = world.h.out.code;
    if (code == AK_CODE_TOKEN_EXPIRED) sign_in(who);
    if (code == AK_CODE_RATE_LIMIT_EXCEEDED) h_tick(&world.h, 60 * 1000);
    world.done += code == AK_CODE_OK;
    world.refused += code != AK_CODE_OK;
    return code == AK_CODE_OK;
}

static bool hindered(void)
{
    enum ak_code code = world.last;
    return code == AK_CODE_TOKEN_EXPIRED || code == AK_CODE_RATE_LIMIT_EXCEEDED ||
           code == AK_CODE_NOT_READY || code == AK_CODE_STORAGE_FULL;
}

static void step_put(unsigned who, unsigned path, unsigned service)
{
    uint8_t value[64];
    uint32_t seed = (uint32_t)test_random_next(&world.random);
    struct person *person = &world.now.people[who];
    size_t len = value_of(seed, value);
    enum ak_code code =
        box_put(&world.h, &world.people[who], services[service], paths[path], ak_span(value, len));
    if (end(code, who)) push(person, &person->credentials[path][service], seed);
}

static void step_read(unsigned who, unsigned path, unsigned service)
{
    struct credential *credential = &world.now.people[who].credentials[path][service];
    uint32_t at = credential->count ? (uint32_t)pick(credential->count) : 0;
    uint32_t version = at ? credential->kept[at].version : 0;
    uint8_t value[64], none[1];
    size_t len = 0;
    enum ak_code code = box_read(&world.h, &world.people[who].device, h_token(&world.people[who]),
        services[service], paths[path], version, none, &len);
    uint64_t crashes = world.crashes;
    if (!end(code, who)) {
        /* a kept one goes with its epoch; the current one never */
        if (crashes == world.crashes && !hindered() && !(credential->count == 0 || at > 0))
            fail_msg("a current value does not read: %s", ak_code_name(world.last));
        return;
    }
    struct ak_msg_credential_read_reply reply;
    h_reply(&world.h, &ak_credential_read_reply_msg, &reply);
    assert_int_equal(reply.version, credential->kept[at].version);
    size_t expected = value_of(credential->kept[at].seed, value);
    assert_int_equal(reply.sealed.len, expected + AK_HPKE_TAG_LEN);
    for (size_t i = 0; i < expected; i++) assert_int_equal(reply.sealed.ptr[i] ^ 0x55, value[i]);
}

static void step_delete(unsigned who, unsigned path, unsigned service)
{
    struct credential *credential = &world.now.people[who].credentials[path][service];
    bool had = credential->count > 0;
    bool ok = end(box_delete(&world.h, &world.people[who], services[service], paths[path]), who);
    if (ok) credential->count = 0;
    if (!hindered()) assert_int_equal(ok, had);
}

static void step_rollback(unsigned who, unsigned path, unsigned service)
{
    struct person *person = &world.now.people[who];
    struct credential *credential = &person->credentials[path][service];
    if (credential->count < 2) return;
    struct kept kept = credential->kept[1 + pick(credential->count - 1)];
    if (!end(box_rollback(&world.h, &world.people[who], services[service], paths[path], kept.version), who))
        return;
    for (uint32_t at = 0; at < credential->count; at++)
        if (credential->kept[at].version == kept.version) {
            drop(credential, at);
            break;
        }
    push(person, credential, kept.seed);
}

static void step_rotate(unsigned who)
{
    struct person *person = &world.now.people[who];
    if (!end(box_rotate(&world.h, &world.people[who]), who)) return;
    assert_int_equal(person->old_epoch, 0);
    person->old_epoch = person->epoch++;
}

static void step_destroy(unsigned who)
{
    struct person *person = &world.now.people[who];
    uint32_t epoch = person->old_epoch;
    if (!epoch || !end(box_destroy(&world.h, &world.people[who], epoch), who)) return;
    destroyed(person, epoch);
    if (pick(4) == 0) crash(); /* the key is gone, its entry perhaps not durable */
}

/* Some of it is done, the engine hears of less, and the machine dies. */
static void step_unheard(void)
{
    static struct ak_vault_work works[AK_VAULT_TOGETHER];
    static struct ak_vault_result results[AK_VAULT_TOGETHER];
    size_t count = ak_engine_vault_next(world.h.engine, works)
                       ? ak_engine_vault_more(world.h.engine, works, world.box.together)
                       : 0;
    size_t done = count ? 1 + pick(count) : 0, heard = done ? pick(done) : 0;
    for (size_t i = 0; i < done; i++) box_work(&world.box, &works[i], NULL, &results[i]);
    for (size_t i = 0; i < heard; i++) ak_engine_vault_done(world.h.engine, &works[i], &results[i], NULL);
    crash();
}

static void step_background(void)
{
    uint64_t from = h_size(&world.h);
    if (pick(20) == 0) world.box.fail = pick(2) ? AK_VAULT_UNAVAILABLE : AK_VAULT_FULL;
    world.box.together = pick(2) ? 1 : AK_VAULT_TOGETHER;
    if (pick(200) == 0) {
        step_unheard();
        return;
    }
    (void)box_background(&world.h, &world.box);
    world.box.fail = AK_VAULT_DONE;
    follow(from);
    if (pick(4) == 0) step_destroy((unsigned)pick(PEOPLE)); /* what was just moved is not durable yet */
}

static void step_time(void)
{
    static const uint64_t hours[] = {0, 0, 0, 0, 0, 1, 5, 24};
    h_tick(&world.h, 500 + pick(4000) + hours[pick(8)] * (pick(12) == 0) * 3600 * 1000);
}

static void step_suspend(unsigned who)
{
    enum ak_code code =
        h_change(&world.h, &world.people[who], pick(2) ? AK_CALL_AGENT_SUSPEND : AK_CALL_AGENT_RESUME, "a0");
    (void)end(code, who);
}

static void step(void)
{
    unsigned who = (unsigned)pick(PEOPLE), path = (unsigned)pick(PATHS), service = (unsigned)pick(SERVICES);
    uint64_t kind = pick(100);
    if (kind < 12)
        step_put(who, path, service);
    else if (kind < 24)
        step_read(who, path, service);
    else if (kind < 27)
        step_delete(who, path, service);
    else if (kind < 30)
        step_rollback(who, path, service);
    else if (kind < 32)
        step_rotate(who);
    else if (kind < 34)
        step_destroy(who);
    else if (kind < 35)
        step_suspend(who);
    else if (kind < 75)
        step_background();
    else if (kind < 99)
        step_time();
    else if (pick(6) == 0)
        crash();
    if (pick(10) < 7) settle();
}

/* ---- what must hold ---- */

static void check_credential(
    const struct ak_state *state, uint32_t account, unsigned who, unsigned path, unsigned service)
{
    const struct credential *credential = &world.now.people[who].credentials[path][service];
    uint32_t number = AK_INDEX_NONE;
    uint8_t value[64], expected[64];
    if (path) assert_non_null(ak_state_path(state, account, AK_SPAN_LIT("a0"), &number));
    const struct ak_credential_state *found =
        ak_state_credential(state, account, number, ak_span_str(services[service]), NULL);
    if (credential->last_version == 0) return;
    assert_non_null(found);
    assert_int_equal(found->last_version, credential->last_version);
    assert_int_equal(found->kept, credential->count);
    uint32_t at = found->newest;
    for (uint32_t n = 0; n < credential->count; n++) {
        const struct ak_blob_state *blob = ak_state_blob_at(state, at);
        const struct kept *kept = &credential->kept[n];
        assert_int_equal(blob->version, kept->version);
        assert_int_equal(ak_state_epoch_at(state, blob->epoch)->number, kept->epoch);
        struct box_file *file = box_file(&world.box, blob->blob_id);
        at = blob->older;
        /* after a crash in a destruction the keys of kept ones may be gone already */
        size_t len = file ? box_open_file(&world.box, file, world.box.scratch) : SIZE_MAX;
        if (n == 0) assert_true(len != SIZE_MAX); /* I14 */
        if (len == SIZE_MAX) continue;
        memcpy(value, world.box.scratch, len);
        assert_int_equal(len, value_of(kept->seed, expected));
        assert_memory_equal(value, expected, len);
    }
}

static void check(void)
{
    const struct ak_state *state = ak_engine_state(world.h.engine);
    uint64_t blobs = 0;
    for (unsigned who = 0; who < PEOPLE; who++) {
        uint32_t number = 0;
        const struct ak_account *account = ak_state_account(state, world.people[who].anchor, &number);
        assert_non_null(account);
        const struct ak_epoch_state *now = ak_state_epoch_current(state, account);
        const struct ak_epoch_state *old = ak_state_epoch_old(state, account);
        assert_int_equal(now ? now->number : 0, world.now.people[who].epoch);
        assert_int_equal(old ? old->number : 0, world.now.people[who].old_epoch);
        for (unsigned i = 0; i < PATHS * SERVICES; i++) {
            check_credential(state, number, who, i / SERVICES, i % SERVICES);
            blobs += world.now.people[who].credentials[i / SERVICES][i % SERVICES].count;
        }
        for (uint32_t at = account->epoch; at != AK_INDEX_NONE;) { /* I13: what is destroyed has no key */
            const struct ak_epoch_state *epoch = ak_state_epoch_at(state, at);
            struct ak_epoch_key key = {.epoch = epoch->number};
            memcpy(key.anchor, account->anchor, 32);
            memcpy(key.dek_id, epoch->dek_id, 32);
            if (epoch->status == AK_EPOCH_DESTROYED) assert_false(box_has_dek(&world.box, &key));
            if (epoch->status == AK_EPOCH_LIVE) assert_true(box_has_dek(&world.box, &key));
            at = epoch->before;
        }
    }
    assert_int_equal(state->blob_count, blobs);
}

static void begin(uint64_t seed)
{
    struct h_agent agent;
    struct h *h = &world.h;
    memset(&world.now, 0, sizeof world.now);
    world.random.state = seed;
    h_open(h);
    box_open(&world.box, h);
    h->vault = NULL; /* its work is done here, with crashes between */
    for (unsigned who = 0; who < PEOPLE; who++) {
        h_person(h, &world.people[who], names[who], who + 1);
        h_agent(h, &world.people[who], &agent, 10 + who, "a0", "s0", 0);
        h_device_done(&agent.device);
    }
    h->manual = true;
    settle();
}

static void histories_agree(void **state)
{
    (void)state;
    uint64_t steps = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        begin(seed);
        for (unsigned i = 0; i < STEPS; i++, steps++) {
            step();
            if (i % 64 == 0) check();
        }
        settle();
        check();
        for (unsigned who = 0; who < PEOPLE; who++) h_device_done(&world.people[who].device);
        h_close(&world.h);
        box_close(&world.box);
    }
    printf("seeds 1 to %d: %llu steps, %llu done, %llu refused, %llu crashes, %llu moves, %llu destroyed\n",
        RUNS, (unsigned long long)steps, (unsigned long long)world.done, (unsigned long long)world.refused,
        (unsigned long long)world.crashes, (unsigned long long)world.moves,
        (unsigned long long)world.destroyed);
    assert_true(steps >= 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
