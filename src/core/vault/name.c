/* Writing a name, and reading it by writing it again. */
#include "core/vault/name.h"

#include "base/codec/hex.h"
#include "base/num.h"
#include "core/policy/scope.h"

enum { EPOCH_DIGITS = 8 };

struct ak_blob_name ak_blob_name_of(const struct ak_blob_place *place)
{
    struct ak_blob_name name = {.service_len = place->service_len, .epoch = place->epoch};
    memcpy(name.home_wallet, place->home_wallet, sizeof name.home_wallet);
    memcpy(name.service, place->service, sizeof name.service);
    memcpy(name.blob_id, place->blob_id, sizeof name.blob_id);
    return name;
}

static void put_epoch(struct ak_buf *buf, uint32_t epoch)
{
    uint32_t power = 1;
    for (int digit = 1; digit < EPOCH_DIGITS; digit++) {
        power *= 10;
        if (epoch < power) ak_buf_put_u8(buf, '0');
    }
    ak_buf_put_dec(buf, epoch);
}

void ak_blob_name_put(struct ak_buf *buf, const struct ak_blob_name *name)
{
    ak_hex_encode(buf, AK_SPAN_ARR(name->home_wallet));
    ak_buf_put_u8(buf, '/');
    ak_buf_put(buf, ak_span(name->service, name->service_len));
    ak_buf_put_u8(buf, '/');
    put_epoch(buf, name->epoch);
    ak_buf_put_u8(buf, '/');
    ak_hex_encode(buf, AK_SPAN_ARR(name->blob_id));
    ak_buf_put_str(buf, ".enc");
}

/* The next part before a slash; false where there is no slash. */
static bool take_part(struct ak_span *rest, struct ak_span *out_part)
{
    size_t slash = ak_span_find(*rest, 0, '/');
    *out_part = ak_span_sub(*rest, 0, slash);
    if (slash == rest->len) return false;
    *rest = ak_span_sub(*rest, slash + 1, rest->len);
    return true;
}

static bool parse_epoch(struct ak_span text, uint32_t *out_epoch)
{
    uint64_t value = 0;
    while (text.len > 1 && text.ptr[0] == '0') text = ak_span_sub(text, 1, text.len);
    if (ak_num_parse_u64(text, UINT32_MAX, &value) != AK_OK) return false;
    *out_epoch = (uint32_t)value;
    return true;
}

static bool parse(struct ak_span text, struct ak_blob_name *name)
{
    struct ak_span wallet, service, epoch;
    if (!take_part(&text, &wallet) || !take_part(&text, &service) || !take_part(&text, &epoch)) return false;
    if (ak_hex_decode_fixed(wallet, name->home_wallet, sizeof name->home_wallet) != AK_OK) return false;
    if (!ak_scope_is_service(service) || !parse_epoch(epoch, &name->epoch)) return false;
    memcpy(name->service, service.ptr, service.len);
    name->service_len = (uint8_t)service.len;
    if (!ak_span_ends(text, AK_SPAN_LIT(".enc"))) return false;
    return ak_hex_decode_fixed(ak_span_sub(text, 0, text.len - 4), name->blob_id, sizeof name->blob_id) ==
           AK_OK;
}

enum ak_err ak_blob_name_parse(struct ak_span text, struct ak_blob_name *out_name)
{
    uint8_t memory[AK_BLOB_NAME_MAX];
    struct ak_buf again = AK_BUF_ARR(memory);
    memset(out_name, 0, sizeof *out_name);
    if (parse(text, out_name)) {
        ak_blob_name_put(&again, out_name);
        if (!again.failed && ak_span_eq(ak_buf_span(&again), text)) return AK_OK;
    }
    memset(out_name, 0, sizeof *out_name);
    return AK_E_FORMAT;
}
