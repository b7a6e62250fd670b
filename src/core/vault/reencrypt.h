/* The two messages between keeper and re-encryptor, and the whole of what the re-encryptor does: open one
 * blob with one key, encrypt it under another. Fixed layouts, nothing to decide; the keeper chose the nonce
 * and opens both blobs before it believes the answer (ak_blob_compare). Secret: the question, the scratch,
 * and so their memory is the caller's to wipe. Threads: any. spec: docs/formats/vault.md, The re-encryptor's
 * messages */
#ifndef AK_CORE_VAULT_REENCRYPT_H
#define AK_CORE_VAULT_REENCRYPT_H

#include "core/vault/blob.h"

/* Without the u32 length that goes before either on the socket. */
enum {
    AK_REENCRYPT_FIELDS_MAX = AK_BLOB_AAD_MAX - AK_BLOB_HEAD_LEN,
    AK_REENCRYPT_QUESTION_MAX =
        1 + 2 * 32 + AK_BLOB_HEAD_LEN + 2 * (2 + AK_REENCRYPT_FIELDS_MAX) + AK_BLOB_LEN_MAX,
    AK_REENCRYPT_ANSWER_MAX = 2 + AK_BLOB_LEN_MAX,
};

enum ak_reencrypt_status { AK_REENCRYPT_DONE, AK_REENCRYPT_UNOPENED, AK_REENCRYPT_MALFORMED };

struct ak_reencrypt {
    const struct ak_secret32 *old_dek, *new_dek;
    const struct ak_blob_place *old_place, *new_place;
    struct ak_blob_head new_head;
    struct ak_span old_blob;
};

/* Appends the question. AK_E_LIMIT (the blob), AK_E_FULL. */
AK_MUST_USE enum ak_err ak_reencrypt_put(const struct ak_reencrypt *question, struct ak_buf *buf);
/* The re-encryptor's side: appends the answer, whatever the question is. `scratch` holds AK_LIMIT_VALUE
 * bytes; what was written to it is wiped. `answer` has room for AK_REENCRYPT_ANSWER_MAX. */
void ak_reencrypt_answer(struct ak_span question, uint8_t *scratch, struct ak_buf *answer);
/* The keeper's side: the new blob, a view. Its header must be the one asked for, so that nobody else chooses
 * a nonce. AK_E_AUTH (the old one did not open), AK_E_FORMAT (anything else that is no good answer),
 * AK_E_UNSUPPORTED (version). */
AK_MUST_USE enum ak_err ak_reencrypt_parse(
    struct ak_span answer, const struct ak_blob_head *new_head, struct ak_span *out_blob);

#endif
