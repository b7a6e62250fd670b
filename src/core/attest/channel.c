/* Evidence of a connection: its parts, the machine's verdict on them with this connection's binding as the
 * nonce, then the claims, which are believed only once they are bound, against what was pinned. */
#include "core/attest/channel.h"

#include "base/assert.h"
#include "base/crypto/sha256.h"
#include "core/attest/tpm_attest.h"

#define WORKER_REGISTER "pcr23" /* which the worker extends by its own image */

static const struct {
    const char *name, *text, *remedy;
} checks[AK_CHANNEL_CHECK_COUNT] = {
    [AK_CHANNEL_CHECK_FORMAT] = {"format", "the answer is no evidence of a form or backend that is known",
        "use an agentkeys of the worker's version"},
    [AK_CHANNEL_CHECK_EVIDENCE] = {"evidence", "the machine's evidence is refused",
        "see the checks that failed; after a wanted change of machine or image, enrol the worker again"},
    [AK_CHANNEL_CHECK_COUNTER] = {"counter", "the certificate of the machine's counter is refused",
        "ask the operator: the counter is another one, or behind what was seen"},
    [AK_CHANNEL_CHECK_BINDING] = {"binding",
        "the evidence was made for another connection, nonce, key or claims",
        "do not use this connection: somebody stands between you and the worker"},
    [AK_CHANNEL_CHECK_MEASUREMENT] = {"measurement",
        "the claims name another image than the machine measured", "do not trust it, and ask the operator"},
    [AK_CHANNEL_CHECK_CONFIG] = {"config", "its trust configuration is not the pinned one",
        "ask the operator what was changed and by whom; then enrol the worker again"},
    [AK_CHANNEL_CHECK_LEDGER] = {"ledger", "its ledger is not the pinned one",
        "do not trust it: it is another worker, or its ledger was begun anew"},
};

const char *ak_channel_check_name(enum ak_channel_check check)
{
    ak_assert(check < AK_CHANNEL_CHECK_COUNT);
    return checks[check].name;
}

const char *ak_channel_check_text(enum ak_channel_check check)
{
    ak_assert(check < AK_CHANNEL_CHECK_COUNT);
    return checks[check].text;
}

const char *ak_channel_check_remedy(enum ak_channel_check check)
{
    ak_assert(check < AK_CHANNEL_CHECK_COUNT);
    return checks[check].remedy;
}

static void fail(struct ak_channel_verdict *verdict, enum ak_channel_check check)
{
    verdict->failed |= UINT32_C(1) << check;
}

/* ---- the machine ---- */

/* Both halves carry SHA-256 of the report data, as small chips take no more. */
static enum ak_err set_nonce(const struct ak_channel_ask *ask, const struct ak_channel_message *message,
    struct ak_attest_policy *policy)
{
    uint8_t rd[AK_CHANNEL_RD_LEN], root[AK_CHANNEL_RD_LEN];
    ak_channel_bind(&ask->binding, message->claims, rd);
    AK_TRY(ak_channel_climb(rd, message->index, message->count, message->path, root));
    policy->without_freshness = false;
    policy->nonce = (struct ak_attest_data){.given = true, .len = AK_SHA256_LEN};
    ak_sha256(AK_SPAN_ARR(root), policy->nonce.bytes);
    return AK_OK;
}

static enum ak_err verify_part(const struct ak_channel_ask *ask, const struct ak_channel_tpm2 *parts,
    enum ak_attest_kind kind, struct ak_channel_verdict *verdict)
{
    bool quote = kind == AK_ATTEST_TPM;
    struct ak_attest_input input = {.kind = kind, .at_s = ask->at_s, .policy = &verdict->policy};
    input.parts[AK_ATTEST_PART_EVIDENCE] = quote ? parts->quote : parts->counter;
    input.parts[AK_ATTEST_PART_SIGNATURE] = quote ? parts->quote_signature : parts->counter_signature;
    input.parts[AK_ATTEST_PART_AK_PUBLIC] = parts->ak_public;
    if (quote) input.parts[AK_ATTEST_PART_PCRS] = parts->pcrs;
    return ak_attest_verify(&input, quote ? &verdict->evidence : &verdict->counter);
}

/* A nonce that is another one is the binding's failure, everything else the machine's. */
static void judge_part(struct ak_channel_verdict *verdict, struct ak_span bytes,
    const struct ak_attest_verdict *part, enum ak_channel_check check)
{
    const uint32_t freshness = UINT32_C(1) << AK_ATTEST_CHECK_FRESHNESS;
    const struct ak_attest_data *nonce = &verdict->policy.nonce;
    struct ak_tpm_attest attest;
    bool read = ak_tpm_attest_parse(bytes, &attest) == AK_OK;
    bool ours = read && ak_span_eq(attest.extra_data, ak_span(nonce->bytes, nonce->len));
    if (part->authentic && !ours) fail(verdict, AK_CHANNEL_CHECK_BINDING);
    if ((part->failed & ~(ours ? 0 : freshness)) != 0 || !part->authentic) fail(verdict, check);
}

/* spec: TCG TPM 2.0 Library, part 1, 17.2: an extended register is SHA-256(old || new), from zeros. */
static bool is_measured(const struct ak_attest_verdict *evidence, const uint8_t measurement[32])
{
    static const uint8_t zeros[AK_SHA256_LEN];
    const struct ak_span parts[] = {AK_SPAN_ARR(zeros), ak_span(measurement, AK_SHA256_LEN)};
    uint8_t value[AK_SHA256_LEN];
    ak_sha256_parts(parts, AK_COUNT(parts), value);
    for (size_t i = 0; i < evidence->measurement_count; i++) {
        const struct ak_attest_register *reg = &evidence->measurements[i];
        if (strcmp(reg->name, WORKER_REGISTER) == 0)
            return ak_span_eq(ak_span(reg->value, reg->len), AK_SPAN_ARR(value));
    }
    return false;
}

/* ---- the claims ---- */

static void judge_claims(const struct ak_channel_ask *ask, struct ak_channel_verdict *verdict)
{
    const struct ak_channel_claims *claims = &verdict->claims;
    if (!is_measured(&verdict->evidence, claims->measurement)) fail(verdict, AK_CHANNEL_CHECK_MEASUREMENT);
    if (ask->config && memcmp(ask->config, claims->config, sizeof claims->config) != 0)
        fail(verdict, AK_CHANNEL_CHECK_CONFIG);
    if (ask->ledger && memcmp(ask->ledger, claims->ledger, sizeof claims->ledger) != 0)
        fail(verdict, AK_CHANNEL_CHECK_LEDGER);
}

/* ---- all of it ---- */

static enum ak_err judge(const struct ak_channel_ask *ask, const struct ak_channel_message *message,
    const struct ak_channel_tpm2 *parts, struct ak_channel_verdict *verdict)
{
    if (set_nonce(ask, message, &verdict->policy) != AK_OK) {
        fail(verdict, AK_CHANNEL_CHECK_FORMAT);
        return AK_OK;
    }
    AK_TRY(verify_part(ask, parts, AK_ATTEST_TPM, verdict));
    AK_TRY(verify_part(ask, parts, AK_ATTEST_TPM_CERTIFY, verdict));
    judge_part(verdict, parts->quote, &verdict->evidence, AK_CHANNEL_CHECK_EVIDENCE);
    judge_part(verdict, parts->counter, &verdict->counter, AK_CHANNEL_CHECK_COUNTER);
    const uint32_t unbound = UINT32_C(1) << AK_CHANNEL_CHECK_BINDING;
    verdict->bound =
        verdict->evidence.authentic && verdict->counter.authentic && (verdict->failed & unbound) == 0;
    if (verdict->bound) judge_claims(ask, verdict);
    return AK_OK;
}

enum ak_err ak_channel_verify(const struct ak_channel_ask *ask, struct ak_channel_verdict *out_verdict)
{
    struct ak_channel_message message;
    struct ak_channel_tpm2 parts;
    memset(out_verdict, 0, sizeof *out_verdict);
    out_verdict->evidence.kind = AK_ATTEST_TPM;
    out_verdict->counter.kind = AK_ATTEST_TPM_CERTIFY;
    out_verdict->policy = *ask->policy;
    if (ak_channel_message_parse(ask->message, &message) != AK_OK ||
        ak_channel_claims_parse(message.claims, &out_verdict->claims) != AK_OK ||
        ak_channel_tpm2_parse(message.report, &parts) != AK_OK) {
        memset(&out_verdict->claims, 0, sizeof out_verdict->claims);
        fail(out_verdict, AK_CHANNEL_CHECK_FORMAT);
        return AK_OK;
    }
    AK_TRY(judge(ask, &message, &parts, out_verdict));
    if (!out_verdict->bound) memset(&out_verdict->claims, 0, sizeof out_verdict->claims);
    out_verdict->accepted = out_verdict->bound && out_verdict->failed == 0;
    return AK_OK;
}
