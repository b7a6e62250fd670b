/* A message is a struct and a table of its fields. From the table come all its encodings: JSON for clients,
 * the binary body between gateway and keeper, and the CBOR meaning that a device signs; so the three can
 * never disagree. Tables are constant. Messages hold no secrets but tokens and codes on their way. Any
 * thread. */
#ifndef AK_CORE_WIRE_FIELD_H
#define AK_CORE_WIRE_FIELD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/codec/json.h"
#include "base/reader.h"
#include "base/span.h"
#include "core/wire/code.h"

enum ak_field_kind {
    /* kind          C member           JSON                                   */
    AK_KIND_TEXT,    /* struct ak_span   string, UTF-8 without control characters */
    AK_KIND_TEXTS,   /* struct ak_span   array of strings; in C joined by commas */
    AK_KIND_HEX,     /* struct ak_span   lower-case hex                          */
    AK_KIND_HEX0X,   /* struct ak_span   0x and lower-case hex                   */
    AK_KIND_FIXED,   /* uint8_t[max]     lower-case hex of exactly max bytes     */
    AK_KIND_FIXED0X, /* uint8_t[max]     the same after 0x                       */
    AK_KIND_PRINT,   /* uint8_t[32]      base64url, a key's thumbprint           */
    AK_KIND_U64,     /* uint64_t         number of min to max                    */
    AK_KIND_BOOL,    /* bool             true or false                           */
    AK_KIND_LIST,    /* struct ak_list   array of objects                        */
    AK_KIND_JSON,    /* struct ak_span   JSON text, answers only                 */
    AK_KIND_LINES,   /* struct ak_span   string, UTF-8 with line feeds           */
    AK_KIND_B64,     /* struct ak_span   base64url without padding               */
};

enum ak_field_flags {
    AK_MSG_OPTIONAL = 1,
    AK_MSG_PATH = 2,     /* stands in the URL's path, not in the body */
    AK_MSG_QUERY = 4,    /* stands in the URL's query */
    AK_MSG_UNSIGNED = 8, /* no part of the meaning: added on the way, and proved by itself */
};

struct ak_msg;

struct ak_field {
    const char *name; /* "entry.index" is member index of an object entry */
    enum ak_field_kind kind;
    unsigned flags;
    size_t offset;
    uint64_t min; /* bytes of text or bytes, value of a number */
    uint64_t max;
    enum ak_code bad; /* answered where the field is wrong; AK_CODE_OK means invalid_request */
    const struct ak_msg *item;
};

struct ak_msg {
    const char *name;
    const struct ak_field *fields;
    size_t count;
    size_t size; /* of the struct */
};

/* Items already encoded, each with a u32 length before it. Build with ak_list_add, read with ak_list_next. */
struct ak_list {
    struct ak_span bytes;
};

/* Each message's struct begins with this: bit i says that field i is there. */
struct ak_msg_head {
    uint32_t present;
};

/* A row of a table: the member's JSON name, its kind, flags, limits. */
#define AK_FIELD(tag, member, json_name, kind_, flags_, min_, max_)                                          \
    {                                                                                                        \
        .name = (json_name), .kind = (kind_), .flags = (flags_), .offset = offsetof(struct tag, member),     \
        .min = (min_), .max = (max_)                                                                         \
    }
/* The same with the code that a wrong value answers, or with the table of a list's items. */
#define AK_FIELD_BAD(tag, member, json_name, kind_, flags_, min_, max_, code_)                               \
    {                                                                                                        \
        .name = (json_name), .kind = (kind_), .flags = (flags_), .offset = offsetof(struct tag, member),     \
        .min = (min_), .max = (max_), .bad = (code_)                                                         \
    }
#define AK_FIELD_LIST(tag, member, json_name, item_)                                                         \
    {                                                                                                        \
        .name = (json_name), .kind = AK_KIND_LIST, .offset = offsetof(struct tag, member), .item = (item_)   \
    }

#define AK_MSG(msg_name, struct_tag, table)                                                                  \
    {                                                                                                        \
        .name = (msg_name), .fields = (table), .count = AK_COUNT(table), .size = sizeof(struct struct_tag)   \
    }

bool ak_msg_has(const void *message, size_t field_index);

/* ---- struct <-> body ---- */
/* Required fields are always written; optional ones where their bit is set. AK_E_FULL, AK_E_LIMIT (a field
 * beyond its table). */
AK_MUST_USE enum ak_err ak_msg_encode(const struct ak_msg *msg, const void *message, struct ak_buf *buf);
/* Views point into `body`. Every limit of the table is checked again. AK_E_FORMAT, AK_E_LIMIT; *out_field is
 * the index of the field that is wrong (msg->count where it is the body as a whole); may be NULL. */
AK_MUST_USE enum ak_err ak_msg_decode(
    const struct ak_msg *msg, struct ak_span body, void *out_message, size_t *out_field);

AK_MUST_USE enum ak_err ak_list_add(struct ak_buf *items, const struct ak_msg *msg, const void *item);
/* Steps through a list: true while there is an item. Items were checked when the message was decoded. */
bool ak_list_next(struct ak_list *list, const struct ak_msg *msg, void *out_item);

/* ---- JSON <-> body ---- */
struct ak_msg_param {
    struct ak_span name;
    struct ak_span value; /* percent-decoded */
};
struct ak_msg_input {
    struct ak_span json;               /* empty where the call has no body */
    const struct ak_msg_param *params; /* of path and query */
    size_t param_count;
    bool strict; /* refuse unknown members */
};
struct ak_msg_fault {
    enum ak_code code;
    const char *field; /* name of the field at fault, or NULL */
    const char *why;   /* constant text */
};
/* Appends the body. On any fault nothing is appended, and out_fault says what to answer. */
AK_MUST_USE enum ak_err ak_msg_from_json(const struct ak_msg *msg, const struct ak_msg_input *input,
    struct ak_buf *body, struct ak_msg_fault *out_fault);
/* Writes the object. Fields that stand in path or query are left out where `body_only`. AK_E_FORMAT for a
 * damaged body. */
AK_MUST_USE enum ak_err ak_msg_to_json(
    const struct ak_msg *msg, struct ak_span body, bool body_only, struct ak_buf *json);

/* ---- meaning ---- */
/* SHA-256 of the deterministic CBOR array ["agentkeys-call-v1", call, {field number: value}], numbers from 0
 * in table order, absent and unsigned fields left out. AK_E_FORMAT for a damaged body. */
AK_MUST_USE enum ak_err ak_msg_meaning(
    const struct ak_msg *msg, const char *call, struct ak_span body, uint8_t out_hash[32]);

/* The limits of one value in its raw form, the same wherever it comes from. AK_E_LIMIT, AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_field_check(const struct ak_field *field, struct ak_span value);
/* The next field of a body at `reader`, as raw bytes: fixed kinds their bytes, var kinds without the length.
 * False in *out_present for an absent optional one. For walkers over bodies. */
AK_MUST_USE enum ak_err ak_field_read(
    const struct ak_field *field, struct ak_reader *reader, bool *out_present, struct ak_span *out_value);

#endif
