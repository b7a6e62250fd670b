/* Service keys by purpose. The table gives each purpose one kind of key: the same purpose expanded to 32 and
 * to 48 bytes would share its first 32. */
#include "core/keys/service.h"

#include "base/crypto/hkdf.h"
#include "base/crypto/p256.h"
#include "base/num.h"

struct purpose {
    const char *name; /* up to the "v" of the version */
    enum ak_purpose_kind kind;
    bool has_id;
};

static const struct purpose purposes[] = {
    {"session/v", AK_PURPOSE_P256, false},
    {"agent-token/v", AK_PURPOSE_P256, false},
    {"oidc/issuer/v", AK_PURPOSE_P256, false},
    {"worker-tls/v", AK_PURPOSE_P256, true},
    {"delivery/v", AK_PURPOSE_SECRET32, false},
    {"ledger/v", AK_PURPOSE_SECRET32, true},
    {"ledger-mac/v", AK_PURPOSE_SECRET32, true},
    {"shielding/v", AK_PURPOSE_SECRET32, false},
    {"import/v", AK_PURPOSE_SECRET32, false},
};

static bool id_valid(struct ak_span id)
{
    if (id.len == 0 || id.len > AK_PURPOSE_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.ptr[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                    c == '_' || c == '.';
        if (!good) return false;
    }
    return true;
}

static bool version_valid(struct ak_span digits)
{
    uint64_t version = 0;
    return ak_num_parse_u64(digits, UINT32_MAX, &version) == AK_OK && version > 0;
}

/* `rest` is what follows the "v": a version, and for some purposes a slash and an id. */
static bool rest_valid(struct ak_span rest, bool has_id)
{
    if (!has_id) return version_valid(rest);
    size_t slash = ak_span_find(rest, 0, '/');
    return slash < rest.len && version_valid(ak_span_sub(rest, 0, slash)) &&
           id_valid(ak_span_sub(rest, slash + 1, rest.len));
}

enum ak_purpose_kind ak_purpose_kind(struct ak_span purpose)
{
    if (purpose.len > AK_PURPOSE_MAX) return AK_PURPOSE_UNKNOWN;
    for (size_t i = 0; i < AK_COUNT(purposes); i++) {
        struct ak_span name = ak_span_str(purposes[i].name);
        if (!ak_span_starts(purpose, name)) continue;
        struct ak_span rest = ak_span_sub(purpose, name.len, purpose.len);
        return rest_valid(rest, purposes[i].has_id) ? purposes[i].kind : AK_PURPOSE_UNKNOWN;
    }
    return AK_PURPOSE_UNKNOWN;
}

static enum ak_err expand(const struct ak_root *root, enum ak_purpose_kind kind, struct ak_span purpose,
    uint8_t *out_okm, size_t len)
{
    if (ak_purpose_kind(purpose) != kind) return AK_E_ARG;
    if (root->suite != AK_SUITE_AK1 || root->origin != AK_ROOT_BORN) return AK_E_STATE;
    uint8_t memory[sizeof("agentkeys-service-v1:") + AK_PURPOSE_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    ak_buf_put(&info, AK_SPAN_LIT("agentkeys-service-v1:"));
    ak_buf_put(&info, purpose);
    AK_TRY(ak_buf_check(&info));
    return ak_hkdf_sha256_expand(&root->prk, ak_buf_span(&info), out_okm, len);
}

enum ak_err ak_service_secret32(
    const struct ak_root *root, struct ak_span purpose, struct ak_secret32 *out_key)
{
    *out_key = (struct ak_secret32){0};
    return expand(root, AK_PURPOSE_SECRET32, purpose, out_key->bytes, sizeof out_key->bytes);
}

enum ak_err ak_service_oidc(const struct ak_root *root, uint32_t version, struct ak_secret32 *out_scalar)
{
    uint8_t text[32];
    struct ak_buf purpose = AK_BUF_ARR(text);
    ak_buf_put_str(&purpose, AK_PURPOSE_OIDC);
    ak_buf_put_dec(&purpose, version);
    return ak_service_p256(root, ak_buf_span(&purpose), out_scalar);
}

enum ak_err ak_service_p256(
    const struct ak_root *root, struct ak_span purpose, struct ak_secret32 *out_scalar)
{
    *out_scalar = (struct ak_secret32){0};
    AK_CLEANUP(ak_secret64_done) struct ak_secret64 okm = {0};
    AK_TRY(expand(root, AK_PURPOSE_P256, purpose, okm.bytes, 48));
    return ak_p256_scalar_from_48(okm.bytes, out_scalar);
}
