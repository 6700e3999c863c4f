//! What `/metrics` tells (RELIABILITY 4). Label sets are bounded: no names of runs or people.

use std::sync::atomic::{AtomicU64, Ordering};
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
    metrics::gauge!("wbq_memory_bytes", "pool" => "process").set(app.pool.memory.used() as f64);
    if let Ok(free) = app.store.world().disk.free() {
        metrics::gauge!("wbq_disk_free_bytes").set(free as f64);
    }
    of_engine(&app);
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

/// What the engine counts by itself. Sums and counts stand beside each other, as a summary has them.
fn of_engine(app: &App) {
    let counters = app.store.counters();
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let seconds = |nanos: &AtomicU64| Duration::from_nanos(get(nanos)).as_secs_f64();
    metrics::counter!("wbq_events_acked_total").absolute(get(&counters.events));
    metrics::counter!("wbq_sync_errors_total").absolute(get(&counters.sync_errors));
    metrics::gauge!("wbq_sync_seconds_sum").set(seconds(&counters.sync_nanos));
    metrics::counter!("wbq_sync_seconds_count").absolute(get(&counters.syncs));
    metrics::counter!("wbq_group_bytes_sum").absolute(get(&counters.group_bytes));
    metrics::counter!("wbq_group_bytes_count").absolute(get(&counters.groups));
    metrics::gauge!("wbq_queue_bytes").set(get(&counters.queue_bytes) as f64);
    metrics::gauge!("wbq_recovery_seconds").set(seconds(&counters.recovery_nanos));
    metrics::counter!("wbq_tables_rebuilt_total").absolute(get(&counters.tables_rebuilt));
    metrics::gauge!("wbq_recovery_cut_bytes").set(get(&counters.recovery_cut_bytes) as f64);
    let snapshot = app.store.snapshot();
    metrics::gauge!("wbq_missing_events").set(snapshot.missing().events() as f64);
    let segments = snapshot.segments();
    let bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    metrics::gauge!("wbq_wal_unflushed_bytes").set(bytes as f64);
}

pub(crate) fn acked(took: Duration) {
    metrics::histogram!("wbq_ack_seconds").record(took.as_secs_f64());
}

pub(crate) fn queried(took: Duration) {
    metrics::histogram!("wbq_query_seconds").record(took.as_secs_f64());
}

pub(crate) fn scrubbed(kind: &'static str, bytes: u64, is_damaged: bool) {
    metrics::counter!("wbq_scrub_bytes_total").increment(bytes);
    metrics::counter!("wbq_damage_total", "kind" => kind).increment(u64::from(is_damaged));
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
