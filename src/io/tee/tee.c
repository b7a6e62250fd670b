#include "io/tee/tee.h"

const char *const ak_tee_cap_names[] = {
    "report", "seal_hw", "counter_hw", "erase", "mem_isolated", "measured", "insecure_dev", "maker", NULL};

static const struct ak_tee_ops *const built[] = {
    &ak_tee_software,
#if AK_HAVE_TPM2
    &ak_tee_tpm2,
#endif
};

const struct ak_tee_ops *ak_tee_find(struct ak_span name)
{
    for (size_t i = 0; i < AK_COUNT(built); i++)
        if (ak_span_eq(name, ak_span_str(built[i]->name))) return built[i];
    return NULL;
}

enum ak_err ak_tee_open(const struct ak_tee_ops *ops, const struct ak_tee_open *how, struct ak_tee *out_tee)
{
    *out_tee = (struct ak_tee){0};
    void *impl = NULL;
    AK_TRY(ops->open(how, &impl));
    *out_tee = (struct ak_tee){ops, impl};
    return AK_OK;
}

void ak_tee_close(struct ak_tee *tee)
{
    if (tee->ops) tee->ops->close(tee->impl);
    *tee = (struct ak_tee){0};
}
