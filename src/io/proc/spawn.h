/* Children are this same binary started again with a role and a few descriptors at fixed numbers; nothing
 * else is inherited (no other descriptor, an environment of our choosing). The child is killed when the
 * parent dies. Parent: one thread. No secrets in argv or environment. */
#ifndef AK_IO_PROC_SPAWN_H
#define AK_IO_PROC_SPAWN_H

#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"

/* Fixed numbers in every child. */
enum {
    AK_FD_STATUS = 3, /* write end: 'R' once when ready, 'W' as heart beat */
    AK_FD_CONF = 4,   /* read end: configuration text (ak_conf_load_text), then EOF */
    AK_FD_PEER = 5,   /* channel: keeper <-> gateway */
    AK_FD_FIRST = 6,  /* role's own: listening sockets … */
    AK_FD_CHILD_MAX = 16
};

struct ak_spawn_fd {
    int fd;       /* in the parent; stays open there */
    int child_fd; /* 3 .. AK_FD_CHILD_MAX - 1, each once */
};
struct ak_spawn {
    const char *role;        /* "keeper"; becomes --role=keeper */
    const char *const *args; /* further arguments, NULL-ended; may be NULL */
    const char *const *env;  /* NULL-ended; may be NULL: empty */
    const struct ak_spawn_fd *fds;
    size_t fd_count;
    const char *exe; /* NULL: /proc/self/exe */
};
struct ak_child {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: none */
    const char *role;
};

/* Forks and executes. AK_E_ARG (numbers), AK_E_IO. An exec that fails shows as exit status 127. */
AK_MUST_USE enum ak_err ak_spawn_self(const struct ak_spawn *spawn, struct ak_child *out_child);
/* A read-only descriptor (sealed memfd at offset 0) with `text`; close-on-exec. */
AK_MUST_USE enum ak_err ak_spawn_text_fd(struct ak_span text, int *out_fd);
/* Reads a descriptor to its end, at most cap bytes. AK_E_LIMIT, AK_E_IO. Closes it. */
AK_MUST_USE enum ak_err ak_spawn_read_all(int fd, uint8_t *out_bytes, size_t cap, size_t *out_len);
/* The role given by --role=, NULL where this process was started by a person. */
const char *ak_spawn_role(int argc, char **argv);

/* In the child: tell the supervisor. Both do nothing where AK_FD_STATUS is not open. */
void ak_child_ready(void);
void ak_child_beat(void);

#endif
