/* The blinded context: made once, and blinding changes no result. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/k256.h"

static void is_made_once_and_signs_the_same(void **state)
{
    (void)state;
    uint8_t blind[32], digest[32], sig[65];
    uint64_t seed = 7;
    fill(&seed, blind, 32);
    assert_int_equal(ak_k256_init(blind), AK_OK);
    assert_int_equal(ak_k256_init(blind), AK_E_STATE);
    struct ak_secret32 one = {{0}};
    one.bytes[31] = 1;
    hex_to("06ef2b193b83b3d701f765f1db34672ab84897e1252343cc2197829af3a30456", digest, 32);
    assert_int_equal(ak_k256_sign(digest, &one, sig), AK_OK);
    assert_hex(sig, 65,
        "33a69cd2065432a30f3d1ce4eb0d59b8ab58c74f27c41a7fdb5696ad4e6108c9"
        "6f807982866f785d3f6418d24163ddae117b7db4d5fdf0071de069fa5434226200");
}

static void comes_too_late_after_first_use(void **state)
{
    (void)state;
    uint8_t blind[32] = {1};
    assert_int_equal(ak_k256_init(blind), AK_E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_made_once_and_signs_the_same), cmocka_unit_test(comes_too_late_after_first_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
