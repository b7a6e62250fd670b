/* docs/formats/recovery.md: its worked example, made again byte by byte. */
#include "unit/recovery/share_fixture.h"

#include "base/codec/hex.h"
#include "base/crypto/x25519.h"
#include "core/recovery/request.h"

static char page[32 * 1024];

/* The page without white space, so that lines may end anywhere. */
static int setup(void **state)
{
    (void)state;
    FILE *file = fopen(AK_SOURCE_ROOT "/docs/formats/recovery.md", "rb");
    if (!file) return 1;
    size_t len = 0;
    for (int c; (c = getc(file)) != EOF && len < sizeof page - 1;)
        if (c > ' ') page[len++] = (char)c;
    (void)fclose(file);
    return 0;
}

static void assert_on_page(struct ak_span bytes)
{
    static char text[2 * AK_SHARE_LEN_MAX + 16];
    struct ak_buf hex = AK_BUF_ARR(text);
    ak_buf_put_str(&hex, "hex");
    ak_hex_encode(&hex, bytes);
    ak_buf_put_str(&hex, "```");
    assert_int_equal(ak_buf_terminate(&hex), AK_OK);
    if (!strstr(page, text)) fail_msg("not on the page: %s", text);
}

static void share_and_set(void **state)
{
    (void)state;
    uint8_t bytes[AK_SHARE_LEN_MAX];
    assert_int_equal(share_make(0xaa, 3, 5, 1), AK_OK);
    size_t len = share_encode(&shares[1], bytes);
    assert_on_page(ak_span(bytes, len));
    assert_on_page(AK_SPAN_ARR(shares[1].set_id));
}

static void request_and_reply(void **state)
{
    (void)state;
    const struct ak_secret32 scalar = {{1}};
    struct ak_secret32 ephemeral;
    struct ak_recovery_request request = {.time_ms = 1767225600000, .backend = AK_SPAN_LIT("software")};
    uint8_t bytes[AK_RECOVERY_REPLY_MAX], fingerprint[32];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    memset(&ephemeral, 0x32, sizeof ephemeral);
    memset(request.random, 0x33, sizeof request.random);
    assert_int_equal(ak_x25519_pub(&scalar, request.key), AK_OK);
    assert_int_equal(ak_recovery_request_encode(&request, &buf), AK_OK);
    assert_on_page(ak_buf_span(&buf));
    assert_int_equal(ak_recovery_fingerprint(&request, fingerprint), AK_OK);
    assert_on_page(AK_SPAN_ARR(fingerprint));
    buf.len = 0;
    assert_int_equal(ak_recovery_reply_make(&request, &ephemeral, AK_SPAN_LIT("share"), &buf), AK_OK);
    assert_on_page(ak_buf_span(&buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(share_and_set), cmocka_unit_test(request_and_reply)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
