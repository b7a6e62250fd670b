/* Files that settings name. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/broker/broker.h"

static void refuse(const struct ak_conf *conf, unsigned key, const char *why)
{
    ak_boot_fail("bad_value", conf->table->keys[key].name, ak_conf_text(conf, key), why, conf->table->see);
}

size_t ak_broker_read_file(const struct ak_conf *conf, unsigned key, uint8_t *out, size_t cap, bool secret)
{
    struct stat info;
    int fd = open(ak_conf_text(conf, key), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode)) refuse(conf, key, "cannot be read");
    if (secret && (info.st_mode & 077)) refuse(conf, key, "must be closed to others (mode 0600)");
    ssize_t len = read(fd, out, cap);
    (void)close(fd);
    if (len <= 0 || (size_t)len == cap) refuse(conf, key, "is empty or too long");
    return (size_t)len;
}

void ak_broker_read_secret(const struct ak_conf *conf, unsigned key, char *out, size_t cap)
{
    size_t len = ak_broker_read_file(conf, key, (uint8_t *)out, cap - 1, true);
    out[len] = 0;
    size_t line = strcspn(out, "\r\n");
    ak_wipe(out + line, cap - line);
}
