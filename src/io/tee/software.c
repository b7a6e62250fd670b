/* The backend without hardware: key, counter and slots are files, the slots in a folder of their own. It
 * keeps the interface's order and checks, so that everything above it is exercised, and protects nothing
 * against whoever reads or copies the folder. spec: docs/formats/sealed.md, Software backend */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/crypto/gcm.h"
#include "base/crypto/hkdf.h"
#include "base/crypto/hmac.h"
#include "base/ct.h"
#include "base/reader.h"
#include "core/seal/seal.h"
#include "io/proc/random.h"
#include "io/tee/tee.h"

enum {
    COUNTER_LEN = 64,
    COUNTER_SIGNED_LEN = 32,
    SLOT_FILE_MAX = AK_GCM_NONCE_LEN + AK_TEE_SLOT_MAX + AK_GCM_TAG_LEN
};

static const uint8_t counter_magic[8] = {'A', 'K', 'C', 'O', 'U', 'N', 'T', '1'};
static const char *const slot_names[AK_TEE_SLOTS] = {"slot0", "slot1"};

struct software {
    int dir_fd, slot_dir_fd;
    struct ak_file_ops ops;
    struct ak_secret32 seal_key, counter_key, slot_key;
};

static enum ak_err software_probe(void)
{
    return AK_OK;
}

static void software_close(void *impl)
{
    struct software *self = impl;
    if (!self) return;
    ak_wipe(self, sizeof *self);
    free(self);
}

static enum ak_err derive(const struct ak_secret32 *key, struct ak_span info, struct ak_secret32 *out_key)
{
    return ak_hkdf_sha256(
        AK_SPAN_ARR(key->bytes), AK_SPAN_EMPTY, info, out_key->bytes, sizeof out_key->bytes);
}

static enum ak_err derive_keys(struct software *self, const struct ak_secret32 *key)
{
    AK_TRY(derive(key, AK_SPAN_LIT("agentkeys software tee seal v1"), &self->seal_key));
    AK_TRY(derive(key, AK_SPAN_LIT("agentkeys software tee counter v1"), &self->counter_key));
    return derive(key, AK_SPAN_LIT("agentkeys software tee slot v1"), &self->slot_key);
}

static void counter_mac(const struct software *self, const uint8_t *bytes, uint8_t out_mac[32])
{
    const struct ak_span part = ak_span(bytes, COUNTER_SIGNED_LEN);
    ak_hmac_sha256(AK_SPAN_ARR(self->counter_key.bytes), &part, 1, out_mac);
}

static enum ak_err write_counter(const struct software *self, const uint8_t id[16], uint64_t value)
{
    uint8_t bytes[COUNTER_LEN];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    ak_buf_put(&buf, AK_SPAN_ARR(counter_magic));
    ak_buf_put(&buf, ak_span(id, AK_TEE_COUNTER_ID_LEN));
    ak_buf_put_u64(&buf, value);
    ak_assert(buf.len == COUNTER_SIGNED_LEN);
    counter_mac(self, bytes, bytes + COUNTER_SIGNED_LEN);
    return ak_durable_write(&self->ops, self->dir_fd, "counter", AK_SPAN_ARR(bytes));
}

static enum ak_err software_counter_read(void *impl, uint8_t out_id[16], uint64_t *out_value)
{
    const struct software *self = impl;
    uint8_t bytes[COUNTER_LEN], mac[32];
    size_t len = 0;
    memset(out_id, 0, AK_TEE_COUNTER_ID_LEN);
    *out_value = 0;
    AK_TRY(ak_durable_read(&self->ops, self->dir_fd, "counter", bytes, sizeof bytes, &len));
    if (len != COUNTER_LEN) return AK_E_AUTH;
    counter_mac(self, bytes, mac);
    if (!ak_ct_eq(AK_SPAN_ARR(mac), ak_span(bytes + COUNTER_SIGNED_LEN, 32))) return AK_E_AUTH;
    struct ak_reader reader = ak_reader(ak_span(bytes, COUNTER_SIGNED_LEN));
    if (!ak_span_eq(ak_reader_take(&reader, sizeof counter_magic), AK_SPAN_ARR(counter_magic)))
        return AK_E_AUTH;
    ak_reader_copy(&reader, out_id, AK_TEE_COUNTER_ID_LEN);
    *out_value = ak_reader_u64(&reader);
    return AK_OK;
}

static enum ak_err software_counter_advance(void *impl, uint64_t expected)
{
    uint8_t id[AK_TEE_COUNTER_ID_LEN];
    uint64_t value = 0;
    AK_TRY(software_counter_read(impl, id, &value));
    if (value != expected || value == UINT64_MAX) return AK_E_CONFLICT;
    return write_counter(impl, id, value + 1);
}

/* The key is durable before the counter is made: a counter without a key is damage, a key without a counter
 * an interrupted init. */
static enum ak_err read_or_make_key(struct software *self, bool create, struct ak_secret32 *out_key)
{
    size_t len = 0;
    enum ak_err err =
        ak_durable_read(&self->ops, self->dir_fd, "key", out_key->bytes, sizeof out_key->bytes, &len);
    if (err == AK_OK) return len == sizeof out_key->bytes ? AK_OK : AK_E_AUTH;
    if (err == AK_E_LIMIT) return AK_E_AUTH;
    if (err != AK_E_NOT_FOUND) return err;
    uint8_t counter[COUNTER_LEN];
    if (ak_durable_read(&self->ops, self->dir_fd, "counter", counter, sizeof counter, &len) != AK_E_NOT_FOUND)
        return AK_E_AUTH;
    if (!create) return AK_E_NOT_FOUND;
    ak_random_bytes(out_key->bytes, sizeof out_key->bytes);
    return ak_durable_write(&self->ops, self->dir_fd, "key", AK_SPAN_ARR(out_key->bytes));
}

static enum ak_err open_files(struct software *self, bool create)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 key = {{0}};
    AK_TRY(read_or_make_key(self, create, &key));
    AK_TRY(derive_keys(self, &key));
    uint8_t id[AK_TEE_COUNTER_ID_LEN];
    uint64_t value = 0;
    enum ak_err err = software_counter_read(self, id, &value);
    if (err == AK_E_LIMIT) return AK_E_AUTH;
    if (err != AK_E_NOT_FOUND || !create) return err;
    ak_random_bytes(id, sizeof id);
    return write_counter(self, id, 0);
}

static enum ak_err software_open(const struct ak_tee_open *how, void **out_impl)
{
    *out_impl = NULL;
    struct software *self = calloc(1, sizeof *self);
    if (!self) return AK_E_FULL;
    self->dir_fd = how->dir_fd;
    self->slot_dir_fd = how->slot_dir_fd;
    self->ops = how->ops ? *how->ops : ak_file_ops_system();
    enum ak_err err = open_files(self, how->create);
    if (err) {
        software_close(self);
        return err;
    }
    *out_impl = self;
    return AK_OK;
}

static uint32_t software_caps(void *impl)
{
    (void)impl;
    return AK_TEE_INSECURE_DEV;
}

static enum ak_err software_measurement(void *impl, uint8_t out_measurement[32])
{
    (void)impl;
    memset(out_measurement, 0, 32);
    return AK_E_UNSUPPORTED;
}

static enum ak_err software_report(void *impl, const uint8_t report_data[64], struct ak_buf *out_evidence)
{
    (void)impl;
    (void)report_data;
    (void)out_evidence;
    return AK_E_UNSUPPORTED;
}

/* nonce, ciphertext, tag */
static enum ak_err seal_bytes(
    const struct ak_secret32 *key, struct ak_span aad, struct ak_span plain, struct ak_buf *out_sealed)
{
    uint8_t *at = ak_buf_grow(out_sealed, AK_GCM_NONCE_LEN + plain.len + AK_GCM_TAG_LEN);
    if (!at) return AK_E_FULL;
    ak_random_bytes(at, AK_GCM_NONCE_LEN);
    return ak_gcm_seal(key, at, aad, plain, at + AK_GCM_NONCE_LEN);
}

static void number_bytes(uint64_t n, uint8_t out[8])
{
    struct ak_buf buf = ak_buf(out, 8);
    ak_buf_put_u64(&buf, n);
}

static enum ak_err software_seal(
    void *impl, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob)
{
    const struct software *self = impl;
    uint8_t aad[8];
    number_bytes(n, aad);
    return seal_bytes(&self->seal_key, AK_SPAN_ARR(aad), AK_SPAN_ARR(kek->bytes), out_blob);
}

static enum ak_err software_unseal(void *impl, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek)
{
    const struct software *self = impl;
    uint8_t aad[8];
    number_bytes(n, aad);
    memset(out_kek, 0, sizeof *out_kek);
    if (blob.len != AK_GCM_NONCE_LEN + sizeof out_kek->bytes + AK_GCM_TAG_LEN) return AK_E_AUTH;
    struct ak_span sealed = ak_span(blob.ptr + AK_GCM_NONCE_LEN, blob.len - AK_GCM_NONCE_LEN);
    return ak_gcm_open(&self->seal_key, blob.ptr, AK_SPAN_ARR(aad), sealed, out_kek->bytes);
}

/* A slot's content is bound to its number. */
static struct ak_span slot_aad(unsigned slot)
{
    static const uint8_t texts[AK_TEE_SLOTS][5] = {{'s', 'l', 'o', 't', 0}, {'s', 'l', 'o', 't', 1}};
    return AK_SPAN_ARR(texts[slot]);
}

static enum ak_err software_slot_write(void *impl, unsigned slot, struct ak_span bytes)
{
    const struct software *self = impl;
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    if (bytes.len > AK_TEE_SLOT_MAX) return AK_E_LIMIT;
    uint8_t file[SLOT_FILE_MAX];
    struct ak_buf buf = AK_BUF_ARR(file);
    AK_TRY(seal_bytes(&self->slot_key, slot_aad(slot), bytes, &buf));
    return ak_durable_write(&self->ops, self->slot_dir_fd, slot_names[slot], ak_buf_span(&buf));
}

static enum ak_err software_slot_read(void *impl, unsigned slot, struct ak_buf *out_bytes)
{
    const struct software *self = impl;
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    uint8_t file[SLOT_FILE_MAX];
    size_t len = 0;
    enum ak_err err =
        ak_durable_read(&self->ops, self->slot_dir_fd, slot_names[slot], file, sizeof file, &len);
    if (err) return err == AK_E_LIMIT ? AK_E_AUTH : err;
    if (len < AK_GCM_NONCE_LEN + AK_GCM_TAG_LEN) return AK_E_AUTH;
    size_t before = out_bytes->len;
    uint8_t *plain = ak_buf_grow(out_bytes, len - AK_GCM_NONCE_LEN - AK_GCM_TAG_LEN);
    if (!plain) return AK_E_FULL;
    struct ak_span sealed = ak_span(file + AK_GCM_NONCE_LEN, len - AK_GCM_NONCE_LEN);
    err = ak_gcm_open(&self->slot_key, file, slot_aad(slot), sealed, plain);
    if (err) out_bytes->len = before;
    return err;
}

static enum ak_err software_slot_erase(void *impl, unsigned slot)
{
    const struct software *self = impl;
    if (slot >= AK_TEE_SLOTS) return AK_E_ARG;
    return ak_durable_erase(&self->ops, self->slot_dir_fd, slot_names[slot]);
}

static enum ak_err software_random(void *impl, void *out_bytes, size_t len)
{
    (void)impl;
    ak_random_bytes(out_bytes, len);
    return AK_OK;
}

static const char *software_warning(void)
{
    return "The software backend is for development. It does not protect:\n"
           "  - keys from anyone who can read the data folder or this process' memory (root, backups, the "
           "host)\n"
           "  - against an older copy of the folder: the counter is a file and goes back with the rest\n"
           "  - against a copy of the folder that runs beside this one\n"
           "  - what was destroyed: an old copy of the erasure slots brings it back\n"
           "  - against a changed program: nothing is measured, there is no evidence for clients to check\n";
}

const struct ak_tee_ops ak_tee_software = {
    .name = "software",
    .backend = AK_SEAL_SOFTWARE,
    .probe = software_probe,
    .open = software_open,
    .close = software_close,
    .caps = software_caps,
    .measurement = software_measurement,
    .report = software_report,
    .seal = software_seal,
    .unseal = software_unseal,
    .counter_read = software_counter_read,
    .counter_advance = software_counter_advance,
    .slot_write = software_slot_write,
    .slot_read = software_slot_read,
    .slot_erase = software_slot_erase,
    .random = software_random,
    .warning = software_warning,
};
