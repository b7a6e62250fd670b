/* A URL's query: what is taken has unique names without NUL, and reads the same when each side is escaped
 * again; on failure nothing is promised but that memory held. */
#include "fuzz/fuzz.h"

#include "io/http/uri.h"

enum { PARAMS = 12, MEMORY = 1023 };

static void put_escaped(struct ak_buf *out, struct ak_span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        ak_buf_put_u8(out, '%');
        ak_buf_put_u8(out, (uint8_t)digits[text.ptr[i] >> 4]);
        ak_buf_put_u8(out, (uint8_t)digits[text.ptr[i] & 15]);
    }
}

static void check_again(const struct ak_msg_param *params, size_t count)
{
    static uint8_t query_memory[4 * MEMORY], again_memory[MEMORY];
    struct ak_msg_param again[PARAMS];
    size_t again_count = 0;
    struct ak_buf query = AK_BUF_ARR(query_memory);
    struct ak_buf memory = AK_BUF_ARR(again_memory);
    for (size_t i = 0; i < count; i++) {
        if (i) ak_buf_put_u8(&query, '&');
        put_escaped(&query, params[i].name);
        ak_buf_put_u8(&query, '=');
        put_escaped(&query, params[i].value);
    }
    AK_FUZZ_CHECK(ak_http_query_parse(ak_buf_span(&query), &memory, again, PARAMS, &again_count) == AK_OK);
    AK_FUZZ_CHECK(again_count == count);
    for (size_t i = 0; i < count; i++)
        AK_FUZZ_CHECK(
            ak_span_eq(params[i].name, again[i].name) && ak_span_eq(params[i].value, again[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t memory[MEMORY];
    struct ak_msg_param params[PARAMS];
    struct ak_buf buf = AK_BUF_ARR(memory);
    size_t count = 0;
    if (len > MEMORY || memchr(data, 0, len)) return 0; /* the target never has a NUL */
    enum ak_err err = ak_http_query_parse(ak_span(data, len), &buf, params, PARAMS, &count);
    AK_FUZZ_CHECK(count <= PARAMS && buf.len <= len);
    for (size_t i = 0; i < count; i++) {
        AK_FUZZ_CHECK(params[i].name.len > 0);
        AK_FUZZ_CHECK(ak_span_find(params[i].name, 0, 0) == params[i].name.len);
        AK_FUZZ_CHECK(ak_span_find(params[i].value, 0, 0) == params[i].value.len);
        for (size_t k = 0; k < i; k++) AK_FUZZ_CHECK(!ak_span_eq(params[i].name, params[k].name));
    }
    if (err == AK_OK) check_again(params, count);
    return 0;
}
