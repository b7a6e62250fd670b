/* Copying JSON with the values of members that nobody else may see replaced. */
#include "io/client/trace.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "base/limits.h"

/* Tokens and codes, what is typed into a page, and who somebody is (I19). */
static const char *const hidden_members[] = {"session_jwt", "agent_token", "jwt", "token", "answer",
    "recovery_code", "recovery_hash", "pairing_code", "code", "match_code", "authorization_url", "email",
    "identity", "identity_value"};
static const char REDACTED[] = "<redacted>";

/* A name that is spelled with an escape is none of ours: what it names is not shown. */
static bool is_hidden(struct ak_span name)
{
    if (ak_span_find(name, 0, '\\') < name.len) return true;
    for (size_t i = 0; i < AK_COUNT(hidden_members); i++)
        if (ak_span_eq(name, ak_span_str(hidden_members[i]))) return true;
    return false;
}

/* The closing quote of the string that begins at `at`; the text is good JSON. */
static size_t string_end(struct ak_span json, size_t at)
{
    for (at++; at < json.len && json.ptr[at] != '"'; at++)
        if (json.ptr[at] == '\\') at++;
    return at;
}

static size_t skip_blanks(struct ak_span json, size_t at)
{
    while (at < json.len && (json.ptr[at] == ' ' || (json.ptr[at] >= '\t' && json.ptr[at] <= '\r'))) at++;
    return at;
}

/* Where the string value of the member begins whose name's closing quote is at `end`; json.len: none does. */
static size_t string_value(struct ak_span json, size_t end)
{
    size_t colon = skip_blanks(json, end + 1);
    if (colon >= json.len || json.ptr[colon] != ':') return json.len;
    size_t value = skip_blanks(json, colon + 1);
    return value < json.len && json.ptr[value] == '"' ? value : json.len;
}

/* Copies `json`; after a hidden member's name its string value is left out. */
static void put_redacted(struct ak_buf *line, struct ak_span json)
{
    size_t from = 0;
    for (size_t at = 0; at < json.len; at++) {
        if (json.ptr[at] != '"') continue;
        size_t end = string_end(json, at), value = string_value(json, end);
        bool hide = value < json.len && is_hidden(ak_span_sub(json, at + 1, end - at - 1));
        at = end;
        if (!hide) continue;
        ak_buf_put(line, ak_span_sub(json, from, value + 1 - from));
        ak_buf_put_str(line, REDACTED);
        at = from = string_end(json, value);
    }
    ak_buf_put(line, ak_span_sub(json, from, json.len));
}

/* Ours: URL characters only. A code stands in the query of one call. */
static void put_path(struct ak_buf *line, struct ak_span path)
{
    size_t at = ak_span_find(path, 0, '?');
    ak_buf_put(line, ak_span_sub(path, 0, at));
    while (at < path.len) {
        size_t end = ak_span_find(path, at + 1, '&');
        size_t equals = ak_span_find(ak_span_sub(path, 0, end), at, '=');
        bool hide = is_hidden(ak_span_sub(path, at + 1, equals - at - 1));
        ak_buf_put(line, ak_span_sub(path, at, (hide ? equals : end) - at));
        if (hide) ak_buf_put_u8(line, '=');
        if (hide) ak_buf_put_str(line, REDACTED);
        at = end;
    }
}

static void put_json(struct ak_buf *line, struct ak_span text)
{
    struct ak_json json = {0};
    if (text.len && ak_json_parse(text, text.len, &json) == AK_OK)
        put_redacted(line, text);
    else
        ak_buf_put_str(line, "null");
    ak_json_done(&json);
}

static bool is_plain(struct ak_span text)
{
    bool plain = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        plain = plain && text.ptr[i] > ' ' && text.ptr[i] < 0x7f && text.ptr[i] != '"' && text.ptr[i] != '\\';
    return plain;
}

/* ,"name":"text"; nothing where the text is empty, or needs escaping, which no id and no proof does. */
static void put_member(struct ak_buf *line, const char *name, struct ak_span text)
{
    if (!is_plain(text)) return;
    ak_buf_put_str(line, ",\"");
    ak_buf_put_str(line, name);
    ak_buf_put_str(line, "\":\"");
    ak_buf_put(line, text);
    ak_buf_put_str(line, "\"");
}

static void put_line(struct ak_buf *line, const struct ak_fetch_ask *ask,
    const struct ak_fetch_answer *answer, uint64_t time_ms)
{
    ak_buf_put_str(line, "{\"time_ms\":");
    ak_buf_put_dec(line, time_ms);
    ak_buf_put_str(line, ",\"method\":\"");
    ak_buf_put_str(line, ask->method);
    ak_buf_put_str(line, "\",\"path\":\"");
    put_path(line, ak_span_str(ask->path));
    ak_buf_put_str(line, "\",\"request\":");
    put_json(line, ask->body);
    if (ask->proof.len && answer->status >= 200 && answer->status < 300)
        put_member(line, "proof", ask->proof);
    ak_buf_put_str(line, ",\"status\":");
    ak_buf_put_dec(line, answer->status);
    put_member(line, "request_id", ak_span_str(answer->request_id));
    ak_buf_put_str(line, ",\"answer\":");
    put_json(line, answer->body);
    ak_buf_put_str(line, "}\n");
}

void ak_trace_write(
    int fd, const struct ak_fetch_ask *ask, const struct ak_fetch_answer *answer, uint64_t time_ms)
{
    size_t cap = ask->body.len + ask->proof.len + answer->body.len + 4096;
    uint8_t *memory = malloc(cap);
    struct ak_buf line = ak_buf(memory, memory ? cap : 0);
    put_line(&line, ask, answer, time_ms);
    if (ak_buf_check(&line) == AK_OK && write(fd, line.ptr, line.len) != (ssize_t)line.len) line.len = 0;
    free(memory);
}
