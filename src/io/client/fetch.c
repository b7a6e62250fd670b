/* libcurl behind one door. */
#include "io/client/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec/base64.h"
#include "base/wipe.h"

enum { HEADER_MAX = AK_LIMIT_TOKEN + 64, URL_MAX = 1024, PIN_TEXT_MAX = 64 };

static size_t take_body(char *ptr, size_t size, size_t count, void *ctx)
{
    struct ak_fetch *fetch = ctx;
    size_t len = size * count;
    if (len > AK_FETCH_BODY_MAX - fetch->body_len) {
        fetch->body_over = true;
        return 0;
    }
    memcpy(fetch->body + fetch->body_len, ptr, len);
    fetch->body_len += len;
    return len;
}

static bool is_named(struct ak_span line, const char *name, struct ak_span *out_value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.ptr[len] != ':') return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = line.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? (c | 0x20) : c) != (uint8_t)name[i]) return false;
    }
    struct ak_span value = ak_span_sub(line, len + 1, line.len);
    while (value.len && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
        value = ak_span_sub(value, 1, value.len);
    while (value.len && (value.ptr[value.len - 1] <= ' ')) value.len--;
    *out_value = value;
    return true;
}

/* Printable ASCII only: it goes to a terminal, or back to the worker. */
static void keep(char *out, size_t max, struct ak_span value)
{
    out[0] = 0;
    if (value.len > max) return;
    for (size_t i = 0; i < value.len; i++)
        out[i] = value.ptr[i] >= 0x20 && value.ptr[i] < 0x7f ? (char)value.ptr[i] : '?';
    out[value.len] = 0;
}

static size_t take_header(char *ptr, size_t size, size_t count, void *ctx)
{
    struct ak_fetch *fetch = ctx;
    struct ak_span line = ak_span(ptr, size * count);
    struct ak_span value;
    char date[64];
    if (is_named(line, "dpop-nonce", &value)) keep(fetch->nonce, AK_FETCH_NONCE_MAX, value);
    if (is_named(line, "agentkeys-notice", &value)) keep(fetch->notice, AK_FETCH_NOTICE_MAX, value);
    if (is_named(line, "x-request-id", &value)) keep(fetch->request_id, AK_FETCH_ID_MAX, value);
    if (is_named(line, "date", &value)) {
        keep(date, sizeof date - 1, value);
        time_t seconds = curl_getdate(date, NULL);
        fetch->date_s = seconds > 0 ? (uint64_t)seconds : 0;
    }
    return size * count;
}

static enum ak_err set_pin(CURL *curl, const uint8_t *pin)
{
    char text[PIN_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    if (!pin) return AK_OK;
    ak_buf_put_str(&buf, "sha256//");
    ak_base64_encode(&buf, ak_span(pin, 32));
    if (ak_buf_terminate(&buf) != AK_OK || curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, text))
        return AK_E_IO;
    /* the worker's own key, not an authority's word, says who it is */
    bool failed = curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    return failed ? AK_E_IO : AK_OK;
}

static enum ak_err set_common(CURL *curl, const struct ak_target *target, uint64_t timeout_ms)
{
    bool failed = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
                  curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
                  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) ||
                  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, target->tls ? "https" : "http") ||
                  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
                  curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) ||
                  curl_easy_setopt(curl, CURLOPT_USERAGENT, "agentkeys/" AK_VERSION) ||
                  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) ||
                  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    if (target->socket[0])
        failed = failed || curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, target->socket);
    return failed ? AK_E_IO : AK_OK;
}

enum ak_err ak_fetch_open(
    struct ak_fetch *fetch, const struct ak_target *target, const uint8_t *pin, uint64_t timeout_ms)
{
    memset(fetch, 0, sizeof *fetch);
    fetch->target = target;
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) return AK_E_IO;
    fetch->body = malloc(AK_FETCH_BODY_MAX);
    fetch->curl = curl_easy_init();
    enum ak_err err = fetch->body && fetch->curl ? AK_OK : AK_E_FULL;
    if (!err) err = set_common(fetch->curl, target, timeout_ms);
    if (!err) err = set_pin(fetch->curl, pin);
    if (!err && (curl_easy_setopt(fetch->curl, CURLOPT_WRITEFUNCTION, take_body) ||
                    curl_easy_setopt(fetch->curl, CURLOPT_WRITEDATA, fetch) ||
                    curl_easy_setopt(fetch->curl, CURLOPT_HEADERFUNCTION, take_header) ||
                    curl_easy_setopt(fetch->curl, CURLOPT_HEADERDATA, fetch)))
        err = AK_E_IO;
    if (err) ak_fetch_close(fetch);
    return err;
}

void ak_fetch_close(struct ak_fetch *fetch)
{
    if (fetch->curl) curl_easy_cleanup(fetch->curl);
    ak_guard_close(&fetch->guard);
    if (fetch->body) {
        ak_wipe(fetch->body, AK_FETCH_BODY_MAX);
        free(fetch->body);
    }
    memset(fetch, 0, sizeof *fetch);
}

/* libcurl copies the line. */
static enum ak_err add_header(struct ak_fetch *fetch, const char *name, struct ak_span value)
{
    char line[HEADER_MAX];
    struct ak_buf buf = AK_BUF_ARR(line);
    ak_buf_put_str(&buf, name);
    ak_buf_put(&buf, value);
    enum ak_err err = ak_buf_terminate(&buf);
    struct curl_slist *list = err ? NULL : curl_slist_append(fetch->headers, line);
    ak_wipe(line, sizeof line);
    if (!list) return AK_E_FULL;
    fetch->headers = list;
    return AK_OK;
}

static enum ak_err add_headers(struct ak_fetch *fetch, const struct ak_fetch_ask *ask)
{
    AK_TRY(add_header(fetch, "Accept: application/json", AK_SPAN_EMPTY));
    AK_TRY(add_header(fetch, "Expect:", AK_SPAN_EMPTY));
    if (ask->body.len) AK_TRY(add_header(fetch, "Content-Type: application/json", AK_SPAN_EMPTY));
    if (ask->token.len) AK_TRY(add_header(fetch, "Authorization: DPoP ", ask->token));
    if (ask->proof.len) AK_TRY(add_header(fetch, "DPoP: ", ask->proof));
    if (ask->idempotency) AK_TRY(add_header(fetch, "Idempotency-Key: ", ak_span_str(ask->idempotency)));
    return AK_OK;
}

static enum ak_err set_request(struct ak_fetch *fetch, const struct ak_fetch_ask *ask)
{
    char url[URL_MAX];
    struct ak_buf buf = AK_BUF_ARR(url);
    CURL *curl = fetch->curl;
    bool sends = strcmp(ask->method, "POST") == 0 || strcmp(ask->method, "PUT") == 0;
    const char *custom =
        strcmp(ask->method, "PUT") == 0 || strcmp(ask->method, "DELETE") == 0 ? ask->method : NULL;
    ak_buf_put_str(&buf, fetch->target->origin);
    ak_buf_put_str(&buf, ask->path);
    AK_TRY(ak_buf_terminate(&buf));
    AK_TRY(add_headers(fetch, ask));
    bool failed = curl_easy_setopt(curl, CURLOPT_URL, url) ||
                  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, (struct curl_slist *)fetch->headers) ||
                  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, custom);
    if (sends)
        failed = failed || curl_easy_setopt(curl, CURLOPT_POST, 1L) ||
                 curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)ask->body.len) ||
                 curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body.len ? (const char *)ask->body.ptr : "");
    else
        failed = failed || curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    return failed ? AK_E_IO : AK_OK;
}

static enum ak_err explain(struct ak_fetch *fetch, CURLcode code)
{
    struct ak_buf buf = AK_BUF_ARR(fetch->reason);
    fetch->pin_failed = code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
    ak_buf_put_str(&buf, fetch->body_over ? "the answer is too long" : curl_easy_strerror(code));
    if (ak_buf_terminate(&buf) != AK_OK) fetch->reason[0] = 0;
    if (fetch->body_over) return AK_E_LIMIT;
    if (fetch->guard.on && fetch->guard.stopped) return AK_E_STATE;
    return fetch->pin_failed || code == CURLE_PEER_FAILED_VERIFICATION ? AK_E_AUTH : AK_E_IO;
}

enum ak_err ak_fetch_do(
    struct ak_fetch *fetch, const struct ak_fetch_ask *ask, struct ak_fetch_answer *out_answer)
{
    long status = 0, connects = 0;
    memset(out_answer, 0, sizeof *out_answer);
    fetch->body_len = 0;
    fetch->body_over = false;
    fetch->notice[0] = fetch->reason[0] = fetch->request_id[0] = 0;
    fetch->date_s = 0;
    fetch->headers = NULL;
    fetch->guard.stopped = false;
    enum ak_err err = set_request(fetch, ask);
    CURLcode code = err ? CURLE_OK : curl_easy_perform(fetch->curl);
    (void)curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(fetch->headers);
    fetch->headers = NULL;
    if (err) return err;
    if (code) return explain(fetch, code);
    if (curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status) ||
        curl_easy_getinfo(fetch->curl, CURLINFO_NUM_CONNECTS, &connects) || status < 100 || status > 599)
        return AK_E_IO;
    *out_answer = (struct ak_fetch_answer){.status = (unsigned)status,
        .body = ak_span(fetch->body, fetch->body_len),
        .request_id = fetch->request_id,
        .new_connection = connects > 0};
    return AK_OK;
}
