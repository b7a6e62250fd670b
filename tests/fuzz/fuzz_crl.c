/* Revocation lists behind their issuer's certificate: what parses is strict DER, has one length, and is
 * verified only in its time. */
#include "fuzz/fuzz.h"

#include "base/crypto/x509_crl.h"

#define FROM_S  UINT64_C(1735689600) /* of the seeds' lists: 2025-01-01, three hours */
#define UNTIL_S UINT64_C(1735700400)

/* The first element, with a length of two bytes, is the certificate. */
static size_t certificate_len(const uint8_t *data, size_t len)
{
    if (len < 4 || data[0] != 0x30 || data[1] != 0x82) return 0;
    size_t all = 4 + ((size_t)data[2] << 8 | data[3]);
    return all <= len ? all : 0;
}

static void check_list(const struct ak_x509_crl *crl, struct ak_span certificate)
{
    struct ak_x509 issuer;
    if (ak_x509_parse(certificate, &issuer) != AK_OK) return;
    if (ak_x509_crl_verify(crl, &issuer, FROM_S) == AK_OK) {
        AK_FUZZ_CHECK(ak_x509_crl_verify(crl, &issuer, FROM_S - 1) == AK_E_EXPIRED);
        AK_FUZZ_CHECK(ak_x509_crl_verify(crl, &issuer, UNTIL_S + 1) == AK_E_EXPIRED);
    }
    AK_FUZZ_CHECK(ak_x509_crl_verify(crl, &issuer, UINT64_MAX) == AK_E_LIMIT);
    (void)ak_x509_crl_has(crl, &issuer);
    ak_x509_done(&issuer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_x509_crl crl;
    size_t head = certificate_len(data, len);
    struct ak_span der = ak_span(data + head, len - head);
    if (ak_x509_crl_parse(der, &crl) != AK_OK) {
        AK_FUZZ_CHECK(crl.crl == NULL);
        return 0;
    }
    check_list(&crl, ak_span(data, head));
    ak_x509_crl_done(&crl);
    AK_FUZZ_CHECK(ak_x509_crl_parse(ak_span(der.ptr, der.len - 1), &crl) != AK_OK);
    return 0;
}
