#include "io/conf/boot_fail.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line for every reader: control bytes and bytes beyond ASCII become '?'. */
static void copy_shown(char *out, size_t cap, const char *text)
{
    size_t len = 0;
    for (; text && text[len] && len + 1 < cap; len++) {
        unsigned char c = (unsigned char)text[len];
        out[len] = (char)(c < 0x20 || c > 0x7e ? '?' : c);
    }
    out[len] = '\0';
}

void ak_boot_fail_set(struct ak_boot_fail *fail, const char *code, const char *setting, const char *value,
    const char *reason, const char *see)
{
    copy_shown(fail->code, sizeof fail->code, code);
    copy_shown(fail->setting, sizeof fail->setting, setting);
    copy_shown(fail->value, sizeof fail->value, value);
    copy_shown(fail->reason, sizeof fail->reason, reason);
    fail->see = see;
}

void ak_boot_fail_line(const struct ak_boot_fail *fail, struct ak_buf *out_line)
{
    const char *parts[] = {"BOOT_FAIL ", fail->code, ": ", fail->setting, "=", fail->value, ": ",
        fail->reason, "; see ", fail->see ? fail->see : "", "\n"};
    for (size_t i = 0; i < AK_COUNT(parts); i++) ak_buf_put_str(out_line, parts[i]);
}

void ak_boot_fail_exit(const struct ak_boot_fail *fail)
{
    uint8_t line[AK_BOOT_FAIL_LINE_MAX];
    struct ak_buf buf = AK_BUF_ARR(line);
    ak_boot_fail_line(fail, &buf);
    ssize_t written = write(STDERR_FILENO, buf.ptr, buf.len);
    (void)written;
    exit(AK_BOOT_FAIL_EXIT);
}

void ak_boot_fail(
    const char *code, const char *setting, const char *value, const char *reason, const char *see)
{
    struct ak_boot_fail fail;
    ak_boot_fail_set(&fail, code, setting, value, reason, see);
    ak_boot_fail_exit(&fail);
}
