/* The broker from a person's side: the connection to it, its calls, and the ways in which a person answers
 * for an identity. It is believed in nothing: what a proof binds, the keeper checks; a text that a wallet is
 * to sign is looked at first (I15). Secret: a token in use, what a device says of itself. One thread. spec:
 * docs/wire.md, Broker */
#ifndef AK_PROGRAMS_CLI_AT_BROKER_H
#define AK_PROGRAMS_CLI_AT_BROKER_H

#include "programs/command/cli.h"

/* A connection to broker_url, not yet made. 0 or the exit status; ak_client_close ends it. */
int ak_at_broker_open(struct ak_cli *cli, struct ak_client *out_broker);
/* The same with the saved session, which ak_cli_open_session has opened. */
int ak_at_broker_open_session(struct ak_cli *cli, struct ak_client *out_broker);
/* Whether broker_url is one; nothing is printed. */
bool ak_at_broker_is_named(const struct ak_cli *cli);
/* A call; failures are printed. `says` as in ak_client_broker_call. */
int ak_at_broker_call(struct ak_cli *cli, struct ak_client *broker, unsigned id,
    const struct ak_msg_sign_in *says, const void *request, void *out_reply, const char *problem);

/* The last error of a call of the broker's, printed: the broker says the code, we the words. */
int ak_at_broker_fail(struct ak_cli *cli, unsigned call, const char *problem);

/* ---- mail, and providers ---- */
enum { AK_POLL_MS = 1000 };
struct ak_asked {
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    uint64_t polls; /* how often to ask whether it was answered, a pause before each */
};
/* Has a mail sent and shows the match code. `says` NULL: nothing of the device. */
int ak_at_broker_ask_mail(struct ak_cli *cli, struct ak_client *broker, const char *email,
    const struct ak_msg_sign_in *says, struct ak_asked *out_asked);
/* Whether it is a provider's name; printed where it is none. */
int ak_at_broker_provider(struct ak_cli *cli, const char *name);
/* Shows the provider's address and the match code. `says` as above. */
int ak_at_broker_ask_provider(struct ak_cli *cli, struct ak_client *broker, const char *provider,
    const struct ak_msg_sign_in *says, struct ak_asked *out_asked);
/* What is printed where the sign-in there failed, or nobody came. */
int ak_at_broker_provider_failed(struct ak_cli *cli, struct ak_span reason);
int ak_at_broker_provider_silent(struct ak_cli *cli);
/* Waits for the person, and takes the broker's word for who it was: "oauth2_google:1234". */
int ak_at_broker_who(struct ak_cli *cli, struct ak_client *broker, const char *provider,
    const struct ak_asked *asked, char out_identity[AK_SAVED_TEXT_MAX]);
void ak_at_broker_pause(void);
int ak_at_broker_unanswered(struct ak_cli *cli);

/* ---- wallets ---- */
enum { AK_WALLET_TEXT_MAX = 2048 };
struct ak_wallet_text {
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    size_t len;
    uint8_t bytes[AK_WALLET_TEXT_MAX];
};
/* The text that the wallet is to sign, held to be one for the worker's own site, this address, this device.
 */
int ak_at_broker_wallet_text(
    struct ak_cli *cli, struct ak_client *broker, const uint8_t address[20], struct ak_wallet_text *out_text);
/* Shows it (or writes it to --text-file), and reads the signature from standard input. */
int ak_at_broker_wallet_sign(
    struct ak_cli *cli, const struct ak_wallet_text *text, uint8_t out_signature[65]);

#endif
