/* SEQUENCE of {OID, value}, and the one for the TCB once more below it: two loops over a small reader. */
#include "core/attest/intel_pck.h"

enum {
    INTEGER = 0x02,
    OCTETS = 0x04,
    OID = 0x06,
    SEQUENCE = 0x30,
    TCB = 2,
    PCE_ID = 3,
    FMSPC = 4,
    PCE_SVN = 17,
    CPU_SVN = 18
};

/* 1.2.840.113741.1.13.1 */
static const uint8_t base_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* The next element; its length in the shortest form, up to 64 KiB. AK_E_FORMAT. spec: X.690 10.1 */
static enum ak_err take(struct ak_span *bytes, uint8_t *out_tag, struct ak_span *out_content)
{
    size_t head = 2, len = bytes->len < 2 ? 0x80 : bytes->ptr[1];
    if (len == 0x81 && bytes->len >= 3) {
        head = 3;
        len = bytes->ptr[2] >= 0x80 ? bytes->ptr[2] : 0;
    } else if (len == 0x82 && bytes->len >= 4) {
        head = 4;
        len = bytes->ptr[2] != 0 ? (size_t)bytes->ptr[2] << 8 | bytes->ptr[3] : 0;
    }
    if ((head == 2 && len >= 0x80) || (head > 2 && len == 0) || len > bytes->len - head) return AK_E_FORMAT;
    *out_tag = bytes->ptr[0];
    *out_content = ak_span_sub(*bytes, head, len);
    *bytes = ak_span_sub(*bytes, head + len, bytes->len);
    return AK_OK;
}

static enum ak_err take_tag(struct ak_span *bytes, uint8_t tag, struct ak_span *out_content)
{
    uint8_t seen = 0;
    AK_TRY(take(bytes, &seen, out_content));
    return seen == tag ? AK_OK : AK_E_FORMAT;
}

/* One {OID, value} of a list. Its OID is the base's, `below` more numbers and the last one, which is given.
 */
static enum ak_err take_member(struct ak_span *list, struct ak_span below, uint8_t *out_last,
    uint8_t *out_tag, struct ak_span *out_value)
{
    struct ak_span member, oid;
    AK_TRY(take_tag(list, SEQUENCE, &member));
    AK_TRY(take_tag(&member, OID, &oid));
    if (oid.len != sizeof base_oid + below.len + 1 || !ak_span_starts(oid, AK_SPAN_ARR(base_oid)) ||
        !ak_span_eq(ak_span_sub(oid, sizeof base_oid, below.len), below))
        return AK_E_FORMAT;
    *out_last = oid.ptr[oid.len - 1];
    AK_TRY(take(&member, out_tag, out_value));
    return member.len == 0 ? AK_OK : AK_E_FORMAT;
}

/* Not negative, shortest form. spec: X.690 8.3 */
static enum ak_err to_number(uint8_t tag, struct ak_span value, uint16_t max, uint16_t *out_number)
{
    uint32_t number = 0;
    if (tag != INTEGER || value.len == 0 || value.len > 3 || value.ptr[0] >= 0x80) return AK_E_FORMAT;
    if (value.len > 1 && value.ptr[0] == 0 && value.ptr[1] < 0x80) return AK_E_FORMAT;
    for (size_t i = 0; i < value.len; i++) number = number << 8 | value.ptr[i];
    if (number > max) return AK_E_FORMAT;
    *out_number = (uint16_t)number;
    return AK_OK;
}

static enum ak_err to_octets(uint8_t tag, struct ak_span value, uint8_t *out_bytes, size_t len)
{
    if (tag != OCTETS || value.len != len) return AK_E_FORMAT;
    memcpy(out_bytes, value.ptr, len);
    return AK_OK;
}

/* Marks `number` as seen. */
static enum ak_err once(uint32_t *seen, uint8_t number)
{
    uint32_t bit = number < 32 ? UINT32_C(1) << number : 0;
    if (bit == 0 || (*seen & bit) != 0) return AK_E_FORMAT;
    *seen |= bit;
    return AK_OK;
}

/* Components 1 to 16, the PCE's SVN, and the raw CPUSVN, which says nothing that those do not. */
static enum ak_err read_tcb(uint8_t tag, struct ak_span list, struct ak_intel_pck *pck)
{
    static const uint8_t below[] = {TCB};
    uint8_t last = 0, value_tag = 0, cpu_svn[AK_INTEL_SVNS];
    uint32_t seen = 0;
    if (tag != SEQUENCE) return AK_E_FORMAT;
    while (list.len > 0) {
        struct ak_span value;
        uint16_t svn = 0;
        AK_TRY(take_member(&list, AK_SPAN_ARR(below), &last, &value_tag, &value));
        AK_TRY(once(&seen, last));
        if (last == CPU_SVN) {
            AK_TRY(to_octets(value_tag, value, cpu_svn, sizeof cpu_svn));
        } else if (last == PCE_SVN) {
            AK_TRY(to_number(value_tag, value, UINT16_MAX, &pck->pce_svn));
        } else {
            AK_TRY(to_number(value_tag, value, UINT8_MAX, &svn));
            if (last >= 1 && last <= AK_INTEL_SVNS) pck->svns[last - 1] = (uint8_t)svn;
        }
    }
    return seen == UINT32_C(0x7fffe) ? AK_OK : AK_E_FORMAT; /* 1 to 18, and no other */
}

static enum ak_err read_all(struct ak_span value, struct ak_intel_pck *pck)
{
    const uint32_t needed = UINT32_C(1) << TCB | UINT32_C(1) << PCE_ID | UINT32_C(1) << FMSPC;
    struct ak_span list, member;
    uint8_t last = 0, tag = 0;
    uint32_t seen = 0;
    AK_TRY(take_tag(&value, SEQUENCE, &list));
    if (value.len != 0) return AK_E_FORMAT;
    while (list.len > 0) {
        AK_TRY(take_member(&list, AK_SPAN_EMPTY, &last, &tag, &member));
        AK_TRY(once(&seen, last));
        if (last == TCB) AK_TRY(read_tcb(tag, member, pck));
        if (last == PCE_ID) AK_TRY(to_octets(tag, member, pck->pce_id, sizeof pck->pce_id));
        if (last == FMSPC) AK_TRY(to_octets(tag, member, pck->fmspc, sizeof pck->fmspc));
    }
    return (seen & needed) == needed ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_intel_pck_parse(struct ak_span value, struct ak_intel_pck *out_pck)
{
    *out_pck = (struct ak_intel_pck){0};
    enum ak_err err = read_all(value, out_pck);
    if (err != AK_OK) *out_pck = (struct ak_intel_pck){0};
    return err;
}
