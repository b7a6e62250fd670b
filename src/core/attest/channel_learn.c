/* The policy that takes one machine: what a first meeting keeps once a person has compared it. */
#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "base/reader.h"
#include "core/attest/channel.h"
#include "core/attest/tpm_attest.h"

enum { PCR_LEN = 32, COUNTER_LEN = 8 };

struct learnt {
    struct ak_channel_message message;
    struct ak_channel_tpm2 parts;
    struct ak_tpm_public key;
    struct ak_tpm_attest quote, counter;
};

/* Only the shape of our own backend: one SHA-256 bank, all its values, a counter of 8 bytes. */
static enum ak_err read(struct ak_span message, struct learnt *out)
{
    AK_TRY(ak_channel_message_parse(message, &out->message));
    AK_TRY(ak_channel_tpm2_parse(out->message.report, &out->parts));
    AK_TRY(ak_tpm_public_parse(out->parts.ak_public, &out->key));
    AK_TRY(ak_tpm_attest_parse(out->parts.quote, &out->quote));
    AK_TRY(ak_tpm_attest_parse(out->parts.counter, &out->counter));
    const struct ak_tpm_attest *quote = &out->quote, *counter = &out->counter;
    if (quote->type != AK_TPM_ST_QUOTE || counter->type != AK_TPM_ST_NV) return AK_E_FORMAT;
    if (quote->selection_count != 1 || quote->selections[0].hash != AK_TPM_ALG_SHA256)
        return AK_E_UNSUPPORTED;
    size_t count = (size_t)__builtin_popcount(quote->selections[0].pcrs);
    bool good = out->parts.pcrs.len == count * PCR_LEN && counter->nv_name.len == AK_ATTEST_TPM_NAME_LEN &&
                counter->nv_contents.len == COUNTER_LEN;
    return good ? AK_OK : AK_E_FORMAT;
}

static void put_image(struct ak_json_writer *w, const struct learnt *learnt)
{
    struct ak_reader values = ak_reader(learnt->parts.pcrs);
    ak_json_open_object(w);
    for (unsigned pcr = 0; pcr < AK_TPM_PCRS; pcr++) {
        char name[AK_ATTEST_NAME_MAX];
        struct ak_buf text = AK_BUF_ARR(name);
        if ((learnt->quote.selections[0].pcrs >> pcr & 1) == 0) continue;
        ak_buf_put_str(&text, "pcr");
        ak_buf_put_dec(&text, pcr);
        if (ak_buf_terminate(&text) == AK_OK) ak_json_key(w, name);
        ak_json_put_hex(w, "", ak_reader_take(&values, PCR_LEN));
    }
    ak_json_close_object(w);
}

static void put_tpm(struct ak_json_writer *w, const struct learnt *learnt)
{
    uint8_t name[AK_ATTEST_TPM_NAME_LEN];
    struct ak_reader counter = ak_reader(learnt->counter.nv_contents);
    ak_tpm_public_name(&learnt->key, name);
    ak_json_open_object(w);
    ak_json_key(w, "ak_names");
    ak_json_open_array(w);
    ak_json_put_hex(w, "", AK_SPAN_ARR(name));
    ak_json_close_array(w);
    ak_json_key(w, "pcrs");
    ak_json_open_array(w);
    for (unsigned pcr = 0; pcr < AK_TPM_PCRS; pcr++)
        if ((learnt->quote.selections[0].pcrs >> pcr & 1) != 0) ak_json_put_u64(w, pcr);
    ak_json_close_array(w);
    ak_json_key(w, "nv_name");
    ak_json_put_hex(w, "", learnt->counter.nv_name);
    ak_json_key(w, "min_counter");
    ak_json_put_u64(w, ak_reader_u64(&counter));
    ak_json_close_object(w);
}

enum ak_err ak_channel_learn(struct ak_span message, struct ak_buf *out_policy)
{
    struct learnt learnt;
    AK_TRY(read(message, &learnt));
    struct ak_json_writer w = ak_json_writer(out_policy);
    ak_json_open_object(&w);
    ak_json_key(&w, "images");
    ak_json_open_array(&w);
    put_image(&w, &learnt);
    ak_json_close_array(&w);
    ak_json_key(&w, "tpm");
    put_tpm(&w, &learnt);
    ak_json_close_object(&w);
    return ak_buf_check(out_policy);
}
