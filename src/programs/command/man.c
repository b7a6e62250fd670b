/* Man pages out of the tables. */
#include <string.h>

#include "io/conf/broker_conf.h"
#include "io/conf/worker_conf.h"
#include "programs/command/help.h"

/* In man pages a hyphen that is typed is \-; a line must not begin with a dot or a quote. */
static void put_text(struct ak_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\') ak_buf_put_u8(out, '\\');
        ak_buf_put_u8(out, (uint8_t)*text);
    }
}

static void put_line(struct ak_buf *out, const char *macro, const char *text)
{
    ak_buf_put_str(out, macro);
    put_text(out, text);
    ak_buf_put_u8(out, '\n');
}

static void put_title(struct ak_buf *out, const char *name, const char *summary)
{
    ak_buf_put_str(out, ".\\\" Made from the program's own table; see docs/man/meson.build.\n.TH ");
    for (const char *c = name; *c; c++) {
        if (*c == '-') ak_buf_put_u8(out, '\\');
        ak_buf_put_u8(out, (uint8_t)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c));
    }
    ak_buf_put_str(out, " 1 \"\" \"agentkeys " AK_VERSION "\"\n.SH NAME\n");
    put_text(out, name);
    ak_buf_put_str(out, " \\- ");
    put_text(out, summary);
    ak_buf_put_u8(out, '\n');
}

static void put_option(struct ak_buf *out, const struct ak_cli_option *option)
{
    ak_buf_put_str(out, ".TP\n.B \\-\\-");
    put_text(out, option->name);
    if (option->value) {
        ak_buf_put_str(out, " \\fI");
        put_text(out, option->value);
        ak_buf_put_str(out, "\\fR");
    }
    ak_buf_put_u8(out, '\n');
    put_line(out, "", option->doc);
}

static void put_command(
    struct ak_buf *out, const struct ak_cli_program *program, const struct ak_cli_command *command)
{
    char usage[256];
    struct ak_buf buf = AK_BUF_ARR(usage);
    ak_help_usage(program, command, &buf);
    if (ak_buf_terminate(&buf) != AK_OK) return;
    put_line(out, ".SS ", usage);
    put_line(out, "", command->doc);
    for (size_t i = 0; i < command->option_count; i++) put_option(out, &command->options[i]);
    ak_buf_put_str(out, ".PP\n.EX\n");
    put_line(out, "", command->example);
    ak_buf_put_str(out, ".EE\n.PP\nWith \\fB\\-\\-json\\fR: ");
    put_line(out, "", command->json);
}

static void put_statuses(struct ak_buf *out)
{
    ak_buf_put_str(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < AK_CATEGORY_COUNT; i++) {
        ak_buf_put_str(out, ".TP\n.B ");
        ak_buf_put_dec(out, (uint64_t)ak_cli_statuses[i].status);
        ak_buf_put_u8(out, '\n');
        put_line(out, "", ak_cli_statuses[i].meaning);
    }
}

void ak_help_man(const struct ak_cli_program *program, struct ak_buf *out)
{
    put_title(out, program->name, program->summary);
    ak_buf_put_str(out, ".SH SYNOPSIS\n.B ");
    put_text(out, program->name);
    ak_buf_put_str(out, "\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIOPERANDS\\fR]\n.SH DESCRIPTION\n");
    ak_buf_put_str(out,
        "Failures print three lines on standard error: the problem, its cause, and what to type next. A "
        "change that\n"
        "has to wait (its answer is \\fIwaiting\\fR with a time) is no failure.\n.PP\n"
        "Tokens and keys are files of mode 0600 below the setting \\fBstate_dir\\fR, never arguments or "
        "environment\n"
        "variables. What is shown, because that is its purpose: the recovery code, an invite, and what\n"
        "\\fBagentkeys\\-daemon token\\fR prints.\n");
    ak_buf_put_str(out, ".SH OPTIONS OF ALL COMMANDS\n");
    for (size_t i = 0; i < AK_CLI_COMMON_COUNT; i++) put_option(out, &ak_cli_common[i]);
    ak_buf_put_str(out,
        ".PP\nEach setting below is an option too: \\fB\\-\\-signer\\-url\\fR \\fIURL\\fR.\n.SH COMMANDS\n");
    for (size_t i = 0; i < program->count; i++) put_command(out, program, &program->commands[i]);
    ak_conf_document(&ak_client_conf_table, AK_CONF_DOC_MAN, out);
    put_statuses(out);
    ak_buf_put_str(out,
        ".SH ENVIRONMENT\n.TP\n.B AGENTKEYS_TRACE\nA file to which calls are recorded, without tokens, "
        "codes and addresses of people.\n"
        ".TP\n.B AGENTKEYS_...\nEach setting, in upper case.\n"
        ".SH FILES\n.TP\n.I ~/.config/agentkeys/config\nSettings; [NAME] begins a profile.\n"
        ".SH SEE ALSO\n.BR agentkeys (1),\n.BR agentkeys\\-daemon (1),\n.BR agentkeys\\-worker (1)\n");
}

static const struct {
    const char *usage;
    const char *doc;
} worker_commands[] = {
    {"agentkeys-worker serve [OPTIONS]", "Run the worker. This is what it does without a command, too."},
    {"agentkeys-worker init [--recovery-shares M-of-N --recipient CERTIFICATE ... [--share-dir FOLDER]] "
     "[--json] [--no-warning] [OPTIONS]",
        "Make the master secret and an empty ledger in data_dir, once; with recovery shares, split it for "
        "their holders. Without it the worker does not start. What the backend does not protect is printed, "
        "or with --no-warning left to the start to say."},
    {"agentkeys-worker restore --request FILE [OPTIONS]",
        "In a new data_dir, make a request for the holders of recovery shares."},
    {"agentkeys-worker restore --share REPLY ... --ledger EXPORT ... [--checkpoint FILE] [OPTIONS]",
        "Make a lost worker again from their replies and its exported ledger, archive files first; all comes "
        "back suspended."},
    {"agentkeys-worker check-config [--json] [OPTIONS]",
        "Check the configuration and print it, each value with its source."},
    {"agentkeys-worker ledger export|verify [--from N] [--json] [OPTIONS]",
        "Export (from entry N on) or verify the ledger in data_dir while no worker runs on it; verify --json "
        "prints entries, sealed_checkpoint, stored_values, archived and archive_read."},
    {"agentkeys-worker ledger archive --before N [--json] [OPTIONS]",
        "Move entries before N to a file in data_dir/archive, which agentkeys audit verify reads, and keep "
        "their hashes; --json prints archived, from, entries and file."},
};

static const struct {
    const char *usage;
    const char *doc;
} broker_commands[] = {
    {"agentkeys-broker serve [OPTIONS]", "Run the broker. This is what it does without a command, too."},
    {"agentkeys-broker init [OPTIONS]",
        "Make the signing key and the file key in data_dir, once, and the public half for the worker's "
        "broker_key."},
    {"agentkeys-broker check-config [OPTIONS]",
        "Check the configuration and print it, each value with its source."},
};

void ak_help_man_worker(struct ak_buf *out)
{
    put_title(
        out, "agentkeys-worker", "holds the keys, decides what agents may sign, keeps the ledger of it");
    ak_buf_put_str(out,
        ".SH SYNOPSIS\n.B agentkeys\\-worker\n[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n"
        "Three processes: a supervisor, a gateway that has the network and no key, and a keeper that has the "
        "keys\n"
        "and no network. A start that fails prints one line, BOOT_FAIL with code, setting and reason, and "
        "exits\n"
        "with 1. SIGTERM ends it after what is under way.\n.SH COMMANDS\n");
    for (size_t i = 0; i < AK_COUNT(worker_commands); i++) {
        put_line(out, ".SS ", worker_commands[i].usage);
        put_line(out, "", worker_commands[i].doc);
    }
    ak_buf_put_str(out, ".SH OPTIONS\n.TP\n.B \\-\\-config \\fIFILE\\fR\nAnother configuration file.\n"
                        ".TP\n.B \\-\\-help\nPrint help.\n.TP\n.B \\-\\-version\nPrint the version.\n"
                        ".PP\nEach setting below is an option too: \\fB\\-\\-data\\-dir\\fR \\fIPATH\\fR.\n");
    ak_conf_document(&ak_worker_conf_table, AK_CONF_DOC_MAN, out);
    ak_buf_put_str(out, ".SH EXAMPLES\n.EX\nagentkeys\\-worker init \\-\\-data\\-dir /var/lib/agentkeys\n"
                        "agentkeys\\-worker serve \\-\\-data\\-dir /var/lib/agentkeys\n.EE\n"
                        ".SH FILES\n.TP\n.I " AK_WORKER_CONF_FILE "\nSettings.\n"
                        ".SH SEE ALSO\n.BR agentkeys (1),\n.BR agentkeys\\-daemon (1)\n");
}

void ak_help_man_broker(struct ak_buf *out)
{
    put_title(out, "agentkeys-broker", "signs people in, by mail or by their wallet");
    ak_buf_put_str(out,
        ".SH SYNOPSIS\n.B agentkeys\\-broker\n[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n"
        "Stands before a worker and signs people in. The worker believes it only for opening accounts and\n"
        "starting recoveries; signatures of wallets and proofs of devices it checks itself. A start that "
        "fails\n"
        "prints one line, BOOT_FAIL with code, setting and reason, and exits with 1. SIGTERM ends it after "
        "what\n"
        "is under way.\n.SH COMMANDS\n");
    for (size_t i = 0; i < AK_COUNT(broker_commands); i++) {
        put_line(out, ".SS ", broker_commands[i].usage);
        put_line(out, "", broker_commands[i].doc);
    }
    ak_buf_put_str(out, ".SH OPTIONS\n.TP\n.B \\-\\-config \\fIFILE\\fR\nAnother configuration file.\n"
                        ".TP\n.B \\-\\-help\nPrint help.\n.TP\n.B \\-\\-version\nPrint the version.\n"
                        ".PP\nEach setting below is an option too: \\fB\\-\\-mail\\-url\\fR \\fIURL\\fR.\n");
    ak_conf_document(&ak_broker_conf_table, AK_CONF_DOC_MAN, out);
    ak_buf_put_str(out,
        ".SH EXAMPLES\n.EX\nagentkeys\\-broker init \\-\\-data\\-dir /var/lib/agentkeys\\-broker\n"
        "agentkeys\\-broker serve \\-\\-mail\\-url smtps://mail.example.org \\-\\-mail\\-from "
        "keys@example.org\n.EE\n"
        ".SH FILES\n.TP\n.I " AK_BROKER_CONF_FILE "\nSettings.\n"
        ".SH SEE ALSO\n.BR agentkeys\\-worker (1),\n.BR agentkeys (1)\n");
}
