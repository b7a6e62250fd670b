/* Sign-in texts: what is read renders byte for byte, holds fields of good form, and is never a plain message;
 * a place to fetch from is https, or this machine.
 */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "core/evm/eip191.h"
#include "core/evm/siwe.h"
#include "core/evm/uri.h"

static void check_web(struct ak_span uri)
{
    bool https = ak_uri_is_web(uri, false), plain = ak_uri_is_web(uri, true);
    AK_FUZZ_CHECK(!https || (plain && ak_span_starts(uri, AK_SPAN_LIT("https://"))));
    AK_FUZZ_CHECK(!plain || (ak_uri_valid(uri) && ak_span_find(uri, 0, '#') == uri.len));
    AK_FUZZ_CHECK(!plain || https || ak_uri_is_plain_loopback(uri));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t memory[AK_LIMIT_MESSAGE];
    struct ak_span text = ak_span(data, len);
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_siwe siwe;
    check_web(text);
    if (ak_siwe_parse(text, &siwe) != AK_OK) return 0;
    ak_siwe_put(&buf, &siwe);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), text));
    AK_FUZZ_CHECK(ak_uri_authority_valid(siwe.domain) && ak_uri_valid(siwe.uri));
    AK_FUZZ_CHECK(siwe.nonce.len >= AK_SIWE_NONCE_MIN && siwe.resource_count <= AK_SIWE_RESOURCES_MAX);
    AK_FUZZ_CHECK(ak_siwe_same_site(siwe.domain, siwe.domain));
    AK_FUZZ_CHECK(ak_eip191_check_plain(text) & AK_EIP191_NEAR_SIWE);
    AK_FUZZ_CHECK(ak_siwe_check_time(&siwe, UINT64_MAX) == AK_E_EXPIRED || siwe.expiration_time.ptr == NULL);
    return 0;
}
