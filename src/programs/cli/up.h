/* Inside `agentkeys up` only: the worker's settings, the broker's, and running both. */
#ifndef AK_PROGRAMS_CLI_UP_H
#define AK_PROGRAMS_CLI_UP_H

#include "io/conf/broker_conf.h"
#include "io/conf/worker_conf.h"
#include "programs/cli/worker_binary.h"
#include "programs/command/cli.h"

enum {
    AK_UP_ARGS_MAX = 64,
    AK_UP_FLAG_MAX = AK_CONF_TEXT_MAX + AK_CONF_FLAG_MAX + 4,
    AK_UP_ENV_MAX = 512,
};

/* Arguments of a child, which lie in `memory`. */
struct ak_up_args {
    char *list[AK_UP_ARGS_MAX + 1];
    char memory[AK_UP_ARGS_MAX][AK_UP_FLAG_MAX];
    size_t count;
};

enum ak_up_said { AK_UP_UNSAID, AK_UP_ON, AK_UP_OFF };

struct ak_up {
    struct ak_cli *cli;
    bool help;
    struct ak_conf conf;     /* the worker's */
    const char *config_file; /* of the worker, where it was named */
    char worker[AK_WORKER_PATH_MAX], broker[AK_WORKER_PATH_MAX];
    struct ak_up_args worker_args, broker_args;
    /* the broker */
    enum ak_up_said said;
    bool with_broker;
    const char *broker_file, *broker_listen;
    const char
        *broker_flags[AK_CONF_KEYS_MAX]; /* by the broker's table; those that the worker has, too: NULL */
    struct ak_conf broker_conf;
    char folder[AK_CONF_TEXT_MAX]; /* of its keys and state */
    char url[AK_CONF_TEXT_MAX];    /* where people reach it */
    const char *env[AK_UP_ENV_MAX + 1];
};

/* True for a setting that is the broker's alone: `up` takes it as a flag. */
bool ak_up_is_brokers(size_t key);
bool ak_up_has_sealed_state(const struct ak_up *up);

/* An argument more; false where there is no room. Flags with an empty value are given as such. */
bool ak_up_add(struct ak_up_args *args, const char *word);
bool ak_up_add_flag(struct ak_up_args *args, const char *setting, const char *value);

/* Whether there shall be a broker, its keys where they are missing, and both programs' arguments about it:
 * keys before the worker's first start, as the worker seals whom it believes. 0 or the exit status. */
int ak_up_prepare_broker(struct ak_up *up);
/* A program to its end, what it says on standard error; true where it went well. */
bool ak_up_run(const char *program, char *const *args, const char *const *env);
/* Both until the worker ends; signals are handed on, and a broker that was killed is started again. */
int ak_up_run_both(struct ak_up *up);

#endif
