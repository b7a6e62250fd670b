/* Making and ending an engine: its memory, its service keys, its tables. */
#include "core/engine/internal.h"

#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "base/crypto/x25519.h"
#include "core/keys/service.h"

static enum ak_err alloc(struct ak_arena *arena, size_t len, void *out_ptr)
{
    void *memory = ak_arena_alloc(arena, len);
    memcpy(out_ptr, &memory, sizeof memory);
    return memory ? AK_OK : AK_E_FULL;
}

static enum ak_err make_tables(struct ak_engine *engine)
{
    struct ak_arena *arena = engine->arena;
    struct ak_replay_place *places = NULL;
    struct ak_token_cache_slot *cache = NULL;
    struct ak_pair_slot *pairs = NULL;
    uint8_t seed[16];
    AK_TRY(alloc(arena, 2 * AK_REPLAY_PLACES * sizeof *places, &places));
    AK_TRY(alloc(arena, AK_ENGINE_CACHE * sizeof *cache, &cache));
    AK_TRY(alloc(arena, AK_LIMIT_PAIR_PENDING * sizeof *pairs, &pairs));
    AK_TRY(alloc(arena, AK_LIMIT_PAIR_PENDING * sizeof *engine->pair_facts, &engine->pair_facts));
    AK_TRY(alloc(arena, sizeof *engine->denials, &engine->denials));
    AK_TRY(alloc(arena, AK_ENGINE_CONNS * sizeof *engine->conns, &engine->conns));
    AK_TRY(alloc(arena, AK_ENGINE_INVITES * sizeof *engine->invites, &engine->invites));
    AK_TRY(alloc(arena, sizeof *engine->vault, &engine->vault));
    engine->hooks.random(engine->hooks.ctx, seed, sizeof seed);
    AK_TRY(ak_replay_init(&engine->replay, places, AK_REPLAY_PLACES, seed, 0));
    AK_TRY(alloc(arena, 2 * AK_ENGINE_SIGN_INS * sizeof *places, &places));
    AK_TRY(ak_replay_init(&engine->challenges, places, AK_ENGINE_SIGN_INS, seed, 0));
    AK_TRY(alloc(arena, 2 * AK_ENGINE_SIGN_INS * sizeof *places, &places));
    AK_TRY(ak_replay_init(&engine->answers, places, AK_ENGINE_SIGN_INS, seed, 0));
    engine->hooks.random(engine->hooks.ctx, &engine->challenge_key, sizeof engine->challenge_key);
    AK_TRY(ak_token_cache_init(&engine->cache, cache, AK_ENGINE_CACHE));
    ak_pair_table_init(&engine->pairs, pairs, AK_LIMIT_PAIR_PENDING);
    ak_denial_init(engine->denials);
    return AK_OK;
}

static void put_purpose(struct ak_buf *purpose, const char *name, struct ak_span id)
{
    ak_buf_put_str(purpose, name);
    ak_hex_encode(purpose, id);
}

static enum ak_err open_p256(const struct ak_root *root, struct ak_span purpose,
    struct ak_p256_signer *out_signer, struct ak_p256_pub *out_pub)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(ak_service_p256(root, purpose, &scalar));
    AK_TRY(ak_p256_pub_from_scalar(&scalar, out_pub));
    return ak_p256_signer_open(out_signer, &scalar);
}

static enum ak_err open_ledger_keys(struct ak_engine *engine)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 mac = {{0}};
    uint8_t text[AK_PURPOSE_MAX];
    struct ak_buf purpose = AK_BUF_ARR(text);
    put_purpose(&purpose, AK_PURPOSE_LEDGER_MAC, AK_SPAN_ARR(engine->conf.log_id));
    AK_TRY(ak_service_secret32(engine->service_root, ak_buf_span(&purpose), &mac));
    AK_TRY(ak_hmac_key_open(&engine->mac_key, AK_SPAN_ARR(mac.bytes)));
    purpose = AK_BUF_ARR(text);
    put_purpose(&purpose, AK_PURPOSE_LEDGER, AK_SPAN_ARR(engine->conf.log_id));
    AK_TRY(ak_service_secret32(engine->service_root, ak_buf_span(&purpose), &engine->ledger_seed));
    return ak_ed25519_pub(&engine->ledger_seed, engine->ledger_pub);
}

static enum ak_err make_delivery_key(struct ak_engine *engine)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(ak_service_secret32(engine->service_root, ak_span_str(AK_PURPOSE_DELIVERY), &scalar));
    return ak_x25519_pub(&scalar, engine->delivery_pub);
}

static enum ak_err open_keys(struct ak_engine *engine)
{
    struct ak_p256_pub pub;
    uint8_t text[AK_PURPOSE_MAX];
    struct ak_buf purpose = AK_BUF_ARR(text);
    AK_TRY(open_p256(engine->service_root, ak_span_str(AK_PURPOSE_SESSION), &engine->session_signer, &pub));
    AK_TRY(ak_token_key_init(&engine->session_key, AK_TOKEN_SESSION, &pub));
    AK_TRY(open_p256(engine->service_root, ak_span_str(AK_PURPOSE_AGENT_TOKEN), &engine->agent_signer, &pub));
    AK_TRY(ak_token_key_init(&engine->agent_key, AK_TOKEN_AGENT, &pub));
    put_purpose(&purpose, AK_PURPOSE_WORKER_TLS, AK_SPAN_ARR(engine->conf.worker_id));
    AK_TRY(open_p256(engine->service_root, ak_buf_span(&purpose), &engine->tls_signer, &engine->tls_pub));
    AK_TRY(make_delivery_key(engine));
    return open_ledger_keys(engine);
}

static enum ak_err make_batches(struct ak_engine *engine)
{
    for (size_t i = 0; i < AK_COUNT(engine->memory); i++) {
        AK_TRY(alloc(engine->arena, AK_ENGINE_BATCH_BYTES, &engine->memory[i].entries));
        AK_TRY(alloc(engine->arena, (size_t)AK_SEGMENT_ENTRIES_MAX * 32, &engine->memory[i].leaves));
    }
    return AK_OK;
}

static enum ak_err set_up(struct ak_engine *engine)
{
    uint64_t seed[2];
    engine->hooks.random(engine->hooks.ctx, seed, sizeof seed);
    AK_TRY(ak_state_init(&engine->state, engine->arena, seed));
    AK_TRY(make_tables(engine));
    AK_TRY(make_batches(engine));
    ak_ledger_log_init(&engine->log, engine->conf.log_id);
    return open_keys(engine);
}

enum ak_err ak_engine_new(struct ak_engine **out_engine, struct ak_arena *arena,
    const struct ak_engine_conf *conf, struct ak_engine_hooks hooks, const struct ak_root *root,
    const struct ak_root *service_root)
{
    struct ak_engine *engine = NULL;
    *out_engine = NULL;
    AK_TRY(alloc(arena, sizeof *engine, &engine));
    engine->conf = *conf;
    engine->hooks = hooks;
    engine->arena = arena;
    engine->root = root;
    engine->service_root = service_root;
    engine->issuer = (struct ak_token_issuer){conf->issuer, conf->issuer};
    enum ak_err err = set_up(engine);
    if (err) {
        ak_engine_free(engine);
        return err;
    }
    *out_engine = engine;
    return AK_OK;
}

void ak_engine_free(struct ak_engine *engine)
{
    if (!engine) return;
    ak_hmac_key_close(&engine->mac_key);
    ak_p256_signer_close(&engine->session_signer);
    ak_p256_signer_close(&engine->agent_signer);
    ak_p256_signer_close(&engine->tls_signer);
    ak_secret32_done(&engine->ledger_seed);
    ak_secret32_done(&engine->challenge_key);
    ak_nonce_done(&engine->nonce);
    ak_wipe(engine->token_memory, sizeof engine->token_memory);
}

struct ak_p256_signer *ak_engine_tls_signer(struct ak_engine *engine, struct ak_p256_pub *out_pub)
{
    *out_pub = engine->tls_pub;
    return &engine->tls_signer;
}

const struct ak_state *ak_engine_state(const struct ak_engine *engine)
{
    return &engine->state;
}

const struct ak_ledger_log *ak_engine_log(const struct ak_engine *engine)
{
    return &engine->log;
}

void ak_engine_ledger_pub(const struct ak_engine *engine, uint8_t out_pub[32])
{
    memcpy(out_pub, engine->ledger_pub, 32);
}

void ak_engine_delivery_pub(const struct ak_engine *engine, uint8_t out_pub[32])
{
    memcpy(out_pub, engine->delivery_pub, 32);
}

struct ak_span ak_engine_note(const struct ak_engine *engine)
{
    return ak_span(engine->note, engine->note_len);
}
