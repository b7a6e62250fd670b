#include "io/tee/sealed_file.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/crypto/sha256.h"

static const struct {
    const char *code, *reason;
} results[] = {
    [AK_SEALED_OK] = {"ok", ""},
    [AK_SEALED_DATA_DIR_BUSY] = {"data_dir_busy", "another worker runs on this folder"},
    [AK_SEALED_NO_STATE] = {"no_sealed_state", "nothing was initialised here: run agentkeys-worker init"},
    [AK_SEALED_EXISTS] = {"sealed_state_exists", "this folder is initialised already"},
    [AK_SEALED_STALE] = {"stale_state",
        "the sealed state is older than the counter: an old copy of the disk"},
    [AK_SEALED_AHEAD] = {"counter_behind", "the counter is older than the sealed state: it was turned back"},
    [AK_SEALED_FOREIGN_COUNTER] = {"foreign_counter", "the sealed state belongs to another counter"},
    [AK_SEALED_FOREIGN_BACKEND] = {"foreign_backend", "the sealed state was made by another backend"},
    [AK_SEALED_DAMAGED] = {"sealed_state_damaged", "the sealed state does not authenticate"},
    [AK_SEALED_CONFIG] = {"trust_config", "settings that decide trust are not those that were fixed"},
    [AK_SEALED_MEASUREMENT] = {"other_measurement", "the sealed state was made by another image"},
    [AK_SEALED_NO_TEE] = {"tee_unavailable", "the backend's key or counter is missing or damaged"},
    [AK_SEALED_PCR] = {"pcr_changed", "the machine is not in the state that was sealed to"},
    [AK_SEALED_IO] = {"data_dir_io", "the data folder cannot be read or written"},
};

const char *ak_sealed_result_code(enum ak_sealed_result result)
{
    ak_assert(result < AK_COUNT(results));
    return results[result].code;
}

const char *ak_sealed_result_reason(enum ak_sealed_result result, const struct ak_tee_ops *ops)
{
    ak_assert(result < AK_COUNT(results));
    bool of_the_tee =
        result == AK_SEALED_NO_TEE || result == AK_SEALED_PCR || result == AK_SEALED_FOREIGN_COUNTER;
    const char *why = of_the_tee && ops && ops->why ? ops->why() : "";
    if (why[0]) return why;
    return results[result].reason;
}

enum ak_sealed_result ak_sealed_result_of_tee(enum ak_err err)
{
    if (err == AK_OK) return AK_SEALED_OK;
    if (err == AK_E_CONFLICT) return AK_SEALED_FOREIGN_COUNTER;
    return err == AK_E_NOT_FOUND ? AK_SEALED_NO_STATE : AK_SEALED_NO_TEE;
}

enum ak_sealed_result ak_sealed_file_open(struct ak_sealed_file *file, int dir_fd,
    const struct ak_file_ops *ops, struct ak_tee *tee, const struct ak_sealed_trust *trust)
{
    *file = (struct ak_sealed_file){.dir_fd = dir_fd, .lock_fd = -1, .tee = tee};
    if (trust) file->trust = *trust;
    file->ops = ops ? *ops : ak_file_ops_system();
    if (ops) return AK_SEALED_OK;
    enum ak_err err = ak_durable_lock(dir_fd, &file->lock_fd);
    if (err == AK_E_CONFLICT) return AK_SEALED_DATA_DIR_BUSY;
    file->locked = err == AK_OK;
    return err ? AK_SEALED_IO : AK_SEALED_OK;
}

void ak_sealed_file_close(struct ak_sealed_file *file)
{
    if (file->locked) (void)close(file->lock_fd);
    *file = (struct ak_sealed_file){.lock_fd = -1};
}

/* The header of a state for number n on this TEE, with a fresh key. */
static enum ak_err make_header(struct ak_sealed_file *file, const struct ak_seal_state *state,
    struct ak_secret32 *out_kek, struct ak_buf *kek_blob, struct ak_seal_header *out_header)
{
    const struct ak_tee_ops *ops = file->tee->ops;
    void *impl = file->tee->impl;
    uint64_t value = 0, n = state->n;
    *out_header = (struct ak_seal_header){.suite = AK_SEAL_SUITE_AES256GCM, .backend = ops->backend, .n = n};
    ak_sha256(ak_span(state->trust, state->trust_len), out_header->config);
    AK_TRY(ops->counter_read(impl, out_header->counter_id, &value));
    if (value != n - 1) return AK_E_CONFLICT; /* a live clone, or a disk changed under us */
    enum ak_err err = ops->measurement(impl, out_header->measurement);
    if (err && err != AK_E_UNSUPPORTED) return err;
    if (ops->policy) ops->policy(impl, n, out_header->policy);
    AK_TRY(ops->random(impl, out_header->nonce, sizeof out_header->nonce));
    AK_TRY(ops->random(impl, out_kek->bytes, sizeof out_kek->bytes));
    err = ops->seal(impl, out_kek, n, kek_blob);
    ak_wipe_stack(); /* a TPM's library handles it in clear on its way to the session */
    AK_TRY(err);
    out_header->kek_blob = ak_buf_span(kek_blob);
    return AK_OK;
}

/* seal n durably, then counter from n-1 to n */
static enum ak_err write_step(struct ak_sealed_file *file, const struct ak_seal_state *state)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 kek = {{0}};
    uint8_t blob[AK_SEAL_KEK_BLOB_MAX], bytes[AK_SEAL_FILE_MAX];
    struct ak_buf blob_buf = AK_BUF_ARR(blob), buf = AK_BUF_ARR(bytes);
    struct ak_seal_header header;
    AK_TRY(make_header(file, state, &kek, &blob_buf, &header));
    AK_TRY(ak_seal_encode(&header, &kek, state, &buf));
    AK_TRY(ak_durable_write(&file->ops, file->dir_fd, AK_SEALED_NAME, ak_buf_span(&buf)));
    memcpy(file->config, header.config, sizeof file->config);
    return file->tee->ops->counter_advance(file->tee->impl, state->n - 1);
}

enum ak_err ak_sealed_file_write(struct ak_sealed_file *file, struct ak_seal_state *state)
{
    if (!file->usable) return AK_E_STATE;
    state->n = file->n + 1;
    AK_TRY(ak_seal_validate(state));
    if (state->trust_len == 0) return AK_E_MEANING;
    file->usable = false;
    AK_TRY(write_step(file, state));
    file->n = state->n;
    file->usable = true;
    return AK_OK;
}

static bool take_trust(const struct ak_sealed_file *file, struct ak_seal_state *state)
{
    struct ak_span config = file->trust.config;
    if (config.len == 0 || config.len > sizeof state->trust) return false;
    memcpy(state->trust, config.ptr, config.len);
    state->trust_len = config.len;
    return true;
}

enum ak_sealed_result ak_sealed_file_create(struct ak_sealed_file *file, struct ak_seal_state *state)
{
    uint8_t bytes[AK_SEAL_FILE_MAX], id[AK_TEE_COUNTER_ID_LEN];
    size_t len = 0;
    enum ak_err err = ak_durable_read(&file->ops, file->dir_fd, AK_SEALED_NAME, bytes, sizeof bytes, &len);
    if (err == AK_E_IO) return AK_SEALED_IO;
    if (err != AK_E_NOT_FOUND) return AK_SEALED_EXISTS;
    if (file->tee->ops->counter_read(file->tee->impl, id, &file->n)) return AK_SEALED_NO_TEE;
    if (!take_trust(file, state)) return AK_SEALED_CONFIG;
    file->usable = true;
    return ak_sealed_file_write(file, state) ? AK_SEALED_IO : AK_SEALED_OK;
}

/* What the header alone rules out. Nothing here is authenticated yet, so it can only refuse. */
static enum ak_sealed_result check_header(const struct ak_sealed_file *file,
    const struct ak_seal_header *header, const uint8_t counter_id[16], uint64_t counter)
{
    if (header->backend != file->tee->ops->backend) return AK_SEALED_FOREIGN_BACKEND;
    if (memcmp(header->counter_id, counter_id, AK_TEE_COUNTER_ID_LEN) != 0) return AK_SEALED_FOREIGN_COUNTER;
    if (header->n < counter) return AK_SEALED_STALE;
    if (header->n - counter > 1) return AK_SEALED_AHEAD;
    return AK_SEALED_OK;
}

/* The trust configuration against the settings. A state of format 1 names a hash of some of them only; it
 * takes the whole of them now. */
static enum ak_sealed_result check_config(
    const struct ak_sealed_file *file, const struct ak_seal_header *header, struct ak_seal_state *state)
{
    const struct ak_sealed_trust *trust = &file->trust;
    if (header->format == AK_SEAL_FORMAT_OLD) {
        if (memcmp(header->config, trust->legacy, sizeof header->config) != 0) return AK_SEALED_CONFIG;
        return take_trust(file, state) ? AK_SEALED_OK : AK_SEALED_CONFIG;
    }
    bool fits = !trust->fits || trust->fits(trust->ctx, ak_span(state->trust, state->trust_len));
    return fits ? AK_SEALED_OK : AK_SEALED_CONFIG;
}

/* What the authenticated state must say besides. */
static enum ak_sealed_result check_trust(
    const struct ak_sealed_file *file, const struct ak_seal_header *header, struct ak_seal_state *state)
{
    uint8_t measurement[32];
    enum ak_sealed_result result = check_config(file, header, state);
    if (result != AK_SEALED_OK) return result;
    enum ak_err err = file->tee->ops->measurement(file->tee->impl, measurement);
    if (err && err != AK_E_UNSUPPORTED) return AK_SEALED_NO_TEE;
    if (memcmp(header->measurement, measurement, sizeof measurement) != 0) return AK_SEALED_MEASUREMENT;
    return AK_SEALED_OK;
}

static enum ak_sealed_result result_of_unseal(enum ak_err err)
{
    if (err == AK_E_STATE) return AK_SEALED_PCR;
    if (err == AK_E_CONFLICT) return AK_SEALED_STALE;
    if (err == AK_E_IO) return AK_SEALED_NO_TEE;
    return err ? AK_SEALED_DAMAGED : AK_SEALED_OK;
}

static enum ak_sealed_result open_bytes(const struct ak_sealed_file *file, struct ak_span bytes,
    uint64_t *out_counter, struct ak_seal_state *out_state)
{
    const struct ak_tee_ops *ops = file->tee->ops;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 kek = {{0}};
    struct ak_seal_header header;
    uint8_t counter_id[AK_TEE_COUNTER_ID_LEN];
    if (ak_seal_parse_header(bytes, &header)) return AK_SEALED_DAMAGED; /* the TEE need not be asked */
    if (ops->counter_read(file->tee->impl, counter_id, out_counter)) return AK_SEALED_NO_TEE;
    enum ak_sealed_result result = check_header(file, &header, counter_id, *out_counter);
    if (result != AK_SEALED_OK) return result;
    result = result_of_unseal(ops->unseal(file->tee->impl, header.kek_blob, header.n, &kek));
    ak_wipe_stack();
    if (result != AK_SEALED_OK) return result;
    if (ak_seal_open(bytes, &kek, &header, out_state)) return AK_SEALED_DAMAGED;
    return check_trust(file, &header, out_state);
}

/* One write more than any interrupted step can have begun: with the file one ahead of the counter, that step
 * was n itself and is finished here; with the file level, a file n+1 may lie about somewhere, so n+1 is used
 * up first. What is written says that no clean stop has happened yet. */
static enum ak_sealed_result advance(
    struct ak_sealed_file *file, uint64_t counter, const struct ak_seal_state *state)
{
    bool level = state->n == counter;
    if (!level && file->tee->ops->counter_advance(file->tee->impl, counter)) return AK_SEALED_IO;
    file->n = state->n;
    file->usable = true;
    AK_CLEANUP(ak_seal_state_done) struct ak_seal_state running = *state;
    running.clean = false;
    running.clean_size = 0;
    if (level && ak_sealed_file_write(file, &running)) return AK_SEALED_IO;
    return ak_sealed_file_write(file, &running) ? AK_SEALED_IO : AK_SEALED_OK;
}

enum ak_sealed_result ak_sealed_file_start(struct ak_sealed_file *file, struct ak_seal_state *out_state)
{
    uint8_t bytes[AK_SEAL_FILE_MAX];
    size_t len = 0;
    uint64_t counter = 0;
    memset(out_state, 0, sizeof *out_state);
    enum ak_err err = ak_durable_read(&file->ops, file->dir_fd, AK_SEALED_NAME, bytes, sizeof bytes, &len);
    if (err == AK_E_NOT_FOUND) return AK_SEALED_NO_STATE;
    if (err) return err == AK_E_LIMIT ? AK_SEALED_DAMAGED : AK_SEALED_IO;
    enum ak_sealed_result result = open_bytes(file, ak_span(bytes, len), &counter, out_state);
    if (result == AK_SEALED_OK) result = advance(file, counter, out_state);
    if (result == AK_SEALED_OK)
        out_state->n = file->n;
    else
        ak_seal_state_done(out_state);
    return result;
}

enum ak_err ak_sealed_file_check(struct ak_sealed_file *file)
{
    uint8_t id[AK_TEE_COUNTER_ID_LEN];
    uint64_t value = 0;
    if (!file->usable) return AK_E_STATE;
    AK_TRY(file->tee->ops->counter_read(file->tee->impl, id, &value));
    return value == file->n ? AK_OK : AK_E_CONFLICT;
}
