/* The rows in which verdicts are told to people, and their members in JSON. Values come out of evidence, so
 * rows show them as printable ASCII: none moves a terminal or makes a row of its own. Internal to
 * core/attest.
 */
#ifndef AK_CORE_ATTEST_ROWS_H
#define AK_CORE_ATTEST_ROWS_H

#include "base/codec/json.h"
#include "core/attest/attest.h"

/* The name, filled up to the column of values. */
void ak_rows_name(struct ak_buf *out, const char *name);
/* Name and value, ended. */
void ak_rows_text(struct ak_buf *out, const char *name, const char *value);
void ak_rows_span(struct ak_buf *out, const char *name, struct ak_span value);
void ak_rows_hex(struct ak_buf *out, const char *name, struct ak_span bytes);
/* A fact under another title; nothing where the verdict does not have it. */
void ak_rows_fact(
    struct ak_buf *out, const char *title, const struct ak_attest_verdict *verdict, const char *name);
/* "NAME  CHECK: DETAIL" */
void ak_rows_check(struct ak_buf *out, const char *name, const char *check, const char *detail);

void ak_rows_member(struct ak_json_writer *w, const char *key, const char *text);
void ak_rows_json_check(struct ak_json_writer *w, const char *check, const char *detail, const char *remedy);

#endif
