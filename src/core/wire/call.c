/* The table of calls, and finding one by its URL. */
#include "core/wire/call.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/limits.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_attestation.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_explain.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_oidc.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_sign_in.h"
#include "core/wire/msg_token.h"
#include "core/wire/msg_trust.h"
#include "core/wire/msg_vault.h"

#define GET    "GET"
#define POST   "POST"
#define PUT    "PUT"
#define DELETE "DELETE"

static const struct ak_call calls[AK_CALL_COUNT] = {
    [AK_CALL_DERIVE_ADDRESS] = {"derive-address", POST, "/derive-address", AK_AUTH_USE,
        AK_CALL_SIGNER | AK_CALL_DEV, &ak_derive_request_msg, &ak_derive_reply_msg,
        "The address of the account, or of one of its agents."},
    [AK_CALL_SIGN_MESSAGE] = {"sign-message", POST, "/sign-message", AK_AUTH_USE,
        AK_CALL_SIGNER | AK_CALL_DEV, &ak_sign_request_msg, &ak_sign_reply_msg,
        "Signs an EIP-191 message or a Sign-In with Ethereum text with the user key or the calling agent's "
        "key."},
    [AK_CALL_ATTESTATION] = {"attestation", GET, "/attestation", AK_AUTH_PUBLIC, AK_CALL_SIGNER,
        &ak_attestation_request_msg, &ak_attestation_reply_msg,
        "Evidence of the TEE, bound to this TLS connection; 404 no_evidence where there is none."},
    [AK_CALL_LOCAL_SESSION] = {"local-session", POST, "/v1/local/session", AK_AUTH_PROOF,
        AK_CALL_LOCAL | AK_CALL_DEV, &ak_local_session_request_msg, &ak_session_reply_msg,
        "The local operator opens a new account, or gets a session on a device that is enrolled."},
    [AK_CALL_LOGOUT] = {"logout", POST, "/v1/logout", AK_AUTH_USE, AK_CALL_SESSION | AK_CALL_DEV,
        &ak_logout_request_msg, &ak_done_reply_msg,
        "Ends all sessions of the calling device; 20 a minute a device."},
    [AK_CALL_ACCOUNT] = {"account", GET, "/v1/account", AK_AUTH_USE, AK_CALL_SESSION | AK_CALL_DEV,
        &ak_account_request_msg, &ak_account_reply_msg, "The account read back."},
    [AK_CALL_ACCOUNT_SUSPEND] = {"account-suspend", POST, "/v1/account/suspend", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_account_change_request_msg, &ak_done_reply_msg,
        "Suspends the account and all its agents at once."},
    [AK_CALL_ACCOUNT_RESUME] = {"account-resume", POST, "/v1/account/resume", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_account_change_request_msg, &ak_done_reply_msg,
        "Resumes a suspended account: at once with a second device or the recovery code, else after the "
        "waiting time."},
    [AK_CALL_RECOVERY_LIST] = {"recovery", GET, "/v1/recovery", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_recovery_list_request_msg, &ak_recovery_list_reply_msg,
        "What waits for its time or a second device."},
    [AK_CALL_RECOVERY_CANCEL] = {"recovery-cancel", POST, "/v1/recovery/cancel", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_recovery_cancel_request_msg, &ak_done_reply_msg, "Cancels what waits."},
    [AK_CALL_DEVICE_REQUEST] = {"device-request", POST, "/v1/devices", AK_AUTH_PROOF, 0,
        &ak_device_request_msg, &ak_pair_reply_msg, "A new device asks to join an account."},
    [AK_CALL_DEVICE_LIST] = {"devices", GET, "/v1/devices", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_device_list_request_msg, &ak_device_list_reply_msg, "The enrolled devices."},
    [AK_CALL_DEVICE_REMOVE] = {"device-remove", POST, "/v1/devices/{id}/remove", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_device_remove_request_msg, &ak_done_reply_msg,
        "Removes a device: one's own at once, another with a second device, the recovery code, or after the "
        "waiting time."},
    [AK_CALL_PAIR_REQUEST] = {"pair-request", POST, "/v1/pair/request", AK_AUTH_PROOF, 0,
        &ak_pair_request_msg, &ak_pair_reply_msg, "An agent asks to be paired."},
    [AK_CALL_PAIR_LIST] = {"pair-list", GET, "/v1/pair", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_pair_list_request_msg, &ak_pair_list_reply_msg,
        "Pending requests: those addressed to the account, or the one with a code."},
    [AK_CALL_PAIR_STATUS] = {"pair-status", GET, "/v1/pair/{id}", AK_AUTH_PROOF, 0,
        &ak_pair_status_request_msg, &ak_pair_status_reply_msg,
        "The asker looks for the answer; an approved one gets its token, once."},
    [AK_CALL_PAIR_APPROVE] = {"pair-approve", POST, "/v1/pair/approve", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES, &ak_pair_approve_request_msg, &ak_agent_change_reply_msg,
        "Approves exactly the request that was shown."},
    [AK_CALL_PAIR_REFUSE] = {"pair-refuse", POST, "/v1/pair/refuse", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_pair_refuse_request_msg, &ak_done_reply_msg, "Refuses a request."},
    [AK_CALL_PAIR_INVITE] = {"pair-invite", POST, "/v1/pair/invite", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES, &ak_pair_invite_request_msg, &ak_pair_invite_reply_msg,
        "Makes a one-time code for an agent nobody will be there to approve."},
    [AK_CALL_PAIR_REDEEM] = {"pair-redeem", POST, "/v1/pair/redeem", AK_AUTH_PROOF, 0,
        &ak_pair_redeem_request_msg, &ak_pair_status_reply_msg, "An agent redeems an invite."},
    [AK_CALL_AGENT_LIST] = {"agents", GET, "/v1/agents", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_agent_list_request_msg, &ak_agent_list_reply_msg, "The agents, 20 a page."},
    [AK_CALL_AGENT_SHOW] = {"agent", GET, "/v1/agents/{label}", AK_AUTH_USE, 0, &ak_agent_show_request_msg,
        &ak_agent_item_msg, "One agent's record."},
    [AK_CALL_AGENT_SUSPEND] = {"agent-suspend", POST, "/v1/agents/{label}/suspend", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_agent_change_request_msg, &ak_agent_change_reply_msg,
        "Suspends an agent: its tokens are refused from the moment this returns."},
    [AK_CALL_AGENT_RESUME] = {"agent-resume", POST, "/v1/agents/{label}/resume", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES, &ak_agent_change_request_msg, &ak_agent_change_reply_msg,
        "Resumes a suspended agent as it was."},
    [AK_CALL_AGENT_ROTATE] = {"agent-rotate", POST, "/v1/agents/{label}/rotate", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_agent_change_request_msg, &ak_agent_change_reply_msg,
        "Gives the agent a new key; the old one never signs again."},
    [AK_CALL_AGENT_POLICY] = {"agent-policy", POST, "/v1/agents/{label}/policy", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES, &ak_agent_policy_request_msg, &ak_agent_change_reply_msg,
        "Changes scope, rate or expiry of an agent."},
    [AK_CALL_AGENT_DECOMMISSION] = {"agent-decommission", POST, "/v1/agents/{label}/decommission",
        AK_AUTH_CHANGE, AK_CALL_SESSION, &ak_agent_change_request_msg, &ak_agent_change_reply_msg,
        "Ends an agent for good; its label is never given again."},
    [AK_CALL_AGENT_LINEAGE] = {"agent-lineage", GET, "/v1/agents/{label}/lineage", AK_AUTH_USE,
        AK_CALL_SESSION, &ak_agent_show_request_msg, &ak_lineage_reply_msg,
        "A statement, signed by both keys, that the agent's address comes from the account's."},
    [AK_CALL_TOKEN] = {"token", POST, "/v1/token", AK_AUTH_PROOF, 0, &ak_token_request_msg,
        &ak_token_reply_msg, "An agent's token of the current generation, proved by its device key."},
    [AK_CALL_EXPLAIN] = {"explain", POST, "/v1/explain", AK_AUTH_USE, 0, &ak_explain_request_msg,
        &ak_explain_reply_msg, "What would be decided, by the same rules; nothing is done."},
    [AK_CALL_AUDIT] = {"audit", GET, "/v1/audit", AK_AUTH_USE, AK_CALL_STORE, &ak_audit_request_msg,
        &ak_audit_reply_msg, "The account's entries, with inclusion proofs where asked."},
    [AK_CALL_CHECKPOINT] = {"checkpoint", GET, "/v1/ledger/checkpoint", AK_AUTH_PUBLIC, 0,
        &ak_checkpoint_request_msg, &ak_checkpoint_reply_msg, "The newest sealed checkpoint."},
    [AK_CALL_CHECKPOINT_SEAL] = {"checkpoint-seal", POST, "/v1/ledger/checkpoint", AK_AUTH_USE,
        AK_CALL_SESSION, &ak_checkpoint_request_msg, &ak_checkpoint_reply_msg,
        "Seals everything so far and gives the checkpoint; 60 a minute an account, those not counted that "
        "find "
        "everything sealed."},
    [AK_CALL_INCLUSION] = {"inclusion", GET, "/v1/ledger/proof/inclusion", AK_AUTH_USE, AK_CALL_STORE,
        &ak_inclusion_request_msg, &ak_inclusion_reply_msg,
        "Proof that one of the account's entries is in the log."},
    [AK_CALL_CONSISTENCY] = {"consistency", GET, "/v1/ledger/proof/consistency", AK_AUTH_PUBLIC,
        AK_CALL_STORE, &ak_consistency_request_msg, &ak_consistency_reply_msg,
        "Proof that a checkpoint extends an earlier one."},
    [AK_CALL_DELIVERY_KEY] = {"delivery-key", GET, "/v1/delivery-key", AK_AUTH_PUBLIC, 0,
        &ak_delivery_key_request_msg, &ak_delivery_key_reply_msg,
        "The keeper's public key that credentials are sealed to."},
    [AK_CALL_CREDENTIAL_PUT] = {"credential-put", PUT, "/v1/credentials/{service}", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES | AK_CALL_VALUE, &ak_credential_put_request_msg,
        &ak_credential_reply_msg, "Stores a credential, sealed to the delivery key, as the newest version."},
    [AK_CALL_CREDENTIAL_READ] = {"credential-read", GET, "/v1/credentials/{service}", AK_AUTH_USE, 0,
        &ak_credential_read_request_msg, &ak_credential_read_reply_msg,
        "A credential, sealed to the key of this request, which the proof named (ak_rk)."},
    [AK_CALL_CREDENTIAL_DELETE] = {"credential-delete", DELETE, "/v1/credentials/{service}", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_credential_delete_request_msg, &ak_done_reply_msg,
        "Deletes a credential with all its versions."},
    [AK_CALL_CREDENTIAL_LIST] = {"credential-list", GET, "/v1/credentials", AK_AUTH_USE, 0,
        &ak_credential_list_request_msg, &ak_credential_list_reply_msg,
        "The credentials that the caller may read, never their values; 100 a page."},
    [AK_CALL_CREDENTIAL_ROLLBACK] = {"credential-rollback", POST, "/v1/credentials/{service}/rollback",
        AK_AUTH_CHANGE, AK_CALL_SESSION, &ak_credential_rollback_request_msg, &ak_credential_reply_msg,
        "Makes an older version that is kept the newest one."},
    [AK_CALL_SERVICE_DEFINE] = {"service-define", PUT, "/v1/services/{service}", AK_AUTH_CHANGE,
        AK_CALL_SESSION, &ak_service_define_request_msg, &ak_done_reply_msg,
        "Says into which requests a proxy may inject the credential."},
    [AK_CALL_SERVICE_SHOW] = {"service-show", GET, "/v1/services/{service}", AK_AUTH_USE, 0,
        &ak_service_show_request_msg, &ak_service_item_msg, "One service's definition."},
    [AK_CALL_SERVICE_LIST] = {"service-list", GET, "/v1/services", AK_AUTH_USE, 0,
        &ak_service_list_request_msg, &ak_service_list_reply_msg,
        "The services that are defined, 20 a page."},
    [AK_CALL_EPOCH_LIST] = {"epoch-list", GET, "/v1/epochs", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_epoch_list_request_msg, &ak_epoch_list_reply_msg,
        "The account's epochs, newest first, 100 a page."},
    [AK_CALL_EPOCH_ROTATE] = {"epoch-rotate", POST, "/v1/epochs/rotate", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_epoch_rotate_request_msg, &ak_epoch_rotate_reply_msg,
        "Gives the account a new data key; what is stored under the old one is moved within the deadline."},
    [AK_CALL_EPOCH_DESTROY] = {"epoch-destroy", POST, "/v1/epochs/destroy", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_epoch_destroy_request_msg, &ak_done_reply_msg,
        "Erases the data key of an old epoch; 409 epoch_busy while anything stored needs it."},
    [AK_CALL_OIDC_CONFIGURATION] = {"oidc-configuration", GET, "/.well-known/openid-configuration",
        AK_AUTH_PUBLIC, 0, &ak_oidc_public_request_msg, &ak_oidc_configuration_reply_msg,
        "What a cloud asks the issuer of tokens about: OpenID Connect Discovery."},
    [AK_CALL_JWKS] = {"jwks", GET, "/.well-known/jwks.json", AK_AUTH_PUBLIC, 0, &ak_oidc_public_request_msg,
        &ak_jwks_reply_msg, "The issuer's public keys, the one that signs first."},
    [AK_CALL_MINT_OIDC_JWT] = {"mint-oidc-jwt", POST, "/v1/mint-oidc-jwt", AK_AUTH_USE, 0,
        &ak_mint_request_msg, &ak_mint_reply_msg,
        "A short-lived OIDC token by which a cloud knows the account and the calling agent."},
    [AK_CALL_TRUST] = {"trust", GET, "/v1/trust", AK_AUTH_USE, AK_CALL_SESSION, &ak_trust_request_msg,
        &ak_trust_reply_msg, "The trust configuration in force, and whether this account may change it."},
    [AK_CALL_TRUST_CHANGE] = {"trust-change", POST, "/v1/trust", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES, &ak_trust_change_request_msg, &ak_done_reply_msg,
        "An operator puts another trust configuration in force; an account with two devices or more needs "
        "two "
        "of them. The worker then restarts."},
    [AK_CALL_SIGN_IN_NONCE] = {"sign-in-nonce", GET, "/internal/v1/nonce", AK_AUTH_PUBLIC, AK_CALL_INTERNAL,
        &ak_sign_in_nonce_request_msg, &ak_sign_in_nonce_reply_msg,
        "The nonce that a device's proof for the broker needs now."},
    [AK_CALL_WALLET_STARTED] = {"wallet-started", POST, "/internal/v1/wallet-started", AK_AUTH_SIGN_IN,
        AK_CALL_INTERNAL, &ak_wallet_started_request_msg, &ak_wallet_started_reply_msg,
        "The text by whose signature a wallet signs this device in."},
    [AK_CALL_WALLET_ANSWERED] = {"wallet-answered", POST, "/internal/v1/wallet-answered", AK_AUTH_SIGN_IN,
        AK_CALL_INTERNAL, &ak_wallet_answered_request_msg, &ak_sign_in_reply_msg,
        "The signed text: a session, a new account, or a recovery that waits."},
    [AK_CALL_IDENTITY_ANSWERED] = {"identity-answered", POST, "/internal/v1/identity-answered",
        AK_AUTH_SIGN_IN, AK_CALL_INTERNAL, &ak_identity_answered_request_msg, &ak_sign_in_reply_msg,
        "The broker's word that an identity answered for a device: a session where that device is enrolled, "
        "a new account, or a recovery that waits."},
    [AK_CALL_RECOVERY_SEEN] = {"recovery-seen", POST, "/v1/recovery/seen", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_recovery_cancel_request_msg, &ak_done_reply_msg,
        "A device says that it has seen a recovery that waits; the shorter waiting time begins."},
    [AK_CALL_LINK] = {"link", POST, "/internal/v1/link", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_GIVES | AK_CALL_INTERNAL, &ak_link_request_msg, &ak_link_reply_msg,
        "Links an identity to the account: its own address at once, another one with what proves it."},
    [AK_CALL_UNLINK] = {"unlink", POST, "/internal/v1/unlink", AK_AUTH_CHANGE,
        AK_CALL_SESSION | AK_CALL_INTERNAL, &ak_unlink_request_msg, &ak_done_reply_msg,
        "Ends a link: one that could recover the account with a second device, the recovery code, or after "
        "the waiting time; the last one stays."},
    [AK_CALL_LINK_LIST] = {"links", GET, "/internal/v1/links", AK_AUTH_USE,
        AK_CALL_SESSION | AK_CALL_INTERNAL, &ak_link_list_request_msg, &ak_link_list_reply_msg,
        "The identities of the account."},
    [AK_CALL_NOTICES] = {"notices", POST, "/internal/v1/notices", AK_AUTH_PUBLIC,
        AK_CALL_INTERNAL | AK_CALL_STORE, &ak_notice_request_msg, &ak_notice_reply_msg,
        "Recoveries that were started, seen, cancelled or done, and recovery codes that were replaced, from "
        "an "
        "index of the ledger on, for mails."},
    [AK_CALL_RECOVERY_CODE] = {"recovery-code", POST, "/v1/recovery/code", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_recovery_code_request_msg, &ak_done_reply_msg,
        "Puts another recovery code in the place of the one before: at once with that one, else after "
        "the waiting time."},
};

const struct ak_call *ak_call_get(unsigned id)
{
    return id < AK_CALL_COUNT ? &calls[id] : NULL;
}

size_t ak_call_body_max(unsigned id)
{
    return id < AK_CALL_COUNT && (calls[id].flags & AK_CALL_VALUE) ? AK_LIMIT_VALUE_BODY : AK_LIMIT_BODY;
}

/* Walks pattern and path together; a {field} takes everything up to the next slash. Most patterns differ
 * early, so none is measured first. */
static bool match_pattern(
    const char *pattern, struct ak_span path, struct ak_msg_param *params, size_t *out_count)
{
    size_t at = 0;
    *out_count = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (at >= path.len || path.ptr[at] != (uint8_t)*pattern) return false;
            pattern++;
            at++;
            continue;
        }
        struct ak_span rest = ak_span_str(pattern);
        size_t close = ak_span_find(rest, 0, '}');
        size_t end = ak_span_find(path, at, '/');
        if (end == at) return false;
        params[(*out_count)++] =
            (struct ak_msg_param){ak_span_sub(rest, 1, close - 1), ak_span_sub(path, at, end - at)};
        pattern += close + 1;
        at = end;
    }
    return at == path.len;
}

enum ak_err ak_call_table_match(const struct ak_call *table, unsigned table_count, struct ak_span method,
    struct ak_span path, const char *prefix, struct ak_msg_param *params, size_t *out_param_count,
    unsigned *out_id)
{
    enum ak_err err = AK_E_NOT_FOUND;
    struct ak_span live = ak_span_str(prefix);
    *out_param_count = 0;
    *out_id = table_count;
    for (unsigned id = 0; id < table_count; id++) {
        struct ak_span rest = path;
        if (table[id].flags & AK_CALL_SIGNER) {
            if (!ak_span_starts(path, live)) continue;
            rest = ak_span_sub(path, live.len, path.len);
        }
        size_t count = 0;
        if (!match_pattern(table[id].path, rest, params, &count)) continue;
        if (!ak_span_eq(method, ak_span_str(table[id].method))) {
            err = AK_E_UNSUPPORTED;
            continue;
        }
        *out_param_count = count;
        *out_id = id;
        return AK_OK;
    }
    return err;
}

enum ak_err ak_call_match(struct ak_span method, struct ak_span path, const char *prefix,
    struct ak_msg_param *params, size_t *out_param_count, unsigned *out_id)
{
    return ak_call_table_match(calls, AK_CALL_COUNT, method, path, prefix, params, out_param_count, out_id);
}

static void put_param(const struct ak_field *field, struct ak_span value, struct ak_buf *out)
{
    struct ak_reader reader = ak_reader(value);
    if (field->kind == AK_KIND_U64)
        ak_buf_put_dec(out, ak_reader_u64(&reader));
    else if (field->kind == AK_KIND_BOOL)
        ak_buf_put_u8(out, value.ptr[0] ? '1' : '0');
    else if (field->kind == AK_KIND_PRINT)
        ak_base64url_encode(out, value);
    else if (field->kind == AK_KIND_FIXED)
        ak_hex_encode(out, value);
    else
        ak_buf_put(out, value);
}

static enum ak_err find_value(const struct ak_msg *msg, struct ak_span body, struct ak_span name,
    const struct ak_field **out_field, struct ak_span *out_value)
{
    struct ak_reader reader = ak_reader(body);
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        AK_TRY(ak_field_read(&msg->fields[i], &reader, &there, out_value));
        *out_field = &msg->fields[i];
        if (there && ak_span_eq(ak_span_str(msg->fields[i].name), name)) return AK_OK;
    }
    return AK_E_NOT_FOUND;
}

static enum ak_err put_query(const struct ak_msg *msg, struct ak_span body, struct ak_buf *out)
{
    struct ak_reader reader = ak_reader(body);
    char glue = '?';
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        struct ak_span value;
        AK_TRY(ak_field_read(&msg->fields[i], &reader, &there, &value));
        if (!there || !(msg->fields[i].flags & AK_MSG_QUERY)) continue;
        ak_buf_put_u8(out, (uint8_t)glue);
        ak_buf_put_str(out, msg->fields[i].name);
        ak_buf_put_u8(out, '=');
        put_param(&msg->fields[i], value, out);
        glue = '&';
    }
    return AK_OK;
}

enum ak_err ak_call_put_path(
    unsigned id, const char *prefix, struct ak_span body, bool with_query, struct ak_buf *out)
{
    const struct ak_call *call = ak_call_get(id);
    return call ? ak_call_put_path_of(call, prefix, body, with_query, out) : AK_E_ARG;
}

enum ak_err ak_call_put_path_of(
    const struct ak_call *call, const char *prefix, struct ak_span body, bool with_query, struct ak_buf *out)
{
    struct ak_span pattern = ak_span_str(call->path);
    if (call->flags & AK_CALL_SIGNER) ak_buf_put_str(out, prefix);
    for (size_t i = 0; i < pattern.len;) {
        if (pattern.ptr[i] != '{') {
            ak_buf_put_u8(out, pattern.ptr[i++]);
            continue;
        }
        size_t close = ak_span_find(pattern, i, '}');
        const struct ak_field *field = NULL;
        struct ak_span value = AK_SPAN_EMPTY;
        AK_TRY(find_value(call->request, body, ak_span_sub(pattern, i + 1, close - i - 1), &field, &value));
        put_param(field, value, out);
        i = close + 1;
    }
    if (with_query) AK_TRY(put_query(call->request, body, out));
    return ak_buf_check(out);
}
