/* What went wrong with a call, in one struct, and the category that a program's exit status tells. Texts come
 * from the worker: they are cut, and control bytes in them are shown as '?'. None comes from a broker. No
 * secrets. Threads: any. spec: docs/wire.md, Errors */
#ifndef AK_IO_CLIENT_ERROR_H
#define AK_IO_CLIENT_ERROR_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* The exit statuses of agentkeys and agentkeys-daemon. */
enum ak_client_category {
    AK_CATEGORY_OK = 0,
    AK_CATEGORY_FAILURE = 1,
    AK_CATEGORY_USAGE = 2,
    AK_CATEGORY_DENIED = 3,
    AK_CATEGORY_AUTH = 4,
    AK_CATEGORY_RATE = 5,
    AK_CATEGORY_NOT_FOUND = 6,
    AK_CATEGORY_CONFLICT = 7,
    AK_CATEGORY_UNREACHABLE = 8,
    AK_CATEGORY_COUNT
};

struct ak_client_error {
    unsigned status;   /* HTTP; 0: no answer */
    char code[65];     /* stable: "denied"; without an answer "unreachable", "not_the_worker", "bad_answer" */
    char message[513]; /* for people */
    bool has_denial;
    char rule[33];
    char seen[256];
    char limit[256];
    char remedy[256];
    bool has_retry;
    uint64_t retry_after_secs;
};

/* Reads an answer that is not 2xx. Where the body is not the contract's error, code is "bad_answer". */
void ak_client_error_read(unsigned status, struct ak_span json, struct ak_client_error *out_error);
/* Leaves of a broker's error what it may say to a person: its code, where that is one of the wire's, and when
 * to try again. The sentence becomes the code's own and a denial goes, remedy and all: nothing on the way
 * vouches for a broker's words, and "type this" is an instruction. */
void ak_client_error_of_broker(struct ak_client_error *error);
/* An error of our own making. */
void ak_client_error_set(struct ak_client_error *out_error, const char *code, const char *message);
enum ak_client_category ak_client_error_category(const struct ak_client_error *error);
/* The error as the wire has it, for --json. */
void ak_client_error_put_json(const struct ak_client_error *error, struct ak_buf *out_json);

#endif
