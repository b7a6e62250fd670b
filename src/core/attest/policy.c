/* The policy file. spec: docs/formats/attest-policy.md */
#include "base/codec/hex.h"
#include "base/num.h"
#include "core/attest/members.h"

/* ---- images ---- */

static bool has_number(struct ak_span name, const char *stem, uint64_t max)
{
    struct ak_span prefix = ak_span_str(stem);
    uint64_t number = 0;
    return ak_span_starts(name, prefix) &&
           ak_num_parse_u64(ak_span_sub(name, prefix.len, name.len), max, &number) == AK_OK;
}

static bool is_register(struct ak_span name)
{
    static const char *const names[] = {"measurement", "mrtd", "mrconfigid", "mrowner", "mrownerconfig",
        "mrseam", "mrservicetd", "mrenclave", "mrsigner"};
    for (size_t i = 0; i < AK_COUNT(names); i++)
        if (ak_span_eq(name, ak_span_str(names[i]))) return true;
    return has_number(name, "pcr", 31) || has_number(name, "rtmr", 3);
}

static enum ak_err read_register(struct ak_json_value value, struct ak_span name, const char *path,
    struct ak_attest_policy *policy, struct ak_attest_policy_fault *out_fault)
{
    struct ak_span hex;
    size_t len = 0;
    if (policy->register_count == AK_ATTEST_REGISTERS_MAX)
        return ak_members_fault(
            out_fault, path, name, AK_E_LIMIT, "is one register more than a policy may have");
    struct ak_attest_register *reg = &policy->registers[policy->register_count];
    if (!is_register(name) || ak_members_name(name, reg->name) != AK_OK)
        return ak_members_fault(out_fault, path, name, AK_E_FORMAT, "is not a register");
    if (ak_json_string(value, &hex) != AK_OK || hex.len == 0 ||
        ak_hex_decode(hex, reg->value, sizeof reg->value, &len) != AK_OK)
        return ak_members_fault(out_fault, path, name, AK_E_FORMAT, "is lower-case hex of 1 to 64 bytes");
    reg->len = (uint8_t)len;
    reg->image = (uint8_t)policy->image_count;
    policy->register_count++;
    return AK_OK;
}

static enum ak_err read_images(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy *policy = target;
    if (ak_json_type(value) != AK_JSON_ARRAY || ak_json_len(value) == 0 ||
        ak_json_len(value) > AK_ATTEST_IMAGES_MAX)
        return ak_members_fault(
            out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is an array of 1 to 32 objects");
    for (size_t i = 0; i < ak_json_len(value); i++) {
        struct ak_json_value image = ak_json_at(value, i);
        if (ak_json_type(image) != AK_JSON_OBJECT || ak_json_len(image) == 0)
            return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT,
                "has an image that is not an object of registers");
        for (size_t k = 0; k < ak_json_len(image); k++) {
            struct ak_span name;
            struct ak_json_value reg = ak_json_member(image, k, &name);
            AK_TRY(read_register(reg, name, path, policy, out_fault));
        }
        policy->image_count++;
    }
    return AK_OK;
}

/* ---- products and floors ---- */

static enum ak_err read_products(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy *policy = target;
    if (ak_json_type(value) != AK_JSON_ARRAY || ak_json_len(value) == 0 ||
        ak_json_len(value) > AK_ATTEST_PRODUCTS_MAX)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is an array of 1 to 8 names");
    for (size_t i = 0; i < ak_json_len(value); i++) {
        struct ak_span name;
        if (ak_json_string(ak_json_at(value, i), &name) != AK_OK ||
            ak_members_name(name, policy->products[policy->product_count]) != AK_OK)
            return ak_members_fault(
                out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is an array of 1 to 8 names");
        policy->product_count++;
    }
    return AK_OK;
}

static enum ak_err read_floor(struct ak_json_value value, struct ak_span component, struct ak_span product,
    struct ak_attest_policy *policy)
{
    uint64_t min = 0;
    if (policy->floor_count == AK_ATTEST_FLOORS_MAX) return AK_E_LIMIT;
    struct ak_attest_floor *floor = &policy->floors[policy->floor_count];
    AK_TRY(ak_members_name(product, floor->product));
    AK_TRY(ak_members_name(component, floor->component));
    AK_TRY(ak_json_u64(value, &min));
    if (min > UINT32_MAX) return AK_E_LIMIT;
    floor->min = (uint32_t)min;
    policy->floor_count++;
    return AK_OK;
}

static enum ak_err read_floors(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const char form[] = "gives components of products their least version, 64 at most";
    if (ak_json_type(value) != AK_JSON_OBJECT)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, form);
    for (size_t i = 0; i < ak_json_len(value); i++) {
        struct ak_span product, component;
        struct ak_json_value floors = ak_json_member(value, i, &product);
        if (ak_json_type(floors) != AK_JSON_OBJECT || ak_json_len(floors) == 0)
            return ak_members_fault(out_fault, path, product, AK_E_FORMAT, form);
        for (size_t k = 0; k < ak_json_len(floors); k++) {
            struct ak_json_value min = ak_json_member(floors, k, &component);
            enum ak_err err = read_floor(min, component, product, target);
            if (err != AK_OK) return ak_members_fault(out_fault, path, component, err, form);
        }
    }
    return AK_OK;
}

/* ---- the rest ---- */

static enum ak_err read_freshness(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_attest_policy *policy = target;
    if (!ak_json_string_is(value, AK_SPAN_LIT("none")))
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is \"none\" or not there");
    policy->without_freshness = true;
    return AK_OK;
}

#define AT(field) offsetof(struct ak_attest_policy, field)

static enum ak_err read_snp(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault)
{
    static const struct ak_member members[] = {
        {.name = "max_vmpl", .type = AK_MEMBER_U8, .offset = AT(snp.max_vmpl), .max = 3},
        {.name = "allow_migration", .type = AK_MEMBER_BOOL, .offset = AT(snp.allow_migration)},
        {.name = "forbid_smt", .type = AK_MEMBER_BOOL, .offset = AT(snp.forbid_smt)},
        {.name = "min_guest_svn", .type = AK_MEMBER_U32, .offset = AT(snp.min_guest_svn), .max = UINT32_MAX},
        {.name = "id_key_digest",
            .type = AK_MEMBER_BYTES,
            .offset = AT(snp.id_key_digest),
            .max = 48,
            .has = AT(snp.has_id_key_digest)},
        {.name = "host_data",
            .type = AK_MEMBER_BYTES,
            .offset = AT(snp.host_data),
            .max = 32,
            .has = AT(snp.has_host_data)},
    };
    return ak_members_read(value, path, members, AK_COUNT(members), target, out_fault);
}

static const struct ak_member top[] = {
    {.name = "images", .type = AK_MEMBER_READ, .read = read_images},
    {.name = "allow_debug", .type = AK_MEMBER_BOOL, .offset = AT(allow_debug)},
    {.name = "products", .type = AK_MEMBER_READ, .read = read_products},
    {.name = "min_tcb", .type = AK_MEMBER_READ, .read = read_floors},
    {.name = "report_data", .type = AK_MEMBER_DATA, .offset = AT(report_data), .min = 64, .max = 64},
    {.name = "nonce", .type = AK_MEMBER_DATA, .offset = AT(nonce), .min = 1, .max = AK_ATTEST_DATA_MAX},
    {.name = "user_data",
        .type = AK_MEMBER_DATA,
        .offset = AT(user_data),
        .min = 1,
        .max = AK_ATTEST_DATA_MAX},
    {.name = "public_key",
        .type = AK_MEMBER_DATA,
        .offset = AT(public_key),
        .min = 1,
        .max = AK_ATTEST_DATA_MAX},
    {.name = "max_age_s", .type = AK_MEMBER_U64, .offset = AT(max_age_s), .min = 1, .max = UINT32_MAX},
    {.name = "freshness", .type = AK_MEMBER_READ, .read = read_freshness},
    {.name = "snp", .type = AK_MEMBER_READ, .read = read_snp},
    {.name = "intel", .type = AK_MEMBER_READ, .read = ak_policy_read_intel},
    {.name = "tpm", .type = AK_MEMBER_READ, .read = ak_policy_read_tpm},
};

enum ak_err ak_attest_policy_parse(
    struct ak_span json, struct ak_attest_policy *out_policy, struct ak_attest_policy_fault *out_fault)
{
    AK_CLEANUP(ak_json_done) struct ak_json document;
    memset(out_policy, 0, sizeof *out_policy);
    *out_fault = (struct ak_attest_policy_fault){.reason = ""};
    enum ak_err err = ak_json_parse(json, AK_ATTEST_POLICY_MAX, &document);
    if (err != AK_OK)
        return ak_members_fault(out_fault, "", AK_SPAN_EMPTY, err,
            "is not one JSON object of at most 64 KiB, 16 levels, without duplicate members");
    err = ak_members_read(ak_json_root(&document), "", top, AK_COUNT(top), out_policy, out_fault);
    if (err != AK_OK) memset(out_policy, 0, sizeof *out_policy);
    return err;
}
