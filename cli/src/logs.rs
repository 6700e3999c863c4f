//! Logs, on stderr: `WBQ_LOG` says what, `WBQ_LOG_FORMAT=json` how.

use tracing_subscriber::EnvFilter;

use crate::args::Global;
use crate::failure::{Failure, Result};

/// Starts them. `usual` is the level where neither the environment nor an option says otherwise.
pub(crate) fn start(global: &Global, usual: &str) -> Result<()> {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, true) => "debug",
        _ => usual,
    };
    let asked = set("WBQ_LOG");
    let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(level))
        .map_err(|error| Failure::usage("WBQ_LOG is no filter of logs").because(&error))?;
    // Where stderr is a file on a full disk, the subscriber would tell of that on stderr, and panic.
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match set("WBQ_LOG_FORMAT").as_deref() {
        Some("json") => logs.json().init(),
        Some("text") | None => logs.init(),
        Some(other) => {
            return Err(Failure::usage(format!("WBQ_LOG_FORMAT is {other:?}, neither text nor json")));
        }
    }
    Ok(())
}

/// Whether somebody asked for logs of a command that usually has none.
pub(crate) fn are_asked_for(global: &Global) -> bool {
    global.verbose || set("WBQ_LOG").is_some()
}

/// A variable of the environment; an empty one is not set.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
