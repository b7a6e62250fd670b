/* Moving a blob with a re-encryptor that lies: rubbish, another's bytes, another value, another nonce,
 * nothing. Held: the old blob stays, no new one is named, and an honest blob is never called tampered (I14).
 */
#include "unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "core/vault/reencrypt.h"
#include "io/proc/message.h"
#include "io/proc/secmem.h"
#include "io/vault/internal.h"

enum lie {
    HONEST,
    RUBBISH,
    ANOTHERS,    /* the answer to the question before */
    OTHER_VALUE, /* well made, by somebody who has both keys */
    OTHER_NONCE,
    OTHER_PLACE,
    EMPTY_BLOB, /* the header asked for, and nothing else */
    CUT,
    LONGER,
    UNOPENED, /* "the old blob does not open" */
    MALFORMED,
    STATUS,
    VERSION,
    ENDS, /* says nothing more */
    TOO_LONG,
    TWICE, /* more than was asked for */
    LIES
};

static char dir[64];
static int data_fd, tee_fd, slot_fd, ends[2];
static struct ak_tee backend;
static struct ak_root root;
static struct ak_vault vault;
static pthread_t thread;
static enum lie lie;
static const uint8_t log_id[16] = {7};

/* ---- the re-encryptor ---- */

static uint8_t questions[AK_MESSAGE_HEAD + AK_REENCRYPT_QUESTION_MAX],
    answer_memory[AK_REENCRYPT_ANSWER_MAX + 16], framed[AK_MESSAGE_HEAD + sizeof answer_memory],
    scratch[AK_LIMIT_VALUE];
static struct ak_span question;
static uint8_t before[AK_REENCRYPT_ANSWER_MAX]; /* the last honest answer */
static size_t before_len;

/* Where the question has what: version, old key, new key, header. */
enum { AT_NEW_DEK = 1 + 32, AT_HEAD = 1 + 64 };

static struct ak_blob_place new_place(void)
{
    struct ak_blob_place place = {.service_len = 3, .service = "abc", .epoch = 2, .blob_id = {2}};
    memset(place.anchor, 0xa1, sizeof place.anchor);
    return place;
}

static void make_another(struct ak_buf *answer)
{
    struct ak_secret32 dek;
    struct ak_blob_head head;
    struct ak_blob_place place = new_place();
    memcpy(dek.bytes, question.ptr + AT_NEW_DEK, 32);
    assert_int_equal(ak_blob_parse(ak_span(answer->ptr + 2, answer->len - 2), &head), AK_OK);
    if (lie == OTHER_NONCE) head.nonce[0] ^= 1;
    if (lie == OTHER_PLACE) place.service[0] = 'x';
    answer->len = 2;
    assert_int_equal(ak_blob_seal(&head, &place, &dek,
                         lie == OTHER_VALUE ? AK_SPAN_LIT("value") : AK_SPAN_LIT("VALUE"), answer),
        AK_OK);
}

static void spoil(struct ak_buf *answer)
{
    switch ((int)lie) {
    case RUBBISH: memset(answer->ptr + 2, 0x5a, answer->len - 2); break;
    case ANOTHERS:
        memcpy(answer->ptr, before, before_len);
        answer->len = before_len;
        break;
    case OTHER_VALUE:
    case OTHER_NONCE:
    case OTHER_PLACE: make_another(answer); break;
    case EMPTY_BLOB: answer->len = 2 + AK_BLOB_HEAD_LEN; break;
    case CUT: answer->len--; break;
    case LONGER: ak_buf_put_u8(answer, 0); break;
    case UNOPENED:
    case MALFORMED:
        answer->len = 2;
        answer->ptr[1] = (uint8_t)(lie == UNOPENED ? AK_REENCRYPT_UNOPENED : AK_REENCRYPT_MALFORMED);
        break;
    case STATUS: answer->ptr[1] = 3; break;
    case VERSION: answer->ptr[0] = 2; break;
    default: break;
    }
}

static bool send_answer(const struct ak_buf *answer)
{
    struct ak_buf buf = AK_BUF_ARR(framed);
    for (int i = 0; i < (lie == TWICE ? 2 : 1); i++) {
        size_t begun = ak_message_begin(&buf);
        ak_buf_put(&buf, lie == TWICE ? AK_SPAN_LIT("\1\1") : ak_buf_span(answer));
        ak_message_end(&buf, begun);
    }
    return ak_message_send(ends[1], &buf, 5000) == AK_OK;
}

static void *reencryptor(void *arg)
{
    struct ak_message_in in = {
        .fd = ends[1], .memory = questions, .cap = sizeof questions, .max = AK_REENCRYPT_QUESTION_MAX};
    (void)arg;
    while (ak_message_next(&in, 5000, &question) == AK_OK) {
        struct ak_buf answer = ak_buf(answer_memory, sizeof answer_memory);
        if (lie == ENDS) break;
        if (lie == TOO_LONG) {
            static const uint8_t head[4] = {0xff, 0xff, 0xff, 0xff};
            assert_int_equal(write(ends[1], head, 4), 4);
            break;
        }
        ak_reencrypt_answer(question, scratch, &answer);
        if (lie == HONEST) memcpy(before, answer.ptr, before_len = answer.len);
        spoil(&answer);
        if (!send_answer(&answer)) break;
    }
    close(ends[1]);
    return NULL;
}

/* ---- the keeper's side ---- */

static int open_below(const char *name)
{
    assert_int_equal(mkdirat(data_fd, name, 0700), 0);
    int fd = openat(data_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int setup(void **state)
{
    (void)state;
    const struct ak_secret32 msk = {{5}};
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-move-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    data_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tee_fd = open_below("tee");
    slot_fd = open_below("slots");
    const struct ak_tee_open how = {.dir_fd = tee_fd, .create = true, .slot_dir_fd = slot_fd};
    assert_int_equal(ak_tee_open(&ak_tee_software, &how, &backend), AK_OK);
    assert_int_equal(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk), AK_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const struct ak_vault_open open_how = {
        .tee = &backend, .data_dir_fd = data_fd, .reencrypt_fd = ends[0], .root = &root, .log_id = log_id};
    assert_int_equal(ak_vault_open(&vault, &open_how), AK_OK);
    lie = HONEST;
    before_len = 0;
    return pthread_create(&thread, NULL, reencryptor, NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    close(ends[0]);
    pthread_join(thread, NULL);
    ak_vault_close(&vault);
    ak_root_close(&root);
    ak_tee_close(&backend);
    close(slot_fd);
    close(tee_fd);
    close(data_fd);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct ak_epoch_key key_of(uint32_t epoch)
{
    struct ak_epoch_key key = {.epoch = epoch};
    memset(key.anchor, 0xa1, sizeof key.anchor);
    memset(key.dek_id, (int)epoch, sizeof key.dek_id);
    return key;
}

static void make_epoch(uint32_t epoch)
{
    struct ak_vault_work work = {.kind = AK_VAULT_ROTATE, .item_count = 1, .key = key_of(epoch)};
    struct ak_vault_result result;
    ak_vault_run(&vault, &work, &result);
    assert_int_equal(result.code, AK_VAULT_DONE);
    ak_vault_apply(&vault, &work, &result);
}

/* The old blob, sealed by hand, and the work that moves it. */
static struct ak_vault_work begin(void)
{
    struct ak_vault_work work = {.kind = AK_VAULT_MOVE, .size = 5, .nonce = {3}};
    struct ak_blob_head head = {.nonce = {1}};
    struct ak_vault_result result;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    uint8_t memory[128];
    struct ak_buf blob = AK_BUF_ARR(memory);
    make_epoch(1);
    make_epoch(2);
    work.to = new_place();
    work.from = work.to;
    work.from.epoch = 1;
    work.from.blob_id[0] = 1;
    memcpy(work.from_dek, key_of(1).dek_id, 32);
    memcpy(work.to_dek, key_of(2).dek_id, 32);
    memcpy(head.dek_id, work.from_dek, 32);
    assert_int_equal(ak_vault_dek_of(&vault, &work.from, work.from_dek, &dek), AK_OK);
    assert_int_equal(ak_blob_seal(&head, &work.from, &dek, AK_SPAN_LIT("VALUE"), &blob), AK_OK);
    assert_int_equal(ak_vault_store(&vault, &work.from, ak_buf_span(&blob), &result), AK_OK);
    memcpy(work.hash, result.hash, 32);
    return work;
}

static bool is_stored(const struct ak_blob_place *place)
{
    uint8_t memory[128];
    size_t len = 0;
    struct ak_blob_name name = ak_blob_name_of(place);
    return vault.blobs.ops->read(vault.blobs.impl, &name, memory, sizeof memory, &len) == AK_OK;
}

static enum ak_vault_code move(const struct ak_vault_work *work, struct ak_vault_result *result)
{
    ak_vault_run(&vault, work, result);
    return result->code;
}

static void an_honest_move(void **state)
{
    (void)state;
    struct ak_vault_work work = begin();
    struct ak_vault_result result;
    assert_int_equal(move(&work, &result), AK_VAULT_DONE);
    assert_int_equal(result.size, 5);
    assert_true(is_stored(&work.from) && is_stored(&work.to));
    uint8_t memory[128], found[32], value[8];
    struct ak_buf blob = AK_BUF_ARR(memory);
    size_t len = 0;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    assert_int_equal(ak_vault_fetch(&vault, &work.to, result.hash, &blob), AK_OK);
    ak_sha256(ak_buf_span(&blob), found);
    assert_memory_equal(found, result.hash, 32);
    assert_memory_equal(memory + 37, work.nonce, 12); /* the keeper's nonce */
    assert_int_equal(ak_vault_dek_of(&vault, &work.to, work.to_dek, &dek), AK_OK);
    assert_int_equal(ak_blob_open(ak_buf_span(&blob), work.to_dek, &work.to, &dek, value, 8, &len), AK_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(value, "VALUE", 5);
}

static void lies_lose_nothing(void **state)
{
    (void)state;
    struct ak_vault_work work = begin(), other = work;
    struct ak_vault_result result;
    other.to.blob_id[0] = 9;
    assert_int_equal(move(&other, &result), AK_VAULT_DONE); /* an answer to give again */
    for (lie = RUBBISH; lie < ENDS; lie++) {
        assert_int_equal(move(&work, &result), AK_VAULT_UNAVAILABLE);
        assert_true(is_stored(&work.from));
        assert_false(is_stored(&work.to));
        assert_false(vault.broken);
    }
    lie = HONEST;
    assert_int_equal(move(&work, &result), AK_VAULT_DONE);
}

static void a_conversation_that_ends_is_noticed(void **state)
{
    (void)state;
    struct ak_vault_work work = begin();
    struct ak_vault_result result;
    lie = ENDS;
    assert_int_equal(move(&work, &result), AK_VAULT_UNAVAILABLE);
    assert_true(vault.broken);
    assert_true(is_stored(&work.from) && !is_stored(&work.to));
}

static void an_answer_without_bounds_is_noticed(void **state)
{
    (void)state;
    struct ak_vault_work work = begin();
    struct ak_vault_result result;
    lie = TOO_LONG;
    assert_int_equal(move(&work, &result), AK_VAULT_UNAVAILABLE);
    assert_true(vault.broken);
    assert_true(is_stored(&work.from) && !is_stored(&work.to));
}

static void an_answer_too_many_is_noticed(void **state)
{
    (void)state;
    struct ak_vault_work work = begin();
    struct ak_vault_result result;
    lie = TWICE;
    assert_int_equal(move(&work, &result), AK_VAULT_UNAVAILABLE);
    assert_true(vault.broken);
    assert_true(is_stored(&work.from) && !is_stored(&work.to));
}

/* Only the keeper's own look makes a blob a tampered one. */
static void what_is_wrong_with_the_old_blob_is_told_apart(void **state)
{
    (void)state;
    struct ak_vault_work work = begin(), bad = work;
    struct ak_vault_result result;
    bad.hash[0] ^= 1;
    assert_int_equal(move(&bad, &result), AK_VAULT_TAMPERED);
    bad = work;
    bad.from.label_len = 1; /* another's: its hash is right, its place is not */
    bad.from.label[0] = 'x';
    assert_int_equal(move(&bad, &result), AK_VAULT_TAMPERED);
    bad = work;
    bad.from.blob_id[0] = 77;
    assert_int_equal(move(&bad, &result), AK_VAULT_MISSING);
    bad = work;
    bad.to_dek[0] ^= 1;
    assert_int_equal(move(&bad, &result), AK_VAULT_NO_DEK);
    assert_false(is_stored(&work.to));
    assert_int_equal(move(&work, &result), AK_VAULT_DONE);
}

/* ---- many at once ---- */

enum { EPOCHS = 1000 };
static unsigned renames;
static int counting_rename(void *ctx, int dir_fd, const char *from, const char *to)
{
    renames++;
    return ak_file_ops_system().rename(ctx, dir_fd, from, to);
}

static void run_epochs(enum ak_vault_kind kind, const struct ak_epoch_key *keys)
{
    struct ak_vault_work work = {.kind = kind, .items = keys, .item_count = EPOCHS};
    struct ak_vault_result result;
    renames = 0;
    ak_vault_run(&vault, &work, &result);
    assert_int_equal(result.code, AK_VAULT_DONE);
    assert_int_equal(renames, 1);
    ak_vault_apply(&vault, &work, &result);
}

/* A thousand epochs are made by one new store and destroyed by one, under one new key. */
static void a_thousand_epochs_in_one_rewrite(void **state)
{
    (void)state;
    static struct ak_epoch_key keys[EPOCHS];
    make_epoch(1);
    for (unsigned i = 0; i < EPOCHS; i++) {
        keys[i] = key_of(1);
        keys[i].anchor[0] = (uint8_t)(i / 256);
        keys[i].anchor[1] = (uint8_t)i;
    }
    vault.epochs.ops.rename = counting_rename;
    run_epochs(AK_VAULT_ROTATE, keys);
    assert_int_equal(vault.epochs.table.count, EPOCHS + 1);
    unsigned slot = vault.epochs.slot;
    run_epochs(AK_VAULT_DESTROY, keys);
    assert_int_not_equal(vault.epochs.slot, slot);
    assert_int_equal(vault.epochs.table.count, 1);
    const struct ak_epoch_key kept = key_of(1);
    assert_non_null(ak_epoch_find(&vault.epochs.table, &kept));
}

enum { MANY = 60, BIG = 7, TAMPERED = 11, MISSING = 12, NO_DEK = 40 };
static struct ak_vault_work works[MANY];
static struct ak_vault_result results[MANY];

static void put_old(struct ak_vault_work *work, uint8_t number, struct ak_span value)
{
    static uint8_t memory[AK_BLOB_LEN_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    struct ak_blob_head head = {.nonce = {1, number}};
    struct ak_vault_result result;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    work->from.blob_id[1] = work->to.blob_id[1] = work->nonce[1] = number;
    work->size = (uint32_t)value.len;
    memcpy(head.dek_id, work->from_dek, 32);
    assert_int_equal(ak_vault_dek_of(&vault, &work->from, work->from_dek, &dek), AK_OK);
    assert_int_equal(ak_blob_seal(&head, &work->from, &dek, value, &blob), AK_OK);
    assert_int_equal(ak_vault_store(&vault, &work->from, ak_buf_span(&blob), &result), AK_OK);
    memcpy(work->hash, result.hash, 32);
}

static void begin_many(void)
{
    static const uint8_t big[AK_LIMIT_VALUE];
    struct ak_vault_work first = begin();
    for (uint8_t i = 0; i < MANY; i++) {
        works[i] = first;
        put_old(&works[i], i, i == BIG ? AK_SPAN_ARR(big) : ak_span(big, i));
    }
}

static size_t count_new(void)
{
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++) {
        static uint8_t memory[AK_BLOB_LEN_MAX];
        size_t len = 0;
        struct ak_blob_name name = ak_blob_name_of(&works[i].to);
        count += vault.blobs.ops->read(vault.blobs.impl, &name, memory, sizeof memory, &len) == AK_OK;
    }
    return count;
}

static void many_at_once(void **state)
{
    (void)state;
    begin_many();
    works[TAMPERED].hash[0] ^= 1;
    works[MISSING].from.blob_id[2] = 1;
    works[NO_DEK].to_dek[0] ^= 1;
    ak_vault_run_all(&vault, works, results, MANY);
    for (size_t i = 0; i < MANY; i++) {
        enum ak_vault_code want = i == TAMPERED  ? AK_VAULT_TAMPERED
                                  : i == MISSING ? AK_VAULT_MISSING
                                  : i == NO_DEK  ? AK_VAULT_NO_DEK
                                                 : AK_VAULT_DONE;
        static uint8_t memory[AK_BLOB_LEN_MAX], value[AK_LIMIT_VALUE];
        struct ak_buf blob = AK_BUF_ARR(memory);
        size_t len = 0;
        AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
        assert_int_equal(results[i].code, want);
        if (want != AK_VAULT_DONE) continue;
        assert_int_equal(results[i].size, works[i].size);
        assert_int_equal(ak_vault_fetch(&vault, &works[i].to, results[i].hash, &blob), AK_OK);
        assert_int_equal(ak_vault_dek_of(&vault, &works[i].to, works[i].to_dek, &dek), AK_OK);
        assert_int_equal(
            ak_blob_open(ak_buf_span(&blob), works[i].to_dek, &works[i].to, &dek, value, sizeof value, &len),
            AK_OK);
        assert_int_equal(len, works[i].size);
    }
    assert_int_equal(count_new(), MANY - 3);
}

static void many_and_a_liar(void **state)
{
    (void)state;
    begin_many();
    for (lie = RUBBISH; lie < ENDS; lie++) {
        if (lie == ANOTHERS || lie == OTHER_VALUE || lie == OTHER_NONCE || lie == OTHER_PLACE) continue;
        ak_vault_run_all(&vault, works, results, MANY);
        for (size_t i = 0; i < MANY; i++) assert_int_not_equal(results[i].code, AK_VAULT_TAMPERED);
        assert_int_equal(count_new(), 0);
    }
    lie = ENDS;
    ak_vault_run_all(&vault, works, results, MANY);
    for (size_t i = 0; i < MANY; i++) assert_int_equal(results[i].code, AK_VAULT_UNAVAILABLE);
    assert_true(vault.broken);
    assert_int_equal(count_new(), 0);
}

/* Old files of many go together; one that is gone already does not matter. */
static void many_removed(void **state)
{
    (void)state;
    begin_many();
    for (size_t i = 0; i < MANY; i++) works[i].kind = AK_VAULT_DELETE_FILE;
    works[MISSING].from.blob_id[2] = 1;
    ak_vault_run_all(&vault, works, results, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(results[i].code, AK_VAULT_DONE);
        assert_false(is_stored(&works[i].from));
    }
}

int main(void)
{
    struct ak_secmem_report report;
    if (ak_secmem_init((size_t)1 << 20, false, &report) != AK_OK) return 1;
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(an_honest_move), T(lies_lose_nothing),
        T(a_conversation_that_ends_is_noticed), T(an_answer_without_bounds_is_noticed),
        T(an_answer_too_many_is_noticed), T(what_is_wrong_with_the_old_blob_is_told_apart), T(many_at_once),
        T(many_and_a_liar), T(many_removed), T(a_thousand_epochs_in_one_rewrite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
