/* Two people with an agent each (world.h), a vault in a box (vault_box.h), and what its tests ask of them.
 * One a test program. */
#ifndef AK_TESTS_UNIT_ENGINE_VAULT_WORLD_H
#define AK_TESTS_UNIT_ENGINE_VAULT_WORLD_H

#include "core/state/vault_state.h"
#include "unit/engine/vault_box.h"
#include "unit/engine/world.h"

extern struct box box;
extern uint8_t value[AK_LIMIT_VALUE]; /* of the newest read */

int vault_world_setup(void **state);
int vault_world_teardown(void **state);
#define VAULT_TEST(name) cmocka_unit_test_setup_teardown(name, vault_world_setup, vault_world_teardown)

/* Alice stores a text. */
enum ak_code put_text(struct world *w, const char *service, const char *path, const char *text);
/* Alice reads it; version 0: the current one. */
void expect_read(struct world *w, const char *service, const char *path, uint64_t version, const char *text);
enum ak_code agent_reads(
    struct world *w, struct h_agent *agent, const char *service, const char *path, size_t *out_len);
struct ak_msg_credential_reply put_reply(struct world *w);
const struct ak_account *account_of(struct world *w, const struct h_person *person);
/* Of the last answer, an error. */
const char *message(struct world *w);
/* Every current pointer has its file, which opens; the ledger's DEKs are in the store (I14). */
void expect_whole(struct world *w);

#endif
