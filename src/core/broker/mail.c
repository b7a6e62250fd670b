#include "core/broker/mail.h"

#include "base/codec/hex.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static void put_two(struct ak_buf *out, uint64_t number)
{
    ak_buf_put_u8(out, (uint8_t)('0' + number / 10 % 10));
    ak_buf_put_u8(out, (uint8_t)('0' + number % 10));
}

/* Days to year, month, day of the Gregorian calendar, counted from March so that leap days come last. */
static void civil(uint64_t days, uint64_t *out_year, uint64_t *out_month, uint64_t *out_day)
{
    uint64_t shifted = days + 719468;
    uint64_t era = shifted / 146097, of_era = shifted % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    *out_day = of_year - (153 * month + 2) / 5 + 1;
    *out_month = month < 10 ? month + 3 : month - 9;
    *out_year = year + era * 400 + (*out_month <= 2);
}

void ak_mail_put_date(struct ak_buf *out, uint64_t unix_s)
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t year = 0, month = 0, day = 0, second = unix_s % DAY;
    civil(unix_s / DAY, &year, &month, &day);
    ak_buf_put(out, ak_span(days + 3 * (unix_s / DAY % 7), 3));
    ak_buf_put_str(out, ", ");
    put_two(out, day);
    ak_buf_put_u8(out, ' ');
    ak_buf_put(out, ak_span(months + 3 * (month - 1), 3));
    ak_buf_put_u8(out, ' ');
    ak_buf_put_dec(out, year);
    ak_buf_put_u8(out, ' ');
    put_two(out, second / HOUR);
    ak_buf_put_u8(out, ':');
    put_two(out, second % HOUR / MINUTE);
    ak_buf_put_u8(out, ':');
    put_two(out, second % MINUTE);
    ak_buf_put_str(out, " +0000");
}

static void put_head(const struct ak_mail_head *head, const char *subject, struct ak_buf *out)
{
    ak_buf_put_str(out, "From: AgentKeys <");
    ak_buf_put(out, head->from);
    ak_buf_put_str(out, ">\r\nTo: <");
    ak_buf_put(out, head->to);
    ak_buf_put_str(out, ">\r\nSubject: ");
    ak_buf_put_str(out, subject);
    ak_buf_put_str(out, "\r\nDate: ");
    ak_mail_put_date(out, head->now_s);
    ak_buf_put_str(out, "\r\nMessage-ID: <");
    ak_hex_encode(out, ak_span(head->id, 16));
    ak_buf_put_u8(out, '@');
    ak_buf_put(out, head->domain);
    ak_buf_put_str(out,
        ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
}

static const char *subject_of(const struct ak_mail_notice *notice)
{
    if (notice->code) return "The recovery code of your AgentKeys account was replaced";
    if (notice->started)
        return notice->sign_in ? "Your AgentKeys account is being recovered"
                               : "A change of your AgentKeys account waits";
    return notice->cancelled ? "A change of your AgentKeys account was cancelled"
                             : "A change of your AgentKeys account took effect";
}

static void put_started(const struct ak_mail_notice *notice, struct ak_buf *out)
{
    ak_buf_put_str(
        out, notice->sign_in
                 ? "Somebody signed in to your account from a device that it does not know. That device\r\n"
                   "gets in when the waiting time is over"
                 : "A change of your account waits for its time");
    if (notice->ready_s) {
        ak_buf_put_str(out, ",\r\n");
        ak_mail_put_date(out, notice->ready_s);
    }
    ak_buf_put_str(out, ".\r\n\r\nIf it is not you, cancel it from a device of yours:\r\n\r\n");
    ak_buf_put_str(
        out, notice->sign_in
                 ? "  agentkeys recover --cancel\r\n\r\nWith the recovery code, or by two identities, it "
                   "is not cancelled by a device; this stops\r\nthe account:\r\n\r\n  agentkeys account "
                   "suspend\r\n"
                 : "  agentkeys account cancel\r\n");
}

static const char *body_of(const struct ak_mail_notice *notice)
{
    if (notice->code)
        return "The recovery code of your account was replaced, or used. The one before opens nothing any\r\n"
               "more.\r\n\r\nIf it was not you, stop the account from a device of yours:\r\n\r\n"
               "  agentkeys account suspend\r\n";
    return notice->cancelled ? "A change of your account that waited was cancelled by a device of yours.\r\n"
                             : "A change of your account that waited has taken effect.\r\n";
}

enum ak_err ak_mail_put_notice(const struct ak_mail_notice *notice, struct ak_buf *out)
{
    put_head(&notice->head, subject_of(notice), out);
    if (notice->started)
        put_started(notice, out);
    else
        ak_buf_put_str(out, body_of(notice));
    ak_buf_put_str(out,
        "\r\nWhat waits: agentkeys account show. There is no link in this mail, and none is needed.\r\n");
    return ak_buf_check(out);
}

enum ak_err ak_mail_put(const struct ak_mail_text *mail, struct ak_buf *out)
{
    put_head(&mail->head, "Sign in to AgentKeys", out);
    ak_buf_put_str(out, "Somebody, perhaps you, signs in to AgentKeys with this address.\r\n\r\n"
                        "If it is you, open this page and type the code that your terminal shows:\r\n\r\n");
    ak_buf_put(out, mail->origin);
    ak_buf_put_str(out, "/auth/email#");
    ak_hex_encode(out, ak_span(mail->head.id, 16));
    ak_buf_put_u8(out, '.');
    ak_buf_put(out, mail->token);
    ak_buf_put_str(out, "\r\n\r\nThe link works once, until ");
    ak_mail_put_date(out, mail->until_s);
    ak_buf_put_str(out,
        ".\r\nIf it is not you, do nothing: without the link nobody gets in. Do not type a code\r\n"
        "that somebody else tells you.\r\n");
    return ak_buf_check(out);
}
