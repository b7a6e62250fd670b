/* The way of the last sign-in. */
#include "programs/command/again.h"

#include <stdio.h>
#include <string.h>

#define WAY_FILE "signed-in"
enum { WAY_MAX = AK_SAVED_TEXT_MAX + 16 };

void ak_cli_keep_way(struct ak_cli *cli, const char *option, const char *value)
{
    char way[WAY_MAX];
    int len = snprintf(way, sizeof way, "--%s %s", option, value);
    if (len <= 0 || (size_t)len >= sizeof way) return;
    enum ak_err err = ak_profile_write(&cli->profile, WAY_FILE, ak_span_str(way));
    if (err) (void)fprintf(stderr, "%s: how you signed in cannot be kept\n", cli->program->name);
}

/* False where there is none, or a byte that a terminal would not show as it is. */
static bool read_way(const struct ak_cli *cli, char out_way[WAY_MAX])
{
    size_t len = 0;
    if (cli->profile.dir_fd < 0 ||
        ak_profile_read(&cli->profile, WAY_FILE, (uint8_t *)out_way, WAY_MAX - 1, &len) != AK_OK)
        return false;
    out_way[len] = 0;
    for (size_t i = 0; i < len; i++)
        if (out_way[i] < ' ' || out_way[i] > '~') return false;
    return len > 0;
}

static bool profile_has(const struct ak_cli *cli, const char *name)
{
    uint8_t bytes[1024];
    size_t len = 0;
    return cli->profile.dir_fd >= 0 &&
           ak_profile_read(&cli->profile, name, bytes, sizeof bytes, &len) == AK_OK;
}

const char *ak_cli_sign_in(const struct ak_cli *cli)
{
    static char text[WAY_MAX + 32];
    char way[WAY_MAX];
    if (cli->program->agent)
        return profile_has(cli, AK_PAIR_PENDING_FILE) ? "agentkeys-daemon pair --resume"
                                                      : "agentkeys-daemon pair --label LABEL";
    if (profile_has(cli, AK_RECOVERY_WAITING_FILE)) return "agentkeys recover";
    bool own_broker = cli->conf.table &&
                      cli->conf.values[AK_CLIENT_BROKER_URL].source != AK_CONF_FROM_DEFAULT &&
                      ak_conf_text(&cli->conf, AK_CLIENT_BROKER_URL)[0];
    if (!read_way(cli, way))
        (void)snprintf(way, sizeof way, "%s", own_broker ? "--email YOU" : "--local email:YOU");
    (void)snprintf(text, sizeof text, "%s init %s", cli->program->name, way);
    return text;
}
