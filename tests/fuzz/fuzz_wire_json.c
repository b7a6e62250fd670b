/* JSON to a message's body, for every call's request and answer: what is taken decodes, encodes to the same
 * bytes, and is a fixpoint of body -> JSON -> body; on failure nothing is left; the recogniser of flat bodies
 * and the full parser give the same. First byte: which message; second: strictness; then params, a line feed,
 * JSON. */
#include "fuzz/fuzz.h"

#include "core/wire/call.h"
#include "core/wire/msg_error.h"

enum { BODY_MAX = 64 * 1024, STRUCT_WORDS = 96, PARAMS = 4 };

static uint8_t body_memory[BODY_MAX], again_memory[BODY_MAX], json_memory[8 * BODY_MAX],
    full_memory[BODY_MAX + 64];
static uint64_t message[STRUCT_WORDS];

static const struct ak_msg *pick(uint8_t which)
{
    unsigned index = which % (2 * AK_CALL_COUNT + 1);
    if (index == 2 * AK_CALL_COUNT) return &ak_error_reply_msg;
    return index % 2 ? ak_call_get(index / 2)->reply : ak_call_get(index / 2)->request;
}

/* "name=value&…" as it would come decoded from a URL. */
static size_t read_params(struct ak_span line, struct ak_msg_param *params)
{
    size_t count = 0;
    for (size_t from = 0; from < line.len && count < PARAMS;) {
        size_t end = ak_span_find(line, from, '&');
        struct ak_span pair = ak_span_sub(line, from, end - from);
        size_t equals = ak_span_find(pair, 0, '=');
        params[count++] =
            (struct ak_msg_param){ak_span_sub(pair, 0, equals), ak_span_sub(pair, equals + 1, pair.len)};
        from = end + 1;
    }
    return count;
}

/* The answer's JSON is read back to the same body. Requests leave out what stands in the URL. */
static void check_fixpoint(const struct ak_msg *msg, const struct ak_msg_input *input, struct ak_span body)
{
    struct ak_buf json = AK_BUF_ARR(json_memory);
    struct ak_buf again = AK_BUF_ARR(again_memory);
    struct ak_msg_fault fault;
    struct ak_msg_input back = *input;
    AK_FUZZ_CHECK(ak_msg_to_json(msg, body, true, &json) == AK_OK);
    back.json = ak_buf_span(&json);
    AK_FUZZ_CHECK(ak_msg_from_json(msg, &back, &again, &fault) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(body, ak_buf_span(&again)));
}

static void check_taken(const struct ak_msg *msg, const struct ak_msg_input *input, struct ak_span body)
{
    struct ak_buf again = AK_BUF_ARR(again_memory);
    uint8_t hash[32];
    AK_FUZZ_CHECK(ak_msg_decode(msg, body, message, NULL) == AK_OK);
    AK_FUZZ_CHECK(ak_msg_encode(msg, message, &again) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(body, ak_buf_span(&again)));
    check_fixpoint(msg, input, body);
    if (ak_msg_meaning(msg, "call", body, hash) != AK_OK)
        for (size_t i = 0; i < sizeof hash; i++) AK_FUZZ_CHECK(hash[i] == 0);
}

/* One unknown member that is not flat sends the same text through the full parser. */
static void check_full(const struct ak_msg *msg, const struct ak_msg_input *input, enum ak_err flat_err,
    const struct ak_msg_fault *flat_fault, struct ak_span flat_body)
{
    static const char extra[] = "{\"not flat\":[]";
    struct ak_json_flat_member members[16];
    size_t count = 0;
    struct ak_buf full = AK_BUF_ARR(full_memory);
    struct ak_buf body = AK_BUF_ARR(again_memory);
    struct ak_msg_fault fault;
    struct ak_msg_input other = *input;
    if (input->strict || ak_json_flat(input->json, members, AK_COUNT(members), &count) != AK_OK) return;
    if (ak_span_contains(input->json, AK_SPAN_LIT("not flat"))) return;
    ak_buf_put_str(&full, extra);
    if (count) ak_buf_put_u8(&full, ',');
    ak_buf_put(&full, ak_span_sub(input->json, ak_span_find(input->json, 0, '{') + 1, input->json.len));
    other.json = ak_buf_span(&full);
    AK_FUZZ_CHECK(ak_msg_from_json(msg, &other, &body, &fault) == flat_err);
    AK_FUZZ_CHECK(fault.code == flat_fault->code && fault.field == flat_fault->field);
    AK_FUZZ_CHECK(ak_span_eq(flat_body, ak_buf_span(&body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_msg_param params[PARAMS];
    struct ak_msg_fault fault;
    struct ak_buf body = AK_BUF_ARR(body_memory);
    if (len < 2 || len > BODY_MAX) return 0;
    const struct ak_msg *msg = pick(data[0]);
    struct ak_span rest = ak_span(data + 2, len - 2);
    size_t line = ak_span_find(rest, 0, '\n');
    struct ak_msg_input input = {.params = params, .strict = data[1] & 1};
    input.param_count = read_params(ak_span_sub(rest, 0, line), params);
    input.json = ak_span_sub(rest, line + 1, rest.len);
    enum ak_err err = ak_msg_from_json(msg, &input, &body, &fault);
    AK_FUZZ_CHECK((err == AK_OK) == (fault.code == AK_CODE_OK));
    AK_FUZZ_CHECK(err == AK_OK || (body.len == 0 && !body.failed));
    check_full(msg, &input, err, &fault, ak_buf_span(&body));
    if (err == AK_OK) check_taken(msg, &input, ak_buf_span(&body));
    return 0;
}
