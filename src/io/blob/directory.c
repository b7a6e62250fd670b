/* <data>/blobs/<home wallet>/<service>/<epoch>/<blob id>.enc. A folder that is made is synced in its parent
 * before anything is put into it. What an earlier process made and perhaps did not sync, syncfs does at the
 * opening; what this one failed to sync, it syncs anew each time (`doubt`). One blob is written under a
 * temporary name, synced, renamed: content before name. Many at once get their names at once and one syncfs:
 * until then nobody may name them, so that one which a crash cut off is as good as none. Where syncfs cannot
 * be relied on each is written and synced by itself. The walk is walk.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "io/blob/directory.h"

enum { FOLDERS = AK_BLOB_FOLDERS, PARTS = FOLDERS + 1, FILE_NAME_MAX = 48 };
enum { SERVICE = 2, EPOCH = 3 }; /* how many folders lead to the one of a service, of an epoch */

/* A folder that others are opened from, and nothing else: the least that can be asked of the system. */
enum { FOLDER_ONLY = O_PATH | O_DIRECTORY, FOLDER_SYNCED = O_RDONLY | O_DIRECTORY };

void ak_blob_store_close(struct ak_blob_store *store)
{
    if (store->ops) store->ops->close(store->impl);
    *store = (struct ak_blob_store){0};
}

static enum ak_err io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? AK_E_FULL : AK_E_IO;
}

static void place_of(const struct ak_blob_name *name, struct ak_blob_file_place *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->path);
    ak_blob_name_put(&buf, name);
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
    memcpy(out->text, out->path, sizeof out->text);
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

static enum ak_err sync_folder(struct ak_blob_directory *self, int fd)
{
    if (self->ops.file.fsync(self->ops.file.ctx, fd) == 0) return AK_OK;
    enum ak_err err = io_error();
    self->doubt = true;
    return err;
}

int ak_blob_folder_open(const struct ak_blob_directory *self, int at, const char *name)
{
    return self->ops.file.open(self->ops.file.ctx, at, name, O_RDONLY | O_DIRECTORY, 0);
}

static void close_folder(const struct ak_blob_directory *self, int fd)
{
    if (fd >= 0) (void)self->ops.file.close(self->ops.file.ctx, fd);
}

static enum ak_err missing_or_failed(void)
{
    return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
}

/* The folder that many levels below the root, in one step. AK_E_NOT_FOUND where there is none. */
static enum ak_err enter(const struct ak_blob_directory *self, const struct ak_blob_file_place *place,
    size_t depth, int flags, int *out_fd)
{
    char path[AK_BLOB_NAME_MAX + 1];
    size_t len = (size_t)(place->parts[depth] - place->text) - 1;
    memcpy(path, place->path, len);
    path[len] = '\0';
    *out_fd = self->ops.open_below(self->ops.file.ctx, self->root_fd, path, flags);
    return *out_fd >= 0 ? AK_OK : missing_or_failed();
}

static enum ak_err enter_or_make(
    struct ak_blob_directory *self, int at, const char *name, bool synced, int *out_fd)
{
    *out_fd = ak_blob_folder_open(self, at, name);
    bool make = *out_fd < 0 && errno == ENOENT;
    if (make) {
        if (self->ops.mkdir(self->ops.file.ctx, at, name, 0700)) return io_error();
        *out_fd = ak_blob_folder_open(self, at, name);
        self->doubt = self->doubt || *out_fd < 0;
    }
    if (*out_fd < 0) return AK_E_IO;
    enum ak_err err = synced && (make || self->doubt) ? sync_folder(self, at) : AK_OK;
    if (!err) return AK_OK;
    close_folder(self, *out_fd);
    *out_fd = -1;
    return err;
}

/* The same folder, from the root down, each made where it is missing and, if it is to be, synced. */
static enum ak_err make_way(struct ak_blob_directory *self, const struct ak_blob_file_place *place,
    size_t depth, bool synced, int *out_fd)
{
    int at = self->root_fd;
    for (size_t i = 0; i < depth; i++) {
        int next = -1;
        enum ak_err err = enter_or_make(self, at, place->parts[i], synced, &next);
        if (i > 0) close_folder(self, at);
        if (err) return err;
        at = next;
    }
    *out_fd = at;
    return AK_OK;
}

static void temp_name(const char *name, char out_temp[FILE_NAME_MAX])
{
    struct ak_buf buf = ak_buf(out_temp, FILE_NAME_MAX);
    ak_buf_put_str(&buf, name);
    ak_buf_put_str(&buf, ".tmp");
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
}

/* After a write that failed, as far as the disk lets us; what was renamed already is an orphan. */
static void remove_temp(const struct ak_blob_directory *self, int fd, const char *name)
{
    char temp[FILE_NAME_MAX];
    temp_name(name, temp);
    (void)self->ops.file.unlink(self->ops.file.ctx, fd, temp);
}

static enum ak_err directory_write(void *impl, const struct ak_blob_name *name, struct ak_span blob)
{
    struct ak_blob_directory *self = impl;
    struct ak_blob_file_place place;
    int fd = -1;
    place_of(name, &place);
    AK_TRY(make_way(self, &place, FOLDERS, true, &fd));
    enum ak_err err = ak_durable_write(&self->ops.file, fd, place.parts[FOLDERS], blob);
    if (err) remove_temp(self, fd, place.parts[FOLDERS]);
    close_folder(self, fd);
    return err;
}

/* A store that was removed as a whole does not say that a blob is missing. */
static enum ak_err not_found(const struct ak_blob_directory *self)
{
    struct stat st;
    return fstat(self->root_fd, &st) == 0 && st.st_nlink > 0 ? AK_E_NOT_FOUND : AK_E_IO;
}

static enum ak_err directory_read(
    void *impl, const struct ak_blob_name *name, uint8_t *out_blob, size_t cap, size_t *out_len)
{
    struct ak_blob_directory *self = impl;
    struct ak_blob_file_place place;
    int fd = -1;
    *out_len = 0;
    place_of(name, &place);
    fd = self->ops.open_below(self->ops.file.ctx, self->root_fd, place.path, O_RDONLY);
    if (fd < 0) return errno == ENOENT ? not_found(self) : AK_E_IO;
    enum ak_err err = ak_durable_read_open(&self->ops.file, fd, out_blob, cap, out_len);
    close_folder(self, fd);
    return err;
}

static bool remove_folder(const struct ak_blob_directory *self, int at, const char *name)
{
    return self->ops.rmdir(self->ops.file.ctx, at, name) == 0;
}

/* True where the folder above certainly has others in it; else it may have. */
static bool has_siblings(int fd)
{
    struct stat st;
    return fstatat(fd, "..", &st, 0) == 0 && st.st_nlink > 2 + 1;
}

/* Folders that the removal left empty, from the inside out, beginning with the epoch's, which is open. One
 * that is not empty stays. */
static void prune(const struct ak_blob_directory *self, const struct ak_blob_file_place *place, int epoch)
{
    char from_within[3 + FILE_NAME_MAX] = "..";
    int wallet = -1;
    bool stops = has_siblings(epoch);
    struct ak_buf buf = AK_BUF_ARR(from_within);
    ak_buf_put_str(&buf, "../");
    ak_buf_put_str(&buf, place->parts[SERVICE]);
    ak_assert(ak_buf_terminate(&buf) == AK_OK);
    if (!remove_folder(self, epoch, from_within) || stops) return;
    if (enter(self, place, 1, FOLDER_ONLY, &wallet) != AK_OK) return;
    bool gone = remove_folder(self, wallet, place->parts[1]);
    close_folder(self, wallet);
    if (gone) (void)remove_folder(self, self->root_fd, place->parts[0]);
}

static enum ak_err remove_one(
    const struct ak_blob_directory *self, const struct ak_blob_file_place *place, bool sync)
{
    const struct ak_file_ops *ops = &self->ops.file;
    int fd = -1;
    enum ak_err err = enter(self, place, EPOCH, sync ? FOLDER_SYNCED : FOLDER_ONLY, &fd);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    if (ops->unlink(ops->ctx, fd, place->parts[FOLDERS]) && errno != ENOENT) err = AK_E_IO;
    if (!err && sync && ops->fsync(ops->ctx, fd)) err = AK_E_IO;
    if (!err) prune(self, place, fd);
    close_folder(self, fd);
    return err;
}

static enum ak_err directory_remove(void *impl, const struct ak_blob_name *name)
{
    struct ak_blob_file_place place;
    place_of(name, &place);
    return remove_one(impl, &place, true);
}

/* ---- many at once ---- */

static enum ak_err sync_all(struct ak_blob_directory *self)
{
    return self->ops.syncfs(self->ops.file.ctx, self->root_fd) ? io_error() : AK_OK;
}

static enum ak_err directory_remove_all(void *impl, const struct ak_blob_name *names, size_t count)
{
    struct ak_blob_directory *self = impl;
    enum ak_err err = AK_OK;
    for (size_t i = 0; i < count; i++) {
        struct ak_blob_file_place place;
        place_of(&names[i], &place);
        enum ak_err one = remove_one(self, &place, !self->syncs_all);
        if (!err) err = one;
    }
    enum ak_err synced = self->syncs_all ? sync_all(self) : AK_OK;
    return err ? err : synced ? AK_E_IO : AK_OK;
}

static enum ak_err enter_or_make_staged(
    struct ak_blob_directory *self, const struct ak_blob_file_place *place, int *out_service)
{
    enum ak_err err = enter(self, place, SERVICE, FOLDER_ONLY, out_service);
    return err == AK_E_NOT_FOUND ? make_way(self, place, SERVICE, false, out_service) : err;
}

/* The folder of the epoch is a new one most of the time: it is made without asking first. */
static enum ak_err stage_in(const struct ak_blob_directory *self, int service,
    const struct ak_blob_file_place *place, struct ak_span blob)
{
    const char *path = place->path + (place->parts[SERVICE] - place->text);
    if (self->ops.mkdir(self->ops.file.ctx, service, place->parts[SERVICE], 0700) && errno != EEXIST)
        return io_error();
    int fd = self->ops.open_below(self->ops.file.ctx, service, path, O_WRONLY | O_CREAT | O_EXCL);
    return fd < 0 ? io_error() : ak_durable_write_open(&self->ops.file, fd, blob);
}

static enum ak_err directory_stage(void *impl, const struct ak_blob_name *name, struct ak_span blob)
{
    struct ak_blob_directory *self = impl;
    struct ak_blob_file_place place;
    int service = -1;
    if (!self->syncs_all) return directory_write(impl, name, blob);
    place_of(name, &place);
    enum ak_err err = enter_or_make_staged(self, &place, &service);
    if (!err) err = stage_in(self, service, &place, blob);
    close_folder(self, service);
    if (!err) return AK_OK;
    self->doubt = true; /* a folder may have been made */
    (void)remove_one(self, &place, false);
    return err;
}

static enum ak_err directory_commit(void *impl, const struct ak_blob_name *names, size_t count)
{
    struct ak_blob_directory *self = impl;
    enum ak_err err = self->syncs_all ? sync_all(self) : AK_OK;
    if (!err) return AK_OK;
    self->doubt = true;
    for (size_t i = 0; i < count; i++) {
        struct ak_blob_file_place place;
        place_of(&names[i], &place);
        (void)remove_one(self, &place, false);
    }
    return err;
}

static void directory_close(void *impl)
{
    struct ak_blob_directory *self = impl;
    close_folder(self, self->root_fd);
    free(self);
}

enum ak_err ak_blob_directory_open(
    int data_dir_fd, const struct ak_blob_file_ops *ops, struct ak_blob_store *out_store)
{
    static const struct ak_blob_store_ops directory_ops = {.write = directory_write,
        .stage = directory_stage,
        .commit = directory_commit,
        .read = directory_read,
        .remove = directory_remove,
        .remove_all = directory_remove_all,
        .list = ak_blob_directory_list,
        .walk = ak_blob_directory_walk,
        .walk_next = ak_blob_directory_walk_next,
        .walk_end = ak_blob_directory_walk_end,
        .close = directory_close};
    *out_store = (struct ak_blob_store){0};
    struct ak_blob_directory *self = calloc(1, sizeof *self);
    if (!self) return AK_E_FULL;
    self->ops = ops ? *ops : ak_blob_file_ops_system();
    enum ak_err err = enter_or_make(self, data_dir_fd, AK_BLOB_DIRECTORY, true, &self->root_fd);
    if (!err && self->ops.syncfs(self->ops.file.ctx, self->root_fd)) err = io_error();
    if (err) {
        directory_close(self);
        return err;
    }
    self->syncs_all = self->ops.syncs_all(self->ops.file.ctx, self->root_fd);
    *out_store = (struct ak_blob_store){&directory_ops, self};
    return AK_OK;
}
