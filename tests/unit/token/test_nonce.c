/* Server nonces: this start, this worker, this slot or the one before (I10). */
#include "base/attr.h"
#include "core/token/nonce.h"
#include "unit/check.h"

#define SLOT UINT64_C(29453760)
#define NOW  (SLOT * AK_NONCE_SLOT_MS)

static const uint8_t worker[16] = "worker-0000000a";

static struct ak_nonce nonce_at(uint8_t key_byte, const uint8_t id[16], uint64_t now_ms)
{
    struct ak_secret32 key;
    memset(key.bytes, key_byte, sizeof key.bytes);
    struct ak_nonce nonce;
    ak_nonce_init(&nonce, &key, id, now_ms);
    return nonce;
}

static bool takes(const struct ak_nonce *nonce, const char *text, uint64_t *slot)
{
    return ak_nonce_check(nonce, ak_span(text, AK_NONCE_TEXT_LEN), slot);
}

static void test_two_slots(void **state)
{
    (void)state;
    struct ak_nonce n = nonce_at(1, worker, NOW);
    char first[AK_NONCE_TEXT_LEN];
    uint64_t slot = 0;
    assert_int_equal(ak_nonce_text(&n).len, AK_NONCE_TEXT_LEN);
    memcpy(first, ak_nonce_text(&n).ptr, sizeof first);
    assert_true(takes(&n, first, &slot));
    assert_int_equal(slot, SLOT);
    ak_nonce_advance(&n, NOW + 59999);
    assert_memory_equal(ak_nonce_text(&n).ptr, first, sizeof first);
    ak_nonce_advance(&n, NOW + 60000);
    assert_memory_not_equal(ak_nonce_text(&n).ptr, first, sizeof first);
    assert_true(takes(&n, first, &slot));
    assert_int_equal(slot, SLOT);
    ak_nonce_advance(&n, NOW + 119999);
    assert_true(takes(&n, first, &slot));
    ak_nonce_advance(&n, NOW + 120000);
    assert_false(takes(&n, first, &slot));
    assert_int_equal(slot, 0);
}

static void test_never_back(void **state)
{
    (void)state;
    struct ak_nonce n = nonce_at(1, worker, NOW);
    char text[AK_NONCE_TEXT_LEN];
    uint64_t slot = 0;
    memcpy(text, ak_nonce_text(&n).ptr, sizeof text);
    ak_nonce_advance(&n, NOW + 600000);
    assert_false(takes(&n, text, &slot));
    ak_nonce_advance(&n, NOW);
    assert_false(takes(&n, text, &slot));
}

/* A nonce of before a restart (another key), of another node, of a slot to come. */
static void test_others(void **state)
{
    (void)state;
    struct ak_nonce here = nonce_at(1, worker, NOW), restarted = nonce_at(2, worker, NOW);
    uint8_t other[16];
    memcpy(other, worker, sizeof other);
    other[15] ^= 1;
    struct ak_nonce node = nonce_at(1, other, NOW), later = nonce_at(1, worker, NOW + 60000);
    uint64_t slot = 0;
    assert_false(takes(&here, restarted.current, &slot));
    assert_false(takes(&restarted, here.current, &slot));
    assert_false(takes(&here, node.current, &slot));
    assert_false(takes(&here, later.current, &slot));
    assert_true(takes(&later, here.current, &slot));
}

static void test_altered(void **state)
{
    (void)state;
    struct ak_nonce n = nonce_at(1, worker, NOW);
    char text[AK_NONCE_TEXT_LEN + 1];
    uint64_t slot = 0;
    memcpy(text, n.current, AK_NONCE_TEXT_LEN);
    text[AK_NONCE_TEXT_LEN] = 'A';
    for (size_t i = 0; i < AK_NONCE_TEXT_LEN; i++) {
        text[i] ^= 1;
        assert_false(takes(&n, text, &slot));
        text[i] ^= 1;
        assert_false(ak_nonce_check(&n, ak_span(text, i), &slot));
    }
    assert_false(ak_nonce_check(&n, ak_span(text, AK_NONCE_TEXT_LEN + 1), &slot));
    assert_false(ak_nonce_check(&n, AK_SPAN_EMPTY, &slot));
}

static void test_first_slot_of_all(void **state)
{
    (void)state;
    struct ak_nonce n = nonce_at(1, worker, 0);
    uint64_t slot = 9;
    assert_true(takes(&n, n.current, &slot));
    assert_int_equal(slot, 0);
}

static void test_done_wipes(void **state)
{
    (void)state;
    struct ak_nonce n = nonce_at(1, worker, NOW);
    static const struct ak_nonce zero;
    ak_nonce_done(&n);
    assert_memory_equal(&n, &zero, sizeof n);
    ak_nonce_done(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_slots), cmocka_unit_test(test_never_back),
        cmocka_unit_test(test_others), cmocka_unit_test(test_altered),
        cmocka_unit_test(test_first_slot_of_all), cmocka_unit_test(test_done_wipes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
