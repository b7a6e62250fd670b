/* When what became durable is sealed, by a clock that the test gives: what takes rights away at once, other
 * control entries within 10 s, uses within 60 s of the first one that waits (docs/formats/sealed.md, Order of
 * writing); a real engine says what an answer waits for. */
#include "unit/engine/world.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "programs/worker/keeper.h"
#include "rollback/fake_tee.h"

enum { AT_ONCE = 0 };

static struct fake_tee chip;
static struct ak_keeper keeper;
static struct ak_seal_state sealed;
static struct ak_pending pending;
static unsigned seals;

static void commit_work(void *ctx)
{
    struct ak_commit *commit = ctx;
    commit->result = AK_OK;
}

static void seal_work(void *ctx)
{
    struct ak_sealing *sealing = ctx;
    sealing->result = AK_OK;
    sealing->state->n++;
    seals++;
}

static int setup(void **state)
{
    (void)world_setup(state);
    struct world *w = *state;
    fake_tee_init(&chip, 7);
    memset(&keeper, 0, sizeof keeper);
    memset(&pending, 0, sizeof pending);
    seals = 0;
    w->h.manual = true;
    keeper.engine = w->h.engine;
    keeper.durable_size = keeper.sealed_size = h_size(&w->h);
    keeper.tee = (struct ak_tee){&fake_tee_ops, &chip};
    keeper.state = &sealed;
    keeper.sealing = (struct ak_sealing){.file = &keeper.sealed, .state = &sealed};
    keeper.event_fd = eventfd(0, 0);
    if (ak_helper_start(&keeper.committer, commit_work, &keeper.commit, keeper.event_fd)) return -1;
    return ak_helper_start(&keeper.sealer, seal_work, &keeper.sealing, keeper.event_fd) ? -1 : 0;
}

static int teardown(void **state)
{
    ak_helper_stop(&keeper.committer);
    ak_helper_stop(&keeper.sealer);
    return world_teardown(state) || close(keeper.event_fd) ? -1 : 0;
}

static void wait_event(void)
{
    uint64_t count;
    assert_int_equal(read(keeper.event_fd, &count, sizeof count), sizeof count);
}

/* The open batch becomes durable; the time from which what waits is counted. */
static uint64_t commit(struct world *w)
{
    assert_int_equal(ak_engine_batch_take(w->h.engine, w->h.counter, &keeper.commit.batch), AK_OK);
    ak_helper_give(&keeper.committer);
    wait_event();
    ak_keeper_commit_done(&keeper);
    assert_true(keeper.unsealed_since_ms > 0);
    return keeper.unsealed_since_ms;
}

/* One turn of the loop at this time; whether it sealed. */
static bool turn(uint64_t now_ms)
{
    unsigned before = seals;
    ak_keeper_seal_if_due(&keeper, now_ms);
    if (ak_helper_idle(&keeper.sealer)) return false;
    wait_event();
    keeper.sealing_list = (struct ak_pending_list){0}; /* who waits for it would be answered now */
    ak_keeper_seal_done(&keeper);
    assert_int_equal(seals, before + 1);
    assert_int_equal(keeper.sealed_size, keeper.durable_size);
    return true;
}

/* As the keeper lets an answer wait. */
static void wait_for_seal(struct world *w)
{
    if (!(w->h.out.wait & AK_WAIT_SEALED)) return;
    pending.size = w->h.out.size;
    keeper.sealing_list = (struct ak_pending_list){&pending, &pending};
}

static void uses(struct world *w)
{
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    wait_for_seal(w);
}

static void changes(struct world *w, unsigned call)
{
    assert_int_equal(h_change(&w->h, &w->alice, call, "agent-1"), AK_CODE_OK);
    wait_for_seal(w);
}

static void expect_due(uint64_t since_ms, uint64_t limit_ms)
{
    if (limit_ms) assert_false(turn(since_ms));
    if (limit_ms) assert_false(turn(since_ms + limit_ms - 1));
    assert_true(turn(since_ms + limit_ms));
    assert_false(turn(since_ms + 2 * AK_SEAL_USE_MS)); /* and not again */
}

static void uses_wait_a_minute(void **state)
{
    struct world *w = *state;
    assert_false(turn(UINT32_MAX)); /* nothing happened yet */
    uses(w);
    assert_null(keeper.sealing_list.first);
    expect_due(commit(w), 60000);
}

static void control_waits_ten_seconds(void **state)
{
    struct world *w = *state;
    changes(w, AK_CALL_AGENT_SUSPEND);
    expect_due(commit(w), AT_ONCE);
    w->h.out.wait = 0;
    ak_engine_sealed(w->h.engine, keeper.sealed_size, keeper.durable_root, AK_SPAN_EMPTY, 8);
    changes(w, AK_CALL_AGENT_RESUME); /* gives rights */
    assert_null(keeper.sealing_list.first);
    expect_due(commit(w), 10000);
}

static void taking_rights_away_waits_for_nothing(void **state)
{
    struct world *w = *state;
    static const unsigned calls[] = {AK_CALL_AGENT_SUSPEND, AK_CALL_AGENT_RESUME, AK_CALL_AGENT_DECOMMISSION};
    for (size_t i = 0; i < AK_COUNT(calls); i++) {
        changes(w, calls[i]);
        bool takes = calls[i] != AK_CALL_AGENT_RESUME;
        assert_int_equal(keeper.sealing_list.first != NULL, takes);
        expect_due(commit(w), takes ? AT_ONCE : 10000);
    }
}

/* The answer waits for a batch that is not durable yet: nothing older is sealed in its place. */
static void not_before_it_is_durable(void **state)
{
    struct world *w = *state;
    uses(w);
    uint64_t since = commit(w);
    changes(w, AK_CALL_AGENT_SUSPEND);
    assert_non_null(keeper.sealing_list.first);
    assert_false(turn(since + 1));
    (void)commit(w);
    assert_true(turn(since + 1));
}

/* From the first that waits on; a change among uses shortens what is left. */
static void the_oldest_counts(void **state)
{
    struct world *w = *state;
    uses(w);
    uint64_t since = commit(w);
    uses(w);
    assert_int_equal(commit(w), since);
    assert_false(turn(since + 10000));
    changes(w, AK_CALL_AGENT_SUSPEND);
    keeper.sealing_list = (struct ak_pending_list){0}; /* of the change only that it is one */
    assert_int_equal(commit(w), since);
    assert_false(turn(since + 9999));
    assert_true(turn(since + 10000));
}

/* What becomes durable while a seal is under way is in none yet, and gets its own time. */
static void what_comes_during_a_seal(void **state)
{
    struct world *w = *state;
    uses(w);
    uint64_t since = commit(w);
    ak_keeper_seal_if_due(&keeper, since + AK_SEAL_USE_MS);
    wait_event();
    uint64_t covers = sealed.checkpoint_size;
    uses(w);
    (void)commit(w);
    ak_keeper_seal_done(&keeper);
    assert_int_equal(keeper.sealed_size, covers);
    assert_true(keeper.durable_size > covers);
    uint64_t again = keeper.unsealed_since_ms;
    assert_true(again > 0);
    expect_due(again, 60000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(uses_wait_a_minute), T(control_waits_ten_seconds),
        T(taking_rights_away_waits_for_nothing), T(not_before_it_is_durable), T(the_oldest_counts),
        T(what_comes_during_a_seal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
