/* What people have their credentials in, as names of services and values: a .env file, a JSON object of
 * strings, what `vault kv get -format=json` prints (HashiCorp Vault or OpenBao, KV 1 and 2). Secret: text and
 * values; reasons and names are not. Pure but for the JSON library's heap, which is not wiped. */
#ifndef AK_PROGRAMS_COMMAND_IMPORT_H
#define AK_PROGRAMS_COMMAND_IMPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/vault/limits.h"

enum {
    AK_IMPORT_ITEMS_MAX = AK_VAULT_SERVICES,
    AK_IMPORT_TEXT_MAX = 1024 * 1024,
    AK_IMPORT_REASON_MAX = 160
};

enum ak_import_format { AK_IMPORT_ANY, AK_IMPORT_ENV, AK_IMPORT_JSON, AK_IMPORT_VAULT };

struct ak_import_item {
    char service[AK_LIMIT_SERVICE + 1];
    struct ak_span value; /* a view into values */
};
struct ak_import {
    size_t count;
    struct ak_import_item items[AK_IMPORT_ITEMS_MAX];
    size_t used;
    uint8_t values[AK_IMPORT_TEXT_MAX];
    char reason[AK_IMPORT_REASON_MAX]; /* why it was refused; holds no value */
};

/* `out` is zeroed before its first use. All or nothing: two names that become one, a value that is no text or
 * too long, a malformed line are AK_E_FORMAT or AK_E_LIMIT, with out->reason. AK_IMPORT_ANY looks at the
 * text. */
AK_MUST_USE enum ak_err ak_import_parse(
    struct ak_span text, enum ak_import_format format, struct ak_import *out);

#endif
