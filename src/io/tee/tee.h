/* One interface over all trusted execution backends. Only capabilities that hold are claimed; a call that a
 * backend cannot do gives AK_E_UNSUPPORTED. Secret: KEKs, slot contents, random bytes. One thread at a
 * time (tpm2: any, they wait for each other); a call may take 500 ms on hardware. Open before power is
 * dropped. */
#ifndef AK_IO_TEE_TEE_H
#define AK_IO_TEE_TEE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/crypto/x509.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"
#include "io/proc/durable.h"

enum ak_tee_cap {
    AK_TEE_REPORT = 1u << 0,       /* evidence a stranger can check */
    AK_TEE_SEAL_HW = 1u << 1,      /* sealed by hardware */
    AK_TEE_COUNTER_HW = 1u << 2,   /* a counter that a hostile disk cannot turn back */
    AK_TEE_ERASE = 1u << 3,        /* slots whose erasure no copy of the disk undoes */
    AK_TEE_MEM_ISOLATED = 1u << 4, /* the host cannot read our memory */
    AK_TEE_MEASURED = 1u << 5,     /* the running image is measured */
    AK_TEE_INSECURE_DEV = 1u << 6, /* for development: none of the above by hardware */
    AK_TEE_MAKER = 1u << 7,        /* shown to be of a maker that the trust configuration names */
};
/* Names in bit order: report seal_hw counter_hw erase mem_isolated measured insecure_dev maker; NULL at the
 * end. */
extern const char *const ak_tee_cap_names[];

enum { AK_TEE_SLOTS = 2, AK_TEE_SLOT_MAX = 64, AK_TEE_KEK_BLOB_MAX = 1024, AK_TEE_COUNTER_ID_LEN = 16 };

/* The kernel's resource manager. */
#define AK_TEE_TCTI_DEFAULT "device:/dev/tpmrm0"

struct ak_tee_open {
    int dir_fd;  /* the backend's own folder (software) */
    bool create; /* init: make key and counter where they are missing, also after an interrupted init */
    const struct ak_file_ops *ops; /* NULL: the system's */
    int slot_dir_fd;               /* the folder of erasure slots, outside the data folder (software) */
    const char *tcti;              /* tpm2: how the TPM is reached; NULL: AK_TEE_TCTI_DEFAULT */
};

struct ak_tee_ops {
    const char *name;
    uint8_t backend; /* enum ak_seal_backend */
    /* AK_OK where this machine has it. Opens nothing for good. */
    enum ak_err (*probe)(void);
    /* AK_E_NOT_FOUND: never made; AK_E_CONFLICT: made with another one of its kind; AK_E_AUTH: key or counter
     * damaged; AK_E_IO. */
    enum ak_err (*open)(const struct ak_tee_open *how, void **out_impl);
    void (*close)(void *impl);
    uint32_t (*caps)(void *impl);
    /* Zeros and AK_E_UNSUPPORTED where nothing is measured. */
    enum ak_err (*measurement)(void *impl, uint8_t out_measurement[32]);
    /* What a state for number n is sealed to, as the header names it. NULL: nothing that has a name. */
    void (*policy)(void *impl, uint64_t n, uint8_t out_policy[32]);
    enum ak_err (*report)(void *impl, const uint8_t report_data[64], struct ak_buf *out_evidence);
    /* Seals `kek` so that it opens while the counter is at most n. */
    enum ak_err (*seal)(void *impl, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob);
    /* AK_E_AUTH: altered, other machine, other n. AK_E_STATE: the machine is in another state. AK_E_CONFLICT:
     * the counter is past n. */
    enum ak_err (*unseal)(void *impl, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek);
    enum ak_err (*counter_read)(void *impl, uint8_t out_id[16], uint64_t *out_value);
    /* To expected + 1, durable when it returns. AK_E_CONFLICT where it is not `expected`: nothing changed. */
    enum ak_err (*counter_advance)(void *impl, uint64_t expected);
    enum ak_err (*slot_write)(void *impl, unsigned slot, struct ak_span bytes);
    enum ak_err (*slot_read)(void *impl, unsigned slot, struct ak_buf *out_bytes);
    enum ak_err (*slot_erase)(void *impl, unsigned slot);
    enum ak_err (*random)(void *impl, void *out_bytes, size_t len);
    /* What it does not protect, for people, several lines; NULL: nothing to say. */
    const char *(*warning)(void);
    /* What went wrong in this thread's last call, for people, one line, "" where there is nothing to say.
     * NULL: the backend never says. */
    const char *(*why)(void);
    /* Shows that this is hardware of one of `makers`, at a time: AK_E_AUTH where it is not (why() says it).
     * NULL: it has no maker that could be asked. Until then, and where it is not asked, AK_TEE_MAKER is not
     * claimed. */
    enum ak_err (*check_maker)(void *impl, const struct ak_x509_bundle *makers, uint64_t now_s);
};

struct ak_tee {
    const struct ak_tee_ops *ops;
    void *impl;
};

extern const struct ak_tee_ops ak_tee_software;
extern const struct ak_tee_ops ak_tee_tpm2; /* where it is built */
/* By name ("software", "tpm2"); NULL: not built. */
const struct ak_tee_ops *ak_tee_find(struct ak_span name);
AK_MUST_USE enum ak_err ak_tee_open(
    const struct ak_tee_ops *ops, const struct ak_tee_open *how, struct ak_tee *out_tee);
/* Fine on a zeroed one. */
void ak_tee_close(struct ak_tee *tee);

#endif
