/* EIP-191 personal messages: digest, and the reasons why a text may not be signed as a plain message.
 * Guarantees: a text that a SIWE reader could take for a sign-in is found, whatever case, width, white space
 * or invisible characters it uses. Does not find look-alike letters of other scripts (no reader takes them).
 * No secret arguments, bounded memory (64 code points), no allocation. Threads: any. */
#ifndef AK_CORE_EVM_EIP191_H
#define AK_CORE_EVM_EIP191_H

#include "base/err.h"
#include "base/span.h"

/* Keccak-256("\x19Ethereum Signed Message:\n" || decimal length || message). spec: EIP-191, version 0x45 */
void ak_eip191_digest(struct ak_span message, uint8_t out_digest[32]);

/* Bits of ak_eip191_check_plain. */
enum ak_eip191_reason {
    AK_EIP191_FINE = 0,
    AK_EIP191_NEAR_SIWE = 1,     /* reads as a sign-in: never a plain message */
    AK_EIP191_OWN_STATEMENT = 2, /* begins with "AgentKeys ": never a plain message */
    AK_EIP191_DIGEST_SIZE = 4,   /* exactly 32 bytes: only with `bytes=1` */
    AK_EIP191_NOT_UTF8 = 8       /* only with `bytes=1` */
};
/* Those that nothing allows, and those that `cap:sign-message?bytes=1` allows. */
enum {
    AK_EIP191_NEVER = AK_EIP191_NEAR_SIWE | AK_EIP191_OWN_STATEMENT,
    AK_EIP191_ONLY_BYTES = AK_EIP191_DIGEST_SIZE | AK_EIP191_NOT_UTF8
};
/* All reasons that apply, or'ed. Sign-in: after NFKC case folding, without white space, control, format and
 * other invisible characters (and invalid bytes) it contains `wantsyoutosigninwithyour`.
 * spec: docs/policy.md, What may be signed */
unsigned ak_eip191_check_plain(struct ak_span message);

#endif
