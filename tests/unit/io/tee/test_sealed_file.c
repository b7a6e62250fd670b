/* Each way a start is refused, by name, and the life of a state over starts and writes. */
#include "unit/check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto/gcm.h"
#include "base/crypto/sha256.h"
#include "unit/io/tee/world.h"

static struct ak_seal_state got;

static int setup(void **state)
{
    (void)state;
    memfs_init(&fs);
    return world_init(1) == AK_SEALED_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    world_stop();
    return 0;
}

static enum ak_sealed_result restart(void)
{
    world_stop();
    return world_start(&got);
}

static uint64_t counter(void)
{
    uint8_t id[16];
    uint64_t value = 0;
    assert_int_equal(tee.ops->counter_read(tee.impl, id, &value), AK_OK);
    return value;
}

static void state_survives(void **state)
{
    (void)state;
    struct ak_seal_state next;
    assert_true(counter() == 1);
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_true(got.checkpoint_size == 1);
    assert_false(got.clean);
    world_state(&next, 20);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
    assert_true(next.n == sealed.n && counter() == sealed.n);
    next.clean = true;
    next.clean_size = 20;
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_true(got.clean && got.clean_size == 20 && got.checkpoint_size == 20);
    assert_true(got.n == sealed.n);
    assert_int_equal(got.roots[0].secret.bytes[31], 0x5e);
    /* The start itself has taken the clean mark away. */
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_false(got.clean);
    assert_true(got.clean_size == 0);
    assert_int_equal(ak_sealed_file_check(&sealed), AK_OK);
}

enum { STACK = 256 * 1024 };
static _Alignas(4096) uint8_t stack[STACK];

static void *write_a_state(void *arg)
{
    return ak_sealed_file_write(&sealed, arg) == AK_OK ? arg : NULL;
}

static struct ak_secret32 drawn; /* the last key */
static enum ak_err noting_random(void *impl, void *out_bytes, size_t len)
{
    AK_TRY(ak_tee_software.random(impl, out_bytes, len));
    if (len == sizeof drawn.bytes) memcpy(drawn.bytes, out_bytes, len);
    return AK_OK;
}

/* The key of a state is nowhere on the stack of the thread that sealed it (I2). */
static void its_key_does_not_stay(void **state)
{
    (void)state;
    struct ak_seal_state next;
    struct ak_tee_ops noting = *tee.ops;
    pthread_attr_t how;
    pthread_t thread;
    void *done = NULL;
    noting.random = noting_random;
    tee.ops = &noting;
    world_state(&next, 20);
    assert_int_equal(pthread_attr_init(&how), 0);
    assert_int_equal(pthread_attr_setstack(&how, stack, sizeof stack), 0);
    assert_int_equal(pthread_create(&thread, &how, write_a_state, &next), 0);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    assert_null(memmem(stack, sizeof stack, drawn.bytes, 16));
    assert_null(memmem(stack, sizeof stack, drawn.bytes + 16, 16));
    (void)pthread_attr_destroy(&how);
    tee.ops = &ak_tee_software;
}

static void init_only_once(void **state)
{
    (void)state;
    struct ak_seal_state again;
    world_state(&again, 2);
    assert_int_equal(ak_sealed_file_create(&sealed, &again), AK_SEALED_EXISTS);
    memfs_find(&fs, 0, AK_SEALED_NAME)->len = 3; /* damaged is still there */
    assert_int_equal(ak_sealed_file_create(&sealed, &again), AK_SEALED_EXISTS);
}

static void never_initialised(void **state)
{
    (void)state;
    world_stop();
    memfs_init(&fs);
    assert_int_equal(world_start(&got), AK_SEALED_NO_STATE);
    assert_int_equal(world_open_tee(true), AK_OK);
    ak_tee_close(&tee);
    assert_int_equal(world_start(&got), AK_SEALED_NO_STATE);
}

static void refusals_by_name(void **state)
{
    (void)state;
    uint8_t kept[MEMFS_FILE_MAX];
    struct memfs_inode *file = memfs_find(&fs, 0, AK_SEALED_NAME);
    size_t len = file->len;
    memcpy(kept, file->bytes, len);
    assert_int_equal(restart(), AK_SEALED_OK);
    memfs_put(&fs, 0, AK_SEALED_NAME, kept, len);
    assert_int_equal(restart(), AK_SEALED_STALE);
    assert_int_equal(got.root_count, 0);
    /* Header bytes decide the name of the refusal, never an acceptance. */
    const struct {
        size_t offset;
        enum ak_sealed_result result;
    } cases[] = {{0, AK_SEALED_DAMAGED}, {9, AK_SEALED_DAMAGED}, {11, AK_SEALED_FOREIGN_BACKEND},
        {12, AK_SEALED_AHEAD}, {20, AK_SEALED_FOREIGN_COUNTER}, {35, AK_SEALED_FOREIGN_COUNTER},
        {36, AK_SEALED_DAMAGED}, {68, AK_SEALED_DAMAGED}, {100, AK_SEALED_DAMAGED}, {132, AK_SEALED_DAMAGED},
        {150, AK_SEALED_DAMAGED}, {230, AK_SEALED_DAMAGED}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        teardown(NULL);
        setup(NULL);
        memfs_find(&fs, 0, AK_SEALED_NAME)->bytes[cases[i].offset] ^= 0x40;
        assert_int_equal(restart(), cases[i].result);
    }
}

static void every_bit_of_the_file(void **state)
{
    (void)state;
    struct memfs_inode *file = memfs_find(&fs, 0, AK_SEALED_NAME);
    for (size_t i = 0; i < file->len; i++) {
        file->bytes[i] ^= 0x04;
        enum ak_sealed_result result = restart();
        assert_int_not_equal(result, AK_SEALED_OK);
        assert_int_equal(got.root_count, 0);
        file->bytes[i] ^= 0x04;
    }
    for (size_t len = file->len; len-- > 0;) {
        file->len = len;
        assert_int_equal(restart(), AK_SEALED_DAMAGED);
    }
}

static void counter_turned_back(void **state)
{
    (void)state;
    struct memfs_inode old = *memfs_find(&fs, 1, "counter");
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_int_equal(restart(), AK_SEALED_OK);
    memfs_put(&fs, 1, "counter", old.bytes, old.len);
    assert_int_equal(restart(), AK_SEALED_AHEAD);
    memfs_remove(&fs, 1, "key");
    assert_int_equal(restart(), AK_SEALED_NO_TEE);
}

static bool says_no(void *ctx, struct ak_span config)
{
    *(bool *)ctx = ak_span_eq(config, AK_SPAN_ARR(world_config));
    return false;
}

/* The settings are asked before the counter moves, and only about what was sealed. */
static void other_trust_configuration(void **state)
{
    (void)state;
    bool asked = false;
    uint8_t id[16];
    uint64_t before = 0, after = 0;
    struct ak_sealed_trust other = {.config = AK_SPAN_LIT("other"), .fits = says_no, .ctx = &asked};
    world_stop();
    assert_int_equal(world_open_tee(false), AK_OK);
    assert_int_equal(tee.ops->counter_read(tee.impl, id, &before), AK_OK);
    assert_int_equal(ak_sealed_file_open(&sealed, MEMFS_DIR_FD, &fs_ops, &tee, &other), AK_SEALED_OK);
    assert_int_equal(ak_sealed_file_start(&sealed, &got), AK_SEALED_CONFIG);
    assert_true(asked);
    assert_int_equal(tee.ops->counter_read(tee.impl, id, &after), AK_OK);
    assert_int_equal(after, before);
    assert_int_equal(got.root_count, 0);
    struct ak_seal_state next;
    world_state(&next, 2);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_STATE); /* not started */
    assert_int_equal(ak_sealed_file_check(&sealed), AK_E_STATE);
}

/* What is sealed stays, whatever the settings say; a write with another one changes it, and its hash. */
static void trust_configuration_is_what_was_sealed(void **state)
{
    (void)state;
    struct ak_seal_state next;
    uint8_t hash[32];
    world_trust.config = AK_SPAN_LIT("settings of today");
    assert_int_equal(restart(), AK_SEALED_OK);
    world_trust.config = AK_SPAN_ARR(world_config);
    assert_true(ak_span_eq(ak_span(got.trust, got.trust_len), AK_SPAN_ARR(world_config)));
    ak_sha256(AK_SPAN_ARR(world_config), hash);
    assert_memory_equal(sealed.config, hash, 32);
    world_state(&next, 2);
    memcpy(next.trust, "changed", 7);
    next.trust_len = 7;
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_true(ak_span_eq(ak_span(got.trust, got.trust_len), AK_SPAN_LIT("changed")));
    ak_sha256(AK_SPAN_LIT("changed"), hash);
    assert_memory_equal(sealed.config, hash, 32);
}

/* Makes the file one of format 1, as an earlier version left it: the same without its trust configuration. */
static void make_old_file(void)
{
    static uint8_t file[AK_SEAL_FILE_MAX], plain[AK_SEAL_BODY_MAX];
    struct memfs_inode *inode = memfs_find(&fs, 0, AK_SEALED_NAME);
    struct ak_seal_header header;
    struct ak_secret32 key;
    size_t len = inode->len;
    memcpy(file, inode->bytes, len);
    assert_int_equal(ak_seal_parse_header(ak_span(file, len), &header), AK_OK);
    assert_int_equal(tee.ops->unseal(tee.impl, header.kek_blob, header.n, &key), AK_OK);
    size_t head = AK_SEAL_HEADER_LEN + header.kek_blob.len, body = len - head - 16;
    assert_int_equal(
        ak_gcm_open(&key, header.nonce, ak_span(file, head), ak_span(file + head, body + 16), plain), AK_OK);
    body -= 2 + sizeof world_config;
    file[9] = AK_SEAL_FORMAT_OLD;
    memcpy(file + 100, world_trust.legacy, 32);
    file[head - 2] = (uint8_t)((body + 16) >> 8);
    file[head - 1] = (uint8_t)(body + 16);
    assert_int_equal(
        ak_gcm_seal(&key, header.nonce, ak_span(file, head), ak_span(plain, body), file + head), AK_OK);
    memfs_put(&fs, 0, AK_SEALED_NAME, file, head + body + 16);
}

/* A folder of an earlier version starts where the settings are the ones it was made with, and is from then on
 * one of this version. */
static void format_1_is_taken_over(void **state)
{
    (void)state;
    struct ak_seal_header header;
    assert_int_equal(restart(), AK_SEALED_OK);
    make_old_file();
    world_trust.legacy[31] ^= 1;
    assert_int_equal(restart(), AK_SEALED_CONFIG);
    world_trust.legacy[31] ^= 1;
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_int_equal(got.checkpoint_size, 1);
    assert_true(ak_span_eq(ak_span(got.trust, got.trust_len), AK_SPAN_ARR(world_config)));
    const struct memfs_inode *inode = memfs_find(&fs, 0, AK_SEALED_NAME);
    assert_int_equal(ak_seal_parse_header(ak_span(inode->bytes, inode->len), &header), AK_OK);
    assert_int_equal(header.format, AK_SEAL_FORMAT);
    assert_memory_equal(header.config, sealed.config, 32);
    make_old_file();
    world_trust.config = AK_SPAN_EMPTY;
    assert_int_equal(restart(), AK_SEALED_CONFIG);
    world_trust.config = AK_SPAN_ARR(world_config);
}

static void no_state_without_a_trust_configuration(void **state)
{
    (void)state;
    struct ak_seal_state next;
    assert_int_equal(restart(), AK_SEALED_OK);
    world_state(&next, 2);
    next.trust_len = 0;
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_MEANING);
    world_state(&next, 2);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
}

/* I12: a copy that runs beside the original moves the counter, and both notice. */
static void live_clone_is_noticed(void **state)
{
    (void)state;
    struct ak_seal_state next;
    assert_int_equal(restart(), AK_SEALED_OK);
    assert_int_equal(tee.ops->counter_advance(tee.impl, sealed.n), AK_OK);
    assert_int_equal(ak_sealed_file_check(&sealed), AK_E_CONFLICT);
    world_state(&next, 2);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_CONFLICT);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_STATE);
}

static void refused_state_leaves_it_usable(void **state)
{
    (void)state;
    struct ak_seal_state next;
    assert_int_equal(restart(), AK_SEALED_OK);
    world_state(&next, 2);
    next.root_count = 0;
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_E_MEANING);
    world_state(&next, 2);
    assert_int_equal(ak_sealed_file_write(&sealed, &next), AK_OK);
}

static void codes_are_stable(void **state)
{
    (void)state;
    assert_string_equal(ak_sealed_result_code(AK_SEALED_DATA_DIR_BUSY), "data_dir_busy");
    assert_string_equal(ak_sealed_result_code(AK_SEALED_NO_STATE), "no_sealed_state");
    assert_string_equal(ak_sealed_result_code(AK_SEALED_STALE), "stale_state");
    assert_string_equal(ak_sealed_result_code(AK_SEALED_FOREIGN_COUNTER), "foreign_counter");
    for (int i = AK_SEALED_DATA_DIR_BUSY; i <= AK_SEALED_IO; i++)
        assert_true(strlen(ak_sealed_result_reason((enum ak_sealed_result)i, NULL)) > 10);
    assert_int_equal(ak_sealed_result_of_tee(AK_OK), AK_SEALED_OK);
    assert_int_equal(ak_sealed_result_of_tee(AK_E_NOT_FOUND), AK_SEALED_NO_STATE);
    assert_int_equal(ak_sealed_result_of_tee(AK_E_AUTH), AK_SEALED_NO_TEE);
    assert_int_equal(ak_sealed_result_of_tee(AK_E_CONFLICT), AK_SEALED_FOREIGN_COUNTER);
}

static char dir[64];

static enum ak_sealed_result open_real(struct ak_sealed_file *file)
{
    int dir_fd;
    if (ak_durable_open_dir(dir, false, &dir_fd)) return AK_SEALED_IO;
    return ak_sealed_file_open(file, dir_fd, NULL, &tee, &world_trust);
}

/* Two processes on one real folder: the second is refused while the first lives. */
static void second_process_is_refused(void **state)
{
    (void)state;
    struct ak_sealed_file first = {0};
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-sealed-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(open_real(&first), AK_SEALED_OK);
    for (int round = 0; round < 2; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct ak_sealed_file second = {0};
            _exit((int)open_real(&second));
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), round ? AK_SEALED_OK : AK_SEALED_DATA_DIR_BUSY);
        int dir_fd = first.dir_fd;
        ak_sealed_file_close(&first);
        if (!round) close(dir_fd);
    }
    char lock[96];
    snprintf(lock, sizeof lock, "%s/lock", dir);
    unlink(lock);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(state_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(its_key_does_not_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(init_only_once, setup, teardown),
        cmocka_unit_test_setup_teardown(never_initialised, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_turned_back, setup, teardown),
        cmocka_unit_test_setup_teardown(other_trust_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(trust_configuration_is_what_was_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(format_1_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(no_state_without_a_trust_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(live_clone_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_state_leaves_it_usable, setup, teardown),
        cmocka_unit_test(codes_are_stable),
        cmocka_unit_test_setup_teardown(second_process_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("sealed_file", tests, NULL, NULL);
}
