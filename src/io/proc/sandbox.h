/* Dropping power, in steps, once, before any thread is started (threads inherit; so TSYNC is not needed).
 * Order: user, limits with no-new-privileges, Landlock, seccomp. What the kernel lacks is reported, never
 * silent. keeper: files below its data folder only; no socket, connect, bind, exec, fork. gateway: no file at
 * all; the sockets it was given and those it accepts; no exec, fork, new socket. reencryptor: one socket that
 * it was given, memory, time; nothing else. broker: files below its data folder, reading of the system's
 * settings and authorities, connections outwards; no bind, exec, fork. supervisor: starts and ends children;
 * its filter binds them, too, so it refuses only what none of them does: new sockets (but children_connect),
 * another user, links, devices. Forbidden calls give EPERM; exec, ptrace, process_vm_*, bpf, kexec,
 * module and mount calls kill. Not guaranteed: protection against the kernel itself. No secrets. */
#ifndef AK_IO_PROC_SANDBOX_H
#define AK_IO_PROC_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum ak_role {
    AK_ROLE_SUPERVISOR,
    AK_ROLE_KEEPER,
    AK_ROLE_GATEWAY,
    AK_ROLE_REENCRYPTOR,
    AK_ROLE_BROKER,
    AK_ROLE_COUNT
};

struct ak_sandbox {
    enum ak_role role;
    const char *data_dir;  /* keeper, broker: its folder, must exist; others NULL */
    const char *slot_dir;  /* keeper: where its erasure slots lie outside of that; NULL: none */
    const char *user;      /* become this user when root; NULL or "": stay */
    unsigned max_files;    /* RLIMIT_NOFILE; 0: 256 */
    bool children_connect; /* supervisor: a child still has to connect (a TPM behind a socket) */
};
struct ak_sandbox_report {
    int landlock_abi; /* 0: the kernel has none */
    bool landlock_fs;
    bool landlock_net; /* ABI 4 */
    bool seccomp;
    bool user_dropped;
};

/* All steps. AK_E_IO where a step that must work fails (seccomp, user, limits); a missing Landlock is only
 * reported. Open what the role needs before. */
AK_MUST_USE enum ak_err ak_sandbox_enter(
    const struct ak_sandbox *sandbox, struct ak_sandbox_report *out_report);

/* Before anything is opened: the soft limit on open files is raised to `need` where it is lower. AK_E_LIMIT
 * where the hard one is lower, too; it stands in *out_have then, and nothing was changed. */
AK_MUST_USE enum ak_err ak_sandbox_files(uint64_t need, uint64_t *out_have);

/* Single steps, for tests and tools. */
AK_MUST_USE enum ak_err ak_sandbox_user(const char *user, bool *out_dropped);
AK_MUST_USE enum ak_err ak_sandbox_landlock(
    const struct ak_sandbox *sandbox, struct ak_sandbox_report *report);
AK_MUST_USE enum ak_err ak_sandbox_seccomp(enum ak_role role, bool children_connect);

/* Self-check: tries one forbidden thing. For forked children of tests: returns true where it was refused with
 * an errno; where it is deadly, the process dies by SIGSYS; false where it worked. */
enum ak_sandbox_try {
    AK_TRY_OPEN_ETC_PASSWD,
    AK_TRY_CREATE_FILE_IN_TMP,
    AK_TRY_SOCKET_INET,
    AK_TRY_SOCKET_UNIX,
    AK_TRY_CONNECT,
    AK_TRY_BIND,
    AK_TRY_EXEC,
    AK_TRY_FORK,
    AK_TRY_PTRACE,
    AK_TRY_KILL_PARENT,
    AK_TRY_MMAP_EXEC,
    AK_TRY_SETUID_ROOT,
    AK_TRY_COUNT
};
bool ak_sandbox_refuses(enum ak_sandbox_try what);

#endif
