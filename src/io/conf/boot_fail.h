/* Start-up failures: one line on stderr and exit 1, so that a person and a service manager see the same
 * cause. `BOOT_FAIL <code>: <setting>=<value>: <reason>; see <doc section>` Values never hold secrets:
 * secrets come by file path. Control bytes are shown as '?', texts are cut. */
#ifndef AK_IO_CONF_BOOT_FAIL_H
#define AK_IO_CONF_BOOT_FAIL_H

#include "base/buf.h"

enum { AK_BOOT_FAIL_LINE_MAX = 1024, AK_BOOT_FAIL_EXIT = 1 };

struct ak_boot_fail {
    char code[32]; /* stable: bad_value unknown_key bad_config data_dir_busy no_sealed_state stale_state … */
    char setting[48]; /* key as in the file, or "" */
    char value[128];  /* as given, cut */
    char reason[192]; /* for people */
    const char *see;  /* "operations.md#configuration"; literal */
};

/* Fills `fail`; NULL texts become "". `see` must outlive it. */
void ak_boot_fail_set(struct ak_boot_fail *fail, const char *code, const char *setting, const char *value,
    const char *reason, const char *see);
/* The line with its newline. */
void ak_boot_fail_line(const struct ak_boot_fail *fail, struct ak_buf *out_line);
/* Prints the line to stderr and ends the process with 1. */
AK_NORETURN void ak_boot_fail_exit(const struct ak_boot_fail *fail);
/* set + exit */
AK_NORETURN void ak_boot_fail(
    const char *code, const char *setting, const char *value, const char *reason, const char *see);

#endif
