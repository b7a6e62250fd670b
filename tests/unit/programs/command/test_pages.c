/* Lists in pages: each cursor leads to the next page, and a worker that leads nowhere is left. */
#include "unit/check.h"

#include "programs/cli/commands.h"
#include "programs/command/pages.h"
#include "unit/programs/cli/capture.h"

static struct ak_cli cli;

/* What a worker would say: the cursors of its pages, in order. */
struct worker {
    const char *nexts[8];
    unsigned items[8];
    unsigned asked;
    int fails_at; /* page; 0: none */
    char afters[8][AK_CLI_CURSOR_MAX + 1];
};

static int page(struct ak_cli *of, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    struct worker *w = ctx;
    assert_ptr_equal(of, &cli);
    assert_true(w->asked < AK_COUNT(w->nexts));
    if (after.len) memcpy(w->afters[w->asked], after.ptr, after.len);
    *count += w->items[w->asked];
    ak_buf_put_str(next, w->nexts[w->asked] ? w->nexts[w->asked] : "");
    w->asked++;
    return w->fails_at == (int)w->asked ? AK_CATEGORY_UNREACHABLE : 0;
}

static int walk(struct worker *w, const char *none)
{
    capture();
    int status = ak_cli_pages(&cli, page, w, none);
    release();
    return status;
}

static int begin(void **state)
{
    (void)state;
    memset(&cli, 0, sizeof cli);
    cli.program = &ak_cli_agentkeys;
    cli.command = &ak_cli_agentkeys.commands[0];
    return 0;
}

static void each_page_is_asked_for_once(void **state)
{
    (void)state;
    static struct worker w;
    w = (struct worker){.nexts = {"b", "c", "d"}, .items = {2, 2, 0, 1}};
    assert_int_equal(walk(&w, "nothing"), 0);
    assert_int_equal(w.asked, 4);
    assert_string_equal(w.afters[0], "");
    assert_string_equal(w.afters[1], "b");
    assert_string_equal(w.afters[2], "c");
    assert_string_equal(w.afters[3], "d");
    assert_string_equal(out_text, "");
}

static void an_empty_list_says_so(void **state)
{
    (void)state;
    static struct worker w;
    w = (struct worker){.nexts = {NULL}};
    assert_int_equal(walk(&w, "nothing 100% there"), 0);
    assert_string_equal(out_text, "nothing 100% there\n");
    w = (struct worker){.nexts = {NULL}};
    assert_int_equal(walk(&w, NULL), 0);
    assert_string_equal(out_text, "");
    cli.json = true;
    w = (struct worker){.nexts = {NULL}};
    assert_int_equal(walk(&w, "nothing"), 0);
    assert_string_equal(out_text, "");
}

static void a_failed_page_ends_it(void **state)
{
    (void)state;
    static struct worker w;
    w = (struct worker){.nexts = {"b", "c"}, .fails_at = 2};
    assert_int_equal(walk(&w, "nothing"), AK_CATEGORY_UNREACHABLE);
    assert_int_equal(w.asked, 2);
    assert_string_equal(out_text, "");
}

static void a_list_that_does_not_go_on_ends(void **state)
{
    (void)state;
    static struct worker w;
    w = (struct worker){.nexts = {"b", "b", "c"}, .items = {1, 1, 1}};
    assert_int_equal(walk(&w, "nothing"), AK_CATEGORY_FAILURE);
    assert_int_equal(w.asked, 2);
    assert_non_null(strstr(err_text, "does not go on"));
}

static void cursors_are_bounded(void **state)
{
    (void)state;
    static struct worker w;
    char text[AK_CLI_CURSOR_MAX + 2];
    memset(text, 'x', sizeof text);
    text[AK_CLI_CURSOR_MAX + 1] = 0;
    w = (struct worker){.nexts = {text}, .items = {1}};
    assert_int_equal(walk(&w, "nothing"), AK_CATEGORY_FAILURE);
    assert_int_equal(w.asked, 1);
    text[AK_CLI_CURSOR_MAX] = 0;
    w = (struct worker){.nexts = {text}, .items = {1}};
    assert_int_equal(walk(&w, "nothing"), 0);
    assert_int_equal(w.asked, 2);
    assert_string_equal(w.afters[1], text);
}

#define T(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {T(each_page_is_asked_for_once), T(an_empty_list_says_so),
        T(a_failed_page_ends_it), T(a_list_that_does_not_go_on_ends), T(cursors_are_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
