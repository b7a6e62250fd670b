/* Signed notes: what parses is exactly what its parts write, so that no note has two texts. */
#include "fuzz/fuzz.h"

#include "base/codec/base64.h"
#include "core/ledger/note.h"

static void put_signature(struct ak_buf *buf, const struct ak_note_signature *line)
{
    uint8_t bytes[4 + AK_NOTE_SIGNATURE_LEN_MAX];
    memcpy(bytes, line->key_id, 4);
    memcpy(bytes + 4, line->bytes, line->len);
    ak_buf_put_str(buf, "\xe2\x80\x94 ");
    ak_buf_put(buf, line->name);
    ak_buf_put_str(buf, " ");
    ak_base64_encode(buf, ak_span(bytes, 4 + line->len));
    ak_buf_put_str(buf, "\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    /* of the seed 5e5e… */
    static const uint8_t pub[32] = {0x81, 0x46, 0x64, 0x0f, 0x02, 0x49, 0x3a, 0xf4, 0xfb, 0xc5, 0x4f, 0xe3,
        0x33, 0x88, 0xe7, 0x5d, 0xc2, 0xc9, 0x37, 0xae, 0x0b, 0x77, 0x27, 0xcc, 0x2b, 0x2a, 0xfb, 0x1b, 0x75,
        0x19, 0x9a, 0x3e};
    static struct ak_note note;
    struct ak_checkpoint checkpoint;
    struct ak_span text = ak_span(data, len);
    enum ak_err parsed = ak_note_parse(text, &note);
    enum ak_err verified = ak_checkpoint_verify(text, pub, &checkpoint);
    if (verified != AK_OK) AK_FUZZ_CHECK(fuzz_is_empty(&checkpoint, sizeof checkpoint));
    if (parsed != AK_OK) {
        AK_FUZZ_CHECK(verified != AK_OK && note.count == 0 && note.body.len == 0);
        return 0;
    }
    uint8_t again_bytes[AK_NOTE_LEN_MAX];
    struct ak_buf again = AK_BUF_ARR(again_bytes);
    ak_checkpoint_put_body(&again, &note.checkpoint);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), note.body));
    ak_buf_put_str(&again, "\n");
    for (size_t i = 0; i < note.count; i++) put_signature(&again, &note.signatures[i]);
    AK_FUZZ_CHECK(ak_buf_check(&again) == AK_OK && ak_span_eq(ak_buf_span(&again), text));
    return 0;
}
