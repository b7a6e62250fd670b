/* A text for a person's own wallet: asked for, looked at, signed elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/evm/siwe.h"
#include "core/wire/msg_oidc.h"
#include "programs/cli/at_broker.h"
#include "programs/command/out.h"

enum { SIGNATURE_TEXT_MAX = 256 };

static bool has_resource(const struct ak_siwe *siwe, struct ak_span urn)
{
    for (size_t i = 0; i < siwe->resource_count; i++)
        if (ak_span_eq(siwe->resources[i], urn)) return true;
    return false;
}

/* https://keys.example: as its URI, and keys.example as its domain. */
static bool is_site(const struct ak_siwe *siwe, struct ak_span issuer)
{
    static const char after[] = "://";
    size_t scheme = strlen(after) + siwe->domain.len;
    if (!ak_span_eq(siwe->uri, issuer) || scheme > issuer.len) return false;
    struct ak_span end = ak_span_sub(issuer, issuer.len - scheme, scheme);
    return ak_span_starts(end, AK_SPAN_LIT("://")) &&
           ak_span_eq(ak_span_sub(end, strlen(after), end.len), siwe->domain);
}

/* A wallet signs nothing that was not looked at: for the worker's own site, as the worker names it, this
 * address and this device, and nobody else's text: a broker could have it sign in anywhere. */
static int check_text(struct ak_cli *cli, struct ak_span text, const uint8_t address[20])
{
    struct ak_siwe siwe;
    char urn[96], print[AK_OUT_PRINT_LEN + 1];
    struct ak_msg_oidc_public_request request = {0};
    struct ak_msg_oidc_configuration_reply site;
    int status =
        ak_cli_call(cli, AK_CALL_OIDC_CONFIGURATION, &request, &site, "asking the worker for its site");
    if (status) return status;
    ak_out_print(cli->device.thumbprint, print);
    (void)snprintf(urn, sizeof urn, "urn:agentkeys:device:%s", print);
    if (ak_siwe_parse(text, &siwe) == AK_OK && memcmp(siwe.address, address, 20) == 0 &&
        is_site(&siwe, site.issuer) && has_resource(&siwe, ak_span_str(urn)))
        return 0;
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "the text to sign is not one for this device",
        "it must be a sign-in of this address, at the worker's own site, that names this device",
        "agentkeys doctor");
}

int ak_at_broker_wallet_text(
    struct ak_cli *cli, struct ak_client *broker, const uint8_t address[20], struct ak_wallet_text *out_text)
{
    struct ak_msg_wallet_start_request start = {.chain_id = 1};
    struct ak_msg_wallet_start_reply started;
    memcpy(start.address, address, 20);
    int status = ak_at_broker_call(
        cli, broker, AK_BROKER_CALL_WALLET_START, NULL, &start, &started, "asking for the text");
    if (status) return status;
    struct ak_buf bytes = AK_BUF_ARR(out_text->bytes);
    ak_buf_put(&bytes, started.siwe_message);
    memcpy(out_text->request_id, started.request_id, sizeof out_text->request_id);
    out_text->len = bytes.len; /* the call's table keeps a text below what fits */
    return check_text(cli, ak_buf_span(&bytes), address);
}

/* ---- the person's wallet ---- */

/* The broker's page where a wallet of the browser signs; the text stands behind the '#' and goes to nobody.
 */
static void show_page(struct ak_cli *cli, const struct ak_wallet_text *text)
{
    char memory[2 * AK_WALLET_TEXT_MAX];
    struct ak_buf link = AK_BUF_ARR(memory);
    struct ak_span broker = ak_span_str(ak_conf_text(&cli->conf, AK_CLIENT_BROKER_URL));
    while (broker.len && broker.ptr[broker.len - 1] == '/') broker.len--;
    ak_buf_put(&link, broker);
    ak_buf_put_str(&link, "/auth/wallet#");
    ak_base64url_encode(&link, ak_span(text->bytes, text->len));
    if (ak_buf_terminate(&link) == AK_OK)
        (void)fprintf(
            stderr, "A wallet of a browser signs it there; compare what it shows:\n\n  %s\n\n", memory);
}

static int write_text(struct ak_cli *cli, const struct ak_wallet_text *text)
{
    const char *path = ak_cli_value(cli, "text-file");
    if (!path) {
        (void)fprintf(stderr,
            "Sign this text with the wallet (personal_sign), and paste the signature:\n\n%.*s\n\n",
            (int)text->len, (const char *)text->bytes);
        show_page(cli, text);
        return 0;
    }
    FILE *file = fopen(path, "wxe");
    bool done = file && fwrite(text->bytes, 1, text->len, file) == text->len;
    if (file && fclose(file) != 0) done = false;
    if (done) return 0;
    return ak_cli_fail_usage(cli, "--text-file cannot be written", "it must not be there yet");
}

static int read_signature(struct ak_cli *cli, uint8_t out_signature[65])
{
    char line[SIGNATURE_TEXT_MAX];
    if (!fgets(line, sizeof line, stdin)) line[0] = 0;
    line[strcspn(line, "\r\n")] = 0;
    struct ak_span text = ak_span_str(line);
    if (ak_span_starts(text, AK_SPAN_LIT("0x"))) text = ak_span_sub(text, 2, text.len);
    if (ak_hex_decode_fixed(text, out_signature, 65) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, "not a signature", "it is 0x and 130 lower-case hex digits, on one line");
}

int ak_at_broker_wallet_sign(struct ak_cli *cli, const struct ak_wallet_text *text, uint8_t out_signature[65])
{
    int status = write_text(cli, text);
    return status ? status : read_signature(cli, out_signature);
}
