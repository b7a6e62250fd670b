/* The epoch store: what opens writes to the same bytes; records made of the input, in any order, are written
 * in the one order and read back. The keys are those of docs/formats/vault-example.txt, so that seeds open.
 */
#include "fuzz/fuzz.h"

#include "unit/vault/given.h"

enum { RECORDS = 16, FILE_MAX = AK_EPOCH_HEAD_LEN + RECORDS * AK_EPOCH_RECORD_LEN + 16 };

static struct ak_epoch_record records[RECORDS], read_back[RECORDS];
static uint8_t memory[FILE_MAX], copy[FILE_MAX];

static void check_file(struct ak_span file, const uint8_t log_id[16], const struct ak_secret32 *ek)
{
    struct ak_epoch_store_head head;
    struct ak_epoch_table table = ak_epoch_table(records, RECORDS);
    struct ak_buf again = AK_BUF_ARR(memory);
    enum ak_err parsed = ak_epoch_store_parse(file, &head);
    if (file.len > sizeof copy) return;
    if (file.len) memcpy(copy, file.ptr, file.len);
    enum ak_err err = ak_epoch_store_decode(copy, file.len, log_id, ek, &table);
    AK_FUZZ_CHECK(err == AK_OK || table.count == 0);
    AK_FUZZ_CHECK(parsed == AK_OK || err == parsed);
    if (err) return;
    AK_FUZZ_CHECK(ak_epoch_store_encode(&table, NULL, head.slot, log_id, head.nonce, ek, &again) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), file));
}

static bool keep_even(void *ctx, const struct ak_epoch_key *key)
{
    (void)ctx;
    return key->epoch % 2 == 0;
}

/* Keys and bytes as the input says them. */
static void check_records(struct ak_span bytes, const uint8_t log_id[16], const struct ak_secret32 *ek)
{
    static const uint8_t nonce[12];
    struct ak_epoch_table table = ak_epoch_table(records, RECORDS),
                          found = ak_epoch_table(read_back, RECORDS);
    struct ak_secret32 shielding = given_secret(0x5e), dek = given_secret(0xde), opened;
    struct ak_buf file = AK_BUF_ARR(memory);
    for (size_t at = 0; at + 3 <= bytes.len && table.count < RECORDS; at += 3) {
        struct ak_epoch_key key = given_key(bytes.ptr[at], bytes.ptr[at + 1], bytes.ptr[at + 2]);
        struct ak_epoch_record record;
        AK_FUZZ_CHECK(ak_dek_wrap(&shielding, &key, nonce, &dek, &record) == AK_OK);
        AK_FUZZ_CHECK(ak_dek_unwrap(&shielding, &record, &opened) == AK_OK);
        bool there = ak_epoch_find(&table, &key) != NULL;
        AK_FUZZ_CHECK(ak_epoch_add(&table, &record) == (there ? AK_E_EXISTS : AK_OK));
    }
    struct ak_epoch_change change = {
        NULL, 0, table.count ? &table.records[0].key : NULL, table.count ? 1 : 0};
    AK_FUZZ_CHECK(ak_epoch_store_encode(&table, &change, 0, log_id, nonce, ek, &file) == AK_OK);
    AK_FUZZ_CHECK(ak_epoch_store_decode(memory, file.len, log_id, ek, &found) == AK_OK);
    AK_FUZZ_CHECK(found.count + change.without_count == table.count);
    AK_FUZZ_CHECK(
        found.count == 0 || memcmp(found.records, table.records + 1, found.count * sizeof *records) == 0);
    (void)ak_epoch_keep(&table, keep_even, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_secret32 ek = given_secret(0xe4);
    uint8_t log_id[16];
    memset(log_id, 0x10, sizeof log_id);
    check_file(ak_span(data, len), log_id, &ek);
    check_records(ak_span(data, len), log_id, &ek);
    return 0;
}
