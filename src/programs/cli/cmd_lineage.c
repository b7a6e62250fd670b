/* agentkeys lineage: the statement that binds an agent's address to its owner's, and its check, offline. */
#include <string.h>

#include "base/codec/hex.h"
#include "core/evm/statement.h"
#include "core/wire/msg_agents.h"
#include "programs/cli/commands.h"
#include "programs/command/out.h"

enum { FILE_MAX = 8 * 1024 };

static void print_signature(const char *name, const uint8_t signature[65])
{
    char text[2 * 65 + 3];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, "0x");
    ak_hex_encode(&buf, ak_span(signature, 65));
    if (ak_buf_terminate(&buf) == AK_OK) ak_out_row(name, text);
}

/* Both signatures over the digest that is recomputed from the statement's fields. */
static int check(struct ak_cli *cli, const struct ak_msg_lineage_reply *reply)
{
    uint8_t digest[32];
    struct ak_lineage lineage = {.base_path = reply->base_path, .generation = (uint32_t)reply->generation};
    memcpy(lineage.agent, reply->agent_address, 20);
    memcpy(lineage.user, reply->user_address, 20);
    ak_statement_lineage_digest(&lineage, digest);
    bool good = memcmp(digest, reply->digest, 32) == 0 &&
                ak_statement_lineage_verify(&lineage, reply->agent_signature, reply->user_signature) == AK_OK;
    if (good) return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the statement does not verify",
        "digest or signatures are not those of its fields", "agentkeys lineage LABEL --json");
}

static void print(const struct ak_msg_lineage_reply *reply)
{
    ak_out_line("AgentKeys Lineage (EIP-712, domain AgentKeys 1)");
    ak_out_row_text("basePath", reply->base_path);
    ak_out_row_number("generation", reply->generation);
    ak_out_row_address("agent", reply->agent_address);
    ak_out_row_address("user", reply->user_address);
    ak_out_row_hex("digest", AK_SPAN_ARR(reply->digest));
    print_signature("user signed", reply->user_signature);
    print_signature("agent signed", reply->agent_signature);
    ak_out_line("Both signatures verify.");
}

static int verify_file(struct ak_cli *cli, const char *path)
{
    uint8_t json[FILE_MAX], body_memory[FILE_MAX];
    struct ak_buf bytes = AK_BUF_ARR(json), body = AK_BUF_ARR(body_memory);
    struct ak_msg_lineage_reply reply;
    struct ak_msg_fault fault;
    if (ak_cli_read_file(path, &bytes) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "the statement's file cannot be read", path,
            "agentkeys lineage LABEL --json > FILE");
    const struct ak_msg_input input = {.json = ak_buf_span(&bytes)};
    if (ak_msg_from_json(&ak_lineage_reply_msg, &input, &body, &fault) != AK_OK ||
        ak_msg_decode(&ak_lineage_reply_msg, ak_buf_span(&body), &reply, NULL) != AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the file holds no statement",
            "it is what lineage --json printed", "agentkeys lineage LABEL --json > FILE");
    int status = check(cli, &reply);
    if (status) return status;
    if (cli->json)
        ak_out_line("{\"verified\":true}");
    else
        print(&reply);
    return 0;
}

int ak_cmd_lineage(struct ak_cli *cli)
{
    struct ak_path path;
    struct ak_msg_lineage_reply reply;
    const char *file = ak_cli_value(cli, "verify");
    if (file && cli->operand_count == 0) return verify_file(cli, file);
    if (file || cli->operand_count == 0)
        return ak_cli_fail_usage(cli, "an agent, or a file", "give LABEL, or --verify FILE");
    int status = ak_cli_read_label(cli, cli->operands[0], &path);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_agent_show_request request = {.label = ak_path_label(&path)};
    status = ak_cli_call(cli, AK_CALL_AGENT_LINEAGE, &request, &reply, "proving the lineage");
    if (!status) status = check(cli, &reply);
    if (status) return status;
    if (cli->json)
        ak_out_json(cli->client.raw);
    else
        print(&reply);
    return 0;
}
