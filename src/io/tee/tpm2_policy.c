#include "io/tee/tpm2_policy.h"

#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/crypto/sha256.h"

enum { ALG_SHA256 = 0x000b, CC_POLICY_PCR = 0x17f, CC_POLICY_NV = 0x149, EO_UNSIGNED_LE = 0x0009 };

const uint8_t ak_tpm2_pcrs[AK_TPM2_PCRS] = {0, 2, 4, 7, AK_TPM2_PCR_WORKER};

const char *ak_tpm2_pcr_meaning(size_t i)
{
    static const char *const meanings[AK_TPM2_PCRS] = {"firmware", "firmware of cards", "boot loader",
        "Secure Boot's keys and state", "the program agentkeys-worker"};
    ak_assert(i < AK_TPM2_PCRS);
    return meanings[i];
}

void ak_tpm2_selection(uint8_t out_selection[AK_TPM2_SELECTION_LEN])
{
    struct ak_buf buf = ak_buf(out_selection, AK_TPM2_SELECTION_LEN);
    uint8_t bits[3] = {0};
    for (size_t i = 0; i < AK_TPM2_PCRS; i++)
        bits[ak_tpm2_pcrs[i] / 8] |= (uint8_t)(1u << ak_tpm2_pcrs[i] % 8);
    ak_buf_put_u32(&buf, 1);
    ak_buf_put_u16(&buf, ALG_SHA256);
    ak_buf_put_u8(&buf, sizeof bits);
    ak_buf_put(&buf, AK_SPAN_ARR(bits));
    ak_assert(buf.len == AK_TPM2_SELECTION_LEN && ak_buf_check(&buf) == AK_OK);
}

/* policy = SHA-256(policy || command code || rest) */
static void extend(uint8_t policy[32], uint32_t code, struct ak_span first, struct ak_span second)
{
    uint8_t code_bytes[4];
    struct ak_buf buf = AK_BUF_ARR(code_bytes);
    ak_buf_put_u32(&buf, code);
    const struct ak_span parts[] = {ak_span(policy, 32), AK_SPAN_ARR(code_bytes), first, second};
    ak_sha256_parts(parts, AK_COUNT(parts), policy);
}

void ak_tpm2_policy(const struct ak_tpm2_pcr_values *pcrs, const uint8_t counter_name[AK_TPM2_NAME_LEN],
    uint64_t n, uint8_t out_policy[32])
{
    uint8_t selection[AK_TPM2_SELECTION_LEN], digest[32], operand[12], arguments[32];
    struct ak_buf buf = AK_BUF_ARR(operand);
    ak_tpm2_selection(selection);
    ak_sha256(ak_span(pcrs->digests, sizeof pcrs->digests), digest);
    memset(out_policy, 0, 32);
    extend(out_policy, CC_POLICY_PCR, AK_SPAN_ARR(selection), AK_SPAN_ARR(digest));
    ak_buf_put_u64(&buf, n);
    ak_buf_put_u16(&buf, 0); /* offset into the index */
    ak_buf_put_u16(&buf, EO_UNSIGNED_LE);
    ak_sha256(AK_SPAN_ARR(operand), arguments);
    extend(out_policy, CC_POLICY_NV, AK_SPAN_ARR(arguments), ak_span(counter_name, AK_TPM2_NAME_LEN));
}
