/* Names and values out of files of others. */
#include "programs/command/import.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec/json.h"
#include "base/limits.h"
#include "base/wipe.h"
#include "core/policy/scope.h"

static enum ak_err refuse(struct ak_import *out, enum ak_err err, const char *why, struct ak_span name)
{
    char shown[64];
    size_t len = name.len < sizeof shown - 1 ? name.len : sizeof shown - 1;
    for (size_t i = 0; i < len; i++)
        shown[i] = name.ptr[i] >= 0x20 && name.ptr[i] < 0x7f ? (char)name.ptr[i] : '?';
    shown[len] = 0;
    (void)snprintf(out->reason, sizeof out->reason, "%s%s%s", len ? shown : "", len ? ": " : "", why);
    return err;
}

/* OPENROUTER_API_KEY becomes openrouter-api-key: letters small, "_", "." and "/" a dash. AK_E_FORMAT where
 * that is no service's name. */
static enum ak_err name_of(struct ak_span name, char out_service[AK_LIMIT_SERVICE + 1])
{
    out_service[0] = 0;
    if (name.len == 0 || name.len > AK_LIMIT_SERVICE) return AK_E_FORMAT;
    for (size_t i = 0; i < name.len; i++) {
        char c = (char)name.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        out_service[i] = (c == '_' || c == '.' || c == '/') ? '-' : c;
    }
    out_service[name.len] = 0;
    if (ak_scope_is_service(ak_span(out_service, name.len))) return AK_OK;
    out_service[0] = 0;
    return AK_E_FORMAT;
}

/* The value's bytes stand at the end of `values` already. */
static enum ak_err add(struct ak_import *out, struct ak_span name, size_t value_len)
{
    if (out->count == AK_IMPORT_ITEMS_MAX) return refuse(out, AK_E_LIMIT, "more than 1000 credentials", name);
    struct ak_import_item *item = &out->items[out->count];
    if (name_of(name, item->service) != AK_OK)
        return refuse(out, AK_E_FORMAT, "does not become a service's name (a-z 0-9 -, at most 63)", name);
    if (value_len > AK_LIMIT_VALUE) return refuse(out, AK_E_LIMIT, "the value has over 65536 bytes", name);
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->items[i].service, item->service) == 0)
            return refuse(out, AK_E_FORMAT, "two names become this one service", ak_span_str(item->service));
    item->value = ak_span(out->values + out->used, value_len);
    out->used += value_len;
    out->count++;
    return AK_OK;
}

/* ---- .env ---- */

struct env {
    struct ak_span text;
    size_t at;
    size_t value_len; /* of the value under way, behind out->used */
    struct ak_import *out;
};

static bool more(const struct env *env)
{
    return env->at < env->text.len;
}

static uint8_t peek(const struct env *env)
{
    return more(env) ? env->text.ptr[env->at] : '\n';
}

static void skip_blanks(struct env *env)
{
    while (more(env) && (peek(env) == ' ' || peek(env) == '\t' || peek(env) == '\r')) env->at++;
}

static void skip_line(struct env *env)
{
    while (more(env) && peek(env) != '\n') env->at++;
    if (more(env)) env->at++;
}

/* The text has at most AK_IMPORT_TEXT_MAX bytes and no value is longer than its text. */
static void put(struct env *env, uint8_t byte)
{
    env->out->values[env->out->used + env->value_len++] = byte;
}

static uint8_t unescape(uint8_t c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

static enum ak_err read_quoted(struct env *env, struct ak_span name)
{
    uint8_t quote = env->text.ptr[env->at++];
    while (more(env) && peek(env) != quote) {
        uint8_t c = env->text.ptr[env->at++];
        if (quote == '"' && c == '\\' && more(env)) c = unescape(env->text.ptr[env->at++]);
        put(env, c);
    }
    if (!more(env)) return refuse(env->out, AK_E_FORMAT, "a quote is not closed", name);
    env->at++;
    skip_blanks(env);
    if (more(env) && peek(env) != '\n' && peek(env) != '#')
        return refuse(env->out, AK_E_FORMAT, "something stands behind the closing quote", name);
    skip_line(env);
    return AK_OK;
}

/* Up to the line's end or a comment, which begins with a blank and #. */
static void read_plain(struct env *env)
{
    while (more(env) && peek(env) != '\n') {
        bool blank = env->value_len && env->text.ptr[env->at - 1] == ' ';
        if (peek(env) == '#' && blank) break;
        put(env, env->text.ptr[env->at++]);
    }
    const uint8_t *value = env->out->values + env->out->used;
    while (env->value_len && (value[env->value_len - 1] == ' ' || value[env->value_len - 1] == '\r' ||
                                 value[env->value_len - 1] == '\t'))
        env->value_len--;
    skip_line(env);
}

static enum ak_err read_line(struct env *env)
{
    static const char export_word[] = "export ";
    struct ak_span rest = ak_span_sub(env->text, env->at, env->text.len);
    if (ak_span_starts(rest, AK_SPAN_LIT(export_word))) env->at += sizeof export_word - 1;
    skip_blanks(env);
    size_t start = env->at;
    while (more(env) && peek(env) != '=' && peek(env) != '\n') env->at++;
    struct ak_span name = ak_span_sub(env->text, start, env->at - start);
    while (name.len && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t')) name.len--;
    if (peek(env) != '=') return refuse(env->out, AK_E_FORMAT, "a line is not NAME=VALUE", AK_SPAN_EMPTY);
    env->at++;
    skip_blanks(env);
    env->value_len = 0;
    if (peek(env) == '"' || peek(env) == '\'')
        AK_TRY(read_quoted(env, name));
    else
        read_plain(env);
    return add(env->out, name, env->value_len);
}

static enum ak_err parse_env(struct ak_span text, struct ak_import *out)
{
    struct env env = {.text = text, .out = out};
    while (more(&env)) {
        skip_blanks(&env);
        if (peek(&env) == '\n' || peek(&env) == '#') {
            skip_line(&env);
            continue;
        }
        AK_TRY(read_line(&env));
    }
    return AK_OK;
}

/* ---- JSON ---- */

static enum ak_err take_object(struct ak_json_value object, struct ak_import *out)
{
    for (size_t i = 0; i < ak_json_len(object); i++) {
        struct ak_span name, value;
        struct ak_json_value member = ak_json_member(object, i, &name);
        if (ak_json_string(member, &value) != AK_OK)
            return refuse(out, AK_E_FORMAT, "the value is no string", name);
        if (value.len > sizeof out->values - out->used)
            return refuse(out, AK_E_LIMIT, "all values together are over 1 MiB", name);
        if (value.len) memcpy(out->values + out->used, value.ptr, value.len);
        AK_TRY(add(out, name, value.len));
    }
    return AK_OK;
}

/* KV 2 has {"data": {"data": {…}, "metadata": …}}, KV 1 {"data": {…}}; both with a request_id. */
static struct ak_json_value vault_data(struct ak_json_value root)
{
    struct ak_json_value data = ak_json_get(root, "data");
    struct ak_json_value inner = ak_json_get(data, "data");
    bool second = ak_json_type(inner) == AK_JSON_OBJECT &&
                  ak_json_type(ak_json_get(data, "metadata")) == AK_JSON_OBJECT;
    return second ? inner : data;
}

/* The values are in the document, and in what the library read them into. */
static void wipe_and_free(void *block)
{
    if (block) ak_wipe(block, malloc_usable_size(block));
    free(block);
}

static enum ak_err parse_json(struct ak_span text, enum ak_import_format format, struct ak_import *out)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    ak_json_set_memory(malloc, wipe_and_free);
    if (ak_json_parse(text, AK_IMPORT_TEXT_MAX, &json) != AK_OK)
        return refuse(out, AK_E_FORMAT, "it is not one JSON object", AK_SPAN_EMPTY);
    struct ak_json_value root = ak_json_root(&json);
    bool has_data = ak_json_type(ak_json_get(root, "data")) == AK_JSON_OBJECT;
    if (format == AK_IMPORT_VAULT && !has_data)
        return refuse(
            out, AK_E_FORMAT, "it has no object data, as vault kv get -format=json prints it", AK_SPAN_EMPTY);
    bool vault = format == AK_IMPORT_VAULT || (format == AK_IMPORT_ANY && has_data);
    return take_object(vault ? vault_data(root) : root, out);
}

static enum ak_import_format look(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] > ' ') return text.ptr[i] == '{' ? AK_IMPORT_JSON : AK_IMPORT_ENV;
    return AK_IMPORT_ENV;
}

enum ak_err ak_import_parse(struct ak_span text, enum ak_import_format format, struct ak_import *out)
{
    size_t dirty = out->used > text.len ? out->used : text.len; /* no value is longer than its text */
    out->count = out->used = 0;
    out->reason[0] = 0;
    if (text.len > AK_IMPORT_TEXT_MAX) return refuse(out, AK_E_LIMIT, "it has over 1 MiB", AK_SPAN_EMPTY);
    if (ak_span_starts(text, AK_SPAN_LIT("\xef\xbb\xbf")))
        text = ak_span_sub(text, 3, text.len); /* an editor's mark */
    bool env = format == AK_IMPORT_ENV || (format == AK_IMPORT_ANY && look(text) == AK_IMPORT_ENV);
    enum ak_err err = env ? parse_env(text, out) : parse_json(text, format, out);
    if (!err && out->count == 0) err = refuse(out, AK_E_FORMAT, "there is nothing in it", AK_SPAN_EMPTY);
    if (!err) return AK_OK;
    ak_wipe(out->values, dirty < sizeof out->values ? dirty : sizeof out->values);
    out->count = out->used = 0;
    return err;
}
