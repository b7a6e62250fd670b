/* The file of names. */
#include "programs/cli/identities.h"

#include <stdio.h>
#include <string.h>

#include "core/identity/identity.h"
#include "programs/command/out.h"

#define NAMES_FILE "identities"

static struct ak_span read_names(struct ak_cli *cli, uint8_t memory[AK_IDENTITIES_FILE_MAX])
{
    size_t len = 0;
    enum ak_err err = ak_profile_read(&cli->profile, NAMES_FILE, memory, AK_IDENTITIES_FILE_MAX, &len);
    return err ? AK_SPAN_EMPTY : ak_span(memory, len);
}

static bool next_name(struct ak_span *rest, struct ak_span *out_name)
{
    if (rest->len == 0) return false;
    size_t end = ak_span_find(*rest, 0, '\n');
    *out_name = ak_span_sub(*rest, 0, end);
    *rest = ak_span_sub(*rest, end + 1, rest->len);
    return true;
}

void ak_cli_remember(struct ak_cli *cli, const char *identity)
{
    uint8_t memory[AK_IDENTITIES_FILE_MAX];
    struct ak_span rest = read_names(cli, memory), name;
    struct ak_buf text = AK_BUF_ARR(memory);
    text.len = rest.len;
    while (next_name(&rest, &name))
        if (ak_span_eq(name, ak_span_str(identity))) return;
    ak_buf_put_str(&text, identity);
    ak_buf_put_u8(&text, '\n');
    enum ak_err err = ak_buf_check(&text);
    if (!err) err = ak_profile_write(&cli->profile, NAMES_FILE, ak_buf_span(&text));
    if (err)
        (void)fprintf(
            stderr, "%s: the identity's name cannot be kept; links shows its omni\n", cli->program->name);
}

static bool is_omni_of(struct ak_span name, const uint8_t omni[32])
{
    struct ak_identity identity;
    uint8_t own[32];
    return ak_identity_parse(name, &identity) == AK_OK &&
           ak_identity_omni(identity.type_text, identity.value, own) == AK_OK && memcmp(own, omni, 32) == 0;
}

void ak_cli_identity_name(struct ak_cli *cli, const struct ak_msg_link_item *item, char *out_name, size_t cap)
{
    uint8_t memory[AK_IDENTITIES_FILE_MAX];
    char address[AK_OUT_ADDRESS_LEN + 1];
    struct ak_span rest = read_names(cli, memory), name;
    out_name[0] = 0;
    if (ak_msg_has(item, AK_LINK_ITEM_ADDRESS)) {
        ak_out_address(item->address, address);
        (void)snprintf(out_name, cap, "%s", address);
        return;
    }
    while (next_name(&rest, &name)) {
        if (!is_omni_of(name, item->omni_account)) continue;
        ak_out_shown(ak_span_sub(name, ak_span_find(name, 0, ':') + 1, name.len), out_name, cap);
        return;
    }
}
