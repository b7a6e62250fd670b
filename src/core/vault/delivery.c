/* The info that binds a sealed value. */
#include "core/vault/delivery.h"

#include "base/codec/cbor.h"

void ak_vault_put_info(struct ak_buf *buf, const char *call, const uint8_t anchor[32], struct ak_span service,
    struct ak_span path)
{
    ak_cbor_put_array(buf, 5);
    ak_cbor_put_text(buf, AK_SPAN_LIT("agentkeys-hpke-v1"));
    ak_cbor_put_text(buf, ak_span_str(call));
    ak_cbor_put_bytes(buf, ak_span(anchor, 32));
    ak_cbor_put_text(buf, service);
    ak_cbor_put_text(buf, path);
}
