/* Questions to the ledger: pages, filters, proofs that verify, damage that is named, others' entries not
 * found (I8, I11). */
#include "base/codec/hex.h"
#include "core/ledger/note.h"
#include "unit/engine/world.h"

static enum ak_code ask(
    struct world *w, struct h_device *device, struct ak_span token, unsigned call, const void *request)
{
    enum ak_code code = h_call(&w->h, device, token, call, request);
    return code == AK_CODE_OK && (w->h.out.wait & AK_WAIT_READ) ? h_read(&w->h) : code;
}

static enum ak_code audit(
    struct world *w, const struct ak_msg_audit_request *request, struct ak_msg_audit_reply *out_reply)
{
    enum ak_code code = ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_AUDIT, request);
    if (!code) h_reply(&w->h, &ak_audit_reply_msg, out_reply);
    return code;
}

static size_t count_items(struct ak_msg_audit_reply *reply)
{
    struct ak_msg_audit_item item;
    size_t count = 0;
    while (ak_list_next(&reply->entries, &ak_audit_item_msg, &item)) count++;
    return count;
}

static void parse_proof(struct ak_span text, struct ak_merkle_proof *out_proof)
{
    out_proof->count = 0;
    for (size_t at = 0; at < text.len; at += 65)
        assert_int_equal(
            ak_hex_decode_fixed(ak_span_sub(text, at, 64), out_proof->hashes[out_proof->count++], 32), AK_OK);
}

static void test_all_of_the_account(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_request request = {.present = 0};
    struct ak_msg_audit_reply reply;
    struct ak_msg_audit_item item;
    uint64_t seq = 0;
    for (int i = 0; i < 5; i++) assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(reply.size, h_size(&w->h));
    assert_int_equal(reply.next, reply.size);
    while (ak_list_next(&reply.entries, &ak_audit_item_msg, &item)) {
        struct ak_entry entry;
        uint8_t leaf[32];
        assert_int_equal(ak_entry_decode(item.entry, &entry), AK_OK);
        assert_memory_equal(entry.anchor, w->alice.anchor, 32);
        assert_int_equal(entry.seq, ++seq); /* without a gap */
        ak_merkle_leaf(item.entry, leaf);
        assert_memory_equal(leaf, item.leaf_hash, 32);
        assert_true(ak_span_eq(item.type, ak_span_str(ak_entry_type_name(entry.type))));
    }
    assert_int_equal(seq, ak_state_account(ak_engine_state(w->h.engine), w->alice.anchor, NULL)->seq);
}

static void test_pages(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_request request = {
        .limit = 3, .present = 1u << AK_AUDIT_REQUEST_LIMIT | 1u << AK_AUDIT_REQUEST_SINCE};
    struct ak_msg_audit_reply reply;
    for (int i = 0; i < 20; i++) assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    size_t items = 0, pages = 0;
    for (;; pages++) {
        assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
        size_t count = count_items(&reply);
        assert_true(count <= 3);
        items += count;
        if (reply.next == reply.size) break;
        assert_true(reply.next > request.since);
        request.since = reply.next;
    }
    assert_int_equal(items, ak_state_account(ak_engine_state(w->h.engine), w->alice.anchor, NULL)->seq);
    assert_true(pages > 5);
    request.since = UINT64_MAX;
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(count_items(&reply), 0);
}

/* More than one answer holds: the page ends early and says where to go on. */
static void test_a_page_that_is_full(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_request request = {
        .limit = 1000, .present = 1u << AK_AUDIT_REQUEST_LIMIT | 1u << AK_AUDIT_REQUEST_SINCE};
    struct ak_msg_audit_reply reply;
    for (int i = 0; i < 800; i++) {
        if (i % 90 == 0) h_tick(&w->h, 60000);
        assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    }
    size_t items = 0, pages = 0;
    do {
        assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
        items += count_items(&reply);
        request.since = reply.next;
        pages++;
    } while (reply.next < reply.size);
    assert_true(pages > 1);
    assert_int_equal(items, ak_state_account(ak_engine_state(w->h.engine), w->alice.anchor, NULL)->seq);
}

static void test_filters(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_reply reply;
    struct h_agent second;
    h_agent(&w->h, &w->alice, &second, 11, "agent-2", "cap:sign-message", 0);
    assert_int_equal(h_agent_sign(&w->h, &second, "x"), AK_CODE_OK);
    struct ak_msg_audit_request request = {
        .type = AK_SPAN_LIT("MessageSigned"), .present = 1u << AK_AUDIT_REQUEST_TYPE};
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(count_items(&reply), 1);
    request.type = AK_SPAN_LIT("NoSuchType");
    assert_int_equal(audit(w, &request, &reply), AK_CODE_INVALID_REQUEST);
    request = (struct ak_msg_audit_request){
        .path = AK_SPAN_LIT("/agent-1"), .present = 1u << AK_AUDIT_REQUEST_PATH};
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(count_items(&reply), 2); /* activated, token */
    request.path = AK_SPAN_LIT("agent-1");
    assert_int_equal(audit(w, &request, &reply), AK_CODE_INVALID_PATH);
    /* an agent sees its own part, whatever it asks for */
    request.path = AK_SPAN_LIT("/agent-1");
    assert_int_equal(ask(w, &second.device, h_agent_token(&second), AK_CALL_AUDIT, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_audit_reply_msg, &reply);
    struct ak_msg_audit_item item;
    size_t count = 0;
    while (ak_list_next(&reply.entries, &ak_audit_item_msg, &item)) {
        struct ak_entry entry;
        assert_int_equal(ak_entry_decode(item.entry, &entry), AK_OK);
        assert_true(ak_span_eq(entry.label, AK_SPAN_LIT("agent-2")));
        count++;
    }
    assert_int_equal(count, 3);
    h_device_done(&second.device);
}

static void test_proofs_under_the_checkpoint(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_request request = {.proofs = true, .present = 1u << AK_AUDIT_REQUEST_PROOFS};
    struct ak_msg_audit_reply reply;
    struct ak_msg_audit_item item;
    uint8_t pub[32];
    struct ak_checkpoint checkpoint;
    for (int i = 0; i < 7; i++) assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    w->h.manual = true; /* durable, but under no checkpoint: not shown with a proof */
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    h_take(&w->h);
    h_durable(&w->h, w->h.batch_count);
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(reply.size, h_size(&w->h) - 1);
    ak_engine_ledger_pub(w->h.engine, pub);
    assert_memory_equal(reply.key, pub, 32);
    assert_int_equal(ak_checkpoint_verify(reply.checkpoint, pub, &checkpoint), AK_OK);
    assert_int_equal(checkpoint.size, reply.size);
    size_t count = 0;
    while (ak_list_next(&reply.entries, &ak_audit_item_msg, &item)) {
        struct ak_merkle_proof proof;
        parse_proof(item.proof, &proof);
        assert_int_equal(
            ak_merkle_verify_inclusion(item.leaf_hash, item.index, checkpoint.size, &proof, checkpoint.root),
            AK_OK);
        count++;
    }
    assert_true(count > 8);
}

static void test_inclusion(void **state)
{
    struct world *w = *state;
    struct ak_msg_inclusion_reply reply;
    uint64_t own = 0, foreign = 0;
    for (uint64_t i = 0; i < h_size(&w->h); i++) {
        struct ak_entry entry;
        h_entry(&w->h, i, &entry);
        struct ak_msg_inclusion_request request = {.index = i};
        enum ak_code code = ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &request);
        bool mine = entry.has_anchor && memcmp(entry.anchor, w->alice.anchor, 32) == 0;
        assert_int_equal(code, mine ? AK_CODE_OK : AK_CODE_NOT_FOUND);
        own += mine;
        foreign += !mine;
        if (!mine) continue;
        h_reply(&w->h, &ak_inclusion_reply_msg, &reply);
        struct ak_merkle_proof proof;
        uint8_t root[32];
        parse_proof(reply.proof, &proof);
        ak_merkle_root(&ak_engine_log(w->h.engine)->tree, root);
        assert_int_equal(ak_merkle_verify_inclusion(reply.leaf_hash, i, reply.size, &proof, root), AK_OK);
    }
    assert_true(own > 3 && foreign > 3);
    struct ak_msg_inclusion_request past = {
        .index = 4, .size = 5, .present = 1u << AK_INCLUSION_REQUEST_SIZE};
    assert_int_equal(ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &past), AK_CODE_OK);
    h_reply(&w->h, &ak_inclusion_reply_msg, &reply);
    assert_int_equal(reply.size, 5);
    past.index = 5;
    assert_int_equal(
        ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &past), AK_CODE_NOT_FOUND);
    past = (struct ak_msg_inclusion_request){
        .index = 4, .size = h_size(&w->h) + 1, .present = 1u << AK_INCLUSION_REQUEST_SIZE};
    assert_int_equal(
        ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &past), AK_CODE_NOT_FOUND);
    past.index = UINT64_MAX;
    past.present = 0;
    assert_int_equal(
        ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &past), AK_CODE_NOT_FOUND);
}

static void test_consistency(void **state)
{
    struct world *w = *state;
    uint64_t size = h_size(&w->h);
    for (uint64_t from = 1; from <= size + 1; from++) {
        struct ak_msg_consistency_request request = {.from = from};
        struct ak_msg_consistency_reply reply;
        enum ak_code code = ask(w, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &request);
        assert_int_equal(code, from <= size ? AK_CODE_OK : AK_CODE_NOT_FOUND);
        if (code) continue;
        h_reply(&w->h, &ak_consistency_reply_msg, &reply);
        assert_int_equal(reply.to, size);
        if (from == size) assert_int_equal(reply.proof.len, 0);
    }
    struct ak_msg_consistency_request request = {
        .from = 3, .to = 2, .present = 1u << AK_CONSISTENCY_REQUEST_TO};
    assert_int_equal(ask(w, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &request), AK_CODE_NOT_FOUND);
    request.to = size + 1;
    assert_int_equal(ask(w, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &request), AK_CODE_NOT_FOUND);
    request.to = 7;
    assert_int_equal(ask(w, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &request), AK_CODE_OK);
}

/* A stranger's question must not look like damage: from 0 has no proof and is refused as such. */
static void test_consistency_from_nothing(void **state)
{
    struct world *w = *state;
    uint8_t body[32];
    struct ak_buf buf = AK_BUF_ARR(body);
    ak_buf_put_u64(&buf, 0);
    ak_buf_put_u8(&buf, 0);
    struct h_how how = {.raw_body = true, .body = ak_buf_span(&buf)};
    assert_int_equal(
        h_call_how(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, NULL, &how), AK_CODE_INVALID_REQUEST);
}

static void test_checkpoints(void **state)
{
    struct world *w = *state;
    struct ak_msg_checkpoint_reply reply;
    uint8_t pub[32];
    struct ak_checkpoint checkpoint;
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_CHECKPOINT, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_checkpoint_reply_msg, &reply);
    ak_engine_ledger_pub(w->h.engine, pub);
    assert_int_equal(ak_checkpoint_verify(reply.checkpoint, pub, &checkpoint), AK_OK);
    assert_int_equal(checkpoint.size, h_size(&w->h));
    assert_memory_equal(checkpoint.root, reply.root_hash, 32);
    /* all sealed: the answer comes at once */
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CHECKPOINT_SEAL, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, 0);
    h_reply(&w->h, &ak_checkpoint_reply_msg, &reply);
    assert_int_equal(reply.size, h_size(&w->h));
    /* something is pending: it waits, and the checkpoint covers it */
    w->h.manual = true;
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    w->h.manual = false;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CHECKPOINT_SEAL, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE | AK_WAIT_SEALED);
    h_reply(&w->h, &ak_checkpoint_reply_msg, &reply);
    assert_int_equal(reply.size, h_size(&w->h));
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_CHECKPOINT_SEAL, NULL),
        AK_CODE_INVALID_TOKEN);
}

static enum ak_code seal_more(struct world *w, struct h_person *who)
{
    w->h.manual = true; /* something that is not sealed */
    assert_int_equal(h_person_sign(&w->h, &w->bob, "x"), AK_CODE_OK);
    w->h.manual = false;
    return h_call(&w->h, &who->device, h_token(who), AK_CALL_CHECKPOINT_SEAL, NULL);
}

/* Sixty seals a minute an account asks for; another account, and an answer that needs none, are not refused.
 */
static void test_asking_for_checkpoints(void **state)
{
    struct world *w = *state;
    struct ak_msg_error_reply error;
    for (unsigned i = 0; i < AK_ENGINE_SEALS_PER_MINUTE; i++)
        assert_int_equal(seal_more(w, &w->alice), AK_CODE_OK);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CHECKPOINT_SEAL, NULL), AK_CODE_OK);
    assert_int_equal(seal_more(w, &w->alice), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_false(w->h.out.wait & AK_WAIT_SEALED);
    h_error(&w->h, &error);
    assert_int_equal(error.retry_after_secs, 1);
    assert_int_equal(seal_more(w, &w->bob), AK_CODE_OK);
    h_tick(&w->h, 1000);
    assert_int_equal(seal_more(w, &w->alice), AK_CODE_OK);
    assert_int_equal(seal_more(w, &w->alice), AK_CODE_RATE_LIMIT_EXCEEDED);
}

static void test_before_the_first_checkpoint(void **state)
{
    (void)state;
    static struct h h;
    struct ak_engine_conf conf = h_conf();
    h_open_with(&h, &conf);
    struct h_person alice;
    h_person(&h, &alice, "alice", 1);
    /* a restart that was not sealed yet */
    struct ak_arena arena;
    struct ak_engine *fresh = h_replay(&h, h.durable, &arena);
    struct ak_engine *before = h.engine;
    h.engine = fresh;
    assert_int_equal(ak_engine_start(fresh, true, h.counter, h.wall_ms, h.mono_ms), AK_OK);
    assert_int_equal(
        h_call(&h, NULL, AK_SPAN_EMPTY, AK_CALL_CONSISTENCY, &(struct ak_msg_consistency_request){.from = 1}),
        AK_CODE_NOT_FOUND);
    assert_int_equal(h_step(&h, NULL, AK_SPAN_EMPTY, AK_CALL_CHECKPOINT, NULL, NULL), AK_CODE_OK);
    ak_engine_free(fresh);
    ak_arena_done(&arena);
    fresh = h_replay(&h, h.durable, &arena);
    h.engine = fresh;
    assert_int_equal(ak_engine_start(fresh, true, h.counter, h.wall_ms, h.mono_ms), AK_OK);
    assert_int_equal(h_step(&h, NULL, AK_SPAN_EMPTY, AK_CALL_CHECKPOINT, NULL, NULL), AK_CODE_NOT_READY);
    struct ak_msg_audit_request request = {.proofs = true, .present = 1u << AK_AUDIT_REQUEST_PROOFS};
    assert_int_equal(
        h_step(&h, &alice.device, h_token(&alice), AK_CALL_AUDIT, &request, NULL), AK_CODE_NOT_READY);
    ak_engine_free(fresh);
    ak_arena_done(&arena);
    h.engine = before;
    h_device_done(&alice.device);
    h_close(&h);
}

/* ---- damage ---- */

/* Every byte of a batch, altered one at a time: what is shown is never the altered entry, and where the entry
 * of the caller was hit, the answer names it. */
static void test_altered_bytes_are_named(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++) assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    size_t hit = w->h.batch_count - 2;
    const struct h_batch *batch = &w->h.batches[hit];
    assert_int_equal(batch->size - batch->first, 1);
    struct ak_msg_audit_request request = {.present = 0};
    struct ak_msg_inclusion_request inclusion = {.index = batch->first};
    struct ak_msg_audit_reply reply;
    size_t damaged = 0;
    w->h.damage_batch = hit;
    for (size_t at = 0; at < batch->segment.len; at++) {
        w->h.damage_at = at;
        w->h.damage_by = 1;
        enum ak_code code = audit(w, &request, &reply);
        if (code == AK_CODE_LEDGER_DAMAGED) {
            assert_int_equal(w->h.bad_index, batch->first);
            damaged++;
        } else { /* it reads as somebody else's: left out, which the gap in `seq` shows */
            struct ak_msg_audit_item item;
            assert_int_equal(code, AK_CODE_OK);
            while (ak_list_next(&reply.entries, &ak_audit_item_msg, &item))
                assert_int_not_equal(item.index, batch->first);
        }
        code = ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &inclusion);
        assert_true(code == AK_CODE_LEDGER_DAMAGED || code == AK_CODE_NOT_FOUND);
        if (at % 40 == 0) h_tick(&w->h, 1000);
    }
    assert_true(damaged > batch->segment.len - 40);
}

static enum ak_err no_batch(void *ctx, uint64_t index, struct ak_read_batch *out_batch)
{
    (void)index;
    *out_batch = (struct ak_read_batch){0};
    return *(enum ak_err *)ctx;
}

static enum ak_err no_node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    (void)level, (void)index;
    memset(out_hash, 0, 32);
    return *(enum ak_err *)ctx;
}

/* A store that fails, has nothing, or gives another batch than was asked for. */
static void test_sources_that_fail(void **state)
{
    struct world *w = *state;
    static struct ak_read_memory memory;
    const unsigned calls[] = {AK_CALL_AUDIT, AK_CALL_INCLUSION, AK_CALL_CONSISTENCY};
    const enum ak_err errs[] = {AK_E_IO, AK_E_NOT_FOUND, AK_OK};
    for (size_t c = 0; c < AK_COUNT(calls); c++)
        for (size_t e = 0; e < AK_COUNT(errs); e++) {
            struct ak_msg_audit_request a = {0};
            struct ak_msg_inclusion_request i = {.index = 5};
            struct ak_msg_consistency_request k = {.from = 5};
            const void *request = c == 0 ? (void *)&a : c == 1 ? (void *)&i : (void *)&k;
            bool open = calls[c] == AK_CALL_CONSISTENCY;
            assert_int_equal(h_call(&w->h, open ? NULL : &w->alice.device,
                                 open ? AK_SPAN_EMPTY : h_token(&w->alice), calls[c], request),
                AK_CODE_OK);
            enum ak_err err = errs[e];
            struct ak_read_source source = {no_batch, &err, {no_node, &err}, 0};
            struct ak_span body;
            uint64_t bad = 0;
            enum ak_code code = ak_read_answer(&w->h.out.read, &source, &memory, &body, &bad);
            assert_int_equal(code, errs[e] == AK_E_IO ? AK_CODE_LEDGER_UNAVAILABLE : AK_CODE_LEDGER_DAMAGED);
            assert_int_equal(body.len, 0);
        }
    struct ak_read none = {.call = AK_CALL_ACCOUNT};
    struct ak_read_source source = {no_batch, NULL, {no_node, NULL}, 0};
    struct ak_span body;
    uint64_t bad = 0;
    assert_int_equal(ak_read_answer(&none, &source, &memory, &body, &bad), AK_CODE_INTERNAL);
}

/* Archived entries are not looked for: lists begin after them and say so, a proof is refused by name. */
static void test_archived_entries(void **state)
{
    struct world *w = *state;
    struct ak_msg_audit_request request = {.present = 0};
    struct ak_msg_audit_reply reply;
    struct ak_msg_audit_item item;
    struct ak_msg_inclusion_request wanted = {.present = 0};
    for (int i = 0; i < 5; i++) assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    uint64_t size = h_size(&w->h);
    w->h.archived = size - 3;
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_true(ak_msg_has(&reply, AK_AUDIT_REPLY_ARCHIVED));
    assert_int_equal(reply.archived, size - 3);
    assert_int_equal(reply.next, size);
    uint64_t count = 0;
    for (; ak_list_next(&reply.entries, &ak_audit_item_msg, &item); count++)
        assert_int_equal(item.index, size - 3 + count);
    assert_int_equal(count, 3);
    request.since = size - 4;
    request.present = 1u << AK_AUDIT_REQUEST_SINCE;
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_true(ak_msg_has(&reply, AK_AUDIT_REPLY_ARCHIVED));
    request.since = size - 3;
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_false(ak_msg_has(&reply, AK_AUDIT_REPLY_ARCHIVED));
    for (uint64_t i = size - 5; i < size; i++) {
        wanted.index = i;
        assert_int_equal(ask(w, &w->alice.device, h_token(&w->alice), AK_CALL_INCLUSION, &wanted),
            i < size - 3 ? AK_CODE_LEDGER_ARCHIVED : AK_CODE_OK);
    }
    w->h.archived = size; /* all of it */
    request.present = 0;
    request.since = 0;
    assert_int_equal(audit(w, &request, &reply), AK_CODE_OK);
    assert_int_equal(count_items(&reply), 0);
    assert_int_equal(reply.next, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_all_of_the_account),
        WORLD_TEST(test_pages),
        WORLD_TEST(test_a_page_that_is_full),
        WORLD_TEST(test_filters),
        WORLD_TEST(test_proofs_under_the_checkpoint),
        WORLD_TEST(test_inclusion),
        WORLD_TEST(test_consistency),
        WORLD_TEST(test_consistency_from_nothing),
        WORLD_TEST(test_checkpoints),
        WORLD_TEST(test_asking_for_checkpoints),
        cmocka_unit_test(test_before_the_first_checkpoint),
        WORLD_TEST(test_altered_bytes_are_named),
        WORLD_TEST(test_sources_that_fail),
        WORLD_TEST(test_archived_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
