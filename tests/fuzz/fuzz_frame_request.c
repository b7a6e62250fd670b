/* Frames as the keeper reads them from a gateway: what decodes encodes to the same bytes and is within every
 * limit, and its body either decodes by the table of its call or is refused; on failure nothing is left. */
#include "fuzz/fuzz.h"

#include "base/limits.h"
#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "core/frames/request.h"
#include "core/frames/tls_sign.h"
#include "core/wire/call.h"

static uint8_t again_memory[AK_FRAME_MAX];

static void check_same(struct ak_span frame, enum ak_err err, const struct ak_buf *again)
{
    AK_FUZZ_CHECK(err == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(frame, ak_buf_span(again)));
}

static void check_body(const struct ak_frame_request *request)
{
    uint64_t message[96];
    uint8_t json_memory[1024];
    const struct ak_call *call = ak_call_get(request->call);
    struct ak_buf url = AK_BUF_ARR(json_memory);
    AK_FUZZ_CHECK(call != NULL && call->request->size <= sizeof message);
    if (ak_msg_decode(call->request, request->body, message, NULL) != AK_OK) return;
    enum ak_err err = ak_call_put_path(request->call, "/tee", request->body, true, &url);
    AK_FUZZ_CHECK(err == AK_OK || err == AK_E_FULL);
}

static void check_request(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_request request;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_request_decode(reader, &request) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&request, sizeof request));
        return;
    }
    AK_FUZZ_CHECK(request.token.len <= AK_LIMIT_TOKEN && request.proof.len <= AK_LIMIT_PROOF);
    check_same(frame, ak_frame_request_encode(&request, &again), &again);
    check_body(&request);
}

static void check_hello(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_hello hello;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_hello_decode(reader, &hello) != AK_OK)
        AK_FUZZ_CHECK(hello.version.len == 0);
    else
        check_same(frame, ak_frame_hello_encode(&hello, &again), &again);
}

static void check_closed(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_closed closed;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_closed_decode(reader, &closed) != AK_OK)
        AK_FUZZ_CHECK(closed.conn == 0);
    else
        check_same(frame, ak_frame_closed_encode(&closed, &again), &again);
}

static void check_sign(struct ak_span frame, struct ak_reader *reader)
{
    struct ak_frame_tls_sign sign;
    struct ak_buf again = AK_BUF_ARR(again_memory);
    if (ak_frame_tls_sign_decode(reader, &sign) != AK_OK) {
        AK_FUZZ_CHECK(sign.content.len == 0);
        return;
    }
    AK_FUZZ_CHECK(ak_span_starts(sign.content, AK_SPAN_LIT("                                ")));
    check_same(frame, ak_frame_tls_sign_encode(&sign, &again), &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span frame = ak_span(data, len);
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    if (len > AK_FRAME_MAX || ak_frame_read_head(&reader, &type) != AK_OK) return 0;
    if (type == AK_FRAME_REQUEST) check_request(frame, &reader);
    if (type == AK_FRAME_HELLO) check_hello(frame, &reader);
    if (type == AK_FRAME_CLOSED) check_closed(frame, &reader);
    if (type == AK_FRAME_TLS_SIGN) check_sign(frame, &reader);
    return 0;
}
