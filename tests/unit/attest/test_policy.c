/* The policy file: every member read, every misuse refused by its path, every limit. */
#include "unit/check.h"

#include "core/attest/attest.h"

static struct ak_attest_policy policy;
static struct ak_attest_policy_fault fault;
static char json[AK_ATTEST_POLICY_MAX + 2];

static enum ak_err parse(const char *text)
{
    enum ak_err err = ak_attest_policy_parse(ak_span_str(text), &policy, &fault);
    static const struct ak_attest_policy empty;
    if (err != AK_OK) assert_memory_equal(&policy, &empty, sizeof empty);
    return err;
}

static void refused(const char *text, enum ak_err err, const char *member)
{
    if (parse(text) != err) fail_msg("%s", text);
    assert_string_equal(fault.member, member);
    assert_true(strlen(fault.reason) > 0);
}

static void test_empty(void **state)
{
    static const struct ak_attest_policy empty;
    (void)state;
    assert_int_equal(parse("{}"), AK_OK);
    assert_memory_equal(&policy, &empty, sizeof empty);
}

static void test_every_member(void **state)
{
    (void)state;
    (void)snprintf(json, sizeof json,
        "{\"images\":[{\"measurement\":\"01\"},{\"pcr0\":\"0203\",\"pcr31\":\"04\"},{\"mrtd\":\"05\","
        "\"rtmr3\":\"06\"},"
        "{\"mrenclave\":\"07\",\"mrsigner\":\"08\"}],\"allow_debug\":true,\"products\":[\"Genoa\",\"Turin\"],"
        "\"min_tcb\":{\"Genoa\":{\"snp\":4294967295,\"tee\":0}},\"report_data\":\"%0128d\",\"nonce\":\"0a\","
        "\"user_data\":\"0b0c\",\"public_key\":\"0d\",\"max_age_s\":4294967295,\"freshness\":\"none\","
        "\"snp\":{\"max_vmpl\":3,\"allow_migration\":true,\"forbid_smt\":true,\"min_guest_svn\":7,"
        "\"id_key_digest\":\"%096d\",\"host_data\":\"%064d\"}}",
        1, 2, 3);
    if (parse(json) != AK_OK) fail_msg("%s %s", fault.member, fault.reason);
    assert_int_equal(policy.image_count, 4);
    assert_int_equal(policy.register_count, 7);
    assert_string_equal(policy.registers[1].name, "pcr0");
    assert_int_equal(policy.registers[1].image, 1);
    assert_int_equal(policy.registers[1].len, 2);
    assert_int_equal(policy.registers[1].value[1], 3);
    assert_int_equal(policy.registers[6].image, 3);
    assert_true(policy.allow_debug && policy.without_freshness);
    assert_int_equal(policy.product_count, 2);
    assert_string_equal(policy.products[1], "Turin");
    assert_int_equal(policy.floor_count, 2);
    assert_string_equal(policy.floors[0].product, "Genoa");
    assert_true(policy.floors[0].min == UINT32_MAX || policy.floors[1].min == UINT32_MAX);
    assert_true(
        policy.report_data.given && policy.report_data.len == 64 && policy.report_data.bytes[63] == 1);
    assert_true(policy.nonce.given && policy.nonce.len == 1 && policy.nonce.bytes[0] == 10);
    assert_true(policy.user_data.given && policy.user_data.len == 2 && policy.public_key.given);
    assert_true(policy.max_age_s == UINT32_MAX);
    assert_int_equal(policy.snp.max_vmpl, 3);
    assert_true(policy.snp.allow_migration && policy.snp.forbid_smt && policy.snp.min_guest_svn == 7);
    assert_true(policy.snp.has_id_key_digest && policy.snp.id_key_digest[47] == 2);
    assert_true(policy.snp.has_host_data && policy.snp.host_data[31] == 3);
}

static void test_refused(void **state)
{
    (void)state;
    refused("", AK_E_FORMAT, "");
    refused("[]", AK_E_FORMAT, "");
    refused("{\"nonce\":\"00\",\"nonce\":\"00\"}", AK_E_FORMAT, "");
    refused("{\"image\":[]}", AK_E_FORMAT, "image");
    refused("{\"a\\nb\":1}", AK_E_FORMAT, "a?b");
    refused("{\"snp\":{\"vmpl\":0}}", AK_E_FORMAT, "snp.vmpl");
    refused("{\"snp\":[]}", AK_E_FORMAT, "snp");
    refused("{\"allow_debug\":1}", AK_E_FORMAT, "allow_debug");
    refused("{\"freshness\":\"None\"}", AK_E_FORMAT, "freshness");
    refused("{\"freshness\":true}", AK_E_FORMAT, "freshness");
    refused("{\"max_age_s\":0}", AK_E_LIMIT, "max_age_s");
    refused("{\"max_age_s\":4294967296}", AK_E_LIMIT, "max_age_s");
    refused("{\"max_age_s\":\"1\"}", AK_E_FORMAT, "max_age_s");
    refused("{\"max_age_s\":-1}", AK_E_FORMAT, "max_age_s");
    refused("{\"snp\":{\"max_vmpl\":4}}", AK_E_LIMIT, "snp.max_vmpl");
    refused("{\"snp\":{\"min_guest_svn\":4294967296}}", AK_E_LIMIT, "snp.min_guest_svn");
    refused("{\"snp\":{\"host_data\":\"00\"}}", AK_E_LIMIT, "snp.host_data");
    refused("{\"snp\":{\"host_data\":null}}", AK_E_FORMAT, "snp.host_data");
    refused("{\"report_data\":\"00\"}", AK_E_LIMIT, "report_data");
    refused("{\"nonce\":\"\"}", AK_E_LIMIT, "nonce");
    refused("{\"nonce\":\"0A\"}", AK_E_FORMAT, "nonce");
    refused("{\"nonce\":\"0\"}", AK_E_FORMAT, "nonce");
    refused("{\"nonce\":7}", AK_E_FORMAT, "nonce");
    (void)snprintf(json, sizeof json, "{\"snp\":{\"host_data\":\"%064X\"}}", 10);
    refused(json, AK_E_FORMAT, "snp.host_data");
    (void)snprintf(json, sizeof json, "{\"%080d\":1}", 0);
    parse(json) == AK_E_FORMAT ? (void)0 : fail();
    assert_int_equal(strlen(fault.member), sizeof fault.member - 1); /* cut */
}

static void test_images_refused(void **state)
{
    (void)state;
    refused("{\"images\":{}}", AK_E_FORMAT, "images");
    refused("{\"images\":[]}", AK_E_FORMAT, "images");
    refused("{\"images\":[{}]}", AK_E_FORMAT, "images");
    refused("{\"images\":[\"00\"]}", AK_E_FORMAT, "images");
    refused("{\"images\":[{\"pcr32\":\"00\"}]}", AK_E_FORMAT, "images.pcr32");
    refused("{\"images\":[{\"pcr\":\"00\"}]}", AK_E_FORMAT, "images.pcr");
    refused("{\"images\":[{\"pcr01\":\"00\"}]}", AK_E_FORMAT, "images.pcr01");
    refused("{\"images\":[{\"rtmr4\":\"00\"}]}", AK_E_FORMAT, "images.rtmr4");
    refused("{\"images\":[{\"measurement\":\"\"}]}", AK_E_FORMAT, "images.measurement");
    refused("{\"images\":[{\"measurement\":0}]}", AK_E_FORMAT, "images.measurement");
    refused("{\"images\":[{\"measurement\":\"0\"}]}", AK_E_FORMAT, "images.measurement");
    (void)snprintf(json, sizeof json, "{\"images\":[{\"measurement\":\"%0130d\"}]}", 0);
    refused(json, AK_E_FORMAT, "images.measurement");
    (void)snprintf(json, sizeof json, "{\"images\":[{\"measurement\":\"%0128d\"}]}", 0);
    assert_int_equal(parse(json), AK_OK);
}

static void test_floors_and_products_refused(void **state)
{
    (void)state;
    refused("{\"min_tcb\":[]}", AK_E_FORMAT, "min_tcb");
    refused("{\"min_tcb\":{\"Genoa\":1}}", AK_E_FORMAT, "min_tcb.Genoa");
    refused("{\"min_tcb\":{\"Genoa\":{}}}", AK_E_FORMAT, "min_tcb.Genoa");
    refused("{\"min_tcb\":{\"Genoa\":{\"snp\":-1}}}", AK_E_FORMAT, "min_tcb.snp");
    refused("{\"min_tcb\":{\"Genoa\":{\"snp\":4294967296}}}", AK_E_LIMIT, "min_tcb.snp");
    refused("{\"min_tcb\":{\"Genoa\":{\"\":1}}}", AK_E_LIMIT, "min_tcb");
    refused("{\"min_tcb\":{\"Gen\\u00f6a\":{\"snp\":1}}}", AK_E_FORMAT, "min_tcb.snp");
    refused("{\"products\":\"Genoa\"}", AK_E_FORMAT, "products");
    refused("{\"products\":[]}", AK_E_FORMAT, "products");
    refused("{\"products\":[1]}", AK_E_FORMAT, "products");
    refused("{\"products\":[\"\"]}", AK_E_FORMAT, "products");
    assert_int_equal(parse("{\"products\":[\"1234567890123456789012_\"]}"), AK_OK);
    refused("{\"products\":[\"1234567890123456789012_4\"]}", AK_E_FORMAT, "products");
}

/* `count` times `item`, with a number for %d, joined by commas between `open` and `close`. */
static const char *repeat(const char *open, const char *item, int count, const char *close)
{
    struct ak_buf buf = AK_BUF_ARR(json);
    ak_buf_put_str(&buf, open);
    for (int i = 0; i < count; i++) {
        const char *mark = strchr(item, '#');
        if (i > 0) ak_buf_put_u8(&buf, ',');
        ak_buf_put(&buf, ak_span(item, mark ? (size_t)(mark - item) : strlen(item)));
        if (!mark) continue;
        ak_buf_put_dec(&buf, (uint64_t)i);
        ak_buf_put_str(&buf, mark + 1);
    }
    ak_buf_put_str(&buf, close);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    return json;
}

static void test_limits(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        assert_int_equal(
            parse(repeat("{\"images\":[", "{\"pcr0\":\"00\"}", AK_ATTEST_IMAGES_MAX + more, "]}")),
            more ? AK_E_FORMAT : AK_OK);
        assert_int_equal(parse(repeat("{\"products\":[", "\"p\"", AK_ATTEST_PRODUCTS_MAX + more, "]}")),
            more ? AK_E_FORMAT : AK_OK);
        assert_int_equal(
            parse(repeat("{\"min_tcb\":{\"p\":{", "\"c#\":1", AK_ATTEST_FLOORS_MAX + more, "}}}")),
            more ? AK_E_LIMIT : AK_OK);
        size_t len = (size_t)snprintf(json, sizeof json, "{\"nonce\":\"");
        memset(json + len, '0', 2 * (AK_ATTEST_DATA_MAX + (size_t)more));
        (void)snprintf(json + len + 2 * (AK_ATTEST_DATA_MAX + (size_t)more), 3, "\"}");
        assert_int_equal(parse(json), more ? AK_E_LIMIT : AK_OK);
    }
    /* 128 registers: four images of 32 each, and one more. */
    static char image[32 * 16];
    (void)snprintf(image, sizeof image, "%s", repeat("{", "\"pcr#\":\"00\"", 32, "}"));
    static char images[5 * sizeof image];
    for (int more = 0; more < 2; more++) {
        (void)snprintf(images, sizeof images, "{\"images\":[%s,%s,%s,%s%s]}", image, image, image, image,
            more ? ",{\"mrtd\":\"00\"}" : "");
        assert_int_equal(parse(images), more ? AK_E_LIMIT : AK_OK);
    }
    assert_string_equal(fault.member, "images.mrtd");
}

static void test_size_of_the_file(void **state)
{
    (void)state;
    for (size_t len = AK_ATTEST_POLICY_MAX - 1; len <= AK_ATTEST_POLICY_MAX + 1; len++) {
        memset(json, ' ', len);
        json[0] = '{';
        json[1] = '}';
        enum ak_err err = ak_attest_policy_parse(ak_span(json, len), &policy, &fault);
        assert_int_equal(err, len > AK_ATTEST_POLICY_MAX ? AK_E_LIMIT : AK_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_every_member),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_images_refused),
        cmocka_unit_test(test_floors_and_products_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_size_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
