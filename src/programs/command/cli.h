/* The frame of both command line programs: a table of subcommands gives dispatch, help, man page and
 * completion; a run carries configuration, device, token and connection. Every command returns an exit status
 * by category (io/client/error.h). Secrets are neither arguments nor output, but for the recovery code and
 * an invite, which are made to be shown once. One thread. */
#ifndef AK_PROGRAMS_COMMAND_CLI_H
#define AK_PROGRAMS_COMMAND_CLI_H

#include "core/keys/path.h"
#include "io/client/client.h"
#include "io/client/profile.h"
#include "io/conf/client_conf.h"

enum { AK_CLI_OPTIONS_MAX = 16, AK_CLI_JOINED_MAX = 8192 };

struct ak_cli;

struct ak_cli_option {
    const char *name;
    const char *value; /* placeholder: "LABEL"; NULL: a switch */
    const char *doc;
    bool many; /* may be repeated: the values are joined by commas; one such option a command */
};
struct ak_cli_command {
    const char *noun;
    const char *verb;     /* NULL: the noun alone */
    const char *operands; /* as usage shows them: "CODE", "[FILE]"; "" for none */
    int min_operands;
    int max_operands;
    const char *doc;     /* one sentence */
    const char *example; /* a line that works */
    const char *json;    /* what --json prints, in one sentence */
    const struct ak_cli_option *options;
    size_t option_count;
    int (*run)(struct ak_cli *cli);
    bool own_arguments; /* takes everything behind its name as it stands */
};
struct ak_cli_program {
    const char *name;
    const char *summary;
    const struct ak_cli_command *commands;
    size_t count;
    bool agent; /* keeps state by label, acts with an agent's token */
};

struct ak_cli {
    const struct ak_cli_program *program;
    const struct ak_cli_command *command;
    struct ak_conf_dirs dirs;
    struct ak_conf conf;
    bool json;
    bool yes;
    const char *values[AK_CLI_OPTIONS_MAX]; /* by the command's options; "" for a switch, NULL: not given */
    char joined[AK_CLI_JOINED_MAX];         /* of an option that may be repeated */
    int operand_count;
    char **operands;
    int argc; /* own_arguments: what stands behind the command's name, argv[0] the program's */
    char **argv;

    struct ak_target target;
    struct ak_profile profile;
    struct ak_client_device device;
    bool device_made;
    struct ak_saved saved;
    struct ak_client client;
    uint8_t delivery_key[32]; /* of the keeper, for reads; see ak_cli_meet_keeper */
    struct ak_client_error error;
    /* Gets another token where the worker did not take this one: true, and the call is made once more. */
    bool (*renew)(struct ak_cli *cli, void *ctx);
    void *renew_ctx;
    char notice[AK_FETCH_NOTICE_MAX + 1]; /* shown already */
    int trace_fd;                         /* record of calls, where AGENTKEYS_TRACE names a file; else -1 */
};

#define AK_CLI_OPTIONS(array) .options = (array), .option_count = AK_COUNT(array)

/* The whole program: arguments to exit status. */
int ak_cli_main(const struct ak_cli_program *program, int argc, char **argv);

/* NULL where the option was not given (or the command does not have it). */
const char *ak_cli_value(const struct ak_cli *cli, const char *name);
bool ak_cli_has(const struct ak_cli *cli, const char *name);

/* ---- failing: three lines (problem, cause, next), or the wire's error object with --json ---- */
int ak_cli_fail(struct ak_cli *cli, enum ak_client_category category, const char *problem, const char *cause,
    const char *next);
int ak_cli_fail_usage(struct ak_cli *cli, const char *problem, const char *cause);
/* From cli->error; `problem` says what was tried. */
int ak_cli_fail_call(struct ak_cli *cli, const char *problem);
int ak_cli_fail_state(struct ak_cli *cli, enum ak_err err, const char *problem);
/* At the end: standard output did not take what a command said, whose exit status would have been `status`.
 * Silent where a reader went away: he knows. */
int ak_cli_fail_output(const struct ak_cli *cli, int status, int why);

/* ---- opening; each gives 0 or the exit status of a failure that has been printed ---- */
/* Where the worker is, and whether this client may talk to it. */
int ak_cli_open_target(struct ak_cli *cli);
/* Folder and device key of the profile, or of an agent where `label` is not NULL. */
int ak_cli_open_device(struct ak_cli *cli, const char *label);
/* The connection, not yet made; a pin where there is TLS: at the first meeting a person compares it, if
 * `enrol`. */
int ak_cli_open_client(struct ak_cli *cli, bool enrol);
/* A connection to `target`. `pin` as in ak_client_open. */
int ak_cli_open_at(
    struct ak_cli *cli, const struct ak_target *target, const uint8_t *pin, struct ak_client *out_client);
/* A second connection like the first, with the same token. */
int ak_cli_open_another(struct ak_cli *cli, struct ak_client *out_client);
/* All of these and the saved session, which is not yet over. */
int ak_cli_open_session(struct ak_cli *cli);
/* The saved token into cli->saved. AK_E_NOT_FOUND and others as ak_profile_load. */
AK_MUST_USE enum ak_err ak_cli_load_saved(struct ak_cli *cli);
/* Saves cli->saved and uses its token. */
int ak_cli_keep_saved(struct ak_cli *cli);
void ak_cli_close(struct ak_cli *cli);

/* A call; failures are printed. Shows the worker's notice, once. */
int ak_cli_call(struct ak_cli *cli, unsigned call, const void *request, void *out_reply, const char *problem);
/* The notice of the newest answer on stderr. */
void ak_cli_show_notice(struct ak_cli *cli, const struct ak_client *client);

/* y or n from the terminal; --yes answers. Returns 0 for yes, else the exit status. */
int ak_cli_confirm(struct ak_cli *cli, const char *question);

/* Reads a file whole, or standard input for "-". AK_E_NOT_FOUND, AK_E_LIMIT, AK_E_IO. */
AK_MUST_USE enum ak_err ak_cli_read_file(const char *path, struct ak_buf *out_bytes);

/* Parses the value of --scope, --rate, --valid-for into what the calls take. 0 or the exit status. */
struct ak_cli_grant {
    bool has_scope, has_rate, has_valid;
    uint8_t scope_text[AK_LIMIT_SCOPE_TEXT];
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_at;
};
int ak_cli_read_grant(struct ak_cli *cli, struct ak_cli_grant *out_grant);
/* --wait in seconds, 0 where it was not given. 0 or the exit status. */
int ak_cli_read_wait(struct ak_cli *cli, uint64_t *out_seconds);
/* The label operand (with its generation, if one was typed), or the --label option. */
int ak_cli_read_label(struct ak_cli *cli, const char *text, struct ak_path *out_path);

#endif
