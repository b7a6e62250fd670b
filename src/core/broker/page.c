#include "core/broker/page.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"

const char ak_page_policy[] = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
                              "base-uri 'none'; frame-ancestors 'none'";

const char ak_page_css[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:#fff;color:#1a1a1a;font:1.0625rem/1.5 system-ui,sans-serif}\n"
    "main{max-width:32rem;margin:0 auto;padding:1.5rem 1rem}\n"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}\n"
    "label{display:block;margin:1rem 0 .25rem;font-weight:600}\n"
    "input{width:100%;min-width:0;padding:.6rem;font:inherit;color:#1a1a1a;background:#fff;"
    "border:2px solid #595959;border-radius:.3rem}\n"
    "#match_code{font-family:ui-monospace,monospace;font-size:1.5rem;letter-spacing:.15em;"
    "text-transform:uppercase}\n"
    "button{margin-top:1.25rem;width:100%;padding:.75rem;font:inherit;font-weight:600;color:#fff;"
    "background:#0b4f9e;border:2px solid #0b4f9e;border-radius:.3rem;cursor:pointer}\n"
    "input:focus-visible,button:focus-visible,pre:focus-visible{outline:3px solid "
    "#b35c00;outline-offset:2px}\n"
    "pre{margin:1rem 0 0;padding:.75rem;font:.875rem/1.4 ui-monospace,monospace;white-space:pre-wrap;"
    "overflow-wrap:anywhere;background:#f2f2f2;border:1px solid #595959;border-radius:.3rem}\n"
    ".note{color:#4a4a4a}\n"
    ".wrong{padding:.75rem;overflow-wrap:anywhere;color:#8a1010;background:#fdf0f0;border-left:.3rem solid "
    "#8a1010}\n"
    ".done{padding:.75rem;color:#0d5423;background:#eef8f0;border-left:.3rem solid #0d5423}\n"
    "[hidden]{display:none}\n";

const char ak_page_script[] =
    "'use strict';\n"
    "// The part of the link behind the '#' is sent to nobody; here it goes into the form and out of the "
    "address.\n"
    "(function () {\n"
    "  var link = document.getElementById('link');\n"
    "  var found = /^#([0-9a-f]{32}\\.[A-Za-z0-9_-]{43})$/.exec(location.hash);\n"
    "  if (!link || (!found && !link.value)) return;\n"
    "  if (found) link.value = found[1];\n"
    "  history.replaceState(null, '', location.pathname);\n"
    "  document.getElementById('link_row').hidden = true;\n"
    "  document.getElementById('match_code').focus();\n"
    "})();\n";

static const char head[] = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"robots\" content=\"noindex\">\n<title>Sign in - AgentKeys</title>\n"
                           "<link rel=\"stylesheet\" href=\"/assets/page.css\">\n</head>\n<body>\n<main>\n"
                           "<h1>Sign in to AgentKeys</h1>\n";

static void put_wrong(const struct ak_page_text *page, struct ak_buf *out)
{
    ak_buf_put_str(out, "<p class=\"wrong\" role=\"alert\">");
    ak_buf_put_str(out, page->message);
    ak_buf_put_str(out, ".");
    if (page->tries_left == 1) ak_buf_put_str(out, " One try is left.");
    if (page->tries_left > 1) {
        ak_buf_put_u8(out, ' ');
        ak_buf_put_dec(out, page->tries_left);
        ak_buf_put_str(out, " tries are left.");
    }
    ak_buf_put_str(out, "</p>\n");
}

static void put_link(const struct ak_page_text *page, struct ak_buf *out)
{
    if (page->id) {
        ak_hex_encode(out, ak_span(page->id, AK_LINK_ID_LEN));
        ak_buf_put_u8(out, '.');
        ak_buf_put(out, page->token);
    }
    ak_buf_put_u8(out, '"');
}

static void put_form_head(const struct ak_page_text *page, struct ak_buf *out)
{
    if (page->provider && page->provider[0]) {
        ak_buf_put_str(out, "<p>You are signed in at ");
        ak_buf_put_str(out, page->provider);
        ak_buf_put_str(out, ".</p>\n");
    }
    ak_buf_put_str(out,
        "<p>Type the 6 characters that your terminal shows. If you did not start this sign-in "
        "yourself, close this page.</p>\n<form method=\"post\" action=\"/auth/");
    ak_buf_put_str(out, page->provider ? "oauth2" : "email");
    ak_buf_put_str(out, "\" autocomplete=\"off\">\n");
}

static void put_form(const struct ak_page_text *page, struct ak_buf *out)
{
    put_form_head(page, out);
    if (page->provider) {
        ak_buf_put_str(out, "<input type=\"hidden\" name=\"link\" value=\"");
        put_link(page, out);
        ak_buf_put_str(out, ">\n");
    } else {
        ak_buf_put_str(out,
            "<div id=\"link_row\"><label for=\"link\">Link from the mail</label>\n"
            "<input id=\"link\" name=\"link\" required maxlength=\"400\" spellcheck=\"false\" "
            "autocapitalize=\"none\" value=\"");
        put_link(page, out);
        ak_buf_put_str(out, "></div>\n");
    }
    ak_buf_put_str(out, "<label for=\"match_code\">Code from your terminal</label>\n"
                        "<input id=\"match_code\" name=\"match_code\" required maxlength=\"16\" "
                        "spellcheck=\"false\" autocapitalize=\"characters\"");
    ak_buf_put_str(out, page->provider ? " autofocus>\n" : ">\n");
    ak_buf_put_str(out, "<button type=\"submit\">Sign in</button>\n</form>\n"
                        "<p class=\"note\">Nobody from AgentKeys ever asks you for this code.</p>\n");
    if (!page->provider) ak_buf_put_str(out, "<script src=\"/assets/email.js\"></script>\n");
}

void ak_page_put(const struct ak_page_text *page, struct ak_buf *out)
{
    ak_buf_put_str(out, head);
    if (page->kind == AK_PAGE_WALLET)
        ak_page_put_wallet(out);
    else if (page->kind != AK_PAGE_ASK && page->kind != AK_PAGE_DONE)
        put_wrong(page, out);
    if (page->kind == AK_PAGE_ASK || page->kind == AK_PAGE_WRONG) put_form(page, out);
    if (page->kind == AK_PAGE_DONE)
        ak_buf_put_str(out, "<p class=\"done\" role=\"status\">Done. Go back to your terminal; you may close "
                            "this page.</p>\n");
    if (page->kind == AK_PAGE_OVER)
        ak_buf_put_str(out, "<p>To try again, start the sign-in anew in your terminal.</p>\n");
    if (page->kind == AK_PAGE_LATER)
        ak_buf_put_str(out, "<p>Nothing has changed: load this page again in a moment.</p>\n");
    ak_buf_put_str(out, "</main>\n</body>\n</html>\n");
}

enum ak_err ak_link_read(struct ak_span text, uint8_t out_id[AK_LINK_ID_LEN], struct ak_span *out_token)
{
    uint8_t token[AK_LINK_TOKEN_LEN];
    size_t mark = ak_span_find(text, 0, '#');
    struct ak_span link = mark < text.len ? ak_span_sub(text, mark + 1, text.len) : text;
    while (link.len && (link.ptr[0] == ' ' || link.ptr[0] == '+')) link = ak_span_sub(link, 1, link.len);
    while (link.len && (link.ptr[link.len - 1] == ' ' || link.ptr[link.len - 1] == '+')) link.len--;
    size_t dot = ak_span_find(link, 0, '.');
    *out_token = AK_SPAN_EMPTY;
    AK_TRY(ak_hex_decode_fixed(ak_span_sub(link, 0, dot), out_id, AK_LINK_ID_LEN));
    struct ak_span rest = ak_span_sub(link, dot + 1, link.len);
    enum ak_err err = ak_base64url_decode_fixed(rest, token, sizeof token);
    ak_wipe(token, sizeof token);
    if (err) {
        memset(out_id, 0, AK_LINK_ID_LEN);
        return err;
    }
    *out_token = rest;
    return AK_OK;
}
