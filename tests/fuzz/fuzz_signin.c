/* What strangers and proxies send to the broker: addresses, networks, X-Forwarded-For, links and codes. The
 * first line is a list of networks, the second the header; each line is tried as everything else, too. */
#include "fuzz/fuzz.h"

#include "core/broker/page.h"
#include "core/broker/source.h"
#include "core/broker/window.h"

static void check_source(struct ak_span networks, struct ak_span forwarded)
{
    const uint8_t loopback[4] = {127, 0, 0, 1};
    struct ak_source_nets nets, none = {0};
    struct ak_source peer = ak_source_of(loopback, 4), source;
    enum ak_err err = ak_source_nets_parse(networks, &nets);
    AK_FUZZ_CHECK(nets.count <= AK_SOURCE_NETS_MAX);
    if (err != AK_OK) AK_FUZZ_CHECK(nets.count == 0 && !nets.unix_peers);
    if (err == AK_OK) (void)!ak_source_decide(&nets, &peer, forwarded, &source);
    /* a stranger's word changes nothing */
    AK_FUZZ_CHECK(ak_source_decide(&none, &peer, forwarded, &source) == AK_OK);
    AK_FUZZ_CHECK(memcmp(&source, &peer, sizeof source) == 0);
}

static void check_texts(struct ak_span text)
{
    uint8_t id[AK_LINK_ID_LEN];
    char code[AK_MATCH_CODE_LEN], again[AK_MATCH_CODE_LEN];
    struct ak_span token;
    if (ak_link_read(text, id, &token) == AK_OK)
        AK_FUZZ_CHECK(token.len == AK_LINK_TOKEN_TEXT_LEN && ak_span_contains(text, token));
    else
        AK_FUZZ_CHECK(token.len == 0);
    if (ak_match_code_read(text, code) != AK_OK) return;
    AK_FUZZ_CHECK(ak_match_code_read(AK_SPAN_ARR(code), again) == AK_OK);
    AK_FUZZ_CHECK(memcmp(code, again, sizeof code) == 0);
}

static void check_window(struct ak_span bytes)
{
    uint8_t memory[AK_WINDOW_BYTES_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_window window;
    uint64_t retry_s = 0;
    if (ak_window_read(bytes, &window) != AK_OK) return;
    ak_window_put(&window, &buf);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), bytes));
    bool taken = ak_window_take(&window, 1000000, 3600, 5, &retry_s);
    AK_FUZZ_CHECK(taken == (retry_s == 0) && retry_s <= 3600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span all = ak_span(data, len);
    size_t line = ak_span_find(all, 0, '\n');
    struct ak_span first = ak_span_sub(all, 0, line), second = ak_span_sub(all, line + 1, len);
    check_source(first, second);
    check_texts(first);
    check_texts(second);
    check_window(all);
    return 0;
}
