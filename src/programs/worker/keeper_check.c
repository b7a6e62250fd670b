/* Whether ledger and store agree: at the start, after anything of the vault failed, and every `vault.check`,
 * all that the ledger names is looked for. The epoch store is read, and names are listed, by the vault's
 * helper between its pieces; keys are compared by the loop, some a turn; blobs are read by a thread of their
 * own. Each rests four times as long as it works. What it finds is shown (/readyz, metrics, credential-list)
 * and logged; it changes nothing, and nobody is refused for it. */
#include <stdlib.h>

#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

enum {
    PAUSE_MS = 1000,  /* at least, between a check and one after a failure or a finding */
    PAUSE_TIMES = 10, /* and so many times what the check took */
    REST_TIMES = 4,
    REST_MAX_MS = 1000,
    KEYS = 1024, /* compared in a turn */
    KEYS_REST_MS = 10,
    ORPHAN_MS = 3600 * 1000,
};

static bool differs(const struct ak_vault_tally *tally)
{
    return tally->missing || tally->altered || tally->unreadable || tally->keys;
}

/* Of the check that runs what it found, else what the newest one did. */
static const struct ak_vault_tally *shown(const struct ak_vault_checking *checking)
{
    return differs(&checking->now) ? &checking->now : &checking->last;
}

void ak_keeper_check_status(const struct ak_keeper *keeper, struct ak_frame_status *status)
{
    const struct ak_vault_checking *checking = &keeper->checking;
    const struct ak_vault_tally *tally = shown(checking);
    if (checking->passes == 0 || checking->suspect || checking->after_fault)
        status->bits |= AK_STATUS_VAULT_CHECKING;
    if (differs(tally)) status->bits |= AK_STATUS_VAULT_DIFFERS;
    bool runs = checking->phase != AK_CHECK_RESTS;
    status->figures[AK_FIGURE_VAULT_CHECKED] = runs ? checking->now.checked : checking->last.checked;
    status->figures[AK_FIGURE_VAULT_MISSING] = tally->missing;
    status->figures[AK_FIGURE_VAULT_ALTERED] = tally->altered;
    status->figures[AK_FIGURE_VAULT_UNREADABLE] = tally->unreadable;
    status->figures[AK_FIGURE_VAULT_KEYS_MISSING] = tally->keys;
    status->figures[AK_FIGURE_VAULT_ORPHANS] = checking->last.orphans;
    status->figures[AK_FIGURE_VAULT_CHECKS] = checking->passes;
}

void ak_keeper_check_suspect(struct ak_keeper *keeper)
{
    keeper->checking.suspect = true;
}

/* ---- one check: store, keys, blobs, names ---- */

static bool is_due(const struct ak_keeper *keeper, uint64_t now_ms)
{
    const struct ak_vault_checking *checking = &keeper->checking;
    uint64_t since = now_ms - checking->ended_ms, pause = PAUSE_TIMES * checking->took_ms;
    if (checking->passes == 0) return true;
    if (checking->suspect || differs(&checking->last)) return since >= (pause > PAUSE_MS ? pause : PAUSE_MS);
    return since >= ak_conf_ms(&keeper->conf, AK_WORKER_VAULT_CHECK);
}

/* Has the vault's helper do a piece, when its turn comes. */
static void queue(struct ak_keeper *keeper, enum ak_vault_check_what what, enum ak_check_phase phase)
{
    static const struct ak_vault_work none = {.kind = AK_VAULT_NONE};
    struct ak_vault_checking *checking = &keeper->checking;
    struct ak_vault_call *call = ak_keeper_vault_call(keeper, NULL, &none);
    if (!call) { /* no memory: later */
        checking->rest_until_ms = ak_clock_mono_ms() + REST_MAX_MS;
        return;
    }
    checking->given_us = ak_clock_mono_ns() / 1000;
    checking->phase = phase;
    checking->piece->what = what;
    call->check = checking->piece;
    ak_keeper_vault_queue(keeper, call);
}

static void begin(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    checking->now = (struct ak_vault_tally){0};
    checking->after_fault = checking->after_fault || checking->suspect;
    checking->suspect = false;
    checking->begun_ms = now_ms;
    checking->cursor = 0;
    checking->key_cursor = 0;
    queue(keeper, AK_VAULT_CHECK_STORE, AK_CHECK_STORE);
}

static void take_store(struct ak_keeper *keeper)
{
    struct ak_vault_checking *checking = &keeper->checking;
    if (checking->piece->result) {
        ak_log(AK_LOG_ERROR, "epoch_store_differs", ak_log_err(checking->piece->result));
        checking->now.keys = keeper->vaulting.vault.epochs.table.count;
    }
    checking->phase = AK_CHECK_KEYS;
}

static void compare_keys(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    const struct ak_epoch_table *table = &keeper->vaulting.vault.epochs.table;
    struct ak_epoch_key key;
    bool more = true;
    for (int i = 0; i < KEYS && more; i++) {
        more = ak_engine_vault_next_dek(keeper->engine, &checking->key_cursor, &key);
        if (more && !ak_epoch_find(table, &key)) checking->now.keys++;
    }
    checking->rest_until_ms = now_ms + KEYS_REST_MS;
    if (!more) checking->phase = AK_CHECK_BLOBS;
}

/* The next ones that the ledger names; none: all were looked at. */
static bool give_blobs(struct ak_keeper *keeper)
{
    struct ak_vault_checking *checking = &keeper->checking;
    struct ak_vault_check *piece = checking->piece;
    piece->what = AK_VAULT_CHECK_BLOB_FILES;
    piece->count = 0;
    while (piece->count < AK_VAULT_CHECK_BLOBS) {
        struct ak_vault_check_blob *item = &piece->items[piece->count];
        if (!ak_engine_vault_next_blob(keeper->engine, &checking->cursor, &item->place, item->hash)) break;
        piece->count++;
    }
    return piece->count > 0;
}

static void take_blobs(struct ak_keeper *keeper)
{
    struct ak_vault_tally *tally = &keeper->checking.now;
    const struct ak_vault_check *piece = keeper->checking.piece;
    for (size_t i = 0; i < piece->count; i++) {
        const struct ak_vault_check_blob *item = &piece->items[i];
        tally->checked++;
        if (!ak_engine_vault_found(keeper->engine, &item->place, item->found)) continue;
        tally->missing += item->found == AK_VAULT_MISSING;
        tally->altered += item->found == AK_VAULT_TAMPERED;
        tally->unreadable += item->found == AK_VAULT_UNAVAILABLE;
    }
}

/* Old enough that no write can still be about to name it; what was superseded of late is counted, too, until
 * it is removed. */
static bool is_orphan(const struct ak_keeper *keeper, const struct ak_blob_name *name, uint64_t wall_ms)
{
    uint64_t made_ms = 0;
    if (ak_blob_id_ms(name->blob_id, &made_ms) == AK_OK && made_ms + ORPHAN_MS >= wall_ms) return false;
    return !ak_engine_vault_has_blob(keeper->engine, name);
}

static void end(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    const struct ak_vault_tally *tally = &checking->now;
    bool news = checking->passes == 0 || memcmp(&checking->last, tally, sizeof *tally) != 0;
    ak_engine_vault_checked(keeper->engine);
    checking->last = checking->now;
    checking->phase = AK_CHECK_RESTS;
    checking->after_fault = false;
    checking->passes++;
    checking->ended_ms = now_ms;
    checking->took_ms = now_ms - checking->begun_ms;
    if (news)
        ak_log(differs(tally) ? AK_LOG_ERROR : AK_LOG_INFO, "vault_checked",
            ak_log_u64("blobs", tally->checked), ak_log_u64("missing", tally->missing),
            ak_log_u64("altered", tally->altered), ak_log_u64("unreadable", tally->unreadable),
            ak_log_u64("keys_missing", tally->keys), ak_log_u64("orphans", tally->orphans));
    ak_keeper_send_status(keeper);
}

static void take_names(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    const struct ak_vault_check *piece = checking->piece;
    uint64_t wall_ms = ak_clock_wall_ms();
    for (size_t i = 0; i < piece->count; i++)
        checking->now.orphans += is_orphan(keeper, &piece->names[i], wall_ms);
    checking->phase = AK_CHECK_NAMES;
    if (piece->result == AK_OK) return; /* there are more */
    if (piece->result != AK_E_NOT_FOUND) {
        ak_log(AK_LOG_WARN, "blobs_not_listed", ak_log_err(piece->result));
        checking->now.unreadable++; /* the folder itself */
    }
    end(keeper, now_ms);
}

static void rest(struct ak_vault_checking *checking, uint64_t now_ms)
{
    uint64_t rest_ms = 1 + REST_TIMES * (ak_clock_mono_ns() / 1000 - checking->given_us) / 1000;
    checking->rest_until_ms = now_ms + (rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
}

void ak_keeper_check_called(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    uint64_t now_ms = ak_clock_mono_ms();
    free(call);
    rest(&keeper->checking, now_ms);
    if (keeper->checking.phase == AK_CHECK_STORE)
        take_store(keeper);
    else
        take_names(keeper, now_ms);
}

static void give(struct ak_keeper *keeper)
{
    struct ak_vault_checking *checking = &keeper->checking;
    checking->given_us = ak_clock_mono_ns() / 1000;
    if (checking->phase == AK_CHECK_BLOBS && give_blobs(keeper))
        ak_helper_give(&checking->helper);
    else
        queue(keeper, AK_VAULT_CHECK_LIST, AK_CHECK_LISTING);
}

void ak_keeper_check_turn(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    if (keeper->fatal) return;
    if (ak_helper_done(&checking->helper)) {
        rest(checking, now_ms);
        take_blobs(keeper);
    }
    if (keeper->damaged || !ak_helper_idle(&checking->helper)) return;
    if (checking->phase == AK_CHECK_RESTS && is_due(keeper, now_ms)) begin(keeper, now_ms);
    if (checking->phase < AK_CHECK_KEYS || now_ms < checking->rest_until_ms) return;
    if (checking->phase == AK_CHECK_KEYS)
        compare_keys(keeper, now_ms);
    else
        give(keeper);
}

/* While a piece is worked nothing is due before its end, which wakes the loop. */
int ak_keeper_check_sleep_ms(struct ak_keeper *keeper, uint64_t now_ms, int most_ms)
{
    struct ak_vault_checking *checking = &keeper->checking;
    if (checking->phase < AK_CHECK_KEYS || keeper->damaged || !ak_helper_idle(&checking->helper))
        return most_ms;
    if (now_ms >= checking->rest_until_ms) return 0;
    uint64_t left = checking->rest_until_ms - now_ms;
    return left < (uint64_t)most_ms ? (int)left : most_ms;
}

/* ---- start and stop ---- */

static void work(void *ctx)
{
    ak_vault_check_run(ctx);
}

enum ak_err ak_keeper_check_start(struct ak_keeper *keeper)
{
    struct ak_vault_checking *checking = &keeper->checking;
    checking->piece = calloc(1, sizeof *checking->piece);
    if (!checking->piece) return AK_E_FULL;
    checking->piece->vault = &keeper->vaulting.vault;
    return ak_helper_start(&checking->helper, work, checking->piece, keeper->event_fd);
}

void ak_keeper_check_stop(struct ak_keeper *keeper)
{
    ak_helper_stop(&keeper->checking.helper);
}

void ak_keeper_check_free(struct ak_keeper *keeper)
{
    struct ak_vault_checking *checking = &keeper->checking;
    if (checking->piece) ak_vault_check_end(checking->piece);
    free(checking->piece);
    checking->piece = NULL;
}
