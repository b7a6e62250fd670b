/* Checking a definition, and its five lines. */
#include "core/vault/service.h"

static bool is_lower_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits, dots and hyphens, perhaps a port: compared as a whole with what a request names. */
static bool is_host(struct ak_span host)
{
    size_t colon = ak_span_find(host, 0, ':');
    if (colon == 0 || colon > 253 || !is_lower_or_digit(host.ptr[0])) return false;
    for (size_t i = 0; i < colon; i++)
        if (!is_lower_or_digit(host.ptr[i]) && host.ptr[i] != '.' && host.ptr[i] != '-') return false;
    if (colon == host.len) return true;
    if (host.len == colon + 1 || host.len > colon + 6) return false;
    for (size_t i = colon + 1; i < host.len; i++)
        if (host.ptr[i] < '0' || host.ptr[i] > '9') return false;
    return true;
}

static bool is_method(struct ak_span method)
{
    if (method.len == 0 || method.len > 16) return false;
    for (size_t i = 0; i < method.len; i++)
        if (method.ptr[i] < 'A' || method.ptr[i] > 'Z') return false;
    return true;
}

/* Visible ASCII; no dot segments, escapes or queries that would read as another path elsewhere. */
static bool is_prefix(struct ak_span prefix)
{
    if (prefix.len == 0 || prefix.ptr[0] != '/') return false;
    if (ak_span_contains(prefix, AK_SPAN_LIT("..")) || ak_span_contains(prefix, AK_SPAN_LIT("//")))
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        uint8_t c = prefix.ptr[i];
        if (c <= ' ' || c > '~' || c == '%' || c == '?' || c == '#' || c == '\\') return false;
    }
    return true;
}

static bool all_are(struct ak_span list, bool (*is)(struct ak_span))
{
    for (size_t at = 0; at <= list.len;) {
        size_t end = ak_span_find(list, at, ',');
        if (!is(ak_span_sub(list, at, end - at))) return false;
        at = end + 1;
    }
    return true;
}

static bool is_printable(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') return false;
    return true;
}

static const char *template_fault(const struct ak_service_definition *definition)
{
    bool header = ak_span_eq(definition->inject, AK_SPAN_LIT("header"));
    bool query = ak_span_eq(definition->inject, AK_SPAN_LIT("query"));
    struct ak_span template = definition->template;
    if (!is_printable(template)) return "template is printable ASCII on one line";
    if (!header && !query)
        return template.len == 0 ? NULL : "template goes with inject header and query only";
    if (!ak_span_contains(template, AK_SPAN_LIT("{value}")))
        return "template has {value} where the value goes";
    size_t sign = ak_span_find(template, 0, header ? ':' : '=');
    if (sign == 0 || sign == template.len)
        return header ? "template is \"Name: … {value}\" for a header"
                      : "template is \"name={value}\" for a query";
    return NULL;
}

const char *ak_service_definition_fault(const struct ak_service_definition *definition)
{
    static const char *const kinds[] = {"header", "basic", "query", "sigv4"};
    bool known = false;
    for (size_t i = 0; i < AK_COUNT(kinds); i++)
        if (ak_span_eq(definition->inject, ak_span_str(kinds[i]))) known = true;
    if (!known) return "inject is header, basic, query or sigv4";
    if (!all_are(definition->hosts, is_host)) return "hosts are lower-case names, perhaps with a port";
    if (!all_are(definition->methods, is_method)) return "methods are upper-case names such as GET";
    if (!all_are(definition->path_prefixes, is_prefix))
        return "path prefixes begin with / and have no .., //, %, ? or #";
    return template_fault(definition);
}

enum ak_err ak_service_definition_put(struct ak_buf *buf, const struct ak_service_definition *definition)
{
    const struct ak_span lines[] = {definition->inject, definition->hosts, definition->methods,
        definition->path_prefixes, definition->template};
    size_t total = AK_COUNT(lines) - 1;
    for (size_t i = 0; i < AK_COUNT(lines); i++) total += lines[i].len;
    if (total > AK_LIMIT_DEFINITION) return AK_E_LIMIT;
    for (size_t i = 0; i < AK_COUNT(lines); i++) {
        if (i) ak_buf_put_u8(buf, '\n');
        ak_buf_put(buf, lines[i]);
    }
    return ak_buf_check(buf);
}

enum ak_err ak_service_definition_parse(struct ak_span text, struct ak_service_definition *out_definition)
{
    struct ak_service_definition found;
    struct ak_span *const lines[] = {
        &found.inject, &found.hosts, &found.methods, &found.path_prefixes, &found.template};
    size_t at = 0;
    memset(out_definition, 0, sizeof *out_definition);
    for (size_t i = 0; i < AK_COUNT(lines); i++) {
        size_t end = ak_span_find(text, at, '\n');
        if ((i + 1 == AK_COUNT(lines)) != (end == text.len)) return AK_E_FORMAT;
        *lines[i] = ak_span_sub(text, at, end - at);
        at = end + 1;
    }
    *out_definition = found;
    return AK_OK;
}
