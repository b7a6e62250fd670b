/* libcurl behind one door. */
#include "io/web/web.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/wipe.h"
#include "core/rp/url.h"

enum { URL_MAX = AK_RP_URL_MAX + 1, HEADER_MAX = 2304, REDIRECT = 300, REDIRECT_END = 400 };

struct run {
    const struct ak_web_ask *ask;
    CURL *curl;
    struct curl_slist *headers;
    struct ak_buf *body;
    size_t before;
    bool over;
    char url[URL_MAX];
};

static size_t take(char *ptr, size_t size, size_t count, void *ctx)
{
    struct run *run = ctx;
    size_t len = size * count;
    ak_buf_put(run->body, ak_span(ptr, len));
    run->over = ak_buf_check(run->body) != AK_OK;
    return run->over ? 0 : len;
}

static int may_go_on(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct run *run = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return run->ask->stop && atomic_load(run->ask->stop) ? 1 : 0;
}

static bool add_header(struct run *run, const char *text)
{
    struct curl_slist *more = curl_slist_append(run->headers, text);
    if (more) run->headers = more;
    return more != NULL;
}

static bool set_headers(struct run *run)
{
    char text[HEADER_MAX];
    struct ak_buf line = AK_BUF_ARR(text);
    if (!add_header(run, "Accept: application/json")) return false;
    if (run->ask->authorization.len == 0) return true;
    ak_buf_put_str(&line, "Authorization: ");
    ak_buf_put(&line, run->ask->authorization);
    bool added = ak_buf_terminate(&line) == AK_OK && add_header(run, text);
    ak_wipe(text, sizeof text);
    return added;
}

static bool set_form(struct run *run)
{
    struct ak_span form = run->ask->form;
    if (form.len == 0) return true;
    return !curl_easy_setopt(run->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form.len) &&
           !curl_easy_setopt(run->curl, CURLOPT_POSTFIELDS, (const char *)form.ptr);
}

static bool set_trust(struct run *run)
{
    bool plain = ak_rp_url_is_plain_loopback(run->ask->url);
    struct ak_span authorities = run->ask->authorities;
    bool failed = curl_easy_setopt(run->curl, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https") ||
                  curl_easy_setopt(run->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (!failed && authorities.len) {
        struct curl_blob blob = {(void *)(uintptr_t)authorities.ptr, authorities.len, CURL_BLOB_COPY};
        failed = curl_easy_setopt(run->curl, CURLOPT_CAINFO_BLOB, &blob) ||
                 curl_easy_setopt(run->curl, CURLOPT_CAPATH, NULL);
    }
    return !failed;
}

static bool set_all(struct run *run)
{
    long timeout = (long)run->ask->timeout_s;
    CURL *curl = run->curl;
    /* a name server that hangs keeps nobody: not taken by every version */
    (void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    bool failed = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
                  curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
                  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) ||
                  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
                  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout) ||
                  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, timeout) ||
                  curl_easy_setopt(curl, CURLOPT_URL, run->url) ||
                  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) ||
                  curl_easy_setopt(curl, CURLOPT_WRITEDATA, run) ||
                  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, may_go_on) ||
                  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, run) ||
                  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    return !failed && set_trust(run) && set_headers(run) && set_form(run) &&
           !curl_easy_setopt(curl, CURLOPT_HTTPHEADER, run->headers);
}

static void say(char *out_reason, const char *text, long status)
{
    if (out_reason) (void)snprintf(out_reason, AK_WEB_REASON_MAX, "%s (%ld)", text, status);
}

static enum ak_err judge(struct run *run, CURLcode code, unsigned *out_status, char *out_reason)
{
    long status = 0;
    (void)curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code) say(out_reason, run->over ? "the answer is too long" : curl_easy_strerror(code), status);
    if (run->over) return AK_E_LIMIT;
    if (code == CURLE_OUT_OF_MEMORY) return AK_E_FULL;
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR) return AK_E_AUTH;
    if (code) return AK_E_IO;
    bool elsewhere = status >= REDIRECT && status < REDIRECT_END;
    if (elsewhere) say(out_reason, "it sends elsewhere", status);
    *out_status = (unsigned)status;
    return elsewhere ? AK_E_IO : AK_OK;
}

static enum ak_err perform(struct run *run, unsigned *out_status, char *out_reason)
{
    run->curl = curl_easy_init();
    if (!run->curl) return AK_E_FULL;
    enum ak_err err =
        set_all(run) ? judge(run, curl_easy_perform(run->curl), out_status, out_reason) : AK_E_FULL;
    curl_easy_cleanup(run->curl);
    curl_slist_free_all(run->headers);
    return err;
}

enum ak_err ak_web_fetch(const struct ak_web_ask *ask, struct ak_buf *body, unsigned *out_status,
    char out_reason[AK_WEB_REASON_MAX])
{
    struct run run = {.ask = ask, .body = body, .before = body->len};
    struct ak_buf url = AK_BUF_ARR(run.url);
    *out_status = 0;
    if (out_reason) out_reason[0] = 0;
    ak_buf_put(&url, ask->url);
    if (!ak_rp_url_valid(ask->url, true) || ak_buf_terminate(&url) != AK_OK) return AK_E_ARG;
    enum ak_err err = perform(&run, out_status, out_reason);
    if (!err) err = ak_buf_check(body);
    if (!err) return AK_OK;
    if (body->len > run.before) ak_wipe(body->ptr + run.before, body->len - run.before);
    body->len = run.before;
    body->failed = false;
    *out_status = 0;
    return err;
}
