#include "io/conf/broker_conf.h"

#include <string.h>
#include <sys/un.h>

#include "base/span.h"
#include "core/broker/source.h"
#include "io/conf/provider_conf.h"

enum { MINUTE = 60, HOST_MAX = 255 };

static const struct ak_conf_key keys[AK_BROKER_KEY_COUNT] = {
    [AK_BROKER_LISTEN] = {"listen", AK_CONF_LISTEN, "127.0.0.1:8091", 0, 0, NULL,
        "Address and port for clients, on loopback: a reverse proxy brings TLS; port 0 lets the system "
        "choose, none listens on the socket only."},
    [AK_BROKER_SOCKET] = {"socket", AK_CONF_PATH, "", 0, 0, NULL,
        "Unix socket for a reverse proxy of the same group (mode 0660); empty for none."},
    [AK_BROKER_DATA_DIR] = {"data_dir", AK_CONF_PATH, "${data}/broker", 1, 0, NULL,
        "Folder of the signing key, the file key and the state; mode 0700. Two brokers may share it."},
    [AK_BROKER_PUBLIC_URL] = {"public_url", AK_CONF_URL, "", 0, 0, NULL,
        "Origin under which clients reach the broker, as it stands in proofs and mails; empty: from listen. "
        "The worker's setting broker_url is the same."},
    [AK_BROKER_ISSUER] = {"issuer", AK_CONF_URL, "http://127.0.0.1:8092", 1, 0, NULL,
        "The worker's issuer: the audience of the broker's answers."},
    [AK_BROKER_WORKER_SOCKET] = {"worker_socket", AK_CONF_PATH, "${run}/broker.sock", 1, 0, NULL,
        "The worker's Unix socket for its broker (the worker's setting broker_socket)."},
    [AK_BROKER_WORKER_TIMEOUT] = {"worker_timeout", AK_CONF_DURATION, "10s", 1, MINUTE, NULL,
        "How long the worker may take for one answer."},
    [AK_BROKER_TRUSTED_PROXIES] = {"trusted_proxies", AK_CONF_TEXT, "", 0, 500, NULL,
        "Addresses or networks (10.0.0.0/8, ::1) whose X-Forwarded-For is believed, separated by commas; "
        "unix for callers of the socket."},
    [AK_BROKER_MAIL_URL] = {"mail.url", AK_CONF_TEXT, "", 0, 300, NULL,
        "Mail server: smtps://host[:port], or smtp://host[:port] with STARTTLS; empty: no sign-in by mail."},
    [AK_BROKER_MAIL_STARTTLS] = {"mail.starttls", AK_CONF_SWITCH, "on", 0, 0, NULL,
        "Demands STARTTLS of an smtp:// server; off is taken on loopback only."},
    [AK_BROKER_MAIL_FROM] = {"mail.from", AK_CONF_TEXT, "", 0, 254, NULL, "The sender's address."},
    [AK_BROKER_MAIL_USER] = {"mail.user", AK_CONF_TEXT, "", 0, 254, NULL,
        "User at the mail server; empty: none."},
    [AK_BROKER_MAIL_PASSWORD_FILE] = {"mail.password_file", AK_CONF_PATH, "", 0, 0, NULL,
        "File whose first line is that user's password; closed to others."},
    [AK_BROKER_MAIL_CA_FILE] = {"mail.ca_file", AK_CONF_PATH, "", 0, 0, NULL,
        "PEM file of the authorities that the mail server's certificate must come from; empty: the "
        "system's."},
    [AK_BROKER_MAIL_TIMEOUT] = {"mail.timeout", AK_CONF_DURATION, "30s", 1, 5 * MINUTE, NULL,
        "How long the mail server may take for one mail."},
    [AK_BROKER_OAUTH2_PROVIDERS] = {"oauth2.providers", AK_CONF_TEXT, "", 0, 200, NULL,
        "Names of the OpenID Connect providers that people sign in at, separated by commas, at most 8; each "
        "a section of oauth2.file. Empty: none."},
    [AK_BROKER_OAUTH2_FILE] = {"oauth2.file", AK_CONF_PATH, "/etc/agentkeys/oauth2.conf", 1, 0, NULL,
        "File of these providers."},
    [AK_BROKER_OAUTH2_TIMEOUT] = {"oauth2.timeout", AK_CONF_DURATION, "5s", 1, 30, NULL,
        "How long a provider may take for one answer."},
    [AK_BROKER_STARTS_PER_MINUTE] = {"limit.starts_per_minute", AK_CONF_NUMBER, "30", 1, 60, NULL,
        "Sign-ins a source may start in a minute."},
    [AK_BROKER_CHALLENGES_PER_HOUR] = {"limit.challenges_per_hour", AK_CONF_NUMBER, "60", 1, 60, NULL,
        "Texts for wallets a source may ask for in an hour."},
    [AK_BROKER_MAILS_PER_HOUR] = {"limit.mails_per_hour", AK_CONF_NUMBER, "5", 1, 60, NULL,
        "Mails an address may be sent in an hour."},
    [AK_BROKER_LOG_LEVEL] = {"log_level", AK_CONF_CHOICE, "info", 0, 0, "error|warn|info|debug",
        "How much goes to the log."},
    [AK_BROKER_MAX_CONNECTIONS] = {"max_connections", AK_CONF_NUMBER, "512", 16, 65000, NULL,
        "Connections in all."},
    [AK_BROKER_THREADS] = {"threads", AK_CONF_NUMBER, "8", 1, 64, NULL,
        "Calls that wait for the worker or the disk at the same time."},
    [AK_BROKER_USER] = {"user", AK_CONF_TEXT, "", 0, 32, NULL,
        "User to become when started as root; empty: stay root."},
};

const struct ak_conf_table ak_broker_conf_table = {
    "agentkeys-broker", "docs/operations.md#broker", keys, AK_BROKER_KEY_COUNT};

static bool listens_on_loopback(const struct ak_conf *conf)
{
    char host[64];
    uint16_t port = 0;
    if (ak_conf_split_listen(ak_conf_text(conf, AK_BROKER_LISTEN), host, &port)) return false;
    return host[0] == '\0' || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static const char smtp[] = "smtp://", smtps[] = "smtps://";

/* The host of mail.url; empty where it is none. No user, path or query: they have settings of their own. */
static struct ak_span mail_host(const struct ak_conf *conf)
{
    struct ak_span url = ak_span_str(ak_conf_text(conf, AK_BROKER_MAIL_URL));
    bool implicit = ak_span_starts(url, AK_SPAN_LIT(smtps));
    if (!implicit && !ak_span_starts(url, AK_SPAN_LIT(smtp))) return AK_SPAN_EMPTY;
    struct ak_span rest = ak_span_sub(url, implicit ? sizeof smtps - 1 : sizeof smtp - 1, url.len);
    for (size_t i = 0; i < rest.len; i++) {
        uint8_t c = rest.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    memchr("-.:[]", c, 5) != NULL;
        if (!fine) return AK_SPAN_EMPTY;
    }
    if (rest.len && rest.ptr[0] == '[') {
        size_t close = ak_span_find(rest, 0, ']');
        return close < rest.len ? ak_span_sub(rest, 1, close - 1) : AK_SPAN_EMPTY;
    }
    return ak_span_sub(rest, 0, ak_span_find(rest, 0, ':'));
}

static bool mail_is_loopback(const struct ak_conf *conf)
{
    struct ak_span host = mail_host(conf);
    if (ak_span_eq(host, AK_SPAN_LIT("localhost")) || ak_span_eq(host, AK_SPAN_LIT("::1"))) return true;
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9')) return false;
    return ak_span_starts(host, AK_SPAN_LIT("127."));
}

static enum ak_err refuse(const struct ak_conf *conf, unsigned key, const char *code, const char *reason,
    struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(
        out_fail, code, conf->table->keys[key].name, ak_conf_text(conf, key), reason, conf->table->see);
    return AK_E_MEANING;
}

/* An address as it can stand between angle brackets. */
static bool is_sender(const char *text)
{
    struct ak_span all = ak_span_str(text);
    size_t at = ak_span_find(all, 0, '@');
    if (at == 0 || at + 1 >= all.len) return false;
    for (size_t i = 0; i < all.len; i++)
        if (all.ptr[i] <= ' ' || all.ptr[i] > '~' || memchr("<>,;:\"\\()", all.ptr[i], 9)) return false;
    return true;
}

static enum ak_err validate_mail(const struct ak_conf *conf, struct ak_boot_fail *out_fail)
{
    if (!ak_conf_text(conf, AK_BROKER_MAIL_URL)[0]) return AK_OK;
    if (mail_host(conf).len == 0 || mail_host(conf).len > HOST_MAX)
        return refuse(conf, AK_BROKER_MAIL_URL, "bad_value",
            "must be smtps://host[:port] or smtp://host[:port]", out_fail);
    bool implicit = ak_span_starts(ak_span_str(ak_conf_text(conf, AK_BROKER_MAIL_URL)), AK_SPAN_LIT(smtps));
    if (!implicit && !ak_conf_on(conf, AK_BROKER_MAIL_STARTTLS) && !mail_is_loopback(conf))
        return refuse(conf, AK_BROKER_MAIL_STARTTLS, "plain_off_loopback",
            "mail without TLS is allowed to a server on loopback only", out_fail);
    if (!is_sender(ak_conf_text(conf, AK_BROKER_MAIL_FROM)))
        return refuse(conf, AK_BROKER_MAIL_FROM, "bad_value", "mail.url needs a sender's address", out_fail);
    bool user = ak_conf_text(conf, AK_BROKER_MAIL_USER)[0];
    if (user != (bool)ak_conf_text(conf, AK_BROKER_MAIL_PASSWORD_FILE)[0])
        return refuse(conf, AK_BROKER_MAIL_PASSWORD_FILE, "bad_value",
            "mail.user and mail.password_file go together", out_fail);
    return AK_OK;
}

enum ak_err ak_broker_conf_validate(const struct ak_conf *conf, struct ak_boot_fail *out_fail)
{
    const unsigned sockets[] = {AK_BROKER_SOCKET, AK_BROKER_WORKER_SOCKET};
    struct ak_source_nets nets;
    struct ak_span providers[AK_PROVIDERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < AK_COUNT(sockets); i++)
        if (strlen(ak_conf_text(conf, sockets[i])) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
            return refuse(conf, sockets[i], "bad_value", "longer than a Unix socket's path can be", out_fail);
    bool listens = strcmp(ak_conf_text(conf, AK_BROKER_LISTEN), "none") != 0;
    if (!listens && !ak_conf_text(conf, AK_BROKER_SOCKET)[0])
        return refuse(conf, AK_BROKER_LISTEN, "no_listener", "neither listen nor socket is set", out_fail);
    if (!listens_on_loopback(conf))
        return refuse(conf, AK_BROKER_LISTEN, "plain_off_loopback",
            "the broker listens on loopback only; a reverse proxy brings TLS", out_fail);
    if (!listens && !ak_conf_text(conf, AK_BROKER_PUBLIC_URL)[0])
        return refuse(conf, AK_BROKER_PUBLIC_URL, "bad_value", "must be set where listen is none", out_fail);
    if (ak_source_nets_parse(ak_span_str(ak_conf_text(conf, AK_BROKER_TRUSTED_PROXIES)), &nets) != AK_OK)
        return refuse(conf, AK_BROKER_TRUSTED_PROXIES, "bad_value",
            "must be addresses or networks separated by commas, at most 16", out_fail);
    if (ak_provider_names(ak_span_str(ak_conf_text(conf, AK_BROKER_OAUTH2_PROVIDERS)), providers, &count) !=
        AK_OK)
        return refuse(conf, AK_BROKER_OAUTH2_PROVIDERS, "bad_value",
            "must be names of [a-z0-9]{2,16}, none the beginning of another, separated by commas, at most 8",
            out_fail);
    return validate_mail(conf, out_fail);
}
