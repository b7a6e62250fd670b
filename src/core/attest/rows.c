/* Names of 18 columns, then the value. */
#include "core/attest/rows.h"

#include "base/codec/hex.h"

enum { NAME_WIDTH = 18 };

void ak_rows_name(struct ak_buf *out, const char *name)
{
    ak_buf_put_str(out, name);
    for (size_t len = strlen(name); len < NAME_WIDTH; len++) ak_buf_put_u8(out, ' ');
}

void ak_rows_span(struct ak_buf *out, const char *name, struct ak_span value)
{
    ak_rows_name(out, name);
    ak_buf_put_shown(out, value);
    ak_buf_put_u8(out, '\n');
}

void ak_rows_text(struct ak_buf *out, const char *name, const char *value)
{
    ak_rows_span(out, name, ak_span_str(value));
}

void ak_rows_hex(struct ak_buf *out, const char *name, struct ak_span bytes)
{
    ak_rows_name(out, name);
    ak_hex_encode(out, bytes);
    ak_buf_put_u8(out, '\n');
}

void ak_rows_fact(
    struct ak_buf *out, const char *title, const struct ak_attest_verdict *verdict, const char *name)
{
    const struct ak_attest_fact *fact = ak_attest_fact(verdict, name);
    if (fact == NULL) return;
    ak_rows_name(out, title);
    if (fact->type == AK_FACT_NUMBER)
        ak_buf_put_dec(out, fact->number);
    else
        ak_buf_put_shown(out, ak_attest_fact_value(verdict, fact));
    ak_buf_put_u8(out, '\n');
}

void ak_rows_check(struct ak_buf *out, const char *name, const char *check, const char *detail)
{
    ak_rows_name(out, name);
    ak_buf_put_str(out, check);
    ak_buf_put_str(out, ": ");
    ak_buf_put_str(out, detail);
    ak_buf_put_u8(out, '\n');
}

void ak_rows_member(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

void ak_rows_json_check(struct ak_json_writer *w, const char *check, const char *detail, const char *remedy)
{
    ak_json_open_object(w);
    ak_rows_member(w, "check", check);
    ak_rows_member(w, "detail", detail);
    ak_rows_member(w, "remedy", remedy);
    ak_json_close_object(w);
}
