/* HPKE: the KEM of RFC 9180 A.1.1, whole messages of an independent implementation under the same keys (the
 * RFC prints none of X25519 with AES-256-GCM), and every byte altered. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"

#define RFC_SK_R "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"
#define RFC_PK_R "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
#define RFC_SK_E "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"
#define RFC_ENC  "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
#define INFO     AK_SPAN_LIT("Ode on a Grecian Urn")
#define PLAIN    AK_SPAN_LIT("Beauty is truth, truth beauty")

static void rfc9180_a_1_1(void **state)
{
    (void)state;
    struct ak_secret32 recipient;
    uint8_t pub[32];
    hex_to(RFC_SK_R, recipient.bytes, 32);
    assert_int_equal(ak_x25519_pub(&recipient, pub), AK_OK);
    assert_hex(pub, 32, RFC_PK_R);
}

static void seals_as_others_do(void **state)
{
    (void)state;
    static const struct {
        struct ak_span aad;
        const char *sealed;
    } cases[] = {
        {{NULL, 0},
            "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838589afa254267701d76b93925614730ccd"},
        {{(const uint8_t *)"Count-0", 7},
            "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838530a32a397b14f5776db19ff5e57734e0"}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_secret32 ephemeral, recipient;
        uint8_t pub[32], enc[32], sealed[45], plain[29];
        hex_to(RFC_SK_E, ephemeral.bytes, 32);
        hex_to(RFC_SK_R, recipient.bytes, 32);
        hex_to(RFC_PK_R, pub, 32);
        assert_int_equal(ak_hpke_seal(pub, &ephemeral, INFO, cases[i].aad, PLAIN, enc, sealed), AK_OK);
        assert_hex(enc, 32, RFC_ENC);
        assert_hex(sealed, sizeof sealed, cases[i].sealed);
        assert_int_equal(
            ak_hpke_open(&recipient, enc, INFO, cases[i].aad, AK_SPAN_ARR(sealed), plain), AK_OK);
        assert_memory_equal(plain, "Beauty is truth, truth beauty", 29);
    }
}

static void opens_what_others_sealed(void **state)
{
    (void)state;
    struct ak_secret32 recipient;
    uint8_t enc[32], sealed[45], plain[29];
    hex_to(RFC_SK_R, recipient.bytes, 32);
    hex_to("76d91b81866e1e44197588d014d00ab3b95b581c38c14bb4ad91847fb4a3f435", enc, 32);
    hex_to("889ac7ae1c22348bcb5a04f415de8fad11120c06afb1c24ed95a6c8900e75d652f5daaeb971eadb11a88354b88",
        sealed, 45);
    assert_int_equal(ak_hpke_open(&recipient, enc, INFO, AK_SPAN_EMPTY, AK_SPAN_ARR(sealed), plain), AK_OK);
    assert_memory_equal(plain, "Beauty is truth, truth beauty", 29);
}

/* Mode psk: a message of this code that an independent implementation opens, each bit of the PSK and its
 * name, and neither mode opens the other's. */
static void psk_is_part_of_it(void **state)
{
    (void)state;
    struct ak_secret32 ephemeral, recipient, secret;
    uint8_t pub[32], enc[32], sealed[45], plain[29], id[] = "Ennyn Durin aran Moria";
    hex_to(RFC_SK_E, ephemeral.bytes, 32);
    hex_to(RFC_SK_R, recipient.bytes, 32);
    hex_to(RFC_PK_R, pub, 32);
    hex_to("0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82", secret.bytes, 32);
    const struct ak_hpke_psk psk = {AK_SPAN_ARR(secret.bytes), ak_span(id, sizeof id - 1)};
    assert_int_equal(ak_hpke_seal_psk(pub, &ephemeral, &psk, INFO, AK_SPAN_EMPTY, PLAIN, enc, sealed), AK_OK);
    assert_hex(enc, 32, RFC_ENC);
    assert_hex(sealed, sizeof sealed,
        "def50765a14ae95d06508b2dd666cae57aec3793431cc79313d9e8472cb9893d440629acb753fd62ed47c64456");
    struct ak_span all = AK_SPAN_ARR(sealed);
    assert_int_equal(ak_hpke_open_psk(&recipient, enc, &psk, INFO, AK_SPAN_EMPTY, all, plain), AK_OK);
    assert_memory_equal(plain, "Beauty is truth, truth beauty", 29);
    assert_int_equal(ak_hpke_open(&recipient, enc, INFO, AK_SPAN_EMPTY, all, plain), AK_E_AUTH);
    assert_zero(plain, sizeof plain);
    for (size_t bit = 0; bit < 256; bit++) {
        secret.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ak_hpke_open_psk(&recipient, enc, &psk, INFO, AK_SPAN_EMPTY, all, plain), AK_E_AUTH);
        secret.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t at = 0; at < sizeof id - 1; at++) {
        id[at] ^= 1;
        assert_int_equal(ak_hpke_open_psk(&recipient, enc, &psk, INFO, AK_SPAN_EMPTY, all, plain), AK_E_AUTH);
        id[at] ^= 1;
    }
    assert_int_equal(ak_hpke_seal(pub, &ephemeral, INFO, AK_SPAN_EMPTY, PLAIN, enc, sealed), AK_OK);
    assert_int_equal(ak_hpke_open_psk(&recipient, enc, &psk, INFO, AK_SPAN_EMPTY, all, plain), AK_E_AUTH);
    static const uint8_t large[AK_HPKE_INFO_MAX + 256];
    const struct ak_hpke_psk too_long[] = {{AK_SPAN_ARR(large), psk.id}, {psk.secret, AK_SPAN_ARR(large)}};
    for (size_t i = 0; i < AK_COUNT(too_long); i++)
        assert_int_equal(
            ak_hpke_open_psk(&recipient, enc, &too_long[i], INFO, AK_SPAN_EMPTY, all, plain), AK_E_LIMIT);
}

struct pair {
    struct ak_secret32 recipient, ephemeral;
    uint8_t pub[32], enc[32], sealed[45];
};

static void pair_make(struct pair *p)
{
    uint64_t seed = 11;
    fill(&seed, p->recipient.bytes, 32);
    fill(&seed, p->ephemeral.bytes, 32);
    assert_int_equal(ak_x25519_pub(&p->recipient, p->pub), AK_OK);
    assert_int_equal(
        ak_hpke_seal(p->pub, &p->ephemeral, INFO, AK_SPAN_EMPTY, PLAIN, p->enc, p->sealed), AK_OK);
}

static void refused(const struct pair *p, struct ak_span info, struct ak_span aad)
{
    uint8_t plain[29];
    memset(plain, 0xa5, sizeof plain);
    assert_int_equal(
        ak_hpke_open(&p->recipient, p->enc, info, aad, AK_SPAN_ARR(p->sealed), plain), AK_E_AUTH);
    assert_zero(plain, sizeof plain);
}

static void refuses_every_change(void **state)
{
    (void)state;
    struct pair p, altered;
    pair_make(&p);
    for (size_t i = 0; i < sizeof p.sealed; i++) {
        altered = p;
        altered.sealed[i] ^= 1;
        refused(&altered, INFO, AK_SPAN_EMPTY);
    }
    for (size_t i = 0; i < 32; i++) {
        altered = p;
        altered.enc[i] ^= 1;
        refused(&altered, INFO, AK_SPAN_EMPTY);
    }
    altered = p;
    altered.recipient.bytes[5] ^= 1;
    refused(&altered, INFO, AK_SPAN_EMPTY);
    refused(&p, AK_SPAN_LIT("Ode on a Grecian Url"), AK_SPAN_EMPTY);
    refused(&p, AK_SPAN_EMPTY, AK_SPAN_EMPTY);
    refused(&p, INFO, AK_SPAN_LIT("x"));
    memset(altered.enc, 0, 32);
    refused(&altered, INFO, AK_SPAN_EMPTY); /* small order */
}

static void takes_all_lengths(void **state)
{
    (void)state;
    static uint8_t plain[65536], sealed[65536 + AK_HPKE_OVERHEAD], again[65536];
    static const size_t lens[] = {0, 1, 15, 16, 17, 65535, 65536};
    struct pair p;
    pair_make(&p);
    memset(plain, 'x', sizeof plain);
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        assert_int_equal(
            ak_hpke_seal(p.pub, &p.ephemeral, INFO, AK_SPAN_EMPTY, ak_span(plain, lens[i]), p.enc, sealed),
            AK_OK);
        struct ak_span all = ak_span(sealed, lens[i] + AK_HPKE_OVERHEAD);
        assert_int_equal(ak_hpke_open(&p.recipient, p.enc, INFO, AK_SPAN_EMPTY, all, again), AK_OK);
        assert_memory_equal(plain, again, lens[i]);
    }
    for (size_t len = 0; len < AK_HPKE_OVERHEAD; len++)
        assert_int_equal(
            ak_hpke_open(&p.recipient, p.enc, INFO, AK_SPAN_EMPTY, ak_span(sealed, len), again), AK_E_FORMAT);
}

static void holds_limits(void **state)
{
    (void)state;
    static uint8_t info[AK_HPKE_INFO_MAX + 1];
    uint8_t plain[29];
    struct pair p;
    pair_make(&p);
    for (size_t len = AK_HPKE_INFO_MAX - 1; len <= AK_HPKE_INFO_MAX + 1; len++) {
        bool fits = len <= AK_HPKE_INFO_MAX;
        assert_int_equal(
            ak_hpke_seal(p.pub, &p.ephemeral, ak_span(info, len), AK_SPAN_EMPTY, PLAIN, p.enc, p.sealed),
            fits ? AK_OK : AK_E_LIMIT);
        if (!fits) assert_zero(p.enc, 32);
        if (!fits) assert_zero(p.sealed, sizeof p.sealed);
        if (fits)
            assert_int_equal(ak_hpke_open(&p.recipient, p.enc, ak_span(info, len), AK_SPAN_EMPTY,
                                 AK_SPAN_ARR(p.sealed), plain),
                AK_OK);
    }
    static const uint8_t zero[32];
    assert_int_equal(
        ak_hpke_seal(zero, &p.ephemeral, INFO, AK_SPAN_EMPTY, PLAIN, p.enc, p.sealed), AK_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9180_a_1_1),
        cmocka_unit_test(seals_as_others_do),
        cmocka_unit_test(opens_what_others_sealed),
        cmocka_unit_test(psk_is_part_of_it),
        cmocka_unit_test(refuses_every_change),
        cmocka_unit_test(takes_all_lengths),
        cmocka_unit_test(holds_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
