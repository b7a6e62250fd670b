/* Inside the broker only: its state, and what its files do for each other. One thread serves HTTP and never
 * waits; a request that needs the disk or the worker becomes a job for a pool of threads, each with a
 * database handle and a connection to the worker of its own; one more thread sends mails, and two of each
 * provider speak to it. So a worker, a provider or a mail server that stalls keeps nobody waiting who does
 * not need it. Secret: keys, and tokens, proofs and codes on their way. */
#ifndef AK_PROGRAMS_BROKER_BROKER_H
#define AK_PROGRAMS_BROKER_BROKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "core/broker/page.h"
#include "core/broker/source.h"
#include "core/identity/identity.h"
#include "core/rp/discovery.h"
#include "core/rp/jwks.h"
#include "core/wire/broker_call.h"
#include "core/wire/msg_sign_in.h"
#include "io/client/fetch.h"
#include "io/conf/broker_conf.h"
#include "io/conf/provider_conf.h"
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

/* Whether the answer is JSON, or a page for a browser: of the mail's form, of the provider's, or where the
 * provider sends the browser back to. */
enum ak_job_form { AK_JOB_JSON, AK_JOB_PAGE, AK_JOB_PAGE_OAUTH2, AK_JOB_CALLBACK };

struct ak_provider;

struct ak_job {
    struct ak_job *next;
    struct ak_provider *provider; /* whose threads have it, or of the callback */
    uint64_t queued_ms;           /* since when they have */
    uint8_t jkt[32];              /* of the device, once its proof was checked */
    uint32_t slot, use;           /* of the HTTP request */
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

/* What a provider said of itself, and when: fetched by one thread for all who wait. */
struct ak_kept {
    uint64_t done_ms;    /* 0: never */
    uint64_t tried_ms;   /* the newest attempt; 0: none */
    uint64_t failed_ms;  /* the newest attempt, where it failed; else 0 */
    uint64_t generation; /* counts up with each success */
    bool running;
};

enum { AK_PROVIDER_THREADS = 2, AK_PROVIDER_JOBS_MAX = 16, AK_PROVIDER_SECRET_MAX = 256 };

/* A provider that people sign in at, with threads of its own: while it is silent nobody else waits. */
struct ak_provider {
    struct ak_broker *broker;
    char name[AK_PROVIDER_MAX + 1];
    char issuer[AK_CONF_TEXT_MAX], client_id[AK_CONF_TEXT_MAX], scope[AK_CONF_TEXT_MAX];
    char redirect_uri[AK_CONF_TEXT_MAX];
    char secret[AK_PROVIDER_SECRET_MAX]; /* empty: a public client */
    struct ak_span authorities;          /* PEM; empty: the system's */
    unsigned timeout_s;
    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t fetched, work;
    struct ak_kept kept_discovery, kept_jwks;
    struct ak_rp_discovery discovery;
    struct ak_rp_jwks jwks;
    struct ak_job *waiting_first, *waiting_last;
    size_t waiting_count;
    pthread_t threads[AK_PROVIDER_THREADS];
    size_t threads_count;
};

struct ak_broker {
    struct ak_conf conf;
    struct ak_signin_keys keys;
    struct ak_source_nets proxies;
    struct ak_mail_server mail; /* url empty: no sign-in by mail */
    struct ak_target worker;
    char origin[AK_CONF_TEXT_MAX]; /* ours: in proofs and mails */
    char db_path[AK_CONF_TEXT_MAX + 32];
    struct ak_provider providers[AK_PROVIDERS_MAX];
    size_t providers_count;
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
    atomic_bool mail_stop;          /* whatever speaks to strangers breaks off */
    atomic_bool mail_failing;       /* the mail server did not answer when it was asked last */
    atomic_uint_least64_t tried_ms; /* when the state was written to, to see whether it can be */
    atomic_bool state_failed;       /* and whether it could not */
    int wake_fd;                    /* eventfd: something is finished */
    /* the loop */
    struct ak_http *http;
    uint64_t now_ms;
    char newest[AK_FETCH_NONCE_MAX + 1]; /* nonce, while an answer is made */
    atomic_bool stopping;                /* read by the pool, too */
    uint64_t answered[AK_BROKER_CALL_COUNT + 1][AK_BROKER_CLASSES];
    atomic_uint_fast64_t mails_sent, mails_failed, mails_given_up, worker_failures;
    atomic_uint_fast64_t provider_fetches, provider_failures;
    atomic_uint_fast64_t worker_ok_ms; /* when the worker last answered; 0: never */
    struct ak_signin_db *front_db;     /* the loop's own, for figures */
};

/* A pool thread's own. */
struct ak_hand {
    struct ak_broker *broker;
    struct ak_signin_db *db;
    struct ak_fetch fetch;        /* not of a provider's threads, which have no part in the worker */
    struct ak_p256_signer signer; /* nor this */
    uint8_t *page;                /* of a provider's threads: AK_RP_JWKS_MAX bytes for what it answers */
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
/* The job is answered. */
void ak_pool_finish(struct ak_broker *broker, struct ak_job *job);
/* All that is finished. */
struct ak_job *ak_pool_finished(struct ak_broker *broker);

/* handle.c: one job from its proof to its answer; false where a provider's threads go on with it. */
bool ak_handle(struct ak_hand *hand, struct ak_job *job);
/* What went wrong, for the answer; always false. */
bool ak_job_refuse(struct ak_job *job, enum ak_code code, const char *why);
/* Fills the answer from a struct of the call's table. */
bool ak_job_answer(struct ak_hand *hand, struct ak_job *job, const struct ak_msg *table, const void *message);
/* Where a sign-in is started from, for sharing out the room of those that are under way. */
struct ak_signin_from ak_job_from(const struct ak_hand *hand, const struct ak_job *job);
/* Counts the use of a limit; refuses where it is reached. */
bool ak_job_count(struct ak_hand *hand, struct ak_job *job, const char *what, struct ak_span who,
    uint64_t length_s, unsigned limit);
/* A database error as an answer. */
bool ak_job_failed(struct ak_job *job, enum ak_err err);

/* email.c, wallet.c: the calls, after the proof was checked. */
void ak_email_request(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_wallet_start(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_wallet_verify(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);

/* confirm.c: the page's token and match code, of a mail or of a provider. */
void ak_confirm(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind);

/* oauth2.c: false where the job was given to the provider's threads. */
bool ak_oauth2_start(struct ak_hand *hand, struct ak_job *job);
bool ak_oauth2_callback(struct ak_hand *hand, struct ak_job *job);
/* What those threads do with it. */
void ak_oauth2_go_on(struct ak_hand *hand, struct ak_job *job);
/* Why a callback changes nothing, for the page; always false. */
bool ak_oauth2_not_begun(struct ak_job *job, enum ak_code code);
/* The token of a callback's page, made from the code, and the hash that is stored of it. */
void ak_oauth2_page_token(const struct ak_hand *hand, const uint8_t id[16], struct ak_span code,
    uint8_t out_token[AK_LINK_TOKEN_LEN], uint8_t out_hash[32]);
/* Answers with the page that has this token. */
void ak_oauth2_page(struct ak_job *job, const uint8_t id[16], const uint8_t token[AK_LINK_TOKEN_LEN]);

/* exchange.c: who completes a sign-in, and how that ended. */
struct ak_oauth2_owner {
    uint8_t bytes[AK_SIGNIN_OWNER_LEN];
    uint64_t lease_s;
    struct ak_signin_row row; /* as it was taken */
    uint8_t token_hash[32];
    enum ak_signin_failure failure;
};
/* False, with the job refused, where it is another's, or over. */
bool ak_oauth2_begin(
    struct ak_hand *hand, struct ak_job *job, const uint8_t id[16], struct ak_oauth2_owner *owner);
void ak_oauth2_fail(struct ak_hand *hand, struct ak_job *job, const uint8_t id[16],
    struct ak_oauth2_owner *owner, enum ak_signin_failure failure);
/* The callback, on the provider's thread. */
void ak_oauth2_exchange(struct ak_hand *hand, struct ak_job *job);

/* provider.c */
/* Reads the settings of all of them; ends the process where they cannot be. */
void ak_providers_load(struct ak_broker *broker, const struct ak_conf *conf);
/* Once the origin is known. */
void ak_providers_open(struct ak_broker *broker);
/* Reads them and keeps nothing. AK_E_MEANING and others with out_fail filled. */
AK_MUST_USE enum ak_err ak_providers_check(const struct ak_conf *conf, struct ak_boot_fail *out_fail);
/* NULL: none has this name. */
struct ak_provider *ak_provider_find(struct ak_broker *broker, struct ak_span name);
struct ak_provider_ask {
    const char *what; /* for the log */
    struct ak_span url, form, authorization;
    size_t max;  /* of the answer, at most AK_RP_JWKS_MAX */
    bool errors; /* an answer with status 4xx is one */
};
/* One request to it; the answer lies in hand->page. Errors are logged. */
AK_MUST_USE enum ak_err ak_provider_ask(struct ak_hand *hand, struct ak_provider *provider,
    const struct ak_provider_ask *ask, struct ak_span *out_body);
/* What it says of itself, where that is kept and not an hour old. */
bool ak_provider_knows(struct ak_provider *provider, struct ak_rp_discovery *out_discovery);
/* The same; asks where it is not, or waits for whoever does. Any error: it cannot be asked. */
AK_MUST_USE enum ak_err ak_provider_discovery(
    struct ak_hand *hand, struct ak_provider *provider, struct ak_rp_discovery *out_discovery);
/* Its keys; later ones than *generation where that is not 0, for which it is asked once a minute at the most:
 * AK_E_NOT_FOUND. */
AK_MUST_USE enum ak_err ak_provider_jwks(
    struct ak_hand *hand, struct ak_provider *provider, uint64_t *generation, struct ak_rp_jwks *out_jwks);

/* provider_pool.c: its threads. */
AK_MUST_USE enum ak_err ak_providers_start(struct ak_broker *broker);
void ak_providers_stop(struct ak_broker *broker);
/* False, with the job refused, where too much waits for it. */
bool ak_provider_submit(struct ak_provider *provider, struct ak_job *job);

/* link.c: the identities of an account. */
void ak_link(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
void ak_unlink(struct ak_hand *hand, struct ak_job *job);
void ak_link_list(struct ak_hand *hand, struct ak_job *job);
/* Remembers under which address the account's person is told of recoveries. */
void ak_link_know(struct ak_hand *hand, const uint8_t anchor[32], struct ak_span address);

/* identity.c: who was answered for, and what the device said of itself. Holds the recovery code: wiped by
 * ak_answered_done. */
struct ak_answered {
    uint8_t memory[AK_SIGNIN_SEALED_MAX];
    char type[sizeof "oauth2_" + AK_PROVIDER_MAX];
    struct ak_span value;
    const char *issuer; /* of a provider; NULL: by mail */
    struct ak_msg_sign_in says;
};
/* Opens what a sign-in by mail or at a provider asked for. AK_E_STATE: its provider is no longer one. */
AK_MUST_USE enum ak_err ak_answered_open(
    struct ak_hand *hand, const struct ak_signin_row *row, struct ak_answered *out_answered);
void ak_answered_done(struct ak_answered *answered);
/* The broker's word about it, as a compact JWS. */
AK_MUST_USE enum ak_err ak_answered_word(struct ak_hand *hand, const struct ak_signin_row *row,
    const struct ak_answered *answered, struct ak_buf *jws);
/* A poll of the device that asked. */
void ak_status(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t jkt[32]);
/* Who signed in at a provider, to the device that asked: whoever links an identity has to name it. */
void ak_oauth2_identity(struct ak_hand *hand, struct ak_job *job, const uint8_t jkt[32]);
/* What lies sealed of a sign-in at a provider: who it is there, once that is known, and the request. */
AK_MUST_USE enum ak_err ak_oauth2_seal(
    struct ak_hand *hand, struct ak_signin_row *row, struct ak_span subject, struct ak_span request);
AK_MUST_USE enum ak_err ak_oauth2_unseal(struct ak_hand *hand, const struct ak_signin_row *row,
    struct ak_buf *memory, struct ak_span *out_subject, struct ak_span *out_request);

/* Takes the sign-in for its one delivery; false with the job answered or refused. Answered: it is pending, or
 * out_row->signin failed. */
bool ak_take(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t id[16],
    const uint8_t jkt[32], struct ak_signin_row *out_row);
/* The same, and nothing is taken. */
bool ak_look(struct ak_hand *hand, struct ak_job *job, enum ak_signin_kind kind, const uint8_t id[16],
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
enum { AK_NOTICE_STARTED = 1, AK_NOTICE_CANCELLED = 2, AK_NOTICE_SIGN_IN = 4, AK_NOTICE_CODE = 8 };

/* notices.c: reads what the worker tells of recoveries and queues mails to those who are known. NULL where
 * memory is short. Called often; asks every ten seconds. */
struct ak_notices_reader;
struct ak_notices_reader *ak_notices_open(struct ak_broker *broker);
void ak_notices_close(struct ak_notices_reader *reader);
void ak_notices_read(struct ak_notices_reader *reader, struct ak_signin_db *db);

/* mailer.c */
void *ak_mailer_main(void *ctx);
void ak_mailer_wake(struct ak_broker *broker);

/* main.c */
void ak_broker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs);
/* Opens the data folder, which must be there. Ends the process where it cannot be. */
int ak_broker_open_folder(const struct ak_conf *conf, bool create);
/* files.c */
/* Reads a setting's file whole, at most cap - 1 bytes; a secret one must be closed to others. Ends the
 * process where it cannot. */
size_t ak_broker_read_file(const struct ak_conf *conf, unsigned key, uint8_t *out, size_t cap, bool secret);
/* Its first line, as text. */
void ak_broker_read_secret(const struct ak_conf *conf, unsigned key, char *out, size_t cap);
int ak_broker_serve(int argc, char **argv);
int ak_broker_init(int argc, char **argv);
int ak_broker_check_config(int argc, char **argv);

#endif
