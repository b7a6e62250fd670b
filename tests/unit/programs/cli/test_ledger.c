/* A client holds the ledger to its key, its id, and the newest checkpoint it saw: other keys, rollbacks and
 * forks do not pass (I11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "base/crypto/ed25519.h"
#include "programs/cli/commands.h"
#include "programs/cli/ledger.h"
#include "unit/io/client/scripted.h"

enum { BODY_MAX = 4096, LEAVES = 8 };

static struct ak_cli cli;
static char base[64], socket_path[100], body[2][BODY_MAX];
static struct ak_cli_checkpoint got;
static int kept_err;

static int begin(void **state)
{
    struct ak_target like = {.prefix = "/tee"};
    (void)state;
    memset(&cli, 0, sizeof cli);
    cli.program = &ak_cli_agentkeys;
    cli.command = &ak_cli_agentkeys.commands[0];
    cli.conf.table = &ak_client_conf_table;
    cli.profile.dir_fd = -1;
    (void)snprintf(base, sizeof base, "/tmp/ak-ledger.XXXXXX");
    if (!mkdtemp(base) || ak_profile_open(base, "default", NULL, true, &cli.profile) != AK_OK) return -1;
    (void)snprintf(socket_path, sizeof socket_path, "%s/s", base);
    if (!server_open(socket_path) || ak_target_socket(socket_path, &like, &cli.target) != AK_OK) return -1;
    if (ak_client_open(&cli.client, &cli.target, NULL, NULL, 5000) != AK_OK) return -1;
    kept_err = dup(2); /* what is refused is said on stderr */
    return dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2) == 2 ? 0 : -1;
}

static int end(void **state)
{
    char path[100];
    (void)state;
    (void)dup2(kept_err, 2);
    (void)close(kept_err);
    ak_client_close(&cli.client);
    (void)close(server.listener);
    (void)unlinkat(cli.profile.dir_fd, "ledger.pin", 0);
    (void)unlinkat(cli.profile.dir_fd, "checkpoint.note", 0);
    (void)unlinkat(cli.profile.dir_fd, "lock", 0);
    ak_profile_close(&cli.profile);
    (void)unlink(socket_path);
    (void)snprintf(path, sizeof path, "%s/default", base);
    return rmdir(path) || rmdir(base);
}

/* ---- a ledger of the test's own: leaf i of history h is SHA-256(0x00 || h || i) ---- */

struct log {
    uint8_t seed; /* of the key */
    uint8_t id;
    uint8_t history;
};
static const struct log ours = {1, 1, 1};

static void leaf(const struct log *log, uint64_t i, uint8_t out[32])
{
    const uint8_t entry[2] = {log->history, (uint8_t)i};
    ak_merkle_leaf(AK_SPAN_ARR(entry), out);
}

static enum ak_err node(void *ctx, unsigned level, uint64_t index, uint8_t out[32])
{
    uint8_t right[32];
    if (level == 0) {
        leaf(ctx, index, out);
        return AK_OK;
    }
    AK_TRY(node(ctx, level - 1, 2 * index, out));
    AK_TRY(node(ctx, level - 1, 2 * index + 1, right));
    ak_merkle_node(out, right, out);
    return AK_OK;
}

static struct ak_merkle_source source_of(const struct log *log)
{
    return (struct ak_merkle_source){node, (void *)(uintptr_t)log};
}

static void put_member(struct ak_json_writer *w, const char *key, struct ak_span bytes)
{
    ak_json_key(w, key);
    ak_json_put_hex(w, "", bytes);
}

/* The worker's answer with the checkpoint of `size`. */
static const char *checkpoint_json(const struct log *log, uint64_t size, char out[BODY_MAX])
{
    uint8_t note[1024], pub[32];
    struct ak_buf text = AK_BUF_ARR(note), json = ak_buf(out, BODY_MAX);
    struct ak_secret32 seed = {{log->seed}};
    struct ak_checkpoint checkpoint = {.log_id = {log->id}, .size = size};
    struct ak_merkle_source source = source_of(log);
    assert_int_equal(ak_merkle_stored_root(&source, size, checkpoint.root), AK_OK);
    assert_int_equal(ak_ed25519_pub(&seed, pub), AK_OK);
    assert_int_equal(ak_checkpoint_sign(&checkpoint, &seed, &text), AK_OK);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_json_open_object(&w);
    ak_json_key(&w, "checkpoint");
    ak_json_put_string(&w, ak_buf_span(&text));
    ak_json_key(&w, "size");
    ak_json_put_u64(&w, size);
    put_member(&w, "root_hash", AK_SPAN_ARR(checkpoint.root));
    put_member(&w, "key", AK_SPAN_ARR(pub));
    ak_json_close_object(&w);
    assert_int_equal(ak_buf_terminate(&json), AK_OK);
    return out;
}

static const char *consistency_json(const struct log *log, uint64_t from, uint64_t to, char out[BODY_MAX])
{
    struct ak_buf json = ak_buf(out, BODY_MAX);
    struct ak_json_writer w = ak_json_writer(&json);
    struct ak_merkle_source source = source_of(log);
    struct ak_merkle_proof proof;
    assert_int_equal(ak_merkle_prove_consistency(&source, from, to, &proof), AK_OK);
    ak_json_open_object(&w);
    ak_json_key(&w, "from");
    ak_json_put_u64(&w, from);
    ak_json_key(&w, "to");
    ak_json_put_u64(&w, to);
    ak_json_key(&w, "proof");
    ak_json_open_array(&w);
    for (size_t i = 0; i < proof.count; i++) ak_json_put_hex(&w, "", AK_SPAN_ARR(proof.hashes[i]));
    ak_json_close_array(&w);
    ak_json_close_object(&w);
    assert_int_equal(ak_buf_terminate(&json), AK_OK);
    return out;
}

/* One look at the ledger, which answers one checkpoint; the exit status. */
static int look(const struct log *log, uint64_t size)
{
    SCRIPT({"200 OK", checkpoint_json(log, size, body[0]), true});
    int status = ak_cli_checkpoint(&cli, false, &got);
    finish(1);
    return status;
}

/* The same, and then the proof of growth that `proved` gives. */
static int look_again(const struct log *log, uint64_t from, uint64_t size, const struct log *proved)
{
    SCRIPT({"200 OK", checkpoint_json(log, size, body[0]), false},
        {"200 OK", consistency_json(proved, from, size, body[1]), true});
    int status = ak_cli_checkpoint(&cli, false, &got);
    finish(2);
    return status;
}

static void test_growth(void **state)
{
    (void)state;
    uint8_t key[32];
    bool known = true;
    assert_int_equal(ak_cli_ledger_key(&cli, key, &known), 0);
    assert_false(known);
    assert_int_equal(look(&ours, 3), 0);
    assert_int_equal(got.checkpoint.size, 3);
    assert_int_equal(ak_cli_ledger_key(&cli, key, &known), 0);
    assert_true(known);
    assert_memory_equal(key, got.key, 32);
    assert_int_equal(look(&ours, 3), 0);
    for (uint64_t size = 4; size <= LEAVES; size++)
        assert_int_equal(look_again(&ours, size - 1, size, &ours), 0);
}

static void test_rollback(void **state)
{
    (void)state;
    assert_int_equal(look(&ours, 5), 0);
    assert_int_equal(look(&ours, 4), AK_CATEGORY_FAILURE);
    assert_int_equal(look(&ours, 5), 0); /* what was seen stays what it was */
}

static void test_fork(void **state)
{
    (void)state;
    const struct log other = {1, 1, 2};
    assert_int_equal(look(&ours, 5), 0);
    assert_int_equal(look(&other, 5), AK_CATEGORY_FAILURE);
    assert_int_equal(look_again(&other, 5, 6, &other), AK_CATEGORY_FAILURE);
    assert_int_equal(look_again(&other, 5, 6, &ours), AK_CATEGORY_FAILURE);
    assert_int_equal(look_again(&ours, 5, 6, &ours), 0);
}

static void test_other_key(void **state)
{
    (void)state;
    const struct log other_key = {2, 1, 1}, other_id = {1, 2, 1};
    assert_int_equal(look(&ours, 5), 0);
    assert_int_equal(look(&other_key, 5), AK_CATEGORY_FAILURE);
    assert_int_equal(look(&other_id, 5), AK_CATEGORY_FAILURE);
}

static void test_signature(void **state)
{
    (void)state;
    char *at = (char *)(uintptr_t)strstr(checkpoint_json(&ours, 5, body[0]), "\\n5\\n");
    assert_non_null(at);
    at[2] = '6'; /* another size under the same signature */
    SCRIPT({"200 OK", body[0], true});
    assert_int_equal(ak_cli_checkpoint(&cli, false, &got), AK_CATEGORY_FAILURE);
    finish(1);
    assert_int_equal(faccessat(cli.profile.dir_fd, "ledger.pin", F_OK, 0), -1); /* nothing was fixed */
}

static void test_setting(void **state)
{
    (void)state;
    uint8_t key[32];
    bool known = false;
    char *setting = cli.conf.values[AK_CLIENT_LEDGER_PIN].text;
    memset(setting, 'a', 64);
    assert_int_equal(ak_cli_ledger_key(&cli, key, &known), 0);
    assert_true(known);
    assert_int_equal(key[0], 0xaa);
    assert_int_equal(look(&ours, 5), AK_CATEGORY_FAILURE);
    /* spec: C2SP signed-note, the example of a verifier key */
    (void)snprintf(
        setting, AK_CONF_TEXT_MAX, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    assert_int_equal(ak_cli_ledger_key(&cli, key, &known), 0);
    assert_int_equal(key[0], 0x1a);
    static const char *const bad[] = {
        "a", "x+y+AAAA", "name+00000000+AhpcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        (void)snprintf(setting, AK_CONF_TEXT_MAX, "%s", bad[i]);
        assert_int_equal(ak_cli_ledger_key(&cli, key, &known), AK_CATEGORY_USAGE);
    }
}

static void test_read_proof(void **state)
{
    (void)state;
    static char text[66 * 65 + 1];
    struct ak_merkle_proof proof;
    memset(text, 'a', sizeof text);
    for (size_t i = 64; i < sizeof text; i += 65) text[i] = ',';
    assert_int_equal(ak_cli_read_proof(AK_SPAN_EMPTY, &proof), AK_OK);
    assert_int_equal(proof.count, 0);
    assert_int_equal(ak_cli_read_proof(ak_span(text, 64), &proof), AK_OK);
    assert_int_equal(ak_cli_read_proof(ak_span(text, 65 * 65 - 1), &proof), AK_OK);
    assert_int_equal(proof.count, AK_MERKLE_PROOF_MAX);
    assert_int_equal(ak_cli_read_proof(ak_span(text, 66 * 65 - 1), &proof), AK_E_FORMAT);
    assert_int_equal(ak_cli_read_proof(ak_span(text, 65), &proof), AK_E_FORMAT);
    assert_int_equal(ak_cli_read_proof(ak_span(text, 63), &proof), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_growth, begin, end),
        cmocka_unit_test_setup_teardown(test_rollback, begin, end),
        cmocka_unit_test_setup_teardown(test_fork, begin, end),
        cmocka_unit_test_setup_teardown(test_other_key, begin, end),
        cmocka_unit_test_setup_teardown(test_signature, begin, end),
        cmocka_unit_test_setup_teardown(test_setting, begin, end), cmocka_unit_test(test_read_proof)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
