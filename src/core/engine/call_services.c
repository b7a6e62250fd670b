/* Services: where a proxy may inject a credential. And the listing of credentials, the same kind of page. */
#include "core/engine/vault_work.h"
#include "core/policy/scope.h"
#include "core/vault/service.h"
#include "core/wire/msg_vault.h"

enum ak_code ak_call_service_define(struct ak_step *step)
{
    struct ak_msg_service_define_request request;
    uint8_t memory[AK_LIMIT_DEFINITION];
    struct ak_buf text = AK_BUF_ARR(memory);
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    struct ak_service_definition definition = {.inject = request.inject,
        .hosts = request.hosts,
        .methods = request.methods,
        .path_prefixes = request.path_prefixes,
        .template = request.template};
    const struct ak_account *account = step->caller.account;
    if (!ak_scope_is_service(request.service))
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "service is 1 to 63 of a-z 0-9 -, no hyphen first");
    const char *fault = ak_service_definition_fault(&definition);
    if (fault) return ak_step_fail(step, AK_CODE_INVALID_REQUEST, fault);
    if (ak_service_definition_put(&text, &definition) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "the definition is over 2048 bytes in all");
    if (!ak_state_service(&step->engine->state, account, request.service) &&
        account->service_count >= ak_vault_services_max(step->engine))
        return ak_step_fail(
            step, AK_CODE_STORAGE_FULL, "the account has as many services as vault.services_max allows");
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_SERVICE_DEFINED);
    entry.credential = request.service;
    entry.definition = ak_buf_span(&text);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "defined");
}

static enum ak_code item_of(const struct ak_service_state *service, struct ak_msg_service_item *out_item)
{
    struct ak_service_definition definition;
    if (ak_service_definition_parse(ak_span(service->definition, service->definition_len), &definition) !=
        AK_OK)
        return AK_CODE_INTERNAL;
    *out_item = (struct ak_msg_service_item){.service = ak_span(service->name, service->name_len),
        .hosts = definition.hosts,
        .methods = definition.methods,
        .path_prefixes = definition.path_prefixes,
        .inject = definition.inject,
        .template = definition.template,
        .defined_at = service->defined_ms / 1000};
    return AK_CODE_OK;
}

/* An agent sees what is in its scope: a service that it may read. */
static bool may_see(const struct ak_path_state *agent, struct ak_span service)
{
    struct ak_scope_facts facts = {.service = service};
    if (!agent) return true;
    return ak_scope_find(ak_span(agent->scope, agent->scope_len), AK_OP_READ_CREDENTIAL, &facts).result ==
           AK_SCOPE_ALLOWED;
}

/* The agent that asks, after policy; NULL for a session. */
static enum ak_code find_agent(struct ak_step *step, struct ak_path_state **out_agent, uint32_t *out_number)
{
    *out_agent = NULL;
    *out_number = AK_INDEX_NONE;
    enum ak_code code = ak_step_check_agent(step);
    if (code || step->caller.kind != AK_CALLER_AGENT) return code;
    struct ak_span label = ak_span(step->caller.claims.label, step->caller.claims.label_len);
    *out_agent = ak_state_path(&step->engine->state, step->caller.account_number, label, out_number);
    return *out_agent ? AK_CODE_OK : AK_CODE_NOT_FOUND;
}

enum ak_code ak_call_service_show(struct ak_step *step)
{
    struct ak_msg_service_show_request request;
    struct ak_msg_service_item item;
    struct ak_path_state *agent = NULL;
    uint32_t number = AK_INDEX_NONE;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_agent(step, &agent, &number);
    if (code) return code;
    const struct ak_service_state *service =
        ak_state_service(&step->engine->state, step->caller.account, request.service);
    if (!service || !may_see(agent, request.service))
        return ak_step_fail(
            step, AK_CODE_NOT_FOUND, "no definition of this service; see agentkeys service list");
    code = item_of(service, &item);
    return code ? code : ak_step_reply(step, &ak_service_item_msg, &item);
}

enum ak_code ak_call_service_list(struct ak_step *step)
{
    enum { ITEM_MAX = 2560 };
    struct ak_msg_service_list_request request;
    struct ak_msg_service_list_reply reply = {0};
    uint8_t memory[AK_WIRE_SERVICE_PAGE * ITEM_MAX];
    struct ak_buf items = AK_BUF_ARR(memory);
    struct ak_path_state *agent = NULL;
    uint32_t number = AK_INDEX_NONE;
    const struct ak_state *state = &step->engine->state;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_agent(step, &agent, &number);
    if (code) return code;
    uint32_t at = step->caller.account->first_service;
    if (request.after.len) {
        const struct ak_service_state *after = ak_state_service(state, step->caller.account, request.after);
        if (!after) return AK_CODE_NOT_FOUND;
        at = after->next;
    }
    struct ak_span last = AK_SPAN_EMPTY;
    for (unsigned count = 0; at != AK_INDEX_NONE;) {
        const struct ak_service_state *service = ak_vec_at(&state->services, at);
        struct ak_msg_service_item item;
        at = service->next;
        if (!may_see(agent, ak_span(service->name, service->name_len))) continue;
        if (count++ == AK_WIRE_SERVICE_PAGE) {
            reply.next = last;
            reply.present |= 1u << AK_SERVICE_LIST_REPLY_NEXT;
            break;
        }
        code = item_of(service, &item);
        if (code || ak_list_add(&items, &ak_service_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
        last = item.service;
    }
    reply.services.bytes = ak_buf_span(&items);
    return ak_step_reply(step, &ak_service_list_reply_msg, &reply);
}

/* ---- credentials ---- */

struct names {
    uint8_t path[AK_PATH_TEXT_MAX], reader[AK_PATH_TEXT_MAX];
};

static struct ak_msg_credential_item credential_item(
    const struct ak_engine *engine, const struct ak_credential_state *credential, struct names *names)
{
    const struct ak_state *state = &engine->state;
    struct ak_buf path = AK_BUF_ARR(names->path), reader = AK_BUF_ARR(names->reader);
    const struct ak_blob_state *blob = ak_state_blob_at(state, credential->newest);
    struct ak_msg_credential_item item = {.service = ak_credential_service(credential),
        .path = ak_vault_put_path(state, credential->path, &path),
        .version = blob->version,
        .versions = credential->kept,
        .size = blob->size,
        .epoch = ak_state_epoch_at(state, blob->epoch)->number,
        .written_at = blob->written_ms / 1000,
        .stored = ak_vault_stored(engine, blob)};
    if (item.path.len) item.present |= 1u << AK_CREDENTIAL_ITEM_PATH;
    if (item.stored.len) item.present |= 1u << AK_CREDENTIAL_ITEM_STORED;
    if (credential->last_read_ms == 0) return item;
    item.last_reader = ak_vault_put_path(state, credential->last_reader, &reader);
    item.last_read_at = credential->last_read_ms / 1000;
    item.present |= 1u << AK_CREDENTIAL_ITEM_LAST_READER | 1u << AK_CREDENTIAL_ITEM_LAST_READ_AT;
    return item;
}

/* "openrouter" or "openrouter/agent-1": the last one of a page. */
static void put_cursor(const struct ak_msg_credential_item *item, struct ak_buf *buf)
{
    ak_buf_put(buf, item->service);
    ak_buf_put(buf, item->path);
}

static enum ak_code first_of_page(struct ak_step *step, struct ak_span after, uint32_t *out_at)
{
    struct ak_vault_where where;
    *out_at = step->caller.account->first_credential;
    if (after.len == 0) return AK_CODE_OK;
    size_t slash = ak_span_find(after, 0, '/');
    enum ak_code code =
        ak_vault_find(step, ak_span_sub(after, 0, slash), ak_span_sub(after, slash, after.len), &where);
    if (code) return code;
    if (!where.credential) return AK_CODE_NOT_FOUND;
    *out_at = where.credential->next;
    return AK_CODE_OK;
}

enum ak_code ak_call_credential_list(struct ak_step *step)
{
    enum { ITEM_MAX = 320 };
    struct ak_msg_credential_list_request request;
    struct ak_msg_credential_list_reply reply = {0};
    uint8_t memory[AK_WIRE_CREDENTIAL_PAGE * ITEM_MAX], cursor_memory[AK_LIMIT_SERVICE + AK_PATH_TEXT_MAX];
    struct ak_buf items = AK_BUF_ARR(memory), cursor = AK_BUF_ARR(cursor_memory);
    const struct ak_state *state = &step->engine->state;
    struct ak_path_state *agent = NULL;
    uint32_t own = AK_INDEX_NONE, at = AK_INDEX_NONE;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_agent(step, &agent, &own);
    if (!code) code = first_of_page(step, request.after, &at);
    for (unsigned count = 0; !code && at != AK_INDEX_NONE;) {
        const struct ak_credential_state *credential = ak_state_credential_at(state, at);
        struct names names;
        at = credential->next;
        if (credential->kept == 0 || !may_see(agent, ak_credential_service(credential))) continue;
        if (agent && credential->path != AK_INDEX_NONE && credential->path != own) continue;
        if (count++ == AK_WIRE_CREDENTIAL_PAGE) {
            reply.next = ak_buf_span(&cursor);
            reply.present |= 1u << AK_CREDENTIAL_LIST_REPLY_NEXT;
            break;
        }
        struct ak_msg_credential_item item = credential_item(step->engine, credential, &names);
        if (ak_list_add(&items, &ak_credential_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
        cursor.len = 0;
        put_cursor(&item, &cursor);
    }
    if (code) return code;
    reply.credentials.bytes = ak_buf_span(&items);
    return ak_step_reply(step, &ak_credential_list_reply_msg, &reply);
}
