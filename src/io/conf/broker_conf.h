/* The broker's settings. The enum and the table have the same order; a test holds them together. */
#ifndef AK_IO_CONF_BROKER_CONF_H
#define AK_IO_CONF_BROKER_CONF_H

#include "io/conf/conf.h"

#define AK_BROKER_CONF_FILE "/etc/agentkeys/broker.conf"

enum ak_broker_key {
    AK_BROKER_LISTEN, /* 127.0.0.1:8091; loopback only */
    AK_BROKER_SOCKET, /* for a reverse proxy, 0660; empty: none */
    AK_BROKER_DATA_DIR,
    AK_BROKER_PUBLIC_URL, /* origin in proofs (htu) and in mails; empty: http://<listen> */
    AK_BROKER_ISSUER,     /* the worker's issuer: whom the broker's answers are for */
    AK_BROKER_WORKER_SOCKET,
    AK_BROKER_WORKER_TIMEOUT, /* seconds */
    AK_BROKER_TRUSTED_PROXIES,
    AK_BROKER_MAIL_URL, /* smtps://host[:port] or smtp://host[:port]; empty: no sign-in by mail */
    AK_BROKER_MAIL_STARTTLS,
    AK_BROKER_MAIL_FROM,
    AK_BROKER_MAIL_USER,
    AK_BROKER_MAIL_PASSWORD_FILE,
    AK_BROKER_MAIL_CA_FILE,
    AK_BROKER_MAIL_TIMEOUT,     /* seconds */
    AK_BROKER_OAUTH2_PROVIDERS, /* names; empty: no sign-in at providers */
    AK_BROKER_OAUTH2_FILE,
    AK_BROKER_OAUTH2_TIMEOUT, /* seconds */
    AK_BROKER_STARTS_PER_MINUTE,
    AK_BROKER_CHALLENGES_PER_HOUR,
    AK_BROKER_MAILS_PER_HOUR,
    AK_BROKER_LOG_LEVEL, /* index as enum ak_log_level */
    AK_BROKER_MAX_CONNECTIONS,
    AK_BROKER_THREADS,
    AK_BROKER_USER, /* when started as root; empty: stay */
    AK_BROKER_KEY_COUNT
};

extern const struct ak_conf_table ak_broker_conf_table;

/* What no single key can say: plain text on loopback only, a mail server with TLS or on loopback, a sender
 * for it, trusted_proxies and oauth2.providers that can be read, socket paths that fit sun_path. AK_E_MEANING
 * with out_fail filled. */
AK_MUST_USE enum ak_err ak_broker_conf_validate(const struct ak_conf *conf, struct ak_boot_fail *out_fail);

#endif
