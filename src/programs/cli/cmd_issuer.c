/* agentkeys issuer thumbprint, publish: what clouds are told about the issuer. Public; needs no session. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/wire/msg_oidc.h"
#include "io/proc/durable.h"
#include "programs/cli/commands.h"
#include "programs/command/out.h"

enum { CERT_MAX = 768, SHA1_LEN = 20, FILE_MAX = 8192 };

static int open_public(struct ak_cli *cli)
{
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL); /* its folder keeps the worker's pin */
    return status ? status : ak_cli_open_client(cli, false);
}

/* ---- thumbprint ---- */

/* SHA-1, as the fingerprint of certificates in IAM is. */
static enum ak_err fingerprint(struct ak_span x5c, char out_hex[2 * SHA1_LEN + 1])
{
    uint8_t cert[CERT_MAX], digest[EVP_MAX_MD_SIZE];
    size_t len = 0;
    unsigned digest_len = 0;
    AK_TRY(ak_base64_decode(x5c, cert, sizeof cert, &len));
    if (EVP_Digest(cert, len, digest, &digest_len, EVP_sha1(), NULL) != 1 || digest_len != SHA1_LEN)
        return AK_E_CRYPTO;
    struct ak_buf hex = ak_buf(out_hex, 2 * SHA1_LEN + 1);
    ak_hex_encode(&hex, ak_span(digest, SHA1_LEN));
    return ak_buf_terminate(&hex);
}

static void put_json(struct ak_json_writer *w, const struct ak_msg_jwk *jwk, const char *hex)
{
    ak_json_open_object(w);
    ak_json_key(w, "kid");
    ak_json_put_string(w, jwk->kid);
    ak_json_key(w, "thumbprint");
    ak_json_put_string(w, ak_span_str(hex));
    ak_json_close_object(w);
}

static int print_keys(struct ak_cli *cli, struct ak_msg_jwks_reply *reply)
{
    uint8_t memory[1024];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    struct ak_msg_jwk jwk;
    char hex[2 * SHA1_LEN + 1], kid[128];
    ak_json_open_object(&w);
    ak_json_key(&w, "keys");
    ak_json_open_array(&w);
    while (ak_list_next(&reply->keys, &ak_jwk_msg, &jwk)) {
        if (fingerprint(jwk.x5c, hex) != AK_OK)
            return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the worker's key is not usable",
                "x5c is no certificate", "agentkeys doctor");
        put_json(&w, &jwk, hex);
        ak_out_shown(jwk.kid, kid, sizeof kid);
        if (!cli->json) ak_out_line("%s  %s", hex, kid);
    }
    ak_json_close_array(&w);
    ak_json_close_object(&w);
    if (cli->json && ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    return 0;
}

int ak_cmd_issuer_thumbprint(struct ak_cli *cli)
{
    struct ak_msg_oidc_public_request request = {0};
    struct ak_msg_jwks_reply reply;
    int status = open_public(cli);
    if (!status) status = ak_cli_call(cli, AK_CALL_JWKS, &request, &reply, "asking for the issuer's keys");
    return status ? status : print_keys(cli, &reply);
}

/* ---- publish ---- */

/* Readable for the web server that serves them. */
static enum ak_err write_file(int dir_fd, const char *name, struct ak_span bytes)
{
    struct ak_file_ops ops = ak_file_ops_system();
    AK_TRY(ak_durable_write(&ops, dir_fd, name, bytes));
    return fchmodat(dir_fd, name, 0644, 0) ? AK_E_IO : AK_OK;
}

static enum ak_err open_well_known(const char *dir, int *out_fd)
{
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *out_fd = -1;
    if (dir_fd < 0) return AK_E_NOT_FOUND;
    (void)mkdirat(dir_fd, ".well-known", 0755);
    *out_fd = openat(dir_fd, ".well-known", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    (void)close(dir_fd);
    return *out_fd < 0 ? AK_E_IO : AK_OK;
}

/* One call, its JSON written as it came. */
static int publish(struct ak_cli *cli, unsigned call, void *reply, int dir_fd, const char *name)
{
    struct ak_msg_oidc_public_request request = {0};
    int status = ak_cli_call(cli, call, &request, reply, "asking for what the issuer publishes");
    if (status) return status;
    if (cli->client.raw.len > FILE_MAX || write_file(dir_fd, name, cli->client.raw) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the files cannot be written", name,
            "give a folder that you may write to");
    return 0;
}

int ak_cmd_issuer_publish(struct ak_cli *cli)
{
    struct ak_msg_oidc_configuration_reply config;
    struct ak_msg_jwks_reply keys;
    int dir_fd = -1;
    int status = open_public(cli);
    if (status) return status;
    if (open_well_known(cli->operands[0], &dir_fd) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_USAGE, "not a folder to write to", cli->operands[0],
            "make it: it is the root of the issuer's web site");
    status = publish(cli, AK_CALL_JWKS, &keys, dir_fd, "jwks.json"); /* keys before what names them */
    if (!status) status = publish(cli, AK_CALL_OIDC_CONFIGURATION, &config, dir_fd, "openid-configuration");
    (void)close(dir_fd);
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        ak_out_line("wrote %s/.well-known/{openid-configuration,jwks.json}; they belong at %.*s",
            cli->operands[0], (int)config.issuer.len, (const char *)config.issuer.ptr);
    return 0;
}
