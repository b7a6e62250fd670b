/* The shared small ledger. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

void fixture_fill(void *at, uint8_t byte, size_t len)
{
    memset(at, byte, len);
}

static struct ak_entry common(enum ak_entry_type type, size_t i)
{
    struct ak_entry entry = {.type = type, .time_ms = FIXTURE_TIME_MS + 1000 * i};
    fixture_fill(entry.random, (uint8_t)(0xa0 + i), sizeof entry.random);
    return entry;
}

static struct ak_entry of_account(enum ak_entry_type type, size_t i)
{
    struct ak_entry entry = common(type, i);
    entry.has_anchor = true;
    fixture_fill(entry.anchor, 0x33, sizeof entry.anchor);
    fixture_fill(entry.actor, 0x44, sizeof entry.actor);
    entry.has_request_id = true;
    fixture_fill(entry.request_id, (uint8_t)(0xb0 + i), sizeof entry.request_id);
    return entry;
}

static struct ak_entry account_opened(size_t i)
{
    struct ak_entry entry = of_account(AK_ENTRY_ACCOUNT_OPENED, i);
    fixture_fill(entry.omni, 0x33, 32);
    entry.identity_type = AK_SPAN_LIT("email");
    fixture_fill(entry.home_wallet, 0x55, 20);
    return entry;
}

static struct ak_entry path_activated(size_t i)
{
    struct ak_entry entry = of_account(AK_ENTRY_PATH_ACTIVATED, i);
    entry.label = AK_SPAN_LIT("agent-1");
    entry.root_version = 1;
    fixture_fill(entry.device, 0x66, 32);
    entry.scope = AK_SPAN_LIT("cap:sign-siwe,openrouter");
    entry.rate = 100;
    entry.valid_until_ms = FIXTURE_TIME_MS + UINT64_C(30) * 86400 * 1000;
    ak_entry_mark(&entry, AK_F_VALID_UNTIL_MS);
    fixture_fill(entry.address, 0x77, 20);
    entry.has_idempotency = true;
    fixture_fill(entry.idempotency_hash, 0x88, 32);
    entry.idempotency_call = AK_SPAN_LIT("pair/approve");
    return entry;
}

static struct ak_entry message_signed(size_t i)
{
    struct ak_entry entry = of_account(AK_ENTRY_MESSAGE_SIGNED, i);
    fixture_fill(entry.actor, 0x66, 32);
    fixture_fill(entry.omni, 0x33, 32);
    entry.label = AK_SPAN_LIT("agent-1");
    entry.operation = AK_SPAN_LIT("sign-siwe");
    fixture_fill(entry.message_hash, 0x99, 32);
    entry.domain = AK_SPAN_LIT("example.org");
    entry.nonce = AK_SPAN_LIT("kEWepMt9knR6lWJ6A");
    entry.tat_us = (FIXTURE_TIME_MS + 6600) * 1000;
    entry.present =
        AK_F_BIT(AK_F_LABEL) | AK_F_BIT(AK_F_GENERATION) | AK_F_BIT(AK_F_DOMAIN) | AK_F_BIT(AK_F_NONCE);
    return entry;
}

struct ak_entry fixture_entry(size_t i)
{
    struct ak_entry entry = {0};
    switch (i) {
    case 0:
        entry = common(AK_ENTRY_LEDGER_OPENED, i);
        for (uint8_t j = 0; j < 16; j++) entry.log_id[j] = j;
        entry.worker_id = AK_SPAN_LIT("worker-1");
        fixture_fill(entry.config, 0x22, 32);
        entry.format = 1;
        entry.service = AK_SPAN_LIT("worker");
        break;
    case 1:
        entry = common(AK_ENTRY_ROOT_CREATED, i);
        entry.service = AK_SPAN_LIT("worker");
        entry.root_version = 1;
        entry.suite = AK_SPAN_LIT("ak1");
        break;
    case 2: entry = account_opened(i); break;
    case 3:
        entry = of_account(AK_ENTRY_DEVICE_ENROLLED, i);
        fixture_fill(entry.device, 0x44, 32);
        entry.name = AK_SPAN_LIT("alice's laptop");
        break;
    case 4: entry = path_activated(i); break;
    case 5: entry = message_signed(i); break;
    case 6:
        entry = of_account(AK_ENTRY_DENIED, i);
        entry.rule = AK_SPAN_LIT("operation");
        entry.operation = AK_SPAN_LIT("sign-message");
        entry.count = 1;
        entry.label = AK_SPAN_LIT("agent-1");
        ak_entry_mark(&entry, AK_F_LABEL);
        break;
    default:
        entry = of_account(AK_ENTRY_PATH_SUSPENDED, i);
        entry.label = AK_SPAN_LIT("agent-1");
        break;
    }
    return entry;
}

static void append(struct fixture *f, struct ak_ledger_batch *batch, size_t i)
{
    struct ak_entry entry = fixture_entry(i);
    if (entry.has_anchor) {
        entry.seq = ++f->account_seq;
        memcpy(entry.prev_leaf, f->account_leaf, 32);
    }
    struct ak_entry_ref ref;
    size_t at = batch->entries.len;
    assert_int_equal(ak_ledger_append(&f->log, batch, &f->mac_key, &entry, &ref), AK_OK);
    assert_int_equal(ref.index, i);
    memcpy(f->leaf[i], ref.leaf, 32);
    f->entries[i] = ak_span(batch->entries.ptr + at + 4, batch->entries.len - at - 4);
    if (entry.has_anchor) memcpy(f->account_leaf, ref.leaf, 32);
}

void fixture_open(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    uint8_t mac_secret[32];
    fixture_fill(mac_secret, 0x11, sizeof mac_secret);
    fixture_fill(f->seed.bytes, 0x5e, 32);
    for (uint8_t j = 0; j < 16; j++) f->log_id[j] = j;
    assert_int_equal(ak_hmac_key_open(&f->mac_key, AK_SPAN_ARR(mac_secret)), AK_OK);
    ak_ledger_log_init(&f->log, f->log_id);
    size_t i = 0;
    for (size_t b = 0; b < 2; b++) {
        struct ak_ledger_batch batch;
        ak_ledger_batch_begin(&f->log, &batch, AK_BUF_ARR(f->segment_bytes[b]), AK_BUF_ARR(f->leaf_bytes[b]));
        for (; i < (b ? FIXTURE_ENTRIES : FIXTURE_FIRST_BATCH); i++) append(f, &batch, i);
        struct ak_buf record = AK_BUF_ARR(f->record_bytes[b]);
        assert_int_equal(ak_ledger_batch_end(&f->log, &batch, &f->mac_key, 2 + b, &record), AK_OK);
        f->segments[b] = ak_buf_span(&batch.entries);
        f->leaves[b] = ak_buf_span(&batch.leaves);
        f->records[b] = ak_buf_span(&record);
    }
}

void fixture_close(struct fixture *f)
{
    ak_hmac_key_close(&f->mac_key);
}

static void set_greatest(struct ak_entry *entry, enum ak_entry_field field)
{
    static char text[4096];
    memset(text, 'x', sizeof text);
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    uint8_t *at = (uint8_t *)entry + info->offset;
    struct ak_span span = ak_span(text, info->max);
    if (info->kind == AK_ENTRY_FIXED) memset(at, 0xff, info->max);
    if (info->kind == AK_ENTRY_TEXT || info->kind == AK_ENTRY_BYTES) memcpy(at, &span, sizeof span);
    if (info->kind == AK_ENTRY_UINT) memcpy(at, &info->max, sizeof info->max);
}

struct ak_entry fixture_greatest(const struct ak_entry_type_info *info, bool full)
{
    struct ak_entry entry = {.type = info->type, .time_ms = AK_ENTRY_UINT_MAX, .has_anchor = info->account};
    memset(entry.anchor, 0xee, 32);
    memset(entry.actor, 0xdd, 32);
    memset(entry.random, 0xcc, 16);
    entry.seq = info->account ? 1 : 0;
    entry.present = info->required;
    if (full) {
        entry.present |= info->optional;
        entry.has_request_id = true;
        if (info->account) {
            entry.seq = AK_ENTRY_UINT_MAX;
            memset(entry.prev_leaf, 0xbb, 32);
        }
        if (ak_entry_is_control(info->type)) {
            entry.has_idempotency = true;
            entry.idempotency_call =
                AK_SPAN_LIT("0123456789012345678901234567890123456789012345678901234567890123");
        }
    }
    for (uint64_t left = entry.present; left; left &= left - 1)
        set_greatest(&entry, (enum ak_entry_field)__builtin_ctzll(left));
    return entry;
}

static enum ak_err node_of(
    const struct fixture_leaves *l, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    if (((index + 1) << level) > l->count) return AK_E_NOT_FOUND;
    if (level == 0) {
        memcpy(out_hash, l->leaves[index], 32);
        return AK_OK;
    }
    uint8_t left[32];
    uint8_t right[32];
    AK_TRY(node_of(l, level - 1, 2 * index, left));
    AK_TRY(node_of(l, level - 1, 2 * index + 1, right));
    ak_merkle_node(left, right, out_hash);
    return AK_OK;
}

static enum ak_err source_node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    struct fixture_leaves *l = (struct fixture_leaves *)ctx;
    l->calls++;
    return node_of(l, level, index, out_hash);
}

struct ak_merkle_source fixture_source(struct fixture_leaves *leaves)
{
    return (struct ak_merkle_source){source_node, leaves};
}
