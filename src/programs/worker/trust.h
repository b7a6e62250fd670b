/* The settings that decide trust, held against what was sealed. What is sealed is in force. A setting that is
 * given must say the same; one that is not given takes the sealed value, so that a later version's default
 * changes nothing. Public. One thread. */
#ifndef AK_PROGRAMS_WORKER_TRUST_H
#define AK_PROGRAMS_WORKER_TRUST_H

#include "base/crypto/p256.h"
#include "base/crypto/x509.h"
#include "core/trust/trust.h"
#include "io/conf/worker_conf.h"
#include "io/tee/sealed_file.h"

struct ak_worker_trust {
    const struct ak_conf *conf;
    struct ak_trust wanted; /* what the settings say; its texts are the configuration's */
    uint32_t given;         /* bits 1 << enum ak_trust_item of settings that were given */
    uint8_t bytes[AK_TRUST_LEN_MAX];
    struct ak_x509_bundle makers;  /* certificates of the setting ek_roots */
    struct ak_p256_pub broker_pub; /* the key of the setting broker_key, where wanted.has_broker_key */
    unsigned wrong;                /* the item that did not fit; 0: none */
    struct ak_boot_fail why;
};

/* Reads the settings; `conf` must outlive it. AK_E_MEANING with out->why where a value is none. */
AK_MUST_USE enum ak_err ak_worker_trust_read(const struct ak_conf *conf, struct ak_worker_trust *out);
/* For ak_sealed_file_open; refers to `trust`. */
struct ak_sealed_trust ak_worker_trust_sealed(struct ak_worker_trust *trust);
/* The first item that is given and not as in `sealed`, and out->why for it; 0: none. */
unsigned ak_worker_trust_compare(struct ak_worker_trust *trust, const struct ak_trust *sealed);
/* Ends the process by trust_config, naming the setting where it is known. */
AK_NORETURN void ak_worker_trust_fail(const struct ak_worker_trust *trust);
/* Where the trust configuration names makers of TPMs: that the TPM is one of theirs. AK_E_MEANING with
 * trust->why. */
AK_MUST_USE enum ak_err ak_worker_trust_check_maker(
    struct ak_worker_trust *trust, const struct ak_trust *sealed, const struct ak_tee *tee, uint64_t now_s);
/* Gives the certificates back. */
void ak_worker_trust_done(struct ak_worker_trust *trust);
/* Makes the settings say what is sealed. */
void ak_worker_trust_apply(const struct ak_trust *sealed, struct ak_conf *conf);

#endif
