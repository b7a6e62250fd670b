/* Quotes of Intel, and the platform's extension of a PCK certificate. What parses uses up the input exactly,
 * in views that follow each other; what does not leaves nothing. */
#include "fuzz/fuzz.h"

#include "core/attest/intel_pck.h"

static void check_views(const struct ak_intel_quote *quote, struct ak_span bytes)
{
    size_t wrapper = quote->version > 3 ? 6 : 0;
    size_t data = (size_t)AK_INTEL_SIG_LEN + AK_INTEL_KEY_LEN + wrapper + AK_SGX_REPORT_LEN +
                  AK_INTEL_SIG_LEN + 2 + quote->auth_data.len + 6 + quote->certificates.len;
    AK_FUZZ_CHECK(quote->signed_part.ptr == bytes.ptr);
    AK_FUZZ_CHECK(quote->body.ptr + quote->body.len == bytes.ptr + quote->signed_part.len);
    AK_FUZZ_CHECK(quote->signature.ptr == bytes.ptr + quote->signed_part.len + 4);
    AK_FUZZ_CHECK(quote->signed_part.len + 4 + data + quote->trailing.len == bytes.len);
    AK_FUZZ_CHECK(quote->tee_type == AK_INTEL_TDX || quote->body.len == AK_SGX_REPORT_LEN);
    AK_FUZZ_CHECK(quote->version >= 3 && quote->version <= 5);
}

static void check_reports(const struct ak_intel_quote *quote)
{
    struct ak_sgx_report enclave;
    struct ak_tdx_report domain;
    ak_sgx_report_read(quote->qe_report, &enclave);
    AK_FUZZ_CHECK(enclave.report_data.ptr + 64 == quote->qe_report.ptr + quote->qe_report.len);
    if (quote->tee_type != AK_INTEL_TDX) return;
    ak_tdx_report_read(quote->body, &domain);
    AK_FUZZ_CHECK(domain.report_data.ptr + 64 == quote->body.ptr + AK_TDX_REPORT_LEN);
    AK_FUZZ_CHECK((domain.mrservicetd.len == 48) == (quote->body.len == AK_TDX_REPORT_15_LEN));
    AK_FUZZ_CHECK(!ak_tdx_report_attribute(&domain, 0) || ak_tdx_report_is_debug(&domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_intel_quote quote;
    struct ak_intel_pck pck;
    if (ak_intel_quote_parse(ak_span(data, len), &quote) == AK_OK) {
        check_views(&quote, ak_span(data, len));
        check_reports(&quote);
    } else {
        AK_FUZZ_CHECK(fuzz_is_empty(&quote, sizeof quote));
    }
    if (ak_intel_pck_parse(ak_span(data, len), &pck) != AK_OK)
        AK_FUZZ_CHECK(fuzz_is_empty(&pck, sizeof pck));
    else
        AK_FUZZ_CHECK(ak_intel_pck_parse(ak_span(data, len - 1), &pck) != AK_OK);
    return 0;
}
