/* What a client holds a worker's evidence to on one connection: evidence that is bound to this connection's
 * keys, exporter and nonce and to the worker's claims. Pure functions; both ends use the same ones.
 * Guarantees of an accepted verdict: a machine of the policy made the evidence for exactly this connection
 * and these claims; claims are only to be believed then. Evidence of another connection, an older one, one
 * with another exporter, key or claims is refused. Not guaranteed: what the policy does not ask for. Nothing
 * here is secret. Threads: any. spec: docs/formats/attestation.md */
#ifndef AK_CORE_ATTEST_CHANNEL_H
#define AK_CORE_ATTEST_CHANNEL_H

#include "core/attest/attest.h"

enum {
    AK_CHANNEL_RD_LEN = 64,
    AK_CHANNEL_TREE_MAX = 1024, /* connections that share one report */
    AK_CHANNEL_PATH_MAX = 10,   /* nodes beside the way up */
    AK_CHANNEL_SUITES_MAX = 16,
    AK_CHANNEL_TEXT_MAX = 64,          /* a version, a suite */
    AK_CHANNEL_CHECKPOINT_MAX = 4096,  /* a signed note */
    AK_CHANNEL_LEDGER_LEN = 48,        /* key, then log id */
    AK_CHANNEL_CLAIMS_MAX = 6 * 1024,  /* encoded */
    AK_CHANNEL_REPORT_MAX = 6 * 1024,  /* what a backend gives */
    AK_CHANNEL_MESSAGE_MAX = 14 * 1024 /* all of it */
};
/* The label of the TLS exporter whose 32 bytes, with the nonce as context, are bound. spec: RFC 8446 7.5 */
#define AK_CHANNEL_EXPORTER_LABEL "EXPORTER-agentkeys-attest-v1"

/* Who speaks to whom. */
enum ak_channel_role { AK_CHANNEL_WORKER_TO_CLIENT = 1 };

/* ---- the binding ---- */

struct ak_channel_binding {
    uint8_t role;         /* enum ak_channel_role */
    uint8_t nonce[32];    /* the client's */
    uint8_t worker[32];   /* SHA-256 of the SPKI of the worker's TLS key */
    uint8_t client[32];   /* of the client's; zeros where it showed no certificate */
    uint8_t exporter[32]; /* of the connection */
};
/* SHA-512 over label, role, nonce, both keys, exporter and SHA-256(claims). */
void ak_channel_bind(
    const struct ak_channel_binding *binding, struct ak_span claims, uint8_t out_rd[AK_CHANNEL_RD_LEN]);

/* One report for several connections: it is made for the root of a tree over their bindings. `nodes` begins
 * with `count` (1 to AK_CHANNEL_TREE_MAX) bindings and has room for AK_CHANNEL_NODES(count); they become the
 * tree. The root is put out. spec: RFC 9162 2.1, with SHA-512 */
#define AK_CHANNEL_NODES(count) (2 * (count) + AK_CHANNEL_PATH_MAX)
void ak_channel_tree(uint8_t (*nodes)[AK_CHANNEL_RD_LEN], size_t count, uint8_t out_root[AK_CHANNEL_RD_LEN]);
/* The nodes beside leaf `index` on its way up, from the bottom. */
void ak_channel_tree_path(
    uint8_t (*nodes)[AK_CHANNEL_RD_LEN], size_t count, size_t index, struct ak_buf *out_path);
/* The root that leaf `rd` at `index` of `count` and its path lead to. AK_E_LIMIT (index, count), AK_E_FORMAT
 * (a path of another length). */
AK_MUST_USE enum ak_err ak_channel_climb(const uint8_t rd[AK_CHANNEL_RD_LEN], uint64_t index, uint64_t count,
    struct ak_span path, uint8_t out_root[AK_CHANNEL_RD_LEN]);

/* ---- the claims ---- */

struct ak_channel_claims {
    struct ak_span version;  /* of the program */
    uint8_t measurement[32]; /* of the image; zeros where nothing is measured */
    struct ak_span suites[AK_CHANNEL_SUITES_MAX];
    size_t suite_count;
    struct ak_span checkpoint; /* signed note; empty before the first one */
    uint32_t caps;             /* bits of the backend's capabilities; names in tee.h */
    uint8_t config[32];        /* the trust configuration */
    uint8_t delivery_key[32];  /* X25519, to which values are sealed */
    uint8_t ledger[AK_CHANNEL_LEDGER_LEN];
    uint8_t worker_id[16];
};
/* AK_E_LIMIT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_channel_claims_encode(const struct ak_channel_claims *claims, struct ak_buf *buf);
/* Views into `bytes`. AK_E_LIMIT, AK_E_FORMAT; zeroed then. */
AK_MUST_USE enum ak_err ak_channel_claims_parse(struct ak_span bytes, struct ak_channel_claims *out_claims);

/* ---- the message ---- */

/* What `GET /tee/attestation` answers, inside its wrapper. */
struct ak_channel_message {
    struct ak_span claims; /* encoded */
    uint64_t index, count; /* where the binding stands in the tree */
    struct ak_span path;   /* its nodes, 64 bytes each, from the bottom */
    struct ak_span report; /* the backend's own wrapper */
};
/* AK_E_LIMIT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_channel_message_encode(
    const struct ak_channel_message *message, struct ak_buf *buf);
/* Views into `bytes`. AK_E_LIMIT, AK_E_FORMAT; AK_E_UNSUPPORTED (another media type or version); zeroed then.
 */
AK_MUST_USE enum ak_err ak_channel_message_parse(
    struct ak_span bytes, struct ak_channel_message *out_message);

/* A report of the tpm2 backend taken apart: quote and certified counter, by one key. */
struct ak_channel_tpm2 {
    struct ak_span ak_public, quote, quote_signature, pcrs, counter, counter_signature;
};
/* As the message. spec: docs/formats/sealed.md, TPM backend */
AK_MUST_USE enum ak_err ak_channel_tpm2_parse(struct ak_span report, struct ak_channel_tpm2 *out_parts);

/* ---- verification ---- */

/* What can fail, in the order in which people are told. Names are stable. */
enum ak_channel_check {
    AK_CHANNEL_CHECK_FORMAT,      /* not of its form, or of a version or backend that is not known */
    AK_CHANNEL_CHECK_EVIDENCE,    /* the machine's evidence; the verdict on it says why */
    AK_CHANNEL_CHECK_COUNTER,     /* the certified counter; the verdict on it says why */
    AK_CHANNEL_CHECK_BINDING,     /* made for another connection, nonce, key or claims */
    AK_CHANNEL_CHECK_MEASUREMENT, /* the claims name another image than was measured */
    AK_CHANNEL_CHECK_CONFIG,      /* another trust configuration than the pinned one */
    AK_CHANNEL_CHECK_LEDGER,      /* another ledger than the pinned one */
    AK_CHANNEL_CHECK_COUNT
};
const char *ak_channel_check_name(enum ak_channel_check check);
/* What was found, and what to do about it: a sentence each. */
const char *ak_channel_check_text(enum ak_channel_check check);
const char *ak_channel_check_remedy(enum ak_channel_check check);

struct ak_channel_ask {
    struct ak_span message;
    struct ak_channel_binding binding;     /* of this connection, as the client sees it */
    const struct ak_attest_policy *policy; /* whatever it says of freshness, the binding is required */
    const uint8_t *config;                 /* 32 bytes that the claims must have; NULL: not held */
    const uint8_t *ledger;                 /* AK_CHANNEL_LEDGER_LEN bytes, the same */
    uint64_t at_s;                         /* seconds since 1970 */
};
/* Large: not for a small stack. */
struct ak_channel_verdict {
    bool accepted;
    uint32_t failed;                 /* bit of each ak_channel_check */
    bool bound;                      /* the claims are this machine's, for this connection */
    struct ak_channel_claims claims; /* views into the message; zeroed where not bound */
    struct ak_attest_verdict evidence, counter;
    struct ak_attest_policy policy; /* the asker's, with this connection's nonce */
};
/* AK_OK whenever there is a verdict; AK_E_CRYPTO or AK_E_FULL where the library or memory failed: not
 * accepted then. */
AK_MUST_USE enum ak_err ak_channel_verify(
    const struct ak_channel_ask *ask, struct ak_channel_verdict *out_verdict);

/* Writes the policy (JSON, docs/formats/attest-policy.md) that takes this very machine, image and counter and
 * nothing else: for the first meeting, whose outcome a person compares. Nothing is verified: do that with the
 * result. AK_E_FORMAT, AK_E_LIMIT, AK_E_UNSUPPORTED, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_channel_learn(struct ak_span message, struct ak_buf *out_policy);

/* Names of the bits of `caps` in their order; NULL at the end. */
extern const char *const ak_channel_cap_names[];
/* For people: the machine, what is promised, what is not, what failed and what to do. `cap_names`: those.
 * Ends with a line feed. */
void ak_channel_put_text(
    struct ak_buf *out, const struct ak_channel_verdict *verdict, const char *const *cap_names);
/* One JSON object. */
void ak_channel_put_json(
    struct ak_buf *out, const struct ak_channel_verdict *verdict, const char *const *cap_names);

#endif
