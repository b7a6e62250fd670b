#include "programs/worker/shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "io/conf/boot_fail.h"
#include "io/proc/durable.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "programs/worker/take.h"

static const char *const see = "docs/operations.md#recovery-shares";

static void fail(const char *setting, const char *value, const char *reason)
{
    ak_boot_fail("recovery_shares", setting, value, reason, see);
}

void ak_worker_shares_take(struct ak_worker_shares *shares, int *argc, char **argv)
{
    shares->scheme = ak_take_option(argc, argv, "recovery-shares");
    shares->folder = ak_take_option(argc, argv, "share-dir");
    shares->count = ak_take_options(argc, argv, "recipient", shares->files, AK_SHARE_HOLDERS_MAX);
    if (shares->scheme) return;
    if (shares->count) fail("recipient", shares->files[0], "also needs --recovery-shares, such as 3-of-5");
    if (shares->folder) fail("share-dir", shares->folder, "also needs --recovery-shares, such as 3-of-5");
}

/* ---- reading ---- */

/* Two numbers of one or two digits without a leading zero. */
static bool parse_number(const char **at, unsigned *out)
{
    const char *start = *at;
    *out = 0;
    while (**at >= '0' && **at <= '9' && *at - start < 2) *out = *out * 10 + (unsigned)(*(*at)++ - '0');
    return *at > start && *start != '0';
}

static void parse_scheme(struct ak_worker_shares *shares)
{
    unsigned n = 0;
    const char *at = shares->scheme;
    bool good = parse_number(&at, &shares->m) && strncmp(at, "-of-", 4) == 0;
    if (good) at += 4;
    good = good && parse_number(&at, &n) && *at == '\0';
    if (!good || shares->m < 2 || shares->m > n || n > AK_SHARE_HOLDERS_MAX)
        fail("recovery-shares", shares->scheme, "is not such as 3-of-5: 2 or more, of at most 16");
    if (shares->count != n)
        fail("recovery-shares", shares->scheme, "needs exactly one --recipient CERTIFICATE for each share");
}

static size_t read_file(const char *path, uint8_t *out, size_t cap)
{
    FILE *file = fopen(path, "rbe");
    if (!file) fail("recipient", path, "cannot be opened");
    size_t len = fread(out, 1, cap, file);
    bool whole = !ferror(file) && fgetc(file) == EOF;
    (void)fclose(file);
    if (!whole) fail("recipient", path, "cannot be read, or is no single certificate");
    return len;
}

static const char *refusal(enum ak_err err)
{
    if (err == AK_E_EXPIRED) return "has expired, or is not valid yet";
    if (err == AK_E_MEANING) return "has a key usage without key encipherment (RSA) or key agreement (EC)";
    if (err == AK_E_UNSUPPORTED) return "needs a key of RSA 2048 bits or more, or EC P-256, P-384, P-521";
    return "is not one X.509 certificate, PEM or DER";
}

static void read_one(struct ak_worker_shares *shares, size_t i, uint64_t now_s, struct ak_trust *trust)
{
    uint8_t bytes[AK_CMS_LEN_MAX];
    struct ak_buf der = AK_BUF_ARR(shares->certs[i]);
    size_t len = read_file(shares->files[i], bytes, sizeof bytes);
    enum ak_err err =
        ak_cms_recipient(ak_span(bytes, len), now_s, &der, shares->names[i], trust->recipients[i]);
    if (err) fail("recipient", shares->files[i], refusal(err));
    shares->cert_lens[i] = der.len;
    for (size_t k = 0; k < i; k++)
        if (memcmp(trust->recipients[k], trust->recipients[i], 32) == 0)
            fail("recipient", shares->files[i], "is given twice: each holder has one share");
}

void ak_worker_shares_read(struct ak_worker_shares *shares, uint64_t now_s, struct ak_trust *trust)
{
    if (!shares->scheme) return;
    parse_scheme(shares);
    if (!realpath(shares->folder ? shares->folder : ".", shares->parent))
        fail("share-dir", shares->folder ? shares->folder : ".", "is not there");
    for (size_t i = 0; i < shares->count; i++) read_one(shares, i, now_s, trust);
    trust->recovery_threshold = shares->m;
    trust->recipient_count = shares->count;
}

/* ---- writing ---- */

/* In locked memory, wiped when freed. */
struct secrets {
    struct ak_share_set set;
    struct ak_share shares[AK_SHARE_HOLDERS_MAX];
    uint8_t random[(AK_SHARE_HOLDERS_MAX - 1) * AK_SHARE_SECRET_MAX];
    uint8_t secret[AK_SHARE_SECRET_MAX];
    uint8_t plain[AK_SHARE_LEN_MAX];
};

static void make(const struct ak_worker_shares *shares, const struct ak_seal_state *state,
    struct ak_span trust, struct secrets *secrets)
{
    struct ak_share_set *set = &secrets->set;
    struct ak_buf secret = AK_BUF_ARR(secrets->secret);
    memcpy(set->worker_id, state->worker_id, sizeof set->worker_id);
    set->m = (uint8_t)shares->m;
    set->n = (uint8_t)shares->count;
    for (size_t i = 0; i < shares->count; i++) {
        set->holders[i].name_len = (uint8_t)strlen(shares->names[i]);
        memcpy(set->holders[i].name, shares->names[i], set->holders[i].name_len);
    }
    memcpy(set->trust, trust.ptr, trust.len);
    set->trust_len = trust.len;
    enum ak_err err = ak_share_secret_put(state, &secret);
    struct ak_span random = ak_span(secrets->random, (shares->m - 1) * secret.len);
    ak_random_bytes(secrets->random, sizeof secrets->random);
    if (!err) err = ak_share_make(set, ak_buf_span(&secret), random, secrets->shares);
    if (err) fail("recovery-shares", shares->scheme, "the shares cannot be made");
}

/* "share-1-of-5-ada-lovelace.cms": letters and digits of the name only. */
static void file_name(const struct ak_worker_shares *shares, size_t i, char *out, size_t cap)
{
    char name[AK_CMS_NAME_MAX + 1];
    size_t len = 0;
    for (const char *at = shares->names[i]; *at && len < 32; at++) {
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain || (len && name[len - 1] != '-')) name[len++] = plain ? c : '-';
    }
    name[len] = '\0';
    (void)snprintf(out, cap, "share-%zu-of-%zu-%s.cms", i + 1, shares->count, len ? name : "holder");
}

static void write_one(const struct ak_worker_shares *shares, size_t i, int dir_fd, struct secrets *secrets)
{
    static uint8_t bytes[AK_CMS_LEN_MAX];
    char name[96];
    const struct ak_file_ops ops = ak_file_ops_system();
    struct ak_buf plain = AK_BUF_ARR(secrets->plain), cms = AK_BUF_ARR(bytes);
    struct ak_span cert = ak_span(shares->certs[i], shares->cert_lens[i]);
    enum ak_err err = ak_share_encode(&secrets->shares[i], &plain);
    if (!err) err = ak_cms_seal(cert, ak_buf_span(&plain), &cms);
    if (err) fail("recipient", shares->files[i], "the share cannot be encrypted to it");
    file_name(shares, i, name, sizeof name);
    if (ak_durable_write(&ops, dir_fd, name, ak_buf_span(&cms)) != AK_OK)
        fail("share-dir", shares->made_in, "cannot be written");
}

/* A name of this worker alone, so that no other worker's shares are ever overwritten. */
static void choose_folder(struct ak_worker_shares *shares, const struct ak_seal_state *state)
{
    char id[9];
    struct ak_buf hex = ak_buf(id, 8);
    ak_hex_encode(&hex, ak_span(state->worker_id, 4));
    id[8] = '\0';
    (void)snprintf(shares->made_in, sizeof shares->made_in, "%s/shares-%s", shares->parent, id);
}

void ak_worker_shares_write(
    struct ak_worker_shares *shares, const struct ak_seal_state *state, struct ak_span trust)
{
    int dir_fd = -1;
    if (!shares->scheme) return;
    struct secrets *secrets = ak_secmem_alloc(sizeof *secrets);
    if (!secrets) fail("recovery-shares", shares->scheme, "no locked memory for the shares");
    make(shares, state, trust, secrets);
    choose_folder(shares, state);
    if (ak_durable_open_dir(shares->made_in, true, &dir_fd) != AK_OK)
        fail("share-dir", shares->made_in, "cannot be made, or is open to other users");
    for (size_t i = 0; i < shares->count; i++) write_one(shares, i, dir_fd, secrets);
    (void)close(dir_fd);
    ak_wipe(secrets, sizeof *secrets);
    ak_secmem_free(secrets);
}
