/* <data>/blobs/<home wallet>/<service>/<epoch>/<blob id>.enc. A folder that is made is synced in its parent
 * before anything is put into it. What an earlier process made and perhaps did not sync, syncfs does at the
 * opening; what this one failed to sync, it syncs anew each time (`doubt`). Many blobs at once are written
 * under temporary names, synced together by syncfs, renamed, and synced again: content before name here, too.
 * Where syncfs cannot be relied on each is written and synced by itself. The walk is walk.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/blob/directory.h"

enum { FOLDERS = AK_BLOB_FOLDERS, PARTS = FOLDERS + 1, FILE_NAME_MAX = 48 };

/* How a folder on the way to a blob is come by. */
enum making { NOT_MADE, MADE_SYNCED, MADE_STAGED };

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

/* Since Linux 5.8 syncfs says when something could not be written. File systems of which it is known that all
 * of it is durable afterwards; a stacked or remote one may pass on less. */
static bool system_syncs_all(void *ctx, int fd)
{
    static const unsigned long good[] = {0xef53 /* ext4 */, 0x58465342 /* XFS */, 0x9123683e /* Btrfs */,
        0xf2f52010 /* F2FS */, 0x01021994 /* tmpfs, which keeps nothing anyway */};
    struct utsname kernel;
    struct statfs found;
    (void)ctx;
    if (uname(&kernel) || fstatfs(fd, &found)) return false;
    char *rest = NULL;
    unsigned long major = strtoul(kernel.release, &rest, 10);
    unsigned long minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
    bool reports = major > 5 || (major == 5 && minor >= 8);
    for (size_t i = 0; reports && i < AK_COUNT(good); i++)
        if ((unsigned long)found.f_type == good[i]) return true;
    return false;
}

struct ak_blob_file_ops ak_blob_file_ops_system(void)
{
    return (struct ak_blob_file_ops){
        ak_file_ops_system(), system_mkdir, system_rmdir, system_syncfs, system_syncs_all};
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

/* AK_E_NOT_FOUND where it is missing. */
static enum ak_err enter(const struct ak_blob_directory *self, int at, const char *name, int *out_fd)
{
    *out_fd = ak_blob_folder_open(self, at, name);
    if (*out_fd >= 0) return AK_OK;
    return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
}

static enum ak_err enter_or_make(
    struct ak_blob_directory *self, int at, const char *name, enum making making, int *out_fd)
{
    *out_fd = ak_blob_folder_open(self, at, name);
    bool make = *out_fd < 0 && errno == ENOENT;
    if (make) {
        if (self->ops.mkdir(self->ops.file.ctx, at, name, 0700)) return io_error();
        *out_fd = ak_blob_folder_open(self, at, name);
        self->doubt = self->doubt || *out_fd < 0;
    }
    if (*out_fd < 0) return AK_E_IO;
    bool sync = making == MADE_SYNCED && (make || self->doubt);
    enum ak_err err = sync ? sync_folder(self, at) : AK_OK;
    if (!err) return AK_OK;
    close_folder(self, *out_fd);
    *out_fd = -1;
    return err;
}

/* The folder that a blob's file lies in, from the root down. */
static enum ak_err walk(
    struct ak_blob_directory *self, const struct place *place, enum making making, int *out_fd)
{
    int at = self->root_fd;
    for (size_t i = 0; i < FOLDERS; i++) {
        int next = -1;
        enum ak_err err = making ? enter_or_make(self, at, place->parts[i], making, &next)
                                 : enter(self, at, place->parts[i], &next);
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
    struct place place;
    int fd = -1;
    place_of(name, &place);
    AK_TRY(walk(self, &place, MADE_SYNCED, &fd));
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
    struct place place;
    int fd = -1;
    *out_len = 0;
    place_of(name, &place);
    enum ak_err err = walk(self, &place, NOT_MADE, &fd);
    if (!err) err = ak_durable_read(&self->ops.file, fd, place.parts[FOLDERS], out_blob, cap, out_len);
    close_folder(self, fd);
    return err == AK_E_NOT_FOUND ? not_found(self) : err;
}

/* Folders that the removal left empty, from the inside out. One that is not empty stays. */
static void prune(struct ak_blob_directory *self, struct place *place)
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

static enum ak_err remove_one(struct ak_blob_directory *self, const struct ak_blob_name *name, bool sync)
{
    struct place place;
    int fd = -1;
    place_of(name, &place);
    enum ak_err err = walk(self, &place, NOT_MADE, &fd);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    if (self->ops.file.unlink(self->ops.file.ctx, fd, place.parts[FOLDERS]) && errno != ENOENT) err = AK_E_IO;
    if (!err && sync) err = self->ops.file.fsync(self->ops.file.ctx, fd) ? AK_E_IO : AK_OK;
    close_folder(self, fd);
    if (!err) prune(self, &place);
    return err;
}

static enum ak_err directory_remove(void *impl, const struct ak_blob_name *name)
{
    return remove_one(impl, name, true);
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
        enum ak_err one = remove_one(self, &names[i], !self->syncs_all);
        if (!err) err = one;
    }
    enum ak_err synced = self->syncs_all ? sync_all(self) : AK_OK;
    return err ? err : synced ? AK_E_IO : AK_OK;
}

static enum ak_err directory_stage(void *impl, const struct ak_blob_name *name, struct ak_span blob)
{
    struct ak_blob_directory *self = impl;
    struct place place;
    char temp[FILE_NAME_MAX];
    int fd = -1;
    if (!self->syncs_all) return directory_write(impl, name, blob);
    place_of(name, &place);
    temp_name(place.parts[FOLDERS], temp);
    enum ak_err err = walk(self, &place, MADE_STAGED, &fd);
    if (!err) err = ak_durable_stage(&self->ops.file, fd, temp, blob);
    if (err) self->doubt = true; /* a folder may have been made */
    if (err && fd >= 0) remove_temp(self, fd, place.parts[FOLDERS]);
    close_folder(self, fd);
    return err;
}

static enum ak_err give_name(struct ak_blob_directory *self, const struct ak_blob_name *name)
{
    struct place place;
    char temp[FILE_NAME_MAX];
    int fd = -1;
    place_of(name, &place);
    temp_name(place.parts[FOLDERS], temp);
    AK_TRY(walk(self, &place, NOT_MADE, &fd));
    bool failed = self->ops.file.rename(self->ops.file.ctx, fd, temp, place.parts[FOLDERS]) != 0;
    enum ak_err err = failed ? io_error() : AK_OK;
    close_folder(self, fd);
    return err;
}

/* Nobody names them yet, so they go under either name. */
static void take_back(struct ak_blob_directory *self, const struct ak_blob_name *name)
{
    struct place place;
    int fd = -1;
    place_of(name, &place);
    if (walk(self, &place, NOT_MADE, &fd) != AK_OK) return;
    remove_temp(self, fd, place.parts[FOLDERS]);
    (void)self->ops.file.unlink(self->ops.file.ctx, fd, place.parts[FOLDERS]);
    close_folder(self, fd);
    prune(self, &place);
}

static enum ak_err directory_commit(void *impl, const struct ak_blob_name *names, size_t count)
{
    struct ak_blob_directory *self = impl;
    if (!self->syncs_all) return AK_OK;
    enum ak_err err = sync_all(self);
    for (size_t i = 0; i < count && !err; i++) err = give_name(self, &names[i]);
    if (!err) err = sync_all(self);
    if (!err) return AK_OK;
    self->doubt = true;
    for (size_t i = 0; i < count; i++) take_back(self, &names[i]);
    return err == AK_E_FULL ? err : AK_E_IO;
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
    enum ak_err err = enter_or_make(self, data_dir_fd, AK_BLOB_DIRECTORY, MADE_SYNCED, &self->root_fd);
    if (!err && self->ops.syncfs(self->ops.file.ctx, self->root_fd)) err = io_error();
    if (err) {
        directory_close(self);
        return err;
    }
    self->syncs_all = self->ops.syncs_all(self->ops.file.ctx, self->root_fd);
    *out_store = (struct ak_blob_store){&directory_ops, self};
    return AK_OK;
}
