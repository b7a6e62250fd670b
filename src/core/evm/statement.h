/* Our own statements, as EIP-712 typed data under the domain {name: "AgentKeys", version: "1"}: shown to
 * strangers, who verify them with any EIP-712 library. No generic operation may reach these digests.
 * No secret arguments. Threads: any. spec: EIP-712; docs/formats/keys.md, Lineage */
#ifndef AK_CORE_EVM_STATEMENT_H
#define AK_CORE_EVM_STATEMENT_H

#include "base/err.h"
#include "base/span.h"

#define AK_STATEMENT_DOMAIN_NAME    "AgentKeys"
#define AK_STATEMENT_DOMAIN_VERSION "1"
#define AK_STATEMENT_DOMAIN_TYPE    "EIP712Domain(string name,string version)"
#define AK_STATEMENT_LINEAGE_TYPE   "Lineage(string basePath,uint32 generation,address agent,address user)"

/* "The key of `agent` is generation `generation` of `base_path`, derived from the key of `user`": signed by
 * both keys. */
struct ak_lineage {
    struct ak_span base_path; /* "/agent-1" */
    uint32_t generation;
    uint8_t agent[20];
    uint8_t user[20];
};
/* Keccak-256(0x19 0x01 || domain separator || hashStruct(lineage)). */
void ak_statement_lineage_digest(const struct ak_lineage *lineage, uint8_t out_digest[32]);
/* Both signatures, r || s || v, against both addresses. AK_E_AUTH, AK_E_FORMAT, AK_E_MEANING. */
AK_MUST_USE enum ak_err ak_statement_lineage_verify(
    const struct ak_lineage *lineage, const uint8_t agent_sig[65], const uint8_t user_sig[65]);

#endif
