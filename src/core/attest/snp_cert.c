/* What AMD's certificate of a report key says in its extensions, and whether that is what the report says. */
#include "core/attest/snp.h"

#define OID_PRODUCT    "1.3.6.1.4.1.3704.1.2"
#define OID_BOOTLOADER "1.3.6.1.4.1.3704.1.3.1"
#define OID_TEE        "1.3.6.1.4.1.3704.1.3.2"
#define OID_SNP        "1.3.6.1.4.1.3704.1.3.3"
#define OID_SPL4       "1.3.6.1.4.1.3704.1.3.4"
#define OID_SPL5       "1.3.6.1.4.1.3704.1.3.5"
#define OID_SPL6       "1.3.6.1.4.1.3704.1.3.6"
#define OID_SPL7       "1.3.6.1.4.1.3704.1.3.7"
#define OID_MICROCODE  "1.3.6.1.4.1.3704.1.3.8"
#define OID_FMC        "1.3.6.1.4.1.3704.1.3.9"
#define OID_HWID       "1.3.6.1.4.1.3704.1.4"
#define OID_CSP        "1.3.6.1.4.1.3704.1.5"

enum { INTEGER = 2, OCTETS = 4, IA5 = 22, CHIP_LEN = 64, TURIN_CHIP_LEN = 8 };

static const struct ak_snp_component until_genoa[] = {
    {"bootloader", 0, OID_BOOTLOADER},
    {"tee", 1, OID_TEE},
    {"snp", 6, OID_SNP},
    {"microcode", 7, OID_MICROCODE},
};
static const struct ak_snp_component from_turin[] = {
    {"fmc", 0, OID_FMC},
    {"bootloader", 1, OID_BOOTLOADER},
    {"tee", 2, OID_TEE},
    {"snp", 3, OID_SNP},
    {"microcode", 7, OID_MICROCODE},
};
/* Bytes without a name; Turin's certificates have three of them. */
static const struct ak_snp_component spare_until_genoa[] = {
    {"", 2, OID_SPL4}, {"", 3, OID_SPL5}, {"", 4, OID_SPL6}, {"", 5, OID_SPL7}};
static const struct ak_snp_component spare_from_turin[] = {
    {"", 4, OID_SPL5}, {"", 5, OID_SPL6}, {"", 6, OID_SPL7}};

const char *ak_snp_product_name(enum ak_snp_product product)
{
    static const char *const names[AK_SNP_PRODUCT_COUNT] = {"Milan", "Genoa", "Turin"};
    return names[product];
}

const struct ak_snp_component *ak_snp_components(enum ak_snp_product product, size_t *out_count)
{
    *out_count = product == AK_SNP_TURIN ? AK_COUNT(from_turin) : AK_COUNT(until_genoa);
    return product == AK_SNP_TURIN ? from_turin : until_genoa;
}

/* A DER INTEGER of 0 to 255. spec: X.690 8.3 */
static bool is_integer(const struct ak_x509 *leaf, const char *oid, uint8_t wanted)
{
    const uint8_t short_form[3] = {INTEGER, 1, wanted}, long_form[4] = {INTEGER, 2, 0, wanted};
    struct ak_span value;
    if (ak_x509_extension(leaf, oid, &value) != AK_OK) return false;
    return ak_span_eq(value, wanted < 0x80 ? AK_SPAN_ARR(short_form) : AK_SPAN_ARR(long_form));
}

static bool has_components(
    const struct ak_x509 *leaf, const struct ak_snp_component *components, size_t count, struct ak_span tcb)
{
    for (size_t i = 0; i < count; i++)
        if (!is_integer(leaf, components[i].oid, tcb.ptr[components[i].at])) return false;
    return true;
}

static bool has_tcb(const struct ak_x509 *leaf, struct ak_span tcb, enum ak_snp_product product)
{
    size_t count = 0;
    const struct ak_snp_component *named = ak_snp_components(product, &count);
    if (!has_components(leaf, named, count, tcb)) return false;
    if (product == AK_SNP_TURIN)
        return has_components(leaf, spare_from_turin, AK_COUNT(spare_from_turin), tcb);
    return has_components(leaf, spare_until_genoa, AK_COUNT(spare_until_genoa), tcb);
}

/* An IA5String of less than 128 characters; empty where it is none. */
static struct ak_span ia5(const struct ak_x509 *leaf, const char *oid)
{
    struct ak_span value;
    if (ak_x509_extension(leaf, oid, &value) != AK_OK || value.len < 2 || value.ptr[0] != IA5 ||
        value.ptr[1] >= 0x80 || value.ptr[1] != value.len - 2)
        return AK_SPAN_EMPTY;
    return ak_span_sub(value, 2, value.len);
}

/* "Milan" or "Milan-B0". */
static bool is_product(const struct ak_x509 *leaf, enum ak_snp_product product)
{
    struct ak_span name = ia5(leaf, OID_PRODUCT);
    return ak_span_eq(
        ak_span_sub(name, 0, ak_span_find(name, 0, '-')), ak_span_str(ak_snp_product_name(product)));
}

/* The chip's number as it is, or as an OCTET STRING. Turin's has 8 bytes, and zeros follow in the report. */
static bool is_chip(const struct ak_x509 *leaf, struct ak_span chip_id, enum ak_snp_product product)
{
    static const uint8_t zeros[CHIP_LEN];
    size_t len = product == AK_SNP_TURIN ? TURIN_CHIP_LEN : CHIP_LEN;
    struct ak_span value;
    if (ak_x509_extension(leaf, OID_HWID, &value) != AK_OK) return false;
    if (value.len == len + 2 && value.ptr[0] == OCTETS && value.ptr[1] == len)
        value = ak_span_sub(value, 2, value.len);
    return ak_span_eq(value, ak_span_sub(chip_id, 0, len)) &&
           ak_span_eq(ak_span_sub(chip_id, len, CHIP_LEN), ak_span(zeros, CHIP_LEN - len));
}

static bool has_extension(const struct ak_x509 *leaf, const char *oid)
{
    struct ak_span value;
    return ak_x509_extension(leaf, oid, &value) != AK_E_NOT_FOUND;
}

/* By its name, and by the one extension that the other kind does not have. */
static bool is_kind(const struct ak_x509 *leaf, bool vlek)
{
    struct ak_span name = ak_x509_subject_cn(leaf);
    return ak_span_eq(name, vlek ? AK_SPAN_LIT("SEV-VLEK") : AK_SPAN_LIT("SEV-VCEK")) &&
           has_extension(leaf, OID_HWID) == !vlek && has_extension(leaf, OID_CSP) == vlek;
}

const char *ak_snp_certificate_mismatch(
    const struct ak_x509 *leaf, const struct ak_snp_report *report, enum ak_snp_product product)
{
    bool vlek = report->signing_key == AK_SNP_VLEK;
    if (!is_kind(leaf, vlek))
        return vlek ? "the report is signed with a VLEK and the certificate is not one"
                    : "the report is signed with a VCEK and the certificate is not one";
    if (!is_product(leaf, product)) return "the certificate is of another product than its chain";
    if (!has_tcb(leaf, report->reported_tcb, product))
        return "the certificate is of another TCB than the report";
    if (!vlek && !is_chip(leaf, report->chip_id, product)) return "the certificate is of another chip";
    return NULL;
}

struct ak_span ak_snp_vlek_owner(const struct ak_x509 *leaf)
{
    return ia5(leaf, OID_CSP);
}
