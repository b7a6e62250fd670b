/* Certificates, one or a bundle: what parses has a fingerprint of the very bytes, and its parts can be asked
 * for. */
#include "fuzz/fuzz.h"

#include "base/crypto/sha256.h"
#include "base/crypto/x509.h"

static void check_cert(const struct ak_x509 *cert)
{
    struct ak_pubkey key;
    struct ak_span value;
    uint64_t from_s = 0, until_s = 0;
    if (ak_x509_key(cert, &key) == AK_OK) AK_FUZZ_CHECK(key.type != AK_PUBKEY_NONE);
    ak_pubkey_done(&key);
    if (ak_x509_extension(cert, "2.5.29.19", &value) != AK_OK) AK_FUZZ_CHECK(value.len == 0);
    if (ak_x509_validity(cert, &from_s, &until_s) != AK_OK) AK_FUZZ_CHECK(from_s == 0);
    (void)ak_x509_subject_cn(cert);
}

static void check_one(const struct ak_x509 *cert, struct ak_span der)
{
    uint8_t print[32], wanted[32];
    ak_x509_fingerprint(cert, print);
    ak_sha256(der, wanted);
    AK_FUZZ_CHECK(memcmp(print, wanted, sizeof print) == 0);
    check_cert(cert);
}

/* A certificate alone is a bundle of one; only what is none is tried as a larger one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_x509 cert;
    struct ak_x509_bundle bundle;
    if (ak_x509_parse(ak_span(data, len), &cert) == AK_OK) {
        check_one(&cert, ak_span(data, len));
        ak_x509_done(&cert);
        return 0;
    }
    AK_FUZZ_CHECK(cert.cert == NULL);
    if (ak_x509_bundle_parse(ak_span(data, len), &bundle) == AK_OK)
        AK_FUZZ_CHECK(bundle.count >= 1 && bundle.count <= AK_X509_CHAIN_MAX);
    for (size_t i = 0; i < bundle.count; i++) check_cert(&bundle.certs[i]);
    ak_x509_bundle_done(&bundle);
    return 0;
}
