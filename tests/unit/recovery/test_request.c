/* Request and reply: one encoding, each byte bound, a reply opens for its request only. */
#include "unit/recovery/share_fixture.h"

#include "base/crypto/x25519.h"
#include "core/recovery/request.h"

static struct ak_secret32 scalar, ephemeral;
static struct ak_recovery_request request;
static uint8_t bytes[AK_RECOVERY_REQUEST_MAX + 1], reply[AK_RECOVERY_REPLY_MAX + 1];
static uint8_t evidence[AK_RECOVERY_EVIDENCE_MAX + 1];
static uint8_t fingerprint[32];

static int setup(void **state)
{
    (void)state;
    memset(&scalar, 0x31, sizeof scalar);
    memset(&ephemeral, 0x32, sizeof ephemeral);
    memset(evidence, 0xe1, sizeof evidence);
    request = (struct ak_recovery_request){
        .time_ms = 1767225600000, .backend = AK_SPAN_LIT("tpm2"), .evidence = ak_span(evidence, 40)};
    memset(request.random, 0x33, sizeof request.random);
    assert_int_equal(ak_x25519_pub(&scalar, request.key), AK_OK);
    assert_int_equal(ak_recovery_fingerprint(&request, fingerprint), AK_OK);
    return 0;
}

static size_t encode(void)
{
    struct ak_buf buf = ak_buf(bytes, AK_RECOVERY_REQUEST_MAX);
    assert_int_equal(ak_recovery_request_encode(&request, &buf), AK_OK);
    return buf.len;
}

static void reads_back(void **state)
{
    (void)state;
    struct ak_recovery_request got;
    for (size_t len = 0; len < 3; len++) {
        request.evidence.len = len == 2 ? AK_RECOVERY_EVIDENCE_MAX : len;
        size_t all = encode();
        assert_int_equal(ak_recovery_request_parse(ak_span(bytes, all), &got), AK_OK);
        assert_memory_equal(got.key, request.key, 32);
        assert_memory_equal(got.random, request.random, 16);
        assert_int_equal(got.time_ms, request.time_ms);
        assert_true(ak_span_eq(got.backend, request.backend));
        assert_true(ak_span_eq(got.evidence, request.evidence));
    }
}

static void every_byte_but_the_evidence_changes_the_fingerprint(void **state)
{
    (void)state;
    struct ak_recovery_request got;
    uint8_t other[32];
    size_t len = encode();
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        if (ak_recovery_request_parse(ak_span(bytes, len), &got) == AK_OK) {
            assert_int_equal(ak_recovery_fingerprint(&got, other), AK_OK);
            assert_int_equal(memcmp(other, fingerprint, 32) == 0, i >= len - 40);
        }
        bytes[i] ^= 1;
    }
    for (size_t i = 0; i < len; i++)
        assert_int_equal(ak_recovery_request_parse(ak_span(bytes, i), &got), AK_E_FORMAT);
    assert_int_equal(ak_recovery_request_parse(ak_span(bytes, len + 1), &got), AK_E_FORMAT);
    assert_int_equal(ak_recovery_request_parse(AK_SPAN_ARR(bytes), &got), AK_E_LIMIT);
    bytes[2] = 2;
    assert_int_equal(ak_recovery_request_parse(ak_span(bytes, len), &got), AK_E_UNSUPPORTED);
}

static void what_is_not_written(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(bytes);
    request.evidence.len = AK_RECOVERY_EVIDENCE_MAX + 1;
    assert_int_equal(ak_recovery_request_encode(&request, &buf), AK_E_ARG);
    request.evidence.len = 0;
    request.backend = AK_SPAN_LIT("seventeen-letters");
    assert_int_equal(ak_recovery_request_encode(&request, &buf), AK_E_ARG);
    request.backend.len = 0;
    assert_int_equal(ak_recovery_request_encode(&request, &buf), AK_E_ARG);
    assert_int_equal(buf.len, 0);
}

/* A holder compares the fingerprint that is printed below it: "\x1b[8m" would hide that. */
static void a_backend_that_a_terminal_obeys_is_refused(void **state)
{
    (void)state;
    struct ak_recovery_request got;
    size_t len = encode(), at = 0;
    while (memcmp(bytes + at, "tpm2", 4) != 0) at++;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t name[] = {'t', 'p', (uint8_t)byte, '2'};
        struct ak_buf buf = ak_buf(bytes, AK_RECOVERY_REQUEST_MAX);
        bool fine = byte >= 0x20 && byte <= 0x7e;
        bytes[at + 2] = (uint8_t)byte;
        enum ak_err err = ak_recovery_request_parse(ak_span(bytes, len), &got);
        assert_int_equal(err, fine ? AK_OK : AK_E_FORMAT);
        request.backend = AK_SPAN_ARR(name);
        assert_int_equal(ak_recovery_request_encode(&request, &buf), fine ? AK_OK : AK_E_ARG);
    }
}

static void report_data_is_of_the_fingerprint(void **state)
{
    (void)state;
    uint8_t one[64], other[64];
    ak_recovery_report_data(fingerprint, one);
    fingerprint[31] ^= 1;
    ak_recovery_report_data(fingerprint, other);
    assert_memory_not_equal(one, other, 64);
}

static size_t make_reply(struct ak_span share)
{
    struct ak_buf buf = ak_buf(reply, AK_RECOVERY_REPLY_MAX);
    assert_int_equal(ak_recovery_reply_make(&request, &ephemeral, share, &buf), AK_OK);
    return buf.len;
}

static enum ak_err open_reply(size_t len, struct ak_buf *out)
{
    static uint8_t memory[AK_SHARE_LEN_MAX];
    *out = AK_BUF_ARR(memory);
    enum ak_err err = ak_recovery_reply_open(ak_span(reply, len), fingerprint, &scalar, out);
    if (err) assert_int_equal(out->len, 0);
    return err;
}

static void a_reply_opens(void **state)
{
    (void)state;
    struct ak_buf out;
    static uint8_t longest[AK_SHARE_LEN_MAX + 1] = {1};
    size_t len = make_reply(AK_SPAN_LIT("share"));
    assert_int_equal(open_reply(len, &out), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&out), AK_SPAN_LIT("share")));
    len = make_reply(ak_span(longest, AK_SHARE_LEN_MAX));
    assert_int_equal(open_reply(len, &out), AK_OK);
    struct ak_buf buf = AK_BUF_ARR(reply);
    assert_int_equal(ak_recovery_reply_make(&request, &ephemeral, AK_SPAN_ARR(longest), &buf), AK_E_LIMIT);
}

static void each_byte_of_a_reply_is_bound(void **state)
{
    (void)state;
    struct ak_buf out;
    size_t len = make_reply(AK_SPAN_LIT("share"));
    for (size_t i = 0; i < len; i += AK_EACH_BYTE) {
        reply[i] ^= 1;
        assert_int_not_equal(open_reply(len, &out), AK_OK);
        reply[i] ^= 1;
    }
    for (size_t i = 0; i < len; i++) assert_int_not_equal(open_reply(i, &out), AK_OK);
    assert_int_equal(open_reply(len + 1, &out), AK_E_FORMAT);
    assert_int_equal(open_reply(sizeof reply, &out), AK_E_LIMIT);
    reply[2] = 2;
    assert_int_equal(open_reply(len, &out), AK_E_UNSUPPORTED);
}

static void a_reply_to_another_request_is_named(void **state)
{
    (void)state;
    struct ak_buf out;
    size_t len = make_reply(AK_SPAN_LIT("share"));
    fingerprint[0] ^= 1;
    assert_int_equal(open_reply(len, &out), AK_E_MEANING);
    fingerprint[0] ^= 1;
    scalar.bytes[1] ^= 1;
    assert_int_equal(open_reply(len, &out), AK_E_AUTH);
}

static void a_key_that_is_none(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(reply);
    memset(request.key, 0, sizeof request.key); /* of small order */
    assert_int_equal(ak_recovery_reply_make(&request, &ephemeral, AK_SPAN_LIT("share"), &buf), AK_E_AUTH);
    assert_int_equal(buf.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_back, setup),
        cmocka_unit_test_setup(every_byte_but_the_evidence_changes_the_fingerprint, setup),
        cmocka_unit_test_setup(what_is_not_written, setup),
        cmocka_unit_test_setup(a_backend_that_a_terminal_obeys_is_refused, setup),
        cmocka_unit_test_setup(report_data_is_of_the_fingerprint, setup),
        cmocka_unit_test_setup(a_reply_opens, setup),
        cmocka_unit_test_setup(each_byte_of_a_reply_is_bound, setup),
        cmocka_unit_test_setup(a_reply_to_another_request_is_named, setup),
        cmocka_unit_test_setup(a_key_that_is_none, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
