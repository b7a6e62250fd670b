/* agentkeys status, version: what worker and broker say of themselves, and how long the session lasts. */
#include <stdio.h>

#include "base/codec/json.h"
#include "io/proc/clock.h"
#include "programs/cli/broker_state.h"
#include "programs/cli/commands.h"
#include "programs/command/out.h"

enum { JSON_MAX = 16 * 1024 };

static void print_members(struct ak_json_value object)
{
    for (size_t i = 0; i < ak_json_len(object); i++) {
        struct ak_span key, text = AK_SPAN_EMPTY;
        char name[40];
        struct ak_json_value value = ak_json_member(object, i, &key);
        ak_out_shown(key, name, sizeof name);
        if (ak_json_string(value, &text) == AK_OK) ak_out_row_text(name, text);
    }
}

static void print_list(const char *name, struct ak_json_value array)
{
    char text[512] = "";
    struct ak_buf buf = AK_BUF_ARR(text);
    for (size_t i = 0; i < ak_json_len(array); i++) {
        struct ak_span item = AK_SPAN_EMPTY;
        if (ak_json_string(ak_json_at(array, i), &item) != AK_OK) continue;
        if (buf.len) ak_buf_put_str(&buf, ", ");
        ak_buf_put(&buf, item);
    }
    ak_out_row_text(name, ak_buf_span(&buf));
}

static int print_ready(struct ak_cli *cli)
{
    struct ak_json json;
    struct ak_span state = AK_SPAN_EMPTY;
    if (ak_json_parse(cli->client.raw, cli->client.raw.len, &json) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the answer cannot be read",
            "/readyz did not answer with JSON", "agentkeys doctor");
    struct ak_json_value root = ak_json_root(&json);
    if (ak_json_string(ak_json_get(root, "status"), &state) == AK_OK) ak_out_row_text("worker", state);
    print_members(ak_json_get(root, "checks"));
    print_list("does not hold", ak_json_get(root, "capabilities_not_held"));
    ak_json_done(&json);
    return 0;
}

static void print_session(struct ak_cli *cli)
{
    enum ak_err err = ak_cli_load_saved(cli);
    if (err)
        ak_out_row("session", err == AK_E_NOT_FOUND ? "none" : "cannot be read; see agentkeys doctor");
    else if (cli->saved.expires_at <= ak_clock_wall_ms() / 1000)
        ak_out_row_time("session over", cli->saved.expires_at);
    else
        ak_out_row_time("session until", cli->saved.expires_at);
}

/* The worker's answer with one member more: the broker's own, null where none answers. */
static void print_json(struct ak_span worker, const struct ak_broker_seen *broker)
{
    static uint8_t memory[JSON_MAX];
    struct ak_buf json = AK_BUF_ARR(memory);
    size_t len = worker.len;
    while (len > 0 && worker.ptr[len - 1] != '}') len--;
    ak_buf_put(&json, ak_span(worker.ptr, len ? len - 1 : 0));
    ak_buf_put_str(&json, ",\"broker\":");
    if (broker->json_len)
        ak_buf_put(&json, ak_span(broker->json, broker->json_len));
    else
        ak_buf_put_str(&json, "null");
    ak_buf_put_u8(&json, '}');
    ak_out_json(ak_buf_check(&json) == AK_OK ? ak_buf_span(&json) : worker);
}

int ak_cmd_status(struct ak_cli *cli)
{
    struct ak_broker_seen broker;
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (!status) status = ak_cli_open_client(cli, false);
    if (status) return status;
    if (ak_client_get(&cli->client, "/readyz", &cli->error) != AK_OK)
        return ak_cli_fail_call(cli, "asking the worker");
    unsigned answered = cli->client.status;
    ak_cli_ask_broker(cli, &broker);
    if (cli->json) {
        print_json(cli->client.raw, &broker);
    } else {
        status = print_ready(cli);
        ak_out_row("broker", broker.says);
        print_session(cli);
    }
    return status ? status : answered == 200 ? 0 : AK_CATEGORY_UNREACHABLE;
}

int ak_cmd_version(struct ak_cli *cli)
{
    if (cli->json)
        ak_out_line("{\"version\":\"" AK_VERSION "\"}");
    else
        ak_out_line("%s " AK_VERSION, cli->program->name);
    return 0;
}
