/* Frames that the table does not permit: cut, grown, unknown, out of phase, of another version, or no frame
 * at all. Each ends this gateway; the keeper ends in order, by no signal, and starts again on an unharmed
 * folder (I18). */
#include "hostile-gateway/hostile.h"

#include <unistd.h>

static struct hostile h;
static const char *worker;

static int make(void **state)
{
    (void)state;
    hostile_init(&h, worker);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hostile_done(&h);
    return 0;
}

struct bytes {
    const char *name;
    const char *bytes;
    size_t len;
};
#define B(name, text)                                                                                        \
    {                                                                                                        \
        name, text, sizeof(text) - 1                                                                         \
    }
#define HELLO_OTHER                                                                                          \
    "\1\1\0\0\0\5"                                                                                           \
    "9.9.9"
#define CLOSED "\1\5\0\0\0\0\0\0\0\1"

static const struct bytes before_hello[] = {
    B("closed first", CLOSED),
    B("request first", "\1\3\0\0\0\0"),
    B("welcome", "\1\2\0"),
    B("another version of the program", HELLO_OTHER),
    B("hello cut", "\1\1\0\0\0\5"
                   "0.1"),
    B("hello grown", "\1\1\0\0\0\5"
                     "0.1.0x"),
    B("another version of frames", "\2\1\0\0\0\5"
                                   "0.1.0"),
    B("one byte", "\1"),
    B("zero", "\0"),
};

static const struct bytes serving[] = {
    B("hello again", "\1\1\0\0\0\5"
                     "0.1.0"),
    B("welcome", "\1\2\0"),
    B("reply", "\1\4"),
    B("status", "\1\6"),
    B("tls_sign on this channel", "\1\7\0\0\0\0"),
    B("signed", "\1\10\0"),
    B("type 0", "\1\0"),
    B("attest cut", "\1\11"),
    B("type 10", "\1\12"),
    B("type 255", "\1\377"),
    B("closed cut", "\1\5\0\0\0\0\0\0\0"),
    B("closed grown", "\1\5\0\0\0\0\0\0\0\1\0"),
    B("another version", "\2\5\0\0\0\0\0\0\0\1"),
    B("one byte", "\1"),
};

static void ends_in_order(void)
{
    hostile_read_to_end(&h);
    assert_true(hostile_ended(&h));
}

/* All is as it was: the next start finds the ledger and serves. */
static void serves_again(void)
{
    hostile_start(&h, true);
    assert_int_equal(h.status.bits & ~(unsigned)AK_STATUS_VAULT_CHECKING, 0);
    hostile_stop(&h);
}

static void before_the_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(before_hello); i++) {
        hostile_start(&h, false);
        hostile_send(&h, ak_span(before_hello[i].bytes, before_hello[i].len));
        ends_in_order();
    }
    serves_again();
}

static void while_serving(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(serving); i++) {
        hostile_start(&h, true);
        hostile_send(&h, ak_span(serving[i].bytes, serving[i].len));
        ends_in_order();
    }
    serves_again();
}

enum { len_at_end = 9999 };

static size_t good_request(uint8_t *memory, size_t cap)
{
    static const uint8_t body[] = "\0";
    struct ak_buf buf = ak_buf(memory, cap);
    const struct ak_frame_request request = {.slot = 1,
        .conn = 2,
        .call = AK_CALL_CHECKPOINT,
        .transport = AK_TRANSPORT_LOOPBACK,
        .token = AK_SPAN_LIT("t"),
        .proof = AK_SPAN_LIT("p"),
        .idempotency_key = AK_SPAN_LIT("k"),
        .body = ak_span(body, 0)};
    assert_int_equal(ak_frame_request_encode(&request, &buf), AK_OK);
    return buf.len;
}

/* Each part's end, and lengths that lie. */
static void requests_that_are_none(void **state)
{
    (void)state;
    uint8_t bytes[256] = {0};
    size_t len = good_request(bytes, sizeof bytes - 1);
    const size_t cuts[] = {2, 6, 10, 18, 26, 28, 29, 45, 48, 50, len - 1, len + 1};
    for (size_t i = 0; i < AK_COUNT(cuts); i++) {
        hostile_start(&h, true);
        hostile_send(&h, ak_span(bytes, cuts[i]));
        ends_in_order();
    }
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {{26, 0xff}, {28, 0}, {28, 7}, {45, 0x7f}, {48, 0xff}, {59, 0x20}, {len_at_end, 1}};
    for (size_t i = 0; i < AK_COUNT(lies); i++) {
        size_t at = lies[i].at == len_at_end ? len - 1 : lies[i].at;
        uint8_t was = bytes[at];
        bytes[at] = lies[i].value;
        hostile_start(&h, true);
        hostile_send(&h, ak_span(bytes, len));
        ends_in_order();
        bytes[at] = was;
    }
    bytes[27] = AK_CALL_LOGOUT; /* a call without fields, with a body */
    bytes[len - 1] = 1;
    hostile_start(&h, true);
    hostile_send(&h, ak_span(bytes, len + 1));
    ends_in_order();
    serves_again();
}

/* Below the frames: lengths of the channel itself. */
static void streams_that_are_no_frames(void **state)
{
    (void)state;
    static const struct bytes streams[] = {
        B("length 0", "\0\0\0\0"),
        B("length over the cap", "\0\2\0\1"),
        B("length of all ones", "\377\377\377\377"),
        B("text", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    for (size_t i = 0; i < AK_COUNT(streams); i++) {
        hostile_start(&h, true);
        assert_true(write(h.channel.fd, streams[i].bytes, streams[i].len) == (ssize_t)streams[i].len);
        ends_in_order();
    }
    /* A frame that never ends: the keeper goes on, and ends when the gateway does. */
    hostile_start(&h, true);
    assert_true(write(h.channel.fd, "\0\0\1\0abc", 7) == 7);
    assert_true(hostile_alive(&h));
    ak_channel_done(&h.channel);
    assert_true(hostile_ended(&h));
    serves_again();
}

/* The TLS key signs a server's CertificateVerify for the gateway, and nothing else. */
static void signatures_it_may_not_have(void **state)
{
    (void)state;
    uint8_t content[AK_TLS_VERIFY_MAX];
    uint8_t memory[AK_TLS_VERIFY_MAX + 16];
    struct ak_span frame;
    unsigned type = 0;
    struct ak_frame_tls_signed done;
    memset(content, ' ', sizeof content);
    memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
    struct ak_frame_tls_sign sign = {.content = ak_span(content, AK_TLS_VERIFY_PREFIX_LEN + 32)};
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(ak_frame_tls_sign_encode(&sign, &buf), AK_OK);
    hostile_start(&h, true);
    assert_int_equal(ak_channel_send(&h.tls, ak_buf_span(&buf)), AK_OK);
    assert_int_equal(ak_channel_drain(&h.tls, HOSTILE_WAIT_MS), AK_OK);
    assert_int_equal(ak_channel_wait(&h.tls, HOSTILE_WAIT_MS, &frame), AK_OK);
    struct ak_reader reader = ak_reader(frame);
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    assert_int_equal(type, AK_FRAME_TLS_SIGNED);
    assert_int_equal(ak_frame_tls_signed_decode(&reader, &done), AK_OK);
    assert_true(done.ok);

    memcpy(content + 64, "TLS 1.3, client CertificateVerify", 34);
    for (unsigned i = 0; i < 4; i++) {
        buf.len = 0;
        if (i == 1) sign.content = AK_SPAN_LIT("tbsCertificate");
        if (i == 2) sign.content = AK_SPAN_EMPTY;
        assert_int_equal(ak_frame_tls_sign_encode(&sign, &buf), AK_OK);
        struct ak_span bytes = i == 3 ? AK_SPAN_LIT("\1\3") : ak_buf_span(&buf);
        if (i) hostile_start(&h, true);
        assert_int_equal(ak_channel_send(&h.tls, bytes), AK_OK);
        assert_int_equal(ak_channel_drain(&h.tls, HOSTILE_WAIT_MS), AK_OK);
        assert_int_not_equal(ak_channel_wait(&h.tls, HOSTILE_WAIT_MS, &frame), AK_OK);
        ends_in_order();
    }
    serves_again();
}

/* Frames in another order than they were thought of: unknown connections end, numbers come twice. */
static void reordered_frames(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    uint8_t memory[64];
    hostile_start(&h, true);
    for (uint64_t conn = 0; conn < 20000; conn++) {
        struct ak_buf buf = AK_BUF_ARR(memory);
        const struct ak_frame_closed closed = {.conn = conn % 3 ? conn : UINT64_MAX - conn};
        assert_int_equal(ak_frame_closed_encode(&closed, &buf), AK_OK);
        hostile_send(&h, ak_buf_span(&buf));
    }
    const struct hostile_call call = {.id = AK_CALL_CHECKPOINT, .conn = 5};
    for (unsigned i = 0; i < 3; i++) {
        h.slot = h.use = 41;
        hostile_tell(&h, &call);
    }
    for (unsigned i = 0; i < 3; i++) {
        hostile_reply(&h, &reply);
        assert_int_equal(reply.slot, 42);
        assert_int_equal(reply.code, AK_CODE_OK);
    }
    assert_true(hostile_alive(&h));
    hostile_stop(&h);
}

static bool is_reply(struct ak_span frame)
{
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    return type == AK_FRAME_REPLY;
}

/* Nobody reads the answers: they gather up to a bound, then nothing more is taken from such a gateway. The
 * keeper does not grow beyond it, and goes on where reading goes on: every request is answered once (I18). */
static void answers_nobody_reads(void **state)
{
    (void)state;
    enum { MANY = 60000, PATIENCE_MS = 1000 };
    uint8_t memory[256];
    unsigned sent = 0, answered = 0;
    enum ak_err err = AK_OK;
    hostile_start(&h, true);
    while (sent < MANY && !err) {
        struct ak_buf buf = AK_BUF_ARR(memory);
        const struct ak_frame_request request = {
            .slot = sent++, .conn = 1, .call = AK_CALL_CHECKPOINT, .transport = AK_TRANSPORT_LOOPBACK};
        assert_int_equal(ak_frame_request_encode(&request, &buf), AK_OK);
        err = ak_channel_send(&h.channel, ak_buf_span(&buf));
        if (!err) err = ak_channel_drain(&h.channel, PATIENCE_MS);
    }
    assert_int_equal(err, AK_E_EXPIRED); /* long before all were sent */
    assert_true(hostile_alive(&h));
    while (answered < sent) {
        struct ak_span frame;
        assert_int_equal(ak_channel_flush(&h.channel), AK_OK);
        assert_int_equal(ak_channel_wait(&h.channel, HOSTILE_WAIT_MS, &frame), AK_OK);
        answered += is_reply(frame);
    }
    hostile_stop(&h);
    serves_again();
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_hello),
        cmocka_unit_test(while_serving),
        cmocka_unit_test(requests_that_are_none),
        cmocka_unit_test(streams_that_are_no_frames),
        cmocka_unit_test(signatures_it_may_not_have),
        cmocka_unit_test(reordered_frames),
        cmocka_unit_test(answers_nobody_reads),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
