/* Providers: their settings, and what each says of itself, asked for by one thread for all who wait and kept
 * for an hour. A provider that cannot be asked is left alone for some seconds, so that nobody waits for the
 * same silence twice. */
#include "core/identity/identity.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/web/web.h"
#include "programs/broker/broker.h"

enum {
    KEPT_MS = 3600 * 1000,
    AGAIN_MS = 60 * 1000, /* between two askings for a key that is not known */
    PAUSE_MS = 5000,
    AUTHORITIES_MAX = 64 * 1024,
    STATUS_OK = 200,
};

#define SEE           "docs/operations.md#providers"
#define CALLBACK_PATH "/auth/oauth2/callback/"

/* ---- settings ---- */
static void copy(char out[AK_CONF_TEXT_MAX], const struct ak_conf *conf, unsigned key)
{
    memcpy(out, ak_conf_text(conf, key), AK_CONF_TEXT_MAX);
}

/* What the person's browser is sent back to; registered at the provider. One each, so that no provider can
 * pass for another: RFC 9700 4.4.2. */
static void put_redirect(struct ak_provider *provider)
{
    struct ak_buf url = AK_BUF_ARR(provider->redirect_uri);
    ak_buf_put_str(&url, provider->broker->origin);
    ak_buf_put_str(&url, CALLBACK_PATH);
    ak_buf_put_str(&url, provider->name);
    if (ak_buf_terminate(&url) != AK_OK)
        ak_boot_fail("bad_value", "public_url", provider->broker->origin, "too long", SEE);
}

static void load(struct ak_broker *broker, const struct ak_conf *broker_conf, struct ak_span name,
    struct ak_provider *provider)
{
    static struct ak_conf conf;
    static uint8_t authorities[AK_PROVIDERS_MAX][AUTHORITIES_MAX];
    struct ak_boot_fail fail;
    memset(provider, 0, sizeof *provider);
    provider->broker = broker;
    memcpy(provider->name, name.ptr, name.len);
    if (ak_provider_conf_load(
            &conf, ak_conf_text(broker_conf, AK_BROKER_OAUTH2_FILE), provider->name, &fail) != AK_OK)
        ak_boot_fail_exit(&fail);
    copy(provider->issuer, &conf, AK_PROVIDER_ISSUER);
    copy(provider->client_id, &conf, AK_PROVIDER_CLIENT_ID);
    copy(provider->scope, &conf, AK_PROVIDER_SCOPE);
    provider->timeout_s = (unsigned)ak_conf_number(broker_conf, AK_BROKER_OAUTH2_TIMEOUT);
    if (ak_conf_text(&conf, AK_PROVIDER_SECRET_FILE)[0])
        ak_broker_read_secret(&conf, AK_PROVIDER_SECRET_FILE, provider->secret, sizeof provider->secret);
    uint8_t *pem = authorities[broker->providers_count];
    if (ak_conf_text(&conf, AK_PROVIDER_CA_FILE)[0])
        provider->authorities =
            ak_span(pem, ak_broker_read_file(&conf, AK_PROVIDER_CA_FILE, pem, AUTHORITIES_MAX, false));
}

static size_t names_of(const struct ak_conf *conf, struct ak_span out_names[AK_PROVIDERS_MAX])
{
    size_t count = 0;
    struct ak_span text = ak_span_str(ak_conf_text(conf, AK_BROKER_OAUTH2_PROVIDERS));
    if (ak_provider_names(text, out_names, &count) != AK_OK)
        ak_boot_fail("bad_value", "oauth2.providers", "", "cannot be read", SEE);
    return count;
}

void ak_providers_load(struct ak_broker *broker, const struct ak_conf *conf)
{
    struct ak_span names[AK_PROVIDERS_MAX];
    size_t count = names_of(conf, names);
    for (; broker->providers_count < count; broker->providers_count++)
        load(broker, conf, names[broker->providers_count], &broker->providers[broker->providers_count]);
}

void ak_providers_open(struct ak_broker *broker)
{
    for (size_t i = 0; i < broker->providers_count; i++) put_redirect(&broker->providers[i]);
}

enum ak_err ak_providers_check(const struct ak_conf *conf, struct ak_boot_fail *out_fail)
{
    static struct ak_conf section;
    struct ak_span names[AK_PROVIDERS_MAX];
    size_t count = names_of(conf, names);
    for (size_t i = 0; i < count; i++) {
        char name[AK_PROVIDER_MAX + 1] = "";
        memcpy(name, names[i].ptr, names[i].len);
        AK_TRY(ak_provider_conf_load(&section, ak_conf_text(conf, AK_BROKER_OAUTH2_FILE), name, out_fail));
    }
    return AK_OK;
}

struct ak_provider *ak_provider_find(struct ak_broker *broker, struct ak_span name)
{
    for (size_t i = 0; i < broker->providers_count; i++)
        if (ak_span_eq(ak_span_str(broker->providers[i].name), name)) return &broker->providers[i];
    return NULL;
}

/* ---- asking ---- */
enum ak_err ak_provider_ask(struct ak_hand *hand, struct ak_provider *provider,
    const struct ak_provider_ask *ask, struct ak_span *out_body)
{
    char reason[AK_WEB_REASON_MAX];
    unsigned status = 0;
    struct ak_buf body = ak_buf(hand->page, ask->max);
    const struct ak_web_ask web = {.url = ask->url,
        .form = ask->form,
        .authorization = ask->authorization,
        .authorities = provider->authorities,
        .timeout_s = provider->timeout_s,
        .stop = &provider->broker->mail_stop};
    *out_body = AK_SPAN_EMPTY;
    atomic_fetch_add(&provider->broker->provider_fetches, 1);
    enum ak_err err = ak_web_fetch(&web, &body, &status, reason);
    bool fine = !err && (status == STATUS_OK || (ask->errors && status >= 400 && status < 500));
    if (!fine) {
        atomic_fetch_add(&provider->broker->provider_failures, 1);
        ak_log(AK_LOG_WARN, "provider_failed", ak_log_str("provider", provider->name),
            ak_log_str("what", ask->what), ak_log_err(err), ak_log_u64("status", status),
            ak_log_str("reason", reason));
        ak_wipe(hand->page, body.len);
        return err ? err : AK_E_IO;
    }
    *out_body = ak_buf_span(&body);
    return AK_OK;
}

static enum ak_err parsed(struct ak_provider *provider, const char *what, enum ak_err err)
{
    if (!err) return AK_OK;
    atomic_fetch_add(&provider->broker->provider_failures, 1);
    ak_log(AK_LOG_WARN, "provider_not_understood", ak_log_str("provider", provider->name),
        ak_log_str("what", what), ak_log_err(err));
    return err;
}

static enum ak_err fetch_discovery(struct ak_hand *hand, struct ak_provider *provider)
{
    char memory[AK_RP_URL_MAX + 64];
    struct ak_buf url = AK_BUF_ARR(memory);
    struct ak_span text, issuer = ak_span_str(provider->issuer);
    struct ak_rp_discovery discovery;
    AK_TRY(ak_rp_discovery_url(&url, issuer));
    const struct ak_provider_ask ask = {
        .what = "discovery", .url = ak_buf_span(&url), .max = AK_RP_DISCOVERY_MAX};
    AK_TRY(ak_provider_ask(hand, provider, &ask, &text));
    AK_TRY(parsed(provider, "discovery", ak_rp_discovery_parse(text, issuer, &discovery)));
    (void)pthread_mutex_lock(&provider->lock);
    provider->discovery = discovery;
    (void)pthread_mutex_unlock(&provider->lock);
    return AK_OK;
}

static enum ak_err fetch_jwks(struct ak_hand *hand, struct ak_provider *provider)
{
    struct ak_rp_discovery discovery;
    struct ak_rp_jwks jwks;
    struct ak_span text;
    AK_TRY(ak_provider_discovery(hand, provider, &discovery));
    const struct ak_provider_ask ask = {
        .what = "jwks", .url = ak_rp_text(&discovery.jwks), .max = AK_RP_JWKS_MAX};
    AK_TRY(ak_provider_ask(hand, provider, &ask, &text));
    AK_TRY(parsed(provider, "jwks", ak_rp_jwks_parse(text, &jwks)));
    (void)pthread_mutex_lock(&provider->lock);
    provider->jwks = jwks;
    (void)pthread_mutex_unlock(&provider->lock);
    return AK_OK;
}

/* ---- keeping ---- */
static bool is_young(uint64_t then_ms, uint64_t now_ms, uint64_t age_ms)
{
    return then_ms && now_ms - then_ms < age_ms;
}

/* Whether what is kept will do, or why not; AK_E_STATE: it is to be asked for. */
static enum ak_err look(const struct ak_kept *kept, uint64_t seen, uint64_t now_ms)
{
    if (is_young(kept->done_ms, now_ms, KEPT_MS) && kept->generation > seen) return AK_OK;
    if (kept->running) return AK_E_STATE;
    if (is_young(kept->failed_ms, now_ms, PAUSE_MS)) return AK_E_IO;
    return seen && is_young(kept->tried_ms, now_ms, AGAIN_MS) ? AK_E_NOT_FOUND : AK_E_STATE;
}

static void note(struct ak_kept *kept, enum ak_err err)
{
    kept->tried_ms = ak_clock_mono_ms();
    kept->failed_ms = err ? kept->tried_ms : 0;
    if (!err) kept->done_ms = kept->tried_ms;
    if (!err) kept->generation++;
    kept->running = false;
}

/* Called and left with the lock held. Single flight: one asks, the others wait for what comes of it. */
static enum ak_err want(struct ak_hand *hand, struct ak_provider *provider, struct ak_kept *kept,
    uint64_t seen, enum ak_err (*fetch)(struct ak_hand *hand, struct ak_provider *provider))
{
    enum ak_err err;
    while ((err = look(kept, seen, ak_clock_mono_ms())) == AK_E_STATE) {
        if (kept->running) {
            (void)pthread_cond_wait(&provider->fetched, &provider->lock);
            continue;
        }
        kept->running = true;
        (void)pthread_mutex_unlock(&provider->lock);
        err = fetch(hand, provider);
        (void)pthread_mutex_lock(&provider->lock);
        note(kept, err);
        (void)pthread_cond_broadcast(&provider->fetched);
    }
    return err;
}

bool ak_provider_knows(struct ak_provider *provider, struct ak_rp_discovery *out_discovery)
{
    (void)pthread_mutex_lock(&provider->lock);
    bool young = is_young(provider->kept_discovery.done_ms, ak_clock_mono_ms(), KEPT_MS);
    *out_discovery = provider->discovery;
    (void)pthread_mutex_unlock(&provider->lock);
    return young;
}

enum ak_err ak_provider_discovery(
    struct ak_hand *hand, struct ak_provider *provider, struct ak_rp_discovery *out_discovery)
{
    (void)pthread_mutex_lock(&provider->lock);
    enum ak_err err = want(hand, provider, &provider->kept_discovery, 0, fetch_discovery);
    *out_discovery = provider->discovery;
    (void)pthread_mutex_unlock(&provider->lock);
    return err;
}

enum ak_err ak_provider_jwks(
    struct ak_hand *hand, struct ak_provider *provider, uint64_t *generation, struct ak_rp_jwks *out_jwks)
{
    (void)pthread_mutex_lock(&provider->lock);
    enum ak_err err = want(hand, provider, &provider->kept_jwks, *generation, fetch_jwks);
    *generation = provider->kept_jwks.generation;
    *out_jwks = provider->jwks;
    (void)pthread_mutex_unlock(&provider->lock);
    return err;
}
