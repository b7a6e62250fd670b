#include "programs/worker/take.h"

#include <string.h>

#include "io/conf/boot_fail.h"

static void fail(const char *name, const char *reason)
{
    ak_boot_fail("bad_value", name, "", reason, "docs/operations.md#commands");
}

static void remove_at(int *argc, char **argv, int at, int count)
{
    memmove(&argv[at], &argv[at + count], (size_t)(*argc - at - count + 1) * sizeof *argv); /* and the NULL */
    *argc -= count;
}

/* How many arguments the option at `at` is, and its value; 0: it is another one. */
static int match(int argc, char **argv, int at, const char *name, const char **out_value)
{
    size_t len = strlen(name);
    if (strncmp(argv[at], "--", 2) != 0 || strncmp(argv[at] + 2, name, len) != 0) return 0;
    const char *behind = argv[at] + 2 + len;
    if (*behind == '=') {
        *out_value = behind + 1;
        return 1;
    }
    if (*behind != '\0') return 0;
    if (at + 1 >= argc) fail(name, "has no value");
    *out_value = argv[at + 1];
    return 2;
}

size_t ak_take_options(int *argc, char **argv, const char *name, const char **out_values, size_t max)
{
    size_t count = 0;
    for (int at = 1; at < *argc;) {
        const char *value = NULL;
        int len = match(*argc, argv, at, name, &value);
        if (len == 0) {
            at++;
            continue;
        }
        if (count == max) fail(name, "given too often");
        out_values[count++] = value;
        remove_at(argc, argv, at, len);
    }
    return count;
}

const char *ak_take_option(int *argc, char **argv, const char *name)
{
    const char *value = NULL;
    return ak_take_options(argc, argv, name, &value, 1) ? value : NULL;
}

bool ak_take_switch(int *argc, char **argv, const char *name)
{
    bool found = false;
    for (int at = 1; at < *argc;) {
        bool is_it = strncmp(argv[at], "--", 2) == 0 && strcmp(argv[at] + 2, name) == 0;
        found = found || is_it;
        if (is_it)
            remove_at(argc, argv, at, 1);
        else
            at++;
    }
    return found;
}
