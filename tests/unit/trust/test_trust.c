/* One encoding a configuration: the documented example, each rule in both directions, each byte and length,
 * and that every item changes the hash. */
#include "unit/check.h"

#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "core/trust/trust.h"

static struct ak_trust trust;
static uint8_t bytes[AK_TRUST_LEN_MAX + 1];
static struct ak_buf buf;

static void fill(uint8_t list[][32], size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++) memset(list[i], (int)(first + i), 32);
}

/* That of docs/formats/trust.md. */
static int setup(void **state)
{
    (void)state;
    trust = (struct ak_trust){.issuer = AK_SPAN_LIT("https://keys.demo.example"),
        .recovery_wait_secs = 604800,
        .recovery_wait_code_secs = 86400,
        .operator_count = 2,
        .has_broker_key = true,
        .broker_url = AK_SPAN_LIT("https://broker.demo.example"),
        .recovery_threshold = 2,
        .recipient_count = 3,
        .ek_root_count = 1,
        .providers = {{AK_SPAN_LIT("google"), AK_SPAN_LIT("https://accounts.google.com"),
                          AK_SPAN_LIT("demo")},
            {AK_SPAN_LIT("old"), AK_SPAN_LIT("https://id.demo.example"), AK_SPAN_EMPTY}},
        .provider_count = 2};
    fill(trust.operators, 2, 0xa0);
    memset(trust.broker_key, 0xb0, 32);
    fill(trust.recipients, 3, 0xc0);
    fill(trust.ek_roots, 1, 0xe0);
    buf = ak_buf(bytes, sizeof bytes);
    return 0;
}

static enum ak_err encode(void)
{
    buf.len = 0;
    buf.failed = false;
    return ak_trust_encode(&trust, &buf);
}

static enum ak_err parse(struct ak_trust *out)
{
    static const struct ak_trust zero;
    memset(out, 0x77, sizeof *out);
    enum ak_err err = ak_trust_parse(ak_buf_span(&buf), out);
    if (err) assert_memory_equal(out, &zero, sizeof zero);
    return err;
}

static void assert_reads_back(void)
{
    struct ak_trust got;
    uint8_t again[AK_TRUST_LEN_MAX];
    struct ak_buf second = AK_BUF_ARR(again);
    assert_int_equal(encode(), AK_OK);
    assert_int_equal(parse(&got), AK_OK);
    assert_int_equal(ak_trust_differs(&trust, &got), 0);
    assert_int_equal(ak_trust_encode(&got, &second), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&second), ak_buf_span(&buf)));
}

static void reads_back(void **state)
{
    (void)state;
    assert_reads_back();
    trust = (struct ak_trust){.recovery_wait_secs = 1, .recovery_wait_code_secs = 1};
    assert_reads_back();
    assert_int_equal(buf.len, 7); /* a map of three */
}

static void largest(void **state)
{
    (void)state;
    static uint8_t text[AK_TRUST_TEXT_MAX + 1];
    memset(text, 'x', sizeof text);
    trust.issuer = trust.broker_url = ak_span(text, AK_TRUST_TEXT_MAX);
    trust.provider_count = 0;
    trust.operator_count = AK_TRUST_OPERATORS_MAX;
    fill(trust.operators, AK_TRUST_OPERATORS_MAX, 1);
    trust.recipient_count = trust.recovery_threshold = AK_TRUST_RECIPIENTS_MAX;
    fill(trust.recipients, AK_TRUST_RECIPIENTS_MAX, 1);
    trust.ek_root_count = AK_TRUST_EK_ROOTS_MAX;
    fill(trust.ek_roots, AK_TRUST_EK_ROOTS_MAX, 1);
    trust.recovery_wait_secs = trust.recovery_wait_code_secs = AK_TRUST_WAIT_MAX_SECS;
    assert_reads_back();
    trust.issuer = AK_SPAN_ARR(text);
    assert_int_equal(encode(), AK_E_LIMIT);
    trust.issuer = AK_SPAN_EMPTY;
    trust.broker_url = AK_SPAN_ARR(text);
    assert_int_equal(encode(), AK_E_LIMIT);
    buf.len = AK_TRUST_LEN_MAX + 1;
    struct ak_trust got;
    assert_int_equal(parse(&got), AK_E_LIMIT);
}

static void rules(void **state)
{
    (void)state;
    trust.recovery_wait_secs = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    trust.recovery_wait_secs = AK_TRUST_WAIT_MAX_SECS + 1;
    assert_int_equal(encode(), AK_E_MEANING);
    trust.recovery_wait_secs = 86399;
    assert_int_equal(encode(), AK_E_MEANING); /* the code's is longer */
    trust.recovery_wait_secs = 86400;
    assert_int_equal(encode(), AK_OK);
    trust.recovery_wait_code_secs = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    memcpy(trust.operators[1], trust.operators[0], 32);
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    trust.operators[1][0] = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    trust.ek_root_count = 2; /* zeros follow */
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    memcpy(trust.recipients[2], trust.recipients[0], 32);
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    trust.recovery_threshold = 4;
    assert_int_equal(encode(), AK_E_MEANING);
    trust.recovery_threshold = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    trust.recovery_threshold = 3;
    assert_int_equal(encode(), AK_OK);
    trust.recipient_count = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    trust.issuer = AK_SPAN_LIT("\xff");
    assert_int_equal(encode(), AK_E_FORMAT);
    assert_int_equal(buf.len, 0);
}

static void counts(void **state)
{
    (void)state;
    trust.operator_count = AK_TRUST_OPERATORS_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    setup(NULL);
    trust.recipient_count = AK_TRUST_RECIPIENTS_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    setup(NULL);
    trust.ek_root_count = AK_TRUST_EK_ROOTS_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
}

/* Each list may be full, but not all of them at once. */
static void all_of_it_has_a_limit(void **state)
{
    (void)state;
    static uint8_t text[AK_TRUST_TEXT_MAX];
    memset(text, 'x', sizeof text);
    trust.broker_url = AK_SPAN_ARR(text);
    trust.operator_count = AK_TRUST_OPERATORS_MAX;
    fill(trust.operators, AK_TRUST_OPERATORS_MAX, 1);
    trust.recipient_count = AK_TRUST_RECIPIENTS_MAX;
    fill(trust.recipients, AK_TRUST_RECIPIENTS_MAX, 1);
    trust.ek_root_count = AK_TRUST_EK_ROOTS_MAX;
    fill(trust.ek_roots, AK_TRUST_EK_ROOTS_MAX, 1);
    memcpy(text, "https://", 8);
    trust.providers[0].client_id = trust.providers[1].client_id = ak_span(text, AK_TRUST_CLIENT_ID_MAX);
    trust.providers[0].iss = ak_span(text, AK_TRUST_ISS_MAX);
    trust.issuer = ak_span(text, 300);
    assert_reads_back();
    trust.issuer.len += AK_TRUST_LEN_MAX - buf.len;
    assert_reads_back();
    assert_int_equal(buf.len, AK_TRUST_LEN_MAX);
    trust.issuer.len++;
    assert_int_equal(encode(), AK_E_LIMIT);
    assert_int_equal(buf.len, 0);
}

static void small_buffer_gets_nothing(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    struct ak_buf small = ak_buf(bytes, buf.len - 1);
    assert_int_equal(ak_trust_encode(&trust, &small), AK_E_FULL);
    assert_int_equal(small.len, 0);
}

/* What reads is exactly what would be written, whatever byte was altered or cut. */
static void every_byte_counts(void **state)
{
    (void)state;
    struct ak_trust got;
    uint8_t again[AK_TRUST_LEN_MAX];
    assert_int_equal(encode(), AK_OK);
    size_t whole = buf.len;
    for (size_t i = 0; i < whole; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            if (parse(&got) == AK_OK) {
                struct ak_buf second = AK_BUF_ARR(again);
                assert_int_equal(ak_trust_encode(&got, &second), AK_OK);
                assert_true(ak_span_eq(ak_buf_span(&second), ak_buf_span(&buf)));
                assert_int_not_equal(ak_trust_differs(&trust, &got), 0);
            }
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (buf.len = 0; buf.len < whole; buf.len++) assert_int_equal(parse(&got), AK_E_FORMAT);
    buf.len = whole + 1;
    assert_int_equal(parse(&got), AK_E_FORMAT);
}

static enum ak_err parse_hex(const char *hex)
{
    struct ak_trust got;
    uint8_t raw[128];
    size_t len = strlen(hex) / 2;
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(hex), raw, len), AK_OK);
    buf = ak_buf(bytes, sizeof bytes);
    ak_buf_put(&buf, ak_span(raw, len));
    return parse(&got);
}

static void malformed(void **state)
{
    (void)state;
    assert_int_equal(parse_hex("a3000102010301"), AK_OK);
    assert_int_equal(parse_hex("a0"), AK_E_FORMAT);
    assert_int_equal(parse_hex("a20201030"
                               "1"),
        AK_E_FORMAT); /* no version */
    assert_int_equal(parse_hex("a3000202010301"), AK_E_UNSUPPORTED);
    assert_int_equal(parse_hex("a4000102010301186301"), AK_E_UNSUPPORTED);  /* item 99 */
    assert_int_equal(parse_hex("a40001020103010840"), AK_E_UNSUPPORTED);    /* kept for later */
    assert_int_equal(parse_hex("a40001020103010740"), AK_E_FORMAT);         /* providers: not a list */
    assert_int_equal(parse_hex("a40001020103010780"), AK_E_FORMAT);         /* none */
    assert_int_equal(parse_hex("a4000102010301078181626162"), AK_E_FORMAT); /* without an issuer */
    assert_int_equal(parse_hex("a40001020103010781826261626b68747470733a2f2f612e62"), AK_OK);
    assert_int_equal(parse_hex("a40001020103010781836261626b68747470733a2f2f612e626163"), AK_OK);
    assert_int_equal(parse_hex("a40001020103010781836261626b68747470733a2f2f612e6260"), AK_E_FORMAT);
    assert_int_equal(parse_hex("a40001020103010781846261626b68747470733a2f2f612e6261636163"), AK_E_FORMAT);
    assert_int_equal(parse_hex("a40001020103010781826141"
                               "6b68747470733a2f2f612e62"),
        AK_E_MEANING);                                          /* a name of one letter */
    assert_int_equal(parse_hex("a3000103010201"), AK_E_FORMAT); /* order */
    assert_int_equal(parse_hex("a4000102010201"
                               "0301"),
        AK_E_FORMAT); /* twice */
    assert_int_equal(parse_hex("a400010160"
                               "02010301"),
        AK_E_FORMAT);                                                 /* empty text */
    assert_int_equal(parse_hex("a40001020103010480"), AK_E_FORMAT);   /* empty list */
    assert_int_equal(parse_hex("a4000102010301044100"), AK_E_FORMAT); /* not a list */
    assert_int_equal(parse_hex("a40001020103010481"
                               "4100"),
        AK_E_FORMAT); /* a short hash */
    assert_int_equal(parse_hex("a4000102010301"
                               "0b8101"),
        AK_E_FORMAT); /* recovery of one */
    assert_int_equal(parse_hex("a2000102"
                               "01"),
        AK_E_MEANING);                                            /* a waiting time is missing */
    assert_int_equal(parse_hex("a300010218010301"), AK_E_FORMAT); /* not shortest */
    assert_int_equal(parse_hex("bf00010201"
                               "0301ff"),
        AK_E_FORMAT); /* indefinite */
    assert_int_equal(parse_hex("a300010201"
                               "030100"),
        AK_E_FORMAT); /* trailing */
    assert_int_equal(parse_hex("a4000102010301049b7fffffffffffffff"), AK_E_FORMAT);
}

static void every_item_counts(void **state)
{
    (void)state;
    const struct ak_trust before = trust;
    uint8_t first[32], changed[32];
    assert_int_equal(encode(), AK_OK);
    ak_trust_hash(ak_buf_span(&buf), first);
    for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++) {
        if (!ak_trust_item_name(item)) continue;
        trust = before;
        switch (item) {
        case AK_TRUST_ISSUER: trust.issuer = AK_SPAN_LIT("https://other.example"); break;
        case AK_TRUST_RECOVERY_WAIT: trust.recovery_wait_secs--; break;
        case AK_TRUST_RECOVERY_WAIT_CODE: trust.recovery_wait_code_secs--; break;
        case AK_TRUST_OPERATORS: trust.operator_count--; break;
        case AK_TRUST_BROKER_KEY: trust.broker_key[31] ^= 1; break;
        case AK_TRUST_BROKER_URL: trust.broker_url = AK_SPAN_EMPTY; break;
        case AK_TRUST_PROVIDERS: trust.providers[0].client_id = AK_SPAN_EMPTY; break;
        case AK_TRUST_RECOVERY: trust.recovery_threshold--; break;
        case AK_TRUST_EK_ROOTS: trust.ek_roots[0][0] ^= 1; break;
        default: fail();
        }
        assert_int_equal(ak_trust_differs(&before, &trust), 1u << item);
        assert_int_equal(encode(), AK_OK);
        ak_trust_hash(ak_buf_span(&buf), changed);
        assert_memory_not_equal(first, changed, 32);
    }
    trust = before;
    trust.has_broker_key = false;
    assert_int_equal(ak_trust_differs(&before, &trust), 1u << AK_TRUST_BROKER_KEY);
    trust = before;
    trust.recipients[2][5] ^= 1;
    assert_int_equal(ak_trust_differs(&before, &trust), 1u << AK_TRUST_RECOVERY);
}

static void adding_keeps_the_order(void **state)
{
    (void)state;
    static const uint8_t order[] = {5, 1, 9, 5, 3, 7, 2, 8, 4};
    uint8_t hash[32] = {0};
    trust.operator_count = trust.ek_root_count = 0;
    for (size_t i = 0; i < AK_COUNT(order); i++) {
        hash[31] = order[i];
        assert_int_equal(ak_trust_add_operator(&trust, hash), AK_OK);
        assert_int_equal(ak_trust_add_ek_root(&trust, hash), AK_OK);
    }
    assert_int_equal(trust.operator_count, AK_TRUST_OPERATORS_MAX);
    assert_int_equal(encode(), AK_OK);
    assert_true(ak_trust_is_operator(&trust, hash));
    assert_int_equal(ak_trust_add_operator(&trust, hash), AK_OK); /* there already */
    hash[31] = 6;
    assert_false(ak_trust_is_operator(&trust, hash));
    assert_int_equal(ak_trust_add_operator(&trust, hash), AK_E_LIMIT);
    assert_int_equal(ak_trust_add_ek_root(&trust, hash), AK_E_LIMIT);
}

/* docs/formats/trust.md is what the code writes. */
static void documented_example(void **state)
{
    (void)state;
    FILE *doc = fopen(AK_SOURCE_ROOT "/docs/formats/trust.md", "r");
    assert_non_null(doc);
    char line[256], want[2048] = "", got[2048] = "";
    uint8_t hash[32];
    struct ak_buf wanted = AK_BUF_ARR(want), written = AK_BUF_ARR(got);
    bool inside = false;
    while (fgets(line, sizeof line, doc)) {
        if (strncmp(line, "```", 3) == 0)
            inside = strcmp(line, "```hex\n") == 0;
        else if (inside)
            ak_buf_put(&wanted, ak_span(line, strcspn(line, "\n")));
    }
    fclose(doc);
    assert_int_equal(ak_buf_terminate(&wanted), AK_OK);
    assert_int_equal(encode(), AK_OK);
    ak_trust_hash(ak_buf_span(&buf), hash);
    ak_hex_encode(&written, ak_buf_span(&buf));
    ak_hex_encode(&written, AK_SPAN_ARR(hash));
    assert_int_equal(ak_buf_terminate(&written), AK_OK);
    assert_string_equal(got, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_back, setup),
        cmocka_unit_test_setup(largest, setup),
        cmocka_unit_test_setup(rules, setup),
        cmocka_unit_test_setup(counts, setup),
        cmocka_unit_test_setup(all_of_it_has_a_limit, setup),
        cmocka_unit_test_setup(small_buffer_gets_nothing, setup),
        cmocka_unit_test_setup(every_byte_counts, setup),
        cmocka_unit_test_setup(malformed, setup),
        cmocka_unit_test_setup(every_item_counts, setup),
        cmocka_unit_test_setup(adding_keeps_the_order, setup),
        cmocka_unit_test_setup(documented_example, setup),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
