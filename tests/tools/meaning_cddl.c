/* Writes docs/formats/meaning.cddl, what a device signs for each call that changes policy, from the tables of
 * calls. `meaning-cddl > FILE` makes it anew; `meaning-cddl --check FILE` says whether it differs. */
#include <stdio.h>
#include <string.h>

#include "core/wire/call.h"
#include "core/wire/msg_sign_in.h"

enum { TEXT_MAX = 64 * 1024 };

static void put_text_size(struct ak_buf *out, const struct ak_field *field)
{
    ak_buf_put_str(out, "tstr .size (");
    ak_buf_put_dec(out, field->min);
    ak_buf_put_str(out, "..");
    ak_buf_put_dec(out, field->max);
    ak_buf_put_str(out, ")");
}

static void put_bytes_size(struct ak_buf *out, uint64_t len)
{
    ak_buf_put_str(out, "bstr .size ");
    ak_buf_put_dec(out, len);
}

static void put_type(struct ak_buf *out, const struct ak_field *field)
{
    switch (field->kind) {
    case AK_KIND_TEXT: put_text_size(out, field); break;
    case AK_KIND_TEXTS: ak_buf_put_str(out, "[* tstr]"); break;
    case AK_KIND_U64: ak_buf_put_str(out, "uint"); break;
    case AK_KIND_BOOL: ak_buf_put_str(out, "bool"); break;
    case AK_KIND_FIXED:
    case AK_KIND_FIXED0X: put_bytes_size(out, field->max); break;
    case AK_KIND_PRINT: put_bytes_size(out, 32); break;
    case AK_KIND_HEX:
    case AK_KIND_HEX0X:
    case AK_KIND_B64: ak_buf_put_str(out, "bstr"); break;
    case AK_KIND_LINES:
    case AK_KIND_LIST:
    case AK_KIND_JSON: ak_buf_put_str(out, "nothing"); break; /* answers only */
    }
}

static void put_meaning(struct ak_buf *out, const char *name, const struct ak_msg *request)
{
    ak_buf_put_str(out, name);
    ak_buf_put_str(out, " = [\"agentkeys-call-v1\", \"");
    ak_buf_put_str(out, name);
    ak_buf_put_str(out, "\", {\n");
    for (size_t i = 0; i < request->count; i++) {
        const struct ak_field *field = &request->fields[i];
        if (field->flags & AK_MSG_UNSIGNED) continue;
        ak_buf_put_str(out, field->flags & AK_MSG_OPTIONAL ? "  ? " : "  ");
        ak_buf_put_dec(out, i);
        ak_buf_put_str(out, " => ");
        put_type(out, field);
        ak_buf_put_str(out, ", ; ");
        ak_buf_put_str(out, field->name);
        ak_buf_put_str(out, "\n");
    }
    ak_buf_put_str(out, "}]\n");
}

static void put_call(struct ak_buf *out, const struct ak_call *call)
{
    ak_buf_put_str(out, "\n; ");
    ak_buf_put_str(out, call->method);
    ak_buf_put_str(out, " ");
    ak_buf_put_str(out, call->path);
    ak_buf_put_str(out, "\n");
    put_meaning(out, call->name, call->request);
}

static void put_all(struct ak_buf *out)
{
    const char *glue = "meaning = ";
    ak_buf_put_str(out,
        "; Made from src/core/wire by tests/tools/meaning_cddl; a test holds it to the tables.\n"
        "; How it is used: meaning.md. Encoding: RFC 8949 4.2.1.\n");
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        if (ak_call_get(id)->auth != AK_AUTH_CHANGE) continue;
        ak_buf_put_str(out, glue);
        ak_buf_put_str(out, ak_call_get(id)->name);
        glue = " /\n          ";
    }
    ak_buf_put_str(out, glue);
    ak_buf_put_str(out, AK_SIGN_IN_CALL "\n");
    for (unsigned id = 0; id < AK_CALL_COUNT; id++)
        if (ak_call_get(id)->auth == AK_AUTH_CHANGE) put_call(out, ak_call_get(id));
    ak_buf_put_str(
        out, "\n; what a device says of itself when it signs in by a broker: docs/wire.md, Sign-in\n");
    put_meaning(out, AK_SIGN_IN_CALL, &ak_sign_in_msg);
}

static int check(const char *path, const struct ak_buf *text)
{
    static char found[TEXT_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(found, 1, sizeof found, file) : 0;
    if (file) (void)fclose(file);
    if (len == text->len && memcmp(found, text->ptr, len) == 0) return 0;
    (void)fprintf(stderr, "%s differs from the tables of calls\n", path);
    return 1;
}

int main(int argc, char **argv)
{
    static uint8_t memory[TEXT_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    put_all(&text);
    if (ak_buf_check(&text) != AK_OK) return 1;
    if (argc == 3 && strcmp(argv[1], "--check") == 0) return check(argv[2], &text);
    return fwrite(text.ptr, 1, text.len, stdout) == text.len ? 0 : 1;
}
