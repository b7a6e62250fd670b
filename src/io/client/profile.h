/* What a client keeps on disk: one folder (0700) a profile, or one below it an agent, with the device key, a
 * token, pins and the newest checkpoint it saw; each file 0600, replaced whole. Secret: the token. One
 * thread. spec: docs/policy.md, Devices and proofs; docs/operations.md, Client configuration */
#ifndef AK_IO_CLIENT_PROFILE_H
#define AK_IO_CLIENT_PROFILE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum { AK_PROFILE_PATH_MAX = 1024, AK_SAVED_TEXT_MAX = 352 };

struct ak_profile {
    int dir_fd;  /* -1: not open */
    int lock_fd; /* -1: not locked */
    char path[AK_PROFILE_PATH_MAX];
};

/* state_dir/profile, or state_dir/profile/agents/label where `label` is not NULL; made where missing.
 * AK_E_FORMAT (a name that is no plain folder name), AK_E_MEANING (the folder is open to others), AK_E_LIMIT,
 * AK_E_IO; AK_E_NOT_FOUND without `create`. */
AK_MUST_USE enum ak_err ak_profile_open(const char *state_dir, const char *profile, const char *label,
    bool create, struct ak_profile *out_profile);
void ak_profile_close(struct ak_profile *profile);
/* Keeps other processes from writing there, for a look and a write in one; each write locks by itself where
 * this was not called. AK_E_CONFLICT after two seconds, AK_E_IO. */
AK_MUST_USE enum ak_err ak_profile_lock(struct ak_profile *profile);
void ak_profile_unlock(struct ak_profile *profile);
/* 1 to 64 of A-Z a-z 0-9 - _ . with a letter or digit first. */
bool ak_profile_name_fits(const char *name);

enum ak_saved_kind { AK_SAVED_NONE, AK_SAVED_SESSION, AK_SAVED_AGENT };

/* A token with what it is for. Texts are NUL-terminated; those that do not apply are empty. */
struct ak_saved {
    enum ak_saved_kind kind;
    char token[AK_LIMIT_TOKEN + 1];
    uint64_t expires_at; /* Unix seconds */
    uint8_t anchor[32];
    uint8_t address[20];
    uint64_t generation;              /* agents */
    char label[AK_LIMIT_LABEL + 1];   /* agents */
    char identity[AK_SAVED_TEXT_MAX]; /* sessions: "email:alice@demo.example"; may be empty */
};
void ak_saved_done(struct ak_saved *saved); /* wipes */

/* AK_E_NOT_FOUND, AK_E_MEANING (others may read it), AK_E_FORMAT (damaged), AK_E_IO. */
AK_MUST_USE enum ak_err ak_profile_load(const struct ak_profile *profile, struct ak_saved *out_saved);
AK_MUST_USE enum ak_err ak_profile_save(struct ak_profile *profile, const struct ak_saved *saved);
/* AK_OK also where there is none. */
AK_MUST_USE enum ak_err ak_profile_forget(struct ak_profile *profile);

/* Small public files: "worker.pin", "ledger.pin", "checkpoint.note", "anchor". AK_E_NOT_FOUND, AK_E_LIMIT,
 * AK_E_MEANING, AK_E_IO. */
AK_MUST_USE enum ak_err ak_profile_read(
    const struct ak_profile *profile, const char *name, uint8_t *out_bytes, size_t cap, size_t *out_len);
AK_MUST_USE enum ak_err ak_profile_write(struct ak_profile *profile, const char *name, struct ak_span bytes);
/* AK_OK also where there is none. */
AK_MUST_USE enum ak_err ak_profile_erase(struct ak_profile *profile, const char *name);

#endif
