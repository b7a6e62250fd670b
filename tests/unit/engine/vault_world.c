/* What tests of the vault start from and look at again and again. */
#include "unit/engine/vault_world.h"

struct box box;
uint8_t value[AK_LIMIT_VALUE];

int vault_world_setup(void **state)
{
    (void)world_setup(state);
    struct world *w = *state;
    box_open(&box, &w->h);
    return 0;
}

int vault_world_teardown(void **state)
{
    box_close(&box);
    return world_teardown(state);
}

enum ak_code put_text(struct world *w, const char *service, const char *path, const char *text)
{
    return box_put(&w->h, &w->alice, service, path, ak_span_str(text));
}

void expect_read(struct world *w, const char *service, const char *path, uint64_t version, const char *text)
{
    size_t len = 0;
    assert_int_equal(
        box_read(&w->h, &w->alice.device, h_token(&w->alice), service, path, version, value, &len),
        AK_CODE_OK);
    assert_true(ak_span_eq(ak_span(value, len), ak_span_str(text)));
}

enum ak_code agent_reads(
    struct world *w, struct h_agent *agent, const char *service, const char *path, size_t *out_len)
{
    return box_read(&w->h, &agent->device, h_agent_token(agent), service, path, 0, value, out_len);
}

struct ak_msg_credential_reply put_reply(struct world *w)
{
    struct ak_msg_credential_reply reply;
    h_reply(&w->h, &ak_credential_reply_msg, &reply);
    return reply;
}

const struct ak_account *account_of(struct world *w, const struct h_person *person)
{
    return ak_state_account(ak_engine_state(w->h.engine), person->anchor, NULL);
}

const char *message(struct world *w)
{
    static char text[512];
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    (void)snprintf(text, sizeof text, "%.*s", (int)error.message.len, (const char *)error.message.ptr);
    return text;
}

/* Every current pointer has its file, which opens; the ledger's DEKs are in the store (I14). */
void expect_whole(struct world *w)
{
    uint64_t cursor = 0;
    uint32_t deks = 0;
    struct ak_blob_place place;
    struct ak_epoch_key key;
    uint8_t hash[32];
    while (ak_engine_vault_next_blob(w->h.engine, &cursor, &place, hash)) {
        struct box_file *file = box_file(&box, place.blob_id);
        struct ak_blob_name name = ak_blob_name_of(&place);
        assert_true(ak_engine_vault_has_blob(w->h.engine, &name));
        assert_true(ak_engine_vault_has_place(w->h.engine, &place));
        place.blob_id[15] ^= 1;
        assert_false(ak_engine_vault_has_place(w->h.engine, &place));
        place.anchor[0] ^= 1;
        assert_false(ak_engine_vault_has_place(w->h.engine, &place));
        assert_non_null(file);
        assert_true(box_open_file(&box, file, value) != SIZE_MAX);
    }
    while (ak_engine_vault_next_dek(w->h.engine, &deks, &key)) {
        assert_true(ak_engine_vault_has_dek(w->h.engine, &key));
        assert_true(box_has_dek(&box, &key));
    }
}
