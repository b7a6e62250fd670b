#include "programs/worker/trust.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/jose.h"
#include "base/codec/json.h"
#include "programs/worker/folder.h"

static const char *const see = "docs/operations.md#trust-configuration";

static const struct {
    unsigned item, key;
} settings[] = {
    {AK_TRUST_ISSUER, AK_WORKER_ISSUER},
    {AK_TRUST_RECOVERY_WAIT, AK_WORKER_RECOVERY_WAIT},
    {AK_TRUST_RECOVERY_WAIT_CODE, AK_WORKER_RECOVERY_WAIT_CODE},
    {AK_TRUST_OPERATORS, AK_WORKER_OPERATORS},
    {AK_TRUST_EK_ROOTS, AK_WORKER_EK_ROOTS},
    {AK_TRUST_BROKER_KEY, AK_WORKER_BROKER_KEY},
    {AK_TRUST_BROKER_URL, AK_WORKER_BROKER_URL},
    {AK_TRUST_PROVIDERS, AK_WORKER_IDENTITY_PROVIDERS},
};

static enum ak_err refuse(struct ak_worker_trust *trust, unsigned key, const char *reason)
{
    ak_boot_fail_set(&trust->why, "bad_value", trust->conf->table->keys[key].name,
        ak_conf_text(trust->conf, key), reason, trust->conf->table->see);
    return AK_E_MEANING;
}

static enum ak_err read_file(const char *path, struct ak_buf *out_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return AK_E_NOT_FOUND;
    ssize_t got = 1;
    while (got > 0 && out_bytes->len < out_bytes->cap) {
        got = read(fd, out_bytes->ptr + out_bytes->len, out_bytes->cap - out_bytes->len);
        if (got > 0) out_bytes->len += (size_t)got;
    }
    (void)close(fd);
    return got == 0 ? AK_OK : AK_E_LIMIT; /* the buffer is one byte longer than a bundle may be */
}

/* The makers' certificates, and their hashes as what is wanted. */
static enum ak_err read_makers(struct ak_worker_trust *trust)
{
    static uint8_t memory[AK_X509_BUNDLE_MAX + 1];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    const char *path = ak_conf_text(trust->conf, AK_WORKER_EK_ROOTS);
    if (!path[0]) return AK_OK;
    if (strcmp(ak_conf_text(trust->conf, AK_WORKER_TEE), "tpm2") != 0)
        return refuse(trust, AK_WORKER_EK_ROOTS, "is for tee = tpm2 only");
    if (read_file(path, &bytes) != AK_OK)
        return refuse(trust, AK_WORKER_EK_ROOTS, "cannot be read, or is longer than 96 KiB");
    if (ak_x509_bundle_parse(ak_buf_span(&bytes), &trust->makers) != AK_OK)
        return refuse(trust, AK_WORKER_EK_ROOTS, "not 1 to 8 certificates in PEM and nothing else");
    for (size_t i = 0; i < trust->makers.count; i++) {
        uint8_t hash[32];
        ak_x509_fingerprint(&trust->makers.certs[i], hash);
        AK_TRY(ak_trust_add_ek_root(&trust->wanted, hash));
    }
    return AK_OK;
}

/* One public key as JWK: whose word counts for e-mail. Read once, so that what is compared is what is used.
 */
static enum ak_err read_broker_key(struct ak_worker_trust *trust)
{
    enum { KEY_FILE_MAX = 1024 };
    uint8_t memory[KEY_FILE_MAX + 1];
    struct ak_buf text = AK_BUF_ARR(memory);
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    const char *path = ak_conf_text(trust->conf, AK_WORKER_BROKER_KEY);
    if (!path[0]) return AK_OK;
    if (read_file(path, &text) != AK_OK || ak_json_parse(ak_buf_span(&text), KEY_FILE_MAX, &json) != AK_OK ||
        ak_jwk_parse(ak_json_root(&json), &trust->broker_pub) != AK_OK)
        return refuse(trust, AK_WORKER_BROKER_KEY, "not a file with one public P-256 key as JWK");
    trust->wanted.has_broker_key = true;
    ak_jwk_thumbprint(&trust->broker_pub, trust->wanted.broker_key);
    return AK_OK;
}

static struct ak_buf encode(struct ak_worker_trust *trust)
{
    struct ak_buf bytes = AK_BUF_ARR(trust->bytes);
    if (ak_trust_encode(&trust->wanted, &bytes) != AK_OK) bytes.len = 0;
    return bytes;
}

static enum ak_err check_size(struct ak_worker_trust *trust)
{
    struct ak_buf bytes = AK_BUF_ARR(trust->bytes);
    enum ak_err err = ak_trust_encode(&trust->wanted, &bytes);
    if (err == AK_E_LIMIT)
        return refuse(trust, AK_WORKER_IDENTITY_PROVIDERS,
            "the trust configuration is longer than 2560 bytes in all; name fewer");
    return err ? refuse(trust, AK_WORKER_ISSUER, "not UTF-8") : AK_OK;
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
    wanted->broker_url = ak_span_str(ak_conf_text(conf, AK_WORKER_BROKER_URL));
    if (ak_trust_set_providers(wanted, ak_span_str(ak_conf_text(conf, AK_WORKER_IDENTITY_PROVIDERS))) !=
        AK_OK)
        return refuse(out, AK_WORKER_IDENTITY_PROVIDERS, AK_WORKER_PROVIDERS_FORM);
    AK_TRY(read_broker_key(out));
    AK_TRY(read_makers(out));
    return check_size(out);
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

/* The file may hold more certificates than are trusted; those that are have to be in it. */
static bool has_all_makers(const struct ak_worker_trust *trust, const struct ak_trust *sealed)
{
    for (size_t i = 0; i < sealed->ek_root_count; i++) {
        bool there = false;
        for (size_t k = 0; k < trust->wanted.ek_root_count; k++)
            there = there || memcmp(sealed->ek_roots[i], trust->wanted.ek_roots[k], 32) == 0;
        if (!there) return false;
    }
    return sealed->ek_root_count > 0;
}

unsigned ak_worker_trust_compare(struct ak_worker_trust *trust, const struct ak_trust *sealed)
{
    uint32_t wrong = ak_trust_differs(&trust->wanted, sealed) & trust->given;
    if (has_all_makers(trust, sealed)) wrong &= ~(1u << AK_TRUST_EK_ROOTS);
    trust->wrong = 0;
    for (size_t i = 0; i < AK_COUNT(settings) && !trust->wrong; i++) {
        if (!(wrong >> settings[i].item & 1)) continue;
        trust->wrong = settings[i].item;
        say_differs(trust, i, sealed);
    }
    return trust->wrong;
}

/* Those of the file that are trusted. */
static struct ak_x509_bundle trusted_makers(
    const struct ak_worker_trust *trust, const struct ak_trust *sealed)
{
    struct ak_x509_bundle makers = {0};
    for (size_t i = 0; i < trust->makers.count; i++) {
        uint8_t hash[32];
        ak_x509_fingerprint(&trust->makers.certs[i], hash);
        for (size_t k = 0; k < sealed->ek_root_count; k++)
            if (memcmp(hash, sealed->ek_roots[k], 32) == 0)
                makers.certs[makers.count++] = trust->makers.certs[i];
    }
    return makers;
}

static enum ak_err fail(struct ak_worker_trust *trust, const char *code, const char *reason)
{
    ak_boot_fail_set(
        &trust->why, code, "ek_roots", ak_conf_text(trust->conf, AK_WORKER_EK_ROOTS), reason, see);
    return AK_E_MEANING;
}

enum ak_err ak_worker_trust_check_maker(
    struct ak_worker_trust *trust, const struct ak_trust *sealed, const struct ak_tee *tee, uint64_t now_s)
{
    if (sealed->ek_root_count == 0) return AK_OK;
    struct ak_x509_bundle makers = trusted_makers(trust, sealed);
    if (makers.count == 0)
        return fail(trust, "trust_config",
            "the sealed configuration names makers of TPMs; give the file with their certificates");
    if (!tee->ops->check_maker) return fail(trust, "tpm_unknown_maker", "this backend has no maker");
    enum ak_err err = tee->ops->check_maker(tee->impl, &makers, now_s);
    if (err == AK_OK) return AK_OK;
    if (err == AK_E_AUTH) return fail(trust, "tpm_unknown_maker", tee->ops->why());
    return fail(trust, "tee_unavailable", tee->ops->why());
}

void ak_worker_trust_done(struct ak_worker_trust *trust)
{
    ak_x509_bundle_done(&trust->makers);
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
    set(conf, AK_WORKER_BROKER_URL, sealed, AK_TRUST_BROKER_URL, 0);
    set(conf, AK_WORKER_OPERATORS, sealed, AK_TRUST_OPERATORS, 0);
    set(conf, AK_WORKER_IDENTITY_PROVIDERS, sealed, AK_TRUST_PROVIDERS, 0);
}
