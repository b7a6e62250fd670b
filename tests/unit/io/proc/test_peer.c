#include "unit/check.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/peer.h"

static void tells_who(void **state)
{
    (void)state;
    int fds[2];
    struct ak_peer peer;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(ak_peer_read(fds[0], &peer), AK_OK);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(ak_peer_require_uid(fds[0], geteuid()), AK_OK);
    /* Root may always; anybody else only as themselves. */
    assert_int_equal(ak_peer_require_uid(fds[0], geteuid() + 1), geteuid() == 0 ? AK_OK : AK_E_AUTH);
    close(fds[0]);
    close(fds[1]);
}

/* Who is not root, in a child that becomes such a one where this is root. */
static void nobody_else_is_let_in(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        int fds[2];
        if ((geteuid() == 0 && setuid(65534)) || socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) _exit(1);
        if (ak_peer_require_uid(fds[0], geteuid()) != AK_OK) _exit(2);
        if (ak_peer_require_uid(fds[0], geteuid() - 1) != AK_E_AUTH) _exit(3);
        if (ak_peer_require_uid(fds[0], 0) != AK_E_AUTH) _exit(4);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void other_descriptors_are_refused(void **state)
{
    (void)state;
    struct ak_peer peer;
    int fds[2];
    assert_int_equal(ak_peer_read(-1, &peer), AK_E_IO);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(ak_peer_read(fds[0], &peer), AK_E_IO);
    close(fds[0]);
    close(fds[1]);
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(ak_peer_require_uid(tcp, geteuid()), AK_E_IO);
    close(tcp);
    int lone = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(ak_peer_require_uid(lone, geteuid()), AK_E_IO);
    assert_int_equal(ak_peer_read(lone, &peer), AK_E_IO);
    assert_int_equal(peer.uid, (uid_t)-1);
    close(lone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_who),
        cmocka_unit_test(nobody_else_is_let_in),
        cmocka_unit_test(other_descriptors_are_refused),
    };
    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
