/* Files of credentials that others wrote: what is taken has good and different names and values within their
 * limits; what is refused leaves nothing and says why, in printable ASCII. */
#include "fuzz/fuzz.h"

#include "core/policy/scope.h"
#include "programs/command/import.h"

static struct ak_import out;

static void check_items(void)
{
    AK_FUZZ_CHECK(out.count > 0 && out.count <= AK_IMPORT_ITEMS_MAX && out.used <= sizeof out.values);
    for (size_t i = 0; i < out.count; i++) {
        const struct ak_import_item *item = &out.items[i];
        AK_FUZZ_CHECK(ak_scope_is_service(ak_span_str(item->service)));
        AK_FUZZ_CHECK(item->value.len <= AK_LIMIT_VALUE);
        AK_FUZZ_CHECK(
            item->value.ptr >= out.values && item->value.ptr + item->value.len <= out.values + out.used);
        for (size_t k = 0; k < i; k++) AK_FUZZ_CHECK(strcmp(item->service, out.items[k].service) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 1 << 16) return 0;
    for (int format = AK_IMPORT_ANY; format <= AK_IMPORT_VAULT; format++) {
        if (ak_import_parse(ak_span(data, len), (enum ak_import_format)format, &out) == AK_OK) {
            check_items();
            continue;
        }
        AK_FUZZ_CHECK(out.count == 0 && out.used == 0 && out.values[0] == 0 && out.reason[0]);
        for (const char *c = out.reason; *c; c++) AK_FUZZ_CHECK(*c >= 0x20 && *c < 0x7f);
    }
    return 0;
}
