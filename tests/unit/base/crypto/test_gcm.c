/* AES-256-GCM: the cases of the GCM specification, each byte altered, in place, too short. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/err.h>

#include "base/crypto/gcm.h"

static void published_cases(void **state)
{
    (void)state;
    struct ak_secret32 key = {{0}};
    uint8_t nonce[12] = {0}, plain[16] = {0}, sealed[32];
    assert_int_equal(ak_gcm_seal(&key, nonce, AK_SPAN_EMPTY, AK_SPAN_EMPTY, sealed), AK_OK);
    assert_hex(sealed, 16, "530f8afbc74536b9a963b4f1c4cb738b");
    assert_int_equal(ak_gcm_open(&key, nonce, AK_SPAN_EMPTY, ak_span(sealed, 16), plain), AK_OK);
    assert_int_equal(ak_gcm_seal(&key, nonce, AK_SPAN_EMPTY, AK_SPAN_ARR(plain), sealed), AK_OK);
    assert_hex(sealed, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

static void opens_what_it_sealed_in_place(void **state)
{
    (void)state;
    struct ak_secret32 key = {{1}};
    uint8_t nonce[12] = {2}, plain[300], work[316], apart[316];
    uint64_t seed = 12;
    fill(&seed, plain, sizeof plain);
    for (size_t len = 0; len <= sizeof plain; len += 15) {
        struct ak_span aad = ak_span(plain, len / 2);
        memcpy(work, plain, len);
        assert_int_equal(ak_gcm_seal(&key, nonce, aad, ak_span(work, len), work), AK_OK);
        assert_int_equal(ak_gcm_seal(&key, nonce, aad, ak_span(plain, len), apart), AK_OK);
        assert_memory_equal(work, apart, len + 16);
        assert_int_equal(ak_gcm_open(&key, nonce, aad, ak_span(work, len + 16), work), AK_OK);
        assert_memory_equal(work, plain, len);
    }
}

static void each_altered_byte_is_refused_and_zeroed(void **state)
{
    (void)state;
    struct ak_secret32 key = {{3}};
    uint8_t nonce[12] = {4}, aad[7] = {5}, plain[20] = {6}, sealed[36], out[20];
    assert_int_equal(ak_gcm_seal(&key, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(plain), sealed), AK_OK);
    uint8_t *const fields[] = {key.bytes, nonce, aad, sealed};
    const size_t lens[] = {32, 12, 7, 36};
    for (size_t f = 0; f < 4; f++) {
        for (size_t i = 0; i < lens[f]; i++) {
            fields[f][i] ^= 0x40;
            memset(out, 0xa5, sizeof out);
            assert_int_equal(ak_gcm_open(&key, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(sealed), out), AK_E_AUTH);
            assert_zero(out, sizeof out);
            fields[f][i] ^= 0x40;
        }
    }
    assert_int_equal(ak_gcm_open(&key, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(sealed), out), AK_OK);
    assert_int_equal(ERR_peek_error(), 0);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct ak_secret32 key = {{7}};
    uint8_t nonce[12] = {8}, plain[20] = {9}, sealed[36], out[20];
    assert_int_equal(ak_gcm_seal(&key, nonce, AK_SPAN_EMPTY, AK_SPAN_ARR(plain), sealed), AK_OK);
    for (size_t len = 0; len < sizeof sealed; len++) {
        enum ak_err err = ak_gcm_open(&key, nonce, AK_SPAN_EMPTY, ak_span(sealed, len), out);
        assert_int_equal(err, len < 16 ? AK_E_FORMAT : AK_E_AUTH);
    }
}

static void huge_lengths_are_refused_before_use(void **state)
{
    (void)state;
    struct ak_secret32 key = {{1}};
    uint8_t nonce[12] = {2}, byte = 0xa5;
    struct ak_span huge = ak_span(&byte, (size_t)1 << 31), fits = AK_SPAN_EMPTY;
    assert_int_equal(ak_gcm_seal(&key, nonce, fits, huge, &byte), AK_E_LIMIT);
    assert_int_equal(ak_gcm_seal(&key, nonce, huge, fits, &byte), AK_E_LIMIT);
    assert_int_equal(byte, 0xa5);
    uint8_t sealed[17] = {0};
    assert_int_equal(ak_gcm_open(&key, nonce, huge, AK_SPAN_ARR(sealed), &byte), AK_E_LIMIT);
    assert_int_equal(byte, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_cases),
        cmocka_unit_test(opens_what_it_sealed_in_place),
        cmocka_unit_test(each_altered_byte_is_refused_and_zeroed), cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(huge_lengths_are_refused_before_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
