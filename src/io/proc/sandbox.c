/* The steps in order. Seccomp's lists are sandbox_calls.c, Landlock's calls landlock.c. */
#include "io/proc/sandbox.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/proc/landlock.h"

enum { FILES_DEFAULT = 256 };

enum ak_err ak_sandbox_files(uint64_t need, uint64_t *out_have)
{
    struct rlimit files;
    *out_have = 0;
    if (getrlimit(RLIMIT_NOFILE, &files)) return AK_E_IO;
    *out_have = files.rlim_max;
    if (files.rlim_max < need) return AK_E_LIMIT;
    if (files.rlim_cur >= need) return AK_OK;
    files.rlim_cur = need;
    return setrlimit(RLIMIT_NOFILE, &files) ? AK_E_IO : AK_OK;
}

static enum ak_err set_limits(unsigned max_files)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;
    if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return AK_E_IO;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return AK_E_IO;
    if (getrlimit(RLIMIT_NOFILE, &files)) return AK_E_IO;
    rlim_t want = max_files ? max_files : FILES_DEFAULT;
    if (want > files.rlim_max) want = files.rlim_max;
    files.rlim_cur = files.rlim_max = want;
    return setrlimit(RLIMIT_NOFILE, &files) ? AK_E_IO : AK_OK;
}

enum ak_err ak_sandbox_user(const char *user, bool *out_dropped)
{
    *out_dropped = false;
    if (!user || !user[0] || geteuid() != 0) return AK_OK;
    const struct passwd *entry = getpwnam(user);
    if (!entry || entry->pw_uid == 0) return AK_E_MEANING;
    uid_t uid = entry->pw_uid;
    gid_t gid = entry->pw_gid;
    if (initgroups(user, gid) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) return AK_E_IO;
    ak_assert(geteuid() == uid && setuid(0) != 0);
    *out_dropped = true;
    return AK_OK;
}

/* Names of hosts, and authorities behind certificates. */
static const char *const broker_reads[] = {
    "/etc", "/run/systemd/resolve", "/usr/share/ca-certificates", "/usr/lib/ssl", "/dev/urandom", NULL};

enum ak_err ak_sandbox_landlock(const struct ak_sandbox *sandbox, struct ak_sandbox_report *report)
{
    int abi = ak_landlock_abi();
    bool keeper = sandbox->role == AK_ROLE_KEEPER;
    report->landlock_abi = abi;
    /* The supervisor's rules would bind its children, which need more than it does. */
    if (sandbox->role == AK_ROLE_SUPERVISOR || abi == 0) return AK_OK;
    struct ak_landlock rules = {.no_network = true, .no_signals = true};
    bool broker = sandbox->role == AK_ROLE_BROKER;
    if ((keeper || broker) && !sandbox->data_dir) return AK_E_ARG;
    if (keeper || broker) rules.writable_dirs[0] = sandbox->data_dir;
    if (broker) rules.readable_dirs = broker_reads;
    if (broker) rules.no_network = false;
    if (keeper) rules.writable_dirs[1] = sandbox->slot_dir;
    AK_TRY(ak_landlock_apply(&rules, abi));
    report->landlock_fs = true;
    report->landlock_net = abi >= 4;
    return AK_OK;
}

enum ak_err ak_sandbox_enter(const struct ak_sandbox *sandbox, struct ak_sandbox_report *out_report)
{
    *out_report = (struct ak_sandbox_report){0};
    AK_TRY(ak_sandbox_user(sandbox->user, &out_report->user_dropped));
    AK_TRY(set_limits(sandbox->max_files));
    AK_TRY(ak_sandbox_landlock(sandbox, out_report));
    AK_TRY(ak_sandbox_seccomp(sandbox->role, sandbox->children_connect));
    out_report->seccomp = true;
    return AK_OK;
}
