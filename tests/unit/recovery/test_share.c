/* Shares: enough of them give the roots, each byte of one is bound, and what does not belong is told apart.
 */
#include "unit/recovery/share_fixture.h"

#include "base/crypto/sha256.h"

static uint8_t bytes[AK_SHARE_LEN_MAX + 1];
static struct ak_share got;

static int setup(void **state)
{
    (void)state;
    assert_int_equal(share_make(0xaa, 3, 5, 1), AK_OK);
    return 0;
}

static void assert_empty(void)
{
    static const struct ak_share zero;
    assert_memory_equal(&got, &zero, sizeof zero);
}

static void each_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        size_t len = share_encode(&shares[i], bytes);
        assert_int_equal(ak_share_parse(ak_span(bytes, len), &got), AK_OK);
        assert_memory_equal(&got, &shares[i], sizeof got);
        assert_int_equal(got.x, i + 1);
        assert_true(ak_span_eq(
            ak_share_holder(&got), ak_span(share_set.holders[i].name, share_set.holders[i].name_len)));
    }
}

static void any_three_give_the_roots(void **state)
{
    (void)state;
    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < 5; b++)
            for (size_t c = 0; c < 5; c++) {
                if (a == b || b == c || a == c) continue;
                struct ak_seal_state roots = {0};
                struct ak_share three[] = {shares[a], shares[b], shares[c]};
                assert_int_equal(ak_share_combine(three, 3, &roots), AK_OK);
                assert_int_equal(roots.root_count, 1);
                assert_int_equal(roots.roots[0].version, 1);
                for (size_t i = 0; i < 32; i++) assert_int_equal(roots.roots[0].secret.bytes[i], 0x5e);
            }
}

static void more_than_enough_is_fine_and_too_few_is_not(void **state)
{
    (void)state;
    struct ak_seal_state roots = {0};
    assert_int_equal(ak_share_combine(shares, 0, &roots), AK_E_STATE);
    assert_int_equal(ak_share_combine(shares, 2, &roots), AK_E_STATE);
    assert_int_equal(roots.root_count, 0);
    assert_int_equal(ak_share_combine(shares, 5, &roots), AK_OK);
}

/* A dishonest maker's: committed to, but not of one polynomial. */
static void what_is_no_root_is_refused(void **state)
{
    (void)state;
    struct ak_seal_state roots = {0};
    shares[1].bytes[0] ^= 1;
    assert_int_equal(ak_share_combine(shares, 3, &roots), AK_E_AUTH);
    assert_int_equal(roots.root_count, 0);
    shares[1].bytes[0] ^= 1;
    shares[1].len--;
    assert_int_equal(ak_share_combine(shares, 3, &roots), AK_E_AUTH);
}

static void each_byte_is_bound(void **state)
{
    (void)state;
    size_t len = share_encode(&shares[2], bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x01;
        enum ak_err err = ak_share_parse(ak_span(bytes, len), &got);
        if (err == AK_OK) /* names, other commitments, trust: another set, then */
            assert_int_equal(ak_share_fits(shares, 1, &got), AK_SHARE_OTHER_SET);
        else
            assert_empty();
        bytes[i] ^= 0x01;
    }
    assert_int_equal(ak_share_parse(ak_span(bytes, len), &got), AK_OK);
}

static void each_length_is_refused(void **state)
{
    (void)state;
    size_t len = share_encode(&shares[2], bytes);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(ak_share_parse(ak_span(bytes, i), &got), AK_E_FORMAT);
        assert_empty();
    }
    assert_int_equal(ak_share_parse(ak_span(bytes, len + 1), &got), AK_E_FORMAT);
    assert_int_equal(ak_share_parse(ak_span(bytes, sizeof bytes), &got), AK_E_LIMIT);
}

static enum ak_err parse_share(const struct ak_share *share)
{
    size_t len = share_encode(share, bytes);
    return ak_share_parse(ak_span(bytes, len), &got);
}

static void zero_and_beyond(void **state)
{
    (void)state;
    struct ak_share share = shares[0];
    share.x = 0;
    assert_int_equal(parse_share(&share), AK_E_MEANING);
    share.x = 6;
    assert_int_equal(parse_share(&share), AK_E_MEANING);
    share.x = 2;
    assert_int_equal(parse_share(&share), AK_E_AUTH);
    share = shares[0];
    memset(share.bytes, 0, share.len);
    assert_int_equal(parse_share(&share), AK_E_MEANING);
    assert_empty();
}

static void altered(void **state)
{
    (void)state;
    for (size_t i = 0; i < shares[0].len; i++) {
        struct ak_share share = shares[0];
        share.bytes[i] ^= 0x80;
        assert_int_equal(parse_share(&share), AK_E_AUTH);
    }
}

static void limits_of_what_is_read(void **state)
{
    (void)state;
    struct ak_share share = shares[0];
    share.set.m = 1;
    assert_int_equal(parse_share(&share), AK_E_LIMIT);
    share.set.m = 6;
    assert_int_equal(parse_share(&share), AK_E_LIMIT);
    share = shares[0];
    share.set.holders[1].name_len = 0;
    assert_int_equal(parse_share(&share), AK_E_FORMAT);
    share = shares[0];
    share.set.holders[1].name[0] = 0x1b; /* a terminal would obey it */
    assert_int_equal(parse_share(&share), AK_E_FORMAT);
    share.set.holders[1].name[0] = 0x7f;
    assert_int_equal(parse_share(&share), AK_E_FORMAT);
    share = shares[0];
    share.set.trust_len = 0;
    assert_int_equal(parse_share(&share), AK_E_FORMAT);
    share = shares[0];
    share.len = 0;
    assert_int_equal(parse_share(&share), AK_E_FORMAT);
    size_t len = share_encode(&shares[0], bytes);
    bytes[2] = 2; /* the version */
    assert_int_equal(ak_share_parse(ak_span(bytes, len), &got), AK_E_UNSUPPORTED);
}

static void others_are_told_apart(void **state)
{
    (void)state;
    struct ak_share mine = shares[0], second = shares[1];
    assert_int_equal(ak_share_fits(NULL, 0, &mine), AK_SHARE_FITS);
    assert_int_equal(ak_share_fits(&mine, 1, &second), AK_SHARE_FITS);
    assert_int_equal(ak_share_fits(&mine, 1, &mine), AK_SHARE_TWICE);
    assert_int_equal(share_make(0xaa, 3, 5, 2), AK_OK);
    assert_int_equal(ak_share_fits(&mine, 1, &shares[1]), AK_SHARE_OTHER_SET);
    assert_int_equal(share_make(0xab, 3, 5, 1), AK_OK);
    assert_int_equal(ak_share_fits(&mine, 1, &shares[1]), AK_SHARE_FOREIGN);
}

static void limits_of_making(void **state)
{
    (void)state;
    uint8_t random[64] = {1};
    assert_int_equal(share_make(1, 2, 2, 1), AK_OK);
    assert_int_equal(share_make(1, 16, 16, 1), AK_OK);
    assert_int_equal(share_make(1, 1, 2, 1), AK_E_LIMIT);
    assert_int_equal(share_make(1, 4, 3, 1), AK_E_LIMIT);
    assert_int_equal(share_make(1, 2, 17, 1), AK_E_LIMIT);
    assert_int_equal(share_make(1, 2, 3, 1), AK_OK);
    struct ak_span secret = ak_span(share_secret, share_secret_len);
    assert_int_equal(ak_share_make(&share_set, secret, AK_SPAN_ARR(random), shares), AK_E_ARG);
    share_set.holders[1].name_len = 0;
    assert_int_equal(ak_share_make(&share_set, secret, AK_SPAN_ARR(random), shares), AK_E_FORMAT);
    secret.len = AK_SHARE_SECRET_MAX + 1;
    assert_int_equal(ak_share_make(&share_set, secret, AK_SPAN_ARR(random), shares), AK_E_LIMIT);
}

static void roots_of_any_number(void **state)
{
    (void)state;
    struct ak_seal_state roots = {.root_count = AK_SEAL_ROOTS_MAX}, again = {0};
    uint8_t memory[AK_SHARE_SECRET_MAX + 1];
    struct ak_buf secret = ak_buf(memory, AK_SHARE_SECRET_MAX);
    for (size_t i = 0; i < AK_SEAL_ROOTS_MAX; i++) {
        roots.roots[i].version = (uint32_t)(2 * i + 1);
        roots.roots[i].suite = i % 2 ? AK_SEAL_ROOT_SIGNER_V0 : AK_SEAL_ROOT_AK1;
        memset(roots.roots[i].secret.bytes, (int)i, 32);
    }
    assert_int_equal(ak_share_secret_put(&roots, &secret), AK_OK);
    assert_int_equal(ak_share_secret_read(ak_buf_span(&secret), &again), AK_OK);
    assert_memory_equal(again.roots, roots.roots, sizeof roots.roots);
    assert_int_equal(ak_share_secret_read(ak_span(memory, secret.len - 1), &again), AK_E_FORMAT);
    assert_int_equal(again.root_count, 0);
    assert_int_equal(ak_share_secret_read(ak_span(memory, secret.len + 1), &again), AK_E_FORMAT);
    memory[5] = 9; /* suite */
    assert_int_equal(ak_share_secret_read(ak_buf_span(&secret), &again), AK_E_MEANING);
    memory[5] = AK_SEAL_ROOT_AK1;
    memory[4] = 0; /* version */
    assert_int_equal(ak_share_secret_read(ak_buf_span(&secret), &again), AK_E_MEANING);
    memory[0] = 0;
    assert_int_equal(ak_share_secret_read(ak_buf_span(&secret), &again), AK_E_FORMAT);
    memory[0] = AK_SEAL_ROOTS_MAX + 1;
    assert_int_equal(ak_share_secret_read(ak_buf_span(&secret), &again), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_reads_back, setup),
        cmocka_unit_test_setup(any_three_give_the_roots, setup),
        cmocka_unit_test_setup(more_than_enough_is_fine_and_too_few_is_not, setup),
        cmocka_unit_test_setup(what_is_no_root_is_refused, setup),
        cmocka_unit_test_setup(each_byte_is_bound, setup),
        cmocka_unit_test_setup(each_length_is_refused, setup),
        cmocka_unit_test_setup(zero_and_beyond, setup),
        cmocka_unit_test_setup(altered, setup),
        cmocka_unit_test_setup(limits_of_what_is_read, setup),
        cmocka_unit_test_setup(others_are_told_apart, setup),
        cmocka_unit_test_setup(limits_of_making, setup),
        cmocka_unit_test(roots_of_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
