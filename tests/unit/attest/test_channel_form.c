/* Claims and message of an attested connection: what docs/formats/attestation.md says, each limit, and the
 * words for people. */
#include "unit/check.h"

#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "core/attest/verdict.h"
#include "unit/attest/made_channel.h"

static struct ak_channel_claims claims, read;
static struct ak_channel_binding binding;
static uint8_t memory[AK_CHANNEL_MESSAGE_MAX + 64], long_text[AK_CHANNEL_CHECKPOINT_MAX + 1];
static const char *const cap_names[] = {
    "report", "seal_hw", "counter_hw", "erase", "mem_isolated", "measured", "insecure_dev", "maker", NULL};

static int begin(void **state)
{
    (void)state;
    made_channel_fixed(&claims, &binding);
    memset(long_text, 'a', sizeof long_text);
    return 0;
}

/* ---- the document ---- */

enum { DOC_MAX = 64 * 1024 };
static char doc[DOC_MAX];

static void read_doc(void)
{
    FILE *file = fopen(AK_DOCS "/formats/attestation.md", "r");
    assert_non_null(file);
    size_t len = 0;
    for (int c; (c = fgetc(file)) != EOF && len < DOC_MAX - 1;)
        if (c != '\n' && c != ' ') doc[len++] = (char)c;
    assert_int_equal(fclose(file), 0);
    doc[len] = 0;
}

static void in_doc(const char *what, struct ak_span bytes)
{
    static char hex[2 * AK_CHANNEL_MESSAGE_MAX + 1];
    struct ak_buf out = AK_BUF_ARR(hex);
    ak_hex_encode(&out, bytes);
    assert_int_equal(ak_buf_terminate(&out), AK_OK);
    if (!strstr(doc, hex)) fail_msg("%s is not in the document: %s", what, hex);
}

static void the_document_is_what_the_code_writes(void **state)
{
    (void)state;
    uint8_t nodes[AK_CHANNEL_NODES(3)][AK_CHANNEL_RD_LEN], root[64], path[128];
    struct ak_buf out = AK_BUF_ARR(memory), sides = AK_BUF_ARR(path);
    uint8_t claims_memory[512];
    struct ak_buf encoded = AK_BUF_ARR(claims_memory);
    read_doc();
    assert_int_equal(ak_channel_claims_encode(&claims, &encoded), AK_OK);
    in_doc("claims", ak_buf_span(&encoded));
    ak_channel_bind(&binding, ak_buf_span(&encoded), nodes[0]);
    in_doc("rd", AK_SPAN_ARR(nodes[0]));
    memset(nodes[1], 0x11, 64);
    memset(nodes[2], 0x22, 64);
    ak_channel_tree(nodes, 3, root);
    in_doc("root", AK_SPAN_ARR(root));
    ak_channel_tree_path(nodes, 3, 0, &sides);
    const struct ak_channel_message message = {.claims = ak_buf_span(&encoded),
        .count = 3,
        .path = ak_buf_span(&sides),
        .report = AK_SPAN_LIT("report")};
    assert_int_equal(ak_channel_message_encode(&message, &out), AK_OK);
    in_doc("message", ak_buf_span(&out));
}

/* ---- claims ---- */

static enum ak_err encode(void)
{
    struct ak_buf out = AK_BUF_ARR(memory);
    enum ak_err err = ak_channel_claims_encode(&claims, &out);
    if (!err) assert_int_equal(ak_channel_claims_parse(ak_buf_span(&out), &read), AK_OK);
    return err;
}

static void claims_come_back(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    assert_true(ak_span_eq(read.version, claims.version));
    assert_true(ak_span_eq(read.checkpoint, claims.checkpoint));
    assert_int_equal(read.suite_count, 1);
    assert_true(ak_span_eq(read.suites[0], claims.suites[0]));
    assert_int_equal(read.caps, claims.caps);
    assert_memory_equal(read.measurement, claims.measurement, 32);
    assert_memory_equal(read.config, claims.config, 32);
    assert_memory_equal(read.delivery_key, claims.delivery_key, 32);
    assert_memory_equal(read.ledger, claims.ledger, 48);
    assert_memory_equal(read.worker_id, claims.worker_id, 16);
    claims.checkpoint = AK_SPAN_EMPTY;
    assert_int_equal(encode(), AK_OK);
}

static void claims_have_limits(void **state)
{
    (void)state;
    claims.version = ak_span(long_text, 64);
    assert_int_equal(encode(), AK_OK);
    claims.version.len = 65;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.version.len = 0;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.version.len = 1;
    for (size_t i = 0; i < AK_CHANNEL_SUITES_MAX; i++) claims.suites[i] = ak_span(long_text, 64);
    claims.suite_count = AK_CHANNEL_SUITES_MAX;
    claims.checkpoint = ak_span(long_text, AK_CHANNEL_CHECKPOINT_MAX);
    claims.caps = 0xffff;
    assert_int_equal(encode(), AK_OK);
    claims.suite_count = AK_CHANNEL_SUITES_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.suite_count = 0;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.suite_count = 1;
    claims.suites[0].len = 0;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.suites[0].len = 1;
    claims.checkpoint.len++;
    assert_int_equal(encode(), AK_E_LIMIT);
    claims.checkpoint.len--;
    claims.caps++;
    assert_int_equal(encode(), AK_E_LIMIT);
}

static void zeroed(struct ak_span bytes, enum ak_err wanted)
{
    static const struct ak_channel_claims none;
    memset(&read, 0xff, sizeof read);
    enum ak_err err = ak_channel_claims_parse(bytes, &read);
    if (wanted) assert_int_equal(err, wanted);
    assert_int_not_equal(err, AK_OK);
    assert_memory_equal(&read, &none, sizeof read);
}

/* Any byte of a head, and any length but the right one. */
static void claims_are_read_strictly(void **state)
{
    (void)state;
    struct ak_buf out = AK_BUF_ARR(memory);
    assert_int_equal(ak_channel_claims_encode(&claims, &out), AK_OK);
    for (size_t len = 0; len < out.len; len++) zeroed(ak_span(memory, len), AK_E_FORMAT);
    memory[out.len] = 0;
    zeroed(ak_span(memory, out.len + 1), AK_E_FORMAT);
    zeroed(ak_span(memory, AK_CHANNEL_CLAIMS_MAX + 1), AK_E_LIMIT);
    memory[0]++; /* ten members are promised */
    zeroed(ak_buf_span(&out), AK_E_FORMAT);
    memory[0]--;
    memory[1]++; /* the first key is 2 */
    zeroed(ak_buf_span(&out), AK_E_FORMAT);
}

static void claims_of_too_many_suites_or_caps_are_refused(void **state)
{
    (void)state;
    for (int caps = 0; caps < 2; caps++) {
        struct ak_buf out = AK_BUF_ARR(memory);
        uint8_t zeros[48] = {0};
        ak_cbor_put_map(&out, 9);
        ak_cbor_put_uint(&out, 1);
        ak_cbor_put_text(&out, AK_SPAN_LIT("1"));
        ak_cbor_put_uint(&out, 2);
        ak_cbor_put_bytes(&out, ak_span(zeros, 32));
        ak_cbor_put_uint(&out, 3);
        ak_cbor_put_array(&out, caps ? 1 : 17);
        for (int i = 0; i < (caps ? 1 : 17); i++) ak_cbor_put_text(&out, AK_SPAN_LIT("s"));
        ak_cbor_put_uint(&out, 4);
        ak_cbor_put_bytes(&out, AK_SPAN_EMPTY);
        ak_cbor_put_uint(&out, 5);
        ak_cbor_put_uint(&out, caps ? 0x10000 : 1);
        for (unsigned key = 6; key < 10; key++) {
            ak_cbor_put_uint(&out, key);
            ak_cbor_put_bytes(&out, ak_span(zeros, key == 8 ? 48 : key == 9 ? 16 : 32));
        }
        zeroed(ak_buf_span(&out), caps ? AK_E_LIMIT : AK_E_FORMAT);
    }
}

/* ---- the message ---- */

static enum ak_err message_fits(const struct ak_channel_message *message)
{
    struct ak_channel_message back;
    struct ak_buf out = AK_BUF_ARR(memory);
    enum ak_err err = ak_channel_message_encode(message, &out);
    if (!err) assert_int_equal(ak_channel_message_parse(ak_buf_span(&out), &back), AK_OK);
    return err;
}

static void a_message_has_limits(void **state)
{
    (void)state;
    static uint8_t big[AK_CHANNEL_CLAIMS_MAX + 1];
    struct ak_channel_message message = {.claims = ak_span(big, AK_CHANNEL_CLAIMS_MAX),
        .index = 1023,
        .count = 1024,
        .path = ak_span(big, AK_CHANNEL_PATH_MAX * AK_CHANNEL_RD_LEN),
        .report = ak_span(big, AK_CHANNEL_REPORT_MAX)};
    assert_int_equal(message_fits(&message), AK_OK);
    struct ak_channel_message bad = message;
    bad.claims.len++;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad.claims.len = 0;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad = message;
    bad.report.len++;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad.report.len = 0;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad = message;
    bad.count = 1025;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad.index = bad.count = 0;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad = message;
    bad.index = 1024;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad = message;
    bad.path.len += AK_CHANNEL_RD_LEN;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
    bad.path.len = 63;
    assert_int_equal(message_fits(&bad), AK_E_LIMIT);
}

static void a_message_of_another_kind_is_told_apart(void **state)
{
    (void)state;
    struct ak_channel_message message;
    struct ak_channel_tpm2 parts;
    struct ak_buf out = AK_BUF_ARR(memory);
    ak_cbor_put_array(&out, 2);
    ak_cbor_put_text(&out, AK_SPAN_LIT("application/vnd.agentkeys.sev-snp"));
    ak_cbor_put_bytes(&out, AK_SPAN_LIT("x"));
    assert_int_equal(ak_channel_message_parse(ak_buf_span(&out), &message), AK_E_UNSUPPORTED);
    assert_int_equal(ak_channel_tpm2_parse(ak_buf_span(&out), &parts), AK_E_UNSUPPORTED);
    assert_int_equal(ak_channel_message_parse(AK_SPAN_LIT("\x9f\xff"), &message), AK_E_FORMAT);
    assert_int_equal(
        ak_channel_message_parse(AK_SPAN_LIT("\x82\x7a\x40\x00\x00\x00"), &message), AK_E_FORMAT);
    assert_int_equal(
        ak_channel_message_parse(ak_span(memory, AK_CHANNEL_MESSAGE_MAX + 1), &message), AK_E_LIMIT);
    assert_int_equal(ak_channel_tpm2_parse(ak_span(memory, AK_CHANNEL_REPORT_MAX + 1), &parts), AK_E_LIMIT);
}

static void wrapped(struct ak_span map, enum ak_err wanted)
{
    struct ak_channel_tpm2 parts;
    struct ak_buf out = AK_BUF_ARR(memory);
    ak_cbor_put_array(&out, 2);
    ak_cbor_put_text(&out, AK_SPAN_LIT("application/vnd.agentkeys.tpm2+cbor"));
    ak_cbor_put_bytes(&out, map);
    assert_int_equal(ak_channel_tpm2_parse(ak_buf_span(&out), &parts), wanted);
}

static void a_report_has_one_version_and_seven_parts(void **state)
{
    (void)state;
    wrapped(
        AK_SPAN_LIT("\xa7\x00\x01\x01\x41\x61\x02\x41\x61\x03\x41\x61\x04\x41\x61\x05\x41\x61\x06\x41\x61"),
        AK_OK);
    wrapped(AK_SPAN_LIT("\xa7\x00\x02\x01\x41\x61\x02\x41\x61\x03\x41\x61\x04\x41\x61"), AK_E_UNSUPPORTED);
    wrapped(
        AK_SPAN_LIT("\xa6\x00\x01\x01\x41\x61\x02\x41\x61\x03\x41\x61\x04\x41\x61\x05\x41\x61"), AK_E_FORMAT);
    wrapped(AK_SPAN_LIT("\xa7\x01\x01"), AK_E_FORMAT);
}

/* ---- the tree ---- */

static void the_tree_knows_its_leaves(void **state)
{
    (void)state;
    static uint8_t nodes[AK_CHANNEL_NODES(AK_CHANNEL_TREE_MAX)][AK_CHANNEL_RD_LEN];
    static uint8_t leaves[AK_CHANNEL_TREE_MAX][AK_CHANNEL_RD_LEN];
    for (size_t i = 0; i < AK_CHANNEL_TREE_MAX; i++) memset(leaves[i], (int)(i % 251), 64);
    for (size_t count = 1; count <= 33; count++) {
        uint8_t root[64], found[64], path[AK_CHANNEL_PATH_MAX * 64];
        memcpy(nodes, leaves, count * 64);
        ak_channel_tree(nodes, count, root);
        for (size_t i = 0; i < count; i++) {
            struct ak_buf sides = AK_BUF_ARR(path);
            ak_channel_tree_path(nodes, count, i, &sides);
            assert_int_equal(ak_channel_climb(leaves[i], i, count, ak_buf_span(&sides), found), AK_OK);
            assert_memory_equal(found, root, 64);
            assert_int_equal(ak_channel_climb(leaves[i + 1], i, count, ak_buf_span(&sides), found), AK_OK);
            assert_memory_not_equal(found, root, 64);
        }
    }
    uint8_t found[64];
    assert_int_equal(ak_channel_climb(leaves[0], 0, 0, AK_SPAN_EMPTY, found), AK_E_LIMIT);
    assert_int_equal(ak_channel_climb(leaves[0], 1, 1, AK_SPAN_EMPTY, found), AK_E_LIMIT);
    assert_int_equal(ak_channel_climb(leaves[0], 0, 1025, AK_SPAN_EMPTY, found), AK_E_LIMIT);
    assert_int_equal(ak_channel_climb(leaves[0], 0, 1, ak_span(leaves, 64), found), AK_E_FORMAT);
    assert_int_equal(ak_channel_climb(leaves[0], 0, 2, AK_SPAN_EMPTY, found), AK_E_FORMAT);
}

/* ---- words ---- */

static struct ak_channel_verdict verdict;

static void fill_verdict(void)
{
    uint8_t value[32];
    memset(&verdict, 0, sizeof verdict);
    ak_attest_verdict_init(&verdict.evidence, AK_ATTEST_TPM);
    ak_attest_verdict_init(&verdict.counter, AK_ATTEST_TPM_CERTIFY);
    verdict.accepted = verdict.bound = true;
    verdict.claims = claims;
    verdict.evidence.accepted = verdict.evidence.authentic = true;
    memcpy(verdict.evidence.machine, "TPM 2.0", sizeof "TPM 2.0");
    memset(value, 0x0b, sizeof value);
    ak_attest_fact_hex(&verdict.evidence, "ak_name", ak_span(value, 4));
    ak_attest_measure(&verdict.evidence, "pcr0", ak_span(value, 4));
    ak_attest_fact_number(&verdict.counter, "counter", 7);
}

static void says_text(const char *wanted)
{
    struct ak_buf out = AK_BUF_ARR(memory);
    ak_channel_put_text(&out, &verdict, cap_names);
    assert_int_equal(ak_buf_terminate(&out), AK_OK);
    assert_string_equal((const char *)memory, wanted);
}

static void an_accepted_verdict_says_what_is_not_promised(void **state)
{
    (void)state;
    fill_verdict();
    says_text("verdict           accepted\n"
              "kind              TPM 2.0 quote and counter, bound to this connection\n"
              "machine           TPM 2.0\n"
              "attestation key   0b0b0b0b\n"
              "pcr0              0b0b0b0b\n"
              "counter           7\n"
              "worker            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
              "version           0.1.0\n"
              "image             4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d\n"
              "config            cfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcfcf\n"
              "ledger key        1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e\n"
              "delivery key      dededededededededededededededededededededededededededededededede\n"
              "promised          report seal_hw counter_hw erase measured\n"
              "not promised      memory: who runs the machine can read the worker's keys\n"
              "not promised      the chip: no maker vouches for it, so its host may emulate it\n"
              "not promised      the host: registers say what it measured itself, so root on it can lie\n"
              "what to do        nothing; after a change that was wanted: agentkeys attest --enrol\n");
}

static void a_refused_verdict_says_what_to_do(void **state)
{
    (void)state;
    fill_verdict();
    verdict.accepted = verdict.bound = verdict.evidence.authentic = false;
    verdict.counter.fact_count = verdict.evidence.fact_count = verdict.evidence.measurement_count = 0;
    verdict.failed = UINT32_C(1) << AK_CHANNEL_CHECK_EVIDENCE | UINT32_C(1) << AK_CHANNEL_CHECK_BINDING;
    ak_attest_fail(&verdict.evidence, AK_ATTEST_CHECK_SIGNATURE, "it is not signed by this attestation key");
    says_text(
        "verdict           refused\n"
        "kind              TPM 2.0 quote and counter, bound to this connection\n"
        "machine           unknown\n"
        "claims            unknown: nothing shows that they are this machine's, on this connection\n"
        "failed            evidence: the machine's evidence is refused\n"
        "  because         signature: it is not signed by this attestation key\n"
        "  what to do      see the checks that failed; after a wanted change of machine or image, enrol the "
        "worker again\n"
        "failed            binding: the evidence was made for another connection, nonce, key or claims\n"
        "  what to do      do not use this connection: somebody stands between you and the worker\n");
}

static void each_missing_capability_is_named(void **state)
{
    (void)state;
    fill_verdict();
    verdict.claims.caps = 0;
    verdict.failed = UINT32_C(1) << AK_CHANNEL_CHECK_COUNTER;
    struct ak_buf out = AK_BUF_ARR(memory);
    ak_channel_put_text(&out, &verdict, cap_names);
    assert_int_equal(ak_buf_terminate(&out), AK_OK);
    static const char *const words[] = {"promised          none\n", "the disk alone opens it",
        "is not noticed", "bring destroyed credentials back", "can read the worker's keys",
        "nothing shows which program runs", "its host may emulate it"};
    for (size_t i = 0; i < AK_COUNT(words); i++) assert_non_null(strstr((const char *)memory, words[i]));
    static const char *const nameless[] = {NULL};
    struct ak_buf again = AK_BUF_ARR(memory);
    ak_channel_put_text(&again, &verdict, nameless);
    assert_int_equal(ak_buf_terminate(&again), AK_OK);
    assert_non_null(strstr((const char *)memory, words[0]));
}

static void json_has_the_same(void **state)
{
    (void)state;
    static uint8_t text[64 * 1024];
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    fill_verdict();
    for (int round = 0; round < 2; round++) {
        struct ak_buf out = AK_BUF_ARR(text);
        bool accepted = round == 0;
        struct ak_span name = AK_SPAN_EMPTY;
        verdict.accepted = verdict.bound = accepted;
        if (!accepted) verdict.failed = UINT32_C(1) << AK_CHANNEL_CHECK_CONFIG;
        ak_channel_put_json(&out, &verdict, cap_names);
        ak_json_done(&json);
        assert_int_equal(ak_json_parse(ak_buf_span(&out), sizeof text, &json), AK_OK);
        struct ak_json_value root = ak_json_root(&json), got = ak_json_get(root, "claims");
        assert_int_equal(ak_json_type(got), accepted ? AK_JSON_OBJECT : AK_JSON_NULL);
        assert_int_equal(ak_json_len(ak_json_get(root, "failed")), accepted ? 0 : 1);
        assert_int_equal(ak_json_type(ak_json_get(root, "counter")), AK_JSON_OBJECT);
        if (accepted) assert_int_equal(ak_json_len(ak_json_get(got, "caps")), 5);
        if (accepted) continue;
        struct ak_json_value first = ak_json_at(ak_json_get(root, "failed"), 0);
        assert_int_equal(ak_json_string(ak_json_get(first, "check"), &name), AK_OK);
        assert_true(ak_span_eq(name, AK_SPAN_LIT("config")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_document_is_what_the_code_writes, begin),
        cmocka_unit_test_setup(claims_come_back, begin),
        cmocka_unit_test_setup(claims_have_limits, begin),
        cmocka_unit_test_setup(claims_are_read_strictly, begin),
        cmocka_unit_test_setup(claims_of_too_many_suites_or_caps_are_refused, begin),
        cmocka_unit_test_setup(a_message_has_limits, begin),
        cmocka_unit_test_setup(a_message_of_another_kind_is_told_apart, begin),
        cmocka_unit_test_setup(a_report_has_one_version_and_seven_parts, begin),
        cmocka_unit_test_setup(the_tree_knows_its_leaves, begin),
        cmocka_unit_test_setup(an_accepted_verdict_says_what_is_not_promised, begin),
        cmocka_unit_test_setup(a_refused_verdict_says_what_to_do, begin),
        cmocka_unit_test_setup(each_missing_capability_is_named, begin),
        cmocka_unit_test_setup(json_has_the_same, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
