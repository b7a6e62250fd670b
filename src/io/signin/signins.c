/* Sign-ins under way. */
#include "io/signin/internal.h"

enum ak_err ak_signin_count(
    struct ak_signin_db *db, enum ak_signin_query query, uint64_t now_s, uint64_t *out_count)
{
    sqlite3_stmt *stmt = db->queries[query];
    if (query == Q_COUNT_SIGNINS) ak_signin_bind_number(stmt, 1, now_s);
    AK_TRY(ak_signin_first_row(stmt));
    *out_count = ak_signin_column_number(stmt, 0);
    ak_signin_done(stmt);
    return AK_OK;
}

static enum ak_err add(struct ak_signin_db *db, const struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_ADD];
    const struct ak_signin *signin = &row->signin;
    ak_signin_bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    ak_signin_bind_number(stmt, 2, signin->kind);
    ak_signin_bind_number(stmt, 3, signin->state);
    ak_signin_bind_bytes(stmt, 4, AK_SPAN_ARR(signin->jkt));
    ak_signin_bind_number(stmt, 5, signin->expires_s);
    ak_signin_bind_number(stmt, 6, signin->taken_until_s);
    ak_signin_bind_bytes(stmt, 7, AK_SPAN_ARR(signin->token_hash));
    ak_signin_bind_bytes(stmt, 8, AK_SPAN_ARR(signin->match_hash));
    ak_signin_bind_number(stmt, 9, signin->tries);
    ak_signin_bind_bytes(stmt, 10, ak_span(row->sealed, row->sealed_len));
    ak_signin_bind_bytes(stmt, 11, AK_SPAN_ARR(signin->owner));
    ak_signin_bind_number(stmt, 12, signin->failure);
    ak_signin_bind_bytes(stmt, 13, AK_SPAN_ARR(row->from.net));
    ak_signin_bind_bytes(stmt, 14, AK_SPAN_ARR(row->from.source));
    return ak_signin_run(db, Q_ADD);
}

/* ---- who gives way ---- */
struct share {
    size_t len; /* 0: of a file that did not know it */
    uint8_t name[AK_SIGNIN_FROM_LEN];
    uint64_t count;
};

static struct ak_span name_of(const struct share *share)
{
    return ak_span(share->name, share->len);
}

/* How many the network of `from` has, and its source. */
static enum ak_err count_own(struct ak_signin_db *db, const struct ak_signin_from *from, uint64_t now_s,
    struct share *out_net, struct share *out_source)
{
    sqlite3_stmt *stmt = db->queries[Q_COUNT_FROM];
    *out_net = *out_source = (struct share){.len = AK_SIGNIN_FROM_LEN};
    memcpy(out_net->name, from->net, sizeof from->net);
    memcpy(out_source->name, from->source, sizeof from->source);
    ak_signin_bind_number(stmt, 1, now_s);
    ak_signin_bind_bytes(stmt, 2, name_of(out_net));
    ak_signin_bind_bytes(stmt, 3, name_of(out_source));
    AK_TRY(ak_signin_first_row(stmt));
    out_net->count = ak_signin_column_number(stmt, 0);
    out_source->count = ak_signin_column_number(stmt, 1);
    ak_signin_done(stmt);
    return AK_OK;
}

/* The network with most, or the source with most in `net`. */
static enum ak_err find_fullest(
    struct ak_signin_db *db, const struct share *net, uint64_t now_s, struct share *out_share)
{
    sqlite3_stmt *stmt = db->queries[net ? Q_FULLEST_SOURCE : Q_FULLEST_NET];
    ak_signin_bind_number(stmt, 1, now_s);
    if (net) ak_signin_bind_bytes(stmt, 2, name_of(net));
    AK_TRY(ak_signin_first_row(stmt));
    bool fits = ak_signin_take_up_to(stmt, 0, out_share->name, sizeof out_share->name, &out_share->len);
    out_share->count = ak_signin_column_number(stmt, 1);
    ak_signin_done(stmt);
    return fits ? AK_OK : AK_E_FORMAT;
}

static enum ak_err make_room(struct ak_signin_db *db, const struct ak_signin_from *from, uint64_t now_s)
{
    struct share own_net, own_source, net, source;
    sqlite3_stmt *stmt = db->queries[Q_GIVE_WAY];
    AK_TRY(count_own(db, from, now_s, &own_net, &own_source));
    AK_TRY(find_fullest(db, NULL, now_s, &net));
    bool own = net.count <= own_net.count;
    if (own) net = own_net;
    AK_TRY(find_fullest(db, &net, now_s, &source));
    if (own && source.count <= own_source.count) return AK_E_LIMIT;
    ak_signin_bind_bytes(stmt, 1, name_of(&net));
    ak_signin_bind_bytes(stmt, 2, name_of(&source));
    ak_signin_bind_number(stmt, 3, now_s);
    AK_TRY(ak_signin_run(db, Q_GIVE_WAY));
    return sqlite3_changes(db->sql) ? AK_OK : AK_E_LIMIT;
}

enum ak_err ak_signin_db_add(
    struct ak_signin_db *db, const struct ak_signin_row *row, struct ak_span mail, uint64_t now_s)
{
    uint64_t there = 0;
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = ak_signin_count(db, Q_COUNT_SIGNINS, now_s, &there);
    if (!err && there >= AK_SIGNIN_PENDING_MAX) err = make_room(db, &row->from, now_s);
    if (!err) err = add(db, row);
    if (!err && mail.len) err = ak_signin_add_mail(db, row->signin.id, row->signin.expires_s, mail, now_s);
    return ak_signin_finish(db, err);
}

static enum ak_err get(struct ak_signin_db *db, const uint8_t id[16], struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_GET];
    struct ak_signin *signin = &row->signin;
    size_t owner_len = 0;
    ak_signin_bind_bytes(stmt, 1, ak_span(id, 16));
    AK_TRY(ak_signin_first_row(stmt));
    memset(row, 0, sizeof *row);
    memcpy(signin->id, id, 16);
    signin->kind = (enum ak_signin_kind)ak_signin_column_number(stmt, 0);
    signin->state = (enum ak_signin_state)ak_signin_column_number(stmt, 1);
    signin->expires_s = ak_signin_column_number(stmt, 3);
    signin->taken_until_s = ak_signin_column_number(stmt, 4);
    signin->tries = (uint8_t)ak_signin_column_number(stmt, 7);
    signin->failure = (enum ak_signin_failure)ak_signin_column_number(stmt, 10);
    bool ok = ak_signin_take_fixed(stmt, 2, signin->jkt, 32) &&
              ak_signin_take_fixed(stmt, 5, signin->token_hash, 32) &&
              ak_signin_take_fixed(stmt, 6, signin->match_hash, 32) &&
              ak_signin_take_up_to(stmt, 8, row->sealed, sizeof row->sealed, &row->sealed_len) &&
              ak_signin_take_up_to(stmt, 9, signin->owner, sizeof signin->owner, &owner_len);
    ak_signin_done(stmt);
    return ok ? AK_OK : AK_E_FORMAT;
}

static enum ak_err set(struct ak_signin_db *db, const struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_SET];
    const struct ak_signin *signin = &row->signin;
    ak_signin_bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    ak_signin_bind_number(stmt, 2, signin->state);
    ak_signin_bind_number(stmt, 3, signin->taken_until_s);
    ak_signin_bind_number(stmt, 4, signin->tries);
    ak_signin_bind_bytes(stmt, 5, AK_SPAN_ARR(signin->token_hash));
    ak_signin_bind_bytes(stmt, 6, ak_span(row->sealed, row->sealed_len));
    ak_signin_bind_bytes(stmt, 7, AK_SPAN_ARR(signin->owner));
    ak_signin_bind_number(stmt, 8, signin->failure);
    return ak_signin_run(db, Q_SET);
}

/* Whether a step changed it; token, owner, failure and what is sealed change with the state only. */
static bool is_changed(const struct ak_signin *a, const struct ak_signin *b)
{
    return a->state != b->state || a->taken_until_s != b->taken_until_s || a->tries != b->tries;
}

enum ak_err ak_signin_db_step(struct ak_signin_db *db, const uint8_t id[16], ak_signin_step step, void *ctx,
    struct ak_signin_row *out_row, enum ak_code *out_code)
{
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = get(db, id, out_row);
    if (!err) {
        const struct ak_signin before = out_row->signin;
        *out_code = step(ctx, out_row);
        if (is_changed(&before, &out_row->signin)) err = set(db, out_row);
    }
    err = ak_signin_finish(db, err);
    if (err) memset(out_row, 0, sizeof *out_row);
    return err;
}
