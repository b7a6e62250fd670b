/* The one signature a handshake needs, asked of the keeper over a channel of its own. The gateway waits:
 * while it does, the keeper's other work goes on. */
#include "core/frames/tls_sign.h"
#include "io/log/log.h"
#include "programs/worker/gateway.h"

enum { SIGN_WAIT_MS = 2000 };

static enum ak_err ask(struct ak_gateway *gw, struct ak_span content, struct ak_frame_tls_signed *out_done)
{
    uint8_t memory[AK_TLS_VERIFY_MAX + 16];
    struct ak_buf buf = AK_BUF_ARR(memory);
    const struct ak_frame_tls_sign sign = {.content = content};
    struct ak_span frame;
    unsigned type = 0;
    AK_TRY(ak_frame_tls_sign_validate(&sign));
    AK_TRY(ak_frame_tls_sign_encode(&sign, &buf));
    AK_TRY(ak_channel_send(&gw->signer, ak_buf_span(&buf)));
    AK_TRY(ak_channel_drain(&gw->signer, SIGN_WAIT_MS));
    AK_TRY(ak_channel_wait(&gw->signer, SIGN_WAIT_MS, &frame));
    struct ak_reader reader = ak_reader(frame);
    AK_TRY(ak_frame_read_head(&reader, &type));
    if (!ak_frame_permitted(AK_SENDER_KEEPER, AK_PHASE_TLS, type)) return AK_E_STATE;
    return ak_frame_tls_signed_decode(&reader, out_done);
}

bool ak_gateway_tls_sign(void *ctx, struct ak_span content, uint8_t out_sig[64])
{
    struct ak_gateway *gw = ctx;
    struct ak_frame_tls_signed done = {0};
    enum ak_err err = ask(gw, content, &done);
    if (err) {
        ak_log(AK_LOG_ERROR, "tls_sign_failed", ak_log_err(err));
        /* An answer that comes later would be taken for the next one's. */
        if (err != AK_E_MEANING) gw->failed = true;
        return false;
    }
    memcpy(out_sig, done.signature, sizeof done.signature);
    return done.ok;
}
