/* This test is its own child: started with a role it says what it was given. */
#include "unit/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/proc/channel.h"
#include "io/proc/spawn.h"

static int count_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The child: answers over the channel with the configuration it read and what it sees of the world. */
static int child_main(void)
{
    uint8_t conf[64];
    size_t len = 0;
    struct ak_channel channel;
    char world[96];
    ak_child_ready();
    ak_child_beat();
    struct sigaction interrupt;
    if (sigaction(SIGINT, NULL, &interrupt) || interrupt.sa_handler != SIG_IGN) return 19;
    if (ak_spawn_read_all(AK_FD_CONF, conf, sizeof conf, &len)) return 20;
    int env_count = 0;
    while (environ[env_count]) env_count++;
    int world_len = snprintf(world, sizeof world, "%.*s fds=%d env=%d %s", (int)len, (const char *)conf,
        count_fds(), env_count, getenv("ONLY") ? getenv("ONLY") : "-");
    if (ak_channel_init(&channel, AK_FD_PEER, 0)) return 21;
    if (ak_channel_send(&channel, ak_span(world, (size_t)world_len)) || ak_channel_drain(&channel, 5000))
        return 22;
    struct ak_span got;
    if (ak_channel_wait(&channel, 10000, &got)) return 23;
    return got.len == 3 ? 7 : 24;
}

static enum ak_err start(
    const char *role, int status_fd, int conf_fd, int peer_fd, struct ak_child *out_child)
{
    const struct ak_spawn_fd fds[] = {
        {peer_fd, AK_FD_PEER}, {status_fd, AK_FD_STATUS}, {conf_fd, AK_FD_CONF}};
    const char *const env[] = {"ONLY=this", NULL};
    const char *const args[] = {"--more", NULL};
    const struct ak_spawn spawn = {.role = role, .args = args, .env = env, .fds = fds, .fd_count = 3};
    return ak_spawn_self(&spawn, out_child);
}

static void child_gets_exactly_what_it_is_given(void **state)
{
    (void)state;
    static const int extra[] = {10, AK_FD_CHILD_MAX, 63, 64, 100}; /* not close-on-exec, must not leak */
    int status[2], ends[2], conf;
    struct ak_child child;
    struct ak_channel channel;
    struct ak_span got;
    char said[8] = "";
    assert_int_equal(pipe2(status, O_CLOEXEC), 0);
    assert_int_equal(ak_channel_pair(ends), AK_OK);
    assert_int_equal(ak_spawn_text_fd(AK_SPAN_LIT("a = 1"), &conf), AK_OK);
    for (size_t i = 0; i < AK_COUNT(extra); i++) assert_int_equal(dup2(STDERR_FILENO, extra[i]), extra[i]);
    assert_int_equal(start("echo", status[1], conf, ends[1], &child), AK_OK);
    for (size_t i = 0; i < AK_COUNT(extra); i++) close(extra[i]);
    close(ends[1]);
    close(status[1]);
    assert_int_equal(ak_channel_init(&channel, ends[0], 0), AK_OK);
    assert_int_equal(ak_channel_wait(&channel, 10000, &got), AK_OK);
    /* 0, 1, 2, status, peer; the configuration's descriptor is closed by reading it. */
    assert_true(ak_span_eq(got, AK_SPAN_LIT("a = 1 fds=5 env=1 this")));
    assert_int_equal(read(status[0], said, sizeof said), 2);
    assert_string_equal(said, "RW");
    assert_int_equal(ak_channel_send(&channel, AK_SPAN_LIT("end")), AK_OK);
    assert_int_equal(ak_channel_drain(&channel, 1000), AK_OK);
    struct pollfd pfd = {child.pidfd, POLLIN, 0};
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    int wait_status = 0;
    assert_int_equal(waitpid(child.pid, &wait_status, 0), child.pid);
    assert_int_equal(WEXITSTATUS(wait_status), 7);
    close(child.pidfd);
    ak_channel_done(&channel);
    close(status[0]);
    close(conf);
}

/* The parent in between is killed; its child must not stay behind. */
static void child_dies_with_its_parent(void **state)
{
    (void)state;
    int status[2], ends[2];
    assert_int_equal(pipe2(status, O_CLOEXEC), 0);
    assert_int_equal(ak_channel_pair(ends), AK_OK);
    pid_t middle = fork();
    if (middle == 0) {
        int conf;
        struct ak_child child;
        if (ak_spawn_text_fd(AK_SPAN_LIT("x"), &conf) || start("echo", status[1], conf, ends[1], &child))
            _exit(1);
        close(status[1]);
        close(ends[1]);
        pause();
    }
    close(status[1]);
    char said[2];
    assert_int_equal(read(status[0], said, 1), 1); /* it runs */
    assert_int_equal(kill(middle, SIGKILL), 0);
    assert_int_equal(waitpid(middle, NULL, 0), middle);
    ssize_t got;
    do { /* ends only when nobody holds the pipe's other end, which the child alone would keep for longer */
        struct pollfd pfd = {status[0], POLLIN, 0};
        assert_int_equal(poll(&pfd, 1, 5000), 1);
        got = read(status[0], said, 1);
    } while (got > 0);
    close(status[0]);
    close(ends[0]);
    close(ends[1]);
}

static void bad_requests(void **state)
{
    (void)state;
    struct ak_child child;
    const struct ak_spawn_fd low[] = {{0, 2}}, high[] = {{0, AK_FD_CHILD_MAX}}, twice[] = {{0, 5}, {1, 5}},
                             none[] = {{-1, 5}};
    struct ak_spawn spawn = {.role = "echo", .fds = low, .fd_count = 1};
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_E_ARG);
    spawn.fds = high;
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_E_ARG);
    spawn.fds = none;
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_E_ARG);
    spawn.fds = twice;
    spawn.fd_count = 2;
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_E_ARG);
    assert_int_equal(child.pid, 0);
    spawn.fd_count = 0;
    spawn.exe = "/nonexistent";
    const char *args[18];
    for (size_t i = 0; i < AK_COUNT(args); i++) args[i] = i < 17 ? "--more" : NULL;
    spawn.args = args;
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_E_ARG);
    assert_int_equal(child.pid, 0);
    args[16] = NULL;
    assert_int_equal(ak_spawn_self(&spawn, &child), AK_OK);
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_int_equal(WEXITSTATUS(status), 127);
    close(child.pidfd);
}

static void text_fd_is_sealed_and_rereadable(void **state)
{
    (void)state;
    int fd;
    uint8_t bytes[5];
    size_t len = 0;
    assert_int_equal(ak_spawn_text_fd(AK_SPAN_LIT("hello"), &fd), AK_OK);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    int again = dup(fd), small = dup(fd);
    assert_int_equal(ak_spawn_read_all(again, bytes, 5, &len), AK_OK);
    assert_int_equal(len, 5);
    assert_int_equal(ak_spawn_read_all(small, bytes, 4, &len), AK_E_LIMIT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_spawn_read_all(fd, bytes, 5, &len), AK_OK);
    assert_int_equal(ak_spawn_read_all(-1, bytes, 5, &len), AK_E_IO);
}

static void role_is_the_first_argument_only(void **state)
{
    (void)state;
    char *with[] = {(char[]){"p"}, (char[]){"--role=keeper"}, NULL};
    char *after[] = {(char[]){"p"}, (char[]){"x"}, (char[]){"--role=keeper"}, NULL};
    assert_string_equal(ak_spawn_role(2, with), "keeper");
    assert_null(ak_spawn_role(3, after));
    assert_null(ak_spawn_role(1, with));
}

int main(int argc, char **argv)
{
    if (ak_spawn_role(argc, argv)) return child_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_gets_exactly_what_it_is_given),
        cmocka_unit_test(child_dies_with_its_parent),
        cmocka_unit_test(bad_requests),
        cmocka_unit_test(text_fd_is_sealed_and_rereadable),
        cmocka_unit_test(role_is_the_first_argument_only),
    };
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
