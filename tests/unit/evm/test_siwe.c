/* Sign-in texts: what is read renders equal; every field missing, doubled, moved or malformed is refused. */
#include "unit/check.h"

#include "base/limits.h"
#include "core/evm/siwe.h"

#define HEAD                                                                                                 \
    "service.org wants you to sign in with your Ethereum account:\n"                                         \
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\n"
#define STATEMENT "I accept the ServiceOrg Terms of Service: https://service.org/tos\n"
#define BODY                                                                                                 \
    "\nURI: https://service.org/login\nVersion: 1\nChain ID: 1\nNonce: 32891757\n"                           \
    "Issued At: 2021-09-30T16:25:24.000Z"
#define TIMES     "\nExpiration Time: 2021-10-01T00:00:00Z\nNot Before: 2021-09-30T00:00:00Z"
#define REQUEST   "\nRequest ID: some_id"
#define RESOURCES "\nResources:\n- ipfs://Qme7\n- https://example.com/my-web2-claim.json"
#define FULL      HEAD STATEMENT BODY TIMES REQUEST RESOURCES

static enum ak_err parse(struct ak_span text)
{
    static const struct ak_siwe zeros;
    struct ak_siwe siwe;
    enum ak_err err = ak_siwe_parse(text, &siwe);
    if (err != AK_OK) assert_memory_equal(&siwe, &zeros, sizeof siwe);
    return err;
}

static void assert_renders(const char *text)
{
    static uint8_t memory[AK_LIMIT_MESSAGE];
    struct ak_siwe siwe;
    struct ak_buf buf = AK_BUF_ARR(memory);
    if (ak_siwe_parse(ak_span_str(text), &siwe) != AK_OK) fail_msg("refused: %s", text);
    ak_siwe_put(&buf, &siwe);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    if (!ak_span_eq(ak_buf_span(&buf), ak_span_str(text))) fail_msg("differs: %s", text);
}

static void renders_what_it_reads(void **state)
{
    (void)state;
    static const char *const good[] = {FULL, HEAD BODY, HEAD STATEMENT BODY, HEAD BODY TIMES,
        HEAD BODY REQUEST, HEAD BODY RESOURCES, HEAD BODY "\nNot Before: 2021-09-30T00:00:00Z",
        HEAD BODY "\nRequest ID: ", HEAD BODY "\nResources:", HEAD BODY "\nRequest ID: \nResources:",
        "https://" FULL, "user@" FULL, "x+y-z.1://u:p@" HEAD BODY};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_renders(good[i]);
}

static void tells_the_fields(void **state)
{
    (void)state;
    struct ak_siwe siwe;
    assert_int_equal(ak_siwe_parse(AK_SPAN_LIT("https://" FULL), &siwe), AK_OK);
    assert_true(ak_span_eq(siwe.scheme, AK_SPAN_LIT("https")));
    assert_true(ak_span_eq(siwe.domain, AK_SPAN_LIT("service.org")));
    assert_int_equal(siwe.address[0], 0xc0);
    assert_int_equal(siwe.address[19], 0xc2);
    assert_true(ak_span_eq(siwe.statement, ak_span_sub(AK_SPAN_LIT(STATEMENT), 0, sizeof(STATEMENT) - 2)));
    assert_true(ak_span_eq(siwe.uri, AK_SPAN_LIT("https://service.org/login")));
    assert_int_equal(siwe.chain_id, 1);
    assert_true(ak_span_eq(siwe.nonce, AK_SPAN_LIT("32891757")));
    assert_int_equal(siwe.issued_at_ms, 1633019124000);
    assert_int_equal(siwe.expiration_ms, 1633046400000);
    assert_int_equal(siwe.not_before_ms, 1632960000000);
    assert_true(ak_span_eq(siwe.request_id, AK_SPAN_LIT("some_id")));
    assert_int_equal(siwe.resource_count, 2);
    assert_true(ak_span_eq(siwe.resources[0], AK_SPAN_LIT("ipfs://Qme7")));
    assert_int_equal(ak_siwe_parse(AK_SPAN_LIT(HEAD BODY), &siwe), AK_OK);
    assert_null(siwe.scheme.ptr);
    assert_null(siwe.statement.ptr);
    assert_null(siwe.expiration_time.ptr);
    assert_null(siwe.request_id.ptr);
    assert_false(siwe.has_resources);
    assert_int_equal(siwe.expiration_ms, UINT64_MAX);
    assert_int_equal(siwe.not_before_ms, 0);
}

static void checks_the_times(void **state)
{
    (void)state;
    struct ak_siwe siwe;
    assert_int_equal(ak_siwe_parse(AK_SPAN_LIT(FULL), &siwe), AK_OK);
    assert_int_equal(ak_siwe_check_time(&siwe, siwe.not_before_ms - 1), AK_E_EXPIRED);
    assert_int_equal(ak_siwe_check_time(&siwe, siwe.not_before_ms), AK_OK);
    assert_int_equal(ak_siwe_check_time(&siwe, siwe.expiration_ms - 1), AK_OK);
    assert_int_equal(ak_siwe_check_time(&siwe, siwe.expiration_ms), AK_E_EXPIRED);
    assert_int_equal(ak_siwe_parse(AK_SPAN_LIT(HEAD BODY), &siwe), AK_OK);
    assert_int_equal(ak_siwe_check_time(&siwe, 0), AK_OK);
    assert_int_equal(ak_siwe_check_time(&siwe, UINT64_MAX - 1), AK_OK);
}

/* The text with the first `from` replaced by `to`. */
static struct ak_span replaced(const char *text, const char *from, const char *to)
{
    static char memory[4096];
    const char *at = strstr(text, from);
    assert_non_null(at);
    int len = snprintf(memory, sizeof memory, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_in_range(len, 1, sizeof memory - 1);
    return ak_span(memory, (size_t)len);
}

static void refuses_malformed_fields(void **state)
{
    (void)state;
    static const char *const changes[][2] = {{"service.org wants", " wants"},
        {"service.org wants", "#bad wants"}, {"service.org wants", "ser vice.org wants"},
        {"service.org wants", "service.org/x wants"}, {"service.org wants", "://service.org wants"},
        {"service.org wants", "1s://service.org wants"}, {"service.org wants", "a://b://c wants"},
        {"service.org wants", "s\xc3\xa9rvice.org wants"}, {"service.org wants", "service.org\xc2\xa0 wants"},
        {"service.org wants", "\nservice.org wants"}, {"service.org wants", " service.org wants"},
        {" wants you", " Wants you"}, {" wants you", "  wants you"}, {" wants you", " wants\tyou"},
        {" wants you", "\xe2\x80\x8b wants you"}, {"Ethereum account:\n", "Ethereum account: \n"},
        {"Ethereum account:\n", "Ethereum account\n"}, {"Ethereum account:\n", "Ethereum account:\r\n"},
        {"Ethereum account:\n", "ethereum account:\n"}, {"Ethereum account:\n", "Solana account:\n"},
        {"0xC02", "0xC0"}, {"0xC02", "C02"}, {"0xC02", " 0xC02"}, {"Cc2\n\n", "Cc2\n"},
        {"Cc2\n\n", "Cc2 \n\n"}, {"Cc2\n\n", "Cc2\n \n"}, {"I accept", "\nI accept"},
        {"I accept", "I\naccept"}, {"I accept", "I \xc3\xa4 accept"}, {"I accept", "I \"accept\""},
        {"I accept", "I\taccept"}, {"I accept", "100% I accept"}, {"/tos\n", "/tos\r\n"},
        {"/tos\n\n", "/tos\n\n\n"}, {"URI: https://service.org", "URI: service.org"},
        {"URI: https", "URI:  https"}, {"URI: https", "URI:https"}, {"URI: https", "uri: https"},
        {"URI: https", " URI: https"}, {"/login\n", "/login \n"}, {"/login\n", "/lo gin\n"},
        {"Version: 1", "Version: 2"}, {"Version: 1", "Version: 01"}, {"Version: 1", "Version: 1 "},
        {"Version: 1", "Version: "}, {"Version: 1\n", "Version: 1\nVersion: 1\n"},
        {"Chain ID: 1", "Chain ID: 01"}, {"Chain ID: 1", "Chain ID: -1"}, {"Chain ID: 1", "Chain ID: 0x1"},
        {"Chain ID: 1", "Chain ID: "}, {"Chain ID: 1", "Chain ID: 1 "}, {"Chain ID: 1", "Chain Id: 1"},
        {"Nonce: 32891757", "Nonce: 3289175"}, {"Nonce: 32891757", "Nonce: 3289175-"},
        {"Nonce: 32891757", "Nonce: 3289175 7"}, {"Nonce: 32891757", "Nonce: "},
        {"Nonce: 32891757", "Nonce: 3289175\xc3\xa4"},
        {"Issued At: 2021-09-30T16:25:24.000Z", "Issued At: 2021-09-31T16:25:24.000Z"},
        {"Issued At: 2021-09-30T16:25:24.000Z", "Issued At: "}, {"Issued At: 2021", "Issued at: 2021"},
        {"Expiration Time: 2021-10-01T00:00:00Z", "Expiration Time: "},
        {"Expiration Time", "Expiration time"},
        {"Expiration Time: 2021-10-01T00:00:00Z", "Expiration Time: 2021-10-01"},
        {"Not Before: 2021-09-30T00", "Not Before: 2021-09-30T24"},
        {"Request ID: some_id", "Request ID: some id"}, {"Request ID: some_id", "Request ID: some/id"},
        {"Request ID: some_id", "Request ID: %zz"}, {"Resources:\n", "Resources: \n"},
        {"Resources:\n", "Resources\n"}, {"- ipfs", "-ipfs"}, {"- ipfs", "* ipfs"}, {"- ipfs", "-  ipfs"},
        {"- ipfs", "- "}, {"- ipfs://Qme7\n", "- ipfs://Qme7\n\n"}, {"- ipfs://Qme7", "- :bad"},
        {"- ipfs://Qme7", "- "}, {"claim.json", "claim.json\n"}, {"claim.json", "claim.json\nStatement: x"},
        {"claim.json", "claim.json\r"}, {"claim.json", "claim.json "},
        {"claim.json", "claim.json\nRequest ID: 1"}};
    assert_int_equal(parse(AK_SPAN_LIT(FULL)), AK_OK);
    for (size_t i = 0; i < AK_COUNT(changes); i++) {
        enum ak_err err = parse(replaced(FULL, changes[i][0], changes[i][1]));
        if (err != AK_E_FORMAT) fail_msg("%s -> %s: %s", changes[i][0], changes[i][1], ak_err_name(err));
    }
    assert_int_equal(parse(replaced(FULL, "0xC02aaA", "0xc02aaa")), AK_E_AUTH);
}

static const char *const lines[] = {"service.org wants you to sign in with your Ethereum account:",
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "", "I accept", "", "URI: https://service.org/login",
    "Version: 1", "Chain ID: 1", "Nonce: 32891757", "Issued At: 2021-09-30T16:25:24.000Z",
    "Expiration Time: 2021-10-01T00:00:00Z", "Not Before: 2021-09-30T00:00:00Z", "Request ID: some_id",
    "Resources:", "- ipfs://Qme7"};
enum { LINES = AK_COUNT(lines), STATEMENT_LINE = 3, FIRST_OPTIONAL = 10, RESOURCE_HEAD = 13 };

static struct ak_span joined(const unsigned *order, size_t count)
{
    static char memory[4096];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(memory + len, sizeof memory - len, "%s%s", i ? "\n" : "", lines[order[i]]);
    }
    return ak_span(memory, len);
}

static void refuses_each_line_missing_doubled_or_moved(void **state)
{
    (void)state;
    unsigned order[LINES + 1];
    for (unsigned line = 0; line < LINES; line++) {
        size_t count = 0;
        for (unsigned i = 0; i < LINES; i++) {
            if (i != line) order[count++] = i;
        }
        bool may_miss = line == STATEMENT_LINE || (line >= FIRST_OPTIONAL && line != RESOURCE_HEAD);
        assert_int_equal(parse(joined(order, count)), may_miss ? AK_OK : AK_E_FORMAT);
        count = 0;
        for (unsigned i = 0; i < LINES; i++) {
            order[count++] = i;
            if (i == line) order[count++] = i;
        }
        assert_int_equal(parse(joined(order, count)), line == LINES - 1 ? AK_OK : AK_E_FORMAT);
    }
    for (unsigned a = 0; a < LINES; a++) {
        for (unsigned b = a + 1; b < LINES; b++) {
            for (unsigned i = 0; i < LINES; i++) order[i] = i == a ? b : i == b ? a : i;
            bool same = strcmp(lines[a], lines[b]) == 0;
            assert_int_equal(parse(joined(order, LINES)), same ? AK_OK : AK_E_FORMAT);
        }
    }
}

static void names_the_line_at_fault(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
    } rows[] = {{" wants you", " wants", "line 1 "}, {"service.org wants", "a b wants", "line 1 "},
        {"0xC02aaA", "0xc02aaa", "line 2 "}, {"0xC02aaA", "C02aaA", "line 2 "},
        {"Cc2\n\n", "Cc2\n", "after the address"}, {"I accept", "I\naccept", "after the address"},
        {"I accept", "I \xc3\xa4 accept", "after the address"}, {"URI: https", "uri: https", "\"URI: \""},
        {"URI: https://service.org", "URI: service.org", "\"URI: \""},
        {"Version: 1", "Version: 2", "\"Version: 1\""}, {"Version: 1\n", "", "\"Version: 1\""},
        {"Chain ID: 1", "Chain ID: 01", "\"Chain ID: \""},
        {"Chain ID: 1", "Chain ID: 18446744073709551616", "\"Chain ID: \""},
        {"Nonce: 32891757", "Nonce: 3289175", "\"Nonce: \""}, {"Nonce: ", "nonce: ", "\"Nonce: \""},
        {"Issued At: 2021-09-30T", "Issued At: 2021-09-31T", "\"Issued At: \""},
        {"Expiration Time: 2021", "Expiration Time: 21", "\"Expiration Time: \""},
        {"Not Before: 2021", "Not Before: x", "\"Not Before: \""},
        {"Request ID: some_id", "Request ID: some id", "\"Request ID: \""},
        {"Resources:\n", "Resources\n", "in this order"},
        {"Expiration Time", "Expiration time", "in this order"}, {"- ipfs", "* ipfs", "under \"Resources:\""},
        {"claim.json", "claim.json\n", "ends in a line feed"}};
    struct ak_siwe siwe;
    const char *reason = NULL;
    assert_int_equal(ak_siwe_read(AK_SPAN_LIT(FULL), &siwe, &reason), AK_OK);
    assert_string_equal(reason, "");
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_not_equal(ak_siwe_read(replaced(FULL, rows[i].from, rows[i].to), &siwe, &reason), AK_OK);
        if (!strstr(reason, rows[i].says)) fail_msg("%s -> %s: %s", rows[i].from, rows[i].to, reason);
    }
    assert_int_equal(ak_siwe_read(AK_SPAN_EMPTY, &siwe, &reason), AK_E_FORMAT);
    assert_non_null(strstr(reason, "no byte"));
}

static void refuses_every_cut(void **state)
{
    (void)state;
    size_t required = sizeof(HEAD STATEMENT BODY) - 1;
    for (size_t len = 0; len < required - 1; len++) {
        assert_int_not_equal(parse(ak_span(FULL, len)), AK_OK);
    }
}

static void takes_16_resources(void **state)
{
    (void)state;
    char text[2048] = HEAD BODY "\nResources:";
    size_t len = strlen(text);
    for (unsigned count = 1; count <= AK_SIWE_RESOURCES_MAX + 1; count++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "\n- urn:a:%u", count);
        assert_int_equal(parse(ak_span(text, len)), count <= AK_SIWE_RESOURCES_MAX ? AK_OK : AK_E_LIMIT);
    }
}

static void takes_limits_of_numbers_and_length(void **state)
{
    (void)state;
    assert_int_equal(parse(replaced(FULL, "Chain ID: 1", "Chain ID: 18446744073709551615")), AK_OK);
    assert_int_equal(parse(replaced(FULL, "Chain ID: 1", "Chain ID: 18446744073709551616")), AK_E_LIMIT);
    assert_int_equal(parse(replaced(FULL, "Chain ID: 1", "Chain ID: 0")), AK_OK);
    assert_int_equal(parse(replaced(FULL, "Issued At: 2021", "Issued At: 1969")), AK_E_LIMIT);
    static char text[AK_LIMIT_MESSAGE + 2] = HEAD BODY "\nRequest ID: ";
    size_t len = strlen(text);
    memset(text + len, 'a', sizeof text - len);
    assert_int_equal(parse(ak_span(text, AK_LIMIT_MESSAGE)), AK_OK);
    assert_int_equal(parse(ak_span(text, AK_LIMIT_MESSAGE + 1)), AK_E_LIMIT);
    assert_int_equal(parse(AK_SPAN_EMPTY), AK_E_FORMAT);
    assert_int_equal(parse(AK_SPAN_LIT("\n")), AK_E_FORMAT);
}

/* A byte put in or changed anywhere: refused, or read as something else, but always rendered equal. */
static void every_changed_byte_is_refused_or_kept(void **state)
{
    (void)state;
    static const uint8_t noise[] = {0x00, '\n', '\r', ' ', '"', 0x7f, 0x80, 0xc2, 0xff};
    static uint8_t memory[4096];
    for (size_t at = 0; at < sizeof(FULL) - 1; at++) {
        for (size_t n = 0; n < sizeof noise; n++) {
            char text[sizeof(FULL)] = FULL;
            text[at] = (char)noise[n];
            struct ak_siwe siwe;
            struct ak_buf buf = AK_BUF_ARR(memory);
            if (ak_siwe_parse(ak_span(text, sizeof text - 1), &siwe) != AK_OK) continue;
            ak_siwe_put(&buf, &siwe);
            assert_true(ak_span_eq(ak_buf_span(&buf), ak_span(text, sizeof text - 1)));
        }
    }
}

static void tells_a_site_in_any_dress(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"keys.example", "keys.example"}, {"KEYS.example", "keys.example"},
        {"me@keys.example", "keys.example"}, {"keys.example.", "keys.example"},
        {"keys.example:443", "keys.example"}, {"keys.example:", "keys.example"},
        {"keys.example:80", "keys.example:443"}, {"a:b@Keys.Example.:0443", "keys.example"},
        {"127.0.0.1:8443", "127.0.0.1:8443"}, {"u@127.0.0.1:08443", "127.0.0.1:8443"}, {"[::A]:443", "[::a]"},
        {"[::1]:9", "[::1]:9"}};
    static const char *const other[][2] = {{"keys.example", "key.example"},
        {"keys.example:8443", "keys.example"}, {"keys.example@evil.example", "keys.example"},
        {"127.0.0.1:3000", "127.0.0.1:8443"}, {"[::1]:9", "[::1]"}, {"x.keys.example", "keys.example"},
        {"keys.example.x", "keys.example"}, {"[::1]", "[::2]"}, {"", "keys.example"}};
    for (size_t i = 0; i < AK_COUNT(same); i++) {
        if (!ak_siwe_same_site(ak_span_str(same[i][0]), ak_span_str(same[i][1])))
            fail_msg("other: %s", same[i][0]);
    }
    for (size_t i = 0; i < AK_COUNT(other); i++) {
        if (ak_siwe_same_site(ak_span_str(other[i][0]), ak_span_str(other[i][1])))
            fail_msg("same: %s", other[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_what_it_reads),
        cmocka_unit_test(tells_the_fields),
        cmocka_unit_test(checks_the_times),
        cmocka_unit_test(refuses_malformed_fields),
        cmocka_unit_test(refuses_each_line_missing_doubled_or_moved),
        cmocka_unit_test(names_the_line_at_fault),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(takes_16_resources),
        cmocka_unit_test(takes_limits_of_numbers_and_length),
        cmocka_unit_test(every_changed_byte_is_refused_or_kept),
        cmocka_unit_test(tells_a_site_in_any_dress),
    };
    return cmocka_run_group_tests_name("siwe", tests, NULL, NULL);
}
