/* SHA-512: FIPS 180-4 examples, and every way to cut a message. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/sha512.h"

static void published_values(void **state)
{
    (void)state;
    uint8_t digest[64];
    const struct ak_span abc = AK_SPAN_LIT("abc");
    ak_sha512_parts(&abc, 1, digest);
    assert_hex(digest, 64,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
        "4423643ce"
        "80e2a9ac94fa54ca49f");
    ak_sha512_parts(NULL, 0, digest);
    assert_hex(digest, 64,
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b9"
        "31bd47417"
        "a81a538327af927da3e");
}

static void every_cut_gives_the_same(void **state)
{
    (void)state;
    uint8_t text[150], whole[64], digest[64];
    uint64_t seed = 1;
    fill(&seed, text, sizeof text);
    const struct ak_span all = AK_SPAN_ARR(text);
    ak_sha512_parts(&all, 1, whole);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        const struct ak_span parts[] = {
            ak_span(text, cut), AK_SPAN_EMPTY, ak_span(text + cut, sizeof text - cut)};
        ak_sha512_parts(parts, 3, digest);
        assert_memory_equal(digest, whole, 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(every_cut_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
