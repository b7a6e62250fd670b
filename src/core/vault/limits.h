/* Sizes of the vault that more than one module must agree on. */
#ifndef AK_CORE_VAULT_LIMITS_H
#define AK_CORE_VAULT_LIMITS_H

#include "base/limits.h"

enum {
    AK_LIMIT_SERVICE = 63,      /* a service's name: [a-z0-9][a-z0-9-]{0,62} */
    AK_LIMIT_VALUE = 64 * 1024, /* a credential: keys, certificates with their chains, small key files */
    AK_LIMIT_DEFINITION = 2048, /* of a service, all lines: fits an entry */
    AK_BLOB_HEAD_LEN = 49,      /* "AKv1", version, DEK id, nonce */
    AK_BLOB_OVERHEAD = 65,      /* and the tag */
    AK_BLOB_LEN_MAX = AK_LIMIT_VALUE + AK_BLOB_OVERHEAD,
    AK_BLOB_AAD_MAX = AK_BLOB_HEAD_LEN + 6 * 2 + 32 + 1 + AK_LIMIT_LABEL + AK_LIMIT_SERVICE + 4 + 16 + 20,
    AK_BLOB_NAME_MAX = 40 + 1 + AK_LIMIT_SERVICE + 1 + 10 + 1 + 32 + 4, /* a blob's name in the store */
    AK_HPKE_ENC_LEN = 32,                                               /* X25519 */
    AK_HPKE_TAG_LEN = 16,
    AK_VAULT_INFO_MAX = 192,        /* of HPKE: call, anchor, service, path */
    AK_VAULT_VERSIONS = 3,          /* values of a service that are kept: the current one and two before it */
    AK_VAULT_SERVICES = 1000,       /* default: credentials an account, and definitions an account */
    AK_VAULT_SERVICES_MAX = 100000, /* what the setting may say */
    AK_VAULT_BATCH = 1024,          /* epochs rotated or destroyed in one rewrite of the epoch store */
    AK_EPOCH_RECORD_LEN = 128,
    AK_EPOCH_HEAD_LEN = 40,
    AK_EPOCH_RECORDS_MAX = 4 * 1024 * 1024, /* 512 MiB of store: two epochs of two million accounts */
};

#endif
