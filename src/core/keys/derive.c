/* Roots, user keys and agent keys. The extract step of HKDF is done when a root is opened, the public points
 * are the caller's to keep: what is left for a signature is expansion, two HMAC steps and two additions. */
#include "core/keys/derive.h"

#include "base/buf.h"
#include "base/codec/hex.h"
#include "base/crypto/hkdf.h"
#include "core/evm/address.h"
#include "core/keys/step.h"

#define USER_INFO      "agentkeys-evm-wallet-v1:"
#define SIGNER_V0_SALT "agentkeys-signer-v0"
#define SIGNER_V0_INFO                                                                                       \
    "\x01"                                                                                                   \
    "agentkeys-evm-wallet"

const char *ak_suite_name(enum ak_suite suite)
{
    switch (suite) {
    case AK_SUITE_AK1: return "ak1";
    case AK_SUITE_SIGNER_V0: return "signer-v0";
    }
    return NULL;
}

enum ak_err ak_root_open(struct ak_root *root, uint32_t version, enum ak_suite suite,
    enum ak_root_origin origin, const struct ak_secret32 *msk)
{
    *root = (struct ak_root){0};
    if (version == 0 || ak_suite_name(suite) == NULL) return AK_E_ARG;
    if (origin != AK_ROOT_BORN && origin != AK_ROOT_BROUGHT_IN) return AK_E_ARG;
    if (suite == AK_SUITE_SIGNER_V0 && origin == AK_ROOT_BORN) return AK_E_ARG;
    struct ak_span salt = suite == AK_SUITE_AK1 ? AK_SPAN_EMPTY : AK_SPAN_LIT(SIGNER_V0_SALT);
    AK_TRY(ak_hkdf_sha256_extract(&root->prk, AK_SPAN_ARR(msk->bytes), salt));
    root->version = version;
    root->suite = suite;
    root->origin = origin;
    return AK_OK;
}

void ak_root_close(struct ak_root *root)
{
    if (root == NULL) return;
    ak_hmac_key_close(&root->prk);
    *root = (struct ak_root){0};
}

struct user_source {
    const struct ak_hmac_key *prk;
    const uint8_t *anchor_omni;
};

static enum ak_err make_user(const void *ctx, unsigned attempt, struct ak_secret64 *out_candidate)
{
    const struct user_source *source = ctx;
    uint8_t memory[sizeof(USER_INFO) - 1 + 64 + 1];
    struct ak_buf info = AK_BUF_ARR(memory);
    ak_buf_put(&info, AK_SPAN_LIT(USER_INFO));
    ak_hex_encode(&info, ak_span(source->anchor_omni, 32));
    if (attempt > 0) ak_buf_put_u8(&info, (uint8_t)attempt);
    AK_TRY(ak_buf_check(&info));
    return ak_hkdf_sha256_expand(
        source->prk, ak_buf_span(&info), out_candidate->bytes, sizeof out_candidate->bytes);
}

static enum ak_err user_ak1(const struct ak_root *root, const uint8_t anchor_omni[32],
    struct ak_secret32 *out_scalar, struct ak_secret32 *out_chain_code)
{
    const struct user_source source = {&root->prk, anchor_omni};
    const struct ak_keys_candidates candidates = {make_user, &source};
    return ak_keys_pick_user(&candidates, out_scalar, out_chain_code);
}

static enum ak_err user_signer_v0(
    const struct ak_root *root, const uint8_t anchor_omni[32], struct ak_secret32 *out_scalar)
{
    uint8_t memory[sizeof(SIGNER_V0_INFO) - 1 + 32];
    struct ak_buf info = AK_BUF_ARR(memory);
    ak_buf_put(&info, AK_SPAN_LIT(SIGNER_V0_INFO));
    ak_buf_put(&info, ak_span(anchor_omni, 32));
    AK_TRY(ak_buf_check(&info));
    AK_TRY(
        ak_hkdf_sha256_expand(&root->prk, ak_buf_span(&info), out_scalar->bytes, sizeof out_scalar->bytes));
    if (ak_k256_scalar_valid(out_scalar)) return AK_OK;
    ak_secret32_done(out_scalar);
    return AK_E_CRYPTO;
}

enum ak_err ak_keys_user(const struct ak_root *root, const uint8_t anchor_omni[32],
    struct ak_secret32 *out_scalar, struct ak_secret32 *out_chain_code)
{
    *out_scalar = (struct ak_secret32){0};
    *out_chain_code = (struct ak_secret32){0};
    if (root->suite == AK_SUITE_AK1) return user_ak1(root, anchor_omni, out_scalar, out_chain_code);
    return user_signer_v0(root, anchor_omni, out_scalar);
}

enum ak_err ak_keys_user_points(
    const struct ak_root *root, const uint8_t anchor_omni[32], struct ak_user_points *out_points)
{
    *out_points = (struct ak_user_points){0};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {0};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 chain_code = {0};
    AK_TRY(ak_keys_user(root, anchor_omni, &scalar, &chain_code));
    struct ak_user_points points;
    AK_TRY(ak_k256_point_from_scalar(&scalar, &points.point));
    ak_k256_point_compress(&points.point, points.user33);
    ak_evm_address(&points.point, points.address);
    *out_points = points;
    return AK_OK;
}

enum ak_err ak_keys_path_points(const struct ak_root *root, const uint8_t anchor_omni[32],
    const struct ak_path *path, struct ak_path_points *out_points)
{
    *out_points = (struct ak_path_points){0};
    if (!path->has_generation) return AK_E_ARG;
    if (root->suite != AK_SUITE_AK1) return AK_E_UNSUPPORTED;
    if (!ak_path_label_valid(ak_path_label(path))) return AK_E_FORMAT;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {0};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 chain_code = {0};
    struct ak_path_points points;
    struct ak_k256_point base;
    AK_TRY(ak_keys_user(root, anchor_omni, &scalar, &chain_code));
    AK_TRY(ak_keys_step(&scalar, &chain_code, NULL, ak_path_label(path)));
    AK_TRY(ak_k256_point_from_scalar(&scalar, &base));
    ak_k256_point_compress(&base, points.base33);
    AK_TRY(ak_keys_step_generation(&scalar, &chain_code, points.base33, path->generation));
    AK_TRY(ak_k256_point_from_scalar(&scalar, &points.child));
    ak_evm_address(&points.child, points.address);
    *out_points = points;
    return AK_OK;
}

enum ak_err ak_keys_agent_scalar(const struct ak_root *root, const uint8_t anchor_omni[32],
    struct ak_span label, uint32_t generation, const uint8_t *user33, const uint8_t *base33,
    struct ak_secret32 *out_scalar)
{
    *out_scalar = (struct ak_secret32){0};
    if (root->suite != AK_SUITE_AK1) return AK_E_UNSUPPORTED;
    if (label.len > AK_LIMIT_LABEL) return AK_E_LIMIT;
    if (!ak_path_label_valid(label)) return AK_E_FORMAT;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 chain_code = {0};
    AK_TRY(ak_keys_user(root, anchor_omni, out_scalar, &chain_code));
    AK_TRY(ak_keys_step(out_scalar, &chain_code, user33, label));
    return ak_keys_step_generation(out_scalar, &chain_code, base33, generation);
}
