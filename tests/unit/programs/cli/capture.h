/* What a test's code prints: standard output and error, taken into texts. One a test program. */
#ifndef AK_TEST_CLI_CAPTURE_H
#define AK_TEST_CLI_CAPTURE_H

#include <stdio.h>
#include <unistd.h>

static char out_text[4096], err_text[4096];
static int kept_out, kept_err;
static FILE *out_file, *err_file;

static void capture(void)
{
    (void)fflush(NULL);
    kept_out = dup(1);
    kept_err = dup(2);
    out_file = tmpfile();
    err_file = tmpfile();
    assert_non_null(out_file);
    assert_non_null(err_file);
    assert_int_equal(dup2(fileno(out_file), 1), 1);
    assert_int_equal(dup2(fileno(err_file), 2), 2);
}

static void take(FILE *file, char *text, size_t cap)
{
    rewind(file);
    text[fread(text, 1, cap - 1, file)] = 0;
    (void)fclose(file);
}

static void release(void)
{
    (void)fflush(NULL);
    assert_int_equal(dup2(kept_out, 1), 1);
    assert_int_equal(dup2(kept_err, 2), 2);
    (void)close(kept_out);
    (void)close(kept_err);
    take(out_file, out_text, sizeof out_text);
    take(err_file, err_text, sizeof err_text);
}

#endif
