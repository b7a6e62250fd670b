/* The tpm2 backend's calls on a real (software) TPM, whose place is in AGENTKEYS_TEE_TCTI; tests/tpm2/ops.mjs
 * starts it. Held: a state opens at its number and the one before, never after; a slot that was erased or
 * overwritten is read again nowhere; evidence verifies and says what the chip holds; a sealed file is refused
 * whatever byte of it is altered, wherever it is cut, and grown. */
#include "unit/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/codec/cbor.h"
#include "base/crypto/p256.h"
#include "base/crypto/sha256.h"
#include "io/tee/sealed_file.h"

static char folder[] = "/tmp/ak-tpm2-XXXXXX";
static int dir_fd;
static struct ak_tee chip;

static enum ak_err open_tee(bool create)
{
    const struct ak_tee_ops *ops = ak_tee_find(AK_SPAN_LIT("tpm2"));
    const struct ak_tee_open how = {.dir_fd = dir_fd, .create = create, .tcti = getenv("AGENTKEYS_TEE_TCTI")};
    assert_non_null(ops);
    return ak_tee_open(ops, &how, &chip);
}

static int setup(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/ak-tpm2-XXXXXX", sizeof folder);
    if (!mkdtemp(folder)) return -1;
    dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir_fd >= 0 && open_tee(true) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ak_tee_close(&chip);
    (void)unlinkat(dir_fd, "tpm2", 0);
    (void)close(dir_fd);
    return rmdir(folder);
}

static void reopen(void)
{
    ak_tee_close(&chip);
    assert_int_equal(open_tee(false), AK_OK);
}

static uint64_t counter(uint8_t id[16])
{
    uint64_t value = 0;
    assert_int_equal(chip.ops->counter_read(chip.impl, id, &value), AK_OK);
    return value;
}

static void claims_what_holds(void **state)
{
    (void)state;
    uint8_t measurement[32], none[32] = {0};
    assert_int_equal(chip.ops->caps(chip.impl),
        AK_TEE_REPORT | AK_TEE_SEAL_HW | AK_TEE_COUNTER_HW | AK_TEE_ERASE | AK_TEE_MEASURED);
    assert_int_equal(chip.ops->measurement(chip.impl, measurement), AK_OK);
    assert_memory_not_equal(measurement, none, 32);
}

static void folder_and_chip_belong_together(void **state)
{
    (void)state;
    uint8_t id[16], again[16];
    uint64_t value = counter(id);
    reopen();
    assert_true(counter(again) == value);
    assert_memory_equal(id, again, 16);
    ak_tee_close(&chip);
    assert_int_equal(open_tee(true), AK_OK); /* an interrupted init is taken up, nothing is made anew */
    assert_true(counter(again) == value);
    assert_memory_equal(id, again, 16);
    ak_tee_close(&chip);
    int fd = openat(dir_fd, "tpm2", O_RDWR | O_CLOEXEC);
    uint8_t kept[12], other[12];
    assert_int_equal(read(fd, kept, 12), 12);
    for (size_t i = 0; i < 12; i++) {
        memcpy(other, kept, 12);
        other[i] ^= i < 8 ? 1 : 0x80;
        assert_int_equal(pwrite(fd, other, 12, 0), 12);
        enum ak_err err = open_tee(false);
        assert_true(err == AK_E_AUTH || err == AK_E_CONFLICT || err == AK_E_IO);
        assert_true(strlen(ak_tee_find(AK_SPAN_LIT("tpm2"))->why()) > 10);
    }
    assert_int_equal(pwrite(fd, kept, 12, 0), 12);
    assert_int_equal(ftruncate(fd, 11), 0);
    assert_int_equal(open_tee(false), AK_E_AUTH);
    assert_int_equal(unlinkat(dir_fd, "tpm2", 0), 0);
    assert_int_equal(open_tee(false), AK_E_NOT_FOUND);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_tee(true), AK_OK);
    (void)counter(again);
    assert_memory_not_equal(id, again, 16); /* another counter, another id */
}

static void counter_goes_forward_by_one(void **state)
{
    (void)state;
    uint8_t id[16];
    uint64_t value = counter(id);
    assert_int_equal(chip.ops->counter_advance(chip.impl, value + 1), AK_E_CONFLICT);
    assert_int_equal(chip.ops->counter_advance(chip.impl, value - 1), AK_E_CONFLICT);
    assert_true(counter(id) == value);
    assert_int_equal(chip.ops->counter_advance(chip.impl, value), AK_OK);
    assert_true(counter(id) == value + 1);
    assert_int_equal(chip.ops->counter_advance(chip.impl, value), AK_E_CONFLICT);
}

static void opens_at_its_number_and_the_one_before(void **state)
{
    (void)state;
    uint8_t id[16], bytes[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf blob = AK_BUF_ARR(bytes), tight = ak_buf(bytes, 100);
    struct ak_secret32 kek = {{0x5e, 1}}, back;
    uint64_t n = counter(id) + 1;
    assert_int_equal(chip.ops->seal(chip.impl, &kek, n, &blob), AK_OK);
    for (unsigned step = 0; step < 2; step++) {
        assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n, &back), AK_OK);
        assert_memory_equal(back.bytes, kek.bytes, 32);
        reopen();
        assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n, &back), AK_OK);
        /* the number is part of the policy: no other one is believed */
        assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n + 1, &back), AK_E_AUTH);
        assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n - 1, &back), AK_E_AUTH);
        assert_int_equal(chip.ops->counter_advance(chip.impl, n - 1 + step), AK_OK);
    }
    assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n, &back), AK_E_CONFLICT);
    static const uint8_t nothing[32];
    assert_memory_equal(back.bytes, nothing, 32);
    assert_int_equal(chip.ops->seal(chip.impl, &kek, n, &tight), AK_E_FULL);
}

static void every_part_of_the_blob(void **state)
{
    (void)state;
    uint8_t id[16], bytes[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf blob = AK_BUF_ARR(bytes);
    struct ak_secret32 kek = {{0x5e}}, back;
    uint64_t n = counter(id) + 1;
    assert_int_equal(chip.ops->seal(chip.impl, &kek, n, &blob), AK_OK);
    for (size_t i = 160; i < blob.len; i += 3) { /* what is before only explains a refusal */
        bytes[i] ^= 0x10;
        assert_int_not_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n, &back), AK_OK);
        bytes[i] ^= 0x10;
    }
    for (size_t len = 0; len < blob.len; len += 5)
        assert_int_equal(chip.ops->unseal(chip.impl, ak_span(bytes, len), n, &back), AK_E_AUTH);
    bytes[blob.len] = 0;
    assert_int_equal(chip.ops->unseal(chip.impl, ak_span(bytes, blob.len + 1), n, &back), AK_E_AUTH);
    assert_int_equal(chip.ops->unseal(chip.impl, ak_buf_span(&blob), n, &back), AK_OK);
}

static void read_is(unsigned slot, const uint8_t *want, size_t len)
{
    uint8_t bytes[AK_TEE_SLOT_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    assert_int_equal(chip.ops->slot_read(chip.impl, slot, &buf), AK_OK);
    assert_int_equal(buf.len, len);
    assert_memory_equal(bytes, want, len);
}

static void slots_hold_and_forget(void **state)
{
    (void)state;
    uint8_t first[AK_TEE_SLOT_MAX + 1], second[AK_TEE_SLOT_MAX], bytes[AK_TEE_SLOT_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes), tight = ak_buf(bytes, 63);
    memset(first, 0xa1, sizeof first);
    memset(second, 0xb2, sizeof second);
    assert_int_equal(chip.ops->slot_read(chip.impl, 0, &buf), AK_E_NOT_FOUND);
    assert_int_equal(chip.ops->slot_erase(chip.impl, 0), AK_E_NOT_FOUND);
    assert_int_equal(chip.ops->slot_write(chip.impl, 0, ak_span(first, sizeof first)), AK_E_LIMIT);
    assert_int_equal(chip.ops->slot_write(chip.impl, 2, ak_span(first, 1)), AK_E_ARG);
    assert_int_equal(chip.ops->slot_read(chip.impl, 2, &buf), AK_E_ARG);
    assert_int_equal(chip.ops->slot_erase(chip.impl, 2), AK_E_ARG);
    assert_int_equal(chip.ops->slot_write(chip.impl, 0, ak_span(first, AK_TEE_SLOT_MAX)), AK_OK);
    assert_int_equal(chip.ops->slot_write(chip.impl, 1, ak_span(second, 32)), AK_OK);
    read_is(0, first, AK_TEE_SLOT_MAX);
    read_is(1, second, 32);
    assert_int_equal(chip.ops->slot_read(chip.impl, 0, &tight), AK_E_FULL);
    assert_int_equal(
        chip.ops->slot_write(chip.impl, 0, ak_span(second, 1)), AK_OK); /* nothing of before is left */
    read_is(0, second, 1);
    reopen();
    read_is(0, second, 1);
    assert_int_equal(chip.ops->slot_erase(chip.impl, 0), AK_OK);
    assert_int_equal(chip.ops->slot_read(chip.impl, 0, &buf), AK_E_NOT_FOUND);
    assert_int_equal(chip.ops->slot_erase(chip.impl, 0), AK_E_NOT_FOUND);
    reopen();
    assert_int_equal(chip.ops->slot_read(chip.impl, 0, &buf), AK_E_NOT_FOUND);
    read_is(1, second, 32);
    assert_int_equal(chip.ops->slot_write(chip.impl, 0, AK_SPAN_EMPTY), AK_OK);
    read_is(0, second, 0);
}

/* ---- the sealed file, whole ---- */

static struct ak_sealed_file sealed;
static uint8_t file_bytes[AK_SEAL_FILE_MAX];
static size_t file_len;

static enum ak_sealed_result start_with(struct ak_span bytes)
{
    static struct ak_seal_state state;
    static const uint8_t none[sizeof state.roots];
    int fd = openat(dir_fd, AK_SEALED_NAME, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    assert_int_equal(close(fd), 0);
    enum ak_sealed_result result = ak_sealed_file_start(&sealed, &state);
    if (result) assert_memory_equal(state.roots, none, sizeof none); /* nothing came out of it */
    ak_seal_state_done(&state);
    return result;
}

static void make_sealed_file(void)
{
    static const uint8_t config[] = {0xc0, 0xcf};
    static const struct ak_sealed_trust trust = {.config = {config, sizeof config}};
    static struct ak_seal_state state;
    memset(&state, 0, sizeof state);
    state.root_count = 1;
    state.roots[0] = (struct ak_seal_root){.version = 1, .suite = AK_SEAL_ROOT_AK1, .secret = {{0x5e}}};
    assert_int_equal(ak_sealed_file_open(&sealed, dir_fd, NULL, &chip, &trust), AK_SEALED_OK);
    assert_int_equal(ak_sealed_file_create(&sealed, &state), AK_SEALED_OK);
    int fd = openat(dir_fd, AK_SEALED_NAME, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, file_bytes, sizeof file_bytes);
    assert_true(len > AK_SEAL_HEADER_LEN);
    file_len = (size_t)len;
    assert_int_equal(close(fd), 0);
}

static bool contains(struct ak_span in, const void *what, size_t len)
{
    return memmem(in.ptr, in.len, what, len) != NULL;
}

static void every_byte_of_a_sealed_file(void **state)
{
    (void)state;
    uint8_t id[16];
    make_sealed_file();
    /* the header names the policy that the sealed key is under */
    assert_true(contains(
        ak_span(file_bytes + AK_SEAL_HEADER_LEN, file_len - AK_SEAL_HEADER_LEN), file_bytes + 36, 32));
    uint64_t value = counter(id);
    for (size_t i = 0; i < file_len; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        file_bytes[i] ^= bit;
        if (start_with(ak_span(file_bytes, file_len)) == AK_SEALED_OK) fail_msg("byte %zu can be altered", i);
        file_bytes[i] ^= bit;
    }
    for (size_t len = 0; len < file_len; len++)
        if (start_with(ak_span(file_bytes, len)) != AK_SEALED_DAMAGED) fail_msg("can be cut to %zu", len);
    assert_true(file_len + 1 < sizeof file_bytes);
    assert_int_equal(start_with(ak_span(file_bytes, file_len + 1)), AK_SEALED_DAMAGED);
    memcpy(file_bytes + file_len, file_bytes, file_len);
    assert_int_equal(start_with(ak_span(file_bytes, 2 * file_len)), AK_SEALED_DAMAGED);
    assert_true(counter(id) == value); /* nobody was led on by any of them */
    assert_int_equal(start_with(ak_span(file_bytes, file_len)), AK_SEALED_OK);
    ak_sealed_file_close(&sealed);
    assert_int_equal(unlinkat(dir_fd, AK_SEALED_NAME, 0), 0);
    assert_int_equal(unlinkat(dir_fd, "lock", 0), 0);
}

/* ---- evidence ---- */

static uint16_t u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* TPM2B_PUBLIC of an ECC key ends with its point; TPMT_SIGNATURE of ECDSA is two numbers of at most 32 bytes.
 */
static void take_point(struct ak_span public, struct ak_p256_pub *out_key)
{
    assert_true(public.len > 68 && u16(public.ptr + public.len - 34) == 32 &&
                u16(public.ptr + public.len - 68) == 32);
    memcpy(out_key->xy, public.ptr + public.len - 66, 32);
    memcpy(out_key->xy + 32, public.ptr + public.len - 32, 32);
}

static void take_signature(struct ak_span signature, uint8_t out_signature[64])
{
    size_t r_len = u16(signature.ptr + 4), s_len = u16(signature.ptr + 6 + r_len);
    assert_int_equal(u16(signature.ptr), 0x18);
    assert_int_equal(8 + r_len + s_len, signature.len);
    memset(out_signature, 0, 64);
    memcpy(out_signature + 32 - r_len, signature.ptr + 6, r_len);
    memcpy(out_signature + 64 - s_len, signature.ptr + 8 + r_len, s_len);
}

static struct ak_span field(struct ak_reader *reader, uint64_t key)
{
    assert_true(ak_cbor_uint(reader) == key);
    return ak_cbor_bytes(reader);
}

static void signed_by(const struct ak_p256_pub *key, struct ak_span message, struct ak_span signature)
{
    uint8_t raw[64];
    take_signature(signature, raw);
    assert_int_equal(ak_p256_verify(key, message, raw), AK_OK);
    raw[5] ^= 1;
    assert_int_equal(ak_p256_verify(key, message, raw), AK_E_AUTH);
}

static void evidence_verifies(void **state)
{
    (void)state;
    uint8_t rd[64] = {9}, bytes[4096], qualifying[32], digest[32], value[8], id[16];
    struct ak_p256_pub key;
    struct ak_buf evidence = AK_BUF_ARR(bytes), number = AK_BUF_ARR(value);
    assert_int_equal(chip.ops->report(chip.impl, rd, &evidence), AK_OK);
    struct ak_reader outer = ak_reader(ak_buf_span(&evidence));
    assert_true(ak_cbor_array(&outer) == 2);
    assert_true(ak_span_eq(ak_cbor_text(&outer), AK_SPAN_LIT("application/vnd.agentkeys.tpm2+cbor")));
    struct ak_reader reader = ak_reader(ak_cbor_bytes(&outer));
    assert_int_equal(ak_reader_finish(&outer), AK_OK);
    assert_true(ak_cbor_map(&reader) == 7);
    assert_true(ak_cbor_uint(&reader) == 0);
    assert_true(ak_cbor_uint(&reader) == 1); /* version */
    take_point(field(&reader, 1), &key);
    struct ak_span quote = field(&reader, 2);
    signed_by(&key, quote, field(&reader, 3));
    ak_sha256(field(&reader, 4), digest);
    struct ak_span certificate = field(&reader, 5);
    signed_by(&key, certificate, field(&reader, 6));
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
    ak_sha256(AK_SPAN_ARR(rd), qualifying);
    assert_true(contains(quote, qualifying, 32) && contains(quote, digest, 32));
    ak_buf_put_u64(&number, counter(id));
    assert_true(contains(certificate, qualifying, 32) && contains(certificate, value, 8));
    struct ak_buf tight = ak_buf(bytes, 100);
    assert_int_not_equal(chip.ops->report(chip.impl, rd, &tight), AK_OK);
}

/* A name: that test alone. */
int main(int argc, char **argv)
{
    if (!getenv("AGENTKEYS_TEE_TCTI")) {
        print_message("AGENTKEYS_TEE_TCTI is not set: see tests/tpm2/ops.mjs\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_what_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(folder_and_chip_belong_together, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_goes_forward_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(opens_at_its_number_and_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(every_part_of_the_blob, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_hold_and_forget, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_a_sealed_file, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_verifies, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("tpm2_ops", tests, NULL, NULL);
}
