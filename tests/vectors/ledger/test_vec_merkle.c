/* Proofs of transparency-dev/merkle, good and mostly bad. Hashes that are not 32 bytes cannot be given to us:
 * in a proof, or where there is none at all, they count as refused by form, elsewhere they are cut or filled
 * with zeros and tried. */
#include <ftw.h>

#include "vectors/vec.h"

#include "base/codec/base64.h"
#include "core/ledger/merkle.h"

static struct vec_count inclusions;
static struct vec_count consistencies;
static bool broken;

/* Base64, cut or filled to 32 bytes; its true length. */
static size_t hash_of(const json_t *text, uint8_t out_hash[32])
{
    uint8_t bytes[256] = {0};
    size_t len = 0;
    struct ak_span span = ak_span_str(json_string_value(text));
    memset(out_hash, 0, 32);
    if (ak_base64_decode(span, bytes, sizeof bytes, &len) != AK_OK) return 0;
    memcpy(out_hash, bytes, 32);
    return len;
}

static bool proof_of(const json_t *file, struct ak_merkle_proof *out_proof)
{
    const json_t *hashes = json_object_get(file, "proof");
    size_t i = 0;
    json_t *hash = NULL;
    out_proof->count = 0;
    if (json_array_size(hashes) > AK_MERKLE_PROOF_MAX) return false;
    json_array_foreach(hashes, i, hash)
    {
        if (hash_of(hash, out_proof->hashes[i]) != 32) return false;
        out_proof->count++;
    }
    return true;
}

/* Some are 2^64 - 1, which is more than the JSON library's integers hold. */
static uint64_t size_of(const json_t *file, const char *key)
{
    double value = json_real_value(json_object_get(file, key));
    return value < 0x1p64 ? (uint64_t)value : UINT64_MAX;
}

static void settle(const char *path, const json_t *file, bool accepted, struct vec_count *count)
{
    bool want = !json_is_true(json_object_get(file, "wantErr"));
    if (accepted != want) {
        printf("%s: %s\n", path, accepted ? "accepted" : "refused");
        broken = true;
    }
    (accepted ? &count->accepted : &count->refused)[0]++;
}

static void one_inclusion(const char *path, const json_t *file)
{
    struct ak_merkle_proof proof;
    uint8_t leaf[32];
    uint8_t root[32];
    bool form = proof_of(file, &proof);
    form &= hash_of(json_object_get(file, "leafHash"), leaf) > 0;
    form &= hash_of(json_object_get(file, "root"), root) > 0;
    bool accepted = form && ak_merkle_verify_inclusion(leaf, size_of(file, "leafIdx"),
                                size_of(file, "treeSize"), &proof, root) == AK_OK;
    settle(path, file, accepted, &inclusions);
}

static void one_consistency(const char *path, const json_t *file)
{
    struct ak_merkle_proof proof;
    uint8_t from[32];
    uint8_t to[32];
    bool form = proof_of(file, &proof);
    form &= hash_of(json_object_get(file, "root1"), from) > 0;
    form &= hash_of(json_object_get(file, "root2"), to) > 0;
    bool accepted = form && ak_merkle_verify_consistency(
                                size_of(file, "size1"), size_of(file, "size2"), from, to, &proof) == AK_OK;
    settle(path, file, accepted, &consistencies);
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)ftw;
    if (kind != FTW_F || !strstr(path, ".json")) return 0;
    json_error_t error;
    json_t *file = json_load_file(path, JSON_DECODE_INT_AS_REAL, &error);
    if (!file) {
        printf("%s: %s\n", path, error.text);
        broken = true;
        return 0;
    }
    if (strstr(path, "/inclusion/")) one_inclusion(path, file);
    if (strstr(path, "/consistency/")) one_consistency(path, file);
    json_decref(file);
    return 0;
}

static void all_proofs_are_judged_as_published(void **state)
{
    (void)state;
    vec_report("inclusion", inclusions);
    vec_report("consistency", consistencies);
    assert_false(broken);
    assert_int_equal(inclusions.accepted + inclusions.refused, 98);
    assert_int_equal(consistencies.accepted + consistencies.refused, 98);
    assert_true(inclusions.accepted >= 5 && inclusions.refused >= 80);
    assert_true(consistencies.accepted >= 5 && consistencies.refused >= 80);
}

int main(void)
{
    const char *shared = getenv("AK_SHARED");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/vectors/merkle/testdata", shared ? shared : "../shared");
    if (nftw(path, visit, 16, FTW_PHYS) != 0) {
        printf("skipped: no folder %s (set AK_SHARED)\n", path);
        return VEC_SKIP;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_proofs_are_judged_as_published)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
