/* DPoP: the first line is a header, the rest the claims; signed by a fixed key. What is taken says what was
 * expected, and for nothing else; what is refused gives no proof. An input of one line is a text as it came.
 */
#include "fuzz/fuzz.h"

#include "base/codec/jose.h"
#include "core/token/dpop.h"

enum { MAX_TEXT = 4096 };
static const uint64_t now_s = 1767225600;

/* A key for tests only. */
static struct ak_p256_signer signer;
static struct ak_nonce nonces;

static void set_up(void)
{
    if (signer.key) return;
    struct ak_secret32 scalar, nonce_key = {{7}};
    memset(scalar.bytes, 0x44, sizeof scalar.bytes);
    AK_FUZZ_CHECK(ak_p256_signer_open(&signer, &scalar) == AK_OK);
    ak_nonce_init(&nonces, &nonce_key, (const uint8_t *)"worker-0000000a", now_s * 1000);
}

static struct ak_dpop_expect an_expect(const struct ak_span *origin)
{
    return (struct ak_dpop_expect){.method = AK_SPAN_LIT("POST"),
        .origins = origin,
        .origin_count = 1,
        .path = AK_SPAN_LIT("/v1/token"),
        .now_s = now_s};
}

/* What was accepted says what it must, read another way. */
static void check_claims(struct ak_span claims, const struct ak_dpop_proof *proof)
{
    struct ak_json json;
    AK_FUZZ_CHECK(ak_json_parse(claims, MAX_TEXT, &json) == AK_OK);
    struct ak_json_value root = ak_json_root(&json);
    AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(root, "htm"), AK_SPAN_LIT("POST")));
    AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(root, "htu"), AK_SPAN_LIT("http://127.0.0.1:8092/v1/token")));
    AK_FUZZ_CHECK(ak_json_string_is(ak_json_get(root, "nonce"), ak_nonce_text(&nonces)) ||
                  proof->nonce_slot + 1 == nonces.slot);
    AK_FUZZ_CHECK(proof->has_bh == (ak_json_type(ak_json_get(root, "ak_bh")) == AK_JSON_STRING));
    AK_FUZZ_CHECK(proof->has_rk == (ak_json_type(ak_json_get(root, "ak_rk")) == AK_JSON_STRING));
    AK_FUZZ_CHECK(ak_json_type(ak_json_get(root, "ath")) == AK_JSON_ABSENT);
    ak_json_done(&json);
}

static bool verify(struct ak_span text, const struct ak_dpop_expect *expect, struct ak_dpop_proof *out_proof)
{
    enum ak_dpop_fault fault;
    enum ak_err err = ak_dpop_verify(text, expect, &nonces, out_proof, &fault);
    AK_FUZZ_CHECK((err == AK_OK) == (fault == AK_DPOP_FINE));
    if (err != AK_OK) AK_FUZZ_CHECK(fuzz_is_empty(out_proof, sizeof *out_proof));
    return err == AK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    set_up();
    static const char at[] = "http://127.0.0.1:8092";
    const struct ak_span origin = AK_SPAN_LIT(at);
    struct ak_dpop_expect expect = an_expect(&origin), other = an_expect(&origin);
    struct ak_dpop_proof proof;
    struct ak_span input = ak_span(data, len);
    size_t line = ak_span_find(input, 0, '\n');
    if (line == len) {
        (void)verify(input, &expect, &proof);
        return 0;
    }
    uint8_t text[MAX_TEXT];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_span claims = ak_span_sub(input, line + 1, len);
    if (ak_jws_sign(&buf, ak_span(data, line), claims, &signer) != AK_OK) return 0;
    if (!verify(ak_buf_span(&buf), &expect, &proof)) return 0;
    check_claims(claims, &proof);
    other.method = AK_SPAN_LIT("PUT");
    AK_FUZZ_CHECK(!verify(ak_buf_span(&buf), &other, &proof));
    return 0;
}
