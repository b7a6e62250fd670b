/* Blobs and their names: what opens seals to the same bytes; what is sealed opens, and nowhere else; a name
 * that reads renders byte for byte. The key is that of docs/formats/vault-example.txt, so that seeds open. */
#include "fuzz/fuzz.h"

#include "core/vault/name.h"
#include "unit/vault/given.h"

static uint8_t value[AK_LIMIT_VALUE], memory[AK_BLOB_LEN_MAX], scratch[GIVEN_SCRATCH];

static void check_name(struct ak_span text)
{
    uint8_t again_memory[AK_BLOB_NAME_MAX];
    struct ak_buf again = AK_BUF_ARR(again_memory);
    struct ak_blob_name name;
    if (ak_blob_name_parse(text, &name) != AK_OK) return;
    ak_blob_name_put(&again, &name);
    AK_FUZZ_CHECK(ak_buf_check(&again) == AK_OK && ak_span_eq(ak_buf_span(&again), text));
}

static void check_blob(struct ak_span bytes, const struct ak_blob_place *place, const struct ak_secret32 *dek)
{
    struct ak_blob_head head;
    struct ak_buf again = AK_BUF_ARR(memory);
    size_t len = 1;
    enum ak_err parsed = ak_blob_parse(bytes, &head);
    enum ak_err err = ak_blob_open(bytes, head.dek_id, place, dek, value, sizeof value, &len);
    AK_FUZZ_CHECK(err == AK_OK || len == 0);
    AK_FUZZ_CHECK(parsed == AK_OK || err == parsed);
    if (err) return;
    AK_FUZZ_CHECK(ak_blob_seal(&head, place, dek, ak_span(value, len), &again) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), bytes));
}

static void check_value(
    struct ak_span bytes, const struct ak_blob_place *place, const struct ak_secret32 *dek)
{
    struct ak_blob_head head = given_head(0xd2);
    struct ak_blob_place other = *place;
    struct ak_buf blob = AK_BUF_ARR(memory);
    size_t len = 0;
    uint64_t ms = 0;
    other.blob_id[bytes.len % 16] ^= 1;
    (void)!ak_blob_id_ms(other.blob_id, &ms);
    enum ak_err err = ak_blob_seal(&head, place, dek, bytes, &blob);
    AK_FUZZ_CHECK(err == (bytes.len > AK_LIMIT_VALUE ? AK_E_LIMIT : AK_OK));
    if (err) return;
    AK_FUZZ_CHECK(
        ak_blob_open(ak_buf_span(&blob), head.dek_id, &other, dek, value, sizeof value, &len) == AK_E_AUTH);
    struct ak_blob_side side = {ak_buf_span(&blob), place, head.dek_id, dek};
    AK_FUZZ_CHECK(ak_blob_compare(&side, &side, scratch) == AK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_blob_place place = given_place(len % 2 ? NULL : "agent-1");
    struct ak_secret32 dek = given_secret(0xde);
    struct ak_span bytes = ak_span(data, len);
    check_name(bytes);
    for (unsigned own = 0; own < 2; own++) {
        place = given_place(own ? NULL : "agent-1");
        check_blob(bytes, &place, &dek);
    }
    check_value(bytes, &place, &dek);
    return 0;
}
