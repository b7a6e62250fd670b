/* Writes docs/api/openapi.yaml from the tables that gateway, keeper and clients are built from, and with
 * `--broker` openapi-broker.yaml from the broker's. `openapi > FILE` makes one anew; `openapi --check FILE
 * BROKER_FILE` says where they differ. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/broker_call.h"
#include "core/wire/msg_error.h"

enum { TEXT_MAX = 512 * 1024, MESSAGES_MAX = 128 };

static char *text;
static size_t text_len;

AK_PRINTF(1, 2) static void put(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text + text_len, TEXT_MAX - text_len, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= TEXT_MAX - text_len) abort();
    text_len += (size_t)len;
}

static const struct ak_msg *seen[MESSAGES_MAX];
static size_t seen_count;

static void want(const struct ak_msg *msg)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i] == msg) return;
    seen[seen_count++] = msg;
    for (size_t i = 0; i < msg->count; i++)
        if (msg->fields[i].item) want(msg->fields[i].item);
}

static void put_hex(const struct ak_field *field, const char *prefix)
{
    bool fixed = field->kind == AK_KIND_FIXED || field->kind == AK_KIND_FIXED0X;
    if (fixed)
        put("type: string, pattern: '^%s[0-9a-f]{%llu}$'", prefix, (unsigned long long)field->max * 2);
    else
        put("type: string, pattern: '^%s([0-9a-f]{2})*$', maxLength: %llu", prefix,
            (unsigned long long)field->max * 2 + strlen(prefix));
}

static void put_number(const struct ak_field *field)
{
    put("type: integer, minimum: %llu", (unsigned long long)field->min);
    if (field->max <= UINT64_C(9007199254740991)) put(", maximum: %llu", (unsigned long long)field->max);
}

static void put_type(const struct ak_field *field)
{
    switch (field->kind) {
    case AK_KIND_TEXT:
    case AK_KIND_LINES:
        put("type: string, minLength: %llu, maxLength: %llu", (unsigned long long)field->min,
            (unsigned long long)field->max);
        break;
    case AK_KIND_TEXTS: put("type: array, items: {type: string}"); break;
    case AK_KIND_HEX:
    case AK_KIND_FIXED: put_hex(field, ""); break;
    case AK_KIND_HEX0X:
    case AK_KIND_FIXED0X: put_hex(field, "0x"); break;
    case AK_KIND_PRINT: put("type: string, pattern: '^[A-Za-z0-9_-]{43}$'"); break;
    case AK_KIND_B64:
        put("type: string, pattern: '^[A-Za-z0-9_-]*$', maxLength: %llu",
            (unsigned long long)(field->max * 4 + 2) / 3);
        break;
    case AK_KIND_U64: put_number(field); break;
    case AK_KIND_BOOL: put("type: boolean"); break;
    case AK_KIND_LIST: put("type: array, items: {$ref: '#/components/schemas/%s'}", field->item->name); break;
    case AK_KIND_JSON: put("type: object"); break;
    }
}

static bool in_body(const struct ak_field *field)
{
    return !(field->flags & (AK_MSG_PATH | AK_MSG_QUERY));
}

/* A dotted group ("entry.index", "entry.leaf_hash") as one object; gives the index after it. */
static size_t put_group(const struct ak_msg *msg, size_t from)
{
    const char *dot = strchr(msg->fields[from].name, '.');
    size_t len = (size_t)(dot - msg->fields[from].name) + 1;
    size_t i = from;
    put("        %.*s:\n          type: object\n          properties:\n", (int)len - 1,
        msg->fields[from].name);
    for (; i < msg->count && strncmp(msg->fields[i].name, msg->fields[from].name, len) == 0; i++) {
        put("            %s: {", msg->fields[i].name + len);
        put_type(&msg->fields[i]);
        put("}\n");
    }
    return i;
}

static void put_required(const struct ak_msg *msg)
{
    const char *glue = "      required: [";
    const char *last = "";
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        size_t len = strcspn(field->name, ".");
        if ((field->flags & AK_MSG_OPTIONAL) || !in_body(field)) continue;
        if (strncmp(last, field->name, len) == 0 && strlen(last) >= len && strchr(field->name, '.')) continue;
        put("%s%.*s", glue, (int)len, field->name);
        glue = ", ";
        last = field->name;
    }
    if (glue[0] == ',') put("]\n");
}

static void put_schema(const struct ak_msg *msg)
{
    put("    %s:\n      type: object\n", msg->name);
    put_required(msg);
    bool any = false;
    for (size_t i = 0; i < msg->count; i++) any = any || in_body(&msg->fields[i]);
    if (any) put("      properties:\n");
    for (size_t i = 0; i < msg->count;) {
        const struct ak_field *field = &msg->fields[i];
        if (!in_body(field)) {
            i++;
            continue;
        }
        if (strchr(field->name, '.')) {
            i = put_group(msg, i);
            continue;
        }
        put("        %s: {", field->name);
        put_type(field);
        put("}\n");
        i++;
    }
}

static bool takes_keys; /* the server looks at Idempotency-Key: the worker, not the broker */

static void put_parameters(const struct ak_call *call)
{
    bool first = true;
    for (size_t i = 0; i < call->request->count; i++) {
        const struct ak_field *field = &call->request->fields[i];
        if (in_body(field)) continue;
        if (first) put("      parameters:\n");
        first = false;
        bool path = field->flags & AK_MSG_PATH;
        put("        - {name: %s, in: %s, required: %s, schema: {", field->name, path ? "path" : "query",
            path || !(field->flags & AK_MSG_OPTIONAL) ? "true" : "false");
        put_type(field);
        put("}}\n");
    }
    if (call->auth == AK_AUTH_CHANGE && takes_keys)
        put("%s        - {$ref: '#/components/parameters/idempotency'}\n",
            first ? "      parameters:\n" : "");
}

static bool has_field(const struct ak_msg *msg, const char *name)
{
    for (size_t i = 0; i < msg->count; i++)
        if (strcmp(msg->fields[i].name, name) == 0) return true;
    return false;
}

/* Whether the answer may be that it waits: 202, with the same body. Of changes wait those that the recovery
 * code would speed up, and another trust configuration. */
static bool may_wait(const struct ak_call *call)
{
    if (!has_field(call->reply, "ready_at")) return false;
    return strcmp(call->reply->name, "done_reply") != 0 || has_field(call->request, "recovery_code") ||
           has_field(call->request, "trust");
}

static void put_responses(const struct ak_call *call)
{
    const char *body = call->reply->name;
    put("      responses:\n        '200':\n          description: done\n"
        "          content: {application/json: {schema: {$ref: '#/components/schemas/%s'}}}\n",
        body);
    if (may_wait(call))
        put("        '202':\n          description: accepted; it waits for its time (ready_at) or a second "
            "device\n"
            "          content: {application/json: {schema: {$ref: '#/components/schemas/%s'}}}\n",
            body);
    put("        default: {$ref: '#/components/responses/error'}\n");
}

static bool has_body(const struct ak_msg *msg)
{
    for (size_t i = 0; i < msg->count; i++)
        if (in_body(&msg->fields[i])) return true;
    return false;
}

static const char *security_of(const struct ak_call *call)
{
    switch (call->auth) {
    case AK_AUTH_PUBLIC: return "[]";
    case AK_AUTH_PROOF: return "[{proof: []}]";
    case AK_AUTH_USE:
        return call->flags & AK_CALL_SESSION ? "[{session: [], proof: []}]"
                                             : "[{session: [], proof: []}, {agent: [], proof: []}]";
    case AK_AUTH_SIGN_IN: return "[{proof: []}]"; /* a device's, for the broker's URL */
    case AK_AUTH_CHANGE: return "[{session: [], proof: []}]";
    }
    return "[]";
}

static const char *verb_of(const struct ak_call *call)
{
    static const char *const verbs[][2] = {
        {"GET", "get"}, {"POST", "post"}, {"PUT", "put"}, {"DELETE", "delete"}};
    for (size_t i = 0; i < AK_COUNT(verbs); i++)
        if (strcmp(call->method, verbs[i][0]) == 0) return verbs[i][1];
    return "";
}

static void put_operation(const struct ak_call *call)
{
    put("    %s:\n      operationId: %s\n      summary: \"%s\"\n", verb_of(call), call->name, call->doc);
    if (call->auth == AK_AUTH_CHANGE)
        put("      description: The proof carries ak_bh, the hash of this call's meaning "
            "(docs/formats/meaning.md).\n");
    if (call->flags & AK_CALL_LOCAL) put("      description: Only on the operator's own socket.\n");
    put("      security: %s\n", security_of(call));
    put_parameters(call);
    if (strcmp(call->method, "GET") != 0 && has_body(call->request))
        put("      requestBody:\n        content: {application/json: {schema: {$ref: "
            "'#/components/schemas/%s'}}}\n",
            call->request->name);
    put_responses(call);
    want(call->request);
    want(call->reply);
}

static void put_path_of(const struct ak_call *call)
{
    put("  %s%s:\n", call->flags & AK_CALL_SIGNER ? "/tee" : "", call->path);
}

/* A program whose calls are described. */
struct server {
    const struct ak_call *(*get)(unsigned id);
    unsigned count;
    const char *head;
};

static const struct server worker = {ak_call_get, AK_CALL_COUNT,
    "openapi: 3.1.0\ninfo:\n  title: AgentKeys worker\n  version: " AK_VERSION "\n"
    "  description: The signer's calls stand under /tee, and under /dev for the development signer.\n"
    "servers:\n  - url: http://127.0.0.1:8092\npaths:\n"};
static const struct server broker = {ak_broker_call_get, AK_BROKER_CALL_COUNT,
    "openapi: 3.1.0\ninfo:\n  title: AgentKeys broker\n  version: " AK_VERSION "\n"
    "  description: Signs people in. Nonces of proofs are the worker's, handed on (DPoP-Nonce).\n"
    "servers:\n  - url: http://127.0.0.1:8091\npaths:\n"};

static void put_paths(const struct server *server)
{
    bool done[AK_CALL_COUNT] = {false};
    for (unsigned i = 0; i < server->count; i++) {
        if (done[i]) continue;
        put_path_of(server->get(i));
        for (unsigned k = i; k < server->count; k++) {
            if (strcmp(server->get(i)->path, server->get(k)->path) != 0) continue;
            put_operation(server->get(k));
            done[k] = true;
        }
    }
}

static void put_all(const struct server *server)
{
    takes_keys = server == &worker;
    put("# Made from src/core/wire by tests/tools/openapi; a test holds it to the tables. Do not edit by "
        "hand.\n%s",
        server->head);
    put_paths(server);
    want(&ak_error_reply_msg);
    put("components:\n  securitySchemes:\n"
        "    session: {type: http, scheme: DPoP, description: a session token (ak-session+jwt)}\n"
        "    agent: {type: http, scheme: DPoP, description: an agent's token (ak-agent+jwt)}\n"
        "    proof: {type: apiKey, in: header, name: DPoP, description: RFC 9449 with the server's nonce}\n");
    if (takes_keys)
        put("  parameters:\n    idempotency: {name: Idempotency-Key, in: header, required: false, "
            "schema: {type: string, pattern: '^[!-~]{1,64}$'}}\n");
    put("  responses:\n    error:\n      description: any refusal or failure\n"
        "      content: {application/json: {schema: {$ref: '#/components/schemas/error_reply'}}}\n  "
        "schemas:\n");
    for (size_t i = 0; i < seen_count; i++) put_schema(seen[i]);
}

static int check(const char *path)
{
    static char found[TEXT_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(found, 1, sizeof found, file) : 0;
    if (file) (void)fclose(file);
    if (len == text_len && memcmp(found, text, len) == 0) return 0;
    size_t line = 1;
    for (size_t i = 0; i < len && i < text_len && found[i] == text[i]; i++) line += found[i] == '\n';
    (void)fprintf(stderr, "%s differs from the tables at line %zu\n", path, line);
    return 1;
}

static int run(int argc, char **argv)
{
    bool checking = argc >= 3 && strcmp(argv[1], "--check") == 0;
    put_all(argc > 1 && strcmp(argv[1], "--broker") == 0 ? &broker : &worker);
    if (!checking) return fwrite(text, 1, text_len, stdout) == text_len ? 0 : 1;
    int status = check(argv[2]);
    text_len = seen_count = 0;
    put_all(&broker);
    return argc > 3 && check(argv[3]) ? 1 : status;
}

int main(int argc, char **argv)
{
    text = malloc(TEXT_MAX);
    if (!text) return 1;
    int status = run(argc, argv);
    free(text);
    return status;
}
