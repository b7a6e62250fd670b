/* Settings from one table of keys: the table gives key, type, default, range and doc line, and everything
 * else follows from it: the file's parser, flags, environment, --check-config's listing, the man page's
 * section. Flag over environment over file over default. Guarantees: every value that is read out was parsed
 * and in range; an unknown key in the file or an unknown flag stops the start. Unknown AGENTKEYS_ variables
 * are left alone, as client and worker share them. No secrets: a setting holds a file's path, never its
 * content. Names: `session_lifetime` in the file, `--session-lifetime` as flag, `AGENTKEYS_SESSION_LIFETIME`
 * in the environment (a dot becomes '-' and '_'). Threads: read-only after loading. */
#ifndef AK_IO_CONF_CONF_H
#define AK_IO_CONF_CONF_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/conf/boot_fail.h"

enum { AK_CONF_KEYS_MAX = 40, AK_CONF_TEXT_MAX = 512, AK_CONF_FILE_MAX = 64 * 1024 };
enum { AK_CONF_FLAG_MAX = 48, AK_CONF_ENV_MAX = 64 };

enum ak_conf_type {
    AK_CONF_TEXT,     /* any text without control bytes; min..max is its length */
    AK_CONF_PATH,     /* absolute path, or empty where min is 0 */
    AK_CONF_SWITCH,   /* on | off; as a flag also without a value */
    AK_CONF_CHOICE,   /* one of `choices`, separated by '|' */
    AK_CONF_NUMBER,   /* decimal, min..max */
    AK_CONF_DURATION, /* decimal with s, m, h or d (plain: seconds); min..max in seconds */
    AK_CONF_LISTEN,   /* IPv4:port, [IPv6]:port, or none; port 0 lets the system choose */
    AK_CONF_URL,      /* http(s)://host[:port][/path] or unix:/path, or empty where min is 0 */
};

struct ak_conf_key {
    const char *name;
    enum ak_conf_type type;
    const char
        *default_text; /* may begin with ${data}, ${run}, ${home} or ${client}: see struct ak_conf_dirs */
    uint64_t min, max;
    const char *choices; /* for AK_CONF_CHOICE */
    const char *doc;     /* one sentence */
};
struct ak_conf_table {
    const char *program; /* "agentkeys-worker" */
    const char *see;     /* doc section named by failures */
    const struct ak_conf_key *keys;
    size_t count;
};

/* Where defaults point to: $XDG_DATA_HOME (~/.local/share) and $XDG_RUNTIME_DIR (or data/run), each with
 * /agentkeys. Root without XDG_DATA_HOME: /var/lib/agentkeys and /run/agentkeys, but for what clients keep.
 * $STATE_DIRECTORY and $RUNTIME_DIRECTORY of a service manager go over all. */
struct ak_conf_dirs {
    char data[256];
    char run[256];
    char home[256];   /* $XDG_CONFIG_HOME/agentkeys or ~/.config/agentkeys; root: the same */
    char client[256]; /* data/client; root: ~/.local/share/agentkeys/client */
};
/* AK_E_MEANING where neither HOME nor the XDG variable is set, AK_E_LIMIT for an over-long one. */
AK_MUST_USE enum ak_err ak_conf_dirs_find(
    const char *const *envp, bool is_root, struct ak_conf_dirs *out_dirs);

enum ak_conf_source { AK_CONF_FROM_DEFAULT, AK_CONF_FROM_FILE, AK_CONF_FROM_ENV, AK_CONF_FROM_FLAG };
struct ak_conf_value {
    char text[AK_CONF_TEXT_MAX];
    uint64_t number; /* number, seconds, 0/1, index of the choice */
    enum ak_conf_source source;
};
struct ak_conf {
    const struct ak_conf_table *table;
    struct ak_conf_value values[AK_CONF_KEYS_MAX];
};

/* A program's own option beside the table's ("check-config", "help"). */
struct ak_conf_option {
    const char *name;
    char letter; /* 0: none */
    bool has_value;
};
struct ak_conf_input {
    struct ak_conf_dirs dirs;
    const char *file;        /* NULL: none */
    bool file_required;      /* named by --config: its absence is a failure */
    const char *section;     /* profile: keys of [section] go over those before any section; NULL: none */
    bool section_optional;   /* else a file without it is no_profile */
    const char *const *envp; /* NULL: none */
    int argc;                /* with argv[0]; 0: none */
    char **argv;
    const struct ak_conf_option *options;
    size_t option_count;
    /* Called for each of `options` met; an error is reported as bad_flag. NULL: they are passed over. */
    enum ak_err (*on_option)(void *ctx, const struct ak_conf_option *option, const char *value);
    void *ctx;
    int out_argc;    /* what is left over: operands, argv[0] not counted; order kept */
    char **out_argv; /* points into argv */
};

/* Fills `out_conf`. On failure `out_fail` says what to print; codes: unknown_key bad_value bad_config (file
 * unreadable, malformed, too long, writable by others) unknown_flag bad_flag no_profile. `in->file` may come
 * from an option: --config FILE is known to every table. Flags may stand before or after operands; `--` ends
 * them. */
AK_MUST_USE enum ak_err ak_conf_load(struct ak_conf *out_conf, const struct ak_conf_table *table,
    struct ak_conf_input *in, struct ak_boot_fail *out_fail);

/* sign_in.local -> sign-in-local, AGENTKEYS_SIGN_IN_LOCAL */
void ak_conf_flag_name(const char *key, char out[AK_CONF_FLAG_MAX]);
void ak_conf_env_name(const char *key, char out[AK_CONF_ENV_MAX]);

/* Values. `key` is the index in the table (the table's header has an enum); the type must fit (assert). */
const char *ak_conf_text(const struct ak_conf *conf, unsigned key);
uint64_t ak_conf_number(const struct ak_conf *conf, unsigned key);
uint64_t ak_conf_ms(const struct ak_conf *conf, unsigned key); /* a duration */
bool ak_conf_on(const struct ak_conf *conf, unsigned key);
/* Index of the choice in `choices`. */
unsigned ak_conf_choice(const struct ak_conf *conf, unsigned key);

/* The whole configuration in the file's syntax, for --check-config; with_sources appends where each came from
 * as a comment. */
void ak_conf_print(const struct ak_conf *conf, bool with_sources, struct ak_buf *out_text);
/* The whole configuration as one JSON object: {"listen": {"value": "...", "source": "default"}, ...}. */
void ak_conf_print_json(const struct ak_conf *conf, struct ak_buf *out_text);
/* The same for a child process: what was not given and is as in the table is left out, so that the child,
 * too, knows it for a default. */
void ak_conf_print_given(const struct ak_conf *conf, struct ak_buf *out_text);
/* Reads what either wrote. */
AK_MUST_USE enum ak_err ak_conf_load_text(struct ak_conf *out_conf, const struct ak_conf_table *table,
    struct ak_span text, struct ak_boot_fail *out_fail);

/* The man page's CONFIGURATION section in mdoc/man macros, or Markdown. */
enum ak_conf_doc { AK_CONF_DOC_MAN, AK_CONF_DOC_MARKDOWN, AK_CONF_DOC_HELP };
void ak_conf_document(const struct ak_conf_table *table, enum ak_conf_doc form, struct ak_buf *out_text);

/* Splits AK_CONF_LISTEN: "none" gives an empty host. Host without brackets. */
AK_MUST_USE enum ak_err ak_conf_split_listen(const char *text, char out_host[64], uint16_t *out_port);

#endif
