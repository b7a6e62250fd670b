/* The thread that sends mails: takes one, sends it, says how it went. While the server does not answer it
 * waits longer and longer, a minute at the most, and a mail whose link has expired is dropped. */
#include "base/codec/base64.h"
#include "base/reader.h"
#include "core/broker/code.h"
#include "core/broker/mail.h"
#include "core/broker/retry.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/broker/broker.h"

enum { LEASE_BESIDE_S = 5, IDLE_S = 2, SWEEP_S = 30 };

struct mailer {
    struct ak_broker *broker;
    struct ak_signin_db *db;
    struct ak_mail_sender sender;
    struct ak_notices_reader *notices; /* NULL: the worker is not asked */
    unsigned failures;                 /* one after the other */
    uint64_t swept_s;
};

static uint64_t now_s(void)
{
    return ak_clock_wall_ms() / 1000;
}

/* Sleeps until woken or for `seconds`; false where the program ends. */
static bool wait_for_work(struct ak_broker *broker, uint64_t seconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    (void)pthread_mutex_lock(&broker->lock);
    if (!broker->ending) (void)pthread_cond_timedwait(&broker->mail_wake, &broker->lock, &until);
    bool goes_on = !broker->ending;
    (void)pthread_mutex_unlock(&broker->lock);
    return goes_on;
}

void ak_mailer_wake(struct ak_broker *broker)
{
    (void)pthread_mutex_lock(&broker->lock);
    (void)pthread_cond_signal(&broker->mail_wake);
    (void)pthread_mutex_unlock(&broker->lock);
}

static struct ak_span domain_of(const char *address)
{
    const char *at = strchr(address, '@');
    return ak_span_str(at ? at + 1 : "localhost");
}

/* From this broker to the address that `to` is. */
static struct ak_mail_head head_of(
    const struct mailer *mailer, const struct ak_signin_mail *mail, struct ak_span to)
{
    const char *from = mailer->broker->mail.from;
    return (struct ak_mail_head){
        .from = ak_span_str(from), .to = to, .domain = domain_of(from), .id = mail->id, .now_s = now_s()};
}

static enum ak_err put_link(
    struct mailer *mailer, const struct ak_signin_mail *mail, struct ak_span plain, struct ak_buf *text)
{
    uint8_t token[AK_LINK_TOKEN_TEXT_LEN + 1];
    struct ak_buf link = AK_BUF_ARR(token);
    if (plain.len <= AK_LINK_TOKEN_LEN) return AK_E_FORMAT;
    ak_base64url_encode(&link, ak_span_sub(plain, 0, AK_LINK_TOKEN_LEN));
    const struct ak_mail_text about = {
        .head = head_of(mailer, mail, ak_span_sub(plain, AK_LINK_TOKEN_LEN, plain.len)),
        .origin = ak_span_str(mailer->broker->origin),
        .token = ak_buf_span(&link),
        .until_s = mail->until_s};
    enum ak_err err = ak_mail_put(&about, text);
    ak_wipe(token, sizeof token);
    return err;
}

/* What ak_notices_read sealed. */
static enum ak_err put_notice(
    struct mailer *mailer, const struct ak_signin_mail *mail, struct ak_span plain, struct ak_buf *text)
{
    struct ak_reader reader = ak_reader(plain);
    uint8_t bits = ak_reader_u8(&reader);
    uint64_t ready_s = ak_reader_u64(&reader);
    if (plain.len <= AK_NOTICE_HEAD) return AK_E_FORMAT;
    const struct ak_mail_notice about = {
        .head = head_of(mailer, mail, ak_span_sub(plain, AK_NOTICE_HEAD, plain.len)),
        .started = bits & AK_NOTICE_STARTED,
        .cancelled = bits & AK_NOTICE_CANCELLED,
        .sign_in = bits & AK_NOTICE_SIGN_IN,
        .code = bits & AK_NOTICE_CODE,
        .ready_s = ready_s};
    return ak_mail_put_notice(&about, text);
}

static enum ak_err send(struct mailer *mailer, const struct ak_signin_mail *mail)
{
    uint8_t plain[AK_SIGNIN_MAIL_MAX], memory[AK_MAIL_TEXT_MAX];
    struct ak_buf opened = AK_BUF_ARR(plain), text = AK_BUF_ARR(memory);
    enum ak_err err = ak_signin_unseal(&mailer->broker->keys.file_key, AK_SPAN_ARR(mail->id),
        ak_span(mail->sealed, mail->sealed_len), &opened);
    bool is_notice = !err && opened.len && plain[0] == AK_MAIL_IS_NOTICE;
    struct ak_span rest = ak_span_sub(ak_buf_span(&opened), 1, opened.len);
    size_t head = is_notice ? AK_NOTICE_HEAD : AK_LINK_TOKEN_LEN;
    if (!err) err = is_notice ? put_notice(mailer, mail, rest, &text) : put_link(mailer, mail, rest, &text);
    err = err ? AK_E_MEANING
              : ak_mail_send(&mailer->sender, ak_span_sub(rest, head, rest.len), ak_buf_span(&text));
    ak_wipe(plain, sizeof plain);
    ak_wipe(memory, sizeof memory);
    return err;
}

static void gone(struct mailer *mailer, const struct ak_signin_mail *mail)
{
    if (ak_signin_db_mail_done(mailer->db, mail->number) != AK_OK)
        ak_log_event(AK_LOG_ERROR, "mail_state_failed");
}

static void given_up(struct mailer *mailer, const struct ak_signin_mail *mail, enum ak_err err)
{
    atomic_fetch_add(&mailer->broker->mails_given_up, 1);
    ak_log(AK_LOG_WARN, "mail_given_up", ak_log_u64("number", (uint64_t)mail->number), ak_log_err(err),
        ak_log_str("reason", mailer->sender.reason));
    gone(mailer, mail);
}

static void later(
    struct mailer *mailer, const struct ak_signin_mail *mail, enum ak_err err, const struct ak_retry *after)
{
    atomic_fetch_add(&mailer->broker->mails_failed, 1);
    ak_log(AK_LOG_WARN, "mail_delayed", ak_log_u64("number", (uint64_t)mail->number), ak_log_err(err),
        ak_log_str("reason", mailer->sender.reason), ak_log_u64("tries", after->tries));
    if (ak_signin_db_mail_later(mailer->db, mail->number, after->tries, after->next_s) != AK_OK)
        ak_log_event(AK_LOG_ERROR, "mail_state_failed");
}

/* True where there was one. */
static bool send_next(struct mailer *mailer)
{
    struct ak_signin_mail mail;
    enum ak_err err = ak_signin_db_mail_take(
        mailer->db, now_s(), 2 * mailer->broker->mail.timeout_s + LEASE_BESIDE_S, &mail);
    if (err) return false;
    mailer->sender.status = 0;
    err = mail.until_s <= now_s() ? AK_E_EXPIRED : send(mailer, &mail);
    struct ak_retry after =
        ak_retry_after(err, mailer->sender.status, mail.tries, now_s(), &mailer->failures);
    if (after.end == AK_RETRY_GONE) {
        atomic_fetch_add(&mailer->broker->mails_sent, 1);
        ak_log(AK_LOG_INFO, "mail_sent", ak_log_u64("number", (uint64_t)mail.number));
        gone(mailer, &mail);
    } else if (after.end == AK_RETRY_GIVEN_UP) {
        given_up(mailer, &mail, err);
    } else {
        later(mailer, &mail, err, &after);
    }
    atomic_store(&mailer->broker->mail_failing, mailer->failures > 0);
    ak_wipe(&mail, sizeof mail);
    return true;
}

static void sweep(struct mailer *mailer)
{
    if (now_s() - mailer->swept_s < SWEEP_S) return;
    mailer->swept_s = now_s();
    if (ak_signin_db_sweep(mailer->db, mailer->swept_s) != AK_OK) ak_log_event(AK_LOG_WARN, "sweep_failed");
}

void *ak_mailer_main(void *ctx)
{
    static struct mailer mailer;
    mailer.broker = ctx;
    mailer.sender.server = &mailer.broker->mail;
    mailer.sender.stop = &mailer.broker->mail_stop;
    enum ak_err err = ak_signin_db_open(mailer.broker->db_path, &mailer.db);
    if (err) ak_log(AK_LOG_ERROR, "mailer_failed", ak_log_err(err));
    bool goes_on = true;
    if (!err && mailer.broker->mail.url[0]) mailer.notices = ak_notices_open(mailer.broker);
    while (goes_on && !err) {
        sweep(&mailer);
        if (mailer.notices) ak_notices_read(mailer.notices, mailer.db);
        bool sent = mailer.broker->mail.url[0] && send_next(&mailer);
        goes_on = wait_for_work(mailer.broker, mailer.failures ? ak_retry_pause_s(mailer.failures)
                                               : sent          ? 0
                                                               : IDLE_S);
    }
    ak_notices_close(mailer.notices);
    ak_signin_db_close(mailer.db);
    return NULL;
}
