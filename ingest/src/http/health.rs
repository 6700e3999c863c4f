//! Whether the server lives, and whether it takes work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::Health;
use serde_json::json;

use crate::app::App;

/// The loop turns.
pub(crate) async fn livez() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Recovered, writable, not closing.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let reason = if app.is_draining() {
        Some("closing".to_owned())
    } else {
        match app.store.health() {
            Health::Writable => None,
            Health::DiskFull => Some("disk_full".to_owned()),
            Health::Stopped(cause) => Some(format!("writing has stopped: {cause}")),
        }
    };
    match reason {
        None => {
            let missing = app.store.snapshot().missing().events();
            let degraded = (missing > 0).then(|| json!({ "status": "ready", "missing_events": missing }));
            Json(degraded.unwrap_or_else(|| json!({ "status": "ready" }))).into_response()
        }
        Some(reason) => {
            let body = json!({ "status": "not ready", "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}
