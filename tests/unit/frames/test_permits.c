/* The permit table, whole: who may send what in which phase. */
#include "unit/check.h"

#include "core/frames/frame.h"

static const struct {
    enum ak_frame_sender sender;
    enum ak_frame_phase phase;
    const char *types; /* one character a type, '1' HELLO and so on */
} table[] = {
    {AK_SENDER_GATEWAY, AK_PHASE_START, "1"},
    {AK_SENDER_KEEPER, AK_PHASE_START, "2"},
    {AK_SENDER_GATEWAY, AK_PHASE_SERVE, "359"},
    {AK_SENDER_KEEPER, AK_PHASE_SERVE, "46"},
    {AK_SENDER_GATEWAY, AK_PHASE_STOP, "5"},
    {AK_SENDER_KEEPER, AK_PHASE_STOP, "46"},
    {AK_SENDER_GATEWAY, AK_PHASE_TLS, "7"},
    {AK_SENDER_KEEPER, AK_PHASE_TLS, "8"},
};

static void permits_the_table_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(table); i++)
        for (unsigned type = 0; type < 300; type++) {
            bool want = type > 0 && type < 10 && strchr(table[i].types, (int)('0' + type)) != NULL;
            assert_int_equal(ak_frame_permitted(table[i].sender, table[i].phase, type), want);
        }
}

static void permits_nobody_else(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 300; type++)
        for (unsigned phase = 0; phase < 8; phase++)
            for (unsigned sender = 0; sender < 6; sender++) {
                bool known = sender == AK_SENDER_GATEWAY || sender == AK_SENDER_KEEPER;
                if (known && phase <= AK_PHASE_TLS) continue;
                assert_false(
                    ak_frame_permitted((enum ak_frame_sender)sender, (enum ak_frame_phase)phase, type));
            }
}

/* Only the gateway asks, only the keeper answers: no frame goes both ways. */
static void goes_one_way(void **state)
{
    (void)state;
    for (unsigned type = 0; type < AK_FRAME_COUNT; type++) {
        bool by[3] = {false, false, false};
        for (unsigned phase = 0; phase <= AK_PHASE_TLS; phase++) {
            by[1] |= ak_frame_permitted(AK_SENDER_GATEWAY, (enum ak_frame_phase)phase, type);
            by[2] |= ak_frame_permitted(AK_SENDER_KEEPER, (enum ak_frame_phase)phase, type);
        }
        assert_false(by[1] && by[2]);
        assert_int_equal(by[1] || by[2], type > 0);
    }
}

static void reads_heads(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 256; version++) {
        const uint8_t bytes[] = {(uint8_t)version, 7, 9};
        struct ak_reader reader = ak_reader(AK_SPAN_ARR(bytes));
        unsigned type = 99;
        assert_int_equal(ak_frame_read_head(&reader, &type), version == 1 ? AK_OK : AK_E_UNSUPPORTED);
        assert_int_equal(type, 7);
        assert_int_equal(reader.len, 1);
    }
    for (size_t len = 0; len < 2; len++) {
        struct ak_reader reader = ak_reader(ak_span("\1\1", len));
        unsigned type = 0;
        assert_int_equal(ak_frame_read_head(&reader, &type), AK_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_the_table_only),
        cmocka_unit_test(permits_nobody_else),
        cmocka_unit_test(goes_one_way),
        cmocka_unit_test(reads_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
