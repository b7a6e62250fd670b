/* The data folder's paths and modes, and which settings are trust configuration. */
#include "unit/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "io/conf/worker_conf.h"
#include "io/proc/durable.h"
#include "programs/worker/folder.h"

static char dir[64];
static int data_fd, tee_fd;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-folder-XXXXXX");
    data_fd = tee_fd = -1;
    return mkdtemp(dir) ? 0 : -1;
}

static void remove_folder(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)rmdir(path);
}

static void close_both(void)
{
    if (data_fd >= 0) close(data_fd);
    if (tee_fd >= 0) close(tee_fd);
}

static int teardown(void **state)
{
    (void)state;
    remove_folder("dev/tee");
    remove_folder("dev");
    remove_folder("tee");
    remove_folder("new/tee");
    remove_folder("new");
    return rmdir(dir);
}

static bool is_same_folder(int fd, const char *name)
{
    char path[128];
    struct stat by_fd, by_path;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return fstat(fd, &by_fd) == 0 && stat(path, &by_path) == 0 && by_fd.st_ino == by_path.st_ino &&
           by_fd.st_dev == by_path.st_dev;
}

static void makes_the_folders_for_their_owner_only(void **state)
{
    (void)state;
    struct stat st;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/new", dir);
    assert_int_equal(ak_folder_open(path, false, true, &data_fd, &tee_fd), AK_OK);
    assert_true(is_same_folder(data_fd, "new"));
    assert_true(is_same_folder(tee_fd, "new/tee"));
    assert_int_equal(fstat(data_fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstat(tee_fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    close_both();
    assert_int_equal(ak_folder_open(path, false, false, &data_fd, &tee_fd), AK_OK);
    close_both();
}

static void the_development_signer_has_its_own(void **state)
{
    (void)state;
    assert_int_equal(ak_folder_open(dir, true, true, &data_fd, &tee_fd), AK_OK);
    assert_true(is_same_folder(data_fd, "dev"));
    assert_true(is_same_folder(tee_fd, "dev/tee"));
    close_both();
    assert_int_equal(ak_folder_open(dir, false, false, &data_fd, &tee_fd), AK_E_NOT_FOUND);
    close_both();
}

static void nothing_is_made_unasked(void **state)
{
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/new", dir);
    assert_int_equal(ak_folder_open(path, false, false, &data_fd, &tee_fd), AK_E_NOT_FOUND);
    assert_int_equal(data_fd, -1);
    assert_int_equal(tee_fd, -1);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(ak_folder_open("/dev/null/x", false, false, &data_fd, &tee_fd), AK_E_IO);
}

static void a_folder_open_to_others_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0701, 0704, 0710, 0740, 0755};
    for (size_t i = 0; i < AK_COUNT(modes); i++) {
        assert_int_equal(chmod(dir, modes[i]), 0);
        assert_int_equal(ak_folder_open(dir, false, true, &data_fd, &tee_fd), AK_E_MEANING);
        assert_int_equal(data_fd, -1);
        assert_int_equal(tee_fd, -1);
    }
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(ak_folder_open(dir, false, true, &data_fd, &tee_fd), AK_OK);
    close_both();
}

static void load_conf(struct ak_conf *conf, const char *slot_dir)
{
    char text[512];
    struct ak_boot_fail fail;
    (void)snprintf(text, sizeof text, "data_dir = %s/new\nvault.erasure_slot = %s\n", dir, slot_dir);
    assert_int_equal(ak_conf_load_text(conf, &ak_worker_conf_table, ak_span_str(text), &fail), AK_OK);
}

static void slots_lie_beside_the_data_folder(void **state)
{
    (void)state;
    static struct ak_conf conf;
    char path[256], other[128];
    struct stat st;
    int fd = -1;
    load_conf(&conf, "");
    assert_int_equal(ak_folder_open_slots(&conf, false, false, &fd), AK_E_NOT_FOUND);
    assert_int_equal(fd, -1);
    assert_int_equal(ak_folder_open_slots(&conf, false, true, &fd), AK_OK);
    assert_true(is_same_folder(fd, "new-slots"));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    close(fd);
    assert_int_equal(ak_folder_open_slots(&conf, true, true, &fd), AK_OK);
    assert_true(is_same_folder(fd, "new-slots/dev"));
    close(fd);
    (void)snprintf(other, sizeof other, "%s/else", dir);
    load_conf(&conf, other);
    assert_int_equal(ak_folder_open_slots(&conf, false, true, &fd), AK_OK);
    assert_true(is_same_folder(fd, "else"));
    close(fd);
    assert_int_equal(chmod(other, 0750), 0);
    assert_int_equal(ak_folder_open_slots(&conf, false, true, &fd), AK_E_MEANING);
    assert_int_equal(ak_worker_conf_slot_dir(&conf, path, strlen(other)), AK_E_FULL);
    assert_int_equal(ak_worker_conf_slot_dir(&conf, path, strlen(other) + 1), AK_OK);
    remove_folder("else");
    remove_folder("new-slots/dev");
    remove_folder("new-slots");
}

static void slots_are_one_workers(void **state)
{
    (void)state;
    uint8_t one[16] = {1}, two[16] = {1};
    two[15] = 1;
    int fd = -1;
    assert_int_equal(ak_durable_open_dir(dir, false, &fd), AK_OK);
    assert_int_equal(ak_folder_claim_slots(fd, one), AK_OK);
    assert_int_equal(ak_folder_claim_slots(fd, one), AK_OK);
    assert_int_equal(ak_folder_claim_slots(fd, two), AK_E_CONFLICT);
    static const struct ak_span damaged[] = {{(const uint8_t *)"", 0},
        {(const uint8_t *)"01000000000000000000000000000000", 32},
        {(const uint8_t *)"01000000000000000000000000000000\n\n", 34}};
    const struct ak_file_ops ops = ak_file_ops_system();
    for (size_t i = 0; i < AK_COUNT(damaged); i++) {
        assert_int_equal(ak_durable_write(&ops, fd, "worker", damaged[i]), AK_OK);
        assert_int_equal(ak_folder_claim_slots(fd, one), AK_E_CONFLICT);
    }
    assert_int_equal(unlinkat(fd, "worker", 0), 0);
    assert_int_equal(mkdirat(fd, "worker", 0700), 0);
    assert_int_equal(ak_folder_claim_slots(fd, one), AK_E_IO);
    assert_int_equal(unlinkat(fd, "worker", AT_REMOVEDIR), 0);
    close(fd);
}

static void the_ledgers_path(void **state)
{
    (void)state;
    char path[32];
    ak_folder_store_path("/data/x", false, path, sizeof path);
    assert_string_equal(path, "/data/x/ledger.db");
    ak_folder_store_path("/data/x", true, path, sizeof path);
    assert_string_equal(path, "/data/x/dev/ledger.db");
}

static void hash_of(const char *text, uint8_t out_hash[32])
{
    static struct ak_conf conf;
    struct ak_boot_fail fail;
    assert_int_equal(ak_conf_load_text(&conf, &ak_worker_conf_table, ak_span_str(text), &fail), AK_OK);
    ak_folder_config_hash(&conf, out_hash);
}

static void the_documented_text_is_hashed(void **state)
{
    (void)state;
    uint8_t want[32], got[32];
    ak_sha256(AK_SPAN_LIT("agentkeys-config-v1\nissuer=https://a.example\nrecovery_wait=7d\n"
                          "recovery_wait_code=24h\n"),
        want);
    hash_of("issuer = https://a.example\nrecovery_wait = 7d\nrecovery_wait_code = 24h\n", got);
    assert_memory_equal(got, want, 32);
}

static void what_decides_trust_changes_the_hash(void **state)
{
    (void)state;
    static const char *const trust[] = {
        "issuer = https://b.example\n", "recovery_wait = 8d\n", "recovery_wait_code = 25h\n"};
    static const char *const other[] = {"log_level = debug\n", "threads = 7\n", "listen = 127.0.0.1:1\n"};
    uint8_t first[32], changed[32];
    hash_of("", first);
    for (size_t i = 0; i < AK_COUNT(trust); i++) {
        hash_of(trust[i], changed);
        assert_memory_not_equal(first, changed, 32);
    }
    for (size_t i = 0; i < AK_COUNT(other); i++) {
        hash_of(other[i], changed);
        assert_memory_equal(first, changed, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_the_folders_for_their_owner_only, setup, teardown),
        cmocka_unit_test_setup_teardown(the_development_signer_has_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_made_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_open_to_others_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_lie_beside_the_data_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_are_one_workers, setup, teardown),
        cmocka_unit_test(the_ledgers_path),
        cmocka_unit_test(the_documented_text_is_hashed),
        cmocka_unit_test(what_decides_trust_changes_the_hash),
    };
    return cmocka_run_group_tests_name("worker folder", tests, NULL, NULL);
}
