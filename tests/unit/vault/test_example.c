/* docs/formats/vault-example.txt is made again from its fixed inputs, byte for byte. With AK_WRITE_EXAMPLE
 * set it is written instead of compared. */
#include "unit/check.h"

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "core/vault/delivery.h"
#include "core/vault/name.h"
#include "unit/vault/given.h"

enum { FILE_MAX = 16384 };

static uint8_t text[FILE_MAX];
static struct ak_buf out;

static void line(const char *name, struct ak_span bytes)
{
    ak_buf_put_str(&out, name);
    ak_buf_put_str(&out, " = ");
    ak_hex_encode(&out, bytes);
    ak_buf_put_u8(&out, '\n');
}

static void text_line(const char *name, struct ak_span bytes)
{
    ak_buf_put_str(&out, name);
    ak_buf_put_str(&out, " = \"");
    ak_buf_put(&out, bytes);
    ak_buf_put_str(&out, "\"\n");
}

static void put_blob(const char *title, const char *label)
{
    uint8_t memory[AK_BLOB_OVERHEAD + 16], aad_memory[AK_BLOB_AAD_MAX], name_memory[AK_BLOB_NAME_MAX],
        hash[32];
    struct ak_buf blob = AK_BUF_ARR(memory), aad = AK_BUF_ARR(aad_memory),
                  text_name = AK_BUF_ARR(name_memory);
    struct ak_blob_place place = given_place(label);
    struct ak_blob_head head = given_head(0xd2);
    struct ak_secret32 dek = given_secret(0xde);
    struct ak_blob_name name = ak_blob_name_of(&place);
    ak_buf_put_str(&out, title);
    ak_blob_put_aad(&aad, &head, &place);
    assert_int_equal(ak_blob_seal(&head, &place, &dek, AK_SPAN_LIT("sk-or-v1-example"), &blob), AK_OK);
    ak_blob_name_put(&text_name, &name);
    ak_sha256(ak_buf_span(&blob), hash);
    text_line("name", ak_buf_span(&text_name));
    line("aad", ak_buf_span(&aad));
    line("blob", ak_buf_span(&blob));
    line("sha256", AK_SPAN_ARR(hash));
}

static void put_store(void)
{
    uint8_t file_memory[AK_EPOCH_HEAD_LEN + 2 * AK_EPOCH_RECORD_LEN + 16], log_id[16], nonce[12];
    struct ak_buf file = AK_BUF_ARR(file_memory);
    struct ak_epoch_record records[2];
    struct ak_epoch_table table = ak_epoch_table(records, 2);
    struct ak_secret32 shielding = given_secret(0x5e), ek = given_secret(0xe4);
    memset(log_id, 0x10, sizeof log_id);
    memset(nonce, 0x0c, sizeof nonce);
    for (uint8_t epoch = 1; epoch <= 2; epoch++) {
        struct ak_epoch_key key = given_key(0xa1, epoch, (uint8_t)(0xd0 + epoch));
        struct ak_secret32 dek = given_secret((uint8_t)(0xdc + epoch));
        struct ak_epoch_record record;
        uint8_t wrap_nonce[12];
        memset(wrap_nonce, epoch, sizeof wrap_nonce);
        assert_int_equal(ak_dek_wrap(&shielding, &key, wrap_nonce, &dek, &record), AK_OK);
        assert_int_equal(ak_epoch_add(&table, &record), AK_OK);
        line("wrapped dek", AK_SPAN_ARR(record.wrapped));
    }
    assert_int_equal(ak_epoch_store_encode(&table, NULL, 1, log_id, nonce, &ek, &file), AK_OK);
    line("epoch store", ak_buf_span(&file));
}

static void put_info(void)
{
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_blob_place place = given_place(NULL);
    ak_vault_put_info(
        &info, "credential-read", place.anchor, AK_SPAN_LIT("openrouter"), AK_SPAN_LIT("/agent-1"));
    line("hpke info", ak_buf_span(&info));
}

static void make(void)
{
    out = AK_BUF_ARR(text);
    ak_buf_put_str(&out, "Inputs: anchor 32 times a1, home wallet 20 times 3a, service openrouter, epoch 2, "
                         "blob id the UUIDv7 of\n"
                         "1790000000000 ms with random bytes 10 11 .. 19, dek id 32 times d2, DEK 32 times "
                         "de, nonce 12 times 0e,\n"
                         "value the 16 bytes \"sk-or-v1-example\".\n");
    put_blob("\n## A blob of agent-1\n", "agent-1");
    put_blob("\n## The same of the account as a whole\n", NULL);
    ak_buf_put_str(&out, "\n## Epoch store\n"
                         "Slot 1, log id 16 times 10, nonce 12 times 0c, EK 32 times e4, shielding key 32 "
                         "times 5e. Two records: epoch 1\n"
                         "(dek id 32 times d1, DEK 32 times dd, nonce 12 times 01), epoch 2 (d2, de, 02).\n");
    put_store();
    ak_buf_put_str(&out, "\n## Delivery\nA read of /agent-1's own credential.\n");
    put_info();
    assert_int_equal(ak_buf_check(&out), AK_OK);
}

static void example_is_as_written(void **state)
{
    (void)state;
    static uint8_t found[FILE_MAX];
    make();
    if (getenv("AK_WRITE_EXAMPLE")) {
        FILE *file = fopen(AK_DOCS "/formats/vault-example.txt", "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, out.len, file), out.len);
        assert_int_equal(fclose(file), 0);
        return;
    }
    FILE *file = fopen(AK_DOCS "/formats/vault-example.txt", "rb");
    assert_non_null(file);
    size_t len = fread(found, 1, sizeof found, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(len, out.len);
    assert_memory_equal(found, text, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_is_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
