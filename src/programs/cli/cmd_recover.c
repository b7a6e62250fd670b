/* agentkeys recover: the way back into an account from a device that is none of it, and what its devices see
 * and do about that. Signing in begins or goes on with the recovery; the worker alone says when it is over.
 */
#include <stdio.h>
#include <string.h>

#include "base/wipe.h"
#include "core/wire/msg_account.h"
#include "io/proc/clock.h"
#include "programs/cli/commands.h"
#include "programs/cli/init.h"
#include "programs/cli/recovery.h"
#include "programs/command/out.h"

/* ---- from a new device ---- */

static int by_one(struct ak_init *init, const char *type, const char *value, int (*way)(struct ak_init *))
{
    int status = ak_init_name(init, type, value);
    init->pending = false;
    return status ? status : way(init);
}

static int by_provider(struct ak_init *init, const char *provider)
{
    int status = ak_init_name_provider(init, provider);
    init->pending = false;
    return status ? status : ak_init_by_oauth2(init);
}

/* Two identities within ten minutes, on one device, are as good as the code. */
static int sign_in(struct ak_init *init)
{
    const char *email = ak_cli_value(init->cli, "email"), *wallet = ak_cli_value(init->cli, "wallet"),
               *provider = ak_cli_value(init->cli, "oauth2");
    bool first = email != NULL;
    int status = ak_init_begin(init);
    if (!status && email) status = by_one(init, "email:", email, ak_init_by_mail);
    if (!status && provider && (!first || init->pending)) status = by_provider(init, provider);
    first = first || provider != NULL;
    bool on = !status && wallet && (!first || init->pending);
    if (on) status = by_one(init, "evm:", wallet, ak_init_by_wallet);
    return status ? status : ak_init_end(init);
}

/* ---- what is known ---- */

static void print_item(const struct ak_msg_recovery_item *item)
{
    char what[40], print[AK_OUT_PRINT_LEN + 1];
    bool final = ak_span_eq(item->what, AK_SPAN_LIT("sign-in-by-code")) ||
                 ak_span_eq(item->what, AK_SPAN_LIT("sign-in-by-two"));
    ak_out_shown(item->what, what, sizeof what);
    ak_out_print(item->device, print);
    ak_out_row("recovery", what);
    ak_out_row("new device", print);
    ak_out_row_time("ready at", item->ready_at);
    if (final)
        ak_out_line("No device can cancel it. What must not go on: agentkeys account suspend\n");
    else
        ak_out_line("If that is not you:         agentkeys recover --cancel --device %s\n"
                    "If it is, and shall not wait so long: agentkeys recover --seen --device %s\n",
            print, print);
}

/* What a device of the account has started. */
static void print_change(const struct ak_msg_recovery_item *item)
{
    char what[40], word[4 * sizeof what], print[AK_OUT_PRINT_LEN + 1] = "";
    char of[AK_OUT_PRINT_LEN + sizeof " --device "] = "";
    ak_out_shown(item->what, what, sizeof what);
    (void)ak_out_word(what, word, sizeof word); /* fits: 32 characters, each in four, and two quotes */
    if (ak_msg_has(item, AK_RECOVERY_ITEM_DEVICE)) ak_out_print(item->device, print);
    if (print[0]) (void)snprintf(of, sizeof of, " --device %s", print);
    ak_out_row("change that waits", what);
    ak_out_row_time("ready at", item->ready_at);
    ak_out_line("If that shall not be:       agentkeys account cancel --what %s%s\n", word, of);
}

static int show_to_device(struct ak_cli *cli)
{
    const struct ak_msg_recovery_list_request request = {0};
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    unsigned recoveries = 0;
    int status = ak_cli_open_client(cli, false);
    if (status) return status;
    ak_client_use_token(&cli->client, ak_span_str(cli->saved.token));
    status = ak_cli_call(cli, AK_CALL_RECOVERY_LIST, &request, &reply, "listing what waits");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    while (ak_list_next(&reply.items, &ak_recovery_item_msg, &item)) {
        if (ak_cli_is_recovery(item.what))
            print_item(&item);
        else
            print_change(&item);
        recoveries += ak_cli_is_recovery(item.what);
    }
    if (!recoveries) ak_out_line("Nobody is recovering this account.");
    return 0;
}

static int show(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (status) return status;
    if (ak_cli_load_saved(cli) == AK_OK && cli->saved.expires_at > ak_clock_wall_ms() / 1000)
        return show_to_device(cli);
    if (ak_init_load_waiting(init)) return ak_init_show_waiting(init);
    return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "this device recovers nothing yet",
        "it has no session, and began no recovery",
        "agentkeys recover --email ADDRESS, --oauth2 PROVIDER or --wallet 0xADDRESS; with "
        "--recovery-code-file FILE it waits a "
        "day in place of a week");
}

int ak_cmd_recover(struct ak_cli *cli)
{
    AK_CLEANUP(ak_init_done) struct ak_init init = {.cli = cli, .recover = true};
    bool cancel = ak_cli_has(cli, "cancel"), seen = ak_cli_has(cli, "seen"),
         new_code = ak_cli_has(cli, "new-code");
    bool signs_in = ak_cli_has(cli, "email") || ak_cli_has(cli, "wallet") || ak_cli_has(cli, "oauth2");
    if (cancel + seen + new_code + signs_in > 1)
        return ak_cli_fail_usage(cli, "one thing at a time",
            "--cancel, --seen and --new-code are for a device of the account, --email, --oauth2 and --wallet "
            "for a new one");
    if (cancel) return ak_cli_about_waiting(cli, AK_CALL_RECOVERY_CANCEL, true, "cancelling");
    if (seen) return ak_cli_about_waiting(cli, AK_CALL_RECOVERY_SEEN, true, "saying that it was seen");
    if (new_code) return ak_cli_renew_code(cli);
    if (signs_in) return sign_in(&init);
    return show(&init);
}
