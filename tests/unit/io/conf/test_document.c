/* Each key appears in each form with its default and range. */
#include "unit/check.h"

#include "io/conf/client_conf.h"
#include "io/conf/worker_conf.h"

static void one_key_in_each_form(void **state)
{
    (void)state;
    static const struct ak_conf_key keys[] = {
        {"sign_in.wait", AK_CONF_DURATION, "5h", 60, 86400, NULL, "How long-ish."},
        {"tls", AK_CONF_CHOICE, "auto", 0, 0, "auto|on", "Whether."}};
    static const struct ak_conf_table table = {"p", "x", keys, 2};
    char text[1024] = {0};
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_conf_document(&table, AK_CONF_DOC_MAN, &buf);
    assert_string_equal(text, ".SH CONFIGURATION\n"
                              ".TP\n.B sign_in.wait\nHow long\\-ish.\nDefault: 5h; allowed: 1m to 24h.\n"
                              ".TP\n.B tls\nWhether.\nDefault: auto; allowed: auto|on.\n");
    memset(text, 0, sizeof text);
    buf = AK_BUF_ARR(text);
    ak_conf_document(&table, AK_CONF_DOC_MARKDOWN, &buf);
    assert_string_equal(text, "| setting | meaning | values |\n|---|---|---|\n"
                              "| `sign_in.wait` | How long-ish. | Default: 5h; allowed: 1m to 24h. |\n"
                              "| `tls` | Whether. | Default: auto; allowed: auto\\|on. |\n");
    memset(text, 0, sizeof text);
    buf = AK_BUF_ARR(text);
    ak_conf_document(&table, AK_CONF_DOC_HELP, &buf);
    assert_string_equal(text, "  --sign-in-wait              How long-ish.\n"
                              "  --tls                       Whether.\n");
}

static void real_tables_fit(void **state)
{
    (void)state;
    static char text[32768];
    const struct ak_conf_table *tables[] = {&ak_worker_conf_table, &ak_client_conf_table};
    for (size_t t = 0; t < AK_COUNT(tables); t++) {
        for (int form = AK_CONF_DOC_MAN; form <= AK_CONF_DOC_HELP; form++) {
            memset(text, 0, sizeof text);
            struct ak_buf buf = AK_BUF_ARR(text);
            ak_conf_document(tables[t], (enum ak_conf_doc)form, &buf);
            assert_int_equal(ak_buf_terminate(&buf), AK_OK);
            for (size_t i = 0; form != AK_CONF_DOC_HELP && i < tables[t]->count; i++)
                assert_non_null(strstr(text, tables[t]->keys[i].name));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_in_each_form), cmocka_unit_test(real_tables_fit)};
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
