/* Pages: nothing of a stranger's in them, nothing of another origin, and links of one form only. */
#include "unit/check.h"

#include "core/broker/page.h"

#define ID    "000102030405060708090a0b0c0d0e0f"
#define TOKEN "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static char html[AK_PAGE_MAX + 1];

static const char *put(const struct ak_page_text *page)
{
    struct ak_buf buf = ak_buf(html, AK_PAGE_MAX);
    memset(html, 0, sizeof html);
    ak_page_put(page, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_null(strstr(html, "://"));    /* nothing of another origin */
    assert_null(strstr(html, "style=")); /* nothing that the policy would refuse */
    assert_null(strstr(html, " on"));
    assert_non_null(strstr(html, "<html lang=\"en\">"));
    assert_non_null(strstr(html, "width=device-width"));
    return html;
}

static void each_kind(void **state)
{
    (void)state;
    static const uint8_t id[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct ak_page_text page = {.kind = AK_PAGE_ASK};
    assert_non_null(strstr(put(&page), "name=\"match_code\""));
    assert_non_null(strstr(html, "value=\"\""));
    assert_null(strstr(html, "role=\"alert\""));
    page = (struct ak_page_text){
        .kind = AK_PAGE_WRONG, .message = "No", .tries_left = 2, .id = id, .token = AK_SPAN_LIT(TOKEN)};
    assert_non_null(strstr(put(&page), "value=\"" ID "." TOKEN "\""));
    assert_non_null(strstr(html, "No. 2 tries are left."));
    page.tries_left = 1;
    assert_non_null(strstr(put(&page), "No. One try is left."));
    page.tries_left = 0;
    assert_null(strstr(put(&page), "left."));
    page = (struct ak_page_text){.kind = AK_PAGE_OVER, .message = "Over"};
    assert_null(strstr(put(&page), "<form"));
    assert_non_null(strstr(html, "Over."));
    page = (struct ak_page_text){.kind = AK_PAGE_DONE};
    assert_non_null(strstr(put(&page), "Done."));
    assert_null(strstr(html, "<form"));
}

static void of_a_provider(void **state)
{
    (void)state;
    static const uint8_t id[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct ak_page_text page = {
        .kind = AK_PAGE_ASK, .id = id, .token = AK_SPAN_LIT(TOKEN), .provider = "acme"};
    assert_non_null(strstr(put(&page), "signed in at acme."));
    assert_non_null(strstr(html, "action=\"/auth/oauth2\""));
    assert_non_null(strstr(html, "<input type=\"hidden\" name=\"link\" value=\"" ID "." TOKEN "\">"));
    assert_non_null(strstr(html, "name=\"match_code\""));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "Link from the mail"));
    page.provider = "";
    page.kind = AK_PAGE_WRONG;
    page.message = "No";
    assert_null(strstr(put(&page), "signed in at"));
    assert_non_null(strstr(html, "action=\"/auth/oauth2\""));
    page = (struct ak_page_text){.kind = AK_PAGE_LATER, .message = "It is silent"};
    assert_non_null(strstr(put(&page), "It is silent."));
    assert_non_null(strstr(html, "load this page again"));
    assert_null(strstr(html, "<form"));
}

/* It works alone: no form, nothing is sent, and what it shows is set as text. */
static void of_a_wallet(void **state)
{
    (void)state;
    const struct ak_page_text page = {.kind = AK_PAGE_WALLET};
    assert_non_null(strstr(put(&page), "src=\"/assets/wallet.js\""));
    assert_non_null(strstr(html, "<noscript>"));
    assert_null(strstr(html, "<form"));
    assert_null(strstr(html, "/assets/email.js"));
    static const char *const none[] = {"innerHTML", "fetch(", "XMLHttpRequest", "eval(", "document.write",
        "eth_send", "eth_sign'", "location.href", "window.open", "://"};
    for (size_t i = 0; i < AK_COUNT(none); i++)
        if (strstr(ak_page_wallet_script, none[i])) fail_msg("%s", none[i]);
    assert_non_null(strstr(ak_page_wallet_script, "personal_sign"));
}

static void policy_is_strict(void **state)
{
    (void)state;
    assert_non_null(strstr(ak_page_policy, "default-src 'none'"));
    assert_non_null(strstr(ak_page_policy, "frame-ancestors 'none'"));
    assert_null(strstr(ak_page_policy, "unsafe"));
    assert_null(strstr(ak_page_policy, "*"));
    assert_null(strstr(ak_page_css, "url("));
    assert_null(strstr(ak_page_css, "@import"));
    assert_null(strstr(ak_page_script, "innerHTML"));
}

static void links(void **state)
{
    (void)state;
    uint8_t id[16];
    struct ak_span token;
    static const char *const good[] = {ID "." TOKEN, "#" ID "." TOKEN,
        "https://a.example/auth/email#" ID "." TOKEN, " " ID "." TOKEN "  ", "+" ID "." TOKEN "+"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        assert_int_equal(ak_link_read(ak_span_str(good[i]), id, &token), AK_OK);
        assert_int_equal(id[15], 15);
        assert_true(ak_span_eq(token, AK_SPAN_LIT(TOKEN)));
    }
    static const char *const bad[] = {"", ".", ID, ID ".", "." TOKEN, ID TOKEN, ID "." TOKEN "A",
        ID "." TOKEN ".", ID ".\"><script>", "0" ID "." TOKEN, "https://a.example/auth/email#",
        "##" ID "." TOKEN, "000102030405060708090A0B0C0D0E0F." TOKEN};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (ak_link_read(ak_span_str(bad[i]), id, &token) == AK_OK) fail_msg("%s", bad[i]);
        assert_int_equal(token.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind), cmocka_unit_test(of_a_provider),
        cmocka_unit_test(of_a_wallet), cmocka_unit_test(policy_is_strict), cmocka_unit_test(links)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
