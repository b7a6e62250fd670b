/* Digests of our own statements: hashStruct of the data under the domain separator of "AgentKeys". */
#include "core/evm/statement.h"

#include "base/buf.h"
#include "base/crypto/keccak.h"
#include "core/evm/address.h"

static void put_hash(struct ak_buf *buf, struct ak_span bytes)
{
    uint8_t digest[32];
    ak_keccak256(bytes, digest);
    ak_buf_put(buf, AK_SPAN_ARR(digest));
}

/* Left-padded to 32 bytes. spec: EIP-712 encodeData */
static void put_padded(struct ak_buf *buf, struct ak_span bytes)
{
    static const uint8_t zeros[32] = {0};
    ak_buf_put(buf, ak_span(zeros, sizeof zeros - bytes.len));
    ak_buf_put(buf, bytes);
}

static void put_domain_separator(struct ak_buf *buf)
{
    uint8_t memory[3 * 32];
    struct ak_buf data = AK_BUF_ARR(memory);
    put_hash(&data, AK_SPAN_LIT(AK_STATEMENT_DOMAIN_TYPE));
    put_hash(&data, AK_SPAN_LIT(AK_STATEMENT_DOMAIN_NAME));
    put_hash(&data, AK_SPAN_LIT(AK_STATEMENT_DOMAIN_VERSION));
    put_hash(buf, ak_buf_span(&data));
}

static void put_lineage(struct ak_buf *buf, const struct ak_lineage *lineage)
{
    uint8_t memory[5 * 32];
    uint8_t generation[4];
    struct ak_buf number = AK_BUF_ARR(generation);
    ak_buf_put_u32(&number, lineage->generation);
    struct ak_buf data = AK_BUF_ARR(memory);
    put_hash(&data, AK_SPAN_LIT(AK_STATEMENT_LINEAGE_TYPE));
    put_hash(&data, lineage->base_path);
    put_padded(&data, ak_buf_span(&number));
    put_padded(&data, AK_SPAN_ARR(lineage->agent));
    put_padded(&data, AK_SPAN_ARR(lineage->user));
    put_hash(buf, ak_buf_span(&data));
}

void ak_statement_lineage_digest(const struct ak_lineage *lineage, uint8_t out_digest[32])
{
    uint8_t memory[2 + 32 + 32];
    struct ak_buf data = AK_BUF_ARR(memory);
    ak_buf_put(&data, AK_SPAN_LIT("\x19\x01"));
    put_domain_separator(&data);
    put_lineage(&data, lineage);
    ak_keccak256(ak_buf_span(&data), out_digest);
}

enum ak_err ak_statement_lineage_verify(
    const struct ak_lineage *lineage, const uint8_t agent_sig[65], const uint8_t user_sig[65])
{
    uint8_t digest[32];
    ak_statement_lineage_digest(lineage, digest);
    AK_TRY(ak_evm_verify(digest, agent_sig, lineage->agent));
    return ak_evm_verify(digest, user_sig, lineage->user);
}
