/* Requests of any shape to a running engine: call, transport, ids, token, proof and body are the input's.
 * Nobody gets in without a key, so nothing but refusals and public answers may come, no entry may be written,
 * and every answer is one that its table decodes (I4, I8, I18). */
#include "fuzz/fuzz.h"
#include "unit/engine/harness.h"

static struct h *the_box(void)
{
    static struct h h;
    static struct h_person alice;
    if (h.engine) return &h;
    h_open(&h);
    h_person(&h, &alice, "alice", 1);
    return &h;
}

static bool is_public(unsigned call)
{
    return ak_call_get(call)->auth == AK_AUTH_PUBLIC;
}

static void check_answer(struct h *h, const struct ak_frame_request *request)
{
    static uint64_t message[512];
    const struct ak_call *call = ak_call_get(request->call);
    struct ak_span body = ak_buf_span(&h->out.body);
    if (h->out.code == AK_CODE_OK) {
        AK_FUZZ_CHECK(is_public(request->call));
        if (!(h->out.wait & AK_WAIT_READ))
            AK_FUZZ_CHECK(ak_msg_decode(call->reply, body, message, NULL) == AK_OK);
        return;
    }
    struct ak_msg_error_reply error;
    AK_FUZZ_CHECK(ak_msg_decode(&ak_error_reply_msg, body, &error, NULL) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(error.error, ak_span_str(ak_code_name(h->out.code))));
    AK_FUZZ_CHECK(h->out.wait == 0 && h->out.notice_len == 0 && h->out.job.kind == AK_JOB_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct h *h = the_box();
    struct ak_frame_request request;
    struct ak_reader reader = ak_reader(ak_span(data, len));
    uint64_t size = h_size(h);
    if (ak_frame_request_decode(&reader, &request) != AK_OK) return 0;
    h->out.body = AK_BUF_ARR(h->body);
    ak_engine_step(h->engine, &request, &h->out);
    AK_FUZZ_CHECK(h_size(h) == size);
    check_answer(h, &request);
    return 0;
}
