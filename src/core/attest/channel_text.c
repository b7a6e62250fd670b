/* The verdict on a connection, for people and as JSON: what is promised, what is not, what failed. */
#include "core/attest/channel.h"
#include "core/attest/rows.h"

const char *const ak_channel_cap_names[] = {
    "report", "seal_hw", "counter_hw", "erase", "mem_isolated", "measured", "insecure_dev", "maker", NULL};

/* Names of the bits that are set, or of those that are not. */
static void put_caps(struct ak_buf *out, uint32_t caps, const char *const *names)
{
    bool any = false;
    for (size_t i = 0; names[i] != NULL; i++) {
        if ((caps >> i & 1) == 0) continue;
        ak_buf_put_str(out, any ? " " : "");
        ak_buf_put_str(out, names[i]);
        any = true;
    }
    ak_buf_put_str(out, any ? "\n" : "none\n");
}

/* What is not promised where a capability is missing. */
static const struct {
    const char *name, *lacking;
} promises[] = {
    {"seal_hw", "sealed state: the disk alone opens it"},
    {"counter_hw", "old disks: one that is put back is not noticed"},
    {"erase", "erasure: old copies of the disk bring destroyed credentials back"},
    {"mem_isolated", "memory: who runs the machine can read the worker's keys"},
    {"measured", "the image: nothing shows which program runs"},
    {"maker", "the chip: no maker vouches for it, so its host may emulate it"},
};

static bool has_cap(uint32_t caps, const char *const *names, const char *name)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0) return (caps >> i & 1) != 0;
    return false;
}

static void put_lacking(struct ak_buf *out, uint32_t caps, const char *const *names)
{
    for (size_t i = 0; i < AK_COUNT(promises); i++)
        if (!has_cap(caps, names, promises[i].name)) ak_rows_text(out, "not promised", promises[i].lacking);
    /* a TPM's registers hold what the host's firmware and kernel told it */
    ak_rows_text(
        out, "not promised", "the host: registers say what it measured itself, so root on it can lie");
}

static void put_claims(
    struct ak_buf *out, const struct ak_channel_claims *claims, const char *const *cap_names)
{
    ak_rows_hex(out, "worker", AK_SPAN_ARR(claims->worker_id));
    ak_rows_span(out, "version", claims->version);
    ak_rows_hex(out, "image", AK_SPAN_ARR(claims->measurement));
    ak_rows_hex(out, "config", AK_SPAN_ARR(claims->config));
    ak_rows_hex(out, "ledger key", ak_span(claims->ledger, 32));
    ak_rows_hex(out, "delivery key", AK_SPAN_ARR(claims->delivery_key));
    ak_rows_name(out, "promised");
    put_caps(out, claims->caps, cap_names);
    put_lacking(out, claims->caps, cap_names);
}

static void put_part_failed(struct ak_buf *out, const struct ak_attest_verdict *part)
{
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++) {
        enum ak_attest_check check = (enum ak_attest_check)i;
        if (!ak_attest_has_failed(part, check)) continue;
        ak_rows_check(out, "  because", ak_attest_check_name(check), part->details[i]);
    }
}

static const struct ak_attest_verdict *part_of(
    const struct ak_channel_verdict *verdict, enum ak_channel_check check)
{
    if (check == AK_CHANNEL_CHECK_EVIDENCE) return &verdict->evidence;
    return check == AK_CHANNEL_CHECK_COUNTER ? &verdict->counter : NULL;
}

static void put_failed(struct ak_buf *out, const struct ak_channel_verdict *verdict)
{
    for (size_t i = 0; i < AK_CHANNEL_CHECK_COUNT; i++) {
        enum ak_channel_check check = (enum ak_channel_check)i;
        if ((verdict->failed >> i & 1) == 0) continue;
        ak_rows_check(out, "failed", ak_channel_check_name(check), ak_channel_check_text(check));
        if (part_of(verdict, check)) put_part_failed(out, part_of(verdict, check));
        ak_rows_text(out, "  what to do", ak_channel_check_remedy(check));
    }
}

void ak_channel_put_text(
    struct ak_buf *out, const struct ak_channel_verdict *verdict, const char *const *cap_names)
{
    const struct ak_attest_verdict *evidence = &verdict->evidence;
    ak_rows_text(out, "verdict", verdict->accepted ? "accepted" : "refused");
    ak_rows_text(out, "kind", "TPM 2.0 quote and counter, bound to this connection");
    ak_rows_text(out, "machine", evidence->authentic ? evidence->machine : "unknown");
    ak_rows_fact(out, "attestation key", evidence, "ak_name");
    for (size_t i = 0; i < evidence->measurement_count; i++)
        ak_rows_hex(out, evidence->measurements[i].name,
            ak_span(evidence->measurements[i].value, evidence->measurements[i].len));
    ak_rows_fact(out, "counter", &verdict->counter, "counter");
    if (verdict->bound)
        put_claims(out, &verdict->claims, cap_names);
    else
        ak_rows_text(
            out, "claims", "unknown: nothing shows that they are this machine's, on this connection");
    put_failed(out, verdict);
    if (verdict->accepted)
        ak_rows_text(out, "what to do", "nothing; after a change that was wanted: agentkeys attest --enrol");
}

/* ---- for machines ---- */

static void put_hex_member(struct ak_json_writer *w, const char *key, struct ak_span bytes)
{
    ak_json_key(w, key);
    ak_json_put_hex(w, "", bytes);
}

static void put_json_claims(
    struct ak_json_writer *w, const struct ak_channel_claims *claims, const char *const *cap_names)
{
    ak_json_open_object(w);
    put_hex_member(w, "worker_id", AK_SPAN_ARR(claims->worker_id));
    ak_json_key(w, "version");
    ak_json_put_string(w, claims->version);
    put_hex_member(w, "measurement", AK_SPAN_ARR(claims->measurement));
    ak_json_key(w, "suites");
    ak_json_open_array(w);
    for (size_t i = 0; i < claims->suite_count; i++) ak_json_put_string(w, claims->suites[i]);
    ak_json_close_array(w);
    put_hex_member(w, "config", AK_SPAN_ARR(claims->config));
    put_hex_member(w, "ledger_key", ak_span(claims->ledger, 32));
    put_hex_member(w, "log_id", ak_span(claims->ledger + 32, 16));
    put_hex_member(w, "delivery_key", AK_SPAN_ARR(claims->delivery_key));
    ak_json_key(w, "caps");
    ak_json_open_array(w);
    for (size_t i = 0; cap_names[i] != NULL; i++)
        if ((claims->caps >> i & 1) != 0) ak_json_put_string(w, ak_span_str(cap_names[i]));
    ak_json_close_array(w);
    ak_json_close_object(w);
}

static void put_json_failed(struct ak_json_writer *w, const struct ak_channel_verdict *verdict)
{
    ak_json_key(w, "failed");
    ak_json_open_array(w);
    for (size_t i = 0; i < AK_CHANNEL_CHECK_COUNT; i++) {
        enum ak_channel_check check = (enum ak_channel_check)i;
        if ((verdict->failed >> i & 1) == 0) continue;
        ak_rows_json_check(
            w, ak_channel_check_name(check), ak_channel_check_text(check), ak_channel_check_remedy(check));
    }
    ak_json_close_array(w);
}

static void put_part(struct ak_json_writer *w, const char *key, const struct ak_attest_verdict *part)
{
    ak_json_key(w, key);
    ak_json_put_raw(w, AK_SPAN_EMPTY); /* the value follows by a writer of its own */
    ak_attest_verdict_put_json(w->buf, part);
}

void ak_channel_put_json(
    struct ak_buf *out, const struct ak_channel_verdict *verdict, const char *const *cap_names)
{
    struct ak_json_writer w = ak_json_writer(out);
    ak_json_open_object(&w);
    ak_json_key(&w, "accepted");
    ak_json_put_bool(&w, verdict->accepted);
    put_json_failed(&w, verdict);
    ak_json_key(&w, "claims");
    if (verdict->bound)
        put_json_claims(&w, &verdict->claims, cap_names);
    else
        ak_json_put_null(&w);
    put_part(&w, "evidence", &verdict->evidence);
    put_part(&w, "counter", &verdict->counter);
    ak_json_close_object(&w);
}
