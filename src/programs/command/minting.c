/* The call, and the token on standard output. */
#include "programs/command/minting.h"

#include <stdio.h>

#include "programs/command/out.h"

enum ak_err ak_cli_try_mint(struct ak_cli *cli, const char *aud, struct ak_msg_mint_reply *out_reply)
{
    struct ak_msg_mint_request request = {.aud = ak_span_str(aud)};
    if (aud) request.present = 1u << AK_MINT_REQUEST_AUD;
    enum ak_err err = ak_client_call(&cli->client, AK_CALL_MINT_OIDC_JWT, &request, out_reply, &cli->error);
    ak_cli_show_notice(cli, &cli->client);
    if (err || !aud || ak_span_eq(out_reply->aud, request.aud)) return err;
    ak_client_error_set(&cli->error, "bad_answer", "the token is for another audience than was asked for");
    return AK_E_FORMAT;
}

int ak_cli_finish_mint(struct ak_cli *cli, enum ak_err err, const struct ak_msg_mint_reply *reply)
{
    if (err) return ak_cli_fail_call(cli, "minting a token");
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        ak_out_line("%.*s", (int)reply->jwt.len, (const char *)reply->jwt.ptr);
    return 0;
}
