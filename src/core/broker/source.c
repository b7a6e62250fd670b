/* Parsing of addresses and networks, and the walk from the right. */
#include "core/broker/source.h"

#include "base/num.h"

enum { GROUPS = 8, BITS = 128, CUSTOMER_BYTES = 8, NETWORK_BYTES = 6, NETWORK_V4_BYTES = 15 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static struct ak_span trim(struct ak_span text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) text = ak_span_sub(text, 1, text.len);
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
    return text;
}

/* Four decimal numbers without leading zeros. spec: RFC 3986 3.2.2 */
static enum ak_err parse_v4(struct ak_span text, uint8_t out_bytes[4])
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t number = 0;
        size_t dot = ak_span_find(text, 0, '.');
        if ((i < 3) != (dot < text.len)) return AK_E_FORMAT;
        if (ak_num_parse_u64(ak_span_sub(text, 0, dot), 255, &number) != AK_OK) return AK_E_FORMAT;
        out_bytes[i] = (uint8_t)number;
        text = ak_span_sub(text, dot + 1, text.len);
    }
    return AK_OK;
}

static bool parse_group(struct ak_span text, uint16_t *out_group)
{
    uint32_t value = 0;
    if (text.len == 0 || text.len > 4) return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i] | 0x20;
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (!digit && (c < 'a' || c > 'f')) return false;
        value = value << 4 | (uint32_t)(digit ? text.ptr[i] - '0' : c - 'a' + 10);
    }
    *out_group = (uint16_t)value;
    return true;
}

/* The groups of one side of "::", an IPv4 tail counting as two. */
static enum ak_err parse_side(struct ak_span text, uint16_t *groups, size_t *out_count)
{
    *out_count = 0;
    while (text.len) {
        size_t colon = ak_span_find(text, 0, ':');
        struct ak_span word = ak_span_sub(text, 0, colon);
        uint8_t v4[4];
        if (colon == text.len && *out_count <= GROUPS - 2 && parse_v4(word, v4) == AK_OK) {
            groups[(*out_count)++] = (uint16_t)(v4[0] << 8 | v4[1]);
            groups[(*out_count)++] = (uint16_t)(v4[2] << 8 | v4[3]);
            return AK_OK;
        }
        if (*out_count >= GROUPS || !parse_group(word, &groups[*out_count])) return AK_E_FORMAT;
        ++*out_count;
        if (colon + 1 == text.len) return AK_E_FORMAT; /* ends in a single colon */
        text = ak_span_sub(text, colon + 1, text.len);
    }
    return AK_OK;
}

static size_t find_gap(struct ak_span text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == ':' && text.ptr[i + 1] == ':') return i;
    return text.len;
}

/* spec: RFC 4291 2.2 */
static enum ak_err parse_v6(struct ak_span text, uint8_t out_bytes[16])
{
    uint16_t head[GROUPS], tail[GROUPS];
    size_t gap = find_gap(text), heads = 0, tails = 0;
    bool has_gap = gap < text.len;
    AK_TRY(parse_side(ak_span_sub(text, 0, gap), head, &heads));
    if (has_gap) AK_TRY(parse_side(ak_span_sub(text, gap + 2, text.len), tail, &tails));
    if (has_gap ? heads + tails > GROUPS - 1 : heads != GROUPS) return AK_E_FORMAT;
    memset(out_bytes, 0, 16);
    for (size_t i = 0; i < heads + tails; i++) {
        size_t place = i < heads ? i : GROUPS - tails + (i - heads);
        uint16_t group = i < heads ? head[i] : tail[i - heads];
        out_bytes[2 * place] = (uint8_t)(group >> 8);
        out_bytes[2 * place + 1] = (uint8_t)group;
    }
    return AK_OK;
}

enum ak_err ak_source_parse(struct ak_span text, struct ak_source *out_source)
{
    struct ak_source source = {0};
    enum ak_err err;
    memset(out_source, 0, sizeof *out_source);
    if (ak_span_find(text, 0, ':') < text.len) {
        err = parse_v6(text, source.address);
    } else {
        memcpy(source.address, mapped, sizeof mapped);
        err = parse_v4(text, source.address + sizeof mapped);
    }
    if (err == AK_OK) *out_source = source;
    return err;
}

struct ak_source ak_source_of(const uint8_t *address, size_t len)
{
    struct ak_source source = {0};
    if (len == 4) memcpy(source.address, mapped, sizeof mapped);
    if (len == 4) memcpy(source.address + sizeof mapped, address, 4);
    if (len == 16) memcpy(source.address, address, 16);
    return source;
}

static bool is_v4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof mapped) == 0;
}

static enum ak_err parse_net(struct ak_span word, struct ak_source_net *out_net)
{
    struct ak_source address;
    size_t slash = ak_span_find(word, 0, '/');
    AK_TRY(ak_source_parse(ak_span_sub(word, 0, slash), &address));
    uint64_t most = is_v4(address.address) ? 32 : BITS, bits = most;
    if (slash < word.len && ak_num_parse_u64(ak_span_sub(word, slash + 1, word.len), most, &bits) != AK_OK)
        return AK_E_FORMAT;
    memcpy(out_net->address, address.address, sizeof out_net->address);
    out_net->bits = (uint8_t)(bits + (BITS - most));
    return AK_OK;
}

enum ak_err ak_source_nets_parse(struct ak_span text, struct ak_source_nets *out_nets)
{
    memset(out_nets, 0, sizeof *out_nets);
    struct ak_source_nets nets = {0};
    while (trim(text).len) {
        size_t comma = ak_span_find(text, 0, ',');
        struct ak_span word = trim(ak_span_sub(text, 0, comma));
        if (ak_span_eq(word, AK_SPAN_LIT("unix"))) {
            nets.unix_peers = true;
        } else {
            if (nets.count == AK_SOURCE_NETS_MAX) return AK_E_LIMIT;
            AK_TRY(parse_net(word, &nets.nets[nets.count++]));
        }
        text = ak_span_sub(text, comma < text.len ? comma + 1 : comma, text.len);
    }
    *out_nets = nets;
    return AK_OK;
}

static bool is_in(const struct ak_source_net *net, const struct ak_source *source)
{
    size_t bytes = net->bits / 8;
    if (memcmp(net->address, source->address, bytes) != 0) return false;
    if (net->bits % 8 == 0) return true;
    uint8_t mask = (uint8_t)(0xff00 >> (net->bits % 8));
    return (net->address[bytes] & mask) == (source->address[bytes] & mask);
}

static bool is_trusted(const struct ak_source_nets *nets, const struct ak_source *source)
{
    static const struct ak_source none;
    if (memcmp(source, &none, sizeof none) == 0) return nets->unix_peers;
    for (size_t i = 0; i < nets->count; i++)
        if (is_in(&nets->nets[i], source)) return true;
    return false;
}

struct ak_source ak_source_network(const struct ak_source *source)
{
    struct ak_source network = *source;
    size_t kept = is_v4(source->address) ? NETWORK_V4_BYTES : NETWORK_BYTES;
    memset(network.address + kept, 0, sizeof network.address - kept);
    return network;
}

static struct ak_source as_customer(struct ak_source source)
{
    if (!is_v4(source.address))
        memset(source.address + CUSTOMER_BYTES, 0, sizeof source.address - CUSTOMER_BYTES);
    return source;
}

enum ak_err ak_source_decide(const struct ak_source_nets *nets, const struct ak_source *peer,
    struct ak_span forwarded, struct ak_source *out_source)
{
    struct ak_source source = *peer;
    memset(out_source, 0, sizeof *out_source);
    while (forwarded.len && is_trusted(nets, &source)) {
        size_t from = forwarded.len;
        while (from > 0 && forwarded.ptr[from - 1] != ',') from--;
        AK_TRY(ak_source_parse(trim(ak_span_sub(forwarded, from, forwarded.len)), &source));
        forwarded.len = from ? from - 1 : 0;
    }
    *out_source = as_customer(source);
    return AK_OK;
}
