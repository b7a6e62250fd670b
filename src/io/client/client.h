/* The worker's calls from a client's side: JSON by the tables of core/wire, proofs by the device key, the
 * server's nonce kept, one repeat where the worker asks for a proof or a new nonce. A proof goes with the
 * first request of a connection and with everything that is not a mere use; a change carries `ak_bh` over
 * exactly the message that was given here (I15); reads of credentials go to a key that the proof names (I1).
 * Not guaranteed: that an answer is true. Secret: the token, the reader's scalar. One thread. spec:
 * docs/wire.md, docs/policy.md Devices and proofs, RFC 9449 */
#ifndef AK_IO_CLIENT_CLIENT_H
#define AK_IO_CLIENT_CLIENT_H

#include "core/wire/broker_call.h"
#include "core/wire/call.h"
#include "core/wire/msg_sign_in.h"
#include "io/client/device.h"
#include "io/client/error.h"
#include "io/client/fetch.h"

struct ak_client_evidence;

struct ak_client {
    struct ak_fetch fetch;
    struct ak_target target;
    struct ak_client_device *device; /* NULL: public calls only */
    struct ak_span token;
    bool proved;        /* this connection has carried a proof */
    bool reader_proved; /* and it named the reader's key */
    bool has_reader;
    struct ak_secret32 reader; /* scalar of the key to which credentials are sealed; see ak_client_reader */
    uint8_t reader_pub[32];
    uint8_t *decoded;   /* AK_FETCH_BODY_MAX bytes: what reply structs point into */
    struct ak_span raw; /* JSON of the newest good answer; valid until the next call */
    unsigned status;
    struct ak_client_evidence *evidence; /* NULL: none is demanded; see evidence.h */
    int trace_fd;                        /* -1: calls are not recorded; see trace.h */
};

/* Copies `target`. `device` must outlive it. `pin` as in ak_fetch_open. AK_E_IO, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_client_open(struct ak_client *client, const struct ak_target *target,
    struct ak_client_device *device, const uint8_t *pin, uint64_t timeout_ms);
/* Fine on a zeroed one. */
void ak_client_close(struct ak_client *client);
/* The token of the calls that follow; a view that stays the caller's. Empty: none. */
void ak_client_use_token(struct ak_client *client, struct ak_span token);

/* The public key for AK_CALL_CREDENTIAL_READ; the proof that goes with that call names it, so that the worker
 * seals to no other. One key serves a proved connection, a new one the next. What is read is opened with
 * client->reader, which ak_client_close wipes. AK_E_CRYPTO. spec: docs/wire.md, Vault */
AK_MUST_USE enum ak_err ak_client_reader(struct ak_client *client, uint8_t out_pub[32]);

/* The connection is another one: what was proved on it is gone. */
void ak_client_forget_proof(struct ak_client *client);
/* Records the calls that follow to `fd`, which stays the caller's. */
void ak_client_trace(struct ak_client *client, int fd);

/* One call: `request` and `out_reply` are the structs of the call's tables. Texts in the reply point into the
 * client's memory until the next call. AK_E_IO (no answer), AK_E_AUTH (not the pinned worker), AK_E_MEANING
 * (an error answer), AK_E_FORMAT (an answer against the contract), AK_E_ARG (the request is beyond its
 * table); *out_error says it in full for each of them. A 202 is AK_OK. */
AK_MUST_USE enum ak_err ak_client_call(struct ak_client *client, unsigned call, const void *request,
    void *out_reply, struct ak_client_error *out_error);

/* The same at a broker: `call` is of its table (core/wire/broker_call.h). `says`: what the proof is bound to
 * by its ak_bh, the meaning of "sign-in"; NULL: nothing. Of an error answer the words are ours, not the
 * broker's (ak_client_error_of_broker). */
AK_MUST_USE enum ak_err ak_client_broker_call(struct ak_client *client, unsigned call,
    const struct ak_msg_sign_in *says, const void *request, void *out_reply,
    struct ak_client_error *out_error);

/* A public GET that is no call: "/readyz". The JSON is client->raw, whatever the status, in client->status.
 * AK_E_IO, AK_E_AUTH. */
AK_MUST_USE enum ak_err ak_client_get(
    struct ak_client *client, const char *path, struct ak_client_error *out_error);

#endif
