/* What init and recover came to: an account with a session, or a recovery that waits; the latter is kept in
 * the profile, so that it can be said again without asking anybody. */
#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "base/num.h"
#include "base/wipe.h"
#include "programs/cli/init.h"
#include "programs/cli/recovery.h"
#include "programs/command/again.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

#define SHOWN_FILE  "code.shown"
#define LEDGER_FILE "ledger.pin"

/* ---- saying it ---- */

static void put_text(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

static void print_json(const struct ak_init *init, const char *recovery)
{
    uint8_t memory[2048];
    char print[AK_OUT_PRINT_LEN + 1];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_out_print(init->cli->device.thumbprint, print);
    ak_json_open_object(&w);
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(init->cli->saved.anchor));
    put_text(&w, "identity", init->identity);
    ak_json_key(&w, "wallet_address");
    ak_json_put_hex(&w, "0x", AK_SPAN_ARR(init->wallet));
    put_text(&w, "device", print);
    ak_json_key(&w, "device_count");
    ak_json_put_u64(&w, init->device_count);
    ak_json_key(&w, "account_new");
    ak_json_put_bool(&w, init->account_new);
    ak_json_key(&w, "expires_at");
    ak_json_put_u64(&w, init->cli->saved.expires_at);
    if (init->derived_signs_in) {
        ak_json_key(&w, "wallet_signs_in");
        ak_json_put_bool(&w, true);
    }
    if (init->code_taken) put_text(&w, "recovery_code", recovery);
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    ak_wipe(memory, sizeof memory);
}

static void print_people(const struct ak_init *init, const char *recovery)
{
    ak_out_line(init->account_new ? "Account opened." : "Signed in.");
    ak_out_row_hex("account", AK_SPAN_ARR(init->cli->saved.anchor));
    ak_out_row("identity", init->identity);
    ak_out_row_address("wallet", init->wallet);
    ak_out_row_print("this device", init->cli->device.thumbprint);
    ak_out_row_number("devices", init->device_count);
    ak_out_row_time("session until", init->cli->saved.expires_at);
    if (!init->code_taken) return;
    if (!init->account_new) ak_out_line("\nThe recovery code before is void, this is the next one.");
    ak_out_line(
        "\nRecovery code, shown this once; write it down and keep it away from this machine:\n\n  %s\n",
        recovery);
    if (init->account_new && strcmp(init->cli->target.prefix, "/dev") != 0) /* which has no agents */
        ak_out_line(
            "Next, on the agent's side: agentkeys-daemon pair --label agent-1 --want cap:sign-message");
}

/* Once it was shown, the code stays: the omni says of which identity. */
static void note_shown(const struct ak_init *init)
{
    char hex[65];
    struct ak_buf text = AK_BUF_ARR(hex);
    ak_hex_encode(&text, AK_SPAN_ARR(init->omni));
    if (ak_profile_write(&init->cli->profile, SHOWN_FILE, ak_buf_span(&text)) != AK_OK)
        (void)fprintf(stderr, "%s: that the code was shown cannot be kept; the next init may show another\n",
            init->cli->program->name);
}

bool ak_init_has_met_ledger(const struct ak_init *init)
{
    uint8_t pin[1024];
    size_t len = 0;
    return ak_profile_read(&init->cli->profile, LEDGER_FILE, pin, sizeof pin, &len) != AK_E_NOT_FOUND;
}

bool ak_init_offers_code(const struct ak_init *init)
{
    uint8_t hex[65], omni[32], waiting[1024];
    size_t len = 0;
    if (ak_profile_read(&init->cli->profile, AK_RECOVERY_WAITING_FILE, waiting, sizeof waiting, &len) ==
        AK_OK)
        return true;
    return init->recover || !ak_init_has_met_ledger(init) || /* a new worker has no code of ours */
           ak_profile_read(&init->cli->profile, SHOWN_FILE, hex, sizeof hex, &len) != AK_OK ||
           ak_hex_decode_fixed(ak_span(hex, len), omni, 32) != AK_OK || memcmp(omni, init->omni, 32) != 0;
}

int ak_init_show(const struct ak_init *init)
{
    char recovery[AK_RECOVERY_TEXT_LEN + 1];
    ak_args_recovery_format(init->recovery.bytes, recovery);
    if (init->cli->json)
        print_json(init, recovery);
    else
        print_people(init, recovery);
    bool shown = init->code_taken && ak_cli_code_is_shown(init->cli, recovery);
    ak_wipe(recovery, sizeof recovery);
    if (shown) note_shown(init); /* else the next init says another one */
    return 0;
}

/* ---- a recovery that waits ---- */

/* The identity, the account and the time, a line each. */
static void put_waiting(struct ak_buf *text, const struct ak_init *init)
{
    ak_buf_put_str(text, init->identity);
    ak_buf_put_u8(text, '\n');
    ak_hex_encode(text, AK_SPAN_ARR(init->wait_anchor));
    ak_buf_put_u8(text, '\n');
    ak_buf_put_dec(text, init->ready_at);
    ak_buf_put_u8(text, '\n');
}

int ak_init_await(struct ak_init *init, const uint8_t anchor[32], uint64_t ready_at)
{
    uint8_t memory[AK_SAVED_TEXT_MAX + 96];
    struct ak_buf text = AK_BUF_ARR(memory);
    init->ready_at = ready_at;
    memcpy(init->wait_anchor, anchor, 32);
    put_waiting(&text, init);
    enum ak_err err = ak_profile_write(&init->cli->profile, AK_RECOVERY_WAITING_FILE, ak_buf_span(&text));
    return err ? ak_cli_fail_state(init->cli, err, "the recovery that waits cannot be kept") : 0;
}

void ak_init_wait_over(struct ak_init *init)
{
    if (ak_profile_erase(&init->cli->profile, AK_RECOVERY_WAITING_FILE) == AK_OK) return;
    (void)fprintf(stderr, "%s: the recovery that is over cannot be forgotten\n", init->cli->program->name);
}

static struct ak_span next_line(struct ak_span *rest)
{
    size_t end = ak_span_find(*rest, 0, '\n');
    struct ak_span line = ak_span_sub(*rest, 0, end);
    *rest = ak_span_sub(*rest, end + 1, rest->len);
    return line;
}

bool ak_init_load_waiting(struct ak_init *init)
{
    uint8_t memory[AK_SAVED_TEXT_MAX + 96];
    struct ak_buf identity = AK_BUF_ARR(init->identity);
    size_t len = 0;
    if (ak_profile_read(&init->cli->profile, AK_RECOVERY_WAITING_FILE, memory, sizeof memory, &len) != AK_OK)
        return false;
    struct ak_span rest = ak_span(memory, len);
    ak_buf_put(&identity, next_line(&rest));
    init->pending = ak_hex_decode_fixed(next_line(&rest), init->wait_anchor, 32) == AK_OK &&
                    ak_num_parse_u64(next_line(&rest), UINT64_MAX, &init->ready_at) == AK_OK &&
                    ak_buf_terminate(&identity) == AK_OK;
    return init->pending;
}

static void print_waiting_json(const struct ak_init *init)
{
    uint8_t memory[1024];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_json_open_object(&w);
    put_text(&w, "state", "recovery_pending");
    ak_json_key(&w, "ready_at");
    ak_json_put_u64(&w, init->ready_at);
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(init->wait_anchor));
    put_text(&w, "identity", init->identity);
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
}

int ak_init_show_waiting(const struct ak_init *init)
{
    bool wallet = strncmp(init->identity, "evm:", 4) == 0;
    bool provider = strncmp(init->identity, "oauth2_", 7) == 0; /* and no more of it is known yet */
    const char *value = strchr(init->identity, provider ? '_' : ':');
    if (init->cli->json) {
        print_waiting_json(init);
        return 0;
    }
    ak_out_line(
        "This device is none of the account's. Its recovery has begun: every device of the account is "
        "shown it.");
    ak_out_row_hex("account", AK_SPAN_ARR(init->wait_anchor));
    ak_out_row("identity", init->identity);
    ak_out_row_time("ready at", init->ready_at);
    if (!ak_cli_has(init->cli, "recovery-code-file"))
        ak_out_line(
            "\nIt is cancelled by any device of the account, unless the recovery code or a second identity "
            "goes with it: --recovery-code-file FILE, or --email and --wallet in one command.");
    ak_out_line("\nNext, from then on: agentkeys recover %s %s",
        provider ? "--oauth2"
        : wallet ? "--wallet"
                 : "--email",
        value ? value + 1 : "");
    return 0;
}
