/* Keeps the tables of settings in a Markdown page equal to the tables the programs read: each stands between
 * `<!-- settings of PROGRAM -->` and `<!-- end of settings -->`. `conf-docs --update FILE` writes them anew,
 * `conf-docs --check FILE` says whether they differ. */
#include <stdio.h>
#include <string.h>

#include "io/conf/broker_conf.h"
#include "io/conf/client_conf.h"
#include "io/conf/provider_conf.h"
#include "io/conf/worker_conf.h"

enum { PAGE_MAX = 512 * 1024, TABLE_MAX = 64 * 1024 };

static const char mark_end[] = "<!-- end of settings -->";

static char page[PAGE_MAX];
static char made[PAGE_MAX + 3 * TABLE_MAX];

static bool read_page(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    *out_len = file ? fread(page, 1, sizeof page - 1, file) : 0;
    if (file) (void)fclose(file);
    page[*out_len] = '\0';
    return *out_len > 0 && *out_len < sizeof page - 1;
}

/* Copies up to the program's mark, then the table, and gives the place of the end mark; NULL without marks.
 */
static const char *put_section(const struct ak_conf_table *table, const char *from, struct ak_buf *out)
{
    static uint8_t text[TABLE_MAX];
    char mark[128];
    struct ak_buf section = AK_BUF_ARR(text);
    (void)snprintf(mark, sizeof mark, "<!-- settings of %s -->\n", table->program);
    const char *start = strstr(from, mark);
    const char *end = start ? strstr(start, mark_end) : NULL;
    if (!end) {
        (void)fprintf(stderr, "no marks for the settings of %s\n", table->program);
        return NULL;
    }
    ak_buf_put(out, ak_span(from, (size_t)(start - from) + strlen(mark)));
    ak_conf_document(table, AK_CONF_DOC_MARKDOWN, &section);
    if (ak_buf_check(&section) != AK_OK) return NULL;
    ak_buf_put(out, ak_buf_span(&section));
    return end;
}

static bool make_page(struct ak_buf *out)
{
    static const struct ak_conf_table *const tables[] = {
        &ak_worker_conf_table, &ak_client_conf_table, &ak_broker_conf_table, &ak_provider_conf_table};
    const char *rest = page;
    for (size_t i = 0; i < AK_COUNT(tables); i++) {
        rest = put_section(tables[i], rest, out);
        if (!rest) return false;
    }
    ak_buf_put_str(out, rest);
    return ak_buf_check(out) == AK_OK;
}

static int check(const char *path, size_t len, const struct ak_buf *out)
{
    size_t line = 1;
    if (out->len == len && memcmp(page, made, len) == 0) return 0;
    for (size_t i = 0; i < len && i < out->len && page[i] == made[i]; i++) line += page[i] == '\n';
    (void)fprintf(stderr, "%s differs from the settings' tables at line %zu\n", path, line);
    return 1;
}

static int update(const char *path, const struct ak_buf *out)
{
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(made, 1, out->len, file) == out->len;
    if (file && fclose(file) != 0) ok = false;
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    size_t len = 0;
    struct ak_buf out = AK_BUF_ARR(made);
    bool checking = argc == 3 && strcmp(argv[1], "--check") == 0;
    if (!checking && (argc != 3 || strcmp(argv[1], "--update") != 0)) {
        (void)fprintf(stderr, "usage: conf-docs --check|--update FILE\n");
        return 2;
    }
    if (!read_page(argv[2], &len)) {
        (void)fprintf(stderr, "%s cannot be read\n", argv[2]);
        return 1;
    }
    if (!make_page(&out)) return 1;
    return checking ? check(argv[2], len, &out) : update(argv[2], &out);
}
