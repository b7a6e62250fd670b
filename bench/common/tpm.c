#include "bench/common/tpm.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/common/bench.h"
#include "bench/common/worker.h"

#define PREFIX "swtpm:path="

enum { READY_MS = 5000 };

pid_t bench_tpm_start(const char *folder, char *out_tcti, size_t cap)
{
    char state[600], server[600], control[600], log[600];
    (void)snprintf(state, sizeof state, "dir=%s", folder);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s/tpm", folder);
    (void)snprintf(control, sizeof control, "type=unixio,path=%s/ctrl", folder);
    (void)snprintf(log, sizeof log, "%s/log", folder);
    (void)snprintf(out_tcti, cap, PREFIX "%s/tpm", folder);
    const char *const argv[] = {"swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
        "--ctrl", control, "--flags", "not-need-init,startup-clear", NULL};
    pid_t pid = bench_spawn(argv, log);
    for (unsigned waited = 0; waited < READY_MS; waited += 10) {
        if (access(out_tcti + strlen(PREFIX), F_OK) == 0) return pid;
        bench_sleep_us(10000);
    }
    bench_end(pid);
    return -1;
}

/* TPM2_PCR_Extend of register 0 by 32 bytes of one, empty password. spec: TCG TPM 2.0 Library, part 3, 22.2
 */
static const uint8_t extend[] = {0x80, 0x02, 0, 0, 0, 65, 0, 0, 1, 0x82, 0, 0, 0, 0, 0, 0, 0, 9, 0x40, 0, 0,
    9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x0b, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

void bench_tpm_measure(const char *tcti)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t answer[64] = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", tcti + strlen(PREFIX));
    bench_must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0, "the TPM");
    bench_must(write(fd, extend, sizeof extend) == sizeof extend && read(fd, answer, sizeof answer) >= 10 &&
                   memcmp(answer + 6, "\0\0\0", 4) == 0,
        "TPM2_PCR_Extend");
    (void)close(fd);
}
