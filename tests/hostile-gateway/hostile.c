/* Starting the keeper as the supervisor does, and speaking to it as the gateway does. */
#include "hostile-gateway/hostile.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec/jose.h"
#include "base/crypto/sha256.h"
#include "base/limits.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

void hostile_init(struct hostile *h, const char *exe)
{
    hostile_init_for_broker(h, exe, NULL);
}

void hostile_init_for_broker(struct hostile *h, const char *exe, const char *key_path)
{
    memset(h, 0, sizeof *h);
    h->exe = exe;
    h->channel.fd = h->tls.fd = -1;
    memcpy(h->folder, "/tmp/ak-hostile-XXXXXX", sizeof "/tmp/ak-hostile-XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        (void)execl(exe, "agentkeys-worker", "init", "--data-dir", h->folder, "--insecure-dev",
            key_path ? "--broker-url" : NULL, HOSTILE_BROKER, "--broker-key", key_path,
            "--identity-providers", HOSTILE_PROVIDERS, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void remove_tree(const char *path)
{
    char name[512];
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (lstat(name, &info) == 0 && S_ISDIR(info.st_mode))
            remove_tree(name);
        else
            unlink(name);
    }
    closedir(dir);
    rmdir(path);
}

void hostile_done(struct hostile *h)
{
    char slots[sizeof h->folder + sizeof "-slots"];
    ak_channel_done(&h->channel);
    ak_channel_done(&h->tls);
    remove_tree(h->folder);
    snprintf(slots, sizeof slots, "%s-slots", h->folder); /* of the erasure slots, beside it */
    remove_tree(slots);
}

static void note_status(struct hostile *h, struct ak_reader *reader)
{
    assert_int_equal(ak_frame_status_decode(reader, &h->status), AK_OK);
    memcpy(h->nonce, h->status.nonce, AK_STATUS_NONCE_LEN);
}

static void say_hello(struct hostile *h)
{
    struct ak_buf buf = AK_BUF_ARR(h->frame);
    const struct ak_frame_hello hello = {.version = AK_SPAN_LIT(AK_VERSION)};
    struct ak_frame_welcome welcome;
    struct ak_span frame;
    unsigned type = 0;
    assert_int_equal(ak_frame_hello_encode(&hello, &buf), AK_OK);
    hostile_send(h, ak_buf_span(&buf));
    assert_int_equal(ak_channel_wait(&h->channel, HOSTILE_WAIT_MS, &frame), AK_OK);
    struct ak_reader reader = ak_reader(frame);
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    assert_int_equal(type, AK_FRAME_WELCOME);
    assert_int_equal(ak_frame_welcome_decode(&reader, &welcome), AK_OK);
    assert_true(welcome.certificate.len > 0);
    ak_sha256(welcome.spki, h->worker_key);
    do {
        assert_int_equal(ak_channel_wait(&h->channel, HOSTILE_WAIT_MS, &frame), AK_OK);
        reader = ak_reader(frame);
        assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
        assert_int_equal(type, AK_FRAME_STATUS);
        note_status(h, &reader);
    } while (h->status.bits & AK_STATUS_STARTING);
}

void hostile_start(struct hostile *h, bool hello)
{
    char conf[1024];
    const char *tcti = getenv("AGENTKEYS_TEE_TCTI");
    int peer[2];
    int tls[2];
    int conf_fd = -1;
    snprintf(conf, sizeof conf,
        "data_dir = %s\npublic_url = " HOSTILE_ORIGIN
        "\ninsecure_dev = on\nlog_level = error\nthreads = 1\n%s%s%s%s",
        h->folder, h->settings ? h->settings : "", tcti ? "tee = tpm2\ntee.tcti = " : "", tcti ? tcti : "",
        tcti ? "\n" : "");
    assert_int_equal(ak_channel_pair(peer), AK_OK);
    assert_int_equal(ak_channel_pair(tls), AK_OK);
    assert_int_equal(ak_spawn_text_fd(ak_span_str(conf), &conf_fd), AK_OK);
    const struct ak_spawn_fd fds[] = {{conf_fd, AK_FD_CONF}, {peer[1], AK_FD_PEER}, {tls[1], AK_FD_FIRST}};
    const struct ak_spawn spawn = {.role = "keeper", .fds = fds, .fd_count = AK_COUNT(fds), .exe = h->exe};
    assert_int_equal(ak_spawn_self(&spawn, &h->keeper), AK_OK);
    close(conf_fd);
    close(peer[1]);
    close(tls[1]);
    ak_channel_done(&h->channel);
    ak_channel_done(&h->tls);
    assert_int_equal(ak_channel_init(&h->channel, peer[0], 0), AK_OK);
    assert_int_equal(ak_channel_init(&h->tls, tls[0], 0), AK_OK);
    if (hello) say_hello(h);
}

bool hostile_alive(const struct hostile *h)
{
    struct pollfd pfd = {h->keeper.pidfd, POLLIN, 0};
    return poll(&pfd, 1, 0) == 0;
}

bool hostile_ended(struct hostile *h)
{
    struct pollfd pfd = {h->keeper.pidfd, POLLIN, 0};
    int status = 0;
    assert_int_equal(poll(&pfd, 1, HOSTILE_WAIT_MS), 1);
    assert_int_equal(waitpid(h->keeper.pid, &status, 0), h->keeper.pid);
    close(h->keeper.pidfd);
    h->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return WIFEXITED(status);
}

void hostile_stop(struct hostile *h)
{
    kill(h->keeper.pid, SIGTERM);
    assert_true(hostile_ended(h));
}

void hostile_send(struct hostile *h, struct ak_span frame)
{
    enum ak_err err = ak_channel_send(&h->channel, frame);
    if (!err) err = ak_channel_drain(&h->channel, HOSTILE_WAIT_MS);
    /* The keeper may have gone already, which is what some tests want. */
    assert_true(err == AK_OK || err == AK_E_IO || err == AK_E_STATE);
}

void hostile_read_to_end(struct hostile *h)
{
    struct ak_span frame;
    while (ak_channel_wait(&h->channel, HOSTILE_WAIT_MS, &frame) == AK_OK) {
    }
}

void hostile_reply(struct hostile *h, struct ak_frame_reply *out_reply)
{
    for (;;) {
        struct ak_span frame;
        unsigned type = 0;
        assert_int_equal(ak_channel_wait(&h->channel, HOSTILE_WAIT_MS, &frame), AK_OK);
        struct ak_reader reader = ak_reader(frame);
        assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
        if (type == AK_FRAME_STATUS) {
            note_status(h, &reader);
            continue;
        }
        assert_int_equal(type, AK_FRAME_REPLY);
        assert_int_equal(ak_frame_reply_decode(&reader, out_reply), AK_OK);
        memcpy(h->reply_body, out_reply->body.ptr, out_reply->body.len);
        out_reply->body = ak_span(h->reply_body, out_reply->body.len);
        return;
    }
}

void hostile_device_make(struct hostile_device *device, uint8_t seed)
{
    struct ak_secret32 scalar;
    memset(device, 0, sizeof *device);
    memset(&scalar, seed, sizeof scalar);
    assert_int_equal(ak_p256_signer_open(&device->signer, &scalar), AK_OK);
    assert_int_equal(ak_p256_pub_from_scalar(&scalar, &device->pub), AK_OK);
    ak_jwk_thumbprint(&device->pub, device->jkt);
}

static struct ak_span encode(const struct ak_call *call, const void *request, uint8_t *memory, size_t cap)
{
    struct ak_buf body = ak_buf(memory, cap);
    assert_int_equal(ak_msg_encode(call->request, request, &body), AK_OK);
    return ak_buf_span(&body);
}

static struct ak_span body_of(struct hostile *h, const struct hostile_call *call)
{
    if (!call->request) return call->raw_body;
    return encode(ak_call_get(call->id), call->request, h->body, sizeof h->body);
}

void hostile_proof(struct hostile *h, const struct hostile_call *call, struct ak_buf *out_proof)
{
    const struct ak_call *row = ak_call_get(call->id);
    uint8_t url_memory[512];
    static uint8_t approved_memory[AK_LIMIT_BODY];
    uint8_t meaning[32];
    struct ak_buf url = AK_BUF_ARR(url_memory);
    struct ak_span body = body_of(h, call);
    ak_buf_put_str(&url, call->at_broker ? HOSTILE_BROKER : HOSTILE_ORIGIN);
    if (call->at_broker)
        ak_buf_put_str(&url, call->at_broker);
    else if (ak_call_put_path(call->id, "/tee", body, false, &url) != AK_OK)
        return; /* raw: no URL to sign */
    struct ak_dpop_make make = {.method = ak_span_str(call->method ? call->method : row->method),
        .url = ak_buf_span(&url),
        .nonce = ak_span_str(h->nonce),
        .token = ak_span_str(call->token),
        .iat = ak_clock_wall_ms() / 1000,
        .rk = call->reader_key,
        .bh = call->bh};
    ak_random_bytes(make.jti, sizeof make.jti);
    if (row->auth == AK_AUTH_CHANGE && !call->bh) {
        if (call->approved) body = encode(row, call->approved, approved_memory, sizeof approved_memory);
        if (ak_msg_meaning(row->request, row->name, body, meaning) == AK_OK) make.bh = meaning;
    }
    struct ak_p256_signer *signer = (struct ak_p256_signer *)(uintptr_t)&call->device->signer;
    assert_int_equal(ak_dpop_make(out_proof, signer, &call->device->pub, &make), AK_OK);
}

static uint8_t transport_of(const struct ak_call *row)
{
    return row->flags & AK_CALL_INTERNAL ? AK_TRANSPORT_BROKER : AK_TRANSPORT_LOOPBACK;
}

void hostile_tell(struct hostile *h, const struct hostile_call *call)
{
    uint8_t proof_memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(proof_memory);
    struct ak_buf frame = AK_BUF_ARR(h->frame);
    if (call->device && !call->proof.len) hostile_proof(h, call, &proof);
    struct ak_frame_request request = {.slot = ++h->slot,
        .slot_use = ++h->use,
        .conn = call->conn ? call->conn : 1000000 + h->slot,
        .source = call->source ? call->source : 7,
        .call = (uint16_t)call->id,
        .transport = call->transport ? call->transport : transport_of(ak_call_get(call->id)),
        .token = ak_span_str(call->token),
        .proof = call->proof.len ? call->proof : ak_buf_span(&proof),
        .body = body_of(h, call)};
    ak_random_bytes(request.request_id, sizeof request.request_id);
    assert_int_equal(ak_frame_request_encode(&request, &frame), AK_OK);
    hostile_send(h, ak_buf_span(&frame));
}

enum ak_code hostile_ask(struct hostile *h, const struct hostile_call *call, struct ak_frame_reply *out_reply)
{
    struct ak_frame_reply reply;
    hostile_tell(h, call);
    hostile_reply(h, &reply);
    assert_int_equal(reply.slot, h->slot);
    assert_int_equal(reply.slot_use, h->use);
    assert_int_equal(reply.call, call->id);
    if (out_reply) *out_reply = reply;
    return (enum ak_code)reply.code;
}

void hostile_expect(struct hostile *h, const struct hostile_call *call, enum ak_code want)
{
    enum ak_code code = hostile_ask(h, call, NULL);
    if (code != want)
        fail_msg("%s: %s, not %s", ak_call_get(call->id)->name, ak_code_name(code), ak_code_name(want));
}

void hostile_must(struct hostile *h, const struct hostile_call *call, void *out_reply)
{
    struct ak_frame_reply reply;
    enum ak_code code = hostile_ask(h, call, &reply);
    if (code != AK_CODE_OK) {
        struct ak_msg_error_reply error;
        if (ak_msg_decode(&ak_error_reply_msg, reply.body, &error, NULL) == AK_OK)
            fail_msg("%s: %s: %.*s", ak_call_get(call->id)->name, ak_code_name(code), (int)error.message.len,
                (const char *)error.message.ptr);
        fail_msg("%s: %s", ak_call_get(call->id)->name, ak_code_name(code));
    }
    assert_int_equal(ak_msg_decode(ak_call_get(call->id)->reply, reply.body, out_reply, NULL), AK_OK);
}
