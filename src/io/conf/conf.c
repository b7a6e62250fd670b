/* Values are set from the weakest source to the strongest; each is parsed when it is set, so a bad value is
 * reported even where a stronger source would hide it. */
#include "io/conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/codec/json.h"
#include "io/conf/source.h"
#include "io/conf/value.h"

static enum ak_err refuse(struct ak_boot_fail *fail, const struct ak_conf_table *table, const char *code,
    const char *setting, const char *value, const char *reason)
{
    ak_boot_fail_set(fail, code, setting, value, reason, table->see);
    return AK_E_MEANING;
}

/* A value of the wrong form, with what is allowed where that can be said in short. */
static enum ak_err refuse_value(struct ak_boot_fail *fail, const struct ak_conf_table *table,
    const struct ak_conf_key *key, const char *value, const char *reason)
{
    char text[160];
    struct ak_buf why = AK_BUF_ARR(text);
    ak_buf_put_str(&why, reason);
    ak_buf_put_str(&why, "; allowed: ");
    size_t bare = why.len;
    ak_conf_put_range(key, &why);
    bool said = why.len > bare && ak_buf_terminate(&why) == AK_OK;
    return refuse(fail, table, "bad_value", key->name, value, said ? text : reason);
}

size_t ak_conf_find(const struct ak_conf_table *table, struct ak_span name)
{
    size_t i = 0;
    while (i < table->count && !ak_span_eq(name, ak_span_str(table->keys[i].name))) i++;
    return i;
}

enum ak_err ak_conf_set(struct ak_conf *conf, size_t index, enum ak_conf_source source, const char *text,
    struct ak_boot_fail *out_fail)
{
    const struct ak_conf_key *key = &conf->table->keys[index];
    struct ak_conf_value *value = &conf->values[index];
    const char *reason = "";
    uint64_t number = 0;
    if (ak_conf_parse_value(key, text, &number, &reason))
        return refuse_value(out_fail, conf->table, key, text, reason);
    size_t len = strlen(text);
    ak_assert(len < sizeof value->text);
    memcpy(value->text, text, len + 1);
    value->number = number;
    value->source = source;
    return AK_OK;
}

/* ${data}/x and its like; anything else is taken as it is. */
static enum ak_err expand(const struct ak_conf_dirs *dirs, const char *text, char out[AK_CONF_TEXT_MAX])
{
    const struct {
        const char *name, *value;
    } names[] = {
        {"${data}", dirs->data}, {"${run}", dirs->run}, {"${home}", dirs->home}, {"${client}", dirs->client}};
    struct ak_buf buf = ak_buf(out, AK_CONF_TEXT_MAX);
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        size_t len = strlen(names[i].name);
        if (strncmp(text, names[i].name, len) != 0) continue;
        ak_buf_put_str(&buf, names[i].value);
        text += len;
        break;
    }
    ak_buf_put_str(&buf, text);
    return ak_buf_terminate(&buf);
}

static enum ak_err set_defaults(
    struct ak_conf *conf, const struct ak_conf_dirs *dirs, struct ak_boot_fail *out_fail)
{
    for (size_t i = 0; i < conf->table->count; i++) {
        char text[AK_CONF_TEXT_MAX];
        const struct ak_conf_key *key = &conf->table->keys[i];
        if (expand(dirs, key->default_text, text))
            return refuse(out_fail, conf->table, "bad_value", key->name, key->default_text, "too long");
        AK_TRY(ak_conf_set(conf, i, AK_CONF_FROM_DEFAULT, text, out_fail));
    }
    return AK_OK;
}

void ak_conf_env_name(const char *key, char out[AK_CONF_ENV_MAX])
{
    struct ak_buf buf = ak_buf(out, AK_CONF_ENV_MAX);
    ak_buf_put_str(&buf, "AGENTKEYS_");
    for (; *key; key++) {
        char c = *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key;
        ak_buf_put_u8(&buf, (uint8_t)(c == '.' ? '_' : c));
    }
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
}

const char *ak_conf_env_get(const char *const *envp, const char *name)
{
    size_t len = strlen(name);
    for (; envp && *envp; envp++)
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=') return *envp + len + 1;
    return NULL;
}

static enum ak_err set_env(struct ak_conf *conf, const char *const *envp, struct ak_boot_fail *out_fail)
{
    for (size_t i = 0; i < conf->table->count; i++) {
        char name[AK_CONF_ENV_MAX];
        ak_conf_env_name(conf->table->keys[i].name, name);
        const char *text = ak_conf_env_get(envp, name);
        if (text) AK_TRY(ak_conf_set(conf, i, AK_CONF_FROM_ENV, text, out_fail));
    }
    return AK_OK;
}

enum ak_err ak_conf_load(struct ak_conf *out_conf, const struct ak_conf_table *table,
    struct ak_conf_input *in, struct ak_boot_fail *out_fail)
{
    ak_assert(table->count <= AK_CONF_KEYS_MAX);
    memset(out_conf, 0, sizeof *out_conf);
    out_conf->table = table;
    AK_TRY(set_defaults(out_conf, &in->dirs, out_fail));
    /* Flags are read first into their own copy, as --config names the file. */
    struct ak_conf_flags flags = {0};
    AK_TRY(ak_conf_read_flags(table, in, &flags, out_fail));
    if (in->file) AK_TRY(ak_conf_read_file(out_conf, in, out_fail));
    AK_TRY(set_env(out_conf, in->envp, out_fail));
    for (size_t i = 0; i < table->count; i++)
        if (flags.values[i]) AK_TRY(ak_conf_set(out_conf, i, AK_CONF_FROM_FLAG, flags.values[i], out_fail));
    return AK_OK;
}

static const struct ak_conf_value *value_of(const struct ak_conf *conf, unsigned key, unsigned types)
{
    ak_assert(key < conf->table->count && (types >> conf->table->keys[key].type & 1));
    return &conf->values[key];
}

const char *ak_conf_text(const struct ak_conf *conf, unsigned key)
{
    return value_of(conf, key, ~0u)->text;
}

uint64_t ak_conf_number(const struct ak_conf *conf, unsigned key)
{
    return value_of(conf, key, 1u << AK_CONF_NUMBER | 1u << AK_CONF_DURATION)->number;
}

uint64_t ak_conf_ms(const struct ak_conf *conf, unsigned key)
{
    return value_of(conf, key, 1u << AK_CONF_DURATION)->number * 1000;
}

bool ak_conf_on(const struct ak_conf *conf, unsigned key)
{
    return value_of(conf, key, 1u << AK_CONF_SWITCH)->number != 0;
}

unsigned ak_conf_choice(const struct ak_conf *conf, unsigned key)
{
    return (unsigned)value_of(conf, key, 1u << AK_CONF_CHOICE)->number;
}

static void print_key(const struct ak_conf *conf, size_t index, struct ak_buf *out_text)
{
    ak_buf_put_str(out_text, conf->table->keys[index].name);
    ak_buf_put_str(out_text, " = ");
    ak_buf_put_str(out_text, conf->values[index].text);
    ak_buf_put_u8(out_text, '\n');
}

static const char *const sources[] = {"default", "file", "environment", "flag"};

void ak_conf_print(const struct ak_conf *conf, bool with_sources, struct ak_buf *out_text)
{
    for (size_t i = 0; i < conf->table->count; i++) {
        if (with_sources) {
            ak_buf_put_str(out_text, "; from ");
            ak_buf_put_str(out_text, sources[conf->values[i].source]);
            ak_buf_put_u8(out_text, '\n');
        }
        print_key(conf, i, out_text);
    }
}

void ak_conf_print_json(const struct ak_conf *conf, struct ak_buf *out_text)
{
    struct ak_json_writer w = ak_json_writer(out_text);
    ak_json_open_object(&w);
    for (size_t i = 0; i < conf->table->count; i++) {
        ak_json_key(&w, conf->table->keys[i].name);
        ak_json_open_object(&w);
        ak_json_key(&w, "value");
        ak_json_put_string(&w, ak_span_str(conf->values[i].text));
        ak_json_key(&w, "source");
        ak_json_put_string(&w, ak_span_str(sources[conf->values[i].source]));
        ak_json_close_object(&w);
    }
    ak_json_close_object(&w);
    ak_buf_put_u8(out_text, '\n');
}

void ak_conf_print_given(const struct ak_conf *conf, struct ak_buf *out_text)
{
    for (size_t i = 0; i < conf->table->count; i++) {
        bool as_in_the_table = strcmp(conf->values[i].text, conf->table->keys[i].default_text) == 0;
        if (conf->values[i].source != AK_CONF_FROM_DEFAULT || !as_in_the_table) print_key(conf, i, out_text);
    }
}

enum ak_err ak_conf_load_text(struct ak_conf *out_conf, const struct ak_conf_table *table,
    struct ak_span text, struct ak_boot_fail *out_fail)
{
    static const struct ak_conf_dirs no_dirs = {"/", "/", "/", "/"};
    memset(out_conf, 0, sizeof *out_conf);
    out_conf->table = table;
    AK_TRY(set_defaults(out_conf, &no_dirs, out_fail));
    return ak_conf_read_text(out_conf, text, NULL, NULL, out_fail);
}
