/* Frames as the gateway reads them from the keeper: what decodes encodes to the same bytes, the notice is fit
 * for a header, the body becomes JSON or is refused; on failure nothing is left. */
#include "fuzz/fuzz.h"

#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/status.h"
#include "core/frames/tls_sign.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"

static uint8_t again_memory[AK_FRAME_MAX], json_memory[8 * AK_FRAME_MAX];

static void check_same(struct ak_span frame, enum ak_err err, const struct ak_buf *again)
{
    AK_FUZZ_CHECK(err == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(frame, ak_buf_span(again)));
}

static void check_json(const struct ak_frame_reply *reply)
{
    struct ak_buf json = AK_BUF_ARR(json_memory);
    struct ak_json parsed;
    const struct ak_msg *msg =
        ak_frame_reply_is_error(reply) ? &ak_error_reply_msg : ak_call_get(reply->call)->reply;
    uint64_t message[96];
    enum ak_err decoded = ak_msg_decode(msg, reply->body, message, NULL);
    enum ak_err written = ak_msg_to_json(msg, reply->body, false, &json);
    AK_FUZZ_CHECK(decoded != AK_OK || written == AK_OK);
    if (written != AK_OK || decoded != AK_OK) return;
    enum ak_err err = ak_json_parse(ak_buf_span(&json), json.len, &parsed);
    /* Numbers over int64 are good JSON that this parser does not take. */
    AK_FUZZ_CHECK(err == AK_OK || err == AK_E_FORMAT);
    ak_json_done(&parsed);
}

static void check_reply(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_reply reply;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_reply_decode(reader, &reply) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&reply, sizeof reply));
        return;
    }
    for (size_t i = 0; i < reply.notice.len; i++)
        AK_FUZZ_CHECK(reply.notice.ptr[i] >= 0x20 && reply.notice.ptr[i] < 0x7f);
    check_same(frame, ak_frame_reply_encode(&reply, &again), &again);
    check_json(&reply);
}

static void check_status(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_status status;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_status_decode(reader, &status) != AK_OK)
        AK_FUZZ_CHECK(fuzz_is_empty(&status, sizeof status));
    else
        check_same(frame, ak_frame_status_encode(&status, &again), &again);
}

static void check_welcome(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_welcome welcome;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_welcome_decode(reader, &welcome) != AK_OK)
        AK_FUZZ_CHECK(fuzz_is_empty(&welcome, sizeof welcome));
    else
        check_same(frame, ak_frame_welcome_encode(&welcome, &again), &again);
}

static void check_signed(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_tls_signed done;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_tls_signed_decode(reader, &done) != AK_OK)
        AK_FUZZ_CHECK(!done.ok && done.signature[0] == 0);
    else
        check_same(frame, ak_frame_tls_signed_encode(&done, &again), &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span frame = ak_span(data, len);
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    if (len > AK_FRAME_MAX || ak_frame_read_head(&reader, &type) != AK_OK) return 0;
    if (type == AK_FRAME_REPLY) check_reply(frame, &reader);
    if (type == AK_FRAME_STATUS) check_status(frame, &reader);
    if (type == AK_FRAME_WELCOME) check_welcome(frame, &reader);
    if (type == AK_FRAME_TLS_SIGNED) check_signed(frame, &reader);
    return 0;
}
