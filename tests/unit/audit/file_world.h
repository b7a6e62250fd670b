/* A log with three accounts, its full export and one account's part, and lines of either to put together in
 * another way. */
#ifndef AK_TESTS_UNIT_AUDIT_FILE_WORLD_H
#define AK_TESTS_UNIT_AUDIT_FILE_WORLD_H

#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

enum { COUNT = 23, ACCOUNTS = 3, FILE_MAX = 64 * 1024, LINES_MAX = COUNT + 2 };

static struct gen_log written;
static uint8_t full_bytes[FILE_MAX], part_bytes[FILE_MAX], memory[FILE_MAX];
static struct ak_buf full, part, file;

/* Lines of a file, to be put together in another way. */
struct lines {
    struct ak_span line[LINES_MAX];
    size_t count;
};

static inline struct lines split(const struct ak_buf *buf)
{
    struct lines lines = {.count = 0};
    struct ak_span rest = ak_buf_span(buf);
    while (rest.len > 0) lines.line[lines.count++] = verify_next_line(&rest);
    return lines;
}

static inline struct ak_audit_report verify_lines(const struct lines *lines)
{
    file = AK_BUF_ARR(memory);
    for (size_t i = 0; i < lines->count; i++) ak_buf_put(&file, lines->line[i]);
    assert_false(file.failed);
    return verify_file(ak_buf_span(&file), NULL);
}

static inline void drop_line(struct lines *lines, size_t at)
{
    memmove(&lines->line[at], &lines->line[at + 1], (--lines->count - at) * sizeof lines->line[0]);
}

/* Moves a line to another place. */
static inline void move_line(struct lines *lines, size_t from, size_t to)
{
    struct ak_span line = lines->line[from];
    drop_line(lines, from);
    memmove(&lines->line[to + 1], &lines->line[to], (lines->count++ - to) * sizeof line);
    lines->line[to] = line;
}

static inline int setup(void **state)
{
    (void)state;
    gen_log_make(&written, COUNT, ACCOUNTS);
    full = AK_BUF_ARR(full_bytes);
    gen_full(&full, &written);
    part = AK_BUF_ARR(part_bytes);
    gen_part(&part, &written, 1, ACCOUNTS);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    gen_log_free(&written);
    return 0;
}

/* The full export of `log`, under the checkpoint of what was written. */
static inline struct ak_audit_report verify_forged(const struct gen_log *log)
{
    uint8_t note_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    gen_note(&note, &written, written.count);
    file = AK_BUF_ARR(memory);
    gen_header(&file, log, NULL, ak_buf_span(&note));
    for (size_t i = 0; i < log->count; i++) gen_entry_line(&file, i, &log->entries[i], NULL);
    gen_end(&file, log->count);
    return verify_file(ak_buf_span(&file), NULL);
}

static inline struct gen_log copy_of(const struct gen_log *log)
{
    struct gen_log copy = *log;
    copy.entries = calloc(log->count + 1, sizeof *copy.entries);
    assert_non_null(copy.entries);
    memcpy(copy.entries, log->entries, log->count * sizeof *copy.entries);
    return copy;
}

#endif
