//! Erasing deleted runs before the server does by itself, and saying what goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::{Run, Snapshot, Store, ops};
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
    /// It stays as long as a run that goes on from it.
    #[serde(default)]
    pub has_heirs: bool,
    /// Values of its history and system metrics, overwritten ones included.
    pub points: u64,
    /// Console lines.
    pub console_lines: u64,
    /// Files of different content that it has.
    pub files: u64,
    /// Bytes of them, those included that other runs have too.
    pub file_bytes: u64,
    /// About the bytes of its rows and lines in table files and the log.
    pub row_bytes: u64,
}

/// A key of the runs that are erased, all of them together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedKey {
    /// history, system or console.
    pub stream: String,
    /// The key; none for what rows say of themselves.
    pub key: Option<String>,
    /// Its values.
    pub points: u64,
    /// About their bytes.
    pub bytes: u64,
}

/// What an erasure does, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The runs that are erased.
    pub runs: Vec<DeletedRun>,
    /// Those that are kept, for they were deleted later, or a run that stays goes on from them.
    pub kept: Vec<DeletedRun>,
    /// The keys of those that are erased, where they were asked for.
    pub keys: Vec<DeletedKey>,
    /// Bytes of the log and of table files that are gone; none where nothing was to be done.
    pub freed_bytes: Option<u64>,
}

/// Erases the runs that have been deleted for so long, for somebody; or says only which they are, and `by_key`
/// also what keys they have.
pub(super) async fn prune(
    store: &Store,
    actor: &str,
    deleted_for: Duration,
    dry_run: bool,
    by_key: bool,
) -> Result<Pruned, CommandError> {
    let before = store.snapshot();
    let deleted = before.deleted().collect::<engine::Result<Vec<(Arc<Run>, Duration)>>>()?;
    let all = deleted.iter().map(|(run, _)| Ok(Arc::clone(run)));
    let usage = ops::usage(&before, all, |run| run.ordinal, &mut |_| ())?;
    let over = deleted.iter().filter(|(_, since)| *since >= deleted_for);
    let mut expired: BTreeSet<u32> = over.map(|(run, _)| run.ordinal).collect();
    before.projection.spare_parents(&mut expired)?;
    let (mut runs, mut kept, mut due) = (Vec::new(), Vec::new(), Vec::new());
    for (run, since) in deleted {
        let goes = expired.contains(&run.ordinal);
        let usage = usage.get(&run.ordinal).copied().unwrap_or_default();
        let told = DeletedRun { has_heirs: since >= deleted_for && !goes, ..told(&run, since, &usage) };
        (if goes { &mut runs } else { &mut kept }).push(told);
        due.extend(goes.then_some(run));
    }
    let keys = if by_key { keys_of(&before, due)? } else { Vec::new() };
    let mut freed_bytes = None;
    if !dry_run && !runs.is_empty() {
        store.prune(deleted_for, actor).await?;
        freed_bytes = Some(bytes(&before).saturating_sub(bytes(&store.snapshot())));
    }
    Ok(Pruned { runs, kept, keys, freed_bytes })
}

fn keys_of(snapshot: &Snapshot, runs: Vec<Arc<Run>>) -> Result<Vec<DeletedKey>, CommandError> {
    let usage = ops::usage_by_key(snapshot, runs.into_iter().map(Ok), &mut |_| ())?;
    let key = |((stream, key), amount): (ops::KeyOf, ops::Amount)| DeletedKey {
        stream: format!("{stream:?}").to_lowercase(),
        key: key.map(|key| key.to_string()),
        points: amount.points,
        bytes: amount.bytes,
    };
    let mut keys: Vec<DeletedKey> = usage.into_iter().map(key).collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.bytes));
    Ok(keys)
}

fn told(run: &Run, since: Duration, usage: &ops::Usage) -> DeletedRun {
    let ops::Amount { points, bytes, .. } = usage.total();
    DeletedRun {
        run: run.key.to_string(),
        deleted_at: run.deleted.unwrap_or_default(),
        kept_seconds: since.as_secs(),
        has_heirs: false,
        points,
        console_lines: usage.console.rows,
        files: usage.files,
        file_bytes: usage.file_bytes,
        row_bytes: bytes,
    }
}

/// Bytes of the log and of table files.
fn bytes(snapshot: &Snapshot) -> u64 {
    let log = snapshot.segments().into_iter().map(|segment| segment.packed_bytes.unwrap_or(segment.bytes));
    log.sum::<u64>() + snapshot.table_files().iter().map(|table| table.bytes).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use engine::{
        Batch, Body, Branch, Durability, Event, Lsn, Options, Origin, ProjectCreated, ProjectKey, RunCreated,
        RunKey, State, Subject,
    };

    use super::*;

    #[tokio::test]
    async fn a_deleted_run_that_others_go_on_from_is_kept_until_they_go() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { durability: Durability::Os, ..Options::new(dir.path().join("store")) };
        let store = Store::open(options).unwrap();
        let append = async |subject: Subject, body| {
            let event = Event { subject, received: 1, actor: "ada".into(), body };
            store.append(Batch::new(vec![event])).await.unwrap();
        };
        let project = ProjectKey::new("ada", "p");
        let run = |name: &str| RunKey { project: project.clone(), run: name.into(), generation: 1 };
        append(project.clone().into(), Body::ProjectCreated(ProjectCreated { description: "".into() })).await;
        for name in ["parent", "child"] {
            let created = RunCreated { source: "api".into(), state: State::Finished };
            append(run(name).into(), Body::RunCreated(created)).await;
        }
        let origin = Origin { parent: run("parent"), step: 3, at: Lsn(3), rows: 0 };
        append(run("child").into(), Body::Forked(Branch { origin, last_step: None, keys: Vec::new() })).await;
        append(run("parent").into(), Body::RunDeleted).await;
        let pruned = prune(&store, "ada", Duration::ZERO, false, false).await.unwrap();
        assert_eq!((pruned.runs.len(), pruned.freed_bytes), (0, None));
        assert!(pruned.kept.len() == 1 && pruned.kept[0].has_heirs, "{pruned:?}");
        append(run("child").into(), Body::RunDeleted).await;
        for dry_run in [true, false] {
            let pruned = prune(&store, "ada", Duration::ZERO, dry_run, false).await.unwrap();
            assert_eq!((pruned.runs.len(), pruned.kept.len()), (2, 0), "they go together");
        }
        assert_eq!(store.snapshot().deleted().count(), 0);
    }
}
