/* HPKE over 32 bytes; the info is a label and the device. */
#include "core/token/sealed_code.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto/hpke.h"

static const char label[] = "agentkeys-recovery-code-v1";

enum { CODE_LEN = 32, INFO_MAX = sizeof label + 32 };

static struct ak_span put_info(struct ak_buf *info, const uint8_t jkt[32])
{
    ak_buf_put_str(info, label);
    ak_buf_put(info, ak_span(jkt, 32));
    return ak_buf_span(info);
}

enum ak_err ak_sealed_code_make(const uint8_t delivery[32], const struct ak_secret32 *ephemeral,
    const uint8_t jkt[32], const uint8_t code[32], uint8_t out_sealed[AK_LIMIT_SEALED_CODE])
{
    uint8_t memory[INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    return ak_hpke_seal(delivery, ephemeral, put_info(&info, jkt), AK_SPAN_EMPTY, ak_span(code, CODE_LEN),
        out_sealed, out_sealed + AK_HPKE_KEY_LEN);
}

enum ak_err ak_sealed_code_open(const struct ak_secret32 *delivery, const uint8_t jkt[32],
    const uint8_t sealed[AK_LIMIT_SEALED_CODE], struct ak_secret32 *out_code)
{
    uint8_t memory[INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    return ak_hpke_open(delivery, sealed, put_info(&info, jkt), AK_SPAN_EMPTY,
        ak_span(sealed + AK_HPKE_KEY_LEN, AK_LIMIT_SEALED_CODE - AK_HPKE_KEY_LEN), out_code->bytes);
}
