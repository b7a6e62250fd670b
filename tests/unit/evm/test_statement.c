/* The lineage statement: digest and signatures as another program makes them; every field counts. */
#include "unit/check.h"

#include "base/codec/hex.h"
#include "core/evm/statement.h"

static void bytes(const char *hex, uint8_t *out_bytes, size_t len)
{
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(hex), out_bytes, len), AK_OK);
}

static struct ak_lineage lineage(uint32_t generation)
{
    struct ak_lineage statement = {.base_path = AK_SPAN_LIT("/agent-1"), .generation = generation};
    bytes("9ae27177e72634f5f1dcd1b19cc0e0457fc0735e", statement.agent, 20);
    bytes("0a31f4ce6921c1fcae4090fad3ef3f9168c20b7d", statement.user, 20);
    return statement;
}

static void digests_as_another_program_does(void **state)
{
    (void)state;
    uint8_t digest[32], expected[32];
    struct ak_lineage statement = lineage(7);
    ak_statement_lineage_digest(&statement, digest);
    bytes("f608258caaec282dc5a04925609be30dbebd3ffb8a7d23025b3af28b53198d7c", expected, 32);
    assert_memory_equal(digest, expected, 32);
    statement.generation = 0;
    ak_statement_lineage_digest(&statement, digest);
    bytes("a6af70fe777a81baac290888b0f94cdee70ebfd54818fed129ea4a503894ee25", expected, 32);
    assert_memory_equal(digest, expected, 32);
}

static void verifies_signatures_of_another_program(void **state)
{
    (void)state;
    uint8_t agent_sig[65], user_sig[65];
    struct ak_lineage statement = lineage(0);
    bytes("6183b9ce5d34045012007e5782b7fe58c9b23117dca3c5833e6ae069a266d0a20b377f193db7c2883cd7d6c75d22f45921"
          "839ac6b4112f0fb"
          "d2c9f11add033431c",
        agent_sig, 65);
    bytes("679ec72c40e0544e774ccec5d1a790c13c1fabc6c3172ec7054ac2931d2fa3780586620afee7b7bcdf470297dd03622c3d"
          "a1d6dee4d263e75"
          "30034de26da0db11c",
        user_sig, 65);
    assert_int_equal(ak_statement_lineage_verify(&statement, agent_sig, user_sig), AK_OK);
    assert_int_equal(ak_statement_lineage_verify(&statement, user_sig, agent_sig), AK_E_AUTH);
    assert_int_equal(ak_statement_lineage_verify(&statement, agent_sig, agent_sig), AK_E_AUTH);
    statement.generation = 1;
    assert_int_equal(ak_statement_lineage_verify(&statement, agent_sig, user_sig), AK_E_AUTH);
}

static void every_field_counts(void **state)
{
    (void)state;
    uint8_t good[32], other[32];
    struct ak_lineage statement = lineage(7);
    ak_statement_lineage_digest(&statement, good);
    for (size_t i = 0; i < 20; i++) {
        statement.agent[i] ^= 1;
        ak_statement_lineage_digest(&statement, other);
        assert_memory_not_equal(good, other, 32);
        statement.agent[i] ^= 1;
        statement.user[i] ^= 1;
        ak_statement_lineage_digest(&statement, other);
        assert_memory_not_equal(good, other, 32);
        statement.user[i] ^= 1;
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        statement.generation ^= 1u << bit;
        ak_statement_lineage_digest(&statement, other);
        assert_memory_not_equal(good, other, 32);
        statement.generation ^= 1u << bit;
    }
    statement.base_path = AK_SPAN_LIT("/agent-2");
    ak_statement_lineage_digest(&statement, other);
    assert_memory_not_equal(good, other, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_as_another_program_does),
        cmocka_unit_test(verifies_signatures_of_another_program),
        cmocka_unit_test(every_field_counts),
    };
    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
