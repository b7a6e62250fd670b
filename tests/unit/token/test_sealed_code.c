/* Sealing a recovery code: for one key and one device, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"
#include "core/token/sealed_code.h"

static const struct ak_secret32 keeper = {{5, 5}}, other = {{6, 6}}, ephemeral = {{7, 7}};
static uint8_t jkt[32], code[32], sealed[AK_LIMIT_SEALED_CODE];

static int make(void **state)
{
    (void)state;
    uint8_t pub[32];
    memset(jkt, 1, sizeof jkt);
    memset(code, 2, sizeof code);
    assert_int_equal(ak_x25519_pub(&keeper, pub), AK_OK);
    assert_int_equal(ak_sealed_code_make(pub, &ephemeral, jkt, code, sealed), AK_OK);
    return 0;
}

static enum ak_err try_open(const struct ak_secret32 *scalar)
{
    struct ak_secret32 got = {{9}};
    static const struct ak_secret32 zeros;
    enum ak_err err = ak_sealed_code_open(scalar, jkt, sealed, &got);
    assert_memory_equal(got.bytes, err ? zeros.bytes : code, 32);
    return err;
}

static void test_opens_where_it_was_meant_for(void **state)
{
    (void)state;
    assert_int_equal(try_open(&keeper), AK_OK);
    assert_int_equal(try_open(&other), AK_E_AUTH);
    jkt[31] ^= 1;
    assert_int_equal(try_open(&keeper), AK_E_AUTH);
}

static void test_each_byte_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_equal(try_open(&keeper), AK_E_AUTH);
        sealed[i] ^= 1;
    }
}

/* What other programs have to do: the info is this label and the device's thumbprint, no more. */
static void test_is_what_the_contract_says(void **state)
{
    (void)state;
    uint8_t info[26 + 32], plain[32];
    memcpy(info, "agentkeys-recovery-code-v1", 26);
    memcpy(info + 26, jkt, 32);
    assert_int_equal(
        ak_hpke_open(&keeper, sealed, AK_SPAN_ARR(info), AK_SPAN_EMPTY, ak_span(sealed + 32, 48), plain),
        AK_OK);
    assert_memory_equal(plain, code, 32);
}

static void test_no_key(void **state)
{
    (void)state;
    static const uint8_t zeros[AK_LIMIT_SEALED_CODE];
    assert_int_equal(ak_sealed_code_make(zeros, &ephemeral, jkt, code, sealed), AK_E_AUTH);
    assert_memory_equal(sealed, zeros, sizeof sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_opens_where_it_was_meant_for, make),
        cmocka_unit_test_setup(test_each_byte_counts, make),
        cmocka_unit_test_setup(test_is_what_the_contract_says, make),
        cmocka_unit_test_setup(test_no_key, make)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
