/* A supervisor in a forked process over children that are this test again. What the children do is told by
 * their role; a pipe tells the test who lived and in which order they ended. */
#include "unit/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/log/log.h"
#include "io/proc/supervise.h"

enum { FD_DIARY = AK_FD_FIRST };

static void diary(char what)
{
    if (write(FD_DIARY, &what, 1) != 1) _exit(66);
}

/* Roles: "a" and "b" serve until stopped; "deaf" ignores it; "dies" ends after it was ready, "then" a little
 * later; "boot" fails, "late" when it is told to stop; "unkept" ends when it is told to, with that said;
 * "heart" and "vein" beat. */
static int child_main(const char *role)
{
    if (strcmp(role, "boot") == 0) return 1;
    int stop;
    if (ak_stop_fd(false, &stop)) return 60;
    if (strcmp(role, "late") == 0) {
        struct pollfd pfd = {stop, POLLIN, 0};
        return poll(&pfd, 1, -1) == 1 ? 1 : 61;
    }
    diary(role[0]);
    ak_child_ready();
    if (strcmp(role, "dies") == 0) return 3;
    if (strcmp(role, "then") == 0) return poll(NULL, 0, 200); /* the other one is waiting by now */
    struct pollfd pfd = {stop, POLLIN, 0};
    bool beats = strcmp(role, "heart") == 0 || strcmp(role, "vein") == 0;
    while (beats && poll(&pfd, 1, 20) == 0) ak_child_beat();
    while (poll(&pfd, 1, -1) != 1 || strcmp(role, "deaf") == 0) {
        if (strcmp(role, "deaf") == 0) (void)poll(NULL, 0, 1000);
    }
    diary((char)(role[0] - 'a' + 'A'));
    return strcmp(role, "unkept") == 0 ? AK_STOP_FAIL_EXIT : 0;
}

struct world {
    struct ak_supervise plan;
    int diary_fds[2];
    int ready_fds[2];
};

static enum ak_err give(void *ctx, size_t index, struct ak_spawn *spawn, struct ak_spawn_fd *fds, size_t cap)
{
    (void)index;
    const struct world *world = ctx;
    if (cap < 1) return AK_E_ARG;
    fds[0] = (struct ak_spawn_fd){world->diary_fds[1], FD_DIARY};
    spawn->fd_count = 1;
    return AK_OK;
}

static void tell_ready(void *ctx)
{
    const struct world *world = ctx;
    if (write(world->ready_fds[1], "r", 1) != 1) _exit(67);
}

static void world_init(struct world *world, const char *first, const char *second)
{
    memset(world, 0, sizeof *world);
    assert_int_equal(pipe2(world->diary_fds, O_CLOEXEC), 0);
    assert_int_equal(pipe2(world->ready_fds, O_CLOEXEC), 0);
    world->plan = (struct ak_supervise){.count = second ? 2 : 1,
        .roles = {first, second},
        .child = give,
        .ready = tell_ready,
        .ctx = world,
        .stop_ms = 5000};
}

static pid_t start(struct world *world)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0); /* so that it can be stopped with its children */
        ak_log_init(AK_LOG_ERROR, "supervisor", 2);
        _exit(ak_supervise_run(&world->plan));
    }
    close(world->diary_fds[1]);
    close(world->ready_fds[1]);
    return pid;
}

/* Everything the children wrote; ends when all of them have. */
static void read_diary(struct world *world, char out[64])
{
    size_t len = 0;
    ssize_t got;
    while (len < 63 && (got = read(world->diary_fds[0], out + len, 63 - len)) > 0) len += (size_t)got;
    out[len] = '\0';
    close(world->diary_fds[0]);
    close(world->ready_fds[0]);
}

static int exit_status(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void stops_in_reverse_order(void **state)
{
    (void)state;
    struct world world;
    char seen[64], byte;
    world_init(&world, "a", "b");
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), 0);
    read_diary(&world, seen);
    assert_int_equal(strlen(seen), 4);
    assert_string_equal(seen + 2, "BA");
}

static void interrupt_stops_too(void **state)
{
    (void)state;
    struct world world;
    char byte, seen[64];
    world_init(&world, "a", NULL);
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(exit_status(pid), 0);
    read_diary(&world, seen);
    assert_string_equal(seen, "aA");
}

/* One dies: the other is ended and both start again, until told to stop. */
static void death_of_one_restarts_all(void **state)
{
    (void)state;
    struct world world;
    char seen[64], byte;
    world_init(&world, "a", "dies");
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), 0);
    read_diary(&world, seen);
    size_t a = 0, stopped = 0, d = 0;
    for (const char *c = seen; *c; c++) {
        a += *c == 'a';
        stopped += *c == 'A';
        d += *c == 'd';
    }
    assert_true(a >= 2 && d >= 2);
    assert_int_equal(stopped, a); /* never two sets at once, nobody left behind */
}

static void kill_9_of_one_restarts_all(void **state)
{
    (void)state;
    struct world world;
    char seen[64], byte;
    world_init(&world, "a", "b");
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    char path[64], list[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *children = fopen(path, "r");
    if (!children || !fgets(list, sizeof list, children)) {
        kill(pid, SIGTERM);
        exit_status(pid);
        print_message("skipped: the kernel does not list a process' children in /proc\n");
        skip();
    }
    fclose(children);
    assert_int_equal(kill((pid_t)strtol(list, NULL, 10), SIGKILL), 0);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), 0);
    read_diary(&world, seen);
    assert_int_equal(strlen(seen), 7); /* a b, B of the first set, a b B A of the second */
}

static void failed_boot_is_final(void **state)
{
    (void)state;
    struct world world;
    char seen[64];
    world_init(&world, "a", "boot");
    pid_t pid = start(&world);
    assert_int_equal(exit_status(pid), 1);
    read_diary(&world, seen);
    assert_true(strcmp(seen, "aA") == 0 || strcmp(seen, "") == 0); /* stopped before or after it wrote */
}

/* Another child that ends with it may be seen first. */
static void failed_boot_is_final_when_seen_last(void **state)
{
    (void)state;
    struct world world;
    char seen[64];
    world_init(&world, "late", "then");
    pid_t pid = start(&world);
    assert_int_equal(exit_status(pid), 1);
    read_diary(&world, seen);
    assert_true(seen[0] == 't');
}

static void deaf_child_is_killed(void **state)
{
    (void)state;
    struct world world;
    char byte, seen[64];
    world_init(&world, "deaf", NULL);
    world.plan.stop_ms = 50;
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), AK_STOP_FAIL_EXIT);
    read_diary(&world, seen);
    assert_string_equal(seen, "d");
}

static void silent_child_is_killed_and_all_restart(void **state)
{
    (void)state;
    struct world world;
    char byte, seen[64];
    world_init(&world, "heart", "a");
    world.plan.require_beats = true;
    world.plan.beat_ms = 200;
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    (void)exit_status(pid); /* by then the second one may be silent, too */
    read_diary(&world, seen);
    assert_true(strlen(seen) >= 4);
}

/* All are stopped and go on, as on a machine that stood still: nobody is killed for it. */
static void standing_still_together_is_no_silence(void **state)
{
    (void)state;
    struct world world;
    char byte, seen[64];
    world_init(&world, "heart", "vein");
    world.plan.require_beats = true;
    world.plan.beat_ms = 1000;
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(-pid, SIGSTOP), 0);
    (void)poll(NULL, 0, 1500);
    assert_int_equal(kill(-pid, SIGCONT), 0);
    (void)poll(NULL, 0, 300);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), 0);
    read_diary(&world, seen);
    assert_int_equal(strlen(seen), 4); /* one life each */
    assert_string_equal(seen + 2, "VH");
}

static void what_was_not_kept_is_said(void **state)
{
    (void)state;
    struct world world;
    char byte, seen[64];
    world_init(&world, "unkept", "a");
    pid_t pid = start(&world);
    assert_int_equal(read(world.ready_fds[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(exit_status(pid), AK_STOP_FAIL_EXIT);
    read_diary(&world, seen);
    assert_int_equal(strlen(seen), 4);
    assert_string_equal(seen + 2, "AU");
}

static void once_does_not_restart(void **state)
{
    (void)state;
    struct world world;
    char seen[64];
    world_init(&world, "dies", NULL);
    world.plan.once = true;
    pid_t pid = start(&world);
    assert_int_equal(exit_status(pid), 1);
    read_diary(&world, seen);
    assert_string_equal(seen, "d");
}

static void pauses_grow_to_a_bound(void **state)
{
    (void)state;
    const unsigned want[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
    for (unsigned i = 0; i < AK_COUNT(want); i++) assert_int_equal(ak_supervise_pause_ms(i), want[i]);
    assert_int_equal(ak_supervise_pause_ms(~0u), 10000);
}

int main(int argc, char **argv)
{
    const char *role = ak_spawn_role(argc, argv);
    if (role) return child_main(role);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_in_reverse_order),
        cmocka_unit_test(interrupt_stops_too),
        cmocka_unit_test(death_of_one_restarts_all),
        cmocka_unit_test(kill_9_of_one_restarts_all),
        cmocka_unit_test(failed_boot_is_final),
        cmocka_unit_test(failed_boot_is_final_when_seen_last),
        cmocka_unit_test(deaf_child_is_killed),
        cmocka_unit_test(silent_child_is_killed_and_all_restart),
        cmocka_unit_test(standing_still_together_is_no_silence),
        cmocka_unit_test(what_was_not_kept_is_said),
        cmocka_unit_test(once_does_not_restart),
        cmocka_unit_test(pauses_grow_to_a_bound),
    };
    return cmocka_run_group_tests_name("supervise", tests, NULL, NULL);
}
