/* Reads and writes names of agents. Every accepted text is the only spelling of its path, so that a path can
 * be compared, hashed and derived from as text. */
#include "core/keys/path.h"

#include "base/num.h"

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool ak_path_label_valid(struct ak_span label)
{
    if (label.len == 0 || label.len > AK_LIMIT_LABEL) return false;
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.ptr[i];
        if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != '.') return false;
    }
    return is_letter_or_digit(label.ptr[0]) && is_letter_or_digit(label.ptr[label.len - 1]);
}

enum ak_err ak_path_parse_label(struct ak_span label, struct ak_path *out_path)
{
    *out_path = (struct ak_path){0};
    if (label.len > AK_LIMIT_LABEL) return AK_E_LIMIT;
    if (!ak_path_label_valid(label)) return AK_E_FORMAT;
    memcpy(out_path->label, label.ptr, label.len);
    out_path->label_len = (uint8_t)label.len;
    return AK_OK;
}

enum ak_err ak_path_make(struct ak_span label, uint32_t generation, struct ak_path *out_path)
{
    AK_TRY(ak_path_parse_label(label, out_path));
    out_path->has_generation = true;
    out_path->generation = generation;
    return AK_OK;
}

enum ak_err ak_path_parse(struct ak_span text, struct ak_path *out_path)
{
    *out_path = (struct ak_path){0};
    if (text.len == 0 || text.ptr[0] != '/') return AK_E_FORMAT;
    size_t slash = ak_span_find(text, 1, '/');
    struct ak_span label = ak_span_sub(text, 1, slash - 1);
    if (slash == text.len) return ak_path_parse_label(label, out_path);
    uint64_t generation = 0;
    AK_TRY(ak_num_parse_u64(ak_span_sub(text, slash + 1, text.len), UINT32_MAX, &generation));
    return ak_path_make(label, (uint32_t)generation, out_path);
}

void ak_path_put_base(struct ak_buf *buf, const struct ak_path *path)
{
    ak_buf_put_u8(buf, '/');
    ak_buf_put(buf, ak_path_label(path));
}

void ak_path_put(struct ak_buf *buf, const struct ak_path *path)
{
    ak_path_put_base(buf, path);
    if (!path->has_generation) return;
    ak_buf_put_u8(buf, '/');
    ak_buf_put_dec(buf, path->generation);
}
