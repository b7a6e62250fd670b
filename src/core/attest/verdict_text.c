/* A verdict as rows for people and as JSON for machines, from the same fields. */
#include "core/attest/rows.h"

static const char *const kind_titles[AK_ATTEST_KIND_COUNT] = {"AMD SEV-SNP report",
    "AWS Nitro Enclaves document", "Intel TDX quote", "Intel SGX quote", "TPM 2.0 quote",
    "TPM 2.0 NV_Certify"};

/* ---- for people ---- */

static bool is_zero(const struct ak_attest_register *reg)
{
    size_t at = 0;
    while (at < reg->len && reg->value[at] == 0) at++;
    return at == reg->len;
}

/* Registers that nothing was measured into are not shown, but for the first. */
static void put_measurements(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    for (size_t i = 0; i < verdict->measurement_count; i++) {
        const struct ak_attest_register *reg = &verdict->measurements[i];
        if (i > 0 && is_zero(reg)) continue;
        ak_rows_hex(out, reg->name, ak_span(reg->value, reg->len));
    }
}

static void put_trust(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    bool first = true;
    ak_rows_name(out, "trust");
    for (size_t i = 0; i < AK_ATTEST_CLAIM_COUNT; i++) {
        uint8_t value = verdict->trust[i];
        if (value == AK_TRUST_NONE) continue;
        ak_buf_put_str(out, first ? "" : ", ");
        ak_buf_put_str(out, ak_attest_claim_name((enum ak_attest_claim)i));
        ak_buf_put_u8(out, ' ');
        ak_buf_put_dec(out, value);
        ak_buf_put_str(out, value >= AK_TRUST_CONTRAINDICATED ? " (contraindicated)"
                            : value >= AK_TRUST_WARNING       ? " (warning)"
                                                              : " (affirming)");
        first = false;
    }
    ak_buf_put_str(out, first ? "no claim\n" : "\n");
}

static void put_failed(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++) {
        enum ak_attest_check check = (enum ak_attest_check)i;
        if (!ak_attest_has_failed(verdict, check)) continue;
        ak_rows_check(out, "failed", ak_attest_check_name(check), verdict->details[i]);
        ak_rows_text(out, "  what to do", ak_attest_check_remedy(check));
    }
}

static void put_waived(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    if ((verdict->unchecked >> AK_ATTEST_CHECK_DEBUG & 1) != 0)
        ak_rows_text(out, "waived", "debug: the host can read its memory, and the policy allows that");
    if ((verdict->unchecked >> AK_ATTEST_CHECK_FRESHNESS & 1) != 0)
        ak_rows_text(out, "waived", "freshness: this may be a replay, and the policy allows that");
}

void ak_attest_verdict_put_text(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    ak_rows_text(out, "verdict", verdict->accepted ? "accepted" : "refused");
    ak_rows_text(out, "kind", kind_titles[verdict->kind]);
    ak_rows_text(out, "machine", verdict->machine[0] != 0 ? verdict->machine : "unknown");
    if (verdict->authentic)
        put_measurements(out, verdict);
    else
        ak_rows_text(out, "measurement", "unknown: nothing in this evidence can be believed");
    ak_rows_fact(out, "tcb", verdict, "tcb"); /* what a policy has to be written for */
    put_trust(out, verdict);
    put_waived(out, verdict);
    put_failed(out, verdict);
    if (verdict->accepted)
        ak_rows_text(out, "what to do",
            verdict->unchecked ? "see what was waived before you rely on it"
                               : "nothing: it is evidence of a machine that the policy takes");
}

/* ---- for machines ---- */

static void put_fact(
    struct ak_json_writer *w, const struct ak_attest_verdict *verdict, const struct ak_attest_fact *fact)
{
    ak_json_key(w, fact->name);
    switch (fact->type) {
    case AK_FACT_TEXT: ak_json_put_string(w, ak_attest_fact_value(verdict, fact)); break;
    case AK_FACT_NUMBER: ak_json_put_u64(w, fact->number); break;
    case AK_FACT_BOOL: ak_json_put_bool(w, fact->number != 0); break;
    case AK_FACT_NULL: ak_json_put_null(w); break;
    }
}

static void put_json_failed(struct ak_json_writer *w, const struct ak_attest_verdict *verdict)
{
    ak_json_key(w, "failed");
    ak_json_open_array(w);
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++) {
        enum ak_attest_check check = (enum ak_attest_check)i;
        if (!ak_attest_has_failed(verdict, check)) continue;
        ak_rows_json_check(
            w, ak_attest_check_name(check), verdict->details[i], ak_attest_check_remedy(check));
    }
    ak_json_close_array(w);
}

static void put_json_waived(struct ak_json_writer *w, const struct ak_attest_verdict *verdict)
{
    ak_json_key(w, "waived");
    ak_json_open_array(w);
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict->unchecked >> i & 1) != 0)
            ak_json_put_string(w, ak_span_str(ak_attest_check_name((enum ak_attest_check)i)));
    ak_json_close_array(w);
}

void ak_attest_verdict_put_json(struct ak_buf *out, const struct ak_attest_verdict *verdict)
{
    struct ak_json_writer w = ak_json_writer(out);
    ak_json_open_object(&w);
    ak_rows_member(&w, "kind", ak_attest_kind_name(verdict->kind));
    ak_json_key(&w, "accepted");
    ak_json_put_bool(&w, verdict->accepted);
    ak_json_key(&w, "authentic");
    ak_json_put_bool(&w, verdict->authentic);
    ak_rows_member(&w, "machine", verdict->machine);
    ak_json_key(&w, "trust");
    ak_json_open_object(&w);
    for (size_t i = 0; i < AK_ATTEST_CLAIM_COUNT; i++) {
        ak_json_key(&w, ak_attest_claim_name((enum ak_attest_claim)i));
        ak_json_put_u64(&w, verdict->trust[i]);
    }
    ak_json_close_object(&w);
    put_json_failed(&w, verdict);
    put_json_waived(&w, verdict);
    ak_json_key(&w, "facts");
    ak_json_open_object(&w);
    for (size_t i = 0; i < verdict->fact_count; i++) put_fact(&w, verdict, &verdict->facts[i]);
    ak_json_close_object(&w);
    ak_json_close_object(&w);
}
