/* The pages and what they are made with, from memory. */
#include "core/broker/page.h"
#include "programs/broker/broker.h"

static void answer(struct ak_broker *broker, struct ak_http_request *request, unsigned status,
    const char *type, struct ak_span body)
{
    struct ak_http_reply reply = {.status = status,
        .content_type = type,
        .body = body,
        .names = {"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options",
            "Cross-Origin-Opener-Policy"},
        .values = {ak_page_policy, "no-referrer", "nosniff", "same-origin"},
        .extra = 4};
    ak_front_answer(broker, request, &reply);
}

static void answer_page(struct ak_broker *broker, struct ak_http_request *request, unsigned status,
    const struct ak_page_text *page)
{
    uint8_t memory[AK_PAGE_MAX];
    struct ak_buf html = AK_BUF_ARR(memory);
    ak_page_put(page, &html);
    answer(broker, request, status, "text/html; charset=utf-8", ak_buf_span(&html));
    ak_wipe(memory, sizeof memory);
}

bool ak_page(struct ak_broker *broker, struct ak_http_request *request)
{
    const struct ak_page_text ask = {.kind = AK_PAGE_ASK}, sign = {.kind = AK_PAGE_WALLET};
    bool page = ak_span_eq(request->path, AK_SPAN_LIT("/auth/email"));
    bool wallet = ak_span_eq(request->path, AK_SPAN_LIT("/auth/wallet"));
    bool css = ak_span_eq(request->path, AK_SPAN_LIT("/assets/page.css"));
    bool script = ak_span_eq(request->path, AK_SPAN_LIT("/assets/email.js"));
    bool signer = ak_span_eq(request->path, AK_SPAN_LIT("/assets/wallet.js"));
    if (!page && !wallet && !css && !script && !signer) return false;
    if (!ak_span_eq(request->method, AK_SPAN_LIT("GET")))
        ak_front_error(broker, request, AK_CODE_METHOD_NOT_ALLOWED, NULL);
    else if (css)
        answer(broker, request, 200, "text/css; charset=utf-8", ak_span_str(ak_page_css));
    else if (script)
        answer(broker, request, 200, "text/javascript; charset=utf-8", ak_span_str(ak_page_script));
    else if (signer)
        answer(broker, request, 200, "text/javascript; charset=utf-8", ak_span_str(ak_page_wallet_script));
    else
        answer_page(broker, request, 200, wallet ? &sign : &ask);
    return true;
}

/* Where the provider sent the browser back to: the form, or why there is none. */
static void answer_callback(
    struct ak_broker *broker, struct ak_http_request *request, const struct ak_job *job)
{
    struct ak_page_text page = {.kind = AK_PAGE_OVER,
        .message = job->why ? job->why : ak_code_text(job->code),
        .provider = job->provider->name};
    if (job->code == AK_CODE_NOT_READY || job->code == AK_CODE_UPSTREAM_ERROR) page.kind = AK_PAGE_LATER;
    if (job->code == AK_CODE_OK) {
        page.kind = AK_PAGE_ASK;
        page.id = job->answer;
        page.token = ak_span(job->answer + AK_LINK_ID_LEN, job->answer_len - AK_LINK_ID_LEN);
    }
    answer_page(broker, request, ak_code_status(job->code), &page);
}

static void answer_form(struct ak_broker *broker, struct ak_http_request *request, const struct ak_job *job)
{
    struct ak_msg_email_verify_request asked = {0};
    const char *provider = job->form == AK_JOB_PAGE_OAUTH2 ? "" : NULL;
    struct ak_page_text page = {.kind = AK_PAGE_DONE, .provider = provider};
    bool has_link =
        ak_msg_decode(&ak_email_verify_request_msg, ak_span(job->body, job->body_len), &asked, NULL) == AK_OK;
    if (job->body_len == 0) {
        page.kind = provider ? AK_PAGE_OVER : AK_PAGE_WRONG;
        page.message = "This is not a whole link from our mail, or no code";
        if (provider) page.message = "This page is not whole, or there was no code";
        answer_page(broker, request, 400, &page);
        return;
    }
    if (job->code == AK_CODE_OK) {
        answer_page(broker, request, 200, &page);
        return;
    }
    bool again = job->code == AK_CODE_INVALID_REQUEST || job->code == AK_CODE_NOT_READY;
    page.kind = again ? AK_PAGE_WRONG : AK_PAGE_OVER;
    page.message = job->why ? job->why : ak_code_text(job->code);
    page.tries_left = job->tries_left;
    if (has_link && again) {
        page.id = asked.request_id;
        page.token = asked.token;
    }
    answer_page(broker, request, ak_code_status(job->code), &page);
}

void ak_page_answer(struct ak_broker *broker, struct ak_http_request *request, const struct ak_job *job)
{
    if (job->form == AK_JOB_CALLBACK)
        answer_callback(broker, request, job);
    else
        answer_form(broker, request, job);
}
