/* Who may connect: limits of one customer, however many addresses he has, and what is kept for this machine
 * (I18). */
#include "unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "io/http/server.h"

enum { COUNT = 32, KEPT = 2, PER_ADDRESS = 4, ACCEPTS = 100, SHARE = 25 };

static struct ak_http_conn conns[COUNT];
static struct ak_http server;
static struct ak_http_door plain, tls;

static int begin(void **state)
{
    (void)state;
    memset(conns, 0, sizeof conns);
    server = (struct ak_http){.conns = conns,
        .count = COUNT,
        .free_conn_count = COUNT,
        .now_ms = 5000,
        .tls_tokens_ms = 1000,
        .tls_refill_ms = 5000,
        .config = {.per_address = PER_ADDRESS, .tls_accepts_per_s = ACCEPTS}};
    plain = (struct ak_http_door){.server = &server};
    tls = (struct ak_http_door){.server = &server, .tls = true};
    return 0;
}

union any {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static union any address_of(const char *text)
{
    union any address = {.in.sin_family = AF_INET};
    if (!text) return (union any){.un.sun_family = AF_UNIX};
    if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) return address;
    address = (union any){.in6.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
    return address;
}

/* NULL: over a Unix socket. */
static bool gets_in(struct ak_http_door *door, const char *text)
{
    union any address = address_of(text);
    return ak_http_on_accept(door, &address.any, sizeof address) == MHD_YES;
}

/* As one that is there. */
static void take_place(size_t at, const char *text)
{
    union any address = address_of(text);
    conns[at].open = true;
    conns[at].address_len = address.any.sa_family == AF_INET ? 4 : 16;
    if (conns[at].address_len == 4)
        memcpy(conns[at].address, &address.in.sin_addr, 4);
    else
        memcpy(conns[at].address, &address.in6.sin6_addr, 16);
}

static void one_address_gets_its_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < PER_ADDRESS; i++) {
        assert_true(gets_in(&plain, "192.0.2.1"));
        take_place(i, "192.0.2.1");
    }
    assert_false(gets_in(&plain, "192.0.2.1"));
    assert_int_equal(server.figures.refused, 1);
    assert_true(gets_in(&plain, "192.0.2.2"));
    conns[0].open = false;
    assert_true(gets_in(&plain, "192.0.2.1"));
}

/* On a socket for both families he comes as ::ffff:192.0.2.1. */
static void an_ipv4_client_is_one_in_both_families(void **state)
{
    (void)state;
    for (size_t i = 0; i < PER_ADDRESS; i++) take_place(i, "192.0.2.1");
    assert_false(gets_in(&plain, "::ffff:192.0.2.1"));
    assert_true(gets_in(&plain, "::ffff:192.0.2.2"));
}

static void an_ipv6_customer_has_one_network(void **state)
{
    (void)state;
    static const char *const his[] = {
        "2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3::", "2001:db8:1:2:ffff:ffff:ffff:ffff"};
    for (size_t i = 0; i < PER_ADDRESS; i++) {
        assert_true(gets_in(&plain, his[i]));
        take_place(i, his[i]);
    }
    assert_false(gets_in(&plain, "2001:db8:1:2:7:7:7:7"));
    assert_true(gets_in(&plain, "2001:db8:1:3::1"));
    assert_true(gets_in(&plain, "192.0.2.1"));
}

static void customers_are_named_by_that_part(void **state)
{
    (void)state;
    take_place(0, "2001:db8:1:2::1");
    take_place(1, "192.0.2.1");
    assert_int_equal(ak_http_customer(&conns[0]).len, 8);
    assert_int_equal(ak_http_customer(&conns[1]).len, 4);
    assert_int_equal(ak_http_customer(&conns[2]).len, 0);
    assert_int_equal(ak_http_network(&conns[0]).len, 6);
    assert_int_equal(ak_http_network(&conns[1]).len, 3);
    assert_int_equal(ak_http_network(&conns[2]).len, 0);
}

/* The operator who suspends, the broker, a tool: they get in while strangers fill the rest. */
static void the_last_places_are_for_this_machine(void **state)
{
    (void)state;
    server.free_conn_count = KEPT + 1;
    assert_true(gets_in(&plain, "192.0.2.1"));
    server.free_conn_count = KEPT;
    assert_false(gets_in(&plain, "192.0.2.1"));
    assert_false(gets_in(&plain, "2001:db8::1"));
    assert_true(gets_in(&plain, NULL));
    assert_true(gets_in(&plain, "127.0.0.1"));
    assert_true(gets_in(&plain, "127.9.9.9"));
    assert_false(gets_in(&plain, "128.0.0.1"));
    assert_true(gets_in(&plain, "::1"));
}

static unsigned handshakes(const char *text, unsigned tries)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < tries; i++) taken += gets_in(&tls, text);
    return taken;
}

static void one_customer_leaves_handshakes_to_others(void **state)
{
    (void)state;
    assert_int_equal(handshakes("192.0.2.1", ACCEPTS), SHARE);
    assert_int_equal(handshakes("2001:db8:1:2::1", SHARE), SHARE);
    assert_int_equal(handshakes("2001:db8:1:2::9", 1), 0);
    assert_int_equal(handshakes(NULL, SHARE), SHARE);
    assert_int_equal(handshakes("127.0.0.1", ACCEPTS), ACCEPTS - 3 * SHARE); /* all of this second */
    server.now_ms += 999;
    assert_int_equal(handshakes("192.0.2.1", 1), 0);
    server.now_ms += 1;
    assert_int_equal(handshakes("192.0.2.1", ACCEPTS), SHARE);
}

/* Whoever rents the address beside somebody's, or the next network, has that one's place as seldom as
 * anybody: else he who only comes and goes keeps his neighbour out. */
static void neighbours_have_places_of_their_own(void **state)
{
    (void)state;
    enum { SEEDS = 256, OFTEN = 16 };
    unsigned shared[2] = {0};
    for (unsigned i = 0; i < SEEDS; i++) {
        memset(server.tls_seed, (int)i, sizeof server.tls_seed);
        server.now_ms += 1000;
        assert_int_equal(handshakes("192.0.2.1", SHARE + 1), SHARE);
        shared[0] += !gets_in(&tls, "192.0.2.2");
        server.now_ms += 1000;
        assert_int_equal(handshakes("2001:db8:1:2::1", SHARE + 1), SHARE);
        shared[1] += !gets_in(&tls, "2001:db8:1:3::1");
    }
    assert_true(shared[0] < OFTEN && shared[1] < OFTEN);
}

static void a_share_is_counted_as_far_as_a_byte_goes(void **state)
{
    (void)state;
    server.config.tls_accepts_per_s = 1000 * ACCEPTS;
    assert_int_equal(handshakes("192.0.2.1", UINT8_MAX + 2), UINT8_MAX);
}

static void without_limits_there_are_none(void **state)
{
    (void)state;
    server.config.per_address = server.config.tls_accepts_per_s = 0;
    for (size_t i = 0; i < COUNT; i++) take_place(i, "192.0.2.1");
    assert_int_equal(handshakes("192.0.2.1", 2 * ACCEPTS), 2 * ACCEPTS);
    server.config.tls_accepts_per_s = 1; /* less than a customer's part is still one */
    assert_int_equal(handshakes("192.0.2.1", 2), 1);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_address_gets_its_part),
        TEST(an_ipv4_client_is_one_in_both_families),
        TEST(an_ipv6_customer_has_one_network),
        TEST(customers_are_named_by_that_part),
        TEST(the_last_places_are_for_this_machine),
        TEST(one_customer_leaves_handshakes_to_others),
        TEST(neighbours_have_places_of_their_own),
        TEST(a_share_is_counted_as_far_as_a_byte_goes),
        TEST(without_limits_there_are_none),
    };
    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
