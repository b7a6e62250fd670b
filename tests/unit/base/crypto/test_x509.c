/* Certificates and chains: strict DER, bundles, every reason for which a chain does not hold. */
#include "unit/check.h"

#include <openssl/x509.h>

#include "base/crypto/sha256.h"
#include "base/crypto/x509.h"
#include "unit/attest/made.h"

enum { ROOT, MIDDLE, LOW, LEAF, CERTS };

static EVP_PKEY *keys[CERTS];
static struct made_cert made[CERTS];
static uint8_t memory[AK_X509_BUNDLE_MAX + 2];

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < CERTS; i++) keys[i] = made_ec("P-256");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < CERTS; i++) EVP_PKEY_free(keys[i]);
    return 0;
}

/* root -> middle -> low -> leaf, not signed yet. */
static int begin(void **state)
{
    static const char *const names[CERTS] = {"root", "middle", "low", "leaf"};
    (void)state;
    for (size_t i = 0; i < CERTS; i++) {
        size_t up = i == ROOT ? ROOT : i - 1;
        made_cert_init(&made[i], names[i], keys[i], names[up], keys[up]);
        made[i].ca = i != LEAF;
    }
    return 0;
}

/* Signs all and verifies leaf .. root with the middle ones in the order given. */
static enum ak_err chain_of(const size_t *order, size_t count, uint64_t at_s)
{
    struct ak_x509 certs[CERTS], between[AK_X509_CHAIN_MAX + 1];
    for (size_t i = 0; i < CERTS; i++) {
        (void)made_cert_sign(&made[i]);
        assert_int_equal(ak_x509_parse(made_cert_span(&made[i]), &certs[i]), AK_OK);
    }
    for (size_t i = 0; i < count; i++) between[i] = certs[order[i]];
    enum ak_err err = ak_x509_chain_verify(&certs[LEAF], between, count, &certs[ROOT], at_s);
    for (size_t i = 0; i < CERTS; i++) ak_x509_done(&certs[i]);
    return err;
}

static const size_t in_order[AK_X509_CHAIN_MAX + 1] = {LOW, MIDDLE};

static enum ak_err chain(void)
{
    return chain_of(in_order, 2, MADE_AT_S);
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(chain(), AK_OK);
}

static void test_which_are_given(void **state)
{
    static const size_t turned[] = {MIDDLE, LOW}, twice[] = {LOW, LOW, MIDDLE},
                        with_root[] = {LOW, MIDDLE, ROOT}, with_leaf[] = {LEAF, LOW, MIDDLE};
    (void)state;
    assert_int_equal(chain_of(turned, 2, MADE_AT_S), AK_E_AUTH);
    assert_int_equal(chain_of(twice, 3, MADE_AT_S), AK_E_AUTH);
    assert_int_equal(chain_of(with_root, 3, MADE_AT_S), AK_E_AUTH);
    assert_int_not_equal(chain_of(with_leaf, 3, MADE_AT_S), AK_OK);
    assert_int_equal(chain_of(in_order, 1, MADE_AT_S), AK_E_AUTH);
    assert_int_equal(chain_of(in_order, 0, MADE_AT_S), AK_E_AUTH);
    assert_int_not_equal(chain_of(in_order, AK_X509_CHAIN_MAX, MADE_AT_S), AK_OK);
    assert_int_equal(chain_of(in_order, AK_X509_CHAIN_MAX + 1, MADE_AT_S), AK_E_LIMIT);
}

static void test_foreign_signature(void **state)
{
    (void)state;
    for (size_t i = MIDDLE; i < CERTS; i++) {
        begin(state);
        made[i].signer = keys[LEAF];
        assert_int_equal(chain(), AK_E_AUTH);
    }
    begin(state);
    made[LEAF].issuer = "another";
    assert_int_equal(chain(), AK_E_AUTH);
}

static void test_time(void **state)
{
    (void)state;
    assert_int_equal(chain_of(in_order, 2, MADE_FROM_S - 1), AK_E_EXPIRED);
    assert_int_equal(chain_of(in_order, 2, MADE_FROM_S), AK_OK);
    assert_int_equal(chain_of(in_order, 2, MADE_UNTIL_S - 1), AK_OK);
    assert_int_equal(chain_of(in_order, 2, MADE_UNTIL_S), AK_E_EXPIRED);
    assert_int_equal(chain_of(in_order, 2, UINT64_C(253402300799)), AK_E_EXPIRED);
    assert_int_equal(chain_of(in_order, 2, UINT64_C(253402300800)), AK_E_LIMIT);
    assert_int_equal(chain_of(in_order, 2, UINT64_MAX), AK_E_LIMIT);
    for (size_t i = 0; i < CERTS; i++) {
        begin(state);
        made[i].until_s = MADE_AT_S;
        assert_int_equal(chain(), AK_E_EXPIRED);
        begin(state);
        made[i].from_s = MADE_AT_S + 1;
        assert_int_equal(chain(), AK_E_EXPIRED);
    }
}

static void test_who_may_sign(void **state)
{
    (void)state;
    made[MIDDLE].ca = false;
    assert_int_equal(chain(), AK_E_MEANING);
    begin(state);
    made[LOW].no_constraints = true; /* only a key usage that says so */
    assert_int_equal(chain(), AK_E_MEANING);
    begin(state);
    made[LOW].usage = "critical,digitalSignature";
    assert_int_not_equal(chain(), AK_OK);
    begin(state);
    made[MIDDLE].path_len = 0;
    assert_int_equal(chain(), AK_E_MEANING);
    made[MIDDLE].path_len = 1;
    assert_int_equal(chain(), AK_OK);
    made[LEAF].usage = "digitalSignature";
    assert_int_equal(chain(), AK_OK);
}

static void test_unknown_extension(void **state)
{
    (void)state;
    for (size_t i = MIDDLE; i < CERTS; i++) {
        begin(state);
        made_cert_ext(&made[i], "1.2.3.4", AK_SPAN_LIT("\x05"));
        assert_int_equal(chain(), AK_OK);
        made[i].exts[0].critical = true;
        assert_int_equal(chain(), AK_E_MEANING);
    }
}

static void test_weak_key(void **state)
{
    (void)state;
    made[LOW].key = made[LEAF].signer = made_rsa(1024);
    assert_int_equal(chain(), AK_E_MEANING);
    EVP_PKEY_free(made[LOW].key);
}

/* What parses is what was given: each byte altered gives no certificate, or one whose signature fails. */
static void test_each_byte(void **state)
{
    struct ak_x509 root, leaf;
    (void)state;
    made[LEAF].issuer = "root";
    made[LEAF].signer = keys[ROOT];
    assert_int_equal(ak_x509_parse(made_cert_sign(&made[ROOT]), &root), AK_OK);
    (void)made_cert_sign(&made[LEAF]);
    for (size_t i = 0; i < made[LEAF].len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            made[LEAF].der[i] ^= (uint8_t)(1 << bit);
            if (ak_x509_parse(made_cert_span(&made[LEAF]), &leaf) == AK_OK) {
                if (ak_x509_chain_verify(&leaf, NULL, 0, &root, MADE_AT_S) == AK_OK) fail_msg("byte %zu", i);
                ak_x509_done(&leaf);
            }
            assert_null(leaf.cert);
            made[LEAF].der[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(ak_x509_parse(made_cert_span(&made[LEAF]), &leaf), AK_OK);
    assert_int_equal(ak_x509_chain_verify(&leaf, NULL, 0, &root, MADE_AT_S), AK_OK);
    ak_x509_done(&leaf);
    ak_x509_done(&root);
}

static void test_parse(void **state)
{
    struct ak_x509 cert;
    (void)state;
    struct ak_span der = made_cert_sign(&made[LEAF]);
    memcpy(memory, der.ptr, der.len);
    memory[der.len] = 0;
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(ak_x509_parse(ak_span(memory, len), &cert), len == 0 ? AK_E_LIMIT : AK_E_FORMAT);
    assert_int_equal(ak_x509_parse(ak_span(memory, der.len + 1), &cert), AK_E_FORMAT);
    assert_int_equal(ak_x509_parse(ak_span(memory, AK_X509_DER_MAX), &cert), AK_E_FORMAT);
    assert_int_equal(ak_x509_parse(ak_span(memory, AK_X509_DER_MAX + 1), &cert), AK_E_LIMIT);
    /* BER that means the same: the outer length in three bytes instead of two. */
    assert_true(memory[0] == 0x30 && memory[1] == 0x82);
    memmove(memory + 5, memory + 4, der.len - 4);
    memory[4] = der.ptr[3];
    memory[3] = der.ptr[2];
    memory[2] = 0;
    memory[1] = 0x83;
    assert_int_equal(ak_x509_parse(ak_span(memory, der.len + 1), &cert), AK_E_FORMAT);
}

static void test_views(void **state)
{
    struct ak_x509 cert;
    struct ak_span value;
    uint64_t from_s = 0, until_s = 0;
    uint8_t print[32], wanted[32];
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    (void)state;
    made_cert_ext(&made[LEAF], "1.2.3.4", AK_SPAN_LIT("once"));
    made_cert_ext(&made[LEAF], "1.2.3.5", AK_SPAN_LIT("twice"));
    made_cert_ext(&made[LEAF], "1.2.3.5", AK_SPAN_LIT("twice"));
    assert_int_equal(ak_x509_parse(made_cert_sign(&made[LEAF]), &cert), AK_OK);
    assert_int_equal(ak_x509_extension(&cert, "1.2.3.4", &value), AK_OK);
    assert_true(ak_span_eq(value, AK_SPAN_LIT("once")));
    assert_int_equal(ak_x509_extension(&cert, "1.2.3.5", &value), AK_E_FORMAT);
    assert_int_equal(ak_x509_extension(&cert, "1.2.3.6", &value), AK_E_NOT_FOUND);
    assert_int_equal(value.len, 0);
    assert_int_equal(ak_x509_extension(&cert, "one.two", &value), AK_E_ARG);
    assert_true(ak_span_eq(ak_x509_subject_cn(&cert), AK_SPAN_LIT("leaf")));
    assert_int_equal(ak_x509_validity(&cert, &from_s, &until_s), AK_OK);
    assert_true(from_s == MADE_FROM_S && until_s == MADE_UNTIL_S);
    ak_x509_fingerprint(&cert, print);
    ak_sha256(made_cert_span(&made[LEAF]), wanted);
    assert_memory_equal(print, wanted, 32);
    assert_int_equal(ak_x509_key(&cert, &key), AK_OK);
    assert_int_equal(key.type, AK_PUBKEY_P256);
    ak_x509_done(&cert);
    made[ROOT].from_s = 0;
    made[ROOT].until_s = UINT64_C(253402300799);
    assert_int_equal(ak_x509_parse(made_cert_sign(&made[ROOT]), &cert), AK_OK);
    assert_int_equal(ak_x509_validity(&cert, &from_s, &until_s), AK_OK);
    assert_true(from_s == 0 && until_s == UINT64_C(253402300799));
    ak_x509_done(&cert);
}

/* Of two names neither is the name. */
static void test_two_names(void **state)
{
    struct ak_x509 cert;
    uint8_t der[2048], *out = der;
    (void)state;
    struct ak_span signed_once = made_cert_sign(&made[LEAF]);
    const unsigned char *at = signed_once.ptr;
    X509 *x = d2i_X509(NULL, &at, (long)signed_once.len);
    assert_non_null(x);
    X509_NAME *name = X509_get_subject_name(x);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"other", 5, -1, 0), 1);
    assert_true(X509_sign(x, keys[LOW], EVP_sha256()) > 0);
    int len = i2d_X509(x, &out);
    X509_free(x);
    assert_true(len > 0 && (size_t)len <= sizeof der);
    assert_int_equal(ak_x509_parse(ak_span(der, (size_t)len), &cert), AK_OK);
    assert_int_equal(ak_x509_subject_cn(&cert).len, 0);
    ak_x509_done(&cert);
}

/* The library parses a time that is none, and says so only when it is asked; before 1970 there is none here.
 */
static void test_time_that_is_none(void **state)
{
    static const char time[] = "250101000000Z";
    static const char *const others[] = {"25XX", "5001"};
    struct ak_x509 cert;
    uint64_t from_s = 1, until_s = 1;
    (void)state;
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        (void)made_cert_sign(&made[LEAF]);
        size_t at = 0;
        while (memcmp(made[LEAF].der + at, time, sizeof time - 1) != 0) at++;
        memcpy(made[LEAF].der + at, others[i], 4);
        assert_int_equal(ak_x509_parse(made_cert_span(&made[LEAF]), &cert), AK_OK);
        assert_int_equal(ak_x509_validity(&cert, &from_s, &until_s), AK_E_FORMAT);
        assert_true(from_s == 0 && until_s == 0);
        ak_x509_done(&cert);
    }
}

/* ---- bundles ---- */

static enum ak_err bundle(const struct ak_buf *bytes, size_t wanted)
{
    struct ak_x509_bundle got;
    enum ak_err err = ak_x509_bundle_parse(ak_buf_span(bytes), &got);
    assert_int_equal(got.count, err == AK_OK ? wanted : 0);
    ak_x509_bundle_done(&got);
    assert_int_equal(got.count, 0);
    return err;
}

static void test_bundles_of_der(void **state)
{
    struct ak_buf buf = AK_BUF_ARR(memory);
    (void)state;
    struct ak_span der = made_cert_sign(&made[LEAF]);
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    for (size_t count = 1; count <= AK_X509_CHAIN_MAX + 1; count++) {
        ak_buf_put(&buf, der);
        assert_int_equal(bundle(&buf, count), count > AK_X509_CHAIN_MAX ? AK_E_LIMIT : AK_OK);
    }
    buf.len = der.len - 1;
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    buf.len = der.len + 3; /* too little for another one */
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    static const struct {
        uint8_t head[4];
        enum ak_err err;
    } rows[] = {{{0x30, 0x02, 0, 0}, AK_E_FORMAT}, {{0x30, 0x81, 1, 0}, AK_E_FORMAT},
        {{0x30, 0x80, 0, 0}, AK_E_LIMIT}, {{0x30, 0x83, 1, 0}, AK_E_LIMIT},
        {{0x30, 0x84, 0x40, 0}, AK_E_LIMIT}, {{0x30, 0x82, 0xff, 0xff}, AK_E_FORMAT}};
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        buf.len = 0;
        ak_buf_put(&buf, AK_SPAN_ARR(rows[i].head));
        assert_int_equal(bundle(&buf, 0), rows[i].err);
    }
}

static void put_bundle(struct ak_buf *buf, const char *before, const char *between)
{
    buf->len = 0;
    ak_buf_put_str(buf, before);
    made_pem(made_cert_span(&made[LEAF]), buf);
    ak_buf_put_str(buf, between);
    made_pem(made_cert_span(&made[ROOT]), buf);
}

static void test_bundles_of_pem(void **state)
{
    struct ak_buf buf = AK_BUF_ARR(memory);
    (void)state;
    (void)made_cert_sign(&made[LEAF]);
    (void)made_cert_sign(&made[ROOT]);
    put_bundle(&buf, "", "");
    assert_int_equal(bundle(&buf, 2), AK_OK);
    put_bundle(&buf, "\r\n \t", "\n\n");
    assert_int_equal(bundle(&buf, 2), AK_OK);
    put_bundle(&buf, "", "comment\n");
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    put_bundle(&buf, "-----BEGIN PRIVATE KEY-----\n", "");
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    put_bundle(&buf, "", "");
    buf.len -= 4; /* the end's dashes */
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    put_bundle(&buf, "", "");
    memory[40] = '*';
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    buf.len = 0;
    ak_buf_put_str(&buf, " \n");
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    ak_buf_put_str(&buf, "-----BEGIN CERTIFICATE-----\n");
    memset(buf.ptr + buf.len, 'A', 11000);
    buf.len += 11000;
    assert_int_equal(bundle(&buf, 0), AK_E_LIMIT);
    memset(memory, ' ', sizeof memory);
    buf.len = AK_X509_BUNDLE_MAX;
    assert_int_equal(bundle(&buf, 0), AK_E_FORMAT);
    buf.len++;
    assert_int_equal(bundle(&buf, 0), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, begin),
        cmocka_unit_test_setup(test_which_are_given, begin),
        cmocka_unit_test_setup(test_foreign_signature, begin),
        cmocka_unit_test_setup(test_time, begin),
        cmocka_unit_test_setup(test_who_may_sign, begin),
        cmocka_unit_test_setup(test_unknown_extension, begin),
        cmocka_unit_test_setup(test_weak_key, begin),
        cmocka_unit_test_setup(test_each_byte, begin),
        cmocka_unit_test_setup(test_parse, begin),
        cmocka_unit_test_setup(test_views, begin),
        cmocka_unit_test_setup(test_two_names, begin),
        cmocka_unit_test_setup(test_time_that_is_none, begin),
        cmocka_unit_test_setup(test_bundles_of_der, begin),
        cmocka_unit_test_setup(test_bundles_of_pem, begin),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
