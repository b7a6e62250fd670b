/* inclusion-proof-size: the longest inclusion proof in a ledger of 10^6 entries, as hashes and as the whole
 * JSON answer of GET /v1/ledger/proof/inclusion. usage: inclusion-proof-size BUILD */
#include <stdlib.h>
#include <string.h>

#include "base/codec/hex.h"
#include "bench/common/bench.h"
#include "core/ledger/merkle.h"
#include "core/wire/msg_ledger.h"

enum { ENTRIES = 1000000, TRIED = 1000, LEVELS = 21 };

/* All complete subtrees, a row a level. */
static uint8_t (*rows[LEVELS])[32];

static enum ak_err node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    (void)ctx;
    if (level >= LEVELS || index >= (uint64_t)ENTRIES >> level) return AK_E_NOT_FOUND;
    memcpy(out_hash, rows[level][index], 32);
    return AK_OK;
}

static void make_tree(void)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        size_t count = (size_t)ENTRIES >> level;
        rows[level] = calloc(count + 1, 32);
        bench_must(rows[level] != NULL, "memory");
        for (size_t i = 0; i < count; i++) {
            if (level)
                ak_merkle_node(rows[level - 1][2 * i], rows[level - 1][2 * i + 1], rows[level][i]);
            else
                ak_merkle_leaf(ak_span(&i, sizeof i), rows[0][i]);
        }
    }
}

static size_t json_len(uint64_t index, const struct ak_merkle_proof *proof)
{
    static uint8_t text_bytes[8192], body_bytes[8192], json_bytes[8192];
    struct ak_buf text = AK_BUF_ARR(text_bytes), body = AK_BUF_ARR(body_bytes), json = AK_BUF_ARR(json_bytes);
    for (size_t i = 0; i < proof->count; i++) {
        if (i) ak_buf_put_u8(&text, ',');
        ak_hex_encode(&text, AK_SPAN_ARR(proof->hashes[i]));
    }
    struct ak_msg_inclusion_reply reply = {.index = index, .size = ENTRIES, .proof = ak_buf_span(&text)};
    memcpy(reply.leaf_hash, rows[0][index], 32);
    bench_must(ak_msg_encode(&ak_inclusion_reply_msg, &reply, &body) == AK_OK &&
                   ak_msg_to_json(&ak_inclusion_reply_msg, ak_buf_span(&body), false, &json) == AK_OK,
        "reply");
    return json.len;
}

int main(int argc, char **argv)
{
    struct ak_merkle_source source = {node, NULL};
    struct ak_merkle_frontier tree;
    struct ak_merkle_proof proof;
    uint8_t root[32];
    size_t longest = 0, json = 0;
    (void)argc;
    (void)argv;
    bench_name("inclusion-proof-size");
    make_tree();
    ak_merkle_frontier_init(&tree);
    for (size_t i = 0; i < ENTRIES; i++) ak_merkle_append(&tree, rows[0][i], NULL);
    ak_merkle_root(&tree, root);
    for (uint64_t i = 0; i < TRIED; i++) {
        uint64_t index = i * (ENTRIES / TRIED);
        bench_must(ak_merkle_prove_inclusion(&source, index, ENTRIES, &proof) == AK_OK &&
                       ak_merkle_verify_inclusion(rows[0][index], index, ENTRIES, &proof, root) == AK_OK,
            "proof");
        if (proof.count > longest) longest = proof.count;
        size_t len = json_len(index, &proof);
        if (len > json) json = len;
    }
    bench_figure("inclusion-proof-size", (double)longest * 32, 1024, (double)longest * 32 / 1024, "bytes",
        "%zu hashes, the longest of %d proofs in 10^6 entries; the whole JSON answer has %zu bytes; want < "
        "1024",
        longest, TRIED, json);
    return 0;
}
