/* What people read on stdout: rows of "name  value", times, addresses. Texts of strangers are shown as
 * printable ASCII. Nothing here is for machines: they get the wire's JSON. */
#ifndef AK_PROGRAMS_COMMAND_OUT_H
#define AK_PROGRAMS_COMMAND_OUT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

void ak_out_row(const char *name, const char *value);
void ak_out_row_text(const char *name, struct ak_span value);
void ak_out_row_number(const char *name, uint64_t value);
void ak_out_row_hex(const char *name, struct ak_span bytes);
/* EIP-55. */
void ak_out_row_address(const char *name, const uint8_t address[20]);
void ak_out_row_print(const char *name, const uint8_t thumbprint[32]);
/* "2026-01-31 23:59:59 UTC (in 3 d)"; "never" for 0. */
void ak_out_row_time(const char *name, uint64_t at_s);
void ak_out_row_entry(uint64_t index, const uint8_t leaf[32]);
void ak_out_line(const char *format, ...) AK_PRINTF(1, 2);
/* JSON and a line feed. Characters in its strings that would steer a terminal or turn text around (DEL,
 * U+0080 to U+009F, the marks of direction) are written as \u....: the same JSON to whoever reads it. */
void ak_out_json(struct ak_span json);

enum { AK_OUT_TIME_LEN = 24, AK_OUT_ADDRESS_LEN = 42, AK_OUT_PRINT_LEN = 43 };
void ak_out_time(uint64_t at_s, char out_text[AK_OUT_TIME_LEN]);
void ak_out_address(const uint8_t address[20], char out_text[AK_OUT_ADDRESS_LEN + 1]);
void ak_out_print(const uint8_t thumbprint[32], char out_text[AK_OUT_PRINT_LEN + 1]);
/* `text` as one word of a POSIX shell: as it is where nothing in it means anything there, else in single
 * quotes. False where it does not fit; `out` is then empty. */
bool ak_out_word(const char *text, char *out, size_t cap);
/* Printable ASCII of `text`, cut to `cap` - 1. */
void ak_out_shown(struct ak_span text, char *out, size_t cap);

#endif
