/* Paths and labels: what is read renders byte for byte, and has at most one slash inside. */
#include "fuzz/fuzz.h"

#include "core/keys/path.h"

static void check(const struct ak_path *path, struct ak_span text)
{
    uint8_t memory[AK_PATH_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_path_put(&buf, path);
    AK_FUZZ_CHECK(ak_buf_check(&buf) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), text));
    AK_FUZZ_CHECK(ak_path_label_valid(ak_path_label(path)));
    AK_FUZZ_CHECK(ak_span_find(ak_path_label(path), 0, '/') == path->label_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span text = ak_span(data, len);
    struct ak_path path;
    if (ak_path_parse(text, &path) == AK_OK) check(&path, text);
    if (ak_path_parse_label(text, &path) == AK_OK) AK_FUZZ_CHECK(ak_span_eq(ak_path_label(&path), text));
    return 0;
}
