/* Every frame: round trip, cut at each byte, grown, each byte altered, limits. What decodes encodes to the
 * same bytes; what does not decode leaves its output empty. */
#include "unit/check.h"

#include "base/limits.h"
#include "core/frames/attest.h"
#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/frames/tls_sign.h"
#include "core/wire/call.h"

union any {
    struct ak_frame_hello hello;
    struct ak_frame_welcome welcome;
    struct ak_frame_request request;
    struct ak_frame_reply reply;
    struct ak_frame_closed closed;
    struct ak_frame_status status;
    struct ak_frame_tls_sign sign;
    struct ak_frame_tls_signed done;
    struct ak_frame_attest attest;
};

struct kind {
    const char *name;
    enum ak_frame_type type;
    size_t size;
    enum ak_err (*encode)(const union any *frame, struct ak_buf *buf);
    enum ak_err (*decode)(struct ak_reader *reader, union any *out);
    void (*fill)(union any *frame);
};

#define WRAP(name, member)                                                                                   \
    static enum ak_err encode_##name(const union any *frame, struct ak_buf *buf)                             \
    {                                                                                                        \
        return ak_frame_##name##_encode(&frame->member, buf);                                                \
    }                                                                                                        \
    static enum ak_err decode_##name(struct ak_reader *reader, union any *out)                               \
    {                                                                                                        \
        return ak_frame_##name##_decode(reader, &out->member);                                               \
    }
WRAP(hello, hello)
WRAP(welcome, welcome)
WRAP(request, request)
WRAP(reply, reply)
WRAP(closed, closed)
WRAP(status, status)
WRAP(tls_sign, sign)
WRAP(tls_signed, done)
WRAP(attest, attest)

static uint8_t big[AK_FRAME_MAX];
static uint8_t content[AK_TLS_VERIFY_MAX + 1];

static void fill_hello(union any *frame)
{
    frame->hello.version = AK_SPAN_LIT("0.1.0");
}
static void fill_welcome(union any *frame)
{
    frame->welcome = (struct ak_frame_welcome){
        .dev = true, .caps = 0x41, .spki = AK_SPAN_LIT("spki"), .certificate = AK_SPAN_LIT("certificate")};
    memset(frame->welcome.worker_id, 9, 16);
}
static void fill_request(union any *frame)
{
    frame->request = (struct ak_frame_request){.slot = 1,
        .slot_use = 2,
        .conn = UINT64_C(0x0102030405060708),
        .source = UINT64_MAX,
        .call = AK_CALL_SIGN_MESSAGE,
        .transport = AK_TRANSPORT_TLS,
        .token = AK_SPAN_LIT("token"),
        .proof = AK_SPAN_LIT("proof"),
        .idempotency_key = AK_SPAN_LIT("key!~"),
        .body = AK_SPAN_LIT("\0body")};
    memset(frame->request.request_id, 3, 16);
}
static void fill_reply(union any *frame)
{
    frame->reply = (struct ak_frame_reply){.slot = 5,
        .slot_use = 6,
        .call = AK_CALL_TOKEN,
        .code = AK_CODE_DENIED,
        .notice = AK_SPAN_LIT("a notice ~"),
        .body = AK_SPAN_LIT("body")};
}
static void fill_closed(union any *frame)
{
    frame->closed.conn = 77;
}
static void fill_status(union any *frame)
{
    frame->status = (struct ak_frame_status){.bits = AK_STATUS_STORAGE_LOW};
    memcpy(frame->status.nonce, "abcXYZ0189-_abcdefghij", AK_STATUS_NONCE_LEN);
    for (unsigned i = 0; i < AK_FIGURE_COUNT; i++) frame->status.figures[i] = i * 1000000007u;
}
static void fill_tls_sign(union any *frame)
{
    memset(content, ' ', 64);
    memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
    memset(content + 98, 0x5a, 48);
    frame->sign.content = ak_span(content, 98 + 32);
}
static void fill_tls_signed(union any *frame)
{
    frame->done.ok = true;
    memset(frame->done.signature, 0x77, 64);
}
static void fill_attest(union any *frame)
{
    frame->attest = (struct ak_frame_attest){.slot = 7, .slot_use = 8};
    memset(frame->attest.nonce, 1, 32);
    memset(frame->attest.client, 2, 32);
    memset(frame->attest.exporter, 3, 32);
}

#define KIND(type, name, member)                                                                             \
    {                                                                                                        \
#name, type, sizeof(((union any *)NULL)->member), encode_##name, decode_##name, fill_##name          \
    }
static const struct kind kinds[] = {
    KIND(AK_FRAME_HELLO, hello, hello),
    KIND(AK_FRAME_WELCOME, welcome, welcome),
    KIND(AK_FRAME_REQUEST, request, request),
    KIND(AK_FRAME_REPLY, reply, reply),
    KIND(AK_FRAME_CLOSED, closed, closed),
    KIND(AK_FRAME_STATUS, status, status),
    KIND(AK_FRAME_TLS_SIGN, tls_sign, sign),
    KIND(AK_FRAME_TLS_SIGNED, tls_signed, done),
    KIND(AK_FRAME_ATTEST, attest, attest),
};

static size_t encode(const struct kind *kind, uint8_t *memory, size_t cap)
{
    union any frame = {0};
    struct ak_buf buf = ak_buf(memory, cap);
    kind->fill(&frame);
    assert_int_equal(kind->encode(&frame, &buf), AK_OK);
    return buf.len;
}

static enum ak_err decode(const struct kind *kind, struct ak_span bytes, union any *out)
{
    struct ak_reader reader = ak_reader(bytes);
    unsigned type = 0;
    AK_TRY(ak_frame_read_head(&reader, &type));
    assert_int_equal(type, kind->type);
    return kind->decode(&reader, out);
}

static void round_trip(void **state)
{
    (void)state;
    uint8_t first[512];
    uint8_t second[512];
    for (size_t i = 0; i < AK_COUNT(kinds); i++) {
        union any frame = {0};
        struct ak_buf again = AK_BUF_ARR(second);
        size_t len = encode(&kinds[i], first, sizeof first);
        assert_int_equal(first[0], AK_FRAME_VERSION);
        assert_int_equal(first[1], kinds[i].type);
        assert_int_equal(decode(&kinds[i], ak_span(first, len), &frame), AK_OK);
        assert_int_equal(kinds[i].encode(&frame, &again), AK_OK);
        assert_true(ak_span_eq(ak_span(first, len), ak_buf_span(&again)));
    }
}

static void assert_empty(const struct kind *kind, const union any *frame)
{
    static const union any none;
    assert_memory_equal(frame, &none, kind->size);
}

static void refuses_cut_and_grown(void **state)
{
    (void)state;
    uint8_t bytes[512] = {0};
    for (size_t i = 0; i < AK_COUNT(kinds); i++) {
        size_t len = encode(&kinds[i], bytes, sizeof bytes - 1);
        for (size_t cut = 2; cut < len; cut++) {
            union any frame;
            memset(&frame, 0xff, sizeof frame);
            if (decode(&kinds[i], ak_span(bytes, cut), &frame) == AK_OK)
                fail_msg("%s at %zu", kinds[i].name, cut);
            assert_empty(&kinds[i], &frame);
        }
        union any frame;
        memset(&frame, 0xff, sizeof frame);
        bytes[len] = 0;
        assert_int_not_equal(decode(&kinds[i], ak_span(bytes, len + 1), &frame), AK_OK);
        assert_empty(&kinds[i], &frame);
    }
}

/* Each byte, each of its values. */
static void alters_each_byte(void **state)
{
    (void)state;
    uint8_t bytes[512];
    for (size_t i = 0; i < AK_COUNT(kinds); i++) {
        size_t len = encode(&kinds[i], bytes, sizeof bytes);
        for (size_t at = 2; at < len; at++) {
            uint8_t was = bytes[at];
            for (unsigned flip = 1; flip < 256; flip++) {
                union any frame;
                uint8_t second[512];
                struct ak_buf again = AK_BUF_ARR(second);
                memset(&frame, 0xff, sizeof frame);
                bytes[at] = was ^ (uint8_t)flip;
                if (decode(&kinds[i], ak_span(bytes, len), &frame) != AK_OK) {
                    assert_empty(&kinds[i], &frame);
                    continue;
                }
                assert_int_equal(kinds[i].encode(&frame, &again), AK_OK);
                assert_true(ak_span_eq(ak_span(bytes, len), ak_buf_span(&again)));
            }
            bytes[at] = was;
        }
    }
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    uint8_t bytes[512];
    for (size_t i = 0; i < AK_COUNT(kinds); i++) {
        size_t len = encode(&kinds[i], bytes, sizeof bytes);
        for (size_t cap = 0; cap < len; cap++) {
            union any frame = {0};
            struct ak_buf buf = ak_buf(bytes, cap);
            kinds[i].fill(&frame);
            assert_int_equal(kinds[i].encode(&frame, &buf), AK_E_FULL);
        }
    }
}

/* A part at its limit, one below, one above: encoded and decoded alike. */
static void holds_limits(void **state)
{
    (void)state;
    static uint8_t bytes[AK_FRAME_MAX];
    memset(big, 'x', sizeof big);
    const size_t limits[] = {
        AK_LIMIT_TOKEN, AK_LIMIT_PROOF, AK_FRAME_IDEMPOTENCY_MAX, AK_LIMIT_BODY, AK_LIMIT_VALUE_BODY};
    for (size_t part = 0; part < AK_COUNT(limits); part++)
        for (size_t len = limits[part] - 1; len <= limits[part] + 1; len++) {
            union any frame = {0};
            union any got;
            struct ak_buf buf = AK_BUF_ARR(bytes);
            fill_request(&frame);
            if (part == 4) frame.request.call = AK_CALL_CREDENTIAL_PUT;
            struct ak_span *parts[] = {&frame.request.token, &frame.request.proof,
                &frame.request.idempotency_key, &frame.request.body, &frame.request.body};
            *parts[part] = ak_span(big, len);
            bool fits = len <= limits[part];
            assert_int_equal(ak_frame_request_encode(&frame.request, &buf), fits ? AK_OK : AK_E_FULL);
            if (fits) assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_OK);
        }
}

/* What no encoder of ours would write: a body one byte longer than its call's may be. */
static void reads_no_more_than_the_call_takes(void **state)
{
    (void)state;
    static uint8_t bytes[AK_FRAME_MAX];
    const struct {
        unsigned call;
        size_t limit;
    } cases[] = {{AK_CALL_SIGN_MESSAGE, AK_LIMIT_BODY}, {AK_CALL_CREDENTIAL_PUT, AK_LIMIT_VALUE_BODY}};
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        union any frame = {0}, got;
        struct ak_buf buf = AK_BUF_ARR(bytes);
        fill_request(&frame);
        frame.request.call = (uint16_t)cases[i].call;
        frame.request.body = ak_span(big, cases[i].limit);
        assert_int_equal(ak_frame_request_encode(&frame.request, &buf), AK_OK);
        assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_OK);
        struct ak_buf len = ak_buf(bytes + buf.len - cases[i].limit - 4, 4);
        ak_buf_put_u32(&len, (uint32_t)cases[i].limit + 1);
        ak_buf_put_u8(&buf, 'x');
        assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_E_FORMAT);
    }
}

/* The longest of all fits a frame of the channel. */
static void fits_the_channel(void **state)
{
    (void)state;
    static uint8_t bytes[AK_FRAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    const struct ak_frame_request request = {.call = AK_CALL_CREDENTIAL_PUT,
        .transport = AK_TRANSPORT_UNIX,
        .token = ak_span(big, AK_LIMIT_TOKEN),
        .proof = ak_span(big, AK_LIMIT_PROOF),
        .idempotency_key = ak_span(big, AK_FRAME_IDEMPOTENCY_MAX),
        .body = ak_span(big, AK_LIMIT_VALUE_BODY)};
    assert_int_equal(ak_frame_request_encode(&request, &buf), AK_OK);
    const struct ak_frame_reply reply = {
        .notice = ak_span(big, AK_FRAME_NOTICE_MAX), .body = ak_span(big, AK_FRAME_BODY_MAX)};
    buf.len = 0;
    assert_int_equal(ak_frame_reply_encode(&reply, &buf), AK_OK);
}

static void checks_meaning(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    union any frame = {0};
    union any got;
    struct ak_buf buf = AK_BUF_ARR(bytes);
    for (unsigned transport = 0; transport < 256; transport++) {
        fill_request(&frame);
        frame.request.transport = (uint8_t)transport;
        buf.len = 0;
        assert_int_equal(ak_frame_request_encode(&frame.request, &buf), AK_OK);
        bool known = transport >= AK_TRANSPORT_UNIX && transport <= AK_TRANSPORT_BROKER;
        assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), known ? AK_OK : AK_E_LIMIT);
    }
    fill_request(&frame);
    frame.request.call = AK_CALL_COUNT;
    buf.len = 0;
    assert_int_equal(ak_frame_request_encode(&frame.request, &buf), AK_OK);
    assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_E_LIMIT);
    fill_request(&frame);
    frame.request.call = AK_CALL_LOGOUT; /* a message without fields has no body */
    buf.len = 0;
    assert_int_equal(ak_frame_request_encode(&frame.request, &buf), AK_OK);
    assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_E_FORMAT);
    fill_request(&frame);
    frame.request.idempotency_key = AK_SPAN_LIT("a b");
    buf.len = 0;
    assert_int_equal(ak_frame_request_encode(&frame.request, &buf), AK_OK);
    assert_int_equal(decode(&kinds[2], ak_buf_span(&buf), &got), AK_E_FORMAT);
    fill_reply(&frame);
    frame.reply.code = AK_CODE_COUNT;
    buf.len = 0;
    assert_int_equal(ak_frame_reply_encode(&frame.reply, &buf), AK_OK);
    assert_int_equal(decode(&kinds[3], ak_buf_span(&buf), &got), AK_E_LIMIT);
    fill_reply(&frame);
    frame.reply.call = AK_CALL_COUNT;
    buf.len = 0;
    assert_int_equal(ak_frame_reply_encode(&frame.reply, &buf), AK_OK);
    assert_int_equal(decode(&kinds[3], ak_buf_span(&buf), &got), AK_E_LIMIT);
    const struct ak_span notices[] = {
        AK_SPAN_LIT("a\r\nSet-Cookie: x"), AK_SPAN_LIT("a\x7f"), AK_SPAN_LIT("a\xc2\x9b")};
    for (size_t i = 0; i < AK_COUNT(notices); i++) { /* a header cannot be split */
        fill_reply(&frame);
        frame.reply.notice = notices[i];
        buf.len = 0;
        assert_int_equal(ak_frame_reply_encode(&frame.reply, &buf), AK_OK);
        assert_int_equal(decode(&kinds[3], ak_buf_span(&buf), &got), AK_E_FORMAT);
    }
    const uint8_t strange[] = {0, '\n', ' ', '+', '/', '=', '"', 0x7f, 0xe9};
    for (size_t i = 0; i < AK_COUNT(strange); i++) { /* the nonce goes into a header, too */
        fill_status(&frame);
        frame.status.nonce[i] = strange[i];
        buf.len = 0;
        assert_int_equal(ak_frame_status_encode(&frame.status, &buf), AK_OK);
        assert_int_equal(decode(&kinds[5], ak_buf_span(&buf), &got), AK_E_FORMAT);
    }
}

/* The keeper's TLS key signs the server's CertificateVerify and nothing that looks like it. */
static void signs_one_text_only(void **state)
{
    (void)state;
    union any frame = {0};
    fill_tls_sign(&frame);
    for (size_t len = 0; len <= AK_TLS_VERIFY_MAX; len++) {
        frame.sign.content = ak_span(content, len);
        assert_int_equal(
            ak_frame_tls_sign_validate(&frame.sign), len == 98 + 32 || len == 98 + 48 ? AK_OK : AK_E_MEANING);
    }
    frame.sign.content = ak_span(content, 98 + 32);
    for (size_t i = 0; i < 98; i++) {
        content[i] ^= 1;
        assert_int_equal(ak_frame_tls_sign_validate(&frame.sign), AK_E_MEANING);
        content[i] ^= 1;
    }
    memcpy(content + 64, "TLS 1.3, client CertificateVerify", 34);
    assert_int_equal(ak_frame_tls_sign_validate(&frame.sign), AK_E_MEANING);
}

static void names_figures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AK_FIGURE_COUNT; i++) {
        assert_non_null(ak_figure_name(i));
        for (unsigned k = 0; k < i; k++) assert_string_not_equal(ak_figure_name(i), ak_figure_name(k));
    }
    assert_null(ak_figure_name(AK_FIGURE_COUNT));
    assert_false(ak_figure_is_counter(AK_FIGURE_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refuses_cut_and_grown),
        cmocka_unit_test(alters_each_byte),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(holds_limits),
        cmocka_unit_test(reads_no_more_than_the_call_takes),
        cmocka_unit_test(fits_the_channel),
        cmocka_unit_test(checks_meaning),
        cmocka_unit_test(signs_one_text_only),
        cmocka_unit_test(names_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
