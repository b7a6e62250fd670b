/* Batch records: what decodes seals to the same bytes but for the MAC, and opens only where the MAC is ours.
 */
#include "fuzz/fuzz.h"

#include "core/ledger/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t secret[32] = {7};
    static struct ak_hmac_key key;
    static bool ready;
    if (!ready) AK_FUZZ_CHECK(ak_hmac_key_open(&key, AK_SPAN_ARR(secret)) == AK_OK);
    ready = true;
    struct ak_span bytes = ak_span(data, len);
    struct ak_batch_record record;
    struct ak_batch_record opened;
    if (ak_batch_record_decode(bytes, &record) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&record, sizeof record));
        AK_FUZZ_CHECK(ak_batch_record_open(bytes, &key, record.log_id, &opened) != AK_OK);
        return 0;
    }
    uint8_t again_bytes[AK_RECORD_LEN_MAX];
    struct ak_buf again = AK_BUF_ARR(again_bytes);
    struct ak_batch_record sealed = record;
    AK_FUZZ_CHECK(ak_batch_record_seal(&sealed, &key, &again) == AK_OK);
    AK_FUZZ_CHECK(again.len == len && memcmp(again_bytes, data, len - 32) == 0);
    bool ours = memcmp(sealed.mac, record.mac, 32) == 0;
    enum ak_err err = ak_batch_record_open(bytes, &key, record.log_id, &opened);
    AK_FUZZ_CHECK(err == (ours ? AK_OK : AK_E_AUTH));
    AK_FUZZ_CHECK(ak_batch_record_open(ak_buf_span(&again), &key, record.log_id, &opened) == AK_OK);
    AK_FUZZ_CHECK(memcmp(&opened, &sealed, sizeof opened) == 0);
    return 0;
}
