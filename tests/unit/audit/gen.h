/* Makes exports for the verifier's tests, from docs/formats/ledger.md alone: entries by plain CBOR writing,
 * roots and proofs by the recursive definitions (not by the verifier's loops), checkpoints signed with a
 * fixed key. */
#ifndef AK_TESTS_AUDIT_GEN_H
#define AK_TESTS_AUDIT_GEN_H

#include "unit/check.h"

#include "base/buf.h"
#include "base/codec/base64.h"
#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "base/crypto/sha256.h"

static const char gen_log_hex[] = "0f0e0d0c0b0a09080706050403020100";

struct gen_entry {
    uint8_t bytes[512];
    size_t len;
    uint8_t leaf[32];
};

/* A log in memory. `accounts` many accounts take turns. */
struct gen_log {
    struct gen_entry *entries;
    size_t count;
    struct ak_secret32 seed;
    uint8_t key[32];
};

/* ---- tree, by definition ---- */

static inline void gen_node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
    struct ak_span parts[] = {AK_SPAN_LIT("\x01"), ak_span(left, 32), ak_span(right, 32)};
    ak_sha256_parts(parts, 3, out);
}

static inline size_t gen_split(size_t n)
{
    size_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
}

static inline void gen_root(const struct gen_entry *entries, size_t n, uint8_t out[32])
{
    uint8_t left[32], right[32];
    if (n == 0) {
        ak_sha256(AK_SPAN_EMPTY, out);
    } else if (n == 1) {
        memcpy(out, entries[0].leaf, 32);
    } else {
        size_t k = gen_split(n);
        gen_root(entries, k, left);
        gen_root(entries + k, n - k, right);
        gen_node(left, right, out);
    }
}

/* RFC 9162 2.1.3.1 */
static inline void gen_inclusion(const struct gen_entry *entries, size_t n, size_t m, struct ak_buf *out)
{
    uint8_t hash[32];
    if (n == 1) return;
    size_t k = gen_split(n);
    if (m < k) {
        gen_inclusion(entries, k, m, out);
        gen_root(entries + k, n - k, hash);
    } else {
        gen_inclusion(entries + k, n - k, m - k, out);
        gen_root(entries, k, hash);
    }
    ak_buf_put(out, AK_SPAN_ARR(hash));
}

/* RFC 9162 2.1.4.1, SUBPROOF */
static inline void gen_subproof(
    const struct gen_entry *entries, size_t n, size_t m, bool whole, struct ak_buf *out)
{
    uint8_t hash[32];
    if (m == n) {
        gen_root(entries, n, hash);
        if (!whole) ak_buf_put(out, AK_SPAN_ARR(hash));
        return;
    }
    size_t k = gen_split(n);
    if (m <= k) {
        gen_subproof(entries, k, m, whole, out);
        gen_root(entries + k, n - k, hash);
    } else {
        gen_subproof(entries + k, n - k, m - k, false, out);
        gen_root(entries, k, hash);
    }
    ak_buf_put(out, AK_SPAN_ARR(hash));
}

/* ---- entries ---- */

static inline void gen_leaf(struct gen_entry *entry)
{
    struct ak_span parts[] = {ak_span("\0", 1), ak_span(entry->bytes, entry->len)};
    ak_sha256_parts(parts, 2, entry->leaf);
}

static inline void gen_bytes(struct ak_buf *buf, uint64_t key, uint8_t fill, size_t len)
{
    uint8_t bytes[64];
    memset(bytes, fill, sizeof bytes);
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_bytes(buf, ak_span(bytes, len));
}

static inline void gen_text(struct ak_buf *buf, uint64_t key, const char *text)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_text(buf, ak_span_str(text));
}

static inline void gen_uint(struct ak_buf *buf, uint64_t key, uint64_t value)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_uint(buf, value);
}

static inline void gen_head(struct ak_buf *buf, unsigned pairs, unsigned type, uint64_t time_ms)
{
    ak_cbor_put_map(buf, pairs);
    gen_uint(buf, 0, 1);
    gen_uint(buf, 1, type);
    gen_uint(buf, 2, time_ms);
}

static inline void gen_anchor(uint64_t account, uint8_t out[32])
{
    uint8_t number[8];
    for (unsigned i = 0; i < 8; i++) number[i] = (uint8_t)(account >> (56 - 8 * i));
    ak_sha256(AK_SPAN_ARR(number), out);
}

static inline void gen_finish(struct gen_entry *entry, const struct ak_buf *buf)
{
    if (buf->failed) abort();
    entry->len = buf->len;
    gen_leaf(entry);
}

static inline void gen_opened(struct gen_entry *entry, uint64_t time_ms)
{
    struct ak_buf buf = AK_BUF_ARR(entry->bytes);
    uint8_t id[16];
    if (ak_hex_decode_fixed(AK_SPAN_LIT(gen_log_hex), id, sizeof id) != AK_OK) abort();
    gen_head(&buf, 10, 1, time_ms);
    gen_text(&buf, 4, "worker");
    gen_bytes(&buf, 5, 0xa0, 16);
    gen_bytes(&buf, 9, 0xb0, 32);
    ak_cbor_put_uint(&buf, 24);
    ak_cbor_put_bytes(&buf, AK_SPAN_ARR(id));
    gen_text(&buf, 25, "worker-1");
    gen_bytes(&buf, 26, 0x22, 32);
    gen_uint(&buf, 27, 1);
    gen_finish(entry, &buf);
}

static inline void gen_worker_started(struct gen_entry *entry, uint64_t time_ms, uint64_t size_before)
{
    struct ak_buf buf = AK_BUF_ARR(entry->bytes);
    gen_head(&buf, 9, 133, time_ms);
    gen_text(&buf, 4, "worker");
    gen_bytes(&buf, 5, 0xa1, 16);
    gen_uint(&buf, 53, size_before);
    gen_uint(&buf, 54, 1);
    gen_text(&buf, 55, "0.1.0");
    gen_uint(&buf, 56, size_before);
    gen_finish(entry, &buf);
}

/* Keys 3 to 7 of an account's entry. */
static inline void gen_account_head(
    struct ak_buf *buf, uint64_t account, uint64_t number, uint64_t seq, const uint8_t prev[32])
{
    uint8_t anchor[32];
    gen_anchor(account, anchor);
    ak_cbor_put_uint(buf, 3);
    ak_cbor_put_bytes(buf, AK_SPAN_ARR(anchor));
    gen_bytes(buf, 4, 0x44, 32);
    gen_bytes(buf, 5, (uint8_t)number, 16);
    gen_uint(buf, 6, seq);
    ak_cbor_put_uint(buf, 7);
    ak_cbor_put_bytes(buf, ak_span(prev, 32));
}

/* MessageSigned, as long as real ones are. */
static inline void gen_signed(
    struct gen_entry *entry, uint64_t time_ms, uint64_t account, uint64_t seq, const uint8_t prev[32])
{
    struct ak_buf buf = AK_BUF_ARR(entry->bytes);
    gen_head(&buf, 17, 130, time_ms);
    gen_account_head(&buf, account, time_ms, seq, prev);
    gen_bytes(&buf, 8, 0xb5, 16);
    gen_bytes(&buf, 16, 0x33, 32);
    gen_text(&buf, 17, "agent-1");
    gen_uint(&buf, 18, 0);
    gen_text(&buf, 19, "sign-siwe");
    gen_bytes(&buf, 20, 0x99, 32);
    gen_text(&buf, 21, "example.org");
    gen_text(&buf, 22, "kEWepMt9knR6lWJ6");
    gen_uint(&buf, 23, time_ms * 1000);
    gen_finish(entry, &buf);
}

/* AccountSuspended: the shortest control entry of an account. */
static inline void gen_suspended(
    struct gen_entry *entry, uint64_t time_ms, uint64_t account, uint64_t seq, const uint8_t prev[32])
{
    struct ak_buf buf = AK_BUF_ARR(entry->bytes);
    gen_head(&buf, 9, 4, time_ms);
    gen_account_head(&buf, account, time_ms, seq, prev);
    gen_bytes(&buf, 9, 0xc0, 32);
    gen_finish(entry, &buf);
}

/* ---- logs ---- */

enum { GEN_START_MS = 1767225600 };

/* Entry 0 opens, entry 1 is of no account, then the accounts take turns; each begins with a control entry. */
static inline void gen_log_make(struct gen_log *log, size_t count, size_t accounts)
{
    static const uint8_t zero[32];
    memset(log, 0, sizeof *log);
    memset(log->seed.bytes, 0x5e, sizeof log->seed.bytes);
    if (ak_ed25519_pub(&log->seed, log->key) != AK_OK) abort();
    log->entries = calloc(count, sizeof *log->entries);
    log->count = count;
    if (!log->entries) abort();
    for (size_t i = 0; i < count; i++) {
        uint64_t now = (uint64_t)GEN_START_MS * 1000 + i;
        size_t turn = i >= 2 ? (i - 2) / accounts : 0;
        const uint8_t *prev = turn == 0 ? zero : log->entries[i - accounts].leaf;
        if (i == 0) gen_opened(&log->entries[i], now);
        if (i == 1) gen_worker_started(&log->entries[i], now, i);
        if (i >= 2 && turn == 0) gen_suspended(&log->entries[i], now, (i - 2) % accounts, 1, prev);
        if (i >= 2 && turn > 0) gen_signed(&log->entries[i], now, (i - 2) % accounts, turn + 1, prev);
    }
}

static inline void gen_log_free(struct gen_log *log)
{
    free(log->entries);
}

/* ---- checkpoints and files ---- */

static inline void gen_signature_line(
    struct ak_buf *buf, const char *name, const struct ak_secret32 *seed, struct ak_span body)
{
    uint8_t digest[32], blob[68], key[32];
    if (ak_ed25519_pub(seed, key) != AK_OK) abort();
    struct ak_span parts[] = {ak_span_str(name), AK_SPAN_LIT("\n\x01"), AK_SPAN_ARR(key)};
    ak_sha256_parts(parts, 3, digest);
    memcpy(blob, digest, 4);
    if (ak_ed25519_sign(seed, body, blob + 4) != AK_OK) abort();
    ak_buf_put_str(buf, "\xe2\x80\x94 ");
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, " ");
    ak_base64_encode(buf, AK_SPAN_ARR(blob));
    ak_buf_put_str(buf, "\n");
}

static inline void gen_note_of(struct ak_buf *buf, const char *log_hex, uint64_t size, const uint8_t root[32],
    const struct ak_secret32 *seed)
{
    char origin[64];
    snprintf(origin, sizeof origin, "agentkeys/ledger/%s", log_hex);
    size_t start = buf->len;
    ak_buf_put_str(buf, origin);
    ak_buf_put_str(buf, "\n");
    ak_buf_put_dec(buf, size);
    ak_buf_put_str(buf, "\n");
    ak_base64_encode(buf, ak_span(root, 32));
    ak_buf_put_str(buf, "\n");
    struct ak_span body = ak_span(buf->ptr + start, buf->len - start);
    ak_buf_put_str(buf, "\n");
    gen_signature_line(buf, origin, seed, body);
}

/* The checkpoint of the log's first `size` entries. */
static inline void gen_note(struct ak_buf *buf, const struct gen_log *log, size_t size)
{
    uint8_t root[32];
    gen_root(log->entries, size, root);
    gen_note_of(buf, gen_log_hex, size, root, &log->seed);
}

static inline void gen_put_escaped(struct ak_buf *buf, struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            ak_buf_put_str(buf, "\\n");
        } else {
            if (text.ptr[i] == '"' || text.ptr[i] == '\\') ak_buf_put_str(buf, "\\");
            ak_buf_put_u8(buf, text.ptr[i]);
        }
    }
}

/* `anchor` NULL: of a full log. */
static inline void gen_header(
    struct ak_buf *buf, const struct gen_log *log, const uint8_t *anchor, struct ak_span note)
{
    ak_buf_put_str(buf, "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"");
    ak_buf_put_str(buf, anchor ? "account\"" : "full\"");
    ak_buf_put_str(buf, ",\"log_id\":\"");
    ak_buf_put_str(buf, gen_log_hex);
    ak_buf_put_str(buf, "\",\"origin\":\"agentkeys/ledger/");
    ak_buf_put_str(buf, gen_log_hex);
    ak_buf_put_str(buf, "\",\"ledger_key\":\"");
    ak_hex_encode(buf, AK_SPAN_ARR(log->key));
    if (anchor) ak_buf_put_str(buf, "\",\"anchor\":\"");
    if (anchor) ak_hex_encode(buf, ak_span(anchor, 32));
    ak_buf_put_str(buf, "\",\"checkpoint\":\"");
    gen_put_escaped(buf, note);
    ak_buf_put_str(buf, "\"}\n");
}

/* `proof` NULL: of a full log. */
static inline void gen_entry_line(
    struct ak_buf *buf, uint64_t index, const struct gen_entry *entry, const struct ak_buf *proof)
{
    ak_buf_put_str(buf, "{\"index\":");
    ak_buf_put_dec(buf, index);
    ak_buf_put_str(buf, ",\"entry\":\"");
    ak_hex_encode(buf, ak_span(entry->bytes, entry->len));
    ak_buf_put_str(buf, "\",\"leaf_hash\":\"");
    ak_hex_encode(buf, AK_SPAN_ARR(entry->leaf));
    ak_buf_put_str(buf, "\"");
    if (proof) ak_buf_put_str(buf, ",\"proof\":[");
    for (size_t i = 0; proof && i < proof->len; i += 32) {
        ak_buf_put_str(buf, i > 0 ? ",\"" : "\"");
        ak_hex_encode(buf, ak_span(proof->ptr + i, 32));
        ak_buf_put_str(buf, "\"");
    }
    ak_buf_put_str(buf, proof ? "]}\n" : "}\n");
}

static inline void gen_end(struct ak_buf *buf, uint64_t entries)
{
    ak_buf_put_str(buf, "{\"end\":true,\"entries\":");
    ak_buf_put_dec(buf, entries);
    ak_buf_put_str(buf, "}\n");
}

static inline void gen_full(struct ak_buf *buf, const struct gen_log *log)
{
    uint8_t memory[1024];
    struct ak_buf note = AK_BUF_ARR(memory);
    gen_note(&note, log, log->count);
    gen_header(buf, log, NULL, ak_buf_span(&note));
    for (size_t i = 0; i < log->count; i++) gen_entry_line(buf, i, &log->entries[i], NULL);
    gen_end(buf, log->count);
    if (buf->failed) abort();
}

static inline void gen_account_line(struct ak_buf *buf, const struct gen_log *log, size_t index)
{
    uint8_t memory[64 * 32];
    struct ak_buf proof = AK_BUF_ARR(memory);
    gen_inclusion(log->entries, log->count, index, &proof);
    gen_entry_line(buf, index, &log->entries[index], &proof);
}

/* The part of account `account` of `accounts`. */
static inline void gen_part(struct ak_buf *buf, const struct gen_log *log, size_t account, size_t accounts)
{
    uint8_t memory[1024], anchor[32];
    struct ak_buf note = AK_BUF_ARR(memory);
    uint64_t entries = 0;
    gen_note(&note, log, log->count);
    gen_anchor(account, anchor);
    gen_header(buf, log, anchor, ak_buf_span(&note));
    for (size_t i = 2 + account; i < log->count; i += accounts, entries++) gen_account_line(buf, log, i);
    gen_end(buf, entries);
    if (buf->failed) abort();
}

#endif
