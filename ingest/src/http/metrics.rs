//! What `/metrics` tells (RELIABILITY 4). Label sets are bounded: no names of runs or people.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::http::error::{Kind, Refusal};

/// The process has one recorder, whoever starts a server in it first.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds at which the histograms cut.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Begins to count; without it the counts go nowhere.
pub(crate) fn install() {
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        Some(handle)
    });
}

pub(crate) async fn render(State(app): State<Arc<App>>) -> Response {
    let Some(Some(handle)) = RECORDER.get() else {
        return Refusal::unavailable("another recorder of this process has the metrics").into_response();
    };
    metrics::gauge!("wbq_memory_bytes", "pool" => "ingest").set(app.pool.bytes() as f64);
    if let Ok(free) = app.store.world().disk.free() {
        metrics::gauge!("wbq_disk_free_bytes").set(free as f64);
    }
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

pub(crate) fn acked(events: usize, took: Duration) {
    metrics::counter!("wbq_events_acked_total").increment(events as u64);
    metrics::histogram!("wbq_ack_seconds").record(took.as_secs_f64());
}

pub(crate) fn queried(took: Duration) {
    metrics::histogram!("wbq_query_seconds").record(took.as_secs_f64());
}

pub(crate) fn auth_failed() {
    metrics::counter!("wbq_auth_failures_total").increment(1);
}

pub(crate) fn quarantined(lines: usize) {
    metrics::counter!("wbq_quarantined_total").increment(lines as u64);
}

pub(crate) fn rejected(kind: Kind) {
    let reason = match kind {
        Kind::Invalid => "invalid",
        Kind::Unauthenticated => "unauthenticated",
        Kind::Forbidden => "forbidden",
        Kind::NotFound => "not_found",
        Kind::TooLarge => "too_large",
        Kind::TooSlow => "too_slow",
        Kind::TooMany(_) => "too_many",
        Kind::Unavailable(_) => "unavailable",
    };
    metrics::counter!("wbq_rejected_total", "reason" => reason).increment(1);
}
