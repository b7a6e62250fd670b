/* Parsing of one setting's text by its type: whole numbers, durations (90s, 10m, 5h, 7d), on and off,
 * choices, addresses, URLs, absolute paths, plain text. Pure. */
#ifndef AK_IO_CONF_VALUE_H
#define AK_IO_CONF_VALUE_H

#include "io/conf/conf.h"

/* AK_E_FORMAT or AK_E_LIMIT with a literal reason for people; out_number as in struct ak_conf_value. */
AK_MUST_USE enum ak_err ak_conf_parse_value(
    const struct ak_conf_key *key, const char *text, uint64_t *out_number, const char **out_reason);
/* The range as people read it: "60s to 24h"; empty where there is none to tell. */
void ak_conf_put_range(const struct ak_conf_key *key, struct ak_buf *out_text);

#endif
