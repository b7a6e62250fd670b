/* `agentkeys-worker init`: a new master secret, sealed; a new ledger with its first two entries; where they
 * are wanted, recovery shares for their holders. Never done silently at a start, and refused where a worker
 * is already. */
#include <stdio.h>

#include "base/codec/json.h"
#include "io/conf/boot_fail.h"
#include "io/conf/worker_conf.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/worker/init.h"
#include "programs/worker/making.h"

static void check_maker(struct ak_making *making, bool json)
{
    struct ak_worker_trust *trust = &making->trust;
    uint64_t now_s = ak_clock_wall_ms() / 1000;
    if (ak_worker_trust_check_maker(trust, &trust->wanted, &making->tee, now_s) != AK_OK)
        ak_worker_trust_fail(trust);
    ak_worker_trust_done(trust);
    if (making->tee.ops->check_maker && trust->wanted.ek_root_count == 0)
        (void)fprintf(json ? stderr : stdout,
            "the TPM is not shown to be of a maker (setting ek_roots): a host can emulate one\n");
}

static void make_secrets(struct ak_making *making)
{
    struct ak_seal_state *state = making->state;
    state->root_count = 1;
    state->roots[0].version = 1;
    state->roots[0].suite = AK_SEAL_ROOT_AK1;
    if (making->tee.ops->random(making->tee.impl, state->roots[0].secret.bytes, 32) != AK_OK)
        ak_making_fail(making, "tee_unavailable", "the TEE gives no random bytes");
    ak_random_bytes(state->worker_id, 16);
    ak_random_bytes(state->log_id, 16);
}

static void put_hex(struct ak_json_writer *w, const char *name, struct ak_span bytes)
{
    ak_json_key(w, name);
    ak_json_put_hex(w, "", bytes);
}

static void print_json(const struct ak_making *making, const struct ak_worker_shares *shares)
{
    static uint8_t memory[8 * 1024];
    uint8_t pub[32];
    struct ak_buf out = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&out);
    ak_engine_ledger_pub(making->engine, pub);
    ak_json_open_object(&w);
    ak_json_key(&w, "data_dir");
    ak_json_put_string(&w, ak_span_str(ak_conf_text(making->conf, AK_WORKER_DATA_DIR)));
    ak_json_key(&w, "development_signer");
    ak_json_put_bool(&w, making->dev);
    put_hex(&w, "worker_id", AK_SPAN_ARR(making->state->worker_id));
    put_hex(&w, "ledger_key", AK_SPAN_ARR(pub));
    put_hex(&w, "trust_config", AK_SPAN_ARR(making->sealed.config));
    ak_json_key(&w, "operators");
    ak_json_put_u64(&w, making->trust.wanted.operator_count);
    if (shares->scheme) {
        ak_json_key(&w, "shares_in");
        ak_json_put_string(&w, ak_span_str(shares->made_in));
    }
    ak_json_close_object(&w);
    if (ak_buf_check(&out) == AK_OK) printf("%.*s\n", (int)out.len, (const char *)memory);
}

static void print_result(const struct ak_making *making, const struct ak_worker_shares *shares)
{
    ak_making_print(making, "worker made in");
    if (shares->scheme)
        printf("shares:        %s, in %s: give each to its holder, and keep none\n", shares->scheme,
            shares->made_in);
    if (making->trust.wanted.operator_count == 0)
        printf("no operator is named (setting operators): the trust configuration can never be changed\n");
}

/* For people; JSON on standard output stays alone there. */
static void warn(const struct ak_making *making, bool json)
{
    const char *text = making->tee.ops->warning ? making->tee.ops->warning() : NULL;
    if (text && json) (void)fprintf(stderr, "%s\n", text);
    if (text && !json) printf("\n%s\n", text);
}

/* The trust configuration is fixed here for good, unless an operator changes it. */
int ak_init_run(const struct ak_conf *conf, const struct ak_init_how *how, struct ak_worker_shares *shares)
{
    struct ak_making making = {.conf = conf,
        .dev = how->dev,
        .see = "docs/operations.md#init",
        .data_fd = -1,
        .tee_fd = -1,
        .slot_fd = -1};
    uint8_t config[32];
    ak_making_memory(&making);
    if (ak_worker_trust_read(conf, &making.trust) != AK_OK) ak_boot_fail_exit(&making.trust.why);
    ak_worker_shares_read(shares, ak_clock_wall_ms() / 1000, &making.trust.wanted);
    struct ak_sealed_trust trust = ak_worker_trust_sealed(&making.trust);
    ak_trust_hash(trust.config, config);
    ak_making_open(&making, &trust, true);
    check_maker(&making, how->json);
    make_secrets(&making);
    ak_making_begin(&making);
    if (ak_engine_create(making.engine, config, ak_clock_wall_ms()) != AK_OK)
        ak_making_fail(&making, "ledger", "the ledger cannot be made");
    ak_worker_shares_write(shares, making.state, trust.config);
    ak_making_end(&making);
    if (how->json)
        print_json(&making, shares);
    else
        print_result(&making, shares);
    if (how->warn) warn(&making, how->json);
    ak_making_done(&making);
    return 0;
}
