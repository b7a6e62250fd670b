/* What a code means as the answer to a call of the broker's. The broker's own sentences are not printed: it
 * is not known who runs it, and a person does what a program says. So each row has all that the code may mean
 * there, the worker's reasons and the broker's. */
#include <string.h>

#include "programs/cli/at_broker.h"

enum { ANY = AK_BROKER_CALL_COUNT };

/* The first row that fits counts. */
static const struct {
    unsigned call;
    enum ak_code code;
    const char *text;
} rows[] = {
    {AK_BROKER_CALL_EMAIL_REQUEST, AK_CODE_NOT_FOUND, "the broker sends no mail; sign in in another way"},
    {AK_BROKER_CALL_EMAIL_REQUEST, AK_CODE_INVALID_REQUEST,
        "the broker does not take this mail address, or what is said of the device"},
    {AK_BROKER_CALL_OAUTH2_START, AK_CODE_NOT_FOUND, "the broker has no such provider (oauth2.providers)"},
    {AK_BROKER_CALL_OAUTH2_START, AK_CODE_UPSTREAM_ERROR,
        "the worker or the provider does not answer the broker as it should; try again"},
    {AK_BROKER_CALL_LINK, AK_CODE_DENIED,
        "the provider's word does not hold or its person declined, the account has as many identities as it "
        "may have, or the worker takes no such provider (identity_providers)"},
    {AK_BROKER_CALL_LINK, AK_CODE_ALREADY_EXISTS, "the identity belongs to another account"},
    {AK_BROKER_CALL_LINK, AK_CODE_ALREADY_DONE, "the identity is linked already"},
    {AK_BROKER_CALL_LINK, AK_CODE_BAD_SIGNATURE,
        "what shows whose the identity is was signed for another identity or device, by another address, or "
        "by a broker that the worker does not know (broker_key)"},
    {AK_BROKER_CALL_LINK, AK_CODE_EXPIRED_REQUEST, "what was signed or answered is too old; start again"},
    {AK_BROKER_CALL_UNLINK, AK_CODE_DENIED,
        "the last identity that can open the account stays: link another one first; and a device that came "
        "by a recovery unlinks after the waiting time (recovery_wait_code)"},
    {AK_BROKER_CALL_UNLINK, AK_CODE_NOT_FOUND, "no such identity is linked to the account"},
    {ANY, AK_CODE_DENIED,
        "the identity was unlinked from the account of its name, is an address that the worker derives, or "
        "comes from a provider that the worker does not take (identity_providers)"},
    {ANY, AK_CODE_NOT_FOUND,
        "the identity signs in to no account (init opens one), the sign-in is over or another device's, or "
        "the worker knows no broker (broker_key)"},
    {ANY, AK_CODE_DEVICE_NOT_ENROLLED,
        "this device is not enrolled for the account, and this identity recovers nothing"},
    {ANY, AK_CODE_ALREADY_DONE, "the account has as many devices as it may have, or it is done already"},
    {ANY, AK_CODE_BAD_SIGNATURE,
        "the signature is not by that address (with a low s), the proof is not for this call, or the worker "
        "knows another broker (broker_key, broker_url)"},
    {ANY, AK_CODE_RATE_LIMIT_EXCEEDED,
        "too often from here, or too much of this account waits already: a device of it can cancel that"},
    {ANY, AK_CODE_NOT_READY,
        "worker or broker is starting or stopping, has no room for one more, or cannot write; try again"},
    {ANY, AK_CODE_STORAGE_FULL, "the disk of the worker or the broker is full; nothing was done"},
    {ANY, AK_CODE_INTERNAL, "worker or broker failed; its log says why"},
};

int ak_at_broker_fail(struct ak_cli *cli, unsigned call, const char *problem)
{
    const struct ak_client_error was = cli->error;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        if ((rows[i].call != ANY && rows[i].call != call) ||
            strcmp(ak_code_name(rows[i].code), was.code) != 0)
            continue;
        ak_client_error_set(&cli->error, was.code, rows[i].text);
        cli->error.status = was.status;
        cli->error.has_retry = was.has_retry;
        cli->error.retry_after_secs = was.retry_after_secs;
        break;
    }
    return ak_cli_fail_call(cli, problem);
}
