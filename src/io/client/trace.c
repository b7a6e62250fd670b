/* Copying JSON with the values of secret members replaced. */
#include "io/client/trace.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "base/limits.h"

static const char *const secret_members[] = {"session_jwt", "agent_token", "jwt", "recovery_code",
    "recovery_hash", "pairing_code", "code", "match_code", "authorization_url"};
static const char REDACTED[] = "<redacted>";

static bool is_secret(struct ak_span key)
{
    for (size_t i = 0; i < AK_COUNT(secret_members); i++)
        if (ak_span_eq(key, ak_span_str(secret_members[i]))) return true;
    return false;
}

/* The closing quote of the string that begins at `at`; the text is good JSON. */
static size_t string_end(struct ak_span json, size_t at)
{
    for (at++; at < json.len && json.ptr[at] != '"'; at++)
        if (json.ptr[at] == '\\') at++;
    return at;
}

/* Copies `json`; after a secret member's name its string value is left out. */
static void put_redacted(struct ak_buf *line, struct ak_span json)
{
    size_t from = 0;
    for (size_t at = 0; at < json.len; at++) {
        if (json.ptr[at] != '"') continue;
        size_t end = string_end(json, at);
        struct ak_span name = ak_span_sub(json, at + 1, end - at - 1);
        bool hide =
            end + 2 < json.len && json.ptr[end + 1] == ':' && json.ptr[end + 2] == '"' && is_secret(name);
        at = end;
        if (!hide) continue;
        ak_buf_put(line, ak_span_sub(json, from, end + 3 - from));
        ak_buf_put_str(line, REDACTED);
        at = from = string_end(json, end + 2);
    }
    ak_buf_put(line, ak_span_sub(json, from, json.len));
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

/* A path of ours, URL characters only; a pairing code in its query is left out. */
static void put_path(struct ak_buf *line, const char *path)
{
    const char *code = strstr(path, "?code=");
    if (!code) code = strstr(path, "&code=");
    size_t len = code ? (size_t)(code - path) + strlen("?code=") : strlen(path);
    ak_buf_put(line, ak_span(path, len));
    if (!code) return;
    ak_buf_put_str(line, REDACTED);
    ak_buf_put_str(line, path + len + strcspn(path + len, "&"));
}

static void put_line(struct ak_buf *line, const struct ak_fetch_ask *ask,
    const struct ak_fetch_answer *answer, uint64_t time_ms)
{
    ak_buf_put_str(line, "{\"time_ms\":");
    ak_buf_put_dec(line, time_ms);
    ak_buf_put_str(line, ",\"method\":\"");
    ak_buf_put_str(line, ask->method);
    ak_buf_put_str(line, "\",\"path\":\"");
    put_path(line, ask->path);
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
