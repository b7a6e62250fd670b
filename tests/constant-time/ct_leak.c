/* The check of the check: a comparison that stops at the first difference must be reported, or the other
 * programs of this folder prove nothing. */
#include "constant-time/ct_check.h"

#include "base/attr.h"

static volatile uint8_t secret[32];

static void leaks_by_branch(void)
{
    ct_secret((void *)(uintptr_t)secret, sizeof secret);
    size_t same = 0;
    while (same < sizeof secret && secret[same] == 0) same++;
    ct_public(&same, sizeof same);
    printf("%zu bytes are equal\n", same);
}

static void leaks_by_address(void)
{
    static const uint8_t table[256] = {1};
    uint8_t index = secret[0], found = table[index];
    ct_public(&found, sizeof found);
    printf("found %d\n", found);
}

int main(void)
{
    static const struct ct_case cases[] = {
        {"leaks by a branch", leaks_by_branch, 0}, {"leaks by an address", leaks_by_address, 0}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        int result = ct_main(&cases[i], 1);
        if (result != 1) return result == 77 ? 77 : 1;
    }
    return 0;
}
