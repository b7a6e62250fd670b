/* A set of 3-of-5 shares from fixed bytes, for tests. */
#ifndef AK_TESTS_UNIT_RECOVERY_SHARE_FIXTURE_H
#define AK_TESTS_UNIT_RECOVERY_SHARE_FIXTURE_H

#include "unit/check.h"

#include "core/recovery/share.h"

static struct ak_share_set share_set;
static struct ak_share shares[AK_SHARE_HOLDERS_MAX];
static uint8_t share_secret[AK_SHARE_SECRET_MAX];
static size_t share_secret_len;

static inline void share_name(size_t i, const char *name)
{
    share_set.holders[i].name_len = (uint8_t)strlen(name);
    memcpy(share_set.holders[i].name, name, strlen(name));
}

/* One root: version 1, ak1, 32 times 5e. `salt` makes another set of the same worker. */
static inline enum ak_err share_make(uint8_t worker, uint8_t m, uint8_t n, uint8_t salt)
{
    static const char *const names[] = {"Ada", "Bob", "Carol", "Dan", "Eve"};
    static uint8_t random[15 * AK_SHARE_SECRET_MAX];
    struct ak_seal_state state = {.root_count = 1};
    struct ak_buf secret = AK_BUF_ARR(share_secret);
    state.roots[0].version = 1;
    state.roots[0].suite = AK_SEAL_ROOT_AK1;
    memset(state.roots[0].secret.bytes, 0x5e, 32);
    assert_int_equal(ak_share_secret_put(&state, &secret), AK_OK);
    share_secret_len = secret.len;
    memset(&share_set, 0, sizeof share_set);
    memset(share_set.worker_id, worker, 16);
    share_set.m = m;
    share_set.n = n;
    for (size_t i = 0; i < n && i < AK_SHARE_HOLDERS_MAX; i++) share_name(i, names[i % 5]);
    memcpy(share_set.trust, "\xa3\x00\x01\x02\x01\x03\x01", 7);
    share_set.trust_len = 7;
    for (size_t i = 0; i < sizeof random; i++) random[i] = (uint8_t)(i * 7 + salt);
    return ak_share_make(
        &share_set, ak_buf_span(&secret), ak_span(random, (size_t)(m - 1) * secret.len), shares);
}

static inline size_t share_encode(const struct ak_share *share, uint8_t *out)
{
    struct ak_buf buf = ak_buf(out, AK_SHARE_LEN_MAX);
    assert_int_equal(ak_share_encode(share, &buf), AK_OK);
    return buf.len;
}

#endif
