/* The prompt for a value, on a terminal of its own: what is typed is not shown, can be corrected and broken
 * off, has a limit, and the terminal is as it was. */
#include "unit/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "programs/command/vault.h"

struct terminal {
    int person, program;
    const char *question;
    struct ak_value value;
    enum ak_err err;
};

static struct terminal t;

static int open_terminal(void **state)
{
    struct termios settings;
    (void)state;
    t.person = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(t.person >= 0);
    assert_int_equal(grantpt(t.person), 0);
    assert_int_equal(unlockpt(t.person), 0);
    t.program = open(ptsname(t.person), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(t.program >= 0);
    assert_int_equal(tcgetattr(t.program, &settings), 0);
    assert_true(settings.c_lflag & ECHO);
    return 0;
}

static int close_terminal(void **state)
{
    (void)state;
    close(t.person);
    close(t.program);
    return 0;
}

static void *prompt(void *ctx)
{
    struct terminal *terminal = ctx;
    terminal->err = ak_secret_prompt(terminal->program, terminal->question, &terminal->value);
    return NULL;
}

/* Waits until the prompt has taken the echo away: what is typed before is thrown away by it. */
static void await_quiet(void)
{
    struct termios settings;
    do assert_int_equal(tcgetattr(t.person, &settings), 0);
    while (settings.c_lflag & ECHO);
}

static void type(const char *keys, size_t len)
{
    pthread_t thread;
    struct termios settings;
    assert_int_equal(pthread_create(&thread, NULL, prompt, &t), 0);
    await_quiet();
    for (size_t done = 0; done < len;) {
        ssize_t put = write(t.person, keys + done, len - done < 512 ? len - done : 512);
        assert_true(put > 0);
        done += (size_t)put;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tcgetattr(t.program, &settings), 0);
    assert_true((settings.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG));
}

static void expect(const char *keys, const char *value)
{
    type(keys, strlen(keys));
    assert_int_equal(t.err, AK_OK);
    assert_int_equal(t.value.len, strlen(value));
    assert_memory_equal(t.value.bytes, value, t.value.len);
}

static void test_takes_a_line(void **state)
{
    (void)state;
    expect("sk-or-v1-0123\n", "sk-or-v1-0123");
    expect("a b\tc\r", "a b\tc");
    expect("\n", "");
    expect("caf\xc3\xa9\n", "caf\xc3\xa9");
}

/* Whoever sees the question may answer it: what is typed from then on is neither shown nor lost. */
static void test_asks_once_it_is_quiet(void **state)
{
    (void)state;
    struct termios settings;
    pthread_t thread;
    int asked[2], kept = dup(STDERR_FILENO);
    char seen[8];
    assert_int_equal(pipe2(asked, O_CLOEXEC), 0);
    assert_int_equal(dup2(asked[1], STDERR_FILENO), STDERR_FILENO);
    t.question = "key: ";
    assert_int_equal(pthread_create(&thread, NULL, prompt, &t), 0);
    ssize_t got = read(asked[0], seen, 5);
    int quiet = tcgetattr(t.person, &settings);
    ssize_t put = write(t.person, "at once\n", 8);
    (void)pthread_join(thread, NULL);
    t.question = NULL;
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    close(asked[0]);
    close(asked[1]);
    assert_true(got == 5 && memcmp(seen, "key: ", 5) == 0);
    assert_true(quiet == 0 && !(settings.c_lflag & ECHO));
    assert_int_equal(put, 8);
    assert_int_equal(t.err, AK_OK);
    assert_int_equal(t.value.len, 7);
    assert_memory_equal(t.value.bytes, "at once", 7);
}

static void test_corrects(void **state)
{
    (void)state;
    expect("abcx\x7f\n", "abc");
    expect("abx\x08"
           "c\n",
        "abc");
    expect("\x7f\x7f"
           "abc\n",
        "abc");
    expect("wrong\x15right\n", "right");
}

static void test_breaks_off(void **state)
{
    (void)state;
    static const char *const keys[] = {"secret\x03", "secret\x04"};
    for (size_t i = 0; i < AK_COUNT(keys); i++) {
        type(keys[i], strlen(keys[i]));
        assert_int_equal(t.err, AK_E_STATE);
        for (size_t k = 0; k < 16; k++) assert_int_equal(t.value.bytes[k], 0);
        assert_int_equal(t.value.len, 0);
    }
}

static void test_shows_nothing(void **state)
{
    (void)state;
    char seen[64];
    expect("hidden\n", "hidden");
    assert_int_equal(fcntl(t.person, F_SETFL, O_NONBLOCK), 0);
    ssize_t got = read(t.person, seen, sizeof seen);
    assert_true(got <= 0);
    assert_int_equal(fcntl(t.person, F_SETFL, 0), 0);
}

static void test_has_a_limit(void **state)
{
    (void)state;
    static char keys[AK_LIMIT_VALUE + 2];
    memset(keys, 'x', sizeof keys);
    keys[AK_LIMIT_VALUE] = '\n';
    type(keys, AK_LIMIT_VALUE + 1);
    assert_int_equal(t.err, AK_OK);
    assert_int_equal(t.value.len, AK_LIMIT_VALUE);
    keys[AK_LIMIT_VALUE] = 'x';
    type(keys, AK_LIMIT_VALUE + 1);
    assert_int_equal(t.err, AK_E_LIMIT);
    assert_int_equal(t.value.len, 0);
    assert_int_equal(t.value.bytes[0], 0);
}

static void test_needs_a_terminal(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(ak_secret_prompt(fd, NULL, &t.value), AK_E_IO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_a_line, open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(test_asks_once_it_is_quiet, open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(test_corrects, open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(test_breaks_off, open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(test_shows_nothing, open_terminal, close_terminal),
        cmocka_unit_test_setup_teardown(test_has_a_limit, open_terminal, close_terminal),
        cmocka_unit_test(test_needs_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
