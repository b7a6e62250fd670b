/* Ledger entries: what decodes encodes to the same bytes (but for the MAC, which is another key's), its JSON
 * is JSON, and the offline verifier, which shares no code with the decoder, takes exactly the same entries.
 */
#include "fuzz/fuzz.h"

#include "audit/entry.h"
#include "core/ledger/entry.h"

enum { MAC_LEN = 32 };

static struct ak_hmac_key *mac_key(void)
{
    static const uint8_t secret[32] = {7};
    static struct ak_hmac_key key;
    static bool open;
    if (!open) AK_FUZZ_CHECK(ak_hmac_key_open(&key, AK_SPAN_ARR(secret)) == AK_OK);
    open = true;
    return &key;
}

/* Puts the MAC that was read where the encoder put its own. */
static void restore_mac(uint8_t *bytes, size_t len, const uint8_t made[MAC_LEN], const uint8_t read[MAC_LEN])
{
    for (size_t at = 0; at + MAC_LEN <= len; at++) {
        if (memcmp(bytes + at, made, MAC_LEN) != 0) continue;
        memcpy(bytes + at, read, MAC_LEN);
        return;
    }
    AK_FUZZ_CHECK(0);
}

static void check_encoding(const struct ak_entry *entry, struct ak_span bytes)
{
    static const uint8_t prev[32] = {1};
    uint8_t again_bytes[AK_LIMIT_ENTRY];
    uint8_t leaf[32];
    struct ak_buf again = AK_BUF_ARR(again_bytes);
    AK_FUZZ_CHECK(ak_entry_encode(entry, mac_key(), prev, &again, leaf) == AK_OK);
    AK_FUZZ_CHECK(again.len == bytes.len);
    if (ak_entry_is_control(entry->type)) {
        struct ak_entry made;
        AK_FUZZ_CHECK(ak_entry_mac_check(ak_buf_span(&again), mac_key(), prev) == AK_OK);
        AK_FUZZ_CHECK(ak_entry_decode(ak_buf_span(&again), &made) == AK_OK);
        restore_mac(again_bytes, again.len, made.mac, entry->mac);
    }
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), bytes));
}

/* A control type that nobody knows the verifier reads by its common keys; the decoder refuses it by name. */
static void check_verifier(struct ak_span bytes, enum ak_err err, const struct ak_entry *entry)
{
    struct ak_audit_entry seen;
    enum ak_err verifier = ak_audit_entry_parse(bytes, &seen);
    if (err == AK_E_UNSUPPORTED) return;
    AK_FUZZ_CHECK((err == AK_OK) == (verifier == AK_OK));
    if (err) return;
    AK_FUZZ_CHECK(seen.type == (unsigned)entry->type && seen.known == !entry->unknown_use);
    AK_FUZZ_CHECK(seen.time_ms == entry->time_ms && (seen.anchor != NULL) == entry->has_anchor);
    if (!seen.anchor) return;
    AK_FUZZ_CHECK(memcmp(seen.anchor, entry->anchor, 32) == 0 && seen.seq == entry->seq);
    AK_FUZZ_CHECK(memcmp(seen.prev, entry->prev_leaf, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t prev[32] = {0};
    struct ak_entry entry;
    struct ak_span bytes = ak_span(data, len);
    enum ak_err err = ak_entry_decode(bytes, &entry);
    AK_FUZZ_CHECK(ak_entry_mac_check(bytes, mac_key(), prev) != AK_OK);
    check_verifier(bytes, err, &entry);
    if (err != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&entry, sizeof entry));
        return 0;
    }
    if (!entry.unknown_use) check_encoding(&entry, bytes);
    return 0;
}
