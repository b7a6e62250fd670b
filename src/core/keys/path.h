/* Names of agents: "/agent-1" (base path) and "/agent-1/0" (with the generation of its key).
 * Guarantees: each path has exactly one spelling. No secret arguments, owns nothing. Threads: any.
 * spec: docs/formats/keys.md, Paths */
#ifndef AK_CORE_KEYS_PATH_H
#define AK_CORE_KEYS_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

/* Longest text: slash, label, slash, ten digits. */
enum { AK_PATH_TEXT_MAX = 1 + AK_LIMIT_LABEL + 1 + 10 };

struct ak_path {
    uint8_t label[AK_LIMIT_LABEL];
    uint8_t label_len; /* 1 to 64 */
    bool has_generation;
    uint32_t generation; /* 0 where there is none */
};

/* 1 to 64 characters of a-z 0-9 - _ . with a letter or digit at both ends. */
bool ak_path_label_valid(struct ak_span label);
/* A label without slash ("agent-1"). AK_E_FORMAT, AK_E_LIMIT over 64; *out_path is zeros then. */
AK_MUST_USE enum ak_err ak_path_parse_label(struct ak_span label, struct ak_path *out_path);
/* "/agent-1" or "/agent-1/0"; the generation is a canonical decimal up to 4294967295. AK_E_FORMAT,
 * AK_E_LIMIT (label over 64, generation over a u32); *out_path is zeros then. */
AK_MUST_USE enum ak_err ak_path_parse(struct ak_span text, struct ak_path *out_path);
/* The path from parts that are known. AK_E_FORMAT, AK_E_LIMIT as ak_path_parse_label. */
AK_MUST_USE enum ak_err ak_path_make(struct ak_span label, uint32_t generation, struct ak_path *out_path);

/* View into `path`. */
static inline struct ak_span ak_path_label(const struct ak_path *path)
{
    return ak_span(path->label, path->label_len);
}
/* The canonical text, with the generation where there is one. */
void ak_path_put(struct ak_buf *buf, const struct ak_path *path);
/* "/label", whether there is a generation or not. */
void ak_path_put_base(struct ak_buf *buf, const struct ak_path *path);

#endif
