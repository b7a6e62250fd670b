/* The state as bytes: equal states give equal bytes, what is damaged is refused (I11, I16). */
#include "base/crypto/sha256.h"
#include "core/engine/internal.h"
#include "unit/engine/link_box.h"
#include "unit/engine/world.h"

/* Something of every kind of record. */
static void fill(struct world *w, struct h_person *phone)
{
    struct h_agent more;
    struct h *h = &w->h;
    h_second(h, &w->alice, phone, 3);
    h_agent(h, &w->alice, &more, 15, "suspended", "openrouter", 3);
    h_device_done(&more.device);
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_SUSPEND, "suspended"), AK_CODE_OK);
    h_agent(h, &w->alice, &more, 16, "gone", "", 0);
    h_device_done(&more.device);
    assert_int_equal(h_change(h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "gone"), AK_CODE_OK);
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("agent-1")};
    struct h_how how = {.key = "a-key"};
    assert_int_equal(
        h_call_how(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_ROTATE, &request, &how),
        AK_CODE_OK);
    struct ak_msg_device_remove_request remove = {0};
    memcpy(remove.id, phone->device.jkt, 32);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_PENDING);
    assert_int_equal(h_call(h, &w->bob.device, h_token(&w->bob), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_int_equal(h_person_sign(h, &w->alice, "x"), AK_CODE_OK);
    char address[43];
    world_address(w->alice.wallet, address);
    for (char *at = address + 2; *at; at++)
        if (*at >= 'A' && *at <= 'F') *at = (char)(*at - 'A' + 'a');
    struct ak_msg_link_request link = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(address)};
    assert_int_equal(h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_LINK, &link), AK_CODE_OK);
}

static struct ak_engine *empty(struct world *w, struct ak_arena *arena)
{
    return h_replay(&w->h, 0, arena);
}

static void drop(struct ak_engine *engine, struct ak_arena *arena)
{
    ak_engine_free(engine);
    ak_arena_done(arena);
}

/* At every batch of a history: written, read, and gone on with, it is the state of the whole replay. */
static void test_from_every_point(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes whole;
    fill(w, &phone);
    h_snapshot(w->h.engine, &whole);
    for (size_t cut = 1; cut <= w->h.batch_count; cut++) {
        struct ak_arena a, b;
        struct h_bytes bytes, after;
        struct ak_engine *first = h_replay(&w->h, cut, &a);
        struct ak_engine *second = empty(w, &b);
        uint64_t bad = 0;
        h_snapshot(first, &bytes);
        assert_int_equal(ak_engine_snapshot_read(second, ak_span(bytes.ptr, bytes.len)), AK_OK);
        for (size_t i = cut; i < w->h.batch_count; i++)
            assert_int_equal(
                ak_engine_replay(second, w->h.batches[i].segment, w->h.batches[i].record, &bad), AK_OK);
        h_snapshot(second, &after);
        assert_int_equal(after.len, whole.len);
        assert_memory_equal(after.ptr, whole.ptr, whole.len);
        free(bytes.ptr);
        free(after.ptr);
        drop(first, &a);
        drop(second, &b);
    }
    free(whole.ptr);
    h_device_done(&phone.device);
}

/* A start from a snapshot behaves as the engine did. */
static void test_behaves_the_same(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes;
    struct ak_arena arena;
    fill(w, &phone);
    h_snapshot(w->h.engine, &bytes);
    struct ak_engine *again = empty(w, &arena), *before = w->h.engine;
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)), AK_OK);
    w->h.engine = again;
    assert_int_equal(ak_engine_start(again, true, w->h.counter, w->h.wall_ms, w->h.mono_ms), AK_OK);
    h_settle(&w->h);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    assert_int_equal(w->agent.generation, 1);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &w->bob, "x"), AK_CODE_DENIED);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "gone"), AK_CODE_ALREADY_DONE);
    assert_true(w->h.out.notice_len > 0);
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("agent-1")};
    struct h_how how = {.key = "a-key"};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_ROTATE, &request, &how),
        AK_CODE_OK);
    struct ak_msg_agent_change_reply reply;
    h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
    assert_int_equal(reply.generation, 1);
    w->h.engine = before;
    drop(again, &arena);
    free(bytes.ptr);
    h_device_done(&phone.device);
}

/* Cut anywhere, or grown: refused. */
static void test_cut_and_grown(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes;
    fill(w, &phone);
    h_snapshot(w->h.engine, &bytes);
    for (size_t len = 0; len<bytes.len; len += len> 600 ? 13 : 1) {
        struct ak_arena arena;
        struct ak_engine *again = empty(w, &arena);
        assert_int_not_equal(ak_engine_snapshot_read(again, ak_span(bytes.ptr, len)), AK_OK);
        drop(again, &arena);
    }
    uint8_t *grown = calloc(1, bytes.len + 1);
    assert_non_null(grown);
    memcpy(grown, bytes.ptr, bytes.len);
    struct ak_arena arena;
    struct ak_engine *again = empty(w, &arena);
    assert_int_not_equal(ak_engine_snapshot_read(again, ak_span(grown, bytes.len + 1)), AK_OK);
    drop(again, &arena);
    free(grown);
    free(bytes.ptr);
    h_device_done(&phone.device);
}

/* Each byte altered: refused, or another state, never the same one and never a crash. */
static void test_each_byte_counts(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes;
    size_t refused = 0;
    fill(w, &phone);
    h_snapshot(w->h.engine, &bytes);
    for (size_t at = 0; at < bytes.len; at += at < 400 ? 1 : 5) {
        struct ak_arena arena;
        struct ak_engine *again = empty(w, &arena);
        bytes.ptr[at] ^= 0x80;
        if (ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)) == AK_OK) {
            struct h_bytes after;
            h_snapshot(again, &after);
            assert_int_equal(after.len, bytes.len);
            assert_memory_equal(after.ptr, bytes.ptr, bytes.len); /* nothing was quietly mended */
            free(after.ptr);
        } else {
            refused++;
        }
        bytes.ptr[at] ^= 0x80;
        drop(again, &arena);
    }
    assert_true(refused > 50);
    free(bytes.ptr);
    h_device_done(&phone.device);
}

static void refuse_snapshot(struct world *w, const struct h_bytes *bytes)
{
    struct ak_arena arena;
    struct ak_engine *again = empty(w, &arena);
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes->ptr, bytes->len)), AK_E_FORMAT);
    drop(again, &arena);
}

static uint8_t *find(const struct h_bytes *bytes, const uint8_t what[32])
{
    uint8_t *at = memmem(bytes->ptr, bytes->len, what, 32);
    assert_non_null(at);
    return at;
}

/* Of the form of a snapshot, and no state: a device twice, identities out of their order. */
static void test_what_no_state_has(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(box_link_own(&w->h, &w->alice, w->alice.wallet), AK_CODE_OK);
    assert_int_equal(box_link_own(&w->h, &w->bob, w->bob.wallet), AK_CODE_OK);
    h_snapshot(w->h.engine, &bytes);
    uint8_t *device = find(&bytes, phone.device.jkt);
    memcpy(device, w->alice.device.jkt, 32);
    refuse_snapshot(w, &bytes);
    memcpy(device, phone.device.jkt, 32);
    struct ak_linked *first = ak_vec_at(&w->h.engine->state.linked, 0);
    struct ak_linked *second = ak_vec_at(&w->h.engine->state.linked, 1);
    assert_true(first->account < second->account);
    find(&bytes, first->omni)[-1] = (uint8_t)second->account;
    find(&bytes, second->omni)[-1] = (uint8_t)first->account;
    refuse_snapshot(w, &bytes);
    free(bytes.ptr);
    h_device_done(&phone.device);
}

/* A name longer than any that an entry has. */
static void test_a_name_that_is_too_long(void **state)
{
    enum { LONG = AK_LIMIT_LABEL + 1 };
    struct world *w = *state;
    struct h_bytes bytes, more;
    h_snapshot(w->h.engine, &bytes);
    uint8_t *name = find(&bytes, w->alice.device.jkt) + 32;
    size_t before = (size_t)(name - bytes.ptr), len = (size_t)name[0] << 8 | name[1];
    more.len = bytes.len - len + LONG;
    more.ptr = malloc(more.len);
    assert_non_null(more.ptr);
    struct ak_buf buf = ak_buf(more.ptr, more.len);
    ak_buf_put(&buf, ak_span(bytes.ptr, before));
    ak_buf_put_u16(&buf, LONG);
    for (size_t i = 0; i < LONG; i++) ak_buf_put_u8(&buf, 'n');
    ak_buf_put(&buf, ak_span(name + 2 + len, bytes.len - before - 2 - len));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(buf.len, more.len);
    refuse_snapshot(w, &more);
    free(more.ptr);
    free(bytes.ptr);
}

static void enrol(struct world *w, unsigned number, const char *name)
{
    struct ak_msg_device_request request = {.name = ak_span_str(name)};
    struct ak_msg_pair_reply asked;
    struct h_device device;
    h_device(&device, number);
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("device"), .label = request.name};
    memcpy(yes.request_id, asked.request_id, sizeof yes.request_id);
    memcpy(yes.device, device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes), AK_CODE_OK);
    h_device_done(&device);
}

/* Records that are used again after a snapshot was read: what stands behind a short name is somebody's. */
static void test_records_used_again_after_it(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes, whole, after;
    struct ak_arena arena;
    char name[AK_LIMIT_LABEL + 1] = "";
    uint64_t bad = 0;
    for (unsigned i = 1; i < AK_STATE_DEVICES_ACCOUNT; i++) {
        struct ak_msg_device_remove_request remove = {0};
        h_second(&w->h, &w->alice, &phone, 300 + i);
        memcpy(remove.id, phone.device.jkt, 32);
        assert_int_equal(
            h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
        h_device_done(&phone.device);
        h_tick(&w->h, 1000);
    }
    h_settle(&w->h);
    h_snapshot(w->h.engine, &bytes);
    size_t cut = w->h.batch_count;
    memset(name, 'n', AK_LIMIT_LABEL);
    for (unsigned i = 0; i < 3; i++) enrol(w, 700 + i, name);
    h_settle(&w->h);
    h_snapshot(w->h.engine, &whole);
    struct ak_engine *again = empty(w, &arena);
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)), AK_OK);
    for (size_t i = cut; i < w->h.batch_count; i++)
        assert_int_equal(
            ak_engine_replay(again, w->h.batches[i].segment, w->h.batches[i].record, &bad), AK_OK);
    h_snapshot(again, &after);
    assert_int_equal(after.len, whole.len);
    assert_memory_equal(after.ptr, whole.ptr, whole.len);
    drop(again, &arena);
    free(bytes.ptr);
    free(whole.ptr);
    free(after.ptr);
}

/* More keys of repeated calls than are kept. */
static void test_too_many_keys(void **state)
{
    enum { COUNT_LEN = 4, TOO_MANY = AK_STATE_IDEMPOTENT + 1 };
    struct world *w = *state;
    struct h_person phone;
    struct h_bytes bytes, more;
    fill(w, &phone);
    h_snapshot(w->h.engine, &bytes);
    const struct ak_idempotent *one = &w->h.engine->state.idempotent[0];
    assert_int_equal(w->h.engine->state.idempotent_count, 1);
    uint8_t *record = find(&bytes, one->key_hash) - 4; /* behind the account's number */
    size_t len = (size_t)(find(&bytes, one->leaf) + 32 - record);
    size_t before = (size_t)(record - COUNT_LEN - bytes.ptr), after = bytes.len - before - COUNT_LEN - len;
    more.len = before + COUNT_LEN + TOO_MANY * len + after;
    more.ptr = malloc(more.len);
    assert_non_null(more.ptr);
    struct ak_buf buf = ak_buf(more.ptr, more.len);
    ak_buf_put(&buf, ak_span(bytes.ptr, before));
    ak_buf_put_u32(&buf, TOO_MANY);
    for (size_t i = 0; i < TOO_MANY; i++) ak_buf_put(&buf, ak_span(record, len));
    ak_buf_put(&buf, ak_span(record + len, after));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    refuse_snapshot(w, &more);
    free(more.ptr);
    free(bytes.ptr);
    h_device_done(&phone.device);
}

/* An entry that set the trust configuration, and none set. */
static void test_trust_of_nothing(void **state)
{
    struct world *w = *state;
    struct h_bytes bytes;
    uint8_t memory[4096];
    struct ak_buf log = AK_BUF_ARR(memory);
    h_snapshot(w->h.engine, &bytes);
    ak_ledger_log_put(&w->h.engine->log, &log);
    uint8_t *size = bytes.ptr + 5 + log.len + 96; /* docs/formats/snapshot.md */
    assert_memory_equal(size, "\0\0\0\0\0\0\0\0", 8);
    size[7] = 1;
    refuse_snapshot(w, &bytes);
    free(bytes.ptr);
}

static void test_when_it_may_be_written_and_read(void **state)
{
    struct world *w = *state;
    struct h_bytes bytes;
    struct ak_snapshot_sink sink = {NULL, NULL};
    h_snapshot(w->h.engine, &bytes);
    w->h.manual = true;
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    assert_int_equal(ak_engine_snapshot_write(w->h.engine, &sink), AK_E_STATE); /* entries are pending */
    assert_int_equal(ak_engine_snapshot_read(w->h.engine, ak_span(bytes.ptr, bytes.len)), AK_E_STATE);
    struct ak_arena arena;
    struct ak_engine *other = NULL;
    struct ak_engine_conf conf = h_conf();
    conf.log_id[0] ^= 1;
    struct ak_engine_conf kept = w->h.conf;
    w->h.conf = conf;
    other = h_replay(&w->h, 0, &arena);
    w->h.conf = kept;
    assert_int_equal(ak_engine_snapshot_read(other, ak_span(bytes.ptr, bytes.len)), AK_E_MEANING);
    drop(other, &arena);
    other = empty(w, &arena);
    bytes.ptr[4]++;
    assert_int_equal(ak_engine_snapshot_read(other, ak_span(bytes.ptr, bytes.len)), AK_E_UNSUPPORTED);
    drop(other, &arena);
    free(bytes.ptr);
}

static enum ak_err refuse(void *ctx, struct ak_span bytes)
{
    (void)bytes;
    return *(enum ak_err *)ctx;
}

static void test_a_sink_that_fails(void **state)
{
    struct world *w = *state;
    enum ak_err err = AK_E_IO;
    struct ak_snapshot_sink sink = {refuse, &err};
    assert_int_equal(ak_engine_snapshot_write(w->h.engine, &sink), AK_E_IO);
}

/* The entry that names it is control, and stands in the state that follows. */
static void test_the_record(void **state)
{
    struct world *w = *state;
    struct h_bytes bytes;
    uint8_t hash[32];
    uint64_t size = h_size(&w->h);
    h_snapshot(w->h.engine, &bytes);
    ak_sha256(ak_span(bytes.ptr, bytes.len), hash);
    assert_int_equal(ak_engine_snapshot_record(w->h.engine, size, hash, bytes.len), AK_OK);
    h_settle(&w->h);
    assert_true(w->h.batches[w->h.batch_count - 1].control);
    assert_int_equal(ak_engine_state(w->h.engine)->snapshot_size, size);
    assert_memory_equal(ak_engine_state(w->h.engine)->snapshot_hash, hash, 32);
    h_restart(&w->h, true);
    assert_int_equal(ak_engine_state(w->h.engine)->snapshot_size, size);
    free(bytes.ptr);
}

/* More than one chunk: large scopes, many accounts. */
static void test_a_large_one(void **state)
{
    struct world *w = *state;
    char scope[AK_LIMIT_SCOPE_TEXT + 1] = "";
    for (unsigned i = 0; i < 31; i++) {
        size_t at = strlen(scope);
        (void)snprintf(scope + at, sizeof scope - at, "%ss%061u%c", i ? "," : "", i, 'x');
    }
    for (unsigned i = 0; i < 60; i++) {
        struct h_person person;
        struct h_agent agent;
        char name[32];
        (void)snprintf(name, sizeof name, "person-%u", i);
        h_person(&w->h, &person, name, 200 + i);
        h_agent(&w->h, &person, &agent, 300, "big", scope, 0);
        h_device_done(&agent.device);
        h_device_done(&person.device);
    }
    h_restart(&w->h, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_from_every_point),
        WORLD_TEST(test_behaves_the_same),
        WORLD_TEST(test_cut_and_grown),
        WORLD_TEST(test_each_byte_counts),
        WORLD_TEST(test_what_no_state_has),
        WORLD_TEST(test_a_name_that_is_too_long),
        WORLD_TEST(test_records_used_again_after_it),
        WORLD_TEST(test_too_many_keys),
        WORLD_TEST(test_trust_of_nothing),
        WORLD_TEST(test_when_it_may_be_written_and_read),
        WORLD_TEST(test_a_sink_that_fails),
        WORLD_TEST(test_the_record),
        WORLD_TEST(test_a_large_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
