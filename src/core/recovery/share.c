#include "core/recovery/share.h"

#include "base/codec/cbor.h"
#include "base/codec/utf8.h"
#include "base/crypto/sha256.h"
#include "base/ct.h"

enum { KEY_VERSION, KEY_WORKER, KEY_M, KEY_HOLDERS, KEY_TRUST, KEY_X, KEY_BYTES, KEYS };
enum { PUBLIC_KEYS = KEY_X };

static void share_done(struct ak_share *share)
{
    ak_wipe(share, sizeof *share);
}

struct ak_span ak_share_holder(const struct ak_share *share)
{
    const struct ak_share_holder *holder = &share->set.holders[share->x - 1];
    return ak_span(holder->name, holder->name_len);
}

/* ---- the roots as bytes ---- */

enum ak_err ak_share_secret_put(const struct ak_seal_state *state, struct ak_buf *out_secret)
{
    ak_buf_put_u8(out_secret, (uint8_t)state->root_count);
    for (size_t i = 0; i < state->root_count; i++) {
        ak_buf_put_u32(out_secret, state->roots[i].version);
        ak_buf_put_u8(out_secret, state->roots[i].suite);
        ak_buf_put(out_secret, AK_SPAN_ARR(state->roots[i].secret.bytes));
    }
    return ak_buf_check(out_secret);
}

static enum ak_err read_roots(struct ak_reader *reader, struct ak_seal_state *state)
{
    size_t count = ak_reader_u8(reader);
    if (count == 0 || count > AK_SEAL_ROOTS_MAX) return AK_E_FORMAT;
    for (size_t i = 0; i < count; i++) {
        struct ak_seal_root *root = &state->roots[i];
        root->version = ak_reader_u32(reader);
        root->suite = ak_reader_u8(reader);
        ak_reader_copy(reader, root->secret.bytes, sizeof root->secret.bytes);
        if (root->version <= (i ? state->roots[i - 1].version : 0)) return AK_E_MEANING;
        if (root->suite != AK_SEAL_ROOT_AK1 && root->suite != AK_SEAL_ROOT_SIGNER_V0) return AK_E_MEANING;
    }
    state->root_count = count;
    return ak_reader_finish(reader);
}

enum ak_err ak_share_secret_read(struct ak_span secret, struct ak_seal_state *out_state)
{
    struct ak_reader reader = ak_reader(secret);
    enum ak_err err = read_roots(&reader, out_state);
    if (!err) return AK_OK;
    ak_wipe(out_state->roots, sizeof out_state->roots);
    out_state->root_count = 0;
    return err;
}

/* ---- the set ---- */

static enum ak_err check_name(const struct ak_share_holder *holder)
{
    if (holder->name_len == 0 || holder->name_len > AK_SHARE_HOLDER_MAX) return AK_E_FORMAT;
    for (size_t i = 0; i < holder->name_len; i++)
        if (holder->name[i] < 0x20 || holder->name[i] == 0x7f) return AK_E_FORMAT;
    return ak_utf8_validate(ak_span(holder->name, holder->name_len));
}

/* That of the share with number x. */
static void commit(const struct ak_share *share, uint8_t out_commitment[32])
{
    struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-share-v1:"), AK_SPAN_ARR(share->set.worker_id),
        ak_span(&share->x, 1), ak_span(share->bytes, share->len)};
    ak_sha256_parts(parts, AK_COUNT(parts), out_commitment);
}

static void put_public(const struct ak_share_set *set, struct ak_buf *buf)
{
    ak_cbor_put_uint(buf, KEY_VERSION);
    ak_cbor_put_uint(buf, AK_SHARE_VERSION);
    ak_cbor_put_uint(buf, KEY_WORKER);
    ak_cbor_put_bytes(buf, AK_SPAN_ARR(set->worker_id));
    ak_cbor_put_uint(buf, KEY_M);
    ak_cbor_put_uint(buf, set->m);
    ak_cbor_put_uint(buf, KEY_HOLDERS);
    ak_cbor_put_array(buf, set->n);
    for (size_t i = 0; i < set->n; i++) {
        ak_cbor_put_array(buf, 2);
        ak_cbor_put_text(buf, ak_span(set->holders[i].name, set->holders[i].name_len));
        ak_cbor_put_bytes(buf, AK_SPAN_ARR(set->holders[i].commitment));
    }
    ak_cbor_put_uint(buf, KEY_TRUST);
    ak_cbor_put_bytes(buf, ak_span(set->trust, set->trust_len));
}

static enum ak_err name_set(const struct ak_share_set *set, uint8_t out_id[32])
{
    uint8_t memory[AK_SHARE_LEN_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_cbor_put_map(&buf, PUBLIC_KEYS);
    put_public(set, &buf);
    AK_TRY(ak_buf_check(&buf));
    struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-share-set-v1:"), ak_buf_span(&buf)};
    ak_sha256_parts(parts, AK_COUNT(parts), out_id);
    return AK_OK;
}

static enum ak_err split(
    const struct ak_share_set *set, struct ak_span secret, struct ak_span random, struct ak_share *out_shares)
{
    uint8_t all[AK_SHARE_HOLDERS_MAX * AK_SHARE_SECRET_MAX];
    enum ak_err err = ak_shamir_split(secret, set->m, set->n, random, all);
    for (size_t i = 0; !err && i < set->n; i++) {
        out_shares[i].x = (uint8_t)(i + 1);
        out_shares[i].len = secret.len;
        memcpy(out_shares[i].bytes, all + i * secret.len, secret.len);
    }
    ak_wipe(all, sizeof all);
    return err;
}

enum ak_err ak_share_make(
    struct ak_share_set *set, struct ak_span secret, struct ak_span random, struct ak_share *out_shares)
{
    if (secret.len > AK_SHARE_SECRET_MAX || set->n > AK_SHARE_HOLDERS_MAX) return AK_E_LIMIT;
    for (size_t i = 0; i < set->n; i++) AK_TRY(check_name(&set->holders[i]));
    memset(out_shares, 0, set->n * sizeof *out_shares);
    AK_TRY(split(set, secret, random, out_shares));
    for (size_t i = 0; i < set->n; i++) {
        memcpy(out_shares[i].set.worker_id, set->worker_id, sizeof set->worker_id);
        commit(&out_shares[i], set->holders[i].commitment);
    }
    for (size_t i = 0; i < set->n; i++) {
        out_shares[i].set = *set;
        AK_TRY(name_set(set, out_shares[i].set_id));
    }
    return AK_OK;
}

/* ---- one share ---- */

enum ak_err ak_share_encode(const struct ak_share *share, struct ak_buf *out_bytes)
{
    ak_cbor_put_map(out_bytes, KEYS);
    put_public(&share->set, out_bytes);
    ak_cbor_put_uint(out_bytes, KEY_X);
    ak_cbor_put_uint(out_bytes, share->x);
    ak_cbor_put_uint(out_bytes, KEY_BYTES);
    ak_cbor_put_bytes(out_bytes, ak_span(share->bytes, share->len));
    return ak_buf_check(out_bytes);
}

/* The next item's key is `key`. */
static bool at(struct ak_reader *reader, uint64_t key)
{
    return ak_cbor_uint(reader) == key && !reader->failed;
}

/* `max` bytes at most, one at least. */
static enum ak_err read_bytes(struct ak_reader *reader, uint8_t *out, size_t max, size_t *out_len)
{
    struct ak_span bytes = ak_cbor_bytes(reader);
    if (reader->failed || bytes.len == 0) return AK_E_FORMAT;
    if (bytes.len > max) return AK_E_LIMIT;
    memcpy(out, bytes.ptr, bytes.len);
    *out_len = bytes.len;
    return AK_OK;
}

static enum ak_err read_holder(struct ak_reader *reader, struct ak_share_holder *out)
{
    if (ak_cbor_array(reader) != 2) return AK_E_FORMAT;
    struct ak_span name = ak_cbor_text(reader);
    if (name.len > AK_SHARE_HOLDER_MAX) return AK_E_LIMIT;
    out->name_len = (uint8_t)name.len;
    if (name.len) memcpy(out->name, name.ptr, name.len);
    ak_cbor_bytes_fixed(reader, out->commitment, sizeof out->commitment);
    return reader->failed ? AK_E_FORMAT : check_name(out);
}

static enum ak_err read_set(struct ak_reader *reader, struct ak_share_set *set)
{
    if (!at(reader, KEY_WORKER)) return AK_E_FORMAT;
    ak_cbor_bytes_fixed(reader, set->worker_id, sizeof set->worker_id);
    if (!at(reader, KEY_M)) return AK_E_FORMAT;
    uint64_t m = ak_cbor_uint(reader);
    if (!at(reader, KEY_HOLDERS)) return AK_E_FORMAT;
    uint64_t n = ak_cbor_array(reader);
    if (reader->failed) return AK_E_FORMAT;
    if (m < 2 || m > n || n > AK_SHARE_HOLDERS_MAX) return AK_E_LIMIT;
    set->m = (uint8_t)m;
    set->n = (uint8_t)n;
    for (size_t i = 0; i < n; i++) AK_TRY(read_holder(reader, &set->holders[i]));
    if (!at(reader, KEY_TRUST)) return AK_E_FORMAT;
    return read_bytes(reader, set->trust, sizeof set->trust, &set->trust_len);
}

static enum ak_err check_share(const struct ak_share *share)
{
    uint8_t commitment[32];
    if (ak_ct_is_zero(ak_span(share->bytes, share->len))) return AK_E_MEANING;
    commit(share, commitment);
    const uint8_t *expected = share->set.holders[share->x - 1].commitment;
    return ak_ct_eq(AK_SPAN_ARR(commitment), ak_span(expected, 32)) ? AK_OK : AK_E_AUTH;
}

static enum ak_err read_share(struct ak_reader *reader, struct ak_share *out)
{
    if (ak_cbor_map(reader) != KEYS || !at(reader, KEY_VERSION)) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(reader);
    if (reader->failed) return AK_E_FORMAT;
    if (version != AK_SHARE_VERSION) return AK_E_UNSUPPORTED;
    AK_TRY(read_set(reader, &out->set));
    if (!at(reader, KEY_X)) return AK_E_FORMAT;
    uint64_t x = ak_cbor_uint(reader);
    if (!at(reader, KEY_BYTES)) return AK_E_FORMAT;
    AK_TRY(read_bytes(reader, out->bytes, sizeof out->bytes, &out->len));
    AK_TRY(ak_reader_finish(reader));
    if (x == 0 || x > out->set.n) return AK_E_MEANING;
    out->x = (uint8_t)x;
    AK_TRY(name_set(&out->set, out->set_id));
    return check_share(out);
}

enum ak_err ak_share_parse(struct ak_span bytes, struct ak_share *out_share)
{
    struct ak_reader reader = ak_reader(bytes);
    memset(out_share, 0, sizeof *out_share);
    enum ak_err err = bytes.len > AK_SHARE_LEN_MAX ? AK_E_LIMIT : read_share(&reader, out_share);
    if (err) share_done(out_share);
    return err;
}

/* ---- together ---- */

enum ak_share_fit ak_share_fits(const struct ak_share *shares, size_t count, const struct ak_share *next)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(shares[i].set.worker_id, next->set.worker_id, 16) != 0) return AK_SHARE_FOREIGN;
        if (memcmp(shares[i].set_id, next->set_id, 32) != 0) return AK_SHARE_OTHER_SET;
        if (shares[i].x == next->x) return AK_SHARE_TWICE;
    }
    return AK_SHARE_FITS;
}

enum ak_err ak_share_combine(const struct ak_share *shares, size_t count, struct ak_seal_state *out_state)
{
    uint8_t x[AK_SHARE_HOLDERS_MAX], secret[AK_SHARE_SECRET_MAX];
    const uint8_t *bytes[AK_SHARE_HOLDERS_MAX];
    if (count == 0 || count < shares[0].set.m) return AK_E_STATE;
    size_t len = shares[0].len, m = shares[0].set.m;
    for (size_t i = 0; i < m; i++) {
        if (shares[i].len != len) return AK_E_AUTH;
        x[i] = shares[i].x;
        bytes[i] = shares[i].bytes;
    }
    enum ak_err err = ak_shamir_combine(x, bytes, m, len, secret);
    if (!err && ak_share_secret_read(ak_span(secret, len), out_state) != AK_OK) err = AK_E_AUTH;
    ak_wipe(secret, sizeof secret);
    return err;
}
