/* The backend on a TPM 2.0: key, counter and slots are the chip's; the folder only says at which index they
 * are. The host can read our memory, and measures us by its own word. spec: docs/formats/sealed.md */
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "core/seal/seal.h"
#include "io/proc/random.h"
#include "io/tee/tpm2.h"

#define INDEX_FILE "tpm2"

enum { INDEX_FILE_LEN = 12 };
static const uint8_t magic[8] = {'A', 'K', 'T', 'P', 'M', '2', 0, 1};

static enum ak_err tpm2_probe(void)
{
    return AK_OK; /* whether the chip is there shows when it is opened: where it is, is a setting */
}

static void tpm2_close(void *impl)
{
    struct tpm2 *self = impl;
    if (!self) return;
    tpm2_disconnect(self);
    pthread_mutex_destroy(&self->mutex);
    ak_wipe(self, sizeof *self);
    free(self);
}

/* ---- opening ---- */

/* The index is durable before anything is defined there, so that an interrupted init is taken up. */
static enum ak_err find_base(struct tpm2 *self, const struct ak_tee_open *how)
{
    const struct ak_file_ops ops = how->ops ? *how->ops : ak_file_ops_system();
    uint8_t bytes[INDEX_FILE_LEN];
    size_t len = 0;
    enum ak_err err = ak_durable_read(&ops, how->dir_fd, INDEX_FILE, bytes, sizeof bytes, &len);
    if (err == AK_OK) {
        struct ak_reader reader = ak_reader(ak_span(bytes, len));
        bool good = ak_span_eq(ak_reader_take(&reader, sizeof magic), AK_SPAN_ARR(magic));
        self->base = ak_reader_u32(&reader);
        if (!good || ak_reader_finish(&reader) != AK_OK) tpm2_explain("tee/tpm2 is damaged");
        return good && ak_reader_finish(&reader) == AK_OK ? AK_OK : AK_E_AUTH;
    }
    if (err != AK_E_NOT_FOUND || !how->create) return err;
    AK_TRY(tpm2_nv_find_free(self, &self->base));
    struct ak_buf buf = AK_BUF_ARR(bytes);
    ak_buf_put(&buf, AK_SPAN_ARR(magic));
    ak_buf_put_u32(&buf, self->base);
    return ak_durable_write(&ops, how->dir_fd, INDEX_FILE, ak_buf_span(&buf));
}

static enum ak_err open_chip(struct tpm2 *self, const struct ak_tee_open *how)
{
    AK_TRY(tpm2_connect(self, how->tcti ? how->tcti : AK_TEE_TCTI_DEFAULT));
    AK_TRY(tpm2_make_primary(self));
    AK_TRY(tpm2_measure(self));
    AK_TRY(tpm2_read_pcrs(self));
    AK_TRY(find_base(self, how));
    return tpm2_nv_open(self, how->create);
}

static enum ak_err tpm2_open(const struct ak_tee_open *how, void **out_impl)
{
    *out_impl = NULL;
    tpm2_why[0] = 0;
    struct tpm2 *self = calloc(1, sizeof *self);
    if (!self) return AK_E_FULL;
    self->primary = ESYS_TR_NONE;
    self->wire.fd = -1;
    pthread_mutex_init(&self->mutex, NULL);
    enum ak_err err = open_chip(self, how);
    if (err) {
        tpm2_close(self);
        return err;
    }
    *out_impl = self;
    return AK_OK;
}

/* ---- calls, one at a time ---- */

static struct tpm2 *enter(void *impl)
{
    struct tpm2 *self = impl;
    tpm2_why[0] = 0;
    pthread_mutex_lock(&self->mutex);
    return self;
}

static enum ak_err leave(struct tpm2 *self, enum ak_err err)
{
    pthread_mutex_unlock(&self->mutex);
    return err;
}

static uint32_t op_caps(void *impl)
{
    const struct tpm2 *self = impl;
    uint32_t caps = AK_TEE_REPORT | AK_TEE_SEAL_HW | AK_TEE_COUNTER_HW | AK_TEE_ERASE | AK_TEE_MEASURED;
    return self->maker_shown ? caps | AK_TEE_MAKER : caps;
}

static enum ak_err op_measurement(void *impl, uint8_t out_measurement[32])
{
    const struct tpm2 *self = impl;
    memcpy(out_measurement, self->measurement, sizeof self->measurement);
    return AK_OK;
}

static void op_policy(void *impl, uint64_t n, uint8_t out_policy[32])
{
    const struct tpm2 *self = impl;
    ak_tpm2_policy(&self->pcrs, self->counter_name, n, out_policy);
}

static enum ak_err op_report(void *impl, const uint8_t report_data[64], struct ak_buf *out_evidence)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_report(self, report_data, out_evidence));
}

static enum ak_err op_seal(void *impl, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_seal(self, kek, n, out_blob));
}

static enum ak_err op_unseal(void *impl, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_unseal(self, blob, n, out_kek));
}

static enum ak_err op_counter_read(void *impl, uint8_t out_id[16], uint64_t *out_value)
{
    struct tpm2 *self = enter(impl);
    memcpy(out_id, self->counter_id, sizeof self->counter_id);
    return leave(self, tpm2_nv_counter(self, out_value));
}

static enum ak_err op_counter_advance(void *impl, uint64_t expected)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_nv_advance(self, expected));
}

static enum ak_err op_slot_write(void *impl, unsigned slot, struct ak_span bytes)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_nv_slot_write(self, slot, bytes));
}

static enum ak_err op_slot_read(void *impl, unsigned slot, struct ak_buf *out_bytes)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_nv_slot_read(self, slot, out_bytes));
}

static enum ak_err op_slot_erase(void *impl, unsigned slot)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_nv_slot_erase(self, slot));
}

static enum ak_err op_random(void *impl, void *out_bytes, size_t len)
{
    (void)impl;
    ak_random_bytes(out_bytes, len); /* the kernel's, which the chip feeds */
    return AK_OK;
}

static enum ak_err op_check_maker(void *impl, const struct ak_x509_bundle *makers, uint64_t now_s)
{
    struct tpm2 *self = enter(impl);
    return leave(self, tpm2_check_maker(self, makers, now_s));
}

static const char *op_why(void)
{
    return tpm2_why;
}

static const char *op_warning(void)
{
    return "The tpm2 backend seals to this machine, its boot state and this program, and an old or copied "
           "disk does not start. It does not protect:\n"
           "  - keys from root on this machine while the worker runs: memory is not isolated\n"
           "  - against a host that lies about the program: measured by the host's own word\n"
           "  - against whoever taps the wires to the chip and runs another program with it\n";
}

const struct ak_tee_ops ak_tee_tpm2 = {
    .name = "tpm2",
    .backend = AK_SEAL_TPM2,
    .probe = tpm2_probe,
    .open = tpm2_open,
    .close = tpm2_close,
    .caps = op_caps,
    .measurement = op_measurement,
    .policy = op_policy,
    .report = op_report,
    .seal = op_seal,
    .unseal = op_unseal,
    .counter_read = op_counter_read,
    .counter_advance = op_counter_advance,
    .slot_write = op_slot_write,
    .slot_read = op_slot_read,
    .slot_erase = op_slot_erase,
    .random = op_random,
    .warning = op_warning,
    .why = op_why,
    .check_maker = op_check_maker,
};
