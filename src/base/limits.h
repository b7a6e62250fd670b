/* Every limit that more than one module must agree on, each with its reason. */
#ifndef AK_BASE_LIMITS_H
#define AK_BASE_LIMITS_H

enum {
    AK_LIMIT_BODY = 64 * 1024, /* an HTTP body: wire contract */
    AK_LIMIT_VALUE_BODY =
        96 * 1024,                 /* one that stores a credential: the largest value, sealed, as base64url */
    AK_LIMIT_EPOCH = 99999999,     /* a data key's number: eight digits in a blob's name */
    AK_LIMIT_JSON_DEPTH = 16,      /* nesting: wire contract; bounds the stack of any parser */
    AK_LIMIT_IDENTITY_VALUE = 320, /* longest e-mail address: RFC 3696 erratum 1690 */
    AK_LIMIT_LABEL = 64,           /* an agent's label */
    AK_LIMIT_SCOPE_ITEMS = 64,     /* entries of one agent's scope: keeps a record and a page readable */
    AK_LIMIT_SCOPE_ITEM = 256,     /* one entry with its narrowing */
    AK_LIMIT_SCOPE_TEXT = 2048,    /* all entries with separators: fits a token and an entry */
    AK_LIMIT_RATE_PER_MINUTE = 10000, /* docs/policy.md */
    AK_RATE_PER_MINUTE_DEFAULT = 100,
    AK_LIMIT_MESSAGE = 30 * 1024,  /* message to sign; as hex it fits the body with its other fields */
    AK_LIMIT_TOKEN = 8 * 1024,     /* a compact JWS we accept; ours are under 4 KiB even with a full scope */
    AK_LIMIT_PROOF = 2 * 1024,     /* a DPoP proof of ours is about 600 bytes */
    AK_LIMIT_ENTRY = 4 * 1024,     /* one ledger entry; the largest has a scope of 2048 */
    AK_LIMIT_SEALED_CODE = 80,     /* a recovery code by HPKE: key, 32 bytes, tag */
    AK_LIMIT_DEVICES = 32,         /* devices an account: one person's machines */
    AK_LIMIT_PAIR_PENDING = 10000, /* docs/policy.md */
    AK_LIMIT_PAIR_PENDING_SOURCE = 100,
    AK_LIMIT_PAIR_PENDING_NET = 1000, /* IPv4 /24, IPv6 /48: one network takes a tenth of the table */
};

#endif
