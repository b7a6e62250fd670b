/* SHA-256: FIPS 180-4 examples, every way to cut a message, and wiping of streams. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/sha256.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void published_values(void **state)
{
    (void)state;
    uint8_t digest[32];
    ak_sha256(AK_SPAN_LIT("abc"), digest);
    assert_hex(digest, 32, abc);
    ak_sha256(AK_SPAN_EMPTY, digest);
    assert_hex(digest, 32, empty);
    ak_sha256_parts(NULL, 0, digest);
    assert_hex(digest, 32, empty);
    ak_sha256(AK_SPAN_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest);
    assert_hex(digest, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_as(void **state)
{
    (void)state;
    uint8_t as[1000], digest[32];
    memset(as, 'a', sizeof as);
    struct ak_sha256_stream stream;
    ak_sha256_stream_init(&stream);
    for (int i = 0; i < 1000; i++) ak_sha256_stream_update(&stream, AK_SPAN_ARR(as));
    ak_sha256_stream_final(&stream, digest);
    assert_hex(digest, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void every_cut_gives_the_same(void **state)
{
    (void)state;
    uint8_t text[150], whole[32], digest[32];
    uint64_t seed = 1;
    fill(&seed, text, sizeof text);
    ak_sha256(AK_SPAN_ARR(text), whole);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        struct ak_span parts[] = {ak_span(text, cut), AK_SPAN_EMPTY, ak_span(text + cut, sizeof text - cut)};
        ak_sha256_parts(parts, 3, digest);
        assert_memory_equal(digest, whole, 32);
        struct ak_sha256_stream stream;
        ak_sha256_stream_init(&stream);
        for (int i = 0; i < 3; i++) ak_sha256_stream_update(&stream, parts[i]);
        ak_sha256_stream_final(&stream, digest);
        assert_memory_equal(digest, whole, 32);
    }
}

static void each_byte_counts(void **state)
{
    (void)state;
    uint8_t text[65] = {0}, whole[32], digest[32];
    ak_sha256(AK_SPAN_ARR(text), whole);
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] ^= 1;
        ak_sha256(AK_SPAN_ARR(text), digest);
        assert_memory_not_equal(digest, whole, 32);
        text[i] ^= 1;
    }
}

/* I2 */
static void ended_streams_are_wiped(void **state)
{
    (void)state;
    uint8_t digest[32];
    struct ak_sha256_stream stream;
    ak_sha256_stream_init(&stream);
    ak_sha256_stream_update(&stream, AK_SPAN_LIT("a secret"));
    ak_sha256_stream_done(&stream);
    assert_zero(&stream, sizeof stream);
    ak_sha256_stream_done(&stream);
    ak_sha256_stream_init(&stream);
    ak_sha256_stream_update(&stream, AK_SPAN_LIT("abc"));
    ak_sha256_stream_final(&stream, digest);
    assert_hex(digest, 32, abc);
    assert_zero(&stream, sizeof stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_values), cmocka_unit_test(a_million_as),
        cmocka_unit_test(every_cut_gives_the_same), cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(ended_streams_are_wiped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
