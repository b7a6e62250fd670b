/* Sealing, opening, and holding the delivery key to the first one met. */
#include "programs/command/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"
#include "core/policy/scope.h"
#include "core/vault/delivery.h"
#include "io/proc/random.h"
#include "programs/command/args.h"
#include "programs/command/evidence.h"
#include "programs/command/out.h"

#define DELIVERY_FILE "delivery.pin"
enum { WAIT_MAX_S = 120 };

/* ---- memory ---- */

void ak_value_done(struct ak_value *value)
{
    if (value) ak_wipe(value, sizeof *value);
}

/* mmap, so that the pages are its own: they can be locked and kept out of core files. */
struct ak_value *ak_value_new(void)
{
    struct ak_value *value =
        mmap(NULL, sizeof *value, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (value == MAP_FAILED) return NULL;
    (void)mlock(value, sizeof *value); /* the limit may be low: then it can be swapped, which is no failure */
    (void)madvise(value, sizeof *value, MADV_DONTDUMP);
    return value;
}

void ak_value_free(struct ak_value *value)
{
    if (!value) return;
    ak_value_done(value);
    (void)munmap(value, sizeof *value);
}

/* ---- names ---- */

int ak_cli_read_vault_name(struct ak_cli *cli, const char *service, struct ak_vault_name *out_name)
{
    const char *typed = ak_cli_value(cli, "path");
    struct ak_path path;
    memset(out_name, 0, sizeof *out_name);
    out_name->service = ak_span_str(service);
    if (!ak_scope_is_service(out_name->service))
        return ak_cli_fail_usage(
            cli, "not a service's name", "1 to 63 of a-z 0-9 -, a letter or digit first");
    if (!typed) return 0;
    int status = ak_cli_read_label(cli, typed, &path);
    if (status) return status;
    struct ak_buf text = AK_BUF_ARR(out_name->path_text);
    ak_buf_put_u8(&text, '/');
    ak_buf_put(&text, ak_path_label(&path));
    out_name->path = ak_buf_span(&text);
    return 0;
}

/* ---- the delivery key ---- */

static int fail_other_key(struct ak_cli *cli, const char *kid, const char *hex)
{
    char cause[256], next[AK_PROFILE_PATH_MAX + 160];
    (void)snprintf(cause, sizeof cause,
        "the worker names %.64s %.64s, this profile met another one first: nothing was sealed to it", kid,
        hex);
    (void)snprintf(next, sizeof next, "ask its operator whether that is the worker's; then rm %s/%s",
        cli->profile.path, DELIVERY_FILE);
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "the worker has another delivery key", cause, next);
}

/* The first one met is kept; another later is no mishap, it is somebody between or another master secret. */
static int hold_key(struct ak_cli *cli, const uint8_t key[32], struct ak_span kid)
{
    uint8_t kept[65];
    char hex[65], kid_text[65];
    size_t len = 0;
    struct ak_buf text = AK_BUF_ARR(hex);
    ak_hex_encode(&text, ak_span(key, 32));
    if (ak_buf_terminate(&text) != AK_OK) return AK_CATEGORY_FAILURE;
    enum ak_err err = ak_profile_read(&cli->profile, DELIVERY_FILE, kept, sizeof kept, &len);
    if (err == AK_E_NOT_FOUND) {
        err = ak_profile_write(&cli->profile, DELIVERY_FILE, ak_buf_span(&text));
        return err ? ak_cli_fail_state(cli, err, "the worker's delivery key cannot be kept") : 0;
    }
    if (err) return ak_cli_fail_state(cli, err, "the kept delivery key cannot be read");
    if (ak_span_eq(ak_span(kept, len), ak_buf_span(&text))) return 0;
    ak_out_shown(kid, kid_text, sizeof kid_text);
    return fail_other_key(cli, kid_text, hex);
}

int ak_cli_delivery_key(struct ak_cli *cli, uint8_t out_key[32])
{
    if (cli->client.evidence) return ak_cli_attested_delivery_key(cli, out_key);
    const struct ak_msg_delivery_key_request request = {0};
    struct ak_msg_delivery_key_reply reply;
    int status =
        ak_cli_call(cli, AK_CALL_DELIVERY_KEY, &request, &reply, "asking for the worker's delivery key");
    if (status) return status;
    memcpy(out_key, reply.public_key, 32);
    return hold_key(cli, out_key, reply.kid);
}

int ak_cli_meet_keeper(struct ak_cli *cli)
{
    return ak_cli_delivery_key(cli, cli->delivery_key);
}

/* ---- values ---- */

static struct ak_span put_info(const struct ak_cli *cli, const char *call, struct ak_span service,
    struct ak_span path, struct ak_buf *memory)
{
    ak_vault_put_info(memory, call, cli->saved.anchor, service, path);
    return ak_buf_span(memory);
}

static bool is_too_fast(const struct ak_cli *cli)
{
    return strcmp(cli->error.code, "rate_limit_exceeded") == 0 && cli->error.has_retry &&
           cli->error.retry_after_secs <= WAIT_MAX_S;
}

static void wait_as_told(const struct ak_cli *cli)
{
    const struct timespec time = {.tv_sec = (time_t)cli->error.retry_after_secs + 1};
    (void)fprintf(stderr, "%s: too many changes at once; going on in %llu s\n", cli->program->name,
        (unsigned long long)time.tv_sec);
    (void)nanosleep(&time, NULL);
}

int ak_cli_put_value(struct ak_cli *cli, const uint8_t delivery_key[32], const struct ak_vault_name *name,
    const struct ak_value *value, struct ak_msg_credential_reply *out_reply)
{
    static uint8_t sealed[AK_WIRE_SEALED_MAX];
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ephemeral;
    struct ak_msg_credential_put_request request = {.service = name->service,
        .path = name->path,
        .sealed = ak_span(sealed, value->len + AK_HPKE_OVERHEAD)};
    if (name->path.len) request.present = 1u << AK_CREDENTIAL_PUT_REQUEST_PATH;
    ak_random_bytes(&ephemeral, sizeof ephemeral);
    enum ak_err err = ak_hpke_seal(delivery_key, &ephemeral,
        put_info(cli, "credential-put", name->service, name->path, &info), AK_SPAN_EMPTY,
        ak_span(value->bytes, value->len), request.enc, sealed);
    if (err)
        return ak_cli_fail(cli, AK_CATEGORY_AUTH, "the value cannot be sealed",
            "the worker's delivery key is no key", "agentkeys doctor");
    while ((err = ak_client_call(&cli->client, AK_CALL_CREDENTIAL_PUT, &request, out_reply, &cli->error)) &&
           is_too_fast(cli))
        wait_as_told(cli);
    ak_cli_show_notice(cli, &cli->client);
    return err ? ak_cli_fail_call(cli, "storing") : 0;
}

static enum ak_err open_reply(
    struct ak_cli *cli, const struct ak_msg_credential_read_reply *reply, struct ak_value *out_value)
{
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 shared = {{0}};
    struct ak_span bound = put_info(cli, "credential-read", reply->service, reply->path, &info);
    AK_TRY(ak_x25519_shared(&cli->client.reader, cli->delivery_key, &shared));
    const struct ak_hpke_psk psk = {AK_SPAN_ARR(shared.bytes), AK_SPAN_ARR(cli->delivery_key)};
    AK_TRY(ak_hpke_open_psk(
        &cli->client.reader, reply->enc, &psk, bound, AK_SPAN_EMPTY, reply->sealed, out_value->bytes));
    out_value->len = reply->sealed.len - AK_HPKE_OVERHEAD;
    return AK_OK;
}

/* Service and path of the answer are what the value was sealed to: they must be what was asked for. */
static bool answers(const struct ak_vault_name *name, const struct ak_msg_credential_read_reply *reply)
{
    return ak_span_eq(reply->service, name->service) &&
           (name->path.len == 0 || ak_span_eq(reply->path, name->path));
}

enum ak_err ak_cli_get_value(struct ak_cli *cli, const struct ak_vault_name *name, uint64_t version,
    struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply)
{
    struct ak_msg_credential_read_request request = {
        .service = name->service, .path = name->path, .version = version};
    out_value->len = 0;
    if (name->path.len) request.present |= 1u << AK_CREDENTIAL_READ_REQUEST_PATH;
    if (version) request.present |= 1u << AK_CREDENTIAL_READ_REQUEST_VERSION;
    AK_TRY(ak_client_reader(&cli->client, request.key));
    enum ak_err err = ak_client_call(&cli->client, AK_CALL_CREDENTIAL_READ, &request, out_reply, &cli->error);
    ak_cli_show_notice(cli, &cli->client);
    if (err) return err;
    if (answers(name, out_reply) && open_reply(cli, out_reply, out_value) == AK_OK) return AK_OK;
    ak_client_error_set(&cli->error, "not_the_worker",
        "the value was not sealed to this request by the delivery key's owner: it did not come from the "
        "keeper");
    return AK_E_FORMAT;
}

/* ---- printing ---- */

static int print_json(const struct ak_msg_credential_read_reply *reply, const struct ak_value *value)
{
    enum { JSON_MAX = AK_LIMIT_VALUE * 4 / 3 + 1024 };
    uint8_t *memory = malloc(JSON_MAX);
    if (!memory) return AK_CATEGORY_FAILURE;
    struct ak_buf json = ak_buf(memory, JSON_MAX);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_json_open_object(&w);
    ak_json_key(&w, "service");
    ak_json_put_string(&w, reply->service);
    if (ak_msg_has(reply, AK_CREDENTIAL_READ_REPLY_PATH)) {
        ak_json_key(&w, "path");
        ak_json_put_string(&w, reply->path);
    }
    ak_json_key(&w, "version");
    ak_json_put_u64(&w, reply->version);
    ak_json_key(&w, "epoch");
    ak_json_put_u64(&w, reply->epoch);
    ak_json_key(&w, "value_base64url");
    ak_json_put_base64url(&w, ak_span(value->bytes, value->len));
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    ak_wipe(memory, JSON_MAX);
    free(memory);
    return 0;
}

/* Past stdio, whose buffer would keep a copy. */
static int write_all(struct ak_cli *cli, struct ak_span bytes)
{
    (void)fflush(stdout);
    while (bytes.len) {
        ssize_t put = write(STDOUT_FILENO, bytes.ptr, bytes.len);
        if (put <= 0)
            return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the value cannot be written",
                "standard output does not take it", "agentkeys read SERVICE --reveal > FILE");
        bytes = ak_span_sub(bytes, (size_t)put, bytes.len);
    }
    return 0;
}

int ak_cli_print_value(
    struct ak_cli *cli, const struct ak_msg_credential_read_reply *reply, const struct ak_value *value)
{
    if (cli->json) return print_json(reply, value);
    int status = write_all(cli, ak_span(value->bytes, value->len));
    if (!status && isatty(STDOUT_FILENO)) status = write_all(cli, AK_SPAN_LIT("\n"));
    return status;
}
