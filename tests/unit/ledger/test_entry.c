/* Entries: every type round-trips, every limit holds on both ways, every altered byte shows. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

#include "base/codec/cbor.h"

static const uint8_t prev_control[32] = {7};

static int setup(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close((struct fixture *)*state);
    return 0;
}

static enum ak_err encode(struct fixture *f, const struct ak_entry *entry, struct ak_buf *buf)
{
    uint8_t leaf[32];
    return ak_entry_encode(entry, &f->mac_key, prev_control, buf, leaf);
}

/* What the encoder makes of it must decode to the same members: shown by encoding again. */
static void round_trip(struct fixture *f, const struct ak_entry *entry)
{
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    uint8_t again_bytes[AK_LIMIT_ENTRY];
    uint8_t leaf[32];
    uint8_t want[32];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_buf again = AK_BUF_ARR(again_bytes);
    struct ak_entry back;
    assert_int_equal(ak_entry_encode(entry, &f->mac_key, prev_control, &buf, leaf), AK_OK);
    ak_merkle_leaf(ak_buf_span(&buf), want);
    assert_memory_equal(leaf, want, 32);
    assert_int_equal(ak_entry_decode(ak_buf_span(&buf), &back), AK_OK);
    assert_int_equal(back.type, entry->type);
    assert_int_equal(back.time_ms, entry->time_ms);
    assert_int_equal(back.seq, entry->seq);
    assert_int_equal(back.present, entry->present | ak_entry_type_info(entry->type)->required);
    assert_int_equal(encode(f, &back, &again), AK_OK);
    assert_int_equal(again.len, buf.len);
    assert_memory_equal(again_bytes, bytes, buf.len);
    if (!ak_entry_is_control(entry->type)) return;
    assert_int_equal(ak_entry_mac_check(ak_buf_span(&buf), &f->mac_key, prev_control), AK_OK);
}

static void every_type_round_trips(void **state)
{
    size_t types = 0;
    for (const struct ak_entry_type_info *info; (info = ak_entry_type_at(types)); types++) {
        struct ak_entry least = fixture_greatest(info, false);
        struct ak_entry full = fixture_greatest(info, true);
        round_trip(*state, &least);
        round_trip(*state, &full);
        assert_ptr_equal(ak_entry_type_info(info->type), info);
        enum ak_entry_type type;
        assert_int_equal(ak_entry_type_parse(ak_span_str(info->name), &type), AK_OK);
        assert_int_equal(type, info->type);
    }
    assert_int_equal(types, 40);
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++) {
        struct ak_entry entry = fixture_entry(i);
        if (entry.has_anchor) entry.seq = 1;
        round_trip(*state, &entry);
    }
}

/* The HMAC is computed with the map's head one less, which works up to 23 pairs; and all fit the limit. */
static void greatest_entries_fit(void **state)
{
    for (size_t i = 0; ak_entry_type_at(i); i++) {
        struct ak_entry entry = fixture_greatest(ak_entry_type_at(i), true);
        entry.service = AK_SPAN_LIT("01234567890123456789012345678901");
        uint8_t bytes[AK_LIMIT_ENTRY] = {0};
        struct ak_buf buf = AK_BUF_ARR(bytes);
        assert_int_equal(encode(*state, &entry, &buf), AK_OK);
        assert_true(bytes[0] >= 0xa0 && bytes[0] <= 0xb7);
    }
}

/* The numbers are in the logs of all installations: this list may only grow. */
static void numbers_are_fixed(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *name;
    } fixed[] = {{1, "LedgerOpened"}, {2, "RootCreated"}, {3, "AccountOpened"}, {4, "AccountSuspended"},
        {5, "AccountResumed"}, {6, "IdentityLinked"}, {7, "DeviceEnrolled"}, {8, "DeviceRemoved"},
        {9, "RecoveryStarted"}, {10, "RecoveryCancelled"}, {11, "RecoveryDone"}, {12, "PathActivated"},
        {13, "PolicyChanged"}, {14, "PathSuspended"}, {15, "PathResumed"}, {16, "PathRotated"},
        {17, "PathDecommissioned"}, {18, "Snapshot"}, {19, "EpochRotated"}, {20, "EpochDestroyed"},
        {21, "ServiceDefined"}, {22, "BlobWritten"}, {23, "BlobMoved"}, {24, "BlobDeleted"},
        {25, "IssuerKeyRotated"}, {26, "TrustChanged"}, {27, "RecoverySeen"}, {28, "IdentityUnlinked"},
        {29, "StateRestored"}, {30, "RecoveryCodeSet"}, {128, "SessionIssued"}, {129, "AgentTokenIssued"},
        {130, "MessageSigned"}, {131, "Denied"}, {132, "ClockStepped"}, {133, "WorkerStarted"},
        {134, "SessionEnded"}, {135, "CredsRead"}, {136, "BlobRefused"}, {137, "OidcMinted"}};
    for (size_t i = 0; i < AK_COUNT(fixed); i++)
        assert_string_equal(ak_entry_type_name(fixed[i].number), fixed[i].name);
    assert_null(ak_entry_type_info(0));
    assert_null(ak_entry_type_info(127));
    assert_null(ak_entry_type_info(255));
    assert_null(ak_entry_type_info(256));
    assert_null(ak_entry_type_info(UINT64_MAX));
    enum ak_entry_type type;
    assert_int_equal(ak_entry_type_parse(AK_SPAN_LIT("pathActivated"), &type), AK_E_NOT_FOUND);
    assert_int_equal(type, 0);
    for (size_t i = 0; i + 1 < AK_F_COUNT_; i++)
        assert_non_null(ak_entry_field_info((enum ak_entry_field)i)->name);
}

/* One field of one type at a value; whether the encoder takes it and a decoder would. */
static void try_text(
    struct fixture *f, struct ak_entry entry, enum ak_entry_field field, size_t len, bool good)
{
    static char text[4096];
    memset(text, 'y', sizeof text);
    struct ak_span span = ak_span(text, len);
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    struct ak_buf buf = AK_BUF_ARR(bytes);
    memcpy((uint8_t *)&entry + ak_entry_field_info(field)->offset, &span, sizeof span);
    assert_int_equal(encode(f, &entry, &buf), good ? AK_OK : AK_E_ARG);
    if (!good) assert_int_equal(buf.len, 0);
}

static void try_uint(
    struct fixture *f, struct ak_entry entry, enum ak_entry_field field, uint64_t value, bool good)
{
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    struct ak_buf buf = AK_BUF_ARR(bytes);
    memcpy((uint8_t *)&entry + ak_entry_field_info(field)->offset, &value, sizeof value);
    assert_int_equal(encode(f, &entry, &buf), good ? AK_OK : AK_E_ARG);
}

static void field_limits_hold(void **state)
{
    for (size_t t = 0; ak_entry_type_at(t); t++) {
        struct ak_entry entry = fixture_greatest(ak_entry_type_at(t), true);
        for (uint64_t left = entry.present; left; left &= left - 1) {
            enum ak_entry_field field = (enum ak_entry_field)__builtin_ctzll(left);
            const struct ak_entry_field_info *info = ak_entry_field_info(field);
            if (info->kind == AK_ENTRY_TEXT || info->kind == AK_ENTRY_BYTES) {
                try_text(*state, entry, field, info->max - 1, true);
                try_text(*state, entry, field, info->max + 1, false);
                try_text(*state, entry, field, info->min, true);
                if (info->min) try_text(*state, entry, field, info->min - 1, false);
            } else if (info->kind == AK_ENTRY_UINT) {
                try_uint(*state, entry, field, info->max - 1, true);
                try_uint(*state, entry, field, info->max + 1, false);
                try_uint(*state, entry, field, 0, info->min == 0);
            }
        }
    }
}

static void bad_structs_are_refused(void **state)
{
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    uint8_t leaf[32];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_entry entry = fixture_entry(5);
    entry.seq = 1;
    assert_int_equal(encode(*state, &entry, &buf), AK_OK);
    buf.len = 0;
#define REFUSED(change)                                                                                      \
    do {                                                                                                     \
        struct ak_entry bad = entry;                                                                         \
        change;                                                                                              \
        assert_int_equal(encode(*state, &bad, &buf), AK_E_ARG);                                              \
        assert_int_equal(buf.len, 0);                                                                        \
    } while (0)
    REFUSED(bad.type = AK_ENTRY_IDENTITY_LINKED);
    REFUSED(bad.type = (enum ak_entry_type)200);
    REFUSED(bad.type = (enum ak_entry_type)0);
    REFUSED(bad.unknown_use = true);
    REFUSED(bad.has_anchor = false);
    REFUSED(bad.seq = 0);
    REFUSED(bad.seq = AK_ENTRY_UINT_MAX + 1; bad.prev_leaf[0] = 1);
    REFUSED(bad.time_ms = AK_ENTRY_UINT_MAX + 1);
    REFUSED(bad.seq = 2);
    REFUSED(bad.prev_leaf[3] = 1);
    REFUSED(bad.has_idempotency = true; bad.idempotency_call = AK_SPAN_LIT("x"));
    REFUSED(bad.present |= AK_F_BIT(AK_F_SCOPE));
    REFUSED(bad.nonce = AK_SPAN_LIT("\xff"));
    REFUSED(bad.service = AK_SPAN_LIT("012345678901234567890123456789012"));
    entry = fixture_entry(1);
    REFUSED(bad.has_anchor = true; bad.seq = 1);
    REFUSED(bad.has_idempotency = true);
    assert_int_equal(ak_entry_encode(&entry, NULL, prev_control, &buf, leaf), AK_E_ARG);
    struct fixture *f = (struct fixture *)*state;
    assert_int_equal(ak_entry_encode(&entry, &f->mac_key, NULL, &buf, leaf), AK_E_ARG);
#undef REFUSED
}

static void full_memory_is_told(void **state)
{
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_entry entry = fixture_entry(1);
    assert_int_equal(encode(*state, &entry, &buf), AK_OK);
    size_t len = buf.len;
    struct ak_buf small = ak_buf(bytes, len - 1);
    assert_int_equal(encode(*state, &entry, &small), AK_E_FULL);
    assert_int_equal(small.len, 0);
    struct ak_buf just = ak_buf(bytes, len);
    assert_int_equal(encode(*state, &entry, &just), AK_OK);
}

/* I11: whatever byte of a control entry is changed, it does not decode or its MAC fails; a use entry that
 * still decodes is another entry under another leaf hash, and its bytes are the only ones for what it says.
 */
static void each_altered_byte_shows(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t control_leaf[32] = {0};
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++) {
        uint8_t bytes[AK_LIMIT_ENTRY] = {0};
        uint8_t again_bytes[AK_LIMIT_ENTRY];
        uint8_t leaf[32];
        struct ak_span entry = ak_span(bytes, f->entries[i].len);
        memcpy(bytes, f->entries[i].ptr, entry.len);
        bool control = ak_entry_is_control(fixture_entry(i).type);
        if (control) assert_int_equal(ak_entry_mac_check(entry, &f->mac_key, control_leaf), AK_OK);
        for (size_t at = 0; at < entry.len; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                struct ak_entry out;
                bytes[at] ^= (uint8_t)(1u << bit);
                bool decodes = ak_entry_decode(entry, &out) == AK_OK;
                if (decodes && control && !out.unknown_use)
                    assert_int_equal(ak_entry_mac_check(entry, &f->mac_key, control_leaf), AK_E_AUTH);
                ak_merkle_leaf(entry, leaf);
                assert_memory_not_equal(leaf, f->leaf[i], 32);
                if (decodes && !control && !out.unknown_use) {
                    struct ak_buf again = AK_BUF_ARR(again_bytes);
                    assert_int_equal(encode(f, &out, &again), AK_OK);
                    assert_true(ak_span_eq(ak_buf_span(&again), entry));
                }
                if (!decodes) assert_int_equal(out.type, 0);
                bytes[at] ^= (uint8_t)(1u << bit);
            }
        }
        if (control) memcpy(control_leaf, f->leaf[i], 32);
    }
}

static void cut_and_grown_entries_are_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct ak_entry out;
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++) {
        uint8_t bytes[AK_LIMIT_ENTRY + 2] = {0};
        memcpy(bytes, f->entries[i].ptr, f->entries[i].len);
        for (size_t len = 0; len < f->entries[i].len; len++)
            assert_int_equal(ak_entry_decode(ak_span(bytes, len), &out), AK_E_FORMAT);
        assert_int_equal(ak_entry_decode(ak_span(bytes, f->entries[i].len + 1), &out), AK_E_FORMAT);
        assert_int_equal(ak_entry_decode(ak_span(bytes, AK_LIMIT_ENTRY + 1), &out), AK_E_LIMIT);
    }
}

/* The MAC chains control entries: another predecessor or another key does not pass. */
static void mac_binds_predecessor_and_key(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t other[32];
    memcpy(other, f->leaf[0], 32);
    assert_int_equal(ak_entry_mac_check(f->entries[1], &f->mac_key, other), AK_OK);
    other[31] ^= 1;
    assert_int_equal(ak_entry_mac_check(f->entries[1], &f->mac_key, other), AK_E_AUTH);
    struct ak_hmac_key key;
    assert_int_equal(ak_hmac_key_open(&key, AK_SPAN_ARR(other)), AK_OK);
    assert_int_equal(ak_entry_mac_check(f->entries[1], &key, f->leaf[0]), AK_E_AUTH);
    ak_hmac_key_close(&key);
    assert_int_equal(ak_entry_mac_check(f->entries[5], &f->mac_key, f->leaf[4]), AK_E_FORMAT);
    assert_int_equal(ak_entry_mac_check(AK_SPAN_EMPTY, &f->mac_key, f->leaf[4]), AK_E_FORMAT);
    assert_int_equal(ak_entry_mac_check(AK_SPAN_LIT("\xa1\x09\x40"), &f->mac_key, f->leaf[4]), AK_E_FORMAT);
}

/* An entry of the given type number with its common part and one foreign field. */
static struct ak_span foreign(uint64_t type, uint64_t version, struct ak_buf *buf)
{
    static const uint8_t zeros[32] = {0};
    bool control = type < AK_ENTRY_CONTROL_END;
    ak_cbor_put_map(buf, control ? 7 : 6);
    ak_cbor_put_uint(buf, 0);
    ak_cbor_put_uint(buf, version);
    ak_cbor_put_uint(buf, 1);
    ak_cbor_put_uint(buf, type);
    ak_cbor_put_uint(buf, 2);
    ak_cbor_put_uint(buf, 5);
    ak_cbor_put_uint(buf, 4);
    ak_cbor_put_text(buf, AK_SPAN_LIT("later"));
    ak_cbor_put_uint(buf, 5);
    ak_cbor_put_bytes(buf, ak_span(zeros, 16));
    if (control) {
        ak_cbor_put_uint(buf, 9);
        ak_cbor_put_bytes(buf, AK_SPAN_ARR(zeros));
    }
    ak_cbor_put_uint(buf, 99);
    ak_cbor_put_array(buf, 1);
    ak_cbor_put_null(buf);
    assert_int_equal(ak_buf_check(buf), AK_OK);
    return ak_buf_span(buf);
}

/* I4: an unknown control type is refused, an unknown use type is passed over. */
static void unknown_types_are_told_apart(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct ak_entry out;
    struct ak_buf buf = AK_BUF_ARR(bytes);
    assert_int_equal(ak_entry_decode(foreign(200, 1, &buf), &out), AK_OK);
    assert_true(out.unknown_use);
    assert_int_equal(out.type, 200);
    assert_int_equal(out.time_ms, 5);
    assert_true(ak_span_eq(out.service, AK_SPAN_LIT("later")));
    static const uint64_t refused[] = {99, 100, 127};
    for (size_t i = 0; i < AK_COUNT(refused); i++) {
        buf.len = 0;
        assert_int_equal(ak_entry_decode(foreign(refused[i], 1, &buf), &out), AK_E_UNSUPPORTED);
        assert_int_equal(out.type, 0);
    }
    static const uint64_t no_types[] = {0, 256, 65536};
    for (size_t i = 0; i < AK_COUNT(no_types); i++) {
        buf.len = 0;
        assert_int_equal(ak_entry_decode(foreign(no_types[i], 1, &buf), &out), AK_E_FORMAT);
    }
    buf.len = 0;
    assert_int_equal(ak_entry_decode(foreign(200, 2, &buf), &out), AK_E_UNSUPPORTED);
    buf.len = 0;
    assert_int_equal(ak_entry_decode(foreign(AK_ENTRY_CLOCK_STEPPED, 1, &buf), &out), AK_E_FORMAT);
}

/* Pairs of an entry, so that tests can drop, repeat and swap them. */
struct pairs {
    struct ak_span item[AK_F_COUNT_];
    size_t count;
};

static void take_pairs(struct ak_span entry, struct pairs *p)
{
    struct ak_reader reader = ak_reader(entry);
    p->count = (size_t)ak_cbor_map(&reader);
    for (size_t i = 0; i < p->count; i++) {
        const uint8_t *at = reader.ptr;
        (void)ak_cbor_uint(&reader);
        (void)ak_cbor_skip(&reader);
        p->item[i] = ak_span(at, (size_t)(reader.ptr - at));
    }
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

static enum ak_err decode_pairs(const struct pairs *p)
{
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_entry out;
    ak_cbor_put_map(&buf, p->count);
    for (size_t i = 0; i < p->count; i++) ak_buf_put(&buf, p->item[i]);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    return ak_entry_decode(ak_buf_span(&buf), &out);
}

/* Keys of PathActivated and MessageSigned that may be left out: request id, idempotency is a pair, the
 * optional fields. */
static bool may_lack(uint64_t key)
{
    return key == 8 || key == 39 || key == 17 || key == 18 || key == 21 || key == 22;
}

static void dropped_doubled_and_swapped_pairs_are_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    for (size_t i = 4; i <= 5; i++) {
        struct pairs p;
        take_pairs(f->entries[i], &p);
        assert_int_equal(decode_pairs(&p), AK_OK);
        for (size_t at = 0; at < p.count; at++) {
            struct pairs q = p;
            struct ak_reader reader = ak_reader(p.item[at]);
            uint64_t key = ak_cbor_uint(&reader);
            memmove(&q.item[at], &q.item[at + 1], (q.count - at - 1) * sizeof q.item[0]);
            q.count--;
            bool fine = may_lack(key) && !(i == 4 && (key == 17 || key == 18));
            assert_int_equal(decode_pairs(&q), fine ? AK_OK : AK_E_FORMAT);
            q = p;
            memmove(&q.item[at + 1], &q.item[at], (q.count - at) * sizeof q.item[0]);
            q.count++;
            assert_int_equal(decode_pairs(&q), AK_E_FORMAT);
            if (at + 1 == p.count) continue;
            q = p;
            q.item[at] = p.item[at + 1];
            q.item[at + 1] = p.item[at];
            assert_int_equal(decode_pairs(&q), AK_E_FORMAT);
        }
    }
}

/* I11: an account's chain is of the types that belong to accounts, and of all of those. */
static void chain_pairs_are_where_the_type_has_them(void **state)
{
    struct pairs p = {0}, of_account = {0}, without = {0};
    uint8_t bytes[2][AK_LIMIT_ENTRY] = {0};
    struct ak_buf clock_step = AK_BUF_ARR(bytes[0]), ended = AK_BUF_ARR(bytes[1]);
    struct ak_entry entry = fixture_greatest(ak_entry_type_info(AK_ENTRY_CLOCK_STEPPED), false);
    assert_int_equal(encode(*state, &entry, &clock_step), AK_OK);
    entry = fixture_greatest(ak_entry_type_info(AK_ENTRY_SESSION_ENDED), false);
    assert_int_equal(encode(*state, &entry, &ended), AK_OK);
    take_pairs(ak_buf_span(&clock_step), &p);
    take_pairs(ak_buf_span(&ended), &of_account);
    struct pairs with = {.count = p.count + 3};
    for (size_t i = 0; i < p.count; i++) with.item[i + (i > 2) + 2 * (i > 4)] = p.item[i];
    static const size_t chain[] = {3, 6, 7}; /* anchor, seq and prev_leaf: also their places */
    for (size_t i = 0; i < AK_COUNT(chain); i++) with.item[chain[i]] = of_account.item[chain[i]];
    assert_int_equal(decode_pairs(&p), AK_OK);
    assert_int_equal(decode_pairs(&with), AK_E_FORMAT);
    for (size_t i = 0; i < of_account.count; i++)
        if (i != 3 && i != 6 && i != 7) without.item[without.count++] = of_account.item[i];
    assert_int_equal(decode_pairs(&of_account), AK_OK);
    assert_int_equal(decode_pairs(&without), AK_E_FORMAT);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_round_trips),
        cmocka_unit_test(greatest_entries_fit),
        cmocka_unit_test(numbers_are_fixed),
        cmocka_unit_test(field_limits_hold),
        cmocka_unit_test(bad_structs_are_refused),
        cmocka_unit_test(full_memory_is_told),
        cmocka_unit_test(each_altered_byte_shows),
        cmocka_unit_test(cut_and_grown_entries_are_refused),
        cmocka_unit_test(mac_binds_predecessor_and_key),
        cmocka_unit_test(unknown_types_are_told_apart),
        cmocka_unit_test(dropped_doubled_and_swapped_pairs_are_refused),
        cmocka_unit_test(chain_pairs_are_where_the_type_has_them),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
