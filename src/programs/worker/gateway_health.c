/* What an operator's tools ask: alive, ready and why not, figures. From the keeper's newest status only. */
#include "io/tee/tee.h"
#include "programs/worker/gateway.h"

static void put_check(struct ak_json_writer *w, const char *name, bool ok, const char *bad)
{
    ak_json_key(w, name);
    ak_json_put_string(w, ak_span_str(ok ? "ok" : bad));
}

/* Capabilities that this backend does not have, by name; insecure_dev is no capability one wants. */
static void put_not_held(struct ak_json_writer *w, uint32_t caps)
{
    ak_json_key(w, "capabilities_not_held");
    ak_json_open_array(w);
    for (unsigned i = 0; ak_tee_cap_names[i]; i++)
        if ((1u << i) != AK_TEE_INSECURE_DEV && !(caps & 1u << i))
            ak_json_put_string(w, ak_span_str(ak_tee_cap_names[i]));
    ak_json_close_array(w);
    ak_json_key(w, "insecure_dev");
    ak_json_put_bool(w, (caps & AK_TEE_INSECURE_DEV) != 0);
}

static void put_count(struct ak_buf *text, uint64_t count, const char *what)
{
    if (count == 0) return;
    ak_buf_put_str(text, text->len > sizeof "differs:" ? ", " : "");
    ak_buf_put_dec(text, count);
    ak_buf_put_str(text, what);
}

/* Counts only: whose they are is nobody's business who may ask this. */
static void put_vault(struct ak_json_writer *w, const struct ak_frame_status *status, bool fresh)
{
    uint8_t memory[160];
    struct ak_buf text = AK_BUF_ARR(memory);
    const uint64_t *figures = status->figures;
    if (!fresh) {
        ak_buf_put_str(&text, "unknown");
    } else if (status->bits & AK_STATUS_VAULT_DIFFERS) {
        ak_buf_put_str(&text, "differs: ");
        put_count(&text, figures[AK_FIGURE_VAULT_MISSING], " missing");
        put_count(&text, figures[AK_FIGURE_VAULT_ALTERED], " altered");
        put_count(&text, figures[AK_FIGURE_VAULT_UNREADABLE], " unreadable");
        put_count(&text, figures[AK_FIGURE_VAULT_KEYS_MISSING], " keys not in the epoch store");
    } else if (status->bits & AK_STATUS_VAULT_CHECKING) {
        ak_buf_put_str(&text, "checking ");
        ak_buf_put_dec(&text, figures[AK_FIGURE_VAULT_CHECKED]);
        ak_buf_put_str(&text, " of ");
        ak_buf_put_dec(&text, figures[AK_FIGURE_VAULT_BLOBS]);
    } else {
        ak_buf_put_str(&text, "ok");
    }
    ak_json_key(w, "vault_store");
    ak_json_put_string(w, ak_buf_span(&text));
}

static unsigned put_ready(const struct ak_gateway *gw, struct ak_buf *buf)
{
    uint32_t bits = gw->status.bits;
    bool fresh = ak_gateway_fresh(gw);
    bool ready = fresh && !(bits & AK_STATUS_NOT_SERVING) && !gw->stopping;
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "status");
    ak_json_put_string(&w, ready ? AK_SPAN_LIT("ready") : AK_SPAN_LIT("not_ready"));
    ak_json_key(&w, "checks");
    ak_json_open_object(&w);
    put_check(&w, "keeper", fresh, "silent");
    put_check(&w, "started", fresh && !(bits & AK_STATUS_STARTING), "starting");
    put_check(&w, "not_stopping", !gw->stopping && !(bits & AK_STATUS_STOPPING), "stopping");
    put_check(&w, "ledger", fresh && !(bits & AK_STATUS_LEDGER_DAMAGED), fresh ? "damaged" : "unknown");
    put_check(&w, "storage", fresh && !(bits & AK_STATUS_STORAGE_LOW), fresh ? "low" : "unknown");
    put_vault(&w, &gw->status, fresh);
    ak_json_close_object(&w);
    put_not_held(&w, gw->welcome.caps);
    ak_json_close_object(&w);
    return ready ? 200 : 503;
}

static void put_metric(struct ak_buf *buf, const char *name, bool counter, uint64_t value)
{
    ak_buf_put_str(buf, "# TYPE agentkeys_");
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, counter ? " counter\nagentkeys_" : " gauge\nagentkeys_");
    ak_buf_put_str(buf, name);
    ak_buf_put_u8(buf, ' ');
    ak_buf_put_dec(buf, value);
    ak_buf_put_u8(buf, '\n');
}

static void put_answers(const struct ak_gateway *gw, struct ak_buf *buf)
{
    ak_buf_put_str(buf, "# TYPE agentkeys_http_answers_total counter\n");
    for (unsigned call = 0; call <= AK_CALL_COUNT; call++) {
        const struct ak_call *row = ak_call_get(call);
        for (unsigned class = 1; class < AK_GATEWAY_CLASSES; class ++) {
            if (gw->answered[call][class] == 0) continue;
            ak_buf_put_str(buf, "agentkeys_http_answers_total{call=\"");
            ak_buf_put_str(buf, row ? row->name : "none");
            ak_buf_put_str(buf, "\",class=\"");
            ak_buf_put_dec(buf, class);
            ak_buf_put_str(buf, "xx\"} ");
            ak_buf_put_dec(buf, gw->answered[call][class]);
            ak_buf_put_u8(buf, '\n');
        }
    }
}

static void put_metrics(const struct ak_gateway *gw, struct ak_buf *buf)
{
    struct ak_http_figures http = ak_http_figures(gw->http);
    put_metric(buf, "up", false, ak_gateway_fresh(gw));
    put_metric(buf, "ready", false, ak_gateway_fresh(gw) && !(gw->status.bits & AK_STATUS_NOT_SERVING));
    for (unsigned i = 0; i < AK_FIGURE_COUNT; i++)
        put_metric(buf, ak_figure_name(i), ak_figure_is_counter(i), gw->status.figures[i]);
    put_metric(buf, "http_connections", false, http.connections);
    put_metric(buf, "http_waiting", false, ak_http_waiting(gw->http));
    put_metric(buf, "http_accepted_total", true, http.accepted);
    put_metric(buf, "http_refused_total", true, http.refused);
    put_metric(buf, "http_timed_out_total", true, http.timed_out);
    put_metric(buf, "http_unanswered_total", true, http.unanswered);
    put_metric(buf, "http_malformed_total", true, http.malformed);
    put_answers(gw, buf);
}

bool ak_gateway_health(struct ak_gateway *gw, struct ak_http_request *request)
{
    struct ak_buf body = AK_BUF_ARR(gw->json);
    struct ak_http_reply reply = {.status = 200};
    bool health = ak_span_eq(request->path, AK_SPAN_LIT("/healthz"));
    bool ready = ak_span_eq(request->path, AK_SPAN_LIT("/readyz"));
    bool metrics = ak_span_eq(request->path, AK_SPAN_LIT("/metrics"));
    if (!health && !ready && !metrics) return false;
    bool head =
        ak_span_eq(request->method, AK_SPAN_LIT("HEAD")); /* as probes ask; the library leaves the body out */
    if (!head && !ak_span_eq(request->method, AK_SPAN_LIT("GET"))) {
        ak_gateway_error(gw, request, AK_CODE_METHOD_NOT_ALLOWED, NULL);
        return true;
    }
    if (health && !ak_gateway_fresh(gw)) {
        ak_gateway_error(gw, request, AK_CODE_NOT_READY, "the keeper does not answer");
        return true;
    }
    if (health) ak_buf_put_str(&body, "{\"status\":\"ok\"}");
    if (ready) reply.status = put_ready(gw, &body);
    if (metrics) {
        put_metrics(gw, &body);
        reply.content_type = "text/plain; version=0.0.4";
    }
    reply.body = ak_buf_span(&body);
    ak_gateway_answer(gw, request, &reply);
    return true;
}
