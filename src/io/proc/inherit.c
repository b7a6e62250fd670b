/* Whatever is missing or deadly is put right once, so that no later code has to think of it. */
#include "io/proc/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIGNALS = 2 };
static const int signals[SIGNALS] = {SIGPIPE, SIGXFSZ};
static struct sigaction before[SIGNALS];
static mode_t umask_before;
static bool mended;

/* The lowest free number is taken: those before it are open already. */
static enum ak_err open_missing(int fd, int flags)
{
    if (fcntl(fd, F_GETFD) >= 0) return AK_OK;
    return open("/dev/null", flags) == fd ? AK_OK : AK_E_IO; /* for children, too: not O_CLOEXEC */
}

enum ak_err ak_inherit_mend(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    AK_TRY(open_missing(STDIN_FILENO, O_WRONLY));
    AK_TRY(open_missing(STDOUT_FILENO, O_RDONLY));
    AK_TRY(open_missing(STDERR_FILENO, O_WRONLY));
    for (size_t i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i], &ignore, &before[i])) return AK_E_IO;
    umask_before = umask(0077);
    (void)umask(umask_before & 0077);
    mended = true;
    return AK_OK;
}

void ak_inherit_give_back(void)
{
    if (!mended) return;
    for (size_t i = 0; i < SIGNALS; i++) (void)sigaction(signals[i], &before[i], NULL);
    (void)umask(umask_before);
}

/* Why an earlier write failed is not kept by stdio; a reader who went away can still be seen. */
static int guess(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) ? EPIPE : EIO;
}

int ak_inherit_flush(void)
{
    static int why; /* what failed once is lost, whatever comes after it */
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0 && !why) why = errno;
    if (failed && !why) why = guess();
    return why;
}
