/* Recoveries by mail: the worker says what was started, cancelled and done; whoever is known under an address
 * of that account is written to. How far was read stands in the database, moved on together with the mails,
 * so nothing is told twice and nothing is missed, by two brokers as by one. */
#include <stdlib.h>

#include "base/num.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/broker/broker.h"

enum { EVERY_MS = 10000, KEPT_S = 24 * 3600, PAGE = 50 };

struct ak_notices_reader {
    struct ak_broker *broker;
    struct ak_fetch fetch;
    uint64_t asked_ms;
    struct ak_signin_known known;
    struct ak_signin_mail mails[AK_SIGNIN_KNOWN_MAX];
    uint8_t decoded[64 * 1024];
};

struct ak_notices_reader *ak_notices_open(struct ak_broker *broker)
{
    struct ak_notices_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->broker = broker;
    if (ak_fetch_open(&reader->fetch, &broker->worker, NULL,
            ak_conf_ms(&broker->conf, AK_BROKER_WORKER_TIMEOUT)) == AK_OK)
        return reader;
    free(reader);
    return NULL;
}

void ak_notices_close(struct ak_notices_reader *reader)
{
    if (!reader) return;
    ak_fetch_close(&reader->fetch);
    free(reader);
}

static uint8_t bits_of(const struct ak_msg_notice_item *item)
{
    uint8_t bits = 0;
    if (ak_span_eq(item->state, AK_SPAN_LIT("started"))) bits |= AK_NOTICE_STARTED;
    if (ak_span_eq(item->state, AK_SPAN_LIT("cancelled"))) bits |= AK_NOTICE_CANCELLED;
    if (ak_span_starts(item->what, AK_SPAN_LIT("sign-in"))) bits |= AK_NOTICE_SIGN_IN;
    if (ak_span_eq(item->state, AK_SPAN_LIT("replaced"))) bits |= AK_NOTICE_CODE;
    return bits;
}

static enum ak_err fill(struct ak_notices_reader *reader, const struct ak_msg_notice_item *item, size_t at,
    struct ak_signin_mail *mail)
{
    uint8_t memory[AK_SIGNIN_KNOWN_LEN + 1 + AK_NOTICE_HEAD];
    struct ak_buf plain = AK_BUF_ARR(memory), sealed = AK_BUF_ARR(mail->sealed);
    const struct ak_secret32 *key = &reader->broker->keys.file_key;
    *mail = (struct ak_signin_mail){.until_s = ak_clock_wall_ms() / 1000 + KEPT_S};
    ak_random_bytes(mail->id, sizeof mail->id);
    ak_buf_put_u8(&plain, AK_MAIL_IS_NOTICE);
    ak_buf_put_u8(&plain, bits_of(item));
    ak_buf_put_u64(&plain, ak_msg_has(item, AK_NOTICE_ITEM_READY_AT) ? item->ready_at : 0);
    enum ak_err err = ak_signin_unseal(
        key, AK_SPAN_ARR(item->anchor), ak_span(reader->known.sealed[at], reader->known.lens[at]), &plain);
    if (!err) err = ak_signin_seal(key, AK_SPAN_ARR(mail->id), ak_buf_span(&plain), &sealed);
    mail->sealed_len = sealed.len;
    ak_wipe(memory, sizeof memory);
    return err;
}

/* One notice with its mails, and past it. */
static enum ak_err take(struct ak_notices_reader *reader, struct ak_signin_db *db,
    const struct ak_msg_notice_item *item, struct ak_signin_cursor *cursor)
{
    size_t count = 0;
    struct ak_signin_cursor to = *cursor;
    bool seen = ak_span_eq(item->state, AK_SPAN_LIT("seen"));
    reader->known.count = 0;
    to.next = item->index + 1;
    if (!seen) AK_TRY(ak_signin_db_known(db, item->anchor, &reader->known));
    for (size_t i = 0; i < reader->known.count; i++)
        if (fill(reader, item, i, &reader->mails[count]) == AK_OK) count++;
    AK_TRY(ak_signin_db_notice(db, cursor, &to, reader->mails, count, ak_clock_wall_ms() / 1000));
    *cursor = to;
    if (count)
        ak_log(AK_LOG_INFO, "notice_queued", ak_log_u64("entry", item->index), ak_log_u64("mails", count));
    return AK_OK;
}

/* What the worker tells from `since` on; views into the reader's memory. */
static enum ak_err ask(
    struct ak_notices_reader *reader, uint64_t since, struct ak_msg_notice_reply *out_reply)
{
    char text[96];
    struct ak_buf json = AK_BUF_ARR(text), body = AK_BUF_ARR(reader->decoded);
    struct ak_fetch_answer answer;
    struct ak_msg_fault fault;
    ak_buf_put_str(&json, "{\"since\":");
    ak_buf_put_dec(&json, since);
    ak_buf_put_str(&json, ",\"limit\":");
    ak_buf_put_dec(&json, PAGE);
    ak_buf_put_str(&json, "}");
    const struct ak_fetch_ask request = {
        .method = "POST", .path = "/internal/v1/notices", .body = ak_buf_span(&json)};
    AK_TRY(ak_fetch_do(&reader->fetch, &request, &answer));
    if (answer.status != 200) return AK_E_MEANING;
    const struct ak_msg_input input = {.json = answer.body};
    AK_TRY(ak_msg_from_json(&ak_notice_reply_msg, &input, &body, &fault));
    return ak_msg_decode(&ak_notice_reply_msg, ak_buf_span(&body), out_reply, NULL);
}

static struct ak_signin_cursor cursor_at(uint64_t next, uint64_t page, const uint8_t root[32])
{
    struct ak_signin_cursor cursor = {.next = next, .page = page, .has_root = true};
    memcpy(cursor.root, root, sizeof cursor.root);
    return cursor;
}

/* The first notice that is not a day old, or the ledger's end. */
static enum ak_err find_recent(struct ak_notices_reader *reader, struct ak_signin_cursor *out_cursor)
{
    struct ak_msg_notice_reply reply;
    struct ak_msg_notice_item item;
    /* a clock of 1970 makes all recent */
    uint64_t recent_s = ak_num_sub_sat(ak_clock_wall_ms() / 1000, KEPT_S);
    for (uint64_t page = 0; !atomic_load(&reader->broker->mail_stop); page = reply.next) {
        AK_TRY(ask(reader, page, &reply));
        *out_cursor = cursor_at(page, page, reply.since_root_hash);
        while (ak_list_next(&reply.notices, &ak_notice_item_msg, &item)) {
            if (item.time < recent_s) continue;
            out_cursor->next = item.index;
            return AK_OK;
        }
        if (reply.next <= page) return AK_OK;
    }
    return AK_E_STATE;
}

/* The ledger is another one: a copy that was restored, a worker made anew. From where on it is, nobody knows;
 * so what is young is told, perhaps once more. */
static enum ak_err begin_again(
    struct ak_notices_reader *reader, struct ak_signin_db *db, const struct ak_signin_cursor *cursor)
{
    struct ak_signin_cursor next;
    AK_TRY(find_recent(reader, &next));
    AK_TRY(ak_signin_db_notice(db, cursor, &next, NULL, 0, 0));
    reader->asked_ms = 0; /* the next turn goes on */
    ak_log(
        AK_LOG_WARN, "notices_begin_again", ak_log_u64("read", cursor->next), ak_log_u64("next", next.next));
    return AK_OK;
}

/* A ledger shorter than what was read is another one, and one with other entries so far, however long. */
static bool is_another(const struct ak_signin_cursor *cursor, const struct ak_msg_notice_reply *reply)
{
    return reply->next < cursor->next ||
           (cursor->has_root && memcmp(cursor->root, reply->since_root_hash, sizeof cursor->root) != 0);
}

static enum ak_err take_all(struct ak_notices_reader *reader, struct ak_signin_db *db)
{
    struct ak_msg_notice_reply reply;
    struct ak_msg_notice_item item;
    struct ak_signin_cursor cursor;
    AK_TRY(ak_signin_db_notices(db, &cursor));
    AK_TRY(ask(reader, cursor.page, &reply));
    if (is_another(&cursor, &reply)) return begin_again(reader, db, &cursor);
    while (ak_list_next(&reply.notices, &ak_notice_item_msg, &item))
        if (item.index >= cursor.next) AK_TRY(take(reader, db, &item, &cursor));
    if (reply.next == cursor.page && cursor.has_root) return AK_OK;
    const struct ak_signin_cursor end = cursor_at(reply.next, reply.next, reply.root_hash);
    return ak_signin_db_notice(db, &cursor, &end, NULL, 0, 0);
}

void ak_notices_read(struct ak_notices_reader *reader, struct ak_signin_db *db)
{
    uint64_t now_ms = ak_clock_mono_ms();
    if (reader->asked_ms && now_ms - reader->asked_ms < EVERY_MS) return;
    reader->asked_ms = now_ms;
    enum ak_err err = take_all(reader, db);
    if (err && err != AK_E_CONFLICT) ak_log(AK_LOG_WARN, "notices_not_read", ak_log_err(err));
}
