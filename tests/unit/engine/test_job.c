/* Jobs: the right key signs, a wrong recorded point lets nothing out (I2), and a reply takes the signatures
 * at its place or not at all. */
#include "unit/keys/given.h"

#include "core/engine/job.h"

static struct ak_root root;
static struct ak_user_points user;
static struct ak_path_points agent;
static struct ak_job job;
static const uint8_t zeros[65];

static int open_root(void **state)
{
    (void)state;
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    return 0;
}

static int close_root(void **state)
{
    (void)state;
    ak_root_close(&root);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    struct ak_path path;
    struct ak_span label = AK_SPAN_LIT("agent-1");
    job = (struct ak_job){.kind = AK_JOB_SIGN_AGENT, .verify = true, .root = &root, .generation = 1};
    given_bytes(GIVEN_OMNI, job.anchor, 32);
    memset(job.digest, 0x5a, sizeof job.digest);
    assert_int_equal(ak_keys_user_points(&root, job.anchor, &user), AK_OK);
    assert_int_equal(ak_path_make(label, job.generation, &path), AK_OK);
    assert_int_equal(ak_keys_path_points(&root, job.anchor, &path, &agent), AK_OK);
    memcpy(job.label, label.ptr, label.len);
    job.label_len = (uint8_t)label.len;
    memcpy(job.user33, user.user33, 33);
    memcpy(job.base33, agent.base33, 33);
    job.user = user.point;
    job.child = agent.child;
    return 0;
}

static void the_agents_key_signs(void **state)
{
    (void)state;
    ak_job_run(&job);
    assert_int_equal(job.result, AK_OK);
    assert_int_equal(ak_k256_verify(job.digest, job.signature, &job.child), AK_OK);
    assert_int_not_equal(ak_k256_verify(job.digest, job.signature, &job.user), AK_OK);
    assert_memory_equal(job.second, zeros, 65);
}

static void the_persons_key_signs(void **state)
{
    (void)state;
    job.kind = AK_JOB_SIGN_USER;
    ak_job_run(&job);
    assert_int_equal(job.result, AK_OK);
    assert_int_equal(ak_k256_verify(job.digest, job.signature, &job.user), AK_OK);
}

static void lineage_is_signed_by_both(void **state)
{
    (void)state;
    job.kind = AK_JOB_LINEAGE;
    ak_job_run(&job);
    assert_int_equal(job.result, AK_OK);
    assert_int_equal(ak_k256_verify(job.digest, job.signature, &job.user), AK_OK);
    assert_int_equal(ak_k256_verify(job.digest, job.second, &job.child), AK_OK);
}

static void assert_refused(enum ak_job_kind kind)
{
    job.kind = kind;
    memset(job.signature, 0xff, 65);
    memset(job.second, 0xff, 65);
    ak_job_run(&job);
    assert_int_not_equal(job.result, AK_OK);
    assert_memory_equal(job.signature, zeros, 65);
    assert_memory_equal(job.second, zeros, 65);
}

static void a_wrong_recorded_point_lets_nothing_out(void **state)
{
    (void)state;
    job.child = user.point;
    assert_refused(AK_JOB_SIGN_AGENT);
    assert_refused(AK_JOB_LINEAGE); /* the person's signature was made already */
    setup(NULL);
    job.user = job.child;
    assert_refused(AK_JOB_SIGN_USER);
    assert_refused(AK_JOB_LINEAGE);
}

static void a_damaged_cache_lets_nothing_out(void **state)
{
    (void)state;
    ak_k256_point_compress(&agent.child, job.user33);
    assert_refused(AK_JOB_SIGN_AGENT);
    setup(NULL);
    memcpy(job.base33, user.user33, 33);
    assert_refused(AK_JOB_SIGN_AGENT);
    setup(NULL);
    job.generation = 0;
    assert_refused(AK_JOB_SIGN_AGENT);
    setup(NULL);
    job.label[0] ^= 1;
    assert_refused(AK_JOB_SIGN_AGENT);
    setup(NULL);
    job.anchor[0] ^= 1;
    assert_refused(AK_JOB_SIGN_USER);
}

static void verification_can_be_left_out(void **state)
{
    (void)state;
    job.verify = false;
    job.child = user.point;
    ak_job_run(&job);
    assert_int_equal(job.result, AK_OK);
}

static void nothing_to_do_and_no_such_kind(void **state)
{
    (void)state;
    job.kind = AK_JOB_NONE;
    ak_job_run(&job);
    assert_int_equal(job.result, AK_OK);
    assert_memory_equal(job.signature, zeros, 65);
    assert_refused((enum ak_job_kind)99);
}

static enum ak_err patch(size_t at, size_t len, uint8_t *body)
{
    struct ak_buf buf = ak_buf(body, len);
    buf.len = len;
    memset(body, 'x', len);
    job.patch_at = at;
    return ak_job_patch(&job, &buf);
}

static void a_reply_takes_its_signature(void **state)
{
    (void)state;
    uint8_t body[140];
    ak_job_run(&job);
    for (size_t at = 0; at <= 3; at++) {
        assert_int_equal(patch(at, 68, body), AK_OK);
        assert_memory_equal(body + at, job.signature, 65);
        for (size_t i = 0; i < 68; i++)
            if (i < at || i >= at + 65) assert_int_equal(body[i], 'x');
    }
    assert_int_equal(patch(4, 68, body), AK_E_STATE);
    assert_int_equal(patch(SIZE_MAX, 68, body), AK_E_STATE);
    assert_int_equal(patch(0, 64, body), AK_E_STATE);
    assert_int_equal(body[0], 'x');
}

static void a_reply_takes_two(void **state)
{
    (void)state;
    uint8_t body[140];
    job.kind = AK_JOB_LINEAGE;
    ak_job_run(&job);
    assert_int_equal(patch(2, 132, body), AK_OK);
    assert_memory_equal(body + 2, job.signature, 65);
    assert_memory_equal(body + 67, job.second, 65);
    assert_int_equal(patch(3, 132, body), AK_E_STATE);
    assert_int_equal(patch(0, 129, body), AK_E_STATE);
}

static void a_failed_job_patches_nothing(void **state)
{
    (void)state;
    uint8_t body[140];
    assert_refused((enum ak_job_kind)99);
    assert_int_equal(patch(0, 140, body), AK_E_STATE);
    job.kind = AK_JOB_NONE;
    assert_int_equal(patch(SIZE_MAX, 140, body), AK_OK);
    assert_int_equal(body[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_agents_key_signs, setup),
        cmocka_unit_test_setup(the_persons_key_signs, setup),
        cmocka_unit_test_setup(lineage_is_signed_by_both, setup),
        cmocka_unit_test_setup(a_wrong_recorded_point_lets_nothing_out, setup),
        cmocka_unit_test_setup(a_damaged_cache_lets_nothing_out, setup),
        cmocka_unit_test_setup(verification_can_be_left_out, setup),
        cmocka_unit_test_setup(nothing_to_do_and_no_such_kind, setup),
        cmocka_unit_test_setup(a_reply_takes_its_signature, setup),
        cmocka_unit_test_setup(a_reply_takes_two, setup),
        cmocka_unit_test_setup(a_failed_job_patches_nothing, setup),
    };
    return cmocka_run_group_tests_name("engine job", tests, open_root, close_root);
}
