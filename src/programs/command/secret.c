/* A value from a person or a file; never from the argument vector, which every process can read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "programs/command/vault.h"

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

/* One key; AK_E_NOT_FOUND at Enter. */
static enum ak_err take_key(struct ak_value *value, uint8_t key)
{
    if (key == '\r' || key == '\n') return AK_E_NOT_FOUND;
    if (key == CTRL_C || key == CTRL_D) return AK_E_STATE;
    if (key == CTRL_U) value->len = 0;
    if ((key == BACKSPACE || key == DELETE) && value->len) value->len--;
    if (key == CTRL_U || key == BACKSPACE || key == DELETE) return AK_OK;
    if (value->len == sizeof value->bytes) return AK_E_LIMIT;
    value->bytes[value->len++] = key;
    return AK_OK;
}

static enum ak_err read_keys(int fd, struct ak_value *value)
{
    for (;;) {
        uint8_t key = 0;
        ssize_t got = read(fd, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got != 1) return AK_E_IO;
        enum ak_err err = take_key(value, key);
        if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    }
}

/* Keys come one by one and Ctrl-C as a key: no signal can leave the terminal without its echo, and the
 * terminal's line buffer keeps no copy of the whole. */
enum ak_err ak_secret_prompt(int fd, const char *question, struct ak_value *out_value)
{
    struct termios before, quiet;
    out_value->len = 0;
    if (tcgetattr(fd, &before) != 0) return AK_E_IO;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0) return AK_E_IO;
    if (question) (void)fputs(question, stderr);
    enum ak_err err = read_keys(fd, out_value);
    if (tcsetattr(fd, TCSAFLUSH, &before) != 0 && !err) err = AK_E_IO;
    if (err) ak_value_done(out_value);
    return err;
}

static int fail_read(struct ak_cli *cli, enum ak_err err, const char *from)
{
    char next[160];
    (void)snprintf(next, sizeof next, "%s store SERVICE --file FILE", cli->program->name);
    if (err == AK_E_LIMIT)
        return ak_cli_fail(
            cli, AK_CATEGORY_USAGE, "the value is too long", "a credential has at most 65536 bytes", next);
    if (err == AK_E_STATE)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "nothing was stored", "it was broken off", next);
    return ak_cli_fail_usage(cli, "the value cannot be read", from);
}

int ak_cli_read_secret(struct ak_cli *cli, const char *question, struct ak_value *out_value)
{
    const char *file = ak_cli_value(cli, "file");
    out_value->len = 0;
    if (!file && isatty(STDIN_FILENO)) {
        char text[256];
        (void)fflush(stdout);
        (void)snprintf(text, sizeof text, "%s (not shown): ", question);
        enum ak_err err = ak_secret_prompt(STDIN_FILENO, text, out_value);
        (void)fputc('\n', stderr);
        return err ? fail_read(cli, err, "the terminal") : 0;
    }
    struct ak_buf bytes = AK_BUF_ARR(out_value->bytes);
    enum ak_err err = ak_cli_read_file(file ? file : "-", &bytes);
    out_value->len = err ? 0 : bytes.len;
    if (bytes.len > 1 && !err && bytes.ptr[bytes.len - 1] == '\n')
        (void)fprintf(stderr,
            "%s: the value ends in a line feed, which is stored, too; printf %%s has none\n",
            cli->program->name);
    return err ? fail_read(cli, err, file ? file : "standard input") : 0;
}
