/* A keeper's side of the vault in a box: blobs and data keys in memory, real encryption, and for HPKE a mask.
 * It outlives crashes of the engine, as a disk does. */
#ifndef AK_TESTS_UNIT_ENGINE_VAULT_BOX_H
#define AK_TESTS_UNIT_ENGINE_VAULT_BOX_H

#include "core/wire/msg_vault.h"
#include "unit/engine/harness.h"

struct box_file {
    struct ak_blob_place place;
    uint8_t *bytes;
    size_t len;
};
struct box_dek {
    struct ak_epoch_key key;
    struct ak_secret32 dek;
};
struct box {
    struct box_file *files;
    size_t file_count, file_cap;
    struct box_dek *deks;
    size_t dek_count, dek_cap;
    size_t done[AK_VAULT_DELETE_FILE + 1]; /* pieces of work, by kind */
    size_t rewrites;                       /* of the epoch store */
    enum ak_vault_code fail;               /* instead of doing it, for all work, while not AK_VAULT_DONE */
    bool no_erase;
    size_t together; /* pieces of background work that are done in one go; 1 after box_open */
    uint8_t scratch[AK_LIMIT_VALUE];
};

void box_open(struct box *box, struct h *h);
void box_close(struct box *box);
/* Does a piece of work; what a hook of struct h is. */
void box_work(
    void *ctx, const struct ak_vault_work *work, struct ak_buf *body, struct ak_vault_result *result);
/* The next thing that is due in the background, done; false where nothing is. */
bool box_background(struct h *h, struct box *box);
/* Until nothing is due; how much that was. */
size_t box_drain(struct h *h, struct box *box);
/* A file by its id; NULL where there is none. */
struct box_file *box_file(struct box *box, const uint8_t blob_id[16]);
bool box_has_dek(const struct box *box, const struct ak_epoch_key *key);
/* Opens a file under the DEKs that are there; its length, or SIZE_MAX. */
size_t box_open_file(struct box *box, const struct box_file *file, uint8_t *out_value);

/* ---- calls ---- */
enum ak_code box_put(
    struct h *h, struct h_person *person, const char *service, const char *path, struct ak_span value);
/* The value, unmasked, in `out_value` (AK_LIMIT_VALUE bytes); version 0: the current one. */
enum ak_code box_read(struct h *h, struct h_device *device, struct ak_span token, const char *service,
    const char *path, uint64_t version, uint8_t *out_value, size_t *out_len);
enum ak_code box_delete(struct h *h, struct h_person *person, const char *service, const char *path);
enum ak_code box_rollback(
    struct h *h, struct h_person *person, const char *service, const char *path, uint64_t version);
enum ak_code box_rotate(struct h *h, struct h_person *person);
enum ak_code box_destroy(struct h *h, struct h_person *person, uint64_t epoch);

#endif
