/* derivation.json is stripped of its answers, given to build/tests/derivation-vectors, and compared whole. */
#include "vectors/vec_or_skip.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"

static void keep_only(json_t *object, const char *const *keys, size_t count)
{
    void *next = NULL;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach_safe(object, next, name, value)
    {
        size_t i = 0;
        while (i < count && strcmp(keys[i], name) != 0) i++;
        if (i == count) json_object_del(object, name);
    }
}

static void strip_answers(json_t *document)
{
    static const char *const of_case[] = {"msk", "identity_type", "identity_value", "paths", "eip191"};
    static const char *const of_path[] = {"path"};
    static const char *const of_message[] = {"path", "message_hex"};
    json_t *cases = json_object_get(document, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *item = json_array_get(cases, i);
        keep_only(item, of_case, AK_COUNT(of_case));
        json_t *paths = json_object_get(item, "paths");
        for (size_t p = 0; p < json_array_size(paths); p++) keep_only(json_array_get(paths, p), of_path, 1);
        json_t *messages = json_object_get(item, "eip191");
        for (size_t m = 0; m < json_array_size(messages); m++)
            keep_only(json_array_get(messages, m), of_message, 2);
    }
}

/* The tool stands beside this test. */
static int run_tool(const char *in, const char *out)
{
    char tool[4096];
    ssize_t len = readlink("/proc/self/exe", tool, sizeof tool - 32);
    assert_true(len > 0);
    while (len > 0 && tool[len - 1] != '/') len--;
    snprintf(tool + len, sizeof tool - (size_t)len, "derivation-vectors");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(tool, tool, "--compute", in, out, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct files {
    char in[64];
    char out[64];
};

static struct files temporary_files(void)
{
    struct files files = {"/tmp/ak-derivation-in-XXXXXX", "/tmp/ak-derivation-out-XXXXXX"};
    int in = mkstemp(files.in);
    int out = mkstemp(files.out);
    assert_true(in >= 0 && out >= 0);
    close(in);
    close(out);
    return files;
}

static void computes_every_answer(void **state)
{
    (void)state;
    json_t *expected = vec_load_or_skip("derivation.json");
    json_t *questions = json_deep_copy(expected);
    struct files files = temporary_files();
    strip_answers(questions);
    assert_false(json_equal(questions, expected));
    assert_int_equal(json_dump_file(questions, files.in, 0), 0);
    int status = run_tool(files.in, files.out);
    json_t *answers = json_load_file(files.out, 0, NULL);
    unlink(files.in);
    unlink(files.out);
    assert_int_equal(status, 0);
    assert_true(json_equal(answers, expected));
    json_decref(answers);
    json_decref(questions);
    json_decref(expected);
}

static int status_of(const char *text)
{
    struct files files = temporary_files();
    int fd = open(files.in, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int status = run_tool(files.in, files.out);
    unlink(files.in);
    unlink(files.out);
    return status;
}

#define MSK "\"msk\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\""
#define ID  "\"identity_type\":\"email\",\"identity_value\":\"a@b\""

static void refuses_questions_of_bad_form(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "{}", "{\"suite\":\"ak2\",\"cases\":[]}",
        "{\"suite\":\"ak1\",\"cases\":[{" ID ",\"paths\":[],\"eip191\":[]}]}",
        "{\"suite\":\"ak1\",\"cases\":[{\"msk\":\"00\"," ID ",\"paths\":[],\"eip191\":[]}]}",
        "{\"suite\":\"ak1\",\"cases\":[{" MSK
        ",\"identity_type\":\"phone\",\"identity_value\":\"1\",\"paths\":[],\"eip191\":[]}]}",
        "{\"suite\":\"ak1\",\"cases\":[{" MSK "," ID ",\"paths\":[{\"path\":\"/a/01\"}],\"eip191\":[]}]}",
        "{\"suite\":\"ak1\",\"cases\":[{" MSK "," ID ",\"paths\":[{\"path\":\"/a\"}],\"eip191\":[]}]}",
        "{\"suite\":\"ak1\",\"cases\":[{" MSK "," ID
        ",\"paths\":[],\"eip191\":[{\"path\":null,\"message_hex\":\"0\"}]}]}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(status_of(bad[i]), 1);
    assert_int_equal(status_of("{\"suite\":\"ak1\",\"cases\":[]}"), 0);
    assert_int_equal(
        status_of("{\"suite\":\"ak1\",\"cases\":[{" MSK "," ID ",\"paths\":[],\"eip191\":[]}]}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_every_answer),
        cmocka_unit_test(refuses_questions_of_bad_form),
    };
    return cmocka_run_group_tests_name("derivation", tests, NULL, NULL);
}
