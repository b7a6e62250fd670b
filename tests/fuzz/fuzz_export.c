/* Ledger exports: whatever line is accepted writes out to the same bytes, accepted entries are deterministic
 * CBOR by the other codec too, a note's body writes out to what was signed, and a verdict does not depend on
 * whether lines are fed after a finding. The first byte says what the rest is. */
#include "fuzz/fuzz.h"

#include "audit/audit.h"
#include "base/codec/base64.h"
#include "base/codec/cbor.h"
#include "base/codec/hex.h"

/* The headers of docs/formats/ledger-example-*.jsonl, so that seeds can go on from there. */
#define LOG    "000102030405060708090a0b0c0d0e0f"
#define KEY    "8146640f02493af4fbc54fe33388e75dc2c937ae0b7727cc2b2afb1b75199a3e"
#define ANCHOR "3333333333333333333333333333333333333333333333333333333333333333"
#define ORIGIN "agentkeys/ledger/" LOG
#define START(kind)                                                                                          \
    "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"" kind "\",\"log_id\":\"" LOG                      \
    "\",\"origin\":\"" ORIGIN "\",\"ledger_key\":\"" KEY "\""
#define NOTE                                                                                                 \
    ",\"checkpoint\":\"" ORIGIN                                                                              \
    "\\n8\\nlRB1ROyz11u5m07t6Ji3AdyRGzz+4WUBBBANrpXhc3M=\\n\\n\xe2\x80\x94 " ORIGIN                          \
    " 1okh9+gjTVInSR5tTAS4m6i6DIQTk9kiloQ8I1piNddSfRXVdmCZb4Tk8ZY2/lf4/aunORRD5Djc4DBsBtfhQLYe9Qc=\\n\"}\n"

static const char full_header[] = START("full") NOTE;
static const char part_header[] = START("account") ",\"anchor\":\"" ANCHOR "\"" NOTE;

static struct ak_arena arena;
static struct ak_audit audit;

static void *grow(void *ctx, size_t len)
{
    (void)ctx;
    return calloc(1, len);
}

static void release(void *ctx, void *ptr, size_t len)
{
    (void)ctx;
    (void)len;
    free(ptr);
}

/* `audit` after a good header; the signature is verified once in the life of the process. */
static void begin(bool account)
{
    static struct ak_audit begun[2];
    struct ak_span header = account ? AK_SPAN_LIT(part_header) : AK_SPAN_LIT(full_header);
    ak_arena_init(&arena, (struct ak_arena_hooks){grow, release, NULL}, 1 << 20);
    if (begun[account].line == 0) {
        ak_audit_open(&begun[account], NULL, &arena);
        AK_FUZZ_CHECK(ak_audit_line(&begun[account], header) == AK_OK);
    }
    audit = begun[account];
}

static struct ak_span next_line(struct ak_span *rest)
{
    size_t end = ak_span_find(*rest, 0, '\n');
    struct ak_span line = ak_span_sub(*rest, 0, end + 1);
    *rest = ak_span_sub(*rest, line.len, rest->len);
    return line;
}

/* ---- what is accepted writes out to itself ---- */

static void put_text(struct ak_buf *buf, struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') ak_buf_put_str(buf, "\\");
        if (text.ptr[i] == '\n')
            ak_buf_put_str(buf, "\\n");
        else
            ak_buf_put_u8(buf, text.ptr[i]);
    }
}

static void put_hashes(struct ak_buf *buf, const char *name, struct ak_span hashes)
{
    ak_buf_put_str(buf, name);
    for (size_t i = 0; i < hashes.len; i += AK_AUDIT_HASH) {
        ak_buf_put_str(buf, i > 0 ? ",\"" : "\"");
        ak_hex_encode(buf, ak_span_sub(hashes, i, AK_AUDIT_HASH));
        ak_buf_put_str(buf, "\"");
    }
    ak_buf_put_str(buf, "]");
}

static void check_header(struct ak_span line)
{
    static struct ak_audit_header header;
    static uint8_t memory[2 * AK_AUDIT_LINE_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    if (ak_audit_line_header(line, &header) != AK_OK) return;
    ak_buf_put_str(&buf, "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"");
    ak_buf_put_str(&buf, header.account ? "account" : header.segment ? "segment" : "full");
    ak_buf_put_str(&buf, "\",\"log_id\":\"");
    ak_hex_encode(&buf, AK_SPAN_ARR(header.log_id));
    ak_buf_put_str(&buf, "\",\"origin\":\"agentkeys/ledger/");
    ak_hex_encode(&buf, AK_SPAN_ARR(header.origin_log_id));
    ak_buf_put_str(&buf, "\",\"ledger_key\":\"");
    ak_hex_encode(&buf, AK_SPAN_ARR(header.ledger_key));
    if (header.account) ak_buf_put_str(&buf, "\",\"anchor\":\"");
    if (header.account) ak_hex_encode(&buf, AK_SPAN_ARR(header.anchor));
    ak_buf_put_str(&buf, "\"");
    if (header.from) ak_buf_put_str(&buf, ",\"from\":");
    if (header.from) ak_buf_put_dec(&buf, header.from);
    if (header.segment) put_hashes(&buf, ",\"before\":[", ak_span(header.before, header.before_len));
    ak_buf_put_str(&buf, ",\"checkpoint\":\"");
    put_text(&buf, ak_span(header.note, header.note_len));
    ak_buf_put_str(&buf, "\"}");
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), line));
}

static void put_entry_line(struct ak_buf *buf, const struct ak_audit_entry_line *line, bool account)
{
    ak_buf_put_str(buf, "{\"index\":");
    ak_buf_put_dec(buf, line->index);
    ak_buf_put_str(buf, ",\"entry\":\"");
    ak_hex_encode(buf, ak_span(line->room + 1, line->entry_len));
    ak_buf_put_str(buf, "\",\"leaf_hash\":\"");
    ak_hex_encode(buf, AK_SPAN_ARR(line->leaf_hash));
    ak_buf_put_str(buf, "\"");
    if (account) put_hashes(buf, ",\"proof\":[", ak_span(line->proof, line->proof_len));
    ak_buf_put_str(buf, "}");
}

static void check_line(struct ak_span line, bool account)
{
    static struct ak_audit_entry_line entry;
    static uint8_t memory[AK_AUDIT_LINE_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    uint64_t entries = 0;
    if (ak_audit_line_entry(line, account, &entry) == AK_OK) {
        put_entry_line(&buf, &entry, account);
    } else if (ak_audit_line_end(line, &entries) == AK_OK) {
        ak_buf_put_str(&buf, "{\"end\":true,\"entries\":");
        ak_buf_put_dec(&buf, entries);
        ak_buf_put_str(&buf, "}");
    } else {
        return;
    }
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), line));
}

static void check_entry(struct ak_span bytes)
{
    struct ak_audit_entry entry;
    struct ak_reader reader = ak_reader(bytes);
    if (ak_audit_entry_parse(bytes, &entry) != AK_OK) {
        AK_FUZZ_CHECK(entry.type == 0 && !entry.anchor && !entry.prev && entry.seq == 0);
        return;
    }
    AK_FUZZ_CHECK(ak_span_eq(ak_cbor_skip(&reader), bytes) && ak_reader_finish(&reader) == AK_OK);
    AK_FUZZ_CHECK(bytes.len <= AK_AUDIT_ENTRY_MAX && entry.type > 0);
    AK_FUZZ_CHECK(
        (entry.anchor != NULL) == (entry.seq > 0) && (entry.anchor != NULL) == (entry.prev != NULL));
}

static void check_note(struct ak_span note)
{
    uint8_t key[32], memory[256];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_audit_checkpoint checkpoint;
    AK_FUZZ_CHECK(ak_hex_decode_fixed(AK_SPAN_LIT(KEY), key, sizeof key) == AK_OK);
    if (ak_audit_note_verify(note, key, &checkpoint) != AK_OK) {
        AK_FUZZ_CHECK(checkpoint.size == 0);
        return;
    }
    ak_buf_put_str(&buf, "agentkeys/ledger/");
    ak_hex_encode(&buf, AK_SPAN_ARR(checkpoint.log_id));
    ak_buf_put_str(&buf, "\n");
    ak_buf_put_dec(&buf, checkpoint.size);
    ak_buf_put_str(&buf, "\n");
    ak_base64_encode(&buf, AK_SPAN_ARR(checkpoint.root));
    ak_buf_put_str(&buf, "\n\n\xe2\x80\x94 ");
    AK_FUZZ_CHECK(ak_span_starts(note, ak_buf_span(&buf)));
}

/* ---- whole files ---- */

/* Feeds lines until the verifier says that it is enough, or all of them. */
static struct ak_audit_report verdict(struct ak_span rest, bool account, bool all, uint64_t *out_lines)
{
    struct ak_audit_report report;
    *out_lines = 0;
    begin(account);
    while (rest.len > 0) {
        enum ak_err err = ak_audit_line(&audit, next_line(&rest));
        ++*out_lines;
        if (err != AK_OK && !all) break;
    }
    AK_FUZZ_CHECK(ak_audit_finish(&audit, &report) == AK_OK);
    AK_FUZZ_CHECK(arena.used <= 4096 + 160 * report.entries + 160);
    ak_arena_done(&arena);
    return report;
}

static void check_file(struct ak_span file, bool account)
{
    uint8_t memory[2048];
    struct ak_buf buf = AK_BUF_ARR(memory);
    uint64_t lines = 0, some = 0;
    struct ak_audit_report report = verdict(file, account, true, &lines);
    struct ak_audit_report early = verdict(file, account, false, &some);
    AK_FUZZ_CHECK(report.finding.fault == early.finding.fault && report.finding.index == early.finding.index);
    AK_FUZZ_CHECK(report.ok == (report.finding.fault == AK_AUDIT_SOUND) && report.ok == !report.finding.text);
    AK_FUZZ_CHECK(report.entries <= lines && report.entries == report.controls + report.uses);
    if (report.ok) AK_FUZZ_CHECK(report.entries + 1 == lines && (account || report.entries == report.size));
    ak_audit_report_put(&buf, &report);
    AK_FUZZ_CHECK(ak_buf_check(&buf) == AK_OK);
    while (file.len > 0) {
        struct ak_span line = next_line(&file);
        check_line(ak_span_sub(line, 0, line.len - 1), account);
    }
}

/* Entries, each after its length in two bytes, as a file whose indexes and leaf hashes are right: what is
 * left to find lies in the entries. */
static void check_chain(struct ak_span bytes)
{
    static struct ak_audit_entry_line line;
    static uint8_t memory[1 << 16];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_reader reader = ak_reader(bytes);
    for (line.index = 0; reader.len > 0 && line.index < 8; line.index++) {
        struct ak_span entry = ak_reader_take(&reader, ak_reader_u16(&reader) % (AK_AUDIT_ENTRY_MAX + 1));
        if (entry.len == 0) break;
        line.entry_len = entry.len;
        memcpy(line.room + 1, entry.ptr, entry.len);
        ak_audit_leaf_hash(ak_span(line.room, 1 + entry.len), line.leaf_hash);
        put_entry_line(&buf, &line, false);
        ak_buf_put_str(&buf, "\n");
    }
    ak_buf_put_str(&buf, "{\"end\":true,\"entries\":8}\n");
    check_file(ak_buf_span(&buf), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) return 0;
    struct ak_span rest = ak_span(data + 1, len - 1);
    switch (data[0]) {
    case 'H': check_header(rest); break;
    case 'F': check_file(rest, false); break;
    case 'A': check_file(rest, true); break;
    case 'C': check_entry(rest); break;
    case 'N': check_note(rest); break;
    case 'R': check_chain(rest); break;
    default: break;
    }
    return 0;
}
