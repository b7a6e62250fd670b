/* attest-verify: one SEV-SNP report with its certificates, from bytes to verdict, against its raw signature
 * verifications with OpenSSL alone (report under VCEK, VCEK under ASK, ASK under ARK; keys parsed, nothing
 * else done). Genuine evidence, so AMD's key sizes. usage: attest-verify BUILD (evidence from AK_SHARED,
 * default BUILD/../../shared) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "bench/common/bench.h"
#include "core/attest/attest.h"

enum { ROUNDS = 200, FILE_MAX = 64 * 1024, REPORT_SIGNED = 0x2a0, CERTS = 3 };
#define AT_S UINT64_C(1754006400) /* 2025-08-01 */

struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};
static struct file report, vcek, chain;

static bool load(const char *shared, const char *name, struct file *out)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/evidence/snp/%s", shared, name);
    FILE *in = fopen(path, "re");
    if (in == NULL) return false;
    out->len = fread(out->bytes, 1, sizeof out->bytes, in);
    bench_must(!ferror(in) && out->len < sizeof out->bytes, path);
    (void)fclose(in);
    return true;
}

/* ---- ours ---- */

static const char policy_json[] =
    "{\"images\":[{\"measurement\":"
    "\"6a6519d757e68c2e939c9dbbbc1828498e8de35d2766dd05f1a2cca5059d0cf4ae62a36d75c837974dd50b315506e73e\"}],"
    "\"min_tcb\":{\"Genoa\":{\"bootloader\":10,\"tee\":0,\"snp\":23,\"microcode\":25}},\"freshness\":"
    "\"none\"}";

static void ours(const struct ak_attest_policy *policy)
{
    static struct ak_attest_verdict verdict;
    const struct ak_attest_input input = {.kind = AK_ATTEST_SNP,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = ak_span(report.bytes, report.len),
            [AK_ATTEST_PART_LEAF] = ak_span(vcek.bytes, vcek.len),
            [AK_ATTEST_PART_CHAIN] = ak_span(chain.bytes, chain.len)},
        .at_s = AT_S,
        .policy = policy};
    bench_must(ak_attest_verify(&input, &verdict) == AK_OK && verdict.accepted, "our verdict");
}

/* ---- raw ---- */

/* A signature that is ready to be verified: key, message, signature. */
struct raw {
    EVP_PKEY *key;
    bool pss;
    uint8_t message[4096], sig[512];
    size_t message_len, sig_len;
};
static struct raw raws[CERTS];

static void raw_of_certificate(struct raw *raw, X509 *cert, X509 *issuer)
{
    const ASN1_BIT_STRING *sig = NULL;
    unsigned char *at = raw->message;
    X509_get0_signature(&sig, NULL, cert);
    int len = i2d_re_X509_tbs(cert, NULL);
    bench_must(len > 0 && (size_t)len <= sizeof raw->message && i2d_re_X509_tbs(cert, &at) == len, "TBS");
    bench_must((size_t)ASN1_STRING_length(sig) <= sizeof raw->sig, "signature");
    raw->key = X509_get_pubkey(issuer);
    raw->pss = true;
    raw->message_len = (size_t)len;
    raw->sig_len = (size_t)ASN1_STRING_length(sig);
    memcpy(raw->sig, ASN1_STRING_get0_data(sig), raw->sig_len);
}

static void raw_of_report(struct raw *raw, X509 *cert)
{
    uint8_t big[96];
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *at = raw->sig;
    for (size_t i = 0; i < 48; i++) {
        big[i] = report.bytes[0x2a0 + 47 - i];
        big[48 + i] = report.bytes[0x2e8 + 47 - i];
    }
    bench_must(
        ECDSA_SIG_set0(sig, BN_bin2bn(big, 48, NULL), BN_bin2bn(big + 48, 48, NULL)) == 1, "signature");
    raw->key = X509_get_pubkey(cert);
    raw->sig_len = (size_t)i2d_ECDSA_SIG(sig, &at);
    raw->message_len = REPORT_SIGNED;
    memcpy(raw->message, report.bytes, REPORT_SIGNED);
    ECDSA_SIG_free(sig);
}

static void prepare(void)
{
    const unsigned char *at = vcek.bytes;
    BIO *bio = BIO_new_mem_buf(chain.bytes, (int)chain.len);
    X509 *leaf = d2i_X509(NULL, &at, (long)vcek.len);
    X509 *ask = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509 *ark = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bench_must(leaf != NULL && ask != NULL && ark != NULL, "certificates");
    raw_of_report(&raws[0], leaf);
    raw_of_certificate(&raws[1], leaf, ask);
    raw_of_certificate(&raws[2], ask, ark);
    X509_free(leaf);
    X509_free(ask);
    X509_free(ark);
    BIO_free(bio);
}

static void raw_verify(const struct raw *raw)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    bench_must(EVP_DigestVerifyInit(md, &ctx, EVP_sha384(), NULL, raw->key) == 1, "raw");
    if (raw->pss)
        bench_must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48) == 1,
            "raw");
    bench_must(EVP_DigestVerify(md, raw->sig, raw->sig_len, raw->message, raw->message_len) == 1, "raw");
    EVP_MD_CTX_free(md);
}

/* ---- the figure ---- */

static double us_since(uint64_t start_ns)
{
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns) / 1000;
}

static void measure(const struct ak_attest_policy *policy)
{
    static struct bench_sample ratio, mine, reference;
    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t start = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        ours(policy);
        double took = us_since(start);
        start = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
        for (size_t k = 0; k < CERTS; k++) raw_verify(&raws[k]);
        double raw = us_since(start);
        bench_add(&mine, took);
        bench_add(&reference, raw);
        bench_add(&ratio, took / raw);
    }
    double middle = bench_median(&ratio);
    bench_figure("attest-verify", bench_median(&mine), bench_median(&reference), middle, "us CPU/evidence",
        "SEV-SNP report with VCEK, ASK, ARK; %d rounds, ratio %.3f to %.3f; want <= 2", ROUNDS,
        bench_least(&ratio), bench_most(&ratio));
}

int main(int argc, char **argv)
{
    static struct ak_attest_policy policy;
    struct ak_attest_policy_fault fault;
    const char *shared = getenv("AK_SHARED");
    char beside[1024];
    bench_name("attest-verify");
    bench_must(argc == 2, "usage: attest-verify BUILD");
    (void)snprintf(beside, sizeof beside, "%s/../../shared", argv[1]);
    if (shared == NULL) shared = beside;
    if (!load(shared, "bergamo-v3.report.bin", &report) || !load(shared, "bergamo-v3.vcek.der", &vcek) ||
        !load(shared, "ask_ark_genoa.pem", &chain)) {
        bench_skip("attest-verify", "no evidence (set AK_SHARED)");
        return 0;
    }
    bench_must(ak_attest_policy_parse(AK_SPAN_LIT(policy_json), &policy, &fault) == AK_OK, "policy");
    prepare();
    measure(&policy);
    for (size_t i = 0; i < CERTS; i++) EVP_PKEY_free(raws[i].key);
    return 0;
}
