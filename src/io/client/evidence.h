/* What a client demands of its worker's evidence, and the newest verdict. Once a client has it, nothing but
 * the question for evidence leaves on a connection that was not verified, and each verdict holds for ten
 * minutes. Public bytes. One thread. spec: docs/formats/attestation.md */
#ifndef AK_IO_CLIENT_EVIDENCE_H
#define AK_IO_CLIENT_EVIDENCE_H

#include "io/client/client.h"

enum { AK_EVIDENCE_POLICY_MAX = 8 * 1024 };

struct ak_client_evidence {
    struct ak_attest_policy policy;
    bool learn; /* no policy yet: take one from the next answer, for a person to compare */
    bool has_config, has_ledger;
    uint8_t config[32], ledger[AK_CHANNEL_LEDGER_LEN];
    /* The machine's counter in accepted evidence is the least that later evidence must have: what runs with
     * less is an older state of it. Told whenever it rises; may be NULL. */
    void (*rose)(void *ctx, uint64_t counter);
    void *ctx;
    /* of the newest answer */
    struct ak_channel_verdict verdict; /* views into `message` */
    uint8_t message[AK_CHANNEL_MESSAGE_MAX];
    size_t message_len;
    uint8_t learnt[AK_EVIDENCE_POLICY_MAX]; /* JSON, where `learn` */
    size_t learnt_len;
};

/* Demands evidence from now on; `evidence` becomes the client's, which frees it, also on failure. AK_E_ARG
 * (the target has no TLS), and as ak_guard_open. */
AK_MUST_USE enum ak_err ak_client_demand(struct ak_client *client, struct ak_client_evidence *evidence);
/* A copy of what `client` demands, without a verdict; NULL: it demands none, or no memory. */
struct ak_client_evidence *ak_client_demand_copy(const struct ak_client *client);

/* The least counter that is taken from now on; a smaller one changes nothing. True where it rose. */
bool ak_client_evidence_floor(struct ak_client_evidence *evidence, uint64_t counter);

/* Asks for evidence and judges it, whatever was verified before. AK_E_AUTH where it is refused, AK_E_IO,
 * AK_E_MEANING (an error answer), AK_E_FORMAT; *out_error says it in full. */
AK_MUST_USE enum ak_err ak_client_attest(struct ak_client *client, struct ak_client_error *out_error);
/* The same, where there is no verdict in time. AK_OK at once where none is demanded. */
AK_MUST_USE enum ak_err ak_client_ensure(struct ak_client *client, struct ak_client_error *out_error);

#endif
