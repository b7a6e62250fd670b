/* Shares, requests and replies: what reads is written to the same bytes; what does not, leaves nothing. The
 * reply is opened under a fixed key. */
#include "fuzz/fuzz.h"

#include "core/recovery/request.h"

static void check_share(struct ak_span bytes)
{
    static struct ak_share share;
    uint8_t memory[AK_SHARE_LEN_MAX];
    struct ak_buf again = AK_BUF_ARR(memory);
    struct ak_seal_state state = {0};
    enum ak_err err = ak_share_parse(bytes, &share);
    if (err) AK_FUZZ_CHECK(fuzz_is_empty(&share, sizeof share));
    if (err) return;
    AK_FUZZ_CHECK(ak_share_encode(&share, &again) == AK_OK && ak_span_eq(ak_buf_span(&again), bytes));
    AK_FUZZ_CHECK(ak_share_holder(&share).len > 0);
    AK_FUZZ_CHECK(ak_share_fits(&share, 1, &share) == AK_SHARE_TWICE);
    AK_FUZZ_CHECK(ak_share_combine(&share, 1, &state) == AK_E_STATE);
}

static void check_secret(struct ak_span bytes)
{
    static struct ak_seal_state state;
    uint8_t memory[AK_SHARE_SECRET_MAX];
    struct ak_buf again = AK_BUF_ARR(memory);
    if (ak_share_secret_read(bytes, &state) != AK_OK) {
        AK_FUZZ_CHECK(state.root_count == 0);
        return;
    }
    AK_FUZZ_CHECK(ak_share_secret_put(&state, &again) == AK_OK && ak_span_eq(ak_buf_span(&again), bytes));
}

static void check_request(struct ak_span bytes)
{
    struct ak_recovery_request request;
    uint8_t memory[AK_RECOVERY_REQUEST_MAX], fingerprint[32];
    struct ak_buf again = AK_BUF_ARR(memory);
    enum ak_err err = ak_recovery_request_parse(bytes, &request);
    if (err) AK_FUZZ_CHECK(fuzz_is_empty(&request, sizeof request));
    if (err) return;
    AK_FUZZ_CHECK(ak_recovery_request_encode(&request, &again) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), bytes));
    AK_FUZZ_CHECK(ak_recovery_fingerprint(&request, fingerprint) == AK_OK);
    const struct ak_secret32 ephemeral = {{2}};
    uint8_t reply_memory[512];
    struct ak_buf reply = AK_BUF_ARR(reply_memory);
    err = ak_recovery_reply_make(&request, &ephemeral, AK_SPAN_LIT("share"), &reply);
    AK_FUZZ_CHECK(err == AK_OK || reply.len == 0); /* a key of small order takes nothing */
}

/* Any bytes, split and put together again. */
static void check_split(struct ak_span bytes)
{
    static struct ak_share shares[3];
    static struct ak_share_set set;
    uint8_t random[64] = {7}, again[64];
    struct ak_span secret = ak_span(bytes.ptr, bytes.len < 64 ? bytes.len : 64);
    set = (struct ak_share_set){.m = 2, .n = 3, .trust_len = 1};
    for (size_t i = 0; i < 3; i++) set.holders[i].name_len = 1, set.holders[i].name[0] = 'a';
    if (secret.len == 0) return;
    AK_FUZZ_CHECK(ak_share_make(&set, secret, ak_span(random, secret.len), shares) == AK_OK);
    const uint8_t x[] = {3, 1}, *y[] = {shares[2].bytes, shares[0].bytes};
    AK_FUZZ_CHECK(ak_shamir_combine(x, y, 2, secret.len, again) == AK_OK);
    AK_FUZZ_CHECK(memcmp(again, secret.ptr, secret.len) == 0);
}

static void check_reply(struct ak_span bytes)
{
    enum { AT = 6 }; /* where a reply names its request */
    uint8_t fingerprint[32] = {0};
    if (bytes.len >= AT + sizeof fingerprint) memcpy(fingerprint, bytes.ptr + AT, sizeof fingerprint);
    const struct ak_secret32 scalar = {{1}};
    uint8_t memory[AK_SHARE_LEN_MAX];
    struct ak_buf plain = AK_BUF_ARR(memory);
    if (ak_recovery_reply_open(bytes, fingerprint, &scalar, &plain)) AK_FUZZ_CHECK(plain.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_share(ak_span(data, len));
    check_secret(ak_span(data, len));
    check_split(ak_span(data, len));
    check_request(ak_span(data, len));
    check_reply(ak_span(data, len));
    return 0;
}
