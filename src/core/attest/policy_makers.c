/* Members of a policy that only Intel's quotes and TPMs know. spec: docs/formats/attest-policy.md */
#include "base/codec/hex.h"
#include "core/attest/intel_status.h"
#include "core/attest/members.h"
#include "core/attest/tpm_attest.h"

#define AT(field) offsetof(struct ak_attest_policy, field)

/* ---- intel ---- */

static enum ak_err read_statuses(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const char form[] = "is an array of Intel's TCB statuses, without UpToDate and Revoked";
    struct ak_attest_policy *policy = target;
    if (ak_json_type(value) != AK_JSON_ARRAY)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, form);
    for (size_t i = 0; i < ak_json_len(value); i++) {
        struct ak_span name;
        enum ak_intel_status status = AK_INTEL_NO_LEVEL;
        if (ak_json_string(ak_json_at(value, i), &name) != AK_OK ||
            ak_intel_status_parse(name, &status) != AK_OK || status == AK_INTEL_UP_TO_DATE ||
            status >= AK_INTEL_REVOKED)
            return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, form);
        policy->intel.statuses |= UINT32_C(1) << status;
    }
    return AK_OK;
}

static enum ak_err read_prod_id(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy *policy = target;
    uint64_t number = 0;
    if (ak_json_u64(value, &number) != AK_OK || number > UINT16_MAX)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is a number of 0 to 65535");
    policy->intel.has_isv_prod_id = true;
    policy->intel.isv_prod_id = (uint32_t)number;
    return AK_OK;
}

enum ak_err ak_policy_read_intel(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const struct ak_member members[] = {
        {.name = "tcb_statuses", .type = AK_MEMBER_READ, .read = read_statuses},
        {.name = "min_tcb_evaluation",
            .type = AK_MEMBER_U32,
            .offset = AT(intel.min_tcb_evaluation),
            .max = UINT32_MAX},
        {.name = "allow_migration", .type = AK_MEMBER_BOOL, .offset = AT(intel.allow_migration)},
        {.name = "allow_sept_ve", .type = AK_MEMBER_BOOL, .offset = AT(intel.allow_sept_ve)},
        {.name = "isv_prod_id", .type = AK_MEMBER_READ, .read = read_prod_id},
        {.name = "min_isv_svn", .type = AK_MEMBER_U32, .offset = AT(intel.min_isv_svn), .max = UINT16_MAX},
    };
    return ak_members_read(value, path, members, AK_COUNT(members), target, out_fault);
}

/* ---- tpm ---- */

/* An array of `len` bytes of hex each; 1 to cap of them. */
static enum ak_err read_hex_list(
    struct ak_json_value value, uint8_t *out_bytes, size_t len, size_t cap, size_t *out_count)
{
    *out_count = 0;
    if (ak_json_type(value) != AK_JSON_ARRAY || ak_json_len(value) == 0) return AK_E_FORMAT;
    if (ak_json_len(value) > cap) return AK_E_LIMIT;
    for (size_t i = 0; i < ak_json_len(value); i++) {
        struct ak_span text;
        AK_TRY(ak_json_string(ak_json_at(value, i), &text));
        AK_TRY(ak_hex_decode_fixed(text, out_bytes + i * len, len));
    }
    *out_count = ak_json_len(value);
    return AK_OK;
}

static enum ak_err read_roots(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy_tpm *tpm = &((struct ak_attest_policy *)target)->tpm;
    enum ak_err err =
        read_hex_list(value, tpm->roots[0], sizeof tpm->roots[0], AK_ATTEST_TPM_ROOTS_MAX, &tpm->root_count);
    if (err == AK_OK) return AK_OK;
    return ak_members_fault(
        out_fault, path, AK_SPAN_EMPTY, err, "is an array of 1 to 8 SHA-256 fingerprints in lower-case hex");
}

static enum ak_err read_ak_names(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy_tpm *tpm = &((struct ak_attest_policy *)target)->tpm;
    enum ak_err err = read_hex_list(
        value, tpm->ak_names[0], sizeof tpm->ak_names[0], AK_ATTEST_TPM_NAMES_MAX, &tpm->ak_name_count);
    if (err == AK_OK) return AK_OK;
    return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, err,
        "is an array of 1 to 16 names of keys: 000b and SHA-256, in lower-case hex");
}

static enum ak_err read_bank(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy_tpm *tpm = &((struct ak_attest_policy *)target)->tpm;
    tpm->bank_sha384 = ak_json_string_is(value, AK_SPAN_LIT("sha384"));
    if (tpm->bank_sha384 || ak_json_string_is(value, AK_SPAN_LIT("sha256"))) return AK_OK;
    return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is \"sha256\" or \"sha384\"");
}

static enum ak_err read_pcrs(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const char form[] = "is an array of PCRs, each once, 0 to 23";
    struct ak_attest_policy_tpm *tpm = &((struct ak_attest_policy *)target)->tpm;
    if (ak_json_type(value) != AK_JSON_ARRAY || ak_json_len(value) == 0)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, form);
    for (size_t i = 0; i < ak_json_len(value); i++) {
        uint64_t pcr = 0;
        if (ak_json_u64(ak_json_at(value, i), &pcr) != AK_OK || pcr >= AK_TPM_PCRS ||
            (tpm->pcrs >> pcr & 1) != 0)
            return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, form);
        tpm->pcrs |= UINT32_C(1) << pcr;
    }
    return AK_OK;
}

static enum ak_err read_min_counter(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy_tpm *tpm = &((struct ak_attest_policy *)target)->tpm;
    if (ak_json_u64(value, &tpm->min_counter) != AK_OK)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is a number");
    tpm->has_min_counter = true;
    return AK_OK;
}

enum ak_err ak_policy_read_tpm(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const struct ak_member members[] = {
        {.name = "roots", .type = AK_MEMBER_READ, .read = read_roots},
        {.name = "ak_names", .type = AK_MEMBER_READ, .read = read_ak_names},
        {.name = "bank", .type = AK_MEMBER_READ, .read = read_bank},
        {.name = "pcrs", .type = AK_MEMBER_READ, .read = read_pcrs},
        {.name = "nv_name",
            .type = AK_MEMBER_BYTES,
            .offset = AT(tpm.nv_name),
            .max = AK_ATTEST_TPM_NAME_LEN,
            .has = AT(tpm.has_nv_name)},
        {.name = "min_counter", .type = AK_MEMBER_READ, .read = read_min_counter},
    };
    return ak_members_read(value, path, members, AK_COUNT(members), target, out_fault);
}
