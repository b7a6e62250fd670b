/* Settings of the CLI and the daemon: ~/.config/agentkeys/config. Keys before any section hold for every
 * profile; `[NAME]` is the profile NAME, chosen by --profile, AGENTKEYS_PROFILE or `profile = NAME`. */
#ifndef AK_IO_CONF_CLIENT_CONF_H
#define AK_IO_CONF_CLIENT_CONF_H

#include "io/conf/conf.h"

enum ak_client_key {
    AK_CLIENT_PROFILE,    /* name; default "default" */
    AK_CLIENT_SIGNER_URL, /* URL with prefix: http://127.0.0.1:8092/tee, unix:/run/agentkeys/worker.sock */
    AK_CLIENT_OPERATOR_SOCKET,
    AK_CLIENT_BROKER_URL, /* origin of the broker that signs people in; empty: none */
    AK_CLIENT_ACCOUNT,    /* anchor, 64 hex; empty: not yet known */
    AK_CLIENT_EVIDENCE,   /* none | required */
    AK_CLIENT_WORKER_PIN, /* SHA-256 of the worker's SPKI, 64 hex; empty: none */
    AK_CLIENT_LEDGER_PIN, /* the ledger's note verifier key; empty: none */
    AK_CLIENT_STATE_DIR,  /* device key, tokens, checkpoints */
    AK_CLIENT_TIMEOUT,    /* of one call */
    AK_CLIENT_LOG_LEVEL,
    AK_CLIENT_KEY_COUNT
};

extern const struct ak_conf_table ak_client_conf_table;

/* Loads with profiles: reads the file twice, first for the profile's name, then with its section. A profile
 * that the file does not have is `no_profile` unless it is "default". */
AK_MUST_USE enum ak_err ak_client_conf_load(
    struct ak_conf *out_conf, struct ak_conf_input *in, struct ak_boot_fail *out_fail);

#endif
