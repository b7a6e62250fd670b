#include "io/conf/worker_conf.h"

#include <string.h>
#include <sys/un.h>

#include "base/num.h"
#include "base/span.h"

#ifndef AK_RELEASE
#define AK_RELEASE 0
#endif

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static const struct ak_conf_key keys[AK_WORKER_KEY_COUNT] = {
    [AK_WORKER_LISTEN] = {"listen", AK_CONF_LISTEN, "127.0.0.1:8092", 0, 0, NULL,
        "Address and port for clients; port 0 lets the system choose, none listens on sockets only."},
    [AK_WORKER_SOCKET] = {"socket", AK_CONF_PATH, "${run}/worker.sock", 0, 0, NULL,
        "Unix socket for clients of the same group (mode 0660); empty for none."},
    [AK_WORKER_OPERATOR_SOCKET] = {"operator_socket", AK_CONF_PATH, "${run}/operator.sock", 0, 0, NULL,
        "Unix socket of the local operator (mode 0600, peer user checked); empty for none."},
    [AK_WORKER_DATA_DIR] = {"data_dir", AK_CONF_PATH, "${data}", 1, 0, NULL,
        "Folder of ledger, sealed state and TEE files; mode 0700, one worker at a time."},
    [AK_WORKER_PUBLIC_URL] = {"public_url", AK_CONF_URL, "", 0, 0, NULL,
        "Origin under which clients reach the worker, as it stands in their proofs; empty: from listen."},
    [AK_WORKER_ISSUER] = {"issuer", AK_CONF_URL, "", 0, 0, NULL,
        "Issuer of tokens and host of sign-in texts; empty: public_url. Part of the trust configuration."},
    [AK_WORKER_TEE] = {"tee", AK_CONF_CHOICE, "software", 0, 0, "software|tpm2",
        "Trusted execution backend; software protects nothing against the host."},
    [AK_WORKER_INSECURE_DEV] = {"insecure_dev", AK_CONF_SWITCH, "off", 0, 0, NULL,
        "Allows the software backend in a release build; for development only."},
    [AK_WORKER_VERIFY_BEFORE_RELEASE] = {"verify_before_release", AK_CONF_SWITCH, "on", 0, 0, NULL,
        "Checks every signature against the recorded public key before it leaves."},
    [AK_WORKER_TLS] = {"tls", AK_CONF_CHOICE, "auto", 0, 0, "auto|on|off",
        "TLS 1.3 on listen; auto: on unless the address is loopback. off is allowed on loopback only."},
    [AK_WORKER_SESSION_LIFETIME] = {"session_lifetime", AK_CONF_DURATION, "5h", 60, 24 * HOUR, NULL,
        "How long a session lasts."},
    [AK_WORKER_AGENT_TOKEN_LIFETIME] = {"agent_token_lifetime", AK_CONF_DURATION, "10m", 60, HOUR, NULL,
        "How long an agent's token lasts."},
    [AK_WORKER_RECOVERY_WAIT] = {"recovery_wait", AK_CONF_DURATION, "7d", 60, 90 * DAY, NULL,
        "Waiting time before an account is recovered or a device removed. Part of the trust configuration."},
    [AK_WORKER_RECOVERY_WAIT_CODE] = {"recovery_wait_code", AK_CONF_DURATION, "24h", 60, 90 * DAY, NULL,
        "The same with the recovery code or a linked wallet. Part of the trust configuration."},
    [AK_WORKER_SIGN_IN_LOCAL] = {"sign_in.local", AK_CONF_SWITCH, "on", 0, 0, NULL,
        "Lets the local operator open accounts over operator_socket; off by itself where broker_socket is "
        "set."},
    [AK_WORKER_LOG_LEVEL] = {"log_level", AK_CONF_CHOICE, "info", 0, 0, "error|warn|info|debug",
        "Lowest level that is logged."},
    [AK_WORKER_MAX_CONNECTIONS] = {"max_connections", AK_CONF_NUMBER, "512", 8, 65536, NULL,
        "Connections at a time; further ones wait."},
    [AK_WORKER_BATCH_WAIT_US] = {"batch_wait_us", AK_CONF_NUMBER, "2000", 0, 10000, NULL,
        "How long the ledger's writer waits for more entries before it syncs, in microseconds."},
    [AK_WORKER_THREADS] = {"threads", AK_CONF_NUMBER, "0", 0, 64, NULL, "Signing threads; 0: one a core."},
    [AK_WORKER_VERIFY_ALL] = {"verify_all", AK_CONF_SWITCH, "off", 0, 0, NULL,
        "Checks every entry of the ledger before serving."},
    [AK_WORKER_OIDC_AUDIENCE] = {"oidc.audience", AK_CONF_TEXT, "sts.amazonaws.com", 1, 200, NULL,
        "Audience of a token for a cloud where the caller names none."},
    [AK_WORKER_OIDC_TOKEN_LIFETIME] = {"oidc.token_lifetime", AK_CONF_DURATION, "5m", 60, HOUR, NULL,
        "How long a token for a cloud lasts."},
    [AK_WORKER_OIDC_MINTS_PER_HOUR] = {"oidc.mints_per_hour", AK_CONF_NUMBER, "30", 1, 10000, NULL,
        "Tokens for clouds that an account and all its agents get in an hour."},
    [AK_WORKER_CLOUD_STS_LIFETIME] = {"cloud.sts_lifetime", AK_CONF_DURATION, "15m", 15 * MINUTE, HOUR, NULL,
        "The longest that the clouds' roles give credentials for a token; suspend answers cloud_until by "
        "it."},
    [AK_WORKER_USER] = {"user", AK_CONF_TEXT, "", 0, 32, NULL,
        "User to become when started as root; empty: stay root."},
    [AK_WORKER_VAULT_ROTATE] = {"vault.rotate", AK_CONF_DURATION, "7d", HOUR, 90 * DAY, NULL,
        "How long an epoch of stored credentials lasts before the next one begins by itself."},
    [AK_WORKER_VAULT_SWEEP_DEADLINE] = {"vault.sweep_deadline", AK_CONF_DURATION, "24h", HOUR, 90 * DAY, NULL,
        "Within which time after that everything has been moved out of the old epoch."},
    [AK_WORKER_VAULT_SERVICES_MAX] = {"vault.services_max", AK_CONF_NUMBER, "1000", 1, 100000, NULL,
        "Stored credentials, and service definitions, an account may have."},
    [AK_WORKER_VAULT_CHECK] = {"vault.check", AK_CONF_DURATION, "24h", MINUTE, 90 * DAY, NULL,
        "How often all stored credentials are held against the ledger; besides at each start, and after a "
        "failure."},
    [AK_WORKER_VAULT_ERASURE_SLOT] = {"vault.erasure_slot", AK_CONF_PATH, "", 0, 0, NULL,
        "Folder of the software backend's erasure slots, outside data_dir; empty: data_dir with -slots "
        "added. "
        "Copies of it bring destroyed credentials back: keep it out of backups."},
    [AK_WORKER_TEE_TCTI] = {"tee.tcti", AK_CONF_TEXT, "device:/dev/tpmrm0", 1, 200, NULL,
        "How the TPM is reached: device:/dev/... or swtpm:host=...,port=... (tee = tpm2)."},
    [AK_WORKER_OPERATORS] = {"operators", AK_CONF_TEXT, "", 0, AK_CONF_TEXT_MAX - 1, NULL,
        "Accounts that may change the trust configuration, by anchor or as email:alice@demo.example, with "
        "commas; empty: nobody. Part of the trust configuration."},
    [AK_WORKER_EK_ROOTS] = {"ek_roots", AK_CONF_PATH, "", 0, 0, NULL,
        "File with the certificates of TPM makers, PEM: the TPM must show that one of them certified it (tee "
        "= "
        "tpm2); empty: not asked. Their hashes are part of the trust configuration."},
    [AK_WORKER_BROKER_SOCKET] = {"broker_socket", AK_CONF_PATH, "", 0, 0, NULL,
        "Unix socket of the broker (peer user checked); empty: nobody signs in by a broker."},
    [AK_WORKER_BROKER_USER] = {"broker_user", AK_CONF_TEXT, "", 0, 32, NULL,
        "User that the broker runs as, where it is not the worker's own."},
    [AK_WORKER_BROKER_URL] = {"broker_url", AK_CONF_URL, "", 0, 0, NULL,
        "Origin under which people reach the broker, as it stands in their proofs. Part of the trust "
        "configuration."},
    [AK_WORKER_BROKER_KEY] = {"broker_key", AK_CONF_PATH, "", 0, 0, NULL,
        "File with the broker's public key (JWK), whose word counts for e-mail; empty: nobody's. Part of the "
        "trust configuration."},
    [AK_WORKER_IDENTITY_PROVIDERS] = {"identity_providers", AK_CONF_TEXT, "", 0, AK_CONF_TEXT_MAX - 1, NULL,
        "OAuth2 providers by which the broker may sign people in: NAME ISSUER CLIENT_ID, with commas; a name "
        "keeps its issuer for ever; empty: none. Part of the trust configuration."},
};

const struct ak_conf_table ak_worker_conf_table = {
    "agentkeys-worker", "docs/operations.md#configuration", keys, AK_WORKER_KEY_COUNT};

bool ak_worker_conf_is_loopback(const struct ak_conf *conf)
{
    char host[64];
    uint16_t port = 0;
    if (ak_conf_split_listen(ak_conf_text(conf, AK_WORKER_LISTEN), host, &port)) return false;
    return host[0] == '\0' || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

bool ak_worker_conf_tls(const struct ak_conf *conf)
{
    unsigned tls = ak_conf_choice(conf, AK_WORKER_TLS);
    return tls == AK_WORKER_TLS_ON || (tls == AK_WORKER_TLS_AUTO && !ak_worker_conf_is_loopback(conf));
}

enum ak_err ak_worker_conf_slot_dir(const struct ak_conf *conf, char *out_path, size_t cap)
{
    const char *set = ak_conf_text(conf, AK_WORKER_VAULT_ERASURE_SLOT);
    struct ak_buf buf = ak_buf((uint8_t *)out_path, cap);
    ak_buf_put_str(&buf, set[0] ? set : ak_conf_text(conf, AK_WORKER_DATA_DIR));
    if (!set[0]) ak_buf_put_str(&buf, "-slots");
    return ak_buf_terminate(&buf);
}

uid_t ak_worker_conf_broker_uid(const struct ak_conf *conf)
{
    uint64_t uid = 0;
    struct ak_span text = ak_span_str(ak_conf_text(conf, AK_WORKER_BROKER_USER));
    return ak_num_parse_u64(text, UINT32_MAX - 1, &uid) == AK_OK ? (uid_t)uid : (uid_t)-1;
}

bool ak_worker_conf_sign_in_local(const struct ak_conf *conf)
{
    bool said = conf->values[AK_WORKER_SIGN_IN_LOCAL].source != AK_CONF_FROM_DEFAULT;
    return said ? ak_conf_on(conf, AK_WORKER_SIGN_IN_LOCAL) : !ak_conf_text(conf, AK_WORKER_BROKER_SOCKET)[0];
}

/* By name; what links lead to is the administrator's. */
static bool slots_are_outside(const struct ak_conf *conf)
{
    struct ak_span slots = ak_span_str(ak_conf_text(conf, AK_WORKER_VAULT_ERASURE_SLOT));
    struct ak_span data = ak_span_str(ak_conf_text(conf, AK_WORKER_DATA_DIR));
    while (data.len > 0 && data.ptr[data.len - 1] == '/') data.len--;
    if (slots.len == 0) return true;
    return !ak_span_starts(slots, data) || (slots.len > data.len && slots.ptr[data.len] != '/');
}

static enum ak_err refuse(const struct ak_conf *conf, unsigned key, const char *code, const char *reason,
    struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(
        out_fail, code, conf->table->keys[key].name, ak_conf_text(conf, key), reason, conf->table->see);
    return AK_E_MEANING;
}

enum ak_err ak_worker_conf_validate(const struct ak_conf *conf, struct ak_boot_fail *out_fail)
{
    const unsigned sockets[] = {AK_WORKER_SOCKET, AK_WORKER_OPERATOR_SOCKET, AK_WORKER_BROKER_SOCKET};
    for (size_t i = 0; i < AK_COUNT(sockets); i++)
        if (strlen(ak_conf_text(conf, sockets[i])) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
            return refuse(conf, sockets[i], "bad_value", "longer than a Unix socket's path can be", out_fail);
    bool listens = strcmp(ak_conf_text(conf, AK_WORKER_LISTEN), "none") != 0;
    if (!listens && !ak_conf_text(conf, AK_WORKER_SOCKET)[0])
        return refuse(conf, AK_WORKER_LISTEN, "no_listener", "neither listen nor socket is set", out_fail);
    if (ak_conf_choice(conf, AK_WORKER_TLS) == AK_WORKER_TLS_OFF && !ak_worker_conf_is_loopback(conf))
        return refuse(
            conf, AK_WORKER_TLS, "plain_off_loopback", "plain text is allowed on loopback only", out_fail);
    bool software = strcmp(ak_conf_text(conf, AK_WORKER_TEE), "software") == 0;
    if (AK_RELEASE && software && !ak_conf_on(conf, AK_WORKER_INSECURE_DEV))
        return refuse(conf, AK_WORKER_TEE, "insecure_tee",
            "this release build takes the software backend only with --insecure-dev", out_fail);
    bool by_broker = ak_conf_text(conf, AK_WORKER_BROKER_SOCKET)[0] != 0;
    if (by_broker && !ak_conf_text(conf, AK_WORKER_BROKER_URL)[0])
        return refuse(conf, AK_WORKER_BROKER_URL, "bad_value",
            "broker_socket is set, and the proofs that come by it name the broker's origin", out_fail);
    if (!slots_are_outside(conf))
        return refuse(conf, AK_WORKER_VAULT_ERASURE_SLOT, "bad_value", "inside data_dir; it must lie outside",
            out_fail);
    if (ak_conf_number(conf, AK_WORKER_RECOVERY_WAIT_CODE) > ak_conf_number(conf, AK_WORKER_RECOVERY_WAIT))
        return refuse(conf, AK_WORKER_RECOVERY_WAIT_CODE, "bad_value", "longer than recovery_wait", out_fail);
    return AK_OK;
}
