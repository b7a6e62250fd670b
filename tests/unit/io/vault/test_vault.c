/* Putting and reading a value, with real keys and files: what comes back, to whom it is sealed, and what each
 * thing that is wrong is called (I1, I11, I14). */
#include "unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"
#include "core/vault/delivery.h"
#include "io/proc/secmem.h"
#include "io/vault/internal.h"

static char dir[64];
static int data_fd, tee_fd, slot_fd;
static struct ak_tee backend;
static struct ak_root root;
static struct ak_vault vault;
static const uint8_t log_id[16] = {7};
static const struct ak_secret32 reader = {{0x61}};
static uint8_t delivery[32], sealed_memory[AK_LIMIT_VALUE + AK_HPKE_TAG_LEN + 8], value[AK_LIMIT_VALUE];

static int open_below(const char *name)
{
    assert_int_equal(mkdirat(data_fd, name, 0700), 0);
    int fd = openat(data_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void open_vault(void)
{
    const struct ak_vault_open how = {
        .tee = &backend, .data_dir_fd = data_fd, .reencrypt_fd = -1, .root = &root, .log_id = log_id};
    assert_int_equal(ak_vault_open(&vault, &how), AK_OK);
}

static int setup(void **state)
{
    (void)state;
    const struct ak_secret32 msk = {{5}};
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-vault-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    data_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tee_fd = open_below("tee");
    slot_fd = open_below("slots");
    const struct ak_tee_open how = {.dir_fd = tee_fd, .create = true, .slot_dir_fd = slot_fd};
    assert_int_equal(ak_tee_open(&ak_tee_software, &how, &backend), AK_OK);
    assert_int_equal(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk), AK_OK);
    open_vault();
    assert_int_equal(ak_vault_delivery_key(&root, delivery), AK_OK);
    return 0;
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
    ak_vault_close(&vault);
    ak_root_close(&root);
    ak_tee_close(&backend);
    close(slot_fd);
    close(tee_fd);
    close(data_fd);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- putting ---- */

static struct ak_blob_place a_place(uint8_t number)
{
    struct ak_blob_place place = {.service_len = 3, .service = "abc", .epoch = 1, .blob_id = {number}};
    memset(place.anchor, 0xa1, sizeof place.anchor);
    return place;
}

static struct ak_span info_of(struct ak_buf *buf, const char *call, const struct ak_blob_place *place)
{
    uint8_t path[1 + AK_LIMIT_LABEL] = {'/'};
    memcpy(path + 1, place->label, place->label_len);
    ak_vault_put_info(buf, call, place->anchor, ak_span(place->service, place->service_len),
        ak_span(path, place->label_len ? 1 + (size_t)place->label_len : 0));
    return ak_buf_span(buf);
}

/* Work that puts `bytes`, sealed as a client does it; the first one makes the epoch's key. */
static struct ak_vault_work a_put(uint8_t number, struct ak_span bytes)
{
    const struct ak_secret32 ephemeral = {{number, 0x77}};
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_vault_work work = {.kind = AK_VAULT_PUT,
        .to = a_place(number),
        .to_dek = {0xdd},
        .nonce = {number},
        .fresh_dek = number == 1,
        .sealed = ak_span(sealed_memory, bytes.len + AK_HPKE_TAG_LEN)};
    assert_int_equal(ak_hpke_seal(delivery, &ephemeral, info_of(&info, "credential-put", &work.to),
                         AK_SPAN_EMPTY, bytes, work.peer, sealed_memory),
        AK_OK);
    return work;
}

static enum ak_vault_code put(const struct ak_vault_work *work, struct ak_vault_result *out_result)
{
    ak_vault_run(&vault, work, out_result);
    enum ak_vault_code code = out_result->code;
    ak_vault_apply(&vault, work, out_result);
    return code;
}

static bool is_stored(const struct ak_blob_place *place)
{
    static uint8_t memory[AK_BLOB_LEN_MAX];
    size_t len = 0;
    struct ak_blob_name name = ak_blob_name_of(place);
    return vault.blobs.ops->read(vault.blobs.impl, &name, memory, sizeof memory, &len) == AK_OK;
}

/* ---- reading ---- */

static uint8_t body_memory[64 + AK_LIMIT_VALUE + AK_HPKE_TAG_LEN];

static struct ak_vault_work a_read(const struct ak_vault_work *of, const struct ak_vault_result *result)
{
    struct ak_vault_work work = {
        .kind = AK_VAULT_READ, .from = of->to, .size = result->size, .enc_at = 7, .sealed_at = 40};
    memcpy(work.from_dek, of->to_dek, 32);
    memcpy(work.hash, result->hash, 32);
    assert_int_equal(ak_x25519_pub(&reader, work.peer), AK_OK);
    return work;
}

static enum ak_vault_code read_into(const struct ak_vault_work *work, size_t body_len)
{
    struct ak_vault_result result;
    struct ak_epoch_key key = {.epoch = work->from.epoch};
    memcpy(key.anchor, work->from.anchor, sizeof key.anchor);
    memcpy(key.dek_id, work->from_dek, sizeof key.dek_id);
    ak_vault_read(
        &vault, work, ak_epoch_find(&vault.epochs.table, &key), ak_span(body_memory, body_len), &result);
    return result.code;
}

static enum ak_vault_code read_work(const struct ak_vault_work *work)
{
    memset(body_memory, 0x5a, sizeof body_memory);
    return read_into(work, 40 + work->size + AK_HPKE_TAG_LEN);
}

static enum ak_err open_answer(
    const struct ak_vault_work *work, const struct ak_secret32 *scalar, const char *call)
{
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_secret32 shared;
    memset(value, 0, sizeof value);
    assert_int_equal(ak_x25519_shared(scalar, delivery, &shared), AK_OK);
    const struct ak_hpke_psk psk = {AK_SPAN_ARR(shared.bytes), AK_SPAN_ARR(delivery)};
    return ak_hpke_open_psk(scalar, body_memory + 7, &psk, info_of(&info, call, &work->from), AK_SPAN_EMPTY,
        ak_span(body_memory + 40, work->size + AK_HPKE_TAG_LEN), value);
}

static void values_come_back(void **state)
{
    (void)state;
    static uint8_t bytes[AK_LIMIT_VALUE];
    static const size_t lens[] = {0, 1, 1024, AK_LIMIT_VALUE - 1, AK_LIMIT_VALUE};
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    for (uint8_t i = 0; i < AK_COUNT(lens); i++) {
        struct ak_vault_work work = a_put((uint8_t)(i + 1), ak_span(bytes, lens[i]));
        struct ak_vault_result result;
        assert_int_equal(put(&work, &result), AK_VAULT_DONE);
        assert_int_equal(result.size, lens[i]);
        struct ak_vault_work back = a_read(&work, &result);
        assert_int_equal(read_work(&back), AK_VAULT_DONE);
        assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_OK);
        assert_memory_equal(value, bytes, lens[i]);
    }
    assert_int_equal(vault.epochs.table.count, 1); /* one key, made by the first put */
}

/* Only to the reader's key, and only for this call; nothing around the two gaps is touched. */
static void an_answer_is_sealed_to_its_reader(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    const struct ak_secret32 other = {{0x61, 1}};
    uint8_t first[32];
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    struct ak_vault_work back = a_read(&work, &result);
    assert_int_equal(read_work(&back), AK_VAULT_DONE);
    assert_int_equal(open_answer(&back, &other, "credential-read"), AK_E_AUTH);
    assert_int_equal(open_answer(&back, &reader, "credential-put"), AK_E_AUTH);
    assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_OK);
    assert_memory_equal(value, "secret", 6);
    for (size_t i = 0; i < 7; i++) assert_int_equal(body_memory[i], 0x5a);
    assert_int_equal(body_memory[39], 0x5a);
    assert_int_equal(body_memory[40 + 6 + AK_HPKE_TAG_LEN], 0x5a);
    memcpy(first, body_memory + 7, 32);
    assert_int_equal(read_work(&back), AK_VAULT_DONE);
    assert_memory_not_equal(first, body_memory + 7, 32); /* a new ephemeral key each time */
}

/* Who does not have the delivery key's scalar cannot make an answer up, whatever it knows of the reader. */
static void an_answer_is_the_keepers(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    const struct ak_secret32 forger = {{0x71, 1}}, ephemeral = {{0x72, 2}};
    struct ak_secret32 shared;
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    struct ak_vault_work back = a_read(&work, &result);
    struct ak_span info = info_of(&buf, "credential-read", &back.from);
    assert_int_equal(ak_x25519_shared(&forger, back.peer, &shared), AK_OK);
    const struct ak_hpke_psk made_up = {AK_SPAN_ARR(shared.bytes), AK_SPAN_ARR(delivery)};
    const struct ak_hpke_psk *const ways[] = {NULL, &made_up};
    for (size_t i = 0; i < AK_COUNT(ways); i++) {
        assert_int_equal(ak_hpke_seal_psk(back.peer, &ephemeral, ways[i], info, AK_SPAN_EMPTY,
                             AK_SPAN_LIT("forged"), body_memory + 7, body_memory + 40),
            AK_OK);
        assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_E_AUTH);
    }
    assert_int_equal(read_work(&back), AK_VAULT_DONE);
    delivery[0] ^= 1; /* a reader that was told another delivery key */
    assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_E_AUTH);
    delivery[0] ^= 1;
    assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_OK);
}

/* Readers that fall together in the table of shared secrets get their own, in any order. */
static void many_readers_get_their_own(void **state)
{
    (void)state;
    enum { READERS = 3 * AK_VAULT_READERS };
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    struct ak_vault_work back = a_read(&work, &result);
    for (unsigned i = 0; i < 2 * READERS; i++) {
        const struct ak_secret32 own = {{0x40, (uint8_t)(i % READERS), (uint8_t)(i % READERS >> 8)}};
        assert_int_equal(ak_x25519_pub(&own, back.peer), AK_OK);
        for (unsigned again = 0; again < 2; again++) {
            struct ak_secret32 mine, keepers;
            uint8_t name[32];
            assert_int_equal(ak_vault_reader_secret(vault.readers, &root, back.peer, &keepers, name), AK_OK);
            assert_memory_equal(name, delivery, 32);
            if (again) continue;
            assert_int_equal(ak_x25519_shared(&own, delivery, &mine), AK_OK);
            assert_memory_equal(&mine, &keepers, sizeof mine);
        }
    }
    uint8_t weak[32] = {1}, name[32] = {1};
    static const uint8_t zero[32];
    struct ak_secret32 none = {{1}};
    assert_int_equal(ak_vault_reader_secret(vault.readers, &root, weak, &none, name), AK_E_AUTH);
    assert_memory_equal(&none, zero, 32);
    assert_memory_equal(name, zero, 32);
}

static void what_was_put_is_there_after_a_start(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    ak_vault_close(&vault);
    open_vault();
    struct ak_vault_work back = a_read(&work, &result);
    assert_int_equal(read_work(&back), AK_VAULT_DONE);
    assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_OK);
    assert_memory_equal(value, "secret", 6);
}

/* ---- what is not put ---- */

/* Sealed for another place, call or key, altered, cut: none is stored, none makes a key. */
static void what_does_not_open_is_not_put(void **state)
{
    (void)state;
    struct ak_vault_result result;
    for (unsigned i = 0; i < 8; i++) {
        struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
        if (i == 0) work.to.anchor[31] ^= 1;
        if (i == 1) work.to.service[0] ^= 1;
        if (i == 2) work.to.label[work.to.label_len++] = 'x';
        if (i == 3) work.peer[0] ^= 1;
        if (i == 4) sealed_memory[0] ^= 1;
        if (i == 5) work.sealed.len--;
        if (i == 6) work.sealed.len = AK_HPKE_TAG_LEN - 1;
        if (i == 7) memset(work.peer, 0, sizeof work.peer); /* a key of small order */
        assert_int_equal(put(&work, &result), AK_VAULT_UNOPENED);
        assert_false(is_stored(&work.to));
        assert_int_equal(vault.epochs.table.count, 0);
    }
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    work.sealed.len = AK_LIMIT_VALUE + AK_HPKE_TAG_LEN + 1; /* never comes this far: refused by the wire */
    assert_int_equal(put(&work, &result), AK_VAULT_UNAVAILABLE);
    work = a_put(1, AK_SPAN_LIT("secret"));
    work.fresh_dek = false; /* an epoch whose key is not there */
    assert_int_equal(put(&work, &result), AK_VAULT_NO_DEK);
    assert_false(is_stored(&work.to));
}

/* A put that fails at the folder leaves a key that no entry names, and nothing else; it can be put again. */
static void a_folder_that_takes_nothing(void **state)
{
    (void)state;
    static const char in_the_way[] = "blobs/0000000000000000000000000000000000000000";
    struct ak_vault_result result;
    int fd = openat(data_fd, in_the_way, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    assert_int_equal(put(&work, &result), AK_VAULT_UNAVAILABLE);
    assert_int_equal(unlinkat(data_fd, in_the_way, 0), 0);
    assert_false(is_stored(&work.to));
    assert_int_equal(vault.epochs.table.count, 1);
    work.fresh_dek = false;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    struct ak_vault_work back = a_read(&work, &result);
    assert_int_equal(read_work(&back), AK_VAULT_DONE);
}

/* ---- what is not read ---- */

static void each_byte_of_a_blob_counts(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    uint8_t blob[128];
    size_t len = 0;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    const struct ak_vault_work good = a_read(&work, &result);
    struct ak_blob_name name = ak_blob_name_of(&good.from);
    assert_int_equal(vault.blobs.ops->read(vault.blobs.impl, &name, blob, sizeof blob, &len), AK_OK);
    for (size_t i = 0; i <= len; i++) {
        struct ak_vault_work bad = good;
        struct ak_vault_result stored;
        bad.from.blob_id[1] = 1; /* altered, under a name of its own */
        if (i < len) blob[i] ^= 1;
        assert_int_equal(
            ak_vault_store(&vault, &bad.from, ak_span(blob, i < len ? len : len - 1), &stored), AK_OK);
        assert_int_equal(read_work(&bad), AK_VAULT_TAMPERED); /* by its hash */
        if (i < len) blob[i] ^= 1;
        name = ak_blob_name_of(&bad.from);
        assert_int_equal(vault.blobs.ops->remove(vault.blobs.impl, &name), AK_OK);
        for (size_t at = 0; at < sizeof body_memory; at++) assert_int_equal(body_memory[at], 0x5a);
    }
    assert_int_equal(read_work(&good), AK_VAULT_DONE);
}

/* The hash is right, the pointer is not: another's place, epoch, key, size. */
static void a_pointer_that_is_wrong(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    const struct ak_vault_work good = a_read(&work, &result);
    struct ak_vault_work bad = good;
    bad.hash[31] ^= 1;
    assert_int_equal(read_work(&bad), AK_VAULT_TAMPERED);
    bad = good;
    bad.from.label[bad.from.label_len++] = 'x'; /* the file is found, and is not that agent's */
    assert_int_equal(read_work(&bad), AK_VAULT_TAMPERED);
    bad = good;
    bad.size--;
    assert_int_equal(read_work(&bad), AK_VAULT_TAMPERED);
    bad = good;
    bad.size++;
    assert_int_not_equal(read_work(&bad), AK_VAULT_DONE);
    bad = good;
    bad.from.blob_id[15] ^= 1;
    assert_int_equal(read_work(&bad), AK_VAULT_MISSING);
    bad = good;
    bad.from.epoch = 2;
    assert_int_equal(read_work(&bad), AK_VAULT_MISSING);
    bad = good;
    bad.from_dek[0] ^= 1;
    assert_int_equal(read_work(&bad), AK_VAULT_NO_DEK);
    for (size_t at = 0; at < sizeof body_memory; at++) assert_int_equal(body_memory[at], 0x5a);
    assert_int_equal(read_work(&good), AK_VAULT_DONE);
}

/* An answer without room, and a reader's key that everybody opens: nothing is written. */
static void an_answer_that_cannot_be_made(void **state)
{
    (void)state;
    struct ak_vault_work work = a_put(1, AK_SPAN_LIT("secret"));
    struct ak_vault_result result;
    assert_int_equal(put(&work, &result), AK_VAULT_DONE);
    struct ak_vault_work back = a_read(&work, &result);
    const size_t room = 40 + 6 + AK_HPKE_TAG_LEN;
    memset(body_memory, 0x5a, sizeof body_memory);
    assert_int_equal(read_into(&back, room - 1), AK_VAULT_UNAVAILABLE);
    assert_int_equal(read_into(&back, 7 + 31), AK_VAULT_UNAVAILABLE);
    for (size_t at = 0; at < sizeof body_memory; at++) assert_int_equal(body_memory[at], 0x5a);
    assert_int_equal(read_into(&back, room), AK_VAULT_DONE);
    memset(back.peer, 0, sizeof back.peer);
    assert_int_equal(read_work(&back), AK_VAULT_UNAVAILABLE);
    assert_int_equal(open_answer(&back, &reader, "credential-read"), AK_E_AUTH);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    struct ak_secmem_report report;
    if (ak_secmem_init((size_t)1 << 20, false, &report) != AK_OK) return 1;
    const struct CMUnitTest tests[] = {T(values_come_back), T(an_answer_is_sealed_to_its_reader),
        T(an_answer_is_the_keepers), T(many_readers_get_their_own), T(what_was_put_is_there_after_a_start),
        T(what_does_not_open_is_not_put), T(a_folder_that_takes_nothing), T(each_byte_of_a_blob_counts),
        T(a_pointer_that_is_wrong), T(an_answer_that_cannot_be_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
