/* Members of an object of the policy, read by a table: what is not in the table is refused, and the first
 * fault is told by its path. Internal to core/attest. */
#ifndef AK_CORE_ATTEST_MEMBERS_H
#define AK_CORE_ATTEST_MEMBERS_H

#include "base/codec/json.h"
#include "core/attest/attest.h"

enum ak_member_type {
    AK_MEMBER_BOOL,  /* bool */
    AK_MEMBER_U8,    /* uint8_t in [min, max] */
    AK_MEMBER_U32,   /* uint32_t in [min, max] */
    AK_MEMBER_U64,   /* uint64_t in [min, max] */
    AK_MEMBER_BYTES, /* exactly max bytes of hex; has: a bool that becomes true */
    AK_MEMBER_DATA,  /* struct ak_attest_data of min to max bytes of hex */
    AK_MEMBER_READ   /* read() */
};
struct ak_member {
    const char *name;
    enum ak_member_type type;
    size_t offset; /* in the struct that is filled */
    uint64_t min, max;
    size_t has;
    enum ak_err (*read)(
        struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault);
};

/* `path` is where the object stands, "" for the top. Fills `target`. AK_E_FORMAT, AK_E_LIMIT with a fault. */
AK_MUST_USE enum ak_err ak_members_read(struct ak_json_value object, const char *path,
    const struct ak_member *members, size_t count, void *target, struct ak_attest_policy_fault *out_fault);
/* Notes "path.name" (cut where it is too long) and the reason; gives `err` back. */
AK_MUST_USE enum ak_err ak_members_fault(struct ak_attest_policy_fault *out_fault, const char *path,
    struct ak_span name, enum ak_err err, const char *reason);
/* Copies a name of letters, digits, '-', '_', '.' and ' ' with its NUL. */
AK_MUST_USE enum ak_err ak_members_name(struct ak_span text, char out_name[AK_ATTEST_NAME_MAX]);

/* The members "intel" and "tpm" of a policy, which is the target. */
AK_MUST_USE enum ak_err ak_policy_read_intel(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault);
AK_MUST_USE enum ak_err ak_policy_read_tpm(
    struct ak_json_value value, const char *path, void *target, struct ak_attest_policy_fault *out_fault);

#endif
