/* Inside the broker only: its state, and what its files do for each other. One thread serves HTTP and never
 * waits; a request that needs the disk or the worker becomes a job for a pool of threads, each with a
 * database handle and a connection to the worker of its own; one more thread sends mails. So a worker or a
 * mail server that stalls keeps nobody waiting who does not need it. Secret: keys, and tokens, proofs and
 * codes on their way. */
#ifndef AK_PROGRAMS_BROKER_BROKER_H
#define AK_PROGRAMS_BROKER_BROKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "core/broker/source.h"
#include "core/wire/broker_call.h"
#include "io/client/fetch.h"
#include "io/conf/broker_conf.h"
#include "io/http/http.h"
#include "io/mail/mail.h"
#include "io/signin/db.h"
#include "io/signin/keys.h"

enum {
    AK_JOB_BODY_MAX = 4096, /* a request's body as the tables have it; ours are under 512 bytes */
    AK_JOB_ANSWER_MAX = 24 * 1024,
    AK_JOBS_MAX = 256,         /* waiting and running; more are told to come again */
    AK_NONCE_FRESH_MS = 15000, /* a nonce of the keeper's lives 60 to 120 s */
    AK_NONCES = 3,
    AK_BROKER_CLASSES = 6, /* of HTTP statuses: 0 unused, 1xx to 5xx */
};

/* Whether the answer is JSON, or a page for a browser. */
enum ak_job_form { AK_JOB_JSON, AK_JOB_PAGE };

struct ak_job {
    struct ak_job *next;
    uint32_t slot, use; /* of the HTTP request */
    unsigned call;
    enum ak_job_form form;
    struct ak_source source;
    uint8_t request_id[16];
    size_t body_len, proof_len, token_len;
    uint8_t body[AK_JOB_BODY_MAX];
    uint8_t token[AK_LIMIT_TOKEN];
    uint8_t proof[AK_LIMIT_PROOF];
    /* the answer */
    enum ak_code code;
    const char *why; /* NULL: the code's sentence */
    uint64_t retry_s;
    unsigned tries_left;
    size_t answer_len; /* JSON of a 200 */
    uint8_t answer[AK_JOB_ANSWER_MAX];
    char text[AK_FETCH_REASON_MAX]; /* what `why` may point to */
};

/* The keeper's nonces, newest first, as its answers bring them. */
struct ak_nonces {
    pthread_mutex_t lock;
    char texts[AK_NONCES][AK_FETCH_NONCE_MAX + 1];
    uint64_t fetched_ms; /* 0: never */
};

struct ak_broker {
    struct ak_conf conf;
    struct ak_signin_keys keys;
    struct ak_source_nets proxies;
    struct ak_mail_server mail; /* url empty: no sign-in by mail */
    struct ak_target worker;
    char origin[AK_CONF_TEXT_MAX]; /* ours: in proofs and mails */
    char db_path[AK_CONF_TEXT_MAX + 32];
    int data_fd;
    struct ak_nonces nonces;
    /* the pool */
    pthread_mutex_t lock;
    pthread_cond_t work, mail_wake;
    struct ak_job *waiting_first, *waiting_last;
    struct ak_job *finished; /* a stack; the loop takes them all */
    struct ak_job *spare;
    struct ak_job jobs[AK_JOBS_MAX];
    size_t threads_count;
    pthread_t threads[64];
    pthread_t mailer;
    bool mailer_runs;
    bool ending;
    atomic_bool mail_stop;
    int wake_fd; /* eventfd: something is finished */
    /* the loop */
    struct ak_http *http;
    uint64_t now_ms;
    char newest[AK_FETCH_NONCE_MAX + 1]; /* nonce, while an answer is made */
    atomic_bool stopping;                /* read by the pool, too */
    uint64_t answered[AK_BROKER_CALL_COUNT + 1][AK_BROKER_CLASSES];
    atomic_uint_fast64_t mails_sent, mails_failed, mails_given_up, worker_failures;
    atomic_uint_fast64_t worker_ok_ms; /* when the worker last answered; 0: never */
    struct ak_signin_db *front_db;     /* the loop's own, for figures */
};

/* A pool thread's own. */
struct ak_hand {
    struct ak_broker *broker;
    struct ak_signin_db *db;
    struct ak_fetch fetch;
    struct ak_p256_signer signer;
    uint8_t decoded[AK_JOB_ANSWER_MAX]; /* what the worker said */
    uint8_t encoded[AK_JOB_ANSWER_MAX];
};

/* front.c: hooks of the HTTP server, and finished jobs. */
void ak_front_opened(void *ctx, struct ak_http_conn *conn);
void ak_front_closed(void *ctx, struct ak_http_conn *conn);
void ak_front_request(void *ctx, struct ak_http_request *request);
void ak_front_finished(struct ak_broker *broker);
void ak_front_answer(struct ak_broker *broker, struct ak_http_request *request, struct ak_http_reply *reply);
void ak_front_error(
    struct ak_broker *broker, struct ak_http_request *request, enum ak_code code, const char *why);

/* health.c and page.c: true where the path is one of theirs. */
bool ak_health(struct ak_broker *broker, struct ak_http_request *request);
bool ak_page(struct ak_broker *broker, struct ak_http_request *request);
/* Answers the page's form. */
void ak_page_answer(struct ak_broker *broker, struct ak_http_request *request, const struct ak_job *job);

/* pool.c */
AK_MUST_USE enum ak_err ak_pool_start(struct ak_broker *broker);
void ak_pool_stop(struct ak_broker *broker);
/* A job to be filled, NULL where all are in use; given back by ak_pool_spare. */
struct ak_job *ak_pool_take(struct ak_broker *broker);
void ak_pool_spare(struct ak_broker *broker, struct ak_job *job);
void ak_pool_submit(struct ak_broker *broker, struct ak_job *job);
/* All that is finished. */
struct ak_job *ak_pool_finished(struct ak_broker *broker);

/* handle.c: one job from its proof to its answer. */
void ak_handle(struct ak_hand *hand, struct ak_job *job);
/* What went wrong, for the answer; always false. */
bool ak_job_refuse(struct ak_job *job, enum ak_code code, const char *why);
/* Fills the answer from a struct of the call's table. */
bool ak_job_answer(struct ak_hand *hand, struct ak_job *job, const struct ak_msg *table, const void *message);
/* Counts the use of a limit; refuses where it is reached. */
bool ak_job_count(struct ak_hand *hand, struct ak_job *job, const char *what, struct ak_span who,
    uint64_t length_s, unsigned limit);
/* A database error as an answer. */
bool ak_job_failed(struct ak_job *job, enum ak_err err);

/* email.c, wallet.c: the calls, after the proof was checked. */
void ak_email_request(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_email_verify(struct ak_hand *hand, struct ak_job *job);
void ak_email_status(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_wallet_start(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_wallet_verify(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);

/* link.c: the identities of an account. */
void ak_link(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_unlink(struct ak_hand *hand, struct ak_job *job);
void ak_link_list(struct ak_hand *hand, struct ak_job *job);
/* Remembers under which address the account's person is told of recoveries. */
void ak_link_know(struct ak_hand *hand, const uint8_t anchor[32], struct ak_span address);

/* Opens what a mail's sign-in asked for; `memory` holds it. */
AK_MUST_USE enum ak_err ak_email_asked(struct ak_hand *hand, const struct ak_signin_row *row,
    struct ak_buf *memory, struct ak_msg_email_request *out_asked);
/* The broker's word about it, as a compact JWS. */
AK_MUST_USE enum ak_err ak_email_answer(
    struct ak_hand *hand, const struct ak_signin_row *row, struct ak_span address, struct ak_buf *jws);

/* Takes the sign-in for its one delivery; false with the job answered or refused. */
bool ak_take(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t id[16],
    const uint8_t jkt[32], struct ak_signin_row *out_row);
/* How that ended: with a session, or so that the next one may ask again. */
void ak_taken_over(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16], bool session);

/* upstream.c: the worker. */
/* Asks; the good answer's JSON is *out_json until the next call. False with the job refused: the worker's own
 * error is handed on. */
bool ak_upstream_call(struct ak_hand *hand, struct ak_job *job, const char *method, const char *path,
    struct ak_span json, struct ak_span *out_json);
/* The nonces that are taken now, newest first; asks the worker where they are old or `again`. */
enum ak_err ak_upstream_nonces(
    struct ak_hand *hand, bool again, char out_texts[AK_NONCES][AK_FETCH_NONCE_MAX + 1]);
/* The newest one without asking; empty where there is none. */
void ak_upstream_newest(struct ak_broker *broker, char out_text[AK_FETCH_NONCE_MAX + 1]);
/* Asks, and hands the answer on by its table. */
bool ak_upstream_pass(struct ak_hand *hand, struct ak_job *job, const char *method, const char *path,
    struct ak_span json, const struct ak_msg *table);
/* A session, or a recovery under way, as the keeper answered; the call's answer. *out_session: a session went
 * into it. */
bool ak_upstream_signed_in(
    struct ak_hand *hand, struct ak_job *job, struct ak_span json, bool *out_session, uint8_t out_anchor[32]);

/* What a sealed mail begins with: a link's token and address, or a notice's bits, time and address. */
enum { AK_MAIL_IS_LINK = 1, AK_MAIL_IS_NOTICE = 2, AK_NOTICE_HEAD = 9 };
enum { AK_NOTICE_STARTED = 1, AK_NOTICE_CANCELLED = 2, AK_NOTICE_SIGN_IN = 4 };

/* notices.c: reads what the worker tells of recoveries and queues mails to those who are known. NULL where
 * memory is short. Called often; asks every ten seconds. */
struct ak_notices_reader;
struct ak_notices_reader *ak_notices_open(struct ak_broker *broker);
void ak_notices_close(struct ak_notices_reader *reader);
void ak_notices_read(struct ak_notices_reader *reader, struct ak_signin_db *db);

/* mailer.c */
void *ak_mailer_main(void *ctx);
void ak_mailer_wake(struct ak_broker *broker);

/* usage.c */
void ak_broker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs);
/* Opens the data folder, which must be there. Ends the process where it cannot be. */
int ak_broker_open_folder(const struct ak_conf *conf, bool create);
int ak_broker_serve(int argc, char **argv);
int ak_broker_init(int argc, char **argv);
int ak_broker_check_config(int argc, char **argv);

#endif
