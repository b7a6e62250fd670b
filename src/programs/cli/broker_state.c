/* Asking the broker whether it can sign people in. Its texts are a stranger's: they are shown, never obeyed.
 */
#include "programs/cli/broker_state.h"

#include <stdio.h>
#include <string.h>

#include "base/codec/json.h"
#include "programs/command/out.h"

enum { WAIT_MS = 3000, URL_MAX = 300 };

static bool open_broker(struct ak_cli *cli, const char *url, struct ak_client *out_client)
{
    char text[URL_MAX];
    struct ak_target target;
    const char *reason = "";
    size_t len = strlen(url);
    uint64_t wait_ms = ak_conf_ms(&cli->conf, AK_CLIENT_TIMEOUT);
    while (len > 0 && url[len - 1] == '/') len--;
    /* a signer's prefix is part of such a URL; the broker has none */
    (void)snprintf(text, sizeof text, "%.*s/tee", (int)len, url);
    return len > 0 && len < URL_MAX - 8 && ak_target_parse(text, &target, &reason) == AK_OK &&
           ak_client_open(out_client, &target, NULL, NULL, wait_ms < WAIT_MS ? wait_ms : WAIT_MS) == AK_OK;
}

static void put_checks(struct ak_json_value checks, bool ready, struct ak_buf *out)
{
    for (size_t i = 0; i < ak_json_len(checks); i++) {
        struct ak_span key, text = AK_SPAN_EMPTY;
        char name[24], seen[24];
        if (ak_json_string(ak_json_member(checks, i, &key), &text) != AK_OK) continue;
        ak_out_shown(key, name, sizeof name);
        ak_out_shown(text, seen, sizeof seen);
        if (ready && strcmp(seen, "ok") == 0) continue;
        ak_buf_put_str(out, ", ");
        ak_buf_put_str(out, name);
        ak_buf_put_u8(out, ' ');
        ak_buf_put_str(out, seen);
    }
}

static void read_answer(struct ak_client *client, struct ak_broker_seen *seen, struct ak_buf *out)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct ak_span status = AK_SPAN_EMPTY;
    if (client->raw.len > sizeof seen->json ||
        ak_json_parse(client->raw, sizeof seen->json, &json) != AK_OK ||
        ak_json_string(ak_json_get(ak_json_root(&json), "status"), &status) != AK_OK) {
        ak_buf_put_str(out, ", what answers is no broker");
        return;
    }
    seen->ready = client->status == 200 && ak_span_eq(status, AK_SPAN_LIT("ready"));
    ak_buf_put_str(out, seen->ready ? ", ready" : ", not ready");
    put_checks(ak_json_get(ak_json_root(&json), "checks"), seen->ready, out);
    memcpy(seen->json, client->raw.ptr, client->raw.len);
    seen->json_len = client->raw.len;
}

void ak_cli_ask_broker(struct ak_cli *cli, struct ak_broker_seen *out_seen)
{
    struct ak_client client = {0};
    struct ak_client_error error;
    struct ak_buf says = AK_BUF_ARR(out_seen->says);
    const char *url = ak_conf_text(&cli->conf, AK_CLIENT_BROKER_URL);
    memset(out_seen, 0, sizeof *out_seen);
    ak_buf_put_str(&says, url[0] ? url : "none set");
    if (open_broker(cli, url, &client)) {
        out_seen->answers = ak_client_get(&client, "/readyz", &error) == AK_OK;
        if (out_seen->answers)
            read_answer(&client, out_seen, &says);
        else
            ak_buf_put_str(&says, ", no answer");
    }
    ak_client_close(&client);
    if (ak_buf_terminate(&says) != AK_OK) out_seen->says[0] = 0;
}
