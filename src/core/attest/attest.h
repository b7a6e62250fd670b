/* Attestation evidence in, verdict out: pure functions of bytes, policy and time. Nothing is fetched;
 * whatever a verification needs (certificates, collateral) is given, and roots are pinned in the code.
 * Guarantees: a verdict is `accepted` only where every check passed; facts are given only of evidence whose
 * signature and chain held (I11); sizes are checked before parsing, no recursion (I18). Not guaranteed: that
 * evidence is fresh where the policy asks for no nonce. Nothing here is secret. Threads: any. spec:
 * docs/formats/attest-policy.md */
#ifndef AK_CORE_ATTEST_ATTEST_H
#define AK_CORE_ATTEST_ATTEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum ak_attest_kind {
    AK_ATTEST_SNP,         /* AMD SEV-SNP report */
    AK_ATTEST_NITRO,       /* AWS Nitro Enclaves document */
    AK_ATTEST_TDX,         /* Intel TDX quote */
    AK_ATTEST_SGX,         /* Intel SGX quote */
    AK_ATTEST_TPM,         /* TPM 2.0 quote */
    AK_ATTEST_TPM_CERTIFY, /* TPM 2.0 NV_Certify */
    AK_ATTEST_KIND_COUNT
};
/* "snp", "nitro", "tdx", "sgx", "tpm", "tpm-certify". */
const char *ak_attest_kind_name(enum ak_attest_kind kind);
/* AK_E_NOT_FOUND. */
AK_MUST_USE enum ak_err ak_attest_kind_parse(struct ak_span name, enum ak_attest_kind *out_kind);

/* ---- policy ---- */

enum {
    AK_ATTEST_POLICY_MAX = 64 * 1024, /* the file */
    AK_ATTEST_IMAGES_MAX = 32,        /* images a policy allows */
    AK_ATTEST_REGISTERS_MAX = 128,    /* register values of all images together */
    AK_ATTEST_NAME_MAX = 24,          /* register, component or product, with its NUL */
    AK_ATTEST_VALUE_MAX = 64,         /* bytes of one register */
    AK_ATTEST_PRODUCTS_MAX = 8,
    AK_ATTEST_FLOORS_MAX = 64,
    AK_ATTEST_DATA_MAX = 1024, /* nonce, user data, public key: Nitro's limit */
};

/* One value of one measured register: "measurement" (snp), "pcr0" (nitro, tpm), "mrtd", "rtmr0" (tdx),
 * "mrenclave", "mrsigner" (sgx). */
struct ak_attest_register {
    char name[AK_ATTEST_NAME_MAX];
    uint8_t image; /* in a policy: which image it belongs to, counted from 0 */
    uint8_t len;
    uint8_t value[AK_ATTEST_VALUE_MAX];
};
/* The least security version of one component of one product: "Genoa", "microcode", 25. */
struct ak_attest_floor {
    char product[AK_ATTEST_NAME_MAX];
    char component[AK_ATTEST_NAME_MAX];
    uint32_t min;
};
/* Bytes that evidence must carry; not asked where `given` is false. */
struct ak_attest_data {
    bool given;
    uint16_t len;
    uint8_t bytes[AK_ATTEST_DATA_MAX];
};
/* Members that only one kind knows; zeroed means the default, which is the strictest. */
struct ak_attest_policy_snp {
    uint8_t max_vmpl;       /* the least privileged level that may have asked; 0 to 3 */
    bool allow_migration;   /* guest policy: a migration agent may be associated */
    bool forbid_smt;        /* guest policy and platform must exclude SMT */
    uint32_t min_guest_svn; /* of the ID block */
    bool has_id_key_digest;
    uint8_t id_key_digest[48];
    bool has_host_data;
    uint8_t host_data[32];
};
/* tdx, sgx */
struct ak_attest_policy_intel {
    uint32_t statuses;           /* bit of each TCB status that is taken beside UpToDate; intel_status.h */
    uint32_t min_tcb_evaluation; /* the least tcbEvaluationDataNumber of collateral */
    bool allow_migration;        /* tdx: the domain may be moved by a migration domain */
    bool allow_sept_ve;          /* tdx: the host may raise exceptions by taking pages away */
    bool has_isv_prod_id;        /* sgx: which of the signer's enclaves; needed by images without mrenclave */
    uint32_t isv_prod_id;
    uint32_t min_isv_svn; /* sgx */
};
enum { AK_ATTEST_TPM_NAME_LEN = 34, AK_ATTEST_TPM_ROOTS_MAX = 8, AK_ATTEST_TPM_NAMES_MAX = 16 };
/* tpm, tpm-certify */
struct ak_attest_policy_tpm {
    uint8_t roots[AK_ATTEST_TPM_ROOTS_MAX][32]; /* SHA-256 of makers' root certificates */
    size_t root_count;
    uint8_t ak_names[AK_ATTEST_TPM_NAMES_MAX][AK_ATTEST_TPM_NAME_LEN]; /* keys activated at enrolment */
    size_t ak_name_count;
    bool bank_sha384; /* PCR bank; SHA-256 where false */
    uint32_t pcrs;    /* bit of each PCR that is quoted, exactly; none: every quote is refused */
    bool has_nv_name;
    uint8_t nv_name[AK_ATTEST_TPM_NAME_LEN]; /* of the counter's public area, which holds its index */
    bool has_min_counter;
    uint64_t min_counter;
};
struct ak_attest_policy {
    /* Allowed images: evidence must have every register value of at least one. None: everything is refused.
     */
    struct ak_attest_register registers[AK_ATTEST_REGISTERS_MAX];
    size_t register_count;
    size_t image_count;
    bool allow_debug;
    bool without_freshness; /* the policy says that replay does not matter */
    uint64_t max_age_s;     /* evidence that carries a time may be so old; 0: not asked */
    char products[AK_ATTEST_PRODUCTS_MAX][AK_ATTEST_NAME_MAX];
    size_t product_count; /* 0: every product but those that are refused unless named (Milan) */
    struct ak_attest_floor floors[AK_ATTEST_FLOORS_MAX];
    size_t floor_count;
    struct ak_attest_data report_data; /* snp, tdx, sgx: 64 bytes */
    struct ak_attest_data nonce;       /* nitro: nonce; tpm: extraData */
    struct ak_attest_data user_data;   /* nitro */
    struct ak_attest_data public_key;  /* nitro */
    struct ak_attest_policy_snp snp;
    struct ak_attest_policy_intel intel;
    struct ak_attest_policy_tpm tpm;
};
struct ak_attest_policy_fault {
    char member[64]; /* path of the member, "min_tcb.Genoa.microcode"; "" for the whole file */
    const char *reason;
};
/* The JSON of docs/formats/attest-policy.md. Unknown and duplicate members are refused. AK_E_LIMIT,
 * AK_E_FORMAT, AK_E_FULL; the policy is zeroed then, which refuses everything, and the fault says why. */
AK_MUST_USE enum ak_err ak_attest_policy_parse(
    struct ak_span json, struct ak_attest_policy *out_policy, struct ak_attest_policy_fault *out_fault);

/* ---- verdict ---- */

/* What can fail, in the order in which people are told. Names are stable. */
enum ak_attest_check {
    AK_ATTEST_CHECK_INPUT,        /* something that this kind needs was not given */
    AK_ATTEST_CHECK_FORMAT,       /* the evidence is not of its form */
    AK_ATTEST_CHECK_VERSION,      /* a version that is not known */
    AK_ATTEST_CHECK_CHAIN,        /* certificates do not lead to the pinned root */
    AK_ATTEST_CHECK_TIME,         /* a certificate or collateral is not valid at the given time */
    AK_ATTEST_CHECK_CERTIFICATE,  /* the certificate is another chip's, kind's, or TCB's */
    AK_ATTEST_CHECK_REVOKED,      /* a certificate is revoked */
    AK_ATTEST_CHECK_COLLATERAL,   /* collateral is missing, foreign or not signed */
    AK_ATTEST_CHECK_SIGNATURE,    /* the evidence's own signature */
    AK_ATTEST_CHECK_PADDING,      /* bytes that must be zero are not */
    AK_ATTEST_CHECK_PRODUCT,      /* this machine is not allowed */
    AK_ATTEST_CHECK_DEBUG,        /* a debug guest or enclave */
    AK_ATTEST_CHECK_MEASUREMENT,  /* no allowed image has these measurements */
    AK_ATTEST_CHECK_TCB,          /* a component is below its floor, or has none */
    AK_ATTEST_CHECK_TCB_STATUS,   /* the maker's own word on this TCB */
    AK_ATTEST_CHECK_GUEST_POLICY, /* what the guest was launched to permit */
    AK_ATTEST_CHECK_REPORT_DATA,  /* report data, user data, public key */
    AK_ATTEST_CHECK_FRESHNESS,    /* nonce, age, or nothing that shows freshness */
    AK_ATTEST_CHECK_SELECTION,    /* PCR bank or selection */
    AK_ATTEST_CHECK_COUNT
};
const char *ak_attest_check_name(enum ak_attest_check check);
/* What to do about it, one sentence. */
const char *ak_attest_check_remedy(enum ak_attest_check check);

/* spec: draft-ietf-rats-ar4si 2.3: 2 to 31 affirming, 32 to 95 warning, 96 to 127 contraindicated, 0 no
 * claim. */
enum ak_attest_claim {
    AK_ATTEST_INSTANCE_IDENTITY,
    AK_ATTEST_CONFIGURATION,
    AK_ATTEST_EXECUTABLES,
    AK_ATTEST_FILE_SYSTEM,
    AK_ATTEST_HARDWARE,
    AK_ATTEST_RUNTIME_OPAQUE,
    AK_ATTEST_STORAGE_OPAQUE,
    AK_ATTEST_SOURCED_DATA,
    AK_ATTEST_CLAIM_COUNT
};
const char *ak_attest_claim_name(enum ak_attest_claim claim); /* "instance-identity" */
enum {
    AK_TRUST_NONE = 0,
    AK_TRUST_AFFIRMING = 2,
    AK_TRUST_WARNING = 32,
    AK_TRUST_UNRECOGNIZED_RUNTIME = 33,
    AK_TRUST_CONTRAINDICATED = 96,
    AK_TRUST_UNRECOGNIZED = 97, /* instance, hardware */
    AK_TRUST_CRYPTO_FAILED = 99
};

enum {
    AK_ATTEST_FACTS_MAX = 80,
    AK_ATTEST_FACT_TEXT_MAX = 16 * 1024, /* all values as text; Nitro's largest takes 6 KiB */
    AK_ATTEST_DETAIL_MAX = 192,
};
enum ak_attest_fact_type { AK_FACT_TEXT, AK_FACT_NUMBER, AK_FACT_BOOL, AK_FACT_NULL };
/* Name and value of one thing that authentic evidence says. */
struct ak_attest_fact {
    const char *name; /* static */
    enum ak_attest_fact_type type;
    uint16_t at, len; /* text: where in fact_text */
    uint64_t number;  /* number, bool */
};
struct ak_attest_verdict {
    enum ak_attest_kind kind;
    bool accepted;      /* everything was authentic and passed */
    bool authentic;     /* signature and chain held: facts can be believed */
    uint32_t failed;    /* bit of each ak_attest_check */
    uint32_t unchecked; /* bits of checks that the policy waived (debug, freshness) and that did not pass */
    char details[AK_ATTEST_CHECK_COUNT][AK_ATTEST_DETAIL_MAX]; /* what was seen and what was wanted */
    uint8_t trust[AK_ATTEST_CLAIM_COUNT];
    char machine[64];                           /* "AMD EPYC Genoa, VCEK"; "" where unknown */
    struct ak_attest_register measurements[24]; /* what the evidence says */
    size_t measurement_count;
    struct ak_attest_fact facts[AK_ATTEST_FACTS_MAX];
    size_t fact_count;
    uint8_t fact_text[AK_ATTEST_FACT_TEXT_MAX];
    size_t fact_text_len;
};
/* NULL where the verdict does not have it. */
const struct ak_attest_fact *ak_attest_fact(const struct ak_attest_verdict *verdict, const char *name);
struct ak_span ak_attest_fact_value(
    const struct ak_attest_verdict *verdict, const struct ak_attest_fact *fact);
static inline bool ak_attest_has_failed(const struct ak_attest_verdict *verdict, enum ak_attest_check check)
{
    return (verdict->failed >> check & 1) != 0;
}

/* ---- verification ---- */

/* What a verification reads beside the evidence. A part that was not given is the empty span. */
enum ak_attest_part {
    AK_ATTEST_PART_EVIDENCE,    /* report, document, quote, TPMS_ATTEST */
    AK_ATTEST_PART_LEAF,        /* snp: VCEK or VLEK; tpm: certificate of the AK; DER or PEM */
    AK_ATTEST_PART_CHAIN,       /* intermediates and root; PEM or DER one behind the other */
    AK_ATTEST_PART_SIGNATURE,   /* tpm: TPMT_SIGNATURE */
    AK_ATTEST_PART_AK_PUBLIC,   /* tpm: TPM2B_PUBLIC or TPMT_PUBLIC */
    AK_ATTEST_PART_PCRS,        /* tpm: values of the quoted PCRs, one behind the other */
    AK_ATTEST_PART_TCB_INFO,    /* tdx, sgx: JSON with its signature */
    AK_ATTEST_PART_QE_IDENTITY, /* tdx, sgx: JSON with its signature */
    AK_ATTEST_PART_TCB_CHAIN,   /* tdx, sgx: who signed those two */
    AK_ATTEST_PART_PCK_CRL,     /* tdx, sgx: DER */
    AK_ATTEST_PART_ROOT_CRL,    /* tdx, sgx: DER */
    AK_ATTEST_PART_COUNT
};
struct ak_attest_input {
    enum ak_attest_kind kind;
    struct ak_span parts[AK_ATTEST_PART_COUNT];
    uint64_t at_s; /* seconds since 1970 at which everything has to be valid */
    const struct ak_attest_policy *policy;
};
/* AK_OK whenever there is a verdict, whatever it says; AK_E_CRYPTO or AK_E_FULL where the library or memory
 * failed, and AK_E_UNSUPPORTED for a kind without a verifier; the verdict is not accepted then. */
AK_MUST_USE enum ak_err ak_attest_verify(
    const struct ak_attest_input *input, struct ak_attest_verdict *out_verdict);

/* For people: kind, machine, measurement, facts of weight, what failed and what to do. Ends with a line feed.
 */
void ak_attest_verdict_put_text(struct ak_buf *out, const struct ak_attest_verdict *verdict);
/* One JSON object. */
void ak_attest_verdict_put_json(struct ak_buf *out, const struct ak_attest_verdict *verdict);

#endif
