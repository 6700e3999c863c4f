//! What is compacted next, and what becomes of what was made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Core, snapshot_of};
use crate::compaction::{self, Done, Failed, Job, Made, Order, plan, rebuild, retention, tiers};
use crate::disk::RelPath;
use crate::error::{Error, Result};
use crate::id::SegmentId;
use crate::log::{Packing, Segment, segment};
use crate::manifest::{Edit, Packed, SegmentMeta};
use crate::projection::Erasing;
use crate::sync::Ordering;
use crate::table::TableId;

/// Kinds of jobs that there may always be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Erase,
    Merge,
    Tables,
    Pack,
}

impl Turn {
    /// What was made larger is merged before more of the log is taken.
    pub(super) const ORDER: [Self; 4] = [Self::Erase, Self::Merge, Self::Tables, Self::Pack];
}

impl Core {
    /// Does all that is to be done now: makes damaged table files again, compacts the ended segments that
    /// wait, merges table files and packs what stands in some; whether there was anything to do.
    /// Planning, making and publishing, one after the other.
    ///
    /// # Errors
    ///
    /// `Damaged`, `DiskFull`, `Io`: what had been published stays; `WritesStopped`.
    pub fn compact(&mut self) -> Result<bool> {
        self.snapshot.tables.check();
        let mut is_any = false;
        while let Some(order) = self.plan_rebuild().or_else(|| self.plan(0)) {
            let made = order.make(&self.world, None);
            self.publish(made)?;
            is_any = true;
        }
        Ok(is_any)
    }

    /// Ends the segment that is being written, so that a compaction takes every event, and every table
    /// file.
    pub(crate) fn end_active(&mut self) -> Result<()> {
        self.left_alone.clear();
        self.settled = None;
        Ok(self.writer.end_active()?)
    }

    /// What to make again: a table file that a reader or a check found damaged (F4).
    pub(crate) fn plan_rebuild(&mut self) -> Option<Order> {
        if self.stopped().is_some() {
            return None;
        }
        let damaged = rebuild::choose(&self.snapshot)?;
        tracing::warn!(path = %damaged.path(), "a damaged table file is made again from the log");
        Some(self.order(Job::Rebuild(damaged)))
    }

    /// What to do next; none when there is nothing, or less of the log than is worth it.
    pub(crate) fn plan(&mut self, waiting_bytes_min: u64) -> Option<Order> {
        if self.writer.segments().missing().is_empty() {
            self.condemn_expired();
        }
        if !self.condemned.is_empty() && self.stopped().is_none() {
            let job = Job::Condemn(std::mem::take(&mut self.condemned));
            return Some(self.order(job));
        }
        if let Err(error) = self.end_for_erasing() {
            tracing::warn!(%error, "erased runs wait");
        }
        let log = Arc::clone(self.writer.segments());
        let is_settled = self.settled.as_ref().is_some_and(|settled| Arc::ptr_eq(settled, &log));
        if is_settled || self.stopped().is_some() {
            return None;
        }
        let mut turns = self.turns.into_iter().enumerate();
        let found = turns.find_map(|(place, turn)| Some((place, self.job(turn, waiting_bytes_min)?)));
        let Some((place, job)) = found else {
            self.settled = Some(log);
            return None;
        };
        // Where it fails, all others are tried before it is again.
        if let Some(turns) = self.turns.get_mut(place..) {
            turns.rotate_left(1);
        }
        Some(self.order(job))
    }

    fn job(&self, turn: Turn, waiting_bytes_min: u64) -> Option<Job> {
        let manifest = self.writer.live();
        let is_whole = self.writer.segments().missing().is_empty();
        match turn {
            // Table files have every event up to a position.
            Turn::Erase | Turn::Tables if !is_whole => None,
            Turn::Erase => {
                let is_compacted = |(_, run): &(u32, &Erasing)| run.erased <= manifest.compacted;
                let runs = self.projection.erasures.erasing().filter(is_compacted);
                let runs: BTreeMap<u32, Erasing> =
                    runs.map(|(ordinal, run)| (ordinal, run.clone())).collect();
                let file_bytes_max = self.compaction.file_bytes_max;
                let state = || Box::new(self.checkpoint.clone());
                (!runs.is_empty()).then(|| Job::Erase { state: state(), runs, file_bytes_max })
            }
            Turn::Merge => {
                let tables = manifest.tables.iter().filter(|meta| !self.left_alone.contains(&meta.id));
                let merge = tiers::choose(tables, &self.compaction)?;
                Some(Job::Merge { merge, file_bytes_max: self.compaction.file_bytes_max })
            }
            Turn::Tables => {
                let segments = self.snapshot.segments();
                let is_urgent = self.projection.erasures.erasing().next().is_some();
                let is_enough =
                    is_urgent || plan::waiting_bytes(&segments, manifest.compacted) >= waiting_bytes_min;
                let through = plan::choose(&segments, manifest.compacted).filter(|_| is_enough)?;
                let open_nanos = self.writer.open_nanos();
                Some(Job::Tables { state: Box::new(self.checkpoint.clone()), through, open_nanos })
            }
            Turn::Pack => {
                let SegmentMeta { id, end, .. } = plan::choose_packing(manifest)?;
                let (store, end, at) = (manifest.store, end.clone()?, self.writer.open_nanos());
                Some(Job::Pack(Packing { store, id: *id, end, at }))
            }
        }
    }

    /// An order, with numbers of table files that nothing else will have.
    fn order(&mut self, job: Job) -> Order {
        let first = self.next_table;
        self.next_table = TableId(first.0 + compaction::FILES_MAX);
        Order { job, snapshot: Arc::clone(&self.snapshot), first }
    }

    /// Names what was made in the manifest, then shows it to readers. What it took the place of is
    /// removed (W7): who reads that has it open.
    pub(crate) fn publish(&mut self, made: Result<Done, Failed>) -> Result<()> {
        let done = made.map_err(|Failed { error, damaged }| {
            self.left_alone.extend(damaged);
            match error {
                // The folder may hold names that the disk lacks, and must not be synced again (W8).
                Error::WritesStopped { cause } => self.stop(&cause).into(),
                error => error,
            }
        })?;
        match done {
            Done::Tables(made, state) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.checkpoint = *state;
            }
            Done::Restated(made, state) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.checkpoint = *state;
                self.counters.tables_rebuilt.fetch_add(1, Ordering::Relaxed);
            }
            Done::Rebuilt(made) => {
                let files = self.publish_tables(made)?;
                self.counters.tables_rebuilt.fetch_add(files, Ordering::Relaxed);
            }
            Done::Merged(made) => {
                self.publish_tables(made)?;
            }
            Done::Packed(id, packed) => self.publish_packed(id, packed)?,
            Done::Condemned(runs) => self.erase(runs)?,
            Done::Erased(made, state, rest) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.projection.take_keys(&rest.projects, &self.checkpoint, &state);
                self.checkpoint = *state;
                self.finish_erasing(rest)?;
            }
        }
        self.turns = Turn::ORDER;
        self.drop_expired()?;
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        Ok(())
    }

    /// Gives how many table files went.
    fn publish_tables(&mut self, made: Made) -> Result<u64> {
        let Made { added, removed, through, tables } = made;
        let dropped: Vec<RelPath> = self
            .tables
            .all()
            .filter(|table| removed.contains(&table.meta.id))
            .flat_map(|table| [table.meta.path(), table.meta.sidecar_path()])
            .collect();
        self.writer.edit(Edit::Compacted { added, removed, through })?;
        // Every number below is named; those set aside for this order and not used are free.
        self.next_table = self.writer.live().next_table;
        self.tables = Arc::new(tables);
        dropped.iter().for_each(|path| self.remove(path));
        Ok(dropped.len() as u64 / 2)
    }

    /// From now on readers read the packed file; the segment's own goes once the edit is durable (W7).
    fn publish_packed(&mut self, id: SegmentId, packed: Packed) -> Result<()> {
        let metas = &self.writer.live().segments;
        let meta = metas.iter().find(|meta| meta.id == id).and_then(|meta| Some((meta, meta.end.as_ref()?)));
        let (meta, end) = meta.ok_or_else(|| Error::damaged(format!("there is no segment {id} to pack")))?;
        let (disk, store) = (&*self.world.disk, self.writer.store());
        let reader = Segment::open_packed(disk, store, (id, meta.first_lsn), end, packed)?;
        self.writer.edit(Edit::SegmentPacked { segment: id, packed })?;
        self.writer.segments_mut().add(Arc::new(reader));
        self.remove(&segment::path(id));
        Ok(())
    }

    /// Drops the segments that need not be kept any longer; gives how many. Readers that hold them go
    /// on; those that come see the log from the first that is left.
    pub(crate) fn drop_expired(&mut self) -> Result<usize> {
        let manifest = self.writer.live();
        let Some(through) = retention::choose(manifest, self.keep_log, self.writer.open_nanos()) else {
            return Ok(0);
        };
        self.drop_log(through)
    }

    pub(super) fn drop_log(&mut self, through: SegmentId) -> Result<usize> {
        let manifest = self.writer.live();
        let dropped: Vec<RelPath> =
            manifest.segments.iter().filter(|meta| meta.id <= through).map(SegmentMeta::path).collect();
        self.writer.edit(Edit::SegmentsDropped { through })?;
        self.writer.segments_mut().keep(|id| id > through);
        dropped.iter().for_each(|path| self.remove(path));
        Ok(dropped.len())
    }
}
