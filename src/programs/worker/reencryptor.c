/* The re-encryptor: reads what questions there are, answers them, forgets all. It has one socket and nothing
 * else: no file, no network, no settings, no decision. Two data keys are in its memory while one blob moves.
 * spec: docs/formats/vault.md, The re-encryptor's messages */
#include <poll.h>

#include "core/vault/reencrypt.h"
#include "io/conf/boot_fail.h"
#include "io/conf/program.h"
#include "io/log/log.h"
#include "io/proc/message.h"
#include "io/proc/sandbox.h"
#include "io/proc/secmem.h"
#include "io/proc/spawn.h"
#include "io/proc/supervise.h"
#include "programs/worker/roles.h"

enum { POOL = 1024 * 1024, BEAT_MS = 1000, PEER_MS = 5000, EXIT_BROKEN = 2 };
/* Room for more than one question, so that all that came together are answered together. */
enum {
    ONE_QUESTION = AK_MESSAGE_HEAD + AK_REENCRYPT_QUESTION_MAX,
    ONE_ANSWER = AK_MESSAGE_HEAD + AK_REENCRYPT_ANSWER_MAX,
    QUESTIONS = 2 * ONE_QUESTION,
    ANSWERS = 2 * ONE_ANSWER,
};

/* All in locked memory. */
struct reencryptor {
    struct ak_message_in questions;
    uint8_t *answers, *scratch;
    int stop_fd;
};

static void open_all(struct reencryptor *self)
{
    struct ak_secmem_report report;
    if (ak_secmem_init(POOL, AK_RELEASE, &report) != AK_OK || ak_secmem_install_openssl() != AK_OK)
        ak_conf_program_locked("the re-encryptor's key memory");
    self->questions = (struct ak_message_in){.fd = AK_FD_PEER,
        .memory = ak_secmem_alloc(QUESTIONS),
        .cap = QUESTIONS,
        .max = AK_REENCRYPT_QUESTION_MAX};
    self->answers = ak_secmem_alloc(ANSWERS);
    self->scratch = ak_secmem_alloc(AK_LIMIT_VALUE);
    if (!self->questions.memory || !self->answers || !self->scratch ||
        ak_stop_fd(false, &self->stop_fd) != AK_OK)
        ak_boot_fail(
            "no_memory", "", "", "no memory for the re-encryptor", "docs/operations.md#start-up-failures");
}

/* The first use of the cipher lets the library look around; that must be over before the sandbox. */
static void warm_up(struct reencryptor *self)
{
    struct ak_buf answer = ak_buf(self->answers, ANSWERS);
    ak_reencrypt_answer(AK_SPAN_EMPTY, self->scratch, &answer);
}

static void enter_sandbox(void)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = AK_ROLE_REENCRYPTOR};
    if (ak_sandbox_enter(&sandbox, &report) != AK_OK)
        ak_boot_fail("sandbox", "", "", "seccomp or limits cannot be set", "docs/operations.md#sandbox");
    ak_log(AK_LOG_INFO, "sandboxed", ak_log_u64("landlock_abi", (uint64_t)report.landlock_abi),
        ak_log_u64("seccomp", report.seccomp));
}

static enum ak_err answer_one(struct reencryptor *self, struct ak_buf *answers)
{
    struct ak_span question;
    AK_TRY(ak_message_next(&self->questions, PEER_MS, &question));
    size_t begun = ak_message_begin(answers);
    ak_reencrypt_answer(question, self->scratch, answers);
    ak_message_end(answers, begun);
    ak_message_forget(&self->questions);
    return AK_OK;
}

/* One, and what came with it as far as the answers have room. */
static enum ak_err serve(struct reencryptor *self)
{
    struct ak_buf answers = ak_buf(self->answers, ANSWERS);
    do AK_TRY(answer_one(self, &answers));
    while (ak_message_is_there(&self->questions) && answers.cap - answers.len >= ONE_ANSWER);
    return ak_message_send(AK_FD_PEER, &answers, PEER_MS);
}

/* Until it is told to stop, or the keeper is gone. */
static enum ak_err loop(struct reencryptor *self)
{
    enum { PEER, STOP, COUNT };
    struct pollfd fds[COUNT] = {
        {.fd = AK_FD_PEER, .events = POLLIN}, {.fd = self->stop_fd, .events = POLLIN}};
    for (;;) {
        bool waits = ak_message_is_there(&self->questions);
        int ready = poll(fds, COUNT, waits ? 0 : BEAT_MS);
        ak_child_beat();
        if (ready > 0 && fds[STOP].revents) return AK_OK;
        if (waits || (ready > 0 && fds[PEER].revents)) AK_TRY(serve(self));
    }
}

int ak_reencryptor_main(void)
{
    struct reencryptor self = {0};
    ak_log_init(AK_LOG_INFO, "reencryptor", 2);
    open_all(&self);
    warm_up(&self);
    enter_sandbox();
    ak_child_ready();
    enum ak_err err = loop(&self);
    ak_secmem_free(self.questions.memory);
    ak_secmem_free(self.answers);
    ak_secmem_free(self.scratch);
    if (err == AK_OK || err == AK_E_STATE) return 0; /* the keeper ends first or at the same time */
    ak_log(AK_LOG_ERROR, "keeper_message", ak_log_err(err));
    return EXIT_BROKEN;
}
