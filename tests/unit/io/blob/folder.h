/* A data folder on the real file system, and names to put into it. */
#ifndef AK_TESTS_UNIT_IO_BLOB_FOLDER_H
#define AK_TESTS_UNIT_IO_BLOB_FOLDER_H

#include "unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blob/blob.h"

struct folder {
    char path[64];
    int fd;
};

static inline void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/agentkeys-blob-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
}

static inline int folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void folder_remove(struct folder *folder)
{
    close(folder->fd);
    assert_int_equal(nftw(folder->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Blob `id` of service "s<service>" in that epoch. */
static inline struct ak_blob_name folder_name(uint8_t service, uint32_t epoch, uint8_t id)
{
    const uint8_t random[10] = {[0] = id & 15, [9] = id >> 4}; /* of the first byte four bits are kept */
    struct ak_blob_name name = {.service_len = 2, .service = {'s', (uint8_t)('0' + service)}, .epoch = epoch};
    memset(name.home_wallet, 0x3a, sizeof name.home_wallet);
    ak_blob_id_make(1790000000000u, random, name.blob_id);
    return name;
}

/* What a list showed. */
struct folder_seen {
    struct ak_blob_name names[16];
    size_t count, stop_after;      /* 0: never */
    struct ak_blob_store *removes; /* NULL: does not */
};

static inline bool folder_see(void *ctx, const struct ak_blob_name *name)
{
    struct folder_seen *seen = ctx;
    assert_true(seen->count < 16);
    seen->names[seen->count++] = *name;
    if (seen->removes) assert_int_equal(seen->removes->ops->remove(seen->removes->impl, name), AK_OK);
    return seen->count != seen->stop_after;
}

#endif
