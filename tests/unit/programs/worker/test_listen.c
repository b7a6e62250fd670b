/* Listening sockets: modes, what is in the way, who is there already. */
#include "unit/check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/worker/listen.h"

static char folder[64], path[128];
static struct ak_boot_fail failure;
static const struct ak_listen_owner nobody = {(uid_t)-1, (gid_t)-1};

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/ak-listen-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/a/b/w.sock", folder);
    return 0;
}

static int drop_folder(void **state)
{
    char text[128];
    (void)state;
    unlink(path);
    snprintf(text, sizeof text, "%s/a/b", folder);
    rmdir(text);
    text[strlen(text) - 2] = 0;
    rmdir(text);
    return rmdir(folder);
}

static void chooses_a_port(void **state)
{
    (void)state;
    int fd = -1;
    uint16_t port = 0;
    assert_int_equal(ak_listen_tcp("127.0.0.1:0", &fd, &port, &failure), AK_OK);
    assert_true(fd >= 0 && port > 0);
    char again[32];
    int other = -1;
    uint16_t other_port = 0;
    snprintf(again, sizeof again, "127.0.0.1:%u", port);
    assert_int_equal(ak_listen_tcp(again, &other, &other_port, &failure), AK_E_IO);
    assert_string_equal(failure.code, "listen_busy");
    assert_int_equal(other, -1);
    close(fd);
    assert_int_equal(ak_listen_tcp("none", &fd, &port, &failure), AK_OK);
    assert_int_equal(fd, -1);
}

static void refuses_bad_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "127.0.0.1", "localhost:1", "256.0.0.1:1", "127.0.0.1:65536", ":1"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        int fd = 0;
        uint16_t port = 0;
        assert_int_equal(ak_listen_tcp(bad[i], &fd, &port, &failure), AK_E_IO);
        assert_string_equal(failure.code, "bad_value");
        assert_int_equal(fd, -1);
    }
}

static void sets_the_mode(void **state)
{
    (void)state;
    const mode_t modes[] = {0660, 0600};
    for (size_t i = 0; i < AK_COUNT(modes); i++) {
        int fd = -1;
        struct stat info;
        assert_int_equal(ak_listen_unix("socket", path, modes[i], &nobody, &fd, &failure), AK_OK);
        assert_int_equal(stat(path, &info), 0);
        assert_true(S_ISSOCK(info.st_mode));
        assert_int_equal(info.st_mode & 0777, modes[i]);
        close(fd); /* the file stays: the next one takes it over */
    }
    struct stat info;
    char parent[128];
    snprintf(parent, sizeof parent, "%s/a/b", folder);
    assert_int_equal(stat(parent, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void leaves_a_living_socket(void **state)
{
    (void)state;
    int fd = -1;
    int other = -1;
    assert_int_equal(ak_listen_unix("socket", path, 0600, &nobody, &fd, &failure), AK_OK);
    assert_int_equal(ak_listen_unix("socket", path, 0600, &nobody, &other, &failure), AK_E_IO);
    assert_string_equal(failure.code, "socket_busy");
    assert_string_equal(failure.setting, "socket");
    assert_int_equal(other, -1);
    assert_int_equal(access(path, F_OK), 0);
    close(fd);
}

static void leaves_other_files(void **state)
{
    (void)state;
    int fd = -1;
    unlink(path);
    assert_int_equal(ak_listen_make_parent(path), AK_OK);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(ak_listen_unix("socket", path, 0600, &nobody, &fd, &failure), AK_E_IO);
    assert_string_equal(failure.code, "socket_in_the_way");
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(ak_listen_unix("socket", path, 0600, &nobody, &fd, &failure), AK_E_IO);
    assert_string_equal(failure.code, "socket_in_the_way");
    unlink(path);
}

static void bounds_the_path(void **state)
{
    (void)state;
    char text[200];
    int fd = 0;
    struct sockaddr_un *un = NULL;
    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[sizeof un->sun_path] = 0;
    assert_int_equal(ak_listen_unix("socket", text, 0600, &nobody, &fd, &failure), AK_E_IO);
    assert_string_equal(failure.code, "bad_value");
    assert_int_equal(ak_listen_unix("socket", "", 0600, &nobody, &fd, &failure), AK_OK);
    assert_int_equal(fd, -1);
    assert_int_equal(ak_listen_make_parent("relative/path"), AK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_a_port),
        cmocka_unit_test(refuses_bad_addresses),
        cmocka_unit_test(sets_the_mode),
        cmocka_unit_test(leaves_a_living_socket),
        cmocka_unit_test(leaves_other_files),
        cmocka_unit_test(bounds_the_path),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
