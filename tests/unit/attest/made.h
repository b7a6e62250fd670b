/* Evidence made at run time: certificates, SEV-SNP reports and Nitro documents under keys of the test's own,
 * so that every path of the verifiers is reached without anybody's data. Keys are random, all else is given.
 * Aborts where the library fails. */
#ifndef AK_TESTS_UNIT_ATTEST_MADE_H
#define AK_TESTS_UNIT_ATTEST_MADE_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "base/span.h"
#include "core/attest/path.h"
#include "core/attest/snp.h"

#define MADE_FROM_S  UINT64_C(1735689600) /* 2025-01-01 */
#define MADE_AT_S    UINT64_C(1735689660)
#define MADE_UNTIL_S UINT64_C(1735700400) /* three hours later */

enum { MADE_CERT_MAX = 4096, MADE_EXTS_MAX = 16, MADE_DOC_MAX = 40 * 1024 };

struct made_ext {
    char oid[40];
    uint8_t value[640];
    size_t len;
    bool critical;
};
struct made_cert {
    const char *subject, *issuer; /* common names */
    EVP_PKEY *key, *signer;
    uint64_t from_s, until_s;
    uint8_t serial_above; /* its serial number is greater than 1 by this */
    bool ca;
    bool no_constraints; /* a CA without the extension that says so */
    int path_len;        /* -1: none */
    const char *usage;   /* "digitalSignature"; NULL: none */
    struct made_ext exts[MADE_EXTS_MAX];
    size_t ext_count;
    /* made */
    uint8_t der[MADE_CERT_MAX];
    size_t len;
};
EVP_PKEY *made_ec(const char *curve);
EVP_PKEY *made_rsa(unsigned bits);
/* Validity is MADE_FROM_S to MADE_UNTIL_S, no path length, no extension. */
void made_cert_init(
    struct made_cert *cert, const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *signer);
void made_cert_ext(struct made_cert *cert, const char *oid, struct ak_span value);
/* Signs with SHA-384. Gives the DER. */
struct ak_span made_cert_sign(struct made_cert *cert);
struct ak_span made_cert_span(const struct made_cert *cert);
/* Appends a PEM block. */
void made_pem(struct ak_span der, struct ak_buf *out);
/* r || s of 2 * half bytes, over SHA-256 or SHA-384 by the curve. */
void made_sign(EVP_PKEY *key, struct ak_span message, uint8_t *out_sig, size_t half);

/* ---- SEV-SNP ---- */
struct made_snp {
    enum ak_snp_product product;
    bool vlek;
    EVP_PKEY *ark_key, *ask_key, *leaf_key;
    struct made_cert ark, ask, leaf;
    uint8_t report[AK_SNP_REPORT_LEN];
    struct ak_attest_root roots[AK_SNP_PRODUCT_COUNT]; /* the ARK at the product's place */
    uint8_t chain[3 * MADE_CERT_MAX];
    size_t chain_len;
};
/* A version 3 report with everything in order; VMPL 0, guest policy 0x30000, measurement 48 times 0x11, TCB
 * by component 1, 2, 3, …, report data 64 times 0x22. */
void made_snp_init(struct made_snp *snp, enum ak_snp_product product, bool vlek);
/* Certificates anew, from what the struct says; then the chain. */
void made_snp_certify(struct made_snp *snp);
/* The report's signature anew. */
void made_snp_sign(struct made_snp *snp);
void made_snp_done(struct made_snp *snp);

/* ---- Nitro ---- */
struct made_nitro {
    EVP_PKEY *root_key, *ca_key, *leaf_key;
    struct made_cert root, ca, leaf;
    struct ak_attest_root pinned;
    uint8_t payload[MADE_DOC_MAX];
    size_t payload_len;
    uint8_t doc[MADE_DOC_MAX];
    size_t doc_len;
};
void made_nitro_init(struct made_nitro *nitro);
/* Writes the usual payload: PCRs 0 to 15 of 0x10 + index, nonce "nonce", user data "data", no public key. */
void made_nitro_payload(struct made_nitro *nitro);
/* Wraps and signs the payload. */
void made_nitro_sign(struct made_nitro *nitro);
void made_nitro_done(struct made_nitro *nitro);

#endif
