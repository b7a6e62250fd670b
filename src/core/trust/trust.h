/* The trust configuration: every setting that decides whom the keys obey, as one deterministic CBOR map whose
 * SHA-256 is `config` in the sealed header, in the ledger and in what a TEE attests. What a host could change
 * to own the keys stands here and nowhere else. Guarantees: one configuration has one encoding, and nothing
 * else is read; an item that this version does not know is refused. Public bytes. Parsed texts are views into
 * the parsed bytes. Threads: any. spec: docs/formats/trust.md */
#ifndef AK_CORE_TRUST_TRUST_H
#define AK_CORE_TRUST_TRUST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum {
    AK_TRUST_VERSION = 1,
    AK_TRUST_LEN_MAX = 2560,      /* encoded; fits the sealed state and a ledger entry */
    AK_TRUST_TEXT_MAX = 511,      /* a setting's longest text */
    AK_TRUST_OPERATORS_MAX = 8,   /* an installation's administrators */
    AK_TRUST_RECIPIENTS_MAX = 16, /* holders of recovery shares */
    AK_TRUST_EK_ROOTS_MAX = 8,    /* TPM makers, and their successors */
    AK_TRUST_PROVIDERS_MAX = 16,  /* identity providers, those that were retired included */
    AK_TRUST_ISS_MAX = 127,       /* a provider's issuer */
    AK_TRUST_CLIENT_ID_MAX = 127,
    AK_TRUST_WAIT_MAX_SECS = 90 * 86400,
    AK_TRUST_SHOWN_MAX = AK_TRUST_LEN_MAX, /* an item's text for people */
};

/* The items and their map keys. Keys 8 to 10 are kept for witnesses, ledger endpoints and release keys; they
 * come with the parts that use them. */
enum ak_trust_item {
    AK_TRUST_ISSUER = 1,             /* text; absent: it follows public_url */
    AK_TRUST_RECOVERY_WAIT = 2,      /* seconds */
    AK_TRUST_RECOVERY_WAIT_CODE = 3, /* seconds, not more than the one before */
    AK_TRUST_OPERATORS = 4,          /* anchors that may change this, rising; absent: nobody may */
    AK_TRUST_BROKER_KEY = 5,         /* RFC 7638 thumbprint of the one key that a broker signs with */
    AK_TRUST_BROKER_URL = 6,         /* text */
    AK_TRUST_PROVIDERS = 7,          /* OAuth2 providers, rising by name; absent: none */
    AK_TRUST_RECOVERY = 11, /* [m, hashes of the holders' certificates in the order of their shares] */
    AK_TRUST_EK_ROOTS = 12, /* SHA-256 of certificates of TPM makers, rising; absent: not checked */
    AK_TRUST_ITEM_END
};

/* One whose people sign in as `oauth2_<name>`. The name means this issuer for ever, as accounts are named by
 * it: a provider is never removed, but retired. */
struct ak_trust_provider {
    struct ak_span name;      /* [a-z0-9]{2,16} */
    struct ak_span iss;       /* https, or http on loopback */
    struct ak_span client_id; /* printable, no space, comma, quote, backslash; empty: retired */
};

struct ak_trust {
    struct ak_span issuer; /* empty: none */
    uint64_t recovery_wait_secs, recovery_wait_code_secs;
    uint8_t operators[AK_TRUST_OPERATORS_MAX][32];
    size_t operator_count;
    bool has_broker_key;
    uint8_t broker_key[32];
    struct ak_span broker_url; /* empty: none */
    struct ak_trust_provider providers[AK_TRUST_PROVIDERS_MAX];
    size_t provider_count;
    uint64_t recovery_threshold; /* m; 0 with no recipients */
    uint8_t recipients[AK_TRUST_RECIPIENTS_MAX][32];
    size_t recipient_count; /* n */
    uint8_t ek_roots[AK_TRUST_EK_ROOTS_MAX][32];
    size_t ek_root_count;
};

/* Adds to `operators` or `ek_roots`, keeping the order; one that is there already changes nothing.
 * AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_trust_add_operator(struct ak_trust *trust, const uint8_t omni[32]);
AK_MUST_USE enum ak_err ak_trust_add_ek_root(struct ak_trust *trust, const uint8_t hash[32]);

/* AK_E_LIMIT: too many of a list, a text too long. AK_E_MEANING: a waiting time of 0 or beyond its range, the
 * one with the code longer than the other, lists not rising or with duplicates, a threshold that the
 * recipients do not allow, a provider's name, issuer or client that is none, a name that another one starts
 * with. */
AK_MUST_USE enum ak_err ak_trust_validate(const struct ak_trust *trust);
/* Appends the map. Errors as validate, AK_E_FULL; AK_E_FORMAT: a text is not UTF-8; AK_E_LIMIT, too: all of
 * it is longer than AK_TRUST_LEN_MAX. */
AK_MUST_USE enum ak_err ak_trust_encode(const struct ak_trust *trust, struct ak_buf *out_bytes);
/* Reads exactly what encode writes. AK_E_LIMIT, AK_E_FORMAT, AK_E_MEANING; AK_E_UNSUPPORTED for another
 * version or an item that this version does not know. out_trust is zeroed then. */
AK_MUST_USE enum ak_err ak_trust_parse(struct ak_span bytes, struct ak_trust *out_trust);
/* `config`: SHA-256 of the encoding. */
void ak_trust_hash(struct ak_span bytes, uint8_t out_hash[32]);
/* The items in which two configurations differ: bits 1 << enum ak_trust_item. */
uint32_t ak_trust_differs(const struct ak_trust *one, const struct ak_trust *other);
bool ak_trust_is_operator(const struct ak_trust *trust, const uint8_t anchor[32]);

/* ---- providers.c ---- */
/* The provider of that name; NULL: none. One that is retired is found, too. */
const struct ak_trust_provider *ak_trust_provider(const struct ak_trust *trust, struct ak_span name);
/* The rules for the list alone. Errors as ak_trust_validate. */
AK_MUST_USE enum ak_err ak_trust_providers_validate(const struct ak_trust *trust);
/* Whether `next` may follow: AK_E_CONFLICT where a name is gone, or has another issuer. */
AK_MUST_USE enum ak_err ak_trust_providers_follow(const struct ak_trust *now, const struct ak_trust *next);
/* Adds to `next`, as retired, each provider of `now` that is not in it; texts are those of `now`. AK_E_LIMIT.
 */
AK_MUST_USE enum ak_err ak_trust_providers_retire(const struct ak_trust *now, struct ak_trust *next);
bool ak_trust_providers_same(const struct ak_trust *one, const struct ak_trust *other);

/* ---- settings.c: items as settings and for people ---- */
/* The name of the setting ("recovery_wait"); NULL for a number without an item. */
const char *ak_trust_item_name(unsigned item);
/* The item's value: hex for hashes, lists joined by commas, seconds with `s`; empty where it is absent. */
void ak_trust_put_item(const struct ak_trust *trust, unsigned item, struct ak_buf *out_text);
/* The setting `operators`: 64 hex digits or `email:alice@demo.example`, each separated by a comma; replaces
 * what was there. AK_E_FORMAT, AK_E_LIMIT; the list is empty then. */
AK_MUST_USE enum ak_err ak_trust_set_operators(struct ak_trust *trust, struct ak_span text);
/* The setting `identity_providers`: `google https://accounts.google.com CLIENT_ID`, without the last where it
 * is retired, each separated by a comma, in any order; replaces what was there, by views into the text.
 * AK_E_FORMAT, AK_E_LIMIT, AK_E_MEANING as validate; the list is empty then. */
AK_MUST_USE enum ak_err ak_trust_set_providers(struct ak_trust *trust, struct ak_span text);

#endif
