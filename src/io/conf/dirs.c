#include <string.h>

#include "io/conf/conf.h"
#include "io/conf/source.h"

static enum ak_err join(char out[256], const char *base, const char *rest)
{
    struct ak_buf buf = ak_buf(out, 256);
    ak_buf_put_str(&buf, base);
    ak_buf_put_str(&buf, rest);
    return ak_buf_terminate(&buf) ? AK_E_LIMIT : AK_OK;
}

/* The XDG rule: an empty or relative value counts as not set. spec: XDG Base Directory 0.8 */
static const char *absolute(const char *value)
{
    return value && value[0] == '/' ? value : NULL;
}

static enum ak_err place(
    const char *const *envp, const char *variable, const char *below_home, const char *rest, char out[256])
{
    const char *base = absolute(ak_conf_env_get(envp, variable));
    if (base) return join(out, base, rest);
    const char *home = absolute(ak_conf_env_get(envp, "HOME"));
    if (!home) return AK_E_MEANING;
    AK_TRY(join(out, home, below_home));
    char copy[256];
    memcpy(copy, out, sizeof copy);
    return join(out, copy, rest);
}

/* A service manager's folder beats the rules below; where it gave several, the first one is ours. spec:
 * systemd.exec(5), RuntimeDirectory= */
static enum ak_err by_manager(const char *const *envp, const char *variable, char out[256])
{
    const char *dir = absolute(ak_conf_env_get(envp, variable));
    if (!dir) return AK_OK;
    size_t len = strcspn(dir, ":");
    struct ak_buf buf = ak_buf((uint8_t *)out, 256);
    ak_buf_put(&buf, ak_span((const uint8_t *)dir, len));
    return ak_buf_terminate(&buf) ? AK_E_LIMIT : AK_OK;
}

/* As everybody: the XDG rule. */
static enum ak_err as_person(const char *const *envp, struct ak_conf_dirs *out_dirs)
{
    AK_TRY(place(envp, "XDG_DATA_HOME", "/.local/share", "/agentkeys", out_dirs->data));
    AK_TRY(join(out_dirs->client, out_dirs->data, "/client"));
    AK_TRY(place(envp, "XDG_CONFIG_HOME", "/.config", "/agentkeys", out_dirs->home));
    const char *run = absolute(ak_conf_env_get(envp, "XDG_RUNTIME_DIR"));
    return run ? join(out_dirs->run, run, "/agentkeys") : join(out_dirs->run, out_dirs->data, "/run");
}

/* The system's folders for what serves, root's own for what is root's as a person: /var/lib/agentkeys may
 * belong to another user. XDG_RUNTIME_DIR is set by each login and says nothing of services. */
static enum ak_err as_root(const char *const *envp, struct ak_conf_dirs *out_dirs)
{
    AK_TRY(join(out_dirs->data, "/var/lib", "/agentkeys"));
    AK_TRY(join(out_dirs->run, "/run", "/agentkeys"));
    enum ak_err err = place(envp, "XDG_DATA_HOME", "/.local/share", "/agentkeys/client", out_dirs->client);
    if (err == AK_E_MEANING) err = join(out_dirs->client, out_dirs->data, "/client");
    if (err) return err;
    err = place(envp, "XDG_CONFIG_HOME", "/.config", "/agentkeys", out_dirs->home);
    return err == AK_E_MEANING ? join(out_dirs->home, "/root/.config", "/agentkeys") : err;
}

static enum ak_err by_rule(const char *const *envp, bool is_root, struct ak_conf_dirs *out_dirs)
{
    bool person = !is_root || absolute(ak_conf_env_get(envp, "XDG_DATA_HOME"));
    return person ? as_person(envp, out_dirs) : as_root(envp, out_dirs);
}

enum ak_err ak_conf_dirs_find(const char *const *envp, bool is_root, struct ak_conf_dirs *out_dirs)
{
    memset(out_dirs, 0, sizeof *out_dirs);
    enum ak_err err = by_rule(envp, is_root, out_dirs);
    if (err == AK_E_LIMIT) return err;
    AK_TRY(by_manager(envp, "STATE_DIRECTORY", out_dirs->data));
    if (absolute(ak_conf_env_get(envp, "STATE_DIRECTORY")))
        AK_TRY(join(out_dirs->client, out_dirs->data, "/client"));
    AK_TRY(by_manager(envp, "RUNTIME_DIRECTORY", out_dirs->run));
    /* A service without a home needs none where its manager gave the folders. */
    return out_dirs->data[0] && out_dirs->run[0] ? AK_OK : err;
}
