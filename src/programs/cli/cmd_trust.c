/* agentkeys trust: the worker's trust configuration, and an operator's change of it. What is signed is made
 * here, from what was read and what was typed, and shown before. */
#include "core/trust/trust.h"

#include <stdio.h>
#include <string.h>

#include "base/codec/jose.h"
#include "base/codec/json.h"
#include "base/crypto/x509.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_trust.h"
#include "programs/cli/commands.h"
#include "programs/cli/recovery.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

#define AK_CLI_PROVIDERS_FORM                                                                                \
    "NAME ISSUER CLIENT_ID, as google https://accounts.google.com ID, with commas; a name is 2 to 16 of "    \
    "a-z "                                                                                                   \
    "and 0-9, and none starts with another"

/* What the worker says, parsed; texts lie in `bytes`. */
struct seen {
    struct ak_trust trust;
    uint8_t bytes[AK_TRUST_LEN_MAX];
    uint8_t config[32];
};

static int read_seen(struct ak_cli *cli, struct ak_msg_trust_reply *out_reply, struct seen *out_seen)
{
    const struct ak_msg_trust_request request = {0};
    int status = ak_cli_call(cli, AK_CALL_TRUST, &request, out_reply, "reading the trust configuration");
    if (status) return status;
    struct ak_buf kept = AK_BUF_ARR(out_seen->bytes);
    ak_buf_put(&kept, out_reply->trust);
    ak_trust_hash(ak_buf_span(&kept), out_seen->config);
    if (memcmp(out_seen->config, out_reply->config, 32) == 0 &&
        ak_trust_parse(ak_buf_span(&kept), &out_seen->trust) == AK_OK)
        return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the trust configuration does not read",
        "worker and client do not agree", "agentkeys doctor");
}

static void print_item(const char *name, const struct ak_trust *trust, unsigned item)
{
    char text[AK_TRUST_SHOWN_MAX + 1];
    struct ak_buf buf = ak_buf(text, AK_TRUST_SHOWN_MAX);
    ak_trust_put_item(trust, item, &buf);
    ak_out_row_text(name, buf.len ? ak_buf_span(&buf) : AK_SPAN_LIT("none"));
}

int ak_cmd_trust_show(struct ak_cli *cli)
{
    struct ak_msg_trust_reply reply;
    struct seen seen;
    int status = ak_cli_open_session(cli);
    if (!status) status = read_seen(cli, &reply, &seen);
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_hex("trust config", AK_SPAN_ARR(seen.config));
    for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++)
        if (ak_trust_item_name(item)) print_item(ak_trust_item_name(item), &seen.trust, item);
    ak_out_row("this account", reply.operator_ ? "is an operator" : "is no operator");
    if (!ak_msg_has(&reply, AK_TRUST_REPLY_PROPOSED)) return 0;
    ak_out_row_hex("proposed", AK_SPAN_ARR(reply.proposed));
    ak_out_row_print("by device", reply.started_by);
    return 0;
}

/* ---- changing ---- */

static int take_duration(struct ak_cli *cli, const char *option, uint64_t *out_secs)
{
    const char *typed = ak_cli_value(cli, option), *reason = "";
    if (!typed || ak_args_duration(typed, out_secs, &reason) == AK_OK) return 0;
    char problem[64];
    (void)snprintf(problem, sizeof problem, "--%s is not usable", option);
    return ak_cli_fail_usage(cli, problem, reason);
}

/* The hashes of a file's certificates in place of those that are trusted. */
static int take_makers(struct ak_cli *cli, struct ak_trust *trust)
{
    static uint8_t memory[AK_X509_BUNDLE_MAX + 1];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    AK_CLEANUP(ak_x509_bundle_done) struct ak_x509_bundle makers = {0};
    const char *path = ak_cli_value(cli, "ek-roots");
    if (!path) return 0;
    if (ak_cli_read_file(path, &bytes) != AK_OK ||
        ak_x509_bundle_parse(ak_buf_span(&bytes), &makers) != AK_OK)
        return ak_cli_fail_usage(
            cli, "--ek-roots is not usable", "1 to 8 certificates in PEM and nothing else");
    trust->ek_root_count = 0;
    for (size_t i = 0; i < makers.count; i++) {
        uint8_t hash[32];
        ak_x509_fingerprint(&makers.certs[i], hash);
        if (ak_trust_add_ek_root(trust, hash) != AK_OK) return 1; /* no more than AK_X509_CHAIN_MAX */
    }
    return 0;
}

/* The thumbprint of a file's key. */
static int take_broker_key(struct ak_cli *cli, struct ak_trust *trust)
{
    enum { KEY_FILE_MAX = 1024 };
    uint8_t memory[KEY_FILE_MAX + 1];
    struct ak_buf text = AK_BUF_ARR(memory);
    struct ak_p256_pub pub;
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    const char *path = ak_cli_value(cli, "broker-key");
    if (!path) return 0;
    if (ak_cli_read_file(path, &text) != AK_OK ||
        ak_json_parse(ak_buf_span(&text), KEY_FILE_MAX, &json) != AK_OK ||
        ak_jwk_parse(ak_json_root(&json), &pub) != AK_OK)
        return ak_cli_fail_usage(
            cli, "--broker-key is not usable", "a file with one public P-256 key as JWK");
    trust->has_broker_key = true;
    ak_jwk_thumbprint(&pub, trust->broker_key);
    return 0;
}

/* Those that were typed; the others of now are retired, as a name is never given up. */
static int take_providers(struct ak_cli *cli, struct ak_trust *trust)
{
    const struct ak_trust now = *trust;
    const char *typed = ak_cli_value(cli, "identity-providers");
    if (!typed) return 0;
    if (ak_trust_set_providers(trust, ak_span_str(typed)) != AK_OK)
        return ak_cli_fail_usage(cli, "--identity-providers is not usable", AK_CLI_PROVIDERS_FORM);
    if (ak_trust_providers_retire(&now, trust) != AK_OK || ak_trust_providers_validate(trust) != AK_OK)
        return ak_cli_fail_usage(cli, "--identity-providers does not go with what is in force",
            "with those that were retired at most 16 names, none of which starts with another");
    if (ak_trust_providers_follow(&now, trust) != AK_OK)
        return ak_cli_fail_usage(cli, "a provider's name keeps its issuer for ever",
            "accounts are named by it: add the other issuer under another name");
    return 0;
}

/* What was typed, over what is in force. */
static int take_options(struct ak_cli *cli, struct ak_trust *trust)
{
    const char *issuer = ak_cli_value(cli, "issuer"), *operators = ak_cli_value(cli, "operators"),
               *broker_url = ak_cli_value(cli, "broker-url");
    int status = take_duration(cli, "recovery-wait", &trust->recovery_wait_secs);
    if (!status) status = take_duration(cli, "recovery-wait-code", &trust->recovery_wait_code_secs);
    if (!status) status = take_makers(cli, trust);
    if (!status) status = take_broker_key(cli, trust);
    if (!status) status = take_providers(cli, trust);
    if (status) return status;
    if (issuer) trust->issuer = ak_span_str(issuer);
    if (broker_url) trust->broker_url = ak_span_str(broker_url);
    if (operators && ak_trust_set_operators(trust, ak_span_str(operators)) != AK_OK)
        return ak_cli_fail_usage(cli, "--operators is not usable",
            "at most 8 of: 64 hex digits, or type:value as email:alice@demo.example");
    if (ak_trust_validate(trust) != AK_OK)
        return ak_cli_fail_usage(cli, "this cannot be a trust configuration",
            "times are up to 90 days, recovery_wait_code not longer than recovery_wait");
    return 0;
}

static int show_difference(struct ak_cli *cli, const struct ak_trust *now, const struct ak_trust *next)
{
    uint32_t differs = ak_trust_differs(now, next);
    if (!differs)
        return ak_cli_fail_usage(cli, "nothing would change", "say what by the options; see trust show");
    if (!cli->json)
        for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++) {
            if (!(differs >> item & 1)) continue;
            ak_out_line("%s", ak_trust_item_name(item));
            print_item("  is", now, item);
            print_item("  shall be", next, item);
        }
    if (!cli->json && next->operator_count == 0)
        ak_out_line("No operator is left: nobody can change it again.");
    return ak_cli_confirm(cli, "Put this trust configuration in force");
}

int ak_cmd_trust_change(struct ak_cli *cli)
{
    struct ak_msg_trust_change_request request = {0};
    struct ak_msg_trust_reply reply;
    struct ak_msg_done_reply done;
    struct seen seen;
    uint8_t memory[AK_TRUST_LEN_MAX];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    int status = ak_cli_open_session(cli);
    if (!status) status = read_seen(cli, &reply, &seen);
    if (status) return status;
    struct ak_trust next = seen.trust;
    status = take_options(cli, &next);
    if (!status) status = show_difference(cli, &seen.trust, &next);
    if (status) return status;
    enum ak_err err = ak_trust_encode(&next, &bytes);
    if (err)
        return ak_cli_fail_usage(cli, "this cannot be a trust configuration",
            err == AK_E_LIMIT ? "it is longer than 2560 bytes in all" : "a text is not UTF-8");
    memcpy(request.from, seen.config, 32);
    request.trust = ak_buf_span(&bytes);
    ak_trust_hash(request.trust, request.to);
    if (!cli->json) ak_out_row_hex("trust config", AK_SPAN_ARR(request.to));
    status = ak_cli_call(cli, AK_CALL_TRUST_CHANGE, &request, &done, "changing the trust configuration");
    if (status) return status;
    status = ak_cli_print_done(cli, &done);
    if (!cli->json && ak_span_eq(done.status, AK_SPAN_LIT("waiting")))
        ak_out_line("Repeat the command on a second device of this account; both must have been enrolled for "
                    "recovery_wait.");
    return status;
}
