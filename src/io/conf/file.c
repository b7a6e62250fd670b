/* The file, by inih. A file that others may write is refused: it decides who is trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "io/conf/source.h"
#include "io/conf/value.h"

struct parse {
    struct ak_conf *conf;
    const char *section;
    bool seen_section;
    bool of_section; /* the pass that takes the section's keys */
    bool taken[AK_CONF_KEYS_MAX];
    enum ak_err err;
    struct ak_boot_fail *fail;
};

static int refuse_line(
    struct parse *parse, const char *code, const char *name, const char *value, const char *reason)
{
    ak_boot_fail_set(parse->fail, code, name, value, reason, parse->conf->table->see);
    parse->err = AK_E_MEANING;
    return 1;
}

/* Keys of other profiles are checked too, so that a mistake shows before the profile is used. */
static int check_only(struct parse *parse, size_t index, const char *value)
{
    uint64_t number = 0;
    const char *reason = "";
    const struct ak_conf_key *key = &parse->conf->table->keys[index];
    if (ak_conf_parse_value(key, value, &number, &reason) == AK_OK) return 1;
    return refuse_line(parse, "bad_value", key->name, value, reason);
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
    struct parse *parse = user;
    if (parse->err) return 1;
    size_t index = ak_conf_find(parse->conf->table, ak_span_str(name));
    if (index == parse->conf->table->count)
        return refuse_line(parse, "unknown_key", name, value, "there is no such setting");
    if (section[0] && !parse->section)
        return refuse_line(parse, "bad_config", name, section, "sections are not used here");
    bool ours = parse->section && strcmp(section, parse->section) == 0;
    parse->seen_section |= ours;
    if (parse->of_section ? !ours : section[0] != '\0') return check_only(parse, index, value);
    if (parse->taken[index]) return refuse_line(parse, "bad_config", name, value, "is set twice");
    parse->taken[index] = true;
    parse->err = ak_conf_set(parse->conf, index, AK_CONF_FROM_FILE, value, parse->fail);
    return 1;
}

/* inih splits lines that are longer than its buffer, and takes an indented line for one more value of the key
 * above it: neither is wanted. */
static bool lines_are_plain(struct ak_span text)
{
    for (size_t from = 0; from < text.len;) {
        size_t to = ak_span_find(text, from, '\n');
        if (to - from >= INI_MAX_LINE - 2) return false;
        uint8_t first = from < to ? text.ptr[from] : 0;
        if (first == ' ' || first == '\t') return false;
        from = to + 1;
    }
    return ak_span_find(text, 0, '\0') == text.len;
}

static enum ak_err malformed(const struct ak_conf *conf, const char *reason, struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(out_fail, "bad_config", "config", "", reason, conf->table->see);
    return AK_E_FORMAT;
}

static enum ak_err pass(struct parse *parse, const char *text)
{
    int line = ini_parse_string(text, on_line, parse);
    if (parse->err) return parse->err;
    if (line == 0) return AK_OK;
    char reason[64];
    struct ak_buf buf = AK_BUF_ARR(reason);
    ak_buf_put_str(&buf, "line ");
    ak_buf_put_dec(&buf, line > 0 ? (uint64_t)line : 0);
    ak_buf_put_str(&buf, " is not key = value");
    AK_TRY(ak_buf_terminate(&buf));
    return malformed(parse->conf, reason, parse->fail);
}

enum ak_err ak_conf_read_text(struct ak_conf *conf, struct ak_span text, const char *section,
    bool *out_seen_section, struct ak_boot_fail *out_fail)
{
    if (text.len > AK_CONF_FILE_MAX) return malformed(conf, "longer than 64 KiB", out_fail);
    if (!lines_are_plain(text))
        return malformed(conf, "a line is indented, holds NUL or is longer than 197 bytes", out_fail);
    char *copy = malloc(text.len + 1);
    if (!copy) return malformed(conf, "no memory", out_fail);
    if (text.len) memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct parse parse = {.conf = conf, .section = section, .fail = out_fail};
    enum ak_err err = pass(&parse, copy);
    parse.of_section = true;
    memset(parse.taken, 0, sizeof parse.taken);
    if (!err && section) err = pass(&parse, copy);
    if (out_seen_section) *out_seen_section = parse.seen_section;
    free(copy);
    return err;
}

/* At most `cap` bytes. */
static enum ak_err read_bounded(int fd, char *out_text, size_t cap, size_t *out_len)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t got = read(fd, out_text + len, cap - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return AK_E_IO;
        if (got == 0) break;
        len += (size_t)got;
    }
    *out_len = len;
    return AK_OK;
}

static enum ak_err file_refused(
    const struct ak_conf *conf, const char *file, const char *reason, struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(out_fail, "bad_config", "config", file, reason, conf->table->see);
    return AK_E_MEANING;
}

static enum ak_err require_section(
    const struct ak_conf *conf, const struct ak_conf_input *in, bool seen, struct ak_boot_fail *out_fail)
{
    if (seen || !in->section || !in->section[0] || in->section_optional) return AK_OK;
    ak_boot_fail_set(
        out_fail, "no_profile", "profile", in->section, "the file has no such section", conf->table->see);
    return AK_E_NOT_FOUND;
}

enum ak_err ak_conf_read_file(
    struct ak_conf *conf, const struct ak_conf_input *in, struct ak_boot_fail *out_fail)
{
    int fd = open(in->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !in->file_required) return require_section(conf, in, false, out_fail);
    if (fd < 0) return file_refused(conf, in->file, strerror(errno), out_fail);
    struct stat st;
    char *text = malloc(AK_CONF_FILE_MAX + 1);
    size_t len = 0;
    enum ak_err err = AK_OK;
    if (!text || fstat(fd, &st))
        err = file_refused(conf, in->file, "cannot be read", out_fail);
    else if ((st.st_mode & S_IWOTH) || (st.st_uid != geteuid() && st.st_uid != 0))
        err = file_refused(conf, in->file, "others may write it", out_fail);
    else if (read_bounded(fd, text, AK_CONF_FILE_MAX + 1, &len)) /* one more than a file may have */
        err = file_refused(conf, in->file, "cannot be read", out_fail);
    (void)close(fd);
    bool seen = false;
    if (!err) err = ak_conf_read_text(conf, ak_span(text, len), in->section, &seen, out_fail);
    if (!err) err = require_section(conf, in, seen, out_fail);
    free(text);
    return err;
}
