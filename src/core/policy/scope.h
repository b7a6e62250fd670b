/* The scope of a path: a text of comma separated items, each a service name (may read that credential) or a
 * capability with an optional narrowing. Canonical: items sorted bytewise, none twice, narrowing keys in the
 * order of the table below. Records, tokens and entries hold the canonical text only. The empty text is the
 * scope that allows nothing.
 *
 *   openrouter                                   a service: [a-z0-9][a-z0-9-]{0,62}
 *   cap:sign-siwe[?domain=HOST[:PORT]]           lower case
 *   cap:sign-message[?bytes=1]
 *   cap:sign-typed-data
 *   cap:sign-tx[?chain=N][&to=0x40HEX][&max-value=WEI]   any of the three, in this order
 *   cap:oidc[?aud=TEXT]                          [A-Za-z0-9._:/-]{1,200}
 *
 * Several items of one capability are a union. `cap:sign-message?bytes=1` widens: it allows what
 * `cap:sign-message` allows and also messages of exactly 32 bytes or not UTF-8 (digest approvals); both may
 * stand together. Every other narrowing restricts, so a capability may not stand bare and narrowed at once:
 * the narrowed item would say less than is allowed. A bare capability allows all its safe uses: not a
 * digest approval, not a transaction that cannot be priced, not a Permit.
 *
 * Not guaranteed: that a service exists, that a domain is anybody's. No secret arguments, nothing is kept,
 * threads: any. Limits: AK_LIMIT_SCOPE_*. */
#ifndef AK_CORE_POLICY_SCOPE_H
#define AK_CORE_POLICY_SCOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "core/policy/operation.h"

enum ak_scope_fault {
    AK_SCOPE_FINE = 0,
    AK_SCOPE_TEXT_TOO_LONG,
    AK_SCOPE_TOO_MANY_ITEMS,
    AK_SCOPE_ITEM_TOO_LONG,
    AK_SCOPE_ITEM_EMPTY,
    AK_SCOPE_BAD_SERVICE,   /* not a service name */
    AK_SCOPE_UNKNOWN_CAP,   /* "cap:" and something not in the table */
    AK_SCOPE_UNKNOWN_KEY,   /* a narrowing key that this capability does not have */
    AK_SCOPE_DUPLICATE_KEY, /* the same narrowing key twice in an item */
    AK_SCOPE_BAD_VALUE,     /* a narrowing value of the wrong form */
    AK_SCOPE_DUPLICATE,     /* the same item twice */
    AK_SCOPE_SHADOWED,      /* a capability both bare and narrowed */
    AK_SCOPE_NOT_CANONICAL, /* ak_scope_validate only: good, but not in canonical form */
    AK_SCOPE_NOT_THERE,     /* ak_scope_edit only: "-item" that the scope does not have */
    AK_SCOPE_MIXED_EDIT     /* ak_scope_edit only: some items with a sign and some without */
};
/* Which item was refused and why; `item` is a view into the text that was given. */
struct ak_scope_error {
    enum ak_scope_fault fault;
    struct ak_span item;
};
/* Lower-case words for people, with what is possible: "unknown capability: there are …". */
const char *ak_scope_fault_text(enum ak_scope_fault fault);

/* Parses items in any order and appends the canonical text to `out`. AK_E_LIMIT, AK_E_FORMAT (with out_error,
 * may be NULL), AK_E_FULL (out too small; AK_LIMIT_SCOPE_TEXT is always enough). `out` is left as it was on
 * failure. */
AK_MUST_USE enum ak_err ak_scope_canonicalise(
    struct ak_span text, struct ak_buf *out, struct ak_scope_error *out_error);
/* AK_OK where the text is valid and canonical already. Same errors. */
AK_MUST_USE enum ak_err ak_scope_validate(struct ak_span text, struct ak_scope_error *out_error);
/* Applies "+item,-item" to a canonical scope; a text without signs replaces it whole. Same errors and
 * AK_E_NOT_FOUND. Adding what is there already is AK_SCOPE_DUPLICATE. */
AK_MUST_USE enum ak_err ak_scope_edit(
    struct ak_span scope, struct ak_span edit, struct ak_buf *out, struct ak_scope_error *out_error);
/* True for a service name. spec: docs/policy.md, Scope */
bool ak_scope_is_service(struct ak_span name);

/* Walks the items of a canonical scope: false at the end. Start with *cursor = 0. */
bool ak_scope_next(struct ak_span scope, size_t *cursor, struct ak_span *out_item);

/* What is in the thing to be signed, as far as policy cares. */
enum ak_content {
    AK_CONTENT_PLAIN = 0,
    AK_CONTENT_BYTES,         /* message of exactly 32 bytes, or not UTF-8 */
    AK_CONTENT_LIKE_SIWE,     /* message that reads like a sign-in: refused for everybody */
    AK_CONTENT_OWN_STATEMENT, /* EIP-712 domain `AgentKeys`, or a text beginning so: refused for everybody */
    AK_CONTENT_OWN_SITE,      /* SIWE for our own issuer's domain: sessions only (the keeper also compares it
                                 with the text that it composes itself) */
    AK_CONTENT_PERMIT,        /* EIP-712 Permit types: no narrowing allows them yet */
    AK_CONTENT_OWN_AUDIENCE   /* oidc: a token for the vault or this service itself: refused for everybody */
};
/* A transaction's facts. spec: docs/policy.md, What may be signed */
struct ak_tx_facts {
    uint64_t chain;
    bool creates;     /* no recipient */
    uint8_t to[20];   /* the one who gets it: for token calls the contract */
    bool priced;      /* cost below is all that it can move */
    uint8_t cost[32]; /* value + gas_limit * max_fee, or the token amount; wei, big-endian */
};
struct ak_scope_facts {
    struct ak_span service; /* read-credential */
    struct ak_span domain;  /* sign-siwe: as it stands in the text */
    struct ak_span aud;     /* oidc */
    enum ak_content content;
    struct ak_tx_facts tx; /* sign-tx */
};

enum ak_scope_result {
    AK_SCOPE_NO_ITEM = 0, /* rule `scope` */
    AK_SCOPE_NARROWED,    /* items of the capability are there, none fits: rule `narrowing` */
    AK_SCOPE_ALLOWED
};
struct ak_scope_match {
    enum ak_scope_result result;
    struct ak_span item; /* the item that allows, or the first that does not fit */
    const char *key;     /* NARROWED: the key that would have to fit: "domain", "bytes", "aud", "chain", "to",
                            "max-value"; "permit" where no item can allow it */
};
/* Looks an operation up in a canonical scope. Operations that need no scope, and unknown ones, give NO_ITEM.
 * Costs one pass over the text. */
struct ak_scope_match ak_scope_find(
    struct ak_span scope, enum ak_operation operation, const struct ak_scope_facts *facts);

#endif
