/* Soft derivation by one component, and the choice of the first candidate in range. The candidates come by a
 * callback, so that the branches for a second one, which real input never takes, can be tested whole. */
#include "core/keys/step.h"

#include "base/buf.h"
#include "base/crypto/hmac.h"
#include "base/crypto/k256.h"
#include "base/crypto/sha256.h"

static void take_halves(
    const struct ak_secret64 *candidate, struct ak_secret32 *left, struct ak_secret32 *right)
{
    memcpy(left->bytes, candidate->bytes, 32);
    memcpy(right->bytes, candidate->bytes + 32, 32);
}

enum ak_err ak_keys_pick_user(const struct ak_keys_candidates *candidates, struct ak_secret32 *out_scalar,
    struct ak_secret32 *out_chain_code)
{
    AK_CLEANUP(ak_secret64_done) struct ak_secret64 candidate = {0};
    enum ak_err err = AK_OK;
    for (unsigned attempt = 0; attempt < AK_KEYS_ATTEMPTS && err == AK_OK; attempt++) {
        err = candidates->make(candidates->ctx, attempt, &candidate);
        if (err != AK_OK) break;
        take_halves(&candidate, out_scalar, out_chain_code);
        if (ak_k256_scalar_valid(out_scalar)) return AK_OK;
    }
    ak_secret32_done(out_scalar);
    ak_secret32_done(out_chain_code);
    return err != AK_OK ? err : AK_E_CRYPTO;
}

enum ak_err ak_keys_pick_child(
    const struct ak_keys_candidates *candidates, struct ak_secret32 *scalar, struct ak_secret32 *chain_code)
{
    AK_CLEANUP(ak_secret64_done) struct ak_secret64 candidate = {0};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 parent = *scalar;
    enum ak_err err = AK_E_MEANING;
    for (unsigned attempt = 0; attempt < AK_KEYS_ATTEMPTS && err == AK_E_MEANING; attempt++) {
        enum ak_err made = candidates->make(candidates->ctx, attempt, &candidate);
        if (made != AK_OK) {
            err = made;
            break;
        }
        *scalar = parent;
        err = ak_k256_scalar_add(scalar, candidate.bytes);
    }
    if (err == AK_OK) {
        memcpy(chain_code->bytes, candidate.bytes + 32, 32);
        return AK_OK;
    }
    ak_secret32_done(scalar);
    ak_secret32_done(chain_code);
    return err == AK_E_MEANING ? AK_E_CRYPTO : err;
}

struct step_source {
    const struct ak_secret32 *chain_code;
    const uint8_t *point33;
    struct ak_span component;
};

/* HMAC-SHA512(c, serP(K) || SHA-256("agentkeys-junction-v1:" || component [|| attempt])). */
static enum ak_err make_step(const void *ctx, unsigned attempt, struct ak_secret64 *out_candidate)
{
    const struct step_source *source = ctx;
    uint8_t suffix = (uint8_t)attempt;
    const struct ak_span name[] = {
        AK_SPAN_LIT("agentkeys-junction-v1:"), source->component, ak_span(&suffix, attempt > 0 ? 1 : 0)};
    uint8_t junction[32];
    ak_sha256_parts(name, AK_COUNT(name), junction);
    const struct ak_span data[] = {ak_span(source->point33, 33), AK_SPAN_ARR(junction)};
    ak_hmac_sha512(AK_SPAN_ARR(source->chain_code->bytes), data, AK_COUNT(data), out_candidate->bytes);
    return AK_OK;
}

static enum ak_err compress_own_point(const struct ak_secret32 *scalar, uint8_t out_point33[33])
{
    struct ak_k256_point point;
    AK_TRY(ak_k256_point_from_scalar(scalar, &point));
    ak_k256_point_compress(&point, out_point33);
    return AK_OK;
}

enum ak_err ak_keys_step(struct ak_secret32 *scalar, struct ak_secret32 *chain_code, const uint8_t *point33,
    struct ak_span component)
{
    uint8_t computed33[33];
    if (point33 == NULL) {
        enum ak_err err = compress_own_point(scalar, computed33);
        if (err != AK_OK) {
            ak_secret32_done(scalar);
            ak_secret32_done(chain_code);
            return err;
        }
        point33 = computed33;
    }
    const struct step_source source = {chain_code, point33, component};
    const struct ak_keys_candidates candidates = {make_step, &source};
    return ak_keys_pick_child(&candidates, scalar, chain_code);
}

enum ak_err ak_keys_step_generation(
    struct ak_secret32 *scalar, struct ak_secret32 *chain_code, const uint8_t *point33, uint32_t generation)
{
    uint8_t digits[10];
    struct ak_buf text = AK_BUF_ARR(digits);
    ak_buf_put_dec(&text, generation);
    return ak_keys_step(scalar, chain_code, point33, ak_buf_span(&text));
}
