/* Files, keys, work, and the calls of the vault. */
#include "unit/engine/vault_box.h"

#include "base/crypto/sha256.h"

enum { MASK = 0x55 };

void box_open(struct box *box, struct h *h)
{
    memset(box, 0, sizeof *box);
    box->together = 1;
    h->vault = box_work;
    h->vault_ctx = box;
}

void box_close(struct box *box)
{
    for (size_t i = 0; i < box->file_count; i++) free(box->files[i].bytes);
    free(box->files);
    free(box->deks);
}

struct box_file *box_file(struct box *box, const uint8_t blob_id[16])
{
    for (size_t i = 0; i < box->file_count; i++)
        if (memcmp(box->files[i].place.blob_id, blob_id, 16) == 0) return &box->files[i];
    return NULL;
}

static struct box_dek *find_dek(
    const struct box *box, const uint8_t anchor[32], uint32_t epoch, const uint8_t id[32])
{
    for (size_t i = 0; i < box->dek_count; i++) {
        struct box_dek *dek = &box->deks[i];
        if (dek->key.epoch == epoch && memcmp(dek->key.anchor, anchor, 32) == 0 &&
            memcmp(dek->key.dek_id, id, 32) == 0)
            return dek;
    }
    return NULL;
}

bool box_has_dek(const struct box *box, const struct ak_epoch_key *key)
{
    return find_dek(box, key->anchor, key->epoch, key->dek_id) != NULL;
}

static void add_dek(struct box *box, const struct ak_epoch_key *key)
{
    H_CHECK(!box_has_dek(box, key));
    if (box->dek_count == box->dek_cap) {
        box->dek_cap = box->dek_cap ? 2 * box->dek_cap : 16;
        box->deks = realloc(box->deks, box->dek_cap * sizeof *box->deks);
        H_CHECK(box->deks);
    }
    struct box_dek *dek = &box->deks[box->dek_count++];
    dek->key = *key;
    ak_sha256(AK_SPAN_ARR(key->dek_id), dek->dek.bytes);
}

static void add_file(struct box *box, const struct ak_blob_place *place, struct ak_span blob)
{
    if (box->file_count == box->file_cap) {
        box->file_cap = box->file_cap ? 2 * box->file_cap : 16;
        box->files = realloc(box->files, box->file_cap * sizeof *box->files);
        H_CHECK(box->files);
    }
    struct box_file *file = &box->files[box->file_count++];
    *file = (struct box_file){*place, malloc(blob.len), blob.len};
    H_CHECK(file->bytes);
    memcpy(file->bytes, blob.ptr, blob.len);
}

static void remove_file(struct box *box, const uint8_t blob_id[16])
{
    struct box_file *file = box_file(box, blob_id);
    if (!file) return;
    free(file->bytes);
    *file = box->files[--box->file_count];
}

size_t box_open_file(struct box *box, const struct box_file *file, uint8_t *out_value)
{
    struct ak_blob_head head;
    size_t len = 0;
    if (ak_blob_parse(ak_span(file->bytes, file->len), &head) != AK_OK) return SIZE_MAX;
    const struct box_dek *dek = find_dek(box, file->place.anchor, file->place.epoch, head.dek_id);
    if (!dek) return SIZE_MAX;
    enum ak_err err = ak_blob_open(ak_span(file->bytes, file->len), head.dek_id, &file->place, &dek->dek,
        out_value, AK_LIMIT_VALUE, &len);
    return err ? SIZE_MAX : len;
}

/* Seals the scratch's value to the work's target. */
static void write_blob(
    struct box *box, const struct ak_vault_work *work, size_t len, struct ak_vault_result *result)
{
    static uint8_t memory[AK_BLOB_LEN_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    struct ak_blob_head head;
    const struct box_dek *dek = find_dek(box, work->to.anchor, work->to.epoch, work->to_dek);
    result->code = AK_VAULT_NO_DEK;
    if (!dek) return;
    memcpy(head.dek_id, work->to_dek, 32);
    memcpy(head.nonce, work->nonce, 12);
    H_CHECK(ak_blob_seal(&head, &work->to, &dek->dek, ak_span(box->scratch, len), &blob) == AK_OK);
    ak_sha256(ak_buf_span(&blob), result->hash);
    add_file(box, &work->to, ak_buf_span(&blob));
    result->size = (uint32_t)len;
    result->code = AK_VAULT_DONE;
}

static void put(struct box *box, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    if (work->fresh_dek) {
        struct ak_epoch_key key = {.epoch = work->to.epoch};
        memcpy(key.anchor, work->to.anchor, 32);
        memcpy(key.dek_id, work->to_dek, 32);
        add_dek(box, &key);
        box->rewrites++;
    }
    size_t len = work->sealed.len - AK_HPKE_TAG_LEN;
    for (size_t i = 0; i < len; i++) box->scratch[i] = work->sealed.ptr[i] ^ MASK;
    write_blob(box, work, len, result);
}

/* Reads blob `from` into the scratch, checked as a keeper checks it. */
static size_t read_blob(struct box *box, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    uint8_t hash[32];
    const struct box_file *file = box_file(box, work->from.blob_id);
    result->code = AK_VAULT_MISSING;
    if (!file) return SIZE_MAX;
    ak_sha256(ak_span(file->bytes, file->len), hash);
    result->code = AK_VAULT_TAMPERED;
    if (memcmp(hash, work->hash, 32) != 0) return SIZE_MAX;
    const struct box_dek *dek = find_dek(box, work->from.anchor, work->from.epoch, work->from_dek);
    size_t len = 0;
    result->code = AK_VAULT_NO_DEK;
    if (!dek) return SIZE_MAX;
    H_CHECK(ak_blob_open(ak_span(file->bytes, file->len), work->from_dek, &work->from, &dek->dek,
                box->scratch, AK_LIMIT_VALUE, &len) == AK_OK);
    H_CHECK(len == work->size);
    result->code = AK_VAULT_DONE;
    return len;
}

static void seal_to_reader(
    struct box *box, const struct ak_vault_work *work, struct ak_buf *body, struct ak_vault_result *result)
{
    size_t len = read_blob(box, work, result);
    if (len == SIZE_MAX) return;
    H_CHECK(body);
    H_CHECK(work->enc_at + 32 <= body->len && work->sealed_at + len + AK_HPKE_TAG_LEN <= body->len);
    memcpy(body->ptr + work->enc_at, work->peer, 32);
    for (size_t i = 0; i < len; i++) body->ptr[work->sealed_at + i] = box->scratch[i] ^ MASK;
}

static void destroy(struct box *box, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    const struct ak_epoch_key *items = ak_vault_items(work);
    for (uint32_t i = 0; i < work->item_count; i++) {
        struct box_dek *dek = find_dek(box, items[i].anchor, items[i].epoch, items[i].dek_id);
        if (dek) *dek = box->deks[--box->dek_count];
    }
    box->rewrites++;
    result->erase = !box->no_erase;
    result->code = AK_VAULT_DONE;
}

void box_work(
    void *ctx, const struct ak_vault_work *work, struct ak_buf *body, struct ak_vault_result *result)
{
    struct box *box = ctx;
    *result = (struct ak_vault_result){.code = box->fail};
    if (box->fail != AK_VAULT_DONE) return;
    box->done[work->kind]++;
    if (work->kind == AK_VAULT_PUT) put(box, work, result);
    if (work->kind == AK_VAULT_READ) seal_to_reader(box, work, body, result);
    if (work->kind == AK_VAULT_DESTROY) destroy(box, work, result);
    if (work->kind == AK_VAULT_DELETE_FILE) remove_file(box, work->from.blob_id);
    if (work->kind == AK_VAULT_MOVE) {
        size_t len = read_blob(box, work, result);
        if (len != SIZE_MAX) write_blob(box, work, len, result);
    }
    if (work->kind == AK_VAULT_ROTATE) {
        for (uint32_t i = 0; i < work->item_count; i++) add_dek(box, &ak_vault_items(work)[i]);
        box->rewrites++;
    }
}

bool box_background(struct h *h, struct box *box)
{
    static struct ak_vault_work works[AK_VAULT_TOGETHER];
    static struct ak_vault_result results[AK_VAULT_TOGETHER];
    bool found = ak_engine_vault_next(h->engine, works);
    size_t count = found ? ak_engine_vault_more(h->engine, works, box->together) : 0;
    for (size_t i = 0; i < count; i++) box_work(box, &works[i], NULL, &results[i]);
    for (size_t i = 0; i < count; i++) {
        if (!h->manual && !ak_engine_has_room(h->engine)) h_settle(h);
        ak_engine_vault_done(h->engine, &works[i], &results[i], NULL);
    }
    if (!h->manual) h_settle(h);
    return found;
}

size_t box_drain(struct h *h, struct box *box)
{
    size_t count = 0;
    for (size_t quiet = 0; quiet < 2 && count < 100000;) {
        bool found = box_background(h, box);
        quiet = found ? 0 : quiet + 1;
        count += found;
    }
    return count;
}

/* ---- calls ---- */

enum ak_code box_put(
    struct h *h, struct h_person *person, const char *service, const char *path, struct ak_span value)
{
    static uint8_t sealed[AK_LIMIT_VALUE + AK_HPKE_TAG_LEN];
    struct ak_msg_credential_put_request request = {.service = ak_span_str(service),
        .path = ak_span_str(path),
        .sealed = ak_span(sealed, value.len + AK_HPKE_TAG_LEN)};
    if (path) request.present |= 1u << AK_CREDENTIAL_PUT_REQUEST_PATH;
    for (size_t i = 0; i < value.len; i++) sealed[i] = value.ptr[i] ^ MASK;
    return h_call(h, &person->device, h_token(person), AK_CALL_CREDENTIAL_PUT, &request);
}

enum ak_code box_read(struct h *h, struct h_device *device, struct ak_span token, const char *service,
    const char *path, uint64_t version, uint8_t *out_value, size_t *out_len)
{
    struct ak_msg_credential_read_reply reply;
    struct ak_msg_credential_read_request request = {
        .service = ak_span_str(service), .path = ak_span_str(path), .version = version};
    if (path) request.present |= 1u << AK_CREDENTIAL_READ_REQUEST_PATH;
    if (version) request.present |= 1u << AK_CREDENTIAL_READ_REQUEST_VERSION;
    memset(request.key, 0x7e, sizeof request.key);
    enum ak_code code = h_call(h, device, token, AK_CALL_CREDENTIAL_READ, &request);
    *out_len = 0;
    if (code || h->manual) return code;
    h_reply(h, &ak_credential_read_reply_msg, &reply);
    H_CHECK(memcmp(reply.enc, request.key, 32) == 0);
    *out_len = reply.sealed.len - AK_HPKE_TAG_LEN;
    for (size_t i = 0; i < *out_len; i++) out_value[i] = reply.sealed.ptr[i] ^ MASK;
    return code;
}

enum ak_code box_delete(struct h *h, struct h_person *person, const char *service, const char *path)
{
    struct ak_msg_credential_delete_request request = {
        .service = ak_span_str(service), .path = ak_span_str(path)};
    if (path) request.present |= 1u << AK_CREDENTIAL_DELETE_REQUEST_PATH;
    return h_call(h, &person->device, h_token(person), AK_CALL_CREDENTIAL_DELETE, &request);
}

enum ak_code box_rollback(
    struct h *h, struct h_person *person, const char *service, const char *path, uint64_t version)
{
    struct ak_msg_credential_rollback_request request = {
        .service = ak_span_str(service), .path = ak_span_str(path), .version = version};
    if (path) request.present |= 1u << AK_CREDENTIAL_ROLLBACK_REQUEST_PATH;
    return h_call(h, &person->device, h_token(person), AK_CALL_CREDENTIAL_ROLLBACK, &request);
}

enum ak_code box_rotate(struct h *h, struct h_person *person)
{
    return h_call(h, &person->device, h_token(person), AK_CALL_EPOCH_ROTATE, NULL);
}

enum ak_code box_destroy(struct h *h, struct h_person *person, uint64_t epoch)
{
    struct ak_msg_epoch_destroy_request request = {.epoch = epoch};
    return h_call(h, &person->device, h_token(person), AK_CALL_EPOCH_DESTROY, &request);
}
