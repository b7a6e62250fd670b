/* What evidence is made for: the binding of one connection, and the tree over those that share a report. */
#include "base/assert.h"
#include "base/crypto/sha256.h"
#include "base/crypto/sha512.h"
#include "core/attest/channel.h"

void ak_channel_bind(
    const struct ak_channel_binding *binding, struct ak_span claims, uint8_t out_rd[AK_CHANNEL_RD_LEN])
{
    static const char label[] = "agentkeys attest v1"; /* with its zero */
    uint8_t claims_hash[AK_SHA256_LEN];
    ak_sha256(claims, claims_hash);
    const struct ak_span parts[] = {AK_SPAN_ARR(label), ak_span(&binding->role, 1),
        AK_SPAN_ARR(binding->nonce), AK_SPAN_ARR(binding->worker), AK_SPAN_ARR(binding->client),
        AK_SPAN_ARR(binding->exporter), AK_SPAN_ARR(claims_hash)};
    ak_sha512_parts(parts, AK_COUNT(parts), out_rd);
}

static void leaf_hash(const uint8_t rd[64], uint8_t out_node[64])
{
    static const uint8_t prefix = 0;
    const struct ak_span parts[] = {ak_span(&prefix, 1), ak_span(rd, 64)};
    ak_sha512_parts(parts, AK_COUNT(parts), out_node);
}

/* `out_node` may be one of the two. */
static void node_hash(const uint8_t left[64], const uint8_t right[64], uint8_t out_node[64])
{
    static const uint8_t prefix = 1;
    const struct ak_span parts[] = {ak_span(&prefix, 1), ak_span(left, 64), ak_span(right, 64)};
    ak_sha512_parts(parts, AK_COUNT(parts), out_node);
}

/* Parents go behind their level; an odd last node goes up as it is. */
void ak_channel_tree(uint8_t (*nodes)[AK_CHANNEL_RD_LEN], size_t count, uint8_t out_root[AK_CHANNEL_RD_LEN])
{
    ak_assert(count >= 1 && count <= AK_CHANNEL_TREE_MAX);
    for (size_t i = 0; i < count; i++) leaf_hash(nodes[i], nodes[i]);
    for (; count > 1; count = (count + 1) / 2) {
        uint8_t(*above)[AK_CHANNEL_RD_LEN] = nodes + count;
        for (size_t i = 0; i < count / 2; i++) node_hash(nodes[2 * i], nodes[2 * i + 1], above[i]);
        if (count % 2 == 1) memcpy(above[count / 2], nodes[count - 1], AK_CHANNEL_RD_LEN);
        nodes = above;
    }
    memcpy(out_root, nodes[0], AK_CHANNEL_RD_LEN);
}

void ak_channel_tree_path(
    uint8_t (*nodes)[AK_CHANNEL_RD_LEN], size_t count, size_t index, struct ak_buf *out_path)
{
    ak_assert(count >= 1 && count <= AK_CHANNEL_TREE_MAX && index < count);
    for (; count > 1; count = (count + 1) / 2, index /= 2) {
        if ((index ^ 1) < count) ak_buf_put(out_path, ak_span(nodes[index ^ 1], AK_CHANNEL_RD_LEN));
        nodes += count;
    }
}

enum ak_err ak_channel_climb(const uint8_t rd[AK_CHANNEL_RD_LEN], uint64_t index, uint64_t count,
    struct ak_span path, uint8_t out_root[AK_CHANNEL_RD_LEN])
{
    memset(out_root, 0, AK_CHANNEL_RD_LEN);
    if (count < 1 || count > AK_CHANNEL_TREE_MAX || index >= count) return AK_E_LIMIT;
    uint8_t node[AK_CHANNEL_RD_LEN];
    leaf_hash(rd, node);
    for (; count > 1; index /= 2, count = (count + 1) / 2) {
        if ((index ^ 1) >= count) continue; /* the odd last one */
        if (path.len < sizeof node) return AK_E_FORMAT;
        if (index % 2 == 1)
            node_hash(path.ptr, node, node);
        else
            node_hash(node, path.ptr, node);
        path = ak_span_sub(path, sizeof node, path.len);
    }
    if (path.len != 0) return AK_E_FORMAT;
    memcpy(out_root, node, sizeof node);
    return AK_OK;
}
