/* The one table of fields and types, and the rules that encoding and decoding share. */
#include "core/ledger/entry_keys.h"

#include "base/assert.h"
#include "base/codec/cbor.h"
#include "base/ct.h"

#define UINT(name, max)                                                                                      \
    {                                                                                                        \
#name, AK_ENTRY_UINT, offsetof(struct ak_entry, name), 0, (max)                                      \
    }
#define FIXED(name)                                                                                          \
    {                                                                                                        \
#name, AK_ENTRY_FIXED, offsetof(struct ak_entry, name), sizeof((struct ak_entry *)0)->name,          \
            sizeof((struct ak_entry *)0)->name                                                               \
    }
#define TEXT(name, min, max)                                                                                 \
    {                                                                                                        \
#name, AK_ENTRY_TEXT, offsetof(struct ak_entry, name), (min), (max)                                  \
    }

#define BYTES(name, min, max)                                                                                \
    {                                                                                                        \
#name, AK_ENTRY_BYTES, offsetof(struct ak_entry, name), (min), (max)                                 \
    }

static const struct ak_entry_field_info fields[AK_F_COUNT_] = {
    [AK_F_OMNI] = FIXED(omni),
    [AK_F_LABEL] = TEXT(label, 1, AK_LIMIT_LABEL),
    [AK_F_GENERATION] = UINT(generation, UINT32_MAX),
    [AK_F_OPERATION] = TEXT(operation, 1, 32),
    [AK_F_MESSAGE_HASH] = FIXED(message_hash),
    [AK_F_DOMAIN] = TEXT(domain, 1, AK_ENTRY_DOMAIN_MAX),
    [AK_F_NONCE] = TEXT(nonce, 1, AK_ENTRY_NONCE_MAX),
    [AK_F_TAT_US] = UINT(tat_us, AK_ENTRY_UINT_MAX),
    [AK_F_LOG_ID] = FIXED(log_id),
    [AK_F_WORKER_ID] = TEXT(worker_id, 1, 64),
    [AK_F_CONFIG] = FIXED(config),
    [AK_F_FORMAT] = UINT(format, UINT32_MAX),
    [AK_F_ROOT_VERSION] = UINT(root_version, UINT32_MAX),
    [AK_F_SUITE] = TEXT(suite, 1, 16),
    [AK_F_IDENTITY_TYPE] = TEXT(identity_type, 1, 32),
    [AK_F_HOME_WALLET] = FIXED(home_wallet),
    [AK_F_RECOVERY_HASH] = FIXED(recovery_hash),
    [AK_F_DEVICE] = FIXED(device),
    [AK_F_NAME] = TEXT(name, 0, AK_LIMIT_LABEL),
    [AK_F_WHAT] = UINT(what, UINT32_MAX),
    [AK_F_READY_AT_MS] = UINT(ready_at_ms, AK_ENTRY_UINT_MAX),
    [AK_F_SCOPE] = TEXT(scope, 0, AK_LIMIT_SCOPE_TEXT),
    [AK_F_RATE] = UINT(rate, AK_LIMIT_RATE_PER_MINUTE),
    [AK_F_VALID_UNTIL_MS] = UINT(valid_until_ms, AK_ENTRY_UINT_MAX),
    [AK_F_VALID_UNTIL_HEIGHT] = UINT(valid_until_height, AK_ENTRY_UINT_MAX),
    [AK_F_ADDRESS] = FIXED(address),
    [AK_F_FROM] = UINT(from, UINT32_MAX),
    [AK_F_TO] = UINT(to, UINT32_MAX),
    [AK_F_SIZE] = UINT(size, AK_ENTRY_UINT_MAX),
    [AK_F_HASH] = FIXED(hash),
    [AK_F_BYTES] = UINT(bytes, AK_ENTRY_UINT_MAX),
    [AK_F_EXPIRES_AT_MS] = UINT(expires_at_ms, AK_ENTRY_UINT_MAX),
    [AK_F_HOW] = TEXT(how, 1, 32),
    [AK_F_RULE] = TEXT(rule, 1, 32),
    [AK_F_COUNT] = UINT(count, AK_ENTRY_UINT_MAX),
    [AK_F_FROM_MS] = UINT(from_ms, AK_ENTRY_UINT_MAX),
    [AK_F_TO_MS] = UINT(to_ms, AK_ENTRY_UINT_MAX),
    [AK_F_COUNTER] = UINT(counter, AK_ENTRY_UINT_MAX),
    [AK_F_CLEAN] = UINT(clean, 1),
    [AK_F_VERSION] = TEXT(version, 1, 32),
    [AK_F_SIZE_BEFORE] = UINT(size_before, AK_ENTRY_UINT_MAX),
    [AK_F_CREDENTIAL] = TEXT(credential, 1, 63),
    [AK_F_DEFINITION] = TEXT(definition, 0, 2048),
    [AK_F_EPOCH] = UINT(epoch, UINT32_MAX),
    [AK_F_BLOB_ID] = FIXED(blob_id),
    [AK_F_OLD_BLOB_ID] = FIXED(old_blob_id),
    [AK_F_DEK_ID] = FIXED(dek_id),
    [AK_F_VALUE_VERSION] = UINT(value_version, UINT32_MAX),
    [AK_F_RESTORES] = UINT(restores, UINT32_MAX),
    [AK_F_OWNER] = TEXT(owner, 1, AK_LIMIT_LABEL),
    [AK_F_ERASE] = UINT(erase, 1),
    [AK_F_AUDIENCE] = TEXT(audience, 1, 200),
    [AK_F_MINT_TAT_US] = UINT(mint_tat_us, AK_ENTRY_UINT_MAX),
    [AK_F_OLD_CONFIG] = FIXED(old_config),
    [AK_F_TRUST] = BYTES(trust, 1, 2560),
};

#define B(field) AK_F_BIT(AK_F_##field)
#define VALIDITY (B(VALID_UNTIL_MS) | B(VALID_UNTIL_HEIGHT))

static const struct ak_entry_type_info types[] = {
    {AK_ENTRY_LEDGER_OPENED, "LedgerOpened", false, B(LOG_ID) | B(WORKER_ID) | B(CONFIG) | B(FORMAT), 0},
    {AK_ENTRY_ROOT_CREATED, "RootCreated", false, B(ROOT_VERSION) | B(SUITE), 0},
    {AK_ENTRY_ACCOUNT_OPENED, "AccountOpened", true, B(OMNI) | B(IDENTITY_TYPE) | B(HOME_WALLET),
        B(RECOVERY_HASH)},
    {AK_ENTRY_ACCOUNT_SUSPENDED, "AccountSuspended", true, 0, 0},
    {AK_ENTRY_ACCOUNT_RESUMED, "AccountResumed", true, 0, 0},
    {AK_ENTRY_IDENTITY_LINKED, "IdentityLinked", true, B(OMNI) | B(IDENTITY_TYPE) | B(HOW), B(ADDRESS)},
    {AK_ENTRY_DEVICE_ENROLLED, "DeviceEnrolled", true, B(DEVICE) | B(NAME), 0},
    {AK_ENTRY_DEVICE_REMOVED, "DeviceRemoved", true, B(DEVICE), 0},
    {AK_ENTRY_RECOVERY_STARTED, "RecoveryStarted", true, B(WHAT) | B(READY_AT_MS), B(DEVICE)},
    {AK_ENTRY_RECOVERY_CANCELLED, "RecoveryCancelled", true, B(WHAT), B(DEVICE)},
    {AK_ENTRY_RECOVERY_DONE, "RecoveryDone", true, B(WHAT), B(DEVICE)},
    {AK_ENTRY_PATH_ACTIVATED, "PathActivated", true,
        B(LABEL) | B(GENERATION) | B(ROOT_VERSION) | B(DEVICE) | B(SCOPE) | B(RATE) | B(ADDRESS), VALIDITY},
    {AK_ENTRY_POLICY_CHANGED, "PolicyChanged", true, B(LABEL) | B(SCOPE) | B(RATE), VALIDITY},
    {AK_ENTRY_PATH_SUSPENDED, "PathSuspended", true, B(LABEL) | B(GENERATION), 0},
    {AK_ENTRY_PATH_RESUMED, "PathResumed", true, B(LABEL) | B(GENERATION), 0},
    {AK_ENTRY_PATH_ROTATED, "PathRotated", true, B(LABEL) | B(FROM) | B(TO) | B(ADDRESS), B(DEVICE)},
    {AK_ENTRY_PATH_DECOMMISSIONED, "PathDecommissioned", true, B(LABEL) | B(GENERATION), 0},
    {AK_ENTRY_SNAPSHOT, "Snapshot", false, B(SIZE) | B(HASH) | B(BYTES), 0},
    {AK_ENTRY_EPOCH_ROTATED, "EpochRotated", true, B(FROM) | B(TO) | B(DEK_ID), 0},
    {AK_ENTRY_EPOCH_DESTROYED, "EpochDestroyed", true, B(EPOCH) | B(ERASE), 0},
    {AK_ENTRY_SERVICE_DEFINED, "ServiceDefined", true, B(CREDENTIAL) | B(DEFINITION), 0},
    {AK_ENTRY_BLOB_WRITTEN, "BlobWritten", true,
        B(CREDENTIAL) | B(EPOCH) | B(BLOB_ID) | B(HASH) | B(SIZE) | B(VALUE_VERSION), B(LABEL) | B(RESTORES)},
    {AK_ENTRY_BLOB_MOVED, "BlobMoved", true,
        B(CREDENTIAL) | B(FROM) | B(TO) | B(OLD_BLOB_ID) | B(BLOB_ID) | B(HASH), B(LABEL)},
    {AK_ENTRY_BLOB_DELETED, "BlobDeleted", true, B(CREDENTIAL) | B(BLOB_ID), B(LABEL)},
    {AK_ENTRY_ISSUER_KEY_ROTATED, "IssuerKeyRotated", false, B(FROM) | B(TO) | B(EXPIRES_AT_MS), 0},
    {AK_ENTRY_TRUST_CHANGED, "TrustChanged", true, B(CONFIG) | B(OLD_CONFIG) | B(TRUST), 0},
    {AK_ENTRY_RECOVERY_SEEN, "RecoverySeen", true, B(WHAT) | B(READY_AT_MS), B(DEVICE)},
    {AK_ENTRY_IDENTITY_UNLINKED, "IdentityUnlinked", true, B(OMNI), 0},
    {AK_ENTRY_STATE_RESTORED, "StateRestored", false, B(LOG_ID) | B(SIZE) | B(HASH), 0},
    {AK_ENTRY_RECOVERY_CODE_SET, "RecoveryCodeSet", true, 0, B(RECOVERY_HASH)},
    {AK_ENTRY_SESSION_ISSUED, "SessionIssued", true, B(DEVICE) | B(EXPIRES_AT_MS) | B(HOW), 0},
    {AK_ENTRY_AGENT_TOKEN_ISSUED, "AgentTokenIssued", true,
        B(LABEL) | B(GENERATION) | B(DEVICE) | B(EXPIRES_AT_MS) | B(TAT_US), 0},
    {AK_ENTRY_MESSAGE_SIGNED, "MessageSigned", true, B(OMNI) | B(OPERATION) | B(MESSAGE_HASH) | B(TAT_US),
        B(LABEL) | B(GENERATION) | B(DOMAIN) | B(NONCE)},
    {AK_ENTRY_DENIED, "Denied", true, B(RULE) | B(OPERATION) | B(COUNT), B(LABEL)},
    {AK_ENTRY_CLOCK_STEPPED, "ClockStepped", false, B(FROM_MS) | B(TO_MS), 0},
    {AK_ENTRY_WORKER_STARTED, "WorkerStarted", false, B(COUNTER) | B(CLEAN) | B(VERSION) | B(SIZE_BEFORE), 0},
    {AK_ENTRY_SESSION_ENDED, "SessionEnded", true, B(DEVICE), 0},
    {AK_ENTRY_CREDS_READ, "CredsRead", true, B(CREDENTIAL) | B(EPOCH) | B(BLOB_ID) | B(TAT_US),
        B(LABEL) | B(GENERATION) | B(OWNER)},
    {AK_ENTRY_BLOB_REFUSED, "BlobRefused", true, B(CREDENTIAL) | B(EPOCH) | B(BLOB_ID) | B(RULE), B(LABEL)},
    {AK_ENTRY_OIDC_MINTED, "OidcMinted", true,
        B(AUDIENCE) | B(NONCE) | B(EXPIRES_AT_MS) | B(VALID_UNTIL_MS) | B(TAT_US) | B(MINT_TAT_US),
        B(LABEL) | B(GENERATION)},
};

/* Position in `types` by number, plus 1. */
static const uint8_t type_position[AK_ENTRY_USE_END] = {
    [AK_ENTRY_LEDGER_OPENED] = 1,
    [AK_ENTRY_ROOT_CREATED] = 2,
    [AK_ENTRY_ACCOUNT_OPENED] = 3,
    [AK_ENTRY_ACCOUNT_SUSPENDED] = 4,
    [AK_ENTRY_ACCOUNT_RESUMED] = 5,
    [AK_ENTRY_IDENTITY_LINKED] = 6,
    [AK_ENTRY_DEVICE_ENROLLED] = 7,
    [AK_ENTRY_DEVICE_REMOVED] = 8,
    [AK_ENTRY_RECOVERY_STARTED] = 9,
    [AK_ENTRY_RECOVERY_CANCELLED] = 10,
    [AK_ENTRY_RECOVERY_DONE] = 11,
    [AK_ENTRY_PATH_ACTIVATED] = 12,
    [AK_ENTRY_POLICY_CHANGED] = 13,
    [AK_ENTRY_PATH_SUSPENDED] = 14,
    [AK_ENTRY_PATH_RESUMED] = 15,
    [AK_ENTRY_PATH_ROTATED] = 16,
    [AK_ENTRY_PATH_DECOMMISSIONED] = 17,
    [AK_ENTRY_SNAPSHOT] = 18,
    [AK_ENTRY_EPOCH_ROTATED] = 19,
    [AK_ENTRY_EPOCH_DESTROYED] = 20,
    [AK_ENTRY_SERVICE_DEFINED] = 21,
    [AK_ENTRY_BLOB_WRITTEN] = 22,
    [AK_ENTRY_BLOB_MOVED] = 23,
    [AK_ENTRY_BLOB_DELETED] = 24,
    [AK_ENTRY_ISSUER_KEY_ROTATED] = 25,
    [AK_ENTRY_TRUST_CHANGED] = 26,
    [AK_ENTRY_RECOVERY_SEEN] = 27,
    [AK_ENTRY_IDENTITY_UNLINKED] = 28,
    [AK_ENTRY_STATE_RESTORED] = 29,
    [AK_ENTRY_RECOVERY_CODE_SET] = 30,
    [AK_ENTRY_SESSION_ISSUED] = 31,
    [AK_ENTRY_AGENT_TOKEN_ISSUED] = 32,
    [AK_ENTRY_MESSAGE_SIGNED] = 33,
    [AK_ENTRY_DENIED] = 34,
    [AK_ENTRY_CLOCK_STEPPED] = 35,
    [AK_ENTRY_WORKER_STARTED] = 36,
    [AK_ENTRY_SESSION_ENDED] = 37,
    [AK_ENTRY_CREDS_READ] = 38,
    [AK_ENTRY_BLOB_REFUSED] = 39,
    [AK_ENTRY_OIDC_MINTED] = 40,
};

const struct ak_entry_field_info *ak_entry_field_info(enum ak_entry_field field)
{
    ak_assert(field < AK_F_COUNT_);
    return &fields[field];
}

const struct ak_entry_type_info *ak_entry_type_info(uint64_t type)
{
    if (type >= AK_ENTRY_USE_END || type_position[type] == 0) return NULL;
    return &types[type_position[type] - 1];
}

const struct ak_entry_type_info *ak_entry_type_at(size_t i)
{
    return i < AK_COUNT(types) ? &types[i] : NULL;
}

const char *ak_entry_type_name(uint64_t type)
{
    const struct ak_entry_type_info *info = ak_entry_type_info(type);
    return info ? info->name : "unknown";
}

enum ak_err ak_entry_type_parse(struct ak_span name, enum ak_entry_type *out_type)
{
    *out_type = 0;
    for (size_t i = 0; i < AK_COUNT(types); i++) {
        if (!ak_span_eq(name, ak_span_str(types[i].name))) continue;
        *out_type = types[i].type;
        return AK_OK;
    }
    return AK_E_NOT_FOUND;
}

/* Most texts are short ASCII: the full validation is for the others. */
static bool is_ascii(struct ak_span text)
{
    uint8_t all = 0;
    for (size_t i = 0; i < text.len; i++) all |= text.ptr[i];
    return all < 0x80;
}

/* min to max bytes of UTF-8. */
static enum ak_err check_text(struct ak_span text, uint64_t min, uint64_t max)
{
    if (text.len < min || text.len > max) return AK_E_FORMAT;
    if (is_ascii(text)) return AK_OK;
    return ak_utf8_validate(text);
}

enum ak_err ak_entry_check_field(const struct ak_entry *entry, enum ak_entry_field field)
{
    const struct ak_entry_field_info *info = &fields[field];
    const void *at = (const uint8_t *)entry + info->offset;
    if (info->kind == AK_ENTRY_FIXED) return AK_OK;
    if (info->kind == AK_ENTRY_TEXT) {
        struct ak_span text;
        memcpy(&text, at, sizeof text);
        return check_text(text, info->min, info->max);
    }
    if (info->kind == AK_ENTRY_BYTES) {
        struct ak_span bytes;
        memcpy(&bytes, at, sizeof bytes);
        return bytes.len >= info->min && bytes.len <= info->max ? AK_OK : AK_E_FORMAT;
    }
    uint64_t value = 0;
    memcpy(&value, at, sizeof value);
    return value >= info->min && value <= info->max ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_entry_check_common(const struct ak_entry *entry)
{
    if (entry->time_ms > AK_ENTRY_UINT_MAX) return AK_E_FORMAT;
    if (entry->service.len) AK_TRY(check_text(entry->service, 1, AK_ENTRY_SERVICE_MAX));
    if (entry->has_anchor) {
        if (entry->seq == 0 || entry->seq > AK_ENTRY_UINT_MAX) return AK_E_FORMAT;
        if ((entry->seq == 1) != ak_ct_is_zero(AK_SPAN_ARR(entry->prev_leaf))) return AK_E_FORMAT;
    }
    if (entry->has_idempotency) {
        if (!ak_entry_is_control(entry->type)) return AK_E_FORMAT;
        AK_TRY(check_text(entry->idempotency_call, 1, AK_ENTRY_IDEMPOTENCY_CALL_MAX));
    }
    return AK_OK;
}
