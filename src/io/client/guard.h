/* Keeps requests from leaving on a connection whose evidence was not verified, also where libcurl opened it
 * silently: it asks here before each request is sent. A verified connection carries a mark on its TLS
 * session; a new session has none. Shows this device's key as client certificate. Secret: the device key,
 * which stays in OpenSSL. One thread. spec: docs/formats/attestation.md */
#ifndef AK_IO_CLIENT_GUARD_H
#define AK_IO_CLIENT_GUARD_H

#include <stdbool.h>

#include "core/attest/channel.h"
#include "io/client/device.h"

enum { AK_GUARD_VERDICT_MS = 600 * 1000 }; /* how long a verdict holds on its connection */

struct ak_guard {
    bool on;
    void *curl;                      /* CURL, borrowed */
    struct ak_client_device *device; /* NULL: no certificate is shown */
    void *certificate;               /* X509, of the device's key */
    bool asking;                     /* the request under way asks for evidence */
    bool stopped;                    /* the newest request met no verified connection and was not sent */
    uint64_t newest;                 /* mark given last; marks are never given twice */
    uint64_t asked_on, verified;     /* marks of connections; 0: none */
    uint64_t verified_ms;            /* monotonic */
    struct ak_channel_binding seen;  /* of the connection asked on; the nonce is set by who asks */
};

/* From now on every request of `curl` (CURL *) is held to it. `device` may be NULL and must outlive it.
 * AK_E_CRYPTO, AK_E_IO (a TLS library that cannot do this). */
AK_MUST_USE enum ak_err ak_guard_open(struct ak_guard *guard, void *curl, struct ak_client_device *device);
/* Fine on a zeroed one. */
void ak_guard_close(struct ak_guard *guard);

/* The next request asks for evidence under this nonce, and may leave on any connection. */
void ak_guard_ask(struct ak_guard *guard, const uint8_t nonce[32]);
/* That request is over; its connection is verified from now on where `accepted`. */
void ak_guard_settle(struct ak_guard *guard, bool accepted, uint64_t now_ms);
/* Whether there was a verdict in time. That the connection still stands, the next request shows. */
bool ak_guard_is_verified(const struct ak_guard *guard, uint64_t now_ms);

#endif
