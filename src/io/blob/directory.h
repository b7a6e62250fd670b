/* Inside io/blob: the folder of blobs, and the walk over it. */
#ifndef AK_IO_BLOB_DIRECTORY_H
#define AK_IO_BLOB_DIRECTORY_H

#include "io/blob/blob.h"

enum { AK_BLOB_FOLDERS = 3 }; /* that a blob's file lies in: home wallet, service, epoch */

/* A blob's name, whole and in its parts: three folders and a file. */
struct ak_blob_file_place {
    char path[AK_BLOB_NAME_MAX + 1], text[AK_BLOB_NAME_MAX + 1];
    const char *parts[AK_BLOB_FOLDERS + 1]; /* into text, so it is not to be copied */
};

struct ak_blob_directory {
    struct ak_blob_file_ops ops;
    int root_fd;
    bool doubt;     /* a folder may not be durable in its parent */
    bool syncs_all; /* one syncfs makes many files durable */
};

/* As open: -1 and errno. */
int ak_blob_folder_open(const struct ak_blob_directory *self, int at, const char *name);

/* system.c: open_below without openat2. */
int ak_blob_open_by_steps(void *ctx, int dir_fd, const char *path, int flags);

/* walk.c: operations of the store. */
enum ak_err ak_blob_directory_list(void *impl, ak_blob_visit *visit, void *ctx);
enum ak_err ak_blob_directory_walk(void *impl, struct ak_blob_walk **out_walk);
enum ak_err ak_blob_directory_walk_next(struct ak_blob_walk *walk, struct ak_blob_name *out_name);
void ak_blob_directory_walk_end(struct ak_blob_walk *walk);

#endif
