/* Where the worker is: the signer URL taken apart. Guarantees: plain text only to this machine, an origin in
 * the one spelling that proofs carry. Not guaranteed: that anybody listens there. No secrets. Threads: any.
 * spec: docs/wire.md, Addresses */
#ifndef AK_IO_CLIENT_TARGET_H
#define AK_IO_CLIENT_TARGET_H

#include <stdbool.h>

#include "base/err.h"

enum { AK_TARGET_ORIGIN_MAX = 256, AK_TARGET_SOCKET_MAX = 108 };

struct ak_target {
    char origin[AK_TARGET_ORIGIN_MAX]; /* "http://127.0.0.1:8092"; "http://localhost" on a socket */
    char socket[AK_TARGET_SOCKET_MAX]; /* path of a Unix socket; empty: TCP */
    char prefix[8];                    /* "/tee" or "/dev" */
    bool tls;
    bool local; /* loopback or a Unix socket */
};

/* "http://127.0.0.1:8092/tee", "https://host:port/tee", "unix:/path" or "unix:/path/tee" (or /dev). The host
 * becomes lower case. AK_E_FORMAT, AK_E_LIMIT, AK_E_MEANING (plain http off loopback); *out_reason is a
 * literal for people. */
AK_MUST_USE enum ak_err ak_target_parse(
    const char *url, struct ak_target *out_target, const char **out_reason);
/* The socket at `path`, with the prefix of `like`. AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_target_socket(
    const char *path, const struct ak_target *like, struct ak_target *out_target);

#endif
