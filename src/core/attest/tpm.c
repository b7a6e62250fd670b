/* TPM quotes and NV certificates: a key that signs only what its TPM made, bound to a maker's root or to an
 * enrolment that the policy names; its signature; then what it says, and the policy. */
#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "base/reader.h"
#include "core/attest/intel_bytes.h"
#include "core/attest/path.h"
#include "core/attest/tpm_attest.h"
#include "core/attest/verdict.h"

enum { COUNTER_LEN = 8 };

struct evidence {
    struct ak_tpm_attest attest;
    struct ak_tpm_public key;
    struct ak_tpm_signature signature;
};

/* ---- whose key it is ---- */

static bool is_named(const struct ak_attest_policy_tpm *policy, const struct ak_tpm_public *key)
{
    uint8_t name[AK_ATTEST_TPM_NAME_LEN];
    ak_tpm_public_name(key, name);
    for (size_t i = 0; i < policy->ak_name_count; i++)
        if (memcmp(policy->ak_names[i], name, sizeof name) == 0) return true;
    return false;
}

static enum ak_err is_key_of(const struct ak_x509 *cert, const struct ak_tpm_public *key, bool *out_same)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey of_cert = {.key = NULL};
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey of_key = {.key = NULL};
    *out_same = false;
    enum ak_err err = ak_x509_key(cert, &of_cert);
    if (err == AK_OK) err = ak_tpm_public_key(key, &of_key);
    if (err == AK_E_CRYPTO) return err;
    *out_same = err == AK_OK && ak_pubkey_eq(&of_cert, &of_key);
    return AK_OK;
}

/* Whether the certificate is made for keys of TPMs, where it says what for: not every maker does, and
 * Google's of attestation keys say what those of endorsement keys do. A key for anything else signs what its
 * holder likes, the signer's qualified name included. spec: TCG EK Credential Profile, tcg-kp-EKCertificate
 * and tcg-kp-AIKCertificate; RFC 5280 4.2.1.12 */
static bool is_for_tpm(const struct ak_x509 *cert)
{
    enum { OID = 0x06, SEQUENCE = 0x30 };
    static const uint8_t endorsement[] = {0x67, 0x81, 0x05, 0x08, 0x01};
    static const uint8_t attestation[] = {0x67, 0x81, 0x05, 0x08, 0x03};
    struct ak_span list;
    enum ak_err err = ak_x509_extension(cert, "2.5.29.37", &list);
    if (err != AK_OK) return err == AK_E_NOT_FOUND;
    struct ak_reader in = ak_reader(list);
    bool good = ak_reader_u8(&in) == SEQUENCE;
    size_t len = ak_reader_u8(&in);
    good = good && len < 0x80 && len == in.len;
    while (good && in.len > 0) {
        good = ak_reader_u8(&in) == OID;
        struct ak_span purpose = ak_reader_take(&in, ak_reader_u8(&in));
        if (!good || in.failed) return false;
        if (ak_span_eq(purpose, AK_SPAN_ARR(endorsement)) || ak_span_eq(purpose, AK_SPAN_ARR(attestation)))
            return true;
    }
    return false;
}

/* A certificate of the attestation key itself binds it. One of the TPM's endorsement key shows the maker, and
 * binds only a key that was activated with it, whose name the policy then has. */
static enum ak_err check_certificate(const struct ak_attest_path *path, const struct evidence *evidence,
    bool named, struct ak_attest_verdict *verdict)
{
    bool same = false;
    if (!is_for_tpm(ak_attest_path_leaf(path)))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the certificate is made for another purpose than keys of TPMs");
    AK_TRY(is_key_of(ak_attest_path_leaf(path), &evidence->key, &same));
    ak_attest_fact_text(verdict, "certificate", same ? AK_SPAN_LIT("ak") : AK_SPAN_LIT("ek"));
    if (!same && !named)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the certificate is of another key, and the policy does not name this one as activated with it");
    return AK_OK;
}

static enum ak_err check_path(const struct ak_attest_input *input, const struct evidence *evidence,
    bool named, struct ak_attest_verdict *verdict)
{
    AK_CLEANUP(ak_attest_path_done) struct ak_attest_path path = {.root = 0};
    const struct ak_attest_policy_tpm *policy = &input->policy->tpm;
    struct ak_attest_root roots[AK_ATTEST_TPM_ROOTS_MAX];
    for (size_t i = 0; i < policy->root_count; i++) {
        roots[i].name = "TPM root";
        memcpy(roots[i].sha256, policy->roots[i], sizeof roots[i].sha256);
    }
    if (input->parts[AK_ATTEST_PART_CHAIN].len == 0) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_INPUT,
            "the certificate of the attestation or endorsement key is needed, with its chain");
        return AK_OK;
    }
    enum ak_err err = ak_attest_path_parse(input->parts[AK_ATTEST_PART_LEAF],
        input->parts[AK_ATTEST_PART_CHAIN], roots, policy->root_count, &path);
    if (err == AK_OK) err = ak_attest_path_verify(&path, input->at_s);
    if (err == AK_E_AUTH) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CHAIN,
            "the TPM's certificate chains to no root of the policy: its host may emulate it");
        return AK_OK;
    }
    AK_TRY(ak_attest_fail_chain(verdict, err, "TPM's certificate"));
    return verdict->failed != 0 ? AK_OK : check_certificate(&path, evidence, named, verdict);
}

/* Attributes are believed of a key that is named whole; a certificate has only its point or modulus, so
 * that the signer's qualified name has to bind the rest. */
static void check_signer(const struct evidence *evidence, bool named, struct ak_attest_verdict *verdict)
{
    const char *hierarchy = ak_tpm_public_hierarchy(&evidence->key, evidence->attest.qualified_signer);
    if (hierarchy == NULL && !named)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE,
            "the signer's qualified name is not of this key as a primary one; name the key in tpm.ak_names");
}

static enum ak_err check_key(
    const struct ak_attest_input *input, const struct evidence *evidence, struct ak_attest_verdict *verdict)
{
    bool named = is_named(&input->policy->tpm, &evidence->key);
    const char *unfit = ak_tpm_public_unfit(&evidence->key);
    if (unfit != NULL) ak_attest_fail(verdict, AK_ATTEST_CHECK_CERTIFICATE, unfit);
    check_signer(evidence, named, verdict);
    if (input->policy->tpm.root_count > 0) return check_path(input, evidence, named, verdict);
    if (!named)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_CHAIN,
            "the policy names no root of a TPM's maker and not this key: its host may emulate it");
    return AK_OK;
}

static enum ak_err check_signature(
    const struct ak_attest_input *input, const struct evidence *evidence, struct ak_attest_verdict *verdict)
{
    enum ak_err err =
        ak_tpm_signature_verify(&evidence->signature, &evidence->key, input->parts[AK_ATTEST_PART_EVIDENCE]);
    if (err == AK_E_CRYPTO) return err;
    if (err == AK_E_UNSUPPORTED)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_VERSION, "the key's scheme is not known");
    else if (err != AK_OK)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_SIGNATURE, "it is not signed by this attestation key");
    return AK_OK;
}

/* ---- facts ---- */

static void note_head(struct ak_attest_verdict *verdict, const struct evidence *evidence)
{
    const struct ak_tpm_attest *attest = &evidence->attest;
    const char *hierarchy = ak_tpm_public_hierarchy(&evidence->key, attest->qualified_signer);
    uint8_t name[AK_ATTEST_TPM_NAME_LEN];
    ak_tpm_public_name(&evidence->key, name);
    ak_attest_fact_text(
        verdict, "type", attest->type == AK_TPM_ST_QUOTE ? AK_SPAN_LIT("0x8018") : AK_SPAN_LIT("0x8014"));
    ak_attest_fact_hex(verdict, "ak_name", AK_SPAN_ARR(name));
    ak_attest_fact_hex(verdict, "qualified_signer", attest->qualified_signer);
    if (hierarchy != NULL) ak_attest_fact_text(verdict, "ak_hierarchy", ak_span_str(hierarchy));
    ak_attest_fact_hex(verdict, "extra_data", attest->extra_data);
    ak_attest_fact_number(verdict, "clock", attest->clock_ms);
    ak_attest_fact_number(verdict, "reset", attest->reset_count);
    ak_attest_fact_number(verdict, "restart", attest->restart_count);
    ak_attest_fact_number(verdict, "safe", attest->clock_safe);
    ak_attest_fact_hex(verdict, "firmware", attest->firmware);
    memcpy(verdict->machine, "TPM 2.0", sizeof "TPM 2.0");
}

static const char *bank_name(uint16_t hash)
{
    if (hash == AK_TPM_ALG_SHA256) return "sha256";
    return hash == AK_TPM_ALG_SHA384 ? "sha384" : "another bank";
}

/* "sha256:0,2,4", banks apart by spaces. */
static void note_selection(struct ak_attest_verdict *verdict, const struct ak_tpm_attest *attest)
{
    char text[AK_TPM_BANKS_MAX * 96];
    struct ak_buf out = AK_BUF_ARR(text);
    for (size_t i = 0; i < attest->selection_count; i++) {
        char apart = ':';
        if (i > 0) ak_buf_put_u8(&out, ' ');
        ak_buf_put_str(&out, bank_name(attest->selections[i].hash));
        for (unsigned pcr = 0; pcr < AK_TPM_PCRS; pcr++) {
            if ((attest->selections[i].pcrs >> pcr & 1) == 0) continue;
            ak_buf_put_u8(&out, (uint8_t)apart);
            ak_buf_put_dec(&out, pcr);
            apart = ',';
        }
    }
    ak_attest_fact_text(verdict, "pcr_select", ak_buf_span(&out));
}

/* ---- a quote's policy ---- */

/* One bank, and exactly the PCRs that the policy has; another selection is a quote of something else. */
static bool is_selected(const struct ak_attest_policy_tpm *policy, const struct ak_tpm_attest *attest)
{
    uint16_t bank = policy->bank_sha384 ? AK_TPM_ALG_SHA384 : AK_TPM_ALG_SHA256;
    return policy->pcrs != 0 && attest->selection_count == 1 && attest->selections[0].hash == bank &&
           attest->selections[0].pcrs == policy->pcrs;
}

static void check_selection(struct ak_attest_verdict *verdict, const struct ak_attest_policy_tpm *policy,
    const struct ak_tpm_attest *attest)
{
    if (is_selected(policy, attest)) return;
    const char *detail = "the quote is over other PCRs than the policy names";
    if (policy->pcrs == 0) detail = "the policy names no PCRs (tpm.pcrs)";
    if (attest->selection_count == 0 || (attest->selection_count == 1 && attest->selections[0].pcrs == 0))
        detail = "the quote is over no PCR at all";
    ak_attest_fail(verdict, AK_ATTEST_CHECK_SELECTION, detail);
}

/* Length of a PCR's value in the quote's only bank; 0 where there is not one known bank. */
static size_t value_len(const struct ak_tpm_attest *attest)
{
    if (attest->selection_count != 1) return 0;
    if (attest->selections[0].hash == AK_TPM_ALG_SHA256) return 32;
    return attest->selections[0].hash == AK_TPM_ALG_SHA384 ? 48 : 0;
}

/* Fresh from reset nothing has measured anything; then every image looks alike. */
static void check_zero(struct ak_attest_verdict *verdict, unsigned pcr, struct ak_span value)
{
    if (pcr == 0 && ak_intel_is_zero(value))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_MEASUREMENT,
            "PCR 0 is zero: no firmware has measured itself into this TPM");
}

static void note_pcrs(
    struct ak_attest_verdict *verdict, const struct ak_tpm_attest *attest, struct ak_span values)
{
    static const char *const names[AK_TPM_PCRS] = {"pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr5", "pcr6",
        "pcr7", "pcr8", "pcr9", "pcr10", "pcr11", "pcr12", "pcr13", "pcr14", "pcr15", "pcr16", "pcr17",
        "pcr18", "pcr19", "pcr20", "pcr21", "pcr22", "pcr23"};
    size_t len = value_len(attest), at = 0;
    for (unsigned pcr = 0; pcr < AK_TPM_PCRS; pcr++) {
        if ((attest->selections[0].pcrs >> pcr & 1) == 0) continue;
        struct ak_span value = ak_span_sub(values, at, len);
        ak_attest_measure(verdict, names[pcr], value);
        check_zero(verdict, pcr, value);
        at += len;
    }
}

/* The values, which are signed only as a digest. */
static void check_values(
    struct ak_attest_verdict *verdict, const struct ak_tpm_attest *attest, struct ak_span values)
{
    uint8_t digest[AK_SHA256_LEN];
    ak_sha256(values, digest);
    size_t count = attest->selection_count == 1 ? (size_t)__builtin_popcount(attest->selections[0].pcrs) : 0;
    if (values.len == 0)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_INPUT, "the values of the quoted PCRs are needed");
    else if (values.len != count * value_len(attest) || !ak_span_eq(attest->pcr_digest, AK_SPAN_ARR(digest)))
        ak_attest_fail(verdict, AK_ATTEST_CHECK_SIGNATURE, "the values are not those of the quoted PCRs");
    else
        note_pcrs(verdict, attest, values);
}

static void judge_quote(const struct ak_attest_input *input, const struct ak_tpm_attest *attest,
    struct ak_attest_verdict *verdict)
{
    note_selection(verdict, attest);
    ak_attest_fact_hex(verdict, "pcr_digest", attest->pcr_digest);
    check_selection(verdict, &input->policy->tpm, attest);
    check_values(verdict, attest, input->parts[AK_ATTEST_PART_PCRS]);
    ak_attest_check_images(verdict, input->policy);
}

/* ---- a counter's policy ---- */

static uint64_t big_endian(struct ak_span bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++) value = value << 8 | bytes.ptr[i];
    return value;
}

static void check_counter(struct ak_attest_verdict *verdict, const struct ak_attest_policy_tpm *policy,
    const struct ak_tpm_attest *attest)
{
    if (attest->nv_offset != 0 || attest->nv_contents.len != COUNTER_LEN) {
        ak_attest_fail(verdict, AK_ATTEST_CHECK_MEASUREMENT, "the NV contents are no counter of 8 bytes");
        return;
    }
    uint64_t counter = big_endian(attest->nv_contents);
    ak_attest_fact_number(verdict, "counter", counter);
    if (policy->has_min_counter && counter < policy->min_counter)
        ak_attest_fail_number(verdict, AK_ATTEST_CHECK_FRESHNESS, "the counter", counter,
            "and must be at least", policy->min_counter);
}

static void judge_certify(const struct ak_attest_input *input, const struct ak_tpm_attest *attest,
    struct ak_attest_verdict *verdict)
{
    const struct ak_attest_policy_tpm *policy = &input->policy->tpm;
    ak_attest_fact_hex(verdict, "nv_name", attest->nv_name);
    ak_attest_fact_number(verdict, "nv_offset", attest->nv_offset);
    ak_attest_fact_hex(verdict, "nv_contents", ak_span_sub(attest->nv_contents, 0, AK_ATTEST_VALUE_MAX));
    if (!policy->has_nv_name)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_MEASUREMENT, "the policy names no NV index (tpm.nv_name)");
    else if (!ak_span_eq(attest->nv_name, AK_SPAN_ARR(policy->nv_name)))
        ak_attest_fail(
            verdict, AK_ATTEST_CHECK_MEASUREMENT, "it is of another NV index than the policy names");
    check_counter(verdict, policy, attest);
}

/* ---- all of it ---- */

static void judge(
    const struct ak_attest_input *input, const struct evidence *evidence, struct ak_attest_verdict *verdict)
{
    verdict->authentic = true;
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_AFFIRMING;
    note_head(verdict, evidence);
    if (input->kind == AK_ATTEST_TPM)
        judge_quote(input, &evidence->attest, verdict);
    else
        judge_certify(input, &evidence->attest, verdict);
    ak_attest_check_data(
        verdict, AK_ATTEST_CHECK_FRESHNESS, &input->policy->nonce, "extraData", evidence->attest.extra_data);
    ak_attest_check_fresh(verdict, input->policy, input->policy->nonce.given);
}

/* Notes what cannot be read. */
static void note_parse(
    struct ak_attest_verdict *verdict, enum ak_err err, struct ak_span bytes, const char *what)
{
    if (bytes.len == 0)
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_INPUT, "the ", ak_span_str(what), " is needed");
    else if (err == AK_E_UNSUPPORTED)
        ak_attest_fail_about(verdict, AK_ATTEST_CHECK_VERSION, "the ", ak_span_str(what),
            " is of a type or algorithm that is not known");
    else if (err != AK_OK)
        ak_attest_fail_about(
            verdict, AK_ATTEST_CHECK_FORMAT, "the ", ak_span_str(what), " is not of its form");
}

static void parse(
    const struct ak_attest_input *input, struct evidence *out, struct ak_attest_verdict *verdict)
{
    struct ak_span attest = input->parts[AK_ATTEST_PART_EVIDENCE],
                   key = input->parts[AK_ATTEST_PART_AK_PUBLIC],
                   signature = input->parts[AK_ATTEST_PART_SIGNATURE];
    uint16_t wanted = input->kind == AK_ATTEST_TPM ? AK_TPM_ST_QUOTE : AK_TPM_ST_NV;
    note_parse(verdict, ak_tpm_attest_parse(attest, &out->attest), attest, "attestation (TPMS_ATTEST)");
    note_parse(verdict, ak_tpm_public_parse(key, &out->key), key, "attestation key (TPMT_PUBLIC)");
    note_parse(
        verdict, ak_tpm_signature_parse(signature, &out->signature), signature, "signature (TPMT_SIGNATURE)");
    if (verdict->failed == 0 && out->attest.type != wanted)
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FORMAT, "it is of another type: check --kind");
}

enum ak_err ak_attest_verify_tpm(const struct ak_attest_input *input, struct ak_attest_verdict *verdict)
{
    struct evidence evidence;
    parse(input, &evidence, verdict);
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(check_key(input, &evidence, verdict));
    if (verdict->failed != 0) return AK_OK;
    AK_TRY(check_signature(input, &evidence, verdict));
    if (verdict->failed != 0) return AK_OK;
    judge(input, &evidence, verdict);
    return AK_OK;
}
