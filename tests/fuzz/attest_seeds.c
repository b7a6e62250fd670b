/* Writes the seeds of the targets snp, nitro and x509 as lines of hexadecimal: evidence under keys that are
 * forgotten at once. usage: attest-seeds CORPUS (the folder that holds snp/, nitro/ and x509/) */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec/hex.h"
#include "unit/attest/made.h"

static char hex[2 * MADE_DOC_MAX];

static FILE *begin(const char *corpus, const char *target)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s/made.hex", corpus, target);
    FILE *out = fopen(path, "we");
    if (out == NULL) abort();
    (void)fprintf(out, "# made by attest-seeds\n");
    return out;
}

static void put(FILE *out, struct ak_span bytes)
{
    struct ak_buf buf = AK_BUF_ARR(hex);
    ak_hex_encode(&buf, bytes);
    if (buf.failed) abort();
    (void)fprintf(out, "%.*s\n", (int)buf.len, hex);
}

static void put_snp(FILE *out, enum ak_snp_product product, bool vlek, uint8_t version)
{
    static struct made_snp made;
    uint8_t both[AK_SNP_REPORT_LEN + MADE_CERT_MAX];
    struct ak_buf buf = AK_BUF_ARR(both);
    made_snp_init(&made, product, vlek);
    made.report[0] = version;
    ak_buf_put(&buf, AK_SPAN_ARR(made.report));
    ak_buf_put(&buf, made_cert_span(&made.leaf));
    put(out, ak_buf_span(&buf));
    made_snp_done(&made);
}

static void put_nitro(FILE *out)
{
    static struct made_nitro made;
    made_nitro_init(&made);
    put(out, ak_span(made.doc, made.doc_len));
    put(out, ak_span(made.payload, made.payload_len));
    put(out, ak_span(made.doc, made.doc_len - 1));
    made_nitro_done(&made);
}

static void put_certificates(FILE *out)
{
    static struct made_snp made;
    static uint8_t pem[4 * MADE_CERT_MAX];
    struct ak_buf buf = AK_BUF_ARR(pem);
    made_snp_init(&made, AK_SNP_MILAN, false);
    put(out, made_cert_span(&made.leaf));
    put(out, ak_span(made.chain, made.chain_len));
    ak_buf_put_u8(&buf, '\n');
    made_pem(made_cert_span(&made.ark), &buf);
    put(out, ak_buf_span(&buf));
    made_snp_done(&made);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    FILE *out = begin(argv[1], "snp");
    put_snp(out, AK_SNP_MILAN, false, 2);
    put_snp(out, AK_SNP_GENOA, true, 3);
    put_snp(out, AK_SNP_TURIN, false, 5);
    put_snp(out, AK_SNP_TURIN, false, 6);
    bool good = fclose(out) == 0;
    out = begin(argv[1], "nitro");
    put_nitro(out);
    good = fclose(out) == 0 && good;
    out = begin(argv[1], "x509");
    put_certificates(out);
    return fclose(out) == 0 && good ? 0 : 1;
}
