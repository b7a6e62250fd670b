/* The pages of the sign-in by mail, at a provider, by a wallet of the browser, as text: plain HTML, one style
 * sheet and one small script of our own origin, nothing else; they work without the script, where the person
 * pastes the mail's link. The link's secret part comes behind the '#', which a browser sends to nobody; a
 * provider's page carries it hidden. Nothing of a stranger's goes into a page but a link of the exact form.
 * Secret: the link. Pure. spec: docs/wire.md, Broker */
#ifndef AK_CORE_BROKER_PAGE_H
#define AK_CORE_BROKER_PAGE_H

#include "base/buf.h"
#include "base/span.h"
#include "core/broker/code.h"

enum { AK_PAGE_MAX = 8192, AK_LINK_ID_LEN = 16 };

enum ak_page_kind {
    AK_PAGE_ASK,   /* the form */
    AK_PAGE_WRONG, /* the form again, with what was wrong */
    AK_PAGE_DONE,
    AK_PAGE_OVER,   /* nothing more to do here */
    AK_PAGE_LATER,  /* nothing yet: the same address once more */
    AK_PAGE_WALLET, /* a wallet of the browser signs */
};
struct ak_page_text {
    enum ak_page_kind kind;
    const char *message;  /* WRONG, OVER, LATER: a sentence of ours */
    unsigned tries_left;  /* WRONG; 0: not told */
    const uint8_t *id;    /* of the link that is asked again; NULL: none */
    struct ak_span token; /* base64url */
    const char *provider; /* of a sign-in there; empty: which one is not told; NULL: by mail */
};

void ak_page_put(const struct ak_page_text *page, struct ak_buf *out);
/* Of that kind, what stands between head and end. In page_wallet.c. */
void ak_page_put_wallet(struct ak_buf *out);
extern const char ak_page_css[], ak_page_script[], ak_page_wallet_script[];
/* Goes with every page. */
extern const char ak_page_policy[];

/* Reads "<id>.<token>", alone or behind the '#' of a link. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_link_read(
    struct ak_span text, uint8_t out_id[AK_LINK_ID_LEN], struct ak_span *out_token);

#endif
