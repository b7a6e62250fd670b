/* Genuine evidence and collateral, altered: one bit of each byte, one byte less, one byte more. Covered is a
 * byte whose alteration fails a check that did not fail before, which for accepted evidence is any. Of
 * samples that are not named `WHOLE` the default run takes the ends and each ALTER_STRIDE-th byte between
 * them; with AK_ATTEST_ALL set (suite `attest-all`) every byte of everything is altered. */
#ifndef AK_TESTS_VECTORS_ATTEST_ALTER_H
#define AK_TESTS_VECTORS_ATTEST_ALTER_H

#include "vectors/attest/evidence.h"

enum alter_how { ALTER_SOME, ALTER_WHOLE };
enum { ALTER_STRIDE = 29, ALTER_ENDS = 8 };

/* What is altered, and how it is verified. */
struct alter {
    struct evidence_file *file;
    const char *name;
    void (*verify)(void);
    const struct ak_attest_verdict *verdict;
    uint32_t before; /* what failed unaltered */
};

static inline size_t alter_next(const struct alter *alter, enum alter_how how, size_t at)
{
    size_t next = at + AK_EACH_BYTE;
    if (how == ALTER_WHOLE || getenv("AK_ATTEST_ALL") || next < ALTER_ENDS) return next;
    if (next + ALTER_ENDS >= alter->file->len) return next;
    next = at + ALTER_STRIDE;
    return next + ALTER_ENDS < alter->file->len ? next : alter->file->len - ALTER_ENDS;
}

static inline bool alter_is_covered(const struct alter *alter)
{
    alter->verify();
    return (alter->verdict->failed & ~alter->before) != 0 && !alter->verdict->accepted;
}

static inline bool alter_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A line end of PEM may become other white space; nothing else may change. */
static inline void alter_byte(const struct alter *alter, size_t at, uint8_t to, bool is_pem)
{
    uint8_t was = alter->file->bytes[at];
    alter->file->bytes[at] = to;
    bool is_free = is_pem && (was == '\n' || was == '\r') && alter_is_space(to);
    if (alter_is_covered(alter) == is_free)
        fail_msg("%s: byte %zu %s", alter->name, at, is_free ? "is not free" : "can be altered");
    alter->file->bytes[at] = was;
}

/* The file's bytes from 0 to `end`; what is behind them has a test of its own. */
static inline void alter_up_to(struct alter *alter, enum alter_how how, size_t end)
{
    bool is_pem = alter->file->len > 0 && alter->file->bytes[0] == '-';
    alter->verify();
    alter->before = alter->verdict->failed;
    for (size_t i = 0; i < end; i = alter_next(alter, how, i)) {
        alter_byte(alter, i, (uint8_t)(alter->file->bytes[i] ^ 1u << i % 8), is_pem);
        if (is_pem && alter->file->bytes[i] == '\n') alter_byte(alter, i, '\t', true);
    }
}

/* What ends in a line feed is text, and that one is free. */
static inline void alter_length(struct alter *alter)
{
    struct evidence_file *file = alter->file;
    size_t len = file->len;
    while (alter_is_space(file->bytes[file->len - 1])) file->len--;
    file->len--;
    if (!alter_is_covered(alter)) fail_msg("%s can be cut", alter->name);
    file->len = len;
    file->bytes[file->len++] = 0x30;
    if (!alter_is_covered(alter)) fail_msg("%s can grow", alter->name);
    file->len = len;
}

static inline void alter_all(struct alter *alter, enum alter_how how)
{
    alter_up_to(alter, how, alter->file->len);
    alter_length(alter);
}

#endif
