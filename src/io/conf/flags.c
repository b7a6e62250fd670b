/* Flags by getopt_long: one for each key of the table, --config, and the program's own. */
#include <getopt.h>
#include <string.h>

#include "base/assert.h"
#include "io/conf/source.h"

enum {
    OPTIONS_MAX = 64, /* `agentkeys up` has those of two programs */
    LONG_MAX = AK_CONF_KEYS_MAX + OPTIONS_MAX + 2,
    CODE_CONFIG = 256,
    CODE_KEY,
    CODE_OPTION = CODE_KEY + AK_CONF_KEYS_MAX
};

struct tables {
    struct option longs[LONG_MAX];
    char names[AK_CONF_KEYS_MAX][AK_CONF_FLAG_MAX];
    char shorts[2 * OPTIONS_MAX + 4];
};

void ak_conf_flag_name(const char *key, char out[AK_CONF_FLAG_MAX])
{
    size_t len = strlen(key);
    ak_assert(len < AK_CONF_FLAG_MAX);
    for (size_t i = 0; i <= len; i++) out[i] = key[i] == '_' || key[i] == '.' ? '-' : key[i];
}

static size_t put_options(const struct ak_conf_input *in, struct tables *out)
{
    size_t s = 0;
    out->shorts[s++] = ':';
    for (size_t i = 0; i < in->option_count; i++) {
        const struct ak_conf_option *option = &in->options[i];
        int argument = option->has_value ? required_argument : no_argument;
        out->longs[i] = (struct option){option->name, argument, NULL, CODE_OPTION + (int)i};
        if (!option->letter) continue;
        out->shorts[s++] = option->letter;
        if (option->has_value) out->shorts[s++] = ':';
    }
    out->shorts[s] = '\0';
    return in->option_count;
}

/* The program's own come first: of two with one name getopt takes the first, so that a command's --broker-url
 * is not the setting. */
static void build(const struct ak_conf_table *table, const struct ak_conf_input *in, struct tables *out)
{
    ak_assert(in->option_count <= OPTIONS_MAX && table->count <= AK_CONF_KEYS_MAX);
    size_t n = put_options(in, out);
    for (size_t i = 0; i < table->count; i++) {
        ak_conf_flag_name(table->keys[i].name, out->names[i]);
        int argument = table->keys[i].type == AK_CONF_SWITCH ? optional_argument : required_argument;
        out->longs[n++] = (struct option){out->names[i], argument, NULL, CODE_KEY + (int)i};
    }
    out->longs[n++] = (struct option){"config", required_argument, NULL, CODE_CONFIG};
    out->longs[n] = (struct option){NULL, 0, NULL, 0};
}

static enum ak_err refuse(const struct ak_conf_table *table, const char *code, const char *flag,
    const char *reason, struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(out_fail, code, flag, "", reason, table->see);
    return AK_E_MEANING;
}

static const struct ak_conf_option *option_of(const struct ak_conf_input *in, int code)
{
    if (code >= CODE_OPTION && code < CODE_OPTION + (int)in->option_count)
        return &in->options[code - CODE_OPTION];
    for (size_t i = 0; i < in->option_count; i++)
        if (code == in->options[i].letter) return &in->options[i];
    return NULL;
}

static enum ak_err take(const struct ak_conf_table *table, struct ak_conf_input *in, int code,
    struct ak_conf_flags *out_flags, struct ak_boot_fail *out_fail)
{
    const char *arg = in->argv[optind - 1];
    if (code == ':') return refuse(table, "bad_flag", arg, "needs a value", out_fail);
    if (code == '?') return refuse(table, "unknown_flag", arg, "there is no such flag", out_fail);
    if (code == CODE_CONFIG) {
        in->file = optarg;
        in->file_required = true;
        return AK_OK;
    }
    if (code >= CODE_KEY && code < CODE_KEY + (int)table->count) {
        out_flags->values[code - CODE_KEY] = optarg ? optarg : "on";
        return AK_OK;
    }
    const struct ak_conf_option *option = option_of(in, code);
    ak_assert(option);
    if (!in->on_option || in->on_option(in->ctx, option, optarg) == AK_OK) return AK_OK;
    return refuse(table, "bad_flag", option->name, "its value is not acceptable", out_fail);
}

enum ak_err ak_conf_read_flags(const struct ak_conf_table *table, struct ak_conf_input *in,
    struct ak_conf_flags *out_flags, struct ak_boot_fail *out_fail)
{
    in->out_argc = 0;
    in->out_argv = NULL;
    if (in->argc == 0) return AK_OK;
    struct tables tables;
    build(table, in, &tables);
    opterr = 0;
    optind = 0; /* glibc: start anew */
    int code;
    while ((code = getopt_long(in->argc, in->argv, tables.shorts, tables.longs, NULL)) != -1)
        AK_TRY(take(table, in, code, out_flags, out_fail));
    in->out_argc = in->argc - optind;
    in->out_argv = in->argv + optind;
    return AK_OK;
}
