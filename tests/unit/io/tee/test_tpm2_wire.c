/* The wire to a TPM against an end that answers in pieces, too long, too short, or not at all. */
#include "unit/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "io/tee/tpm2_wire.h"

static struct tpm2_wire wire;
static int chip;

static int setup(void **state)
{
    (void)state;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return -1;
    tpm2_wire_init(&wire, pair[0]);
    chip = pair[1];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tpm2_wire_close(&wire);
    return close(chip);
}

static TSS2_TCTI_CONTEXT *context(void)
{
    return (TSS2_TCTI_CONTEXT *)(void *)&wire;
}

/* An answer that says it is `size` bytes long, of which `len` come. */
static TSS2_RC answer(uint32_t size, size_t len, size_t room)
{
    uint8_t bytes[AK_TPM2_MESSAGE_MAX + 8] = {
        0x80, 0x01, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    uint8_t got[AK_TPM2_MESSAGE_MAX];
    size_t got_len = room;
    assert_int_equal(write(chip, bytes, len), (ssize_t)len);
    TSS2_RC rc = wire.common.receive(context(), &got_len, got, -1);
    if (rc == TSS2_RC_SUCCESS) assert_int_equal(got_len, size);
    return rc;
}

static void whole_answers(void **state)
{
    (void)state;
    assert_int_equal(answer(10, 10, 10), TSS2_RC_SUCCESS);
    assert_int_equal(answer(500, 500, 500), TSS2_RC_SUCCESS);
    assert_int_equal(answer(AK_TPM2_MESSAGE_MAX, AK_TPM2_MESSAGE_MAX, AK_TPM2_MESSAGE_MAX), TSS2_RC_SUCCESS);
}

/* After any of these the connection is dead and stays so. */
static void broken_answers(void **state)
{
    static const struct {
        uint32_t size;
        size_t len, room;
    } cases[] = {{9, 10, 100}, {0, 10, 100}, {UINT32_MAX, 10, 100}, {AK_TPM2_MESSAGE_MAX + 1, 100, 100},
        {10, 11, 100}, {100, 100, 99}, {10, 10, 9}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        assert_int_equal(answer(cases[i].size, cases[i].len, cases[i].room), TSS2_TCTI_RC_IO_ERROR);
        assert_int_equal(wire.fd, -1);
        uint8_t bytes[10] = {0};
        size_t len = sizeof bytes;
        assert_int_equal(wire.common.transmit(context(), sizeof bytes, bytes), TSS2_TCTI_RC_IO_ERROR);
        assert_int_equal(wire.common.receive(context(), &len, bytes, -1), TSS2_TCTI_RC_IO_ERROR);
        teardown(state);
        setup(state);
    }
}

static void end_in_the_middle(void **state)
{
    (void)state;
    uint8_t got[100];
    size_t len = sizeof got;
    assert_int_equal(write(chip, "\x80\x01\0\0\0\x64", 6), 6);
    assert_int_equal(shutdown(chip, SHUT_WR), 0);
    assert_int_equal(wire.common.receive(context(), &len, got, -1), TSS2_TCTI_RC_IO_ERROR);
    assert_int_equal(wire.fd, -1);
}

static void commands_and_the_rest(void **state)
{
    (void)state;
    uint8_t got[4];
    size_t size = 0;
    assert_int_equal(wire.common.transmit(context(), 4, (const uint8_t *)"abcd"), TSS2_RC_SUCCESS);
    assert_int_equal(read(chip, got, sizeof got), 4);
    assert_memory_equal(got, "abcd", 4);
    assert_int_equal(wire.common.receive(context(), &size, NULL, 0), TSS2_RC_SUCCESS);
    assert_int_equal(size, AK_TPM2_MESSAGE_MAX);
    assert_int_equal(wire.common.cancel(context()), TSS2_TCTI_RC_NOT_IMPLEMENTED);
    assert_int_equal(wire.common.setLocality(context(), 0), TSS2_RC_SUCCESS);
    assert_int_equal(wire.common.setLocality(context(), 3), TSS2_TCTI_RC_NOT_IMPLEMENTED);
    assert_int_equal(wire.common.getPollHandles(context(), NULL, &size), TSS2_TCTI_RC_NOT_IMPLEMENTED);
    wire.common.finalize(context());
    assert_int_equal(wire.fd, -1);
}

static void places(void **state)
{
    (void)state;
    static const char *const malformed[] = {"", "device:", "device:dev/tpm0", "cmd:true", "libtss2-tcti-x.so",
        "swtpm:", "swtpm:path=x", "swtpm:host=10.0.0.1,port=1", "swtpm:host=localhost,port=1",
        "swtpm:host=127.0.0.1", "swtpm:host=127.0.0.1,port=", "swtpm:host=127.0.0.1,port=0",
        "swtpm:host=127.0.0.1,port=65536", "swtpm:host=127.0.0.1,port=1x", "swtpm:host=127.0.0.1.9,port=1",
        "swtpm:host=127.,port=1"};
    struct tpm2_wire other;
    for (size_t i = 0; i < AK_COUNT(malformed); i++) {
        assert_int_equal(tpm2_wire_open(&other, malformed[i]), AK_E_FORMAT);
        assert_int_equal(other.fd, -1);
    }
    char path[200] = "swtpm:path=/";
    memset(path + 12, 'x', 120);
    assert_int_equal(tpm2_wire_open(&other, path), AK_E_FORMAT);
    assert_int_equal(tpm2_wire_open(&other, "swtpm:path=/nowhere/tpm"), AK_E_IO);
    assert_int_equal(tpm2_wire_open(&other, "swtpm:host=127.0.0.1,port=1"), AK_E_IO);
    assert_int_equal(tpm2_wire_open(&other, "device:/dev/there-is-none"), AK_E_IO);
    assert_int_equal(tpm2_wire_open(&other, "device:/dev/null"), AK_OK);
    tpm2_wire_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(end_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(commands_and_the_rest, setup, teardown),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests_name("tpm2_wire", tests, NULL, NULL);
}
