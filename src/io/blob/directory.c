/* <data>/blobs/<home wallet>/<service>/<epoch>/<blob id>.enc. A folder that is made is synced in its parent
 * before anything is put into it. What an earlier process made and perhaps did not sync, syncfs does at the
 * opening; what this one failed to sync, it syncs anew each time (`doubt`). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/blob/blob.h"

enum { FOLDERS = 3, PARTS = 4, FILE_NAME_MAX = 48 };

struct directory {
    struct ak_blob_file_ops ops;
    int root_fd;
    bool doubt; /* a folder may not be durable in its parent */
};

static int system_mkdir(void *ctx, int dir_fd, const char *name, mode_t mode)
{
    (void)ctx;
    return mkdirat(dir_fd, name, mode);
}
static int system_rmdir(void *ctx, int dir_fd, const char *name)
{
    (void)ctx;
    return unlinkat(dir_fd, name, AT_REMOVEDIR);
}
static int system_syncfs(void *ctx, int fd)
{
    (void)ctx;
    return syncfs(fd);
}

struct ak_blob_file_ops ak_blob_file_ops_system(void)
{
    return (struct ak_blob_file_ops){ak_file_ops_system(), system_mkdir, system_rmdir, system_syncfs};
}

void ak_blob_store_close(struct ak_blob_store *store)
{
    if (store->ops) store->ops->close(store->impl);
    *store = (struct ak_blob_store){0};
}

static enum ak_err io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? AK_E_FULL : AK_E_IO;
}

/* A name and its parts: three folders and a file. */
struct place {
    char text[AK_BLOB_NAME_MAX + 1];
    const char *parts[PARTS];
};

static void place_of(const struct ak_blob_name *name, struct place *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->text);
    ak_blob_name_put(&buf, name);
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
    out->parts[0] = out->text;
    size_t count = 1;
    for (char *at = out->text; *at; at++) {
        if (*at != '/') continue;
        ak_assert(count < PARTS);
        *at = '\0';
        out->parts[count++] = at + 1;
    }
    ak_assert(count == PARTS);
}

static enum ak_err sync_folder(struct directory *self, int fd)
{
    if (self->ops.file.fsync(self->ops.file.ctx, fd) == 0) return AK_OK;
    enum ak_err err = io_error();
    self->doubt = true;
    return err;
}

static int open_folder(const struct directory *self, int at, const char *name)
{
    return self->ops.file.open(self->ops.file.ctx, at, name, O_RDONLY | O_DIRECTORY, 0);
}

static void close_folder(const struct directory *self, int fd)
{
    if (fd >= 0) (void)self->ops.file.close(self->ops.file.ctx, fd);
}

/* AK_E_NOT_FOUND where it is missing. */
static enum ak_err enter(const struct directory *self, int at, const char *name, int *out_fd)
{
    *out_fd = open_folder(self, at, name);
    if (*out_fd >= 0) return AK_OK;
    return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
}

static enum ak_err enter_or_make(struct directory *self, int at, const char *name, int *out_fd)
{
    *out_fd = open_folder(self, at, name);
    bool make = *out_fd < 0 && errno == ENOENT;
    if (make) {
        if (self->ops.mkdir(self->ops.file.ctx, at, name, 0700)) return io_error();
        *out_fd = open_folder(self, at, name);
        self->doubt = self->doubt || *out_fd < 0;
    }
    if (*out_fd < 0) return AK_E_IO;
    enum ak_err err = make || self->doubt ? sync_folder(self, at) : AK_OK;
    if (!err) return AK_OK;
    close_folder(self, *out_fd);
    *out_fd = -1;
    return err;
}

/* The folder that a blob's file lies in, from the root down. */
static enum ak_err walk(struct directory *self, const struct place *place, bool make, int *out_fd)
{
    int at = self->root_fd;
    for (size_t i = 0; i < FOLDERS; i++) {
        int next = -1;
        enum ak_err err =
            make ? enter_or_make(self, at, place->parts[i], &next) : enter(self, at, place->parts[i], &next);
        if (i > 0) close_folder(self, at);
        if (err) return err;
        at = next;
    }
    *out_fd = at;
    return AK_OK;
}

/* After a write that failed, as far as the disk lets us; what was renamed already is an orphan. */
static void remove_temp(const struct directory *self, int fd, const char *name)
{
    char temp[FILE_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(temp);
    ak_buf_put_str(&buf, name);
    ak_buf_put_str(&buf, ".tmp");
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
    (void)self->ops.file.unlink(self->ops.file.ctx, fd, temp);
}

static enum ak_err directory_write(void *impl, const struct ak_blob_name *name, struct ak_span blob)
{
    struct directory *self = impl;
    struct place place;
    int fd = -1;
    place_of(name, &place);
    AK_TRY(walk(self, &place, true, &fd));
    enum ak_err err = ak_durable_write(&self->ops.file, fd, place.parts[FOLDERS], blob);
    if (err) remove_temp(self, fd, place.parts[FOLDERS]);
    close_folder(self, fd);
    return err;
}

/* A store that was removed as a whole does not say that a blob is missing. */
static enum ak_err not_found(const struct directory *self)
{
    struct stat st;
    return fstat(self->root_fd, &st) == 0 && st.st_nlink > 0 ? AK_E_NOT_FOUND : AK_E_IO;
}

static enum ak_err directory_read(
    void *impl, const struct ak_blob_name *name, uint8_t *out_blob, size_t cap, size_t *out_len)
{
    struct directory *self = impl;
    struct place place;
    int fd = -1;
    *out_len = 0;
    place_of(name, &place);
    enum ak_err err = walk(self, &place, false, &fd);
    if (!err) err = ak_durable_read(&self->ops.file, fd, place.parts[FOLDERS], out_blob, cap, out_len);
    close_folder(self, fd);
    return err == AK_E_NOT_FOUND ? not_found(self) : err;
}

/* Folders that the removal left empty, from the inside out. One that is not empty stays. */
static void prune(struct directory *self, struct place *place)
{
    for (size_t depth = FOLDERS; depth-- > 0;) {
        int at = self->root_fd;
        bool there = true;
        for (size_t i = 0; i < depth && there; i++) {
            int next = -1;
            there = enter(self, at, place->parts[i], &next) == AK_OK;
            if (i > 0) close_folder(self, at);
            at = next;
        }
        bool gone = there && self->ops.rmdir(self->ops.file.ctx, at, place->parts[depth]) == 0;
        if (depth > 0) close_folder(self, at);
        if (!gone) return;
    }
}

static enum ak_err directory_remove(void *impl, const struct ak_blob_name *name)
{
    struct directory *self = impl;
    struct place place;
    int fd = -1;
    place_of(name, &place);
    enum ak_err err = walk(self, &place, false, &fd);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    if (self->ops.file.unlink(self->ops.file.ctx, fd, place.parts[FOLDERS]) && errno != ENOENT) err = AK_E_IO;
    if (!err) err = self->ops.file.fsync(self->ops.file.ctx, fd) ? AK_E_IO : AK_OK;
    close_folder(self, fd);
    if (!err) prune(self, &place);
    return err;
}

/* A walk over everything: the names of the folders it is in, and who wants to see the files. */
struct walker {
    struct directory *self;
    const char *folders[FOLDERS];
    ak_blob_visit *visit;
    void *ctx;
    bool stopped;
};

static bool name_of(const struct walker *walker, struct ak_span file, struct ak_blob_name *out_name)
{
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    for (size_t i = 0; i < FOLDERS; i++) {
        ak_buf_put_str(&buf, walker->folders[i]);
        ak_buf_put_str(&buf, "/");
    }
    ak_buf_put(&buf, file);
    return ak_buf_check(&buf) == AK_OK && ak_blob_name_parse(ak_buf_span(&buf), out_name) == AK_OK;
}

static enum ak_err see_file(struct walker *walker, int at, const char *file)
{
    static const struct ak_span tail = {(const uint8_t *)".tmp", 4};
    struct ak_span text = ak_span_str(file);
    struct ak_blob_name name;
    if (name_of(walker, text, &name)) {
        walker->stopped = !walker->visit(walker->ctx, &name);
        return AK_OK;
    }
    if (!ak_span_ends(text, tail) || !name_of(walker, ak_span_sub(text, 0, text.len - tail.len), &name))
        return AK_OK;
    const struct ak_file_ops *ops = &walker->self->ops.file;
    return ops->unlink(ops->ctx, at, file) && errno != ENOENT ? AK_E_IO : AK_OK;
}

static enum ak_err see_folder(struct walker *walker, int at, const char *name, size_t depth);

/* Takes the descriptor. */
static enum ak_err see_all(struct walker *walker, int fd, size_t depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        (void)close(fd);
        return AK_E_IO;
    }
    enum ak_err err = AK_OK;
    while (!err && !walker->stopped) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry) {
            if (errno) err = AK_E_IO;
            break;
        }
        if (entry->d_name[0] == '.') continue;
        err = depth < FOLDERS ? see_folder(walker, fd, entry->d_name, depth)
                              : see_file(walker, fd, entry->d_name);
    }
    (void)closedir(dir);
    return err;
}

/* What is no folder is none of ours; one that a crash left empty goes. Three levels, so the depth is bounded.
 */
static enum ak_err see_folder(struct walker *walker, int at, const char *name, size_t depth)
{
    struct directory *self = walker->self;
    int fd = open_folder(self, at, name);
    if (fd < 0) return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ? AK_OK : AK_E_IO;
    walker->folders[depth] = name;
    AK_TRY(see_all(walker, fd, depth + 1));
    (void)self->ops.rmdir(self->ops.file.ctx, at, name);
    return AK_OK;
}

static enum ak_err directory_list(void *impl, ak_blob_visit *visit, void *ctx)
{
    struct walker walker = {.self = impl, .visit = visit, .ctx = ctx};
    int fd = open_folder(walker.self, walker.self->root_fd, ".");
    return fd < 0 ? AK_E_IO : see_all(&walker, fd, 0);
}

static void directory_close(void *impl)
{
    struct directory *self = impl;
    close_folder(self, self->root_fd);
    free(self);
}

enum ak_err ak_blob_directory_open(
    int data_dir_fd, const struct ak_blob_file_ops *ops, struct ak_blob_store *out_store)
{
    static const struct ak_blob_store_ops directory_ops = {
        directory_write, directory_read, directory_remove, directory_list, directory_close};
    *out_store = (struct ak_blob_store){0};
    struct directory *self = calloc(1, sizeof *self);
    if (!self) return AK_E_FULL;
    self->ops = ops ? *ops : ak_blob_file_ops_system();
    enum ak_err err = enter_or_make(self, data_dir_fd, AK_BLOB_DIRECTORY, &self->root_fd);
    if (!err && self->ops.syncfs(self->ops.file.ctx, self->root_fd)) err = io_error();
    if (err) {
        directory_close(self);
        return err;
    }
    *out_store = (struct ak_blob_store){&directory_ops, self};
    return AK_OK;
}
