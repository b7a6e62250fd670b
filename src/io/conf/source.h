/* The sources of settings, inside io/conf: file, environment, flags, each read by one function into the same
 * values. Failures fill `out_fail` with the setting and a reason. Secrets are in none of them, only the paths
 * of their files. One thread. */
#ifndef AK_IO_CONF_SOURCE_H
#define AK_IO_CONF_SOURCE_H

#include "io/conf/conf.h"

/* Index of the key, table->count where there is none. */
size_t ak_conf_find(const struct ak_conf_table *table, struct ak_span name);
/* One setting by its text, which is copied; a later source takes the place of an earlier one. AK_E_MEANING
 * (not of its type, out of its range). */
AK_MUST_USE enum ak_err ak_conf_set(struct ak_conf *conf, size_t index, enum ak_conf_source source,
    const char *text, struct ak_boot_fail *out_fail);
/* The value of a variable in envp; NULL where it is not set. */
const char *ak_conf_env_get(const char *const *envp, const char *name);

/* Flags as given, pointing into argv. */
struct ak_conf_flags {
    const char *values[AK_CONF_KEYS_MAX];
};
AK_MUST_USE enum ak_err ak_conf_read_flags(const struct ak_conf_table *table, struct ak_conf_input *in,
    struct ak_conf_flags *out_flags, struct ak_boot_fail *out_fail);

AK_MUST_USE enum ak_err ak_conf_read_file(
    struct ak_conf *conf, const struct ak_conf_input *in, struct ak_boot_fail *out_fail);
/* Keys before any section, then those of `section`; other sections' keys are checked but not taken.
 * out_seen_section may be NULL. */
AK_MUST_USE enum ak_err ak_conf_read_text(struct ak_conf *conf, struct ak_span text, const char *section,
    bool *out_seen_section, struct ak_boot_fail *out_fail);

#endif
