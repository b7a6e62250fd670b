/* Endorsement keys that makers certify: where the certificate is, and how the TPM makes the key again.
 * Internal to the tpm2 backend. spec: TCG EK Credential Profile 2.5, 2.2.1.4 (indices), B.3 (templates) */
#ifndef AK_IO_TEE_TPM2_EK_KIND_H
#define AK_IO_TEE_TPM2_EK_KIND_H

#include <tss2/tss2_tpm2_types.h>

#include "base/crypto/pubkey.h"

struct tpm2_ek_kind {
    const char *name;
    uint32_t index; /* NV, of the certificate */
    enum ak_pubkey_type type;
    TPM2B_PUBLIC template;
};
/* In the order in which they are looked for. */
enum { TPM2_EK_KINDS = 2 };
extern const struct tpm2_ek_kind tpm2_ek_kinds[TPM2_EK_KINDS];

#endif
