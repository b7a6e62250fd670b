/* A profile's files. The token's file is one flat JSON object, so that it is read without a heap. */
#include "io/client/profile.h"

#include <string.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/codec/json.h"
#include "base/num.h"
#include "base/wipe.h"
#include "io/client/device.h"
#include "io/proc/durable.h"

enum { FILE_MAX = AK_LIMIT_TOKEN + 2048, MEMBERS = 12 };
static const char token_file[] = "token.json";

bool ak_profile_name_fits(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || !strchr("-_.", c))) return false;
    }
    return len >= 1 && len <= 64;
}

enum ak_err ak_profile_open(const char *state_dir, const char *profile, const char *label, bool create,
    struct ak_profile *out_profile)
{
    struct ak_buf buf = AK_BUF_ARR(out_profile->path);
    out_profile->dir_fd = out_profile->lock_fd = -1;
    if (!ak_profile_name_fits(profile) || (label && !ak_profile_name_fits(label))) return AK_E_FORMAT;
    ak_buf_put_str(&buf, state_dir);
    ak_buf_put_u8(&buf, '/');
    ak_buf_put_str(&buf, profile);
    if (label) {
        ak_buf_put_str(&buf, "/agents/");
        ak_buf_put_str(&buf, label);
    }
    if (ak_buf_terminate(&buf) != AK_OK) return AK_E_LIMIT;
    return ak_durable_open_dir(out_profile->path, create, &out_profile->dir_fd);
}

enum ak_err ak_profile_lock(struct ak_profile *profile)
{
    return ak_client_lock(profile->dir_fd, &profile->lock_fd);
}

void ak_profile_unlock(struct ak_profile *profile)
{
    if (profile->lock_fd >= 0) (void)close(profile->lock_fd);
    profile->lock_fd = -1;
}

void ak_profile_close(struct ak_profile *profile)
{
    ak_profile_unlock(profile);
    if (profile->dir_fd >= 0) (void)close(profile->dir_fd);
    profile->dir_fd = -1;
}

void ak_saved_done(struct ak_saved *saved)
{
    ak_wipe(saved, sizeof *saved);
}

enum ak_err ak_profile_read(
    const struct ak_profile *profile, const char *name, uint8_t *out_bytes, size_t cap, size_t *out_len)
{
    struct ak_file_ops ops = ak_file_ops_system();
    *out_len = 0;
    AK_TRY(ak_client_check_file(profile->dir_fd, name));
    return ak_durable_read(&ops, profile->dir_fd, name, out_bytes, cap, out_len);
}

/* Writing is one process' at a time: a temporary name is the same for all. */
static enum ak_err begin_write(struct ak_profile *profile, bool *out_own)
{
    *out_own = profile->lock_fd < 0;
    return *out_own ? ak_profile_lock(profile) : AK_OK;
}

static enum ak_err end_write(struct ak_profile *profile, bool own, enum ak_err err)
{
    if (own) ak_profile_unlock(profile);
    return err;
}

enum ak_err ak_profile_write(struct ak_profile *profile, const char *name, struct ak_span bytes)
{
    struct ak_file_ops ops = ak_file_ops_system();
    bool own = false;
    AK_TRY(begin_write(profile, &own));
    return end_write(profile, own, ak_durable_write(&ops, profile->dir_fd, name, bytes));
}

static enum ak_err erase(const struct ak_profile *profile, const char *name)
{
    struct ak_file_ops ops = ak_file_ops_system();
    enum ak_err err = ak_durable_erase(&ops, profile->dir_fd, name);
    if (err == AK_E_LIMIT) { /* longer than erase takes: a short one takes its place first */
        AK_TRY(ak_durable_write(&ops, profile->dir_fd, name, AK_SPAN_LIT("{}")));
        err = ak_durable_erase(&ops, profile->dir_fd, name);
    }
    return err == AK_E_NOT_FOUND ? AK_OK : err;
}

enum ak_err ak_profile_erase(struct ak_profile *profile, const char *name)
{
    bool own = false;
    AK_TRY(begin_write(profile, &own));
    return end_write(profile, own, erase(profile, name));
}

enum ak_err ak_profile_forget(struct ak_profile *profile)
{
    return ak_profile_erase(profile, token_file);
}

/* ---- writing ---- */

static void put_text(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

static void put_number(struct ak_json_writer *w, const char *key, uint64_t number)
{
    ak_json_key(w, key);
    ak_json_put_u64(w, number);
}

enum ak_err ak_profile_save(struct ak_profile *profile, const struct ak_saved *saved)
{
    uint8_t memory[FILE_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    put_text(&w, "kind", saved->kind == AK_SAVED_AGENT ? "agent" : "session");
    put_text(&w, "token", saved->token);
    put_number(&w, "expires_at", saved->expires_at);
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(saved->anchor));
    ak_json_key(&w, "address");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(saved->address));
    put_number(&w, "generation", saved->generation);
    put_text(&w, "label", saved->label);
    put_text(&w, "identity", saved->identity);
    ak_json_close_object(&w);
    enum ak_err err = ak_buf_check(&buf);
    if (!err) err = ak_profile_write(profile, token_file, ak_buf_span(&buf));
    ak_wipe(memory, sizeof memory);
    return err;
}

/* ---- reading ---- */

struct members {
    struct ak_json_flat_member rows[MEMBERS];
    size_t count;
};

static struct ak_span find(const struct members *members, const char *key, bool is_string)
{
    for (size_t i = 0; i < members->count; i++)
        if (ak_span_eq(members->rows[i].key, ak_span_str(key)) && members->rows[i].is_string == is_string)
            return members->rows[i].value;
    return AK_SPAN_EMPTY;
}

static enum ak_err take_text(const struct members *members, const char *key, char *out, size_t cap)
{
    struct ak_span text = find(members, key, true);
    if (text.len >= cap) return AK_E_FORMAT;
    if (text.len) memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return AK_OK;
}

static enum ak_err take_number(const struct members *members, const char *key, uint64_t *out_number)
{
    return ak_num_parse_u64(find(members, key, false), UINT64_MAX, out_number) ? AK_E_FORMAT : AK_OK;
}

static enum ak_err read_members(const struct members *members, struct ak_saved *out)
{
    struct ak_span kind = find(members, "kind", true);
    AK_TRY(take_text(members, "token", out->token, sizeof out->token));
    AK_TRY(take_number(members, "expires_at", &out->expires_at));
    AK_TRY(take_number(members, "generation", &out->generation));
    AK_TRY(take_text(members, "label", out->label, sizeof out->label));
    AK_TRY(take_text(members, "identity", out->identity, sizeof out->identity));
    AK_TRY(ak_hex_decode_fixed(find(members, "anchor", true), out->anchor, sizeof out->anchor));
    AK_TRY(ak_hex_decode_fixed(find(members, "address", true), out->address, sizeof out->address));
    if (ak_span_eq(kind, AK_SPAN_LIT("agent")))
        out->kind = AK_SAVED_AGENT;
    else if (ak_span_eq(kind, AK_SPAN_LIT("session")))
        out->kind = AK_SAVED_SESSION;
    return out->kind == AK_SAVED_NONE || out->token[0] == 0 ? AK_E_FORMAT : AK_OK;
}

enum ak_err ak_profile_load(const struct ak_profile *profile, struct ak_saved *out_saved)
{
    uint8_t memory[FILE_MAX];
    size_t len = 0;
    struct members members = {.count = 0};
    memset(out_saved, 0, sizeof *out_saved);
    enum ak_err err = ak_profile_read(profile, token_file, memory, sizeof memory, &len);
    if (err == AK_E_LIMIT) err = AK_E_FORMAT;
    if (!err && ak_json_flat(ak_span(memory, len), members.rows, MEMBERS, &members.count) != AK_OK)
        err = AK_E_FORMAT;
    if (!err) err = read_members(&members, out_saved);
    ak_wipe(memory, sizeof memory);
    if (err) ak_saved_done(out_saved);
    return err;
}
