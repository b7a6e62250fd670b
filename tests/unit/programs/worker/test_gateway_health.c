/* /healthz, /readyz and /metrics say what the keeper's status says. */
#include "gateway_harness.h"

static void shows_its_health(void **state)
{
    (void)state;
    assert_int_equal(gw_ask(NULL, "GET /healthz" H "\r\n"), 200);
    assert_non_null(strstr(gw.answer, "{\"status\":\"ok\"}"));
    assert_int_equal(gw_ask(NULL, "GET /readyz" H "\r\n"), 200);
    assert_non_null(strstr(gw.answer, "\"status\":\"ready\""));
    assert_non_null(
        strstr(gw.answer, "\"capabilities_not_held\":[\"report\",\"seal_hw\",\"counter_hw\",\"erase\","
                          "\"mem_isolated\",\"measured\",\"maker\"],\"insecure_dev\":true"));
    assert_int_equal(gw_ask(NULL, "GET /metrics" H "\r\n"), 200);
    gw_assert_header("Content-Type: text/plain; version=0.0.4");
    assert_non_null(strstr(gw.answer, "\nagentkeys_ledger_size 4711\n"));
    assert_non_null(strstr(gw.answer, "\nagentkeys_up 1\n"));
}

static void shows_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        const char *want;
    } states[] = {{AK_STATUS_STARTING, "\"started\":\"starting\""},
        {AK_STATUS_STORAGE_LOW, "\"storage\":\"low\""}, {AK_STATUS_LEDGER_DAMAGED, "\"ledger\":\"damaged\""}};
    for (size_t i = 0; i < AK_COUNT(states); i++) {
        gw_push_status(states[i].bits);
        unsigned status = 0;
        for (unsigned tries = 0; tries < 1000 && status != 503; tries++)
            status = gw_ask(NULL, "GET /readyz" H "\r\n");
        assert_int_equal(status, 503);
        assert_non_null(strstr(gw.answer, states[i].want));
        assert_non_null(strstr(gw.answer, "\"status\":\"not_ready\""));
        assert_int_equal(gw_ask(NULL, "GET /healthz" H "\r\n"), 200);
        gw_push_status(0);
        for (unsigned tries = 0; tries < 1000 && status != 200; tries++)
            status = gw_ask(NULL, "GET /readyz" H "\r\n");
        assert_int_equal(status, 200);
    }
}

/* It is shown, and keeps nobody from being served. */
static void shows_what_the_vaults_check_found(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        const char *want;
    } states[] = {{AK_STATUS_VAULT_CHECKING, "\"vault_store\":\"checking 12 of 100\""},
        {AK_STATUS_VAULT_DIFFERS | AK_STATUS_VAULT_CHECKING,
            "\"vault_store\":\"differs: 1 altered, 2 unreadable, 3 keys not in the epoch store\""},
        {0, "\"vault_store\":\"ok\""}};
    for (size_t i = 0; i < AK_COUNT(states); i++) {
        bool seen = false;
        gw_push_status(states[i].bits);
        for (unsigned tries = 0; tries < 1000 && !seen; tries++) {
            assert_int_equal(gw_ask(NULL, "GET /readyz" H "\r\n"), 200);
            seen = strstr(gw.answer, states[i].want) != NULL;
        }
        assert_true(seen);
    }
    assert_int_equal(gw_ask(NULL, "GET /metrics" H "\r\n"), 200);
    assert_non_null(strstr(gw.answer, "\nagentkeys_ready 1\n"));
    assert_non_null(strstr(gw.answer, "\nagentkeys_vault_blobs 100\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_its_health),
        cmocka_unit_test(shows_what_is_wrong),
        cmocka_unit_test(shows_what_the_vaults_check_found),
    };
    return cmocka_run_group_tests(tests, gw_open_serving, gw_close_serving);
}
