/* Pinning and checking checkpoints. The pin's file: 32 bytes of key, 16 of log id, in hex. */
#include "programs/cli/ledger.h"

#include <string.h>

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "core/wire/msg_ledger.h"

#define PIN_FILE  "ledger.pin"
#define SEEN_FILE "checkpoint.note"
enum { PIN_LEN = 48 };

enum ak_err ak_cli_read_proof(struct ak_span joined, struct ak_merkle_proof *out_proof)
{
    out_proof->count = 0;
    for (size_t from = 0; joined.len && from <= joined.len;) {
        size_t comma = ak_span_find(joined, from, ',');
        if (out_proof->count == AK_MERKLE_PROOF_MAX) return AK_E_FORMAT;
        AK_TRY(ak_hex_decode_fixed(
            ak_span_sub(joined, from, comma - from), out_proof->hashes[out_proof->count++], 32));
        from = comma + 1;
    }
    return AK_OK;
}

static int refuse(struct ak_cli *cli, const char *problem, const char *cause)
{
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, problem, cause,
        "keep the profile's folder as evidence, and ask the worker's operator");
}

/* ---- the pin ---- */

static enum ak_err read_pin(const struct ak_cli *cli, uint8_t out_pin[PIN_LEN])
{
    uint8_t text[2 * PIN_LEN + 1];
    size_t len = 0;
    AK_TRY(ak_profile_read(&cli->profile, PIN_FILE, text, sizeof text, &len));
    return ak_hex_decode_fixed(ak_span(text, len), out_pin, PIN_LEN);
}

/* The setting: 64 hex digits, or a verifier key name+hash+base64. spec: C2SP signed-note, Verifier keys */
static bool read_setting(const char *text, uint8_t out_key[32])
{
    uint8_t bytes[33];
    size_t len = 0;
    const char *plus = strrchr(text, '+');
    if (ak_hex_decode_fixed(ak_span_str(text), out_key, 32) == AK_OK) return true;
    if (!plus || ak_base64_decode(ak_span_str(plus + 1), bytes, sizeof bytes, &len) != AK_OK) return false;
    if (len != sizeof bytes || bytes[0] != 1) return false;
    memcpy(out_key, bytes + 1, 32);
    return true;
}

int ak_cli_ledger_key(struct ak_cli *cli, uint8_t out_key[32], bool *out_known)
{
    uint8_t pin[PIN_LEN] = {0};
    const char *setting = ak_conf_text(&cli->conf, AK_CLIENT_LEDGER_PIN);
    *out_known = true;
    if (setting[0]) {
        if (read_setting(setting, out_key)) return 0;
        return ak_cli_fail_usage(cli, "ledger_pin is not usable", "it is 64 hex digits or a verifier key");
    }
    *out_known = read_pin(cli, pin) == AK_OK;
    memcpy(out_key, pin, 32);
    return 0;
}

static enum ak_err write_pin(struct ak_cli *cli, const uint8_t pin[PIN_LEN])
{
    uint8_t text[2 * PIN_LEN];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, ak_span(pin, PIN_LEN));
    return ak_profile_write(&cli->profile, PIN_FILE, ak_buf_span(&buf));
}

/* Key and log are those of the first meeting; there, they are kept. */
static int hold_to_pin(struct ak_cli *cli, const struct ak_cli_checkpoint *got)
{
    uint8_t pin[PIN_LEN], seen[PIN_LEN];
    memcpy(seen, got->key, 32);
    memcpy(seen + 32, got->checkpoint.log_id, 16);
    bool known = false;
    int status = ak_cli_ledger_key(cli, pin, &known);
    if (status) return status;
    if (known && memcmp(pin, got->key, 32) != 0)
        return refuse(cli, "this is not the ledger that was met before", "its key is another");
    enum ak_err err = read_pin(cli, pin);
    if (err == AK_E_NOT_FOUND) {
        err = write_pin(cli, seen);
        return err ? ak_cli_fail_state(cli, err, "the ledger's key cannot be kept") : 0;
    }
    if (err) return ak_cli_fail_state(cli, err, "the kept key of the ledger cannot be read");
    if (memcmp(pin, seen, PIN_LEN) == 0) return 0;
    return refuse(cli, "this is not the ledger that was met before", "its id is another");
}

/* ---- the newest checkpoint seen ---- */

static int prove_growth(struct ak_cli *cli, const struct ak_checkpoint *old, const struct ak_checkpoint *now)
{
    struct ak_msg_consistency_request request = {
        .from = old->size, .to = now->size, .present = 1u << AK_CONSISTENCY_REQUEST_TO};
    struct ak_msg_consistency_reply reply;
    struct ak_merkle_proof proof;
    int status = ak_cli_call(cli, AK_CALL_CONSISTENCY, &request, &reply, "proving that the ledger only grew");
    if (status) return status;
    if (ak_cli_read_proof(reply.proof, &proof) == AK_OK &&
        ak_merkle_verify_consistency(old->size, now->size, old->root, now->root, &proof) == AK_OK)
        return 0;
    return refuse(cli, "the ledger was rewritten", "an earlier checkpoint is not a part of this one");
}

static int hold_to_seen(struct ak_cli *cli, const struct ak_cli_checkpoint *got)
{
    uint8_t note[AK_NOTE_LEN_MAX];
    size_t len = 0;
    struct ak_checkpoint old;
    const struct ak_checkpoint *now = &got->checkpoint;
    enum ak_err err = ak_profile_read(&cli->profile, SEEN_FILE, note, sizeof note, &len);
    if (err && err != AK_E_NOT_FOUND)
        return ak_cli_fail_state(cli, err, "the checkpoint kept cannot be read");
    bool known = !err && ak_checkpoint_verify(ak_span(note, len), got->key, &old) == AK_OK;
    if (!known) return 0;
    if (now->size < old.size)
        return refuse(cli, "the ledger was rolled back", "a longer one was seen before");
    if (now->size == old.size)
        return memcmp(now->root, old.root, 32) == 0
                   ? 0
                   : refuse(cli, "the ledger was forked", "two trees of one size were signed");
    return prove_growth(cli, &old, now);
}

static int fetch(struct ak_cli *cli, bool seal, struct ak_cli_checkpoint *out)
{
    struct ak_msg_checkpoint_request request = {0};
    struct ak_msg_checkpoint_reply reply;
    unsigned call = seal ? AK_CALL_CHECKPOINT_SEAL : AK_CALL_CHECKPOINT;
    int status = ak_cli_call(cli, call, &request, &reply, "getting the ledger's checkpoint");
    if (status) return status;
    if (reply.checkpoint.len > sizeof out->note ||
        ak_checkpoint_verify(reply.checkpoint, reply.key, &out->checkpoint) != AK_OK)
        return refuse(cli, "the checkpoint does not verify", "it is not signed by the ledger's key");
    memcpy(out->key, reply.key, 32);
    memcpy(out->note, reply.checkpoint.ptr, reply.checkpoint.len);
    out->note_len = reply.checkpoint.len;
    return 0;
}

/* Another process of this profile may have seen a longer one meanwhile: that one stays. */
static enum ak_err keep_newest(struct ak_cli *cli, const struct ak_cli_checkpoint *got)
{
    uint8_t note[AK_NOTE_LEN_MAX];
    size_t len = 0;
    struct ak_checkpoint other;
    AK_TRY(ak_profile_lock(&cli->profile));
    bool longer = ak_profile_read(&cli->profile, SEEN_FILE, note, sizeof note, &len) == AK_OK &&
                  ak_checkpoint_verify(ak_span(note, len), got->key, &other) == AK_OK &&
                  other.size > got->checkpoint.size;
    enum ak_err err =
        longer ? AK_OK : ak_profile_write(&cli->profile, SEEN_FILE, ak_span(got->note, got->note_len));
    ak_profile_unlock(&cli->profile);
    return err;
}

int ak_cli_checkpoint(struct ak_cli *cli, bool seal, struct ak_cli_checkpoint *out)
{
    int status = fetch(cli, seal, out);
    if (!status) status = hold_to_pin(cli, out);
    if (!status) status = hold_to_seen(cli, out);
    if (status) return status;
    enum ak_err err = keep_newest(cli, out);
    return err ? ak_cli_fail_state(cli, err, "the checkpoint cannot be kept") : 0;
}

int ak_cli_pin_ledger(struct ak_cli *cli)
{
    static struct ak_cli_checkpoint got;
    return ak_cli_checkpoint(cli, true, &got);
}
