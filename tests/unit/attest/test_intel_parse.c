/* Parsers of quotes, platform certificates, times, TCB info and QE identity: each limit, each malformed
 * member, and the choice of a level. */
#include "unit/check.h"

#include "core/attest/intel_qe.h"
#include "unit/attest/made_intel.h"

static struct made_intel intel;

static enum ak_err parse_quote(void)
{
    struct ak_intel_quote quote;
    enum ak_err err = ak_intel_quote_parse(ak_span(intel.quote, intel.quote_len), &quote);
    if (err != AK_OK) assert_true(quote.body.len == 0 && quote.certificates.len == 0 && quote.version == 0);
    return err;
}

static void test_header(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{0, 2}, {0, 6}, {1, 1}, {2, 3}, {4, 0x80}, {7, 1}, {12, 0}, {27, 0}};
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        uint8_t before = intel.quote[rows[i].at];
        intel.quote[rows[i].at] = rows[i].value;
        assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
        intel.quote[rows[i].at] = before;
    }
    intel.quote[0] = 3; /* no TDX in version 3 */
    assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
    made_intel_done(&intel);
}

static void test_body_of_version_5(void **state)
{
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 5, 3);
    assert_int_equal(parse_quote(), AK_OK);
    intel.quote[48] = 2; /* of 584 bytes, and 648 are said */
    assert_int_equal(parse_quote(), AK_E_FORMAT);
    intel.quote[48] = 4;
    assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
    intel.quote[48] = 1; /* an enclave's */
    assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
    made_intel_done(&intel);
    made_intel_init(&intel, AK_INTEL_SGX, 5, 1);
    assert_int_equal(parse_quote(), AK_OK);
    intel.quote[48] = 2;
    assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
    made_intel_done(&intel);
}

/* Lengths of the signature data, of the QE report's wrapper, of authentication data and of certificates. */
static void test_lengths(void **state)
{
    static const size_t lengths[] = {
        0, 4 + 64 + 64 + 2, 4 + 64 + 64 + 6 + 384 + 64, 4 + 64 + 64 + 6 + 384 + 64 + 2 + 32 + 2};
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    intel.trailing = 300;
    made_intel_quote(&intel);
    for (size_t i = 0; i < AK_COUNT(lengths); i++) {
        uint8_t *at = intel.quote + intel.signed_len + lengths[i];
        for (int by = -1; by <= 1; by += 2) {
            *at = (uint8_t)(*at + by);
            assert_int_not_equal(parse_quote(), AK_OK);
            *at = (uint8_t)(*at - by);
        }
        at[1] ^= 0x80;
        assert_int_not_equal(parse_quote(), AK_OK);
        at[1] ^= 0x80;
    }
    uint8_t *type = intel.quote + intel.signed_len + 4 + 64 + 64;
    *type = 5;
    assert_int_equal(parse_quote(), AK_E_UNSUPPORTED);
    made_intel_done(&intel);
}

/* ---- the platform's certificate ---- */

static const struct ak_intel_pck platform = {
    .fmspc = {1, 2, 3, 4, 5, 6}, .pce_id = {7, 8}, .svns = {0, 1, 127, 128, 255}, .pce_svn = 0xfffe};

static void test_pck(void **state)
{
    uint8_t bytes[640];
    struct ak_intel_pck pck;
    (void)state;
    size_t len = made_intel_pck(&platform, bytes);
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, len), &pck), AK_OK);
    assert_memory_equal(&pck, &platform, sizeof pck);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(ak_intel_pck_parse(ak_span(bytes, i), &pck), AK_E_FORMAT);
        assert_int_equal(pck.pce_svn, 0);
    }
    bytes[len] = 0;
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, len + 1), &pck), AK_E_FORMAT);
}

/* Every altered byte is refused or stands in the answer, but for PPID and CPUSVN, which nobody asks for. */
static void test_pck_each_byte(void **state)
{
    uint8_t bytes[640];
    struct ak_intel_pck pck;
    size_t unread = 0;
    (void)state;
    size_t len = made_intel_pck(&platform, bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 1;
        if (ak_intel_pck_parse(ak_span(bytes, len), &pck) == AK_OK &&
            memcmp(&pck, &platform, sizeof pck) == 0)
            unread++;
        bytes[i] ^= 1;
    }
    /* tags and OID of PPID are the other members' that nobody asks for: only their shape counts */
    assert_in_range(unread, 32, 36);
}

static void test_pck_members(void **state)
{
    static const struct {
        const char *find;
        size_t len, at;
        uint8_t value;
    } rows[] = {
        {"\x01\x0d\x01\x02\x01", 5, 4, 2},             /* component 2 twice, 1 missing */
        {"\x01\x0d\x01\x02\x01", 5, 4, 19},            /* beyond the last */
        {"\x01\x0d\x01\x02\x01", 5, 4, 40},            /* beyond what can be marked */
        {"\x01\x0d\x01\x02\x01", 5, 5, 4},             /* a component that is no INTEGER */
        {"\x01\x0d\x01\x02\x04\x02\x02\x00", 8, 8, 1}, /* 00 01 is not the shortest form */
        {"\x01\x0d\x01\x02\x04\x02\x02\x00", 8, 7, 1}, /* 0180h is over 255 */
        {"\x01\x0d\x01\x02\x03\x02\x01", 7, 7, 0x80},  /* negative */
        {"\x01\x0d\x01\x02\x12\x04", 6, 5, 2},         /* CPUSVN that is no OCTET STRING */
        {"\x01\x0d\x01\x04\x04", 5, 4, 2},             /* FMSPC that is none */
        {"\x01\x0d\x01\x03\x04", 5, 3, 9},             /* PCE missing */
        {"\x01\x0d\x01\x03\x04", 5, 3, 4},             /* FMSPC twice */
        {"\x01\x0d\x01\x02\x30", 5, 4, 4},             /* TCB that is no SEQUENCE */
        {"\x01\x0d\x01\x01\x04", 5, 0, 2},             /* another base */
    };
    uint8_t bytes[640];
    struct ak_intel_pck pck;
    (void)state;
    size_t len = made_intel_pck(&platform, bytes);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        uint8_t *found = memmem(bytes, len, rows[i].find, rows[i].len);
        assert_non_null(found);
        uint8_t before = found[rows[i].at];
        found[rows[i].at] = rows[i].value;
        if (ak_intel_pck_parse(ak_span(bytes, len), &pck) != AK_E_FORMAT) fail_msg("row %zu", i);
        found[rows[i].at] = before;
    }
}

/* A member that nobody asks for, with a length of one byte behind 81h; 7Fh would have a shorter form. */
static void test_pck_long_member(void **state)
{
    static const uint8_t head[] = {0x30, 0x81, 0x8f, 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01,
        0x0d, 0x01, 0x06, 0x04, 0x81, 0x80};
    uint8_t bytes[1024];
    struct ak_intel_pck pck;
    (void)state;
    size_t len = made_intel_pck(&platform, bytes);
    memcpy(bytes + len, head, sizeof head);
    memset(bytes + len + sizeof head, 0, 128);
    size_t all = len + sizeof head + 128;
    bytes[2] = (uint8_t)((all - 4) >> 8);
    bytes[3] = (uint8_t)(all - 4);
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, all), &pck), AK_OK);
    assert_memory_equal(&pck, &platform, sizeof pck);
    bytes[len + 17] = 0x7f;
    bytes[len + 2]--;
    bytes[3]--;
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, all - 1), &pck), AK_E_FORMAT);
}

/* All that is needed, and the FMSPC once more. */
static void test_pck_member_twice(void **state)
{
    static const uint8_t again[] = {0x30, 0x14, 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d,
        0x01, 0x04, 0x04, 0x06, 1, 2, 3, 4, 5, 6};
    uint8_t bytes[1024];
    struct ak_intel_pck pck;
    (void)state;
    size_t len = made_intel_pck(&platform, bytes);
    memcpy(bytes + len, again, sizeof again);
    size_t all = len + sizeof again;
    bytes[2] = (uint8_t)((all - 4) >> 8);
    bytes[3] = (uint8_t)(all - 4);
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, all), &pck), AK_E_FORMAT);
    bytes[len + 13] = 6; /* another member that nobody asks for */
    assert_int_equal(ak_intel_pck_parse(ak_span(bytes, all), &pck), AK_OK);
}

/* ---- times, and signed JSON ---- */

static void test_times(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } good[] = {{"1970-01-01T00:00:00Z", 0}, {"1970-12-31T23:59:59Z", 31535999},
        {"2000-02-29T12:34:56Z", 951827696}, {"2024-02-29T00:00:00Z", 1709164800},
        {"2025-06-19T10:32:27Z", 1750329147}, {"2100-03-01T00:00:00Z", UINT64_C(4107542400)},
        {"9999-12-31T23:59:59Z", UINT64_C(253402300799)}};
    static const char *const wrong[] = {"", "2025-06-19T10:32:27", "2025-06-19T10:32:27Z ",
        "2025-06-19 10:32:27Z", "1969-12-31T23:59:59Z", "2025-00-01T00:00:00Z", "2025-13-01T00:00:00Z",
        "2025-01-00T00:00:00Z", "2025-01-32T00:00:00Z", "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2025-04-31T00:00:00Z", "2025-12-32T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z",
        "2025-01-01T00:00:60Z", "2O25-01-01T00:00:00Z"};
    uint64_t seconds = 0;
    (void)state;
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        assert_int_equal(ak_intel_time_parse(ak_span_str(good[i].text), &seconds), AK_OK);
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < AK_COUNT(wrong); i++) {
        if (ak_intel_time_parse(ak_span_str(wrong[i]), &seconds) != AK_E_FORMAT) fail_msg("%s", wrong[i]);
        assert_int_equal(seconds, 0);
    }
}

static void test_split(void **state)
{
    static char text[AK_INTEL_JSON_MAX + 2];
    struct ak_span body;
    uint8_t sig[64];
    char hex[129] = {0};
    (void)state;
    memset(hex, 'a', 128);
    int len = snprintf(text, sizeof text, "{\"tcbInfo\":{},\"signature\":\"%s\"}\n", hex);
    assert_int_equal(ak_intel_signed_split(ak_span_str(text), "tcbInfo", &body, sig), AK_OK);
    assert_true(ak_span_eq(body, AK_SPAN_LIT("{}")) && sig[0] == 0xaa && sig[63] == 0xaa);
    assert_int_equal(ak_intel_signed_split(ak_span_str(text), "enclaveIdentity", &body, sig), AK_E_FORMAT);
    for (int i = 0; i < len - 1; i++)
        assert_int_equal(ak_intel_signed_split(ak_span(text, (size_t)i), "tcbInfo", &body, sig), AK_E_FORMAT);
    text[20] ^= 1;
    assert_int_equal(ak_intel_signed_split(ak_span_str(text), "tcbInfo", &body, sig), AK_E_FORMAT);
    text[20] ^= 1;
    text[60] = 'A'; /* lower case only: one text for each signature */
    assert_int_equal(ak_intel_signed_split(ak_span_str(text), "tcbInfo", &body, sig), AK_E_FORMAT);
    memset(text, ' ', sizeof text);
    assert_int_equal(
        ak_intel_signed_split(ak_span(text, AK_INTEL_JSON_MAX), "tcbInfo", &body, sig), AK_E_FORMAT);
    assert_int_equal(
        ak_intel_signed_split(ak_span(text, AK_INTEL_JSON_MAX + 1), "tcbInfo", &body, sig), AK_E_LIMIT);
}

/* ---- TCB info and QE identity ---- */

static enum ak_err parse_tcb(void)
{
    AK_CLEANUP(ak_intel_tcb_info_done) struct ak_intel_tcb_info info;
    enum ak_err err = ak_intel_tcb_info_parse(ak_span_str(intel.tcb_body), AK_INTEL_TDX, &info);
    if (err != AK_OK)
        assert_true(info.level_count == 0 && info.module_count == 0 && info.document.root == NULL);
    return err;
}

static enum ak_err parse_qe(void)
{
    struct ak_intel_qe_identity identity;
    return ak_intel_qe_identity_parse(ak_span_str(intel.qe_body), AK_INTEL_TDX, &identity);
}

static void test_members_of_tcb_info(void **state)
{
    static const char *const rows[][2] = {{"\"issueDate\":\"2025", "\"issueDate\":\"25"},
        {"\"nextUpdate\":\"2025-01", "\"nextUpdate\":\"2025-31"}, {"\"issueDate\"", "\"date\""},
        {"A0B0C0", "A0B0"}, {"A0B0C0", "A0B0CX"}, {"\"pceId\":\"0001\"", "\"pceId\":1"},
        {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":4294967296"},
        {"\"tdxModule\"", "\"module\""}, {"\"mrsigner\":\"00", "\"mrsigner\":\""},
        {"\"attributes\":\"00", "\"attributes\":\""}, {"FFFFFFFFFFFFFFFF", "FF"}, {"TDX_01", "TDX_00"},
        {"TDX_01", "TDX_1"}, {"TDX_01", "TDX_0G"}, {"TDX_01", "SGX_01"},
        {"{\"isvsvn\":6}", "{\"isvsvn\":65536}"}, {"{\"isvsvn\":6}", "{}"}, {"UpToDate", "uptodate"},
        {"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":1"}, {"{\"svn\":4}", "{\"svn\":256}"},
        {"[{\"svn\":4},", "["}, {"\"sgxtcbcomponents\"", "\"sgx\""}, {"\"tdxtcbcomponents\"", "\"tdx\""},
        {"\"pcesvn\":11", "\"pcesvn\":65536"}, {"[\"INTEL-SA-00106\",", "[1,"},
        {"[\"INTEL-SA-00106\",\"INTEL-SA-00115\"]", "{}"}, {"\"tcbType\":0,", ""},
        {"\"tcbLevels\":[{\"tcb\":{\"sgx", "\"levels\":[{\"tcb\":{\"sgx"}};
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    assert_int_equal(parse_tcb(), AK_OK);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        static char before[MADE_TEXT_MAX];
        memcpy(before, intel.tcb_body, sizeof before);
        made_replace(intel.tcb_body, rows[i][0], rows[i][1]);
        if (parse_tcb() != AK_E_FORMAT) fail_msg("%s", rows[i][1]);
        memcpy(intel.tcb_body, before, sizeof before);
    }
    intel.tcb_body[0] = '[';
    assert_int_equal(parse_tcb(), AK_E_FORMAT);
    made_intel_done(&intel);
}

static void test_counts(void **state)
{
    static char levels[MADE_TEXT_MAX];
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    made_replace(intel.tcb_body, ",\"tdxModuleIdentities\":[{", ",\"tdxModuleIdentities\":[],\"x\":[{");
    assert_int_equal(parse_tcb(), AK_E_FORMAT);
    made_replace(intel.tcb_body, ",\"tdxModuleIdentities\":[],\"x\":[{", ",\"x\":[{");
    assert_int_equal(parse_tcb(), AK_OK);
    for (int count = AK_INTEL_MODULE_LEVELS_MAX; count <= AK_INTEL_MODULE_LEVELS_MAX + 1; count++) {
        static char before[MADE_TEXT_MAX];
        size_t len = 0;
        memcpy(before, intel.qe_body, sizeof before);
        for (int i = 2; i < count; i++)
            len += (size_t)snprintf(
                levels + len, sizeof levels - len, "{\"tcb\":{\"isvsvn\":9},\"tcbStatus\":\"UpToDate\"},");
        (void)snprintf(levels + len, sizeof levels - len, "{\"tcb\":{\"isvsvn\":4}");
        made_replace(intel.qe_body, "{\"tcb\":{\"isvsvn\":4}", levels);
        assert_int_equal(parse_qe(), count > AK_INTEL_MODULE_LEVELS_MAX ? AK_E_LIMIT : AK_OK);
        memcpy(intel.qe_body, before, sizeof before);
    }
    made_intel_done(&intel);
}

static void test_members_of_qe_identity(void **state)
{
    static const char *const rows[][2] = {{"\"miscselect\":\"00", "\"miscselect\":\""},
        {"\"miscselectMask\":\"FF", "\"miscselectMask\":\""}, {"\"attributes\":\"11", "\"attributes\":\""},
        {"\"attributesMask\":\"FB", "\"attributesMask\":\""}, {"\"mrsigner\":\"DC", "\"mrsigner\":\""},
        {"\"isvprodid\":2", "\"isvprodid\":\"2\""}, {"\"tcbLevels\":[", "\"levels\":["},
        {"\"issueDate\":\"2", "\"issueDate\":\"x"}, {"\"tcbEvaluationDataNumber\":17,", ""},
        {"\"version\":2,", ""}};
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    assert_int_equal(parse_qe(), AK_OK);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        static char before[MADE_TEXT_MAX];
        memcpy(before, intel.qe_body, sizeof before);
        made_replace(intel.qe_body, rows[i][0], rows[i][1]);
        if (parse_qe() != AK_E_FORMAT) fail_msg("%s", rows[i][1]);
        memcpy(intel.qe_body, before, sizeof before);
    }
    made_intel_done(&intel);
}

static void test_joined_status(void **state)
{
    static const enum ak_intel_status up = AK_INTEL_UP_TO_DATE, out = AK_INTEL_OUT_OF_DATE;
    (void)state;
    assert_int_equal(ak_intel_status_join(up, up), up);
    assert_int_equal(ak_intel_status_join(up, out), out);
    assert_int_equal(ak_intel_status_join(out, up), out);
    assert_int_equal(ak_intel_status_join(AK_INTEL_SW_HARDENING_NEEDED, out), out);
    assert_int_equal(
        ak_intel_status_join(AK_INTEL_CONFIGURATION_NEEDED, out), AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED);
    assert_int_equal(ak_intel_status_join(AK_INTEL_CONFIGURATION_AND_SW_HARDENING_NEEDED, out),
        AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED);
    assert_int_equal(ak_intel_status_join(up, AK_INTEL_REVOKED), AK_INTEL_REVOKED);
    assert_int_equal(ak_intel_status_join(AK_INTEL_REVOKED, AK_INTEL_NO_LEVEL), AK_INTEL_NO_LEVEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_body_of_version_5),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_pck),
        cmocka_unit_test(test_pck_each_byte),
        cmocka_unit_test(test_pck_members),
        cmocka_unit_test(test_pck_long_member),
        cmocka_unit_test(test_pck_member_twice),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_members_of_tcb_info),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_members_of_qe_identity),
        cmocka_unit_test(test_joined_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
