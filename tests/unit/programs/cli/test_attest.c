/* agentkeys attest verify from its arguments to text and exit status: what is refused and why, and each
 * misuse. Genuine evidence, where AK_SHARED has it, is accepted; made evidence leads to no root that the
 * program knows. */
#include "unit/check.h"

#include <fcntl.h>
#include <unistd.h>

#include "programs/cli/commands.h"
#include "unit/attest/made.h"

enum { OUT_MAX = 64 * 1024, ARGS_MAX = 24 };

static char folder[64], out[OUT_MAX], errors[OUT_MAX];
static struct made_snp made;

static const char *path_of(const char *name)
{
    static char paths[8][160];
    static size_t next;
    char *path = paths[next++ % AK_COUNT(paths)];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, struct ak_span bytes)
{
    FILE *file = fopen(path_of(name), "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static void read_back(const char *name, char text[OUT_MAX])
{
    FILE *file = fopen(path_of(name), "re");
    assert_non_null(file);
    text[fread(text, 1, OUT_MAX - 1, file)] = 0;
    (void)fclose(file);
}

/* Runs the command with what it prints in files. `line` are its arguments with blanks between; F: stands for
 * the folder, E: for the evidence of AK_SHARED. */
static int run(const char *line)
{
    static char words[ARGS_MAX][512];
    char *argv[ARGS_MAX + 1] = {0}, full[2048];
    const char *shared = getenv("AK_SHARED");
    int argc = 0, kept[2] = {dup(1), dup(2)};
    (void)snprintf(full, sizeof full, "agentkeys attest verify %s", line);
    for (const char *word = full; *word && argc < ARGS_MAX; argc++) {
        int len = (int)strcspn(word, " ");
        argv[argc] = words[argc];
        if (strncmp(word, "F:", 2) == 0)
            (void)snprintf(words[argc], sizeof words[0], "%s/%.*s", folder, len - 2, word + 2);
        else if (strncmp(word, "E:", 2) == 0)
            (void)snprintf(words[argc], sizeof words[0], "%s/evidence/%.*s", shared ? shared : "../shared",
                len - 2, word + 2);
        else
            (void)snprintf(words[argc], sizeof words[0], "%.*s", len, word);
        word += len + (word[len] == ' ');
    }
    (void)fflush(stdout);
    int to_out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int to_err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(dup2(to_out, 1) == 1 && dup2(to_err, 2) == 2);
    int status = ak_cli_main(&ak_cli_agentkeys, argc, argv);
    (void)fflush(stdout);
    assert_true(dup2(kept[0], 1) == 1 && dup2(kept[1], 2) == 2);
    (void)close(to_out);
    (void)close(to_err);
    (void)close(kept[0]);
    (void)close(kept[1]);
    read_back("out", out);
    read_back("err", errors);
    return status;
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/ak-attest.XXXXXX");
    if (!mkdtemp(folder) || setenv("HOME", folder, 1) != 0) return -1;
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)unsetenv("XDG_DATA_HOME");
    made_snp_init(&made, AK_SNP_GENOA, false);
    write_file("report", AK_SPAN_ARR(made.report));
    write_file("vcek", made_cert_span(&made.leaf));
    write_file("chain", ak_span(made.chain, made.chain_len));
    write_file("policy", AK_SPAN_LIT("{\"freshness\":\"none\"}"));
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = {"report", "vcek", "chain", "policy", "long", "out", "err"};
    (void)state;
    made_snp_done(&made);
    for (size_t i = 0; i < AK_COUNT(names); i++) (void)unlink(path_of(names[i]));
    return rmdir(folder);
}

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(run("F:report --kind snp --certificate F:vcek --chain F:chain --policy F:policy --at "
                         "2025-01-01T00:01:00Z"),
        AK_CATEGORY_DENIED);
    assert_string_equal(out,
        "verdict           refused\n"
        "kind              AMD SEV-SNP report\n"
        "machine           unknown\n"
        "measurement       unknown: nothing in this evidence can be believed\n"
        "trust             instance-identity 97 (contraindicated), hardware 99 (contraindicated)\n"
        "failed            chain: the report's certificate does not chain to the pinned root\n"
        "  what to do      fetch the certificates of this very machine from its maker; if they are, do not "
        "trust it\n");
    assert_string_equal(errors, "");
    assert_int_equal(run("F:report --kind snp --json"), AK_CATEGORY_DENIED);
    assert_non_null(strstr(out, "{\"kind\":\"snp\",\"accepted\":false,\"authentic\":false,"));
    assert_non_null(strstr(out, "\"check\":\"input\""));
    assert_int_equal(run("F:report --kind nitro"), AK_CATEGORY_DENIED);
    assert_non_null(strstr(out, "failed            format: "));
}

/* Problem, cause and next command for each misuse. */
static void test_misuse(void **state)
{
    static uint8_t large[1024 * 1024 + 1];
    static const struct {
        const char *line;
        int status;
        const char *says;
    } rows[] = {
        {"F:report", AK_CATEGORY_USAGE, "the kind of the evidence is missing"},
        {"F:report --kind sev", AK_CATEGORY_USAGE, "--kind is not known"},
        {"F:report --kind snp --at yesterday", AK_CATEGORY_USAGE, "--at is not usable"},
        {"F:report --kind snp --policy F:report", AK_CATEGORY_USAGE, "the policy is not usable"},
        {"F:report --kind snp --policy F:none", AK_CATEGORY_NOT_FOUND, "a file cannot be read"},
        {"F:none --kind snp", AK_CATEGORY_NOT_FOUND, "a file cannot be read"},
        {"F:report --kind snp --chain F:none", AK_CATEGORY_NOT_FOUND, "a file cannot be read"},
        {"F:long --kind snp", AK_CATEGORY_USAGE, "a file is too long"},
        {"F:report --kind snp --policy F:long", AK_CATEGORY_USAGE, "a file is too long"},
        {"--kind snp", AK_CATEGORY_USAGE, "wrong number of operands"},
    };
    (void)state;
    write_file("long", AK_SPAN_ARR(large));
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        if (run(rows[i].line) != rows[i].status || !strstr(errors, rows[i].says))
            fail_msg("%s: %s", rows[i].line, errors);
        assert_string_equal(out, "");
        assert_true(
            strstr(errors, "\n  cause: ") && strstr(errors, "\n  next:  agentkeys attest verify --help\n"));
    }
    write_file("policy", AK_SPAN_LIT("{\"snp\":{\"vmpl\":1}}"));
    assert_int_equal(run("F:report --kind snp --policy F:policy"), AK_CATEGORY_USAGE);
    assert_non_null(strstr(errors, "cause: snp.vmpl is not a member that a policy has here\n"));
}

static void test_genuine(void **state)
{
    (void)state;
    write_file("policy",
        AK_SPAN_LIT(
            "{\"images\":[{\"measurement\":\"6a6519d757e68c2e939c9dbbbc1828498e8de35d2766dd05f1a2cca5059d0cf4"
            "ae62a36d75c837974dd50b315506e73e\"}],\"min_tcb\":{\"Genoa\":{\"bootloader\":10,\"tee\":0,"
            "\"snp\":"
            "23,\"microcode\":25}},\"freshness\":\"none\"}"));
    int status = run("E:snp/bergamo-v3.report.bin --kind snp --certificate E:snp/bergamo-v3.vcek.der --chain "
                     "E:snp/ask_ark_genoa.pem --policy F:policy --at 1748736000");
    if (status == AK_CATEGORY_NOT_FOUND) {
        printf("no evidence (set AK_SHARED)\n");
        skip();
    }
    assert_int_equal(status, AK_CATEGORY_OK);
    assert_string_equal(out,
        "verdict           accepted\n"
        "kind              AMD SEV-SNP report\n"
        "machine           AMD EPYC Genoa, VCEK\n"
        "measurement       "
        "6a6519d757e68c2e939c9dbbbc1828498e8de35d2766dd05f1a2cca5059d0cf4ae62a36d75c837974dd50b315506e73e\n"
        "tcb               bootloader 10, tee 0, snp 23, microcode 25\n"
        "trust             instance-identity 2 (affirming), configuration 2 (affirming), executables 2 "
        "(affirming), "
        "hardware 2 (affirming), runtime-opaque 2 (affirming)\n"
        "waived            freshness: this may be a replay, and the policy allows that\n"
        "what to do        see what was waived before you rely on it\n");
    assert_int_equal(
        run("E:snp/milan-v2-debug.report.bin --kind snp --certificate E:snp/milan-v2-debug.vcek.der "
            "--chain E:snp/ask_ark_milan.pem --policy F:policy --at 2025-06-01T00:00:00Z"),
        AK_CATEGORY_DENIED);
    assert_non_null(strstr(out, "failed            debug: debugging is on: the host can read its memory\n"));
    assert_non_null(strstr(out, "failed            product: Milan is refused unless the policy names it\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_misuse, begin, end),
        cmocka_unit_test_setup_teardown(test_genuine, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
