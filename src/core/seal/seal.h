/* The sealed state: what a worker must remember that its disk must not change. Pure bytes; files and order of
 * writing are io/tee/sealed_file.h. A header in clear, authenticated, then AES-256-GCM under a KEK that the
 * TEE sealed for number n. Each encoding takes a fresh KEK, so no nonce repeats. Secret: KEK, roots,
 * plaintext. Guarantees: open() gives nothing that was not authenticated (I11). Freshness is the counter's
 * work. spec: docs/formats/sealed.md */
#ifndef AK_CORE_SEAL_SEAL_H
#define AK_CORE_SEAL_SEAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

enum {
    AK_SEAL_FORMAT = 2,     /* what is written */
    AK_SEAL_FORMAT_OLD = 1, /* still read: without the trust configuration itself */
    AK_SEAL_SUITE_AES256GCM = 1,
    AK_SEAL_ROOTS_MAX = 16,
    AK_SEAL_NOTE_MAX = 4096,     /* a checkpoint with its cosignatures */
    AK_SEAL_KEK_BLOB_MAX = 1024, /* what a TEE makes of a sealed key */
    AK_SEAL_TRUST_MAX = 2560,    /* an encoded trust configuration: core/trust/trust.h */
    AK_SEAL_HEADER_LEN = 150,    /* without the KEK blob */
    AK_SEAL_BODY_FIXED_LEN = 94, /* format 1: two less */
    AK_SEAL_ROOT_LEN = 37,
    AK_SEAL_BODY_MAX =
        AK_SEAL_BODY_FIXED_LEN + AK_SEAL_ROOT_LEN * AK_SEAL_ROOTS_MAX + AK_SEAL_NOTE_MAX + AK_SEAL_TRUST_MAX,
    AK_SEAL_FILE_MAX = AK_SEAL_HEADER_LEN + AK_SEAL_KEK_BLOB_MAX + AK_SEAL_BODY_MAX + 16,
};

/* Backends as recorded in the header; numbers never change their meaning. */
enum ak_seal_backend { AK_SEAL_SOFTWARE = 1, AK_SEAL_TPM2 = 2, AK_SEAL_SEV_SNP = 3 };

struct ak_seal_header {
    uint16_t format; /* read; always AK_SEAL_FORMAT when written */
    uint8_t suite;
    uint8_t backend;
    uint64_t n;              /* the counter's value at which this is valid */
    uint8_t counter_id[16];  /* which counter */
    uint8_t policy[32];      /* the TEE's sealing policy; zeros: none */
    uint8_t measurement[32]; /* zeros: nothing is measured */
    uint8_t config[32];      /* the trust configuration's hash; of format 1: see docs/formats/sealed.md */
    struct ak_span kek_blob; /* 1 to AK_SEAL_KEK_BLOB_MAX bytes; a view into the file */
    uint8_t nonce[12];
};

/* What a derivation suite is called in a root's record. */
enum ak_seal_root_suite { AK_SEAL_ROOT_AK1 = 1, AK_SEAL_ROOT_SIGNER_V0 = 2 };
struct ak_seal_root {
    uint32_t version; /* 1, 2, … rising within the list */
    uint8_t suite;
    struct ak_secret32 secret;
};
struct ak_seal_state {
    uint64_t n; /* equal to the header's */
    uint8_t worker_id[16];
    uint8_t log_id[16];
    bool clean;               /* the last stop was clean … */
    uint64_t clean_size;      /* … at this ledger size; 0 where it was not */
    uint64_t checkpoint_size; /* entries */
    uint8_t checkpoint_root[32];
    uint8_t note[AK_SEAL_NOTE_MAX]; /* the signed note; note_len 0: none yet */
    size_t note_len;
    struct ak_seal_root roots[AK_SEAL_ROOTS_MAX];
    size_t root_count;
    uint8_t trust[AK_SEAL_TRUST_MAX]; /* the encoded trust configuration */
    size_t trust_len;                 /* 0: read from format 1; such a state is not written */
};
/* Wipes. Use with AK_CLEANUP. */
void ak_seal_state_done(struct ak_seal_state *state);

/* AK_E_LIMIT: too many roots, note or trust configuration too long. AK_E_MEANING: n 0, no root, root versions
 * not rising, an unknown root suite, clean_size without clean, a note without a size. */
AK_MUST_USE enum ak_err ak_seal_validate(const struct ak_seal_state *state);

/* Appends the file's bytes. header->kek_blob is `kek` sealed by the TEE; state->n must equal header->n, and
 * header->config be the SHA-256 of state->trust (AK_E_ARG). The body is encrypted in place. AK_E_MEANING as
 * validate and where there is no trust configuration, AK_E_LIMIT, AK_E_FULL; nothing is appended then. */
AK_MUST_USE enum ak_err ak_seal_encode(const struct ak_seal_header *header, const struct ak_secret32 *kek,
    const struct ak_seal_state *state, struct ak_buf *out_file);
/* The header, not authenticated yet: only good for asking the TEE for the KEK. AK_E_LIMIT, AK_E_FORMAT;
 * AK_E_UNSUPPORTED for another format version or suite. */
AK_MUST_USE enum ak_err ak_seal_parse_header(struct ak_span file, struct ak_seal_header *out_header);
/* Authenticates header and body and decodes. AK_E_AUTH (altered, other key), AK_E_FORMAT, AK_E_MEANING (also
 * a trust configuration that is not the header's); out_state is zeroed then. */
AK_MUST_USE enum ak_err ak_seal_open(struct ak_span file, const struct ak_secret32 *kek,
    struct ak_seal_header *out_header, struct ak_seal_state *out_state);

#endif
