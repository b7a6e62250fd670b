/* Merkle proofs: made for a tree of small size and then altered as the input says, a proof is accepted
 * exactly where nothing was altered; and arbitrary numbers with arbitrary hashes are never accepted. */
#include "fuzz/fuzz.h"

#include "base/reader.h"
#include "core/ledger/merkle.h"

enum { LEAVES = 300 };

static uint8_t nodes[9][LEAVES][32];

static enum ak_err node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    (void)ctx;
    AK_FUZZ_CHECK(level < 9 && (index + 1) << level <= LEAVES);
    memcpy(out_hash, nodes[level][index], 32);
    return AK_OK;
}

static const struct ak_merkle_source source = {node, NULL};

static void make_tree(void)
{
    for (unsigned i = 0; i < LEAVES; i++) {
        uint8_t data[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        ak_merkle_leaf(AK_SPAN_ARR(data), nodes[0][i]);
    }
    for (unsigned level = 1; level < 9; level++)
        for (unsigned i = 0; (i + 1) << level <= LEAVES; i++)
            ak_merkle_node(nodes[level - 1][2 * i], nodes[level - 1][2 * i + 1], nodes[level][i]);
}

/* Turns bits of `bytes` by the input; true where any was turned. */
static bool turn(struct ak_reader *reader, uint8_t *bytes, size_t len)
{
    bool turned = false;
    for (size_t i = 0; i < len && reader->len > 0; i++) {
        uint8_t mask = ak_reader_u8(reader);
        bytes[i] ^= mask;
        turned |= mask != 0;
    }
    return turned;
}

/* Another count by the input's next byte (signed, small); true where it is another. */
static bool resize(struct ak_reader *reader, struct ak_merkle_proof *proof)
{
    int by = reader->len ? (int8_t)ak_reader_u8(reader) % 3 : 0;
    int count = (int)proof->count;
    if (count < -by) by = 0;
    for (int i = 0; i < by; i++) memset(proof->hashes[count + i], 1, 32);
    count += by;
    proof->count = (size_t)count;
    return by != 0;
}

static void check_inclusion(struct ak_reader *reader, uint64_t index, uint64_t size)
{
    struct ak_merkle_proof proof;
    uint8_t leaf[32];
    uint8_t root[32];
    AK_FUZZ_CHECK(ak_merkle_stored_root(&source, size, root) == AK_OK);
    AK_FUZZ_CHECK(ak_merkle_prove_inclusion(&source, index, size, &proof) == AK_OK);
    memcpy(leaf, nodes[0][index], 32);
    bool altered = resize(reader, &proof);
    altered |= turn(reader, root, 32);
    altered |= turn(reader, leaf, 32);
    altered |= turn(reader, proof.hashes[0], proof.count * 32);
    bool accepted = ak_merkle_verify_inclusion(leaf, index, size, &proof, root) == AK_OK;
    /* of a single leaf, which is the root, both may be turned alike */
    if (accepted && size == 1) return;
    AK_FUZZ_CHECK(accepted == !altered);
}

static void check_consistency(struct ak_reader *reader, uint64_t from, uint64_t to)
{
    struct ak_merkle_proof proof;
    uint8_t root_from[32];
    uint8_t root_to[32];
    AK_FUZZ_CHECK(ak_merkle_stored_root(&source, to, root_to) == AK_OK);
    AK_FUZZ_CHECK(ak_merkle_past_root(&source, from, to, root_to, root_from) == AK_OK);
    AK_FUZZ_CHECK(ak_merkle_prove_consistency(&source, from, to, &proof) == AK_OK);
    bool altered = resize(reader, &proof);
    altered |= turn(reader, root_from, 32);
    altered |= turn(reader, root_to, 32);
    altered |= turn(reader, proof.hashes[0], proof.count * 32);
    bool accepted = ak_merkle_verify_consistency(from, to, root_from, root_to, &proof) == AK_OK;
    /* of equal sizes the roots may be turned alike */
    if (accepted && from == to) return;
    AK_FUZZ_CHECK(accepted == !altered);
}

static void check_anything(struct ak_reader *reader)
{
    struct ak_merkle_proof proof = {.count = 0};
    uint64_t a = ak_reader_u64(reader);
    uint64_t b = ak_reader_u64(reader);
    uint8_t one[32];
    uint8_t two[32];
    ak_reader_copy(reader, one, 32);
    ak_reader_copy(reader, two, 32);
    if (memcmp(one, two, 32) == 0) return;
    while (reader->len >= 32 && proof.count < AK_MERKLE_PROOF_MAX)
        ak_reader_copy(reader, proof.hashes[proof.count++], 32);
    AK_FUZZ_CHECK(ak_merkle_verify_inclusion(one, a, b, &proof, two) != AK_OK);
    AK_FUZZ_CHECK(ak_merkle_verify_consistency(a, b, one, two, &proof) != AK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool made;
    if (!made) make_tree();
    made = true;
    struct ak_reader reader = ak_reader(ak_span(data, len));
    uint8_t mode = ak_reader_u8(&reader) % 3;
    if (mode == 2) {
        check_anything(&reader);
        return 0;
    }
    uint64_t size = 1 + ak_reader_u16(&reader) % LEAVES;
    uint64_t place = ak_reader_u16(&reader) % size;
    if (mode == 0)
        check_inclusion(&reader, place, size);
    else
        check_consistency(&reader, place + 1, size);
    return 0;
}
