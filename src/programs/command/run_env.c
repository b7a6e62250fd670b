/* run: a command whose environment has credentials. They are read, put into an environment in memory of its
 * own, and this program becomes the command: nothing of it is left to be read, signals and exit status are
 * the command's own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/policy/scope.h"
#include "io/proc/inherit.h"
#include "programs/command/vault.h"

enum { PAIRS_MAX = 32, ENVIRON_MAX = 4096, TEXT_MAX = PAIRS_MAX * 1024 + AK_LIMIT_VALUE };

struct pair {
    struct ak_span variable, service;
};
struct pairs {
    struct pair rows[PAIRS_MAX];
    size_t count;
};
/* The new environment: pointers, and the texts that hold values. Secret. */
struct built {
    char *envp[ENVIRON_MAX + PAIRS_MAX + 1];
    size_t count;
    size_t used;
    char text[TEXT_MAX];
};

static bool is_variable(struct ak_span name)
{
    if (name.len == 0 || name.len > 128) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
}

static const char *add_pair(struct pairs *pairs, struct ak_span item)
{
    size_t at = ak_span_find(item, 0, '=');
    struct pair row = {ak_span_sub(item, 0, at), ak_span_sub(item, at + 1, item.len)};
    if (at == item.len) return "it is VARIABLE=SERVICE";
    if (!is_variable(row.variable)) return "a variable has letters, digits and _, no digit first";
    if (!ak_scope_is_service(row.service)) return "a service has 1 to 63 of a-z 0-9 -";
    if (pairs->count == PAIRS_MAX) return "at most 32 variables";
    for (size_t i = 0; i < pairs->count; i++)
        if (ak_span_eq(pairs->rows[i].variable, row.variable)) return "a variable stands there twice";
    pairs->rows[pairs->count++] = row;
    return NULL;
}

static const char *parse_pairs(const char *text, struct pairs *out_pairs)
{
    struct ak_span all = ak_span_str(text);
    out_pairs->count = 0;
    for (size_t from = 0; from <= all.len;) {
        size_t comma = ak_span_find(all, from, ',');
        const char *reason = add_pair(out_pairs, ak_span_sub(all, from, comma - from));
        if (reason) return reason;
        from = comma + 1;
    }
    return NULL;
}

static int read_pairs(struct ak_cli *cli, struct pairs *out_pairs)
{
    const char *typed = ak_cli_value(cli, "env");
    if (!typed)
        return ak_cli_fail_usage(cli, "no credential is asked for", "--env VARIABLE=SERVICE says which");
    const char *reason = parse_pairs(typed, out_pairs);
    return reason ? ak_cli_fail_usage(cli, "--env is not usable", reason) : 0;
}

int ak_cli_check_run(struct ak_cli *cli)
{
    struct pairs pairs = {.count = 0};
    return read_pairs(cli, &pairs);
}

/* ---- the environment ---- */

static bool replaced(const struct pairs *pairs, const char *entry)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct ak_span name = pairs->rows[i].variable;
        if (strncmp(entry, (const char *)name.ptr, name.len) == 0 && entry[name.len] == '=') return true;
    }
    return false;
}

static int inherit(struct ak_cli *cli, const struct pairs *pairs, struct built *built)
{
    for (char **entry = environ; *entry; entry++) {
        if (replaced(pairs, *entry)) continue;
        if (built->count == ENVIRON_MAX)
            return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the environment is too large",
                "it has more than 4096 variables", "env -i agentkeys run ...");
        built->envp[built->count++] = *entry;
    }
    return 0;
}

static const char *append(struct built *built, struct ak_span variable, const struct ak_value *value)
{
    size_t need = variable.len + 1 + value->len + 1;
    char *at = built->text + built->used;
    if (memchr(value->bytes, 0, value->len)) return "it has a NUL byte, which no environment carries";
    if (need > sizeof built->text - built->used) return "all values together are too long for an environment";
    memcpy(at, variable.ptr, variable.len);
    at[variable.len] = '=';
    memcpy(at + variable.len + 1, value->bytes, value->len);
    at[need - 1] = 0;
    built->used += need;
    built->envp[built->count++] = at;
    return NULL;
}

static int fetch(
    struct ak_cli *cli, ak_cli_get_fn *get, void *ctx, const struct pair *row, struct built *built)
{
    char problem[160];
    struct ak_vault_name name = {.service = row->service};
    struct ak_msg_credential_read_reply reply;
    struct ak_value *value = ak_value_new();
    enum ak_err err = value ? get(cli, ctx, &name, value, &reply) : AK_E_FULL;
    const char *reason = err ? NULL : append(built, row->variable, value);
    ak_value_free(value);
    (void)snprintf(
        problem, sizeof problem, "reading %.*s", (int)row->service.len, (const char *)row->service.ptr);
    if (err) return ak_cli_fail_call(cli, problem);
    return reason ? ak_cli_fail(cli, AK_CATEGORY_FAILURE, problem, reason,
                        "read it by agentkeys read, and give it to the command in a file")
                  : 0;
}

static int become(struct ak_cli *cli, struct built *built)
{
    built->envp[built->count] = NULL;
    (void)fflush(NULL);
    ak_cli_close(cli);
    ak_inherit_give_back();
    (void)execvpe(cli->operands[0], cli->operands, built->envp);
    int why = errno;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the command cannot be started", strerror(why),
        "write its full path behind --");
}

static struct built *built_new(void)
{
    struct built *built =
        mmap(NULL, sizeof *built, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (built == MAP_FAILED) return NULL;
    (void)mlock(built, sizeof *built);
    (void)madvise(built, sizeof *built, MADV_DONTDUMP);
    return built;
}

int ak_cli_run(struct ak_cli *cli, ak_cli_get_fn *get, void *ctx)
{
    struct pairs pairs = {.count = 0};
    int status = read_pairs(cli, &pairs);
    struct built *built = status ? NULL : built_new();
    if (status) return status;
    if (!built)
        return ak_cli_fail(
            cli, AK_CATEGORY_FAILURE, "no memory for the environment", "the system refused", "free memory");
    status = inherit(cli, &pairs, built);
    for (size_t i = 0; !status && i < pairs.count; i++) status = fetch(cli, get, ctx, &pairs.rows[i], built);
    if (!status) status = become(cli, built);
    ak_wipe(built, sizeof *built);
    (void)munmap(built, sizeof *built);
    return status;
}
