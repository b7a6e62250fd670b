/* libcurl behind one door. */
#include "io/mail/mail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/wipe.h"

enum { ADDRESS_MAX = 330, STATUS_PERMANENT = 500, STATUS_AUTH = 535, STATUS_END = 600 };

struct upload {
    struct ak_span rest;
};

static size_t give(char *buffer, size_t size, size_t count, void *ctx)
{
    struct upload *upload = ctx;
    size_t len = size * count;
    if (len > upload->rest.len) len = upload->rest.len;
    if (len) memcpy(buffer, upload->rest.ptr, len);
    upload->rest = ak_span_sub(upload->rest, len, upload->rest.len);
    return len;
}

/* Printable ASCII that needs no quoting; the rest would be read as something else. */
static enum ak_err put_address(struct ak_span address, char out_text[ADDRESS_MAX])
{
    struct ak_buf buf = ak_buf(out_text, ADDRESS_MAX);
    for (size_t i = 0; i < address.len; i++)
        if (address.ptr[i] <= ' ' || address.ptr[i] > '~' || memchr("<>\"\\(),;:[]", address.ptr[i], 11))
            return AK_E_ARG;
    ak_buf_put_u8(&buf, '<');
    ak_buf_put(&buf, address);
    ak_buf_put_u8(&buf, '>');
    return ak_buf_terminate(&buf) == AK_OK && address.len ? AK_OK : AK_E_ARG;
}

static bool set_server(CURL *curl, const struct ak_mail_server *server)
{
    long timeout = (long)server->timeout_s;
    bool failed =
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") ||
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(server->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL)) ||
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout) ||
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, timeout) ||
        /* of the good-bye too, which the library says after a time-out as well */
        curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout) ||
        curl_easy_setopt(curl, CURLOPT_URL, server->url);
    if (server->user[0])
        failed = failed || curl_easy_setopt(curl, CURLOPT_USERNAME, server->user) ||
                 curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password);
    if (server->authorities.len) {
        struct curl_blob blob = {
            (void *)(uintptr_t)server->authorities.ptr, server->authorities.len, CURL_BLOB_COPY};
        failed = failed || curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob) ||
                 curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    return !failed;
}

static int may_go_on(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct ak_mail_sender *sender = ctx;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return sender->stop && atomic_load(sender->stop) ? 1 : 0;
}

static enum ak_err judge(struct ak_mail_sender *sender, CURL *curl, CURLcode code)
{
    long status = 0;
    if (!code) return AK_OK;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    sender->status = status > 0 ? (unsigned)status : 0;
    (void)snprintf(sender->reason, sizeof sender->reason, "%s (%ld)", curl_easy_strerror(code), status);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED ||
        code == CURLE_LOGIN_DENIED || status == STATUS_AUTH)
        return AK_E_AUTH;
    return status >= STATUS_PERMANENT && status < STATUS_END ? AK_E_MEANING : AK_E_IO;
}

static enum ak_err perform(
    struct ak_mail_sender *sender, CURL *curl, const char *from, const char *to, struct ak_span text)
{
    struct upload upload = {text};
    struct curl_slist *list = curl_slist_append(NULL, to);
    if (!list) return AK_E_IO;
    bool failed = !set_server(curl, sender->server) || curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from) ||
                  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, list) ||
                  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_READFUNCTION, give) ||
                  curl_easy_setopt(curl, CURLOPT_READDATA, &upload) ||
                  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, may_go_on) ||
                  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, sender) ||
                  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    enum ak_err err = failed ? AK_E_IO : judge(sender, curl, curl_easy_perform(curl));
    curl_slist_free_all(list);
    return err;
}

enum ak_err ak_mail_send(struct ak_mail_sender *sender, struct ak_span to, struct ak_span text)
{
    char from[ADDRESS_MAX], recipient[ADDRESS_MAX];
    sender->reason[0] = 0;
    sender->status = 0;
    enum ak_err err = put_address(ak_span_str(sender->server->from), from);
    if (!err) err = put_address(to, recipient);
    if (err) return err;
    CURL *curl = curl_easy_init();
    err = curl ? perform(sender, curl, from, recipient, text) : AK_E_IO;
    if (curl) curl_easy_cleanup(curl);
    ak_wipe(recipient, sizeof recipient);
    return err;
}
