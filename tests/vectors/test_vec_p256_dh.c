/* ECDH on P-256: Wycheproof. "acceptable" there are encodings of a key that nobody should send, which are
 * refused but for points that are compressed. */
#include "vectors/vec.h"

#include "base/crypto/p256_dh.h"

/* Private keys stand there as integers: shorter ones, and longer ones with a zero before them. */
static void take_scalar(const json_t *test, struct ak_secret32 *out_scalar)
{
    uint8_t mem[VEC_BYTES_MAX];
    struct ak_span bytes = vec_hex(test, "private", mem);
    while (bytes.len > 32) bytes = ak_span_sub(bytes, 1, bytes.len);
    memset(out_scalar->bytes, 0, 32);
    memcpy(out_scalar->bytes + 32 - bytes.len, bytes.ptr, bytes.len);
}

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    (void)group;
    uint8_t mem[VEC_BYTES_MAX], want[32];
    struct ak_pubkey peer;
    struct ak_secret32 scalar, x;
    take_scalar(test, &scalar);
    enum ak_err err = ak_pubkey_from_spki(vec_hex(test, "public", mem), &peer);
    if (!err) err = ak_p256_dh(&scalar, &peer, &x);
    if (err) {
        assert_false(vec_is(test, "result", "valid"));
        count->refused++;
    } else {
        assert_false(vec_is(test, "result", "invalid"));
        vec_hex_exact(test, "shared", want, 32);
        assert_memory_equal(x.bytes, want, 32);
        count->accepted++;
    }
    ak_pubkey_done(&peer);
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("ecdh_secp256r1", count);
    assert_true(count.accepted >= 330 && count.refused >= 50);
}

VEC_MAIN("wycheproof/ecdh_secp256r1_test.json", wycheproof)
