/* AWS Nitro Enclaves: the COSE signature (first, as it covers the certificates, too: what was altered is
 * refused for that), the document's certificate up to AWS's root by the bundle that it carries itself, then
 * the policy. The certificate lives three hours, so the time of verification is most of freshness. */
#include "core/attest/nitro.h"

#include "core/attest/cose.h"
#include "core/attest/verdict.h"

enum {
    LEAF_LIFE_MAX_S = 3 * 3600 + 60, /* AWS makes them for three hours and some seconds */
    AHEAD_MAX_S = 5 * 60,            /* how far the enclave's clock may be ahead of the verifier's */
    EMPTY_MAP = 0xa0
};

/* spec: https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip */
static const struct ak_attest_root aws_root = {"AWS Nitro G1",
    {0x64, 0x1a, 0x03, 0x21, 0xa3, 0xe2, 0x44, 0xef, 0xe4, 0x56, 0x46, 0x31, 0x95, 0xd6, 0x06, 0x31, 0x7e,
        0xd7, 0xcd, 0xcc, 0x3c, 0x17, 0x56, 0xe0, 0x98, 0x93, 0xf3, 0xc6, 0x8f, 0x79, 0xbb, 0x5b}};

static const char *const pcr_names[AK_NITRO_PCRS_MAX] = {"pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr5",
    "pcr6", "pcr7", "pcr8", "pcr9", "pcr10", "pcr11", "pcr12", "pcr13", "pcr14", "pcr15", "pcr16", "pcr17",
    "pcr18", "pcr19", "pcr20", "pcr21", "pcr22", "pcr23", "pcr24", "pcr25", "pcr26", "pcr27", "pcr28",
    "pcr29", "pcr30", "pcr31"};

/* ---- authenticity ---- */

/* The bundle is root first; a path is leaf first and root last. */
static enum ak_err open_path(
    const struct ak_attest_root *root, const struct ak_nitro_doc *doc, struct ak_attest_path *out_path)
{
    uint8_t memory[AK_X509_CHAIN_MAX * AK_NITRO_FIELD_MAX];
    struct ak_buf chain = AK_BUF_ARR(memory);
    for (size_t i = doc->cabundle_count; i > 0; i--) ak_buf_put(&chain, doc->cabundle[i - 1]);
    return ak_attest_path_parse(doc->certificate, ak_buf_span(&chain), root, 1, out_path);
}

static void check_leaf(struct ak_attest_verdict *verdict, const struct ak_x509 *leaf)
{
    uint64_t from_s = 0, until_s = 0;
    if (ak_x509_validity(leaf, &from_s, &until_s) != AK_OK || until_s < from_s ||
        until_s - from_s > LEAF_LIFE_MAX_S)
        ak_attest_fail(
            verdict, AK_ATTEST_CHECK_CERTIFICATE, "the certificate is made for more than three hours");
}

static enum ak_err check_signature(
    struct ak_attest_verdict *verdict, const struct ak_cose_sign1 *sign1, const struct ak_x509 *leaf)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey key;
    enum ak_err err = ak_x509_key(leaf, &key);
    if (err == AK_OK) err = ak_cose_sign1_verify(sign1, &key);
    if (err == AK_E_CRYPTO) return err;
    if (err == AK_E_AUTH)
        ak_attest_fail(
            verdict, AK_ATTEST_CHECK_SIGNATURE, "the document is not signed by its certificate's key");
    else if (err != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE, "the certificate's key is not one of P-384");
    return AK_OK;
}

/* ---- facts ---- */

static bool is_debug(const struct ak_nitro_doc *doc)
{
    static const uint8_t zeros[AK_NITRO_PCR_LEN];
    const uint8_t *pcr0 = doc->pcrs[0];
    return pcr0 == NULL || memcmp(pcr0, zeros, sizeof zeros) == 0;
}

static void note_field(
    struct ak_attest_verdict *verdict, const char *name, const struct ak_nitro_field *field)
{
    if (field->given)
        ak_attest_fact_hex(verdict, name, field->bytes);
    else
        ak_attest_fact_null(verdict, name);
}

/* 24 PCRs at the most have a place; the enclaves of today have 16. */
static void note_facts(struct ak_attest_verdict *verdict, const struct ak_nitro_doc *doc)
{
    ak_attest_fact_text(verdict, "module_id", doc->module_id);
    ak_attest_fact_bool(verdict, "debug", is_debug(doc));
    ak_attest_fact_number(verdict, "timestamp_ms", doc->timestamp_ms);
    for (size_t i = 0; i < AK_NITRO_PCRS_MAX; i++)
        if (doc->pcrs[i] != NULL && verdict->measurement_count < AK_COUNT(verdict->measurements))
            ak_attest_measure(verdict, pcr_names[i], ak_span(doc->pcrs[i], AK_NITRO_PCR_LEN));
    note_field(verdict, "nonce", &doc->nonce);
    note_field(verdict, "user_data", &doc->user_data);
    note_field(verdict, "public_key", &doc->public_key);
}

/* The module's name is AWS's, but it is shown to people. */
static void note_machine(struct ak_attest_verdict *verdict, const struct ak_nitro_doc *doc)
{
    struct ak_buf out = AK_BUF_ARR(verdict->machine);
    ak_buf_put_str(&out, "AWS Nitro Enclave ");
    for (size_t i = 0; i < doc->module_id.len; i++)
        ak_buf_put_u8(&out, doc->module_id.ptr[i] > 0x20 && doc->module_id.ptr[i] < 0x7f
                                ? doc->module_id.ptr[i]
                                : (uint8_t)'?');
    if (ak_buf_terminate(&out) != AK_OK) out.ptr[out.cap - 1] = 0;
}

/* ---- policy ---- */

/* By the nonce, or by its own time; the latter must not lie in the future in any case. */
static void check_fresh(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_nitro_doc *doc, uint64_t at_s)
{
    uint64_t made_s = doc->timestamp_ms / 1000;
    if (made_s > at_s + AHEAD_MAX_S)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_TIME, "the document was made after the given time");
    if (policy->max_age_s != 0 && at_s > made_s && at_s - made_s > policy->max_age_s)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_FRESHNESS, "age in seconds", at_s - made_s,
            "and may be at most", policy->max_age_s);
    ak_attest_check_data(verdict, AK_ATTEST_CHECK_FRESHNESS, &policy->nonce, "nonce", doc->nonce.bytes);
    ak_attest_check_fresh(verdict, policy, policy->nonce.given || policy->max_age_s != 0);
}

static void check_policy(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const struct ak_nitro_doc *doc, uint64_t at_s)
{
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_AFFIRMING;
    verdict->trust[AK_ATTEST_HARDWARE] = AK_TRUST_AFFIRMING;
    verdict->trust[AK_ATTEST_CONFIGURATION] = is_debug(doc) ? AK_TRUST_WARNING : AK_TRUST_AFFIRMING;
    ak_attest_check_product(verdict, policy, "Nitro", false);
    ak_attest_check_debug(verdict, policy, is_debug(doc));
    ak_attest_check_images(verdict, policy);
    ak_attest_check_data(
        verdict, AK_ATTEST_CHECK_REPORT_DATA, &policy->user_data, "user_data", doc->user_data.bytes);
    ak_attest_check_data(
        verdict, AK_ATTEST_CHECK_REPORT_DATA, &policy->public_key, "public_key", doc->public_key.bytes);
    check_fresh(verdict, policy, doc, at_s);
}

/* ---- all of it ---- */

static enum ak_err verify_with(const struct ak_attest_root *root, const struct ak_attest_input *input,
    const struct ak_cose_sign1 *sign1, const struct ak_nitro_doc *doc, struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_attest_path_done) struct ak_attest_path path = {.root = 0};
    AK_TRY(ak_attest_fail_chain(verdict, open_path(root, doc, &path), "document's certificate"));
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(check_signature(verdict, sign1, ak_attest_path_leaf(&path)));
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(
        ak_attest_fail_chain(verdict, ak_attest_path_verify(&path, input->at_s), "document's certificate"));
    check_leaf(verdict, ak_attest_path_leaf(&path));
    if (verdict->failed != 0) return AK_OK;
    verdict->authentic = true;
    note_facts(verdict, doc);
    note_machine(verdict, doc);
    check_policy(verdict, input->policy, doc, input->at_s);
    return AK_OK;
}

enum ak_err ak_nitro_verify(
    const struct ak_attest_root *root, const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    struct ak_cose_sign1 sign1 = {0};
    struct ak_nitro_doc doc = {0};
    enum ak_err err = ak_cose_sign1_parse(input->parts[AK_ATTEST_PART_EVIDENCE], &sign1);
    if (err == AK_OK && (sign1.unprotected.len != 1 || sign1.unprotected.ptr[0] != EMPTY_MAP))
        err = AK_E_FORMAT;
    if (err == AK_E_UNSUPPORTED || (err == AK_OK && sign1.alg != AK_SIG_P384_SHA384))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_VERSION, "the document's algorithm is not ES384 alone");
    else if (err != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "it is not one strict COSE_Sign1 of at most 32 KiB");
    else if (ak_nitro_doc_parse(sign1.payload, &doc) != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "its payload is not a Nitro attestation document");
    return verdict->failed != 0 ? AK_OK : verify_with(root, input, &sign1, &doc, verdict);
}

enum ak_err ak_attest_verify_nitro(const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    return ak_nitro_verify(&aws_root, input, verdict);
}
