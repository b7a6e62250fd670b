/* TPMT_PUBLIC field by field; names as hashes of it. */
#include "core/attest/tpm_public.h"

#include "base/crypto/sha256.h"
#include "base/reader.h"

enum { CURVE_P256 = 3, CURVE_P384 = 4, POLICY_MAX = 64, DEFAULT_EXPONENT = 65537, RSA_MAX = 512 };

/* ---- parsing ---- */

static struct ak_span take_sized(struct ak_reader *in)
{
    return ak_reader_take(in, ak_reader_u16(in));
}

/* Of a storage key AES with its mode; of every other key NULL. */
static enum ak_err read_symmetric(struct ak_reader *in, struct ak_tpm_public *key)
{
    key->symmetric = ak_reader_u16(in);
    if (key->symmetric == AK_TPM_ALG_NULL) return AK_OK;
    if (key->symmetric != AK_TPM_ALG_AES) return AK_E_UNSUPPORTED;
    (void)ak_reader_u32(in); /* bits of the key and mode */
    return AK_OK;
}

static enum ak_err read_scheme(struct ak_reader *in, struct ak_tpm_public *key)
{
    key->scheme = ak_reader_u16(in);
    if (key->scheme == AK_TPM_ALG_NULL) return AK_OK;
    bool rsa = key->scheme == AK_TPM_ALG_RSASSA || key->scheme == AK_TPM_ALG_RSAPSS;
    if (key->type == AK_TPM_ALG_RSA ? !rsa : key->scheme != AK_TPM_ALG_ECDSA) return AK_E_UNSUPPORTED;
    key->scheme_hash = ak_reader_u16(in);
    return AK_OK;
}

static enum ak_err read_rsa(struct ak_reader *in, struct ak_tpm_public *key)
{
    uint16_t bits = ak_reader_u16(in);
    uint32_t exponent = ak_reader_u32(in);
    key->exponent = exponent == 0 ? DEFAULT_EXPONENT : exponent;
    key->modulus = take_sized(in);
    if (in->failed || bits % 8 != 0 || key->modulus.len != bits / 8) return AK_E_FORMAT;
    return key->modulus.len == 0 || key->modulus.len > RSA_MAX ? AK_E_UNSUPPORTED : AK_OK;
}

static enum ak_err read_ecc(struct ak_reader *in, struct ak_tpm_public *key)
{
    uint16_t curve = ak_reader_u16(in);
    uint16_t kdf = ak_reader_u16(in);
    key->x = take_sized(in);
    key->y = take_sized(in);
    if (in->failed) return AK_E_FORMAT;
    if (kdf != AK_TPM_ALG_NULL || (curve != CURVE_P256 && curve != CURVE_P384)) return AK_E_UNSUPPORTED;
    key->coordinate_len = curve == CURVE_P256 ? 32 : 48;
    return key->x.len == key->coordinate_len && key->y.len == key->coordinate_len ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_area(struct ak_span area, struct ak_tpm_public *key)
{
    struct ak_reader in = ak_reader(area);
    key->area = area;
    key->type = ak_reader_u16(&in);
    uint16_t name_hash = ak_reader_u16(&in);
    key->attributes = ak_reader_u32(&in);
    size_t policy_len = take_sized(&in).len;
    if (in.failed || policy_len > POLICY_MAX) return AK_E_FORMAT;
    if (key->type != AK_TPM_ALG_RSA && key->type != AK_TPM_ALG_ECC) return AK_E_UNSUPPORTED;
    if (name_hash != AK_TPM_ALG_SHA256) return AK_E_UNSUPPORTED;
    AK_TRY(read_symmetric(&in, key));
    AK_TRY(read_scheme(&in, key));
    AK_TRY(key->type == AK_TPM_ALG_RSA ? read_rsa(&in, key) : read_ecc(&in, key));
    return ak_reader_finish(&in);
}

/* A TPM2B begins with its length, a TPMT with its type; no public area is as short as 1 or 23h bytes. */
enum ak_err ak_tpm_public_parse(struct ak_span bytes, struct ak_tpm_public *out_public)
{
    struct ak_reader in = ak_reader(bytes);
    *out_public = (struct ak_tpm_public){0};
    size_t len = ak_reader_u16(&in);
    if (!in.failed && len == in.len) bytes = ak_reader_take(&in, len);
    enum ak_err err = read_area(bytes, out_public);
    if (err != AK_OK) *out_public = (struct ak_tpm_public){0};
    return err;
}

/* ---- names ---- */

void ak_tpm_public_name(const struct ak_tpm_public *key, uint8_t out_name[AK_ATTEST_TPM_NAME_LEN])
{
    out_name[0] = 0;
    out_name[1] = AK_TPM_ALG_SHA256;
    ak_sha256(key->area, out_name + 2);
}

const char *ak_tpm_public_hierarchy(const struct ak_tpm_public *key, struct ak_span qualified_name)
{
    static const struct {
        uint8_t handle[4];
        const char *name;
    } hierarchies[] = {
        {{0x40, 0, 0, 0x01}, "owner"}, {{0x40, 0, 0, 0x0b}, "endorsement"}, {{0x40, 0, 0, 0x0c}, "platform"}};
    uint8_t name[AK_ATTEST_TPM_NAME_LEN], wanted[AK_ATTEST_TPM_NAME_LEN] = {0, AK_TPM_ALG_SHA256};
    ak_tpm_public_name(key, name);
    for (size_t i = 0; i < AK_COUNT(hierarchies); i++) {
        const struct ak_span parts[] = {AK_SPAN_ARR(hierarchies[i].handle), AK_SPAN_ARR(name)};
        ak_sha256_parts(parts, AK_COUNT(parts), wanted + 2);
        if (ak_span_eq(qualified_name, AK_SPAN_ARR(wanted))) return hierarchies[i].name;
    }
    return NULL;
}

/* ---- use ---- */

enum ak_err ak_tpm_public_key(const struct ak_tpm_public *key, struct ak_pubkey *out_key)
{
    uint8_t xy[96];
    if (key->type == AK_TPM_ALG_RSA) return ak_pubkey_from_rsa(key->modulus, key->exponent, out_key);
    memcpy(xy, key->x.ptr, key->coordinate_len);
    memcpy(xy + key->coordinate_len, key->y.ptr, key->coordinate_len);
    return ak_pubkey_from_point(ak_span(xy, 2 * key->coordinate_len), out_key);
}

/* A key without `restricted` signs any digest, so also one of bytes that look like a quote. */
const char *ak_tpm_public_unfit(const struct ak_tpm_public *key)
{
    const uint32_t needed = AK_TPMA_FIXED_TPM | AK_TPMA_FIXED_PARENT | AK_TPMA_SENSITIVE_DATA_ORIGIN;
    if ((key->attributes & AK_TPMA_RESTRICTED) == 0)
        return "the key is not restricted: its owner signs anything with it";
    if ((key->attributes & AK_TPMA_SIGN) == 0) return "the key is none for signing";
    if ((key->attributes & AK_TPMA_DECRYPT) != 0) return "the key decrypts too";
    if ((key->attributes & needed) != needed) return "the key was not made in its TPM, or may leave it";
    if (key->scheme == AK_TPM_ALG_NULL) return "the key has no signing scheme";
    if (key->scheme_hash != AK_TPM_ALG_SHA256) return "the key signs with another hash than SHA-256";
    return NULL;
}
