/* Engine and store together: a process that is killed at each write, and a start from what its file holds.
 * What it had told is there; what it had not may be there or not, but whole (I3, I11, I16). */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/store.h"
#include "unit/engine/world.h"

enum { KILLS = 40 };

static char folder[64];
static char path[96];

static int make_store(void **state)
{
    struct ak_engine_conf conf = h_conf();
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/ak-engine-XXXXXX", base);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    struct ak_store_options options = {.path = path, .reserve_len = 256 * 1024};
    assert_int_equal(ak_store_create(&options, conf.log_id), AK_OK);
    return 0;
}

static int remove_store(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-reserve", "-new", "-new-wal", "-new-shm"};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
    return rmdir(folder);
}

static struct ak_store *open_store(bool read_only)
{
    struct ak_store_options options = {.path = path, .reserve_len = 256 * 1024, .read_only = read_only};
    struct ak_store *store = NULL;
    assert_int_equal(ak_store_open(&options, &store), AK_OK);
    return store;
}

static enum ak_err append(struct ak_store *store, const struct h_batch *batch)
{
    struct ak_store_batch stored = {
        batch->first, batch->size - batch->first, batch->segment, batch->leaves, batch->record};
    return ak_store_append(store, &stored, batch->subtrees, batch->subtree_count, batch->control);
}

/* ---- the process that is killed ---- */

/* What it tells its clients: the size that is durable, and the state at that size. */
struct told {
    uint64_t size;
    uint8_t hash[32];
};

enum point { BEFORE_APPEND, AFTER_APPEND, AFTER_TELLING };

struct worker {
    struct world w;
    struct ak_store *store;
    size_t stored;
    int out;
    unsigned left; /* writes until it dies */
    enum point point;
};

static void die_at(struct worker *worker, enum point point)
{
    if (worker->left == 0 && worker->point == point) (void)kill(getpid(), SIGKILL);
}

static void store_all(struct worker *worker)
{
    struct h *h = &worker->w.h;
    for (; worker->stored < h->batch_count; worker->stored++) {
        struct told told = {.size = h_size(h)};
        die_at(worker, BEFORE_APPEND);
        H_CHECK(append(worker->store, &h->batches[worker->stored]) == AK_OK);
        die_at(worker, AFTER_APPEND);
        if (worker->stored + 1 == h->batch_count) {
            h_state_hash(h->engine, told.hash);
            H_CHECK(write(worker->out, &told, sizeof told) == sizeof told);
        }
        die_at(worker, AFTER_TELLING);
        if (worker->left) worker->left--;
    }
}

static void work(struct worker *worker)
{
    struct world *w = &worker->w;
    h_open(&w->h);
    store_all(worker);
    h_person(&w->h, &w->alice, "alice", 1);
    store_all(worker);
    h_agent(&w->h, &w->alice, &w->agent, 10, "agent-1", "cap:sign-message", 0);
    store_all(worker);
    for (unsigned i = 0;; i++) {
        H_CHECK(h_agent_sign(&w->h, &w->agent, "x") == AK_CODE_OK);
        store_all(worker);
        H_CHECK(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1") == AK_CODE_OK);
        H_CHECK(h_agent_renew(&w->h, &w->agent) == AK_CODE_OK);
        store_all(worker);
        h_tick(&w->h, 2000);
    }
}

/* Runs a worker that dies at its `writes`-th write; the last thing that it told. */
static struct told run_and_kill(unsigned writes, enum point point)
{
    int ends[2];
    struct told told = {0}, next;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static struct worker worker;
        close(ends[0]);
        worker.out = ends[1];
        worker.left = writes;
        worker.point = point;
        worker.store = open_store(false);
        work(&worker);
        _exit(1);
    }
    close(ends[1]);
    while (read(ends[0], &next, sizeof next) == sizeof next) told = next;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return told;
}

/* ---- the start after it ---- */

/* Replays the file; the state's hash at `size` goes to out_hash where a batch ends there. */
static uint64_t replay(struct h *h, struct ak_store *store, uint64_t size, uint8_t out_hash[32])
{
    struct ak_arena arena;
    struct ak_engine *engine = h_replay(h, 0, &arena);
    uint64_t height = 0, bad = 0;
    assert_int_equal(ak_store_height(store, &height), AK_OK);
    while (ak_engine_log(engine)->tree.size < height) {
        struct ak_store_batch batch;
        assert_int_equal(ak_store_read_batch(store, ak_engine_log(engine)->tree.size, &batch), AK_OK);
        assert_int_equal(ak_engine_replay(engine, batch.entries, batch.record, &bad), AK_OK);
        if (ak_engine_log(engine)->tree.size == size) h_state_hash(engine, out_hash);
    }
    if (height) assert_int_equal(ak_engine_start(engine, false, 1000000, h->wall_ms, h->mono_ms), AK_OK);
    ak_engine_free(engine);
    ak_arena_done(&arena);
    return height;
}

static void test_killed_at_each_write(void **state)
{
    static struct h h;
    (void)state;
    h_open(&h); /* root and settings, the same as the worker's */
    for (unsigned i = 0; i < KILLS; i++) {
        struct told told;
        uint8_t hash[32] = {0};
        if (i) assert_int_equal(make_store(NULL), 0);
        told = run_and_kill(i / 3, (enum point)(i % 3));
        struct ak_store *store = open_store(false);
        uint64_t height = replay(&h, store, told.size, hash);
        assert_true(height >= told.size); /* I3 */
        if (told.size) assert_memory_equal(hash, told.hash, 32);
        ak_store_close(store);
        if (i + 1 < KILLS) assert_int_equal(remove_store(NULL), 0);
    }
    h_close(&h);
}

/* ---- reading from the store ---- */

static enum ak_err read_batch(void *ctx, uint64_t index, struct ak_read_batch *out_batch)
{
    struct ak_store_batch batch;
    AK_TRY(ak_store_read_batch(ctx, index, &batch));
    *out_batch = (struct ak_read_batch){batch.first, batch.count, batch.entries, batch.leaves};
    return AK_OK;
}

/* Answers and proofs out of the file, over enough entries that stored subtrees are used. */
static void test_answers_from_the_store(void **state)
{
    static struct worker worker;
    static struct ak_read_memory memory;
    struct world *w = &worker.w;
    (void)state;
    memset(&worker, 0, sizeof worker);
    worker.store = open_store(false);
    worker.left = UINT32_MAX;
    worker.out = STDERR_FILENO;
    h_open(&w->h);
    h_person(&w->h, &w->alice, "alice", 1);
    for (unsigned i = 0; i < 600; i++) {
        if (i % 90 == 0) h_tick(&w->h, 60000);
        assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    }
    for (size_t i = 0; i < w->h.batch_count; i++)
        assert_int_equal(append(worker.store, &w->h.batches[i]), AK_OK);
    struct ak_read_source source = {read_batch, worker.store, ak_store_merkle_source(worker.store), 0};
    for (uint64_t index = 5; index < h_size(&w->h); index += 97) {
        struct ak_msg_inclusion_request request = {.index = index};
        struct ak_span body;
        uint64_t bad = 0;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &request), AK_CODE_OK);
        assert_int_equal(ak_read_answer(&w->h.out.read, &source, &memory, &body, &bad), AK_CODE_OK);
        assert_true(body.len > 0);
    }
    struct ak_msg_consistency_request request = {.from = 300};
    struct ak_span body;
    uint64_t bad = 0;
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &request), AK_CODE_OK);
    assert_int_equal(ak_read_answer(&w->h.out.read, &source, &memory, &body, &bad), AK_CODE_OK);
    ak_store_close(worker.store);
    h_device_done(&w->alice.device);
    h_close(&w->h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed_at_each_write, make_store, remove_store),
        cmocka_unit_test_setup_teardown(test_answers_from_the_store, make_store, remove_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
