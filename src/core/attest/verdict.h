/* How a verifier fills a verdict, and the checks that all kinds share. A verdict starts with nothing accepted
 * and nothing failed; the kind's verifier says what it finds, and `conclude` accepts only what is authentic
 * and failed nowhere. Internal to core/attest. */
#ifndef AK_CORE_ATTEST_VERDICT_H
#define AK_CORE_ATTEST_VERDICT_H

#include "core/attest/attest.h"

/* A verifier of one kind. Appends to a verdict that is empty but for its kind. Returns AK_OK for every input;
 * other errors only where no verdict is possible (AK_E_CRYPTO). */
typedef enum ak_err ak_attest_verifier(
    const struct ak_attest_input *input, struct ak_attest_verdict *verdict);
ak_attest_verifier ak_attest_verify_snp;
ak_attest_verifier ak_attest_verify_nitro;
ak_attest_verifier ak_attest_verify_intel;
ak_attest_verifier ak_attest_verify_tpm;

void ak_attest_verdict_init(struct ak_attest_verdict *verdict, enum ak_attest_kind kind);
/* The last step: accepted where authentic and nothing failed; no trust where not authentic. */
void ak_attest_conclude(struct ak_attest_verdict *verdict);
/* Notes a failed check. The first detail of a check stays. */
void ak_attest_fail(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *detail);
/* A detail of parts: prefix, a foreign name (cut, made printable), suffix. */
void ak_attest_fail_about(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *before,
    struct ak_span name, const char *behind);
/* "microcode is 7 and must be at least 8": `wanted` is "and must be at least" */
void ak_attest_fail_number(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *name,
    uint64_t seen, const char *wanted, uint64_t limit);
/* Turns an error of a chain or certificate into the failed check it is: AK_E_EXPIRED -> TIME, AK_E_CRYPTO
 * comes back as it is, all others -> CHAIN. AK_OK otherwise. `what` names the chain. */
AK_MUST_USE enum ak_err ak_attest_fail_chain(
    struct ak_attest_verdict *verdict, enum ak_err err, const char *what);

/* Facts. What does not fit any more is an assertion: each kind has a fixed number of bounded facts. */
void ak_attest_fact_text(struct ak_attest_verdict *verdict, const char *name, struct ak_span text);
void ak_attest_fact_hex(struct ak_attest_verdict *verdict, const char *name, struct ak_span bytes);
void ak_attest_fact_number(struct ak_attest_verdict *verdict, const char *name, uint64_t number);
void ak_attest_fact_bool(struct ak_attest_verdict *verdict, const char *name, bool value);
void ak_attest_fact_null(struct ak_attest_verdict *verdict, const char *name);
/* A measured register: for the policy's images, and a fact under the same name. `name` is static. */
void ak_attest_measure(struct ak_attest_verdict *verdict, const char *name, struct ak_span value);

/* ---- checks of the policy that kinds share; only for authentic evidence ---- */

/* The measurements noted so far against the policy's images. Sets the claim `executables`. */
void ak_attest_check_images(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy);
/* Debug is refused unless the policy allows it. Sets the claim `runtime-opaque` (encrypted: AFFIRMING,
 * visible to the host: CONTRAINDICATED). */
void ak_attest_check_debug(
    struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, bool is_debug);
/* `refused_by_default`: allowed only where the policy names it. */
void ak_attest_check_product(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const char *product, bool refused_by_default);
/* One component against its floor; a component without a floor fails. */
void ak_attest_check_floor(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const char *product, const char *component, uint32_t seen);
/* Bytes that the policy asks for; nothing where it does not. `check` is REPORT_DATA or FRESHNESS. */
void ak_attest_check_data(struct ak_attest_verdict *verdict, enum ak_attest_check check,
    const struct ak_attest_data *wanted, const char *name, struct ak_span seen);
/* `bound`: the policy gave a nonce, report data or age that this kind compares. Fails where it did not and
 * did not say that freshness does not matter. */
void ak_attest_check_fresh(
    struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, bool bound);

#endif
