/* The cache of verified tokens: finds what was put, forgets what is over or dropped, never mixes. */
#include "core/token/cache.h"
#include "unit/token/keys.h"

static struct ak_token_claims claims_of(uint32_t n)
{
    struct ak_token_claims c = {.kind = AK_TOKEN_AGENT, .exp = TEST_NOW_S + 600, .generation = n};
    memset(c.anchor, (int)(n & 3), sizeof c.anchor);
    c.label_len = 1;
    c.label[0] = (char)('a' + (n & 1));
    c.scope = AK_SPAN_LIT("openrouter");
    return c;
}

static void put(struct ak_token_cache *cache, uint32_t n)
{
    uint8_t hash[32];
    struct ak_token_claims c = claims_of(n);
    ak_token_cache_hash(
        AK_SPAN_ARR(((uint8_t[4]){(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), 9})), hash);
    ak_token_cache_put(cache, hash, &c);
}

static const struct ak_token_claims *find(struct ak_token_cache *cache, uint32_t n, uint64_t now_s)
{
    uint8_t hash[32];
    ak_token_cache_hash(
        AK_SPAN_ARR(((uint8_t[4]){(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), 9})), hash);
    return ak_token_cache_find(cache, hash, now_s);
}

static void test_put_find(void **state)
{
    (void)state;
    struct ak_token_cache_slot slots[64];
    struct ak_token_cache cache;
    assert_int_equal(ak_token_cache_init(&cache, slots, 64), AK_OK);
    assert_null(find(&cache, 1, TEST_NOW_S));
    put(&cache, 1);
    const struct ak_token_claims *c = find(&cache, 1, TEST_NOW_S);
    assert_non_null(c);
    assert_int_equal(c->generation, 1);
    assert_int_equal(c->scope.len, 0);
    assert_null(c->scope.ptr);
    assert_null(find(&cache, 2, TEST_NOW_S));
    put(&cache, 1);
    unsigned held = 0;
    for (size_t i = 0; i < 64; i++) held += slots[i].age != 0;
    assert_int_equal(held, 1);
}

static void test_each_hash_byte(void **state)
{
    (void)state;
    struct ak_token_cache_slot slots[4];
    struct ak_token_cache cache;
    assert_int_equal(ak_token_cache_init(&cache, slots, 4), AK_OK);
    uint8_t hash[32] = {0};
    struct ak_token_claims c = claims_of(1);
    assert_null(ak_token_cache_find(&cache, hash, 0)); /* a zero hash is no free slot */
    ak_token_cache_put(&cache, hash, &c);
    for (size_t i = 0; i < 32; i++) {
        hash[i] ^= 0x80;
        assert_null(ak_token_cache_find(&cache, hash, 0));
        hash[i] ^= 0x80;
    }
    assert_non_null(ak_token_cache_find(&cache, hash, 0));
}

static void test_expiry(void **state)
{
    (void)state;
    struct ak_token_cache_slot slots[4];
    struct ak_token_cache cache;
    assert_int_equal(ak_token_cache_init(&cache, slots, 4), AK_OK);
    put(&cache, 1);
    assert_non_null(find(&cache, 1, TEST_NOW_S + 599));
    assert_null(find(&cache, 1, TEST_NOW_S + 600));
    assert_null(find(&cache, 1, TEST_NOW_S)); /* dropped, even if a clock went back */
}

static void test_oldest_gives_way(void **state)
{
    (void)state;
    struct ak_token_cache_slot slots[4];
    struct ak_token_cache cache;
    assert_int_equal(ak_token_cache_init(&cache, slots, 4), AK_OK);
    for (uint32_t n = 0; n < 4; n++) put(&cache, n);
    assert_non_null(find(&cache, 0, TEST_NOW_S)); /* used again: 1 is the oldest now */
    put(&cache, 4);
    assert_null(find(&cache, 1, TEST_NOW_S));
    const uint32_t there[] = {0, 2, 3, 4};
    for (size_t i = 0; i < 4; i++) assert_int_equal(find(&cache, there[i], TEST_NOW_S)->generation, there[i]);
}

static void test_init_refuses(void **state)
{
    (void)state;
    struct ak_token_cache_slot slots[12];
    struct ak_token_cache cache;
    const uint32_t bad[] = {0, 1, 2, 3, 5, 6, 12};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_token_cache_init(&cache, slots, bad[i]), AK_E_ARG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_put_find), cmocka_unit_test(test_each_hash_byte),
        cmocka_unit_test(test_expiry), cmocka_unit_test(test_oldest_gives_way),
        cmocka_unit_test(test_init_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
