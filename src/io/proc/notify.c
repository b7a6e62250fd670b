#include "io/proc/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"

/* '@' stands for the abstract name space's leading NUL. */
static enum ak_err parse_address(const char *text, struct sockaddr_un *out_addr, socklen_t *out_len)
{
    *out_addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(text);
    if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof out_addr->sun_path) return AK_E_FORMAT;
    memcpy(out_addr->sun_path, text, len);
    if (text[0] == '@') out_addr->sun_path[0] = '\0';
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (text[0] == '/'));
    return AK_OK;
}

static uint64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t value = 0, want_pid = 0;
    if (!usec || ak_num_parse_u64(ak_span_str(usec), UINT64_MAX, &value)) return 0;
    if (pid && (ak_num_parse_u64(ak_span_str(pid), INT32_MAX, &want_pid) || want_pid != (uint64_t)getpid()))
        return 0;
    uint64_t period = value / 2000;
    return value && !period ? 1 : period;
}

enum ak_err ak_notify_open(struct ak_notify *out_notify)
{
    *out_notify = (struct ak_notify){-1, 0};
    const char *text = getenv("NOTIFY_SOCKET");
    enum ak_err err = AK_OK;
    if (text) {
        struct sockaddr_un addr;
        socklen_t len = 0;
        err = parse_address(text, &addr, &len);
        if (!err) {
            out_notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            if (out_notify->fd < 0 || connect(out_notify->fd, (const struct sockaddr *)&addr, len))
                err = AK_E_IO;
        }
        out_notify->watchdog_period_ms = read_watchdog();
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    if (err) ak_notify_close(out_notify);
    return err;
}

void ak_notify_close(struct ak_notify *notify)
{
    if (notify->fd >= 0) (void)close(notify->fd);
    *notify = (struct ak_notify){-1, 0};
}

void ak_notify_send(const struct ak_notify *notify, const char *state)
{
    if (notify->fd < 0) return;
    ssize_t sent = send(notify->fd, state, strlen(state), MSG_NOSIGNAL);
    (void)sent;
}
