/* The line's form, and that nothing foreign breaks it. */
#include "unit/check.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/conf/boot_fail.h"

static void line_has_the_form(void **state)
{
    (void)state;
    struct ak_boot_fail fail;
    char line[AK_BOOT_FAIL_LINE_MAX] = {0};
    struct ak_buf buf = AK_BUF_ARR(line);
    ak_boot_fail_set(
        &fail, "bad_value", "listen", "nowhere", "not an address", "docs/operations.md#configuration");
    ak_boot_fail_line(&fail, &buf);
    assert_string_equal(
        line, "BOOT_FAIL bad_value: listen=nowhere: not an address; see docs/operations.md#configuration\n");
}

static void foreign_bytes_do_not_break_it(void **state)
{
    (void)state;
    struct ak_boot_fail fail;
    char value[1000], line[AK_BOOT_FAIL_LINE_MAX + 1] = {0};
    memset(value, '\n', sizeof value);
    value[1] = (char)0xc3;
    value[sizeof value - 1] = '\0';
    struct ak_buf buf = ak_buf(line, AK_BOOT_FAIL_LINE_MAX);
    ak_boot_fail_set(&fail, value, value, value, value, NULL);
    ak_boot_fail_line(&fail, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    for (const char *c = line; *c != '\n'; c++) assert_in_range(*c, 0x20, 0x7e);
}

static void exits_with_one(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(fds[1], STDERR_FILENO);
        ak_boot_fail("no_sealed_state", "data_dir", "/x", "nothing here", "docs/x.md");
    }
    int status = 0;
    char line[256] = {0};
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_true(read(fds[0], line, sizeof line - 1) > 0);
    assert_string_equal(line, "BOOT_FAIL no_sealed_state: data_dir=/x: nothing here; see docs/x.md\n");
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_the_form),
        cmocka_unit_test(foreign_bytes_do_not_break_it),
        cmocka_unit_test(exits_with_one),
    };
    return cmocka_run_group_tests_name("boot_fail", tests, NULL, NULL);
}
