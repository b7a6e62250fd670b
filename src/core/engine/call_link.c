/* Identities of an account: linking one that was shown to be the person's, ending a link, listing them. One
 * that can recover the account is not taken away by a device alone: it waits like the removal of a device. */
#include "base/num.h"
#include "core/engine/sign_in.h"
#include "core/engine/waiting.h"
#include "core/evm/address.h"
#include "core/evm/siwe.h"
#include "core/state/identity_state.h"
#include "core/state/vault_state.h"
#include "core/token/identity_answer.h"
#include "core/wire/msg_link.h"

enum { PROVED_MS = 10 * 60 * 1000 }; /* a signed text may be this old */

/* What is to be linked, and what showed whose it is. */
struct link {
    struct ak_identity identity;
    uint8_t omni[32];
    const char *how;
    bool has_address;
    uint8_t address[20];
};

static enum ak_code read_identity(
    struct ak_step *step, const struct ak_msg_link_request *request, struct link *link)
{
    if (ak_identity_validate(request->identity_type, request->identity_value, &link->identity) != AK_OK ||
        ak_identity_omni(link->identity.type_text, link->identity.value, link->omni) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "identity_type and identity_value are no identity, such as email and alice@demo.example");
    link->has_address = link->identity.type == AK_IDENTITY_EVM &&
                        ak_evm_address_parse(link->identity.value, link->address) == AK_OK;
    return AK_CODE_OK;
}

static bool is_own_address(const struct ak_step *step, const struct link *link)
{
    return link->has_address && memcmp(link->address, step->caller.account->home_wallet, 20) == 0;
}

static enum ak_code prove_by_wallet(
    struct ak_step *step, const struct ak_msg_link_request *request, struct link *link)
{
    struct ak_siwe siwe;
    enum ak_code code = ak_step_check_wallet(step, request->siwe_message, request->signature, &siwe);
    if (code) return code;
    if (!link->has_address || memcmp(siwe.address, link->address, 20) != 0)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the signed text is for another address");
    if (ak_num_sub_sat(step->engine->time.logic_ms, siwe.issued_at_ms) > PROVED_MS)
        return ak_step_fail(
            step, AK_CODE_EXPIRED_REQUEST, "the signed text is older than ten minutes; start again");
    link->how = "siwe";
    return AK_CODE_OK;
}

static enum ak_code prove_by_answer(
    struct ak_step *step, const struct ak_msg_link_request *request, struct link *link)
{
    struct ak_identity_answer answer;
    struct ak_sign_in in = {0};
    enum ak_code code = ak_step_check_answer(step, request->answer, &answer, &in);
    if (code) return code;
    if (memcmp(in.omni, link->omni, 32) != 0)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the answer is for another identity");
    link->how = "broker";
    return AK_CODE_OK;
}

static enum ak_code prove(struct ak_step *step, const struct ak_msg_link_request *request, struct link *link)
{
    bool text = ak_msg_has(request, AK_LINK_REQUEST_SIWE_MESSAGE);
    bool signature = ak_msg_has(request, AK_LINK_REQUEST_SIGNATURE);
    bool answer = ak_msg_has(request, AK_LINK_REQUEST_ANSWER);
    if (text != signature || text == answer)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "either a sign-in text and its signature, or an answer, shows whose the identity is");
    return text ? prove_by_wallet(step, request, link) : prove_by_answer(step, request, link);
}

/* Asked only of what was proved: nobody finds out here which strangers have accounts. */
static enum ak_code check_free(struct ak_step *step, const struct link *link)
{
    const struct ak_state *state = &step->engine->state;
    const struct ak_account *holder = ak_state_account_of(state, link->omni, NULL);
    if (!holder && link->has_address) holder = ak_state_account_by_wallet(state, link->address, NULL);
    if (holder && holder != step->caller.account)
        return ak_step_fail(step, AK_CODE_ALREADY_EXISTS, "the identity belongs to another account");
    if (!holder && step->caller.account->linked_count >= AK_STATE_LINKED_ACCOUNT)
        return ak_step_fail(step, AK_CODE_DENIED, "the account has as many identities as it may have");
    return AK_CODE_OK;
}

static enum ak_code reply_linked(struct ak_step *step, const struct link *link)
{
    struct ak_msg_link_reply reply = {.linked = true};
    memcpy(reply.omni_account, link->omni, 32);
    memcpy(reply.anchor, step->caller.account->anchor, 32);
    return ak_step_reply(step, &ak_link_reply_msg, &reply);
}

enum ak_code ak_link_answer_repeat(struct ak_step *step)
{
    struct ak_msg_link_request request;
    struct link link = {0};
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = read_identity(step, &request, &link);
    return code ? code : reply_linked(step, &link);
}

enum ak_code ak_call_link(struct ak_step *step)
{
    struct ak_msg_link_request request;
    struct link link = {.how = "derived"};
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = read_identity(step, &request, &link);
    if (code) return code;
    if (ak_state_identity(&step->engine->state, link.omni, NULL) == step->caller.account)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the identity is linked already");
    if (!is_own_address(step, &link)) code = prove(step, &request, &link);
    if (!code) code = check_free(step, &link);
    if (code) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_IDENTITY_LINKED);
    memcpy(entry.omni, link.omni, 32);
    entry.identity_type = link.identity.type_text;
    entry.how = ak_span_str(link.how);
    if (link.has_address) {
        memcpy(entry.address, link.address, 20);
        ak_entry_mark(&entry, AK_F_ADDRESS);
    }
    code = ak_step_emit(step, &entry);
    return code ? code : reply_linked(step, &link);
}

/* ---- ending a link ---- */

/* One that came only now has recovered nothing yet: whoever sees a stranger's puts it out at once. */
static bool goes_at_once(const struct ak_step *step, const struct ak_linked *linked)
{
    uint64_t seen_ms = ak_logic_time_seen_ms(&step->engine->time);
    return linked && (linked->derived || ak_num_sub_sat(seen_ms, linked->linked_seen_ms) <
                                             step->engine->conf.recovery_wait_ms);
}

static enum ak_code wait_to_unlink(
    struct ak_step *step, const struct ak_msg_unlink_request *request, bool *out_ready)
{
    const struct ak_code_given given = {
        .sealed = ak_msg_has(request, AK_UNLINK_REQUEST_RECOVERY_CODE) ? request->recovery_code : NULL,
        .next_hash = ak_msg_has(request, AK_UNLINK_REQUEST_RECOVERY_HASH) ? request->recovery_hash : NULL};
    if (ak_step_recovered_just_now(step))
        return ak_step_fail(step, AK_CODE_DENIED,
            "this device came by a recovery; it unlinks after the waiting time (recovery_wait_code)");
    return ak_step_wait_or_confirm(
        step, AK_RECOVERY_IDENTITY_UNLINK, request->omni_account, &given, out_ready);
}

enum ak_code ak_call_unlink(struct ak_step *step)
{
    struct ak_msg_unlink_request request;
    const struct ak_state *state = &step->engine->state;
    const struct ak_account *account = step->caller.account;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    const struct ak_linked *linked = ak_state_linked(state, request.omni_account);
    if (ak_state_identity(state, request.omni_account, NULL) != account)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "no such identity is linked to the account");
    if (!(linked && linked->derived) && ak_state_own_identities(state, account) <= 1)
        return ak_step_fail(step, AK_CODE_DENIED,
            "the last identity that can open the account stays; link another one first");
    bool ready = goes_at_once(step, linked);
    if (!ready) code = wait_to_unlink(step, &request, &ready);
    if (code || !ready) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_IDENTITY_UNLINKED);
    memcpy(entry.omni, request.omni_account, 32);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "unlinked");
}

/* ---- listing ---- */

static enum ak_code add_opened(const struct ak_account *account, struct ak_buf *items)
{
    struct ak_msg_link_item item = {.identity_type = account->identity_type,
        .how = AK_SPAN_LIT("opened"),
        .linked_at = account->opened_ms / 1000};
    if (account->anchor_unlinked) return AK_CODE_OK;
    memcpy(item.omni_account, account->anchor, 32);
    return ak_list_add(items, &ak_link_item_msg, &item) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

static enum ak_code add_linked(const struct ak_linked *linked, struct ak_buf *items)
{
    const char *proved = linked->has_address ? "siwe" : "broker";
    struct ak_msg_link_item item = {.identity_type = linked->identity_type,
        .how = ak_span_str(linked->derived ? "derived" : proved),
        .linked_at = linked->linked_ms / 1000};
    memcpy(item.omni_account, linked->omni, 32);
    memcpy(item.address, linked->address, 20);
    if (linked->has_address) item.present |= 1u << AK_LINK_ITEM_ADDRESS;
    return ak_list_add(items, &ak_link_item_msg, &item) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

enum ak_code ak_call_link_list(struct ak_step *step)
{
    uint8_t memory[(AK_STATE_LINKED_ACCOUNT + 1) * 192];
    struct ak_buf items = AK_BUF_ARR(memory);
    const struct ak_account *account = step->caller.account;
    struct ak_msg_link_list_reply reply;
    enum ak_code code = add_opened(account, &items);
    for (uint32_t at = account->first_linked; !code && at != AK_INDEX_NONE;) {
        const struct ak_linked *linked = ak_vec_at(&step->engine->state.linked, at);
        code = add_linked(linked, &items);
        at = linked->next;
    }
    if (code) return code;
    memcpy(reply.anchor, account->anchor, 32);
    reply.links = (struct ak_list){ak_buf_span(&items)};
    reply.present = 0;
    return ak_step_reply(step, &ak_link_list_reply_msg, &reply);
}
