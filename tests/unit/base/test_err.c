/* Kinds of error have names of their own, and none of them is missing; a broken invariant ends the process
 * and says nothing. */
#include "unit/check.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"

static void each_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(AK_OK, 0);
    assert_string_equal(ak_err_name(AK_OK), "ok");
    assert_string_equal(ak_err_name(AK_E_UNSUPPORTED), "unsupported");
    for (int i = 0; i < AK_E_COUNT; i++) {
        const char *name = ak_err_name((enum ak_err)i);
        assert_non_null(name);
        assert_string_not_equal(name, "unknown");
        for (int k = 0; k < i; k++) assert_string_not_equal(name, ak_err_name((enum ak_err)k));
    }
}

static void what_is_no_kind_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(ak_err_name(AK_E_COUNT), "unknown");
    assert_string_equal(ak_err_name((enum ak_err)(AK_E_COUNT + 1)), "unknown");
    assert_string_equal(ak_err_name((enum ak_err) - 1), "unknown");
}

/* In a child whose output is a pipe. */
static void a_broken_invariant_aborts_in_silence(void **state)
{
    int pipes[2], status = 0;
    char said[16];
    (void)state;
    ak_assert(true);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(pipes[1], 1);
        (void)dup2(pipes[1], 2);
        ak_assert(false);
        _exit(0);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], said, sizeof said), 0);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_a_name_of_its_own),
        cmocka_unit_test(what_is_no_kind_is_unknown),
        cmocka_unit_test(a_broken_invariant_aborts_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
