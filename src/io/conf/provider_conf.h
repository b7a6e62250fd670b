/* What the broker knows of one provider that people sign in at (OpenID Connect): one [NAME] section each of
 * the file that the broker's setting oauth2.file names. The enum and the table have the same order; a test
 * holds them together. */
#ifndef AK_IO_CONF_PROVIDER_CONF_H
#define AK_IO_CONF_PROVIDER_CONF_H

#include "base/span.h"
#include "io/conf/conf.h"

enum { AK_PROVIDERS_MAX = 8 };

enum ak_provider_key {
    AK_PROVIDER_ISSUER,
    AK_PROVIDER_CLIENT_ID,
    AK_PROVIDER_SECRET_FILE, /* empty: a public client */
    AK_PROVIDER_SCOPE,
    AK_PROVIDER_CA_FILE, /* empty: the system's */
    AK_PROVIDER_KEY_COUNT
};

extern const struct ak_conf_table ak_provider_conf_table;

/* The names of oauth2.providers, views into `text`: [a-z0-9]{2,16}, none the beginning of another, separated
 * by commas. AK_E_FORMAT, AK_E_CONFLICT, AK_E_LIMIT (more than 8). *out_count is 0 then. */
AK_MUST_USE enum ak_err ak_provider_names(
    struct ak_span text, struct ak_span out_names[AK_PROVIDERS_MAX], size_t *out_count);
/* Reads the section `name` of `file` and checks it: an issuer that is https, or http on loopback; a
 * client_id; a scope that has openid. AK_E_MEANING and others with out_fail filled. */
AK_MUST_USE enum ak_err ak_provider_conf_load(
    struct ak_conf *out_conf, const char *file, const char *name, struct ak_boot_fail *out_fail);

#endif
