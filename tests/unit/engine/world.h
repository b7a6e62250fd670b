/* What most engine tests start from: two people, each with an agent. */
#ifndef AK_TESTS_UNIT_ENGINE_WORLD_H
#define AK_TESTS_UNIT_ENGINE_WORLD_H

#include "unit/check.h"
#include "unit/engine/harness.h"

#define WORLD_SCOPE "cap:sign-message,cap:sign-siwe?domain=example.org,openrouter"

struct world {
    struct h h;
    struct h_person alice, bob;
    struct h_agent agent, bobs; /* "agent-1" of alice, "robot" of bob */
};

static inline int world_setup(void **state)
{
    static struct world world;
    h_open(&world.h);
    h_person(&world.h, &world.alice, "alice", 1);
    h_person(&world.h, &world.bob, "bob", 2);
    h_agent(&world.h, &world.alice, &world.agent, 10, "agent-1", WORLD_SCOPE, 0);
    h_agent(&world.h, &world.bob, &world.bobs, 20, "robot", "cap:sign-message", 0);
    *state = &world;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    h_device_done(&w->alice.device);
    h_device_done(&w->bob.device);
    h_device_done(&w->agent.device);
    h_device_done(&w->bobs.device);
    h_close(&w->h);
    return 0;
}

/* "0x…" of an address, checksummed as EIP-4361 wants it, into 43 bytes. */
void world_address(const uint8_t address[20], char out_text[43]);
/* A sign-in text for `domain` by `address`, valid for ten minutes from H_START_MS on. */
struct world_siwe {
    const char *domain, *uri, *nonce, *issued, *expires, *resources, *statement;
};
size_t world_siwe(const struct world_siwe *parts, const uint8_t address[20], char *out_text, size_t cap);

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
