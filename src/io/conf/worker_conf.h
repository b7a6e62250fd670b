/* The worker's settings. The enum and the table have the same order; a test holds them together. */
#ifndef AK_IO_CONF_WORKER_CONF_H
#define AK_IO_CONF_WORKER_CONF_H

#include <sys/types.h>

#include "io/conf/conf.h"

#define AK_WORKER_CONF_FILE "/etc/agentkeys/worker.conf"

enum ak_worker_key {
    AK_WORKER_LISTEN,          /* 127.0.0.1:8092; none; port 0 */
    AK_WORKER_SOCKET,          /* clients' Unix socket, 0660; empty: none */
    AK_WORKER_OPERATOR_SOCKET, /* local operator's Unix socket, 0600 and peer uid; empty: none */
    AK_WORKER_DATA_DIR,
    AK_WORKER_PUBLIC_URL, /* origin that clients put into proofs (htu); empty: http://<listen> */
    AK_WORKER_ISSUER,     /* `iss` of tokens and the SIWE domain; empty: public_url */
    AK_WORKER_TEE,        /* software, tpm2 */
    AK_WORKER_INSECURE_DEV,
    AK_WORKER_VERIFY_BEFORE_RELEASE,
    AK_WORKER_TLS,              /* enum ak_worker_tls */
    AK_WORKER_SESSION_LIFETIME, /* seconds */
    AK_WORKER_AGENT_TOKEN_LIFETIME,
    AK_WORKER_RECOVERY_WAIT,
    AK_WORKER_RECOVERY_WAIT_CODE,
    AK_WORKER_SIGN_IN_LOCAL,
    AK_WORKER_LOG_LEVEL, /* index as enum ak_log_level */
    AK_WORKER_MAX_CONNECTIONS,
    AK_WORKER_BATCH_WAIT_US,
    AK_WORKER_THREADS,              /* 0: one a core */
    AK_WORKER_VERIFY_ALL,           /* check every ledger entry before serving */
    AK_WORKER_USER,                 /* when started as root; empty: stay */
    AK_WORKER_VAULT_ROTATE,         /* seconds */
    AK_WORKER_VAULT_SWEEP_DEADLINE, /* seconds */
    AK_WORKER_VAULT_SERVICES_MAX,
    AK_WORKER_VAULT_CHECK,        /* seconds */
    AK_WORKER_VAULT_ERASURE_SLOT, /* folder; empty: "<data_dir>-slots" */
    AK_WORKER_OIDC_AUDIENCE,
    AK_WORKER_OIDC_TOKEN_LIFETIME, /* seconds */
    AK_WORKER_OIDC_MINTS_PER_HOUR, /* an account */
    AK_WORKER_CLOUD_STS_LIFETIME,  /* seconds */
    AK_WORKER_TEE_TCTI,            /* tpm2: how the TPM is reached */
    AK_WORKER_OPERATORS,           /* who may change the trust configuration; empty: nobody */
    AK_WORKER_EK_ROOTS,            /* file of certificates of TPM makers; empty: not asked */
    AK_WORKER_BROKER_SOCKET,       /* the broker's Unix socket, 0600 and peer uid; empty: none */
    AK_WORKER_BROKER_USER,         /* who else than the worker's user may use it; a name, later its number */
    AK_WORKER_BROKER_URL,          /* origin of the broker, for `htu` */
    AK_WORKER_BROKER_KEY,          /* file with its public JWK */
    AK_WORKER_IDENTITY_PROVIDERS,  /* whose people the broker may sign in; empty: nobody's */
    AK_WORKER_KEY_COUNT
};
/* What is wrong with a value of AK_WORKER_OPERATORS. */
#define AK_WORKER_OPERATORS_FORM "at most 8 of: 64 hex digits, or type:value as email:alice@demo.example"
/* And of AK_WORKER_IDENTITY_PROVIDERS. */
#define AK_WORKER_PROVIDERS_FORM                                                                             \
    "at most 16 of: NAME ISSUER CLIENT_ID, as google https://accounts.google.com ID, with commas; a name "   \
    "is 2 "                                                                                                  \
    "to 16 of a-z and 0-9, and none starts with another"
enum ak_worker_tls { AK_WORKER_TLS_AUTO, AK_WORKER_TLS_ON, AK_WORKER_TLS_OFF };

extern const struct ak_conf_table ak_worker_conf_table;

/* What no single key can say: tls=off only on loopback, the software backend in a release build only with
 * insecure_dev, at least one listener, socket paths that fit sun_path, erasure slots outside the data folder.
 * AK_E_MEANING with out_fail filled. */
AK_MUST_USE enum ak_err ak_worker_conf_validate(const struct ak_conf *conf, struct ak_boot_fail *out_fail);
/* True where `listen` is none or a loopback address. */
bool ak_worker_conf_is_loopback(const struct ak_conf *conf);
/* The folder of the erasure slots as it is in force. AK_E_LIMIT: longer than cap. */
AK_MUST_USE enum ak_err ak_worker_conf_slot_dir(const struct ak_conf *conf, char *out_path, size_t cap);
/* The number that the supervisor put in place of broker_user's name; (uid_t)-1: none. */
uid_t ak_worker_conf_broker_uid(const struct ak_conf *conf);
/* Whether the local operator signs in: as sign_in.local says; where nothing is said, while no broker is set.
 */
bool ak_worker_conf_sign_in_local(const struct ak_conf *conf);
/* auto: TLS exactly where the listener is not loopback. */
bool ak_worker_conf_tls(const struct ak_conf *conf);

#endif
