/* The signer URL taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "io/client/target.h"

static void good(
    const char *url, const char *origin, const char *socket, const char *prefix, bool tls, bool local)
{
    struct ak_target target;
    const char *reason = NULL;
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_OK);
    assert_string_equal(target.origin, origin);
    assert_string_equal(target.socket, socket);
    assert_string_equal(target.prefix, prefix);
    assert_int_equal(target.tls, tls);
    assert_int_equal(target.local, local);
}

static void test_good(void **state)
{
    (void)state;
    good("http://127.0.0.1:8092/tee", "http://127.0.0.1:8092", "", "/tee", false, true);
    good("http://127.0.0.1:8092/dev", "http://127.0.0.1:8092", "", "/dev", false, true);
    good("http://127.0.0.1:8092/tee/", "http://127.0.0.1:8092", "", "/tee", false, true);
    good("http://127.9.9.9/tee", "http://127.9.9.9", "", "/tee", false, true);
    good("http://LocalHost:1/tee", "http://localhost:1", "", "/tee", false, true);
    good("http://[::1]:65535/tee", "http://[::1]:65535", "", "/tee", false, true);
    good("https://Worker.example:8443/tee", "https://worker.example:8443", "", "/tee", true, false);
    good("https://127.0.0.1:8443/tee", "https://127.0.0.1:8443", "", "/tee", true, true);
    good("unix:/run/agentkeys/worker.sock", "http://localhost", "/run/agentkeys/worker.sock", "/tee", false,
        true);
    good("unix:/run/w.sock/tee", "http://localhost", "/run/w.sock", "/tee", false, true);
    good("unix:/run/w.sock/dev", "http://localhost", "/run/w.sock", "/dev", false, true);
}

static void bad(const char *url, enum ak_err err)
{
    struct ak_target target, zeros;
    const char *reason = NULL;
    memset(&zeros, 0, sizeof zeros);
    assert_int_equal(ak_target_parse(url, &target, &reason), err);
    assert_memory_equal(&target, &zeros, sizeof zeros);
    assert_true(reason && reason[0]);
}

/* Plain text leaves this machine in no spelling. */
static void test_plain_off_loopback(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://192.0.2.1/tee", "http://worker.example/tee",
        "http://128.0.0.1/tee", "http://127.0.0.1.example/tee", "http://[::2]/tee", "http://0.0.0.0/tee",
        "http://localhost.example:80/tee", "http://127.1/tee", "http://2130706433/tee"};
    for (size_t i = 0; i < AK_COUNT(urls); i++) bad(urls[i], AK_E_MEANING);
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "127.0.0.1:8092/tee", "ftp://127.0.0.1/tee",
        "http://127.0.0.1:8092", "http://127.0.0.1:8092/", "http://127.0.0.1:8092/other",
        "http://127.0.0.1:8092/a/tee", "http:///tee", "http://:80/tee", "http://127.0.0.1:0/tee",
        "http://127.0.0.1:65536/tee", "http://127.0.0.1:/tee", "http://127.0.0.1:80a/tee",
        "http://user@127.0.0.1/tee", "http://127.0.0.1:80?x/tee", "http://[::1/tee", "http://[::1]x/tee",
        "unix:relative", "unix:", "HTTP://127.0.0.1/tee"};
    for (size_t i = 0; i < AK_COUNT(urls); i++) bad(urls[i], AK_E_FORMAT);
    bad("unix:/tee", AK_E_LIMIT); /* all of it is the prefix */
}

static void test_lengths(void **state)
{
    (void)state;
    char url[400] = "unix:/";
    struct ak_target target;
    const char *reason = NULL;
    memset(url + 6, 'a', 106);
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_OK);
    assert_int_equal(strlen(target.socket), 107);
    url[112] = 'a';
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_E_LIMIT);
    memset(url, 0, sizeof url);
    memcpy(url, "https://", 8);
    memset(url + 8, 'a', 247);
    memcpy(url + 255, "/tee", 5);
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_OK);
    memset(url + 8, 'a', 248);
    memcpy(url + 256, "/tee", 5);
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_E_LIMIT);
}

static void test_socket(void **state)
{
    (void)state;
    struct ak_target like = {.prefix = "/dev"}, target;
    assert_int_equal(ak_target_socket("/run/operator.sock", &like, &target), AK_OK);
    assert_string_equal(target.prefix, "/dev");
    assert_string_equal(target.origin, "http://localhost");
    assert_true(target.local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_plain_off_loopback),
        cmocka_unit_test(test_bad), cmocka_unit_test(test_lengths), cmocka_unit_test(test_socket)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
