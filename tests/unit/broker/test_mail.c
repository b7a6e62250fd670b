/* The whole text of a mail, and dates over leap years. */
#include "unit/check.h"

#include "core/broker/mail.h"

static const uint8_t id[16] = {0xab, 1};

static struct ak_mail_head a_head(void)
{
    return (struct ak_mail_head){.from = AK_SPAN_LIT("keys@example.org"),
        .to = AK_SPAN_LIT("alice@example.org"),
        .domain = AK_SPAN_LIT("example.org"),
        .id = id,
        .now_s = 1795677000};
}

static struct ak_mail_text a_mail(void)
{
    return (struct ak_mail_text){.head = a_head(),
        .origin = AK_SPAN_LIT("https://signin.example"),
        .token = AK_SPAN_LIT("TOKEN"),
        .until_s = 1795677600};
}

static void whole_text(void **state)
{
    (void)state;
    char text[AK_MAIL_TEXT_MAX + 1] = "";
    struct ak_buf buf = ak_buf(text, AK_MAIL_TEXT_MAX);
    struct ak_mail_text mail = a_mail();
    assert_int_equal(ak_mail_put(&mail, &buf), AK_OK);
    assert_non_null(strstr(text, "From: AgentKeys <keys@example.org>\r\nTo: <alice@example.org>\r\n"));
    assert_non_null(strstr(text, "Message-ID: <ab010000000000000000000000000000@example.org>\r\n"));
    assert_non_null(
        strstr(text, "\r\nhttps://signin.example/auth/email#ab010000000000000000000000000000.TOKEN\r\n"));
    for (size_t i = 0, line = 0; i < buf.len; i++) {
        assert_true((uint8_t)text[i] < 0x7f);
        if (text[i] == '\n') assert_true(i > 0 && text[i - 1] == '\r');
        if (text[i] == '\r') assert_int_equal(text[i + 1], '\n');
        line = text[i] == '\n' ? 0 : line + 1;
        assert_true(line < 998); /* RFC 5322 2.1.1 */
    }
    for (size_t cap = 0; cap < buf.len; cap += 37) {
        struct ak_buf small = ak_buf(text, cap);
        assert_int_equal(ak_mail_put(&mail, &small), AK_E_FULL);
    }
}

static void notices(void **state)
{
    (void)state;
    static const struct {
        bool started, cancelled, sign_in, code;
        uint64_t ready_s;
        const char *subject, *body;
    } cases[] = {
        {true, false, true, false, 1795677600, "is being recovered", "Thu, 26 Nov 2026 07:20:00 +0000"},
        {true, false, true, false, 0, "is being recovered", "when the waiting time is over."},
        {true, false, false, false, 1795677600, "A change of your AgentKeys account waits",
            "agentkeys account cancel\r\n"},
        {true, false, true, false, 0, "is being recovered", "agentkeys recover --cancel\r\n"},
        {true, false, true, false, 0, "is being recovered", "agentkeys account suspend\r\n"},
        {false, true, false, false, 0, "was cancelled", "by a device of yours"},
        {false, false, true, false, 0, "took effect", "has taken effect"},
        {false, false, false, true, 0, "The recovery code of your AgentKeys account was replaced",
            "stop the account from a device of yours:\r\n\r\n  agentkeys account suspend\r\n"},
    };
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        char text[AK_MAIL_TEXT_MAX + 1] = "";
        struct ak_buf buf = ak_buf(text, AK_MAIL_TEXT_MAX), small = ak_buf(text, 100);
        const struct ak_mail_notice notice = {.head = a_head(),
            .started = cases[i].started,
            .cancelled = cases[i].cancelled,
            .sign_in = cases[i].sign_in,
            .code = cases[i].code,
            .ready_s = cases[i].ready_s};
        assert_int_equal(ak_mail_put_notice(&notice, &buf), AK_OK);
        const char *end = strstr(text, "\r\n\r\n");
        const char *subject = strstr(text, cases[i].subject);
        assert_non_null(end);
        assert_true(subject && subject < end);
        assert_non_null(strstr(end, cases[i].body));
        assert_null(strstr(text, "://")); /* nothing to click on */
        assert_int_equal(ak_mail_put_notice(&notice, &small), AK_E_FULL);
    }
}

static void expect_date(uint64_t unix_s, const char *want)
{
    char text[64] = "";
    struct ak_buf buf = ak_buf(text, sizeof text - 1);
    ak_mail_put_date(&buf, unix_s);
    assert_string_equal(text, want);
}

static void dates(void **state)
{
    (void)state;
    expect_date(0, "Thu, 01 Jan 1970 00:00:00 +0000");
    expect_date(951782399, "Mon, 28 Feb 2000 23:59:59 +0000");
    expect_date(951782400, "Tue, 29 Feb 2000 00:00:00 +0000");
    expect_date(951868800, "Wed, 01 Mar 2000 00:00:00 +0000");
    expect_date(1795677000, "Thu, 26 Nov 2026 07:10:00 +0000");
    expect_date(4107542400, "Mon, 01 Mar 2100 00:00:00 +0000"); /* no leap year */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_text), cmocka_unit_test(notices), cmocka_unit_test(dates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
