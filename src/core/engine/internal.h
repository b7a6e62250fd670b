/* Inside the engine: its struct, one step on its way, and what the handlers of calls share. Only core/engine
 * includes it. */
#ifndef AK_CORE_ENGINE_INTERNAL_H
#define AK_CORE_ENGINE_INTERNAL_H

#include "core/engine/engine.h"
#include "core/policy/decide.h"
#include "core/token/oidc.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"

/* A device's proof that holds for a connection; kept here, not in the gateway. */
struct ak_conn {
    uint64_t conn; /* 0: free */
    uint64_t proved_ms;
    uint8_t jkt[32];
    bool has_reader_key;
    uint8_t reader_key[32]; /* the newest proof's ak_rk */
};

/* An identity that was shown on a device that is none of its account's; not kept over restarts. */
struct ak_shown_identity {
    uint64_t shown_ms; /* 0: free */
    bool checked;      /* by the keeper itself, not by the broker's word */
    uint8_t jkt[32];
    uint8_t omni[32];
};

/* What a pending pairing asks for; parallel to the table's slots. */
struct ak_pair_facts {
    bool device; /* kind device instead of agent */
    bool has_account;
    uint8_t account[32]; /* the one it is addressed to, later the one that approved */
    uint8_t jkt[32];
    uint8_t label_len; /* an agent's label, a device's name */
    uint16_t want_len;
    uint8_t label[AK_LIMIT_LABEL];
    uint8_t want[AK_ENGINE_WANT_MAX];
};

/* What a person allows an agent. */
struct ak_grant {
    struct ak_span label;
    bool has_scope, has_rate, has_valid_until; /* said by the person; else the default, or as it was */
    struct ak_span scope;                      /* canonical */
    uint64_t rate;
    uint64_t valid_until_ms;
    const uint8_t *device;
};

struct ak_invite {
    bool live;
    uint32_t account;
    uint8_t made_by[32];  /* the device; without it the invite is nobody's word any more */
    uint64_t enrolled_ms; /* when that was */
    uint8_t code_hash[32];
    uint64_t expires_ms;
    struct ak_grant grant; /* without label and device; its scope lies here */
    uint8_t scope[AK_LIMIT_SCOPE_TEXT];
    uint8_t label_len;
    uint8_t label[AK_LIMIT_LABEL];
};

struct ak_batch_memory {
    uint8_t *entries;
    uint8_t *leaves;
    uint8_t record[AK_RECORD_LEN_MAX];
    struct ak_ledger_batch batch;
};

/* The vault's background work on its way; see vault_run.c. */
/* A stored blob that a check found not to be what its pointer says. */
struct ak_vault_damage {
    uint8_t blob_id[16];
    enum ak_vault_code code;
    bool seen; /* in the check that runs */
};

struct ak_vault_run {
    struct ak_epoch_key
        items[AK_VAULT_BATCH]; /* of the batch that is out, or whose entries are being written */
    uint32_t item_count, item_at;
    enum ak_vault_kind kind;
    bool writing, erase;
    uint64_t retry_ms, rotate_from_ms, destroy_from_ms; /* nothing before */
    uint32_t soon[64]; /* ring of credentials that were read in an old epoch */
    uint32_t soon_first, soon_count;
    uint32_t asked_cursor, aged_cursor, empty_cursor; /* where the look at those lists goes on */
    struct ak_vault_damage damage[AK_VAULT_DAMAGE_MAX];
    uint32_t damage_count;
};

struct ak_engine {
    struct ak_engine_conf conf;
    struct ak_engine_hooks hooks;
    struct ak_arena *arena;
    const struct ak_root *root;
    const struct ak_root *service_root;

    struct ak_state state;
    struct ak_ledger_log log;
    struct ak_hmac_key mac_key;
    struct ak_batch_memory memory[3];
    unsigned memory_now;
    bool batch_control;
    uint64_t durable_size;
    uint8_t durable_root[32];
    uint64_t rights_size; /* log size after the newest entry that took rights away */
    uint64_t counter;
    bool storage_low;
    bool stopping;
    bool started;

    struct ak_secret32 ledger_seed;
    uint8_t ledger_pub[32];
    uint64_t checkpoint_size;
    uint8_t checkpoint_root[32];
    uint8_t note[AK_NOTE_LEN_MAX];
    size_t note_len;

    struct ak_token_key session_key, agent_key;
    struct ak_p256_signer session_signer, agent_signer, tls_signer;
    struct ak_p256_pub tls_pub;
    struct ak_token_issuer issuer;
    struct ak_oidc_key oidc_key;          /* of the state's issuer_version */
    struct ak_oidc_key oidc_previous_key; /* the one before; version 0: none */

    struct ak_logic_time time;
    struct ak_nonce nonce;
    struct ak_replay replay;
    struct ak_secret32 challenge_key; /* of this start: its sign-in texts are ours */
    struct ak_replay challenges, answers;
    struct ak_shown_identity shown[64]; /* ring */
    unsigned shown_next;
    struct ak_token_cache cache;
    struct ak_denial_table *denials;
    struct ak_conn *conns;
    struct ak_pair_table pairs;
    struct ak_pair_facts *pair_facts;
    struct ak_invite *invites;
    struct ak_vault_run *vault;
    uint8_t delivery_pub[32];
    uint64_t figures[AK_FIGURE_COUNT];
    uint8_t token_memory[AK_LIMIT_TOKEN];
};

enum ak_caller_kind { AK_CALLER_NONE, AK_CALLER_DEVICE, AK_CALLER_SESSION, AK_CALLER_AGENT };

struct ak_caller {
    enum ak_caller_kind kind;
    uint8_t jkt[32];
    struct ak_account *account; /* session, agent */
    uint32_t account_number;
    struct ak_token_claims claims;
    bool has_reader_key;
    uint8_t reader_key[32]; /* that the device proved: to it alone a credential is sealed */
};

/* One step on its way. Handlers fill `out` and give the code. */
struct ak_step {
    struct ak_engine *engine;
    const struct ak_frame_request *request;
    const struct ak_call *call;
    struct ak_outcome *out;
    struct ak_caller caller;
    struct ak_decision decision; /* why it was refused; for error answers */
    bool refused_by_policy;
    bool repeat;               /* of a change under the same Idempotency-Key */
    bool query;                /* a read, which policy knows no operation for */
    const char *message;       /* more precise than the code's sentence; constant text */
    uint64_t retry_after_secs; /* 0: none */
    bool paid;                 /* its changes were taken from the account's budget when they were asked for */
    bool code_set;             /* the recovery code was replaced; the answer says so */
    bool has_idempotency;
    uint8_t idempotency_hash[32];
    uint8_t idempotency_call[AK_ENTRY_IDEMPOTENCY_CALL_MAX];
    size_t idempotency_call_len;
    struct ak_entry_ref ref; /* of the newest entry of this step */
};

_Static_assert(
    AK_POLICY_TEXT_CAP <= 320, "a refusal's texts fit the fields of their answer: core/wire/msg_error.c");

/* ---- auth.c ---- */
/* Who calls, by what the call's table row asks for. AK_CODE_OK, or what to answer. */
enum ak_code ak_step_authenticate(struct ak_step *step);

/* ---- emit.c ---- */
/* An entry of this step's account by this step's caller, ready for its own fields. */
struct ak_entry ak_step_entry(const struct ak_step *step, enum ak_entry_type type);
/* Appends and folds it. AK_CODE_OK, AK_CODE_STORAGE_FULL, AK_CODE_LEDGER_UNAVAILABLE; nothing happened then.
 * The reply waits until it is durable, and for entries that take rights away until it is sealed. */
enum ak_code ak_step_emit(struct ak_step *step, struct ak_entry *entry);
/* Takes one change from the account's budget, for a call that costs work before it has an entry; its entries
 * cost nothing more then (step->paid). AK_CODE_OK, AK_CODE_RATE_LIMIT_EXCEEDED. */
enum ak_code ak_step_pay(struct ak_step *step);
/* The same for what the caller's device cancels, and for its sessions while the disk is nearly full, from a
 * budget of that device alone. */
enum ak_code ak_step_pay_cancel(struct ak_step *step);
/* The same for a seal that the account asks for, which need not write an entry. */
enum ak_code ak_step_pay_seal(struct ak_step *step);
/* The same outside a step (starts, clock, merged refusals), by the service. */
AK_MUST_USE enum ak_err ak_engine_emit(
    struct ak_engine *engine, struct ak_entry *entry, struct ak_entry_ref *out_ref);

/* ---- reply.c ---- */
enum ak_code ak_step_fail(struct ak_step *step, enum ak_code code, const char *message);
/* Encodes the call's answer into the outcome. */
enum ak_code ak_step_reply(struct ak_step *step, const struct ak_msg *msg, const void *message);
/* The answer of a change of the account, with the entry of this step. */
enum ak_code ak_step_reply_done(struct ak_step *step, const char *status);
/* The error body for code, in place of anything written before. */
void ak_step_put_error(struct ak_step *step, enum ak_code code);
void ak_step_put_notice(struct ak_step *step);

/* ---- decide.c ---- */
struct ak_policy_now ak_engine_now(const struct ak_engine *engine);
struct ak_policy_record ak_engine_path_record(
    const struct ak_engine *engine, const struct ak_path_state *path);
/* Decides for the caller and writes a refusal's entry. Sets *out_path to the path that the use is of, or NULL
 * for the user's own key. `explain`: nothing is written or counted. */
enum ak_code ak_step_decide(struct ak_step *step, struct ak_policy_request *request, struct ak_span path_text,
    bool explain, struct ak_path_state **out_path);

/* The answer of a refusal that stands in step->decision, and its entry. `path_number`: AK_INDEX_NONE where
 * the refusal is of no path of the account; then `label` is empty. */
enum ak_code ak_step_refuse(
    struct ak_step *step, uint32_t path_number, struct ak_span label, const char *operation);
/* For calls that only read: an agent's token counts while its path is active, of its generation and on its
 * device (I5). Sessions pass. */
enum ak_code ak_step_check_agent(struct ak_step *step);

/* ---- points.c ---- */
/* Public points of account and path, computed when first used and held against the recorded address. */
AK_MUST_USE enum ak_err ak_engine_account_points(struct ak_engine *engine, struct ak_account *account);
AK_MUST_USE enum ak_err ak_engine_path_points(struct ak_engine *engine, struct ak_path_state *path);

/* ---- tokens.c ---- */
enum ak_code ak_step_issue_session(
    struct ak_step *step, const char *how, struct ak_buf *token, uint64_t *out_expires_at);
enum ak_code ak_step_issue_agent(
    struct ak_step *step, struct ak_path_state *path, struct ak_buf *token, uint64_t *out_expires_at);

/* ---- issuer.c ---- */
/* The published keys of the state's version; after replay. */
AK_MUST_USE enum ak_err ak_engine_issuer_open(struct ak_engine *engine);
/* The key before is still published: tokens that it signed may be out. */
bool ak_engine_issuer_has_previous(const struct ak_engine *engine);
/* The audience asked for, or the default; what policy is asked then. AK_CODE_INVALID_REQUEST. */
enum ak_code ak_step_audience(
    struct ak_step *step, bool given, struct ak_span aud, struct ak_policy_request *ask);
/* Whether the account may mint one more in this hour; else step->decision says why. */
bool ak_step_hour_allows(struct ak_step *step, uint64_t *out_tat_us);
/* In seconds, rounded up, for answers; 0 where nothing of it is out any more. */
uint64_t ak_engine_cloud_until(const struct ak_engine *engine, uint64_t until_ms);

/* ---- classify.c ---- */
/* Which operation signing this message with the key of `path` is, and its facts; domain and nonce for a
 * sign-in. AK_CODE_INVALID_SIWE for a text that reads like a sign-in but is none, or is over, names another
 * address than the one that would sign, or is for our own site and not what the keeper itself would compose.
 */
enum ak_code ak_step_classify(struct ak_step *step, struct ak_span message, struct ak_span path,
    struct ak_policy_request *request, struct ak_span *out_nonce);

/* ---- handlers, one file a noun; the table in step.c ---- */
typedef enum ak_code ak_handler(struct ak_step *step);
ak_handler ak_call_derive_address, ak_call_sign_message, ak_call_local_session, ak_call_logout,
    ak_call_account, ak_call_account_suspend, ak_call_account_resume, ak_call_recovery_list,
    ak_call_recovery_code, ak_call_recovery_cancel, ak_call_device_request, ak_call_device_list,
    ak_call_device_remove, ak_call_pair_request, ak_call_pair_list, ak_call_pair_status, ak_call_pair_approve,
    ak_call_pair_refuse, ak_call_pair_invite, ak_call_pair_redeem, ak_call_agent_list, ak_call_agent_show,
    ak_call_agent_suspend, ak_call_agent_resume, ak_call_agent_rotate, ak_call_agent_policy,
    ak_call_agent_decommission, ak_call_trust, ak_call_trust_change, ak_call_agent_lineage, ak_call_token,
    ak_call_explain, ak_call_audit, ak_call_checkpoint, ak_call_checkpoint_seal, ak_call_inclusion,
    ak_call_consistency, ak_call_attestation, ak_call_oidc_configuration, ak_call_jwks, ak_call_mint_oidc_jwt,
    ak_call_sign_in_nonce, ak_call_wallet_started, ak_call_wallet_answered, ak_call_identity_answered,
    ak_call_recovery_seen, ak_call_link, ak_call_unlink, ak_call_link_list, ak_call_notices,
    ak_call_delivery_key, ak_call_credential_put, ak_call_credential_read, ak_call_credential_delete,
    ak_call_credential_list, ak_call_credential_rollback, ak_call_service_define, ak_call_service_show,
    ak_call_service_list, ak_call_epoch_list, ak_call_epoch_rotate, ak_call_epoch_destroy;

/* ---- step.c ---- */
/* An outcome before anything is known. */
void ak_step_reset(struct ak_outcome *out);
/* Makes the answer whole: error body, notice, what it waits for. */
void ak_step_finish(struct ak_step *step, enum ak_code code);
/* A suspended account gives no rights; said as policy says it. */
enum ak_code ak_step_refuse_giving(struct ak_step *step);

/* Reads the step's body into `message`, or answers invalid_request. */
enum ak_code ak_step_read(struct ak_step *step, void *message);
/* The path a label of the caller's account names. AK_CODE_NOT_FOUND, AK_CODE_INVALID_PATH. */
enum ak_code ak_step_find_path(struct ak_step *step, struct ak_span label, struct ak_path_state **out_path);
/* link under an Idempotency-Key that linked before. */
enum ak_code ak_link_answer_repeat(struct ak_step *step);
/* pair-approve under an Idempotency-Key that approved before. */
enum ak_code ak_pair_answer_repeat(struct ak_step *step);
/* agent_change_reply for a path, with the step's newest entry. */
enum ak_code ak_step_reply_path(struct ak_step *step, const struct ak_path_state *path, const char *status);
const char *ak_path_status(const struct ak_path_state *path);

static inline uint64_t ak_engine_now_s(const struct ak_engine *engine)
{
    return engine->time.logic_ms / 1000;
}

#endif
