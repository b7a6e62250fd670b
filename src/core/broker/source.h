/* Whose request it is, for limits: the peer's address, or what a trusted proxy says of it. X-Forwarded-For
 * is a list that every hop appends to and that the first sender may begin as it likes: read from the right,
 * the first address that is no trusted proxy's is the source. Nothing of it is believed where the peer
 * itself is none. IPv6 counts by /64, which is one customer's. Pure; public bytes. Threads: any. */
#ifndef AK_CORE_BROKER_SOURCE_H
#define AK_CORE_BROKER_SOURCE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum { AK_SOURCE_NETS_MAX = 16 };

/* IPv4 as ::ffff:a.b.c.d, so that there is one form. All zero bits: a caller on the Unix socket. */
struct ak_source {
    uint8_t address[16];
};
struct ak_source_net {
    uint8_t address[16];
    uint8_t bits; /* of 128 */
};
struct ak_source_nets {
    struct ak_source_net nets[AK_SOURCE_NETS_MAX];
    size_t count;
    bool unix_peers; /* callers of the Unix socket are trusted */
};

/* "10.0.0.0/8, ::1, unix"; empty: none. AK_E_FORMAT, AK_E_LIMIT (more than 16). */
AK_MUST_USE enum ak_err ak_source_nets_parse(struct ak_span text, struct ak_source_nets *out_nets);
/* An address in text: IPv4 dotted, IPv6 without a zone. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_source_parse(struct ak_span text, struct ak_source *out_source);
/* Of a peer: 4 or 16 bytes, 0 for a Unix socket. */
struct ak_source ak_source_of(const uint8_t *address, size_t len);
/* The network that the source is in: IPv4 by /24, IPv6 by /48, which one line or one machine may well have
 * whole. For limits that a source of each of its addresses would pass by. */
struct ak_source ak_source_network(const struct ak_source *source);
/* The source of a request from `peer` with this X-Forwarded-For (empty: none). AK_E_FORMAT where a trusted
 * proxy sends what cannot be read. */
AK_MUST_USE enum ak_err ak_source_decide(const struct ak_source_nets *nets, const struct ak_source *peer,
    struct ak_span forwarded, struct ak_source *out_source);

#endif
