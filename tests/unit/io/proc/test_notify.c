/* The datagrams a service manager would see, and the variables that must not reach children. */
#include "unit/check.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/proc/notify.h"

static char path[64];
static int server;

static int setup(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "/tmp/agentkeys-notify-%d", (int)getpid());
    memcpy(addr.sun_path, path, sizeof path);
    server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    unlink(path);
    return server < 0 || bind(server, (const struct sockaddr *)(const void *)&addr, sizeof addr);
}

static int teardown(void **state)
{
    (void)state;
    close(server);
    return unlink(path);
}

static void sends_to_the_manager(void **state)
{
    (void)state;
    struct ak_notify notify;
    char got[64] = "";
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    unsetenv("WATCHDOG_PID");
    assert_int_equal(ak_notify_open(&notify), AK_OK);
    assert_int_equal(notify.watchdog_period_ms, 15000);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    ak_notify_send(&notify, "READY=1");
    assert_int_equal(recv(server, got, sizeof got, 0), 7);
    assert_string_equal(got, "READY=1");
    ak_notify_close(&notify);
    ak_notify_send(&notify, "READY=1");
    assert_int_equal(recv(server, got, sizeof got, 0), -1);
}

static void watchdog_of_another_process_is_not_ours(void **state)
{
    (void)state;
    struct ak_notify notify;
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "1000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(ak_notify_open(&notify), AK_OK);
    assert_int_equal(notify.watchdog_period_ms, 0);
    ak_notify_close(&notify);
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "1000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(ak_notify_open(&notify), AK_OK);
    assert_int_equal(notify.watchdog_period_ms, 1); /* never 0, which would mean never */
    ak_notify_close(&notify);
}

static void bad_addresses(void **state)
{
    (void)state;
    struct ak_notify notify;
    char long_path[200] = "/";
    memset(long_path + 1, 'x', 150);
    const char *bad[] = {"relative", "", "/", "@", long_path};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_int_equal(ak_notify_open(&notify), AK_E_FORMAT);
        assert_int_equal(notify.fd, -1);
    }
    for (size_t len = 107; len <= 109; len++) { /* an address has room for 108 with its end */
        long_path[len] = 0;
        setenv("NOTIFY_SOCKET", long_path, 1);
        assert_int_equal(ak_notify_open(&notify), len < 108 ? AK_E_IO : AK_E_FORMAT);
        long_path[len] = 'x';
    }
    setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    assert_int_equal(ak_notify_open(&notify), AK_E_IO);
    setenv("NOTIFY_SOCKET", "@agentkeys-nobody-listens", 1);
    assert_int_equal(ak_notify_open(&notify), AK_E_IO);
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(ak_notify_open(&notify), AK_OK);
    assert_int_equal(notify.fd, -1);
    ak_notify_send(&notify, "READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sends_to_the_manager, setup, teardown),
        cmocka_unit_test_setup_teardown(watchdog_of_another_process_is_not_ours, setup, teardown),
        cmocka_unit_test(bad_addresses),
    };
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
