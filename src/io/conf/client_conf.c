#include "io/conf/client_conf.h"

#include <string.h>

#include "io/conf/source.h"

static const struct ak_conf_key keys[AK_CLIENT_KEY_COUNT] = {
    [AK_CLIENT_PROFILE] = {"profile", AK_CONF_TEXT, "default", 1, 64, NULL,
        "Name of the section that is used."},
    [AK_CLIENT_SIGNER_URL] = {"signer_url", AK_CONF_URL, "http://127.0.0.1:8092/tee", 1, 0, NULL,
        "The worker: URL with its prefix, or unix:/path of its socket."},
    [AK_CLIENT_OPERATOR_SOCKET] = {"operator_socket", AK_CONF_PATH, "${run}/operator.sock", 0, 0, NULL,
        "The worker's socket for the local operator, on the same machine."},
    [AK_CLIENT_BROKER_URL] = {"broker_url", AK_CONF_URL, "http://127.0.0.1:8091", 0, 0, NULL,
        "The broker, by which people sign in with a mail address or a wallet of their own."},
    [AK_CLIENT_ACCOUNT] = {"account", AK_CONF_TEXT, "", 0, 64, NULL, "Anchor of the account, 64 hex digits."},
    [AK_CLIENT_EVIDENCE] = {"evidence", AK_CONF_CHOICE, "none", 0, 0, "none|required",
        "Whether the worker must prove what it runs on; none is for loopback and Unix sockets only."},
    [AK_CLIENT_WORKER_PIN] = {"worker_pin", AK_CONF_TEXT, "", 0, 64, NULL,
        "SHA-256 of the worker's TLS key, 64 hex digits, fixed at enrolment."},
    [AK_CLIENT_LEDGER_PIN] = {"ledger_pin", AK_CONF_TEXT, "", 0, 256, NULL,
        "Verifier key of the ledger's checkpoints, fixed at enrolment."},
    [AK_CLIENT_STATE_DIR] = {"state_dir", AK_CONF_PATH, "${client}", 1, 0, NULL,
        "Folder of the device key, tokens and seen checkpoints; mode 0700."},
    [AK_CLIENT_TIMEOUT] = {"timeout", AK_CONF_DURATION, "30s", 1, 600, NULL, "How long a call may take."},
    [AK_CLIENT_LOG_LEVEL] = {"log_level", AK_CONF_CHOICE, "warn", 0, 0, "error|warn|info|debug",
        "Lowest level that is logged."},
};

const struct ak_conf_table ak_client_conf_table = {
    "agentkeys", "docs/operations.md#client-configuration", keys, AK_CLIENT_KEY_COUNT};

enum ak_err ak_client_conf_load(
    struct ak_conf *out_conf, struct ak_conf_input *in, struct ak_boot_fail *out_fail)
{
    char profile[AK_CONF_TEXT_MAX] = "default";
    /* First round: only to learn the profile; "" is a section no file can have, so all sections are passed
     * over. */
    struct ak_conf_input first = *in;
    first.section = "";
    first.on_option = NULL;
    AK_TRY(ak_conf_load(out_conf, &ak_client_conf_table, &first, out_fail));
    memcpy(profile, ak_conf_text(out_conf, AK_CLIENT_PROFILE), sizeof profile);
    in->section = profile;
    in->section_optional = strcmp(profile, "default") == 0;
    enum ak_err err = ak_conf_load(out_conf, &ak_client_conf_table, in, out_fail);
    in->section = NULL;
    return err;
}
