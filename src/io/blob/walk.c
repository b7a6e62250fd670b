/* A walk over everything: a folder open on each level, so that it goes on where it stopped however much there
 * is, and takes as much memory for a million blobs as for one. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/blob/directory.h"

enum { LEVELS = AK_BLOB_FOLDERS + 1 };

struct ak_blob_walk {
    struct ak_blob_directory *store;
    DIR *dirs[LEVELS];
    bool used[LEVELS]; /* something is in it that stays */
    size_t depth;      /* how many are open */
    char folders[AK_BLOB_FOLDERS][NAME_MAX + 1];
};

static bool name_of(const struct ak_blob_walk *walk, struct ak_span file, struct ak_blob_name *out_name)
{
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    for (size_t i = 0; i < AK_BLOB_FOLDERS; i++) {
        ak_buf_put_str(&buf, walk->folders[i]);
        ak_buf_put_str(&buf, "/");
    }
    ak_buf_put(&buf, file);
    return ak_buf_check(&buf) == AK_OK && ak_blob_name_parse(ak_buf_span(&buf), out_name) == AK_OK;
}

static enum ak_err descend(struct ak_blob_walk *walk, int fd)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        (void)close(fd);
        return AK_E_IO;
    }
    walk->used[walk->depth] = false;
    walk->dirs[walk->depth++] = dir;
    return AK_OK;
}

/* What is no folder is none of ours. Three levels, so the depth is bounded. */
static enum ak_err see_folder(struct ak_blob_walk *walk, int at, const char *name)
{
    int fd = ak_blob_folder_open(walk->store, at, name);
    if (fd < 0) return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ? AK_OK : AK_E_IO;
    struct ak_buf folder = AK_BUF_ARR(walk->folders[walk->depth - 1]);
    ak_buf_put_str(&folder, name);
    if (ak_buf_terminate(&folder) != AK_OK) {
        (void)close(fd); /* longer than any of ours */
        return AK_OK;
    }
    return descend(walk, fd);
}

/* The leftover of a write that was cut off. */
static enum ak_err see_stray(struct ak_blob_walk *walk, int at, const char *file)
{
    static const struct ak_span tail = {(const uint8_t *)".tmp", 4};
    struct ak_span text = ak_span_str(file);
    struct ak_blob_name name;
    if (!ak_span_ends(text, tail) || !name_of(walk, ak_span_sub(text, 0, text.len - tail.len), &name))
        return AK_OK;
    const struct ak_file_ops *ops = &walk->store->ops.file;
    return ops->unlink(ops->ctx, at, file) && errno != ENOENT ? AK_E_IO : AK_OK;
}

/* Out of the innermost folder; one that a crash left empty goes. */
static void ascend(struct ak_blob_walk *walk)
{
    const struct ak_blob_file_ops *ops = &walk->store->ops;
    (void)closedir(walk->dirs[--walk->depth]);
    if (walk->depth == 0) return;
    size_t above = walk->depth - 1;
    bool gone = !walk->used[walk->depth] &&
                ops->rmdir(ops->file.ctx, dirfd(walk->dirs[above]), walk->folders[above]) == 0;
    if (!gone) walk->used[above] = true;
}

static enum ak_err see(
    struct ak_blob_walk *walk, const struct dirent *entry, struct ak_blob_name *out_name, bool *out_found)
{
    int at = dirfd(walk->dirs[walk->depth - 1]);
    if (entry->d_name[0] == '.') return AK_OK;
    if (walk->depth < LEVELS) return see_folder(walk, at, entry->d_name);
    *out_found = name_of(walk, ak_span_str(entry->d_name), out_name);
    if (*out_found) walk->used[walk->depth - 1] = true;
    return *out_found ? AK_OK : see_stray(walk, at, entry->d_name);
}

enum ak_err ak_blob_directory_walk(void *impl, struct ak_blob_walk **out_walk)
{
    struct ak_blob_directory *self = impl;
    struct ak_blob_walk *walk = calloc(1, sizeof *walk);
    *out_walk = NULL;
    if (!walk) return AK_E_FULL;
    walk->store = self;
    int fd = ak_blob_folder_open(self, self->root_fd, ".");
    enum ak_err err = fd < 0 ? AK_E_IO : descend(walk, fd);
    if (err)
        free(walk);
    else
        *out_walk = walk;
    return err;
}

enum ak_err ak_blob_directory_walk_next(struct ak_blob_walk *walk, struct ak_blob_name *out_name)
{
    while (walk->depth > 0) {
        bool found = false;
        errno = 0;
        const struct dirent *entry = readdir(walk->dirs[walk->depth - 1]);
        if (!entry && errno) return AK_E_IO;
        if (entry) {
            AK_TRY(see(walk, entry, out_name, &found));
            if (found) return AK_OK;
        } else {
            ascend(walk);
        }
    }
    return AK_E_NOT_FOUND;
}

void ak_blob_directory_walk_end(struct ak_blob_walk *walk)
{
    if (!walk) return;
    while (walk->depth > 0) (void)closedir(walk->dirs[--walk->depth]);
    free(walk);
}

enum ak_err ak_blob_directory_list(void *impl, ak_blob_visit *visit, void *ctx)
{
    struct ak_blob_walk *walk = NULL;
    struct ak_blob_name name;
    AK_TRY(ak_blob_directory_walk(impl, &walk));
    enum ak_err err = AK_OK;
    do err = ak_blob_directory_walk_next(walk, &name);
    while (!err && visit(ctx, &name));
    ak_blob_directory_walk_end(walk);
    return err == AK_E_NOT_FOUND ? AK_OK : err;
}
