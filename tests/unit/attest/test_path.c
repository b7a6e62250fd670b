/* Leaf and chain as one list that ends at a pinned root: how many there may be, which root it is, and that
 * nothing is left over where it is refused. */
#include "unit/check.h"

#include "base/crypto/sha256.h"
#include "core/attest/path.h"
#include "unit/attest/made.h"

enum { ROOT, MIDDLE, LEAF, CERTS };

static EVP_PKEY *keys[CERTS];
static struct made_cert made[CERTS];
static struct ak_attest_root roots[2];
static uint8_t memory[(AK_X509_CHAIN_MAX + 1) * MADE_CERT_MAX];
static struct ak_attest_path path;

static int setup(void **state)
{
    static const char *const names[CERTS] = {"root", "middle", "leaf"};
    (void)state;
    for (size_t i = 0; i < CERTS; i++) {
        size_t up = i == ROOT ? ROOT : i - 1;
        keys[i] = made_ec("P-256");
        made_cert_init(&made[i], names[i], keys[i], names[up], keys[up]);
        made[i].ca = i != LEAF;
        (void)made_cert_sign(&made[i]);
    }
    memset(roots, 0x55, sizeof roots);
    ak_sha256(made_cert_span(&made[ROOT]), roots[1].sha256);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CERTS; i++) EVP_PKEY_free(keys[i]);
    return 0;
}

/* `count` times the middle one, then the root. */
static struct ak_span chain_of(size_t count)
{
    struct ak_buf buf = AK_BUF_ARR(memory);
    for (size_t i = 0; i < count; i++) ak_buf_put(&buf, made_cert_span(&made[MIDDLE]));
    ak_buf_put(&buf, made_cert_span(&made[ROOT]));
    return ak_buf_span(&buf);
}

static enum ak_err parse(struct ak_span leaf, struct ak_span chain)
{
    enum ak_err err = ak_attest_path_parse(leaf, chain, roots, AK_COUNT(roots), &path);
    if (err) assert_int_equal(path.given.count, 0);
    return err;
}

static void leaf_apart_or_first(void **state)
{
    struct ak_span leaf = made_cert_span(&made[LEAF]);
    struct ak_buf all = AK_BUF_ARR(memory);
    (void)state;
    assert_int_equal(parse(leaf, chain_of(1)), AK_OK);
    assert_int_equal(path.given.count, 3);
    assert_int_equal(path.root, 1);
    assert_int_equal(ak_attest_path_verify(&path, MADE_AT_S), AK_OK);
    assert_int_equal(ak_attest_path_verify(&path, MADE_UNTIL_S + 1), AK_E_EXPIRED);
    ak_attest_path_done(&path);
    for (size_t i = 0; i < CERTS; i++) ak_buf_put(&all, made_cert_span(&made[CERTS - 1 - i]));
    assert_int_equal(parse(AK_SPAN_EMPTY, ak_buf_span(&all)), AK_OK);
    assert_int_equal(path.given.count, 3);
    assert_int_equal(ak_attest_path_verify(&path, MADE_AT_S), AK_OK);
    ak_attest_path_done(&path);
    ak_attest_path_done(&path); /* twice is fine */
}

static void as_many_as_a_chain_has(void **state)
{
    (void)state;
    for (size_t total = AK_X509_CHAIN_MAX - 1; total <= AK_X509_CHAIN_MAX + 1; total++) {
        enum ak_err err = parse(made_cert_span(&made[LEAF]), chain_of(total - 2));
        assert_int_equal(err, total <= AK_X509_CHAIN_MAX ? AK_OK : AK_E_LIMIT);
        if (!err) assert_int_equal(path.given.count, total);
        ak_attest_path_done(&path);
    }
    assert_int_equal(parse(chain_of(1), made_cert_span(&made[ROOT])), AK_E_LIMIT); /* a leaf is one */
}

static void ends_at_a_pinned_root(void **state)
{
    struct ak_span leaf = made_cert_span(&made[LEAF]), root = made_cert_span(&made[ROOT]);
    (void)state;
    assert_int_equal(parse(AK_SPAN_EMPTY, root), AK_E_AUTH); /* a root alone says nothing */
    assert_int_equal(parse(leaf, leaf), AK_E_AUTH);
    assert_int_equal(parse(leaf, AK_SPAN_EMPTY), AK_E_FORMAT);
    assert_int_equal(parse(AK_SPAN_LIT("0"), root), AK_E_FORMAT);
    assert_int_equal(
        ak_attest_path_parse(leaf, chain_of(1), roots, 1, &path), AK_E_AUTH); /* of two, the first */
    assert_int_equal(ak_attest_path_parse(leaf, chain_of(1), roots, 0, &path), AK_E_AUTH);
    roots[0] = roots[1];
    assert_int_equal(parse(leaf, chain_of(1)), AK_OK);
    assert_int_equal(path.root, 0);
    ak_attest_path_done(&path);
    roots[0].sha256[31] ^= 1;
    roots[1].sha256[0] ^= 1;
    assert_int_equal(parse(leaf, chain_of(1)), AK_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaf_apart_or_first, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_as_a_chain_has, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_at_a_pinned_root, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
