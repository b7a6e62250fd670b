/* Keccak-f[1600] over 64-bit lanes in plain C, and the sponge with rate 136 and padding 0x01. The lanes of a
 * round go by name, so that the compiler keeps them in registers. */
#include "base/crypto/keccak.h"

enum { LANES = 25, RATE = 136, ROUNDS = 24 };

static const uint64_t round_constants[ROUNDS] = {0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a, 0x000000008000808b,
    0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001,
    0x8000000080008008};

static inline uint64_t rol(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* One output row of rho, pi and chi: five rotated lanes, then the only non-linear step. */
static inline void chi(uint64_t *out, uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3, uint64_t b4)
{
    out[0] = b0 ^ (~b1 & b2);
    out[1] = b1 ^ (~b2 & b3);
    out[2] = b2 ^ (~b3 & b4);
    out[3] = b3 ^ (~b4 & b0);
    out[4] = b4 ^ (~b0 & b1);
}

static inline void one_round(const uint64_t a[LANES], uint64_t e[LANES], uint64_t constant)
{
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    uint64_t d0 = c4 ^ rol(c1, 1), d1 = c0 ^ rol(c2, 1), d2 = c1 ^ rol(c3, 1);
    uint64_t d3 = c2 ^ rol(c4, 1), d4 = c3 ^ rol(c0, 1);
    chi(e, a[0] ^ d0, rol(a[6] ^ d1, 44), rol(a[12] ^ d2, 43), rol(a[18] ^ d3, 21), rol(a[24] ^ d4, 14));
    chi(e + 5, rol(a[3] ^ d3, 28), rol(a[9] ^ d4, 20), rol(a[10] ^ d0, 3), rol(a[16] ^ d1, 45),
        rol(a[22] ^ d2, 61));
    chi(e + 10, rol(a[1] ^ d1, 1), rol(a[7] ^ d2, 6), rol(a[13] ^ d3, 25), rol(a[19] ^ d4, 8),
        rol(a[20] ^ d0, 18));
    chi(e + 15, rol(a[4] ^ d4, 27), rol(a[5] ^ d0, 36), rol(a[11] ^ d1, 10), rol(a[17] ^ d2, 15),
        rol(a[23] ^ d3, 56));
    chi(e + 20, rol(a[2] ^ d2, 62), rol(a[8] ^ d3, 55), rol(a[14] ^ d4, 39), rol(a[15] ^ d0, 41),
        rol(a[21] ^ d1, 2));
    e[0] ^= constant;
}

static void permute(uint64_t a[LANES])
{
    uint64_t e[LANES];
    for (int r = 0; r < ROUNDS; r += 2) {
        one_round(a, e, round_constants[r]);
        one_round(e, a, round_constants[r + 1]);
    }
}

static uint64_t load_le64(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--) x = x << 8 | p[i];
    return x;
}

static void absorb_block(uint64_t lanes[LANES], const uint8_t block[RATE])
{
    for (int i = 0; i < RATE / 8; i++) lanes[i] ^= load_le64(block + 8 * i);
    permute(lanes);
}

/* The sponge while it takes input: `block` holds the first `fill` bytes of the next block. */
struct sponge {
    uint64_t lanes[LANES];
    uint8_t block[RATE];
    size_t fill;
};

static void absorb(struct sponge *s, struct ak_span in)
{
    while (in.len > 0) {
        if (s->fill == 0 && in.len >= RATE) {
            absorb_block(s->lanes, in.ptr);
            in = ak_span(in.ptr + RATE, in.len - RATE);
            continue;
        }
        size_t take = in.len < RATE - s->fill ? in.len : RATE - s->fill;
        memcpy(s->block + s->fill, in.ptr, take);
        s->fill += take;
        in = ak_span(in.ptr + take, in.len - take);
        if (s->fill == RATE) {
            absorb_block(s->lanes, s->block);
            s->fill = 0;
        }
    }
}

void ak_keccak256_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[32])
{
    struct sponge s;
    memset(s.lanes, 0, sizeof s.lanes);
    s.fill = 0;
    for (size_t i = 0; i < count; i++) absorb(&s, parts[i]);
    memset(s.block + s.fill, 0, RATE - s.fill);
    s.block[s.fill] ^= 0x01;
    s.block[RATE - 1] ^= 0x80;
    absorb_block(s.lanes, s.block);
    for (int i = 0; i < 32; i++) out_digest[i] = (uint8_t)(s.lanes[i / 8] >> (8 * (i % 8)));
}

void ak_keccak256(struct ak_span in, uint8_t out_digest[32])
{
    ak_keccak256_parts(&in, 1, out_digest);
}
