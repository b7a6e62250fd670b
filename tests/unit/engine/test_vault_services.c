/* Definitions of services through the engine. */
#include "unit/engine/vault_world.h"

static struct ak_msg_service_define_request definition(void)
{
    return (struct ak_msg_service_define_request){.service = AK_SPAN_LIT("openrouter"),
        .hosts = AK_SPAN_LIT("openrouter.ai"),
        .methods = AK_SPAN_LIT("GET,POST"),
        .path_prefixes = AK_SPAN_LIT("/api/v1/"),
        .inject = AK_SPAN_LIT("header"),
        .template = AK_SPAN_LIT("Authorization: Bearer {value}")};
}

static void services_are_defined_and_seen(void **state)
{
    struct world *w = *state;
    struct ak_msg_service_define_request define = definition();
    struct ak_msg_service_item item;
    struct ak_msg_service_list_reply list;
    struct ak_msg_service_show_request show = {.service = AK_SPAN_LIT("openrouter")};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.service = AK_SPAN_LIT("anthropic");
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.inject = AK_SPAN_LIT("basic");
    define.template = AK_SPAN_EMPTY;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SERVICE_SHOW, &show), AK_CODE_OK);
    h_reply(&w->h, &ak_service_item_msg, &item);
    assert_true(ak_span_eq(item.template, AK_SPAN_LIT("Authorization: Bearer {value}")));
    show.service = AK_SPAN_LIT("anthropic");
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SERVICE_SHOW, &show),
        AK_CODE_NOT_FOUND);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_SERVICE_SHOW, &show), AK_CODE_NOT_FOUND);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_service_list_reply_msg, &list);
    size_t count = 0;
    for (; ak_list_next(&list.services, &ak_service_item_msg, &item); count++)
        if (count == 1) assert_true(ak_span_eq(item.inject, AK_SPAN_LIT("basic")));
    assert_int_equal(count, 2);
}

static void bad_definitions_are_refused(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 6; i++) {
        struct ak_msg_service_define_request define = definition();
        if (i == 0) define.hosts = AK_SPAN_LIT("Openrouter.ai");
        if (i == 1) define.methods = AK_SPAN_LIT("get");
        if (i == 2) define.path_prefixes = AK_SPAN_LIT("/a/../b");
        if (i == 3) define.inject = AK_SPAN_LIT("cookie");
        if (i == 4) define.template = AK_SPAN_LIT("Bearer {value}");
        if (i == 5) define.service = AK_SPAN_LIT("Open");
        assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define),
            AK_CODE_INVALID_REQUEST);
    }
}

static void services_come_in_pages_and_are_bounded(void **state)
{
    (void)state;
    static struct h h;
    static struct h_person person;
    static char text[1024];
    struct ak_engine_conf conf = h_conf();
    struct ak_msg_service_define_request define = definition();
    struct ak_msg_service_list_request request = {0};
    struct ak_msg_service_list_reply reply;
    struct ak_msg_service_item item;
    char name[16];
    conf.vault_services_max = AK_WIRE_SERVICE_PAGE + 1;
    h_open_with(&h, &conf);
    h_person(&h, &person, "alice", 1);
    for (unsigned i = 0; i < AK_WIRE_SERVICE_PAGE + 2; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        define.service = ak_span_str(name);
        enum ak_code code = h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define);
        assert_int_equal(code, i <= AK_WIRE_SERVICE_PAGE ? AK_CODE_OK : AK_CODE_STORAGE_FULL);
    }
    memset(text, 'a', sizeof text);
    text[0] = '/';
    define.service = AK_SPAN_LIT("s0");
    define.path_prefixes = define.template = AK_SPAN_ARR(text);
    define.inject = AK_SPAN_LIT("query");
    memcpy(text + 1, "k={value}", 9);
    define.path_prefixes = AK_SPAN_LIT("/v1");
    define.hosts = ak_span(text + 20, 200);
    define.template = ak_span(text + 1, 1000);
    assert_int_equal(
        h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.hosts = AK_SPAN_EMPTY;
    static uint8_t hosts[1024];
    for (size_t i = 0; i < sizeof hosts; i++) hosts[i] = i % 2 ? ',' : 'a';
    define.hosts = ak_span(hosts, 1023);
    define.template = ak_span(text + 1, 1020);
    assert_int_equal(h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define),
        AK_CODE_INVALID_REQUEST);
    size_t count = 0;
    for (unsigned page = 0; page < 2; page++) {
        assert_int_equal(
            h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_LIST, &request), AK_CODE_OK);
        h_reply(&h, &ak_service_list_reply_msg, &reply);
        while (ak_list_next(&reply.services, &ak_service_item_msg, &item)) count++;
        assert_int_equal(ak_msg_has(&reply, AK_SERVICE_LIST_REPLY_NEXT), page == 0);
        request.after = page == 0 ? AK_SPAN_LIT("s19") : AK_SPAN_LIT("none");
        request.present = 1u << AK_SERVICE_LIST_REQUEST_AFTER;
    }
    assert_int_equal(count, AK_WIRE_SERVICE_PAGE + 1);
    assert_int_equal(
        h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_LIST, &request), AK_CODE_NOT_FOUND);
    h_device_done(&person.device);
    h_close(&h);
}

/* I11: a snapshot is of a state, in which no service has two definitions. */
static void a_snapshot_with_one_twice_is_refused(void **state)
{
    struct world *w = *state;
    struct ak_msg_service_define_request define = definition();
    struct h_bytes bytes;
    struct ak_arena arena;
    define.service = AK_SPAN_LIT("the-first-one");
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.service = AK_SPAN_LIT("the-other-one");
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    h_snapshot(w->h.engine, &bytes);
    uint8_t *at = memmem(bytes.ptr, bytes.len, "the-other-one", 13);
    assert_non_null(at);
    memcpy(at, "the-first-one", 13);
    struct ak_engine *again = h_replay(&w->h, 0, &arena);
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)), AK_E_FORMAT);
    ak_engine_free(again);
    ak_arena_done(&arena);
    free(bytes.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(services_are_defined_and_seen),
        VAULT_TEST(bad_definitions_are_refused),
        VAULT_TEST(a_snapshot_with_one_twice_is_refused),
        cmocka_unit_test(services_come_in_pages_and_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
