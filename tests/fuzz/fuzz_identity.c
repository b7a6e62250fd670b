/* Identities: what is accepted has no upper case in an address, no control byte, and an omni. */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "core/identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_identity identity;
    uint8_t omni[AK_OMNI_LEN];
    if (ak_identity_parse(ak_span(data, len), &identity) != AK_OK) return 0;
    AK_FUZZ_CHECK(identity.value.len > 0 && identity.value.len <= AK_LIMIT_IDENTITY_VALUE);
    AK_FUZZ_CHECK(identity.type_text.len + 1 + identity.value.len == len);
    for (size_t i = 0; i < identity.value.len; i++) {
        uint8_t c = identity.value.ptr[i];
        AK_FUZZ_CHECK(c >= 0x20 && c < 0x7f);
        AK_FUZZ_CHECK(identity.type == AK_IDENTITY_OAUTH2 || c < 'A' || c > 'Z');
    }
    AK_FUZZ_CHECK(ak_identity_omni(identity.type_text, identity.value, omni) == AK_OK);
    return 0;
}
