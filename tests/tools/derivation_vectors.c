/* derivation-vectors --compute IN OUT: reads master secrets, identities, path names and messages, and writes
 * them with all that is derived from them. For published test secrets only: it prints secret keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/identity/identity.h"
#include "core/keys/derive.h"
#include "core/keys/step.h"

enum { INPUT_MAX = 16 * 1024 * 1024, OUTPUT_MAX = 64 * 1024 * 1024 };

struct key {
    struct ak_secret32 scalar;
    struct ak_secret32 chain_code;
    uint8_t public_key[33];
    uint8_t address[20];
};

struct account {
    struct ak_secret32 msk;
    struct ak_root root;
    uint8_t omni[32];
    struct key user;
};

static enum ak_err complete(struct key *key)
{
    struct ak_k256_point point;
    AK_TRY(ak_k256_point_from_scalar(&key->scalar, &point));
    ak_k256_point_compress(&point, key->public_key);
    ak_evm_address(&point, key->address);
    return AK_OK;
}

/* The agent's key with its chain code, step by step, held against the two ways the keeper goes. */
static enum ak_err agent_key(const struct account *account, struct ak_span path_text, struct key *out_key)
{
    struct ak_path path;
    struct ak_path_points points;
    struct ak_secret32 fast;
    AK_TRY(ak_path_parse(path_text, &path));
    if (!path.has_generation) return AK_E_FORMAT;
    *out_key = account->user;
    AK_TRY(ak_keys_step(&out_key->scalar, &out_key->chain_code, NULL, ak_path_label(&path)));
    AK_TRY(ak_keys_step_generation(&out_key->scalar, &out_key->chain_code, NULL, path.generation));
    AK_TRY(complete(out_key));
    AK_TRY(ak_keys_path_points(&account->root, account->omni, &path, &points));
    AK_TRY(ak_keys_agent_scalar(&account->root, account->omni, ak_path_label(&path), path.generation,
        account->user.public_key, points.base33, &fast));
    bool same = memcmp(&fast, &out_key->scalar, sizeof fast) == 0 &&
                memcmp(points.address, out_key->address, sizeof points.address) == 0;
    return same ? AK_OK : AK_E_CRYPTO;
}

static void put_member(struct ak_json_writer *w, const char *name, const char *prefix, struct ak_span bytes)
{
    ak_json_key(w, name);
    ak_json_put_hex(w, prefix, bytes);
}

static void put_key(struct ak_json_writer *w, const struct key *key)
{
    put_member(w, "address", "0x", AK_SPAN_ARR(key->address));
    put_member(w, "public_key", "", AK_SPAN_ARR(key->public_key));
    put_member(w, "chain_code", "", AK_SPAN_ARR(key->chain_code.bytes));
    put_member(w, "secret_key", "", AK_SPAN_ARR(key->scalar.bytes));
}

static enum ak_err put_path(
    struct ak_json_writer *w, const struct account *account, struct ak_json_value item)
{
    struct ak_span path;
    struct key key;
    AK_TRY(ak_json_string(ak_json_get(item, "path"), &path));
    AK_TRY(agent_key(account, path, &key));
    ak_json_open_object(w);
    ak_json_key(w, "path");
    ak_json_put_string(w, path);
    put_key(w, &key);
    ak_json_close_object(w);
    return AK_OK;
}

static enum ak_err sign(const struct ak_secret32 *scalar, struct ak_span message_hex, uint8_t out_sig[65])
{
    static uint8_t message[INPUT_MAX / 2];
    uint8_t digest[32];
    size_t len = 0;
    AK_TRY(ak_hex_decode(message_hex, message, sizeof message, &len));
    ak_eip191_digest(ak_span(message, len), digest);
    return ak_k256_sign(digest, scalar, out_sig);
}

static enum ak_err put_message(
    struct ak_json_writer *w, const struct account *account, struct ak_json_value item)
{
    struct ak_json_value path = ak_json_get(item, "path");
    struct ak_span path_text = AK_SPAN_EMPTY;
    struct ak_span message_hex;
    struct key key = account->user;
    uint8_t sig[65];
    if (ak_json_type(path) != AK_JSON_NULL) {
        AK_TRY(ak_json_string(path, &path_text));
        AK_TRY(agent_key(account, path_text, &key));
    }
    AK_TRY(ak_json_string(ak_json_get(item, "message_hex"), &message_hex));
    AK_TRY(sign(&key.scalar, message_hex, sig));
    ak_json_open_object(w);
    ak_json_key(w, "path");
    if (path_text.ptr == NULL) {
        ak_json_put_null(w);
    } else {
        ak_json_put_string(w, path_text);
    }
    ak_json_key(w, "message_hex");
    ak_json_put_string(w, message_hex);
    put_member(w, "signature", "0x", AK_SPAN_ARR(sig));
    ak_json_close_object(w);
    return AK_OK;
}

static enum ak_err put_signer_v0(struct ak_json_writer *w, const struct account *account)
{
    AK_CLEANUP(ak_root_close) struct ak_root root = {0};
    struct ak_user_points points;
    AK_TRY(ak_root_open(&root, 1, AK_SUITE_SIGNER_V0, AK_ROOT_BROUGHT_IN, &account->msk));
    AK_TRY(ak_keys_user_points(&root, account->omni, &points));
    ak_json_key(w, "signer_v0");
    ak_json_open_object(w);
    put_member(w, "address", "0x", AK_SPAN_ARR(points.address));
    ak_json_close_object(w);
    return AK_OK;
}

static enum ak_err put_all(struct ak_json_writer *w, const struct account *account, struct ak_json_value list,
    enum ak_err (*put)(struct ak_json_writer *, const struct account *, struct ak_json_value))
{
    ak_json_open_array(w);
    for (size_t i = 0; i < ak_json_len(list); i++) AK_TRY(put(w, account, ak_json_at(list, i)));
    ak_json_close_array(w);
    return AK_OK;
}

static enum ak_err put_derived(
    struct ak_json_writer *w, const struct account *account, struct ak_json_value item)
{
    put_member(w, "omni_account", "", AK_SPAN_ARR(account->omni));
    ak_json_key(w, "user");
    ak_json_open_object(w);
    put_key(w, &account->user);
    ak_json_close_object(w);
    AK_TRY(put_signer_v0(w, account));
    ak_json_key(w, "paths");
    AK_TRY(put_all(w, account, ak_json_get(item, "paths"), put_path));
    ak_json_key(w, "eip191");
    return put_all(w, account, ak_json_get(item, "eip191"), put_message);
}

static enum ak_err put_case(struct ak_json_writer *w, struct ak_json_value item)
{
    AK_CLEANUP(ak_root_close) struct ak_root root = {0};
    struct account account = {0};
    struct ak_span msk_hex, type, value;
    AK_TRY(ak_json_string(ak_json_get(item, "msk"), &msk_hex));
    AK_TRY(ak_json_string(ak_json_get(item, "identity_type"), &type));
    AK_TRY(ak_json_string(ak_json_get(item, "identity_value"), &value));
    AK_TRY(ak_hex_decode_fixed(msk_hex, account.msk.bytes, sizeof account.msk.bytes));
    AK_TRY(ak_identity_omni(type, value, account.omni));
    AK_TRY(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &account.msk));
    account.root = root;
    AK_TRY(ak_keys_user(&root, account.omni, &account.user.scalar, &account.user.chain_code));
    AK_TRY(complete(&account.user));
    ak_json_open_object(w);
    put_member(w, "msk", "", AK_SPAN_ARR(account.msk.bytes));
    ak_json_key(w, "identity_type");
    ak_json_put_string(w, type);
    ak_json_key(w, "identity_value");
    ak_json_put_string(w, value);
    AK_TRY(put_derived(w, &account, item));
    ak_json_close_object(w);
    return AK_OK;
}

static enum ak_err compute(struct ak_span in, struct ak_buf *out)
{
    AK_CLEANUP(ak_json_done) struct ak_json document = {0};
    AK_TRY(ak_json_parse(in, INPUT_MAX, &document));
    struct ak_json_value top = ak_json_root(&document);
    struct ak_json_value cases = ak_json_get(top, "cases");
    struct ak_span suite;
    enum ak_err named = ak_json_string(ak_json_get(top, "suite"), &suite);
    if (named == AK_E_NOT_FOUND) suite = ak_span_str(ak_suite_name(AK_SUITE_AK1));
    if (named != AK_OK && named != AK_E_NOT_FOUND) return named;
    if (!ak_span_eq(suite, ak_span_str(ak_suite_name(AK_SUITE_AK1)))) return AK_E_UNSUPPORTED;
    if (ak_json_type(cases) != AK_JSON_ARRAY) return AK_E_FORMAT;
    struct ak_json_writer w = ak_json_writer(out);
    ak_json_open_object(&w);
    ak_json_key(&w, "suite");
    ak_json_put_string(&w, suite);
    ak_json_key(&w, "cases");
    ak_json_open_array(&w);
    for (size_t i = 0; i < ak_json_len(cases); i++) AK_TRY(put_case(&w, ak_json_at(cases, i)));
    ak_json_close_array(&w);
    ak_json_close_object(&w);
    ak_buf_put_u8(out, '\n');
    return ak_buf_check(out);
}

static enum ak_err read_file(const char *name, struct ak_buf *out)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL) return AK_E_IO;
    out->len = fread(out->ptr, 1, out->cap, file);
    bool good = !ferror(file) && feof(file);
    fclose(file);
    return good ? AK_OK : AK_E_IO;
}

static enum ak_err write_file(const char *name, struct ak_span bytes)
{
    FILE *file = fopen(name, "wb");
    if (file == NULL) return AK_E_IO;
    bool good = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    good = fclose(file) == 0 && good;
    return good ? AK_OK : AK_E_IO;
}

int main(int argc, char **argv)
{
    if (argc != 4 || strcmp(argv[1], "--compute") != 0) {
        fprintf(stderr, "usage: derivation-vectors --compute IN OUT\n");
        return 2;
    }
    struct ak_buf in = ak_buf(malloc(INPUT_MAX), INPUT_MAX);
    struct ak_buf out = ak_buf(malloc(OUTPUT_MAX), OUTPUT_MAX);
    enum ak_err err = in.ptr != NULL && out.ptr != NULL ? read_file(argv[2], &in) : AK_E_FULL;
    if (err == AK_OK) err = compute(ak_buf_span(&in), &out);
    if (err == AK_OK) err = write_file(argv[3], ak_buf_span(&out));
    if (err != AK_OK) fprintf(stderr, "derivation-vectors: %s: %s\n", argv[2], ak_err_name(err));
    free(in.ptr);
    free(out.ptr);
    return err == AK_OK ? 0 : 1;
}
