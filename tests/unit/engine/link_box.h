/* Calls on the identities of an account, made for tests: to link one and show that it is the person's, to
 * take one away, to name the account by one; and the recovery that identities make. */
#ifndef AK_TESTS_UNIT_ENGINE_LINK_BOX_H
#define AK_TESTS_UNIT_ENGINE_LINK_BOX_H

#include "core/evm/address.h"
#include "unit/engine/account_box.h"

/* An address as text, checksummed. */
struct box_value {
    char text[AK_EVM_ADDRESS_TEXT_LEN + 1];
};
struct box_value box_value(const uint8_t address[20]);
void box_omni(const char *type, const char *value, uint8_t out_omni[32]);

/* `how` NULL: as it should be. */
enum ak_code box_link(
    struct h *h, struct h_person *person, const struct ak_msg_link_request *request, const struct h_how *how);
/* An address without anything that shows whose it is. */
enum ak_code box_link_own(struct h *h, struct h_person *person, const uint8_t address[20]);

/* What a wallet's owner shows: the keeper's text for `device`, signed. */
struct box_shown {
    char text[2048];
    size_t len;
    uint8_t signature[65];
};
struct box_shown box_show(struct h *h, struct h_device *device, const struct box_wallet *wallet);
enum ak_code box_link_shown(
    struct h *h, struct h_person *person, const uint8_t address[20], const struct box_shown *shown);
/* Both. */
enum ak_code box_link_wallet(struct h *h, struct h_person *person, const struct box_wallet *wallet);
/* The broker's word for `says` on `device`, as what shows that `value` is the person's. */
enum ak_code box_link_mail(
    struct h *h, struct h_person *person, const struct h_device *device, const char *says, const char *value);

/* `code` NULL: without the recovery code. */
enum ak_code box_unlink(struct h *h, struct h_person *person, const uint8_t omni[32], const uint8_t code[32]);
/* A call that names the account by `omni`. */
enum ak_code box_derive(struct h *h, struct h_person *person, const uint8_t omni[32]);
/* How many identities the person's account lists, into `out_items`: AK_STATE_LINKED_ACCOUNT + 1 fit. */
size_t box_links(struct h *h, struct h_person *person, struct ak_msg_link_item *out_items);

/* A day of seen time; then alice's session is a new one. */
void box_a_day(struct world *w);
/* What a broker is told of recoveries since entry `since`; the entry to ask from next. `limit` 0: none given.
 */
uint64_t box_notices(struct h *h, uint64_t since, uint64_t limit, struct ak_msg_notice_item *out_items,
    size_t cap, size_t *out_count);

#endif
