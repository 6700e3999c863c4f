//! Deleted runs whose time is over: from the decision to the last byte (D8).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Core, snapshot_of};
use crate::batch::Batch;
use crate::blob;
use crate::compaction::erase;
use crate::disk::RelPath;
use crate::error::{Error, Result};
use crate::event::{Body, ErasureDone, Event, RunErased, Subject};
use crate::projection::Erasures;

impl Core {
    /// Condemns the deleted runs that have been kept for so long, as far as is known, for whoever asks: the
    /// next compaction erases them. Those stay that others go on from which stay. Gives how many wait for it.
    pub fn condemn(&mut self, kept: Duration, actor: &Arc<str>) -> usize {
        let now = self.date_deletions();
        let kept = u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX);
        let is_expired = |since: Option<u64>| now.saturating_sub(since.unwrap_or(now)) >= kept;
        let expired = self.projection.erasures.deleted().filter(|(_, since)| is_expired(*since));
        let mut expired: BTreeSet<u32> = expired.map(|(ordinal, _)| ordinal).collect();
        match self.projection.spare_parents(&mut expired) {
            Ok(()) => {
                self.condemned.extend(expired.into_iter().map(|ordinal| (ordinal, Arc::clone(actor))));
            }
            Err(error) => tracing::warn!(%error, "deleted runs wait"),
        }
        self.condemned.len()
    }

    /// Condemns the runs whose grace is over. Looked at once a second: there may be many.
    pub(super) fn condemn_expired(&mut self) {
        const LOOK_NANOS: u64 = 1_000_000_000;
        let now = self.writer.open_nanos();
        if self.graces_seen.is_none_or(|seen| now.saturating_sub(seen) >= LOOK_NANOS) {
            self.graces_seen = Some(now);
            match self.keep_deleted {
                Some(kept) => drop(self.condemn(kept, &Arc::from(""))),
                None => drop(self.date_deletions()),
            }
        }
    }

    /// Notes when deletions were seen that are new; gives the time for which the store was open.
    fn date_deletions(&mut self) -> u64 {
        let now = self.writer.open_nanos();
        self.projection.erasures.date(&Erasures::default(), now);
        now
    }

    /// Ends the segment that holds the event by which a run was erased: its bytes do not wait until
    /// enough is written.
    pub(super) fn end_for_erasing(&mut self) -> Result<()> {
        let active = self.writer.live().segments.last().filter(|meta| meta.end.is_none());
        let Some(first) = active.map(|meta| meta.first_lsn) else { return Ok(()) };
        if self.projection.erasures.erasing().any(|(_, run)| run.erased >= first) {
            self.writer.end_active()?;
        }
        Ok(())
    }

    /// Erases deleted runs: from now on nothing is seen of them, and their bytes go by and by.
    pub(super) fn erase(&mut self, mut runs: Vec<erase::Condemned>) -> Result<()> {
        // Those that go on from another one before it; they began later.
        runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.ordinal));
        let received = self.world.clock.wall();
        let batch = |run: erase::Condemned| {
            let body = Body::RunErased(RunErased { blobs: run.blobs.into_iter().collect() });
            Batch::new(vec![Event { subject: run.key.into(), received, actor: run.actor, body }])
        };
        for answer in self.commit(runs.into_iter().map(batch).collect()) {
            match answer {
                // It was undeleted meanwhile.
                Err(Error::Rejected(_)) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is left to do once no table file holds anything of erased runs.
    pub(super) fn finish_erasing(&mut self, rest: erase::Rest) -> Result<()> {
        if let Some(through) = erase::dropped_with(self.writer.live(), rest.content) {
            self.drop_log(through)?;
        }
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        let mut blobs = rest.blobs;
        for event in self.snapshot.events(rest.seen.advance(1)) {
            if let Some(digest) = event?.2.body.blob() {
                blobs.remove(digest);
            }
        }
        self.remove_blobs(blobs)?;
        let event = Event {
            subject: Subject::Store,
            received: self.world.clock.wall(),
            actor: Arc::from(""),
            body: Body::ErasureDone(ErasureDone { through: rest.erased }),
        };
        self.commit(vec![Batch::new(vec![event])]).into_iter().try_for_each(|answer| answer.map(|_| ()))
    }

    /// Removes user files for good.
    fn remove_blobs(&mut self, blobs: BTreeSet<[u8; 32]>) -> Result<()> {
        let mut folders = BTreeSet::new();
        for path in blobs.iter().map(blob::path) {
            match self.world.disk.remove(&path) {
                Ok(()) => {}
                // Perhaps it went before a crash, and is back after the next power loss: not yet synced.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Io { doing: "remove", path, source }),
            }
            folders.insert(path.parent());
        }
        let root = RelPath::of("blobs");
        let known = self.world.disk.list(&root);
        let known = known.map_err(|source| Error::Io { doing: "list", path: root, source })?;
        folders.retain(|folder| known.iter().any(|name| name == folder.name()));
        self.erased_blobs.extend(blobs);
        for folder in folders {
            self.world.disk.sync_dir(&folder).map_err(|error| {
                Error::from(self.stop(&format!("cannot sync the folder {folder}: {error}")))
            })?;
        }
        Ok(())
    }

    /// Refuses a batch that names a user file which went while it was on its way.
    pub(super) fn blobs_are_there(&self, batch: &Batch) -> Result<()> {
        if self.erased_blobs.is_empty() {
            return Ok(());
        }
        let is_gone = |event: &Event| {
            event.body.blob().is_some_and(|digest| {
                self.erased_blobs.contains(digest)
                    && self.world.disk.open(&blob::path(digest), false).is_err()
            })
        };
        if batch.events.iter().any(is_gone) { Err(Error::BlobErased) } else { Ok(()) }
    }
}
