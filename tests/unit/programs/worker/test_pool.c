/* The key pool: every job comes back once with its result, the loop is told, and the end loses none. */
#include "unit/keys/given.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/engine/job.h"
#include "programs/worker/helper.h"
#include "programs/worker/pool.h"

enum { JOBS = 200 };

static struct ak_root root;
static struct ak_user_points user;
static struct ak_pool pool;
static struct ak_job jobs[JOBS];
static struct ak_pool_item items[JOBS];
static int event_fd;

static struct ak_job *job_of(struct ak_pool_item *item)
{
    return &jobs[item - items];
}

static void run_job(struct ak_pool_item *item, struct ak_job_keys *keys)
{
    ak_job_run(job_of(item), keys);
}

static int setup(void **state)
{
    (void)state;
    uint8_t anchor[32];
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    given_bytes(GIVEN_OMNI, anchor, 32);
    assert_int_equal(ak_keys_user_points(&root, anchor, &user), AK_OK);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] =
            (struct ak_job){.kind = AK_JOB_SIGN_USER, .verify = true, .root = &root, .user = user.point};
        memcpy(jobs[i].anchor, anchor, 32);
        memset(jobs[i].digest, (int)i, 32);
        jobs[i].result = AK_E_STATE;
        items[i] = (struct ak_pool_item){NULL, run_job};
    }
    return event_fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_pool_stop(&pool);
    ak_root_close(&root);
    close(event_fd);
    return 0;
}

static void start(size_t threads)
{
    assert_int_equal(ak_pool_start(&pool, threads, false, event_fd), AK_OK);
    assert_int_equal(pool.count, threads);
}

static void give(size_t from, size_t count)
{
    for (size_t i = from; i + 1 < from + count; i++) items[i].next = &items[i + 1];
    ak_pool_give(&pool, &items[from], &items[from + count - 1], count);
}

/* Waits for what is told, takes it and checks it; how many came. */
static size_t take(bool *seen)
{
    struct pollfd fd = {.fd = event_fd, .events = POLLIN};
    size_t count = 0;
    assert_int_equal(poll(&fd, 1, -1), 1);
    ak_event_clear(event_fd);
    for (struct ak_pool_item *item = ak_pool_take(&pool); item; item = item->next, count++) {
        size_t number = (size_t)(item - items);
        assert_true(number < JOBS && !seen[number]);
        seen[number] = true;
        assert_int_equal(job_of(item)->result, AK_OK);
        assert_int_equal(ak_k256_verify(job_of(item)->digest, job_of(item)->signature, &user.point), AK_OK);
    }
    return count;
}

static void every_job_comes_back_once(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 2, 5};
    static const size_t chunks[] = {1, 3, 50, JOBS};
    for (size_t t = 0; t < AK_COUNT(threads); t++) {
        start(threads[t]);
        for (size_t c = 0; c < AK_COUNT(chunks); c++) {
            bool seen[JOBS] = {false};
            size_t back = 0;
            for (size_t at = 0; at < JOBS; at += chunks[c])
                give(at, at + chunks[c] <= JOBS ? chunks[c] : JOBS - at);
            while (back < JOBS) back += take(seen);
            assert_int_equal(back, JOBS);
            assert_null(ak_pool_take(&pool));
        }
        ak_pool_stop(&pool);
        ak_event_clear(event_fd);
    }
}

/* While it is busy it tells the loop again, so that the loop may sleep on it. */
static void busy_until_the_last_is_told(void **state)
{
    (void)state;
    bool seen[JOBS] = {false};
    size_t back = 0;
    start(2);
    assert_false(ak_pool_busy(&pool));
    give(0, JOBS);
    while (ak_pool_busy(&pool)) back += take(seen);
    while (back < JOBS) back += take(seen);
    assert_false(ak_pool_busy(&pool));
    assert_int_equal(back, JOBS);
}

static void stop_finishes_what_was_given(void **state)
{
    (void)state;
    start(2);
    give(0, JOBS);
    ak_pool_stop(&pool);
    for (size_t i = 0; i < JOBS; i++) assert_int_equal(jobs[i].result, AK_OK);
    assert_int_equal(pool.count, 0);
}

static void a_failed_job_comes_back_too(void **state)
{
    (void)state;
    struct pollfd fd = {.fd = event_fd, .events = POLLIN};
    static const uint8_t zeros[65];
    start(1);
    assert_int_equal(ak_keys_user_points(&root, zeros, &user), AK_OK);
    jobs[0].user = user.point; /* another account's */
    give(0, 1);
    assert_int_equal(poll(&fd, 1, -1), 1);
    struct ak_pool_item *item = ak_pool_take(&pool);
    assert_ptr_equal(item, &items[0]);
    assert_null(item->next);
    assert_int_not_equal(jobs[0].result, AK_OK);
    assert_memory_equal(jobs[0].signature, zeros, 65);
}

static void no_more_threads_than_there_are_places(void **state)
{
    (void)state;
    assert_int_equal(ak_pool_start(&pool, AK_POOL_THREADS_MAX + 1, false, event_fd), AK_OK);
    assert_int_equal(pool.count, AK_POOL_THREADS_MAX);
    assert_null(ak_pool_take(&pool));
}

static void stop_without_a_start(void **state)
{
    (void)state;
    pool = (struct ak_pool){0};
    ak_pool_stop(&pool);
    assert_int_equal(pool.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_job_comes_back_once, setup, teardown),
        cmocka_unit_test_setup_teardown(busy_until_the_last_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_finishes_what_was_given, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_job_comes_back_too, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_threads_than_there_are_places, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_without_a_start, setup, teardown),
    };
    return cmocka_run_group_tests_name("worker pool", tests, NULL, NULL);
}
