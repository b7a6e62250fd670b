/* The demo's way through the engine, on the right paths only: what each call answers and writes. */
#include "core/evm/eip191.h"
#include "core/evm/statement.h"
#include "unit/check.h"
#include "unit/engine/harness.h"

static struct h h;

static void test_first_flow(void **state)
{
    (void)state;
    struct h_person alice;
    struct h_agent agent;
    h_open(&h);
    h_person(&h, &alice, "alice", 1);
    h_agent(&h, &alice, &agent, 10, "agent-1", "cap:sign-message", 0);
    assert_int_equal(h_agent_sign(&h, &agent, "hello"), AK_CODE_OK);
    assert_int_equal(h_person_sign(&h, &alice, "hello"), AK_CODE_OK);
    h_restart(&h, false);
    h_restart(&h, true);
    h_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
