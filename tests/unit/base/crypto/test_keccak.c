/* Keccak-256: published values, not SHA3-256, and every cut around the rate of 136 bytes. */
#include "unit/base/crypto/hexlit.h"

#include "base/attr.h"
#include "base/crypto/keccak.h"

static void published_values(void **state)
{
    (void)state;
    uint8_t digest[32];
    ak_keccak256(AK_SPAN_EMPTY, digest);
    assert_hex(digest, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    ak_keccak256_parts(NULL, 0, digest);
    assert_hex(digest, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    ak_keccak256(AK_SPAN_LIT("abc"), digest);
    assert_hex(digest, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    /* The selector 0xa9059cbb of ERC-20. */
    ak_keccak256(AK_SPAN_LIT("transfer(address,uint256)"), digest);
    assert_hex(digest, 4, "a9059cbb");
}

static void every_cut_gives_the_same(void **state)
{
    (void)state;
    uint8_t text[300], whole[32], digest[32];
    uint64_t seed = 5;
    fill(&seed, text, sizeof text);
    const size_t lens[] = {135, 136, 137, 271, 272, 273, 300};
    for (size_t l = 0; l < AK_COUNT(lens); l++) {
        ak_keccak256(ak_span(text, lens[l]), whole);
        for (size_t cut = 0; cut <= lens[l]; cut++) {
            struct ak_span parts[] = {ak_span(text, cut), AK_SPAN_EMPTY, ak_span(text + cut, lens[l] - cut)};
            ak_keccak256_parts(parts, 3, digest);
            assert_memory_equal(digest, whole, 32);
        }
    }
}

static void each_byte_counts(void **state)
{
    (void)state;
    uint8_t text[137] = {0}, whole[32], digest[32];
    ak_keccak256(AK_SPAN_ARR(text), whole);
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] ^= 1;
        ak_keccak256(AK_SPAN_ARR(text), digest);
        assert_memory_not_equal(digest, whole, 32);
        text[i] ^= 1;
    }
}

static void padding_is_not_a_part_of_the_text(void **state)
{
    (void)state;
    uint8_t text[136] = {0}, shorter[32], longer[32];
    text[135] = 0x81;
    ak_keccak256(ak_span(text, 135), shorter);
    ak_keccak256(ak_span(text, 136), longer);
    assert_memory_not_equal(shorter, longer, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_values),
        cmocka_unit_test(every_cut_gives_the_same), cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(padding_is_not_a_part_of_the_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
