/* What an operator's tools ask: alive, and figures. Whether all is ready a job finds out (handle.c). */
#include "programs/broker/broker.h"

enum { METRICS_MAX = 16 * 1024 };

static void put_metric(struct ak_buf *buf, const char *name, bool counter, uint64_t value)
{
    ak_buf_put_str(buf, "# TYPE agentkeys_broker_");
    ak_buf_put_str(buf, name);
    ak_buf_put_str(buf, counter ? " counter\nagentkeys_broker_" : " gauge\nagentkeys_broker_");
    ak_buf_put_str(buf, name);
    ak_buf_put_u8(buf, ' ');
    ak_buf_put_dec(buf, value);
    ak_buf_put_u8(buf, '\n');
}

static void put_answers(const struct ak_broker *broker, struct ak_buf *buf)
{
    ak_buf_put_str(buf, "# TYPE agentkeys_broker_http_answers_total counter\n");
    for (unsigned call = 0; call <= AK_BROKER_CALL_COUNT; call++) {
        const struct ak_call *row = ak_broker_call_get(call);
        for (unsigned class = 1; class < AK_BROKER_CLASSES; class ++) {
            if (broker->answered[call][class] == 0) continue;
            ak_buf_put_str(buf, "agentkeys_broker_http_answers_total{call=\"");
            ak_buf_put_str(buf, row ? row->name : "none");
            ak_buf_put_str(buf, "\",class=\"");
            ak_buf_put_dec(buf, class);
            ak_buf_put_str(buf, "xx\"} ");
            ak_buf_put_dec(buf, broker->answered[call][class]);
            ak_buf_put_u8(buf, '\n');
        }
    }
}

static void put_metrics(struct ak_broker *broker, struct ak_buf *buf)
{
    struct ak_http_figures http = ak_http_figures(broker->http);
    struct ak_signin_figures state;
    bool read = ak_signin_db_figures(broker->front_db, 0, &state) == AK_OK;
    put_metric(buf, "up", false, 1);
    put_metric(buf, "state_readable", false, read);
    put_metric(buf, "signins", false, state.signins);
    put_metric(buf, "mails_waiting", false, state.mails);
    put_metric(buf, "mails_sent_total", true, atomic_load(&broker->mails_sent));
    put_metric(buf, "mails_failed_total", true, atomic_load(&broker->mails_failed));
    put_metric(buf, "mails_given_up_total", true, atomic_load(&broker->mails_given_up));
    put_metric(buf, "provider_fetches_total", true, atomic_load(&broker->provider_fetches));
    put_metric(buf, "provider_failures_total", true, atomic_load(&broker->provider_failures));
    put_metric(buf, "worker_failures_total", true, atomic_load(&broker->worker_failures));
    put_metric(buf, "http_connections", false, http.connections);
    put_metric(buf, "http_waiting", false, ak_http_waiting(broker->http));
    put_metric(buf, "http_accepted_total", true, http.accepted);
    put_metric(buf, "http_refused_total", true, http.refused);
    put_metric(buf, "http_timed_out_total", true, http.timed_out);
    put_metric(buf, "http_unanswered_total", true, http.unanswered);
    put_metric(buf, "http_malformed_total", true, http.malformed);
    put_answers(broker, buf);
}

bool ak_health(struct ak_broker *broker, struct ak_http_request *request)
{
    static uint8_t memory[METRICS_MAX];
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_http_reply reply = {.status = 200};
    bool health = ak_span_eq(request->path, AK_SPAN_LIT("/healthz"));
    bool metrics = ak_span_eq(request->path, AK_SPAN_LIT("/metrics"));
    if (!health && !metrics && !ak_span_eq(request->path, AK_SPAN_LIT("/readyz"))) return false;
    bool head =
        ak_span_eq(request->method, AK_SPAN_LIT("HEAD")); /* as probes ask; the library leaves the body out */
    if (!head && !ak_span_eq(request->method, AK_SPAN_LIT("GET"))) {
        ak_front_error(broker, request, AK_CODE_METHOD_NOT_ALLOWED, NULL);
        return true;
    }
    if (health) ak_buf_put_str(&body, "{\"status\":\"ok\"}");
    if (metrics) {
        put_metrics(broker, &body);
        reply.content_type = "text/plain; version=0.0.4";
    }
    reply.body = ak_buf_span(&body);
    ak_front_answer(broker, request, &reply);
    return true;
}
