/* Man page section, Markdown table and --help lines out of the table, so that docs cannot drift from the
 * code. */
#include "io/conf/conf.h"
#include "io/conf/value.h"

static void put_name(struct ak_buf *out, const char *name, bool as_flag)
{
    if (as_flag) ak_buf_put_str(out, "--");
    for (; *name; name++)
        ak_buf_put_u8(out, (uint8_t)(as_flag && (*name == '_' || *name == '.') ? '-' : *name));
}

/* In man pages a hyphen that is typed is \-, and a line must not begin with a dot. */
static void put_man(struct ak_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\') ak_buf_put_u8(out, '\\');
        ak_buf_put_u8(out, (uint8_t)*text);
    }
}

static void put_facts(
    struct ak_buf *out, const struct ak_conf_key *key, void (*put)(struct ak_buf *, const char *))
{
    char range[96];
    struct ak_buf range_buf = AK_BUF_ARR(range);
    ak_conf_put_range(key, &range_buf);
    put(out, "Default: ");
    put(out, key->default_text[0] ? key->default_text : "empty");
    if (range_buf.len && !ak_buf_terminate(&range_buf)) {
        put(out, "; allowed: ");
        put(out, range);
    }
    put(out, ".");
}

static void put_man_key(struct ak_buf *out, const struct ak_conf_key *key)
{
    ak_buf_put_str(out, ".TP\n.B ");
    put_man(out, key->name);
    ak_buf_put_str(out, "\n");
    put_man(out, key->doc);
    ak_buf_put_str(out, "\n");
    put_facts(out, key, put_man);
    ak_buf_put_str(out, "\n");
}

static void put_markdown_cell(struct ak_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|') ak_buf_put_u8(out, '\\');
        ak_buf_put_u8(out, (uint8_t)*text);
    }
}

static void put_markdown_key(struct ak_buf *out, const struct ak_conf_key *key)
{
    ak_buf_put_str(out, "| `");
    ak_buf_put_str(out, key->name);
    ak_buf_put_str(out, "` | ");
    put_markdown_cell(out, key->doc);
    ak_buf_put_str(out, " | ");
    put_facts(out, key, put_markdown_cell);
    ak_buf_put_str(out, " |\n");
}

static void put_help_key(struct ak_buf *out, const struct ak_conf_key *key)
{
    size_t start = out->len;
    ak_buf_put_str(out, "  ");
    put_name(out, key->name, true);
    do ak_buf_put_u8(out, ' ');
    while (out->len - start < 30 && !out->failed);
    ak_buf_put_str(out, key->doc);
    ak_buf_put_u8(out, '\n');
}

void ak_conf_document(const struct ak_conf_table *table, enum ak_conf_doc form, struct ak_buf *out_text)
{
    if (form == AK_CONF_DOC_MAN) ak_buf_put_str(out_text, ".SH CONFIGURATION\n");
    if (form == AK_CONF_DOC_MARKDOWN)
        ak_buf_put_str(out_text, "| setting | meaning | values |\n|---|---|---|\n");
    for (size_t i = 0; i < table->count; i++) {
        if (form == AK_CONF_DOC_MAN) put_man_key(out_text, &table->keys[i]);
        if (form == AK_CONF_DOC_MARKDOWN) put_markdown_key(out_text, &table->keys[i]);
        if (form == AK_CONF_DOC_HELP) put_help_key(out_text, &table->keys[i]);
    }
}
