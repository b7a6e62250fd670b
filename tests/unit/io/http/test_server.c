/* A request's way through the server: bodies, answers at once and later, slots, the end. */
#include "unit/io/http/harness.h"

#include "base/limits.h"

static struct harness h;

static int open_server(void **state)
{
    (void)state;
    harness_open(&h, NULL);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    ak_http_close(h.server);
    return 0;
}

static size_t post(char *out, size_t body_len)
{
    size_t len =
        (size_t)snprintf(out, 128, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", body_len);
    for (size_t i = 0; i < body_len; i++) out[len + i] = (char)('a' + i % 23);
    return len + body_len;
}

static uint8_t xor_of(const char *bytes, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) sum ^= (uint8_t)bytes[i];
    return sum;
}

static void takes_bodies_up_to_the_limit(void **state)
{
    (void)state;
    static char bytes[AK_LIMIT_BODY + 1024];
    const size_t sizes[] = {0, 1, 100, 9000, AK_LIMIT_BODY - 1, AK_LIMIT_BODY};
    for (size_t i = 0; i < AK_COUNT(sizes); i++) {
        size_t len = post(bytes, sizes[i]);
        assert_int_equal(harness_talk(&h, bytes, len), 200);
        assert_int_equal(h.body_len, sizes[i]);
        assert_int_equal(h.body_sum, xor_of(bytes + len - sizes[i], sizes[i]));
    }
    unsigned before = h.asked;
    size_t len = post(bytes, AK_LIMIT_BODY + 1);
    assert_int_equal(harness_talk(&h, bytes, len), 413);
    assert_non_null(strstr(h.answer, "\"error\":\"too_large\""));
    static const char huge[] = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n";
    assert_int_equal(harness_talk(&h, huge, sizeof huge - 1), 413);
    assert_int_equal(h.asked, before);
}

static size_t longer_on_put(void *ctx, const struct ak_http_request *request)
{
    (void)ctx;
    return ak_span_eq(request->path, AK_SPAN_LIT("/long")) ? AK_LIMIT_VALUE_BODY : AK_LIMIT_BODY;
}

/* Where the hook allows it, and only there. */
static void takes_longer_bodies_where_allowed(void **state)
{
    (void)state;
    static char bytes[AK_LIMIT_VALUE_BODY + 1024];
    static const char *const heads[] = {"PUT /long", "PUT /short"};
    const size_t sizes[] = {AK_LIMIT_BODY, AK_LIMIT_BODY + 1, AK_LIMIT_VALUE_BODY, AK_LIMIT_VALUE_BODY + 1};
    h.body_max = longer_on_put;
    for (size_t k = 0; k < AK_COUNT(heads); k++)
        for (size_t i = 0; i < AK_COUNT(sizes); i++) {
            size_t max = k == 0 ? AK_LIMIT_VALUE_BODY : AK_LIMIT_BODY;
            size_t len = (size_t)snprintf(bytes, sizeof bytes,
                "%s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", heads[k], sizes[i]);
            memset(bytes + len, 'x', sizes[i]);
            assert_int_equal(harness_talk(&h, bytes, len + sizes[i]), sizes[i] <= max ? 200 : 413);
            if (sizes[i] <= max) assert_int_equal(h.body_len, sizes[i]);
        }
    h.body_max = NULL;
}

static void keeps_a_connection(void **state)
{
    (void)state;
    int fd = harness_begin(&h);
    for (unsigned i = 1; i <= 5; i++) {
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, i);
        assert_int_equal(harness_answers(&h), i);
    }
    assert_false(h.ended);
    close(fd);
}

static void answers_a_pipeline_in_order(void **state)
{
    (void)state;
    static const char three[] =
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
        "\r\n{}GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
    unsigned before = h.asked;
    int fd = harness_begin(&h);
    harness_send(&h, fd, three, sizeof three - 1);
    harness_settle(&h, fd, 3);
    assert_int_equal(harness_answers(&h), 3);
    assert_int_equal(h.asked, before + 3);
    assert_string_equal(h.path, "/3");
    close(fd);
}

/* A refused head ends the connection: what follows it is not read as a request (I4). */
static void reads_nothing_behind_a_refusal(void **state)
{
    (void)state;
    static const char two[] =
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    unsigned before = h.asked;
    int fd = harness_begin(&h);
    harness_send(&h, fd, two, sizeof two - 1);
    harness_settle(&h, fd, 2);
    assert_int_equal(harness_answers(&h), 1);
    assert_int_equal(h.asked, before);
    assert_true(h.ended);
    close(fd);
}

static void splits_path_and_query(void **state)
{
    (void)state;
    static const char request[] = "GET /a%20b?x=%41&y=1 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(harness_talk(&h, request, sizeof request - 1), 200);
    assert_string_equal(h.path, "/a%20b");
    assert_string_equal(h.query, "x=%41&y=1");
}

static void answers_later(void **state)
{
    (void)state;
    h.defer = true;
    int fd = harness_begin(&h);
    harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&h, fd, 1);
    assert_int_equal(h.answer_len, 0);
    assert_int_equal(ak_http_waiting(h.server), 1);
    uint32_t slot = h.kept->slot;
    uint32_t use = h.kept->use;
    assert_ptr_equal(ak_http_find(h.server, slot, use), h.kept);
    assert_null(ak_http_find(h.server, slot, use + 1));
    assert_null(ak_http_find(h.server, 16, use));
    harness_answer(&h, h.kept);
    assert_null(ak_http_find(h.server, slot, use));
    harness_settle(&h, fd, 1);
    assert_int_equal(harness_status(&h), 200);
    assert_non_null(strstr(h.answer, "X-Test: 1"));
    assert_int_equal(ak_http_waiting(h.server), 0);
    h.defer = false;
    close(fd);
}

/* The slot's next request has another use: a late answer finds nothing. */
static void counts_a_slots_uses(void **state)
{
    (void)state;
    h.defer = true;
    uint32_t uses[3];
    int fd = harness_begin(&h);
    for (size_t i = 0; i < AK_COUNT(uses); i++) {
        h.answer_len = 0;
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, 1);
        uses[i] = h.kept->use;
        if (i) assert_null(ak_http_find(h.server, h.kept->slot, uses[i - 1]));
        harness_answer(&h, h.kept);
        harness_settle(&h, fd, 1);
        assert_int_equal(harness_status(&h), 200);
    }
    h.defer = false;
    close(fd);
}

static void survives_a_client_that_leaves_while_it_waits(void **state)
{
    (void)state;
    h.defer = true;
    for (unsigned i = 0; i < 40; i++) { /* more than there are places */
        int fd = harness_begin(&h);
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, 1);
        close(fd);
        harness_answer(&h, h.kept);
        while (harness_turn(&h)) {
        }
    }
    h.defer = false;
    assert_int_equal(ak_http_figures(h.server).connections, 0);
    assert_int_equal(harness_talk(&h, HARNESS_GET, sizeof HARNESS_GET - 1), 200);
}

/* A reset is seen while it waits, and its slot is another's soon. */
static void forgets_a_client_that_resets(void **state)
{
    (void)state;
    const struct linger hard = {1, 0};
    h.defer = true;
    for (unsigned i = 0; i < 40; i++) {
        int fd = harness_begin(&h);
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, 1);
        uint32_t slot = h.kept->slot;
        uint32_t use = h.kept->use;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
        close(fd);
        for (unsigned turn = 0; turn < 10; turn++) harness_turn(&h);
        struct ak_http_request *still = ak_http_find(h.server, slot, use);
        if (still) harness_answer(&h, still);
        for (unsigned turn = 0; turn < 10; turn++) harness_turn(&h);
        assert_null(ak_http_find(h.server, slot, use));
        assert_int_equal(ak_http_waiting(h.server), 0);
    }
    h.defer = false;
    assert_int_equal(ak_http_figures(h.server).connections, 0);
    assert_int_equal(harness_talk(&h, HARNESS_GET, sizeof HARNESS_GET - 1), 200);
}

static void gives_up_an_answer(void **state)
{
    (void)state;
    h.defer = true;
    int fd = harness_begin(&h);
    while (harness_turn(&h)) {
    }
    harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    unsigned asked = h.asked;
    uint64_t before = h.now_ms; /* of the turn in which it is asked */
    for (; h.asked == asked; (void)harness_turn(&h)) before = h.now_ms;
    ak_http_tick(h.server, before + 29999);
    assert_int_equal(ak_http_waiting(h.server), 1);
    h.now_ms = before + 30000;
    ak_http_tick(h.server, h.now_ms);
    assert_int_equal(ak_http_waiting(h.server), 0);
    harness_settle(&h, fd, 1);
    assert_int_equal(harness_status(&h), 503);
    assert_non_null(strstr(h.answer, "Connection: close"));
    assert_int_equal(ak_http_figures(h.server).unanswered, 1);
    h.defer = false;
    close(fd);
}

/* While one request waits, a head that comes in many reads is still served. */
static void serves_others_while_one_waits(void **state)
{
    (void)state;
    static char big[12 * 1024];
    h.defer = true;
    int fd = harness_begin(&h);
    harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&h, fd, 1);
    struct ak_http_request *first = h.kept;
    uint32_t slot = first->slot;
    uint32_t use = first->use;
    h.defer = false;
    int len = snprintf(big, sizeof big, "GET /big HTTP/1.1\r\nHost: a\r\nX: ");
    memset(big + len, 'x', 11000);
    memcpy(big + len + 11000, "\r\n\r\n", 5);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(harness_talk(&h, big, (size_t)len + 11004), 200);
        assert_string_equal(h.path, "/big");
    }
    h.answer_len = 0;
    h.ended = false;
    assert_ptr_equal(ak_http_find(h.server, slot, use), first);
    harness_answer(&h, first);
    harness_settle(&h, fd, 1);
    assert_int_equal(harness_status(&h), 200);
    close(fd);
}

/* Certificates that are none, or longer than one may be; after each, another may be opened. */
static void refuses_bad_certificates(void **state)
{
    (void)state;
    static uint8_t bytes[2049];
    const size_t lens[] = {0, 2048, 2049};
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        struct ak_http *none;
        const struct ak_http_tls tls = {.certificate = ak_span(bytes, lens[i])};
        struct ak_http_config config = {.max_connections = 4, .listener_count = 1, .tls = &tls};
        config.listeners[0] = (struct ak_http_listener){.fd = -1, .tls = true};
        assert_int_equal(ak_http_open(&config, &none), lens[i] == 2048 ? AK_E_FORMAT : AK_E_LIMIT);
        assert_null(none);
    }
}

static void binds_evidence_to_no_plain_connection(void **state)
{
    (void)state;
    static const uint8_t context[32], zeros[32];
    uint8_t client[32] = {1}, exporter[32] = {1};
    h.defer = true;
    int fd = harness_begin(&h);
    harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&h, fd, 1);
    assert_false(ak_http_tls_binding(h.kept, AK_SPAN_LIT("EXPORTER-x"), context, client, exporter));
    assert_memory_equal(client, zeros, 32);
    assert_memory_equal(exporter, zeros, 32);
    harness_answer(&h, h.kept);
    harness_settle(&h, fd, 1);
    h.defer = false;
    close(fd);
}

static void refuses_what_cannot_be_opened(void **state)
{
    (void)state;
    struct ak_http *none;
    struct ak_http_config config = {.max_connections = 4, .listener_count = AK_HTTP_LISTENERS_MAX + 1};
    assert_int_equal(ak_http_open(&config, &none), AK_E_ARG);
    config.listener_count = 0;
    config.max_connections = 0;
    assert_int_equal(ak_http_open(&config, &none), AK_E_ARG);
    config.max_connections = 4;
    config.listener_count = 1;
    config.listeners[0] = (struct ak_http_listener){.fd = -1, .tls = true}; /* and no certificate */
    assert_int_equal(ak_http_open(&config, &none), AK_E_ARG);
    assert_null(none);
}

static void gives_each_answer_its_id(void **state)
{
    (void)state;
    char ids[300][33];
    int fd = harness_begin(&h);
    for (size_t i = 0; i < AK_COUNT(ids); i++) { /* over one batch of random bytes */
        h.answer_len = 0;
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, 1);
        const char *id = strstr(h.answer, "X-Request-Id: ");
        assert_non_null(id);
        memcpy(ids[i], id + 14, 32);
        ids[i][32] = 0;
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(ids[i], ids[k]);
    }
    close(fd);
}

static void waits_answer_503_at_the_end(void **state)
{
    (void)state;
    struct harness other;
    harness_open(&other, NULL);
    other.defer = true;
    int fd = harness_connect(&other);
    harness_send(&other, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&other, fd, 1);
    assert_int_equal(ak_http_waiting(other.server), 1);
    ak_http_quiesce(other.server);
    ak_http_close(other.server);
    harness_read(&other, fd);
    assert_int_equal(harness_status(&other), 503);
    assert_int_equal(other.opened, other.closed);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_bodies_up_to_the_limit),
        cmocka_unit_test(takes_longer_bodies_where_allowed),
        cmocka_unit_test(keeps_a_connection),
        cmocka_unit_test(answers_a_pipeline_in_order),
        cmocka_unit_test(reads_nothing_behind_a_refusal),
        cmocka_unit_test(splits_path_and_query),
        cmocka_unit_test(answers_later),
        cmocka_unit_test(counts_a_slots_uses),
        cmocka_unit_test(survives_a_client_that_leaves_while_it_waits),
        cmocka_unit_test(forgets_a_client_that_resets),
        cmocka_unit_test(gives_up_an_answer),
        cmocka_unit_test(serves_others_while_one_waits),
        cmocka_unit_test(refuses_what_cannot_be_opened),
        cmocka_unit_test(refuses_bad_certificates),
        cmocka_unit_test(binds_evidence_to_no_plain_connection),
        cmocka_unit_test(gives_each_answer_its_id),
        cmocka_unit_test(waits_answer_503_at_the_end),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
