//! All stored bytes are read again within a period, a file at a time and evenly, so that rot is found
//! while what it took can still be had from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use engine::ops::{Scrub, Scrubbed};

use crate::app::App;
use crate::error::Error;
use crate::http::metrics;
use crate::server::blocking;

/// Before a store without files is looked at again, or one that cannot be read.
const PAUSE: Duration = Duration::from_secs(60);

/// Reads all files once in each `period`, for as long as the server lives.
pub(crate) async fn watch(app: Arc<App>, period: Duration) {
    loop {
        if let Err(error) = pass(&app, period).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the folder cannot be scrubbed");
            tokio::time::sleep(PAUSE.min(period)).await;
        }
    }
}

async fn pass(app: &Arc<App>, period: Duration) -> Result<(), Error> {
    let begun = Arc::clone(app);
    let mut scrub = blocking(move || Scrub::begin(begun.store.world(), &begun.store.snapshot())).await??;
    let files = u32::try_from(scrub.left()).unwrap_or(u32::MAX);
    let pause = period.checked_div(files).unwrap_or(PAUSE.min(period));
    loop {
        tokio::time::sleep(pause).await;
        let store = Arc::clone(app);
        let (rest, scrubbed) = blocking(move || {
            let scrubbed = scrub.next(&store.store.snapshot());
            (scrub, scrubbed)
        })
        .await?;
        scrub = rest;
        let Some(Scrubbed { kind, bytes, damage }) = scrubbed else { return Ok(()) };
        metrics::scrubbed(kind, bytes, damage.is_some());
        if let Some(damage) = damage {
            tracing::error!(
                kind,
                error = &damage as &dyn std::error::Error,
                "stored bytes are not what was written; wbq verify tells all of it"
            );
        }
    }
}
