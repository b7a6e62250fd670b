/* The devices of an account: listing and removing; asking to join is in call_pair.c, as it is a pairing. */
#include "base/num.h"
#include "core/engine/internal.h"
#include "core/engine/waiting.h"
#include "core/wire/msg_devices.h"

enum ak_code ak_call_device_list(struct ak_step *step)
{
    uint8_t memory[AK_LIMIT_DEVICES * 192];
    struct ak_buf items = AK_BUF_ARR(memory);
    for (uint32_t at = step->caller.account->first_device; at != AK_INDEX_NONE;) {
        const struct ak_device *device = ak_vec_at(&step->engine->state.devices, at);
        at = device->next;
        if (device->removed) continue;
        struct ak_msg_device_item item = {.name = device->name,
            .enrolled_at = device->enrolled_ms / 1000,
            .current = memcmp(device->thumbprint, step->caller.jkt, 32) == 0};
        memcpy(item.device, device->thumbprint, 32);
        if (ak_list_add(&items, &ak_device_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
    }
    struct ak_msg_device_list_reply reply = {.devices = {ak_buf_span(&items)}};
    return ak_step_reply(step, &ak_device_list_reply_msg, &reply);
}

/* For a while after a recovery its device removes no other one: who stole the mailbox would make it final. */
bool ak_step_recovered_just_now(const struct ak_step *step)
{
    const struct ak_device *own =
        ak_state_device(&step->engine->state, step->caller.account, step->caller.jkt);
    uint64_t seen_ms = ak_logic_time_seen_ms(&step->engine->time);
    return own && own->recovered &&
           ak_num_sub_sat(seen_ms, own->enrolled_seen_ms) < step->engine->conf.recovery_wait_code_ms;
}

enum ak_code ak_call_device_remove(struct ak_step *step)
{
    struct ak_msg_device_remove_request request;
    bool ready = false;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    const struct ak_account *account = step->caller.account;
    ready = memcmp(request.id, step->caller.jkt, 32) == 0; /* giving up one's own rights waits for nobody */
    if (!ak_state_device(&step->engine->state, account, request.id)) return AK_CODE_NOT_FOUND;
    if (account->device_count <= 1)
        return ak_step_fail(step, AK_CODE_ALREADY_DONE, "the last device stays; add another one first");
    if (!ready && ak_step_recovered_just_now(step))
        return ak_step_fail(step, AK_CODE_DENIED,
            "this device came by a recovery; it removes others after the waiting time (recovery_wait_code)");
    const struct ak_code_given given = {
        .sealed = ak_msg_has(&request, AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE) ? request.recovery_code : NULL,
        .next_hash =
            ak_msg_has(&request, AK_DEVICE_REMOVE_REQUEST_RECOVERY_HASH) ? request.recovery_hash : NULL};
    if (!ready) code = ak_step_wait_or_confirm(step, AK_RECOVERY_DEVICE_REMOVE, request.id, &given, &ready);
    if (code || !ready) return code;
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_DEVICE_REMOVED);
    memcpy(entry.device, request.id, 32);
    code = ak_step_emit(step, &entry);
    return code ? code : ak_step_reply_done(step, "removed");
}
