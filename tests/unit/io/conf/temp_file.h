/* A file with given content in a fresh name under TMPDIR; the caller unlinks. */
#ifndef AK_TESTS_UNIT_IO_CONF_TEMP_FILE_H
#define AK_TESTS_UNIT_IO_CONF_TEMP_FILE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMP_FILE_NAME "/tmp/agentkeys-test-XXXXXX"

static inline int temp_file(char name[64], const char *content)
{
    memcpy(name, TEMP_FILE_NAME, sizeof TEMP_FILE_NAME);
    int fd = mkstemp(name);
    if (fd < 0) return -1;
    size_t len = strlen(content);
    int bad = write(fd, content, len) != (ssize_t)len;
    return close(fd) || bad ? -1 : 0;
}

#endif
