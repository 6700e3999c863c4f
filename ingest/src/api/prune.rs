//! Erasing deleted runs before the server does by itself, and saying what goes.

use std::time::Duration;

use engine::{Run, Snapshot, Store};
use serde::{Deserialize, Serialize};

use super::commands::CommandError;

/// A deleted run, and what stands of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedRun {
    /// Its name: `entity/project/id`, and the generation where it is not the first.
    pub run: String,
    /// When it was deleted, in nanoseconds since 1970.
    pub deleted_at: i64,
    /// Seconds for which it was kept since, by the time that the store was open.
    pub kept_seconds: u64,
    /// Values of its history and system metrics.
    pub points: u64,
    /// Console lines.
    pub console_lines: u64,
    /// Files that it has.
    pub files: u64,
    /// Bytes of them, those included that other runs have too.
    pub file_bytes: u64,
}

/// What an erasure does, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The runs that are erased.
    pub runs: Vec<DeletedRun>,
    /// Those that are kept, for they were deleted later.
    pub kept: Vec<DeletedRun>,
    /// Bytes of the log and of table files that are gone; none where nothing was to be done.
    pub freed_bytes: Option<u64>,
}

/// Erases the runs that have been deleted for so long, for somebody; or says only which they are.
pub(super) async fn prune(
    store: &Store,
    actor: &str,
    deleted_for: Duration,
    dry_run: bool,
) -> Result<Pruned, CommandError> {
    let before = store.snapshot();
    let (mut runs, mut kept) = (Vec::new(), Vec::new());
    for deleted in before.deleted() {
        let (run, since) = deleted?;
        let is_over = since >= deleted_for;
        (if is_over { &mut runs } else { &mut kept }).push(told(&run, since));
    }
    let mut freed_bytes = None;
    if !dry_run && !runs.is_empty() {
        store.prune(deleted_for, actor).await?;
        freed_bytes = Some(bytes(&before).saturating_sub(bytes(&store.snapshot())));
    }
    Ok(Pruned { runs, kept, freed_bytes })
}

fn told(run: &Run, since: Duration) -> DeletedRun {
    let points = |table: &engine::Table| table.keys.values().map(|key| key.points).sum::<u64>();
    DeletedRun {
        run: run.key.to_string(),
        deleted_at: run.deleted.unwrap_or_default(),
        kept_seconds: since.as_secs(),
        points: points(&run.history) + points(&run.system),
        console_lines: run.console_lines,
        files: run.files.len() as u64,
        file_bytes: run.files.values().map(|entry| entry.file.size).sum(),
    }
}

/// Bytes of the log and of table files.
fn bytes(snapshot: &Snapshot) -> u64 {
    let log = snapshot.segments().into_iter().map(|segment| segment.packed_bytes.unwrap_or(segment.bytes));
    log.sum::<u64>() + snapshot.table_files().iter().map(|table| table.bytes).sum::<u64>()
}
