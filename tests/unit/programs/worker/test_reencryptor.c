/* The real re-encryptor, confined as always, with this test as its keeper: it answers what is asked, refuses
 * what is no question, and ends when it is told or when its keeper breaks off. */
#include "unit/check.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/vault/reencrypt.h"
#include "io/proc/message.h"
#include "io/proc/spawn.h"
#include "programs/worker/roles.h"

enum { WAIT_MS = 10000, EXIT_BROKEN = 2 };

enum { TESTS = 4 };

/* One process a test, all forked before this one touches the cipher: they set the library up themselves. */
static int peers[TESTS], next, peer;
static pid_t pids[TESTS], pid;
static uint8_t framed[AK_MESSAGE_HEAD + AK_REENCRYPT_QUESTION_MAX + 1];
static uint8_t received[AK_MESSAGE_HEAD + AK_REENCRYPT_ANSWER_MAX];
static struct ak_message_in answers;
static const struct ak_secret32 old_dek = {{3}}, new_dek = {{4}};

static int start_all(void **state)
{
    (void)state;
    for (int i = 0; i < TESTS; i++) {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) return -1;
        pids[i] = fork();
        if (pids[i] == 0) {
            if (dup2(fds[1], 60) != 60 || dup2(60, AK_FD_PEER) != AK_FD_PEER) _exit(99);
            close(AK_FD_STATUS);
            close_range(AK_FD_PEER + 1, ~0u, 0);
            _exit(ak_reencryptor_main());
        }
        close(fds[1]);
        peers[i] = fds[0];
        if (pids[i] < 0) return -1;
    }
    return 0;
}

static int take_next(void **state)
{
    (void)state;
    peer = peers[next];
    answers = (struct ak_message_in){
        .fd = peer, .memory = received, .cap = sizeof received, .max = AK_REENCRYPT_ANSWER_MAX};
    pid = pids[next++];
    return 0;
}

static int exit_status(void)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(peer);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct ak_span take_answer(void)
{
    struct ak_span answer;
    assert_int_equal(ak_message_next(&answers, WAIT_MS, &answer), AK_OK);
    return answer;
}

static void say(struct ak_span bytes)
{
    struct ak_buf buf = AK_BUF_ARR(framed);
    size_t begun = ak_message_begin(&buf);
    ak_buf_put(&buf, bytes);
    ak_message_end(&buf, begun);
    assert_int_equal(ak_message_send(peer, &buf, WAIT_MS), AK_OK);
}

/* That many questions in one go; each has its answer. */
static void moves(size_t count)
{
    struct ak_blob_place place = {.service = "a", .service_len = 1, .epoch = 1};
    struct ak_blob_head old_head = {{1}, {1}}, new_head = {{2}, {2}};
    uint8_t memory[128], value[64];
    size_t len = 0;
    struct ak_buf blob = AK_BUF_ARR(memory), buf = AK_BUF_ARR(framed);
    struct ak_span moved;
    assert_int_equal(ak_blob_seal(&old_head, &place, &old_dek, AK_SPAN_LIT("v"), &blob), AK_OK);
    struct ak_reencrypt ask_for = {&old_dek, &new_dek, &place, &place, new_head, ak_buf_span(&blob)};
    for (size_t i = 0; i < count; i++) {
        size_t begun = ak_message_begin(&buf);
        ask_for.new_head.nonce[0] = (uint8_t)i;
        assert_int_equal(ak_reencrypt_put(&ask_for, &buf), AK_OK);
        ak_message_end(&buf, begun);
    }
    assert_int_equal(ak_message_send(peer, &buf, WAIT_MS), AK_OK);
    for (size_t i = 0; i < count; i++) {
        new_head.nonce[0] = (uint8_t)i;
        assert_int_equal(ak_reencrypt_parse(take_answer(), &new_head, &moved), AK_OK);
        assert_int_equal(
            ak_blob_open(moved, new_head.dek_id, &place, &new_dek, value, sizeof value, &len), AK_OK);
        assert_true(ak_span_eq(ak_span(value, len), AK_SPAN_LIT("v")));
    }
}

static void answers_and_stops(void **state)
{
    (void)state;
    moves(1);
    say(AK_SPAN_LIT("rubbish"));
    assert_true(ak_span_eq(take_answer(), AK_SPAN_LIT("\1\2")));
    moves(100);
    moves(1);
    kill(pid, SIGTERM);
    assert_int_equal(exit_status(), 0);
}

static void ends_with_its_keeper(void **state)
{
    (void)state;
    moves(1);
    shutdown(peer, SHUT_RDWR);
    assert_int_equal(exit_status(), 0);
}

static void ends_on_a_message_that_is_too_long(void **state)
{
    (void)state;
    moves(1);
    static const uint8_t too_long[AK_REENCRYPT_QUESTION_MAX + 1];
    say(AK_SPAN_ARR(too_long));
    assert_int_equal(exit_status(), EXIT_BROKEN);
}

static void ends_on_a_cut_message(void **state)
{
    (void)state;
    moves(1);
    assert_int_equal(send(peer, "\0\0\1\0abc", 7, 0), 7);
    shutdown(peer, SHUT_WR);
    assert_int_equal(exit_status(), EXIT_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_and_stops, take_next),
        cmocka_unit_test_setup(ends_with_its_keeper, take_next),
        cmocka_unit_test_setup(ends_on_a_message_that_is_too_long, take_next),
        cmocka_unit_test_setup(ends_on_a_cut_message, take_next),
    };
    return cmocka_run_group_tests(tests, start_all, NULL);
}
