/* Paths and labels: what is read renders byte for byte, and has at most one slash inside. */
#include "base/assert.h"
#include "core/keys/path.h"

static void check(const struct ak_path *path, struct ak_span text)
{
    uint8_t memory[AK_PATH_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_path_put(&buf, path);
    ak_assert(ak_buf_check(&buf) == AK_OK);
    ak_assert(ak_span_eq(ak_buf_span(&buf), text));
    ak_assert(ak_path_label_valid(ak_path_label(path)));
    ak_assert(ak_span_find(ak_path_label(path), 0, '/') == path->label_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ak_span text = ak_span(data, size);
    struct ak_path path;
    if (ak_path_parse(text, &path) == AK_OK) check(&path, text);
    if (ak_path_parse_label(text, &path) == AK_OK) ak_assert(ak_span_eq(ak_path_label(&path), text));
    return 0;
}
