/* Identities: what is accepted has no upper case in an address, no control byte, and an omni. */
#include "base/assert.h"
#include "base/limits.h"
#include "core/identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ak_identity identity;
    uint8_t omni[AK_OMNI_LEN];
    if (ak_identity_parse(ak_span(data, size), &identity) != AK_OK) return 0;
    ak_assert(identity.value.len > 0 && identity.value.len <= AK_LIMIT_IDENTITY_VALUE);
    ak_assert(identity.type_text.len + 1 + identity.value.len == size);
    for (size_t i = 0; i < identity.value.len; i++) {
        uint8_t c = identity.value.ptr[i];
        ak_assert(c >= 0x20 && c < 0x7f);
        ak_assert(identity.type == AK_IDENTITY_OAUTH2 || c < 'A' || c > 'Z');
    }
    ak_assert(ak_identity_omni(identity.type_text, identity.value, omni) == AK_OK);
    return 0;
}
