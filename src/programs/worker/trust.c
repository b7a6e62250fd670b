#include "programs/worker/trust.h"

#include <stdio.h>
#include <string.h>

#include "programs/worker/folder.h"

static const char *const see = "docs/operations.md#trust-configuration";

static const struct {
    unsigned item, key;
} settings[] = {
    {AK_TRUST_ISSUER, AK_WORKER_ISSUER},
    {AK_TRUST_RECOVERY_WAIT, AK_WORKER_RECOVERY_WAIT},
    {AK_TRUST_RECOVERY_WAIT_CODE, AK_WORKER_RECOVERY_WAIT_CODE},
    {AK_TRUST_OPERATORS, AK_WORKER_OPERATORS},
};

static enum ak_err refuse(struct ak_worker_trust *trust, unsigned key, const char *reason)
{
    ak_boot_fail_set(&trust->why, "bad_value", trust->conf->table->keys[key].name,
        ak_conf_text(trust->conf, key), reason, trust->conf->table->see);
    return AK_E_MEANING;
}

static struct ak_buf encode(struct ak_worker_trust *trust)
{
    struct ak_buf bytes = AK_BUF_ARR(trust->bytes);
    if (ak_trust_encode(&trust->wanted, &bytes) != AK_OK) bytes.len = 0;
    return bytes;
}

enum ak_err ak_worker_trust_read(const struct ak_conf *conf, struct ak_worker_trust *out)
{
    struct ak_trust *wanted = &out->wanted;
    *out = (struct ak_worker_trust){.conf = conf};
    for (size_t i = 0; i < AK_COUNT(settings); i++)
        if (conf->values[settings[i].key].source != AK_CONF_FROM_DEFAULT)
            out->given |= 1u << settings[i].item;
    wanted->issuer = ak_span_str(ak_conf_text(conf, AK_WORKER_ISSUER));
    wanted->recovery_wait_secs = ak_conf_number(conf, AK_WORKER_RECOVERY_WAIT);
    wanted->recovery_wait_code_secs = ak_conf_number(conf, AK_WORKER_RECOVERY_WAIT_CODE);
    if (wanted->recovery_wait_code_secs > wanted->recovery_wait_secs)
        return refuse(out, AK_WORKER_RECOVERY_WAIT_CODE, "longer than recovery_wait");
    if (ak_trust_set_operators(wanted, ak_span_str(ak_conf_text(conf, AK_WORKER_OPERATORS))) != AK_OK)
        return refuse(out, AK_WORKER_OPERATORS, AK_WORKER_OPERATORS_FORM);
    if (encode(out).len == 0) return refuse(out, AK_WORKER_ISSUER, "not UTF-8");
    return AK_OK;
}

static bool fits(void *ctx, struct ak_span config)
{
    struct ak_worker_trust *trust = ctx;
    struct ak_trust sealed;
    if (ak_trust_parse(config, &sealed) == AK_OK) return ak_worker_trust_compare(trust, &sealed) == 0;
    ak_boot_fail_set(&trust->why, "trust_config", "data_dir", ak_conf_text(trust->conf, AK_WORKER_DATA_DIR),
        "the sealed trust configuration has an item that this version does not know", see);
    return false;
}

struct ak_sealed_trust ak_worker_trust_sealed(struct ak_worker_trust *trust)
{
    struct ak_buf bytes = encode(trust);
    struct ak_sealed_trust sealed = {.config = ak_buf_span(&bytes), .fits = fits, .ctx = trust};
    ak_folder_config_hash(trust->conf, sealed.legacy);
    ak_boot_fail_set(&trust->why, "trust_config", "issuer, recovery_wait or recovery_wait_code", "",
        "not as at init, by an earlier version, which compared them as written; set it back", see);
    return sealed;
}

static void say_differs(struct ak_worker_trust *trust, size_t at, const struct ak_trust *sealed)
{
    char value[AK_TRUST_SHOWN_MAX + 1], reason[256];
    struct ak_buf text = ak_buf(value, AK_TRUST_SHOWN_MAX);
    ak_trust_put_item(sealed, settings[at].item, &text);
    value[text.len] = '\0';
    (void)snprintf(reason, sizeof reason,
        "sealed is: %.100s; set it so or leave it out (an operator changes it)", text.len ? value : "none");
    ak_boot_fail_set(&trust->why, "trust_config", trust->conf->table->keys[settings[at].key].name,
        ak_conf_text(trust->conf, settings[at].key), reason, see);
}

unsigned ak_worker_trust_compare(struct ak_worker_trust *trust, const struct ak_trust *sealed)
{
    uint32_t wrong = ak_trust_differs(&trust->wanted, sealed) & trust->given;
    trust->wrong = 0;
    for (size_t i = 0; i < AK_COUNT(settings) && !trust->wrong; i++) {
        if (!(wrong >> settings[i].item & 1)) continue;
        trust->wrong = settings[i].item;
        say_differs(trust, i, sealed);
    }
    return trust->wrong;
}

void ak_worker_trust_fail(const struct ak_worker_trust *trust)
{
    ak_boot_fail_exit(&trust->why);
}

static void set(
    struct ak_conf *conf, unsigned key, const struct ak_trust *sealed, unsigned item, uint64_t number)
{
    struct ak_conf_value *value = &conf->values[key];
    struct ak_buf text = AK_BUF_ARR(value->text);
    ak_trust_put_item(sealed, item, &text);
    if (ak_buf_terminate(&text) != AK_OK) value->text[0] = '\0'; /* longer than a setting: only ever shown */
    value->number = number;
}

void ak_worker_trust_apply(const struct ak_trust *sealed, struct ak_conf *conf)
{
    set(conf, AK_WORKER_ISSUER, sealed, AK_TRUST_ISSUER, 0);
    set(conf, AK_WORKER_RECOVERY_WAIT, sealed, AK_TRUST_RECOVERY_WAIT, sealed->recovery_wait_secs);
    set(conf, AK_WORKER_RECOVERY_WAIT_CODE, sealed, AK_TRUST_RECOVERY_WAIT_CODE,
        sealed->recovery_wait_code_secs);
    set(conf, AK_WORKER_OPERATORS, sealed, AK_TRUST_OPERATORS, 0);
}
