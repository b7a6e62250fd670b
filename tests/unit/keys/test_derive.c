/* Roots, user and agent keys against published values; the cached and the computed way give the same; what is
 * refused leaves nothing behind. */
#include "unit/keys/given.h"

static uint8_t anchor[32];
static struct ak_root root;

static int open_root(void **state)
{
    (void)state;
    given_bytes(GIVEN_OMNI, anchor, 32);
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    return 0;
}

static int close_root(void **state)
{
    (void)state;
    static const struct ak_root zeros;
    ak_root_close(&root);
    assert_memory_equal(&root, &zeros, sizeof root);
    ak_root_close(&root);
    return 0;
}

static void derives_the_published_user_key(void **state)
{
    (void)state;
    struct ak_secret32 scalar;
    struct ak_secret32 chain_code;
    assert_int_equal(ak_keys_user(&root, anchor, &scalar, &chain_code), AK_OK);
    assert_hex(scalar.bytes, 32, GIVEN_USER);
    assert_hex(chain_code.bytes, 32, GIVEN_CHAIN_CODE);
    struct ak_user_points points;
    assert_int_equal(ak_keys_user_points(&root, anchor, &points), AK_OK);
    assert_hex(points.user33, 33, "03db09bb24a757457bb7515f44842000489acf325aaf5e850b12de808b38a0792c");
    assert_hex(points.address, 20, "0a31f4ce6921c1fcae4090fad3ef3f9168c20b7d");
    uint8_t compressed[33];
    ak_k256_point_compress(&points.point, compressed);
    assert_memory_equal(compressed, points.user33, 33);
}

static void derives_the_published_agent_keys(void **state)
{
    (void)state;
    struct ak_secret32 scalar;
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &scalar), AK_OK);
    assert_hex(scalar.bytes, 32, GIVEN_AGENT_1_0);
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_LIT("agent-1"), 1, NULL, NULL, &scalar), AK_OK);
    assert_hex(scalar.bytes, 32, GIVEN_AGENT_1_1);
}

static void cached_points_give_the_same_scalar(void **state)
{
    (void)state;
    static const uint32_t generations[] = {0, 1, 9, 10, 99, 12345, UINT32_MAX - 1, UINT32_MAX};
    struct ak_user_points user;
    assert_int_equal(ak_keys_user_points(&root, anchor, &user), AK_OK);
    for (size_t i = 0; i < AK_COUNT(generations); i++) {
        struct ak_path path;
        struct ak_path_points points;
        struct ak_secret32 slow, fast, mixed;
        struct ak_span label = AK_SPAN_LIT("agent-1");
        assert_int_equal(ak_path_make(label, generations[i], &path), AK_OK);
        assert_int_equal(ak_keys_path_points(&root, anchor, &path, &points), AK_OK);
        assert_int_equal(
            ak_keys_agent_scalar(&root, anchor, label, generations[i], NULL, NULL, &slow), AK_OK);
        assert_int_equal(
            ak_keys_agent_scalar(&root, anchor, label, generations[i], user.user33, points.base33, &fast),
            AK_OK);
        assert_int_equal(
            ak_keys_agent_scalar(&root, anchor, label, generations[i], NULL, points.base33, &mixed), AK_OK);
        assert_memory_equal(&slow, &fast, 32);
        assert_memory_equal(&slow, &mixed, 32);
        struct ak_k256_point child;
        uint8_t expected[33], recorded[33];
        assert_int_equal(ak_k256_point_from_scalar(&fast, &child), AK_OK);
        ak_k256_point_compress(&child, expected);
        ak_k256_point_compress(&points.child, recorded);
        assert_memory_equal(expected, recorded, 33);
    }
}

static void tells_points_of_a_path(void **state)
{
    (void)state;
    struct ak_path path;
    struct ak_path_points first, second;
    assert_int_equal(ak_path_make(AK_SPAN_LIT("agent-1"), 0, &path), AK_OK);
    assert_int_equal(ak_keys_path_points(&root, anchor, &path, &first), AK_OK);
    assert_hex(first.address, 20, "9ae27177e72634f5f1dcd1b19cc0e0457fc0735e");
    path.generation = 1;
    assert_int_equal(ak_keys_path_points(&root, anchor, &path, &second), AK_OK);
    assert_hex(second.address, 20, "51378d1c0a2cb37f4a4fe07e69cca25772372fa7");
    assert_memory_equal(first.base33, second.base33, 33);
}

/* A damaged cache gives another scalar, which the check against the recorded child refuses. */
static void damaged_cache_gives_another_scalar(void **state)
{
    (void)state;
    struct ak_user_points user;
    struct ak_path path;
    struct ak_path_points points;
    struct ak_secret32 good, bad;
    struct ak_span label = AK_SPAN_LIT("agent-1");
    assert_int_equal(ak_keys_user_points(&root, anchor, &user), AK_OK);
    assert_int_equal(ak_path_make(label, 0, &path), AK_OK);
    assert_int_equal(ak_keys_path_points(&root, anchor, &path, &points), AK_OK);
    assert_int_equal(ak_keys_agent_scalar(&root, anchor, label, 0, user.user33, points.base33, &good), AK_OK);
    for (size_t i = 0; i < 33; i++) {
        user.user33[i] ^= 1;
        assert_int_equal(
            ak_keys_agent_scalar(&root, anchor, label, 0, user.user33, points.base33, &bad), AK_OK);
        assert_memory_not_equal(&good, &bad, 32);
        user.user33[i] ^= 1;
        points.base33[i] ^= 1;
        assert_int_equal(
            ak_keys_agent_scalar(&root, anchor, label, 0, user.user33, points.base33, &bad), AK_OK);
        assert_memory_not_equal(&good, &bad, 32);
        points.base33[i] ^= 1;
    }
}

/* I8: another account, label, generation or root gives another key. */
static void every_input_changes_the_key(void **state)
{
    (void)state;
    struct ak_secret32 good, other;
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &good), AK_OK);
    for (size_t i = 0; i < 32; i++) {
        uint8_t changed[32];
        memcpy(changed, anchor, 32);
        changed[i] ^= 0x80;
        assert_int_equal(
            ak_keys_agent_scalar(&root, changed, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &other), AK_OK);
        assert_memory_not_equal(&good, &other, 32);
    }
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_LIT("agent-2"), 0, NULL, NULL, &other), AK_OK);
    assert_memory_not_equal(&good, &other, 32);
    struct ak_secret32 msk = {{1}};
    AK_CLEANUP(ak_root_close) struct ak_root second = {0};
    assert_int_equal(ak_root_open(&second, 2, AK_SUITE_AK1, AK_ROOT_BORN, &msk), AK_OK);
    assert_int_equal(
        ak_keys_agent_scalar(&second, anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &other), AK_OK);
    assert_memory_not_equal(&good, &other, 32);
}

static void assert_zeros(const void *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++) assert_int_equal(((const uint8_t *)ptr)[i], 0);
}

static void refuses_bad_labels_and_leaves_nothing(void **state)
{
    (void)state;
    struct ak_secret32 scalar;
    uint8_t label[65];
    memset(label, 'a', sizeof label);
    memset(&scalar, 0xaa, sizeof scalar);
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_LIT("Agent"), 0, NULL, NULL, &scalar), AK_E_FORMAT);
    assert_zeros(&scalar, sizeof scalar);
    memset(&scalar, 0xaa, sizeof scalar);
    assert_int_equal(
        ak_keys_agent_scalar(&root, anchor, AK_SPAN_ARR(label), 0, NULL, NULL, &scalar), AK_E_LIMIT);
    assert_zeros(&scalar, sizeof scalar);
    struct ak_path path;
    struct ak_path_points points;
    memset(&points, 0xaa, sizeof points);
    assert_int_equal(ak_path_parse(AK_SPAN_LIT("/agent-1"), &path), AK_OK);
    assert_int_equal(ak_keys_path_points(&root, anchor, &path, &points), AK_E_ARG);
    assert_zeros(&points, sizeof points);
    assert_int_equal(ak_path_make(AK_SPAN_LIT("a"), 0, &path), AK_OK);
    path.label[0] = '/';
    assert_int_equal(ak_keys_path_points(&root, anchor, &path, &points), AK_E_FORMAT);
}

static void signer_v0_gives_user_keys_only(void **state)
{
    (void)state;
    AK_CLEANUP(ak_root_close) struct ak_root old = {0};
    given_root(&old, AK_SUITE_SIGNER_V0, AK_ROOT_BROUGHT_IN);
    struct ak_user_points points;
    assert_int_equal(ak_keys_user_points(&old, anchor, &points), AK_OK);
    assert_hex(points.address, 20, "00b1d3cd34de5506c84cbb24c69dcade8ed5a484");
    struct ak_secret32 scalar, chain_code;
    assert_int_equal(ak_keys_user(&old, anchor, &scalar, &chain_code), AK_OK);
    assert_zeros(&chain_code, sizeof chain_code);
    assert_int_equal(
        ak_keys_agent_scalar(&old, anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &scalar), AK_E_UNSUPPORTED);
    assert_zeros(&scalar, sizeof scalar);
    struct ak_path path;
    struct ak_path_points path_points;
    assert_int_equal(ak_path_make(AK_SPAN_LIT("agent-1"), 0, &path), AK_OK);
    assert_int_equal(ak_keys_path_points(&old, anchor, &path, &path_points), AK_E_UNSUPPORTED);
}

static void refuses_roots_of_no_sense(void **state)
{
    (void)state;
    struct ak_secret32 msk = {{7}};
    struct ak_root bad;
    memset(&bad, 0xaa, sizeof bad);
    assert_int_equal(ak_root_open(&bad, 0, AK_SUITE_AK1, AK_ROOT_BORN, &msk), AK_E_ARG);
    assert_zeros(&bad, sizeof bad);
    assert_int_equal(ak_root_open(&bad, 1, (enum ak_suite)0, AK_ROOT_BORN, &msk), AK_E_ARG);
    assert_int_equal(ak_root_open(&bad, 1, (enum ak_suite)3, AK_ROOT_BORN, &msk), AK_E_ARG);
    assert_int_equal(ak_root_open(&bad, 1, AK_SUITE_AK1, (enum ak_root_origin)0, &msk), AK_E_ARG);
    assert_int_equal(ak_root_open(&bad, 1, AK_SUITE_SIGNER_V0, AK_ROOT_BORN, &msk), AK_E_ARG);
    assert_string_equal(ak_suite_name(AK_SUITE_AK1), "ak1");
    assert_string_equal(ak_suite_name(AK_SUITE_SIGNER_V0), "signer-v0");
    assert_null(ak_suite_name((enum ak_suite)9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_published_user_key),
        cmocka_unit_test(derives_the_published_agent_keys),
        cmocka_unit_test(cached_points_give_the_same_scalar),
        cmocka_unit_test(tells_points_of_a_path),
        cmocka_unit_test(damaged_cache_gives_another_scalar),
        cmocka_unit_test(every_input_changes_the_key),
        cmocka_unit_test(refuses_bad_labels_and_leaves_nothing),
        cmocka_unit_test(signer_v0_gives_user_keys_only),
        cmocka_unit_test(refuses_roots_of_no_sense),
    };
    return cmocka_run_group_tests_name("derive", tests, open_root, close_root);
}
