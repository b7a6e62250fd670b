/* Filling a verdict, and the checks of the policy that all kinds share. */
#include "core/attest/verdict.h"

#include "base/assert.h"
#include "base/codec/hex.h"

void ak_attest_verdict_init(struct ak_attest_verdict *verdict, enum ak_attest_kind kind)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->kind = kind;
}

/* ---- what failed ---- */

/* A buffer over the check's detail; NULL memory where it has one already. */
static struct ak_buf begin_detail(struct ak_attest_verdict *verdict, enum ak_attest_check check)
{
    char *detail = verdict->details[check];
    bool first = !ak_attest_has_failed(verdict, check);
    verdict->failed |= UINT32_C(1) << check;
    return ak_buf(detail, first ? AK_ATTEST_DETAIL_MAX : 0);
}

/* The detail's last byte is never written, so it ends there even when cut. */
static void end_detail(struct ak_buf *detail)
{
    if (detail->cap != 0 && ak_buf_terminate(detail) != AK_OK) detail->ptr[detail->cap - 1] = 0;
}

void ak_attest_fail(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *detail)
{
    ak_attest_fail_about(verdict, check, detail, AK_SPAN_EMPTY, "");
}

void ak_attest_fail_about(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *before,
    struct ak_span name, const char *behind)
{
    enum { SHOWN_MAX = 48 };
    struct ak_buf out = begin_detail(verdict, check);
    ak_buf_put_str(&out, before);
    ak_buf_put_shown(&out, ak_span_sub(name, 0, name.len < SHOWN_MAX ? name.len : SHOWN_MAX));
    ak_buf_put_str(&out, behind);
    end_detail(&out);
}

void ak_attest_fail_number(struct ak_attest_verdict *verdict, enum ak_attest_check check, const char *name,
    uint64_t seen, const char *wanted, uint64_t limit)
{
    struct ak_buf out = begin_detail(verdict, check);
    ak_buf_put_str(&out, name);
    ak_buf_put_str(&out, " is ");
    ak_buf_put_dec(&out, seen);
    ak_buf_put_u8(&out, ' ');
    ak_buf_put_str(&out, wanted);
    ak_buf_put_str(&out, " ");
    ak_buf_put_dec(&out, limit);
    end_detail(&out);
}

enum ak_err ak_attest_fail_chain(struct ak_attest_verdict *verdict, enum ak_err err, const char *what)
{
    enum ak_attest_check check = err == AK_E_EXPIRED ? AK_ATTEST_CHECK_TIME : AK_ATTEST_CHECK_CHAIN;
    const char *behind = " does not chain to the pinned root";
    if (err == AK_OK || err == AK_E_CRYPTO) return err;
    if (err == AK_E_EXPIRED) behind = " has a certificate in its chain that is not valid at this time";
    if (err == AK_E_MEANING)
        behind = " has a certificate in its chain that may not sign or is not understood";
    if (err == AK_E_FORMAT || err == AK_E_LIMIT) behind = " has certificates that cannot be read";
    ak_attest_fail_about(verdict, check, "the ", ak_span_str(what), behind);
    return AK_OK;
}

/* ---- facts ---- */

static struct ak_attest_fact *add_fact(
    struct ak_attest_verdict *verdict, const char *name, enum ak_attest_fact_type type)
{
    ak_assert(verdict->fact_count < AK_ATTEST_FACTS_MAX);
    struct ak_attest_fact *fact = &verdict->facts[verdict->fact_count++];
    *fact = (struct ak_attest_fact){.name = name, .type = type, .at = (uint16_t)verdict->fact_text_len};
    return fact;
}

static struct ak_buf begin_text(struct ak_attest_verdict *verdict)
{
    return ak_buf(
        verdict->fact_text + verdict->fact_text_len, sizeof verdict->fact_text - verdict->fact_text_len);
}

static void end_text(
    struct ak_attest_verdict *verdict, struct ak_attest_fact *fact, const struct ak_buf *text)
{
    ak_assert(ak_buf_check(text) == AK_OK);
    fact->len = (uint16_t)text->len;
    verdict->fact_text_len += text->len;
}

void ak_attest_fact_text(struct ak_attest_verdict *verdict, const char *name, struct ak_span text)
{
    struct ak_attest_fact *fact = add_fact(verdict, name, AK_FACT_TEXT);
    struct ak_buf out = begin_text(verdict);
    ak_buf_put(&out, text);
    end_text(verdict, fact, &out);
}

void ak_attest_fact_hex(struct ak_attest_verdict *verdict, const char *name, struct ak_span bytes)
{
    struct ak_attest_fact *fact = add_fact(verdict, name, AK_FACT_TEXT);
    struct ak_buf out = begin_text(verdict);
    ak_hex_encode(&out, bytes);
    end_text(verdict, fact, &out);
}

void ak_attest_fact_number(struct ak_attest_verdict *verdict, const char *name, uint64_t number)
{
    add_fact(verdict, name, AK_FACT_NUMBER)->number = number;
}

void ak_attest_fact_bool(struct ak_attest_verdict *verdict, const char *name, bool value)
{
    add_fact(verdict, name, AK_FACT_BOOL)->number = value;
}

void ak_attest_fact_null(struct ak_attest_verdict *verdict, const char *name)
{
    (void)add_fact(verdict, name, AK_FACT_NULL);
}

const struct ak_attest_fact *ak_attest_fact(const struct ak_attest_verdict *verdict, const char *name)
{
    for (size_t i = 0; i < verdict->fact_count; i++)
        if (strcmp(verdict->facts[i].name, name) == 0) return &verdict->facts[i];
    return NULL;
}

struct ak_span ak_attest_fact_value(
    const struct ak_attest_verdict *verdict, const struct ak_attest_fact *fact)
{
    return ak_span(verdict->fact_text + fact->at, fact->len);
}

void ak_attest_measure(struct ak_attest_verdict *verdict, const char *name, struct ak_span value)
{
    ak_assert(verdict->measurement_count < AK_COUNT(verdict->measurements));
    ak_assert(value.len <= AK_ATTEST_VALUE_MAX && strlen(name) < AK_ATTEST_NAME_MAX);
    struct ak_attest_register *reg = &verdict->measurements[verdict->measurement_count++];
    memcpy(reg->name, name, strlen(name) + 1);
    reg->len = (uint8_t)value.len;
    if (value.len > 0) memcpy(reg->value, value.ptr, value.len);
    ak_attest_fact_hex(verdict, name, value);
}

/* ---- shared checks ---- */

static bool is_measured(const struct ak_attest_verdict *verdict, const struct ak_attest_register *wanted)
{
    for (size_t i = 0; i < verdict->measurement_count; i++) {
        const struct ak_attest_register *seen = &verdict->measurements[i];
        if (strcmp(seen->name, wanted->name) == 0)
            return ak_span_eq(ak_span(seen->value, seen->len), ak_span(wanted->value, wanted->len));
    }
    return false;
}

/* Every register of the image, and at least one. */
static bool is_image(
    const struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, size_t image)
{
    size_t matched = 0;
    for (size_t i = 0; i < policy->register_count; i++) {
        if (policy->registers[i].image != image) continue;
        if (!is_measured(verdict, &policy->registers[i])) return false;
        matched++;
    }
    return matched > 0;
}

void ak_attest_check_images(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy)
{
    for (size_t i = 0; i < policy->image_count; i++) {
        if (!is_image(verdict, policy, i)) continue;
        verdict->trust[AK_ATTEST_EXECUTABLES] = AK_TRUST_AFFIRMING;
        return;
    }
    verdict->trust[AK_ATTEST_EXECUTABLES] = AK_TRUST_UNRECOGNIZED_RUNTIME;
    ak_attest_fail(verdict, AK_ATTEST_CHECK_MEASUREMENT,
        policy->image_count == 0 ? "the policy allows no image" : "no image of the policy is measured so");
}

void ak_attest_check_debug(
    struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, bool is_debug)
{
    verdict->trust[AK_ATTEST_RUNTIME_OPAQUE] = is_debug ? AK_TRUST_CONTRAINDICATED : AK_TRUST_AFFIRMING;
    if (!is_debug) return;
    if (policy->allow_debug)
        verdict->unchecked |= UINT32_C(1) << AK_ATTEST_CHECK_DEBUG;
    else
        ak_attest_fail(verdict, AK_ATTEST_CHECK_DEBUG, "debugging is on: the host can read its memory");
}

void ak_attest_check_product(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const char *product, bool refused_by_default)
{
    for (size_t i = 0; i < policy->product_count; i++)
        if (strcmp(policy->products[i], product) == 0) return;
    if (policy->product_count == 0 && !refused_by_default) return;
    ak_attest_fail_about(verdict, AK_ATTEST_CHECK_PRODUCT, "", ak_span_str(product),
        policy->product_count == 0 ? " is refused unless the policy names it"
                                   : " is not among the policy's products");
}

static const struct ak_attest_floor *find_floor(
    const struct ak_attest_policy *policy, const char *product, const char *component)
{
    for (size_t i = 0; i < policy->floor_count; i++)
        if (strcmp(policy->floors[i].product, product) == 0 &&
            strcmp(policy->floors[i].component, component) == 0)
            return &policy->floors[i];
    return NULL;
}

void ak_attest_check_floor(struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy,
    const char *product, const char *component, uint32_t seen)
{
    const struct ak_attest_floor *floor = find_floor(policy, product, component);
    if (floor == NULL)
        ak_attest_fail_about(
            verdict, AK_ATTEST_CHECK_TCB, "the policy has no floor for ", ak_span_str(component), "");
    else if (seen < floor->min)
        ak_attest_fail_number(
            verdict, AK_ATTEST_CHECK_TCB, component, seen, "and must be at least", floor->min);
    else
        return;
    verdict->trust[AK_ATTEST_HARDWARE] = AK_TRUST_WARNING;
}

void ak_attest_check_data(struct ak_attest_verdict *verdict, enum ak_attest_check check,
    const struct ak_attest_data *wanted, const char *name, struct ak_span seen)
{
    if (!wanted->given || ak_span_eq(ak_span(wanted->bytes, wanted->len), seen)) return;
    ak_attest_fail_about(verdict, check, "", ak_span_str(name), " is not the one that the policy names");
}

void ak_attest_check_fresh(
    struct ak_attest_verdict *verdict, const struct ak_attest_policy *policy, bool bound)
{
    if (bound) return;
    if (policy->without_freshness)
        verdict->unchecked |= UINT32_C(1) << AK_ATTEST_CHECK_FRESHNESS;
    else
        ak_attest_fail(verdict, AK_ATTEST_CHECK_FRESHNESS, "nothing shows when it was made");
}

/* ---- the end ---- */

/* Of evidence that is not authentic nothing is known but that. */
void ak_attest_conclude(struct ak_attest_verdict *verdict)
{
    const uint32_t unread = UINT32_C(1) << AK_ATTEST_CHECK_INPUT | UINT32_C(1) << AK_ATTEST_CHECK_FORMAT |
                            UINT32_C(1) << AK_ATTEST_CHECK_VERSION;
    verdict->accepted = verdict->authentic && verdict->failed == 0;
    if (verdict->authentic) return;
    verdict->fact_count = verdict->measurement_count = verdict->fact_text_len = 0;
    memset(verdict->trust, AK_TRUST_NONE, sizeof verdict->trust);
    if ((verdict->failed & ~unread) == 0) return;
    verdict->trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_UNRECOGNIZED;
    verdict->trust[AK_ATTEST_HARDWARE] = AK_TRUST_CRYPTO_FAILED;
}
