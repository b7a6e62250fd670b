#include "unit/attest/made_channel.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"

static void must(bool good, const char *what)
{
    if (good) return;
    (void)fprintf(stderr, "made_channel: %s failed\n", what);
    abort();
}

void made_channel_fixed(struct ak_channel_claims *claims, struct ak_channel_binding *binding)
{
    *claims = (struct ak_channel_claims){.version = AK_SPAN_LIT("0.1.0"),
        .suites = {AK_SPAN_LIT("ak1")},
        .suite_count = 1,
        .checkpoint = AK_SPAN_LIT("note\n"),
        .caps = 0x2f};
    memset(claims->measurement, 0x4d, sizeof claims->measurement);
    memset(claims->config, 0xcf, sizeof claims->config);
    memset(claims->delivery_key, 0xde, sizeof claims->delivery_key);
    memset(claims->ledger, 0x1e, 32);
    memset(claims->ledger + 32, 0xbb, 16);
    memset(claims->worker_id, 0xaa, sizeof claims->worker_id);
    *binding = (struct ak_channel_binding){.role = AK_CHANNEL_WORKER_TO_CLIENT};
    memset(binding->nonce, 0x01, sizeof binding->nonce);
    memset(binding->worker, 0x02, sizeof binding->worker);
    memset(binding->client, 0x03, sizeof binding->client);
    memset(binding->exporter, 0x04, sizeof binding->exporter);
}

static void measure(struct made_channel *made)
{
    uint8_t zeros[32] = {0};
    const struct ak_span parts[] = {AK_SPAN_ARR(zeros), AK_SPAN_ARR(made->claims.measurement)};
    struct made_tpm *quote = &made->quote;
    quote->selections[0].pcrs = UINT32_C(0x81) | UINT32_C(1) << 23;
    ak_sha256_parts(parts, AK_COUNT(parts), quote->pcrs + 64);
    quote->pcrs_len = 96;
}

void made_channel_init(struct made_channel *made)
{
    memset(made, 0, sizeof *made);
    made_channel_fixed(&made->claims, &made->binding);
    made->count = 1;
    made_tpm_init(&made->quote, AK_TPM_ALG_ECDSA);
    made->counter = made->quote;
    made->counter.type = AK_TPM_ST_NV;
    measure(made);
    made_channel_make(made);
}

static void attest(struct made_tpm *tpm, const uint8_t root[64])
{
    ak_sha256(ak_span(root, 64), tpm->extra);
    tpm->extra_len = 32;
    made_tpm_make(tpm);
}

static void put_part(struct ak_buf *buf, unsigned key, const uint8_t *bytes, size_t len)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_bytes(buf, ak_span(bytes, len));
}

static void put_report(const struct made_channel *made, struct ak_buf *out)
{
    uint8_t memory[4096];
    struct ak_buf map = AK_BUF_ARR(memory);
    const struct made_tpm *quote = &made->quote, *counter = &made->counter;
    ak_cbor_put_map(&map, 7);
    ak_cbor_put_uint(&map, 0);
    ak_cbor_put_uint(&map, 1);
    put_part(&map, 1, quote->public_area, quote->public_len);
    put_part(&map, 2, quote->attest, quote->attest_len);
    put_part(&map, 3, quote->signature, quote->signature_len);
    put_part(&map, 4, quote->pcrs, quote->pcrs_len);
    put_part(&map, 5, counter->attest, counter->attest_len);
    put_part(&map, 6, counter->signature, counter->signature_len);
    ak_cbor_put_array(out, 2);
    ak_cbor_put_text(out, AK_SPAN_LIT("application/vnd.agentkeys.tpm2+cbor"));
    ak_cbor_put_bytes(out, ak_buf_span(&map));
    must(ak_buf_check(&map) == AK_OK && ak_buf_check(out) == AK_OK, "report");
}

void made_channel_make(struct made_channel *made)
{
    static uint8_t nodes[AK_CHANNEL_NODES(AK_CHANNEL_TREE_MAX)][AK_CHANNEL_RD_LEN];
    uint8_t root[AK_CHANNEL_RD_LEN], path[AK_CHANNEL_PATH_MAX * AK_CHANNEL_RD_LEN], report[4096];
    struct ak_buf claims = AK_BUF_ARR(made->claims_bytes), sides = AK_BUF_ARR(path),
                  inner = AK_BUF_ARR(report);
    struct ak_buf out = AK_BUF_ARR(made->message);
    must(ak_channel_claims_encode(&made->claims, &claims) == AK_OK, "claims");
    made->claims_len = claims.len;
    for (size_t i = 0; i < made->count; i++) memset(nodes[i], (int)(i & 0xff), sizeof nodes[i]);
    ak_channel_bind(&made->binding, ak_buf_span(&claims), nodes[made->index]);
    ak_channel_tree(nodes, made->count, root);
    ak_channel_tree_path(nodes, made->count, made->index, &sides);
    attest(&made->quote, root);
    attest(&made->counter, root);
    put_report(made, &inner);
    const struct ak_channel_message message = {.claims = ak_buf_span(&claims),
        .index = made->index,
        .count = made->count,
        .path = ak_buf_span(&sides),
        .report = ak_buf_span(&inner)};
    must(ak_channel_message_encode(&message, &out) == AK_OK, "message");
    made->message_len = out.len;
}

void made_channel_ask(
    const struct made_channel *made, struct ak_attest_policy *policy, struct ak_channel_ask *out_ask)
{
    static uint8_t text[4096];
    struct ak_attest_policy_fault fault;
    struct ak_buf json = AK_BUF_ARR(text);
    struct ak_span message = ak_span(made->message, made->message_len);
    must(ak_channel_learn(message, &json) == AK_OK, "learning");
    must(ak_attest_policy_parse(ak_buf_span(&json), policy, &fault) == AK_OK, "policy");
    *out_ask = (struct ak_channel_ask){.message = message,
        .binding = made->binding,
        .policy = policy,
        .config = made->claims.config,
        .ledger = made->claims.ledger,
        .at_s = MADE_AT_S};
}

void made_channel_done(struct made_channel *made)
{
    made_tpm_done(&made->quote); /* the counter's keys are the same */
    memset(made, 0, sizeof *made);
}
