/* The re-encryptor: reads a question, answers it, forgets both. It has one socket and nothing else: no file,
 * no network, no settings, no decision. Two data keys are in its memory while one blob moves. spec:
 * docs/formats/vault.md, The re-encryptor's messages */
#include <poll.h>

#include "core/vault/reencrypt.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/message.h"
#include "io/proc/sandbox.h"
#include "io/proc/secmem.h"
#include "io/proc/spawn.h"
#include "io/proc/supervise.h"
#include "programs/worker/roles.h"

enum { POOL = 1024 * 1024, BEAT_MS = 1000, PEER_MS = 5000, EXIT_BROKEN = 2 };

/* All in locked memory. */
struct reencryptor {
    uint8_t *question, *answer, *scratch;
    int stop_fd;
};

static void open_all(struct reencryptor *self)
{
    struct ak_secmem_report report;
    if (ak_secmem_init(POOL, AK_RELEASE, &report) != AK_OK || ak_secmem_install_openssl() != AK_OK)
        ak_boot_fail("locked_memory", "RLIMIT_MEMLOCK", "",
            "key memory cannot be locked; raise the limit to 8 MiB", "docs/operations.md#locked-memory");
    self->question = ak_secmem_alloc(AK_REENCRYPT_QUESTION_MAX);
    self->answer = ak_secmem_alloc(AK_REENCRYPT_ANSWER_MAX);
    self->scratch = ak_secmem_alloc(AK_LIMIT_VALUE);
    if (!self->question || !self->answer || !self->scratch || ak_stop_fd(false, &self->stop_fd) != AK_OK)
        ak_boot_fail(
            "no_memory", "", "", "no memory for the re-encryptor", "docs/operations.md#start-up-failures");
}

/* The first use of the cipher lets the library look around; that must be over before the sandbox. */
static void warm_up(struct reencryptor *self)
{
    struct ak_buf answer = ak_buf(self->answer, AK_REENCRYPT_ANSWER_MAX);
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

static enum ak_err serve_one(struct reencryptor *self)
{
    size_t len = 0;
    AK_TRY(ak_message_read(AK_FD_PEER, self->question, AK_REENCRYPT_QUESTION_MAX, PEER_MS, &len));
    struct ak_buf answer = ak_buf(self->answer, AK_REENCRYPT_ANSWER_MAX);
    ak_reencrypt_answer(ak_span(self->question, len), self->scratch, &answer);
    ak_wipe(self->question, len);
    return ak_message_write(AK_FD_PEER, ak_buf_span(&answer), PEER_MS);
}

/* Until it is told to stop, or the keeper is gone. */
static enum ak_err loop(struct reencryptor *self)
{
    enum { PEER, STOP, COUNT };
    struct pollfd fds[COUNT] = {
        {.fd = AK_FD_PEER, .events = POLLIN}, {.fd = self->stop_fd, .events = POLLIN}};
    for (;;) {
        int ready = poll(fds, COUNT, BEAT_MS);
        ak_child_beat();
        if (ready <= 0) continue;
        if (fds[STOP].revents) return AK_OK;
        if (fds[PEER].revents) AK_TRY(serve_one(self));
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
    ak_secmem_free(self.question);
    ak_secmem_free(self.answer);
    ak_secmem_free(self.scratch);
    if (err == AK_OK || err == AK_E_STATE) return 0; /* the keeper ends first or at the same time */
    ak_log(AK_LOG_ERROR, "keeper_message", ak_log_err(err));
    return EXIT_BROKEN;
}
