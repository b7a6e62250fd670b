/* The derivation of user, agent and service keys with the master secret poisoned. */
#include "constant-time/ct_check.h"

#include "base/attr.h"
#include "core/keys/derive.h"
#include "core/keys/service.h"

static const uint8_t omni[32] = {1, 2, 3};
static struct ak_root root;

static void open_root(void)
{
    struct ak_secret32 msk;
    for (size_t i = 0; i < sizeof msk.bytes; i++) msk.bytes[i] = (uint8_t)(41 * i + 5);
    ct_secret(&msk, sizeof msk);
    ct_expect(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk) == AK_OK, "root");
}

static void user_key(void)
{
    struct ak_secret32 scalar, chain_code;
    struct ak_user_points points;
    ct_expect(ak_keys_user(&root, omni, &scalar, &chain_code) == AK_OK, "user");
    ct_expect(ak_keys_user_points(&root, omni, &points) == AK_OK, "user's points");
}

static void agent_key(void)
{
    struct ak_user_points user;
    struct ak_path path;
    struct ak_path_points points;
    struct ak_secret32 scalar;
    struct ak_span label = AK_SPAN_LIT("agent-1");
    ct_expect(ak_path_make(label, 3, &path) == AK_OK, "path");
    ct_expect(ak_keys_user_points(&root, omni, &user) == AK_OK, "user's points");
    ct_expect(ak_keys_path_points(&root, omni, &path, &points) == AK_OK, "path's points");
    ct_expect(ak_keys_agent_scalar(&root, omni, label, 3, NULL, NULL, &scalar) == AK_OK, "computed");
    ct_expect(ak_keys_agent_scalar(&root, omni, label, 3, user.user33, points.base33, &scalar) == AK_OK,
        "with cached points");
}

static void service_keys(void)
{
    struct ak_secret32 key;
    ct_expect(ak_service_p256(&root, AK_SPAN_LIT(AK_PURPOSE_SESSION), &key) == AK_OK, "session key");
    ct_expect(ak_service_secret32(&root, AK_SPAN_LIT(AK_PURPOSE_IMPORT), &key) == AK_OK, "import key");
}

int main(void)
{
    static const struct ct_case cases[] = {{"root", open_root, 0}, {"user key", user_key, 0},
        {"agent key", agent_key, 0}, {"service keys", service_keys, 0}};
    return ct_main(cases, AK_COUNT(cases));
}
