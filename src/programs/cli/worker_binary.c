/* Finding the programs that a person starts by this one. */
#include "programs/cli/worker_binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool beside(const char *self, const char *name, char out[AK_WORKER_PATH_MAX])
{
    const char *slash = strrchr(self, '/');
    if (!slash) return false;
    int len = snprintf(out, AK_WORKER_PATH_MAX, "%.*s/%s", (int)(slash - self), self, name);
    return len > 0 && len < AK_WORKER_PATH_MAX && access(out, X_OK) == 0;
}

static bool on_path(const char *name, char out[AK_WORKER_PATH_MAX])
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t len = strcspn(path, ":");
        int put = snprintf(out, AK_WORKER_PATH_MAX, "%.*s/%s", (int)len, path, name);
        if (path[0] == '/' && put > 0 && put < AK_WORKER_PATH_MAX && access(out, X_OK) == 0) return true;
        path += len + (path[len] == ':');
    }
    return false;
}

bool ak_cli_find_program(const char *name, char out_path[AK_WORKER_PATH_MAX])
{
    char self[AK_WORKER_PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = 0;
        if (beside(self, name, out_path)) return true;
    }
    return on_path(name, out_path);
}

bool ak_cli_find_worker(char out_path[AK_WORKER_PATH_MAX])
{
    return ak_cli_find_program("agentkeys-worker", out_path);
}
