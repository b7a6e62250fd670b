/* Reading of one member by its type, and the search for it in the table. */
#include "core/attest/members.h"

#include "base/assert.h"
#include "base/codec/hex.h"

static void put_shown(struct ak_buf *out, struct ak_span text)
{
    for (size_t i = 0; i < text.len && out->len + 1 < out->cap; i++)
        ak_buf_put_u8(out, text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : (uint8_t)'?');
}

enum ak_err ak_members_fault(struct ak_attest_policy_fault *out_fault, const char *path, struct ak_span name,
    enum ak_err err, const char *reason)
{
    struct ak_buf out = AK_BUF_ARR(out_fault->member);
    put_shown(&out, ak_span_str(path));
    if (path[0] != 0 && name.len > 0) put_shown(&out, AK_SPAN_LIT("."));
    put_shown(&out, name);
    ak_assert(ak_buf_terminate(&out) == AK_OK);
    out_fault->reason = reason;
    return err;
}

enum ak_err ak_members_name(struct ak_span text, char out_name[AK_ATTEST_NAME_MAX])
{
    static const char others[] = "-_. ";
    out_name[0] = 0;
    if (text.len == 0 || text.len >= AK_ATTEST_NAME_MAX) return AK_E_LIMIT;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i], lower = c | 0x20;
        bool alnum = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
        if (!alnum && memchr(others, c, sizeof others - 1) == NULL) return AK_E_FORMAT;
    }
    memcpy(out_name, text.ptr, text.len);
    out_name[text.len] = 0;
    return AK_OK;
}

static enum ak_err read_number(struct ak_json_value value, const struct ak_member *member, uint8_t *at)
{
    uint64_t number = 0;
    AK_TRY(ak_json_u64(value, &number));
    if (number < member->min || number > member->max) return AK_E_LIMIT;
    uint8_t u8 = (uint8_t)number;
    uint32_t u32 = (uint32_t)number;
    if (member->type == AK_MEMBER_U8) memcpy(at, &u8, sizeof u8);
    if (member->type == AK_MEMBER_U32) memcpy(at, &u32, sizeof u32);
    if (member->type == AK_MEMBER_U64) memcpy(at, &number, sizeof number);
    return AK_OK;
}

static enum ak_err read_data(
    struct ak_json_value value, const struct ak_member *member, struct ak_attest_data *out_data)
{
    struct ak_span hex;
    size_t len = 0;
    AK_TRY(ak_json_string(value, &hex));
    if (hex.len > 2 * member->max) return AK_E_LIMIT;
    AK_TRY(ak_hex_decode(hex, out_data->bytes, sizeof out_data->bytes, &len));
    if (len < member->min) return AK_E_LIMIT;
    out_data->len = (uint16_t)len;
    out_data->given = true;
    return AK_OK;
}

static enum ak_err read_bytes(
    struct ak_json_value value, const struct ak_member *member, uint8_t *at, bool *has)
{
    struct ak_span hex;
    AK_TRY(ak_json_string(value, &hex));
    if (hex.len != 2 * member->max) return AK_E_LIMIT;
    AK_TRY(ak_hex_decode_fixed(hex, at, (size_t)member->max));
    *has = true;
    return AK_OK;
}

static enum ak_err read_simple(
    struct ak_json_value value, const struct ak_member *member, uint8_t *target, const char **out_reason)
{
    uint8_t *at = target + member->offset;
    switch (member->type) {
    case AK_MEMBER_BOOL: *out_reason = "is true or false"; return ak_json_bool(value, (bool *)at);
    case AK_MEMBER_U8:
    case AK_MEMBER_U32:
    case AK_MEMBER_U64:
        *out_reason = "is a whole number within its range";
        return read_number(value, member, at);
    case AK_MEMBER_DATA:
        *out_reason = "is lower-case hex of the right length";
        return read_data(value, member, (struct ak_attest_data *)(void *)at);
    case AK_MEMBER_BYTES:
        *out_reason = "is lower-case hex of the right length";
        return read_bytes(value, member, at, (bool *)(target + member->has));
    case AK_MEMBER_READ: break;
    }
    return AK_E_ARG;
}

static enum ak_err read_one(struct ak_json_value value, const char *path, const struct ak_member *member,
    void *target, struct ak_attest_policy_fault *out_fault)
{
    struct ak_span name = ak_span_str(member->name);
    const char *reason = "";
    if (member->type != AK_MEMBER_READ) {
        enum ak_err err = read_simple(value, member, target, &reason);
        return err == AK_OK ? AK_OK : ak_members_fault(out_fault, path, name, err, reason);
    }
    struct ak_attest_policy_fault below = {0}; /* only for its room: the path of the member */
    enum ak_err err = ak_members_fault(&below, path, name, AK_OK, "");
    return err == AK_OK ? member->read(value, below.member, target, out_fault) : err;
}

enum ak_err ak_members_read(struct ak_json_value object, const char *path, const struct ak_member *members,
    size_t count, void *target, struct ak_attest_policy_fault *out_fault)
{
    if (ak_json_type(object) != AK_JSON_OBJECT)
        return ak_members_fault(out_fault, path, AK_SPAN_EMPTY, AK_E_FORMAT, "is an object");
    for (size_t i = 0; i < ak_json_len(object); i++) {
        struct ak_span key;
        struct ak_json_value value = ak_json_member(object, i, &key);
        size_t at = 0;
        while (at < count && !ak_span_eq(key, ak_span_str(members[at].name))) at++;
        if (at == count)
            return ak_members_fault(
                out_fault, path, key, AK_E_FORMAT, "is not a member that a policy has here");
        AK_TRY(read_one(value, path, &members[at], target, out_fault));
    }
    return AK_OK;
}
